// A list of any length that draws only what is in sight. In: items, each named by a key. Out: one element with rows of one
// height, walked with the keyboard; selection, focus and place survive every update. Every section of the panel uses it.

import { element } from "../../reactive_nb/notebook/static/dom.js";
import { randomName } from "../../reactive_nb/notebook/static/session.js";

/** How many rows above and below what is in sight are drawn too. */
const MARGIN = 6;

export interface VirtualListOptions<Item> {
  /** The height of every row, in pixels. */
  rowHeight: number;
  /** What it is, for people who cannot see it. */
  label: string;
  key(item: Item): string;
  /** Draw an item into its row, again whenever it or the state is another; the row is the same element each time. */
  draw(row: HTMLElement, item: Item, state: { selected: boolean }): void;
  /** Called at Enter, and at a double click, or at a click with `activateOnClick`. */
  activate?(item: Item): void;
  /** Called when another item is selected, and with null when the selected one is gone. */
  select?(item: Item | null): void;
  /** Whether one click activates. */
  activateOnClick?: boolean;
}

/**
 * Return which items to draw: from the first, up to the second, which is not among them.
 *
 * @param top how far the list is scrolled, in pixels
 * @param height how much of it is in sight, in pixels
 * @param count how many items there are
 * @param rowHeight the height of one
 */
export function visibleRange(top: number, height: number, count: number, rowHeight: number): [number, number] {
  const first = Math.max(0, Math.floor(top / rowHeight) - MARGIN);
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + MARGIN);
  return [Math.min(first, last), last];
}

interface Drawn<Item> {
  readonly row: HTMLElement;
  item: Item;
  selected: boolean;
}

export class VirtualList<Item> {
  readonly node: HTMLElement;
  private readonly body: HTMLElement;
  private readonly id = randomName();
  private readonly life = new AbortController();
  private readonly size: ResizeObserver;
  private readonly drawn = new Map<string, Drawn<Item>>();
  private items: readonly Item[] = [];
  private places = new Map<string, number>();
  private rowNumber = 0;
  /** How much of it was in sight when it was last drawn, in pixels. */
  private height = 0;
  private selected: string | null = null;
  /** Where the selected item stood last: the keyboard goes on from there when it is gone. */
  private place = -1;

  constructor(private readonly options: VirtualListOptions<Item>) {
    this.node = element("div", "rnb-list");
    this.node.tabIndex = 0;
    this.node.setAttribute("role", "listbox");
    this.node.setAttribute("aria-label", options.label);
    this.body = element("div", "rnb-list-body");
    this.body.setAttribute("role", "presentation");
    this.node.append(this.body);
    const { signal } = this.life;
    this.node.addEventListener("scroll", () => this.redraw(), { signal, passive: true });
    this.node.addEventListener("keydown", (event) => this.onKey(event), { signal });
    this.node.addEventListener("click", (event) => this.onClick(event, options.activateOnClick ?? false), { signal });
    this.node.addEventListener("dblclick", (event) => this.onClick(event, !options.activateOnClick), { signal });
    this.size = new ResizeObserver(() => this.redraw());
    this.size.observe(this.node);
  }

  /** Show these items, in this order. */
  set(items: readonly Item[]): void {
    this.items = items;
    this.places = new Map(items.map((item, place) => [this.options.key(item), place]));
    this.body.style.height = `${items.length * this.options.rowHeight}px`;
    const place = this.selected === null ? undefined : this.places.get(this.selected);
    const isLost = this.selected !== null && place === undefined;
    if (isLost) this.selected = null;
    else if (place !== undefined) this.place = place;
    this.redraw();
    if (isLost) this.options.select?.(null);
  }

  /** The key of the selected item; null when there is none. Setting it brings the item into sight. */
  get selectedKey(): string | null {
    return this.selected;
  }

  set selectedKey(key: string | null) {
    const place = key === null ? undefined : this.places.get(key);
    if (place === undefined) this.choose(null, -1);
    else this.choose(key, place);
  }

  focus(): void {
    this.node.focus();
  }

  dispose(): void {
    this.life.abort();
    this.size.disconnect();
    this.node.remove();
  }

  private choose(key: string | null, place: number): void {
    const isAnother = key !== this.selected;
    this.selected = key;
    if (key !== null) {
      this.place = place;
      this.bringIntoSight(place);
    }
    this.redraw();
    const item = key === null ? undefined : this.items[place];
    if (isAnother) this.options.select?.(item ?? null);
  }

  private bringIntoSight(place: number): void {
    const { rowHeight } = this.options;
    const top = place * rowHeight;
    const { scrollTop, clientHeight } = this.node;
    if (top < scrollTop) this.node.scrollTop = top;
    else if (top + rowHeight > scrollTop + clientHeight) this.node.scrollTop = top + rowHeight - clientHeight;
  }

  /** Less of it is in sight, as when the details of a row that was clicked open below: that row is not to vanish by it. */
  private onHeight(): void {
    const { rowHeight } = this.options;
    const { scrollTop, clientHeight } = this.node;
    const place = this.selected === null ? undefined : this.places.get(this.selected);
    const wasInSight = place !== undefined && (place + 1) * rowHeight > scrollTop && place * rowHeight < scrollTop + this.height;
    this.height = clientHeight;
    if (wasInSight && clientHeight > 0) this.bringIntoSight(place);
  }

  private redraw(): void {
    const { rowHeight, key } = this.options;
    if (this.node.clientHeight !== this.height) this.onHeight();
    const [first, last] = visibleRange(this.node.scrollTop, this.node.clientHeight, this.items.length, rowHeight);
    const wanted = new Set<string>();
    const draw = (place: number): void => {
      const item = this.items[place];
      if (item === undefined) return;
      const name = key(item);
      wanted.add(name);
      this.drawItem(name, item, place);
    };
    for (let place = first; place < last; place++) draw(place);
    // The selected row is there, also out of sight: a screen reader is told of it by its id.
    const selected = this.selected === null ? undefined : this.places.get(this.selected);
    if (selected !== undefined && (selected < first || selected >= last)) draw(selected);
    for (const [name, { row }] of this.drawn) {
      if (wanted.has(name)) continue;
      row.remove();
      this.drawn.delete(name);
    }
    const active = this.selected === null ? undefined : this.drawn.get(this.selected);
    if (active === undefined) this.node.removeAttribute("aria-activedescendant");
    else this.node.setAttribute("aria-activedescendant", active.row.id);
  }

  private drawItem(name: string, item: Item, place: number): void {
    const selected = name === this.selected;
    let drawn = this.drawn.get(name);
    if (drawn === undefined) {
      const row = element("div", "rnb-list-row");
      row.id = `${this.id}-${++this.rowNumber}`;
      row.dataset["key"] = name;
      row.setAttribute("role", "option");
      row.style.height = `${this.options.rowHeight}px`;
      this.body.append(row);
      drawn = { row, item, selected };
      this.drawn.set(name, drawn);
      this.drawRow(drawn);
    } else if (drawn.item !== item || drawn.selected !== selected) {
      drawn.item = item;
      drawn.selected = selected;
      this.drawRow(drawn);
    }
    drawn.row.style.top = `${place * this.options.rowHeight}px`;
    drawn.row.setAttribute("aria-posinset", String(place + 1));
    drawn.row.setAttribute("aria-setsize", String(this.items.length));
  }

  private drawRow({ row, item, selected }: Drawn<Item>): void {
    row.setAttribute("aria-selected", String(selected));
    this.options.draw(row, item, { selected });
  }

  private onClick(event: MouseEvent, isActivating: boolean): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>(".rnb-list-row");
    const key = row?.dataset["key"];
    const place = key === undefined ? undefined : this.places.get(key);
    if (key === undefined || place === undefined) return;
    this.choose(key, place);
    const item = this.items[place];
    if (isActivating && item !== undefined) this.options.activate?.(item);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.node) return;
    const page = Math.max(1, Math.floor(this.node.clientHeight / this.options.rowHeight) - 1);
    const last = this.items.length - 1;
    // Where it was, something else stands now: one step down from what is gone is that place itself.
    const down = this.selected === null && this.place >= 0 ? this.place : this.place + 1;
    const goals: Record<string, number> = {
      ArrowDown: down,
      ArrowUp: this.place - 1,
      PageDown: this.place + page,
      PageUp: this.place - page,
      Home: 0,
      End: last,
    };
    const goal = goals[event.key];
    const item = this.selected === null ? undefined : this.items[this.places.get(this.selected) ?? -1];
    if (goal !== undefined && last >= 0) {
      const place = Math.max(0, Math.min(goal, last));
      const target = this.items[place];
      if (target !== undefined) this.choose(this.options.key(target), place);
    } else if (event.key === "Enter" && item !== undefined) {
      this.options.activate?.(item);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
