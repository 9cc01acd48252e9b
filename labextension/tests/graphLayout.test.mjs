// The graph's layout: where boxes stand, what is in sight, what leads where, and the lines of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Layout } from "../lib/labextension/src/graphLayout.js";

const SPANS = [0, 1, 2, 3].map((column) => ({ left: column * 100, right: column * 100 + 60 }));
const SIGHT = { boxHeight: 40, rowHeight: 50, top: 0, bottom: 500 };

function box(column, before = [], facts = {}) {
  return { column, text: "", note: "", words: "", touched: false, before, table: "", index: "", live: null, ...facts };
}

function layoutOf(boxes) {
  const items = new Map(Object.entries(boxes));
  return new Layout(items, [...items.keys()]);
}

/** Two ways that share a table, and a table that leads nowhere. */
const ways = () =>
  layoutOf({
    tasks: box(0, [], { touched: true }),
    users: box(0),
    hard: box(1, ["tasks"], { touched: true }),
    easy: box(1, ["tasks"]),
    q1: box(2, ["hard"], { touched: true }),
    q2: box(2, ["easy", "gone"]),
    v1: box(3, ["q1"], { touched: true }),
  });

/** How many lines a path has. */
const count = (data) => data.split("M").length - 1;

test("boxes stand in their columns in the order of the list", () => {
  const layout = ways();

  assert.deepEqual(layout.columns, [["tasks", "users"], ["hard", "easy"], ["q1", "q2"], ["v1"]]);
  assert.deepEqual(layout.spot("easy"), { column: 1, row: 1 });
  assert.equal(layout.rows, 2);
  assert.equal(layout.spot("gone"), undefined);
});

for (const [key, expected] of [
  ["tasks", ["tasks", "hard", "q1", "v1", "easy", "q2"]],
  ["hard", ["hard", "tasks", "q1", "v1"]],
  ["q2", ["q2", "easy", "tasks"]],
  ["users", ["users"]],
]) {
  test(`with ${key} are connected what leads to it and what it leads to, and not its neighbours`, () => {
    assert.deepEqual(ways().connected(key), new Set(expected));
  });
}

test("each line leads from the right edge of a box to the left edge of another, at half their height", () => {
  const layout = layoutOf({ one: box(0), two: box(0), far: box(2, ["two"]) });

  assert.equal(layout.lines(SPANS, SIGHT, null).usual, "M60,70C130,70 130,20 200,20");
});

test("lines are of three kinds: one that is pointed at is that first of all", () => {
  const layout = ways();
  const all = layout.lines(SPANS, SIGHT, null);
  const near = layout.lines(SPANS, SIGHT, layout.connected("q1"));

  assert.deepEqual(Object.values(all).map(count), [2, 3, 0]);
  assert.deepEqual(Object.values(near).map(count), [2, 0, 3]);
});

test("a line is lit by a commit only where both its ends are touched", () => {
  const layout = layoutOf({ one: box(0, [], { touched: true }), two: box(1, ["one"]) });

  assert.deepEqual(Object.values(layout.lines(SPANS, SIGHT, null)).map(count), [1, 0, 0]);
});

function thousand() {
  const boxes = { table: box(0) };
  for (let n = 0; n < 1000; n++) Object.assign(boxes, { [`r${n}`]: box(1, ["table"]), [`q${n}`]: box(2, [`r${n}`]) });
  return layoutOf(boxes);
}

test("of a thousand boxes those in sight and a few more are drawn", () => {
  const layout = thousand();
  const seen = layout.visible(1, { ...SIGHT, top: 25_000, bottom: 25_500 });

  assert.ok(seen.includes("r500") && seen.includes("r509"));
  assert.ok(seen.length < 20);
  assert.deepEqual(layout.visible(0, { ...SIGHT, top: 25_000, bottom: 25_500 }), []);
  assert.equal(layout.visible(1, { ...SIGHT, top: -40, bottom: 100 })[0], "r0");
});

test("lines are drawn of the boxes in sight; of those that only pass, some that are lit", () => {
  const layout = thousand();
  const sight = { ...SIGHT, top: 25_000, bottom: 25_500 };

  // From the table at the top to ten ranges, and from these to their queries.
  assert.equal(count(layout.lines(SPANS, sight, null).usual), 10 + 10);
  assert.equal(count(layout.lines(SPANS, sight, layout.connected("table")).near), 10 + 10 + 40);
  assert.equal(layout.lines(SPANS, sight, layout.connected("r500")).near, "M60,-24980C80,-24980 80,20 100,20M160,20C180,20 180,20 200,20");
});

for (const [key, arrow, expected] of [
  ["tasks", "ArrowDown", "users"],
  ["tasks", "ArrowUp", undefined],
  ["tasks", "ArrowRight", "hard"],
  ["tasks", "ArrowLeft", undefined],
  ["users", "ArrowRight", "easy"],
  ["q2", "ArrowLeft", "easy"],
  ["q2", "ArrowRight", "v1"],
  ["easy", "Home", "hard"],
  ["hard", "End", "easy"],
  ["hard", "x", undefined],
  ["gone", "ArrowDown", undefined],
]) {
  test(`${arrow} leads from ${key} to ${expected ?? "nowhere"}`, () => {
    assert.equal(ways().beside(key, arrow), expected);
  });
}

test("of a column without boxes nothing is in the way", () => {
  const layout = layoutOf({ tasks: box(0), lone: box(2) });

  assert.equal(layout.beside("tasks", "ArrowRight"), "lone");
  assert.equal(layout.beside("lone", "ArrowLeft"), "tasks");
});
