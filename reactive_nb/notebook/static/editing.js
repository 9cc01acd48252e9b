// Editing in the table: the open editor, edits on their way, and those refused. In: the wish to edit a cell, the rows as
// they change, and answers. Out: elements over the cells, each at its row wherever that goes. What somebody has typed is
// never dropped: it is committed, offered again, or stands there until Escape.

import { showCell } from "./cells.js";
import { element, setText } from "./dom.js";
import { rawOf } from "./inputs.js";
import { sameCell } from "./rows.js";
import { ROW_HEIGHT } from "./viewport.js";
import { HEAD } from "./selection.js";
import { PendingEdits, isConflict } from "./edits.js";
import { CellEditor, rawText, typedRaw } from "./celleditor.js";

const MAX_QUOTE = 60;
/** The least width of a box with sentences in it, where there is room. */
const MESSAGE_WIDTH = 280;

export class Editing {
  layer = element("div", "rnb-layer");
  /** @type {CellEditor | null} */
  #editor = null;
  /** @type {Map<import("./edits.js").PendingEdit, HTMLElement>} */
  #refusals = new Map();
  /** @type {Map<HTMLElement, number>} where something was when its row was last known */
  #lastTops = new Map();
  #opening = 0;
  /** Whether the row of the open editor left the known rows while the reader stayed. */
  #isGone = false;

  /** @param {import("./gridview.js").GridView} view */
  constructor(view) {
    this.view = view;
    this.pending = new PendingEdits(
      ({ key, column, raw, base }) => view.request("edit", { key, column, raw, base: base ?? null }),
      (key, column) => view.known.rows.get(key)?.[column],
      () => view.redraw(),
    );
    view.scroll.append(this.layer);
    view.editing = this;
  }

  dispose() {
    this.layer.remove();
  }

  /**
   * @param {string} key
   * @param {string} column
   */
  noteOf(key, column) {
    return this.pending.noteOf(key, column);
  }

  /** @param {number} ts the commit that is shown now */
  settle(ts) {
    this.pending.settle(this.view.known.isStill ? Infinity : ts);
  }

  /** The row of the open editor, which stays at its pixel whatever changes. */
  get key() {
    return this.#editor?.at.key ?? null;
  }

  /**
   * @param {import("./rows.js").Change} change
   * @param {boolean} isScroll rows left because the reader went elsewhere
   */
  follow(change, isScroll) {
    const { key } = this;
    if (key === null) return;
    if (this.view.known.rows.has(key)) this.#isGone = false;
    else if (!isScroll && change.deleted.includes(key)) this.#isGone = true;
  }

  /**
   * Open the editor of the active cell.
   * @param {string | null} key what was typed on the cell, if that is why
   * @returns {boolean} whether the cell can be edited
   */
  open(key) {
    const { active } = this.view.selection;
    if (active === null || active.key === null || active.place === HEAD) return false;
    const field = this.view.known.inputs[active.column];
    if (field === undefined || !this.view.isAlive || this.view.known.isStill) return false;
    const refused = this.pending.of(active.key, active.column);
    const typed = typedRaw(field, key);
    if (refused?.state === "refused" && typed === null) this.#editAgain(refused);
    else this.#begin({ key: active.key, column: active.column, place: active.place }, typed);
    return true;
  }

  /**
   * @param {{key: string, column: string, place: number}} at
   * @param {import("./inputs.js").Raw | null} typed
   * @param {any} [lastBase] what the cell held when it was last edited, for a row that is not known now
   */
  async #begin(at, typed, lastBase) {
    const committed = this.commit();
    const opening = ++this.#opening;
    if (this.#editor !== null) await committed;
    if (this.#editor !== null || opening !== this.#opening) return; // it stays open: what is in it cannot be had
    const field = this.view.known.inputs[at.column];
    const row = this.view.known.rows.get(at.key);
    const base = row === undefined ? lastBase : row[at.column];
    const pending = this.pending.of(at.key, at.column);
    // What is typed goes on while the kernel would be asked, so there is nothing to ask for then: it is another value.
    const typedLast = pending?.state === "refused" ? null : (pending?.next ?? pending)?.raw;
    const known = typedLast ?? rawOf(field, base) ?? (typed && {});
    const raw = known ?? (await this.#wholeRaw(at));
    if (raw === null || opening !== this.#opening) return;
    this.#isGone = false;
    const isOnItsWay = pending !== undefined && pending.state !== "refused";
    this.#editor = new CellEditor(at, field, base, raw, typed, isOnItsWay, {
      commit: (step) => this.commit(step),
      cancel: () => this.#cancel(),
      search: (text) => this.view.request("pick", { field: at.column, text }),
    });
    if (pending?.state === "refused") this.pending.dismiss(pending);
    this.layer.append(this.#editor.root);
    if (row !== undefined) this.view.reveal(at.place, at.column);
    this.draw();
    this.#editor.focus();
  }

  /**
   * @param {{key: string, column: string}} at a cell of which the page has only a part
   * @returns {Promise<import("./inputs.js").Raw | null>}
   */
  async #wholeRaw({ key, column }) {
    try {
      return (await this.view.request("raw", { key, column })).raw;
    } catch (error) {
      this.view.frame.notify(`not editable: ${/** @type {Error} */ (error).message}`);
      return null;
    }
  }

  /**
   * Send what is in the open editor, if anything was changed, and close it.
   * @param {-1 | 0 | 1} [step] where to go on editing
   */
  async commit(step = 0) {
    const editor = this.#editor;
    if (editor === null) return;
    this.#opening += 1;
    try {
      await editor.input.ready();
    } catch (error) {
      editor.input.setError(`It cannot be read: ${/** @type {Error} */ (error).message}`);
      return;
    }
    if (this.#editor !== editor) return;
    const raw = editor.input.raw();
    const { key, column } = editor.at;
    const isTouched = editor.isTouched;
    this.#close();
    if (isTouched) this.pending.commit({ key, column, raw, text: rawText(editor.field, raw), base: editor.base });
    if (step !== 0) this.#goOn(editor.at, step);
  }

  /**
   * @param {{key: string, column: string, place: number}} at
   * @param {-1 | 1} step
   */
  #goOn(at, step) {
    const { view } = this;
    const columns = view.columns.filter((column) => column in view.known.inputs);
    const next = columns.indexOf(at.column) + step;
    const wraps = next < 0 ? -1 : next >= columns.length ? 1 : 0;
    const from = view.known.placeOf(at.key);
    const place = from + wraps;
    if (from < 0 || place < 0 || place >= view.known.total) return;
    view.selection.go(place, columns[(next + columns.length) % columns.length]);
    view.reveal(place, columns[(next + columns.length) % columns.length]);
    this.open(null);
  }

  #cancel() {
    this.#opening += 1;
    this.#close();
  }

  #close() {
    const editor = this.#editor;
    if (editor === null) return;
    this.#editor = null;
    const hadFocus = editor.root.contains(document.activeElement);
    editor.root.remove();
    this.#lastTops.delete(editor.root);
    if (hadFocus) this.view.scroll.focus({ preventScroll: true });
    this.view.redraw();
  }

  /** @param {import("./edits.js").PendingEdit} edit that was refused: into an editor with it again */
  #editAgain(edit) {
    const place = this.view.known.placeOf(edit.key);
    if (place >= 0) this.view.selection.go(place, edit.column);
    const { key, column, raw, base } = edit;
    this.#begin({ key, column, place: Math.max(place, 0) }, raw, base);
  }

  // --- Drawing ---

  draw() {
    const { view } = this;
    this.layer.style.top = `${view.headHeight}px`;
    this.#drawNews();
    this.#drawRefusals();
    let lowest = 0;
    const boxes = [...this.#refusals].map(([{ key, column }, box]) => ({ box, key, column, place: 0, isBelow: true }));
    if (this.#editor !== null) boxes.push({ box: this.#editor.root, ...this.#editor.at, isBelow: false });
    for (const { box, key, column, place, isBelow } of boxes) {
      lowest = Math.max(lowest, this.#put(box, key, column, place, isBelow));
    }
    // A small table makes room for what hangs out of it.
    const needed = boxes.length === 0 ? 0 : Math.min(lowest + view.headHeight + 6, 300);
    const height = needed > view.headHeight + view.viewport.virtualHeight ? `${needed}px` : "";
    if (view.scroll.style.minHeight !== height) view.scroll.style.minHeight = height;
  }

  /**
   * Put a box at its cell, or where that was.
   * @param {HTMLElement} box
   * @param {string} key
   * @param {string} column
   * @param {number} lastPlace
   * @param {boolean} isBelow the cell, and not over it
   * @returns {number} how far down it reaches
   */
  #put(box, key, column, lastPlace, isBelow) {
    const { view } = this;
    const place = view.known.placeOf(key);
    const room = view.scroll.clientWidth - 8;
    const least = isBelow || box.querySelector("[role=alert]:not([hidden])") ? MESSAGE_WIDTH : 0;
    const width = Math.max(view.columns.includes(column) ? view.widths.of(column) : 0, least);
    box.style.minWidth = `${Math.min(width, room)}px`;
    box.style.maxWidth = `${room}px`;
    let top = place >= 0 ? view.topOf(place) : this.#lastTops.get(box) ?? view.topOf(lastPlace);
    const lowestTop = view.scrollTop + Math.max(view.viewport.height - 3 * ROW_HEIGHT, 0);
    if (place < 0) top = Math.min(Math.max(top, view.scrollTop), lowestTop);
    this.#lastTops.set(box, top);
    const end = view.scrollTop + view.viewport.height;
    const hangs = top + ROW_HEIGHT + box.offsetHeight > end && top - box.offsetHeight >= view.scrollTop;
    const y = !isBelow ? top : hangs ? top - box.offsetHeight : top + ROW_HEIGHT;
    const left = view.columns.includes(column) ? view.leftOf(column) : 0;
    const rightmost = Math.max(view.scroll.clientWidth + view.scroll.scrollLeft - box.offsetWidth - 4, 0);
    box.style.transform = `translate(${Math.min(left, Math.max(rightmost, 0))}px, ${y}px)`;
    return y + box.offsetHeight;
  }

  /** Say what happened to the cell that is being edited. */
  #drawNews() {
    const editor = this.#editor;
    if (editor === null) return;
    const { known } = this.view;
    const { key, column } = editor.at;
    const row = known.rows.get(key);
    if (row === undefined) {
      if (!this.#isGone) return; // only scrolled out of what is known
      const what = known.order.length === known.total ? "This row was deleted" : "This row was deleted, or has gone elsewhere";
      editor.tell(`${what}. What you typed stays until Escape.`);
    } else if (this.pending.noteOf(key, column) !== undefined) {
      editor.tell(null);
    } else if (!sameCell(row[column], editor.base)) {
      if (editor.wasPending) [editor.base, editor.wasPending] = [row[column], false];
      else editor.tell(`It is ${quoted(row[column], column)} now; it was ${quoted(editor.base, column)} when you began.`);
    } else editor.tell(null);
  }

  #drawRefusals() {
    const refused = this.pending.refused;
    for (const [edit, box] of this.#refusals) {
      if (refused.includes(edit)) continue;
      box.remove();
      this.#refusals.delete(edit);
      this.#lastTops.delete(box);
    }
    for (const edit of refused) {
      if (this.#refusals.has(edit)) continue;
      const box = this.#makeRefusal(edit);
      this.#refusals.set(edit, box);
      this.layer.append(box);
    }
  }

  /** @param {import("./edits.js").PendingEdit} edit */
  #makeRefusal(edit) {
    const box = element("div", "rnb-refusal");
    const reason = element("div", "rnb-refusal-reason");
    reason.setAttribute("role", "alert");
    const buttons = element("div", "rnb-refusal-buttons");
    const act = (/** @type {string} */ text, /** @type {() => void} */ onClick) => {
      const button = element("button", "", text);
      button.addEventListener("click", onClick);
      buttons.append(button);
    };
    const leave = () => {
      this.pending.dismiss(edit);
      this.view.scroll.focus({ preventScroll: true });
    };
    if (isConflict(edit)) {
      const theirs = quoted(edit.error.theirs, edit.column);
      setText(reason, `Somebody changed ${edit.column} to ${theirs} meanwhile; yours is “${edit.text}”.`);
      act("Keep mine", () => {
        this.pending.insist(edit);
        this.view.scroll.focus({ preventScroll: true });
      });
      act("Take theirs", leave);
    } else {
      setText(reason, `${edit.column} = “${edit.text}” was refused. ${edit.error.message}`);
      act("Edit again", () => this.#editAgain(edit));
      act("Discard", leave);
    }
    box.append(reason, buttons);
    box.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") leave();
    });
    return box;
  }

  /** Close the newest refusal. @returns {boolean} whether there was one */
  dismiss() {
    const refused = this.pending.refused;
    const newest = refused[refused.length - 1];
    if (newest !== undefined) this.pending.dismiss(newest);
    return newest !== undefined;
  }
}

/**
 * @param {any} cell
 * @param {string} column
 */
function quoted(cell, column) {
  const { text } = showCell(cell, column);
  return text.length > MAX_QUOTE ? `${text.slice(0, MAX_QUOTE)}…` : text === "" ? "empty" : text;
}
