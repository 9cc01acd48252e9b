// Outputs that are replaced in place: one rendering of them on a page. In: a snapshot, then entries of the session. Out:
// its outputs in order, and what is to be known of them. It keeps: outputs change together, in one animation frame, when
// all that are new can be shown; until then the old ones stay.

import { element, setText } from "./dom.js";
import { drawOutput, isFrontEnds } from "./outputs.js";
import { attempt, randomName, sessionOf } from "./session.js";

/** How long outputs are waited for before they are shown as they are, in milliseconds: a renderer may never be done. */
const PATIENCE_MS = 5000;

const STATES = {
  loading: "loading…",
  waiting: "waiting",
  running: "running…",
  stale: "stale",
  paused: "paused",
  connecting: "connecting…",
};

/** @typedef {import("./outputs.js").Output} Output */
/** @typedef {import("./outputs.js").Drawn} Drawn */
/** @typedef {Drawn & {key: string}} Shown the key is the output as text: equal outputs stay as they are */

/**
 * What is said about outputs.
 * @typedef {object} Facts
 * @property {string} state
 * @property {{name: string, message: string} | null} error
 * @property {string} title
 * @property {string} engine
 * @property {string} note
 * @property {number} ts
 */

export class ContentViewer {
  id = randomName();
  root = element("section", "rnb rnb-content");
  /** @type {import("./session.js").Session | null} null until it is found */
  session = null;
  /** @type {import("./session.js").Connection} */
  connection = "connecting";
  /** @type {Facts} */
  facts = { state: "loading", error: null, title: "", engine: "", note: "", ts: 0 };
  #state = element("span", "rnb-state");
  #alert = element("div", "rnb-alert");
  #body = element("div", "rnb-outputs");
  #foot = element("footer", "rnb-foot");
  /** @type {Shown[]} */
  #shown = [];
  /** @type {{key: string, output: Output}[] | null} those that came last, while they are not being drawn */
  #wanted = null;
  /** @type {Shown[] | null} those that are being drawn */
  #next = null;
  #isReady = false;
  #ownFrame = 0;
  #width = 0;
  #isDisposed = false;
  #sight = new ResizeObserver(() => this.#resized());

  /**
   * @param {HTMLElement} el
   * @param {any} snapshot
   * @param {any} rendermime the front end's renderers, if it has any
   */
  constructor(el, snapshot, rendermime) {
    this.view = snapshot.view;
    this.rendermime = rendermime;
    this.root.setAttribute("role", "region");
    this.root.setAttribute("aria-live", "off"); // a plot that changes each second is not to be read out
    this.#alert.setAttribute("role", "alert");
    this.root.append(this.#alert, this.#body, this.#foot, this.#state);
    el.classList.add("rnb-host"); // not its style, which is of its ipywidgets layout
    el.append(this.root);
    this.#sight.observe(this.root);
    this.receive(snapshot);
    this.draw();
  }

  get engine() {
    return this.facts.engine;
  }

  /** Whether an error is among the outputs that are shown. */
  get hasTraceback() {
    return this.#shown.some(({ node }) => node.getAttribute("role") === "alert");
  }

  window() {
    return null;
  }

  /** @param {any} entry */
  receive({ outputs, gone, ...facts }) {
    if (gone) this.facts.state = "closed";
    else Object.assign(this.facts, facts);
    if (outputs) this.#wanted = outputs.map((/** @type {Output} */ output) => ({ key: JSON.stringify(output), output }));
  }

  /** @param {number} ts */
  setTs(ts) {
    if (!["paused", "closed"].includes(this.facts.state)) this.facts.ts = ts;
  }

  /** @param {import("./session.js").Connection} connection */
  setConnection(connection) {
    this.connection = connection;
    this.#redraw();
  }

  draw() {
    if (this.#isDisposed) return;
    this.#ownFrame = 0;
    if (this.#isReady) this.#swap();
    if (this.#wanted !== null && this.#next === null) this.#begin();
    this.#drawFacts();
  }

  dispose() {
    this.#isDisposed = true;
    cancelAnimationFrame(this.#ownFrame);
    this.#sight.disconnect();
    for (const each of new Set([...this.#shown, ...(this.#next ?? [])])) attempt(() => each.dispose());
    this.root.remove();
  }

  /** Draw in the next animation frame. */
  #redraw() {
    if (this.session !== null) this.session.schedule(this);
    else this.#ownFrame ||= requestAnimationFrame(() => this.draw());
  }

  /** Draw the outputs that came last, and show them at once if they need no time. */
  #begin() {
    const isFirst = this.#shown.length === 0;
    const wanted = this.#wanted ?? [];
    const isEarly = !this.root.isConnected && wanted.some(({ output }) => isFrontEnds(output, this.rendermime));
    if (isEarly) return; // `#resized` begins again
    this.#wanted = null;
    const before = [...this.#shown];
    const next = wanted.map(({ key, output }) => {
      const same = before.findIndex((each) => each.key === key);
      return same < 0 ? { key, ...this.#drawn(output) } : before.splice(same, 1)[0];
    });
    this.#next = next;
    const waits = next.filter((each) => !this.#shown.includes(each) && each.ready !== null && !isFirst);
    if (waits.length === 0) return this.#swap();
    const go = () => {
      clearTimeout(patience);
      this.#isReady = true;
      this.#redraw();
    };
    const patience = setTimeout(go, PATIENCE_MS);
    Promise.all(waits.map((each) => each.ready)).then(() => this.#next === next && go());
  }

  /** @param {Output} output */
  #drawn(output) {
    return drawOutput(output, this.rendermime, (node) => {
      node.classList.add("rnb-staged");
      this.#body.append(node);
    });
  }

  #swap() {
    const next = this.#next ?? [];
    const before = this.#shown;
    this.#shown = next;
    this.#next = null;
    this.#isReady = false;
    // In their places before the old ones go. One that is in its place is not touched: what has a scroll position, or a
    // frame of its own, loses it when it is moved.
    let place = this.#body.firstElementChild;
    for (const { node } of next) {
      node.classList.remove("rnb-staged");
      while (place && before.some((each) => each.node === place && !next.includes(each))) place = place.nextElementSibling;
      if (node === place) place = place.nextElementSibling;
      else this.#body.insertBefore(node, place);
    }
    for (const each of before) if (!next.includes(each)) attempt(() => each.dispose());
  }

  #drawFacts() {
    const { title, error, state: known, ts, engine, note } = this.facts;
    const state = this.connection === "alive" || known === "closed" ? known : this.connection;
    if (this.root.dataset.state !== state) this.root.dataset.state = state;
    if (this.root.getAttribute("aria-label") !== title) this.root.setAttribute("aria-label", title);
    const text = STATES[/** @type {keyof typeof STATES} */ (state)] ?? "";
    this.#state.hidden = text === "";
    const isOld = (state === "stale" || state === "paused") && engine;
    setText(this.#state, isOld ? `${text} · shows commit ${ts}` : text);
    // A traceback among the outputs says it all.
    const isSaid = this.hasTraceback;
    this.#alert.hidden = !error || isSaid;
    if (error) setText(this.#alert, `${error.name}: ${error.message}`);
    const notes = [note];
    if (error && !isSaid && this.#shown.length > 0) notes.push("Shown is the last good one.");
    if (state === "closed") notes.push(engine ? `Closed: it stays as of commit ${ts}.` : "Closed: it no longer changes.");
    if (state === "gone") notes.push("Kernel gone: this is the last it sent; run the cell again to go on.");
    setText(this.#foot, notes.filter(Boolean).join(" "));
    this.#foot.hidden = this.#foot.textContent === "";
  }

  #resized() {
    const width = this.#body.clientWidth;
    if (width === this.#width) return;
    const isFirst = this.#width === 0;
    this.#width = width;
    if (isFirst && this.#wanted !== null) this.draw(); // before this frame is painted
    for (const each of this.#shown) attempt(() => each.resize());
  }
}

/**
 * Show a widget's view, and let it live as soon as the channel is found.
 * @param {{model: any, el: HTMLElement, signal: AbortSignal}} context what anywidget hands over for each rendering
 * @param {typeof ContentViewer} Viewer
 */
export function renderContent({ model, el, signal }, Viewer) {
  el.style.minWidth = "0"; // in a row of widgets it shrinks and scrolls, where a picture would be cut off
  const viewer = new Viewer(el, model.get("snapshot"), model.widget_manager?.rendermime);
  signal.addEventListener("abort", () => {
    viewer.session?.hide(viewer);
    viewer.dispose();
  });
  // Not awaited: the snapshot can be shown at once, also in a saved notebook where no channel is found.
  sessionOf(model).then((session) => {
    if (signal.aborted) return;
    viewer.session = session;
    session.show(viewer);
  });
}
