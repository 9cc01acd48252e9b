// The selection: where keys lead, and what becomes of it when rows change, move and go.

import assert from "node:assert/strict";
import { test } from "node:test";
import { RowWindow } from "../../reactive_nb/notebook/static/rows.js";
import { HEAD, Selection } from "../../reactive_nb/notebook/static/selection.js";

const COLUMNS = ["a", "b", "c"];

/** A table of 1,000 rows of which 100 are known, from `first` on. */
function table(first = 0, total = 1000) {
  const known = new RowWindow();
  const count = Math.min(100, total - first);
  known.take({ first, total, columns: COLUMNS, rows: Array.from({ length: count }, (_, at) => [`k${first + at}`, {}]) });
  return known;
}

function selected(known = table()) {
  const selection = new Selection(known, COLUMNS);
  selection.go(5, "b");
  return selection;
}

const press = (selection, ...keys) => {
  for (const key of keys) {
    const parts = key.split("+");
    const name = parts.pop();
    assert.ok(selection.press({ key: name, shift: parts.includes("Shift"), ctrl: parts.includes("Ctrl") }, 10, true), key);
  }
};
const where = ({ active }) => active && [active.place, active.column];

test("keys lead where a spreadsheet's do", () => {
  const cases = [
    ["ArrowDown", [6, "b"]], ["ArrowUp", [4, "b"]], ["ArrowLeft", [5, "a"]], ["ArrowRight", [5, "c"]],
    ["Home", [5, "a"]], ["End", [5, "c"]], ["Ctrl+Home", [0, "a"]], ["Ctrl+End", [999, "c"]],
    ["PageDown", [15, "b"]], ["PageUp", [0, "b"]], ["Ctrl+ArrowDown", [999, "b"]], ["Ctrl+ArrowUp", [0, "b"]],
  ];
  for (const [key, expected] of cases) {
    const selection = selected();
    press(selection, key);
    assert.deepEqual(where(selection), expected, key);
    const { range } = selection;
    assert.deepEqual([range.top, range.left], [range.bottom, range.right], "one cell");
  }
});

test("the edges hold, and above the first row is the head", () => {
  const selection = selected();

  press(selection, "Ctrl+End", "ArrowDown", "ArrowRight");
  assert.deepEqual(where(selection), [999, "c"]);
  press(selection, "Ctrl+Home", "ArrowLeft", "ArrowUp", "ArrowUp");
  assert.deepEqual(where(selection), [HEAD, "a"]);
  assert.equal(selection.range, null);
  press(selection, "ArrowRight", "ArrowDown");
  assert.deepEqual(where(selection), [0, "b"]);
  press(selection, "Shift+ArrowUp");
  assert.deepEqual(where(selection), [0, "b"]);
});

test("Shift extends from where the selection began, and Escape takes it back", () => {
  const selection = selected();

  press(selection, "Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowRight");
  assert.deepEqual(selection.range, { top: 5, bottom: 7, left: 1, right: 2 });
  press(selection, "Shift+PageUp", "Shift+Home");
  assert.deepEqual(selection.range, { top: 0, bottom: 5, left: 0, right: 1 });
  press(selection, "Escape");
  assert.deepEqual(selection.range, { top: 0, bottom: 0, left: 0, right: 0 });
  press(selection, "Escape");
  assert.equal(selection.range, null);
  assert.equal(selection.press({ key: "Escape", shift: false, ctrl: false }, 10, true), false, "then it is another's");
});

test("Ctrl+A selects all rows, known or not, and the reader stays where she is", () => {
  const selection = selected();

  press(selection, "Ctrl+a");

  assert.deepEqual(selection.range, { top: 0, bottom: 999, left: 0, right: 2 });
  assert.equal(selection.active.place, 0);
});

test("the first key selects the first cell, and other keys mean nothing", () => {
  const selection = new Selection(table(), COLUMNS);

  press(selection, "ArrowDown");
  assert.deepEqual(where(selection), [0, "a"]);
  assert.equal(selection.press({ key: "x", shift: false, ctrl: false }, 10, true), false);
  assert.equal(new Selection(table(0, 0), []).press({ key: "ArrowDown", shift: false, ctrl: false }, 10, true), false);
});

test("the selection goes with its rows when others come, go and move", () => {
  const known = table();
  const selection = selected(known);
  press(selection, "Shift+ArrowDown");

  known.take({ ops: [{ op: "insert", key: "new", after: null, row: {} }, { op: "delete", key: "k2" }, { op: "insert", key: "new2", after: "new", row: {} }] });
  selection.follow(COLUMNS);
  assert.deepEqual(selection.range, { top: 6, bottom: 7, left: 1, right: 1 });
  known.take({ ops: [{ op: "move", key: "k6", after: "k20" }] });
  selection.follow(COLUMNS);

  assert.deepEqual([selection.active.key, known.placeOf("k6")], ["k6", selection.active.place]);
});

test("when the row of the active cell is deleted, its neighbour is active", () => {
  const known = table();
  const selection = selected(known);

  known.take({ ops: [{ op: "delete", key: "k5" }], total: 999 });
  selection.follow(COLUMNS);
  assert.deepEqual(selection.active, { key: "k6", place: 5, column: "b" });
  known.take({ rows: [["k1", {}]], total: 1 });
  selection.follow(COLUMNS);
  assert.deepEqual(selection.active, { key: "k1", place: 0, column: "b" });
  known.take({ rows: [], total: 0 });
  selection.follow(COLUMNS);
  assert.equal(selection.range, null);
});

test("a cell in a row that is not known yet is known when the row comes, and kept while it is out of sight", () => {
  const known = table();
  const selection = selected(known);

  press(selection, "Ctrl+End");
  assert.deepEqual(selection.active, { key: null, place: 999, column: "c" });
  known.take({ first: 900, rows: Array.from({ length: 100 }, (_, at) => [`k${900 + at}`, {}]) });
  selection.follow(COLUMNS);
  assert.equal(selection.active.key, "k999");
  known.take({ first: 0, rows: [["k0", {}]] });
  selection.follow(COLUMNS);

  assert.deepEqual(selection.active, { key: "k999", place: 999, column: "c" });
});

test("a column that goes leaves the selection on the one in its place", () => {
  const selection = selected();

  selection.follow(["a", "c"]);
  assert.equal(selection.active.column, "c");
  selection.follow(["c"]);
  assert.equal(selection.active.column, "c");
  selection.follow([]);
  assert.equal(selection.active, null);
});

test("Shift on the head of a column leads neither to a row nor out of the table", () => {
  const selection = selected();
  selection.go(HEAD, "b");

  for (const key of ["ArrowLeft", "ArrowUp", "Home"]) {
    selection.press({ key, shift: true, ctrl: false }, 10, true);
    assert.equal(selection.active.place, HEAD, key);
  }
});
