// The section Tables, given lists by a test: what it shows, opens and keeps.

import assert from "node:assert/strict";
import { test } from "node:test";
import "../../tests/page/document.mjs";
import { Tables } from "../lib/labextension/src/sections/tables.js";

const FIELD = { name: "title", type: "string", optional: true };
const INDEX = { name: "by_title", fields: ["title"], kind: "index", unique: true, multi: false };

const table = (name, documents = 0, more = {}) => [
  name,
  { name, documents, system: name.startsWith("_"), declared: true, fields: [FIELD], indexes: [INDEX], ...more },
];

function open() {
  const section = new Tables();
  const opened = [];
  const feeds = [];
  const list = (what, db, at, changed) => {
    const feed = { what, db, at, changed, isClosed: false, close: () => (feed.isClosed = true) };
    feeds.push(feed);
    return feed;
  };
  const link = { list };
  const context = (facts = {}) => ({ link, db: "e1", at: null, openBrowser: (name) => opened.push(name), ...facts });
  document.body.append(section.node);
  section.node.querySelector(".rnb-list").clientHeight = 400;
  section.show(context());
  return {
    section,
    context,
    opened,
    feeds,
    hear: (...tables) =>
      feeds.at(-1).changed({ items: new Map(tables), order: tables.map(([name]) => name), state: "live", error: null, ts: 1 }),
    fail: (error) => feeds.at(-1).changed({ items: new Map(), order: [], state: "failed", error, ts: 0 }),
    rows: () =>
      section.node
        .querySelectorAll(".rnb-list-row")
        .sort((a, b) => parseInt(a.style.top) - parseInt(b.style.top))
        .map((row) => row.children.map((part) => part.textContent).join(" ")),
    row: (key) => section.node.querySelectorAll(".rnb-list-row").find((each) => each.dataset.key === key),
    note: () => section.node.querySelector(".rnb-section-note"),
    details: () => section.node.querySelector(".rnb-details"),
    write: (words) => {
      const box = section.node.querySelector("input");
      box.value = words;
      box.happen("input");
    },
  };
}

test("tables are shown with their numbers of documents, the engine's own folded in", () => {
  const { hear, rows, row } = open();
  hear(table("a", 1234), table("b"), table("_crons", 2));

  assert.deepEqual(rows(), ["a 1,234", "b 0", "System tables 1"]);
  row(" fold").click();
  assert.deepEqual(rows(), ["a 1,234", "b 0", "System tables 1", "_crons 2"]);
  row(" fold").click();
  assert.deepEqual(rows(), ["a 1,234", "b 0", "System tables 1"]);
});

test("a click opens a table, and so does Enter", () => {
  const { section, hear, row, opened } = open();
  hear(table("a"), table("b"));

  row("b").click();
  section.node.querySelector(".rnb-list").happen("keydown", { key: "Enter" });

  assert.deepEqual(opened, ["b", "b"]);
});

test("the selected table's fields and indexes are shown, and its count goes on", () => {
  const { hear, row, details } = open();
  hear(table("a", 1));
  row("a").click();

  assert.match(details().textContent, /a1 documentBrowseFieldstitle\?stringIndexesby_titletitle · unique/);
  hear(table("a", 2));
  assert.match(details().textContent, /2 documents/);
  hear(table("b"));
  assert.equal(details().hidden, true);
});

test("a filter finds tables by their names and by their fields, the engine's own too", () => {
  const { hear, rows, note, write } = open();
  hear(table("apples"), table("pears", 0, { fields: [{ ...FIELD, name: "colour" }] }), table("_crons"));

  write("COL");
  assert.deepEqual(rows(), ["pears 0"]);
  write("cron");
  assert.deepEqual(rows(), ["System tables 1", "_crons 0"]);
  write("nothing");
  assert.deepEqual([rows(), note().textContent], [[], "No table or field has these words."]);
});

test("what is not there yet, is empty, or cannot be had is said", () => {
  const { hear, fail, note } = open();
  assert.equal(note().textContent, "Loading …");
  hear();
  assert.match(note().textContent, /There are no tables yet/);
  fail({ name: "SnapshotGone", message: "it is gone" });
  assert.equal(note().textContent, "SnapshotGone: it is gone");
});

test("another commit is another list, and the selection stays", () => {
  const { section, context, hear, feeds, row } = open();
  hear(table("a", 5));
  row("a").click();

  section.show(context({ at: 3 }));
  assert.deepEqual(feeds.map(({ at, isClosed }) => [at, isClosed]), [[null, true], [3, false]]);
  hear(table("a", 2));

  assert.equal(row("a").getAttribute("aria-selected"), "true");
});

test("a section that is hidden follows nothing, and is as it was when it is shown again", () => {
  const { section, context, hear, feeds, row } = open();
  hear(table("a"), table("b"));
  row("b").click();

  section.hide();
  assert.equal(feeds[0].isClosed, true);
  section.show(context());

  assert.equal(feeds.length, 2);
  assert.equal(row("b").getAttribute("aria-selected"), "true");
});

test("a table that is asked for by name is selected, also one of the engine's own", () => {
  const { section, context, hear, row } = open();
  section.show(context(), "_crons");

  hear(table("a"), table("_crons"));

  assert.equal(row("_crons").getAttribute("aria-selected"), "true");
});
