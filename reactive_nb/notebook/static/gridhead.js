// The head of a table: names of columns, by which it is sorted, filters, and edges to drag. In: what is shown, and what
// the reader does. Out: elements, and calls when the order, the filter or a width is to be another.

import { element, isOfComposition, setChildren, setText } from "./dom.js";

const FILTER_DELAY_MS = 200;

/** @typedef {[column: string, direction: "asc" | "desc"][]} Sort */
/** @typedef {[column: string, text: string][]} Filter */

/**
 * What happens in the head.
 * @typedef {object} HeadEvents
 * @property {(column: string, add: boolean) => void} sort
 * @property {(filter: Filter) => void} filter
 * @property {(column: string, width: number) => void} resize
 * @property {(column: string) => void} fit
 * @property {(column: string) => number} widthOf
 * @property {() => void} leave the reader goes back to the rows
 */

/**
 * The next order when a column's head is clicked: ascending, descending, none.
 * @param {Sort} sort
 * @param {string} column
 * @param {boolean} add to what it is sorted by already
 * @returns {Sort}
 */
export function nextSort(sort, column, add) {
  const now = sort.find(([name]) => name === column)?.[1];
  /** @type {Sort} */
  const next = now === undefined ? [[column, "asc"]] : now === "asc" ? [[column, "desc"]] : [];
  if (!add) return next;
  if (now === undefined) return [...sort, ...next];
  return sort.flatMap((part) => (part[0] === column ? next : [part]));
}

export class GridHead {
  root = element("div", "rnb-headgroup");
  #row = element("div", "rnb-headrow");
  #filters = element("div", "rnb-filterrow");
  /** @type {Map<string, HTMLElement>} */
  #cells = new Map();
  /** @type {Map<string, HTMLInputElement>} also those of columns that are not shown now, whose filters go on */
  #inputs = new Map();
  #layout = "";
  #made = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;

  /**
   * @param {string} id of the viewer, for the ids of cells
   * @param {HeadEvents} events
   */
  constructor(id, events) {
    this.id = id;
    this.events = events;
    this.root.setAttribute("role", "rowgroup");
    for (const row of [this.#row, this.#filters]) row.setAttribute("role", "row");
    this.#row.setAttribute("aria-rowindex", "1");
    this.#filters.hidden = true;
    this.root.append(this.#row, this.#filters);
  }

  get filtering() {
    return !this.#filters.hidden;
  }

  /** @param {boolean} on show the filters, or take them away with what is in them */
  setFiltering(on) {
    this.#filters.hidden = !on;
    if (on) return this.#filters.querySelector("input")?.focus();
    for (const input of this.#inputs.values()) input.value = "";
    this.#tellFilter();
  }

  /** @param {string} column */
  cell(column) {
    return this.#cells.get(column);
  }

  /**
   * @param {string[]} columns
   * @param {Sort} sort
   * @param {(column: string) => boolean} isNumber
   * @param {string | null} active the column whose head the keyboard is on
   */
  draw(columns, sort, isNumber, active) {
    const layout = JSON.stringify(columns);
    if (layout !== this.#layout) {
      this.#layout = layout;
      this.#cells = new Map(columns.map((column) => [column, this.#cells.get(column) ?? this.#makeCell(column)]));
      setChildren(this.#row, [...this.#cells.values()]);
      setChildren(this.#filters, columns.map((column) => this.#filterCell(column)));
      columns.forEach((column, at) => this.#cells.get(column)?.setAttribute("aria-colindex", String(at + 1)));
    }
    for (const [column, cell] of this.#cells) {
      const by = sort.findIndex(([name]) => name === column);
      const direction = by < 0 ? undefined : sort[by][1];
      cell.setAttribute("aria-sort", direction === undefined ? "none" : direction === "asc" ? "ascending" : "descending");
      const mark = direction === undefined ? "" : direction === "asc" ? "▲" : "▼";
      setText(/** @type {Element} */ (cell.querySelector(".rnb-mark")), sort.length > 1 && mark ? mark + (by + 1) : mark);
      cell.classList.toggle("rnb-number", isNumber(column));
      cell.toggleAttribute("data-active", column === active);
    }
  }

  /**
   * @param {string} column
   */
  #makeCell(column) {
    const cell = element("div", "rnb-headcell");
    cell.id = `${this.id}-head-${++this.#made}`;
    cell.setAttribute("role", "columnheader");
    cell.title = `${column}: click to sort, with Shift to sort by it as well`;
    const mark = element("span", "rnb-mark");
    mark.setAttribute("aria-hidden", "true");
    const edge = element("span", "rnb-edge");
    edge.title = "drag to resize, double-click to fit";
    cell.append(element("span", "rnb-name", column), mark, edge);
    cell.addEventListener("click", (event) => {
      if (event.target !== edge) this.events.sort(column, event.shiftKey);
    });
    this.#makeResizable(edge, column);
    return cell;
  }

  /**
   * @param {HTMLElement} edge
   * @param {string} column
   */
  #makeResizable(edge, column) {
    edge.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      event.stopPropagation();
      edge.setPointerCapture(event.pointerId);
      const offset = this.events.widthOf(column) - event.clientX;
      const drag = new AbortController();
      const move = (/** @type {PointerEvent} */ moved) => this.events.resize(column, moved.clientX + offset);
      edge.addEventListener("pointermove", move, { signal: drag.signal });
      edge.addEventListener("lostpointercapture", () => drag.abort(), { signal: drag.signal });
    });
    edge.addEventListener("dblclick", () => this.events.fit(column));
  }

  /** @param {string} column */
  #makeInput(column) {
    const input = element("input", "rnb-filter");
    input.type = "text";
    input.setAttribute("aria-label", `filter ${column}`);
    input.placeholder = "filter";
    input.title = "a part of the text, or > 5, >= 5, < 5, <= 5, = 5, != 5, 1..9";
    input.spellcheck = false;
    input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#tellFilter(), FILTER_DELAY_MS);
    });
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (isOfComposition(event)) return;
      if (event.key === "Escape") {
        input.value = "";
        this.#tellFilter();
        this.events.leave();
      } else if (event.key === "Enter" || event.key === "ArrowDown") {
        this.#tellFilter();
        this.events.leave();
      }
    });
    return input;
  }

  /**
   * @param {string} column
   * @returns {HTMLElement} the cell with its filter, the same one each time
   */
  #filterCell(column) {
    const made = this.#inputs.get(column)?.parentElement;
    if (made) return made;
    const input = this.#makeInput(column);
    this.#inputs.set(column, input);
    return inGridcell(input);
  }

  #tellFilter() {
    clearTimeout(this.#timer);
    /** @type {Filter} */
    const filter = [...this.#inputs].map(([column, input]) => [column, input.value.trim()]);
    this.events.filter(filter.filter(([, text]) => text !== ""));
  }
}

/** @param {HTMLElement} input */
function inGridcell(input) {
  const cell = element("div", "rnb-filtercell");
  cell.setAttribute("role", "gridcell");
  cell.append(input);
  return cell;
}
