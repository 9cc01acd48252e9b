// A submission on the page: the inputs of a function's arguments, one run at a time, how far that is, and what came of it.
// In: a spec, and how the kernel is asked. Out: a request to the kernel, and its result with its commit, or its error where
// it belongs. Forms and buttons differ in where things stand; those of the Lab panel, in whom they ask (`Source`).

import { showCell } from "./cells.js";
import { element, isOfComposition, setText } from "./dom.js";
import { keepNewLine, makeInput } from "./inputs.js";
import { sessionOf } from "./session.js";

/** After this time a run is worth a word, in milliseconds. */
const SLOW_MS = 300;

/** What begins anew after a mutation; the other kinds are often the same the next time. */
const TYPED_KINDS = ["text", "long", "file"];

/**
 * @typedef {import("./inputs.js").Field & {name: string}} NamedField
 * @typedef {{title: string, label: string, about: string, kind: "query" | "mutation" | "action", fields: NamedField[]}} Spec
 */

/**
 * What is run, and how the kernel is asked.
 * @typedef {object} Source
 * @property {Spec} spec
 * @property {() => Promise<import("./session.js").Connection>} connection whether there is a kernel to ask
 * @property {(method: "submit" | "pick", params: object, tell?: (progress: import("./session.js").Progress) => void) => Promise<any>} ask
 * @property {(answer: any) => void} [show] shows what `submit` was answered; by default it is `{result: cell, ts}`, as a text
 */

/**
 * The source of a widget.
 * @param {any} model
 * @returns {Source}
 */
export function sourceOf(model) {
  return {
    spec: model.get("spec"),
    connection: async () => (await sessionOf(model)).connection,
    ask: async (method, params, tell) => (await sessionOf(model)).request(model.get("target"), method, params, tell),
  };
}

export class SubmissionView {
  /** @type {Map<string, {field: NamedField, input: import("./inputs.js").Input}>} */
  inputs = new Map();
  outcome = element("div", "rnb-outcome");
  /** How far a run is that tells of it. Not read out, for it may change ten times a second: who wants to know asks. */
  progress = element("div", "rnb-progress");
  #bar = element("progress", "rnb-bar");
  #words = element("span");
  #source;
  #isRunning = false;

  /**
   * @param {Source} source
   * @param {HTMLElement} root
   */
  constructor(source, root) {
    this.#source = source;
    this.root = root;
    this.spec = source.spec;
    this.button = element("button", "rnb-run", this.spec.label);
    this.button.type = "submit";
    this.outcome.setAttribute("role", "status");
    this.outcome.hidden = true;
    this.#bar.setAttribute("aria-label", this.spec.title);
    this.progress.append(this.#bar, this.#words);
    this.progress.hidden = true;
    for (const field of this.spec.fields) {
      const search = (/** @type {string} */ text) => source.ask("pick", { field: field.name, text });
      this.inputs.set(field.name, { field, input: makeInput(field, field.initial, field.kind === "id" ? search : undefined) });
    }
    root.dataset.state = "connecting";
    void source.connection().then((connection) => {
      if (connection === "gone") this.#say("gone", "not connected to a kernel: run the cell to use it");
      else root.dataset.state = "live";
    });
  }

  /** Run the function with what stands in the inputs; nothing happens while it runs already. */
  async run() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const focused = this.root.ownerDocument.activeElement;
    for (const { input } of this.inputs.values()) input.setError(null);
    this.#setDisabled(true);
    const slow = setTimeout(() => this.progress.hidden && this.#say("running", "running…"), SLOW_MS);
    try {
      const values = await this.#values();
      const tell = (/** @type {import("./session.js").Progress} */ progress) => this.#showProgress(progress);
      const answer = await this.#source.ask("submit", { values }, tell);
      this.#finish(slow, focused);
      if (this.#source.show === undefined) this.#showResult(answer.result, answer.ts);
      else this.#handOver(this.#source.show, answer);
    } catch (error) {
      this.#finish(slow, focused);
      this.#showError(error);
    }
  }

  async #values() {
    /** @type {Record<string, import("./inputs.js").Raw>} */
    const values = {};
    for (const [name, { input }] of this.inputs) {
      await input.ready();
      values[name] = input.raw();
    }
    return values;
  }

  /**
   * @param {ReturnType<typeof setTimeout>} slow
   * @param {Element | null} focused what had the focus before everything was disabled
   */
  #finish(slow, focused) {
    clearTimeout(slow);
    this.#isRunning = false;
    this.progress.hidden = true;
    this.#setDisabled(false);
    const active = this.root.ownerDocument.activeElement;
    const isLost = active === null || active === this.root.ownerDocument.body;
    if (isLost && focused instanceof HTMLElement && this.root.contains(focused)) focused.focus();
  }

  /** @param {import("./session.js").Progress} progress */
  #showProgress({ done, total, text }) {
    this.root.dataset.state = "running";
    this.outcome.hidden = true;
    this.progress.hidden = false;
    setText(this.#words, text);
    if (total === null) {
      for (const name of ["value", "max"]) this.#bar.removeAttribute(name); // it moves, and says nothing
      return;
    }
    this.#bar.setAttribute("max", String(total));
    this.#bar.setAttribute("value", String(done));
  }

  /** @param {boolean} disabled */
  #setDisabled(disabled) {
    this.button.disabled = disabled;
    for (const { input } of this.inputs.values()) input.setDisabled(disabled);
  }

  /**
   * @param {(answer: any) => void} show
   * @param {any} answer
   */
  #handOver(show, answer) {
    this.root.dataset.state = "live";
    this.outcome.hidden = true;
    show(answer);
  }

  /**
   * @param {any} cell
   * @param {number} ts
   */
  #showResult(cell, ts) {
    const shown = showCell(cell);
    const isDone = cell === null && this.spec.kind === "mutation";
    const text = element("span", `rnb-result rnb-${shown.kind}`, isDone ? "done" : shown.text);
    if (shown.hover && shown.hover !== shown.text) text.title = shown.hover;
    this.root.dataset.state = "live";
    this.outcome.replaceChildren(text, " ", element("span", "rnb-commit", `commit ${ts}`));
    this.outcome.hidden = false;
    if (this.spec.kind !== "mutation") return;
    for (const { field, input } of this.inputs.values()) if (TYPED_KINDS.includes(field.kind)) input.reset();
  }

  /** @param {any} error */
  #showError(error) {
    const place = this.inputs.get(fieldOfError(error) ?? "");
    if (place === undefined) {
      this.#say(error.code === "kernel_gone" ? "gone" : "failed", `${error.name}: ${error.message}`);
    } else {
      this.root.dataset.state = "failed";
      this.outcome.hidden = true;
      place.input.setError(textOfError(error));
      place.input.focus();
    }
  }

  /**
   * @param {"running" | "failed" | "gone"} state
   * @param {string} text
   */
  #say(state, text) {
    this.root.dataset.state = state;
    setText(this.outcome, text);
    this.outcome.hidden = false;
  }
}

/**
 * Run a submission when its form is submitted: by its button, by Enter, and in a box of several lines by Ctrl+Enter.
 * @param {HTMLFormElement} form
 * @param {SubmissionView} view
 */
export function submits(form, view) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void view.run();
  });
  form.addEventListener("beforeinput", keepNewLine, { capture: true });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || isOfComposition(event)) return;
    const target = /** @type {Element} */ (event.target);
    // A browser does it for a box of one line, where nobody has kept the event from it.
    const isSubmitting = event.ctrlKey || event.metaKey || target.matches("input:not([type=file])");
    if (isSubmitting || (event.repeat && target.matches("button"))) event.preventDefault();
    if (isSubmitting && !event.repeat) form.requestSubmit(); // a key that is held down runs it once
  });
}

/**
 * The argument that an error is about.
 * @param {{field?: string, path?: string, code?: string}} error
 * @returns {string | undefined}
 */
export function fieldOfError({ field, path, code }) {
  if (field !== undefined || code === "returns_validation") return field; // that path leads into a result
  const match = /^\$(?:\.([A-Za-z_]\w*)|\['([^']*)'\])/.exec(path ?? "");
  return match?.[1] ?? match?.[2];
}

/**
 * An error as it reads beside its field, which has said already what could not be done and where.
 * @param {{message: string, thing?: string, expected?: string, hint?: string}} error
 */
export function textOfError({ message, thing, expected, hint }) {
  return thing === undefined ? message : `${thing.replace(/^\$\./, "")}. Expected ${expected}. ${hint}.`;
}
