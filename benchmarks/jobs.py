"""Jobs: how late each begins when there is little to do, and how many end per second when a thousand are due at once.

Lag is from the moment at which a job is due to the first line of its function. Its floor is a thread that sleeps until
such a moment. A job that is a mutation also has its end written down, in its own transaction, so its rate stands
beside that of a loop that calls the same mutation as often and keeps no account of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue

import reactive_nb as rnb
from benchmarks.stage import Stage
from benchmarks.table import Line, Unit, compared
from benchmarks.timing import Attempt, Measured, heap_set_aside, interleaved, timed
from benchmarks.workload import app, message
from reactive_nb.engine.engine import Engine
from reactive_nb.functions.function import Function
from reactive_nb.testing import FakeClock

_AHEAD = timedelta(milliseconds=5)
_INTERVAL = timedelta(milliseconds=20)
_JOBS = 1000
_MESSAGE = message(0)


def lines(stage: Stage) -> Iterator[Line]:
    yield from _lag("mutation, in memory", _mutation, None, stage)
    yield from _lag("mutation, on disk", _mutation, stage.folder / "lag-mutation.duckdb", stage)
    yield from _lag("action, on disk", _action, stage.folder / "lag-action.duckdb", stage)
    yield from _cron_lag(stage)
    yield _rate("in memory", None, stage)
    yield _rate("on disk", stage.folder / "jobs.duckdb", stage)


# ---------------------------------------------------------------------- lag


class _Began:
    """When functions began, in seconds since 1970."""

    def __init__(self) -> None:
        self._times: SimpleQueue[float] = SimpleQueue()

    def note(self) -> None:
        self._times.put(time.time())

    def next(self) -> float:
        return self._times.get()


def _mutation(db: Engine, began: _Began) -> Function:
    @db.mutation
    def begin(_):
        began.note()

    return begin


def _action(db: Engine, began: _Began) -> Function:
    @db.action
    def begin(_):
        began.note()

    return begin


def _lag(what: str, declare: Callable[[Engine, _Began], Function], path: Path | None, stage: Stage) -> Iterator[Line]:
    """Measure jobs that are scheduled one at a time, for a moment soon after."""
    began = _Began()
    with rnb.connect(path) as db:
        function = declare(db, began)

        def attempt() -> float:
            when = datetime.now(UTC) + _AHEAD
            db.scheduler.run_at(when, function)
            lag = began.next() - when.timestamp()
            db.settle()  # its end is written down, which is not to delay the next one
            return lag

        measured = interleaved({"ours": attempt, "floor": _slept}, stage.scale.attempts)
    yield from _with_tail(f"a job's lag, {what}", **measured)


def _slept() -> float:
    """Sleep until a moment and return by how much that was too long."""
    until = time.time() + _AHEAD.total_seconds()
    time.sleep(until - time.time())
    return time.time() - until


def _cron_lag(stage: Stage) -> Iterator[Line]:
    """Measure the runs of an interval cron, which follow each other by themselves; the floor sleeps from one to the next."""
    attempts = stage.scale.attempts // 5
    began = _Began()
    with rnb.connect() as db, heap_set_aside():
        db.crons.interval("begin", _INTERVAL, _mutation(db, began))
        times = [began.next() for _ in range(attempts + 1)][1:]
        db.crons.pause("begin")
        db.settle()
        due = db.crons.get("begin").history[-1].scheduled.timestamp()
    interval = _INTERVAL.total_seconds()
    ours = [(each - due) % interval for each in times]
    floor = []
    first = time.time()
    for number in range(1, attempts + 1):
        until = first + number * interval
        time.sleep(max(0.0, until - time.time()))
        floor.append(time.time() - until)
    yield from _with_tail(
        "an interval cron's lag, mutation, in memory",
        ours=Measured(tuple(sorted(ours))),
        floor=Measured(tuple(sorted(floor))),
    )


def _with_tail(what: str, ours: Measured, floor: Measured) -> Iterator[Line]:
    yield Line(what, Unit.SECONDS, ours, floor)
    tails = (Measured((each.percentile(99),)) for each in (ours, floor))
    yield Line(f"{what}, 99th percentile", Unit.SECONDS, *tails)


# ---------------------------------------------------------------------- rate


def _rate(where: str, path: Path | None, stage: Stage) -> Line:
    """Measure jobs that are due at one moment, to which the clock is moved when all of them are there."""
    jobs = min(_JOBS, stage.scale.documents[0])
    clock = FakeClock()
    with rnb.connect(path, clock=clock) as db:
        send = app(db).send

        @db.mutation
        def plan(ctx):
            for _ in range(jobs):
                ctx.scheduler.run_after(timedelta(seconds=1), send, message=_MESSAGE)

        def rate(act: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> Attempt:
            measure = timed(act)

            def attempt() -> float:
                prepare()
                return jobs / measure()

            return attempt

        def loop() -> None:
            for _ in range(jobs):
                send(message=_MESSAGE)

        line = compared(
            f"jobs that end, {jobs:,} mutations due at once, {where}",
            10,
            unit=Unit.PER_SECOND,
            ours=rate(lambda: clock.advance(timedelta(seconds=1)), plan),
            floor=rate(loop),
        )
        states = db.read(lambda ctx: {each["state"]["kind"] for each in ctx.db.system.query("_scheduled_functions")})
        assert states == {"success"}, "a job was not done when its moment was over"
    return line
