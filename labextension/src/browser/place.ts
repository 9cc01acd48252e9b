// Where a data browser looks: a part of a table, a page of it, and the words for that. In: what the reader chose, and how
// many documents there are. Out: parameters of requests, positions and sentences; nothing here knows of elements.

import type { Field, Raw } from "../../../reactive_nb/notebook/static/inputs.js";
import { countText, numberText } from "../parts";

/** Some documents of a table in an order; the twin of panel/part.py. */
export interface Part {
  readonly index: string;
  readonly order: "asc" | "desc";
  /** By field: what its input gave. */
  readonly equal: Readonly<Record<string, Raw>>;
  /** The bounds of the field that follows those. */
  readonly from: Raw | null;
  readonly to: Raw | null;
}

/** An input with the name of what it is for. */
export type NamedField = Field & { name: string };

/** What `data.open` answers (panel/data.py). */
export interface Opened {
  readonly view: string;
  readonly total: string;
  readonly offset: number;
  readonly table: string;
  readonly index: string;
  readonly indexes: readonly { readonly name: string; readonly fields: readonly string[]; readonly unique: boolean }[];
  readonly inputs: readonly NamedField[];
  readonly is_editable: boolean;
  readonly insert: readonly NamedField[] | null;
}

/** The part with which a browser begins: everything, in the order of the index. */
export const wholePart = (index = "by_creation_time"): Part => ({ index, order: "asc", equal: {}, from: null, to: null });

/** Whether an input has nothing in it. */
export const isEmpty = (raw: Raw | null | undefined): boolean => raw === null || raw === undefined || raw.missing === true;

/** Whether a part is less than the whole table. */
export const isNarrowed = ({ equal, from, to }: Part): boolean => !isEmpty(from) || !isEmpty(to) || Object.values(equal).some((raw) => !isEmpty(raw));

/** How many of an index's first fields have one value. */
export function boundFields(inputs: readonly NamedField[], equal: Part["equal"]): number {
  const free = inputs.findIndex(({ name }) => isEmpty(equal[name]));
  return free < 0 ? inputs.length : free;
}

/** Where a page begins that has the document at a position. */
export const pageOf = (position: number, limit: number): number => Math.floor(position / limit) * limit;

/** Where the last page begins. */
export const lastPage = (total: number, limit: number): number => pageOf(Math.max(0, total - 1), limit);

/** Which documents are shown: `rows 201–300 of 12,345`. */
export function pageText(offset: number, shown: number, total: number): string {
  if (total === 0) return "no rows";
  if (shown === 0) return countText(total, "row");
  return `rows ${numberText(offset + 1)}–${numberText(offset + shown)} of ${numberText(total)}`;
}

/** How an order of an index reads. */
export function orderText(fields: readonly string[], order: "asc" | "desc"): string {
  const isTime = fields[0] === "_creationTime";
  return order === "asc" ? (isTime ? "oldest first" : "smallest first") : isTime ? "newest first" : "largest first";
}

/** Characters of a document's id, as values/ids.py writes them, and how many there may be. */
const ID = /^[0-9a-hjkmnp-tv-z]{31,37}$/;

/** Whether a cell may hold the id of a document; the kernel knows. */
export const looksLikeId = (cell: unknown): cell is string => typeof cell === "string" && ID.test(cell);

/** A number of a row as people write it, counted from 1; null for anything else. */
export function rowNumber(text: string): number | null {
  const digits = text.trim().replace(/[,\s]/g, "");
  return /^[0-9]{1,15}$/.test(digits) && Number(digits) > 0 ? Number(digits) : null;
}
