// The graph view: how data reaches what is shown, in the main area. In: the list `graph`, whose items are boxes of four
// columns with what leads to each. Out: the boxes that are in sight and the lines that cross it; those that the last
// commit touched, or the one that is looked at, are lit from end to end. A box opens what it is about.

import type { JupyterFrontEnd } from "@jupyterlab/application";
import { MainAreaWidget } from "@jupyterlab/apputils";
import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { element, setText } from "../../reactive_nb/notebook/static/dom.js";
import { COLUMNS, Layout, type Sight } from "./graphLayout";
import { panelIcon } from "./icons";
import type { GraphItem } from "./messages";
import { numberText } from "./parts";
import type { Context, Feed, ItemList } from "./section";

const NAMESPACE = "http://www.w3.org/2000/svg";
/** The room between two boxes of a column, in pixels. */
const GAP = 6;
/** How much more than what is in sight has its lines, in pixels: scrolling shows it before it can be drawn. */
const BEYOND = 200;
/** Ways from box to box; Enter and Space are those of every button. */
const ARROWS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"];

export class GraphView extends Widget {
  private readonly life = new AbortController();
  private readonly head = element("div", "rnb-graph-head");
  private readonly body = element("div", "rnb-graph-body");
  private readonly grid = element("div", "rnb-graph-columns");
  private readonly note = element("p", "rnb-section-note");
  private readonly columns: HTMLElement[];
  private readonly svg = document.createElementNS(NAMESPACE, "svg");
  private readonly usual = linesOf("rnb-graph-usual");
  private readonly touched = linesOf("rnb-graph-touched");
  private readonly near = linesOf("rnb-graph-near");
  /** The boxes that are drawn. */
  private readonly boxes = new Map<string, HTMLButtonElement>();
  private readonly size: ResizeObserver;
  private context: Context | null = null;
  private feed: Feed | null = null;
  private list: ItemList<GraphItem> | null = null;
  private layoutOf = new Layout(new Map(), []);
  /** How high a box is, as the reader's fonts make it; 0 until one was measured. */
  private boxHeight = 0;
  /** The box whose way is lit while somebody points at it or has it in focus. */
  private pointed: string | null = null;
  /** The box that Tab leads to: all others are reached from it by arrows. */
  private current: string | null = null;
  private frame: number | undefined;

  constructor() {
    super();
    this.addClass("rnb-graph");
    this.node.tabIndex = -1;
    this.head.setAttribute("role", "status");
    this.svg.classList.add("rnb-graph-lines");
    this.svg.setAttribute("aria-hidden", "true"); // each box says what leads to it
    this.svg.append(this.usual, this.touched, this.near);
    this.columns = COLUMNS.map((name) => {
      const column = element("section", "rnb-graph-column");
      const boxes = element("div", "rnb-graph-boxes");
      boxes.setAttribute("role", "list");
      boxes.setAttribute("aria-label", name);
      column.append(element("h2", "", name), boxes);
      this.grid.append(column);
      return boxes;
    });
    this.body.append(this.svg, this.grid);
    this.node.append(this.head, this.note, this.body);
    const { signal } = this.life;
    this.grid.addEventListener("pointerover", ({ target }) => this.point(keyOf(target)), { signal });
    this.grid.addEventListener("pointerleave", () => this.point(walkedTo(document.activeElement)), { signal });
    this.grid.addEventListener("focusin", ({ target }) => this.onFocus(target), { signal });
    this.grid.addEventListener("focusout", () => this.point(null), { signal });
    this.grid.addEventListener("keydown", (event) => this.onKey(event), { signal });
    this.grid.addEventListener("click", ({ target }) => this.open(keyOf(target)), { signal });
    this.body.addEventListener("scroll", () => this.redrawSoon(), { signal, passive: true });
    this.size = new ResizeObserver(() => {
      this.boxHeight = 0;
      this.redraw();
    });
    this.size.observe(this.body);
  }

  /** Show a database, as of the context's commit; null: there is none any more. */
  look(context: Context | null): void {
    const before = this.context;
    this.context = context;
    if (before !== null && context !== null && before.link === context.link && before.db === context.db) {
      if (before.at === context.at) return;
      // Of another commit the boxes of this one stay until those are there.
    } else {
      this.list = null;
    }
    this.draw();
    if (this.isVisible) this.follow();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.feed?.close();
    this.size.disconnect();
    this.life.abort();
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.follow();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.feed?.close();
    this.feed = null;
  }

  protected override onActivateRequest(): void {
    (this.boxes.get(this.current ?? "") ?? this.node).focus();
  }

  private follow(): void {
    this.feed?.close();
    this.feed = null;
    const { context } = this;
    if (context === null) return;
    this.feed = context.link.list<GraphItem>("graph", context.db, context.at, (list) => {
      this.list = list;
      this.draw();
    });
  }

  private draw(): void {
    const { list, context } = this;
    this.layoutOf = new Layout(list?.items ?? new Map(), list?.order ?? []);
    const { items } = this.layoutOf;
    if (this.current === null || !items.has(this.current)) this.current = this.layoutOf.columns.flat()[0] ?? null;
    if (this.pointed !== null && !items.has(this.pointed)) this.pointed = null;
    setText(this.note, this.noteText(items.size));
    this.note.hidden = this.note.textContent === "";
    this.body.hidden = items.size === 0;
    this.head.hidden = context?.at == null;
    if (context?.at != null) {
      setText(this.head, `As of commit ${numberText(context.at)}, read-only: the sizes of then, and what it touched. Queries and their ranges are those of now.`);
    }
    this.redraw();
  }

  private noteText(count: number): string {
    const { list, context } = this;
    if (context === null) return "There is no database to look at: open the notebook whose kernel has it.";
    if (list?.error) return `${list.error.name}: ${list.error.message}`;
    if (list === null || list.state === "loading") return "Loading …";
    if (count === 0) return "There are no tables yet, and no live queries.";
    return this.layoutOf.columns[2]?.length ? "" : "No live query yet: query.live(…) makes one.";
  }

  private redrawSoon(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.redraw();
    });
  }

  /** Draw what is in sight, where it stands now. */
  private redraw(): void {
    if (!this.isVisible || this.body.hidden || this.isDisposed) return;
    const layout = this.layoutOf;
    this.measure();
    // All that is read of the page comes first: reading after writing has it laid out anew.
    const top = this.columns[0]?.offsetTop ?? 0;
    const { scrollTop, clientHeight } = this.body;
    const width = this.grid.offsetWidth;
    const spans = this.columns.map(({ offsetLeft, offsetWidth }) => ({ left: offsetLeft, right: offsetLeft + offsetWidth }));
    const sight: Sight = {
      boxHeight: this.boxHeight,
      rowHeight: this.boxHeight + GAP,
      top: Math.max(0, scrollTop - top - BEYOND),
      bottom: Math.min(layout.rows * (this.boxHeight + GAP), scrollTop + clientHeight - top + BEYOND),
    };
    const near = this.pointed === null ? null : layout.connected(this.pointed);
    const wanted = new Set(COLUMNS.flatMap((_, column) => layout.visible(column, sight)));
    // The one in focus stays where it is, also out of sight: else the focus would be lost.
    if (this.current !== null) wanted.add(this.current);
    for (const [key, box] of this.boxes) {
      if (wanted.has(key)) continue;
      box.parentElement?.remove();
      this.boxes.delete(key);
    }
    for (const key of wanted) this.drawBox(key, sight.rowHeight, near);
    for (const [place, column] of this.columns.entries()) column.style.height = `${(layout.columns[place]?.length ?? 0) * sight.rowHeight}px`;
    const lines = layout.lines(spans, sight, near);
    for (const [path, data] of [[this.usual, lines.usual], [this.touched, lines.touched], [this.near, lines.near]] as const) path.setAttribute("d", data);
    // Only as large as what is in sight: a drawing of all would be longer than a browser draws well.
    this.svg.style.top = `${top + sight.top}px`;
    this.svg.style.width = `${width}px`;
    this.svg.style.height = `${Math.max(0, sight.bottom - sight.top)}px`;
  }

  /** Find out how high a box is: it depends on the reader's fonts. */
  private measure(): void {
    if (this.boxHeight > 0) return;
    const entry = newEntry();
    for (const part of entry.firstElementChild?.children ?? []) part.textContent = "x";
    this.columns[0]?.append(entry);
    this.boxHeight = (entry.firstElementChild as HTMLElement).offsetHeight;
    entry.remove();
  }

  private drawBox(key: string, rowHeight: number, near: ReadonlySet<string> | null): void {
    const layout = this.layoutOf;
    const item = layout.items.get(key);
    const spot = layout.spot(key);
    if (item === undefined || spot === undefined) return;
    const box = this.boxes.get(key) ?? this.addBox(key, spot.column);
    const entry = box.parentElement as HTMLElement;
    const [text, note] = box.children;
    if (text === undefined || note === undefined) return;
    entry.style.top = `${spot.row * rowHeight}px`;
    entry.setAttribute("aria-posinset", String(spot.row + 1));
    entry.setAttribute("aria-setsize", String(layout.columns[spot.column]?.length ?? 0));
    setText(text, item.text);
    setText(note, item.note);
    box.style.height = `${this.boxHeight}px`;
    box.tabIndex = key === this.current ? 0 : -1;
    box.classList.toggle("rnb-graph-touched", item.touched);
    box.classList.toggle("rnb-graph-near", near?.has(key) ?? false);
    const from = item.before.map((each) => layout.items.get(each)?.words ?? each).join("; ");
    const told = item.note && item.column !== 1 ? item.note : ""; // that of a range is in its words
    const touched = item.touched ? `touched by ${this.context?.at == null ? "the last commit" : "this commit"}` : "";
    const label = [item.words, told, from && `from ${from}`, touched].filter(Boolean).join("; ");
    if (box.getAttribute("aria-label") !== label) box.setAttribute("aria-label", label);
    box.title = [item.words, told, touched, this.goal(item)].filter(Boolean).join("\n");
  }

  private addBox(key: string, column: number): HTMLButtonElement {
    const entry = newEntry();
    const box = entry.firstElementChild as HTMLButtonElement;
    box.dataset["key"] = key;
    this.boxes.set(key, box);
    this.columns[column]?.append(entry);
    return box;
  }

  /** What a click does. */
  private goal({ column, table, index }: GraphItem): string {
    if (column === 1 && index !== "") return `Click to browse ${table} by ${index}`;
    return column <= 1 ? `Click to browse ${table}` : "Click for its section Live";
  }

  private open(key: string | null): void {
    const item = key === null ? undefined : this.layoutOf.items.get(key);
    const { context } = this;
    if (item === undefined || context === null) return;
    if (item.column >= 2) context.showSection("lives", item.live ?? undefined);
    else context.openBrowser(item.table, item.index === "" ? {} : { index: item.index });
  }

  private onFocus(target: EventTarget | null): void {
    this.current = keyOf(target) ?? this.current;
    this.point(walkedTo(target));
  }

  private onKey(event: KeyboardEvent): void {
    const key = keyOf(event.target);
    if (key === null || !ARROWS.includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const goal = this.layoutOf.beside(key, event.key);
    const spot = goal === undefined ? undefined : this.layoutOf.spot(goal);
    if (goal === undefined || spot === undefined) return;
    const top = spot.row * (this.boxHeight + GAP);
    const above = this.columns[0]?.offsetTop ?? 0;
    const { scrollTop, clientHeight } = this.body;
    if (top < scrollTop) this.body.scrollTop = top; // below the head of the column, which stays in sight
    else if (top + above + this.boxHeight > scrollTop + clientHeight) this.body.scrollTop = top + above + this.boxHeight + GAP - clientHeight;
    this.current = goal;
    this.redraw(); // at once, so that it is there to be focused
    this.boxes.get(goal)?.focus({ preventScroll: true });
  }

  private point(key: string | null): void {
    if (key === this.pointed) return;
    this.pointed = key;
    this.redrawSoon();
  }
}

function newEntry(): HTMLElement {
  const box = element("button", "rnb-graph-box");
  box.type = "button";
  box.append(element("span", "rnb-graph-text"), element("span", "rnb-graph-note"));
  const entry = element("div", "rnb-graph-entry");
  entry.setAttribute("role", "listitem");
  entry.append(box);
  return entry;
}

function linesOf(className: string): SVGPathElement {
  const path = document.createElementNS(NAMESPACE, "path");
  path.classList.add(className);
  return path;
}

function keyOf(target: EventTarget | null): string | null {
  return target instanceof Element ? (target.closest<HTMLElement>(".rnb-graph-box")?.dataset["key"] ?? null) : null;
}

/** The box in focus if the keyboard brought it there: when the graph is opened, its first box is not one that is pointed at. */
function walkedTo(target: EventTarget | null): string | null {
  return target instanceof Element && target.matches(":focus-visible") ? keyOf(target) : null;
}

/** The one tab of the main area with the graph. */
export class GraphTab {
  private tab: MainAreaWidget<GraphView> | null = null;

  constructor(private readonly app: JupyterFrontEnd) {}

  /** Show it, of this database. */
  readonly open = (context: Context): void => {
    if (this.tab === null || this.tab.isDisposed) this.tab = graphWidget();
    this.tab.content.look(context);
    if (!this.tab.isAttached) this.app.shell.add(this.tab, "main");
    this.app.shell.activateById(this.tab.id);
  };

  /** Go on with another context, if it is open; null: there is nothing to look at. */
  follow(context: Context | null): void {
    if (this.tab !== null && !this.tab.isDisposed) this.tab.content.look(context);
  }
}

function graphWidget(): MainAreaWidget<GraphView> {
  const widget = new MainAreaWidget({ content: new GraphView() });
  widget.id = "reactive-nb-graph";
  widget.title.label = "Data graph";
  widget.title.icon = panelIcon;
  widget.title.closable = true;
  return widget;
}
