// Which kernel the panel looks into: that of the notebook, or console, that was in front last. In: JupyterLab's trackers
// and what they say of sessions. Out: a Place whenever something about it is another, with a Link where there is one; a link
// for every kernel that has opened its comm, whether it is looked at or not.

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ISessionContext } from "@jupyterlab/apputils";
import type { IConsoleTracker } from "@jupyterlab/console";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import type { Kernel } from "@jupyterlab/services";
import { Signal, type ISignal } from "@lumino/signaling";
import type { Widget } from "@lumino/widgets";
import { COMM_TARGET, CommChannel, Link } from "./link";

/**
 * How it is with the kernel that is looked at:
 * - `nothing`: no notebook or console is open
 * - `starting`: it has not said yet what it has; it may be busy with a cell
 * - `none`: there is no kernel
 * - `absent`: the package is not loaded in it
 * - `live`: it answers
 * - `restarting`, `ended`: as they say
 */
export type KernelState = "nothing" | "starting" | "none" | "absent" | "live" | "restarting" | "ended";

export interface Place {
  readonly state: KernelState;
  /** The name of the notebook or console. */
  readonly name: string;
  /** Set in the state `live`. */
  readonly link: Link | null;
  readonly notebook: NotebookPanel | null;
  /** Whether messages reach the kernel; while they do not, JupyterLab tries again by itself. */
  readonly connected: boolean;
}

const NOWHERE: Place = { state: "nothing", name: "", link: null, notebook: null, connected: true };

/** One connection to one kernel, for as long as JupyterLab has it. */
class KernelEntry {
  state: KernelState = "starting";
  link: Link | null = null;
  readonly changed = new Signal<this, void>(this);
  private channel: CommChannel | null = null;
  private life = new AbortController();

  constructor(readonly kernel: Kernel.IKernelConnection) {
    // The kernel opens the comm when a database is opened in it; one that nobody here waits for would be closed again.
    kernel.registerCommTarget(COMM_TARGET, (comm) => this.attach(comm));
    kernel.statusChanged.connect(this.onStatus, this);
    kernel.disposed.connect(() => this.leave("ended"));
    this.begin();
  }

  get connected(): boolean {
    return this.kernel.connectionStatus !== "disconnected" && this.kernel.connectionStatus !== "connecting";
  }

  private begin(): void {
    // A kernel that ends or restarts leaves questions without an answer; its next status begins anew.
    this.look().catch(() => undefined);
  }

  /** Find the comm that the kernel opened before this page was there. */
  private async look(): Promise<void> {
    const { signal } = this.life;
    await this.kernel.info;
    const reply = await this.kernel.requestCommInfo({ target_name: COMM_TARGET });
    if (signal.aborted || this.channel !== null || reply.content.status !== "ok") return;
    const known = Object.keys(reply.content.comms);
    const id = known.find((each) => !this.kernel.hasComm(each));
    if (id !== undefined) return this.attach(this.kernel.createComm(COMM_TARGET, id));
    const isLoaded = await this.isLoaded();
    if (signal.aborted || this.channel !== null) return;
    if (isLoaded) {
      // Another front end, without this panel, has closed the comm.
      const comm = this.kernel.createComm(COMM_TARGET);
      comm.open();
      return this.attach(comm);
    }
    this.become("absent");
  }

  /** Ask the kernel without leaving a trace; only Python has this package. */
  private async isLoaded(): Promise<boolean> {
    const info = await this.kernel.info;
    if (info.language_info.name !== "python") return false;
    const future = this.kernel.requestExecute({
      code: "",
      silent: true,
      store_history: false,
      user_expressions: { loaded: "'reactive_nb.notebook.panel.link' in __import__('sys').modules" },
    });
    const { content } = await future.done;
    if (content.status !== "ok") return false;
    const loaded = content.user_expressions["loaded"] as { data?: Record<string, string> } | undefined;
    return loaded?.data?.["text/plain"] === "True";
  }

  private attach(comm: Kernel.IComm): void {
    if (this.channel !== null && this.link !== null && this.channel.comm_live) {
      // The kernel has lost the other comm; what is shown goes on over this one.
      this.channel.use(comm);
      this.link.hello();
      return;
    }
    this.end();
    const channel = new CommChannel();
    channel.use(comm);
    const link = new Link(channel);
    this.channel = channel;
    const { signal } = this.life;
    addEventListener("pagehide", () => link.session.leave(), { signal });
    addEventListener("pageshow", (event) => event.persisted && link.session.showAll(), { signal });
    channel.on("comm_live_update", () => {
      if (!channel.comm_live && this.channel === channel) this.leave("absent");
    });
    void link.ready.then(
      () => {
        if (signal.aborted) return;
        this.link = link;
        this.become("live");
      },
      () => undefined, // it has ended before it answered, and the state says so
    );
  }

  private onStatus(kernel: Kernel.IKernelConnection, status: Kernel.Status): void {
    if (status === "restarting" || status === "autorestarting") {
      this.leave("restarting");
    } else if (status === "dead" || status === "terminating") {
      this.leave("ended");
    } else if ((this.state === "restarting" || this.state === "ended") && kernel.connectionStatus === "connected") {
      if (status === "unknown") return;
      this.become("starting");
      this.begin();
    }
  }

  private leave(state: KernelState): void {
    this.end();
    this.become(state);
  }

  /** Let go of the comm, and of whoever waits for it. */
  private end(): void {
    this.life.abort();
    this.life = new AbortController();
    const { channel } = this;
    this.channel = null;
    this.link = null;
    channel?.use(null);
  }

  private become(state: KernelState): void {
    if (state === this.state && state !== "live") return;
    this.state = state;
    this.changed.emit();
  }
}

/** A notebook or console that has a kernel. */
type Sessioned = Widget & { readonly sessionContext: ISessionContext };

export class Kernels {
  private readonly entries = new Map<Kernel.IKernelConnection, KernelEntry>();
  private readonly known = new Set<Sessioned>();
  /** Those that have had a kernel: one that is missing now has been shut down, and is not about to start. */
  private readonly begun = new WeakSet<Sessioned>();
  private current: Sessioned | null = null;
  private shown: Place = NOWHERE;
  private readonly changedSignal = new Signal<this, Place>(this);

  constructor(
    app: JupyterFrontEnd,
    private readonly notebooks: INotebookTracker,
    private readonly consoles: IConsoleTracker | null,
  ) {
    const trackers = consoles === null ? [notebooks] : [notebooks, consoles];
    for (const tracker of trackers) {
      tracker.forEach((widget: Sessioned) => this.add(widget));
      tracker.widgetAdded.connect((_: unknown, widget: Sessioned) => this.add(widget));
      tracker.currentChanged.connect((_: unknown, widget: Sessioned | null) => this.follow(widget));
    }
    app.shell.currentChanged?.connect(() => {
      const widget = app.shell.currentWidget;
      if (widget !== null && this.known.has(widget as Sessioned)) this.follow(widget as Sessioned);
    });
    this.follow(null);
  }

  /** Emitted whenever the place is another. */
  get changed(): ISignal<this, Place> {
    return this.changedSignal;
  }

  get place(): Place {
    return this.shown;
  }

  /** Look at a notebook or console, or at what was in front last. */
  private follow(widget: Sessioned | null): void {
    this.current = widget ?? this.notebooks.currentWidget ?? this.consoles?.currentWidget ?? null;
    if (this.current !== null) this.add(this.current);
    this.update();
  }

  private add(widget: Sessioned): void {
    if (this.known.has(widget)) return;
    this.known.add(widget);
    const { sessionContext } = widget;
    const onKernel = (): void => {
      const kernel = sessionContext.session?.kernel;
      if (kernel) {
        this.begun.add(widget);
        this.enter(kernel);
      }
      if (widget === this.current) this.update();
    };
    sessionContext.kernelChanged.connect(onKernel);
    sessionContext.sessionChanged.connect(onKernel);
    sessionContext.connectionStatusChanged.connect(() => this.update());
    sessionContext.propertyChanged.connect(() => this.update());
    sessionContext.statusChanged.connect(() => this.update());
    void sessionContext.ready.then(onKernel);
    widget.disposed.connect(() => {
      this.known.delete(widget);
      if (widget === this.current) this.follow(null);
    });
    onKernel();
  }

  private enter(kernel: Kernel.IKernelConnection): void {
    // JupyterLab hears comms on one of a kernel's connections only.
    if (this.entries.has(kernel) || !kernel.handleComms || kernel.isDisposed) return;
    const entry = new KernelEntry(kernel);
    this.entries.set(kernel, entry);
    entry.changed.connect(() => this.update());
    kernel.disposed.connect(() => {
      this.entries.delete(kernel);
      this.update();
    });
  }

  private entryOf(kernel: Kernel.IKernelConnection): KernelEntry | undefined {
    return this.entries.get(kernel) ?? [...this.entries.values()].find((entry) => entry.kernel.id === kernel.id);
  }

  private update(): void {
    const place = this.look();
    const keys = Object.keys(place) as (keyof Place)[];
    if (keys.every((key) => place[key] === this.shown[key])) return;
    this.shown = place;
    this.changedSignal.emit(place);
  }

  private look(): Place {
    const widget = this.current;
    if (widget === null || widget.isDisposed) return NOWHERE;
    const { sessionContext } = widget;
    const notebook = this.notebooks.has(widget) ? (widget as NotebookPanel) : null;
    const here = { name: widget.title.label || sessionContext.name, notebook, link: null, connected: true };
    const kernel = sessionContext.session?.kernel ?? null;
    if (kernel === null) {
      const isStarting = sessionContext.isRestarting || (!sessionContext.isReady && !this.begun.has(widget));
      return { ...here, state: isStarting ? "starting" : "none" };
    }
    const entry = this.entryOf(kernel);
    if (entry === undefined) return { ...here, state: "absent" };
    return { ...here, state: entry.state, link: entry.link, connected: entry.connected };
  }
}
