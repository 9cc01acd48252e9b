// Outputs that are replaced in place: what is drawn how, what stays, what waits, and what is said about it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeElement, nextFrame, resized } from "./dom.mjs";
import { ContentViewer } from "../../reactive_nb/notebook/static/contentview.js";

const display = (data, metadata = {}) => ({ output_type: "display_data", data, metadata });
const text = (plain) => display({ "text/plain": plain });
const png = (content) => display({ "image/png": content, "text/plain": "a figure" }, { "image/png": { width: 20, height: 10 } });

function open(snapshot = {}, { rendermime, isAttached = true } = {}) {
  const el = new FakeElement("div");
  el.isDocument = isAttached;
  const viewer = new ContentViewer(el, { view: "v1", engine: "e1", ts: 4, state: "live", outputs: [], ...snapshot }, rendermime);
  viewer.setConnection("alive");
  nextFrame();
  const [alert, body, foot, state] = viewer.root.children;
  const said = (part) => (part.hidden ? "" : part.textContent);
  return {
    viewer,
    el,
    body,
    take: (entry) => {
      viewer.receive(entry);
      viewer.draw();
    },
    shown: () => body.children.filter((child) => !child.classList.contains("rnb-staged")),
    texts: () => body.children.map((child) => child.textContent),
    alert: () => said(alert),
    foot: () => said(foot),
    state: () => said(state),
  };
}

/** All pictures made, also those that are not in the page. */
const made = [];
const create = document.createElement;
document.createElement = (tag) => {
  const element = create(tag);
  if (tag === "img") made.push(element);
  return element;
};

const fail = () => {
  throw new Error("no data");
};

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Renderers of a front end that note what is done to them; each draws when a test says so. */
function frontEnd(...mimes) {
  const renderers = [];
  class Base {
    static attach(renderer, host) {
      assert.ok(host.isConnected, "Lumino attaches only to what is in the page");
      host.append(renderer.node);
      renderer.log.push("attach");
    }
    static ResizeMessage = { UnknownSize: { type: "resize" } };
    static Msg = { AfterDetach: { type: "after-detach" } };
  }
  class Renderer extends Base {
    node = new FakeElement("div");
    log = [];
    renderModel(model) {
      this.model = model;
      return new Promise((resolve, reject) => Object.assign(this, { done: resolve, failed: reject }));
    }
    processMessage({ type }) {
      this.log.push(type);
    }
    dispose() {
      this.log.push("dispose");
    }
  }
  return {
    renderers,
    classes: { Base, Renderer },
    preferredMimeType: (data) => mimes.find((mime) => mime in data),
    createRenderer: (mime) => {
      renderers.push(Object.assign(new Renderer(), { mime }));
      return renderers.at(-1);
    },
  };
}

test("a snapshot is painted at once, as outputs of a cell are", () => {
  const page = open({
    outputs: [
      text("<b>plain</b>"),
      display({ "text/html": "<b>3</b>", "text/plain": "3" }),
      { output_type: "stream", name: "stderr", text: "10%\r99%" },
      { output_type: "error", ename: "E", evalue: "no", traceback: ["\x1b[31mE\x1b[0m: no", "more"] },
      { output_type: "error", ename: "E", evalue: "no", traceback: [] },
      png("AAAA"),
      display({ "image/svg+xml": "<svg>#</svg>" }),
    ],
  });
  const [plain, html, stream, error, short, picture, drawing] = page.body.children;

  assert.equal(plain.children[0].textContent, "<b>plain</b>");
  assert.equal(html.innerHTML, "<b>3</b>");
  assert.deepEqual([stream.tagName, stream.textContent, stream.dataset.name], ["PRE", "99%", "stderr"]);
  assert.deepEqual([error.textContent, error.getAttribute("role")], ["E: no\nmore", "alert"]);
  assert.equal(short.textContent, "E: no");
  const { src, alt, width, height } = picture.children[0];
  assert.deepEqual({ src, alt, width, height }, { src: "data:image/png;base64,AAAA", alt: "a figure", width: 20, height: 10 });
  assert.equal(drawing.children[0].src, "data:image/svg+xml;charset=utf-8,%3Csvg%3E%23%3C%2Fsvg%3E");
});

test("only outputs that changed are replaced, in order", () => {
  const page = open({ outputs: [text("a"), text("b"), text("c")] });
  const [a, b, c] = page.shown();

  page.take({ outputs: [text("new"), text("a"), text("c"), text("d")] });

  assert.deepEqual(page.texts(), ["new", "a", "c", "d"]);
  assert.equal(page.shown()[1], a);
  assert.equal(page.shown()[2], c);
  assert.equal(b.isConnected, false);
});

test("equal outputs are shown as often as they come", () => {
  const page = open({ outputs: [text("a"), text("a")] });
  const [first, second] = page.shown();

  page.take({ outputs: [text("a"), text("a"), text("a")] });

  assert.deepEqual(page.texts(), ["a", "a", "a"]);
  assert.deepEqual(page.shown().slice(0, 2), [first, second]);
});

test("a picture is replaced when the new one is decoded, and all outputs with it", async () => {
  const page = open({ outputs: [text("1 flight"), png("AAAA")] });
  const [, old] = page.shown();

  page.take({ outputs: [text("2 flights"), png("BBBB")] });
  await turn();
  nextFrame();
  assert.deepEqual(page.texts(), ["1 flight", ""]);
  assert.equal(page.shown()[1], old);

  made.at(-1).decoded();
  await turn();
  nextFrame();
  assert.deepEqual(page.texts(), ["2 flights", ""]);
  assert.equal(page.shown()[1].children[0].src, "data:image/png;base64,BBBB");
});

test("pictures that come while one is decoded wait, and only the last of them is drawn", async () => {
  const page = open({ outputs: [png("AAAA")] });
  made.length = 0;
  const src = () => page.shown()[0].children[0].src.slice(-4);

  page.take({ outputs: [png("BBBB")] });
  page.take({ outputs: [png("CCCC")] });
  page.take({ outputs: [png("DDDD")] });
  assert.equal(made.length, 1);
  made[0].decoded();
  await turn();
  nextFrame();
  assert.equal(src(), "BBBB", "however fast they come, the page goes on");
  assert.equal(made.length, 2);
  made[1].broken(new Error("not a picture"));
  await turn();
  nextFrame();

  assert.equal(src(), "DDDD", "a broken one is shown as browsers show those");
});

test("what never says that it is done is shown after five seconds", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const page = open({ outputs: [text("old")] });

  page.take({ outputs: [png("AAAA")] });
  context.mock.timers.tick(4999);
  nextFrame();
  assert.deepEqual(page.texts(), ["old"]);
  context.mock.timers.tick(1);
  nextFrame();

  assert.deepEqual(page.shown().map((each) => each.children[0].tagName), ["IMG"]);
});

test("the front end draws what it can, in the page but not to be seen until it is done", async () => {
  const rendermime = frontEnd("application/x", "text/html");
  const page = open({ outputs: [text("old")] }, { rendermime });
  const data = { "application/x": { height: null }, "text/plain": "x" };

  page.take({ outputs: [display(data)] });
  const [renderer] = rendermime.renderers;
  const { setData, ...model } = renderer.model;
  assert.deepEqual([renderer.mime, renderer.log, page.shown().length], ["application/x", ["attach"], 1]);
  assert.deepEqual(model, { data, metadata: {}, trusted: true });
  assert.notEqual(model.data, data, "renderers change it");
  setData({});
  renderer.done();
  await turn();
  nextFrame();

  assert.deepEqual(page.shown().map((each) => each.children[0]), [renderer.node]);
  for (const act of resized) act();
  assert.deepEqual(renderer.log, ["attach", "resize"]);
  page.body.clientWidth = 300;
  for (const act of resized) act();
  for (const act of resized) act();
  page.take({ outputs: [text("new")] });
  assert.deepEqual(renderer.log, ["attach", "resize", "resize", "dispose"]);
});

test("a renderer that fails leaves the text, and says why", async () => {
  const rendermime = frontEnd("application/x");
  const page = open({ outputs: [text("old")] }, { rendermime });

  page.take({ outputs: [display({ "application/x": 1, "text/plain": "x = 1" })] });
  rendermime.renderers[0].failed(new Error("no data"));
  await turn();
  nextFrame();

  assert.deepEqual(page.texts(), ["x = 1\napplication/x cannot be shown: no data"]);
});

for (const [part, hinder] of [
  ["its model cannot be rendered", ({ Renderer }) => (Renderer.prototype.renderModel = fail)],
  ["it cannot be made", ({ rendermime }) => (rendermime.createRenderer = fail)],
  ["it cannot be attached", ({ Base }) => (Base.attach = fail)],
]) {
  test(`a renderer that throws at once leaves the text, and all that is beside it: ${part}`, async () => {
    const rendermime = frontEnd("application/x");
    const page = open({ outputs: [text("old")] }, { rendermime });
    hinder({ rendermime, ...rendermime.classes });

    page.take({ outputs: [text("new"), display({ "application/x": 1, "text/plain": "x = 1" })] });
    await turn();
    nextFrame();

    assert.deepEqual(page.texts(), ["new", "x = 1\napplication/x cannot be shown: no data"]);
    page.body.clientWidth = 300;
    for (const act of resized) act();
    page.take({ outputs: [text("newer")] });
    assert.deepEqual(page.texts(), ["newer"]);
  });
}

test("a renderer waits until it is in the page", () => {
  const rendermime = frontEnd("application/x");
  const page = open({ outputs: [display({ "application/x": 1 })] }, { rendermime, isAttached: false });
  assert.equal(rendermime.renderers.length, 0);

  page.el.isDocument = true;
  for (const act of resized) act();

  assert.deepEqual(rendermime.renderers[0].log, ["attach", "resize"]);
});

test("what cannot be shown here is named beside its text", () => {
  const page = open({ outputs: [display({ "application/x": 1, "text/plain": "x" }), display({ "application/x": 1, "text/html": "<i>" })] });

  assert.deepEqual(page.texts(), ["xThis front end cannot show application/x.", ""]);
});

test("of things that pass nothing is said but in a line over the outputs", () => {
  const page = open({ state: "loading" });
  assert.equal(page.state(), "loading…");

  const states = ["live", "waiting", "running", "stale"].map((state) => (page.take({ state, ts: 41 }), page.state()));

  assert.deepEqual(states, ["", "waiting", "running…", "stale · shows commit 41"]);
  assert.deepEqual([page.alert(), page.foot()], ["", ""]);
  page.take({ engine: "" });
  assert.equal(page.state(), "stale", "without a database there are no commits");
});

test("a failure stands above the last good outputs", () => {
  const page = open({ outputs: [text("3")] });

  page.take({ state: "failed", error: { name: "ValueError", message: "too many" } });
  assert.deepEqual([page.alert(), page.texts(), page.foot()], ["ValueError: too many", ["3"], "Shown is the last good one."]);
  page.take({ state: "live", error: null });
  assert.deepEqual([page.alert(), page.foot()], ["", ""]);
  page.take({ state: "failed", error: { name: "E", message: "no" }, outputs: [{ output_type: "error", ename: "E", evalue: "no", traceback: [] }] });

  assert.deepEqual([page.alert(), page.foot()], ["", ""], "a traceback says it all");
});

test("what is closed stays as of its commit, and a note stands below", () => {
  const page = open({ outputs: [text("3")], note: "ran 2 times" });
  page.viewer.setTs(5);
  page.take({ state: "closed", ts: 5 });
  page.viewer.setTs(6);
  page.viewer.draw();

  assert.equal(page.foot(), "ran 2 times Closed: it stays as of commit 5.");
  page.take({ engine: "" });
  page.viewer.setConnection("gone");
  nextFrame();
  assert.equal(page.foot(), "ran 2 times Closed: it no longer changes.");
});

test("what is paused says which commit it shows until it goes on", () => {
  const page = open({ outputs: [text("3")] });
  page.viewer.setTs(5);
  page.take({ state: "paused", ts: 5 });
  page.viewer.setTs(6);
  page.viewer.draw();

  assert.equal(page.state(), "paused · shows commit 5");
  page.take({ state: "live" });
  assert.equal(page.state(), "");
});

test("what the kernel does not know any more is closed", () => {
  const page = open({ outputs: [text("3")] });

  page.take({ gone: true });

  assert.deepEqual([page.texts(), page.foot()], [["3"], "Closed: it stays as of commit 4."]);
});

test("without a kernel the outputs stay, and the page says so", () => {
  const page = open({ outputs: [text("3")], title: "flights()" });

  page.viewer.setConnection("gone");
  nextFrame();

  assert.deepEqual(page.texts(), ["3"]);
  assert.equal(page.foot(), "Kernel gone: this is the last it sent; run the cell again to go on.");
  page.viewer.setConnection("connecting");
  nextFrame();
  assert.equal(page.state(), "connecting…");
  assert.deepEqual(page.viewer.root.attributes, { role: "region", "aria-live": "off", "aria-label": "flights()" });
});

test("when it goes, everything in it is disposed of", () => {
  const rendermime = frontEnd("application/x");
  const page = open({ outputs: [display({ "application/x": 1 })] }, { rendermime });
  page.take({ outputs: [display({ "application/x": 2 })] });
  const watched = resized.size;

  page.viewer.dispose();
  page.take({ outputs: [display({ "application/x": 3 })] });

  assert.deepEqual(rendermime.renderers.map(({ log }) => log.at(-1)), ["dispose", "dispose"]);
  assert.equal(page.viewer.root.isConnected, false);
  assert.equal(resized.size, watched - 1);
});

test("one that cannot be disposed of, or resized, keeps nobody else from it", async () => {
  const uncaught = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (failure) => uncaught.push(failure.message));
  const rendermime = frontEnd("application/x");
  const outputs = [1, 2, 3, 4].map((n) => display({ "application/x": n }));
  const page = open({ outputs }, { rendermime });
  const renderers = rendermime.renderers;
  for (const at of [0, 2]) Object.assign(renderers[at], { dispose: fail, processMessage: fail });

  page.body.clientWidth = 300;
  for (const act of resized) act();
  page.take({ outputs: outputs.slice(2), state: "stale", ts: 9 });
  assert.deepEqual([page.shown().length, page.state()], [2, "stale · shows commit 9"]);
  page.viewer.dispose();
  await turn();
  process.removeAllListeners("uncaughtException");
  for (const each of listeners) process.on("uncaughtException", each);

  assert.deepEqual([1, 3].map((at) => renderers[at].log), [["attach", "resize", "dispose"], ["attach", "resize", "dispose"]]);
  assert.equal(page.viewer.root.isConnected, false);
  assert.deepEqual(page.shown(), []);
  assert.deepEqual(uncaught, Array(4).fill("no data"), "they are told where all failures are");
});

test("a renderer that is out of the page already is told so before it is disposed of", () => {
  const rendermime = frontEnd("application/x");
  const page = open({ outputs: [display({ "application/x": 1 })] }, { rendermime });

  page.el.isDocument = false;
  page.viewer.dispose();

  assert.deepEqual(rendermime.renderers[0].log, ["attach", "after-detach", "dispose"]);
});

test("what comes late for one that is gone is not drawn", () => {
  const page = open({ outputs: [text("3")] });

  page.viewer.dispose();
  page.take({ outputs: [text("late")] });

  assert.deepEqual(page.texts(), []);
});
