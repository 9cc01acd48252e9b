// The virtual list: what it draws of ten thousand items, and what stays as it was when they change.

import assert from "node:assert/strict";
import { test } from "node:test";
import "../../tests/page/document.mjs";
import { VirtualList, visibleRange } from "../lib/labextension/src/virtualList.js";

const ROW = 24;

function listOf(items, options = {}) {
  const told = { drawn: [], selected: [], activated: [] };
  const list = new VirtualList({
    rowHeight: ROW,
    label: "Things",
    key: (item) => item.name,
    draw: (row, item, { selected }) => {
      told.drawn.push(item.name);
      row.textContent = `${item.name}${selected ? " *" : ""}`;
    },
    select: (item) => told.selected.push(item?.name ?? null),
    activate: (item) => told.activated.push(item.name),
    ...options,
  });
  list.node.clientHeight = 10 * ROW;
  document.body.append(list.node);
  list.set(items);
  const rows = () => [...list.node.querySelectorAll(".rnb-list-row")].sort((a, b) => parseInt(a.style.top) - parseInt(b.style.top));
  return { list, told, rows, row: (name) => rows().find((row) => row.dataset.key === name), press: (key) => list.node.happen("keydown", { key }) };
}

const named = (count, from = 0) => Array.from({ length: count }, (_, n) => ({ name: `i${n + from}` }));

test("of ten thousand items only those in sight and a few more are drawn", () => {
  const { list, told, rows } = listOf(named(10000));
  assert.ok(rows().length < 20);
  assert.equal(list.node.firstElementChild.style.height, `${10000 * ROW}px`);

  told.drawn.length = 0;
  list.node.scrollTop = 5000 * ROW;
  list.node.happen("scroll");

  assert.ok(told.drawn.length < 30);
  assert.equal(rows().some((row) => row.dataset.key === "i5000"), true);
  assert.equal(rows().some((row) => row.dataset.key === "i0"), false);
  assert.equal(rows()[0].getAttribute("aria-setsize"), "10000");
});

for (const [top, height, count, expected] of [
  [0, 240, 10000, [0, 16]],
  [2400, 240, 10000, [94, 116]],
  [240000, 240, 3, [3, 3]],
  [0, 240, 0, [0, 0]],
  [0, 0, 100, [0, 6]],
]) {
  test(`scrolled to ${top} of ${count} items, ${expected} are drawn`, () => {
    assert.deepEqual(visibleRange(top, height, count, ROW), expected);
  });
}

test("an update draws only the rows whose item is another, in the same elements", () => {
  const items = named(5);
  const { list, told, rows } = listOf(items);
  const before = rows();
  told.drawn.length = 0;

  list.set(items.with(2, { name: "i2", more: true }));

  assert.deepEqual(told.drawn, ["i2"]);
  assert.deepEqual(rows(), before);
});

test("the selection stays with its item when others come before it", () => {
  const { list, told, row } = listOf(named(3));
  list.selectedKey = "i1";
  told.selected.length = 0;

  list.set([...named(2, 10), ...named(3)]);

  assert.equal(list.selectedKey, "i1");
  assert.equal(row("i1").getAttribute("aria-selected"), "true");
  assert.equal(row("i1").style.top, `${3 * ROW}px`);
  assert.equal(list.node.getAttribute("aria-activedescendant"), row("i1").id);
  assert.deepEqual(told.selected, []);
});

test("when the selected item is gone, that is told, and the keyboard goes on from its place", () => {
  const { list, told, press } = listOf(named(5));
  list.selectedKey = "i2";

  list.set(named(5).filter(({ name }) => name !== "i2"));
  assert.deepEqual(told.selected, ["i2", null]);
  assert.equal(list.selectedKey, null);

  press("ArrowDown");
  assert.equal(list.selectedKey, "i3");
});

test("arrows, pages, Home and End walk the list, and bring the item into sight", () => {
  const { list, press } = listOf(named(100));
  const walk = (key) => {
    press(key);
    return list.selectedKey;
  };

  assert.equal(walk("ArrowDown"), "i0");
  assert.equal(walk("ArrowUp"), "i0");
  assert.equal(walk("PageDown"), "i9");
  assert.equal(walk("ArrowDown"), "i10");
  assert.equal(list.node.scrollTop, ROW);
  assert.equal(walk("End"), "i99");
  assert.equal(list.node.scrollTop, 90 * ROW);
  assert.equal(walk("Home"), "i0");
  assert.equal(list.node.scrollTop, 0);
});

test("Enter activates the selected item; other keys are left to the page", () => {
  const { told, press } = listOf(named(3));

  assert.equal(press("Enter").defaultPrevented, false);
  press("ArrowDown");
  assert.equal(press("Enter").defaultPrevented, true);

  assert.deepEqual(told.activated, ["i0"]);
  assert.equal(press("x").defaultPrevented, false);
});

test("a click selects and a double click activates, or a click does both", () => {
  const slow = listOf(named(3));
  slow.row("i1").happen("click");
  assert.deepEqual([slow.told.selected, slow.told.activated], [["i1"], []]);
  slow.row("i1").happen("dblclick");
  assert.deepEqual(slow.told.activated, ["i1"]);

  const quick = listOf(named(3), { activateOnClick: true });
  quick.row("i2").happen("click");
  quick.row("i2").happen("dblclick");
  assert.deepEqual([quick.told.selected, quick.told.activated], [["i2"], ["i2"]]);
});

test("the selected row is in the page also when it is out of sight", () => {
  const { list, row } = listOf(named(1000));
  list.selectedKey = "i3";

  list.node.scrollTop = 500 * ROW;
  list.node.happen("scroll");

  assert.equal(list.node.getAttribute("aria-activedescendant"), row("i3").id);
});

const resize = (list, rows) => {
  list.node.clientHeight = rows * ROW;
  list.node.happen("resize");
};

test("when details take the place of the selected row, it is brought back into sight", () => {
  const { list, row } = listOf(named(100));
  row("i8").happen("click");

  resize(list, 3);

  assert.equal(list.node.scrollTop, 6 * ROW);
});

test("a row that was scrolled out of sight stays there when the list is resized", () => {
  const { list } = listOf(named(100));
  list.selectedKey = "i3";
  list.node.scrollTop = 50 * ROW;
  list.node.happen("scroll");

  resize(list, 3);

  assert.equal(list.node.scrollTop, 50 * ROW);
});
