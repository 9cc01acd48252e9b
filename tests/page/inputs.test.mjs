// The pure parts of inputs: what an empty one means, times of the page's own zone, and what a cell is edited as.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isoOfLocal, localOfIso, meaningsOfEmpty, rawOf, sameRaw, sizeOfBase64 } from "../../reactive_nb/notebook/static/inputs.js";

process.env.TZ = "Europe/Zurich";

const field = (kind, more = {}) => ({ kind, label: "x", optional: false, nullable: false, describe: "", initial: null, ...more });

test("an empty input means what its field allows, the likeliest first", () => {
  const meanings = (kind, more) => meaningsOfEmpty(field(kind, more)).map(({ raw }) => Object.keys(raw)[0]);

  assert.deepEqual(meanings("text", {}), ["text"]);
  assert.deepEqual(meanings("text", { optional: true }), ["missing", "text"]);
  assert.deepEqual(meanings("long", { nullable: true }), ["null", "text"]);
  assert.deepEqual(meanings("integer", {}), ["text"]);
  assert.deepEqual(meanings("integer", { optional: true }), ["missing"]);
  assert.deepEqual(meanings("id", { optional: true, nullable: true }), ["missing", "null"]);
});

test("a time is written in the page's zone with the offset of its day", () => {
  assert.equal(isoOfLocal("2026-01-20T13:00"), "2026-01-20T13:00+01:00");
  assert.equal(isoOfLocal("2026-07-20T13:00:05.125"), "2026-07-20T13:00:05.125+02:00");
});

test("a moment is shown in the page's zone, to the millisecond where it has any", () => {
  assert.equal(localOfIso("2026-01-20T12:00:00+00:00"), "2026-01-20T13:00");
  assert.equal(localOfIso("2026-07-20T12:00:05.000001+00:00"), "2026-07-20T14:00:05");
  assert.equal(localOfIso("2026-07-20T12:00:00.125000+00:00"), "2026-07-20T14:00:00.125");
  assert.equal(localOfIso("soon"), "");
});

test("zones behind UTC and with odd minutes are written as well", () => {
  process.env.TZ = "America/St_Johns";
  assert.equal(isoOfLocal("2026-01-20T13:00"), "2026-01-20T13:00-03:30");
  process.env.TZ = "Asia/Kathmandu";
  assert.equal(isoOfLocal("2026-01-20T13:00"), "2026-01-20T13:00+05:45");
  process.env.TZ = "Europe/Zurich";
});

test("raws are compared by what they say", () => {
  assert.ok(sameRaw({ choice: 1 }, { choice: 1 }));
  assert.ok(!sameRaw({ choice: 1 }, { choice: 0 }));
  assert.ok(!sameRaw({ missing: true }, { null: true }));
  assert.ok(!sameRaw({ missing: true }, null));
});

test("the size of a file is that of its bytes", () => {
  assert.deepEqual(["", "AA==", "AAA=", "AAAA"].map(sizeOfBase64), [0, 1, 2, 3]);
});

const cases = [
  ["nothing", field("text"), undefined, { missing: true }],
  ["None", field("text"), null, { null: true }],
  ["a text", field("text"), "a", { text: "a" }],
  ["an empty text", field("long"), "", { text: "" }],
  ["a text that was cut", field("long"), { $text: "aaa", size: 700 }, null],
  ["a number", field("number"), 2.5, { text: "2.5" }],
  ["a small number", field("number"), 1e-7, { text: "1e-7" }],
  ["a big int", field("integer"), { $int: "9007199254740993" }, { text: "9007199254740993" }],
  ["no number", field("number"), { $float: "nan" }, { text: "nan" }],
  ["a boolean", field("boolean"), false, { flag: false }],
  ["a moment, with its microseconds", field("datetime"), { $datetime: "2026-11-20T12:00:00.000001+00:00" }, { text: "2026-11-20T12:00:00.000001+00:00" }],
  ["an id", field("id"), "j571", { text: "j571" }],
  ["a constant", field("constant"), "a", { choice: 0 }],
  ["a choice", field("choice", { choices: ["a", "1", "True"] }), "a", { choice: 0 }],
  ["a number to choose", field("choice", { choices: ["a", "1.0", "True"] }), 1, { choice: 1 }],
  ["a boolean to choose", field("choice", { choices: ["a", "1", "True"] }), true, { choice: 2 }],
  ["choices that look the same", field("choice", { choices: ["1", "'1'"] }), "1", { choice: 1 }],
  ["a choice that is none of them", field("choice", { choices: ["a"] }), "b", { missing: true }],
  ["short bytes", field("file"), { $bytes: "00ff", size: 2 }, { bytes: "AP8=" }],
  ["bytes that were cut", field("file"), { $bytes: "00ff", size: 40 }, null],
  ["JSON", field("json"), { a: [1, "x", null, { $int: "9007199254740993" }, { $float: "-inf" }] }, { text: '{"a": [1, "x", null, 9007199254740993, -Infinity]}' }],
  ["JSON with a moment and bytes", field("json"), [{ $datetime: "2026-11-20T12:00:00+00:00" }, { $bytes: "00", size: 1 }], { text: '[{"$datetime": "2026-11-20T12:00:00+00:00"}, {"$bytes": "AA=="}]' }],
  ["a list that was cut", field("json"), { $list: [1], size: 99 }, null],
  ["JSON with a text that was cut", field("json"), { a: [{ $text: "aaa", size: 700 }] }, null],
  ["a vector, whose numbers are rounded", field("json"), { $vector: [0.1], size: 1 }, null],
  ["a value that a text cannot hold", field("text"), [1], null],
];

for (const [name, each, cell, raw] of cases) {
  test(`an edit begins with ${name}`, () => assert.deepEqual(rawOf(each, cell), raw));
}
