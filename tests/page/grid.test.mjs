// A whole table in a document: what it draws, and what the reader does with keys, the mouse and the clipboard.

import assert from "node:assert/strict";
import { test } from "node:test";
import { turn } from "./document.mjs";
import { element } from "../../reactive_nb/notebook/static/dom.js";
import { Editing } from "../../reactive_nb/notebook/static/editing.js";
import { listenToGrid } from "../../reactive_nb/notebook/static/gridevents.js";
import { GridView } from "../../reactive_nb/notebook/static/gridview.js";

const FACTS = { view: "v1", engine: "e1", kind: "table", state: "live", error: null, title: "board()", ts: 1, first: 0, inputs: {} };
const NUMBER = { kind: "number", label: "n", optional: false, nullable: false, describe: "a number", initial: null };

/** A table as a page shows it, with a session that answers when the test says so. */
function open(rows, facts = {}) {
  const host = element("div");
  document.body.append(host);
  const columns = [...new Set(rows.flatMap(([, row]) => Object.keys(row)))];
  const view = new GridView(host, { ...FACTS, columns, total: rows.length, size: rows.length, rows, ...facts });
  new Editing(view);
  listenToGrid(view, new AbortController().signal);
  const asked = [];
  view.session = {
    request: (_, method, params) => new Promise((answer) => asked.push({ method, params, answer })),
    changed: () => {},
    schedule: () => {},
  };
  view.setConnection("alive");
  view.draw();
  const texts = () => view.body.root.querySelectorAll(".rnb-row").map((row) => row.children.map((cell) => cell.textContent));
  const go = (place, column) => {
    view.selection.go(place, column);
    view.draw();
  };
  const receive = (entry) => {
    view.receive(entry);
    view.draw();
  };
  return { view, asked, texts, go, receive, press: (key, more) => view.scroll.happen("keydown", { key, ...more }) };
}

test("a column with the name of what every object has is like any other", async () => {
  const { view, asked, texts, go, press } = open([["a", { constructor: "Ferrari" }], ["b", { toString: 2 }]]);
  assert.deepEqual(texts(), [["Ferrari", ""], ["", "2"]]);

  go(0, "constructor");
  press("Enter");
  await turn();

  assert.deepEqual([view.editing.key, asked.map(({ method }) => method)], [null, ["cell"]], "it is opened, for nobody can edit it");
});

test("a table without rows is drawn, and keys and the mouse find nothing in it", () => {
  const { view, receive, press } = open([["a", { n: 1 }]]);
  receive({ ops: [{ op: "delete", key: "a" }], total: 0, size: 0 });

  for (const key of ["ArrowDown", "End", "Enter", "x", "Escape"]) press(key);
  press("a", { ctrlKey: true });
  view.body.root.happen("pointerdown", { button: 0, clientX: 1, clientY: 1, pointerId: 1 });
  view.body.root.happen("dblclick", { clientX: 1, clientY: 1 });
  view.draw();

  assert.deepEqual([view.selection.active, view.frame.none.hidden, view.frame.none.textContent], [null, false, "No rows"]);
});

test("a drag goes on to nothing when all rows are deleted under it", () => {
  const { view, receive } = open([["a", { n: 1 }], ["b", { n: 2 }]]);
  view.body.root.happen("pointerdown", { button: 0, clientX: 1, clientY: 1, pointerId: 1 });
  receive({ ops: [{ op: "delete", key: "a" }, { op: "delete", key: "b" }], total: 0, size: 0 });

  view.body.root.happen("pointermove", { clientX: 1, clientY: 40 });
  view.draw();

  assert.equal(view.selection.active, null);
});

test("an edit is not on its way for ever when its result is closed", async () => {
  const { view, asked, texts, go, receive, press } = open([["a", { n: 1 }]], { inputs: { n: NUMBER } });
  go(0, "n");
  press("5");
  const box = view.editing.layer.querySelector("input");
  box.happen("keydown", { key: "Enter" });
  await turn();
  asked[0].answer({ ts: 9 });
  await turn();
  view.draw();
  assert.deepEqual(texts(), [["5"]]);

  receive({ state: "closed", ts: 8 });

  assert.deepEqual(texts(), [["1"]]);
});

test("a paused result says which commit it shows, and is not edited meanwhile", () => {
  const { view, go, receive, press } = open([["a", { n: 1 }]], { inputs: { n: NUMBER } });
  const said = () => view.frame.root.querySelector(".rnb-state").textContent;

  receive({ state: "paused", ts: 4 });
  go(0, "n");
  press("5");
  assert.deepEqual([said(), view.editing.key], ["paused · shows commit 4", null]);
  receive({ state: "live" });
  press("5");

  assert.deepEqual([said(), view.editing.key], ["live", "a"]);
});

test("the cell of a row whose key is empty is the active one for screen readers too", () => {
  const { view, go } = open([["", { n: 1 }]]);

  go(0, "n");

  assert.equal(view.scroll.getAttribute("aria-activedescendant"), view.body.cell("", 0).id);
});

test("what is marked in the words about a refused edit is copied, and not the cells", () => {
  const { view, go } = open([["a", { n: 1 }]]);
  go(0, "n");
  const clipboardData = { copied: [], setData: (_, text) => clipboardData.copied.push(text) };
  const words = element("div");
  view.editing.layer.append(words);

  const ofWords = words.happen("copy", { clipboardData });
  const ofCells = view.scroll.happen("copy", { clipboardData });

  assert.deepEqual([ofWords.defaultPrevented, ofCells.defaultPrevented, clipboardData.copied], [false, true, ["1"]]);
});

test("a clipboard that cannot be written is told of", async () => {
  const { view, asked, go } = open([["a", { n: { $text: "long", size: 900 } }]]);
  Object.defineProperty(globalThis, "navigator", {
    value: { clipboard: { writeText: () => Promise.reject(new Error("Write permission denied.")) } },
    configurable: true,
  });
  go(0, "n");

  view.scroll.happen("copy", { clipboardData: {} });
  asked[0].answer({ text: "all of it" });
  await turn();

  assert.match(view.frame.root.textContent, /not copied: Write permission denied\./);
  view.dispose();
});

test("the pane of a value says so when its row is back", async () => {
  const { view, asked, go, receive } = open([["a", { n: "x" }], ["b", { n: "y" }]]);
  go(0, "n");
  view.openDetail();
  asked[0].answer({ text: "all of x" });
  await turn();
  const name = () => view.detail.root.querySelector(".rnb-detail-name").textContent;

  receive({ ops: [{ op: "delete", key: "a" }] });
  assert.equal(name(), "n (its row is no longer here)");
  receive({ ops: [{ op: "insert", key: "a", after: null, row: { n: "x" } }] });

  assert.equal(name(), "n");
});

test("above the first row is the head, which a screen reader is told of and Enter sorts by", () => {
  const { view, go, press } = open([["a", { n: 1 }]]);
  go(0, "n");

  press("ArrowUp");
  view.draw();
  assert.equal(view.scroll.getAttribute("aria-activedescendant"), view.head.cell("n").id);
  press("Enter");

  assert.deepEqual(view.arrangement.sort, [["n", "asc"]]);
});
