// What all sections have in common that show one list of the kernel: a box to filter by, the list, a note where it is
// empty or cannot be had, and the details of the selected item below it. In: a context, and through it the list. Out: rows
// and details that a section draws.

import type { LabIcon } from "@jupyterlab/ui-components";
import { element, setText } from "../../reactive_nb/notebook/static/dom.js";
import { filterBox, matches } from "./parts";
import type { Context, Feed, ItemList, Section } from "./section";
import { VirtualList } from "./virtualList";

/** An item with its key. */
export interface Line<Item> {
  readonly key: string;
  readonly item: Item;
}

export interface ListSectionOptions {
  readonly id: string;
  readonly label: string;
  readonly icon: LabIcon;
  /** What the filter says while it is empty. */
  readonly filter: string;
  readonly rowHeight: number;
  /** What to do when the list has no items. */
  readonly empty: string;
  /** The same of an earlier commit. */
  readonly emptyThen: string;
}

export abstract class ListSection<Item> implements Section {
  readonly id: string;
  readonly label: string;
  readonly icon: LabIcon;
  readonly node: HTMLElement;
  protected readonly life = new AbortController();
  protected readonly toolbar = element("div", "rnb-section-toolbar");
  protected readonly details = element("div", "rnb-details");
  protected context: Context | null = null;
  protected list: ItemList<Item> | null = null;
  private readonly rows: VirtualList<Line<Item>>;
  private readonly filter: HTMLInputElement;
  private readonly note = element("p", "rnb-section-note");
  private feed: Feed | null = null;
  private wanted: string | null = null;
  private lines = new Map<string, Line<Item>>();

  constructor(private readonly options: ListSectionOptions) {
    this.id = options.id;
    this.label = options.label;
    this.icon = options.icon;
    this.node = element("div", `rnb-section rnb-${options.id}`);
    this.filter = filterBox(options.filter, () => this.draw(), this.life.signal);
    this.rows = new VirtualList<Line<Item>>({
      rowHeight: options.rowHeight,
      label: options.label,
      key: (line) => line.key,
      draw: (row, line) => this.drawRow(row, line.item),
      select: () => this.showDetails(),
    });
    this.toolbar.append(this.filter);
    this.details.hidden = true;
    this.node.append(this.toolbar, this.note, this.rows.node, this.details);
  }

  /** The text that the filter looks in. */
  protected abstract textOf(item: Item): string;
  /** Whether an item is shown, whatever the filter says. */
  protected isWanted(_item: Item): boolean {
    return true;
  }
  /** Draw an item into its row. */
  protected abstract drawRow(row: HTMLElement, item: Item): void;
  /** Draw what is known of the selected item; called again when it has changed. */
  protected abstract drawDetails(line: Line<Item>): void;
  /** Called instead when no item is selected. */
  protected clearDetails(): void {
    // Most sections have nothing to end: what is out of sight is drawn anew when something is selected.
  }
  /** Whether `showSection` meant this item; by default it names the key. */
  protected isGoal(line: Line<Item>, wanted: string): boolean {
    return line.key === wanted;
  }

  show(context: Context, key?: string): void {
    const before = this.context;
    this.context = context;
    this.wanted = key ?? this.wanted;
    const isSameDatabase = before !== null && before.link === context.link && before.db === context.db;
    const isSamePlace = isSameDatabase && before.at === context.at;
    if (!isSameDatabase) {
      // Of another commit the items stay until those are there, and with them what is selected.
      this.list = null;
      this.lines.clear();
    }
    if (!isSamePlace || this.feed === null) {
      this.feed?.close();
      this.feed = context.link.list<Item>(this.id, context.db, context.at, (list) => {
        this.list = list;
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
    this.rows.dispose();
  }

  /** Ask the kernel for something about the database that is looked at; what it refuses stands at the foot of the panel. */
  protected async ask<T>(method: string, params: object): Promise<T | null> {
    const { context } = this;
    if (context === null) return null;
    try {
      const answer = await context.link.request<T>(method, { db: context.db, ...params });
      context.status("");
      return answer;
    } catch (error) {
      context.status(error instanceof Error ? error.message : String(error), true);
      return null;
    }
  }

  /** Draw all of it again. */
  protected draw(): void {
    const all = this.list === null ? [] : this.list.order.flatMap((key) => this.line(key) ?? []);
    const { wanted } = this;
    // What somebody goes to is shown, also where the filter that still stands here would keep it out.
    if (wanted !== null && all.some((line) => this.isGoal(line, wanted) && !matches(this.textOf(line.item), this.filter.value))) this.filter.value = "";
    const found = all.filter(({ item }) => this.isWanted(item) && matches(this.textOf(item), this.filter.value));
    for (const key of this.lines.keys()) if (!this.list?.items.has(key)) this.lines.delete(key);
    this.rows.set(found);
    const goal = wanted === null ? undefined : found.find((line) => this.isGoal(line, wanted));
    if (goal !== undefined) {
      this.rows.selectedKey = goal.key;
      this.wanted = null;
    }
    setText(this.note, this.noteText(all.length, found.length));
    this.note.hidden = this.note.textContent === "";
    this.note.classList.toggle("rnb-lab-error", this.list?.error != null);
    this.showDetails();
  }

  /** Return an item with its key: the same object for as long as the item is the same, so that its row is not drawn again. */
  private line(key: string): Line<Item> | undefined {
    const item = this.list?.items.get(key);
    if (item === undefined) return undefined;
    const known = this.lines.get(key);
    if (known?.item === item) return known;
    const line = { key, item };
    this.lines.set(key, line);
    return line;
  }

  private noteText(all: number, found: number): string {
    const { list } = this;
    if (list?.error) return `${list.error.name}: ${list.error.message}`;
    if (list === null || list.state === "loading") return "Loading …";
    if (all === 0) return this.context?.at == null ? this.options.empty : this.options.emptyThen;
    if (found > 0) return "";
    return this.filter.value.trim() === "" ? "Nothing here is of this kind." : "Nothing here has these words.";
  }

  private showDetails(): void {
    const key = this.rows.selectedKey;
    const line = key === null ? undefined : this.line(key);
    this.details.hidden = line === undefined;
    if (line === undefined) this.clearDetails();
    else this.drawDetails(line);
  }
}

/** Set the texts of a row's parts, which are made when it is drawn for the first time. */
export function setParts(row: HTMLElement, parts: readonly (readonly [className: string, text: string])[]): void {
  while (row.children.length < parts.length) row.append(element("span"));
  for (const [place, [className, text]] of parts.entries()) {
    const part = row.children[place] as HTMLElement;
    if (part.className !== className) part.className = className;
    setText(part, text);
    part.hidden = text === "";
  }
}

/** Return a list of names and what is said of each; those of which nothing is said are left out. */
export function factList(facts: readonly (readonly [name: string, text: string])[]): HTMLElement {
  const list = element("dl", "rnb-details-facts");
  for (const [name, text] of facts) if (text !== "") list.append(element("dt", "", name), element("dd", "", text));
  return list;
}
