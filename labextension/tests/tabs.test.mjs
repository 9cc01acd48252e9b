// The tabs of the panel: which section is told what, and the keys.

import assert from "node:assert/strict";
import { test } from "node:test";
import "../../tests/page/document.mjs";
import { Tabs } from "../lib/labextension/src/tabs.js";

function open() {
  const told = [];
  const section = (id) => ({
    id,
    label: id.toUpperCase(),
    icon: null,
    node: document.createElement("div"),
    show: (context, key) => told.push(["show", id, context.name, ...(key === undefined ? [] : [key])]),
    hide: () => told.push(["hide", id]),
    dispose: () => told.push(["dispose", id]),
  });
  const tabs = new Tabs(["a", "b", "c"].map(section), new AbortController().signal);
  document.body.append(tabs.node);
  const buttons = tabs.node.querySelectorAll(".rnb-panel-tab");
  return { tabs, buttons, take: () => told.splice(0), press: (key) => buttons.find((each) => each.tabIndex === 0).happen("keydown", { key }) };
}

const NOW = { name: "now" };

test("the first section is told the context, and is hidden when nobody looks or there is nothing", () => {
  const { tabs, take } = open();
  tabs.show(NOW, false);
  assert.deepEqual(take(), []);
  tabs.show(NOW, true);
  assert.deepEqual(take(), [["show", "a", "now"]]);
  tabs.show(NOW, true);
  assert.deepEqual(take(), []);
  tabs.show(NOW, false);
  assert.deepEqual(take(), [["hide", "a"]]);
  tabs.show(null, true);
  tabs.show({ name: "then" }, true);
  assert.deepEqual(take(), [["show", "a", "then"]]);
});

test("another section takes the place of the chosen one, and may be told where to go", () => {
  const { tabs, buttons, take } = open();
  tabs.show(NOW, true);
  take();

  tabs.choose("c", "k1");
  assert.deepEqual(take(), [["hide", "a"], ["show", "c", "now", "k1"]]);
  assert.deepEqual(buttons.map((each) => each.getAttribute("aria-selected")), ["false", "false", "true"]);
  tabs.choose("nothing of the kind");
  assert.deepEqual(take(), []);
});

test("arrows go round, Home and End to the ends; one tab alone is reached with the Tab key", () => {
  const { buttons, press } = open();
  const chosen = () => buttons.findIndex((each) => each.tabIndex === 0);

  for (const [key, place] of [["ArrowLeft", 2], ["ArrowRight", 0], ["ArrowRight", 1], ["End", 2], ["Home", 0]]) {
    press(key);
    assert.deepEqual([chosen(), document.activeElement], [place, buttons[place]], key);
  }
  assert.equal(buttons.filter((each) => each.tabIndex === 0).length, 1);
});
