// A page's side of the channel: all live things on this page, and the one kernel they show. In: the channel's messages
// and what viewers want to see. Out: entries for viewers, one drawing of all of them per animation frame, and answers to
// requests. It keeps: a viewer is handed a frame's entry only when no frame before it is missing.

/** How long an unanswered Resync is waited for before it is sent again, in milliseconds. */
const RESYNC_MS = 1000;

/** How long an animation frame is waited for, in milliseconds. */
const HIDDEN_MS = 2000;

/** @typedef {"connecting" | "alive" | "gone"} Connection whether messages can come */

/**
 * One rendering of one view.
 * @typedef {object} Viewer
 * @property {string} id a random name, see `randomName`
 * @property {string} view what it shows
 * @property {string} engine whose commits it shows
 * @property {() => object | null} window the part it shows, for tables
 * @property {(entry: any) => void} receive takes the news of its view; drawing waits for `draw`
 * @property {(ts: number) => void} setTs all it shows is true as of this commit; ignored by a closed one
 * @property {(connection: Connection) => void} setConnection
 * @property {() => void} draw called in an animation frame after any of the others
 */

/**
 * The channel's model as ipywidgets has it: `comm_live` turns false when the kernel ends.
 * @typedef {{send: (message: object) => void, on: Function, off: Function, comm_live?: boolean}} ChannelModel
 */

/**
 * When things happen: the page's own timers, or a test's.
 * @typedef {{frame: (act: () => void) => void, after: (ms: number, act: () => void) => () => void}} Timers
 */

/** @type {Timers} */
export const PAGE_TIMERS = {
  frame: (act) => {
    const frame = requestAnimationFrame(() => {
      clearTimeout(timer);
      act();
    });
    // A hidden tab has no animation frames; without a word for minutes the kernel would take it for closed.
    const timer = setTimeout(() => {
      cancelAnimationFrame(frame);
      act();
    }, HIDDEN_MS);
  },
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};

/** @typedef {{done: number, total: number | null, text: string}} Progress how far an answer is; the text says it all */

/** A refused request, with what the kernel says of it: `name`, `message`, and where they apply `code`, `what`, `thing`,
 * `expected`, `hint`, `path`, `field`, `theirs`. */
export class RequestError extends Error {
  /** @param {{name: string, message: string, [fact: string]: any}} error */
  constructor(error) {
    super(error.message);
    /** @type {string | undefined} */
    this.code = undefined;
    Object.assign(this, error);
  }
}

/** @returns {string} a name that nothing else has */
export function randomName() {
  const parts = crypto.getRandomValues(new Uint32Array(3)); // randomUUID is missing on plain http
  return Array.from(parts, (part) => part.toString(36)).join("");
}

export class Session {
  page = randomName();
  /** The last frame applied; 0 before the first. */
  known = 0;
  /** @type {Map<string, Viewer>} */
  #viewers = new Map();
  /** @type {Set<string>} viewers that have had an entry: what they show is of a frame */
  #fed = new Set();
  /** @type {Set<string>} viewers whose last entry named a commit of its own: they show that one until another entry comes */
  #pinned = new Set();
  /** @type {Set<Viewer>} to draw in the next animation frame */
  #due = new Set();
  #frameAsked = false;
  /** Whether a frame was applied that the kernel has not been told of; told after it is drawn. */
  #ackDue = false;
  /** @type {(() => void) | null} set while a Resync is unanswered */
  #stopWaiting = null;
  /** @type {Map<number, {resolve: (result: any) => void, reject: (error: Error) => void, tell: (progress: Progress) => void}>} */
  #requests = new Map();
  #requestId = 0;
  /** @type {Connection} */
  #connection;

  /**
   * @param {ChannelModel | null} channel null: there is none, as in a saved notebook
   * @param {Timers} [timers]
   */
  constructor(channel, timers = PAGE_TIMERS) {
    this.channel = channel;
    this.timers = timers;
    this.#connection = this.#currentConnection();
    channel?.on("msg:custom", (/** @type {any} */ message) => this.receive(message));
    channel?.on("comm_live_update", () => this.#updateConnection());
  }

  get connection() {
    return this.#connection;
  }

  /** @param {Viewer} viewer */
  show(viewer) {
    this.#viewers.set(viewer.id, viewer);
    viewer.setConnection(this.#connection);
    this.#sendShow(viewer);
  }

  /** @param {Viewer} viewer its window is another now */
  changed(viewer) {
    if (this.#viewers.has(viewer.id)) this.#sendShow(viewer);
  }

  /** @param {Viewer} viewer */
  hide(viewer) {
    this.#due.delete(viewer);
    this.#fed.delete(viewer.id);
    this.#pinned.delete(viewer.id);
    if (this.#viewers.delete(viewer.id)) this.#send({ type: "Hide", page: this.page, viewer: viewer.id });
  }

  /** Tell the kernel that the page goes away; `showAll` undoes it, when it comes back from the browser's cache. */
  leave() {
    for (const id of this.#viewers.keys()) this.#send({ type: "Hide", page: this.page, viewer: id });
  }

  showAll() {
    for (const viewer of this.#viewers.values()) this.#sendShow(viewer);
  }

  /**
   * Draw a viewer in the next animation frame, together with all others that are due.
   * @param {Viewer} viewer
   */
  schedule(viewer) {
    this.#due.add(viewer);
    this.#askFrame();
  }

  /**
   * Ask the kernel for something.
   * @param {string} target the id of a view or form
   * @param {string} method
   * @param {object} params
   * @param {(progress: Progress) => void} [tell] called until there is an answer
   * @returns {Promise<any>} rejects with a `RequestError`
   */
  request(target, method, params, tell = () => {}) {
    if (this.#connection === "gone") return Promise.reject(kernelGone());
    const id = ++this.#requestId;
    return new Promise((resolve, reject) => {
      this.#requests.set(id, { resolve, reject, tell });
      this.#send({ type: "Request", page: this.page, id, target, method, params });
    });
  }

  /** @param {any} message whatever the channel brings; every page hears the messages to all */
  receive(message) {
    if (message?.page !== this.page) return;
    switch (message.type) {
      case "Frame":
        return this.#receiveFrame(message);
      case "Unknown":
        this.known = 0;
        this.#ackDue = false;
        this.#fed.clear();
        this.#endResync();
        return this.showAll();
      case "Progress": {
        const { id, done, total, text } = message;
        return this.#requests.get(id)?.tell({ done, total, text });
      }
      case "Response":
        return this.#receiveResponse(message);
    }
  }

  /** @param {{seq: number, whole: boolean, ts: Record<string, number>, entries: Record<string, any>}} frame */
  #receiveFrame({ seq, whole, ts, entries }) {
    if (!whole && seq !== this.known + 1) {
      if (this.#stopWaiting === null) this.#resync();
      return;
    }
    this.#endResync();
    this.known = seq;
    this.#ackDue = true;
    for (const viewer of this.#viewers.values()) {
      const entry = entries[viewer.id];
      if (entry !== undefined) {
        this.#fed.add(viewer.id);
        if (entry.ts === undefined) this.#pinned.delete(viewer.id);
        else this.#pinned.add(viewer.id);
        attempt(() => viewer.receive(entry));
      }
      // One that has had no entry yet shows its snapshot, which may be older than this frame.
      const moment = ts[viewer.engine];
      const isMoved = moment !== undefined && this.#fed.has(viewer.id) && !this.#pinned.has(viewer.id);
      if (isMoved) viewer.setTs(moment);
      // A frame with everything has an entry for all that the kernel knows of. It may have taken the page to be gone, and
      // have heard of some viewers only since.
      if (whole && entry === undefined) this.#sendShow(viewer);
      if (entry !== undefined || isMoved) this.#due.add(viewer);
    }
    this.#askFrame();
  }

  /** @param {{id: number, ok: boolean, result?: any, error?: any}} response */
  #receiveResponse({ id, ok, result, error }) {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    if (ok) request?.resolve(result);
    else request?.reject(new RequestError(error));
  }

  #askFrame() {
    if (this.#frameAsked) return;
    this.#frameAsked = true;
    this.timers.frame(() => this.#draw());
  }

  #draw() {
    this.#frameAsked = false;
    const due = [...this.#due];
    this.#due.clear();
    for (const viewer of due) attempt(() => viewer.draw());
    if (this.#ackDue) this.#send({ type: "Ack", page: this.page, seq: this.known });
    this.#ackDue = false;
  }

  #resync() {
    this.#send({ type: "Resync", page: this.page });
    this.#stopWaiting = this.timers.after(RESYNC_MS, () => {
      this.#stopWaiting = null;
      if (this.#connection === "alive" && this.#viewers.size > 0) this.#resync();
    });
  }

  #endResync() {
    this.#stopWaiting?.();
    this.#stopWaiting = null;
  }

  /** @returns {Connection} */
  #currentConnection() {
    return this.channel === null || this.channel.comm_live === false ? "gone" : "alive";
  }

  #updateConnection() {
    const connection = this.#currentConnection();
    if (connection === this.#connection) return;
    this.#connection = connection;
    for (const viewer of this.#viewers.values()) viewer.setConnection(connection);
    if (connection === "alive") return this.showAll();
    this.#endResync();
    for (const { reject } of this.#requests.values()) reject(kernelGone());
    this.#requests.clear();
  }

  /** @param {Viewer} viewer */
  #sendShow(viewer) {
    this.#send({ type: "Show", page: this.page, viewer: viewer.id, view: viewer.view, window: viewer.window() });
  }

  /** @param {object} message */
  #send(message) {
    if (this.#connection === "alive") this.channel?.send(message);
  }
}

const kernelGone = () =>
  new RequestError({ name: "KernelGone", code: "kernel_gone", message: "The kernel has ended. Run the cell again to go on." });

/**
 * Leave a failure with its viewer, or its output: the page reports it as uncaught, and the others go on.
 * @param {() => void} act
 */
export function attempt(act) {
  try {
    act();
  } catch (failure) {
    queueMicrotask(() => {
      throw failure;
    });
  }
}

/**
 * Find the session of a widget's channel: one per page and channel, made by the first that asks. It is kept on the
 * channel's model, because every widget has a copy of this module.
 * @param {any} model the widget's model
 * @returns {Promise<Session>}
 */
export async function sessionOf(model) {
  const reference = String(model.get("channel") ?? "").replace("IPY_MODEL_", "");
  /** @type {any} */
  const channel = await Promise.resolve()
    .then(() => model.widget_manager.get_model(reference))
    .catch(() => null); // a saved notebook has no channel, and that is all there is to say
  if (!channel) return new Session(null);
  if (channel.rnbSession === undefined) {
    /** @type {Session} */
    const session = (channel.rnbSession = new Session(channel));
    addEventListener("pagehide", () => session.leave());
    addEventListener("pageshow", (event) => event.persisted && session.showAll());
  }
  return channel.rnbSession;
}
