// What a page knows of one view. In: a snapshot, then the hub's frames in any state of completeness. Out: the rows and
// facts to show, and for each frame whether it applied or the page must ask. hub.py and view.py say the messages.

/** @typedef {Record<string, any>} Row */

/**
 * What one frame changed: rows to flash or to place anew. `whole` means that everything may be different.
 * @typedef {{whole: boolean, moved: string[], cells: [string, string[]][]}} Change
 */

export class Store {
  /** @param {any} snapshot */
  constructor(snapshot) {
    /** The latest frame up to which nothing was missed. */
    this.known = snapshot.seq;
    /** The commit of which everything here is true. */
    this.ts = snapshot.ts;
    this.viewId = snapshot.view_id;
    /** @type {Map<string, Row>} a changed row is a new object, so a view can tell by identity */
    this.rows = new Map();
    /** @type {string[]} */
    this.order = [];
    this.kind = "table";
    /** @type {string[]} */
    this.columns = [];
    this.total = 0;
    this.state = "loading";
    /** @type {{name: string, message: string} | null} */
    this.error = null;
    this.title = "";
    this.#take(snapshot);
  }

  /**
   * Apply a frame.
   * @param {any} frame
   * @returns {Change | "quiet" | "ask"} `ask`: the page must send a Resync
   */
  receive(frame) {
    const entry = frame.views[this.viewId];
    if (frame.seq <= this.known) return "quiet";
    if (this.state === "closed") return entry?.paused ? "ask" : "quiet"; // closed rows are not of later commits
    if (entry?.paused) return "ask";
    if (entry?.gone) {
      this.state = "closed"; // with the rows and the commit that it has
      return { whole: false, moved: [], cells: [] };
    }
    const complete = entry ? "rows" in entry || entry.since <= this.known : frame.seq === this.known + 1;
    if (!complete) return "ask";
    this.known = frame.seq;
    this.ts = entry?.ts ?? frame.ts;
    return entry ? this.#take(entry) : { whole: false, moved: [], cells: [] };
  }

  /**
   * @param {any} entry
   * @returns {Change}
   */
  #take(entry) {
    for (const fact of /** @type {const} */ (["kind", "columns", "total", "state", "error", "title"])) {
      if (fact in entry) /** @type {any} */ (this)[fact] = entry[fact];
    }
    if (entry.rows) {
      this.rows = new Map(entry.rows);
      this.order = [...this.rows.keys()];
      return { whole: true, moved: [], cells: [] };
    }
    /** @type {Change} */
    const change = { whole: false, moved: [], cells: [] };
    for (const op of entry.ops) {
      switch (op.op) {
        case "delete":
          this.rows.delete(op.key);
          this.order.splice(this.order.indexOf(op.key), 1);
          break;
        case "insert":
          this.rows.set(op.key, op.row);
          this.#place(op.key, op.after);
          change.cells.push([op.key, Object.keys(op.row)]);
          break;
        case "move":
          this.order.splice(this.order.indexOf(op.key), 1);
          this.#place(op.key, op.after);
          change.moved.push(op.key);
          break;
        case "update": {
          const row = { ...this.rows.get(op.key), ...op.cells };
          for (const field of op.gone ?? []) delete row[field];
          this.rows.set(op.key, row);
          change.cells.push([op.key, Object.keys(op.cells)]);
          break;
        }
      }
    }
    return change;
  }

  /**
   * @param {string} key
   * @param {string | null} after
   */
  #place(key, after) {
    this.order.splice(after === null ? 0 : this.order.indexOf(after) + 1, 0, key);
  }
}
