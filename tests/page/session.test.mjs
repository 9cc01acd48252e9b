// A page's session on a list of messages: order, gaps, acknowledgements, requests, and what it says when it comes and goes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PAGE_TIMERS, RequestError, Session, randomName, sessionOf } from "../../reactive_nb/notebook/static/session.js";

/** A channel's model that notes what is sent, with timers that run when a test says so. */
function open() {
  const handlers = {};
  const sent = [];
  const frames = [];
  const timers = new Set();
  const channel = {
    comm_live: true,
    send: (message) => sent.push(message),
    on: (event, handler) => (handlers[event] = handler),
    off: () => {},
  };
  const session = new Session(channel, {
    frame: (act) => frames.push(act),
    after: (ms, act) => {
      const timer = { ms, act };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  });
  const hear = (message) => handlers["msg:custom"]({ page: session.page, ...message });
  return {
    session,
    sent,
    hear,
    take: () => sent.splice(0),
    frame: (seq, entries = {}, more = {}) => hear({ type: "Frame", seq, whole: false, ts: {}, entries, ...more }),
    draw: () => frames.splice(0).forEach((act) => act()),
    wait: (ms) => {
      for (const timer of [...timers]) {
        timer.ms -= ms;
        if (timer.ms <= 0 && timers.delete(timer)) timer.act();
      }
    },
    live: (comm_live) => {
      channel.comm_live = comm_live;
      handlers.comm_live_update();
    },
  };
}

/** A viewer that notes what it is told. */
function viewer(id, engine = "e1") {
  const told = [];
  return {
    id,
    view: `view of ${id}`,
    engine,
    told,
    window: () => null,
    receive: (entry) => told.push(["entry", entry]),
    setTs: (ts) => told.push(["ts", ts]),
    setConnection: (connection) => told.push(["connection", connection]),
    draw: () => told.push(["draw"]),
  };
}

function shown(page, ...ids) {
  const viewers = ids.map((id) => viewer(id));
  for (const each of viewers) page.session.show(each);
  page.take();
  for (const each of viewers) each.told.length = 0;
  return viewers;
}

test("a viewer says what it shows, again when its window changes, and when it goes", () => {
  const page = open();
  const table = viewer("x");
  table.window = () => ({ first: 0 });

  page.session.show(table);
  page.session.changed(table);
  page.session.hide(table);
  page.session.changed(table);

  const show = { type: "Show", page: page.session.page, viewer: "x", view: "view of x", window: { first: 0 } };
  assert.deepEqual(page.sent, [show, show, { type: "Hide", page: page.session.page, viewer: "x" }]);
  assert.deepEqual(table.told, [["connection", "alive"]]);
});

test("all viewers are drawn in one animation frame, and the frame is acknowledged after it", () => {
  const page = open();
  const [a, b] = shown(page, "a", "b");

  page.frame(1, { a: { n: 1 }, b: { n: 2 } });
  page.frame(2, { a: { n: 3 } });
  assert.deepEqual(page.sent, []);
  page.draw();

  assert.deepEqual(a.told, [["entry", { n: 1 }], ["entry", { n: 3 }], ["draw"]]);
  assert.deepEqual(b.told, [["entry", { n: 2 }], ["draw"]]);
  assert.deepEqual(page.sent, [{ type: "Ack", page: page.session.page, seq: 2 }]);
  page.session.schedule(a);
  page.draw();
  assert.equal(page.sent.length, 1, "a drawing without a new frame is not acknowledged");
});

test("a frame for another page is none of ours", () => {
  const page = open();
  const [a] = shown(page, "a");

  page.hear({ type: "Frame", page: "another", seq: 1, whole: true, ts: {}, entries: { a: {} } });

  assert.deepEqual(a.told, []);
  assert.equal(page.session.known, 0);
});

test("after a gap nothing is shown until the whole comes, and the question is repeated each second", () => {
  const page = open();
  const [a] = shown(page, "a");
  page.frame(1, { a: { n: 1 } });
  page.draw();
  a.told.length = 0;
  page.take();
  const resync = { type: "Resync", page: page.session.page };

  page.frame(3, { a: { n: 3 } });
  page.frame(4, { a: { n: 4 } });
  assert.deepEqual(page.take(), [resync]);
  page.wait(999);
  assert.deepEqual(page.take(), []);
  page.wait(1);
  assert.deepEqual(page.take(), [resync]);
  page.frame(5, { a: { n: 5 } }, { whole: true });
  page.frame(6, { a: { n: 6 } });
  page.wait(5000);
  page.draw();

  assert.deepEqual(a.told, [["entry", { n: 5 }], ["entry", { n: 6 }], ["draw"]]);
  assert.deepEqual(page.sent, [{ type: "Ack", page: page.session.page, seq: 6 }]);
});

test("a kernel that does not know the page is told again what it shows", () => {
  const page = open();
  shown(page, "a", "b");
  page.frame(1);
  page.frame(2);
  page.take();

  page.hear({ type: "Unknown" });
  assert.deepEqual(page.take().map(({ type, viewer }) => [type, viewer]), [["Show", "a"], ["Show", "b"]]);
  page.frame(1); // it counts anew, so this one is the next

  assert.equal(page.session.known, 1);
  assert.deepEqual(page.take(), []);
});

test("a commit is told to all viewers of its engine that have had an entry", () => {
  const page = open();
  const [a, b] = shown(page, "a", "b");
  const other = viewer("c", "e2");
  page.session.show(other);
  other.told.length = 0;

  page.frame(1, { a: { n: 1 }, c: {} }, { ts: { e1: 7 } });
  page.frame(2, { b: { ts: 3 } }, { ts: { e1: 8 } });
  page.frame(3, {}, { ts: { e1: 9, e2: 4 } });

  assert.deepEqual(a.told, [["entry", { n: 1 }], ["ts", 7], ["ts", 8], ["ts", 9]]);
  assert.deepEqual(b.told, [["entry", { ts: 3 }]], "its own commit stands");
  assert.deepEqual(other.told, [["entry", {}], ["ts", 4]]);
});

test("a viewer with a commit of its own keeps it until an entry comes without one", () => {
  const page = open();
  const [a] = shown(page, "a");

  page.frame(1, { a: { ts: 3 } }, { ts: { e1: 7 } });
  page.frame(2, {}, { ts: { e1: 8 } });
  page.frame(3, { a: { n: 1 } }, { ts: { e1: 9 } });
  page.frame(4, {}, { ts: { e1: 10 } });

  assert.deepEqual(a.told, [["entry", { ts: 3 }], ["entry", { n: 1 }], ["ts", 9], ["ts", 10]]);
});

test("requests are answered by number, and a refusal carries the kernel's facts", async () => {
  const page = open();
  const first = page.session.request("v1", "edit", { key: "k" });
  const second = page.session.request("v1", "cell", {});
  const [{ id }, { id: next }] = page.sent;
  assert.deepEqual(page.sent[0], { type: "Request", page: page.session.page, id, target: "v1", method: "edit", params: { key: "k" } });

  page.hear({ type: "Response", id: next, ok: true, result: { text: "x" } });
  page.hear({ type: "Response", id, ok: false, error: { name: "E", message: "no", code: "edit_conflict", theirs: 5 } });

  assert.deepEqual(await second, { text: "x" });
  await assert.rejects(first, (error) => error instanceof RequestError && error.message === "no" && error.theirs === 5);
});

test("how far an answer is comes to the request that waits for it, and to none that is over", async () => {
  const page = open();
  const told = [];
  const first = page.session.request("f1", "submit", {}, (progress) => told.push(progress));
  const second = page.session.request("f1", "submit", {});
  const [{ id }, { id: next }] = page.sent;
  const progress = { done: 1, total: null, text: "page 1" };

  page.hear({ type: "Progress", id, ...progress });
  page.hear({ type: "Progress", id: next, ...progress });
  page.hear({ type: "Response", id, ok: true, result: 1 });
  page.hear({ type: "Response", id: next, ok: true, result: 2 });
  page.hear({ type: "Progress", id, ...progress });

  assert.deepEqual(told, [progress]);
  assert.deepEqual(await Promise.all([first, second]), [1, 2]);
});

test("when the kernel ends, viewers are told, requests fail, and nothing is sent any more", async () => {
  const page = open();
  const [a] = shown(page, "a");
  const waiting = page.session.request("v1", "cell", {});
  page.frame(2);
  page.take();

  page.live(false);
  page.wait(1000);
  page.session.changed(a);

  assert.deepEqual(a.told, [["connection", "gone"]]);
  await assert.rejects(waiting, { code: "kernel_gone" });
  await assert.rejects(page.session.request("v1", "cell", {}), { code: "kernel_gone" });
  assert.deepEqual(page.sent, []);
  page.live(true);
  assert.deepEqual(page.sent.map(({ type }) => type), ["Show"]);
});

test("a page that goes hides all, and shows all when it comes back", () => {
  const page = open();
  shown(page, "a", "b");

  page.session.leave();
  page.session.showAll();

  assert.deepEqual(page.sent.map(({ type, viewer }) => [type, viewer]), [["Hide", "a"], ["Hide", "b"], ["Show", "a"], ["Show", "b"]]);
});

test("a viewer that fails is reported, and the others are drawn", async () => {
  const page = open();
  const [bad, good] = shown(page, "bad", "good");
  bad.receive = bad.draw = () => {
    throw new Error("broken viewer");
  };
  const reported = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => reported.push(error.message));

  page.frame(1, { bad: {}, good: {} });
  page.draw();
  await new Promise((resolve) => setImmediate(resolve));
  process.removeAllListeners("uncaughtException");
  for (const listener of listeners) process.on("uncaughtException", listener);

  assert.deepEqual(good.told, [["entry", {}], ["draw"]]);
  assert.deepEqual(page.sent.map(({ type }) => type), ["Ack"]);
  assert.deepEqual(reported, ["broken viewer", "broken viewer"]);
});

test("all widgets of a channel share one session, and a saved notebook has one that is gone", async () => {
  globalThis.addEventListener ??= () => {};
  const channel = { send() {}, on() {}, off() {} };
  const model = { get: () => "IPY_MODEL_c", widget_manager: { get_model: async (id) => (id === "c" ? channel : null) } };
  const lost = { get: () => "IPY_MODEL_c", widget_manager: { get_model: async () => Promise.reject(new Error("no model")) } };

  const [first, second] = await Promise.all([sessionOf(model), sessionOf(model)]);

  assert.equal(first, second);
  assert.equal(first.connection, "alive");
  assert.equal((await sessionOf(lost)).connection, "gone");
  assert.equal((await sessionOf({ get: () => undefined })).connection, "gone");
  assert.notEqual(randomName(), randomName());
});

test("a tab without animation frames draws and acknowledges all the same, and one with frames only once", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const waiting = new Map();
  globalThis.requestAnimationFrame = (act) => (waiting.set(waiting.size, act), waiting.size - 1);
  globalThis.cancelAnimationFrame = (frame) => waiting.delete(frame);
  let drawn = 0;

  PAGE_TIMERS.frame(() => (drawn += 1));
  context.mock.timers.tick(2000);
  assert.deepEqual([drawn, waiting.size], [1, 0]);

  PAGE_TIMERS.frame(() => (drawn += 1));
  for (const act of waiting.values()) act();
  context.mock.timers.tick(5000);
  assert.equal(drawn, 2);
});

test("a viewer that the kernel has forgotten, as a frame with everything tells, is shown again", () => {
  const page = open();
  shown(page, "x", "y");
  page.frame(1, { x: {}, y: {} });
  page.frame(2, { x: {} }, { whole: false });
  page.draw();
  page.take();

  // The kernel took the page to be gone, and knows only what was shown since; its word about that was dropped on its way.
  page.frame(1, { x: {} });
  page.frame(2, { x: {} }, { whole: true });

  assert.deepEqual(page.take().map(({ type, viewer }) => [type, viewer]), [["Resync", undefined], ["Show", "y"]]);
});
