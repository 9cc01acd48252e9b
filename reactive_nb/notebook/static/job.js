// A scheduled cell as anywidget loads it: the outputs of its last run, and below them how it is with the job.

import { ContentViewer, renderContent } from "./contentview.js";
import { JobBar } from "./jobbar.js";
import { untilMidnight } from "./jobtimes.js";

/** @typedef {import("./contentview.js").Facts & {job?: import("./jobbar.js").Job | null}} JobFacts */

export class JobViewer extends ContentViewer {
  /** @type {JobBar | undefined} undefined while the outputs are being drawn for the first time */
  bar;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #midnight;

  /**
   * @param {HTMLElement} el
   * @param {any} snapshot
   * @param {any} rendermime the front end's renderers, if it has any
   */
  constructor(el, snapshot, rendermime) {
    super(el, snapshot, rendermime);
    this.bar = new JobBar((method) => this.#ask(method));
    this.root.classList.add("rnb-jobcell");
    this.root.append(this.bar.root);
    this.#waitForMidnight();
    this.draw();
  }

  dispose() {
    clearTimeout(this.#midnight);
    super.dispose();
  }

  draw() {
    super.draw();
    const { job, state } = /** @type {JobFacts} */ (this.facts);
    if (this.bar === undefined) return;
    this.bar.root.hidden = !job;
    const canAsk = this.connection === "alive" && state !== "closed";
    if (job) this.bar.show(job, { now: Date.now(), canAsk, isSaid: this.hasTraceback });
  }

  /** What was tomorrow is today then. */
  #waitForMidnight() {
    this.#midnight = setTimeout(() => {
      this.draw();
      this.#waitForMidnight();
    }, untilMidnight(Date.now()));
  }

  /** @param {string} method */
  #ask(method) {
    if (this.session === null) return Promise.reject(new Error("There is no kernel. Run the cell again to go on."));
    return this.session.request(this.view, method, {});
  }
}

/** What anywidget calls once for each widget on the page. */
export default () => ({
  /** @param {{model: any, el: HTMLElement, signal: AbortSignal}} context */
  render: (context) => renderContent(context, JobViewer),
});
