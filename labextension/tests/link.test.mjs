// A link over a comm that a test holds: the golden story from the page's side, what a list shows of it, and ends.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { nextFrame } from "../../tests/page/dom.mjs";
import { CommChannel, Link } from "../lib/labextension/src/link.js";

const STORY = JSON.parse(readFileSync(new URL("../../tests/wire/panel.json", import.meta.url)));

/** Let promises that are settled go on. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

const channels = [];

// A session that has missed a frame asks for it again and again, for as long as there is a kernel.
afterEach(() => {
  for (const channel of channels.splice(0)) channel.use(null);
});

function connect() {
  const sent = [];
  const comm = { isDisposed: false, send: (message) => sent.push(message), onMsg: null, onClose: null };
  const channel = new CommChannel();
  channels.push(channel);
  channel.use(comm);
  const link = new Link(channel);
  const { page } = link.session;
  return {
    channel,
    comm,
    link,
    /** What has been said since the last time, as the page "page". */
    said: () => sent.splice(0).map((message) => ({ ...message, page: message.page === page ? "page" : message.page })),
    hear: (message) => comm.onMsg({ content: { data: { ...message, page: message.page === "page" ? page : message.page } } }),
  };
}

const heardIn = (kind) => STORY.find(({ hear }) => hear.some(({ type }) => type === kind)).hear[0];

/** A link to a kernel that has answered. */
async function welcomed() {
  const desk = connect();
  desk.hear(heardIn("Welcome"));
  await desk.link.ready;
  desk.said();
  return desk;
}

test("the page says what the golden story says, and its lists show what it hears", async () => {
  const { link, said, hear } = connect();
  const shown = [];
  const told = [];
  const done = [];
  const failed = [];
  const feeds = [];
  const acts = {
    "open databases": () => feeds.push(link.list("databases", null, null, () => {})),
    "open tables": () => {
      feeds.push(link.list("tables", "e3", null, (list) => shown.push(list.order.map((key) => [key, list.items.get(key).documents]))));
      feeds.at(-1).id = "tables";
    },
    work: () => void link.request("slow.work", { n: 1 }, (progress) => told.push(progress)).then((result) => done.push(result)),
    "open nobody": () => feeds.push(link.list("tables", "nobody", null, ({ state, error }) => failed.push([state, error.name]))),
    hide: () => feeds[1].close(),
    resync: () => hear({ type: "Frame", page: "page", seq: 99, whole: false, ts: {}, entries: {} }),
  };
  const order = ["open databases", "open tables", "resync", "work", "open nobody", "hide"];
  const due = { Request: () => acts[order.shift()](), Resync: () => acts[order.shift()](), Hide: () => acts[order.shift()]() };

  for (const { say, hear: answers } of STORY) {
    if (say !== null) due[say.type]?.();
    await turn();
    nextFrame();
    const heard = said().filter(({ view, type }) => type !== "Show" || view !== "v2"); // that of the databases is another story
    if (say !== null) assert.deepEqual(heard, [say]);
    for (const answer of answers) hear(answer);
    await turn();
  }
  nextFrame();

  assert.deepEqual(shown.at(0), [["tasks", 0]]);
  assert.deepEqual(shown.at(1), [["tasks", 1]]);
  assert.deepEqual(shown.at(-1), [["notes", 0], ["tasks", 1]]);
  assert.deepEqual(told, [{ done: 1, total: 2, text: "half of it" }]);
  assert.deepEqual(done, [{ method: "work", n: 1 }]);
  assert.deepEqual(failed, [["failed", "ReactiveError"]]);
});

test("a list that the kernel has let go of is opened anew and shows what it had until then", async () => {
  const { link, said, hear } = await welcomed();
  const shown = [];
  link.list("tables", "e1", null, ({ order }) => shown.push(order));
  await turn();
  const [{ id }] = said();
  hear({ type: "Response", page: "page", id, ok: true, result: { view: "v1" } });
  await turn();
  const [{ viewer }] = said();
  hear({ type: "Frame", page: "page", seq: 1, whole: true, ts: {}, entries: { [viewer]: { rows: [["a", {}]], state: "live", error: null } } });
  nextFrame();
  said();

  hear({ type: "Frame", page: "page", seq: 2, whole: false, ts: {}, entries: { [viewer]: { gone: true } } });
  await turn();
  nextFrame();

  assert.deepEqual(said().filter(({ type }) => type === "Request").map(({ method, params }) => [method, params.what]), [["open", "tables"]]);
  assert.deepEqual(shown.at(-1), ["a"]);
});

test("a closed list is told nothing more", async () => {
  const { link, said, hear } = await welcomed();
  const feed = link.list("tables", "e1", null, () => assert.fail("told after it was closed"));
  await turn();
  const [{ id }] = said();

  feed.close();
  hear({ type: "Response", page: "page", id, ok: true, result: { view: "v1" } });
  await turn();
  nextFrame();

  assert.deepEqual(said(), []);
});

test("when the kernel ends, what is asked is refused, and the link is not alive", async () => {
  const { link, channel } = await welcomed();
  const asked = link.request("open", {});
  await turn();

  channel.use(null);

  await assert.rejects(asked, { code: "kernel_gone" });
  assert.equal(link.alive, false);
});

test("whoever waits for a kernel that ends before it answers is told so", async () => {
  const { link, channel } = connect();
  const asked = link.request("open", {});

  channel.use(null);

  await assert.rejects(asked, { code: "kernel_gone" });
  await assert.rejects(link.ready, { code: "kernel_gone" });
});

test("a comm that takes the place of another goes on with the same session", async () => {
  const { link, channel } = await welcomed();
  const sent = [];
  const other = { isDisposed: false, send: (message) => sent.push(message), onMsg: null, onClose: null };

  channel.use(other);
  link.hello();

  assert.equal(link.alive, true);
  assert.deepEqual(sent.map(({ type }) => type), ["Hello"]);
});

test("a comm that is closed by the kernel ends the link", async () => {
  const { link, comm } = await welcomed();

  comm.onClose();

  assert.equal(link.alive, false);
});

test("a list that is wanted once is read and closed", async () => {
  const { link, said, hear } = await welcomed();
  const asked = link.listOnce("tables", "e1", null);
  await turn();
  const [{ id }] = said();
  hear({ type: "Response", page: "page", id, ok: true, result: { view: "v1" } });
  await turn();
  const [{ viewer }] = said();
  hear({ type: "Frame", page: "page", seq: 1, whole: true, ts: {}, entries: { [viewer]: { rows: [["a", { n: 1 }]], state: "live", error: null } } });
  nextFrame();

  assert.deepEqual([...(await asked).order], ["a"]);
  assert.deepEqual(said().map(({ type }) => type), ["Hide", "Ack"]);
});
