// Which kernel the panel looks into, with kernels and notebooks that a test holds: comms that are opened before and after,
// by whom, restarts, and what is in front.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Signal } from "@lumino/signaling";
import "../../tests/page/document.mjs";
import { Kernels } from "../lib/labextension/src/kernels.js";

/** Let promises that are settled go on, as far as they go. */
async function settle() {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const comms = [];
afterEach(() => comms.splice(0).forEach((comm) => comm.onClose?.()));

class FakeComm {
  isDisposed = false;
  sent = [];
  isOpened = false;
  constructor(commId) {
    this.commId = commId;
    comms.push(this);
  }
  open() {
    this.isOpened = true;
  }
  send(message) {
    this.sent.push(message);
    if (message.type === "Hello" && !this.isSilent) {
      queueMicrotask(() => this.hear({ type: "Welcome", page: message.page, target: "f1", version: "1" }));
    }
  }
  hear(data) {
    this.onMsg({ content: { data } });
  }
}

class FakeKernel {
  handleComms = true;
  isDisposed = false;
  status = "idle";
  connectionStatus = "connected";
  statusChanged = new Signal(this);
  disposed = new Signal(this);
  targets = {};
  created = [];
  asked = [];
  constructor(id, { known = [], loaded = false, language = "python" } = {}) {
    this.id = id;
    this.known = known;
    this.loaded = loaded;
    this.info = Promise.resolve({ language_info: { name: language } });
  }
  registerCommTarget(name, act) {
    this.targets[name] = act;
  }
  hasComm(id) {
    return this.created.some((comm) => comm.commId === id);
  }
  createComm(_, id = "own") {
    const comm = new FakeComm(id);
    this.created.push(comm);
    return comm;
  }
  requestCommInfo() {
    this.asked.push("comms");
    return Promise.resolve({ content: { status: "ok", comms: Object.fromEntries(this.known.map((id) => [id, {}])) } });
  }
  requestExecute({ silent, store_history: storeHistory }) {
    assert.deepEqual([silent, storeHistory], [true, false]);
    this.asked.push("loaded");
    const data = { "text/plain": this.loaded ? "True" : "False" };
    return { done: Promise.resolve({ content: { status: "ok", user_expressions: { loaded: { data } } } }) };
  }
  /** As a database that is opened in it does. */
  openComm(id) {
    const comm = new FakeComm(id);
    this.targets["reactive_nb"](comm);
    return comm;
  }
  become(status) {
    this.status = status;
    this.statusChanged.emit(status);
  }
}

class FakeNotebook {
  isDisposed = false;
  disposed = new Signal(this);
  constructor(name, kernel) {
    this.title = { label: name };
    const context = { name, isReady: true, isRestarting: false, session: kernel && { kernel }, ready: Promise.resolve() };
    for (const signal of ["kernelChanged", "sessionChanged", "connectionStatusChanged", "propertyChanged", "statusChanged"]) {
      context[signal] = new Signal(context);
    }
    this.sessionContext = context;
  }
  use(kernel) {
    this.sessionContext.session = kernel && { kernel };
    this.sessionContext.kernelChanged.emit();
  }
}

/** What the panel looks at, with these notebooks, the first of them in front. */
async function look(...notebooks) {
  const tracker = {
    currentWidget: notebooks[0] ?? null,
    widgetAdded: new Signal({}),
    currentChanged: new Signal({}),
    forEach: (act) => notebooks.forEach(act),
    has: (widget) => notebooks.includes(widget),
  };
  const shell = { currentWidget: null, currentChanged: new Signal({}) };
  const kernels = new Kernels({ shell }, tracker, null);
  await settle();
  return {
    kernels,
    state: () => kernels.place.state,
    front: (widget) => {
      shell.currentWidget = tracker.currentWidget = widget;
      shell.currentChanged.emit();
    },
    close: (widget) => {
      tracker.currentWidget = notebooks.find((each) => each !== widget) ?? null;
      widget.isDisposed = true;
      widget.disposed.emit();
    },
  };
}

test("without notebooks there is nothing to look at", async () => {
  assert.equal((await look()).state(), "nothing");
});

test("a kernel without the package is asked whether it is loaded, and no comm is opened", async () => {
  const kernel = new FakeKernel("k");
  const { state } = await look(new FakeNotebook("a", kernel));

  assert.equal(state(), "absent");
  assert.deepEqual(kernel.asked, ["comms", "loaded"]);
  assert.deepEqual(kernel.created, []);
});

test("a kernel of another language is asked nothing more", async () => {
  const kernel = new FakeKernel("k", { language: "R" });
  const { state } = await look(new FakeNotebook("a", kernel));

  assert.deepEqual([state(), kernel.asked], ["absent", ["comms"]]);
});

test("a comm that the kernel opens makes it live", async () => {
  const kernel = new FakeKernel("k");
  const { kernels, state } = await look(new FakeNotebook("a", kernel));

  kernel.openComm("c");
  await settle();

  assert.equal(state(), "live");
  assert.equal(kernels.place.link.alive, true);
});

test("a comm from before this page was there is gone on with, and not opened again", async () => {
  const kernel = new FakeKernel("k", { known: ["old"] });
  const { state } = await look(new FakeNotebook("a", kernel));

  assert.equal(state(), "live");
  assert.deepEqual(kernel.created.map(({ commId, isOpened }) => [commId, isOpened]), [["old", false]]);
});

test("where another front end has closed the comm, the page opens one", async () => {
  const kernel = new FakeKernel("k", { loaded: true });
  const { state } = await look(new FakeNotebook("a", kernel));

  assert.equal(state(), "live");
  assert.deepEqual(kernel.created.map(({ isOpened }) => isOpened), [true]);
});

test("a restart ends the link, and the kernel is looked at anew", async () => {
  const kernel = new FakeKernel("k");
  const { kernels, state } = await look(new FakeNotebook("a", kernel));
  kernel.openComm("c");
  await settle();
  const { link } = kernels.place;

  kernel.become("restarting");
  assert.deepEqual([state(), link.alive], ["restarting", false]);
  kernel.become("idle");
  await settle();
  assert.equal(state(), "absent");
  kernel.openComm("d");
  await settle();
  assert.equal(state(), "live");
  assert.notEqual(kernels.place.link, link);
});

test("a kernel that dies has ended, and one that is shut down is none", async () => {
  const kernel = new FakeKernel("k");
  const notebook = new FakeNotebook("a", kernel);
  const { state } = await look(notebook);

  kernel.become("dead");
  assert.equal(state(), "ended");

  notebook.sessionContext.isReady = false;
  notebook.use(null);
  assert.equal(state(), "none");
});

test("a second comm of a kernel takes the place of the first in the same link", async () => {
  const kernel = new FakeKernel("k");
  const { kernels } = await look(new FakeNotebook("a", kernel));
  kernel.openComm("c");
  await settle();
  const { link } = kernels.place;

  const second = kernel.openComm("d");

  assert.equal(kernels.place.link, link);
  assert.deepEqual(second.sent.map(({ type }) => type), ["Hello"]);
});

test("a kernel that has not answered yet is starting", async () => {
  const kernel = new FakeKernel("k");
  kernel.requestCommInfo = () => new Promise(() => {});
  const { state } = await look(new FakeNotebook("a", kernel));

  assert.equal(state(), "starting");
});

test("each notebook has its own kernel, and the one in front is looked at", async () => {
  const notebooks = [new FakeNotebook("a", new FakeKernel("k1", { known: ["1"] })), new FakeNotebook("b", new FakeKernel("k2"))];
  const { kernels, state, front, close } = await look(...notebooks);
  assert.deepEqual([kernels.place.name, state()], ["a", "live"]);

  front(notebooks[1]);
  assert.deepEqual([kernels.place.name, state()], ["b", "absent"]);
  front({}); // a text file, say
  assert.equal(kernels.place.name, "b");
  close(notebooks[1]);
  assert.deepEqual([kernels.place.name, state()], ["a", "live"]);
});

test("two notebooks on one kernel share its link, for JupyterLab hears comms on one of their connections", async () => {
  const deaf = new FakeKernel("k");
  deaf.handleComms = false;
  const notebooks = [new FakeNotebook("a", deaf), new FakeNotebook("b", new FakeKernel("k", { known: ["1"] }))];
  const { kernels, state } = await look(...notebooks);

  assert.deepEqual([kernels.place.name, state()], ["a", "live"]);
});
