// The editor of one cell: an input over it, and below it what there is to know. In: a field, what to begin with, and word
// of what happens to the cell meanwhile. Out: what was typed, when the reader commits it.

import { showCell } from "./cells.js";
import { element, isOfComposition, setText } from "./dom.js";
import { keepNewLine, makeInput, sameRaw } from "./inputs.js";

/** Kinds of input into which the key that opened the editor is typed. */
const TYPED_KINDS = ["text", "long", "number", "integer", "json", "id"];

/**
 * @typedef {object} EditorEvents
 * @property {(step: -1 | 0 | 1) => void} commit and go on to the cell before or behind
 * @property {() => void} cancel
 * @property {import("./picker.js").Search} search finds documents, for a column of ids
 */

export class CellEditor {
  root = element("div", "rnb-editor");
  #news = element("div", "rnb-editor-news");

  /**
   * @param {{key: string, column: string, place: number}} at the cell
   * @param {any} field
   * @param {any} base the cell's JSON now
   * @param {import("./inputs.js").Raw} raw what it holds now; an empty one when the page cannot tell
   * @param {import("./inputs.js").Raw | null} typed what was typed already
   * @param {boolean} wasPending an earlier edit of it is on its way: its value is not news when it comes
   * @param {EditorEvents} events
   */
  constructor(at, field, base, raw, typed, wasPending, events) {
    this.at = at;
    this.field = field;
    this.base = base;
    this.first = raw;
    this.wasPending = wasPending;
    this.events = events;
    this.input = makeInput(field, typed ?? raw, field.kind === "id" ? events.search : undefined);
    const target = this.#target;
    target?.setAttribute("aria-label", `${at.column}, ${field.describe ?? field.kind}`);
    this.#news.setAttribute("role", "alert");
    this.#news.hidden = true;
    this.root.append(this.input.element, this.#news);
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
    this.root.addEventListener("beforeinput", keepNewLine, { capture: true });
    this.isTyped = typed !== null;
  }

  /** Whether anything was changed. */
  get isTouched() {
    return !sameRaw(this.input.raw(), this.first);
  }

  get #target() {
    return /** @type {HTMLInputElement | null} */ (this.input.element.querySelector("input, textarea, select"));
  }

  focus() {
    this.input.focus();
    const target = this.#target;
    if (this.isTyped || target === null || target.type === "datetime-local" || !("select" in target)) return;
    target.select();
  }

  /** @param {string | null} text what happened to the cell */
  tell(text) {
    this.#news.hidden = text === null;
    setText(this.#news, text ?? "");
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    event.stopPropagation();
    if (isOfComposition(event) || event.defaultPrevented) return;
    const isNewLine = event.key === "Enter" && (event.shiftKey || event.altKey);
    if (event.key === "Escape") this.events.cancel();
    else if (event.key === "Tab") this.events.commit(event.shiftKey ? -1 : 1);
    else if (event.key === "Enter" && !isNewLine && !(event.target instanceof HTMLButtonElement)) this.events.commit(0);
    else return;
    event.preventDefault();
  }
}

/**
 * What to begin with when a key was typed on a cell.
 * @param {any} field
 * @param {string | null} key
 * @returns {import("./inputs.js").Raw | null} null: what the cell holds
 */
export function typedRaw(field, key) {
  return key !== null && TYPED_KINDS.includes(field.kind) ? { text: key } : null;
}

/**
 * What a raw reads as in the cell, until the kernel says what became of it.
 * @param {any} field
 * @param {import("./inputs.js").Raw} raw
 * @returns {string}
 */
export function rawText(field, raw) {
  if (raw.missing) return "";
  if (raw.null) return "None";
  if (raw.flag !== undefined) return raw.flag ? "True" : "False";
  if (raw.choice !== undefined) return String(field.choices?.[raw.choice] ?? "").replace(/^'(.*)'$/, "$1");
  if (raw.bytes !== undefined) return raw.name ?? "file";
  const text = raw.text ?? "";
  const time = field.kind === "datetime" ? new Date(text) : null;
  return time === null || Number.isNaN(time.getTime()) ? text : showCell({ $datetime: time.toISOString() }).text;
}
