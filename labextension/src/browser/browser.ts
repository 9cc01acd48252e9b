// A data browser: one table in JupyterLab's main area, a page at a time, live. In: a table of a kernel's database, a commit
// or now, and what the reader does. Out: requests to panel/data.py, and the rows as in a notebook's live table, with what
// stands around them: which part is shown, the pages, what can be undone, a document's history, the form of a new one.

import { spreadsheetIcon } from "@jupyterlab/ui-components";
import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { writeClipboard } from "../../../reactive_nb/notebook/static/copying.js";
import { element, setText } from "../../../reactive_nb/notebook/static/dom.js";
import type { Found } from "../../../reactive_nb/notebook/static/picker.js";
import { RequestError } from "../../../reactive_nb/notebook/static/session.js";
import type { Link } from "../link";
import { countText, numberText } from "../parts";
import { BrowserGrid, LiveNumber } from "./browserGrid";
import { actOfKey } from "./browserKeys";
import { Declaration } from "./declaration";
import { drawHistory, type History } from "./historyPane";
import { insertForm, type Inserted } from "./insertPane";
import { Notices, type Action } from "./notices";
import { PageBar } from "./pageBar";
import { lastPage, pageOf, pageText, rowNumber, wholePart, type Opened, type Part } from "./place";
import { RangeForm } from "./rangeForm";
import { SidePane } from "./sidePane";
import { UndoStack } from "./undoStack";

/** Which table a browser shows, and of what. */
export interface Subject {
  readonly link: Link;
  /** The database's name in messages. */
  readonly db: string;
  readonly table: string;
}

/** What a browser needs of those around it. */
export interface Surroundings {
  /** How many documents a page has. */
  pageSize(): number;
  /** Show a document of another table. */
  openBrowser(subject: Subject, id: string, at: number | null): void;
}

/** What `data.delete` and `data.undo` answer. */
interface Done {
  readonly ts: number;
  readonly undo: boolean;
  readonly count?: number;
}

/** How it is with the rows, in words. */
const STATE_WORDS: Readonly<Record<string, string>> = { loading: "loading…", gone: "kernel gone", connecting: "connecting…" };

export class DataBrowser extends Widget {
  private readonly life = new AbortController();
  private readonly grid: BrowserGrid;
  private readonly total: LiveNumber;
  private readonly range: RangeForm;
  private readonly steps = new UndoStack();
  private readonly banner = element("div", "rnb-browser-banner");
  private readonly bar: PageBar;
  private readonly notices: Notices;
  private readonly side: SidePane;
  private readonly host = element("div", "rnb-browser-rows");
  private part: Part;
  private offset = 0;
  private limit = 100;
  private opened: Opened | null = null;
  private asked = 0;
  /** What stands at the side. */
  private pane: { readonly kind: "insert" } | { readonly kind: "history"; readonly id: string; readonly row: unknown } | null = null;
  private databaseName = "";
  private readonly declaration: Declaration;

  constructor(
    readonly subject: Subject,
    private commit: number | null,
    private readonly around: Surroundings,
    part: Part = wholePart(),
  ) {
    super();
    this.addClass("rnb-browser");
    this.part = part;
    const { link, db, table } = subject;
    const { signal } = this.life;
    this.range = new RangeForm(part, (other) => void this.showPart(other, 0), this.search, signal);
    this.grid = new BrowserGrid(
      this.host,
      link.session,
      {
        drawn: () => this.draw(),
        edited: (column, answer) => this.done(answer, `the edit of ${column}`),
        lost: () => void this.reload(),
      },
      signal,
    );
    this.declaration = new Declaration(subject, () => this.commit === null && void this.reload(), signal);
    this.total = new LiveNumber(link.session, () => this.draw());
    this.notices = new Notices(() => this.focusRows(), signal);
    this.side = new SidePane(() => this.closePane(), signal);
    const acts = {
      first: () => this.page(0),
      previous: () => this.page(Math.max(0, this.offset - this.limit)),
      next: () => this.page(this.offset + this.limit),
      last: () => this.page(lastPage(this.total.value ?? 0, this.limit)),
      insert: () => this.toggleInsert(),
      delete: () => void this.askToDelete(),
      undo: () => void this.undo(false),
      redo: () => void this.undo(true),
      history: () => this.toggleHistory(),
      jump: (text: string) => this.jumpTo(text),
    };
    this.bar = new PageBar(acts, signal);
    this.build();
    this.listen();
    this.title.icon = spreadsheetIcon;
    this.title.closable = true;
    this.nameTab();
    const feed = link.list<{ readonly name: string }>("databases", null, null, ({ items }) => {
      const name = items.get(db)?.name;
      if (name === undefined) return;
      this.databaseName = name;
      this.nameTab();
      feed.close();
    });
    signal.addEventListener("abort", () => feed.close());
    this.node.setAttribute("aria-label", `documents of ${table}`);
  }

  /** The commit that is shown; null is now. */
  get at(): number | null {
    return this.commit;
  }

  /** Show another commit, read-only; null is now. */
  setAt(at: number | null): void {
    if (at === this.commit) return;
    this.commit = at;
    this.closePane();
    this.nameTab();
    void this.reload();
  }

  /** The name of the database's variable; empty until the kernel has said it. */
  get database(): string {
    return this.databaseName;
  }

  /** Which part of the table is shown, and from which position on. */
  get place(): readonly [Part, number] {
    return [this.part, this.offset];
  }

  /** Show a page for the first time. */
  async begin(offset = 0): Promise<void> {
    await this.showPart(this.part, offset);
  }

  /** Go to a document and select it; in all of the table where it is not in the part that is shown. */
  async goTo(id: string): Promise<void> {
    try {
      let { part } = this;
      let found = await this.find(part, id);
      if (found.table === this.subject.table && found.offset === null) {
        part = wholePart();
        found = await this.find(part, id);
      }
      if (found.table !== this.subject.table) this.around.openBrowser({ ...this.subject, table: found.table }, id, this.commit);
      else if (found.offset !== null) await this.showPart(part, pageOf(found.offset, this.limitNow()), id);
    } catch (error) {
      const isGone = error instanceof RequestError && error.code === "document_not_found";
      this.refused(error, isGone ? ["History", () => void this.showHistory(id)] : undefined);
    }
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.life.abort();
    this.release(this.opened);
    this.grid.session?.hide(this.grid);
    this.grid.dispose();
    this.total.dispose();
    super.dispose();
  }

  protected override onActivateRequest(_: Message): void {
    this.focusRows();
  }

  private focusRows(): void {
    this.grid.scroll.focus({ preventScroll: true });
  }

  protected override onAfterShow(): void {
    this.grid.redraw();
    this.declaration.follow();
  }

  protected override onAfterAttach(): void {
    if (this.isVisible) this.declaration.follow();
  }

  protected override onAfterHide(): void {
    this.declaration.leave();
  }

  // ------------------------------------------------------------------ asking the kernel

  private ask<T>(method: string, params: object): Promise<T> {
    const { link, db, table } = this.subject;
    return link.request<T>(`data.${method}`, { db, table, at: this.commit, ...params });
  }

  private find(part: Part, id: string): Promise<{ table: string; offset: number | null }> {
    return this.ask("find", { ...part, id });
  }

  /** Finds documents of a table, for an input of ids. */
  private readonly search = (table: string) => (text: string) => this.ask<Found>("pick", { table, text });

  private limitNow(): number {
    return Math.max(1, this.around.pageSize());
  }

  /**
   * Show a page.
   *
   * @param select a document to go to on it
   * @returns whether the kernel could show it
   */
  private async showPart(part: Part, offset: number, select: string | null = null): Promise<boolean> {
    const asked = ++this.asked;
    this.offset = offset;
    this.limit = this.limitNow();
    this.draw();
    let opened: Opened;
    try {
      opened = await this.ask<Opened>("open", { ...part, offset, limit: this.limit });
    } catch (error) {
      if (asked !== this.asked) return false;
      if (this.opened !== null) this.offset = this.opened.offset;
      const isAtInput = error instanceof RequestError && this.range.setError(error);
      if (!isAtInput) this.refused(error, ["Try again", () => void this.reload()]);
      if (error instanceof RequestError && error.code === "unknown_table" && this.commit === null) this.declaration.wait();
      return false;
    }
    if (asked !== this.asked || this.isDisposed) {
      this.release(opened);
      return false;
    }
    const before = this.opened;
    if (this.pane?.kind === "insert" && JSON.stringify(before?.insert) !== JSON.stringify(opened.insert)) this.closePane();
    [this.opened, this.part, this.offset] = [opened, part, opened.offset];
    this.say("");
    this.range.show(opened, part);
    this.total.goTo(opened.total);
    await this.grid.goTo(opened.view, select);
    this.release(before);
    this.draw();
    return true;
  }

  private page(offset: number): void {
    void this.showPart(this.part, offset);
  }

  /** Ask again for what is shown: at another commit, after the kernel has forgotten it, or because that was refused. */
  private async reload(): Promise<void> {
    const isShown = await this.showPart(this.part, this.offset);
    // Of another commit, the index may not be there.
    if (!isShown && this.opened === null && this.part.index !== "by_creation_time") await this.showPart(wholePart(), 0);
  }

  /** Let the kernel end what is not shown any more; it would do so by itself, but later. */
  private release(opened: Opened | null): void {
    if (opened === null || !this.subject.link.alive) return;
    void this.ask("close", { views: [opened.view, opened.total] }).catch((error: unknown) => {
      if (!(error instanceof RequestError) || error.code !== "kernel_gone") throw error;
    });
  }

  // ------------------------------------------------------------------ writing

  /** Whether the database has been closed under it. */
  get isClosed(): boolean {
    return this.commit === null && this.grid.known.state === "closed";
  }

  /** Whether documents can be changed here and now. */
  get canWrite(): boolean {
    return this.opened?.is_editable === true && this.grid.isAlive && this.commit === null && !this.isClosed;
  }

  private done({ ts, undo }: Done, words: string): void {
    if (undo) this.steps.add({ ts, words });
    this.draw();
  }

  private async undo(redo: boolean): Promise<void> {
    const step = this.canWrite ? this.steps.take(redo) : null;
    if (step === null) return;
    this.draw();
    try {
      const { ts } = await this.ask<Done>("undo", { ts: step.ts, redo });
      this.steps.took(step, ts, redo);
      this.say(`${redo ? "Redone" : "Undone"}: ${step.words} · commit ${ts}`);
    } catch (error) {
      this.refused(error);
    }
    this.draw();
  }

  /** Ask whether the selected documents are to be deleted. */
  async askToDelete(): Promise<void> {
    if (!this.canWrite) return;
    let ids: string[];
    try {
      ids = await this.grid.selectedKeys();
    } catch (error) {
      return this.refused(error);
    }
    if (ids.length === 0) return this.say("Select the rows to delete first.");
    const what = countText(ids.length, "document");
    this.notices.ask(`Delete ${what} of ${this.subject.table}?`, ["Delete", () => void this.delete(ids)]);
  }

  private async delete(ids: readonly string[]): Promise<void> {
    try {
      const done = await this.ask<Done>("delete", { ids });
      this.done(done, `the deletion of ${countText(ids.length, "document")}`);
      this.say(`Deleted ${countText(ids.length, "document")} · commit ${done.ts}`, false, ["Undo", () => void this.undo(false)]);
    } catch (error) {
      this.refused(error);
    }
  }

  private async insert(values: object): Promise<Inserted> {
    const done = await this.ask<Inserted>("insert", { values });
    this.done(done, "the insertion");
    this.say(`Inserted …${done.id.slice(-6)} · commit ${done.ts}`, false, ["Show it", () => void this.goTo(done.id)]);
    return done;
  }

  // ------------------------------------------------------------------ documents

  /** Copy the id of the selected document. */
  async copyId(): Promise<void> {
    const id = this.grid.activeKey;
    if (id === null) return;
    await writeClipboard(id, this.grid.scroll);
    this.say(`Copied ${id}`);
  }

  /** The id that the active cell holds, or null. */
  get heldId(): string | null {
    return this.grid.heldId;
  }

  /** Go to the document whose id the active cell holds. */
  follow(): void {
    const id = this.heldId;
    if (id !== null) void this.goTo(id);
    else this.say("The selected cell holds no id of a document.");
  }

  /** Show the history of the selected document at the side, or take it away. */
  toggleHistory(): void {
    const id = this.grid.activeKey;
    if (this.pane?.kind === "history" && (id === null || id === this.pane.id)) this.closePane();
    else if (id === null) this.say("Select a row first: the history is that of its document.");
    else void this.showHistory(id);
  }

  private async showHistory(id: string): Promise<void> {
    const row = this.grid.known.rows.get(id);
    this.pane = { kind: "history", id, row };
    try {
      const history = await this.ask<History>("history", { id });
      if (this.pane?.kind !== "history" || this.pane.id !== id) return;
      this.side.open("History", drawHistory(history));
      this.draw();
    } catch (error) {
      if (this.pane?.kind === "history" && this.pane.id === id) this.pane = null;
      this.refused(error);
    }
  }

  private toggleInsert(): void {
    const fields = this.opened?.insert ?? null;
    if (this.pane?.kind === "insert") return this.closePane();
    if (fields === null || !this.canWrite) return;
    this.pane = { kind: "insert" };
    const form = insertForm(this.subject.table, fields, (values) => this.insert(values), this.search);
    this.side.open("Insert", [form]);
    this.side.focusInput();
    this.draw();
  }

  private closePane(): void {
    this.pane = null;
    if (this.side.close()) this.focusRows();
    this.draw();
  }

  // ------------------------------------------------------------------ drawing

  private build(): void {
    this.banner.setAttribute("role", "note");
    this.banner.hidden = true;
    const middle = element("div", "rnb-browser-middle");
    middle.append(this.host, this.side.node);
    this.node.append(this.banner, this.range.node, this.bar.node, this.notices.question, this.notices.line, middle);
  }

  private listen(): void {
    const { signal } = this.life;
    // In the phase before the table's own keys, which go no further.
    this.node.addEventListener("keydown", (event) => this.onKey(event), { capture: true, signal });
    this.grid.body.root.addEventListener("click", (event) => this.onClick(event), { capture: true, signal });
    this.node.addEventListener("contextmenu", (event) => this.grid.selectAt(event), { capture: true, signal });
  }

  private jumpTo(text: string): void {
    const row = rowNumber(text);
    if (row !== null) this.page(pageOf(row - 1, this.limitNow()));
    else if (text !== "") void this.goTo(text);
  }

  private onKey(event: KeyboardEvent): void {
    const act = actOfKey(event);
    if (act === null) return;
    event.preventDefault();
    event.stopPropagation();
    if (act === "follow") this.follow();
    else if (act === "delete") void this.askToDelete();
    else void this.undo(act === "redo");
  }

  private onClick(event: MouseEvent): void {
    if (!(event.ctrlKey || event.metaKey) || this.heldId === null) return;
    event.preventDefault();
    event.stopPropagation();
    this.follow();
  }

  private draw(): void {
    if (this.isDisposed) return;
    const { all: shown, state: stateOfRows } = this.grid.known;
    const total = this.total.value;
    const isPast = this.commit !== null;
    this.toggleClass("rnb-mod-past", isPast);
    this.banner.hidden = !isPast;
    if (this.commit !== null) setText(this.banner, `As of commit ${numberText(this.commit)} · read-only`);
    const isAlive = this.grid.isAlive && this.opened !== null && !this.isClosed;
    const last = total === null ? 0 : lastPage(total, this.limit);
    const state = this.grid.frame.root.dataset["state"] ?? "";
    const now = {
      words: total === null ? (this.opened === null ? "" : "loading…") : pageText(this.offset, shown, total),
      state,
      stateWord: isPast && state === "closed" ? "" : (STATE_WORDS[state] ?? state),
      isAlive,
      isFirst: this.offset === 0,
      isLast: this.offset >= last,
      canWrite: this.canWrite,
      pane: this.pane?.kind ?? null,
    };
    this.bar.draw(now, this.steps);
    this.range.setDisabled(!isAlive && this.opened !== null);
    this.followPane();
    // The page that was shown has lost all its rows, and others are left.
    if (isAlive && !isPast && total !== null && total > 0 && this.offset >= total && shown === 0 && stateOfRows === "live") this.page(last);
  }

  /** The history at the side is that of the selected row, as it is now. */
  private followPane(): void {
    if (this.pane?.kind !== "history") return;
    const active = this.grid.activeKey;
    const id = active !== null && this.grid.known.rows.has(active) ? active : this.pane.id;
    const row = this.grid.known.rows.get(id);
    if (id !== this.pane.id || row !== this.pane.row) void this.showHistory(id);
  }

  private nameTab(): void {
    const { table } = this.subject;
    const name = this.databaseName === "" ? table : `${table} · ${this.databaseName}`;
    this.title.label = this.commit === null ? name : `${name} @ ${this.commit}`;
    this.title.caption = `The documents of ${name}${this.commit === null ? "" : `, as of commit ${this.commit}`}`;
  }

  private say(text: string, isError = false, action?: Action): void {
    this.notices.say(text, isError, action);
  }

  private refused(error: unknown, action?: Action): void {
    if (!(error instanceof RequestError)) throw error;
    this.say(error.message, true, action);
  }
}
