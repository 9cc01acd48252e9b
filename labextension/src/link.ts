// One kernel as the panel reaches it: the session of a comm, requests, and lists that stay true. In: a comm of the target
// `reactive_nb` (kernels.ts finds it). Out: a Link, which sections and data browsers ask and follow.

import type { Kernel, KernelMessage as LabMessage } from "@jupyterlab/services";
import type { JSONObject } from "@lumino/coreutils";
import { RequestError, Session, randomName, type Progress, type Viewer } from "../../reactive_nb/notebook/static/session.js";
import { RowWindow } from "../../reactive_nb/notebook/static/rows.js";
import { kernelMessage } from "./messages";

/** The name under which kernel and page find each other (panel/link.py). */
export const COMM_TARGET = "reactive_nb";

/** A list as it is known now. */
export interface ItemList<Item> {
  /** All items by their keys, in no order. */
  readonly items: ReadonlyMap<string, Item>;
  /** The keys in the list's order. */
  readonly order: readonly string[];
  /** `loading` until the first items, then `live`; `closed` when it never changes again, `failed` when it cannot be had. */
  readonly state: string;
  readonly error: { readonly name: string; readonly message: string } | null;
  /** The commit of which it is true. */
  readonly ts: number;
}

/** A list that is followed. */
export interface Feed {
  close(): void;
}

type Listener = (value?: unknown) => void;

/** A comm as `Session` wants its channel: it was written for a widget's model. */
export class CommChannel {
  comm_live = false;
  private comm: Kernel.IComm | null = null;
  private readonly listeners = new Map<string, Set<Listener>>();

  /** Go on over this comm; null: there is none. */
  use(comm: Kernel.IComm | null): void {
    if (this.comm !== null) this.comm.onMsg = () => undefined;
    this.comm = comm;
    if (comm !== null) {
      comm.onMsg = (message: LabMessage.ICommMsgMsg) => this.tell("msg:custom", message.content.data);
      comm.onClose = () => {
        if (this.comm === comm) this.use(null);
      };
    }
    const isLive = comm !== null;
    if (isLive === this.comm_live) return;
    this.comm_live = isLive;
    this.tell("comm_live_update");
  }

  send(message: object): void {
    if (this.comm !== null && !this.comm.isDisposed) this.comm.send(message as JSONObject);
  }

  on(event: string, listener: Listener): void {
    this.listeners.set(event, (this.listeners.get(event) ?? new Set()).add(listener));
  }

  off(event: string, listener: Listener): void {
    this.listeners.get(event)?.delete(listener);
  }

  private tell(event: string, value?: unknown): void {
    for (const listener of this.listeners.get(event) ?? []) listener(value);
  }
}

export class Link {
  readonly session: Session;
  /** Resolves once the kernel has said whom to ask; rejects when it ends before. */
  readonly ready: Promise<void>;
  /** The version of the package in the kernel; empty before it has answered. */
  version = "";
  private target = "";

  /** @param channel over which comm; `use` gives it another one, and null ends the link */
  constructor(readonly channel: CommChannel) {
    this.session = new Session(channel);
    this.ready = new Promise((resolve, reject) => {
      channel.on("msg:custom", (data) => {
        const message = kernelMessage(data);
        if (message?.type !== "Welcome" || message.page !== this.session.page) return;
        this.target = message.target;
        this.version = message.version;
        resolve();
      });
      channel.on("comm_live_update", () => {
        // Whoever asks an ended session is told so in the same words.
        if (!channel.comm_live) this.session.request("", "", {}).catch(reject);
      });
    });
    this.hello();
  }

  /** Whether the kernel is there. */
  get alive(): boolean {
    return this.channel.comm_live;
  }

  /** Ask the kernel whom to ask; again after the comm has become another one. */
  hello(): void {
    this.channel.send({ type: "Hello", page: this.session.page });
  }

  /** Ask the panel's side in the kernel; rejects with a `RequestError`. */
  async request<T>(method: string, params: object, tell?: (progress: Progress) => void): Promise<T> {
    await this.ready;
    return this.session.request(this.target, method, params, tell) as Promise<T>;
  }

  /** Ask the target of a view; rejects with a `RequestError`. */
  viewRequest<T>(view: string, method: string, params: object): Promise<T> {
    return this.session.request(view, method, params) as Promise<T>;
  }

  /**
   * Follow a list. `changed` is called in an animation frame whenever something in it is another; never after `close`.
   *
   * @param what one of `databases`, `tables`, `functions`, `lives`, `jobs`, `log`, `graph`
   * @param db the database's name in messages; null for lists of the kernel
   * @param at the commit to show; null is now
   */
  list<Item>(what: string, db: string | null, at: number | null, changed: (list: ItemList<Item>) => void): Feed {
    return new ListFeed<Item>(this, { what, db, at }, changed);
  }

  /** Return a list as it is now, without following it; rejects when it cannot be had. */
  listOnce<Item>(what: string, db: string | null, at: number | null): Promise<ItemList<Item>> {
    return new Promise((resolve, reject) => {
      const feed: Feed = this.list<Item>(what, db, at, (list) => {
        if (list.state === "loading") return;
        feed.close();
        if (list.error === null) resolve(list);
        else reject(new RequestError(list.error));
      });
    });
  }
}

/** One list on this page, as a viewer of the session. */
class ListFeed<Item> implements Viewer, Feed {
  readonly id = randomName();
  view = "";
  engine = "";
  private readonly rows = new RowWindow();
  private closed = false;
  private opening = false;

  constructor(
    private readonly link: Link,
    private readonly params: { what: string; db: string | null; at: number | null },
    private readonly changed: (list: ItemList<Item>) => void,
  ) {
    void this.open();
  }

  close(): void {
    this.closed = true;
    this.link.session.hide(this);
  }

  window(): null {
    return null;
  }

  receive(entry: { gone?: boolean; engine?: string }): void {
    if (entry.gone) {
      // The kernel has let go of it, as after the machine has slept: it is opened anew, and shows what it has until then.
      void this.open();
      return;
    }
    this.rows.take(entry);
    this.engine = this.rows.engine;
  }

  setTs(ts: number): void {
    this.rows.setTs(ts);
  }

  setConnection(): void {
    // A link that has ended is the panel's to show; what was there stays until then.
  }

  draw(): void {
    if (this.closed) return;
    const { rows, order, state, error, ts } = this.rows;
    this.changed({ items: rows as ReadonlyMap<string, Item>, order, state, error, ts });
  }

  private async open(): Promise<void> {
    if (this.closed || this.opening) return;
    this.opening = true;
    this.link.session.hide(this);
    try {
      const { view } = await this.link.request<{ view: string }>("open", this.params);
      this.view = view;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (error.code === "kernel_gone") return;
      this.rows.state = "failed";
      this.rows.error = { name: error.name, message: error.message };
      this.draw();
      return;
    } finally {
      this.opening = false;
    }
    if (!this.closed) this.link.session.show(this);
  }
}
