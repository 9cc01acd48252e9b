// The arithmetic of a table of which only a part is in the document. In: how many rows there are, and where the reader
// has scrolled. Out: which rows are in sight, which to ask the kernel for, and where to scroll so that a row stays put.
//
// A browser makes no element higher than some 2**24 pixels, so the height of the rows stops at MAX_HEIGHT; in a longer
// table the scroll position means a share of the way through the rows, and nothing else changes.

export const ROW_HEIGHT = 24;
export const MAX_HEIGHT = 15e6;
/** How many screens of rows are asked for above and below the one in sight, and how many must be left of them. */
const MARGIN_SCREENS = 2;
const LEAST_SCREENS = 1;

/** @typedef {{first: number, count: number}} Span rows from `first` on */

export class Viewport {
  /**
   * @param {number} total rows
   * @param {number} height of the part where rows are in sight, in pixels
   */
  constructor(total, height) {
    this.total = total;
    this.height = height;
  }

  /** The height of all rows together, in pixels of the document. */
  get virtualHeight() {
    return Math.min(this.total * ROW_HEIGHT, MAX_HEIGHT);
  }

  get #ways() {
    return {
      real: Math.max(this.total * ROW_HEIGHT - this.height, 0),
      scroll: Math.max(this.virtualHeight - this.height, 0),
    };
  }

  /**
   * @param {number} scrollTop
   * @returns {number} how far down the rows the reader is, in pixels of the rows
   */
  offset(scrollTop) {
    const { real, scroll } = this.#ways;
    return real === scroll ? scrollTop : (scrollTop * real) / scroll;
  }

  /**
   * @param {number} offset in pixels of the rows
   * @returns {number} the scroll position that shows it
   */
  scrollFor(offset) {
    const { real, scroll } = this.#ways;
    const within = Math.min(Math.max(offset, 0), real);
    return real === scroll ? within : (within * scroll) / real;
  }

  /**
   * @param {number} place of a row
   * @param {number} scrollTop
   * @returns {number} where its upper edge is in the document, in pixels from the top of the rows
   */
  top(place, scrollTop) {
    const { real, scroll } = this.#ways;
    return real === scroll ? place * ROW_HEIGHT : scrollTop + place * ROW_HEIGHT - this.offset(scrollTop);
  }

  /**
   * @param {number} scrollTop
   * @returns {Span} the rows of which at least a part is in sight
   */
  visible(scrollTop) {
    const offset = this.offset(scrollTop);
    const first = Math.min(Math.max(Math.floor(offset / ROW_HEIGHT), 0), Math.max(this.total - 1, 0));
    const end = Math.min(Math.ceil((offset + this.height) / ROW_HEIGHT), this.total);
    return { first, count: Math.max(end - first, 0) };
  }

  /**
   * @param {number} scrollTop
   * @returns {number} the first row that is in sight from its upper edge on
   */
  firstFull(scrollTop) {
    const place = Math.max(Math.ceil(this.offset(scrollTop) / ROW_HEIGHT - 1e-6), 0); // computed offsets are not exact
    return Math.min(place, Math.max(this.total - 1, 0)) + 0;
  }

  /** How many rows fit, at least one. */
  get screen() {
    return Math.max(Math.floor(this.height / ROW_HEIGHT), 1);
  }

  /**
   * @param {number} scrollTop
   * @returns {Span} the rows to ask for: those in sight, and two screens more on either side
   */
  wanted(scrollTop) {
    const { first } = this.visible(scrollTop);
    const margin = MARGIN_SCREENS * (this.screen + 1);
    const start = Math.max(first - margin, 0);
    return { first: start, count: first - start + this.screen + 2 + margin };
  }

  /**
   * @param {number} scrollTop
   * @param {Span} known the rows that are known or asked for
   * @returns {boolean} whether they reach less than one screen beyond what is in sight, where there are rows
   */
  needs(scrollTop, known) {
    const { first, count } = this.visible(scrollTop);
    const margin = LEAST_SCREENS * this.screen;
    const isShortAbove = known.first > Math.max(first - margin, 0);
    const isShortBelow = known.first + known.count < Math.min(first + count + margin, this.total);
    return isShortAbove || isShortBelow;
  }

  /**
   * @param {number} scrollTop
   * @param {number} place of a row
   * @returns {number} the nearest scroll position at which the row is in sight as a whole
   */
  reveal(scrollTop, place) {
    const offset = this.offset(scrollTop);
    const top = place * ROW_HEIGHT;
    if (top < offset) return this.scrollFor(top);
    if (top + ROW_HEIGHT > offset + this.height) return this.scrollFor(top + ROW_HEIGHT - this.height);
    return scrollTop;
  }

  /**
   * Where to scroll so that a row is as far below the upper edge as it was before the rows changed.
   * @param {number} place of the row now
   * @param {number} below how far below the upper edge it was, in pixels
   * @returns {number}
   */
  hold(place, below) {
    return this.scrollFor(place * ROW_HEIGHT - below);
  }
}

/**
 * Which row to hold on to when rows change: the first in sight that stays and was not moved itself, for one that is
 * sorted elsewhere must not take the reader with it.
 * @param {string[]} keys those in sight, from the first full one on
 * @param {(key: string) => boolean} isKnown whether it is there after the change
 * @param {Set<string>} moved
 * @returns {string | null}
 */
export function rowToHold(keys, isKnown, moved) {
  return keys.find((key) => isKnown(key) && !moved.has(key)) ?? null;
}
