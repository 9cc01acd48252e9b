// What all sections with a list share, by the sections Jobs and Log: rows, filter, notes, the selected item's details, and
// what of it survives updates.

import assert from "node:assert/strict";
import { test } from "node:test";
import { turn } from "../../tests/page/document.mjs";
import { factList, setParts } from "../lib/labextension/src/listSection.js";
import { Jobs } from "../lib/labextension/src/sections/jobs.js";
import { Log } from "../lib/labextension/src/sections/log.js";

const job = (name, facts = {}) => ({
  name, kind: "cron", what: `${name}()`, source: `${name}()`, place: "", schedule: "every minute", state: "waiting", paused: false,
  next_ms: null, last: null, error: null, history: [], progress: null, actions: ["run", "pause", "delete"], ...facts,
});
const commit = (ts, facts = {}) => ({ kind: "commit", ts, time_ms: 0, function: `f${ts}`, origin: "", words: "1 × notes", own: false, ...facts });

function shown(section, answer = () => null) {
  const told = { asked: [], feeds: [], status: [], opened: [] };
  const makeLink = () => ({
    list: (what, db, at, changed) => {
      const feed = { what, db, at, closed: false, close: () => (feed.closed = true) };
      feed.have = (items, facts = {}) => changed({ items: new Map(Object.entries(items)), order: Object.keys(items), state: "live", error: null, ts: 1, ...facts });
      told.feeds.push(feed);
      return feed;
    },
    request: async (method, params) => {
      told.asked.push([method, params]);
      return answer(method, params);
    },
  });
  const link = makeLink();
  const context = (facts = {}) => ({ link, db: "e1", at: null, status: (...words) => told.status.push(words), openBrowser: (...options) => told.opened.push(options), ...facts });
  section.show(context());
  section.node.querySelector(".rnb-list").clientHeight = 1000;
  document.body.append(section.node);
  const rows = () => section.node.querySelectorAll(".rnb-list-row").sort((a, b) => parseInt(a.style.top) - parseInt(b.style.top));
  const row = (key) => rows().find((each) => each.dataset.key === key);
  const button = (name) => section.node.querySelectorAll("button").find((each) => each.textContent === name);
  return { section, told, makeLink, context, rows, row, button, feed: () => told.feeds.at(-1), note: section.node.querySelector(".rnb-section-note"), details: section.node.querySelector(".rnb-details"), filter: section.node.querySelector("input") };
}

const keys = (rows) => rows.map((row) => row.dataset.key);

test("until there are items it says so, then what to do when there are none", () => {
  const { feed, note } = shown(new Jobs());
  assert.equal(note.textContent, "Loading …");

  feed().have({});
  assert.match(note.textContent, /^There are no jobs. Begin a cell with %%every/);

  feed().have({ a: job("a") });
  assert.equal(note.hidden, true);
});

test("why a list cannot be had stands in its place, with the items that were there", () => {
  const { feed, note, rows } = shown(new Jobs());

  feed().have({ a: job("a") }, { error: { name: "DatabaseClosed", message: "it was closed" } });

  assert.equal(note.textContent, "DatabaseClosed: it was closed");
  assert.ok(note.classList.contains("rnb-lab-error"));
  assert.deepEqual(keys(rows()), ["a"]);
});

test("the filter keeps what has all of its words, in any order", () => {
  const { feed, filter, rows, note } = shown(new Jobs());
  feed().have({ a: job("feed", { kind: "cell" }), b: job("tidy") });

  filter.value = "CELL feed";
  filter.happen("input");
  assert.deepEqual(keys(rows()), ["a"]);

  filter.value = "nobody";
  filter.happen("input");
  assert.deepEqual([keys(rows()), note.textContent], [[], "Nothing here has these words."]);

  filter.happen("keydown", { key: "Escape" });
  assert.deepEqual(keys(rows()), ["a", "b"]);
});

test("the selected item and its details survive updates, and go with it", () => {
  const { feed, row, details } = shown(new Jobs());
  feed().have({ a: job("a"), b: job("b") });
  row("b").happen("click");
  assert.equal(details.hidden, false);
  const before = details.firstElementChild;

  feed().have({ c: job("c"), a: job("a"), b: job("b") });
  assert.equal(details.firstElementChild, before); // nothing of it is another: what is selected in it stays

  feed().have({ c: job("c") });
  assert.equal(details.hidden, true);
});

test("at another commit the items stay until those are there; of another database they go at once", () => {
  const { section, feed, told, context, rows } = shown(new Jobs());
  feed().have({ a: job("a") });

  section.show(context({ at: 3 }));
  assert.deepEqual([keys(rows()), told.feeds.map(({ at, closed }) => [at, closed])], [["a"], [[null, true], [3, false]]]);

  section.show(context({ db: "e2" }));
  assert.deepEqual(keys(rows()), []);
});

test("a context that shows the same does not open the list again", () => {
  const { section, told, context } = shown(new Jobs());

  section.show(context());
  assert.equal(told.feeds.length, 1);

  section.hide();
  section.show(context());
  assert.deepEqual(told.feeds.map(({ closed }) => closed), [true, false]);
});

test("an item that was asked for is selected as soon as it is there", () => {
  const { section, feed, context, row } = shown(new Jobs());

  section.show(context(), "b");
  feed().have({ a: job("a") });
  feed().have({ a: job("a"), b: job("b") });

  assert.equal(row("b").getAttribute("aria-selected"), "true");
});

// ---------------------------------------------------------------------- jobs

test("an item that was asked for is shown also where the filter would keep it out; the filter stays for others", () => {
  const { section, context, feed, filter, rows } = shown(new Jobs());
  feed().have({ a: job("feed"), b: job("tidy") });
  filter.value = "tidy";
  filter.happen("input");

  section.show(context(), "b");
  assert.deepEqual([filter.value, keys(rows())], ["tidy", ["b"]]);

  section.show(context(), "a");
  assert.deepEqual([filter.value, keys(rows())], ["", ["a", "b"]]);
  assert.equal(rows()[0].getAttribute("aria-selected"), "true");
});

test("what can be done with a job is asked of the kernel, and what it refuses is told", async () => {
  const { feed, told, row, button } = shown(new Jobs(), () => {
    throw new Error("it has just ended");
  });
  feed().have({ "cron:a": job("a") });
  row("cron:a").happen("click");

  button("Pause").click();
  await turn();

  assert.deepEqual(told.asked, [["jobs.pause", { db: "e1", key: "cron:a" }]]);
  assert.deepEqual(told.status, [["it has just ended", true]]);
});

test("a job is deleted when that was meant, and not when another was looked at meanwhile", async () => {
  const { feed, told, row, button } = shown(new Jobs());
  feed().have({ "cron:a": job("a"), "cron:b": job("b") });
  row("cron:a").happen("click");

  button("Delete").click();
  row("cron:b").happen("click");
  row("cron:a").happen("click");
  assert.equal(button("Delete for good"), undefined);
  button("Delete").click();
  button("Keep it").click();
  assert.deepEqual(told.asked, []);

  button("Delete").click();
  button("Delete for good").click();
  await turn();
  assert.deepEqual(told.asked, [["jobs.delete", { db: "e1", key: "cron:a" }]]);
});

for (const [facts, expected] of [
  [{ state: "paused", paused: true }, "paused"],
  [{ state: "running", paused: true }, "running, paused"],
  [{ state: "elsewhere" }, "not in this kernel"],
  [{ state: "elsewhere", paused: true }, "not in this kernel, paused"],
]) {
  test(`a job's state is said as ${expected}`, () => {
    const { feed, row } = shown(new Jobs());
    feed().have({ a: job("a", facts) });

    assert.equal(row("a").querySelector(".rnb-row-state").textContent, expected);
  });
}

test("of the past nothing can be done", () => {
  const { feed, row, details } = shown(new Jobs());
  feed().have({ a: job("a", { actions: [] }) });
  row("a").happen("click");

  assert.equal(details.querySelector(".rnb-details-actions").hidden, true);
});

// ---------------------------------------------------------------------- log

const DETAIL = {
  facts: ["1 document changed"],
  changes: [{ table: "notes", id: "n1", change: "changed", fields: [["text", ["a"], ["b"]], ["size", [{ $int: "3" }], []], ["note", [], [null]]] }],
  left: 0,
  ran: [{ call: "notes()", why: "notes() ran at commit 2 because …", ms: 12 }],
};

test("a commit's details are asked for once, and say what it changed and what ran for it", async () => {
  const { feed, told, row, details } = shown(new Log(), () => DETAIL);
  feed().have({ c2: commit(2), c1: commit(1) });
  row("c2").happen("click");
  await turn();
  feed().have({ c3: commit(3), c2: commit(2), c1: commit(1) });
  await turn();

  assert.deepEqual(told.asked, [["log.detail", { db: "e1", key: "c2" }]]);
  assert.deepEqual(details.querySelectorAll("del").map((each) => each.textContent), ["a", "3"]);
  assert.deepEqual(details.querySelectorAll("ins").map((each) => each.textContent), ["b", "None"]);
  assert.match(details.textContent, /notes\(\) ran at commit 2 because … \(12 ms\)/);
});

test("a document is opened as it is now, and one that was deleted as it was before", async () => {
  const { feed, told, row, details } = shown(new Log(), (_, { key }) => ({
    ...DETAIL,
    changes: [{ table: "notes", id: "n1", change: key === "c2" ? "changed" : "deleted", fields: [] }],
  }));
  feed().have({ c3: commit(3), c2: commit(2) });
  for (const key of ["c2", "c3"]) {
    row(key).happen("click");
    await turn();
    details.querySelector(".rnb-lab-link").click();
  }

  assert.deepEqual(told.opened, [["notes", { id: "n1" }], ["notes", { id: "n1", at: 2 }]]);
});

test("the details of another kernel's commit of the same number are asked for anew", async () => {
  const { section, feed, told, row, context, makeLink } = shown(new Log(), () => DETAIL);
  feed().have({ c2: commit(2) });
  row("c2").happen("click");
  await turn();

  section.show(context({ link: makeLink() }), "c2");
  feed().have({ c2: commit(2, { function: "other" }) });
  await turn();

  assert.equal(told.asked.length, 2);
  assert.equal(section.node.querySelector(".rnb-details-name").textContent, "other");
});

test("only those of a kind are shown", () => {
  const { section, feed, rows } = shown(new Log());
  feed().have({ c2: commit(2), a1: commit(1, { kind: "conflict" }) });

  const kind = section.node.querySelector("select");
  kind.value = "conflict";
  kind.happen("change");

  assert.deepEqual(keys(rows()), ["a1"]);
});

test("the engine's own commits are shown to who asks for them", () => {
  const { section, feed, rows, note } = shown(new Log());
  feed().have({ c3: commit(3, { own: true }), c2: commit(2) });
  assert.deepEqual(keys(rows()), ["c2"]);

  const kind = section.node.querySelector("select");
  kind.value = "own";
  kind.happen("change");
  assert.deepEqual(keys(rows()), ["c3"]);

  kind.value = "all";
  kind.happen("change");
  feed().have({ c3: commit(3, { own: true }) });
  assert.equal(note.textContent, "Nothing here is of this kind.");
});

test("of what nobody knows when it was, no time is said", () => {
  const { feed, row } = shown(new Log());
  feed().have({ r1: commit(1, { kind: "error", time_ms: null, words: "ValueError: no" }) });

  assert.equal(row("r1").title, "error 1\nf1\nValueError: no");
});

// ---------------------------------------------------------------------- parts

test("a row's parts are the same elements each time, and hidden where nothing is said", () => {
  const row = document.createElement("div");
  setParts(row, [["a", "one"], ["b", "two"]]);
  const before = [...row.children];

  setParts(row, [["a", "one"], ["c", ""]]);

  assert.deepEqual([...row.children], before);
  assert.deepEqual(before.map(({ className, hidden }) => [className, hidden]), [["a", false], ["c", true]]);
});

test("facts of which nothing is said are left out", () => {
  const list = factList([["state", "waiting"], ["in", ""]]);

  assert.deepEqual(list.children.map((each) => each.textContent), ["state", "waiting"]);
});
