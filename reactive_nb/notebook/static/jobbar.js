// The line below a scheduled cell's outputs: how it is with the job, when it runs next, how the last runs went, and
// buttons. In: what the kernel says of the job. Out: elements, and presses. A press changes nothing here: what it does
// comes back from the kernel, as what others do does.

import { element, setText } from "./dom.js";
import { spanText, whenText } from "./jobtimes.js";

/**
 * One run of a job.
 * @typedef {object} JobRun
 * @property {number} start in milliseconds since 1970
 * @property {number | null} took in milliseconds; null while it runs
 * @property {string} outcome `success`, `failed`, `timed out`, `canceled` or `running`
 * @property {string | null} error
 */

/**
 * What is known of a job; notebook/cell/job_status.py makes it.
 * @typedef {object} Job
 * @property {string} name
 * @property {string} schedule in words
 * @property {string} state `waiting`, `queued`, `running`, `paused`, `failed`, `done`, `missed`,
 *   `elsewhere` or `deleted`
 * @property {boolean} [paused] whether no further run begins, also while one goes on
 * @property {number | null} next when it runs next, in milliseconds since 1970
 * @property {JobRun[]} runs the latest, newest first
 */

const JOB_STATES = {
  waiting: "waiting",
  queued: "waits for the running cell",
  running: "running…",
  paused: "paused",
  failed: "failed",
  done: "done",
  missed: "missed its time",
  elsewhere: "waits for its cell",
  deleted: "deleted",
};

const OUTCOMES = { success: "succeeded", failed: "failed", canceled: "cancelled", running: "running…" };

export class JobBar {
  root = element("div", "rnb-job");
  #state = element("span", "rnb-jobstate");
  #facts = element("span", "rnb-jobfacts");
  #pause = jobButton("Pause");
  #run = jobButton("Run now");
  #error = element("div", "rnb-joberror");
  #refusal = element("div", "rnb-joberror");
  #history = element("details", "rnb-jobruns");
  #summary = element("summary");
  #rows = element("tbody");
  #shownRows = "";
  /** @type {Job | null} */
  #job = null;

  /** @param {(method: string) => Promise<any>} ask has the kernel do something with the job */
  constructor(ask) {
    this.root.setAttribute("role", "group");
    this.#error.setAttribute("role", "alert");
    this.#refusal.setAttribute("role", "alert");
    this.#refusal.hidden = true;
    const line = element("div", "rnb-jobline");
    line.append(this.#state, this.#facts, this.#pause, this.#run);
    const table = element("table");
    table.tabIndex = 0; // it scrolls when it is long
    const head = element("tr");
    for (const name of ["began", "took", "outcome"]) {
      const cell = element("th", "", name);
      cell.scope = "col";
      head.append(cell);
    }
    const top = element("thead");
    top.append(head);
    table.append(top, this.#rows);
    this.#history.append(this.#summary, table);
    this.root.append(line, this.#refusal, this.#error, this.#history);
    this.#pause.addEventListener("click", () => this.#press(ask, isPausedJob(this.#job) ? "resume" : "pause"));
    this.#run.addEventListener("click", () => this.#press(ask, "run"));
  }

  /**
   * @param {Job} job
   * @param {object} options
   * @param {number} options.now in milliseconds since 1970
   * @param {boolean} options.canAsk whether the kernel hears what is pressed
   * @param {boolean} options.isSaid whether the outputs above say why the last run failed
   */
  show(job, { now, canAsk, isSaid }) {
    this.#job = job;
    const { name, schedule, state, next, runs } = job;
    const isPaused = isPausedJob(job);
    this.root.setAttribute("aria-label", `job ${name}`);
    this.root.dataset.job = state;
    setText(this.#state, JOB_STATES[/** @type {keyof typeof JOB_STATES} */ (state)] ?? state);
    const last = runs.find((run) => run.outcome !== "running");
    const facts = [name, schedule];
    if (next !== null && !isPaused) facts.push(`next run ${whenText(next, now)}`);
    facts.push(last ? `last run ${runText(last, now)}` : "no run yet");
    if (isPaused && (state === "running" || state === "queued")) facts.push("paused after this run");
    setText(this.#facts, facts.join(" · "));
    setText(this.#pause, isPaused ? "Resume" : "Pause");
    this.#pause.hidden = ["deleted", "done", "missed"].includes(state);
    this.#run.hidden = state === "deleted";
    this.#pause.disabled = !canAsk;
    this.#run.disabled = !canAsk || state === "running" || state === "queued" || state === "elsewhere";
    this.#error.hidden = isSaid || !last?.error;
    setText(this.#error, this.#error.hidden ? "" : (last?.error ?? ""));
    this.#history.hidden = runs.length === 0;
    setText(this.#summary, runs.length === 1 ? "the last run" : `the last ${runs.length} runs`);
    this.#drawRows(runs, now);
  }

  /**
   * @param {JobRun[]} runs
   * @param {number} now
   */
  #drawRows(runs, now) {
    const texts = runs.map((run) => [whenText(run.start, now), run.took === null ? "" : spanText(run.took), outcomeText(run)]);
    const shown = JSON.stringify(texts);
    if (shown === this.#shownRows) return; // a selection in them would be lost
    this.#shownRows = shown;
    this.#rows.replaceChildren(
      ...texts.map((cells, index) => {
        const row = element("tr");
        row.dataset.outcome = runs[index].outcome;
        row.append(...cells.map((text) => element("td", "", text)));
        return row;
      }),
    );
  }

  /**
   * @param {(method: string) => Promise<any>} ask
   * @param {string} method
   */
  async #press(ask, method) {
    try {
      await ask(method);
      this.#refusal.hidden = true;
    } catch (error) {
      this.#refusal.hidden = false;
      setText(this.#refusal, error instanceof Error ? error.message : String(error));
    }
  }
}

/** @param {Job | null} job */
function isPausedJob(job) {
  return job !== null && (job.state === "paused" || job.paused === true);
}

/**
 * @param {JobRun} run one that is over
 * @param {number} now
 */
function runText(run, now) {
  const took = run.took === null ? "" : `, ${spanText(run.took)}`;
  return `${whenText(run.start, now)}${took}, ${OUTCOMES[/** @type {keyof typeof OUTCOMES} */ (run.outcome)] ?? run.outcome}`;
}

/** @param {JobRun} run */
function outcomeText({ outcome, error }) {
  const text = OUTCOMES[/** @type {keyof typeof OUTCOMES} */ (outcome)] ?? outcome;
  return error ? `${text}: ${error}` : text;
}

/** @param {string} text */
function jobButton(text) {
  const button = element("button", "rnb-jobbutton", text);
  button.type = "button";
  return button;
}
