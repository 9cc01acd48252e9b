// The rows of a table in the document. In: what is known of the rows, and where the reader is. Out: an element for each
// known row in sight or near it, in the rows' order, each at its place. A row that did not change keeps its elements;
// those of rows that went out of sight serve the next ones that come in.

import { showCell } from "./cells.js";
import { element, setText } from "./dom.js";
import { ROW_HEIGHT } from "./viewport.js";

const FLASH_MS = 900;
/** More cells than this are not flashed at once: it would say nothing and cost the frame. */
const MAX_FLASHES = 300;
const MAX_SPARE_LINES = 60;

/**
 * @typedef {object} Line one row's elements
 * @property {HTMLElement} line
 * @property {HTMLElement[]} cells
 * @property {import("./rows.js").Row | undefined} row what they show
 * @property {number} place
 * @property {number} top
 * @property {string} marks which cells are selected, as text
 * @property {string} notes which cells show something typed, as text
 */

/** @typedef {{text: string, kind: string}} Note what a cell shows instead of its value: text that was typed */

/**
 * @typedef {object} Scene what there is to draw
 * @property {import("./rows.js").RowWindow} known
 * @property {string[]} columns those shown
 * @property {import("./viewport.js").Viewport} viewport
 * @property {number} scrollTop
 * @property {import("./selection.js").Range | null} range
 * @property {import("./selection.js").End | null} active
 * @property {(key: string, column: string) => Note | undefined} noteOf
 */

export class GridBody {
  root = element("div", "rnb-body");
  /** @type {Map<string, Line>} */
  #lines = new Map();
  /** @type {Line[]} */
  #spare = [];
  #layout = "";
  /** @type {Map<string, Set<string>>} cells to flash at the next drawing, by row */
  #flashes = new Map();
  /** @type {WeakMap<HTMLElement, Animation>} */
  #flashing = new WeakMap();
  #made = 0;

  /**
   * @param {string} id of the viewer, for the ids of cells
   * @param {import("./widths.js").ColumnWidths} widths
   */
  constructor(id, widths) {
    this.id = id;
    this.widths = widths;
    this.root.setAttribute("role", "rowgroup");
  }

  /** Whether a time is among the cells drawn. */
  get hasTimes() {
    return this.root.querySelector(".rnb-time") !== null;
  }

  /**
   * Note what to flash at the next drawing.
   * @param {import("./rows.js").Change} change
   * @param {boolean} isScroll rows that come in were scrolled in, and are not new
   * @param {string[]} columns
   */
  changed(change, isScroll, columns) {
    for (const [key, changed] of change.cells) this.#noteFlash(key, changed);
    if (!isScroll && !change.whole) for (const key of change.inserted) this.#noteFlash(key, columns);
  }

  /**
   * @param {string} key
   * @param {string[]} columns
   */
  #noteFlash(key, columns) {
    const flash = this.#flashes.get(key) ?? new Set();
    for (const column of columns) flash.add(column);
    this.#flashes.set(key, flash);
  }

  /** @param {Scene} scene */
  draw(scene) {
    const { known, columns } = scene;
    const layout = JSON.stringify([known.kind, columns, known.inputs]);
    if (layout !== this.#layout) {
      this.#layout = layout;
      this.#lines.clear();
      this.#spare = [];
      this.root.replaceChildren();
    }
    const keys = this.#keysToDraw(scene);
    const wanted = new Set(keys);
    for (const [key, drawn] of this.#lines) {
      if (wanted.has(key)) continue;
      drawn.line.remove();
      this.#lines.delete(key);
      if (this.#spare.length < MAX_SPARE_LINES) this.#spare.push(drawn);
    }
    let next = this.root.firstElementChild;
    for (const key of keys) {
      const drawn = this.#lines.get(key) ?? this.#newLine(key, scene);
      this.#drawLine(key, drawn, scene);
      if (drawn.line === next) next = next.nextElementSibling;
      else this.root.insertBefore(drawn.line, next);
    }
    this.#flash(columns);
  }

  /**
   * @param {Scene} scene
   * @returns {string[]} the known rows in sight, and a screen more on either side
   */
  #keysToDraw({ known, viewport, scrollTop }) {
    const { first, count } = viewport.visible(scrollTop);
    const near = viewport.screen;
    return known.order.slice(Math.max(first - near - known.first, 0), Math.max(first + count + near - known.first, 0));
  }

  /**
   * @param {string} key
   * @param {Scene} scene
   * @returns {Line}
   */
  #newLine(key, { known, columns }) {
    const drawn = this.#spare.pop() ?? this.#makeLine(known, columns);
    drawn.row = undefined;
    this.#lines.set(key, drawn);
    return drawn;
  }

  /**
   * @param {import("./rows.js").RowWindow} known
   * @param {string[]} columns
   * @returns {Line}
   */
  #makeLine(known, columns) {
    const line = element("div", "rnb-row");
    line.setAttribute("role", "row");
    const number = ++this.#made;
    const cells = columns.map((column, at) => {
      const cell = element("div", "rnb-cell");
      const isName = known.kind === "record" && at === 0;
      cell.setAttribute("role", isName ? "rowheader" : "gridcell");
      cell.setAttribute("aria-colindex", String(at + 1));
      cell.setAttribute("aria-readonly", String(!(column in known.inputs)));
      cell.id = `${this.id}-${number}-${at}`;
      return cell;
    });
    line.append(...cells);
    return { line, cells, row: undefined, place: -1, top: -1, marks: "", notes: "" };
  }

  /**
   * @param {string} key
   * @param {Line} drawn
   * @param {Scene} scene
   */
  #drawLine(key, drawn, { known, columns, viewport, scrollTop, range, active, noteOf }) {
    const row = /** @type {import("./rows.js").Row} */ (known.rows.get(key));
    const notes = columns.map((column) => noteOf(key, column));
    const noted = notes.some((note) => note !== undefined) ? JSON.stringify(notes) : "";
    if (drawn.row !== row || drawn.notes !== noted) {
      const before = drawn.notes === noted ? drawn.row : undefined;
      columns.forEach((column, at) => {
        if (before !== undefined && before[column] === row[column] && column in row === column in before) return;
        const shown = fillCell(drawn.cells[at], row[column], column, notes[at], known.kind);
        this.widths.see(column, shown);
      });
      drawn.row = row;
      drawn.notes = noted;
    }
    const place = known.placeOf(key);
    if (drawn.place !== place) {
      drawn.place = place;
      drawn.line.setAttribute("aria-rowindex", String(place + 1 + (known.kind === "table" ? 1 : 0)));
      drawn.line.classList.toggle("rnb-odd", place % 2 === 1);
    }
    const top = viewport.top(place, scrollTop);
    if (drawn.top !== top) {
      drawn.top = top;
      drawn.line.style.transform = known.kind === "scalar" ? "" : `translateY(${top}px)`;
    }
    const isIn = range !== null && place >= range.top && place <= range.bottom;
    const activeAt = active !== null && active.place === place ? columns.indexOf(active.column) : -1;
    const marks = isIn || activeAt >= 0 ? `${isIn ? `${range.left} ${range.right}` : ""} ${activeAt}` : "";
    if (drawn.marks !== marks) {
      drawn.marks = marks;
      drawn.cells.forEach((cell, at) => {
        const isSelected = isIn && at >= range.left && at <= range.right;
        if (isSelected) cell.setAttribute("aria-selected", "true");
        else cell.removeAttribute("aria-selected");
        cell.toggleAttribute("data-active", at === activeAt);
      });
    }
  }

  /**
   * @param {string} key
   * @param {number} at
   * @returns {HTMLElement | undefined} the cell, if it is drawn
   */
  cell(key, at) {
    return this.#lines.get(key)?.cells[at];
  }

  /** @param {string[]} columns */
  #flash(columns) {
    if (this.#flashes.size === 0) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let left = still ? 0 : MAX_FLASHES;
    for (const [key, flashed] of this.#flashes) {
      const cells = this.#lines.get(key)?.cells ?? [];
      for (let at = 0; at < cells.length && left > 0; at += 1) {
        if (!flashed.has(columns[at])) continue;
        left -= 1;
        this.#flashing.get(cells[at])?.cancel();
        const timing = { duration: FLASH_MS, easing: "ease-out" };
        this.#flashing.set(cells[at], cells[at].animate([{ backgroundColor: "var(--rnb-flash)" }, {}], timing));
      }
    }
    this.#flashes.clear();
  }
}

/**
 * Whether a cell has more in it than its text says, so that it can be opened.
 * @param {any} cell
 */
export function isNested(cell) {
  if (typeof cell !== "object" || cell === null) return false;
  return !["$int", "$float", "$datetime"].includes(Object.keys(cell)[0]) || Array.isArray(cell);
}

/**
 * @param {HTMLElement} target
 * @param {any} value
 * @param {string} column
 * @param {Note | undefined} note
 * @param {string} kind of the view
 */
function fillCell(target, value, column, note, kind) {
  const shown = note ? { text: note.text, kind: showCell(value, column).kind, hover: undefined } : showCell(value, column);
  const isBig = kind === "scalar" && Number.isInteger(value) && note === undefined;
  setText(target, isBig ? groupedNumber(value) : shown.text);
  target.className = `rnb-cell rnb-${shown.kind}${isNested(value) ? " rnb-nested" : ""}${note ? ` rnb-${note.kind}` : ""}`;
  if (shown.hover === undefined || (shown.hover === shown.text && shown.text.length < 24)) target.removeAttribute("title");
  else target.title = shown.hover;
  return /** @type {import("./cells.js").Shown} */ (shown);
}

/** @param {number} n */
export const groupedNumber = (n) => n.toLocaleString("en-US");

/**
 * How high all rows are.
 * @param {import("./rows.js").RowWindow} known
 * @param {import("./viewport.js").Viewport} viewport
 * @returns {string} in CSS; empty: as high as the text is
 */
export function bodyHeight(known, viewport) {
  if (known.kind === "scalar") return "";
  const rows = known.total === 0 && known.state === "loading" ? 3 : 0; // something quiet to look at meanwhile
  return `${Math.max(viewport.virtualHeight, rows * ROW_HEIGHT)}px`;
}
