// One view of a store in the document. In: a store, and word of what changed in it. Out: elements. All changes between
// two animation frames are drawn in one; a row that did not change keeps its elements, so selection and scroll stay.

import { showCell } from "./cells.js";

const SYSTEM_COLUMNS = ["_creationTime", "_id"];
const FLASH_MS = 900;

const STATES = {
  loading: "loading…",
  fresh: "live",
  failed: "failed",
  closed: "closed",
  connecting: "connecting…",
  gone: "kernel gone",
};

/** @typedef {"connecting" | "alive" | "gone"} Connection whether frames can come */

/**
 * @param {string} tag
 * @param {string} [className]
 * @param {string} [text] set as text, never as HTML
 */
function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export class TableView {
  /** @type {Map<string, {line: HTMLElement, row: import("./store.js").Row, cells: HTMLElement[]}>} */
  #lines = new Map();
  /** @type {Map<string, Set<string>>} cells to flash at the next drawing, by row */
  #flashes = new Map();
  /** @type {Set<string>} rows to place anew at the next drawing */
  #moved = new Set();
  #scheduled = 0;
  #layout = "";
  #showSystem = false;
  /** @type {Connection} */
  #connection = "connecting";

  /**
   * @param {HTMLElement} el
   * @param {import("./store.js").Store} store
   */
  constructor(el, store) {
    this.store = store;
    this.root = element("section", "rnb");
    this.title = element("code", "rnb-title");
    this.system = element("button", "rnb-system");
    this.system.addEventListener("click", () => {
      this.#showSystem = !this.#showSystem;
      this.draw();
    });
    this.state = element("span", "rnb-state");
    this.state.setAttribute("role", "status");
    const head = element("header", "rnb-head");
    head.append(this.title, this.state);
    this.alert = element("div", "rnb-alert");
    this.alert.setAttribute("role", "alert");
    this.scroll = element("div", "rnb-scroll");
    this.scroll.tabIndex = 0; // so that the keyboard can scroll it
    this.scroll.setAttribute("role", "group");
    this.table = element("table", "rnb-table");
    this.thead = element("thead");
    this.tbody = element("tbody");
    this.table.append(this.thead, this.tbody);
    this.none = element("div", "rnb-none");
    this.scroll.append(this.table, this.none);
    this.count = element("span");
    this.zone = element("span", "", `times in ${Intl.DateTimeFormat().resolvedOptions().timeZone}`);
    this.notes = element("div", "rnb-notes");
    const facts = element("div", "rnb-facts");
    facts.append(this.count, this.zone, this.system);
    const foot = element("footer", "rnb-foot");
    foot.append(facts, this.notes);
    this.root.append(head, this.alert, this.scroll, foot);
    el.append(this.root);
    this.draw();
  }

  /** @param {import("./store.js").Change} change */
  changed(change) {
    for (const key of change.moved) this.#moved.add(key);
    for (const [key, columns] of change.cells) {
      const flash = this.#flashes.get(key) ?? new Set();
      for (const column of columns) flash.add(column);
      this.#flashes.set(key, flash);
    }
    this.#scheduled ||= requestAnimationFrame(() => this.draw());
  }

  /** @param {Connection} connection */
  setConnection(connection) {
    this.#connection = connection;
    this.draw();
  }

  dispose() {
    cancelAnimationFrame(this.#scheduled);
    this.root.remove();
  }

  draw() {
    cancelAnimationFrame(this.#scheduled);
    this.#scheduled = 0;
    this.#drawFacts();
    this.#drawHead();
    this.#drawRows();
    this.zone.hidden = this.tbody.querySelector(".rnb-time") === null;
    this.#flash();
    this.#moved.clear();
  }

  #drawFacts() {
    const { kind, title, total, ts, order, error } = this.store;
    const closed = this.store.state === "closed";
    const state = /** @type {keyof typeof STATES} */ (this.#connection === "alive" || closed ? this.store.state : this.#connection);
    this.root.setAttribute("role", "region");
    this.root.setAttribute("aria-label", title);
    this.scroll.setAttribute("aria-label", `rows of ${title}`);
    this.root.dataset.kind = kind;
    this.root.dataset.state = state;
    this.title.textContent = this.title.title = title;
    const rows = kind === "scalar" || total === 0 ? "" : `${count(total, kind === "record" ? "field" : kind === "list" ? "item" : "row")} · `;
    this.count.textContent = `${rows}commit ${ts}`;
    setText(this.state, STATES[state] ?? state);
    this.alert.hidden = !error;
    if (error) setText(this.alert, `${error.name}: ${error.message}`);
    const notes = [];
    if (total > order.length) notes.push(`The first ${grouped(order.length)} are shown.`);
    if (error && order.length) notes.push("Shown is the last good result.");
    if (state === "gone") notes.push("The kernel has ended. This is the last it sent; run the cell again to go on.");
    if (state === "closed") notes.push("Closed: this result no longer changes.");
    this.notes.hidden = notes.length === 0;
    setText(this.notes, notes.join(" "));
    this.none.hidden = total > 0 || error !== null || state === "loading";
    setText(this.none, kind === "record" ? "No fields" : "No rows");
  }

  /** The columns shown now. */
  get #columns() {
    const { columns, kind } = this.store;
    const own = columns.filter((column) => !SYSTEM_COLUMNS.includes(column));
    return kind !== "table" || this.#showSystem || own.length === 0 ? columns : own;
  }

  #drawHead() {
    const { columns, kind, rows } = this.store;
    const shown = this.#columns;
    const hasSystem = kind === "table" && columns.some((c) => SYSTEM_COLUMNS.includes(c));
    this.system.hidden = !hasSystem || columns.every((c) => SYSTEM_COLUMNS.includes(c));
    this.system.textContent = this.#showSystem ? "hide _id" : "show _id";
    const layout = JSON.stringify([kind, shown]);
    if (layout !== this.#layout) {
      this.#layout = layout;
      this.#lines.clear();
      this.tbody.replaceChildren();
      const line = element("tr");
      for (const column of shown) {
        const cell = element("th", "", column);
        cell.setAttribute("scope", "col");
        line.append(cell);
      }
      this.thead.hidden = kind !== "table";
      this.thead.replaceChildren(line);
    }
    const heads = this.thead.firstElementChild?.children ?? [];
    shown.forEach((column, at) => {
      for (const row of rows.values()) {
        const { kind } = showCell(row[column], column);
        if (kind === "empty") continue;
        heads[at].classList.toggle("rnb-number", kind === "number");
        return;
      }
    });
  }

  #drawRows() {
    const { kind, order, rows } = this.store;
    const columns = this.#columns;
    for (const [key, { line }] of this.#lines) {
      if (!rows.has(key)) {
        line.remove();
        this.#lines.delete(key);
      }
    }
    // With the moved rows out of the way the others are in order already, so only moved and new rows touch the tree.
    for (const key of this.#moved) this.#lines.get(key)?.line.remove();
    let next = this.tbody.firstElementChild;
    for (const key of order) {
      const row = /** @type {import("./store.js").Row} */ (rows.get(key));
      const drawn = this.#lines.get(key) ?? this.#newLine(key, columns);
      if (drawn.row !== row) {
        drawn.cells.forEach((cell, at) => fill(cell, row[columns[at]], drawn.row?.[columns[at]], columns[at]));
        const { value } = row;
        if (kind === "scalar" && Number.isInteger(value)) setText(drawn.cells[0], grouped(value));
        drawn.row = row;
      }
      if (drawn.line === next) next = next.nextElementSibling;
      else this.tbody.insertBefore(drawn.line, next);
    }
  }

  /**
   * @param {string} key
   * @param {string[]} columns
   */
  #newLine(key, columns) {
    const line = element("tr");
    const cells = columns.map((_, at) => {
      const isName = this.store.kind === "record" && at === 0;
      const cell = element(isName ? "th" : "td");
      if (isName) cell.setAttribute("scope", "row");
      return cell;
    });
    line.append(...cells);
    const drawn = { line, cells, row: /** @type {any} */ (undefined) };
    this.#lines.set(key, drawn);
    return drawn;
  }

  #flash() {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const columns = this.#columns;
    for (const [key, flashed] of still ? [] : this.#flashes) {
      this.#lines.get(key)?.cells.forEach((cell, at) => {
        if (flashed.has(columns[at])) cell.animate([{ background: "var(--rnb-flash)" }, {}], { duration: FLASH_MS, easing: "ease-out" });
      });
    }
    this.#flashes.clear();
  }
}

/**
 * @param {HTMLElement} cell
 * @param {any} value
 * @param {any} before
 * @param {string} column
 */
function fill(cell, value, before, column) {
  if (value === before && value !== undefined) return;
  const shown = showCell(value, column);
  setText(cell, shown.text);
  cell.className = `rnb-${shown.kind}`;
  if (shown.hover === undefined || (shown.hover === shown.text && shown.text.length < 24)) cell.removeAttribute("title");
  else cell.title = shown.hover;
}

/**
 * @param {HTMLElement} target
 * @param {string} text
 */
function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** @param {number} n */
const grouped = (n) => n.toLocaleString("en-US");

/**
 * @param {number} n
 * @param {string} noun
 */
const count = (n, noun) => `${grouped(n)} ${noun}${n === 1 ? "" : "s"}`;
