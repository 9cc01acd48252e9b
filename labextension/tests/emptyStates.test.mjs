// What the panel says when there is nothing to look at: in each state something else, and what to do.

import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyState } from "../lib/labextension/src/emptyStates.js";

const STATES = ["nothing", "starting", "none", "absent", "live", "restarting", "ended"];

test("every state has words of its own", () => {
  assert.equal(new Set(STATES.map((state) => emptyState(state, "a.ipynb").title)).size, STATES.length);
});

test("where a database is missing, the lines that open one are there", () => {
  for (const state of ["absent", "live"]) assert.match(emptyState(state, "a.ipynb").code, /db = rnb\.connect\(\)/);
  assert.match(emptyState("absent", "a.ipynb").text, /%load_ext reactive_nb/);
});
