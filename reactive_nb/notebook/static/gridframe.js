// What stands around the rows of a table: its title, how it is with it, what went wrong, how many rows there are. In: the
// facts of a view and whether its kernel answers. Out: elements with the words for them.

import { element, setText } from "./dom.js";
import { groupedNumber } from "./gridbody.js";

const STATES = {
  loading: "loading…",
  live: "live",
  stale: "stale",
  failed: "failed",
  paused: "paused",
  closed: "closed",
  connecting: "connecting…",
  gone: "kernel gone",
};
const NOUNS = { table: "row", list: "item", record: "field", scalar: "row" };
const NOTICE_MS = 4000;

export class GridFrame {
  root = element("section", "rnb rnb-grid");
  system = element("button", "rnb-quiet-button rnb-system");
  filter = element("button", "rnb-quiet-button rnb-filter-button", "filter");
  none = element("div", "rnb-none");
  #title = element("code", "rnb-title");
  #state = element("span", "rnb-state");
  #alert = element("div", "rnb-alert");
  #count = element("span");
  #zone = element("span", "rnb-zone", `times in ${Intl.DateTimeFormat().resolvedOptions().timeZone}`);
  #notice = element("span", "rnb-notice");
  #notes = element("div", "rnb-notes");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #noticeTimer = undefined;

  /**
   * @param {HTMLElement} scroll the part with the rows
   * @param {HTMLElement} below what may open below it
   */
  constructor(scroll, below) {
    this.root.setAttribute("role", "region");
    this.root.dataset.lmSuppressShortcuts = "true"; // JupyterLab's keys would cut cells while the reader moves in the table
    this.#state.setAttribute("role", "status");
    this.#alert.setAttribute("role", "alert");
    this.#notice.setAttribute("role", "status");
    const head = element("header", "rnb-head");
    head.append(this.#title, this.#state);
    const facts = element("div", "rnb-facts");
    const buttons = element("span", "rnb-buttons");
    buttons.append(this.filter, this.system);
    facts.append(this.#count, this.#zone, this.#notice, buttons);
    const foot = element("footer", "rnb-foot");
    foot.append(facts, this.#notes);
    this.root.append(head, this.#alert, scroll, below, foot);
  }

  /**
   * Say something that has happened, for a few seconds.
   * @param {string} text
   */
  notify(text) {
    clearTimeout(this.#noticeTimer);
    setText(this.#notice, text);
    this.#noticeTimer = setTimeout(() => setText(this.#notice, ""), NOTICE_MS);
  }

  /**
   * @param {import("./rows.js").RowWindow} known
   * @param {import("./session.js").Connection} connection
   * @param {boolean} isFiltered
   */
  draw(known, connection, isFiltered) {
    const { kind, title, total, ts, error } = known;
    const state = connection === "alive" || known.state === "closed" ? known.state : connection;
    if (this.root.dataset.state !== state) this.root.dataset.state = state;
    if (this.root.dataset.kind !== kind) this.root.dataset.kind = kind;
    if (this.#title.textContent !== title) {
      this.#title.textContent = this.#title.title = title;
      this.root.setAttribute("aria-label", title);
    }
    setText(this.#state, state === "paused" ? `paused · shows commit ${ts}` : (STATES[state] ?? state));
    this.#alert.hidden = !error;
    if (error) setText(this.#alert, `${error.name}: ${error.message}`);
    const counted = isFiltered ? `${groupedNumber(total)} of ${count(known.all, NOUNS[kind])}` : count(total, NOUNS[kind]);
    const isCounted = kind !== "scalar" && (total > 0 || isFiltered);
    setText(this.#count, `${isCounted ? `${counted} · ` : ""}commit ${ts}`);
    const notes = notesOn(known, state);
    this.#notes.hidden = notes.length === 0;
    setText(this.#notes, notes.join(" "));
    this.none.hidden = total > 0 || error !== null || state === "loading";
    setText(this.none, isFiltered ? "No rows match the filter." : kind === "record" ? "No fields" : "No rows");
    this.filter.hidden = kind !== "table" || known.columns.length === 0;
  }

  /** @param {boolean} shown times are among the cells */
  drawZone(shown) {
    this.#zone.hidden = !shown;
  }

  dispose() {
    clearTimeout(this.#noticeTimer);
    this.root.remove();
  }
}

/**
 * @param {import("./rows.js").RowWindow} known
 * @param {string} state
 * @returns {string[]}
 */
function notesOn({ error, order, total }, state) {
  const notes = [];
  if (error && order.length > 0) notes.push("Shown is the last good result.");
  if (state === "gone") {
    notes.push("The kernel has ended. This is the last it sent; run the cell again to go on.");
    if (total > order.length) notes.push(`Only ${count(order.length, "row")} of it are here.`);
  }
  if (state === "paused") notes.push("Paused: no commit changes it until it is resumed.");
  if (state === "closed") notes.push("Closed: this result no longer changes.");
  return notes;
}

/**
 * @param {number} n
 * @param {string} noun
 */
const count = (n, noun) => `${groupedNumber(n)} ${noun}${n === 1 ? "" : "s"}`;
