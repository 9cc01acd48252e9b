// The sidebar: what is in the databases of the kernel that is looked at. In: places (kernels.ts), a commit (timeState.ts)
// and the sections. Out: a header with the database, a tab for each section, or an empty state that says what to do; each
// section is handed a Context whenever something in it is another.

import type { JupyterFrontEnd } from "@jupyterlab/application";
import { NotebookActions } from "@jupyterlab/notebook";
import { treeViewIcon } from "@jupyterlab/ui-components";
import { Signal, type ISignal } from "@lumino/signaling";
import { Widget } from "@lumino/widgets";
import { element, setChildren, setText } from "../../reactive_nb/notebook/static/dom.js";
import { choose, type Choice } from "./choice";
import { emptyState, type EmptyState } from "./emptyStates";
import type { Kernels, Place } from "./kernels";
import type { Feed, ItemList, Link } from "./link";
import type { DatabaseItem } from "./messages";
import { iconButton, numberText, textButton } from "./parts";
import type { Bar, Context, MainArea, Section } from "./section";
import { Tabs } from "./tabs";
import type { TimeState } from "./timeState";

export class Panel extends Widget {
  private readonly life = new AbortController();
  private readonly notebookName = element("div", "rnb-panel-notebook");
  private readonly picker = element("select", "rnb-panel-picker");
  private readonly databaseName = element("span", "rnb-panel-database");
  private readonly commit = element("span", "rnb-panel-commit");
  private readonly graphButton: HTMLElement;
  private readonly head = element("header", "rnb-panel-head");
  private readonly bar = element("div", "rnb-panel-bar");
  private readonly tabs: Tabs;
  private readonly empty = element("div", "rnb-panel-empty");
  private readonly line = element("div", "rnb-panel-status");
  private place: Place;
  private databases: ItemList<DatabaseItem> | null = null;
  private databasesOf: Link | null = null;
  private feed: Feed | null = null;
  /** The database that was looked at last in each kernel. */
  private readonly chosen = new WeakMap<Link, Choice>();
  private context: Context | null = null;
  private emptyShown = "";
  private readonly contextSignal = new Signal<this, Context | null>(this);

  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly kernels: Kernels,
    private readonly time: TimeState,
    private readonly mainArea: MainArea,
    sections: readonly Section[],
    private readonly timeBar: Bar | null,
  ) {
    super();
    this.addClass("rnb-panel");
    const { signal } = this.life;
    this.tabs = new Tabs(sections, signal);
    this.picker.setAttribute("aria-label", "Database");
    this.picker.addEventListener("change", () => this.choose(this.picker.value), { signal });
    this.graphButton = iconButton(treeViewIcon, "Show the graph of tables, index ranges, queries and views", () => this.context?.openGraph(), signal);
    const place = element("div", "rnb-panel-place");
    place.append(this.picker, this.databaseName, this.commit);
    if (mainArea.openGraph !== null) place.append(this.graphButton);
    this.head.append(this.notebookName, place);
    if (timeBar !== null) this.bar.append(timeBar.node);
    this.line.setAttribute("role", "status");
    this.node.append(this.head, this.bar, this.tabs.node, this.empty, this.line);
    this.place = kernels.place;
    kernels.changed.connect(this.onPlace, this);
    time.changed.connect(this.refresh, this);
    this.refresh();
  }

  /** Emitted with every context that the sections get, and with null when there is nothing to look at. */
  get contextChanged(): ISignal<this, Context | null> {
    return this.contextSignal;
  }

  /** Emitted whenever the kernel that is looked at is another, or another way with it. */
  get placeChanged(): ISignal<Kernels, Place> {
    return this.kernels.changed;
  }

  /** Whether there is a kernel with the package. */
  get hasKernel(): boolean {
    return this.place.link !== null;
  }

  /** Return what would be looked at if the panel were open; null if there is nothing. */
  async lookedAt(): Promise<Context | null> {
    if (this.context !== null) return this.context;
    const { link } = this.place;
    if (link === null) return null;
    const db = this.chosenIn(link, await link.listOnce<DatabaseItem>("databases", null, null));
    return db === null ? null : this.contextOf(link, db, null);
  }

  /** Go to a section, and to one of its items. */
  showSection(id: string, key?: string): void {
    this.tabs.choose(id, key);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.life.abort();
    this.feed?.close();
    this.tabs.dispose();
    this.timeBar?.dispose();
    Signal.clearData(this);
    super.dispose();
  }

  protected override onAfterShow(): void {
    this.refresh();
  }

  protected override onAfterHide(): void {
    this.refresh();
  }

  protected override onActivateRequest(): void {
    this.tabs.focus();
  }

  private onPlace(_: Kernels, place: Place): void {
    this.place = place;
    this.refresh();
  }

  private choose(key: string): void {
    const variable = this.databases?.items.get(key)?.variable ?? null;
    if (this.place.link !== null) this.chosen.set(this.place.link, { key, variable });
    this.time.set(null); // commits are counted in each database for itself
    this.refresh();
  }

  /** Bring everything in line with the place, the databases, and whether anybody looks. */
  private refresh(): void {
    this.follow(this.place.link, this.isVisible);
    const db = this.currentDatabase();
    this.setContext(db);
    this.drawHead(db); // after it: the time bar is handed the context of the database that it is told of
    this.drawEmpty();
    if (!this.place.connected) this.status("The connection to the kernel is lost. JupyterLab tries again.", true);
    else if (this.line.dataset["lost"]) this.status("");
    this.line.dataset["lost"] = this.place.connected ? "" : "true";
  }

  /** Follow the databases of a kernel while somebody looks; what is known of them stays for when the panel is shown again. */
  private follow(link: Link | null, isLookedAt: boolean): void {
    if (link !== this.databasesOf || !isLookedAt) {
      this.feed?.close();
      this.feed = null;
    }
    if (link !== this.databasesOf) this.databases = null;
    this.databasesOf = link;
    if (link === null || !isLookedAt || this.feed !== null) return;
    this.feed = link.list<DatabaseItem>("databases", null, null, (list) => {
      this.databases = list;
      this.refresh();
    });
  }

  private currentDatabase(): string | null {
    const { link } = this.place;
    if (link === null || this.databases === null) return null;
    return this.chosenIn(link, this.databases);
  }

  private chosenIn(link: Link, databases: ItemList<DatabaseItem>): string | null {
    const [choice, db] = choose(this.chosen.get(link), databases);
    if (choice !== undefined) this.chosen.set(link, choice); // another that is opened does not take its place
    return db;
  }

  private setContext(db: string | null): void {
    const { link, notebook } = this.place;
    const before = this.context;
    if (link === null || db === null) {
      if (before === null) return this.tabs.show(null, false);
      this.context = null;
      this.time.set(null);
    } else {
      if (before !== null && (before.link !== link || before.db !== db)) this.time.set(null);
      const { at } = this.time;
      const isSame = before !== null && before.link === link && before.db === db && before.at === at && before.notebook === notebook;
      if (isSame) return this.tabs.show(before, this.isVisible);
      this.context = this.contextOf(link, db, at);
    }
    this.tabs.show(this.context, this.isVisible);
    this.contextSignal.emit(this.context);
  }

  private contextOf(link: Link, db: string, at: number | null): Context {
    const context: Context = {
      link,
      db,
      at,
      app: this.app,
      notebook: this.place.notebook,
      openBrowser: (table, options) => this.mainArea.openBrowser?.(context, table, options),
      openGraph: () => this.mainArea.openGraph?.(context),
      showSection: (id, key) => {
        this.app.shell.activateById(this.id);
        this.showSection(id, key);
      },
      status: (text, error) => this.status(text, error),
    };
    return context;
  }

  private status(text: string, error = false): void {
    setText(this.line, text);
    this.line.classList.toggle("rnb-lab-error", error && text !== "");
  }

  private drawHead(db: string | null): void {
    const list = this.databases;
    const item = db === null ? undefined : list?.items.get(db);
    this.head.hidden = item === undefined;
    this.bar.hidden = item === undefined || this.timeBar === null;
    if (list === null || item === undefined || db === null) return;
    setText(this.notebookName, this.place.name);
    this.notebookName.title = this.place.name;
    const label = ({ name, place }: DatabaseItem): string => `${name} · ${place}`;
    this.picker.hidden = list.order.length < 2;
    this.databaseName.hidden = !this.picker.hidden;
    if (this.picker.hidden) {
      setText(this.databaseName, label(item));
      this.databaseName.title = label(item);
    } else {
      const known = new Map([...this.picker.options].map((option) => [option.value, option]));
      const options = list.order.map((key) => {
        const option = known.get(key) ?? element("option");
        option.value = key;
        setText(option, label(list.items.get(key) ?? item));
        return option;
      });
      setChildren(this.picker, options);
      if (this.picker.value !== db) this.picker.value = db;
    }
    setText(this.commit, `commit ${numberText(item.ts)}`);
    this.timeBar?.show(this.context, item);
  }

  private drawEmpty(): void {
    const isEmpty = this.context === null;
    this.tabs.node.hidden = isEmpty;
    this.empty.hidden = !isEmpty;
    const state = isEmpty ? this.emptyState() : null;
    const shown = JSON.stringify(state);
    if (shown === this.emptyShown) return;
    this.emptyShown = shown;
    this.empty.replaceChildren();
    if (state === null) return;
    this.empty.append(element("h2", "", state.title), element("p", "", state.text));
    if (state.code === undefined) return;
    const { code } = state;
    this.empty.append(element("pre", "", code));
    const { notebook } = this.place;
    if (notebook !== null) this.empty.append(textButton("Put it into a cell", () => insertCell(notebook, code), this.life.signal));
  }

  private emptyState(): EmptyState {
    const { state, name } = this.place;
    const list = this.databases;
    if (state === "live" && list?.error) return { title: "The databases cannot be listed", text: `${list.error.name}: ${list.error.message}` };
    // Until it has said which databases it has, the kernel is one that has not answered.
    return emptyState(state === "live" && (list === null || list.state === "loading") ? "starting" : state, name);
  }
}

/** Put lines into a new cell below the active one, for a person to run. */
function insertCell(notebook: NonNullable<Place["notebook"]>, code: string): void {
  NotebookActions.insertBelow(notebook.content);
  notebook.content.activeCell?.model.sharedModel.setSource(code);
  notebook.activate();
}
