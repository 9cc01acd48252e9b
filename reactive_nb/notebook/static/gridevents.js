// What the reader does in a table with keys, the mouse and the clipboard. In: events on the part that scrolls. Out: calls
// on the view. A key that means something here goes no further: JupyterLab has meanings of its own for most.

import { isOfComposition } from "./dom.js";
import { isNested, groupedNumber } from "./gridbody.js";
import { HEAD } from "./selection.js";
import { tsvOf, writeClipboard } from "./copying.js";

/**
 * @param {import("./gridview.js").GridView} view
 * @param {AbortSignal} signal ends it
 */
export function listenToGrid(view, signal) {
  const { scroll } = view;
  scroll.addEventListener("keydown", (event) => onKey(view, event), { signal });
  scroll.addEventListener("copy", (event) => onCopy(view, event), { signal });
  const body = view.body.root;
  body.addEventListener("pointerdown", (event) => onPointer(view, event), { signal });
  body.addEventListener("click", (event) => onClick(view, event), { signal });
  body.addEventListener("dblclick", (event) => onDoubleClick(view, event), { signal });
}

/**
 * Whether an event is of the rows themselves, and not of what lies over them.
 * @param {import("./gridview.js").GridView} view
 * @param {Event} event
 */
function isOwn(view, event) {
  const target = /** @type {Element} */ (event.target);
  return target === view.scroll || !target.closest("input, textarea, select, button, .rnb-layer");
}

/**
 * @param {import("./gridview.js").GridView} view
 * @param {KeyboardEvent} event
 */
function onKey(view, event) {
  if (!isOwn(view, event)) return;
  const { key, shiftKey: shift } = event;
  const ctrl = event.ctrlKey || event.metaKey;
  if (isOpening(view, event) || takeKey(view, { key, shift, ctrl })) {
    event.preventDefault();
    event.stopPropagation();
  } else if (!ctrl && key !== "Tab") event.stopPropagation();
}

/**
 * Enter, F2, Space or typing, on a cell or on the head of a column.
 * @param {import("./gridview.js").GridView} view
 * @param {KeyboardEvent} event
 * @returns {boolean} whether it was
 */
function isOpening(view, event) {
  const { active } = view.selection;
  const { key } = event;
  if (active === null || event.ctrlKey || event.metaKey || event.altKey || isOfComposition(event)) return false;
  if (active.place === HEAD) {
    if (key !== "Enter" && key !== " ") return false;
    view.sortBy(active.column, event.shiftKey);
    return true;
  }
  const isEnter = key === "Enter" || key === "F2";
  if (isEnter || (key.length === 1 && key !== " ")) {
    if (view.editing?.open(isEnter ? null : key)) return true;
  }
  if (key !== "Enter" && key !== " ") return false;
  view.openDetail();
  view.detail.focus();
  return true;
}

/**
 * @param {import("./gridview.js").GridView} view
 * @param {{key: string, shift: boolean, ctrl: boolean}} press
 * @returns {boolean}
 */
function takeKey(view, press) {
  if (press.key === "Escape" && view.detail.isOpen) {
    view.closeDetail();
    return true;
  }
  if (press.key === "Escape" && view.editing?.dismiss()) return true;
  const hasHead = view.known.kind === "table";
  if (!view.selection.press(press, view.viewport.screen, hasHead)) return false;
  const { active } = view.selection;
  if (active !== null && press.key !== "Escape" && !(press.ctrl && press.key.toLowerCase() === "a")) {
    view.reveal(active.place, active.column);
  }
  view.redraw();
  return true;
}

/**
 * @param {import("./gridview.js").GridView} view
 * @param {PointerEvent} event
 */
function onPointer(view, event) {
  if (event.button !== 0 || view.known.total === 0 || !isOwn(view, event)) return;
  const { place, column } = view.cellAt(event);
  view.editing?.commit();
  view.selection.go(place, column, event.shiftKey);
  view.redraw();
  if (event.pointerType === "touch") return; // a finger scrolls
  const drag = new AbortController();
  const body = view.body.root;
  body.setPointerCapture(event.pointerId);
  const move = (/** @type {PointerEvent} */ moved) => {
    if (view.known.total === 0) return; // deleted meanwhile
    const cell = view.cellAt(moved);
    const { active } = view.selection;
    if (active?.place === cell.place && active.column === cell.column) return;
    view.selection.go(cell.place, cell.column, true);
    view.reveal(cell.place, cell.column);
  };
  body.addEventListener("pointermove", move, { signal: drag.signal });
  body.addEventListener("lostpointercapture", () => drag.abort(), { signal: drag.signal });
}

/**
 * @param {import("./gridview.js").GridView} view
 * @param {MouseEvent} event
 */
function onClick(view, event) {
  const { active, anchor } = view.selection;
  if (event.shiftKey || active === null || active.key === null || !isOwn(view, event)) return;
  const isOneCell = anchor?.place === active.place && anchor.column === active.column;
  const value = view.known.rows.get(active.key)?.[active.column];
  // A pane that is open shows whatever cell the reader goes to.
  if (isOneCell && (isNested(value) || view.detail.isOpen)) view.openDetail();
}

/**
 * @param {import("./gridview.js").GridView} view
 * @param {MouseEvent} event
 */
function onDoubleClick(view, event) {
  if (!isOwn(view, event) || view.known.total === 0) return;
  if (!view.editing?.open(null)) view.openDetail();
}

/**
 * @param {import("./gridview.js").GridView} view
 * @param {ClipboardEvent} event
 */
function onCopy(view, event) {
  const { range } = view.selection;
  if (range === null || !isOwn(view, event)) return;
  event.preventDefault();
  event.stopPropagation();
  const columns = view.columns.slice(range.left, range.right + 1);
  const text = tsvOf(view.known, columns, range.top, range.bottom);
  const rows = range.bottom - range.top + 1;
  const done = `copied ${groupedNumber(rows)} ${rows === 1 ? "row" : "rows"}`;
  if (text !== null) {
    event.clipboardData?.setData("text/plain", text);
    view.frame.notify(done);
    return;
  }
  view.frame.notify("copying…");
  view
    .request("tsv", { first: range.top, last: range.bottom, columns, ...view.arrangement })
    .then((result) => writeClipboard(result.text, view.scroll))
    .then(
      () => view.frame.notify(done),
      (error) => view.frame.notify(`not copied: ${error.message}`),
    );
}
