// The arithmetic of scrolling: what is in sight, what to ask for, and where a row stays when others come and go.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_HEIGHT, ROW_HEIGHT, Viewport, rowToHold } from "../../reactive_nb/notebook/static/viewport.js";
import { randomFrom } from "./chance.mjs";

const HEIGHT = 400;

test("the rows in sight are those of which a part is in sight", () => {
  const port = new Viewport(1000, 100);

  assert.deepEqual(port.visible(0), { first: 0, count: 5 });
  assert.deepEqual(port.visible(23), { first: 0, count: 6 });
  assert.deepEqual(port.visible(24), { first: 1, count: 5 });
  assert.deepEqual(new Viewport(3, 100).visible(0), { first: 0, count: 3 });
  assert.deepEqual(new Viewport(0, 100).visible(0), { first: 0, count: 0 });
  assert.equal(port.firstFull(0), 0);
  assert.equal(port.firstFull(1), 1);
  assert.equal(port.firstFull(48), 2);
});

test("what is asked for has two screens on either side, and is asked for again when one is left", () => {
  const port = new Viewport(100_000, HEIGHT);
  const wanted = port.wanted(500 * ROW_HEIGHT);

  assert.ok(wanted.first <= 500 - 2 * port.screen && wanted.first + wanted.count >= 500 + 3 * port.screen);
  assert.equal(port.needs(500 * ROW_HEIGHT, wanted), false);
  assert.equal(port.needs((500 + port.screen) * ROW_HEIGHT, wanted), false);
  assert.equal(port.needs((500 + 1.5 * port.screen) * ROW_HEIGHT, wanted), true);
  assert.equal(port.needs((500 - 1.5 * port.screen) * ROW_HEIGHT, wanted), true);
});

test("no rows are asked for where there are none", () => {
  assert.equal(new Viewport(50, HEIGHT).needs(0, { first: 0, count: 50 }), false);
  assert.equal(new Viewport(50, HEIGHT).needs(50 * ROW_HEIGHT - HEIGHT, { first: 0, count: 50 }), false);
  assert.equal(new Viewport(0, HEIGHT).needs(0, { first: 0, count: 0 }), false);
});

test("every scroll position of any table asks for what it needs, and never for ever", () => {
  const random = randomFrom(5);
  for (let turn = 0; turn < 3000; turn += 1) {
    const total = random(4) === 0 ? random(40) : random(3_000_000);
    const port = new Viewport(total, 1 + random(900));
    const scrollTop = random(Math.max(Math.floor(port.virtualHeight - port.height), 1));
    const wanted = port.wanted(scrollTop);
    const known = { first: wanted.first, count: Math.min(wanted.count, total - wanted.first) };

    assert.equal(port.needs(scrollTop, known), false, `${total} rows, ${port.height} px at ${scrollTop}`);
  }
});

test("a table that would be too high for a browser is reached in all its parts", () => {
  const port = new Viewport(5_000_000, HEIGHT);
  const end = port.virtualHeight - HEIGHT;

  assert.equal(port.virtualHeight, MAX_HEIGHT);
  assert.equal(port.visible(0).first, 0);
  const { first, count } = port.visible(end);
  assert.equal(first + count, 5_000_000);
  assert.ok(Math.abs(port.visible(end / 2).first - 2_500_000) < 20);
  for (const scrollTop of [0, 1234.5, end / 3, end]) {
    const { first, count } = port.visible(scrollTop);
    assert.ok(port.top(first, scrollTop) > scrollTop - ROW_HEIGHT && port.top(first, scrollTop) <= scrollTop + 1e-3);
    assert.ok(port.top(first + count - 1, scrollTop) < scrollTop + HEIGHT);
  }
});

test("a row is held at its pixel when rows come or go above it, in tables of any size", () => {
  const random = randomFrom(7);
  for (let turn = 0; turn < 2000; turn += 1) {
    const total = 100 + random(4_000_000);
    const before = new Viewport(total, HEIGHT);
    const scrollTop = before.scrollFor(random(total * ROW_HEIGHT - HEIGHT));
    const place = before.firstFull(scrollTop);
    const more = random(90) - 40;
    const after = new Viewport(total + more, HEIGHT);
    const below = before.top(place, scrollTop) - scrollTop;

    const now = after.hold(Math.max(place + more, 0), below);

    const isAtEdge = now === 0 || now >= after.virtualHeight - HEIGHT;
    const off = Math.abs(after.top(Math.max(place + more, 0), now) - now - below);
    assert.ok(isAtEdge || off < 0.01, `${total} rows ${more} more: off by ${off}`);
  }
});

test("the row to hold is the first that stays and has not moved itself", () => {
  const isKnown = (key) => key !== "gone";

  assert.equal(rowToHold(["gone", "moved", "c", "d"], isKnown, new Set(["moved"])), "c");
  assert.equal(rowToHold(["gone"], isKnown, new Set()), null);
});

test("a row is brought into sight by the least scrolling", () => {
  const port = new Viewport(100_000, 100);

  assert.equal(port.reveal(240, 10), 240);
  assert.equal(port.reveal(240, 9), 216);
  assert.equal(port.reveal(240, 14), 15 * ROW_HEIGHT - 100);
  assert.equal(port.reveal(0, 99_999), 100_000 * ROW_HEIGHT - 100);
});
