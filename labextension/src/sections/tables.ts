// The section Tables. In: the list of tables, live. Out: each with its number of documents; the selected one with its
// fields and indexes; a click or Enter opens its documents.

import { spreadsheetIcon } from "@jupyterlab/ui-components";
import { element, setChildren, setText } from "../../../reactive_nb/notebook/static/dom.js";
import type { IndexItem, TableItem } from "../messages";
import { countText, filterBox, matches, numberText, textButton } from "../parts";
import type { Context, Feed, ItemList, Section } from "../section";
import { VirtualList } from "../virtualList";

/** The row that shows and hides the engine's own tables. */
interface Fold {
  readonly fold: true;
  readonly count: number;
  readonly isOpen: boolean;
}

type Line = TableItem | Fold;

const FOLD_KEY = " fold"; // no table is called so

const isFold = (line: Line): line is Fold => "fold" in line;

export class Tables implements Section {
  readonly id = "tables";
  readonly label = "Tables";
  readonly icon = spreadsheetIcon;
  readonly node = element("div", "rnb-section rnb-tables");
  private readonly life = new AbortController();
  private readonly filter: HTMLInputElement;
  private readonly list: VirtualList<Line>;
  private readonly note = element("p", "rnb-section-note");
  private readonly details = element("div", "rnb-details");
  private readonly detailsName = element("span", "rnb-details-name");
  private readonly detailsCount = element("span", "rnb-details-count");
  private readonly detailsBody = element("div", "rnb-details-body");
  private context: Context | null = null;
  private feed: Feed | null = null;
  private tables: ItemList<TableItem> | null = null;
  private isOpen = false;
  private wanted: string | null = null;
  private detailsShown = "";

  constructor() {
    this.filter = filterBox("Filter tables and fields", () => this.draw(), this.life.signal);
    this.list = new VirtualList<Line>({
      rowHeight: 24,
      label: "Tables",
      key: (line) => (isFold(line) ? FOLD_KEY : line.name),
      draw: drawLine,
      activate: (line) => this.open(line),
      select: () => this.drawDetails(),
      activateOnClick: true,
    });
    const toolbar = element("div", "rnb-section-toolbar");
    toolbar.append(this.filter);
    const head = element("div", "rnb-details-head");
    head.append(this.detailsName, this.detailsCount, textButton("Browse", () => this.openSelected(), this.life.signal));
    this.details.append(head, this.detailsBody);
    this.details.hidden = true;
    this.node.append(toolbar, this.note, this.list.node, this.details);
  }

  show(context: Context, key?: string): void {
    this.wanted = key ?? this.wanted;
    const before = this.context;
    this.context = context;
    const isSamePlace = before !== null && before.link === context.link && before.db === context.db;
    if (!isSamePlace) this.tables = null;
    if (!isSamePlace || before.at !== context.at || this.feed === null) {
      this.feed?.close();
      this.feed = context.link.list<TableItem>("tables", context.db, context.at, (list) => {
        this.tables = list;
        this.draw();
      });
    }
    this.draw();
  }

  hide(): void {
    this.feed?.close();
    this.feed = null;
  }

  dispose(): void {
    this.hide();
    this.life.abort();
    this.list.dispose();
  }

  private open(line: Line): void {
    if (isFold(line)) {
      this.isOpen = !this.isOpen;
      this.draw();
    } else {
      this.context?.openBrowser(line.name);
    }
  }

  private draw(): void {
    const all = this.tables === null ? [] : this.tables.order.flatMap((key) => this.tables?.items.get(key) ?? []);
    if (this.wanted !== null && all.some((table) => table.name === this.wanted && table.system)) this.isOpen = true;
    // What somebody goes to is shown, also where the filter that still stands here would keep it out.
    if (all.some((table) => table.name === this.wanted && !matches(textOf(table), this.filter.value))) this.filter.value = "";
    const words = this.filter.value;
    const found = all.filter((table) => matches(textOf(table), words));
    const own = found.filter((table) => !table.system);
    const system = found.filter((table) => table.system);
    const isOpen = this.isOpen || words.trim() !== "";
    const fold: Line[] = system.length > 0 ? [{ fold: true, count: system.length, isOpen }] : [];
    this.list.set([...own, ...fold, ...(isOpen ? system : [])]);
    if (this.wanted !== null && all.some((table) => table.name === this.wanted)) {
      this.list.selectedKey = this.wanted;
      this.wanted = null;
    }
    setText(this.note, this.noteText(all, found));
    this.note.hidden = this.note.textContent === "";
    this.note.classList.toggle("rnb-lab-error", this.tables?.error != null);
    this.drawDetails();
  }

  private noteText(all: readonly TableItem[], found: readonly TableItem[]): string {
    const list = this.tables;
    if (list?.error) return `${list.error.name}: ${list.error.message}`;
    if (list === null || list.state === "loading") return "Loading …";
    if (found.length === 0 && all.length > 0) return "No table or field has these words.";
    if (all.every((table) => table.system)) return "There are no tables yet. Declare some: db.define(tasks=rnb.table(title=v.string()))";
    return "";
  }

  private drawDetails(): void {
    const key = this.list.selectedKey;
    const table = key === null ? undefined : this.tables?.items.get(key);
    this.details.hidden = table === undefined;
    if (table === undefined) return;
    setText(this.detailsName, table.name);
    setText(this.detailsCount, countText(table.documents, "document"));
    const shown = JSON.stringify([table.name, table.fields, table.indexes]);
    if (shown === this.detailsShown) return; // what somebody may have selected in it stays
    this.detailsShown = shown;
    this.detailsBody.replaceChildren(...fieldsOf(table), ...indexesOf(table.indexes));
  }

  private openSelected(): void {
    const table = this.list.selectedKey;
    if (table !== null) this.context?.openBrowser(table);
  }
}

const textOf = ({ name, fields }: TableItem): string => [name, ...fields.map((field) => field.name)].join(" ");

function drawLine(row: HTMLElement, line: Line): void {
  row.classList.toggle("rnb-tables-fold", isFold(line));
  const parts = row.children.length > 0 ? [...row.children] : [element("span", "rnb-row-name"), element("span", "rnb-row-count")];
  const [name, count] = parts;
  if (name === undefined || count === undefined) return;
  setChildren(row, parts);
  if (isFold(line)) {
    row.setAttribute("aria-expanded", String(line.isOpen));
    setText(name, "System tables");
    setText(count, numberText(line.count));
    row.title = line.isOpen ? "Hide the tables that the engine keeps for itself" : "Show the tables that the engine keeps for itself";
    return;
  }
  setText(name, line.name);
  setText(count, numberText(line.documents));
  row.setAttribute("aria-label", `${line.name}, ${countText(line.documents, "document")}`);
  row.title = `${line.name}: open its ${countText(line.documents, "document")}`;
}

function fieldsOf({ fields, declared }: TableItem): HTMLElement[] {
  const list = element("dl", "rnb-details-fields");
  for (const { name, type, optional } of fields) {
    list.append(element("dt", "", optional ? `${name}?` : name), element("dd", "", type));
  }
  const parts: HTMLElement[] = [element("h3", "", "Fields"), list];
  if (!declared) parts.push(element("p", "rnb-details-note", "Its documents may have any other fields."));
  return parts;
}

function indexesOf(indexes: readonly IndexItem[]): HTMLElement[] {
  const list = element("dl", "rnb-details-fields");
  for (const { name, fields, kind, unique } of indexes) {
    const words = [kind === "index" ? "" : kind, unique ? "unique" : ""].filter(Boolean);
    list.append(element("dt", "", name), element("dd", "", [fields.join(", "), ...words].join(" · ")));
  }
  return [element("h3", "", "Indexes"), list];
}
