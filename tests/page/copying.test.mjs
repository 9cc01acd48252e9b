// Cells as tab-separated values: whole or not at all.

import assert from "node:assert/strict";
import { test } from "node:test";
import { tsvCell, tsvOf, writeClipboard } from "../../reactive_nb/notebook/static/copying.js";
import { nextSort } from "../../reactive_nb/notebook/static/gridhead.js";
import { RowWindow } from "../../reactive_nb/notebook/static/rows.js";

test("a cell is copied with all that it is, and one that is cut off is not copied", () => {
  const whole = [null, true, 0.1234567891, "a\tb", 'say "x"', "plain", { $int: "99999999999999999999" }, { $float: "nan" }, { $datetime: "2026-11-20T12:00:00+00:00" }];

  assert.deepEqual(whole.map(tsvCell), ["", "True", "0.1234567891", '"a\tb"', '"say ""x"""', "plain", "99999999999999999999", "nan", "2026-11-20T12:00:00+00:00"]);
  assert.deepEqual([{ $text: "x", size: 900 }, [1], { a: 1 }, { $vector: [1], size: 9 }, { $bytes: "00", size: 1 }].map(tsvCell), [null, null, null, null, null]);
});

test("a range is copied when every row of it is known", () => {
  const known = new RowWindow();
  known.take({ first: 10, total: 100, columns: ["a", "b"], rows: [["x", { a: 1, b: "u" }], ["y", { a: 2 }]] });

  assert.equal(tsvOf(known, ["b", "a"], 10, 11), "u\t1\n\t2");
  assert.equal(tsvOf(known, ["a"], 11, 12), null);
  assert.equal(tsvOf(known, ["a"], 9, 10), null);
  known.take({ ops: [{ op: "update", key: "y", cells: { b: [1, 2] } }] });
  assert.equal(tsvOf(known, ["a"], 10, 11), "1\n2");
  assert.equal(tsvOf(known, ["a", "b"], 10, 11), null, "a list may be cut off");
});

test("a head that is clicked goes through ascending, descending and none; with Shift it is added", () => {
  const clicks = [["a", false], ["a", false], ["a", false], ["a", false], ["b", true], ["a", true], ["a", true], ["c", false]];
  let sort = [];
  const seen = clicks.map(([column, add]) => (sort = nextSort(sort, column, add)).map((part) => part.join(" ")).join(", "));

  assert.deepEqual(seen, ["a asc", "a desc", "", "a asc", "a asc, b asc", "a desc, b asc", "b asc", "c asc"]);
});

test("a row whose key is empty does not stand in for rows that are not known", () => {
  const known = new RowWindow();
  known.take({ first: 0, total: 9, columns: ["a"], rows: [["", { a: 1 }]] });

  assert.equal(tsvOf(known, ["a"], 0, 0), "1");
  assert.equal(tsvOf(known, ["a"], 0, 3), null);
});

test("a negative zero is copied with its sign", () => {
  assert.equal(tsvCell(-0), "-0");
});

test("without a clipboard a copy that did not reach the table is not said to be done", async () => {
  Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  const target = new EventTarget();
  const copies = [];
  const copy = (reaches) => {
    globalThis.document = {
      execCommand() {
        const clipboardData = { setData: (_, text) => copies.push(text) };
        if (reaches) target.dispatchEvent(Object.assign(new Event("copy"), { clipboardData }));
        return true;
      },
    };
    return writeClipboard("all", target);
  };

  await assert.rejects(copy(false), /press Ctrl\+C again/);
  await copy(true);

  assert.deepEqual(copies, ["all"]);
});
