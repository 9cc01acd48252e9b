// Edits that are on their way. In: what was typed into a cell, the kernel's answers, and commits as they are shown. Out:
// what such a cell shows meanwhile, and the edits that were refused. An edit is pending until a frame names its commit or
// a later one, so a cell never falls back to its old value between the answer and the frame. There is such a frame after
// every edit, also after one that has changed nothing that is shown.

/**
 * @typedef {object} Edit
 * @property {string} key
 * @property {string} column
 * @property {import("./inputs.js").Raw} raw
 * @property {string} text what the raw reads as in the cell
 * @property {any} base the cell when the edit began
 */

/**
 * @typedef {Edit & {state: "sending" | "sent" | "refused", ts: number, next: Edit | null, error: any}} PendingEdit
 * `next`: what was typed into the same cell since, sent when this one is shown
 */

export class PendingEdits {
  /** @type {Map<string, PendingEdit>} by cell, in the order of their beginning */
  #edits = new Map();
  #ts = 0;

  /**
   * @param {(edit: Edit) => Promise<{ts: number}>} send
   * @param {(key: string, column: string) => any} cellOf the cell as it is known now
   * @param {() => void} onChange called when something is to be drawn
   */
  constructor(send, cellOf, onChange) {
    this.send = send;
    this.cellOf = cellOf;
    this.onChange = onChange;
  }

  /** @returns {PendingEdit[]} */
  get refused() {
    return [...this.#edits.values()].filter(({ state }) => state === "refused");
  }

  /** @param {Edit} edit */
  commit(edit) {
    const before = this.#edits.get(cellName(edit));
    if (before !== undefined && before.state !== "refused") before.next = edit;
    else this.#run(edit);
    this.onChange();
  }

  /**
   * @param {string} key
   * @param {string} column
   * @returns {PendingEdit | undefined}
   */
  of(key, column) {
    return this.#edits.get(cellName({ key, column }));
  }

  /**
   * @param {string} key
   * @param {string} column
   * @returns {import("./gridbody.js").Note | undefined} what the cell shows instead of its value
   */
  noteOf(key, column) {
    if (this.#edits.size === 0) return undefined;
    const edit = this.of(key, column);
    return edit === undefined || edit.state === "refused" ? undefined : { text: (edit.next ?? edit).text, kind: "pending" };
  }

  /** @param {number} ts the commit that is shown now */
  settle(ts) {
    this.#ts = ts;
    for (const edit of [...this.#edits.values()]) {
      if (edit.state !== "sent" || edit.ts > ts) continue;
      this.#edits.delete(cellName(edit));
      if (edit.next !== null) this.#run({ ...edit.next, base: this.cellOf(edit.key, edit.column) });
      this.onChange();
    }
  }

  /** @param {Edit} edit forget that it was refused */
  dismiss(edit) {
    this.#edits.delete(cellName(edit));
    this.onChange();
  }

  /** @param {PendingEdit} edit send it again, over what somebody else has written */
  insist(edit) {
    this.#run({ key: edit.key, column: edit.column, raw: edit.raw, text: edit.text, base: edit.error.theirs });
    this.onChange();
  }

  /**
   * @param {Edit} begun
   * @returns {Promise<void>}
   */
  async #run(begun) {
    /** @type {PendingEdit} */
    const edit = { ...begun, state: "sending", ts: 0, next: null, error: null };
    this.#edits.delete(cellName(edit));
    this.#edits.set(cellName(edit), edit);
    try {
      edit.ts = (await this.send(begun)).ts;
      edit.state = "sent";
      this.settle(this.#ts);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (edit.next !== null) return this.#run(edit.next); // what was typed last is what counts
      edit.state = "refused";
      edit.error = error;
      this.onChange();
    }
  }
}

/** @param {{key: string, column: string}} cell */
const cellName = ({ key, column }) => JSON.stringify([key, column]);

/**
 * Whether an edit was refused because somebody else has changed the cell.
 * @param {PendingEdit} edit
 */
export const isConflict = (edit) => edit.error?.code === "edit_conflict";
