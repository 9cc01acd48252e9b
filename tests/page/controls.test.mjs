// Inputs in a document: files that are read, documents that are searched, and keys while a text is being composed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { happenToWindow, heard, turn } from "./document.mjs";
import { element } from "../../reactive_nb/notebook/static/dom.js";
import { GridHead } from "../../reactive_nb/notebook/static/gridhead.js";
import { makeInput } from "../../reactive_nb/notebook/static/inputs.js";
import { submits } from "../../reactive_nb/notebook/static/submission.js";

const FIELD = { label: "x", optional: true, nullable: false, describe: "", initial: null };

// ------------------------------------------------------------------ files

/** An input for a file; each choice is read when the test says so. */
function fileInput() {
  const reads = [];
  globalThis.FileReader = class {
    readAsDataURL(file) {
      reads.push({ done: (bytes) => this.onload(Object.assign(this, { result: `data:;base64,${bytes}` })), fail: () => this.onerror(), file });
    }
  };
  const input = makeInput({ ...FIELD, kind: "file" });
  const box = input.element.querySelector("input");
  const choose = (name) => {
    box.files = [{ name }];
    box.happen("change");
  };
  const clear = () => {
    input.element.querySelector("button").click();
    box.files = [];
  };
  return { input, reads, choose, clear };
}

test("the file that was chosen last counts, whichever is read first", async () => {
  const { input, reads, choose } = fileInput();
  choose("large");
  choose("small");
  await turn();

  reads[1].done("BBBB");
  reads[0].done("AAAA");
  await input.ready();
  await turn();

  assert.deepEqual(input.raw(), { bytes: "BBBB", name: "small" });
});

test("a file that is taken back while it is read does not come back", async () => {
  const { input, reads, choose, clear } = fileInput();
  choose("large");
  clear();
  reads[0].done("AAAA");
  await turn();

  assert.deepEqual(input.raw(), { missing: true });
});

test("a file that cannot be read stops a submission only until it is taken back", async () => {
  const { input, reads, choose, clear } = fileInput();
  choose("gone");
  reads[0].fail();
  await assert.rejects(input.ready(), /the file cannot be read/);

  clear();

  await input.ready();
  assert.deepEqual(input.raw(), { missing: true });
});

// ------------------------------------------------------------------ documents

/** A picker with a kernel that answers when the test says so. */
function picker(context) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const asked = [];
  const search = (text) => new Promise((answer, refuse) => asked.push({ text, refuse, found: (...labels) => answer({ options: labels.map((label) => ({ id: `id of ${label}`, label })), more: false }) }));
  const input = makeInput({ ...FIELD, kind: "id", table: "towns" }, null, search);
  document.body.append(input.element);
  const box = input.element.querySelector("input");
  const type = (text) => {
    box.value = text;
    box.happen("input");
  };
  const pause = () => context.mock.timers.tick(1000);
  const press = (key, more) => box.happen("keydown", { key, ...more });
  const isOpen = () => box.getAttribute("aria-expanded") === "true";
  return { input, asked, box, type, pause, press, isOpen };
}

test("Enter picks only what was found for the text that stands there", async (context) => {
  const { input, asked, type, pause, press } = picker(context);
  type("Z");
  pause();
  asked[0].found("Zagreb", "Zürich");
  await turn();

  type("Zürich");
  const early = press("Enter");
  assert.deepEqual([input.raw(), early.defaultPrevented], [{ text: "Zürich" }, true]);
  assert.equal(asked[1].text, "Zürich", "it asks at once");
  asked[1].found("Zürich");
  await turn();
  press("Enter");

  assert.deepEqual(input.raw(), { text: "id of Zürich" });
});

test("Enter goes through when the documents cannot be searched any more", async (context) => {
  const { asked, type, pause, press, isOpen } = picker(context);
  type("Z");
  pause();
  asked[0].found("Zagreb");
  await turn();
  type("Zü");
  pause();
  asked[1].refuse(new Error("the kernel has ended"));
  await turn();

  assert.deepEqual([isOpen(), press("Enter").defaultPrevented], [false, false]);
});

test("keys of a composition are left to it", async (context) => {
  const { input, asked, type, pause, press, isOpen } = picker(context);
  type("東");
  pause();
  asked[0].found("東京", "東北");
  await turn();

  for (const key of ["ArrowDown", "Enter", "Escape"]) {
    for (const composing of [{ isComposing: true }, { keyCode: 229 }]) assert.equal(press(key, composing).defaultPrevented, false, key);
  }
  assert.deepEqual([isOpen(), input.raw()], [true, { text: "東" }]);
});

test("a picker that is taken out with its list open does not listen to the window for ever", async (context) => {
  const { input, asked, type, pause } = picker(context);
  const before = heard.scroll;
  type("Z");
  pause();
  asked[0].found("Zagreb");
  await turn();
  assert.equal(heard.scroll, before + 1);

  input.element.remove();
  happenToWindow("scroll");

  assert.equal(heard.scroll, before);
});

// ------------------------------------------------------------------ forms

/** A form with a box, which counts how often it is submitted. */
function form() {
  const made = Object.assign(element("form"), { runs: 0, requestSubmit: () => made.happen("submit") });
  submits(made, { run: () => (made.runs += 1) });
  const box = element("input");
  made.append(box);
  return { made, box };
}

test("Enter submits a form once for each time it is pressed, and not when it ends a composition", () => {
  const { made, box } = form();

  for (const more of [{}, { repeat: true }, { repeat: true }, { isComposing: true }, { keyCode: 229 }]) box.happen("keydown", { key: "Enter", ...more });

  assert.equal(made.runs, 1);
});

test("a button that Enter is held on is pressed once", () => {
  const { made } = form();
  const button = element("button");
  made.append(button);

  const [first, second] = [{}, { repeat: true }].map((more) => button.happen("keydown", { key: "Enter", ...more }).defaultPrevented);

  assert.deepEqual([first, second], [false, true]); // the browser presses it, unless it is kept from that
});

// ------------------------------------------------------------------ the head of a table

/** The head of a table with its filters open. */
function head(columns) {
  const told = [];
  const events = { sort: () => {}, filter: (filter) => told.push(filter), resize: () => {}, fit: () => {}, widthOf: () => 100, leave: () => told.push("left") };
  const made = new GridHead("g", events);
  document.body.append(made.root);
  const show = (each) => made.draw(each, [], () => false, null);
  const filter = (column) => made.root.querySelectorAll("input").find((input) => input.getAttribute("aria-label") === `filter ${column}`);
  show(columns);
  made.setFiltering(true);
  return { made, told, show, filter };
}

test("Enter and Escape of a composition leave a filter as it is", () => {
  const { told, filter } = head(["name"]);
  filter("name").value = "とう";

  for (const key of ["Enter", "Escape", "ArrowDown"]) {
    for (const composing of [{ isComposing: true }, { keyCode: 229 }]) filter("name").happen("keydown", { key, ...composing });
  }

  assert.deepEqual([told, filter("name").value], [[], "とう"]);
});

test("a filter keeps the focus when other columns come and go", () => {
  const { show, filter } = head(["a", "b"]);
  filter("b").focus();

  for (const columns of [["a", "b", "c"], ["x", "a", "b", "c"], ["b", "c"]]) {
    show(columns);
    assert.equal(document.activeElement, filter("b"), columns.join());
  }
});

test("a filter of a column that is hidden for a while is there when it comes back", () => {
  const { show, filter, told } = head(["a", "_id"]);
  filter("_id").value = "k5";
  filter("_id").happen("keydown", { key: "Enter" });

  show(["a"]);
  filter("a").value = "7";
  filter("a").happen("keydown", { key: "Enter" });
  show(["a", "_id"]);

  assert.deepEqual(told, [[["_id", "k5"]], "left", [["a", "7"], ["_id", "k5"]], "left"]);
  assert.equal(filter("_id").value, "k5");
});

test("no two heads of a table have one id", () => {
  const { made, show } = head(["é"]);

  show(["ö", "é"]);

  assert.notEqual(made.cell("ö").id, made.cell("é").id);
});
