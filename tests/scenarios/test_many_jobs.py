"""Jobs in large numbers, jobs in each other's way, and jobs whose commit the machine refuses."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb.clock import Alarm
from reactive_nb.engine import Engine
from reactive_nb.engine.worker import JOBS, THREADS, Worker
from reactive_nb.errors import LogWriteError
from reactive_nb.log.memory import MemoryLog
from reactive_nb.notebook.surface import NotebookSurface
from reactive_nb.testing import FakeClock
from tests.conftest import Connect
from tests.scenarios.disks import limited
from tests.tools import stored

PROJECT = Path(__file__).parents[2]
FAR = timedelta(days=5)  # less than results are kept
MANY = 10_000
AT_ONCE = 1000  # calls that one mutation schedules


class CountedAlarm(Alarm):
    """An alarm that keeps until when its thread was sent to sleep."""

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        self.sleeps: list[float | None] = []

    def wait(self, until_ms: float | None, is_idle: bool) -> None:
        self.sleeps.append(until_ms)
        self._alarm.wait(until_ms, is_idle)

    def ring(self) -> None:
        self._alarm.ring()

    def close(self) -> None:
        self._alarm.close()


class CountedClock(FakeClock):
    """A clock of which one alarm is made, and whose alarm counts."""

    alarm_of_jobs: CountedAlarm

    def alarm(self) -> Alarm:
        self.alarm_of_jobs = CountedAlarm(super().alarm())
        return self.alarm_of_jobs


def jobs(db: Engine) -> list[dict[str, Any]]:
    return db.read(lambda ctx: ctx.db.system.query("_scheduled_functions").collect())


def kinds(db: Engine) -> Counter[str]:
    return Counter(each["state"]["kind"] for each in jobs(db))


def state(db: Engine, id: str) -> dict[str, Any]:
    return db.read(lambda ctx: ctx.db.system.get(id))["state"]


# ---------------------------------------------------------------------- many


@pytest.mark.slow
def test_with_ten_thousand_jobs_ahead_the_worker_sleeps_until_the_next_one(connect: Connect) -> None:
    clock = CountedClock()
    db = connect(clock=clock)

    @db.mutation
    def note(ctx: Any, n: int) -> None:
        ctx.db.insert("notes", {"n": n})

    @db.mutation
    def plan(ctx: Any, first: int) -> None:
        for n in range(first, first + AT_ONCE):
            ctx.scheduler.run_after(FAR + timedelta(seconds=n), note, n=n)

    start_ms = clock.now_ms()
    db.scheduler.run_after(timedelta(hours=1), note, n=-1)
    for first in range(0, MANY, AT_ONCE):
        plan(first=first)
    db.settle()
    sleeps = clock.alarm_of_jobs.sleeps
    clock.advance(timedelta(0))  # returns when the worker sleeps, with nothing left to do
    assert sleeps[-1] == start_ms + 3_600_000

    rounds = len(sleeps)
    clock.advance(timedelta(minutes=59))
    assert len(sleeps) == rounds, "it woke up before anything was due"
    clock.advance(timedelta(minutes=1))

    assert stored(db, "notes") == [{"n": -1}]
    # At most one more for each of: the time, the commit of the job, its end.
    assert rounds < len(sleeps) <= rounds + 3
    assert sleeps[-1] == start_ms + FAR / timedelta(milliseconds=1)
    assert kinds(db) == {"pending": MANY, "success": 1}


@pytest.mark.slow
def test_a_thousand_jobs_due_at_one_moment_run_once_each_on_few_threads(db: Engine, clock: FakeClock) -> None:
    ran: list[tuple[str, int]] = []  # appending needs no lock
    seen = {"threads": 0, "plain": 0, "async": 0}
    now_running = Counter[str]()
    lock = threading.Lock()

    def enter(what: str) -> None:
        threads = [each.name for each in threading.enumerate() if each.name.startswith("reactive_nb job memory")]
        with lock:
            now_running[what] += 1
            seen["threads"] = max(seen["threads"], len(threads))
            seen[what] = max(seen[what], now_running[what])

    def leave(what: str, n: int) -> None:
        ran.append((what, n))
        with lock:
            now_running[what] -= 1

    @db.mutation
    def note(ctx: Any, n: int) -> None:
        enter("plain")
        ctx.db.insert("notes", {"n": n})
        leave("plain", n)

    @db.action
    def act(ctx: Any, n: int) -> None:
        enter("plain")
        leave("plain", n)

    @db.action
    async def act_async(ctx: Any, n: int) -> None:
        enter("async")
        await asyncio.sleep(0)
        leave("async", n)

    @db.mutation
    def plan(ctx: Any) -> None:
        for n in range(1000):
            ctx.scheduler.run_after(timedelta(seconds=1), (note, act, act_async)[n % 3], n=n)

    plan()
    clock.advance(timedelta(seconds=1))

    assert kinds(db) == {"success": 1000}
    assert sorted(n for _, n in ran) == list(range(1000))
    assert sorted(each["n"] for each in stored(db, "notes")) == list(range(0, 1000, 3))
    assert seen["threads"] <= THREADS
    assert seen["plain"] <= THREADS
    assert seen["async"] <= JOBS
    loops = [each.name for each in threading.enumerate() if each.name.startswith("reactive_nb actions memory")]
    assert len(loops) == 1


@pytest.mark.parametrize(("is_async", "most"), [(False, THREADS), (True, JOBS)], ids=["plain", "async"])
def test_as_many_actions_run_at_once_as_the_limit_says_and_no_more(
    db: Engine, clock: FakeClock, is_async: bool, most: int
) -> None:
    ran: list[int] = []
    together = threading.Barrier(most)  # broken if fewer than that many run at once
    inside: set[int] = set()
    all_inside: list[asyncio.Event] = []
    peaks: list[int] = []

    @db.action
    def act(ctx: Any, n: int) -> None:
        inside.add(n)
        peaks.append(len(inside))
        if n < most:
            together.wait(30)
        inside.remove(n)
        ran.append(n)

    @db.action
    async def act_async(ctx: Any, n: int) -> None:
        if not all_inside:
            all_inside.append(asyncio.Event())
        inside.add(n)
        peaks.append(len(inside))
        if len(inside) == most:
            all_inside[0].set()
        async with asyncio.timeout(30):
            await all_inside[0].wait()
        inside.remove(n)
        ran.append(n)

    db.write(
        lambda ctx: [
            ctx.scheduler.run_after(timedelta(seconds=1), act_async if is_async else act, n=n) for n in range(2 * most)
        ]
    )
    clock.advance(timedelta(seconds=1))

    assert kinds(db) == {"success": 2 * most}
    assert sorted(ran) == list(range(2 * most))
    assert max(peaks) == most


def test_jobs_of_one_moment_begin_in_the_order_in_which_they_were_scheduled(db: Engine, clock: FakeClock) -> None:
    began: list[str] = []

    @db.action
    async def early_in_the_alphabet(ctx: Any) -> None:
        began.append("early")

    @db.action
    async def late_in_the_alphabet(ctx: Any) -> None:
        began.append("late")

    def plan(ctx: Any) -> None:
        for n in range(2 * JOBS):
            ctx.scheduler.run_after(timedelta(seconds=1), early_in_the_alphabet if n % 2 else late_in_the_alphabet)

    db.write(plan)
    clock.advance(timedelta(seconds=1))

    assert Counter(began[:JOBS]) == {"early": JOBS / 2, "late": JOBS / 2}


# ---------------------------------------------------------------------- in each other's way


def test_jobs_that_all_change_one_document_all_succeed(db: Engine, clock: FakeClock) -> None:
    id = db.write(lambda ctx: ctx.db.insert("counters", {"n": 0}))

    @db.mutation
    def count(ctx: Any) -> None:
        ctx.db.patch(id, {"n": ctx.db.get(id)["n"] + 1})

    db.write(lambda ctx: [ctx.scheduler.run_after(timedelta(seconds=1), count) for _ in range(200)])
    clock.advance(timedelta(seconds=1))
    clock.advance(timedelta(minutes=1))  # for one that would have lost all of its attempts

    assert stored(db, "counters") == [{"n": 200}]
    assert kinds(db) == {"success": 200}


# ---------------------------------------------------------------------- commits that the machine refuses


class Refusing(MemoryLog):
    """A log that takes nothing while `is_full`, and keeps when it was asked."""

    __slots__ = ("asked_ms", "clock", "is_full")

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.is_full = False
        self.asked_ms: list[float] = []

    def append(self, payloads: Sequence[bytes], expected_head: int) -> int:
        if self.is_full:
            self.asked_ms.append(self.clock.now_ms())
            raise LogWriteError(
                "Cannot append to the log of a test",
                thing="it is full",
                expected="a log with room",
                hint="Set is_full to False",
            )
        return super().append(payloads, expected_head)


@pytest.fixture
def log(clock: FakeClock) -> Refusing:
    return Refusing(clock)


@pytest.fixture
def fragile(clock: FakeClock, log: Refusing) -> Any:
    """A database in memory on that log."""
    with Engine(None, NotebookSurface(), clock=clock, log=log) as db:
        yield db


def test_a_mutation_that_cannot_be_committed_is_tried_again_ever_later_and_takes_effect_once(
    fragile: Engine, clock: FakeClock, log: Refusing
) -> None:
    @fragile.mutation
    def note(ctx: Any) -> None:
        ctx.db.insert("notes", {"n": 1})

    job = fragile.scheduler.run_after(timedelta(seconds=1), note)
    log.is_full = True
    clock.advance(timedelta(minutes=10))
    pauses = [later - earlier for earlier, later in zip(log.asked_ms, log.asked_ms[1:], strict=False)]
    assert state(fragile, job) == {"kind": "pending"}
    assert stored(fragile, "notes") == []
    for times, pause in enumerate(pauses):
        longest = min(100 * 2**times, 60_000)
        assert longest / 2 <= pause <= longest
    assert len(pauses) >= 10 + 8, "it waits for a minute at most"

    log.is_full = False
    clock.advance(timedelta(minutes=1))

    assert state(fragile, job) == {"kind": "success"}
    assert stored(fragile, "notes") == [{"n": 1}]


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
def test_an_action_begins_only_when_its_mark_is_committed(
    fragile: Engine, clock: FakeClock, log: Refusing, is_async: bool
) -> None:
    ran: list[int] = []

    @fragile.action
    def act(ctx: Any) -> None:
        ran.append(1)

    @fragile.action
    async def act_async(ctx: Any) -> None:
        ran.append(1)

    job = fragile.scheduler.run_after(timedelta(seconds=1), act_async if is_async else act)
    log.is_full = True
    clock.advance(timedelta(minutes=1))
    assert (ran, state(fragile, job)) == ([], {"kind": "pending"})

    log.is_full = False
    clock.advance(timedelta(minutes=1))

    assert (ran, state(fragile, job)) == ([1], {"kind": "success"})


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
@pytest.mark.parametrize("fails", [False, True], ids=["succeeds", "fails"])
def test_how_an_action_ended_is_stored_as_soon_as_that_can_be_committed(
    fragile: Engine, clock: FakeClock, log: Refusing, is_async: bool, fails: bool
) -> None:
    ran: list[int] = []

    def work() -> int:
        ran.append(1)
        log.is_full = True
        if fails:
            raise ValueError("no")
        return 7

    @fragile.action
    def act(ctx: Any) -> int:
        return work()

    @fragile.action
    async def act_async(ctx: Any) -> int:
        return work()

    job = fragile.scheduler.run_after(timedelta(seconds=1), act_async if is_async else act)
    clock.advance(timedelta(minutes=1))
    assert (ran, state(fragile, job)) == ([1], {"kind": "inProgress"})

    log.is_full = False
    clock.advance(timedelta(minutes=1))

    assert ran == [1]
    assert state(fragile, job) == ({"kind": "failed", "error": "ValueError: no"} if fails else {"kind": "success"})


def test_other_jobs_go_on_while_one_is_held_back(fragile: Engine, clock: FakeClock, log: Refusing) -> None:
    @fragile.mutation
    def note(ctx: Any, n: int) -> None:
        ctx.db.insert("notes", {"n": n})

    fragile.scheduler.run_after(timedelta(seconds=1), note, n=1)
    fragile.scheduler.run_after(timedelta(seconds=100), note, n=2)
    log.is_full = True
    clock.advance(timedelta(seconds=99))
    log.is_full = False
    clock.advance(timedelta(seconds=1))

    assert {"n": 2} in stored(fragile, "notes")


@pytest.mark.slow
def test_jobs_for_which_there_is_no_thread_are_tried_again(
    db: Engine, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    submit = ThreadPoolExecutor.submit
    refused: list[int] = []

    def submit_or_not(self: ThreadPoolExecutor, *args: Any, **kwargs: Any) -> Any:
        if len(refused) < 2 * JOBS:
            refused.append(1)
            raise RuntimeError("can't start new thread")
        return submit(self, *args, **kwargs)

    @db.mutation
    def note(ctx: Any, n: int) -> None:
        ctx.db.insert("notes", {"n": n})

    db.write(lambda ctx: [ctx.scheduler.run_after(timedelta(seconds=1), note, n=n) for n in range(3 * JOBS)])
    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit_or_not)
    clock.advance(timedelta(seconds=1))
    assert len(stored(db, "notes")) == JOBS
    clock.advance(timedelta(seconds=1))

    assert sorted(each["n"] for each in stored(db, "notes")) == list(range(3 * JOBS))
    assert "There is no thread for the job note, which is tried again: can't start new thread" in caplog.messages


@pytest.mark.slow
def test_a_job_that_meets_a_full_disk_runs_once_there_is_room(
    tmp_path: Path, connect: Connect, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rnb.log.Files, "reserve", 4096)  # so that a full disk is soon felt
    with limited(tmp_path) as disk:
        db = connect(tmp_path / "x.duckdb")

        @db.mutation
        def note(ctx: Any, text: str) -> None:
            ctx.db.insert("notes", {"text": text})

        job = db.scheduler.run_after(timedelta(seconds=1), note, text="x" * 50_000)
        disk.fill()
        clock.advance(timedelta(minutes=1))
        assert state(db, job) == {"kind": "pending"}
        disk.free()
        clock.advance(timedelta(minutes=1))

        assert state(db, job) == {"kind": "success"}
        assert stored(db, "notes") == [{"text": "x" * 50_000}]
        db.check()
        db.close()


# ---------------------------------------------------------------------- the end


def test_settling_waits_for_what_an_action_has_scheduled_while_the_worker_was_looking(
    db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_schedule, is_over = threading.Event(), threading.Event()
    look, release = Worker._due, Worker._release_settled
    at_release: list[list[dict[str, Any]]] = []

    def slow_look(self: Worker, *args: Any) -> Any:
        found = look(self, *args)
        running = list(self._running.values())
        if running and not found[0]:  # the action has begun, and its child is not there yet
            while not self._settling:
                pass
            may_schedule.set()
            assert is_over.wait(30)
            while any(job in running for job in list(self._running.values())):
                pass
        return found

    def watched_release(self: Worker, due_ms: list[float]) -> None:
        is_waited_for = bool(self._settling)
        release(self, due_ms)
        if is_waited_for and not self._settling:
            at_release.append(stored(db, "notes"))

    @db.mutation
    def child(ctx: Any) -> None:
        ctx.db.insert("notes", {"n": 1})

    @db.action
    def act(ctx: Any) -> None:
        assert may_schedule.wait(30)
        ctx.scheduler.run_after(0, child)
        is_over.set()

    monkeypatch.setattr(Worker, "_due", slow_look)
    monkeypatch.setattr(Worker, "_release_settled", watched_release)
    db.scheduler.run_after(0, act)
    db.settle()

    assert at_release == [[{"n": 1}]]
    assert kinds(db) == {"success": 2}


@pytest.mark.parametrize("error", [KeyboardInterrupt, asyncio.CancelledError, SystemExit])
def test_an_action_that_raises_what_ends_programs_has_failed_and_so_has_its_job(
    db: Engine, error: type[BaseException]
) -> None:
    @db.action
    def act(ctx: Any) -> None:
        raise error

    job = db.scheduler.run_after(0, act)
    db.settle()

    assert state(db, job) == {"kind": "failed", "error": error.__name__}


@pytest.mark.slow
def test_what_waits_for_a_thread_when_the_file_is_closed_runs_when_it_is_opened_again(
    tmp_path: Path, connect: Connect
) -> None:
    began: list[int] = []
    all_busy = threading.Barrier(THREADS + 1)

    def declare(db: Engine) -> None:
        @db.mutation
        def note(ctx: Any, n: int) -> None:
            ctx.db.insert("notes", {"n": n})

        @db.action
        def act(ctx: Any, n: int) -> None:
            began.append(n)
            if n < THREADS:
                all_busy.wait(30)
                while True:
                    ctx.progress(0)  # raises when the database is being closed

        @db.mutation
        def plan(ctx: Any) -> None:
            for n in range(3 * THREADS):
                ctx.scheduler.run_after(0, act if n < 2 * THREADS else note, n=n)

    db = connect(tmp_path / "x.duckdb")
    declare(db)
    db.run("plan")
    all_busy.wait(30)
    db.close()
    assert sorted(began) == list(range(THREADS))

    again = connect(tmp_path / "x.duckdb")
    assert kinds(again) == {"failed": THREADS, "pending": 2 * THREADS}
    declare(again)
    again.settle()

    assert kinds(again) == {"failed": THREADS, "success": 2 * THREADS}
    assert sorted(began) == list(range(2 * THREADS))
    assert sorted(each["n"] for each in stored(again, "notes")) == list(range(2 * THREADS, 3 * THREADS))


@pytest.mark.slow
def test_a_program_ends_although_jobs_are_due(tmp_path: Path) -> None:
    script = """
import sys
import reactive_nb as rnb
db = rnb.connect(sys.argv[1])
@db.mutation
def note(ctx, n):
    ctx.db.insert("notes", {"n": n})
@db.mutation
def plan(ctx):
    for n in range(500):
        ctx.scheduler.run_after(0, note, n=n)
plan()
while db.read(lambda ctx: ctx.db.query("notes").count()) < 10:
    pass
"""
    path = tmp_path / "x.duckdb"

    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    with rnb.connect(path) as db:
        counts = kinds(db)
        assert counts.keys() == {"pending", "success"}, "it ended before, or after, all of them"
        assert counts.total() == 500
        assert len(stored(db, "notes")) == counts["success"]
