// The whole of one value, below the rows. In: a cell to open, and word when its row changed. Out: the kernel's text of
// the value, asked for again whenever the cell is another.

import { element, setText } from "./dom.js";

export class DetailPane {
  root = element("aside", "rnb-detail");
  #name = element("span", "rnb-detail-name");
  #text = element("pre", "rnb-detail-text");
  /** @type {{key: string, column: string, cell: any} | null} */
  #open = null;
  #asked = 0;

  /**
   * @param {(key: string, column: string) => Promise<string>} ask the kernel for the whole value
   * @param {() => void} onClose called when the reader closes it
   */
  constructor(ask, onClose) {
    this.ask = ask;
    const close = element("button", "rnb-quiet-button", "close");
    close.addEventListener("click", onClose);
    const head = element("div", "rnb-detail-head");
    head.append(this.#name, close);
    this.#text.tabIndex = 0;
    this.root.append(head, this.#text);
    this.root.hidden = true;
    this.root.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") onClose();
    });
  }

  get isOpen() {
    return this.#open !== null;
  }

  /**
   * @param {string} key
   * @param {string} column
   * @param {any} cell what the row has there
   */
  open(key, column, cell) {
    this.#open = { key, column, cell };
    this.root.hidden = false;
    this.root.setAttribute("aria-label", `whole value of ${column}`);
    setText(this.#name, column);
    setText(this.#text, "loading…");
    this.#load();
  }

  /** Put the focus into it, where its text can be scrolled. */
  focus() {
    this.#text.focus();
  }

  close() {
    this.#open = null;
    this.root.hidden = true;
  }

  /**
   * Follow the rows after a change.
   * @param {Map<string, import("./rows.js").Row>} rows
   * @param {string[]} deleted
   */
  follow(rows, deleted) {
    if (this.#open === null) return;
    const { key, column, cell } = this.#open;
    const row = rows.get(key);
    if (row === undefined) {
      if (deleted.includes(key)) setText(this.#name, `${column} (its row is no longer here)`);
      return;
    }
    setText(this.#name, column);
    if (row[column] === cell) return;
    this.#open.cell = row[column];
    this.#load();
  }

  async #load() {
    const asked = ++this.#asked;
    const { key, column } = /** @type {{key: string, column: string}} */ (this.#open);
    const text = await this.ask(key, column).catch((error) => `${error.name}: ${error.message}`);
    if (asked === this.#asked) setText(this.#text, text); // an answer to an older question is no news
  }
}
