// The time bar: what the slider sets, what it says, and when it goes back to now by itself.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import "../../tests/page/document.mjs";

// TimeState is a small thing around one of Lumino's signals, which is not there: this one has the same face.
const { TimeBar } = await import("../lib/labextension/src/timeBar.js");

class Time {
  at = null;
  sets = [];
  #told = [];
  changed = { connect: (act, self) => this.#told.push([act, self]), disconnect: () => (this.#told = []) };

  set(at) {
    if (at === this.at) return;
    this.at = at;
    this.sets.push(at);
    for (const [act, self] of this.#told) act.call(self);
  }
}

function barOf({ ts = 10, oldest = 0 } = {}) {
  const time = new Time();
  const bar = new TimeBar(time);
  const said = [];
  const feeds = [];
  const link = {
    list: (what, db, at, changed) => {
      const feed = { what, db, at, changed, closed: false, close: () => (feed.closed = true) };
      feeds.push(feed);
      return feed;
    },
  };
  const context = { link, db: "e1", at: null, status: (text) => said.push(text) };
  const show = (facts) => bar.show(context, { name: "db", place: "", documents: 0, ts, oldest, ...facts });
  show({});
  const slider = bar.node.querySelector("input");
  const slide = (value, event = "input") => {
    slider.value = String(value);
    slider.happen(event);
  };
  return { bar, time, slider, slide, show, said, feeds, label: bar.node.querySelector(".rnb-time-label"), past: bar.node.querySelector(".rnb-time-past") };
}

test("at first it is now, at the right end", () => {
  const { slider, label, past } = barOf({ ts: 1234, oldest: 7 });

  assert.deepEqual([slider.min, slider.max, slider.value], ["7", "1234", "1234"]);
  assert.equal(label.textContent, "now");
  assert.equal(past.hidden, true);
  assert.equal(slider.getAttribute("aria-valuetext"), "now, commit 1,234");
});

test("while it is moved it says where it is, and only when it rests is another commit shown", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { time, slide, label, past } = barOf();

  slide(7);
  slide(4);
  assert.equal(label.textContent, "commit 4");
  assert.equal(past.hidden, false);
  assert.deepEqual(time.sets, []);

  mock.timers.tick(1000);
  assert.deepEqual(time.sets, [4]);
  mock.timers.reset();
});

test("when it is let go of it does not wait", () => {
  const { time, slide } = barOf();

  slide(4);
  slide(4, "change");

  assert.deepEqual(time.sets, [4]);
});

test("all the way to the right is now", () => {
  const { time, slide, past } = barOf();
  slide(4);
  slide(4, "change");

  slide(10);
  slide(10, "change");

  assert.deepEqual(time.sets, [4, null]);
  assert.equal(past.hidden, true);
});

test("the button leads back to now", () => {
  const { time, past, label } = barOf();
  time.set(3);

  past.querySelector("button").click();

  assert.equal(time.at, null);
  assert.equal(label.textContent, "now");
});

test("new commits move neither what is shown nor, while it is moved, the slider", () => {
  const { slider, slide, show, time, label } = barOf();
  time.set(3);
  show({ ts: 12 });
  assert.deepEqual([slider.max, slider.value, label.textContent], ["12", "3", "commit 3"]);

  slide(5);
  show({ ts: 13 });
  assert.deepEqual([slider.max, slider.value, label.textContent, time.at], ["13", "5", "commit 5", 3]);
});

test("at now it stays at now when there are new commits", () => {
  const { slider, show, label } = barOf();

  show({ ts: 11 });

  assert.deepEqual([slider.value, label.textContent], ["11", "now"]);
});

test("a commit that is no longer kept goes back to now, and that is said", () => {
  const { time, show, said } = barOf();
  time.set(3);

  show({ ts: 1100, oldest: 100 });

  assert.equal(time.at, null);
  assert.deepEqual(said, ["Commit 3 is no longer kept: the oldest that can be shown is 100. This is now."]);
});

test("one that is no longer kept while the slider stands on it is not asked for", () => {
  const { time, slide, show } = barOf();
  slide(3);
  show({ ts: 1100, oldest: 100 });

  slide(3, "change");

  assert.equal(time.at, 100);
});

test("with a single commit there is nothing to move", () => {
  const { slider } = barOf({ ts: 5, oldest: 5 });

  assert.equal(slider.disabled, true);
});

test("while one of the past is shown, the commits are followed, to say when it was and who made it", () => {
  const { time, past, feeds } = barOf();
  assert.deepEqual(feeds, []);

  time.set(3);
  const [feed] = feeds;
  assert.deepEqual([feed.what, feed.db, feed.at], ["log", "e1", null]);
  const time_ms = new Date().setHours(0, 0, 0, 0);
  feed.changed({ items: new Map([["c3", { function: "add", time_ms }]]), order: ["c3"], state: "live", error: null });
  assert.ok(past.textContent.startsWith("Shown as of commit 3, today at 00:00, by add. Read-only."));

  time.set(null);
  assert.equal(feed.closed, true);
});

test("of a commit whose log is not known only the number is said", () => {
  const { time, past } = barOf();

  time.set(3);

  assert.ok(past.textContent.startsWith("Shown as of commit 3. Read-only."));
});

test("when it is disposed of it hears of nothing any more", () => {
  const { bar, time, feeds, label } = barOf();
  time.set(3);

  bar.dispose();
  time.set(4);

  assert.equal(feeds[0].closed, true);
  assert.equal(label.textContent, "commit 3");
});
