"""The thread that runs jobs: when it wakes, what it waits for, and what clocks of tests make of it."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import weakref
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb.clock import Clock
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import LogWriteError, NestedCallError
from reactive_nb.functions.function import Function, Kind
from reactive_nb.jobs.crons import CronJobs
from reactive_nb.jobs.job import Job
from reactive_nb.jobs.scheduled import ScheduledCalls
from reactive_nb.log.memory import MemoryLog
from reactive_nb.notebook.surface import NotebookSurface
from reactive_nb.testing import FakeClock
from tests.conftest import Connect

PATIENCE_S = 30


class Diary:
    """A database whose functions note the time at which they see themselves run.

    Attributes:
        seen: The notes, as seconds since the clock began.
    """

    def __init__(self, db: Engine, begin: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.db = db
        self.seen: list[tuple[str, float]] = []

        def note(ctx: Any, name: str) -> None:
            # Whole milliseconds: the times of mutations may be moved on by less.
            self.seen.append((name, round((ctx.now() - begin).total_seconds(), 3)))

        @db.mutation
        def mutation(ctx: Any, name: str = "mutation") -> None:
            note(ctx, name)

        @db.action
        def plain(ctx: Any, name: str = "plain") -> None:
            note(ctx, name)

        @db.action
        async def waiting(ctx: Any, name: str = "waiting") -> None:
            await asyncio.sleep(0)
            note(ctx, name)

        self.mutation, self.plain, self.waiting = mutation, plain, waiting

    def after(self, seconds: float, function: Any, **args: Any) -> str:
        return self.db.scheduler.run_after(timedelta(seconds=seconds), function, **args)

    def state(self, id: str) -> str:
        return str(document_of(self.db, id)["state"]["kind"])


def document_of(db: Engine, id: str) -> dict[str, Any]:
    document = db.read(lambda ctx: ctx.db.system.get(id))
    assert document is not None
    return document


@pytest.fixture
def diary(db: Engine) -> Diary:
    return Diary(db)


def job_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "job" in thread.name]


# ------------------------------------------------------------------ the thread


def test_the_thread_starts_with_the_first_job(db: Engine) -> None:
    diary = Diary(db)
    diary.mutation()
    db.settle()
    assert job_threads() == []

    diary.after(1, diary.mutation)

    assert job_threads() == ["reactive_nb jobs memory"]


def test_a_commit_is_told_of_though_there_is_no_thread_for_its_jobs(
    diary: Diary, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if "jobs" in thread.name:
            raise RuntimeError("can't start new thread")
        start(thread)

    @diary.db.query
    def count(ctx: Any) -> int:
        return int(ctx.db.query("t").count())

    @diary.db.mutation
    def write(ctx: Any) -> str:
        ctx.db.insert("t", {})
        return str(ctx.scheduler.run_after(0, diary.mutation))

    assert count() == 0
    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING, "reactive_nb"):
        patched.setattr(threading.Thread, "start", refuse)
        id = write()
    assert count() == 1
    assert "There is no thread for the jobs of memory, which wait for the next commit: can't start new thread" in (
        caplog.messages
    )

    diary.db.write(lambda ctx: ctx.db.insert("t", {}))
    diary.db.settle()
    assert diary.state(id) == "success"


def test_closing_ends_the_threads(connect: Connect) -> None:
    diary = Diary(connect())
    diary.after(0, diary.mutation)
    diary.after(0, diary.waiting)
    diary.db.settle()

    diary.db.close()

    assert job_threads() == []


@pytest.mark.slow
def test_a_database_in_memory_that_nobody_holds_goes_although_jobs_are_ahead() -> None:
    def cell() -> tuple[weakref.ref[Engine], threading.Thread]:
        diary = Diary(rnb.connect())
        diary.after(3600, diary.mutation)
        diary.after(3600, diary.waiting)
        thread = diary.db._worker._thread
        assert thread is not None
        return weakref.ref(diary.db), thread

    gone, thread = cell()
    for _ in range(PATIENCE_S * 10):  # a thread that is at work holds its database until it is done
        gc.collect()
        thread.join(0.1)
        if not thread.is_alive():
            break

    assert not thread.is_alive()
    assert gone() is None


def test_a_job_whose_function_was_taken_out_since_the_look_is_left_alone(diary: Diary) -> None:
    id = diary.after(3600, diary.plain)
    document = document_of(diary.db, id)
    job = Job(id, "plain", "plain", {}, document["scheduledTime"])
    diary.db.remove(diary.plain)

    diary.db._worker._begin(ScheduledCalls(), job)

    assert diary.state(id) == "pending"


# ------------------------------------------------------------------ settling


def test_settling_waits_for_what_is_due_and_for_nothing_else(diary: Diary) -> None:
    for function in (diary.mutation, diary.plain, diary.waiting):
        diary.after(0, function)
        diary.after(1, function, name="later")

    diary.db.settle()

    assert sorted(diary.seen) == [("mutation", 0), ("plain", 0), ("waiting", 0)]


def test_settling_waits_for_more_jobs_than_run_at_once(diary: Diary) -> None:
    for n in range(200):
        diary.after(0, diary.waiting, name=str(n))

    diary.db.settle()

    assert sorted(int(name) for name, _ in diary.seen) == list(range(200))


def test_settling_waits_for_what_jobs_schedule_for_now(diary: Diary) -> None:
    @diary.db.mutation
    def chain(ctx: Any, left: int) -> None:
        if left:
            ctx.scheduler.run_after(0, chain, left=left - 1)
        else:
            diary.seen.append(("end of the chain", 0))

    diary.after(0, chain, left=5)
    diary.db.settle()

    assert diary.seen == [("end of the chain", 0)]


def test_live_results_show_what_jobs_have_written(db: Engine) -> None:
    @db.mutation
    def write(ctx: Any) -> None:
        ctx.db.insert("notes", {})

    count = db.query(lambda ctx: ctx.db.query("notes").count(), name="count").live()
    db.scheduler.run_after(0, write)

    db.settle()

    assert count.value == 1


def test_several_threads_may_settle(diary: Diary) -> None:
    go_on = threading.Event()
    diary.db.action(lambda ctx: go_on.wait(PATIENCE_S), name="blocking")
    diary.after(0, "blocking")
    over: list[int] = []

    def settle() -> None:
        diary.db.settle()
        over.append(1)

    threads = [threading.Thread(target=settle) for _ in range(3)]
    for thread in threads:
        thread.start()

    assert over == []
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE_S)

    assert over == [1, 1, 1]


def test_a_job_cannot_settle_nor_can_an_async_action(diary: Diary) -> None:
    refused: list[str] = []

    def settle() -> None:
        try:
            diary.db.settle()
        except NestedCallError as error:
            refused.append(str(error))

    @diary.db.action
    def plain(ctx: Any) -> None:
        settle()

    @diary.db.action
    async def waiting(ctx: Any) -> None:
        settle()
        await ctx.run_action(plain)

    diary.after(0, plain)
    diary.after(0, waiting)
    diary.db.settle()
    assert len(refused) == 3
    waiting()  # no job; the plain one inside it has a thread of its own and may wait
    sentence = (
        "Cannot settle: it is called by a job, or by an async action, which settling would wait for. "
        "Expected a call from a cell or another thread. Jobs that are due run by themselves; leave the call out."
    )
    assert refused == [sentence] * 4


def test_closing_lets_go_of_those_who_settle(connect: Connect) -> None:
    db = connect()
    begun = threading.Event()

    @db.action
    async def endless(ctx: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    db.scheduler.run_after(0, endless)
    assert begun.wait(PATIENCE_S)
    settling = threading.Thread(target=db._worker.settle)
    settling.start()

    db.close()

    settling.join(PATIENCE_S)
    assert not settling.is_alive()


# ------------------------------------------------------------------ the clock of a test


def test_time_stops_wherever_a_job_falls_due(diary: Diary, clock: FakeClock) -> None:
    diary.after(10, diary.plain, name="second")
    diary.after(5, diary.waiting, name="first")
    diary.after(20, diary.mutation, name="third")
    diary.after(61, diary.plain, name="too late")

    clock.advance(timedelta(minutes=1))

    assert diary.seen == [("first", 5), ("second", 10), ("third", 20)]
    assert clock.now_ms() == 1_767_225_660_000.0


def test_time_also_stops_for_jobs_that_jobs_have_scheduled(diary: Diary, clock: FakeClock) -> None:
    @diary.db.mutation
    def again(ctx: Any) -> None:
        ctx.scheduler.run_after(0, diary.plain)
        ctx.scheduler.run_after(timedelta(seconds=7), again)

    diary.after(7, again)
    clock.advance(timedelta(seconds=30))

    assert diary.seen == [("plain", 7), ("plain", 14), ("plain", 21), ("plain", 28)]


def test_two_databases_on_one_clock_take_their_turns(connect: Connect, clock: FakeClock) -> None:
    first, second = Diary(connect()), Diary(connect())
    second.seen = first.seen
    first.after(2, first.plain, name="first at 2")
    second.after(1, second.plain, name="second at 1")
    first.after(3, first.waiting, name="first at 3")

    clock.advance(timedelta(seconds=3))

    assert first.seen == [("second at 1", 1), ("first at 2", 2), ("first at 3", 3)]


def test_a_database_that_is_closed_holds_up_no_time(connect: Connect, clock: FakeClock) -> None:
    diary = Diary(connect())
    diary.after(1, diary.mutation)
    diary.db.close()

    clock.advance(timedelta(days=1))

    assert diary.seen == []


def test_without_waiting_time_goes_on_at_once(diary: Diary, clock: FakeClock) -> None:
    begun, go_on = threading.Event(), threading.Event()

    @diary.db.action
    def blocking(ctx: Any) -> None:
        begun.set()
        go_on.wait(PATIENCE_S)

    id = diary.after(1, blocking)
    diary.after(2, diary.plain, name="meanwhile")
    clock.advance(timedelta(seconds=10), wait=False)
    assert begun.wait(PATIENCE_S)
    assert diary.state(id) == "inProgress"

    go_on.set()
    diary.db.settle()

    assert diary.state(id) == "success"
    assert diary.seen == [("meanwhile", 10)]


def test_a_job_may_move_the_clock_itself(diary: Diary, clock: FakeClock) -> None:
    @diary.db.action
    def slow(ctx: Any) -> None:
        clock.advance(timedelta(seconds=5), wait=False)

    id = diary.after(1, slow)
    clock.advance(timedelta(seconds=1))

    document = document_of(diary.db, id)
    assert document["completedTime"] - document["scheduledTime"] == 5000


def test_a_mutation_ends_when_its_function_has_ended(diary: Diary, clock: FakeClock) -> None:
    @diary.db.mutation
    def slow(ctx: Any) -> None:
        clock.advance(timedelta(seconds=5), wait=False)

    id = diary.after(1, slow)
    clock.advance(timedelta(seconds=1))
    diary.db.crons.interval("slow", timedelta(seconds=60), slow)
    diary.db.settle()

    document = document_of(diary.db, id)
    assert document["completedTime"] - document["scheduledTime"] == 5000
    (run,) = diary.db.crons.get("slow").history
    assert run.duration == timedelta(seconds=5)


def test_times_during_a_run_of_a_mutation_are_missed(diary: Diary, clock: FakeClock) -> None:
    begun: list[float] = []

    @diary.db.mutation
    def slow(ctx: Any) -> None:
        begun.append(clock.now_ms())
        clock.advance(timedelta(seconds=7), wait=False)

    start_ms = clock.now_ms()
    diary.db.crons.interval("slow", timedelta(seconds=2), slow)
    diary.db.settle()
    clock.advance(timedelta(seconds=1))

    assert [(each - start_ms) / 1000 for each in begun] == [0, 8]


def test_a_job_that_does_not_end_is_told_by_a_timeout(connect: Connect) -> None:
    clock = FakeClock(patience=timedelta(milliseconds=20))
    diary = Diary(connect(clock=clock))
    go_on = threading.Event()
    diary.db.action(lambda ctx: go_on.wait(PATIENCE_S), name="blocking")
    diary.after(1, "blocking")

    with pytest.raises(TimeoutError) as refused:
        clock.advance(timedelta(seconds=10))
    assert str(refused.value) == (
        "Cannot advance the clock: a job that was due has not ended within 0.02 seconds, and the next one would find "
        "another time. Expected jobs that end without waiting for the caller. Pass wait=False to go on without waiting."
    )
    assert clock.now_ms() == 1_767_225_601_000.0
    go_on.set()
    diary.db.settle()


def test_the_clock_may_go_back(diary: Diary, clock: FakeClock) -> None:
    diary.after(10, diary.plain)

    clock.advance(timedelta(days=-1))
    clock.advance(timedelta(days=1))
    assert diary.seen == []

    clock.advance(timedelta(seconds=10))
    assert diary.seen == [("plain", 10)]


# ------------------------------------------------------------------ the wall clock


class Watched(Clock):
    """The wall clock, which tells when its alarm goes to sleep until a time."""

    def __init__(self) -> None:
        self.sleeps = threading.Semaphore(0)
        self.ahead_ms = 0.0

    def now_ms(self) -> float:
        return super().now_ms() + self.ahead_ms

    def alarm(self) -> Any:
        alarm = super().alarm()
        wait = alarm.wait

        def watched(until_ms: float | None, is_idle: bool) -> None:
            if until_ms is not None:
                self.sleeps.release()
            wait(until_ms, is_idle)

        alarm.wait = watched  # type: ignore[method-assign]
        return alarm


def test_a_real_alarm_runs_a_job_when_its_time_has_come() -> None:
    ran = threading.Event()
    with rnb.connect() as db:
        db.mutation(lambda ctx: ran.set(), name="ring")
        began_ms = Clock().now_ms()

        db.scheduler.run_after(timedelta(milliseconds=30), "ring")

        assert ran.wait(PATIENCE_S)
        assert Clock().now_ms() - began_ms >= 30


def test_a_job_that_is_earlier_than_what_the_thread_sleeps_for_wakes_it() -> None:
    clock, ran = Watched(), threading.Event()
    with rnb.connect(clock=clock) as db:
        db.mutation(lambda ctx: ran.set(), name="ring")
        db.mutation(lambda ctx: None, name="later")
        db.scheduler.run_after(timedelta(hours=1), "later")
        assert clock.sleeps.acquire(timeout=PATIENCE_S)

        db.scheduler.run_after(0, "ring")

        assert ran.wait(PATIENCE_S)


# ------------------------------------------------------------------ how jobs end


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, asyncio.CancelledError])
@pytest.mark.parametrize("form", ["mutation", "plain", "waiting"])
def test_whatever_a_job_raises_is_its_end_and_no_one_elses(diary: Diary, form: str, error: type[BaseException]) -> None:
    def fail(ctx: Any) -> None:
        raise error

    async def fail_waiting(ctx: Any) -> None:
        raise error

    declare = diary.db.mutation if form == "mutation" else diary.db.action
    id = diary.after(0, declare(name="fail")(fail_waiting if form == "waiting" else fail))
    other = diary.after(0, getattr(diary, form), name="fine")
    diary.db.settle()

    assert diary.state(id) == "failed"
    assert diary.state(other) == "success"
    diary.after(0, diary.waiting)
    diary.db.settle()
    assert diary.seen == [("fine", 0), ("waiting", 0)]


def test_an_exception_that_cannot_be_put_into_words_is_an_end_too(diary: Diary) -> None:
    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise KeyError

    @diary.db.mutation
    def unspeakable(ctx: Any) -> None:
        raise Unspeakable

    @diary.db.mutation
    def half_a_character(ctx: Any) -> None:
        raise ValueError("\ud83d")

    @diary.db.action
    def long(ctx: Any) -> None:
        raise ValueError("x" * 3_000_000)

    ids = [diary.after(0, each) for each in (unspeakable, half_a_character, long)]
    diary.db.settle()

    errors = [document_of(diary.db, id)["state"]["error"] for id in ids]
    assert errors[:2] == ["Unspeakable: its text raised KeyError", "ValueError: \\ud83d"]
    assert (len(errors[2]), errors[2][-2:]) == (4001, "x…")


def test_a_mutation_that_is_cancelled_while_it_runs_leaves_nothing(diary: Diary) -> None:
    db = diary.db
    begun, go_on = threading.Event(), threading.Event()

    @db.mutation
    def write(ctx: Any) -> None:
        begun.set()
        go_on.wait(PATIENCE_S)
        ctx.db.insert("notes", {})

    id = diary.after(0, write)
    assert begun.wait(PATIENCE_S)
    db.scheduler.cancel(id)
    go_on.set()
    db.settle()

    assert diary.state(id) == "canceled"
    assert db.read(lambda ctx: ctx.db.query("notes").count()) == 0


def test_a_mutation_that_conflicts_runs_again_and_counts_once(diary: Diary) -> None:
    db = diary.db
    db.define(counters=rnb.table(n=rnb.v.int64()))
    with db.transaction() as tx:
        counter = tx.db.insert("counters", {"n": 0})
    runs: list[int] = []

    def add(ctx: Any, by: int) -> None:
        n = ctx.db.get(counter)["n"]
        if by == 1:
            runs.append(n)
            if len(runs) <= 2:
                elsewhere = threading.Thread(target=lambda: db.run("add", by=100))
                elsewhere.start()
                elsewhere.join()
        ctx.db.patch(counter, {"n": n + by})

    db.mutation(add)
    id = diary.after(0, "add", by=1)
    db.settle()

    assert runs == [0, 100, 200]
    assert db.read(lambda ctx: ctx.db.query("counters").sum("n")) == 201
    assert diary.state(id) == "success"


class FailingLog(MemoryLog):
    """A log on a disk that is full while `is_full`."""

    is_full = False

    def append(self, payloads: Any, expected_head: int) -> int:
        if self.is_full:
            raise LogWriteError("Cannot write", thing="the disk is full", expected="room", hint="Make some")
        return super().append(payloads, expected_head)


@pytest.mark.parametrize("form", ["mutation", "plain", "waiting"])
def test_what_a_full_disk_kept_from_being_committed_is_tried_again(
    clock: FakeClock, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    log = FailingLog()
    with Engine(None, NotebookSurface(), clock=clock, log=log) as db:
        diary = Diary(db)
        runs: list[int] = []

        def fill(ctx: Any) -> None:
            runs.append(1)
            if len(runs) == 1:
                log.is_full = True
                ctx.db.insert("notes", {}) if form == "mutation" else None

        async def fill_waiting(ctx: Any) -> None:
            fill(ctx)

        declare = db.mutation if form == "mutation" else db.action
        id = diary.after(1, declare(name="fill")(fill_waiting if form == "waiting" else fill))
        clock.advance(timedelta(seconds=1))
        assert runs == [1]
        log.is_full = False
        clock.advance(timedelta(minutes=5))

        assert diary.state(id) == "success"
        assert len(runs) == (2 if form == "mutation" else 1)
    assert "could not be committed and is tried again" in caplog.text


# ------------------------------------------------------------------ functions that come later


@pytest.mark.slow
def test_a_job_waits_until_its_function_is_there(connect: Connect, tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "x.duckdb"
    first = Diary(connect(path))
    first.after(5, first.mutation, name="one")
    first.after(5, first.plain, name="two")
    first.db.close()

    db = connect(path)
    clock.advance(timedelta(seconds=10))
    db.settle()
    assert {each["state"]["kind"] for each in scheduled(db)} == {"pending"}

    second = Diary(db)
    db.settle()

    assert sorted(second.seen) == [("one", 10), ("two", 10)]


def test_a_function_that_has_become_a_query_runs_no_jobs(diary: Diary) -> None:
    diary.after(1, diary.mutation)
    diary.db.query(lambda ctx, name="x": diary.seen.append((name, 0)), name="mutation")

    diary.db._clock.advance(timedelta(seconds=1))  # type: ignore[attr-defined]

    assert diary.seen == []
    assert [each["state"]["kind"] for each in scheduled(diary.db)] == ["pending"]


def test_a_job_runs_the_newest_function_of_its_path(diary: Diary, clock: FakeClock) -> None:
    diary.after(1, diary.mutation)
    diary.db.mutation(lambda ctx, name="x": diary.seen.append(("new", 1)), name="mutation")

    clock.advance(timedelta(seconds=1))

    assert diary.seen == [("new", 1)]


def scheduled(db: Engine) -> list[dict[str, Any]]:
    return list(db.read(lambda ctx: ctx.db.system.query("_scheduled_functions").collect()))


# ------------------------------------------------------------------ looking at it


def test_the_progress_of_what_runs_can_be_looked_at(diary: Diary) -> None:
    begun, go_on = threading.Event(), threading.Event()

    @diary.db.action
    def blocking(ctx: Any) -> None:
        ctx.progress(3, 10, "three")
        begun.set()
        go_on.wait(PATIENCE_S)

    id = diary.after(0, blocking)
    assert begun.wait(PATIENCE_S)

    assert diary.db.progress_of(id) == (3, 10, "three")
    go_on.set()
    diary.db.settle()
    assert diary.db.progress_of(id) is None


def test_commits_of_a_job_say_so(diary: Diary) -> None:
    @diary.db.mutation
    def write(ctx: Any) -> None:
        ctx.db.insert("notes", {})

    @diary.db.action
    async def act(ctx: Any) -> None:
        ctx.run_mutation(write)

    diary.after(0, write)
    diary.after(0, act)
    diary.db.settle()

    written = [commit for commit in diary.db.commits() if commit.function == "write"]
    assert [commit.origin for commit in written] == ["job write", "job act"]


def test_a_look_that_failed_is_taken_again_soon(
    diary: Diary, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    look = CronJobs.due
    failures = iter([OSError("a disk is away"), OSError("it still is")])

    def due(self: CronJobs, *args: Any) -> Any:
        for failure in failures:
            raise failure
        return look(self, *args)

    monkeypatch.setattr(CronJobs, "due", due)

    diary.after(1, diary.mutation)
    clock.advance(timedelta(seconds=2))

    assert diary.seen == [("mutation", 1.0)]
    assert [record.exc_info[1].args[0] for record in caplog.records if record.exc_info and record.exc_info[1]] == [
        "a disk is away",
        "it still is",
    ]


def test_nobody_waits_for_a_job_that_itself_waits_for_the_cells_to_end(db: Engine, clock: FakeClock) -> None:
    ends = threading.Event()

    async def cell(ctx: Any) -> None:
        await asyncio.get_running_loop().run_in_executor(None, ends.wait, PATIENCE_S)

    function = Function(cell, Kind.ACTION, path="cell:one", internal=True)
    function.waits_for_cells = True
    db.add(function)
    id = db.scheduler.run_after(timedelta(seconds=1), "cell:one")

    clock.advance(timedelta(seconds=2))
    db.settle()
    went_on = document_of(db, id)["state"]["kind"]
    ends.set()
    db.close()

    assert went_on in ("pending", "inProgress")


def test_a_function_that_was_removed_runs_no_jobs_until_it_is_there_again(diary: Diary, clock: FakeClock) -> None:
    id = diary.after(1, diary.mutation)
    diary.db.remove(diary.mutation)

    clock.advance(timedelta(seconds=2))
    diary.db.settle()
    assert diary.state(id) == "pending"
    assert diary.mutation not in diary.db.functions()

    diary.db.add(diary.mutation)
    diary.db.settle()
    assert diary.state(id) == "success"


def test_removing_what_was_replaced_removes_nothing(diary: Diary) -> None:
    first = diary.mutation
    second = Diary(diary.db).mutation

    diary.db.remove(first)

    assert second in diary.db.functions()


@pytest.mark.parametrize("kind", ["mutation", "action", "async"])
def test_a_failure_is_logged_with_its_frames_once_for_each_place(
    db: Engine, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    def fail(ctx: Any, n: int) -> None:
        raise ValueError(f"no {n}") if n < 3 else KeyError(n)

    async def fail_async(ctx: Any, n: int) -> None:
        fail(ctx, n)

    failing = {"mutation": db.mutation, "action": db.action, "async": db.action}[kind](
        fail_async if kind == "async" else fail
    )

    for n in range(4):
        db.scheduler.run_after(0, failing, n)
        db.settle()

    told = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert [str(error) for error in told] == ["no 0", "3"]
    assert "in fail\n" in caplog.text


def test_a_failure_that_people_see_where_it_stands_is_not_logged(db: Engine, caplog: pytest.LogCaptureFixture) -> None:
    @db.action
    def fail(ctx: Any) -> None:
        raise ValueError("seen")

    fail.shows_its_errors = True
    db.scheduler.run_after(0, fail)
    db.settle()

    assert caplog.records == []
