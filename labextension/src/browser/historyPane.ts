// The history of one document, at the side of its table. In: its versions, as the kernel has them (panel/history.py). Out:
// a list, newest first: the commit, when, by which function, and what it changed field by field.

import { showCell } from "../../../reactive_nb/notebook/static/cells.js";
import { element } from "../../../reactive_nb/notebook/static/dom.js";

interface FieldChange {
  readonly field: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

interface Version {
  readonly ts: number;
  readonly time_ms: number;
  readonly function: string;
  readonly origin: string;
  readonly change: "inserted" | "changed" | "deleted";
  readonly fields: readonly FieldChange[];
}

/** What `data.history` answers. */
export interface History {
  readonly id: string;
  readonly table: string;
  readonly versions: readonly Version[];
  readonly oldest: number;
  readonly is_whole: boolean;
}

const TIMES = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** Return the elements that show a history. */
export function drawHistory({ id, table, versions, oldest, is_whole: isWhole }: History): HTMLElement[] {
  const name = element("code", "rnb-browser-id", id);
  name.title = `the document ${id} of ${table}`;
  const list = element("ol", "rnb-browser-versions");
  list.append(...versions.map(drawVersion));
  const known = versions.length === 0 ? `No commit since ${oldest} has changed it.` : `Commits before ${oldest + 1} are not kept; it is older.`;
  return [name, list, ...(isWhole ? [] : [element("p", "rnb-browser-note", known)])];
}

function drawVersion(version: Version): HTMLElement {
  const head = element("div", "rnb-browser-version-head");
  head.append(element("strong", "", version.change), element("span", "", `commit ${version.ts}`), element("time", "", TIMES.format(version.time_ms)));
  const by = element("div", "rnb-browser-version-by");
  by.append(element("code", "", version.function));
  if (version.origin !== "") by.append(` · ${version.origin}`);
  const fields = element("dl", "rnb-browser-changes");
  for (const change of version.fields) fields.append(element("dt", "", change.field), drawChange(change));
  const item = element("li", `rnb-browser-version rnb-browser-${version.change}`);
  item.append(head, by, fields);
  return item;
}

function drawChange({ field, ...values }: FieldChange): HTMLElement {
  const text = (name: "before" | "after", className: string): HTMLElement => {
    const { text: shown, hover } = showCell(values[name], field);
    const part = element(name === "before" ? "del" : "ins", className, shown === "" ? '""' : shown);
    if (hover) part.title = hover;
    return part;
  };
  const line = element("dd");
  const ends = (["before", "after"] as const).filter((name) => name in values);
  const parts = ends.map((name) => text(name, `rnb-browser-${name}`));
  line.append(...parts.flatMap((part, at) => (at === 0 ? [part] : [" → ", part])));
  return line;
}
