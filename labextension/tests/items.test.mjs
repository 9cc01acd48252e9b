// The golden items of the lists jobs, log and graph (tests/wire/items.json): what the kernel lists, the page draws.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { turn } from "../../tests/page/document.mjs";
import { Layout } from "../lib/labextension/src/graphLayout.js";
import { Jobs } from "../lib/labextension/src/sections/jobs.js";
import { Log } from "../lib/labextension/src/sections/log.js";

const GOLDEN = JSON.parse(readFileSync(new URL("../../tests/wire/items.json", import.meta.url)));

/** A section that shows the golden items of its list. */
function shown(section) {
  const link = {
    list: (what, _db, _at, changed) => {
      changed({ items: new Map(GOLDEN[what]), order: GOLDEN[what].map(([key]) => key), state: "live", error: null, ts: 1 });
      return { close() {} };
    },
    request: async () => GOLDEN.detail,
  };
  section.node.querySelector(".rnb-list").clientHeight = 2000;
  section.show({ link, db: "e1", at: null, status: () => {} });
  const rows = section.node.querySelectorAll(".rnb-list-row").sort((a, b) => parseInt(a.style.top) - parseInt(b.style.top));
  return { rows, details: section.node.querySelector(".rnb-details"), texts: (name) => rows.map((row) => row.querySelector(name).textContent) };
}

/** What would stand where a field is called otherwise than the page thinks. */
const WRONG = /undefined|null|NaN|Invalid|object/;

test("jobs: each has its row, and its details say all that is known", () => {
  const { rows, details, texts } = shown(new Jobs());

  assert.deepEqual(texts(".rnb-row-name"), ["tidy", "add", "add"]);
  assert.deepEqual(texts(".rnb-row-state"), ["waiting", "waiting", "failed"]);
  for (const row of rows) {
    row.happen("click");
    assert.doesNotMatch(row.textContent + details.textContent, WRONG);
  }
  assert.match(details.textContent, /ValueError: too many points/);
});

test("log: each commit has its row, and its details say what it changed", async () => {
  const { rows, details, texts } = shown(new Log());

  assert.deepEqual(texts(".rnb-row-name"), GOLDEN.log.filter(([, item]) => !item.own).map(([, item]) => item.function));
  assert.doesNotMatch(rows.map((row) => row.textContent + row.title).join(), WRONG);
  rows[0].happen("click");
  await turn();

  assert.match(details.textContent, /titlewrite → edited/);
  assert.match(details.textContent, /hard\(points=5\) ran at commit/);
  assert.doesNotMatch(details.textContent, WRONG);
});

test("graph: every box has a place, and every line its two ends", () => {
  const items = new Map(GOLDEN.graph);
  const layout = new Layout(items, [...items.keys()]);

  assert.deepEqual(layout.columns.map((keys) => keys.map((key) => items.get(key).text)), [["tasks"], ["tasks.by_points"], ["hard(points=5)"], ["a live result"]]);
  const [view] = layout.columns[3];
  assert.equal(layout.connected(view).size, 4);
});
