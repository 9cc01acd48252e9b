// How cells read on a page, as the golden file for both languages says.

process.env.TZ = "UTC";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { showCell } from "../../reactive_nb/notebook/static/cells.js";
import { isNested } from "../../reactive_nb/notebook/static/gridbody.js";

const GOLDEN = JSON.parse(readFileSync(new URL("../wire/cells.json", import.meta.url), "utf-8"));

test("each cell reads as the golden file says", () => {
  const shown = Object.fromEntries(Object.entries(GOLDEN).map(([name, { cell }]) => [name, showCell(cell).text]));

  assert.deepEqual(shown, Object.fromEntries(Object.entries(GOLDEN).map(([name, { shown }]) => [name, shown])));
});

test("a creation time is a time, and what cannot be one stays as it is", () => {
  const shown = [1_700_000_000_123.5, 8.64e15, 1.7e18, "noon"].map((cell) => showCell(cell, "_creationTime").text);

  assert.deepEqual(shown, ["2023-11-14 22:13:20.123", "275760-09-13 00:00:00", "1700000000000000000", "noon"]);
});

test("a time hovers in UTC, and a number with all its digits", () => {
  assert.equal(showCell({ $datetime: "2026-11-20T12:00:00.000001+00:00" }).hover, "2026-11-20 12:00:00.000001 UTC");
  assert.equal(showCell(0.123456789).hover, "0.123456789");
  assert.equal(showCell(5).hover, undefined);
});

test("only what has more in it than its text says can be opened", () => {
  const nested = Object.entries(GOLDEN).filter(([, { cell }]) => isNested(cell)).map(([name]) => name);

  assert.deepEqual(nested, [
    "text of 501 characters", "bytes", "bytes beyond 32", "a vector", "a vector beyond 8", "a list", "a dict",
    "a list beyond 60", "a dict whose key begins with a dollar", "another object",
  ]);
});

test("a negative zero keeps its sign, and a large number its digits", () => {
  assert.deepEqual([-0, 0, 1234567890123456.5, -1234567890123456.5].map((number) => showCell(number).text), ["-0", "0", "1234567890123456.5", "-1234567890123456.5"]);
});
