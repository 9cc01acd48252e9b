"""The panel's jobs: crons, cells and calls with their state, and what can be done to each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ReactiveError
from reactive_nb.notebook.panel import jobs
from reactive_nb.notebook.panel.panel import Databases
from reactive_nb.testing import FakeClock


class OneHub:
    def name_of(self, engine: Engine) -> str:
        return "e1"


@pytest.fixture
def feed(db: Engine) -> Engine:
    @db.mutation
    def fetch(ctx: Any, size: int) -> None:
        if size > 9:
            raise ValueError("too large")

    db.crons.interval("feed", timedelta(minutes=1), fetch, size=3)
    return db


@pytest.fixture
def acts(feed: Engine) -> jobs.JobActs:
    hub: Any = OneHub()
    return jobs.JobActs(hub, Databases(hub, lambda: [feed]))


def only(db: Engine, kind: str, at: int | None = None) -> dict[str, Any]:
    (item,) = (each for each in jobs.items(db, at).values() if each["kind"] == kind)
    return item


def test_a_cron_says_what_it_runs_and_when_and_what_can_be_done(feed: Engine) -> None:
    item = only(feed, "cron")

    assert (item["name"], item["what"], item["schedule"]) == ("feed", "fetch(size=3)", "every minute")
    assert (item["state"], item["paused"], item["actions"]) == ("waiting", False, ["run", "pause", "delete"])


def test_a_run_is_in_its_history(feed: Engine, clock: FakeClock) -> None:
    clock.advance(timedelta(minutes=1))
    feed.settle()

    assert [run["outcome"] for run in only(feed, "cron")["history"]][:1] == ["success"]


def test_calls_are_listed_with_their_state_and_their_error(feed: Engine, clock: FakeClock) -> None:
    feed.scheduler.run_after(timedelta(seconds=5), "fetch", size=10)
    waiting = only(feed, "call")
    clock.advance(timedelta(seconds=5))
    feed.settle()
    failed = only(feed, "call")

    assert (waiting["state"], waiting["actions"]) == ("waiting", ["cancel"])
    assert (failed["state"], failed["actions"]) == ("failed", [])
    assert "too large" in failed["error"]


def test_of_each_function_the_next_calls_are_found_among_many(feed: Engine) -> None:
    @feed.mutation
    def another(ctx: Any, n: int) -> None: ...

    def plan(ctx: Any) -> None:
        for number in range(jobs.MAX_CALLS + 20):
            ctx.scheduler.run_after(timedelta(minutes=100 - number), another, n=number)
        ctx.scheduler.run_after(timedelta(minutes=1), "fetch", size=1)

    feed.write(plan)

    calls = [item["what"] for item in jobs.items(feed, None).values() if item["kind"] == "call"]
    assert len(calls) == jobs.MAX_CALLS
    assert calls[:3] == ["fetch(size=1)", f"another(n={jobs.MAX_CALLS + 19})", f"another(n={jobs.MAX_CALLS + 18})"]


@pytest.mark.parametrize(
    ("method", "found"),
    [("pause", (True, "paused")), ("delete", None)],
)
def test_what_is_pressed_is_done(feed: Engine, acts: jobs.JobActs, method: str, found: Any) -> None:
    acts.answer(method, {"db": "e1", "key": "cron:feed"})

    item = jobs.items(feed, None).get("cron:feed")
    assert (None if item is None else (item["paused"], item["state"])) == found


def test_a_paused_job_can_be_resumed_and_run(feed: Engine, acts: jobs.JobActs) -> None:
    acts.answer("pause", {"db": "e1", "key": "cron:feed"})
    paused = only(feed, "cron")
    acts.answer("resume", {"db": "e1", "key": "cron:feed"})
    acts.answer("run", {"db": "e1", "key": "cron:feed"})
    feed.settle()

    assert paused["actions"] == ["run", "resume", "delete"]
    assert [run["outcome"] for run in only(feed, "cron")["history"]][:1] == ["success"]


def test_a_call_can_be_cancelled(feed: Engine, acts: jobs.JobActs) -> None:
    id = feed.scheduler.run_after(timedelta(seconds=5), "fetch", size=1)
    acts.answer("cancel", {"db": "e1", "key": id})

    assert only(feed, "call")["state"] == "cancelled"


def test_at_a_commit_jobs_are_as_they_were_and_nothing_can_be_done(feed: Engine, acts: jobs.JobActs) -> None:
    before = feed.ts
    acts.answer("pause", {"db": "e1", "key": "cron:feed"})

    item = only(feed, "cron", at=before)
    assert (item["paused"], item["actions"], item["next_ms"]) == (False, [], None)


@pytest.mark.parametrize(
    ("method", "key", "answer"),
    [
        ("resume", "cron:feed", "feed is waiting"),
        ("explode", "cron:feed", "feed is waiting"),
        ("pause", "cron:other", "there is no such job any more"),
        ("pause", None, "there is no such job any more"),
    ],
)
def test_what_cannot_be_done_says_why(acts: jobs.JobActs, method: str, key: Any, answer: str) -> None:
    with pytest.raises(ReactiveError, match=answer):
        acts.answer(method, {"db": "e1", "key": key})
