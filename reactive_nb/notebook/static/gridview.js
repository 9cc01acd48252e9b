// One rendering of a live table: joins what is known of the rows with the document. In: entries of the session, and what
// the reader does. Out: drawings, and the window that the reader looks at. It keeps: whatever changes, the first row in
// sight stays at its pixel, unless the reader is at the very top, where new rows are to be seen. A row that is being
// edited stays at its pixel wherever it is.

import { showCell } from "./cells.js";
import { element } from "./dom.js";
import { randomName } from "./session.js";
import { RowWindow } from "./rows.js";
import { Viewport, rowToHold } from "./viewport.js";
import { HEAD, Selection } from "./selection.js";
import { ColumnWidths, textMeasure } from "./widths.js";
import { GridBody, bodyHeight } from "./gridbody.js";
import { GridHead, nextSort } from "./gridhead.js";
import { GridFrame } from "./gridframe.js";
import { DetailPane } from "./detail.js";

const SYSTEM_COLUMNS = ["_creationTime", "_id"];
/** Heights of the head's rows, as in grid.css. */
const HEAD_HEIGHT = 27;
const FILTER_HEIGHT = 30;
const USUAL_HEIGHT = 420;
const FIRST_COUNT = 120;
/** How long the reader's place must be at rest until the kernel is told of it. */
const REST_MS = 150;
/** How long rows that were asked for are waited for, before others are asked for. */
const PATIENCE_MS = 500;

export class GridView {
  id = `rnb${randomName()}`;
  known = new RowWindow();
  selection = new Selection(this.known);
  scroll = element("div", "rnb-scroll");
  viewport = new Viewport(0, USUAL_HEIGHT);
  /** @type {import("./session.js").Session | null} null until it is found */
  session = null;
  /** @type {import("./session.js").Connection} */
  connection = "connecting";
  /** @type {import("./gridhead.js").Sort} */
  #sort = [];
  /** @type {import("./gridhead.js").Filter} */
  #filter = [];
  #showSystem = false;
  /** Where the reader was when last drawn: from the top, and from the left.
   * @type {[number, number]} */
  #place = [0, 0];
  /** Whether it is out of the document, as where JupyterLab takes out the cells that are out of sight; or never was in. */
  #isOut = true;
  /** @type {import("./viewport.js").Span} the rows last asked for */
  #span = { first: 0, count: FIRST_COUNT };
  /** When they were asked for; long ago: the answer is there. */
  #askedAt = -Infinity;
  /** @type {string | null} */
  #toldAnchor = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #restTimer = undefined;
  /** What was in sight before the changes that are not drawn yet.
   * @type {{places: [string, number][], viewport: Viewport, moved: Set<string>} | null} */
  #before = null;
  #drawnColumns = "";
  #drawnWidth = 0;
  #ownFrame = 0;
  /** @type {ResizeObserver} */
  #resizes;
  /** Whether a drawing may have to follow the rows with the selection. */
  #isChanged = true;
  /** Draws what lies over the cells; set by those who edit.
   * @type {import("./editing.js").Editing | null} */
  editing = null;

  /**
   * @param {HTMLElement} el
   * @param {any} snapshot
   */
  constructor(el, snapshot) {
    this.view = snapshot.view;
    this.known.take(snapshot);
    this.scroll.tabIndex = 0;
    this.scroll.setAttribute("role", "grid");
    this.scroll.setAttribute("aria-multiselectable", "true");
    this.head = new GridHead(this.id, {
      sort: (column, add) => this.sortBy(column, add),
      filter: (filter) => this.#setFilter(filter),
      resize: (column, width) => this.#resize(column, width),
      fit: (column) => this.#fit(column),
      widthOf: (column) => this.widths.of(column),
      leave: () => this.scroll.focus(),
    });
    this.detail = new DetailPane(
      async (key, column) => (await this.request("cell", { key, column })).text,
      () => this.closeDetail(),
    );
    this.frame = new GridFrame(this.scroll, this.detail.root);
    this.widths = new ColumnWidths(textMeasure(this.frame.root));
    this.body = new GridBody(this.id, this.widths);
    this.scroll.append(this.head.root, this.body.root, this.frame.none);
    this.scroll.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.frame.system.addEventListener("click", () => this.#toggleSystem());
    this.frame.filter.addEventListener("click", () => this.#toggleFilter());
    el.append(this.frame.root);
    this.#resizes = new ResizeObserver(() => this.#resized());
    this.#resizes.observe(this.scroll);
    this.draw();
  }

  /** Where the reader was when last drawn, from the top. */
  get scrollTop() {
    return this.#place[0];
  }

  get engine() {
    return this.known.engine;
  }

  /** The columns shown now. */
  get columns() {
    const { columns, kind } = this.known;
    const own = columns.filter((column) => !SYSTEM_COLUMNS.includes(column));
    return kind !== "table" || this.#showSystem || own.length === 0 ? columns : own;
  }

  /** Whether the kernel can answer. */
  get isAlive() {
    return this.connection === "alive";
  }

  get arrangement() {
    return { sort: this.#sort, filter: this.#filter };
  }

  get #isAsking() {
    return performance.now() - this.#askedAt < PATIENCE_MS;
  }

  /** @returns {object} what the reader looks at, as the kernel is told */
  window() {
    this.#toldAnchor = this.#anchor();
    return { ...this.#span, anchor: this.#toldAnchor, sort: this.#sort, filter: this.#filter };
  }

  /**
   * Ask the kernel about this view.
   * @param {string} method
   * @param {object} params
   * @returns {Promise<any>}
   */
  request(method, params) {
    if (this.session === null) return Promise.reject(new Error("The page is still connecting to the kernel."));
    return this.session.request(this.view, method, params);
  }

  /** @param {any} entry */
  receive(entry) {
    this.#rememberSight();
    const change = this.known.take(entry);
    const isScroll = this.#isAsking;
    const span = { first: this.known.first, count: this.known.order.length };
    if ("rows" in entry || "first" in entry || !this.viewport.needs(this.scrollTop, span)) this.#askedAt = -Infinity;
    for (const key of change.moved) this.#before?.moved.add(key);
    this.body.changed(change, isScroll, this.columns);
    this.detail.follow(this.known.rows, change.deleted);
    this.editing?.follow(change, isScroll);
    if (this.known.isStill) this.editing?.settle(this.known.ts); // no commit will be told any more
    this.#isChanged = true;
  }

  /** @param {number} ts */
  setTs(ts) {
    this.known.setTs(ts);
    this.editing?.settle(this.known.ts);
  }

  /** @param {import("./session.js").Connection} connection */
  setConnection(connection) {
    this.connection = connection;
    this.redraw();
  }

  /** Draw in the next animation frame. */
  redraw() {
    if (this.session !== null) this.session.schedule(this);
    else this.#ownFrame ||= requestAnimationFrame(() => this.draw());
  }

  dispose() {
    cancelAnimationFrame(this.#ownFrame);
    this.#resizes.disconnect();
    clearTimeout(this.#restTimer);
    this.editing?.dispose();
    this.frame.dispose();
  }

  draw() {
    this.#ownFrame = 0;
    // Read before anything is written, so that the browser need not lay out the page twice.
    let height = this.scroll.clientHeight;
    if (height === 0) this.#isOut = true;
    else if (this.#isOut) this.#comeBack();
    else this.#place = [this.scroll.scrollTop, this.scroll.scrollLeft];
    const { known, columns } = this;
    if (this.#isChanged || this.selection.columns.join("\n") !== columns.join("\n")) this.selection.follow(columns);
    this.#isChanged = false;
    this.frame.draw(known, this.connection, this.#filter.length > 0);
    this.#drawSystemButton();
    this.#drawHead(columns);
    this.viewport = new Viewport(known.total, this.#rowsHeight(height || USUAL_HEIGHT));
    const tall = bodyHeight(known, this.viewport);
    if (this.body.root.style.height !== tall) {
      this.body.root.style.height = tall;
      this.scroll.toggleAttribute("data-tall", this.viewport.virtualHeight + this.headHeight > USUAL_HEIGHT);
      height = this.scroll.clientHeight;
      this.viewport = new Viewport(known.total, this.#rowsHeight(height || USUAL_HEIGHT));
    }
    this.#holdSight();
    this.body.draw(this.#scene(columns));
    this.#drawWidths(columns);
    this.frame.drawZone(this.body.hasTimes);
    this.editing?.draw();
    this.#drawAria(columns);
    this.#askForRows();
  }

  /** @param {string[]} columns */
  #scene(columns) {
    const { range, active } = this.selection;
    const noteOf = (/** @type {string} */ key, /** @type {string} */ column) => this.editing?.noteOf(key, column);
    return { known: this.known, columns, viewport: this.viewport, scrollTop: this.scrollTop, range, active, noteOf };
  }

  /** How high the head is, which stays above the rows. */
  get headHeight() {
    return this.known.kind === "table" ? HEAD_HEIGHT + (this.head.filtering ? FILTER_HEIGHT : 0) : 0;
  }

  /** @param {number} height of the part that scrolls */
  #rowsHeight(height) {
    return Math.max(height - this.headHeight, 1);
  }

  /** @param {string[]} columns */
  #drawHead(columns) {
    const { kind, rows } = this.known;
    this.head.root.hidden = kind !== "table" || columns.length === 0;
    const isNumber = (/** @type {string} */ column) => {
      for (const row of rows.values()) {
        const { kind: cell } = showCell(row[column], column);
        if (cell !== "empty") return cell === "number";
      }
      return false;
    };
    const { active } = this.selection;
    this.head.draw(columns, this.#sort, isNumber, active?.place === HEAD ? active.column : null);
  }

  #drawSystemButton() {
    const { columns, kind } = this.known;
    const system = columns.filter((column) => SYSTEM_COLUMNS.includes(column));
    this.frame.system.hidden = kind !== "table" || system.length === 0 || system.length === columns.length;
    this.frame.system.textContent = this.#showSystem ? "hide _id" : "show _id";
  }

  /** @param {string[]} columns */
  #drawWidths(columns) {
    const widths = columns.map((column) => this.widths.of(column));
    const text = widths.map((width) => `${width}px`).join(" ");
    if (text === this.#drawnColumns) return;
    this.#drawnColumns = text;
    this.#drawnWidth = widths.reduce((sum, width) => sum + width, 0);
    this.scroll.style.setProperty("--rnb-columns", text);
    this.scroll.style.setProperty("--rnb-width", `${this.#drawnWidth}px`);
  }

  /** @param {string[]} columns */
  #drawAria(columns) {
    const { known, selection } = this;
    const { active } = selection;
    this.scroll.setAttribute("aria-label", `rows of ${known.title}`);
    this.scroll.setAttribute("aria-rowcount", String(known.total + (known.kind === "table" ? 1 : 0)));
    this.scroll.setAttribute("aria-colcount", String(columns.length));
    const at = active === null ? -1 : columns.indexOf(active.column);
    const inBody = active !== null && active.key !== null ? this.body.cell(active.key, at) : undefined;
    const cell = active?.place === HEAD ? this.head.cell(active.column) : inBody;
    if (cell) this.scroll.setAttribute("aria-activedescendant", cell.id);
    else this.scroll.removeAttribute("aria-activedescendant");
  }

  // --- The reader's place ---

  /** @returns {string | null} the first row in sight, if the reader has scrolled down */
  #anchor() {
    return this.scrollTop <= 0 ? null : this.known.keyAt(this.viewport.firstFull(this.scrollTop));
  }

  /** Note what is in sight, before the first change that is not drawn yet. */
  #rememberSight() {
    if (this.#before !== null) return;
    const { known, viewport } = this;
    /** @type {[string, number][]} */
    const places = [];
    const first = viewport.firstFull(this.scrollTop);
    const edited = this.editing?.key ?? null;
    const editedAt = known.placeOf(edited);
    if (edited !== null && editedAt >= first && editedAt < first + viewport.screen) places.push([edited, editedAt]);
    for (let place = first; place < first + 2 * viewport.screen; place += 1) {
      const key = known.keyAt(place);
      if (key !== null) places.push([key, place]);
    }
    this.#before = { places, viewport, moved: new Set() };
  }

  /** Scroll so that what was in sight before the changes is where it was. */
  #holdSight() {
    const before = this.#before;
    this.#before = null;
    if (before === null || before.places.length === 0) return;
    const keys = before.places.map(([key]) => key);
    const isEdited = keys[0] === this.editing?.key && this.known.rows.has(keys[0]);
    if (this.scrollTop <= 0 && !isEdited) return;
    const key = isEdited ? keys[0] : rowToHold(keys, (each) => this.known.rows.has(each), before.moved);
    if (key === null) return;
    const old = /** @type {[string, number]} */ (before.places.find(([each]) => each === key))[1];
    const below = before.viewport.top(old, this.scrollTop) - this.scrollTop;
    const place = this.known.placeOf(key);
    if (place !== old || before.viewport.total !== this.viewport.total) this.#scrollTo(this.viewport.hold(place, below));
  }

  /** @param {number} scrollTop */
  #scrollTo(scrollTop) {
    if (Math.abs(scrollTop - this.scrollTop) < 0.01) return;
    this.scroll.scrollTop = scrollTop;
    this.#place[0] = this.#isOut ? scrollTop : this.scroll.scrollTop; // a browser rounds it
  }

  /** It is in the document again, where a browser has it begin at the top; or for the first time, with its fonts. */
  #comeBack() {
    this.#isOut = false;
    [this.scroll.scrollTop, this.scroll.scrollLeft] = this.#place;
    this.#place = [this.scroll.scrollTop, this.scroll.scrollLeft];
    this.widths.forget();
    for (const row of this.known.rows.values()) {
      for (const column of this.columns) this.widths.see(column, showCell(row[column], column));
    }
  }

  #resized() {
    if (this.scroll.clientHeight === 0) this.#isOut = true;
    else this.redraw();
  }

  #scrolled() {
    this.redraw();
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => this.#rested(), REST_MS);
  }

  #rested() {
    // Where all rows are known, the kernel need not know which are in sight.
    const isPart = this.known.total > this.known.order.length;
    if (isPart && this.#anchor() !== this.#toldAnchor) this.session?.changed(this);
    else this.redraw();
  }

  #askForRows() {
    const { known, viewport } = this;
    if (!this.isAlive || this.session === null || known.kind === "scalar") return;
    const have = { first: known.first, count: known.order.length };
    // One question at a time: the answer brings another drawing, which asks for what is in sight by then.
    if (this.#isAsking || !viewport.needs(this.scrollTop, have)) return;
    const span = viewport.wanted(this.scrollTop);
    if (span.first === this.#span.first && span.count === this.#span.count && this.#askedAt !== -Infinity) return;
    this.#span = span;
    this.#askedAt = performance.now();
    this.session.changed(this);
  }

  /** The order or the filter is another: ask for the top of the new arrangement. */
  #rearranged() {
    this.scroll.scrollTop = this.#place[0] = 0;
    this.#before = null;
    this.#span = { first: 0, count: FIRST_COUNT };
    this.#askedAt = performance.now();
    this.session?.changed(this);
    this.redraw();
  }

  /**
   * Bring a cell into sight.
   * @param {number} place
   * @param {string} column
   */
  reveal(place, column) {
    if (place !== HEAD) this.#scrollTo(this.viewport.reveal(this.scrollTop, place));
    const left = this.leftOf(column);
    const { scrollLeft, clientWidth } = this.scroll;
    const right = left + this.widths.of(column);
    if (left < scrollLeft) this.scroll.scrollLeft = left;
    else if (right > scrollLeft + clientWidth) this.scroll.scrollLeft = Math.min(right - clientWidth, left);
    this.redraw();
  }

  /** @param {string} column */
  leftOf(column) {
    const { columns } = this;
    return columns.slice(0, columns.indexOf(column)).reduce((sum, each) => sum + this.widths.of(each), 0);
  }

  /** @param {number} place @returns {number} where a row's upper edge is in the body */
  topOf(place) {
    return this.viewport.top(place, this.scrollTop);
  }

  /**
   * @param {{clientX: number, clientY: number}} point
   * @returns {{place: number, column: string}} the cell there, or the nearest one
   */
  cellAt({ clientX, clientY }) {
    const { left, top } = this.body.root.getBoundingClientRect();
    const down = clientY - top - this.scroll.scrollTop + this.viewport.offset(this.scroll.scrollTop);
    const place = this.known.kind === "scalar" ? 0 : Math.floor(down / (this.viewport.top(1, 0) - this.viewport.top(0, 0)));
    let right = left;
    const column = this.columns.find((each) => (right += this.widths.of(each)) > clientX) ?? this.columns[this.columns.length - 1];
    return { place: Math.min(Math.max(place, 0), this.known.total - 1), column };
  }

  // --- What the reader does ---

  /**
   * @param {string} column
   * @param {boolean} add
   */
  sortBy(column, add) {
    if (!this.isAlive) return;
    this.#sort = nextSort(this.#sort, column, add);
    this.#rearranged();
  }

  /** @param {import("./gridhead.js").Filter} filter */
  #setFilter(filter) {
    if (JSON.stringify(filter) === JSON.stringify(this.#filter)) return;
    this.#filter = filter;
    this.#rearranged();
  }

  #toggleFilter() {
    this.head.setFiltering(!this.head.filtering);
    this.frame.filter.textContent = this.head.filtering ? "no filter" : "filter";
    this.redraw();
  }

  #toggleSystem() {
    this.#showSystem = !this.#showSystem;
    this.draw();
  }

  /**
   * @param {string} column
   * @param {number} width
   */
  #resize(column, width) {
    this.widths.choose(column, width);
    this.redraw();
  }

  /** @param {string} column */
  #fit(column) {
    const shown = [...this.known.rows.values()].map((row) => showCell(row[column], column));
    this.widths.fit(column, shown);
    this.redraw();
  }

  /** Open the whole value of the active cell, if the page knows its row. */
  openDetail() {
    const { active } = this.selection;
    if (active === null || active.key === null || active.place === HEAD) return;
    this.detail.open(active.key, active.column, this.known.rows.get(active.key)?.[active.column]);
  }

  closeDetail() {
    this.detail.close();
    this.scroll.focus();
  }
}
