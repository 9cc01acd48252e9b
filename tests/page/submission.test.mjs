// Where the error of a submission is shown, and what it says there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldOfError, textOfError } from "../../reactive_nb/notebook/static/submission.js";

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
