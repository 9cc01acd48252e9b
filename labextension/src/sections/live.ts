// The section Live. In: the list of live results, live. Out: each with how it is with it and why it last ran; the selected
// one with what it has read, its latest runs, and buttons to pause, resume and stop it.

import { runningIcon } from "@jupyterlab/ui-components";
import { element, setText } from "../../../reactive_nb/notebook/static/dom.js";
import { RequestError } from "../../../reactive_nb/notebook/static/session.js";
import { ListSection, factList, setParts, type Line } from "../listSection";
import type { LiveItem, LiveRun } from "../messages";
import { countText, numberText, textButton } from "../parts";
import type { Context } from "../section";

/** The beginning of a goal that names a function: the first of its live results is meant. */
const PATH = "path:";

export class Lives extends ListSection<LiveItem> {
  private readonly call = element("span", "rnb-details-name");
  private readonly pause = textButton("Pause", () => this.togglePause(), this.life.signal);
  private readonly stop = textButton("Stop", () => void this.act("stop"), this.life.signal);
  private readonly readOnly = element("p", "rnb-details-note");
  private readonly body = element("div", "rnb-details-body");
  private selected: Line<LiveItem> | null = null;
  /** What the details show, as JSON: what somebody may have selected in them stays until they say something else. */
  private shown = "";
  private history: { readonly key: string; readonly item: LiveItem; runs: readonly LiveRun[] } | null = null;

  constructor() {
    super({
      id: "lives",
      label: "Live",
      icon: runningIcon,
      filter: "Filter live results",
      rowHeight: 42,
      empty: "Nothing is live. Make a result that stays true: board = latest.live()",
      emptyThen: "Nothing of what is live now had run at this commit.",
    });
    this.stop.title = "End it: it keeps its value, and no commit changes it any more";
    const head = element("div", "rnb-details-head");
    head.append(this.call);
    const actions = element("div", "rnb-details-actions");
    actions.append(this.pause, this.stop, textButton("Function", () => this.showFunction(), this.life.signal));
    this.details.append(head, actions, this.readOnly, this.body);
  }

  protected textOf({ names, call, state, cause }: LiveItem): string {
    return [...names, call, state, cause ?? ""].join(" ");
  }

  protected override isGoal({ key, item }: Line<LiveItem>, wanted: string): boolean {
    return wanted.startsWith(PATH) ? item.path === wanted.slice(PATH.length) : key === wanted;
  }

  protected drawRow(row: HTMLElement, item: LiveItem): void {
    row.classList.add("rnb-row-double");
    row.dataset["state"] = item.state;
    const named = item.names.length > 0 ? `${item.names.join(", ")} = ${item.call}` : item.call;
    const duration = item.last_ms === null ? "" : durationText(item.last_ms);
    const last = item.paused ? `shows commit ${item.ts}` : (item.cause ?? "");
    const second = [countText(item.runs, "run"), duration, last].filter(Boolean).join(" · ");
    setParts(row, [
      ["rnb-row-name", named],
      ["rnb-row-state rnb-lives-state", item.state],
      ["rnb-row-second", second],
    ]);
    row.title = `${named}\n${stateText(item)}`;
    row.setAttribute("aria-label", `${named}, ${stateText(item)}, ${second}`);
  }

  protected drawDetails(line: Line<LiveItem>): void {
    const { context } = this;
    const { key, item } = line;
    this.selected = line;
    if (context === null) return;
    const isPast = context.at !== null;
    setText(this.call, item.call);
    setText(this.pause, item.paused ? "Resume" : "Pause");
    this.pause.title = item.paused ? "Bring it up to date, and follow commits again" : "Keep it as it is: no commit makes it run";
    this.pause.disabled = this.stop.disabled = isPast;
    setText(this.readOnly, isPast ? `Read-only: as of commit ${context.at}.` : "");
    this.readOnly.hidden = !isPast;
    if (!isPast) this.follow(line, context);
    const runs = this.history?.key === key && !isPast ? this.history.runs : [];
    const shown = JSON.stringify([key, item, runs]);
    if (shown === this.shown) return;
    this.shown = shown;
    this.body.replaceChildren(...detailsOf(item, runs));
  }

  private togglePause(): void {
    void this.act(this.selected?.item.paused ? "resume" : "pause");
  }

  private async act(method: "pause" | "resume" | "stop"): Promise<void> {
    if (this.selected !== null) await this.ask(`lives.${method}`, { key: this.selected.key });
  }

  private showFunction(): void {
    if (this.selected !== null) this.context?.showSection("functions", this.selected.item.path);
  }

  /** Ask for the runs of the selected one, again whenever its item is another: it has run, most likely. */
  private follow(line: Line<LiveItem>, context: Context): void {
    const { key, item } = line;
    const before = this.history;
    if (before?.item === item) return;
    const mine = (this.history = { key, item, runs: before?.key === key ? before.runs : [] });
    context.link.request<{ runs: LiveRun[] }>("lives.history", { db: context.db, key }).then(
      ({ runs }) => {
        mine.runs = runs;
        if (this.history === mine && this.selected !== null) this.drawDetails(this.selected);
      },
      (error: unknown) => {
        if (!(error instanceof RequestError)) throw error; // it has ended meanwhile, and leaves the list
      },
    );
  }
}

/** The state as people read it. */
function stateText({ state, ts }: LiveItem): string {
  return state === "paused" && ts !== null ? `paused · shows commit ${ts}` : state;
}

/** Return a span in the unit in which it is a small number. */
export function durationText(ms: number): string {
  if (ms >= 1000) return `${Number((ms / 1000).toPrecision(3))} s`;
  return ms >= 1 ? `${Number(ms.toPrecision(3))} ms` : `${Math.round(ms * 1000)} µs`;
}

function detailsOf(item: LiveItem, runs: readonly LiveRun[]): HTMLElement[] {
  const { names, error, last_ms, ts, cause } = item;
  const last = last_ms === null ? [] : [durationText(last_ms), ts !== null && !item.paused ? `commit ${ts}` : "", cause ?? ""];
  const parts: HTMLElement[] = [
    factList([
      [names.length === 1 ? "variable" : "variables", names.join(", ")],
      ["state", stateText(item)],
      ["runs", numberText(item.runs)],
      ["last run", last.filter(Boolean).join(" · ")],
    ]),
  ];
  if (error !== null) parts.push(element("pre", "rnb-details-error", `${error.name}: ${error.message}`));
  const newest = runs[0];
  if (newest !== undefined) parts.push(element("h3", "", "Why it last ran"), element("p", "rnb-details-fact", newest.why));
  parts.push(element("h3", "", "Has read"), ...readsOf(item));
  if (runs.length > 1) parts.push(element("h3", "", "Runs before"), runsOf(runs.slice(1)));
  return parts;
}

function readsOf({ reads, more_reads }: LiveItem): HTMLElement[] {
  if (reads === null) return [element("p", "rnb-details-note", "What that run had read is not kept; only what the last one has is.")];
  if (reads.length === 0) return [element("p", "rnb-details-note", "Nothing: no commit makes it run again.")];
  const list = element("ul", "rnb-lives-reads");
  list.append(...reads.map((words) => element("li", "", words)));
  return more_reads === 0 ? [list] : [list, element("p", "rnb-details-note", `and ${countText(more_reads, "more range")}`)];
}

function runsOf(runs: readonly LiveRun[]): HTMLElement {
  const list = element("ul", "rnb-details-runs");
  for (const { ts, ms, changed, error, why } of runs) {
    const outcome = error !== null ? error.name : changed ? "result changed" : "same result";
    const line = element("li");
    line.title = why;
    line.append(element("span", "", `commit ${ts}`), element("span", "rnb-run-took", durationText(ms)), element("span", "", outcome));
    list.append(line);
  }
  return list;
}
