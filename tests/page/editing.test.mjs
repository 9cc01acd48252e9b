// The editor in a table: what was typed is never dropped, whatever the reader does next.

import assert from "node:assert/strict";
import { test } from "node:test";
import { turn } from "./document.mjs";
import { element } from "../../reactive_nb/notebook/static/dom.js";
import { Editing } from "../../reactive_nb/notebook/static/editing.js";
import { RowWindow } from "../../reactive_nb/notebook/static/rows.js";
import { Selection } from "../../reactive_nb/notebook/static/selection.js";
import { Viewport } from "../../reactive_nb/notebook/static/viewport.js";

const FIELD = { label: "", optional: false, nullable: false, describe: "", initial: null };
const INPUTS = { n: { ...FIELD, kind: "number" }, note: { ...FIELD, kind: "long" }, at: { ...FIELD, kind: "datetime" }, file: { ...FIELD, kind: "file" } };
const ROWS = [["a", { n: 1, note: "one", at: { $datetime: "2026-11-20T12:00:00.000000+00:00" } }], ["b", { n: 2, note: { $text: "two", size: 900 } }]];

/** A table of two rows with its editing, and a kernel that answers when the test says so. */
function open() {
  const known = new RowWindow();
  known.take({ kind: "table", columns: Object.keys(INPUTS), state: "live", total: 2, inputs: INPUTS, rows: structuredClone(ROWS) });
  const asked = [];
  const notices = [];
  const revealed = [];
  const view = {
    known,
    columns: known.columns,
    selection: new Selection(known, known.columns),
    scroll: element("div"),
    scrollTop: 0,
    viewport: new Viewport(2, 400),
    isAlive: true,
    headHeight: 27,
    widths: { of: () => 100 },
    frame: { notify: (text) => notices.push(text) },
    request: (method, params) => new Promise((answer, refuse) => asked.push({ method, params, answer, refuse })),
    redraw: () => {},
    reveal: (place) => revealed.push(place),
    leftOf: () => 0,
    topOf: (place) => place * 24,
  };
  document.body.append(view.scroll);
  const editing = new Editing(view);
  const go = (place, column) => view.selection.go(place, column);
  const box = () => editing.layer.querySelector("input, textarea");
  const boxes = () => editing.layer.querySelectorAll("input, textarea").length;
  const press = (key, more = {}) => box().happen("keydown", { key, ...more });
  const type = (text) => {
    box().value = text;
    box().happen("input");
  };
  const button = (text) => {
    editing.draw();
    return editing.layer.querySelectorAll("button").find((each) => each.textContent === text);
  };
  const edits = () => asked.filter(({ method }) => method === "edit").map(({ params }) => params);
  return { view, editing, asked, notices, revealed, go, box, boxes, press, type, button, edits };
}

/** A table in which an edit of a row was refused. */
async function refused(place, column, text) {
  const table = open();
  table.go(place, column);
  table.editing.open(null);
  table.type(text);
  table.press("Enter");
  await turn();
  table.asked.pop().refuse(Object.assign(new Error("no"), { name: "AppError" }));
  await turn();
  return table;
}

test("an open editor is committed when a refused edit is taken up again", async () => {
  const { editing, go, boxes, box, type, button, edits } = await refused(0, "n", "1000");
  go(1, "n");
  editing.open(null);
  type("22");

  button("Edit again").click();
  await turn();

  assert.deepEqual(edits(), [{ key: "b", column: "n", raw: { text: "22" }, base: 2 }]);
  assert.deepEqual([boxes(), box().value], [1, "1000"]);
});

test("an editor whose file is still being read is committed before the next one opens", async () => {
  let done;
  globalThis.FileReader = class {
    result = "data:;base64,AAAA";
    readAsDataURL() {
      done = () => this.onload();
    }
  };
  const { editing, go, box, boxes, edits } = open();
  go(0, "file");
  editing.open(null);
  box().files = [{ name: "x.bin" }];
  box().happen("change");

  go(1, "n");
  editing.open(null);
  done();
  await turn();

  assert.deepEqual(edits().map(({ key, column, raw }) => [key, column, raw]), [["a", "file", { bytes: "AAAA", name: "x.bin" }]]);
  assert.deepEqual([boxes(), box().value], [1, "2"]);
});

test("a file that cannot be read leaves the editor open, which says why", async () => {
  globalThis.FileReader = class {
    error = new Error("it has changed on the disk");
    readAsDataURL() {
      queueMicrotask(() => this.onerror());
    }
  };
  const { editing, go, box, boxes, press, edits } = open();
  go(0, "file");
  editing.open(null);
  box().files = [{ name: "x.bin" }];
  box().happen("change");

  press("Enter");
  await turn();

  assert.deepEqual([boxes(), edits()], [1, []]);
  assert.match(editing.layer.textContent, /it has changed on the disk/);
});

test("a refused edit is not taken away while another editor cannot be closed", async () => {
  globalThis.FileReader = class {
    readAsDataURL() {
      queueMicrotask(() => this.onerror());
    }
  };
  const { editing, go, box, button } = await refused(0, "n", "1000");
  go(1, "file");
  editing.open(null);
  box().files = [{ name: "x.bin" }];
  box().happen("change");

  button("Edit again").click();
  await turn();

  assert.ok(button("Edit again"));
});

test("all that is typed on a cell that is not here as a whole gets into its editor", async () => {
  const { editing, go, box, press, edits, type } = open();
  go(1, "note");

  editing.open("h");

  assert.equal(box()?.value, "h");
  type("hello");
  press("Enter");
  await turn();
  assert.deepEqual(edits().map(({ key, raw }) => [key, raw]), [["b", { text: "hello" }]]);
});

test("a refused edit of a row that is not known now is taken up with the value it began with", async () => {
  const { view, revealed, box, press, button, type, edits } = await refused(1, "n", "1000");
  view.known.take({ rows: ROWS.slice(0, 1), first: 0, total: 5000 });
  revealed.length = 0;

  button("Edit again").click();
  assert.equal(box().value, "1000");
  type("100");
  press("Enter");
  await turn();

  assert.deepEqual(edits(), [{ key: "b", column: "n", raw: { text: "100" }, base: 2 }]);
  assert.equal(view.selection.active.place, 1, "the reader is not taken to the top");
  assert.deepEqual(revealed, []);
});

test("a key on a cell with a refused edit takes that up, where keys are not typed into the input", async () => {
  const { editing, go, box, press, edits } = await refused(0, "at", "2026-11-21T12:00");
  go(0, "at");

  editing.open("x");
  assert.equal(box().value, "2026-11-21T12:00");
  press("Enter");
  await turn();

  assert.equal(edits().length, 1);
});

test("Tab in the editor of a row that has gone commits, and does not go on at the top", async () => {
  const { view, editing, go, boxes, type, press, edits } = open();
  go(1, "n");
  editing.open(null);
  type("3");
  view.known.take({ ops: [{ op: "delete", key: "b" }], total: 1 });

  press("Tab");
  await turn();

  assert.deepEqual([edits().length, boxes(), view.selection.active.place], [1, 0, 1]);
});

test("Enter that ends a composition does not commit, also where the browser says so only by its code", async () => {
  const { editing, go, boxes, press, type, edits } = open();
  go(0, "note");
  editing.open(null);
  type("日本");

  press("Enter", { isComposing: true });
  press("Enter", { keyCode: 229 });
  await turn();

  assert.deepEqual([boxes(), edits()], [1, []]);
});

test("an editor that opens while edits are on their way begins with the newest of them", async () => {
  const { view, editing, go, box, type, press, edits } = open();
  go(0, "n");
  for (const text of ["2", "3"]) {
    editing.open(null);
    type(text);
    press("Enter");
    await turn();
  }

  editing.open(null);

  assert.equal(box().value, "3");
  type("2"); // another wish than the newest, though the first one was the same
  press("Enter");
  await turn();
  assert.deepEqual([view.editing.noteOf("a", "n").text, edits().length], ["2", 1]);
});
