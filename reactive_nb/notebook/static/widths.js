// How wide each column is. In: the texts that are shown, and what the reader drags. Out: widths in pixels. A column that
// nobody has dragged grows with its texts and never shrinks, so an update does not make the table shiver.

const CELL_PADDING = 25; // as in grid.css, with the line between columns
const MIN_WIDTH = 44;
/** Text is cut off at this width until the reader wants more; a number never is, for a cut number is a wrong one. */
const MAX_TEXT_WIDTH = 340;
const MAX_WIDTH = 1200;
const SORT_MARK_WIDTH = 22;

export class ColumnWidths {
  /** @type {Map<string, number>} */
  #grown = new Map();
  /** @type {Map<string, number>} those that the reader chose */
  #chosen = new Map();

  /** @param {(text: string, kind: string) => number} measure the width of a text in a cell, in pixels */
  constructor(measure) {
    this.measure = measure;
  }

  /**
   * @param {string} column
   * @returns {number}
   */
  of(column) {
    return this.#chosen.get(column) ?? this.#grown.get(column) ?? this.#grow(column, "", "head");
  }

  /** Begin anew, but for what the reader chose. */
  forget() {
    this.#grown.clear();
  }

  /**
   * Make room for a text, unless the reader chose the width.
   * @param {string} column
   * @param {import("./cells.js").Shown} shown
   */
  see(column, { text, kind }) {
    if (!this.#chosen.has(column)) this.#grow(column, text, kind);
  }

  /**
   * @param {string} column
   * @param {number} width
   */
  choose(column, width) {
    this.#chosen.set(column, Math.min(Math.max(Math.round(width), MIN_WIDTH), MAX_WIDTH));
  }

  /**
   * Make a column as wide as its texts are, the longest too.
   * @param {string} column
   * @param {Iterable<import("./cells.js").Shown>} texts
   */
  fit(column, texts) {
    let width = this.#needed(column, "head");
    for (const { text, kind } of texts) width = Math.max(width, this.#needed(text, kind));
    this.choose(column, width);
  }

  /**
   * @param {string} column
   * @param {string} text
   * @param {string} kind
   */
  #grow(column, text, kind) {
    const isWhole = kind === "number" || kind === "time";
    const width = Math.min(Math.max(this.#needed(text, kind), MIN_WIDTH), isWhole ? MAX_WIDTH : MAX_TEXT_WIDTH);
    const least = this.#grown.get(column) ?? Math.min(this.#needed(column, "head"), MAX_TEXT_WIDTH);
    const grown = Math.max(least, width);
    this.#grown.set(column, grown);
    return grown;
  }

  /**
   * @param {string} text
   * @param {string} kind
   */
  #needed(text, kind) {
    // A text beyond MAX_WIDTH is never measured to its end.
    const room = kind === "head" ? SORT_MARK_WIDTH : 0;
    return Math.ceil(this.measure(text.slice(0, 400), kind)) + CELL_PADDING + room;
  }
}

/**
 * Measure texts as they are drawn in an element's font.
 * @param {HTMLElement} root
 * @returns {(text: string, kind: string) => number}
 */
export function textMeasure(root) {
  const canvas = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  /** @type {Record<string, string>} */
  let fonts = {};
  return (text, kind) => {
    if (fonts.text === undefined && root.isConnected) {
      const style = getComputedStyle(root);
      const family = style.fontFamily;
      const code = style.getPropertyValue("--rnb-code") || "monospace";
      fonts = { text: `13px ${family}`, head: `600 13px ${family}`, other: `12px ${code}` };
    }
    canvas.font = fonts[kind] ?? fonts.text ?? "13px sans-serif";
    return canvas.measureText(text).width;
  };
}
