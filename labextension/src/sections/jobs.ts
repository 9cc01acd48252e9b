// The section Jobs: crons, scheduled cells and scheduled calls. In: the list `jobs`, whose items say what can be done with
// them. Out: rows with state and next run; below, the last runs, the error, and buttons that ask the kernel.

import { runIcon } from "@jupyterlab/ui-components";
import { element, setText } from "../../../reactive_nb/notebook/static/dom.js";
import { spanText, whenText } from "../../../reactive_nb/notebook/static/jobtimes.js";
import { ListSection, factList, setParts, type Line } from "../listSection";
import type { JobItem, JobRun } from "../messages";
import { textButton } from "../parts";

const KINDS = { cron: "cron", cell: "scheduled cell", call: "scheduled call" };
const ACTIONS: Record<string, string> = { run: "Run now", pause: "Pause", resume: "Resume", cancel: "Cancel", delete: "Delete" };

export class Jobs extends ListSection<JobItem> {
  private shown = "";
  /** The job whose Delete was pressed once; it is deleted when it is pressed again. */
  private asked: string | null = null;

  constructor() {
    super({
      id: "jobs",
      label: "Jobs",
      icon: runIcon,
      filter: "Filter jobs",
      rowHeight: 42,
      empty: "There are no jobs. Begin a cell with %%every 10s, or write db.crons.interval(…) or db.scheduler.run_after(…).",
      emptyThen: "There were no jobs at this commit.",
    });
  }

  protected textOf({ name, what, kind, state, schedule }: JobItem): string {
    return [name, what, KINDS[kind], state, schedule].join(" ");
  }

  protected drawRow(row: HTMLElement, item: JobItem): void {
    row.classList.add("rnb-row-double");
    const next = nextText(item);
    setParts(row, [
      ["rnb-row-name", item.name],
      [`rnb-row-state rnb-state-${tone(item)}`, stateText(item)],
      ["rnb-row-second", [item.schedule, next].filter(Boolean).join(" · ")],
    ]);
    const title = `${item.name}: ${item.what}, ${item.schedule}, ${stateText(item)}`;
    row.title = title;
    row.setAttribute("aria-label", [title, next].filter(Boolean).join(", "));
  }

  protected override clearDetails(): void {
    this.asked = null;
  }

  protected drawDetails({ key, item }: Line<JobItem>): void {
    if (this.asked !== key || !item.actions.includes("delete")) this.asked = null;
    const shown = JSON.stringify([key, item, this.asked]);
    if (shown === this.shown) return; // what somebody may have selected in it stays
    this.shown = shown;
    const head = element("div", "rnb-details-head");
    head.append(element("span", "rnb-details-name", item.name), element("span", "rnb-details-count", KINDS[item.kind]));
    const parts: HTMLElement[] = [head, this.buttons(key, item)];
    if (item.error) parts.push(element("pre", "rnb-details-error", item.error));
    const source = element("pre", "rnb-details-source", item.source);
    const { progress } = item;
    parts.push(
      factList([
        ["state", stateText(item)],
        ["progress", progress === null ? "" : progressText(progress)],
        ["when", item.schedule],
        ["next run", item.next_ms === null ? "" : whenText(item.next_ms, Date.now())],
        ["ended", item.ended_ms == null ? "" : whenText(item.ended_ms, Date.now())],
        ["in", item.place],
      ]),
      source,
    );
    if (item.history.length > 0) parts.push(element("h3", "", "Last runs"), runList(item.history));
    const focused = this.details.contains(document.activeElement) ? document.activeElement : null;
    this.details.replaceChildren(...parts);
    if (focused !== null) this.focusAgain((focused as HTMLElement).dataset["place"]);
  }

  /** After a redraw: pause has become resume, delete asks whether that was meant, and stands where it stood. */
  private focusAgain(place: string | undefined): void {
    const buttons = [...this.details.querySelectorAll<HTMLElement>("button")];
    (buttons.find((button) => button.dataset["place"] === place) ?? buttons.at(-1) ?? this.details).focus();
  }

  private buttons(key: string, item: JobItem): HTMLElement {
    const bar = element("div", "rnb-details-actions");
    const add = (place: string, label: string, act: () => void): HTMLElement => {
      const button = textButton(label, act, this.life.signal);
      button.dataset["place"] = place;
      bar.append(button);
      return button;
    };
    if (this.asked === key) {
      bar.append(element("p", "rnb-details-question", `Delete ${item.name}? It is not run again, and its last runs are forgotten.`));
      add("keep", "Keep it", () => this.confirm(null));
      add("delete", "Delete for good", () => void this.act("delete", key)).classList.add("rnb-lab-danger");
    } else {
      for (const [place, action] of item.actions.entries()) {
        const isAsked = action === "delete";
        add(isAsked ? "delete" : String(place), ACTIONS[action] ?? action, () => (isAsked ? this.confirm(key) : void this.act(action, key)));
      }
    }
    bar.hidden = item.actions.length === 0;
    return bar;
  }

  private confirm(key: string | null): void {
    this.asked = key;
    this.draw();
  }

  private async act(action: string, key: string): Promise<void> {
    this.asked = null;
    await this.ask(`jobs.${action}`, { key });
  }
}

function stateText({ state, paused }: JobItem): string {
  if (state === "elsewhere") return paused ? "not in this kernel, paused" : "not in this kernel";
  return paused && state !== "paused" ? `${state}, paused` : state;
}

function tone({ state, error }: JobItem): string {
  if (state === "failed" || error) return "bad";
  return state === "running" || state === "queued" ? "busy" : state === "paused" || state === "elsewhere" ? "rest" : "usual";
}

function nextText({ next_ms, ended_ms, paused, last }: JobItem): string {
  if (ended_ms != null) return `ended ${whenText(ended_ms, Date.now())}`;
  if (next_ms !== null && !paused) return `next ${whenText(next_ms, Date.now())}`;
  return last === null ? "" : `last ${whenText(last.start, Date.now())}`;
}

function progressText([done, total, text]: readonly [number, number | null, string]): string {
  return [total === null ? String(done) : `${done} of ${total}`, text].filter(Boolean).join(", ");
}

function runList(runs: readonly JobRun[]): HTMLElement {
  const list = element("ul", "rnb-details-runs");
  const now = Date.now();
  for (const { start, took, outcome, error } of runs) {
    const line = element("li");
    line.append(element("span", "rnb-run-when", whenText(start, now)), element("span", `rnb-state-${outcome === "success" ? "usual" : "bad"}`, outcome));
    if (outcome === "running" && line.lastElementChild) line.lastElementChild.className = "rnb-state-busy";
    line.append(element("span", "rnb-run-took", took === null ? "" : spanText(took)));
    if (error) setText(line.appendChild(element("span", "rnb-run-error")), error);
    list.append(line);
  }
  return list;
}
