// The runner of one function: its form, and what came of running it. In: a function's spec, and what a person fills in. Out:
// one run of a mutation or an action, with its result, progress or error; or a query that stays true, as a table below the
// form, with other arguments as soon as they are changed.

import { stopIcon } from "@jupyterlab/ui-components";
import { element, setText } from "../../reactive_nb/notebook/static/dom.js";
import { Editing } from "../../reactive_nb/notebook/static/editing.js";
import { formOf } from "../../reactive_nb/notebook/static/form.js";
import { listenToGrid } from "../../reactive_nb/notebook/static/gridevents.js";
import { GridView } from "../../reactive_nb/notebook/static/gridview.js";
import { RequestError } from "../../reactive_nb/notebook/static/session.js";
import { SubmissionView, type Source, type Spec } from "../../reactive_nb/notebook/static/submission.js";
import { iconButton } from "./parts";
import type { Context } from "./section";

export type { Spec } from "../../reactive_nb/notebook/static/submission.js";

/** What the kernel answers to `functions.run` (panel/functions.py). */
interface Run {
  readonly view: string;
  readonly snapshot: object;
  readonly ts: number;
}

/** The rows of a query that are shown, and the commit that was asked for. */
interface Shown {
  readonly view: string;
  readonly at: number | null;
  readonly grid: GridView;
  readonly life: AbortController;
}

export class Runner {
  readonly node = element("div", "rnb-runner");
  private readonly life = new AbortController();
  private readonly form: HTMLFormElement;
  private readonly view: SubmissionView;
  private readonly note = element("p", "rnb-details-note");
  private readonly head = element("div", "rnb-runner-head");
  private readonly result = element("div", "rnb-runner-result");
  private context: Context;
  private shown: Shown | null = null;
  /** The last run of a query: its inputs as JSON, so that leaving one without changing it runs nothing, and its commit. */
  private ran: { readonly inputs: string; readonly at: number | null } = { inputs: "", at: null };
  private isHidden = false;

  constructor(
    context: Context,
    private readonly path: string,
    readonly spec: Spec,
  ) {
    this.context = context;
    const { signal } = this.life;
    const box = element("div", "rnb rnb-form rnb-runner-form");
    const source: Source = {
      spec,
      connection: async () => this.context.link.session.connection,
      ask: (method, params, tell) => this.ask(method, params, tell),
    };
    if (this.isQuery) source.show = (answer: Run) => this.showRows(answer);
    this.view = new SubmissionView(source, box);
    this.form = formOf(this.view);
    box.append(this.form);
    if (this.isQuery) this.form.addEventListener("change", () => this.changed(), { signal });
    this.head.append(element("h3", "", "Result"), iconButton(stopIcon, "Stop following this query", () => this.stop(), signal));
    this.head.hidden = true;
    this.node.append(this.note, box, this.head, this.result);
    this.draw();
  }

  /** Whether it runs a query. */
  get isQuery(): boolean {
    return this.spec.kind === "query";
  }

  /** Go on in another context: of the same database, perhaps of another commit, or after it was out of sight. */
  show(context: Context): void {
    this.context = context;
    this.isHidden = false;
    this.draw();
    if (this.shown !== null && this.isOutdated(this.shown)) void this.view.run();
  }

  /** Nobody looks now. */
  hide(): void {
    this.isHidden = true;
    if (this.shown === null) return;
    this.context.link.session.hide(this.shown.grid);
    this.shown.grid.session = null;
  }

  dispose(): void {
    this.stop();
    this.life.abort();
    this.node.remove();
  }

  private draw(): void {
    const { at } = this.context;
    const isRefused = at !== null && !this.isQuery;
    const text = isRefused ? `Read-only: the panel shows commit ${at}. Go back to now to run it.` : at === null ? "" : `Runs as of commit ${at}.`;
    setText(this.note, text);
    this.note.hidden = text === "";
    this.form.inert = isRefused;
    this.form.classList.toggle("rnb-runner-off", isRefused);
  }

  /** Whether rows are of another commit than the panel, or have not been followed for a while. */
  private isOutdated({ at, grid }: Shown): boolean {
    return at !== this.context.at || grid.session === null;
  }

  private inputs(): string {
    return JSON.stringify([...this.view.inputs].map(([name, { input }]) => [name, input.raw()]));
  }

  private async ask(method: "submit" | "pick", params: object, tell?: Parameters<Source["ask"]>[2]): Promise<unknown> {
    const { link, db, at } = this.context;
    const asked = { db, path: this.path, ...params };
    if (method === "pick") return link.request("functions.pick", asked);
    if (!this.isQuery) return link.request("functions.submit", { ...asked, at }, tell);
    this.ran = { inputs: this.inputs(), at };
    try {
      return await link.request("functions.run", { ...asked, at, instead: this.shown?.view ?? null });
    } catch (error) {
      if (this.shown !== null && this.isOutdated(this.shown)) this.stop(); // the panel says that it shows something else
      throw error;
    }
  }

  /** Run a query again that is followed, with what stands in its form now. */
  private changed(): void {
    if (this.shown !== null && this.inputs() !== this.ran.inputs) void this.view.run();
  }

  private showRows({ view, snapshot }: Run): void {
    this.drop();
    if (this.life.signal.aborted) return this.end(view);
    const life = new AbortController();
    const grid = new GridView(this.result, snapshot);
    new Editing(grid);
    listenToGrid(grid, life.signal);
    this.shown = { view, at: this.ran.at, grid, life };
    this.head.hidden = false;
    if (this.isHidden) return; // it is run again when somebody looks
    grid.session = this.context.link.session;
    grid.session.show(grid);
    if (this.isOutdated(this.shown)) void this.view.run(); // the panel has moved on while it ran
  }

  /** Take the rows away, without a word to the kernel: another run has taken their place there. */
  private drop(): void {
    if (this.shown === null) return;
    const { grid, life } = this.shown;
    this.shown = null;
    this.head.hidden = true;
    this.context.link.session.hide(grid);
    life.abort();
    grid.dispose();
  }

  private stop(): void {
    if (this.shown === null) return;
    const { view } = this.shown;
    this.drop();
    this.end(view);
  }

  /** Tell the kernel that nobody looks at a result any more; without the word it would end a while later. */
  private end(view: string): void {
    this.context.link.request("functions.stop", { view }).catch((error: unknown) => {
      if (!(error instanceof RequestError)) throw error;
    });
  }
}
