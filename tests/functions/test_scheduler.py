"""`ctx.scheduler`: what is stored when a call is scheduled, what becomes of it, and what is refused."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import (
    ArgumentValidationError,
    DocumentNotFound,
    FunctionKindError,
    InvalidId,
    NestedCallError,
    ReservedName,
    ScheduleError,
    UnknownFunction,
)
from reactive_nb.testing import FakeClock
from tests.conftest import Connect
from tests.tools import insert

BEGIN_MS = 1_767_225_600_000.0  # when the clock of these tests begins
PATIENCE_S = 30


class Notes:
    """A database with notes; the mutations `write` and `fail`, the actions `act` and `wait`, the query `texts`."""

    def __init__(self, db: Engine) -> None:
        self.db = db

        @db.mutation
        def write(ctx: Any, text: str) -> str:
            ctx.db.insert("notes", {"text": text})
            return text.upper()

        @db.mutation
        def fail(ctx: Any) -> None:
            ctx.db.insert("notes", {"text": "never kept"})
            raise ValueError("no note today")

        @db.action
        def act(ctx: Any, text: str) -> str:
            ctx.run_mutation(write, text=text)
            return text.upper()

        @db.action
        async def wait(ctx: Any, text: str) -> str:
            await asyncio.sleep(0)
            ctx.run_mutation(write, text=text)
            return text.upper()

        @db.query
        def texts(ctx: Any) -> list[str]:
            return [each["text"] for each in ctx.db.query("notes").collect()]

        @db.mutation
        def cancel(ctx: Any, id: str) -> None:
            ctx.scheduler.cancel(id)

        self.write, self.fail, self.act, self.wait, self.texts, self.cancel = write, fail, act, wait, texts, cancel

    def job(self, id: str) -> dict[str, Any]:
        """Return the document of a call without what the system adds."""
        document: Any = self.db.read(lambda ctx: ctx.db.system.get(id))
        return {name: value for name, value in document.items() if name not in ("_id", "_creationTime")}

    def kind(self, id: str) -> str:
        return str(self.job(id)["state"]["kind"])

    def kinds(self, name: str) -> list[str]:
        """Return the states of all calls of a function."""
        return [each["state"]["kind"] for each in scheduled(self.db) if each["name"] == name]


def scheduled(db: Engine) -> list[dict[str, Any]]:
    return list(db.read(lambda ctx: ctx.db.system.query("_scheduled_functions").collect()))


@pytest.fixture
def notes(db: Engine) -> Notes:
    return Notes(db)


class Held:
    """An action that waits in the middle, so that a test can do something while it runs.

    Args:
        notes: Where it is declared, as `held`.
        form: "def" or "async def".
        then: What it does at the end, with its context.
    """

    def __init__(self, notes: Notes, form: str, then: Callable[[Any], Any]) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

        def held(ctx: Any) -> None:
            self.begun.set()
            assert self.go_on.wait(PATIENCE_S)
            then(ctx)

        async def held_async(ctx: Any) -> None:
            held(ctx)

        self.function = notes.db.action(held if form == "def" else held_async, name="held")


# ------------------------------------------------------------------ what is stored


def test_a_call_is_a_document_that_says_how_far_it_is(notes: Notes, clock: FakeClock) -> None:
    id = notes.db.scheduler.run_after(timedelta(seconds=10), notes.write, text="hello")
    pending = {
        "name": "write",
        "args": [{"text": "hello"}],
        "scheduledTime": BEGIN_MS + 10_000,
        "state": {"kind": "pending"},
    }
    assert notes.job(id) == pending
    clock.advance(timedelta(seconds=5))
    assert (notes.job(id), notes.texts()) == (pending, [])

    clock.advance(timedelta(seconds=5))

    assert notes.texts() == ["hello"]
    assert notes.job(id) == pending | {
        "state": {"kind": "success"},
        "completedTime": BEGIN_MS + 10_000,
        "result": "HELLO",
    }


@pytest.mark.parametrize("name", ["write", "act", "wait"])
def test_mutations_and_both_forms_of_actions_can_be_scheduled(notes: Notes, clock: FakeClock, name: str) -> None:
    id = notes.db.scheduler.run_after(timedelta(seconds=1), name, text="x")

    clock.advance(timedelta(seconds=1))

    assert (notes.texts(), notes.kind(id), notes.job(id)["result"]) == (["x"], "success", "X")


def test_arguments_come_as_they_were_given(notes: Notes, clock: FakeClock) -> None:
    given = {"big": 2**63 - 1, "data": b"\x00", "nothing": None, "list": [1.5, {"a": [True]}]}
    got: list[Any] = []

    @notes.db.action
    def take(ctx: Any, **args: Any) -> None:
        got.append(args)

    id = notes.db.scheduler.run_after(timedelta(0), take, **given)
    notes.db.settle()

    assert got == [given]
    assert notes.job(id)["args"] == [given]


def test_a_function_of_a_module_is_named_by_its_path(notes: Notes) -> None:
    module = rnb.module("outside")
    ran: list[str] = []
    module.action(lambda ctx: ran.append("ran"), name="fetch")
    notes.db.include(module)

    id = notes.db.scheduler.run_after(0, module.functions["outside:fetch"])
    notes.db.settle()

    assert (notes.job(id)["name"], notes.kind(id), ran) == ("outside:fetch", "success", ["ran"])


def test_a_delay_of_nothing_runs_as_soon_as_possible(notes: Notes) -> None:
    for delay in (timedelta(0), 0):
        notes.db.scheduler.run_after(delay, notes.write, text="now")

    notes.db.settle()

    assert notes.texts() == ["now", "now"]


@pytest.mark.parametrize(
    "when",
    [
        datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC),
        datetime(2026, 1, 1, 1, 0, 10, tzinfo=ZoneInfo("Europe/Zurich")),
        pd.Timestamp("2026-01-01 00:00:10", tz="UTC"),
    ],
)
def test_a_time_may_be_of_any_zone(notes: Notes, when: datetime) -> None:
    id = notes.db.scheduler.run_at(when, notes.write, text="x")

    assert notes.job(id)["scheduledTime"] == BEGIN_MS + 10_000


def test_a_time_in_the_past_means_now(notes: Notes) -> None:
    id = notes.db.scheduler.run_at(datetime(2025, 1, 1, tzinfo=UTC), notes.write, text="late")

    notes.db.settle()

    assert notes.texts() == ["late"]
    assert notes.job(id)["scheduledTime"] < notes.job(id)["completedTime"] == BEGIN_MS


def test_calls_run_in_the_order_of_their_times(notes: Notes, clock: FakeClock) -> None:
    for seconds in (3, 1, 2):
        notes.db.scheduler.run_after(timedelta(seconds=seconds), notes.write, text=str(seconds))

    clock.advance(timedelta(seconds=2))
    assert notes.texts() == ["1", "2"]
    clock.advance(timedelta(seconds=1))
    assert notes.texts() == ["1", "2", "3"]


def test_only_what_is_due_runs(notes: Notes, clock: FakeClock) -> None:
    soon = notes.db.scheduler.run_after(0, notes.write, text="soon")
    later = notes.db.scheduler.run_after(timedelta(seconds=60), notes.write, text="later")

    clock.advance(timedelta(0))

    assert (notes.kind(soon), notes.kind(later), notes.texts()) == ("success", "pending", ["soon"])


def test_documents_of_calls_are_the_engines(notes: Notes) -> None:
    id = notes.db.scheduler.run_after(timedelta(1), notes.write, text="x")

    with pytest.raises(ReservedName):
        notes.db.write(lambda ctx: ctx.db.patch(id, {"state": {"kind": "success"}}))
    with pytest.raises(ReservedName):
        notes.db.write(lambda ctx: ctx.db.delete(id))


def test_a_live_result_follows_the_state_of_a_call(notes: Notes) -> None:
    @notes.db.query
    def state(ctx: Any, id: str) -> str:
        return str(ctx.db.system.get(id)["state"]["kind"])

    id = notes.db.scheduler.run_after(timedelta(0), notes.write, text="x")
    live = state.live(id)
    seen = [live.value]
    live.observe(lambda change: seen.append(change["new"]), "value")

    notes.db.settle()

    assert seen[-1] == "success"


# ------------------------------------------------------------------ with the transaction


def test_a_mutation_that_fails_schedules_nothing(notes: Notes) -> None:
    @notes.db.mutation
    def half(ctx: Any) -> None:
        ctx.scheduler.run_after(0, notes.write, text="never")
        ctx.scheduler.run_at(ctx.now(), notes.act, text="never")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    notes.db.settle()

    assert (scheduled(notes.db), notes.texts()) == ([], [])


def test_a_part_of_a_mutation_that_fails_schedules_nothing(notes: Notes) -> None:
    @notes.db.mutation
    def inner(ctx: Any) -> None:
        ctx.scheduler.run_after(0, notes.write, text="never")
        raise ZeroDivisionError

    @notes.db.mutation
    def outer(ctx: Any) -> None:
        ctx.scheduler.run_after(0, notes.write, text="kept")
        with pytest.raises(ZeroDivisionError):
            inner(ctx)

    outer()
    notes.db.settle()

    assert notes.texts() == ["kept"]


def test_a_mutation_sees_what_it_has_scheduled_and_nobody_else_does(notes: Notes) -> None:
    seen: list[Any] = []

    @notes.db.mutation
    def schedule(ctx: Any) -> None:
        id = ctx.scheduler.run_after(timedelta(1), notes.write, text="x")
        seen.append(ctx.db.system.get(id)["state"]["kind"])
        thread = threading.Thread(target=lambda: seen.append(len(scheduled(notes.db))))
        thread.start()
        thread.join()

    schedule()

    assert seen == ["pending", 0]
    assert len(scheduled(notes.db)) == 1


def test_a_mutation_that_runs_again_schedules_once(notes: Notes) -> None:
    attempts: list[int] = []

    @notes.db.mutation
    def count(ctx: Any) -> None:
        n = ctx.db.query("notes").count()
        attempts.append(n)
        if len(attempts) == 1:
            thread = threading.Thread(target=lambda: notes.write(text="meanwhile"))
            thread.start()
            thread.join()
        ctx.scheduler.run_after(0, notes.write, text=f"after {n}")

    count()
    notes.db.settle()

    assert attempts == [0, 1]
    assert notes.texts() == ["meanwhile", "after 1"]


@pytest.mark.parametrize("form", ["def", "async def"])
def test_an_action_schedules_at_once_whatever_becomes_of_it(notes: Notes, form: str) -> None:
    def schedule(ctx: Any) -> None:
        ctx.scheduler.run_after(0, notes.write, text="kept")
        raise ZeroDivisionError

    async def schedule_async(ctx: Any) -> None:
        schedule(ctx)

    function = notes.db.action(schedule if form == "def" else schedule_async, name="schedule")
    with pytest.raises(ZeroDivisionError):
        function()
    notes.db.settle()

    assert notes.texts() == ["kept"]


def test_a_block_schedules_when_it_ends(notes: Notes) -> None:
    with notes.db.transaction() as tx:
        id = tx.scheduler.run_after(0, notes.write, text="x")
        assert scheduled(notes.db) == []
    notes.db.settle()

    assert notes.kind(id) == "success"


def test_a_query_schedules_nothing(notes: Notes) -> None:
    notes.db.query(lambda ctx: ctx.scheduler.run_after(0, "write", text="x"), name="schedule")

    with pytest.raises(FunctionKindError) as refused:
        notes.db.run("schedule")

    assert str(refused.value) == (
        "Cannot schedule anything: this is a query, which only reads. Expected a mutation or an action. "
        "Declare the function with @db.mutation; from a cell, use db.scheduler."
    )


def test_a_mutation_uses_its_own_scheduler_and_not_the_databases(notes: Notes) -> None:
    notes.db.mutation(lambda ctx: notes.db.scheduler.run_after(0, "write", text="x"), name="wrong")

    with pytest.raises(NestedCallError):
        notes.db.run("wrong")


# ------------------------------------------------------------------ how calls end


def test_a_mutation_that_fails_leaves_its_error_and_nothing_else(notes: Notes) -> None:
    @notes.db.mutation
    def fail_late(ctx: Any) -> None:
        ctx.scheduler.run_after(0, notes.write, text="never")
        notes.fail(ctx)

    for function in (notes.fail, fail_late):
        id = notes.db.scheduler.run_after(0, function)
        notes.db.settle()

        assert notes.job(id)["state"] == {"kind": "failed", "error": "ValueError: no note today"}
        assert "result" not in notes.job(id)
        assert notes.job(id)["completedTime"] == BEGIN_MS
    assert notes.texts() == []
    assert notes.kinds("write") == []


def test_a_call_that_fails_is_not_run_again(notes: Notes, clock: FakeClock) -> None:
    runs: list[int] = []

    def fail(ctx: Any) -> None:
        runs.append(1)
        raise ValueError

    notes.db.mutation(fail, name="fail_mutation")
    notes.db.action(fail, name="fail_action")
    for name in ("fail_mutation", "fail_action"):
        notes.db.scheduler.run_after(0, name)

    clock.advance(timedelta(days=1))

    assert runs == [1, 1]


def test_arguments_are_checked_again_when_it_runs(notes: Notes, clock: FakeClock) -> None:
    id = notes.db.scheduler.run_after(timedelta(1), notes.write, text="x")
    notes.db.mutation(args={"text": v.int64()}, name="write")(lambda ctx, text: None)

    clock.advance(timedelta(1))

    assert notes.job(id)["state"]["kind"] == "failed"
    assert notes.job(id)["state"]["error"].startswith(
        "ArgumentValidationError: Cannot call write: $.text is 'x' (str)."
    )


class Unprintable:
    def __repr__(self) -> str:
        raise KeyError


RESULTS: dict[str, Callable[[], Any]] = {
    "an object": object,
    "an object that cannot be shown": Unprintable,
    "a data frame": lambda: pd.DataFrame({"a": [1]}),
    "too much": lambda: "x" * 3_000_000,
    "inside a list": lambda: [1, {"a": object()}],
    "a function": lambda: print,
    "a set": lambda: {1},
    "a reserved field": lambda: {"$a": 1},
    "keys that are no text": lambda: {1: 2},
    "an integer too large": lambda: 2**70,
    "half a character": lambda: "\ud83d",
}


@pytest.mark.parametrize("result", RESULTS.values(), ids=list(RESULTS))
@pytest.mark.parametrize("declare", ["mutation", "action"])
def test_a_result_that_no_document_can_hold_is_left_out(notes: Notes, declare: str, result: Callable[[], Any]) -> None:
    getattr(notes.db, declare)(lambda ctx: result(), name="odd")

    id = notes.db.scheduler.run_after(0, "odd")
    notes.db.settle()

    assert notes.kind(id) == "success"
    assert "result" not in notes.job(id)


def test_a_result_is_kept_with_its_type(notes: Notes) -> None:
    result = {"n": 2**63 - 1, "data": b"x", "none": None, "list": [True, 1.5]}
    notes.db.action(lambda ctx: result, name="rich")

    id = notes.db.scheduler.run_after(0, "rich")
    notes.db.settle()

    assert notes.job(id)["result"] == result


def test_ends_are_kept_for_seven_days(notes: Notes, clock: FakeClock) -> None:
    succeeded = notes.db.scheduler.run_after(0, notes.write, text="x")
    failed = notes.db.scheduler.run_after(0, notes.fail)
    cancelled = notes.db.scheduler.run_after(timedelta(days=1), notes.write, text="x")
    notes.db.scheduler.cancel(cancelled)
    pending = notes.db.scheduler.run_after(timedelta(days=30), notes.write, text="x")
    notes.db.settle()

    clock.advance(timedelta(days=7) - timedelta(milliseconds=1))
    assert sorted(each["_id"] for each in scheduled(notes.db)) == sorted([succeeded, failed, cancelled, pending])

    clock.advance(timedelta(milliseconds=2))
    assert [each["_id"] for each in scheduled(notes.db)] == [pending]


@pytest.mark.slow
def test_many_ends_are_all_deleted(notes: Notes, clock: FakeClock) -> None:
    with notes.db.transaction() as tx:
        for _ in range(1200):
            tx.scheduler.cancel(tx.scheduler.run_after(0, notes.write, text="x"))

    clock.advance(timedelta(days=7, seconds=1))

    assert scheduled(notes.db) == []


# ------------------------------------------------------------------ cancelling


@pytest.mark.parametrize("how", ["mutation", "action", "database"])
def test_a_call_that_was_cancelled_never_runs(notes: Notes, clock: FakeClock, how: str) -> None:
    id = notes.db.scheduler.run_after(timedelta(seconds=10), notes.write, text="x")
    clock.advance(timedelta(seconds=3))

    match how:
        case "mutation":
            notes.cancel(id)
        case "action":
            notes.db.action(lambda ctx: ctx.scheduler.cancel(id), name="act_cancel")()
        case _:
            notes.db.scheduler.cancel(id)
    clock.advance(timedelta(minutes=1))

    assert notes.texts() == []
    assert notes.job(id)["state"] == {"kind": "canceled"}
    assert notes.job(id)["completedTime"] == pytest.approx(BEGIN_MS + 3000, abs=0.01)


def test_a_mutation_that_fails_cancels_nothing(notes: Notes, clock: FakeClock) -> None:
    id = notes.db.scheduler.run_after(timedelta(seconds=10), notes.write, text="x")

    @notes.db.mutation
    def half(ctx: Any) -> None:
        ctx.scheduler.cancel(id)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    clock.advance(timedelta(seconds=10))

    assert notes.kind(id) == "success"


def test_cancelling_what_is_over_changes_nothing(notes: Notes) -> None:
    ids = [notes.db.scheduler.run_after(0, notes.write, text="x"), notes.db.scheduler.run_after(0, notes.fail)]
    cancelled = notes.db.scheduler.run_after(timedelta(1), notes.fail)
    notes.db.scheduler.cancel(cancelled)
    notes.db.settle()
    before = scheduled(notes.db)

    for id in (*ids, cancelled):
        notes.db.scheduler.cancel(id)

    assert scheduled(notes.db) == before


@pytest.mark.parametrize("form", ["def", "async def"])
def test_an_action_that_is_cancelled_while_it_runs_goes_on_but_schedules_nothing_that_runs(
    notes: Notes, form: str
) -> None:
    def then(ctx: Any) -> None:
        ctx.run_mutation(notes.write, text="goes on")
        ctx.scheduler.run_after(0, notes.write, text="never 1")
        ctx.scheduler.run_after(timedelta(1), notes.act, text="never 2")
        ctx.run_mutation(schedule_two)

    @notes.db.mutation
    def schedule_two(ctx: Any) -> None:
        ctx.scheduler.run_after(0, notes.write, text="never 3")
        ctx.run_mutation(schedule_one)

    @notes.db.mutation
    def schedule_one(ctx: Any) -> None:
        ctx.scheduler.run_after(0, notes.wait, text="never 4")

    held = Held(notes, form, then)
    id = notes.db.scheduler.run_after(0, held.function)
    assert held.begun.wait(PATIENCE_S)
    before = notes.db.scheduler.run_after(timedelta(1), notes.fail)  # somebody else's
    assert notes.kind(id) == "inProgress"

    notes.db.scheduler.cancel(id)
    held.go_on.set()
    notes.db.settle()

    assert notes.texts() == ["goes on"]
    assert notes.job(id)["state"] == {"kind": "canceled"}
    assert "result" not in notes.job(id)
    assert notes.kinds("write") == ["canceled"] * 2
    assert notes.kinds("act") == notes.kinds("wait") == ["canceled"]
    assert {"state", "completedTime"} <= set(scheduled(notes.db)[-1])
    assert notes.kind(before) == "pending"


@pytest.mark.parametrize("form", ["def", "async def"])
def test_what_actions_inside_a_cancelled_one_schedule_does_not_run_either(notes: Notes, form: str) -> None:
    @notes.db.action
    def inner(ctx: Any) -> None:
        ctx.scheduler.run_after(0, notes.write, text="never")

    @notes.db.action
    async def inner_async(ctx: Any) -> None:
        ctx.scheduler.run_after(0, notes.write, text="never")
        await ctx.run_action(inner)

    begun, go_on = threading.Event(), threading.Event()

    @notes.db.action
    def outer(ctx: Any) -> None:
        begun.set()
        assert go_on.wait(PATIENCE_S)
        ctx.run_action(inner_async)

    @notes.db.action
    async def outer_async(ctx: Any) -> None:
        begun.set()
        assert go_on.wait(PATIENCE_S)
        await ctx.run_action(inner_async)

    id = notes.db.scheduler.run_after(0, outer if form == "def" else outer_async)
    assert begun.wait(PATIENCE_S)
    notes.db.scheduler.cancel(id)
    go_on.set()
    notes.db.settle()

    assert notes.kinds("write") == ["canceled"] * 2


def test_what_an_action_had_scheduled_before_it_was_cancelled_runs(notes: Notes) -> None:
    begun, go_on = threading.Event(), threading.Event()

    @notes.db.action
    def outer(ctx: Any) -> None:
        ctx.scheduler.run_after(0, notes.write, text="before")
        begun.set()
        assert go_on.wait(PATIENCE_S)

    id = notes.db.scheduler.run_after(0, outer)
    assert begun.wait(PATIENCE_S)
    notes.db.scheduler.cancel(id)
    go_on.set()
    notes.db.settle()

    assert notes.texts() == ["before"]


def test_an_action_that_cancels_itself_has_no_children(notes: Notes) -> None:
    ids: list[str] = []

    @notes.db.action
    def suicidal(ctx: Any) -> None:
        ctx.scheduler.cancel(ids[0])
        ctx.scheduler.run_after(0, notes.write, text="never")

    with notes.db.transaction() as tx:
        ids.append(tx.scheduler.run_after(0, suicidal))
    notes.db.settle()

    assert (notes.kind(ids[0]), notes.kinds("write")) == ("canceled", ["canceled"])


def test_what_a_job_schedules_for_others_is_theirs(notes: Notes) -> None:
    # Of a job that is over nothing more is cancelled: its children stand for themselves.
    @notes.db.action
    def parent(ctx: Any) -> None:
        ctx.scheduler.run_after(timedelta(1), notes.write, text="child")

    id = notes.db.scheduler.run_after(0, parent)
    notes.db.settle()
    notes.db.scheduler.cancel(id)

    assert (notes.kind(id), notes.kinds("write")) == ("success", ["pending"])


# ------------------------------------------------------------------ what is refused


class NoOffset(tzinfo):
    """A time zone that does not know its offset."""

    def utcoffset(self, _: datetime | None) -> None:
        return None

    def dst(self, _: datetime | None) -> None:
        return None

    def tzname(self, _: datetime | None) -> None:
        return None


TIMES: dict[str, tuple[str, Any, str]] = {
    "a text as delay": (
        "run_after",
        "abc",
        "the delay is 'abc' (str). Expected a timedelta. Write timedelta(seconds=10).",
    ),
    "a number as delay": (
        "run_after",
        10,
        "the delay is 10 (int). Expected a timedelta. Write timedelta(seconds=10).",
    ),
    "a delay of False": (
        "run_after",
        False,
        "the delay is False (bool). Expected a timedelta. Write timedelta(seconds=10).",
    ),
    "a negative delay": (
        "run_after",
        timedelta(seconds=-2),
        "the delay is -2 seconds. Expected a delay that is not negative. Use run_at for a time in the past; it runs at once.",
    ),
    "ten years": (
        "run_after",
        timedelta(days=3650),
        (
            "its time is 10.0 years ahead. Expected a time within five years of now. "
            "Schedule a function that schedules it again, or a cron."
        ),
    ),
    "six years ahead": (
        "run_at",
        datetime(2032, 1, 1, tzinfo=UTC),
        (
            "its time is 6.0 years ahead. Expected a time within five years of now. "
            "Schedule a function that schedules it again, or a cron."
        ),
    ),
    "six years ago": (
        "run_at",
        datetime(2020, 1, 1, tzinfo=UTC),
        (
            "its time is 6.0 years ago. Expected a time within five years of now. "
            "Schedule a function that schedules it again, or a cron."
        ),
    ),
    "no time zone": (
        "run_at",
        datetime(2026, 1, 1),  # noqa: DTZ001 - the mistake under test
        (
            "the time is datetime.datetime(2026, 1, 1, 0, 0) (datetime), which has no time zone. "
            'Expected a datetime with a time zone. Write datetime(..., tzinfo=UTC), or tzinfo=ZoneInfo("Europe/Zurich").'
        ),
    ),
    "a time that is missing in a data frame": (
        "run_at",
        pd.NaT,
        (
            "the time is NaT (NaTType). "
            'Expected a datetime with a time zone. Write datetime(..., tzinfo=UTC), or tzinfo=ZoneInfo("Europe/Zurich").'
        ),
    ),
    "a number as time": (
        "run_at",
        1_767_225_600_000,
        (
            "the time is 1767225600000 (int). "
            'Expected a datetime with a time zone. Write datetime(..., tzinfo=UTC), or tzinfo=ZoneInfo("Europe/Zurich").'
        ),
    ),
}


@pytest.mark.parametrize(("method", "when", "sentence"), TIMES.values(), ids=list(TIMES))
@pytest.mark.parametrize("how", ["database", "mutation", "action"])
def test_a_time_at_which_nothing_can_be_run_is_refused(
    notes: Notes, method: str, when: Any, sentence: str, how: str
) -> None:
    def schedule(ctx: Any) -> None:
        getattr(ctx.scheduler, method)(when, notes.write, text="x")

    call = {
        "database": lambda: schedule(notes.db),
        "mutation": notes.db.mutation(schedule),
        "action": notes.db.action(schedule, name="schedule_by_action"),
    }[how]
    with pytest.raises(ScheduleError) as refused:
        call()

    assert str(refused.value) == f"Cannot schedule write: {sentence}"
    assert scheduled(notes.db) == []


def test_a_zone_without_an_offset_is_none(notes: Notes) -> None:
    with pytest.raises(ScheduleError, match="which has no time zone"):
        notes.db.scheduler.run_at(datetime(2026, 1, 1, tzinfo=NoOffset()), notes.write, text="x")


def test_a_delay_that_compares_like_an_array_is_refused(notes: Notes) -> None:
    delay: Any = pd.Series([0, 0])
    with pytest.raises(ScheduleError, match="Expected a timedelta"):
        notes.db.scheduler.run_after(delay, notes.write, text="x")


def test_five_years_are_allowed(notes: Notes) -> None:
    notes.db.scheduler.run_after(timedelta(days=5 * 365), notes.write, text="x")
    notes.db.scheduler.run_at(datetime(2021, 1, 2, tzinfo=UTC), notes.write, text="x")

    assert len(scheduled(notes.db)) == 2


def test_a_function_that_is_not_there_is_refused_with_those_like_it(notes: Notes) -> None:
    with pytest.raises(UnknownFunction) as refused:
        notes.db.scheduler.run_after(0, "writ", text="x")

    assert str(refused.value) == (
        "Cannot find the function 'writ': nothing is registered under this path. Expected one of ['write', 'wait']. "
        "Run the cell that defines it."
    )


def test_a_function_of_another_database_is_not_there(notes: Notes, connect: Connect) -> None:
    other = connect()
    foreign = other.mutation(lambda ctx: None, name="foreign")

    with pytest.raises(UnknownFunction, match="Cannot find the function 'foreign'"):
        notes.db.scheduler.run_after(0, foreign)


def test_a_query_cannot_be_scheduled(notes: Notes) -> None:
    for target in (notes.texts, "texts"):
        with pytest.raises(FunctionKindError) as refused:
            notes.db.scheduler.run_after(0, target)

        assert str(refused.value) == (
            "Cannot schedule texts: it is a query, whose result nobody would get. Expected a mutation or an action. "
            "Call the query in the function that needs its result."
        )


def test_arguments_are_checked_when_a_call_is_scheduled(notes: Notes) -> None:
    for args, sentence in (
        (
            {"text": 1},
            "Cannot call write: $.text is 1 (int). Expected a string. ",
        ),
        (
            {},
            (
                "Cannot call write: the argument 'text' is missing. Expected a string. "
                "Pass text, or give the parameter a default."
            ),
        ),
        (
            {"text": "x", "extra": 1},
            (
                "Cannot call write: 'extra' is not one of its arguments. Expected only text. "
                "Correct the name, or leave it out."
            ),
        ),
    ):
        with pytest.raises(ArgumentValidationError) as refused:
            notes.db.scheduler.run_after(0, notes.write, **args)
        assert str(refused.value).startswith(sentence)
    assert scheduled(notes.db) == []


def test_only_the_id_of_a_call_can_be_cancelled(notes: Notes) -> None:
    notes.write(text="x")
    (note,) = notes.db.read(lambda ctx: [each["_id"] for each in ctx.db.query("notes").collect()])
    bad: Any
    for _ in range(2):
        for bad, shown in ((note, f"'{note}' (str)"), ("abc", "'abc' (str)"), (5, "5 (int)"), (None, "None")):
            with pytest.raises(InvalidId) as refused:
                notes.db.scheduler.cancel(bad)
            assert str(refused.value) == (
                f"Cannot cancel the scheduled call {shown}: it is not the id of a scheduled call. "
                "Expected what run_after or run_at returned. "
                "ctx.db.system.query('_scheduled_functions') lists them."
            )
        notes.db.scheduler.run_after(timedelta(1), notes.write, text="x")  # and once more with such a table


def test_a_call_whose_end_was_forgotten_cannot_be_cancelled(notes: Notes, clock: FakeClock) -> None:
    id = notes.db.scheduler.run_after(0, notes.write, text="x")
    notes.db.settle()
    clock.advance(timedelta(days=8))

    with pytest.raises(DocumentNotFound) as refused:
        notes.cancel(id)

    assert str(refused.value) == (
        f"Cannot cancel the scheduled call '{id}' (str): there is no such call any more. "
        "Expected a call that is scheduled, or was over less than seven days ago. Nothing needs to be done: it is over."
    )


# ------------------------------------------------------------------ files and sessions


@pytest.mark.slow
def test_a_call_waits_in_a_file_for_its_function_and_its_time(
    connect: Connect, tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "x.duckdb"
    first = Notes(connect(path))
    early = first.db.scheduler.run_after(timedelta(hours=1), first.write, text="early")
    late = first.db.scheduler.run_after(timedelta(hours=9), first.act, text="late")
    first.db.close()

    db = connect(path)
    clock.advance(timedelta(hours=5))
    db.settle()
    assert [each["state"]["kind"] for each in scheduled(db)] == ["pending", "pending"]

    second = Notes(db)
    db.settle()
    assert (second.kind(early), second.kind(late), second.texts()) == ("success", "pending", ["early"])
    assert second.job(early)["completedTime"] == BEGIN_MS + 5 * 3_600_000

    clock.advance(timedelta(hours=4))
    assert second.texts() == ["early", "late"]


@pytest.mark.slow
def test_what_is_over_is_not_run_again_when_the_file_is_opened_again(
    connect: Connect, tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "x.duckdb"
    first = Notes(connect(path))
    for name in ("write", "act", "wait"):
        first.db.scheduler.run_after(0, name, text=name)
    first.db.settle()
    first.db.close()

    second = Notes(connect(path))
    clock.advance(timedelta(hours=1))

    assert sorted(second.texts()) == ["act", "wait", "write"]


@pytest.mark.slow
def test_ends_are_also_forgotten_by_a_later_session(connect: Connect, tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "x.duckdb"
    first = Notes(connect(path))
    first.db.scheduler.run_after(0, first.write, text="x")
    first.db.settle()
    first.db.close()
    clock.advance(timedelta(days=8))

    db = connect(path)
    clock.advance(timedelta(0))

    assert scheduled(db) == []


def test_a_delay_counts_from_the_clock_however_many_documents_were_made_at_that_time(notes: Notes) -> None:
    insert(notes.db, "many", *({"n": n} for n in range(5000)))  # each is filed a little later than the one before

    id = notes.db.scheduler.run_after(timedelta(seconds=10), notes.write, text="on time")

    assert notes.job(id)["scheduledTime"] == BEGIN_MS + 10_000


def test_arguments_may_stand_by_position(notes: Notes) -> None:
    id = notes.db.scheduler.run_after(timedelta(0), notes.write, "by position")
    notes.db.settle()

    assert notes.job(id)["args"] == [{"text": "by position"}]
    assert notes.texts() == ["by position"]
