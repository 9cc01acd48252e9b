// A live table on a page: joins a store, its views and the channel. In: the widget's snapshot, then the channel's
// frames. Out: the views, and word to the hub of what is shown and what was missed.

import { Store } from "./store.js";
import { TableView } from "./table.js";

/** How long an unanswered Resync is waited for before it is sent again, in milliseconds. */
const PATIENCE_MS = 1000;

/** One widget on this page: what it knows and who shows it. */
class Page {
  /** @type {Set<TableView>} */
  views = new Set();
  #askedAt = -Infinity;
  /** @type {any} the channel's model; undefined while it is looked for, null when there is none */
  #channel = undefined;

  /** @param {any} snapshot */
  constructor(snapshot) {
    this.store = new Store(snapshot);
  }

  /**
   * @param {any} channel its model, or null when there is none
   * @param {AbortSignal} signal
   */
  connect(channel, signal) {
    this.#channel = channel;
    this.#tellConnection();
    if (channel === null) return;
    const onMessage = (/** @type {any} */ message) => message?.type === "Frame" && this.#receive(message);
    const onAlive = () => this.#tellConnection();
    channel.on("msg:custom", onMessage);
    channel.on("comm_live_update", onAlive);
    signal.addEventListener("abort", () => {
      channel.off("msg:custom", onMessage);
      channel.off("comm_live_update", onAlive);
    });
    this.#ask();
  }

  /** @returns {import("./table.js").Connection} */
  get connection() {
    if (this.#channel === undefined) return "connecting";
    return this.#channel === null || this.#channel.comm_live === false ? "gone" : "alive";
  }

  /** @param {TableView} view */
  show(view) {
    this.views.add(view);
    if (this.views.size === 1) this.#ask();
  }

  /** @param {TableView} view */
  hide(view) {
    this.views.delete(view);
    if (this.views.size === 0) this.#send({ type: "Hide", view_id: this.store.viewId });
  }

  /** @param {any} frame */
  #receive(frame) {
    const outcome = this.store.receive(frame);
    if (outcome === "ask") {
      if (performance.now() - this.#askedAt > PATIENCE_MS) this.#ask();
    } else if (outcome !== "quiet") {
      this.#askedAt = -Infinity;
      for (const view of this.views) view.changed(outcome);
    }
  }

  #ask() {
    if (this.views.size === 0) return;
    this.#askedAt = performance.now();
    this.#send({ type: "Resync", view_id: this.store.viewId, seq: this.store.known });
  }

  /** @param {object} message */
  #send(message) {
    if (this.connection === "alive") this.#channel.send(message);
  }

  #tellConnection() {
    for (const view of this.views) view.setConnection(this.connection);
  }
}

/** What anywidget calls once for each widget on the page. */
export default () => {
  /** @type {Page} */
  let page;

  /** @param {{model: any, signal: AbortSignal}} context what anywidget hands over when the page meets the widget */
  async function initialize({ model, signal }) {
    page = new Page(model.get("snapshot"));
    // Not awaited: the snapshot can be shown at once, also in a saved notebook where no channel is found.
    const reference = model.get("channel").replace("IPY_MODEL_", "");
    model.widget_manager.get_model(reference).then(
      (/** @type {any} */ channel) => signal.aborted || page.connect(channel, signal),
      () => page.connect(null, signal),
    );
  }

  /** @param {{el: HTMLElement, signal: AbortSignal}} context what anywidget hands over for each view */
  function render({ el, signal }) {
    el.style.minWidth = "0"; // in a row of widgets it shrinks and scrolls, where a table would be cut off
    const view = new TableView(el, page.store);
    view.setConnection(page.connection);
    page.show(view);
    signal.addEventListener("abort", () => {
      page.hide(view);
      view.dispose();
    });
  }

  return { initialize, render };
};
