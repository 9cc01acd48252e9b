// Which database is looked at when several are open, and when a cell that connects runs again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { choose } from "../lib/labextension/src/choice.js";

/** Databases by their keys, each with the variable that holds it. */
const open = (variables) => ({
  order: Object.keys(variables),
  items: new Map(Object.entries(variables).map(([key, variable]) => [key, { variable }])),
});

for (const [what, before, variables, key, choice] of [
  ["none is open", undefined, {}, null, undefined],
  ["the first is shown", undefined, { e1: "db", e2: "other" }, "e1", { key: "e1", variable: "db" }],
  ["one that a variable holds comes before one that none does", undefined, { e1: null, e2: "db" }, "e2", { key: "e2", variable: "db" }],
  ["one that no variable holds is better than none", undefined, { e1: null }, "e1", { key: "e1", variable: null }],
  ["another that is opened does not take its place", { key: "e2", variable: "b" }, { e1: "a", e2: "b", e3: "c" }, "e2", { key: "e2", variable: "b" }],
  ["its variable holds another one", { key: "e1", variable: "db" }, { e1: null, e2: "x", e3: "db" }, "e3", { key: "e3", variable: "db" }],
  ["its variable is gone", { key: "e1", variable: "db" }, { e1: null, e2: "x" }, "e1", { key: "e1", variable: "db" }],
  ["it gets another name", { key: "e1", variable: "db" }, { e1: "a", e2: "db" }, "e1", { key: "e1", variable: "a" }],
  ["it is closed, and another is shown meanwhile", { key: "e2", variable: "b" }, { e1: "a" }, "e1", { key: "e2", variable: "b" }],
  ["it was closed and is opened again", { key: "e2", variable: "b" }, { e1: "a", e3: "b" }, "e3", { key: "e3", variable: "b" }],
  ["all are closed", { key: "e1", variable: "db" }, {}, null, { key: "e1", variable: "db" }],
]) {
  test(what, () => assert.deepEqual(choose(before, open(variables)), [choice, key]));
}
