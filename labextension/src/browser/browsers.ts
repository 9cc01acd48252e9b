// The data browsers that are open: one for each table of each database. In: wishes to see a table, and the context of the
// panel. Out: tabs in the main area, which follow the commit that the panel shows, and commands for their cells.

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { NotebookPanel } from "@jupyterlab/notebook";
import type { DatabaseItem } from "../messages";
import type { BrowserOptions, Context } from "../section";
import { DataBrowser, type Subject } from "./browser";
import { wholePart, type Part } from "./place";

/** Where a cell's menu is asked for. */
const CELLS = ".rnb-browser .rnb-body";

export const COMMANDS = {
  copyId: "reactive-nb:browser-copy-id",
  follow: "reactive-nb:browser-follow-id",
  history: "reactive-nb:browser-history",
  remove: "reactive-nb:browser-delete",
} as const;

interface Open {
  readonly browser: DataBrowser;
  /** Whose kernel it shows. */
  readonly notebook: NotebookPanel | null;
  /** Whether it shows a commit of its own, and not the panel's. */
  readonly isPinned: boolean;
}

export class Browsers {
  private open_: Open[] = [];
  private number = 0;

  /** @param pageSize how many documents a page has */
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly pageSize: () => number,
  ) {
    this.addCommands();
  }

  /** Show a table in the main area; one that is open already is activated. */
  readonly open = (context: Context, table: string, options: BrowserOptions = {}): void => {
    const at = options.at === undefined ? context.at : options.at;
    const subject = { link: context.link, db: context.db, table };
    this.openSubject(subject, context.notebook, at, at !== context.at, options);
  };

  /** The panel shows something else, or nothing: the browsers of its database show the same commit. */
  readonly follow = (context: Context | null): void => {
    for (const open of [...this.open_]) {
      const { browser, isPinned, notebook } = open;
      const { link, db } = browser.subject;
      if (!isPinned) browser.setAt(context !== null && context.link === link && context.db === db ? context.at : null);
      const isOver = !link.alive || (browser.isClosed && context?.db !== db);
      const isBack = isOver && notebook !== null && context?.notebook === notebook && context.link.alive;
      if (isBack) void this.revive(open, context);
    }
  };

  private openSubject(subject: Subject, notebook: NotebookPanel | null, at: number | null, isPinned: boolean, { index, id }: BrowserOptions): void {
    const known = this.open_.find(({ browser, isPinned: pinned }) => {
      const { link, db, table } = browser.subject;
      return link === subject.link && db === subject.db && table === subject.table && (isPinned || pinned ? browser.at === at : true);
    });
    const browser = known?.browser ?? this.add(subject, notebook, at, isPinned, wholePart(index));
    this.app.shell.activateById(browser.id);
    if (id !== undefined) void browser.goTo(id);
    else if (known === undefined) void browser.begin();
  }

  private add(subject: Subject, notebook: NotebookPanel | null, at: number | null, isPinned: boolean, part: Part, beside?: DataBrowser): DataBrowser {
    const around = {
      pageSize: this.pageSize,
      openBrowser: (other: Subject, id: string, commit: number | null) => this.openSubject(other, notebook, commit, isPinned, { id }),
    };
    const browser = new DataBrowser(subject, at, around, part);
    browser.id = `rnb-browser-${(this.number += 1)}`;
    this.open_.push({ browser, notebook, isPinned });
    browser.disposed.connect(() => {
      this.open_ = this.open_.filter((each) => each.browser !== browser);
    });
    this.app.shell.add(browser, "main", beside === undefined ? {} : { ref: beside.id, mode: "tab-after", activate: beside.isVisible });
    return browser;
  }

  /** Put a browser of the notebook's new kernel, or newly opened database, in the place of one that has ended. */
  private async revive({ browser: old, notebook }: Open, { link }: Context): Promise<void> {
    const { items } = await link.listOnce<DatabaseItem>("databases", null, null);
    const db = [...items].find(([, item]) => item.name === old.database)?.[0];
    if (db === undefined || old.isDisposed || !link.alive) return; // the cell that opens it has not run yet
    const [part, offset] = old.place;
    const { table } = old.subject;
    const isThere = this.open_.some(({ browser: { subject } }) => subject.link === link && subject.db === db && subject.table === table);
    if (!isThere) void this.add({ link, db, table }, notebook, null, false, part, old).begin(offset);
    old.dispose();
  }

  /** The browser whose menu is open, or that has the focus. */
  private get current(): DataBrowser | null {
    const hit = this.app.contextMenuHitTest((node) => node.classList.contains("rnb-browser"));
    const found = this.open_.find(({ browser }) => browser.node === hit || browser.node.contains(document.activeElement));
    return found?.browser ?? null;
  }

  private addCommands(): void {
    const { commands, contextMenu } = this.app;
    commands.addCommand(COMMANDS.follow, {
      label: "Follow Id",
      caption: "Go to the document whose id the cell holds",
      isEnabled: () => typeof this.current?.heldId === "string",
      execute: () => this.current?.follow(),
    });
    commands.addCommand(COMMANDS.copyId, {
      label: "Copy Id",
      caption: "Copy the id of the row's document",
      execute: () => this.current?.copyId(),
    });
    commands.addCommand(COMMANDS.history, {
      label: "History",
      caption: "Show the versions of the row's document",
      execute: () => this.current?.toggleHistory(),
    });
    commands.addCommand(COMMANDS.remove, {
      label: "Delete Rows…",
      caption: "Delete the documents of the selected rows",
      isEnabled: () => this.current?.canWrite === true,
      execute: () => this.current?.askToDelete(),
    });
    const menu = [COMMANDS.follow, COMMANDS.copyId, COMMANDS.history, COMMANDS.remove];
    menu.forEach((command, rank) => contextMenu.addItem({ command, selector: CELLS, rank }));
  }
}
