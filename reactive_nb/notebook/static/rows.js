// What a viewer knows of one table view: its facts, and the window of rows that the kernel has sent. In: a snapshot, then
// entries. Out: rows by key and by place, and for each entry what changed, to flash and to keep the reader's place by.

/** States in which no commit changes what is shown. */
const STILL = ["paused", "closed"];

/** @typedef {Record<string, any>} Row cells by column; a changed row is another object, an unchanged one the same */

/**
 * What one entry changed. Rows that leave the window count as deleted, and those that come into it as inserted.
 * @typedef {object} Change
 * @property {boolean} whole the window came as a whole: places may be all different
 * @property {string[]} inserted
 * @property {string[]} moved
 * @property {string[]} deleted
 * @property {[string, string[]][]} cells rows that stay, with the columns that changed in them
 */

const FACTS = ["first", "total", "size", "kind", "columns", "state", "error", "title", "engine", "inputs", "editable"];

export class RowWindow {
  /** The place of the first known row in the whole arrangement. */
  first = 0;
  /** How many rows the arrangement has, and how many there would be without a filter. */
  total = 0;
  /** @type {number | null} */
  size = null;
  /** @type {"table" | "list" | "record" | "scalar"} */
  kind = "table";
  /** @type {string[]} */
  columns = [];
  /** @type {"loading" | "live" | "stale" | "failed" | "paused" | "closed"} */
  state = "loading";
  /** @type {{name: string, message: string} | null} */
  error = null;
  title = "";
  engine = "";
  /** @type {Record<string, any>} the editable columns, each with its Field */
  inputs = {};
  editable = false;
  /** The commit of which everything here is true. */
  ts = 0;
  /** @type {Map<string, Row>} */
  rows = new Map();
  /** @type {string[]} the keys of the known rows in their order */
  order = [];
  /** @type {Map<string, number> | null} */
  #places = null;

  /** How many rows there are without the filter. */
  get all() {
    return this.size ?? this.total;
  }

  /**
   * @param {number} place in the arrangement
   * @returns {string | null} null: no such row, or not known
   */
  keyAt(place) {
    return this.order[place - this.first] ?? null;
  }

  /**
   * @param {string | null} key
   * @returns {number} its place in the arrangement, -1 if it is not known
   */
  placeOf(key) {
    this.#places ??= new Map(this.order.map((key, at) => [key, at]));
    const at = key === null ? undefined : this.#places.get(key);
    return at === undefined ? -1 : this.first + at;
  }

  /** Whether no commit changes it: it is closed, or paused. */
  get isStill() {
    return STILL.includes(this.state);
  }

  /** @param {number} ts the newest commit; a closed or paused result stays true as of its own */
  setTs(ts) {
    if (!this.isStill) this.ts = ts;
  }

  /**
   * @param {any} entry
   * @returns {Change}
   */
  take(entry) {
    if (entry.gone) this.state = "closed"; // with the rows and the commit that it has
    for (const fact of FACTS) if (fact in entry) /** @type {any} */ (this)[fact] = entry[fact];
    if ("inputs" in entry) this.inputs = ownOnly(entry.inputs);
    if ("ts" in entry) this.ts = entry.ts;
    if (!("total" in entry) && "rows" in entry && this.total < entry.rows.length) this.total = entry.rows.length;
    this.#places = null;
    if (entry.rows) return this.#replace(entry.rows);
    /** @type {Change} */
    const change = { whole: false, inserted: [], moved: [], deleted: [], cells: [] };
    for (const op of entry.ops ?? []) this.#apply(op, change);
    return change;
  }

  /**
   * @param {[string, Row][]} rows
   * @returns {Change}
   */
  #replace(rows) {
    const old = this.rows;
    this.rows = new Map(rows.map(([key, row]) => [key, ownOnly(row)]));
    this.order = [...this.rows.keys()];
    /** @type {Change} */
    const change = { whole: true, inserted: [], moved: [], deleted: [], cells: [] };
    for (const [key, row] of this.rows) {
      const before = old.get(key);
      if (before === undefined) {
        change.inserted.push(key);
        continue;
      }
      const columns = changedColumns(before, row);
      if (columns.length > 0) change.cells.push([key, columns]);
      else this.rows.set(key, before);
    }
    for (const key of old.keys()) if (!this.rows.has(key)) change.deleted.push(key);
    return change;
  }

  /**
   * @param {any} op
   * @param {Change} change
   */
  #apply(op, change) {
    switch (op.op) {
      case "delete":
        this.rows.delete(op.key);
        this.order.splice(this.order.indexOf(op.key), 1);
        change.deleted.push(op.key);
        break;
      case "insert":
        this.rows.set(op.key, ownOnly(op.row));
        this.#place(op.key, op.after);
        change.inserted.push(op.key);
        break;
      case "move":
        this.order.splice(this.order.indexOf(op.key), 1);
        this.#place(op.key, op.after);
        change.moved.push(op.key);
        break;
      case "update": {
        const row = ownOnly({ ...this.rows.get(op.key), ...op.cells });
        for (const column of op.gone ?? []) delete row[column];
        this.rows.set(op.key, row);
        change.cells.push([op.key, [...Object.keys(op.cells), ...(op.gone ?? [])]]);
        break;
      }
    }
  }

  /**
   * @param {string} key
   * @param {string | null} after
   */
  #place(key, after) {
    this.order.splice(after === null ? 0 : this.order.indexOf(after) + 1, 0, key);
  }
}

/**
 * An object that has only what is its own: a column may be called `constructor`, and not every row need have it.
 * @param {Record<string, any>} named
 * @returns {Record<string, any>}
 */
const ownOnly = (named) => ({ __proto__: null, ...named });

/**
 * @param {Row} before
 * @param {Row} after
 * @returns {string[]}
 */
function changedColumns(before, after) {
  const columns = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...columns].filter((column) => !sameCell(before[column], after[column]));
}

/**
 * Whether two cells are the same JSON.
 * @param {any} a
 * @param {any} b
 */
export function sameCell(a, b) {
  return a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));
}
