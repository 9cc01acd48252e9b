// The data browser without its kernel: where it looks, in words and positions; what can be undone; its forms and histories.

import assert from "node:assert/strict";
import { test } from "node:test";
import "../../tests/page/document.mjs";
import { drawHistory } from "../lib/labextension/src/browser/historyPane.js";
import { boundFields, isNarrowed, lastPage, looksLikeId, orderText, pageOf, pageText, rowNumber, wholePart } from "../lib/labextension/src/browser/place.js";
import { RangeForm } from "../lib/labextension/src/browser/rangeForm.js";
import { UndoStack } from "../lib/labextension/src/browser/undoStack.js";

test("a page says which rows it shows", () => {
  assert.equal(pageText(200, 100, 12345), "rows 201–300 of 12,345");
  assert.equal(pageText(0, 1, 1), "rows 1–1 of 1");
  assert.equal(pageText(0, 0, 0), "no rows");
  assert.equal(pageText(100, 0, 100), "100 rows");
});

test("pages begin at whole multiples of their size", () => {
  assert.deepEqual([pageOf(0, 100), pageOf(99, 100), pageOf(250, 100)], [0, 0, 200]);
  assert.deepEqual([lastPage(0, 100), lastPage(100, 100), lastPage(101, 100)], [0, 0, 100]);
});

test("the number of a row is told from an id", () => {
  assert.deepEqual(["12", "1,234", " 7 ", "0", "-1", "1.5", "z43g", ""].map(rowNumber), [12, 1234, 7, null, null, null, null, null]);
  assert.ok(looksLikeId("z43g000000000000000000000000007s"));
  for (const other of ["general", 12, null, "Z43G000000000000000000000000007S", "z43g00000000000000000000000000-7s"]) assert.ok(!looksLikeId(other));
});

test("an order is named for what the index begins with", () => {
  assert.deepEqual([orderText(["_creationTime"], "desc"), orderText(["points"], "asc")], ["newest first", "smallest first"]);
});

test("bounds are on the field after those that have one value", () => {
  const inputs = ["player", "points", "_creationTime"].map((name) => ({ name }));
  assert.equal(boundFields(inputs, {}), 0);
  assert.equal(boundFields(inputs, { player: { text: "p" } }), 1);
  assert.equal(boundFields(inputs, { points: { text: "1" } }), 0);
  assert.equal(boundFields(inputs, { player: { text: "p" }, points: { text: "1" }, _creationTime: { text: "" } }), 3);
  assert.ok(!isNarrowed({ ...wholePart(), from: { missing: true }, equal: { a: { missing: true } } }));
  assert.ok(isNarrowed({ ...wholePart(), to: { text: "1" } }));
});

test("what was undone can be redone until something new is done", () => {
  const steps = new UndoStack();
  steps.add({ ts: 3, words: "a" });
  steps.add({ ts: 4, words: "b" });

  const undone = steps.take(false);
  steps.took(undone, 5, false);
  assert.deepEqual([steps.nextUndo, steps.nextRedo], [{ ts: 3, words: "a" }, { ts: 5, words: "b" }]);

  const redone = steps.take(true);
  steps.took(redone, 6, true);
  assert.deepEqual([steps.nextUndo, steps.nextRedo], [{ ts: 6, words: "b" }, null]);

  steps.took(steps.take(false), 7, false);
  steps.add({ ts: 8, words: "c" });
  assert.equal(steps.nextRedo, null);
});

test("a step whose undoing was refused is gone, and the one before it is next", () => {
  const steps = new UndoStack();
  steps.add({ ts: 3, words: "a" });
  steps.add({ ts: 4, words: "b" });
  steps.take(false);
  assert.equal(steps.nextUndo.words, "a");
  assert.equal(steps.nextRedo, null);
});

const field = (name, kind = "text", more = {}) => ({ name, label: name, kind, optional: true, nullable: false, describe: `a ${kind}`, initial: null, ...more });
const OPENED = {
  index: "by_player",
  indexes: [
    { name: "by_creation_time", fields: ["_creationTime"], unique: false },
    { name: "by_player", fields: ["player", "points"], unique: false },
  ],
  inputs: [field("player"), field("points", "number"), field("_creationTime", "datetime")],
};

function rangeForm(part) {
  const asked = [];
  const form = new RangeForm(part, (each) => asked.push(each), () => async () => ({ options: [], more: false }), new AbortController().signal);
  form.show(OPENED, part);
  document.body.append(form.node);
  const inputs = () => [...form.node.querySelectorAll("input")];
  const labels = () => inputs().map((each) => each.getAttribute("aria-label"));
  return { form, asked, labels, input: (label) => inputs().find((each) => each.getAttribute("aria-label") === label) };
}

test("a range has inputs for the first field, and for the next ones as soon as that has a value", () => {
  assert.deepEqual(rangeForm(wholePart("by_player")).labels(), ["player =", "player from", "player to"]);
  const narrowed = { ...wholePart("by_player"), equal: { player: { text: "Ada" } } };
  assert.deepEqual(rangeForm(narrowed).labels(), ["player =", "points =", "points from", "points to"]);
});

test("what stands in the inputs is asked for, and what is empty is not", () => {
  const { form, asked, input } = rangeForm(wholePart("by_player"));
  input("player from").value = "b";
  form.node.happen("submit");

  assert.deepEqual(asked, [{ index: "by_player", order: "asc", equal: {}, from: { text: "b" }, to: null }]);
});

test("an order that is chosen before the kernel has answered is one of the index that was chosen just before", () => {
  const { form, asked, input } = rangeForm(wholePart("by_player"));
  input("player from").value = "b";
  const choose = (label, value) => {
    const box = [...form.node.querySelectorAll("select")].find((each) => each.getAttribute("aria-label") === label);
    box.value = value;
    box.happen("change");
  };
  choose("Index", "by_id");
  choose("Order", "desc");

  assert.deepEqual(asked, [wholePart("by_id"), { ...wholePart("by_id"), order: "desc" }]);
});

test("a refusal stands beside the input that it names", () => {
  const { form } = rangeForm(wholePart("by_player"));
  const error = { message: "Cannot", thing: "$.player is 3", expected: "a string", hint: "Write a text", field: "from" };

  assert.equal(form.setError(error), true);
  const shown = [...form.node.querySelectorAll("[role=alert]")].filter((each) => !each.hidden).map((each) => each.textContent);
  assert.deepEqual(shown, ["player is 3. Expected a string. Write a text."]);
  assert.equal(form.setError({ message: "no table" }), false);
});

test("a history tells each version, and where it cannot know more", () => {
  const version = (ts, change, fields) => ({ ts, time_ms: 0, function: "send", origin: "In[3]", change, fields });
  const versions = [version(9, "changed", [{ field: "n", before: 1, after: 2 }]), version(7, "inserted", [{ field: "n", after: 1 }])];
  const told = (history) => drawHistory({ id: "abc", table: "notes", oldest: 5, ...history }).map((each) => each.textContent).join(" | ");

  const whole = told({ versions, is_whole: true });
  assert.match(whole, /changedcommit 9.*send · In\[3\].*n1 → 2.*insertedcommit 7/);
  assert.doesNotMatch(whole, /not kept/);
  assert.match(told({ versions: versions.slice(0, 1), is_whole: false }), /Commits before 6 are not kept/);
  assert.match(told({ versions: [], is_whole: false }), /No commit since 5 has changed it/);
});
