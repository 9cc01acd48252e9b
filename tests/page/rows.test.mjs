// The rows a viewer knows, after any series of entries, against a list that is changed in the plainest way.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { RowWindow } from "../../reactive_nb/notebook/static/rows.js";
import { randomFrom } from "./chance.mjs";

const shown = (known) => known.order.map((key) => [key, { ...known.rows.get(key) }]);
const whole = (rows, facts = {}) => ({ kind: "table", columns: ["n"], state: "live", first: 0, total: rows.length, ...facts, rows });

test("a whole window replaces what was known, and says which cells are other than before", () => {
  const known = new RowWindow();
  known.take(whole([["a", { n: 1, v: { x: [1] } }], ["b", { n: 2 }], ["c", { n: 3 }]]));
  const kept = known.rows.get("a");

  const change = known.take({ rows: [["d", { n: 4 }], ["b", { n: 5 }], ["a", { n: 1, v: { x: [1] } }]], first: 10, total: 13 });

  assert.deepEqual(change, { whole: true, inserted: ["d"], moved: [], deleted: ["c"], cells: [["b", ["n"]]] });
  assert.deepEqual(shown(known), [["d", { n: 4 }], ["b", { n: 5 }], ["a", { n: 1, v: { x: [1] } }]]);
  assert.equal(known.rows.get("a"), kept, "a row that is the same keeps its identity");
  assert.deepEqual([known.keyAt(11), known.placeOf("a"), known.keyAt(13), known.placeOf("c")], ["b", 12, null, -1]);
});

test("operations change the window, and facts come with them", () => {
  const known = new RowWindow();
  known.take(whole([["a", { n: 1 }], ["b", { n: 2, old: 0 }], ["c", { n: 3 }]]));

  const change = known.take({
    ops: [
      { op: "delete", key: "a" },
      { op: "insert", key: "d", after: null, row: { n: 4 } },
      { op: "move", key: "c", after: "d" },
      { op: "update", key: "b", cells: { n: 9 }, gone: ["old"] },
    ],
    first: 5,
    state: "stale",
  });

  assert.deepEqual(shown(known), [["d", { n: 4 }], ["c", { n: 3 }], ["b", { n: 9 }]]);
  assert.deepEqual(change, { whole: false, inserted: ["d"], moved: ["c"], deleted: ["a"], cells: [["b", ["n", "old"]]] });
  assert.deepEqual([known.first, known.state, known.columns], [5, "stale", ["n"]]);
});

test("a closed or lost result keeps its rows and its commit", () => {
  for (const entry of [{ state: "closed", ts: 5 }, { gone: true }]) {
    const known = new RowWindow();
    known.take(whole([["a", { n: 1 }]], { ts: 5 }));

    known.take(entry);
    known.setTs(9);

    assert.deepEqual([known.state, known.ts, shown(known)], ["closed", 5, [["a", { n: 1 }]]]);
  }
});

test("a paused result keeps its commit until it goes on", () => {
  const known = new RowWindow();
  known.take(whole([["a", { n: 1 }]], { ts: 5 }));

  known.take({ state: "paused", ts: 5 });
  known.setTs(9);
  assert.deepEqual([known.isStill, known.ts], [true, 5]);
  known.take({ state: "live" });
  known.setTs(10);

  assert.deepEqual([known.isStill, known.ts], [false, 10]);
});

test("1,000 random stories leave the same rows as a plain list", () => {
  for (let seed = 1; seed <= 1000; seed += 1) {
    const random = randomFrom(seed);
    const known = new RowWindow();
    let plain = Array.from({ length: random(8) }, (_, at) => [`k${at}`, { n: at, m: 0 }]);
    let fresh = plain.length;
    known.take(whole(structuredClone(plain)));
    for (let step = 0; step < 12; step += 1) {
      const ops = Array.from({ length: random(5) }, () => randomOp(random, plain, () => `k${fresh++}`)).filter((op) => op !== null);
      known.take(random(9) === 0 ? { rows: structuredClone(plain) } : { ops });
      assert.deepEqual(shown(known), plain, `seed ${seed}`);
      plain.forEach(([key], at) => assert.equal(known.placeOf(key), at));
    }
  }
});

/** Do one random thing to a plain list of rows, in place, and return the operation that says it. */
function randomOp(random, plain, newKey) {
  const at = random(Math.max(plain.length, 1));
  const after = (place) => (place === 0 ? null : plain[place - 1][0]);
  switch (plain.length === 0 ? 0 : random(4)) {
    case 0: {
      const place = random(plain.length + 1);
      const op = { op: "insert", key: newKey(), after: after(place), row: { n: random(9) } };
      plain.splice(place, 0, [op.key, { ...op.row }]);
      return op;
    }
    case 1: {
      const [[key]] = plain.splice(at, 1);
      return { op: "delete", key };
    }
    case 2: {
      const [row] = plain.splice(at, 1);
      const place = random(plain.length + 1);
      const op = { op: "move", key: row[0], after: after(place) };
      plain.splice(place, 0, row);
      return op;
    }
    default: {
      const cells = { n: random(9) };
      const { m, ...rest } = plain[at][1];
      plain[at] = [plain[at][0], { ...rest, ...cells }];
      return { op: "update", key: plain[at][0], cells, ...(m === undefined ? {} : { gone: ["m"] }) };
    }
  }
}

test("the kernel's own differences lead to the kernel's own rows", { skip: process.env.RNB_STORIES === undefined && "pytest gives the stories" }, () => {
  const stories = JSON.parse(readFileSync(process.env.RNB_STORIES, "utf-8"));
  assert.ok(stories.length >= 50);
  for (const { start, steps } of stories) {
    const known = new RowWindow();
    known.take(whole(start));
    for (const { ops, rows } of steps) {
      known.take({ ops });
      assert.deepEqual(shown(known), rows);
    }
  }
});

test("a column may have the name of what every object has", () => {
  const known = new RowWindow();
  known.take(whole([["a", { n: 1 }], ["b", { constructor: "Ferrari" }]], { columns: ["n", "constructor", "toString", "__proto__"], inputs: {} }));

  known.take({ ops: [{ op: "insert", key: "c", after: "b", row: { n: 3 } }, { op: "update", key: "a", cells: { n: 2 } }] });

  for (const key of ["a", "c"]) assert.deepEqual(known.columns.map((column) => known.rows.get(key)[column]).slice(1), [undefined, undefined, undefined]);
  assert.equal(known.rows.get("b").constructor, "Ferrari");
  assert.deepEqual(known.columns.filter((column) => column in known.inputs || known.inputs[column] !== undefined), []);
  const change = known.take({ rows: [["b", { constructor: "Ferrari" }], ["c", JSON.parse('{"n": 3, "__proto__": 1}')]] });
  assert.deepEqual(change.cells, [["c", ["__proto__"]]]);
});
