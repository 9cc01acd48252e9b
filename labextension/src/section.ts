// What the frame of the panel and its sections promise each other. In: a kernel's link, and the place that is looked at
// (database, commit). Out: interfaces only; panel.ts hands contexts out, every file of sections/ takes them.

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { NotebookPanel } from "@jupyterlab/notebook";
import type { LabIcon } from "@jupyterlab/ui-components";
import type { Link } from "./link";
import type { DatabaseItem } from "./messages";

export type { Progress } from "../../reactive_nb/notebook/static/session.js";
export type { Feed, ItemList, Link } from "./link";

/** How a data browser begins; all of it optional. */
export interface BrowserOptions {
  /** The index it reads by; the table's own order by default. */
  readonly index?: string;
  /** A document to go to and to select. */
  readonly id?: string;
  /** The commit it shows; the panel's own by default. */
  readonly at?: number | null;
}

/** What a section works with. Another object is handed over whenever something in it has changed. */
export interface Context {
  /** The kernel that is looked at. */
  readonly link: Link;
  /** The name of the database's engine in messages. */
  readonly db: string;
  /** The commit that is looked at, read-only; null is now. */
  readonly at: number | null;
  readonly app: JupyterFrontEnd;
  /** The notebook that the panel follows; null when that is a console. */
  readonly notebook: NotebookPanel | null;
  /** Show a table's documents in the main area. */
  openBrowser(table: string, options?: BrowserOptions): void;
  /** Show the graph of tables, ranges, queries and views in the main area. */
  openGraph(): void;
  /** Go to another section, and to one of its items. */
  showSection(id: string, key?: string): void;
  /** Say something in the line at the foot of the panel; an empty text takes it away. */
  status(text: string, error?: boolean): void;
}

/** One tab of the panel. */
export interface Section {
  /** A word without spaces; `showSection` takes it. */
  readonly id: string;
  /** What its tab says. */
  readonly label: string;
  readonly icon: LabIcon | null;
  readonly node: HTMLElement;
  /** Called when its tab is chosen, and again whenever the context changes; a key names an item to go to. */
  show(context: Context, key?: string): void;
  /** Called when another tab is chosen, the panel is hidden, or there is nothing to look at any more. */
  hide(): void;
  dispose(): void;
}

/** What stands between the header and the tabs: the time bar. */
export interface Bar {
  readonly node: HTMLElement;
  /** Called whenever the context, or something about the database, is another; null: there is nothing to look at. */
  show(context: Context | null, database: DatabaseItem): void;
  dispose(): void;
}

/** What is opened in JupyterLab's main area; null for what there is not. */
export interface MainArea {
  readonly openBrowser: ((context: Context, table: string, options?: BrowserOptions) => void) | null;
  readonly openGraph: ((context: Context) => void) | null;
}
