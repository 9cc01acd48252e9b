// What the panel and a kernel say to each other, as types. In: nothing. Out: the union of messages, twins of those in
// page/hub.py, and the items of lists, twins of what the modules of notebook/panel/ return; the golden messages in
// tests/wire/ hold both sides to it.

/** An object that came as JSON. */
export type Json = Readonly<Record<string, unknown>>;

/** Why something could not be done, as the kernel says it (page/answers.py). */
export interface ErrorFacts {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly what?: string;
  readonly thing?: string;
  readonly expected?: string;
  readonly hint?: string;
}

// ---------------------------------------------------------------------- what a page says

export type PageMessage =
  | { readonly type: "Hello"; readonly page: string }
  | { readonly type: "Show"; readonly page: string; readonly viewer: string; readonly view: string; readonly window: object | null }
  | { readonly type: "Hide"; readonly page: string; readonly viewer: string }
  | { readonly type: "Ack"; readonly page: string; readonly seq: number }
  | { readonly type: "Resync"; readonly page: string }
  | {
      readonly type: "Request";
      readonly page: string;
      readonly id: number;
      readonly target: string;
      readonly method: string;
      readonly params: object;
    };

// ---------------------------------------------------------------------- what a page hears

export type KernelMessage =
  | { readonly type: "Welcome"; readonly page: string; readonly target: string; readonly version: string }
  | {
      readonly type: "Frame";
      readonly page: string;
      readonly seq: number;
      readonly whole: boolean;
      readonly ts: Readonly<Record<string, number>>;
      readonly entries: Readonly<Record<string, Json>>;
    }
  | { readonly type: "Unknown"; readonly page: string }
  | {
      readonly type: "Progress";
      readonly page: string;
      readonly id: number;
      readonly done: number;
      readonly total: number | null;
      readonly text: string;
    }
  | { readonly type: "Response"; readonly page: string; readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly type: "Response"; readonly page: string; readonly id: number; readonly ok: false; readonly error: ErrorFacts };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): value is number => typeof value === "number";
const isString = (value: unknown): value is string => typeof value === "string";

/** What makes a message one of its type. A type that is added to the union and not here does not compile. */
const SHAPES: Record<KernelMessage["type"], (message: Json) => boolean> = {
  Welcome: ({ target, version }) => isString(target) && isString(version),
  Frame: ({ seq, whole, ts, entries }) => isNumber(seq) && typeof whole === "boolean" && isObject(ts) && isObject(entries),
  Unknown: () => true,
  Progress: ({ id, done, total, text }) => isNumber(id) && isNumber(done) && (total === null || isNumber(total)) && isString(text),
  Response: ({ id, ok, error, ...rest }) =>
    isNumber(id) && (ok === true ? "result" in rest : ok === false && isObject(error) && isString(error.name) && isString(error.message)),
};

/** The types of messages that a page understands. */
export const KERNEL_MESSAGES = Object.keys(SHAPES) as readonly KernelMessage["type"][];

/** Return what a comm brought as a message, or null when it is none that this page understands. */
export function kernelMessage(data: unknown): KernelMessage | null {
  if (!isObject(data) || !isString(data.type) || !isString(data.page)) return null;
  const isOne = Object.hasOwn(SHAPES, data.type) && SHAPES[data.type as KernelMessage["type"]](data);
  return isOne ? (data as unknown as KernelMessage) : null;
}

// ---------------------------------------------------------------------- items of lists

/** A database (panel/databases.py); its key is the engine's name in messages. */
export interface DatabaseItem {
  readonly name: string;
  /** The notebook's variable that holds it; null if none does. */
  readonly variable: string | null;
  /** The file's name, or "in memory". */
  readonly place: string;
  /** The newest commit. */
  readonly ts: number;
  /** The oldest commit that can be shown. */
  readonly oldest: number;
  readonly documents: number;
}

/** A field of a table, or an argument of a function. */
export interface FieldItem {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
}

export interface IndexItem {
  readonly name: string;
  readonly fields: readonly string[];
  readonly kind: "index" | "search" | "vector";
  readonly unique: boolean;
}

/** A table (panel/tables.py); its key is its name. */
export interface TableItem {
  readonly name: string;
  readonly documents: number;
  readonly system: boolean;
  /** Whether its documents have the fields that are listed, and no others. */
  readonly declared: boolean;
  readonly fields: readonly FieldItem[];
  readonly indexes: readonly IndexItem[];
}

// More item types follow here, one block for each list.

/** A function (panel/functions.py); its key is its path. */
export interface FunctionItem {
  readonly path: string;
  readonly kind: "query" | "mutation" | "action" | "httpAction";
  readonly internal: boolean;
  readonly args: readonly FieldItem[];
  /** Whether it takes other arguments too. */
  readonly takes_any: boolean;
  readonly doc: string;
  /** Where it is defined, as `In[3]` or `flights.py:12`; empty where nobody knows. */
  readonly place: string;
  /** The id of the notebook's cell. */
  readonly cell: string | null;
  /** The whole path of the file. */
  readonly file: string | null;
  /** The line of the file or the cell, from 1; 0 where nobody knows. */
  readonly line: number;
  /** How many live results of it are open. */
  readonly runs_live: number;
}

/** A live result (panel/lives.py). */
export interface LiveItem {
  /** The call: `latest(channel='x')`. */
  readonly call: string;
  readonly path: string;
  /** The variables that hold it. */
  readonly names: readonly string[];
  /** `unknown` of a commit whose runs are forgotten. */
  readonly state: "loading" | "live" | "stale" | "failed" | "paused" | "closed" | "unknown";
  readonly paused: boolean;
  readonly runs: number;
  readonly last_ms: number | null;
  /** The commit of its last run; of a paused one, the commit that it shows. */
  readonly ts: number | null;
  /** Why it last ran, in a few words. */
  readonly cause: string | null;
  readonly error: ErrorFacts | null;
  /** What its last run has read, in words; null where nobody knows any more. */
  readonly reads: readonly string[] | null;
  /** How many ranges there are beside those. */
  readonly more_reads: number;
}

/** A run of a live result (panel/lives.py). */
export interface LiveRun {
  readonly ts: number;
  readonly ms: number;
  readonly why: string;
  readonly changed: boolean;
  readonly error: ErrorFacts | null;
}

// ---------------------------------------------------------------------- jobs (panel/jobs.py)

export interface JobRun {
  /** When, in milliseconds since 1970. */
  readonly start: number;
  /** How long, in milliseconds; null while it runs. */
  readonly took: number | null;
  readonly outcome: string;
  readonly error: string | null;
}

export interface JobItem {
  readonly name: string;
  readonly kind: "cron" | "cell" | "call";
  /** What it runs, in one line, and whole. */
  readonly what: string;
  readonly source: string;
  /** The cell it is in, in words; empty for others. */
  readonly place: string;
  readonly schedule: string;
  readonly state: string;
  readonly paused: boolean;
  readonly next_ms: number | null;
  readonly ended_ms?: number | null;
  readonly last: JobRun | null;
  readonly error: string | null;
  readonly history: readonly JobRun[];
  readonly progress: readonly [done: number, total: number | null, text: string] | null;
  /** What can be done with it now. */
  readonly actions: readonly string[];
}

// ---------------------------------------------------------------------- log (panel/log.py)

export interface LogItem {
  readonly kind: "commit" | "conflict" | "retry" | "error" | "slow";
  readonly ts: number;
  /** When, in milliseconds since 1970; null where nobody knows any more. */
  readonly time_ms: number | null;
  readonly function: string;
  /** From where it was called, in words; empty when nobody knows. */
  readonly origin: string;
  readonly words: string;
  /** Whether it changed the engine's own tables only, as when a job begins and ends. */
  readonly own: boolean;
}

/** A value as a list of one, or of none where there was no such field. */
type Maybe = readonly unknown[];

export interface LogChange {
  readonly table: string;
  readonly id: string;
  readonly change: string;
  readonly fields: readonly (readonly [name: string, before: Maybe, after: Maybe])[];
}

export interface LogDetail {
  readonly facts: readonly string[];
  readonly changes: readonly LogChange[];
  /** How many changes more there were. */
  readonly left: number;
  readonly ran: readonly { readonly call: string; readonly why: string; readonly ms: number }[];
}

// ---------------------------------------------------------------------- graph (panel/graph.py)

export interface GraphItem {
  /** 0 tables, 1 index ranges, 2 queries, 3 what shows them. */
  readonly column: number;
  readonly text: string;
  readonly note: string;
  /** The same in one line. */
  readonly words: string;
  /** Whether the last commit, or the one that is looked at, reached it. */
  readonly touched: boolean;
  /** The keys of the boxes that lead to it. */
  readonly before: readonly string[];
  readonly table: string;
  readonly index: string;
  /** The live result it is about, as a key of the list of these. */
  readonly live?: string | null;
}
