// How far the run of a submission is, where its error is shown, and what it says there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { turn } from "./document.mjs";
import { SubmissionView, fieldOfError, sourceOf, textOfError } from "../../reactive_nb/notebook/static/submission.js";

/** A submission without arguments whose kernel answers when the test says so. */
async function open(context) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const asked = [];
  const session = {
    connection: "alive",
    request: (target, method, params, tell) => new Promise((answer, refuse) => asked.push({ method, tell, answer, refuse })),
  };
  const facts = { spec: { title: "fetch", label: "Run", about: "", kind: "action", fields: [] }, target: "f1", channel: "IPY_MODEL_c" };
  const model = { get: (name) => facts[name], widget_manager: { get_model: async () => ({ rnbSession: session }) } };
  const root = document.createElement("div");
  document.body.append(root);
  const view = new SubmissionView(sourceOf(model), root);
  root.ownerDocument = document;
  root.append(view.button, view.progress, view.outcome);
  await turn();
  void view.run();
  await turn();
  const [bar, words] = view.progress.children;
  const shown = () => (view.progress.hidden ? null : [bar.getAttribute("value"), bar.getAttribute("max"), words.textContent]);
  return { view, asked, bar, shown, wait: (ms) => context.mock.timers.tick(ms), said: () => (view.outcome.hidden ? "" : view.outcome.textContent) };
}

test("how far a run is stands beside its button until the run ends", async (context) => {
  const { view, asked, bar, shown, wait, said } = await open(context);
  assert.equal(shown(), null);
  wait(300);
  assert.equal(said(), "running…");

  asked[0].tell({ done: 3, total: 20, text: "3 of 20 · page 3" });
  assert.deepEqual([shown(), said(), view.root.dataset.state], [["3", "20", "3 of 20 · page 3"], "", "running"]);
  assert.equal(bar.getAttribute("aria-label"), "fetch");
  asked[0].tell({ done: 0, total: null, text: "1,200" });
  assert.deepEqual(shown(), [null, null, "1,200"], "nobody knows the end");
  asked[0].tell({ done: 20, total: 20, text: "20 of 20" });
  assert.deepEqual(shown(), ["20", "20", "20 of 20"]);
  asked[0].answer({ result: "fetched", ts: 4 });
  await turn();

  assert.deepEqual([shown(), said().includes("fetched")], [null, true]);
});

test("a run that tells how far it is does not say that it is running as well", async (context) => {
  const { asked, shown, wait, said } = await open(context);

  asked[0].tell({ done: 3, total: 20, text: "3 of 20" });
  wait(300);

  assert.deepEqual([shown(), said()], [["3", "20", "3 of 20"], ""]);
});

test("how far it was is gone when a run fails, and when the next begins", async (context) => {
  const { view, asked, shown, said } = await open(context);
  asked[0].tell({ done: 3, total: 20, text: "3 of 20" });
  asked[0].refuse(Object.assign(new Error("no"), { name: "ValueError" }));
  await turn();
  assert.deepEqual([shown(), said()], [null, "ValueError: no"]);

  void view.run();
  await turn();

  assert.deepEqual([asked.length, shown()], [2, null]);
});

test("an error belongs to the argument that its path begins with", () => {
  assert.equal(fieldOfError({ path: "$.minutes" }), "minutes");
  assert.equal(fieldOfError({ path: "$.tags[3].name" }), "tags");
  assert.equal(fieldOfError({ path: "$['två ord'][0]" }), "två ord");
  assert.equal(fieldOfError({ field: "carrier", path: "$.minutes" }), "carrier");
});

test("other errors belong to the whole", () => {
  assert.equal(fieldOfError({}), undefined);
  assert.equal(fieldOfError({ path: "$" }), undefined);
  assert.equal(fieldOfError({ path: "$.minutes", code: "returns_validation" }), undefined);
});

test("beside a field an error does not repeat what the form says", () => {
  const facts = { thing: "$.minutes is 'soon' (str)", expected: "an int", hint: "Write a whole number in digits, such as 12" };

  assert.equal(textOfError({ message: "…", ...facts }), "minutes is 'soon' (str). Expected an int. Write a whole number in digits, such as 12.");
  assert.equal(textOfError({ message: "not thirteen" }), "not thirteen");
});
