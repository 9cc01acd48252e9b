// The section Log: commits, conflicts and retries, errors and slow queries, newest first. In: the list `log`. Out: rows by
// kind; below, why the selected one happened, what it changed and which live results ran for it.

import { historyIcon } from "@jupyterlab/ui-components";
import { element } from "../../../reactive_nb/notebook/static/dom.js";
import { showCell } from "../../../reactive_nb/notebook/static/cells.js";
import { spanText, whenText } from "../../../reactive_nb/notebook/static/jobtimes.js";
import { ListSection, setParts, type Line } from "../listSection";
import type { LogChange, LogDetail, LogItem } from "../messages";
import { countText, textButton } from "../parts";
import type { Link } from "../section";

const KINDS: readonly (readonly [LogItem["kind"] | "all" | "own", string])[] = [
  ["all", "Everything"],
  ["commit", "Commits"],
  ["conflict", "Conflicts"],
  ["retry", "Retries"],
  ["error", "Errors"],
  ["slow", "Slow queries"],
  ["own", "The engine's own"],
];

export class Log extends ListSection<LogItem> {
  private readonly kind = element("select", "rnb-lab-select");
  private detailOf = "";
  private detailIn: Link | null = null;
  private detail: LogDetail | null = null;

  constructor() {
    super({
      id: "log",
      label: "Log",
      icon: historyIcon,
      filter: "Filter the log",
      rowHeight: 42,
      empty: "Nothing has happened yet. A mutation makes the first commit.",
      emptyThen: "Nothing is remembered of the time up to this commit.",
    });
    this.kind.setAttribute("aria-label", "What to show");
    for (const [value, text] of KINDS) {
      const option = element("option", "", text);
      option.value = value;
      this.kind.append(option);
    }
    this.kind.value = "all";
    this.kind.addEventListener("change", () => this.draw(), { signal: this.life.signal });
    this.toolbar.append(this.kind);
  }

  protected override isWanted({ kind, own }: LogItem): boolean {
    if (own || this.kind.value === "own") return own && this.kind.value === "own";
    return this.kind.value === "all" || this.kind.value === kind;
  }

  protected textOf({ kind, function: path, origin, words, ts }: LogItem): string {
    return [kind, path, origin, words, ts].join(" ");
  }

  protected drawRow(row: HTMLElement, item: LogItem): void {
    row.classList.add("rnb-row-double");
    setParts(row, [
      ["rnb-row-name", item.function],
      [`rnb-row-state rnb-state-${tone(item.kind)}`, item.kind === "commit" ? `commit ${item.ts}` : item.kind],
      ["rnb-row-second", [item.words, item.origin].filter(Boolean).join(" · ")],
    ]);
    row.title = `${[`${item.kind} ${item.ts}`, when(item)].filter(Boolean).join(", ")}\n${item.function}${item.origin && `, from ${item.origin}`}\n${item.words}`;
    row.setAttribute("aria-label", `${item.kind} ${item.ts}, ${item.function}, ${item.words}`);
  }

  protected drawDetails({ key, item }: Line<LogItem>): void {
    const of = JSON.stringify([this.context?.db, key]);
    const link = this.context?.link ?? null;
    if (this.detailOf === of && this.detailIn === link) return; // what has happened is another no more
    this.detailOf = of;
    this.detailIn = link;
    this.detail = null;
    this.details.scrollTop = 0;
    this.drawItem(item);
    void this.ask<LogDetail>("log.detail", { key }).then((detail) => {
      if (this.detailOf !== of || this.detailIn !== link) return;
      this.detail = detail;
      this.drawItem(item);
    });
  }

  private drawItem(item: LogItem): void {
    const head = element("div", "rnb-details-head");
    head.append(element("span", "rnb-details-name", item.function), element("span", "rnb-details-count", `commit ${item.ts}`));
    const facts = [when(item), item.origin && `from ${item.origin}`].filter(Boolean).join(", ");
    const parts: HTMLElement[] = [head, element("p", "rnb-details-note", facts)];
    if (item.kind === "error") parts.push(element("pre", "rnb-details-error", item.words));
    const { detail } = this;
    if (detail !== null) parts.push(...this.detailParts(item, detail));
    this.details.replaceChildren(...parts);
  }

  private detailParts(item: LogItem, { facts, changes, left, ran }: LogDetail): HTMLElement[] {
    const said = item.kind === "error" ? facts.filter((fact) => fact !== item.words) : facts;
    const parts: HTMLElement[] = [element("h3", "", item.kind === "commit" ? "What happened" : "Why"), ...said.map((fact) => element("p", "rnb-details-fact", fact))];
    if (changes.length > 0) parts.push(element("h3", "", "What it changed"), ...changes.map((change) => this.change(change, item.ts)));
    if (left > 0) parts.push(element("p", "rnb-details-note", `and ${countText(left, "document")} more`));
    if (ran.length > 0) {
      parts.push(element("h3", "", "What ran for it"));
      for (const { why, ms } of ran) parts.push(element("p", "rnb-details-fact", `${why} (${spanText(ms)})`));
    }
    return parts;
  }

  private change({ table, id, change, fields }: LogChange, ts: number): HTMLElement {
    const box = element("div", "rnb-log-change");
    const line = element("div", "rnb-log-document");
    line.append(element("span", "rnb-log-kind", change));
    // A document that was deleted is shown as of the commit before.
    const options = change === "deleted" ? { id, at: ts - 1 } : { id };
    const open = textButton(table, () => this.context?.openBrowser(table, options), this.life.signal);
    open.className = "rnb-lab-link";
    open.title = change === "deleted" ? `Open ${table} at this document, as of commit ${ts - 1}` : `Open ${table} at this document`;
    line.append(open, element("code", "rnb-log-id", id));
    box.append(line);
    const list = element("dl", "rnb-details-fields");
    for (const [name, before, after] of fields) {
      const value = element("dd");
      if (before.length > 0) value.append(element("del", "", showCell(before[0], name).text));
      if (before.length > 0 && after.length > 0) value.append(" → ");
      if (after.length > 0) value.append(element("ins", "", showCell(after[0], name).text));
      list.append(element("dt", "", name), value);
    }
    if (fields.length > 0) box.append(list);
    return box;
  }
}

const when = ({ time_ms }: LogItem): string => (time_ms === null ? "" : whenText(time_ms, Date.now()));

function tone(kind: LogItem["kind"]): string {
  switch (kind) {
    case "commit":
      return "usual";
    case "conflict":
    case "retry":
    case "slow":
      return "busy";
    case "error":
      return "bad";
  }
}
