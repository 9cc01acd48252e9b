// Which cells are selected, and where the keyboard goes. In: keys pressed, cells pointed at, and rows as they change.
// Out: the active cell and a range. An end of the range is a row's key and a column, so it goes with its row; the place
// of that row is remembered too, for rows that are not known to the page, and to find a neighbour of one that is deleted.

/** @typedef {{key: string | null, place: number, column: string}} End a cell; key null: its row is not known yet */

/**
 * What the selection asks of the rows; place -1 is the head.
 * @typedef {object} Ground
 * @property {number} total
 * @property {number} first
 * @property {string[]} order
 * @property {(place: number) => string | null} keyAt
 * @property {(key: string | null) => number} placeOf
 */

/** @typedef {{top: number, bottom: number, left: number, right: number}} Range places of rows and columns, all inclusive */

export const HEAD = -1;

export class Selection {
  /** @type {End | null} the cell that the keyboard is on */
  active = null;
  /** @type {End | null} the other corner of the range */
  anchor = null;

  /**
   * @param {Ground} ground
   * @param {string[]} columns those shown, in their order
   */
  constructor(ground, columns = []) {
    this.ground = ground;
    this.columns = columns;
  }

  clear() {
    this.active = this.anchor = null;
  }

  /**
   * Go to a cell.
   * @param {number} place
   * @param {string} column
   * @param {boolean} [extend] the range grows from its anchor to the cell
   */
  go(place, column, extend = false) {
    this.active = { key: place === HEAD ? null : this.ground.keyAt(place), place, column };
    if (!extend || this.anchor === null || this.anchor.place === HEAD) this.anchor = { ...this.active };
  }

  selectAll() {
    const { total } = this.ground;
    if (total === 0 || this.columns.length === 0) return;
    const active = this.active;
    this.go(0, this.columns[0]);
    this.go(total - 1, this.columns[this.columns.length - 1], true);
    // The reader stays where she is: the range is what matters, so its corners are swapped when that keeps her in sight.
    if (active !== null && active.place < total / 2) [this.anchor, this.active] = [this.active, this.anchor];
  }

  /**
   * Follow the rows after a change: an end goes with its row; when its row is gone, it stays at its place.
   * @param {string[]} columns those shown now
   */
  follow(columns) {
    const before = this.columns;
    this.columns = columns;
    this.active = this.#followed(this.active, before);
    this.anchor = this.#followed(this.anchor, before) ?? (this.active && { ...this.active });
    if (this.active === null) this.anchor = null;
  }

  /**
   * @param {End | null} end
   * @param {string[]} before the columns until now
   * @returns {End | null}
   */
  #followed(end, before) {
    const { total, first, order } = this.ground;
    if (end === null || this.columns.length === 0) return null;
    const at = Math.min(Math.max(before.indexOf(end.column), 0), this.columns.length - 1);
    const column = this.columns.includes(end.column) ? end.column : this.columns[at];
    if (end.place === HEAD) return { ...end, column };
    if (total === 0) return null;
    const found = this.ground.placeOf(end.key);
    if (found >= 0) return { key: end.key, place: found, column };
    const place = Math.min(end.place, total - 1);
    const isKnown = place >= first && place < first + order.length;
    return { key: isKnown ? this.ground.keyAt(place) : end.place === place ? end.key : null, place, column };
  }

  /** @returns {Range | null} null: no cell is selected */
  get range() {
    const { active, anchor } = this;
    if (active === null || anchor === null || active.place === HEAD) return null;
    const [a, b] = [this.columns.indexOf(active.column), this.columns.indexOf(anchor.column)];
    return {
      top: Math.min(active.place, anchor.place),
      bottom: Math.max(active.place, anchor.place),
      left: Math.min(a, b),
      right: Math.max(a, b),
    };
  }

  /**
   * Move by a key.
   * @param {{key: string, shift: boolean, ctrl: boolean}} press
   * @param {number} page how many rows PageUp and PageDown go
   * @param {boolean} hasHead whether the arrow up leads to the head
   * @returns {boolean} whether the key means anything here
   */
  press({ key, shift, ctrl }, page, hasHead) {
    const { total } = this.ground;
    const last = this.columns.length - 1;
    if (last < 0) return false;
    if (ctrl && key.toLowerCase() === "a" && !shift) {
      this.selectAll();
      return true;
    }
    if (key === "Escape") {
      const { active, anchor } = this;
      if (active === null || anchor === null) return false;
      const isOneCell = active.place === anchor.place && active.column === anchor.column;
      if (isOneCell) this.clear();
      else this.anchor = { ...active };
      return true;
    }
    const [rows, columns] = STEPS[key]?.(ctrl, page) ?? [null, null];
    if (rows === null || columns === null) return false;
    if (this.active === null) {
      if (total > 0) this.go(0, this.columns[0]);
      return true;
    }
    const least = hasHead && (!shift || this.active.place === HEAD) ? HEAD : 0;
    const lowest = key === "PageUp" || (ctrl && (key === "Home" || key === "ArrowUp")) ? Math.max(least, 0) : least;
    const place = Math.max(Math.min(this.active.place + rows, total - 1), lowest);
    const at = Math.min(Math.max(this.columns.indexOf(this.active.column) + columns, 0), last);
    if (place < total) this.go(place, this.columns[at], shift);
    return true;
  }
}

/** @type {Record<string, (ctrl: boolean, page: number) => [rows: number, columns: number]>} */
const STEPS = {
  ArrowUp: (ctrl) => [ctrl ? -Infinity : -1, 0],
  ArrowDown: (ctrl) => [ctrl ? Infinity : 1, 0],
  ArrowLeft: (ctrl) => [0, ctrl ? -Infinity : -1],
  ArrowRight: (ctrl) => [0, ctrl ? Infinity : 1],
  Home: (ctrl) => [ctrl ? -Infinity : 0, -Infinity],
  End: (ctrl) => [ctrl ? Infinity : 0, Infinity],
  PageUp: (_, page) => [-page, 0],
  PageDown: (_, page) => [page, 0],
};
