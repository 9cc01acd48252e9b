// The sections Functions and Live without their kernel: one run at a time, rows of what the panel shows and of nothing
// else, and words for spans and paths.

import assert from "node:assert/strict";
import { test } from "node:test";
import { turn } from "../../tests/page/document.mjs";
import { Runner } from "../lib/labextension/src/runner.js";
import { durationText } from "../lib/labextension/src/sections/live.js";
import { servedPath } from "../lib/labextension/src/servedPath.js";

test("spans are told in the unit in which they are small numbers", () => {
  assert.deepEqual([0.0123, 0.5, 1, 12.345, 999, 1500, 61000].map(durationText), ["12 µs", "500 µs", "1 ms", "12.3 ms", "999 ms", "1.5 s", "61 s"]);
});

test("a file is served when it lies below the folder of the server", () => {
  assert.equal(servedPath("/work/a/b.py", "/work"), "a/b.py");
  assert.equal(servedPath("/work/a/b.py", "/work/"), "a/b.py");
  assert.equal(servedPath("C:\\work\\b.py", "C:/work"), "b.py");
  assert.deepEqual([servedPath("/workshop/b.py", "/work"), servedPath("/else/b.py", "/work"), servedPath("/a.py", "")], [null, null, null]);
});

const snapshot = (view) => ({ view, engine: "e1", ts: 1, rows: [], first: 0, total: 0, size: 0, kind: "table", columns: [], state: "live", error: null, title: "latest()", inputs: {} });

/** A runner whose kernel answers when the test says so. */
function runner(kind, at = null) {
  const asked = [];
  const shown = [];
  const session = {
    connection: "alive",
    show: (viewer) => shown.push(viewer.view),
    hide: (viewer) => shown.splice(shown.indexOf(viewer.view), shown.includes(viewer.view) ? 1 : 0),
    schedule: () => {},
  };
  const link = {
    session,
    request: (method, params, tell) => new Promise((answer, refuse) => asked.push({ method, params, tell, answer, refuse })),
  };
  const context = (commit) => ({ link, db: "e1", at: commit });
  const made = new Runner(context(at), "latest", { title: "latest", label: "Run", about: "", kind, fields: [] });
  document.body.append(made.node);
  made.node.children[1].ownerDocument = document;
  const form = made.node.querySelector("form");
  const run = async () => {
    form.happen("submit", { preventDefault() {} });
    await turn();
  };
  const answer = async (view) => {
    asked.at(-1).answer({ view, snapshot: snapshot(view), ts: 1 });
    await turn();
  };
  return { made, asked, shown, context, run, answer, form };
}

test("a query is followed, and another run takes its place", async () => {
  const { asked, shown, run, answer } = runner("query");

  await run();
  await run();
  assert.equal(asked.length, 1, "one run at a time");
  await answer("v1");
  await run();
  await answer("v2");

  assert.deepEqual(asked.map(({ method, params }) => [method, params.instead]), [["functions.run", null], ["functions.run", "v1"]]);
  assert.deepEqual(shown, ["v2"]);
});

test("a query that the panel has left behind while it ran is run again", async () => {
  const { made, asked, shown, context, run, answer } = runner("query");
  await run();

  made.show(context(7));
  await answer("v1");
  assert.deepEqual([asked.length, asked[1].params.at], [2, 7]);
  await answer("v2");

  assert.deepEqual([shown, asked.length], [["v2"], 2]);
});

test("rows of another commit do not stay when those of the right one cannot be had", async () => {
  const { made, asked, shown, context, run, answer } = runner("query");
  await run();
  await answer("v1");

  made.show(context(7));
  await turn();
  asked[1].refuse(Object.assign(new Error("too old"), { name: "SnapshotGone" }));
  await turn();

  assert.deepEqual([shown, asked.at(-1).method], [[], "functions.stop"]);
});

test("what is out of sight follows nothing, and goes on when it is seen again", async () => {
  const { made, asked, shown, context, run, answer } = runner("query");
  await run();
  await answer("v1");

  made.hide();
  assert.deepEqual(shown, []);
  made.show(context(null));
  await turn();
  await answer("v2");

  assert.deepEqual([shown, asked[1].params.instead], [["v2"], "v1"]);
});

test("a run that ends after its form is gone is stopped", async () => {
  const { made, asked, shown, run, answer } = runner("query");
  await run();

  made.dispose();
  await answer("v1");

  assert.deepEqual([shown, asked.at(-1).method, asked.at(-1).params], [[], "functions.stop", { view: "v1" }]);
});

test("a mutation runs once for each press, and not at an earlier commit", async () => {
  const { made, asked, context, run, form } = runner("mutation");

  await run();
  assert.deepEqual([asked[0].method, form.inert], ["functions.submit", false]);
  made.show(context(7));

  assert.deepEqual([asked.length, form.inert], [1, true]);
});
