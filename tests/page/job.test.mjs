// A scheduled cell on a page: its line, its buttons, its history, and the words for times.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { FakeElement, nextFrame } from "./dom.mjs";
import { JobViewer } from "../../reactive_nb/notebook/static/job.js";
import { spanText, untilMidnight, whenText } from "../../reactive_nb/notebook/static/jobtimes.js";

mock.timers.enable({ apis: ["setTimeout"] }); // or Node would wait for midnight

const at = (day, hour, minute, second = 0) => new Date(2026, 10, day, hour, minute, second).getTime();

const run = (start, outcome = "success", error = null) => ({ start, took: outcome === "running" ? null : 12, outcome, error });
const JOB = { name: "feed", schedule: "every 10 seconds", state: "waiting", next: Date.now() + 10, runs: [] };

function open(snapshot = {}, session = null) {
  const el = new FakeElement("div");
  el.isDocument = true;
  const viewer = new JobViewer(el, { view: "v1", engine: "e1", ts: 4, state: "live", outputs: [], job: JOB, ...snapshot });
  viewer.session = session;
  viewer.setConnection("alive");
  if (session === null) nextFrame();
  else viewer.draw();
  const bar = viewer.root.children.at(-1);
  const [line, refusal, error, history] = bar.children;
  const [state, facts, pause, now] = line.children;
  return {
    viewer,
    bar,
    state,
    facts,
    pause,
    now,
    refusal: () => (refusal.hidden ? "" : refusal.textContent),
    error: () => (error.hidden ? "" : error.textContent),
    history,
    rows: () => history.children[1].children[1].children.map((row) => row.children.map((cell) => cell.textContent)),
    take: (entry) => {
      viewer.receive(entry);
      viewer.draw();
    },
  };
}

/** A session that notes what is asked of it, and answers when a test says so. */
function sessionOf() {
  const asked = [];
  return {
    asked,
    schedule: (viewer) => viewer.draw(),
    request: (...question) =>
      new Promise((resolve, reject) => asked.push(Object.assign(question, { answer: resolve, refuse: reject }))),
  };
}

test("a snapshot says how it is with the job at once", () => {
  const page = open();

  assert.equal(page.bar.hidden, false);
  assert.deepEqual([page.bar.getAttribute("role"), page.bar.getAttribute("aria-label")], ["group", "job feed"]);
  assert.equal(page.state.textContent, "waiting");
  assert.match(page.facts.textContent, /^feed · every 10 seconds · next run (today|tomorrow) at [\d:]+ · no run yet$/);
  assert.deepEqual([page.pause.textContent, page.now.textContent], ["Pause", "Run now"]);
  assert.equal(page.history.hidden, true);
});

test("outputs without a job have no line", () => {
  assert.equal(open({ job: null }).bar.hidden, true);
});

test("the history is shown newest first, and left alone while it is the same", () => {
  const runs = [run(Date.now(), "failed", "ValueError: no"), run(Date.now() - 5)];
  const page = open({ job: { ...JOB, state: "failed", runs } });
  const [first] = page.history.children[1].children[1].children;

  assert.equal(page.history.children[0].textContent, "the last 2 runs");
  assert.deepEqual(page.rows().map((row) => row.slice(1)), [["12 ms", "failed: ValueError: no"], ["12 ms", "succeeded"]]);
  assert.match(page.facts.textContent, /last run today at [\d:]+, 12 ms, failed$/);
  assert.equal(page.bar.dataset.job, "failed");
  page.take({ job: { ...JOB, state: "paused", runs } });
  assert.equal(page.history.children[1].children[1].children[0], first);
});

test("a run in progress is no last run, and cannot be asked for again", () => {
  const page = open({ job: { ...JOB, state: "running", runs: [run(Date.now(), "running"), run(Date.now() - 9)] } });

  assert.match(page.facts.textContent, /12 ms, succeeded$/);
  assert.deepEqual(page.rows()[0].slice(1), ["", "running…"]);
  assert.deepEqual([page.pause.disabled, page.now.disabled], [false, true]);
});

test("an error is said below unless the outputs say it", () => {
  const job = { ...JOB, state: "failed", runs: [run(Date.now(), "failed", "no answer")] };
  const page = open({ job });
  assert.equal(page.error(), "no answer");

  page.take({ outputs: [{ output_type: "error", ename: "E", evalue: "no answer", traceback: ["E: no answer"] }] });

  assert.equal(page.error(), "");
});

test("buttons ask the kernel, which says what came of it", async () => {
  const session = sessionOf();
  const page = open({}, session);

  const paused = page.pause.click();
  session.asked[0].answer();
  await paused;
  page.take({ job: { ...JOB, state: "paused" } });
  page.pause.click();
  page.now.click();

  assert.deepEqual(session.asked.map((each) => [...each]), [
    ["v1", "pause", {}],
    ["v1", "resume", {}],
    ["v1", "run", {}],
  ]);
  assert.equal(page.pause.textContent, "Resume");
  assert.doesNotMatch(page.facts.textContent, /next run/);
});

test("a pause during a run is said at once, and can be taken back", () => {
  const session = sessionOf();
  const page = open({ job: { ...JOB, state: "running", paused: true, next: null, runs: [run(Date.now(), "running")] } }, session);

  page.pause.click();

  assert.deepEqual([page.state.textContent, page.pause.textContent], ["running…", "Resume"]);
  assert.match(page.facts.textContent, / · paused after this run$/);
  assert.deepEqual([...session.asked[0]], ["v1", "resume", {}]);
});

test("a refusal stands there until the next press succeeds", async () => {
  const session = sessionOf();
  const page = open({}, session);

  const first = page.now.click();
  session.asked[0].refuse(new Error("there is no such job"));
  await first;
  assert.equal(page.refusal(), "there is no such job");
  const second = page.now.click();
  session.asked[1].answer();
  await second;

  assert.equal(page.refusal(), "");
});

test("without a kernel nothing can be asked", () => {
  const page = open({}, sessionOf());

  page.viewer.setConnection("gone");
  assert.deepEqual([page.pause.disabled, page.now.disabled], [true, true]);
  page.viewer.setConnection("alive");
  assert.equal(page.now.disabled, false);
  page.take({ state: "closed" });

  assert.deepEqual([page.pause.disabled, page.now.disabled], [true, true]);
});

test("what cannot be done has no button", () => {
  const hidden = (state) => {
    const { pause, now } = open({ job: { ...JOB, state, next: null } });
    return [pause.hidden, now.hidden];
  };

  assert.deepEqual(hidden("deleted"), [true, true]);
  assert.deepEqual(hidden("done"), [true, false]);
  assert.deepEqual(hidden("paused"), [false, false]);
});

test("at midnight what was tomorrow becomes today", () => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: at(21, 23, 59, 59) });
  const page = open({ job: { ...JOB, next: at(22, 9, 0) } });
  assert.match(page.facts.textContent, /next run tomorrow at 09:00/);

  mock.timers.tick(1000);
  assert.match(page.facts.textContent, /next run today at 09:00/);
  page.viewer.dispose();
  mock.timers.tick(86_400_000);

  assert.match(page.facts.textContent, /next run today at 09:00/);
  assert.equal(untilMidnight(at(21, 23, 59, 59)), 1000);
});

test("times are those of the reader's clock, in words", () => {
  const now = at(21, 16, 0);

  assert.equal(whenText(at(21, 9, 0), now), "today at 09:00");
  assert.equal(whenText(at(21, 9, 0, 5), now), "today at 09:00:05");
  assert.equal(whenText(at(22, 0, 0), now), "tomorrow at 00:00");
  assert.equal(whenText(at(20, 23, 59), now), "yesterday at 23:59");
  assert.equal(whenText(at(23, 9, 0), now), "on Mon 23 Nov at 09:00");
  assert.equal(whenText(new Date(2027, 0, 1, 9).getTime(), now), "on Fri 1 Jan 2027 at 09:00");
});

test("spans are in the units in which they are small numbers", () => {
  const texts = [0, 12.4, 999.5, 1500, 59_949, 59_950, 185_000, 3_599_500, 7_800_000].map(spanText);

  assert.deepEqual(texts, ["0 ms", "12 ms", "1 s", "1.5 s", "59.9 s", "1 min", "3 min 5 s", "1 h", "2 h 10 min"]);
});
