// The rows of a data browser: the live table of the widgets, which can go on to another page. In: names of views. Out: the
// same drawing, editing and keys as in a notebook, and word of what is drawn and edited.

import { Editing } from "../../../reactive_nb/notebook/static/editing.js";
import { listenToGrid } from "../../../reactive_nb/notebook/static/gridevents.js";
import { GridView } from "../../../reactive_nb/notebook/static/gridview.js";
import { RowWindow } from "../../../reactive_nb/notebook/static/rows.js";
import { HEAD } from "../../../reactive_nb/notebook/static/selection.js";
import { randomName, type Connection, type Session, type Viewer } from "../../../reactive_nb/notebook/static/session.js";
import { looksLikeId } from "./place";

/** What a grid tells its browser. */
export interface GridEvents {
  /** It was drawn: the rows, the selection or the connection may be others. */
  drawn(): void;
  /** A cell was changed; `undo` says whether that can be taken back. */
  edited(column: string, answer: { readonly ts: number; readonly undo: boolean }): void;
  /** The kernel knows the view no more. */
  lost(): void;
}

export class BrowserGrid extends GridView {
  /** The document to go to as soon as it is there. */
  private wanted: string | null = null;

  constructor(
    host: HTMLElement,
    session: Session,
    private readonly events: GridEvents,
    signal: AbortSignal,
  ) {
    super(host, { view: "" });
    this.session = session;
    new Editing(this);
    listenToGrid(this, signal);
  }

  /** Show another view in the same place; the widths of columns, the order and the filter stay. */
  async goTo(view: string, select: string | null): Promise<void> {
    await this.editing?.commit(0);
    const { session } = this;
    if (session === null) return;
    session.hide(this);
    if (select === null && view !== this.view) this.scroll.scrollTop = 0;
    this.view = view;
    this.wanted = select;
    this.draw(); // at the top by now: the rows that come are no news to hold on to
    session.show(this);
  }

  /** The row of the active cell. */
  get activeKey(): string | null {
    const { active } = this.selection;
    return active === null || active.place === HEAD ? null : active.key;
  }

  /** The id of another document that the active cell holds; null where it holds none. */
  get heldId(): string | null {
    const { active } = this.selection;
    if (active === null || active.key === null || active.column === "_id") return null;
    const cell: unknown = this.known.rows.get(active.key)?.[active.column];
    return looksLikeId(cell) ? cell : null;
  }

  /** Select the cell under the pointer, as a menu for it is about to open; of several selected rows all stay selected. */
  selectAt(event: MouseEvent): void {
    if (!(event.target instanceof Element) || event.target.closest(".rnb-body") === null || this.known.total === 0) return;
    const { place, column } = this.cellAt(event);
    const { range } = this.selection;
    if (range !== null && place >= range.top && place <= range.bottom && range.top !== range.bottom) return;
    this.selection.go(place, column);
    this.redraw();
  }

  /** The keys of the selected rows, from the kernel where the page has not all of them. */
  async selectedKeys(): Promise<string[]> {
    const { range } = this.selection;
    if (range === null) return [];
    const places = Array.from({ length: range.bottom - range.top + 1 }, (_, at) => range.top + at);
    const keys = places.map((place) => this.known.keyAt(place));
    if (keys.every((key) => key !== null)) return keys;
    const asked = { first: range.top, last: range.bottom, columns: ["_id"], ...this.arrangement };
    const found = (await this.request("tsv", asked)) as { text: string };
    return found.text.split("\n");
  }

  override async request(method: string, params: { readonly column?: string } & object): Promise<unknown> {
    const answer: unknown = await super.request(method, params);
    if (method === "edit") this.events.edited(params.column ?? "", answer as { ts: number; undo: boolean });
    return answer;
  }

  override receive(entry: { gone?: boolean; rows?: unknown }): void {
    super.receive(entry);
    if (entry.gone) this.events.lost();
    if (this.wanted === null || this.known.placeOf(this.wanted) < 0) return;
    const place = this.known.placeOf(this.wanted);
    this.wanted = null;
    const column = this.selection.active?.column ?? this.columns[0];
    if (column === undefined) return;
    this.selection.follow(this.columns);
    this.selection.go(place, this.columns.includes(column) ? column : (this.columns[0] ?? column));
    this.revealSoon = place;
  }

  private revealSoon: number | null = null;

  override draw(): void {
    super.draw();
    const place = this.revealSoon;
    this.revealSoon = null;
    if (place !== null && this.selection.active !== null) this.reveal(place, this.selection.active.column);
    this.events?.drawn(); // not yet there while the class above draws for the first time
  }
}

/** One number of the kernel's that is kept true: how many documents there are. */
export class LiveNumber implements Viewer {
  readonly id = randomName();
  view = "";
  private readonly rows = new RowWindow();

  constructor(
    private readonly session: Session,
    private readonly changed: () => void,
  ) {}

  /** Null until it is known, and where it cannot be had. */
  get value(): number | null {
    const value: unknown = this.rows.rows.get("value")?.["value"];
    return typeof value === "number" ? value : null;
  }

  get engine(): string {
    return this.rows.engine;
  }

  goTo(view: string): void {
    this.session.hide(this);
    this.view = view;
    this.session.show(this);
  }

  dispose(): void {
    this.session.hide(this);
  }

  window(): null {
    return null;
  }

  receive(entry: object): void {
    this.rows.take(entry);
  }

  setTs(ts: number): void {
    this.rows.setTs(ts);
  }

  setConnection(_: Connection): void {
    // The rows beside it say so.
  }

  draw(): void {
    this.changed();
  }
}
