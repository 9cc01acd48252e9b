// Edits on their way: what the cell shows between the typing and the commit, and what becomes of a refusal.

import assert from "node:assert/strict";
import { test } from "node:test";
import { rawText, typedRaw } from "../../reactive_nb/notebook/static/celleditor.js";
import { PendingEdits, isConflict } from "../../reactive_nb/notebook/static/edits.js";

/** Pending edits of one cell, with a kernel that answers when the test says so. */
function open() {
  const sent = [];
  let cell = 1;
  const pending = new PendingEdits(
    (edit) => new Promise((answer, refuse) => sent.push({ edit, answer, refuse })),
    () => cell,
    () => {},
  );
  const type = (text, base = cell) => pending.commit({ key: "k", column: "n", raw: { text }, text, base });
  const shown = () => pending.noteOf("k", "n")?.text;
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { pending, sent, type, shown, turn, become: (value) => (cell = value) };
}

const refusal = (facts) => Object.assign(new Error("no"), facts);

test("a cell shows what was typed until its commit is shown, whichever comes first, answer or frame", async () => {
  for (const frameFirst of [false, true]) {
    const { pending, sent, type, shown, turn } = open();
    type("2");
    assert.equal(shown(), "2");
    assert.equal(pending.noteOf("k", "other"), undefined);

    if (frameFirst) pending.settle(7);
    sent[0].answer({ ts: 7 });
    await turn();
    assert.equal(shown(), frameFirst ? undefined : "2");
    pending.settle(6);
    assert.equal(shown(), frameFirst ? undefined : "2");
    pending.settle(7);

    assert.equal(shown(), undefined);
    assert.deepEqual(pending.refused, []);
  }
});

test("on refusal the cell goes back, and what was typed is kept", async () => {
  const { pending, sent, type, shown, turn } = open();
  type("x");

  sent[0].refuse(refusal({ message: "expected a number" }));
  await turn();

  assert.equal(shown(), undefined);
  const [edit] = pending.refused;
  assert.deepEqual([edit.raw, edit.text, edit.error.message, isConflict(edit)], [{ text: "x" }, "x", "expected a number", false]);
  pending.dismiss(edit);
  assert.deepEqual(pending.refused, []);
});

test("after a conflict mine is sent again over theirs", async () => {
  const { pending, sent, type, shown, turn } = open();
  type("mine");
  sent[0].refuse(refusal({ code: "edit_conflict", theirs: 9 }));
  await turn();
  const [edit] = pending.refused;
  assert.ok(isConflict(edit));

  pending.insist(edit);

  assert.deepEqual(sent[1].edit, { key: "k", column: "n", raw: { text: "mine" }, text: "mine", base: 9 });
  assert.equal(shown(), "mine");
  assert.deepEqual(pending.refused, []);
});

test("a second edit of a cell waits for the first, and is based on what that made of it", async () => {
  const { pending, sent, type, shown, turn, become } = open();
  type("2");
  type("3");
  assert.equal(shown(), "3");
  assert.equal(sent.length, 1);

  sent[0].answer({ ts: 4 });
  await turn();
  become(2);
  pending.settle(4);

  assert.equal(sent[1].edit.base, 2);
  assert.equal(shown(), "3");
  sent[1].answer({ ts: 5 });
  await turn();
  pending.settle(5);
  assert.equal(shown(), undefined);
});

test("when the first of two edits is refused, the second is sent all the same", async () => {
  const { pending, sent, type, turn } = open();
  type("bad");
  type("3");

  sent[0].refuse(refusal({}));
  await turn();

  assert.equal(sent[1].edit.text, "3");
  assert.deepEqual(pending.refused, []);
});

test("what was typed reads as its cell will", () => {
  process.env.TZ = "UTC";
  assert.equal(rawText({ kind: "boolean" }, { flag: false }), "False");
  assert.equal(rawText({ kind: "choice", choices: ["'UA'", "5"] }, { choice: 0 }), "UA");
  assert.equal(rawText({ kind: "text" }, { null: true }), "None");
  assert.equal(rawText({ kind: "text" }, { missing: true }), "");
  assert.equal(rawText({ kind: "datetime" }, { text: "2026-11-20T13:00:00+01:00" }), "2026-11-20 12:00:00");
  assert.equal(rawText({ kind: "file" }, { bytes: "AA==", name: "a.bin" }), "a.bin");
  assert.deepEqual([typedRaw({ kind: "number" }, "5"), typedRaw({ kind: "choice" }, "5"), typedRaw({ kind: "text" }, null)], [{ text: "5" }, null, null]);
});
