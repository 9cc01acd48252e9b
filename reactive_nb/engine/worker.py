"""The thread that runs jobs when they fall due, and sleeps until the next one.

Comes in: jobs as documents, of scheduled calls and of crons. Goes out: their functions run, mutations and plain actions
on a few threads, an `async def` on the event loop. What is due is read from the newest snapshot, so the documents alone
say what is to be done, and a process that was killed goes on where they stand. The thread starts with the first job.

How one job is run stands in `job_execution`. What a machine's trouble kept from being committed is tried again later; what
a function raises is its result.
"""

from __future__ import annotations

import contextvars
import logging
import random
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import finalize, ref

from reactive_nb.clock import Alarm, Clock
from reactive_nb.engine.action_runs import ActionRuns
from reactive_nb.engine.interrupts import UninterruptedLock
from reactive_nb.engine.job_execution import JobExecution, JobHost, writer_of
from reactive_nb.errors import (
    ConflictError,
    DatabaseClosed,
    LogError,
    NestedCallError,
    UnknownFunction,
)
from reactive_nb.functions.actions import Report
from reactive_nb.functions.context import MutationContext, QueryContext
from reactive_nb.functions.function import Function, Kind
from reactive_nb.jobs.job import Ending, Job, Jobs
from reactive_nb.jobs.scheduled import ScheduledCalls
from reactive_nb.schema.system_tables import CRONS, SCHEDULED
from reactive_nb.transaction.commit import Commit

logger = logging.getLogger("reactive_nb")

THREADS = 8
"""How many mutations and plain actions run at once; as in Convex."""
JOBS = 64
"""How many jobs run at once in all."""
BACKLOG = 256
"""How many jobs that are due are read ahead, so that not each end of one reads those that wait again."""

Progress = tuple[float, float | None, str]

_JOB_TABLES = frozenset((SCHEDULED, CRONS))
_FIRST_RETRY_MS = 100.0
_LAST_RETRY_MS = 60_000.0

_worker: contextvars.ContextVar[int | None] = contextvars.ContextVar("reactive_nb_worker", default=None)
"""Whose job the caller is a part of: the worker's `id`, for a reference would keep its database."""


@dataclass(slots=True)
class _Held:
    """A job that could not be committed: when it is tried again, and how often it was."""

    until_ms: float
    times: int


class Worker:
    """Owns the thread, and what runs. All methods may be called from any thread.

    Args:
        host: The engine.
        calls: The scheduled calls.
        tables: Further tables of jobs.
        name: Of the database, for the names of threads.
        clock: The time.
        runs: Runs actions.
        is_owner: Whether nobody else can be running jobs of this database, so what is in progress at first is of a
            process that has ended.
    """

    def __init__(
        self,
        host: JobHost,
        calls: ScheduledCalls,
        tables: Iterable[Jobs],
        name: str,
        clock: Clock,
        runs: ActionRuns,
        is_owner: bool,
    ) -> None:
        self._host = host
        self._calls = calls
        self._tables: tuple[Jobs, ...] = (calls, *tables)
        self._name = name
        self._clock = clock
        self._runs = runs
        self._execution = JobExecution(host, clock, runs)
        self._state = UninterruptedLock()
        # Everything below is guarded by it.
        self._alarm: Alarm | None = None
        self._thread: threading.Thread | None = None
        self._lacks_thread = False  # whether it could not be started
        self._pool: ThreadPoolExecutor | None = None
        self._ready: dict[str, float] = {}  # since when a function can be run, by path
        self._waiting_for_cells: set[str] = set()  # paths of functions for which nobody in a cell may wait
        self._running: dict[str, Job] = {}  # by id
        self._progress: dict[str, Progress] = {}  # by id, of those that tell
        self._held: dict[str, _Held] = {}  # by id
        self._unsaved: dict[str, tuple[Jobs, Job, Ending]] = {}  # by id, of what is over; held, all of them
        self._failures = 0  # of looks, in a row; only the thread's
        self._backlog: deque[tuple[Jobs, Job]] = deque()  # what was due and found no room; only the thread's
        self._is_fresh = is_owner  # until the jobs of a dead process have been looked for
        self._closed = False
        self._settling: list[tuple[float, threading.Lock]] = []  # until which time, and who waits
        self._idle: threading.Lock | None = None  # what `close` waits on, locked

    # ------------------------------------------------------------------ for other threads

    def wake(self) -> None:
        """Look again at what is due; starts the thread when it is the first time."""
        with self._state:
            self._wake()

    def on_commit(self, commit: Commit) -> None:
        """Look again if a commit has touched jobs."""
        if self._lacks_thread or any(change.table in _JOB_TABLES for change in commit.changes):
            self.wake()

    def add(self, function: Function) -> None:
        """Take a function that jobs may name; those that have waited for it may run now."""
        with self._state:
            self._waiting_for_cells.discard(function.path)
            if function.waits_for_cells:
                self._waiting_for_cells.add(function.path)
            if function.kind is Kind.QUERY:
                self._ready.pop(function.path, None)
            else:
                self._ready.setdefault(function.path, self._clock.now_ms())
            if self._alarm is not None:
                self._alarm.ring()

    def serve(self, table: Jobs) -> None:
        """Take a further table of jobs; `wake` says that something of it may be due."""
        with self._state:
            self._tables = (*self._tables, table)

    def remove(self, function: Function) -> None:
        """Begin no more jobs that name a function, until it is there again."""
        with self._state:
            self._ready.pop(function.path, None)

    def progress(self, id: str) -> Progress | None:
        """Return what a job that runs has told of its progress: done, total or None, a text."""
        with self._state:
            return self._progress.get(id)

    @property
    def is_inside(self) -> bool:
        """Whether the caller is a part of a job of this database, for whose end it must not wait."""
        return _worker.get() == id(self)

    def settle(self) -> None:
        """Return when every job that is due now is over.

        Raises:
            NestedCallError: Called by a job, which settling would wait for, or by an `async def`, during whose wait no
                other one could go on.
        """
        if self.is_inside or self._runs.is_on_loop:
            raise NestedCallError(
                "Cannot settle",
                thing="it is called by a job, or by an async action, which settling would wait for",
                expected="a call from a cell or another thread",
                hint="Jobs that are due run by themselves; leave the call out",
            )
        over = threading.Lock()
        over.acquire()
        with self._state:
            if self._alarm is None or self._closed:
                return
            self._settling.append((self._clock.now_ms(), over))
            self._alarm.ring()
        over.acquire()

    def stop(self) -> None:
        """Begin no more jobs; those that wait for a thread stay as they are, for the next one to open the file."""
        with self._state:
            self._closed = True
            self._release()
            if self._alarm is not None:
                self._alarm.ring()

    def close(self) -> None:
        """Begin no more jobs, and return when those that run have ended; somebody has to cancel their actions."""
        idle = threading.Lock()
        idle.acquire()
        self.stop()
        with self._state:
            self._idle = idle
            self._release()
        idle.acquire()
        if self._thread is not None:
            self._thread.join()
        if self._pool is not None:
            self._pool.shutdown()

    def _wake(self) -> None:
        if self._alarm is None and not self._closed:
            self._start()
        elif self._alarm is not None:
            self._alarm.ring()

    def _start(self) -> None:
        alarm = self._clock.alarm()
        thread = threading.Thread(
            target=_serve, args=(ref(self), alarm), name=f"reactive_nb jobs {self._name}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:
            # Not raised: the commit that has woken us is done, and others have yet to hear of it.
            logger.warning(
                "There is no thread for the jobs of %s, which wait for the next commit: %s", self._name, error
            )
            alarm.close()
            self._lacks_thread = True
            return
        finalize(self, alarm.ring).atexit = False
        self._alarm, self._thread, self._lacks_thread = alarm, thread, False

    def _release(self) -> None:
        """Let those go who wait for the end, when it is there."""
        if self._idle is not None and not self._running:
            self._idle.release()
            self._idle = None
        if self._closed:
            for _, over in self._settling:
                over.release()
            self._settling.clear()

    # ------------------------------------------------------------------ the thread

    def round(self) -> tuple[float | None, bool] | None:
        """Begin what is due; return until when to sleep and whether nothing runs, or None at the end."""
        with self._state:
            if self._closed:
                return None
        try:
            plan = self._look()
        except DatabaseClosed:
            return None
        except Exception:
            logger.exception("Jobs of %s could not be looked at; it is tried again", self._name)
            self._failures += 1
            return self._clock.now_ms() + _pause_ms(self._failures), True
        self._failures = 0
        return plan

    def _look(self) -> tuple[float | None, bool]:
        if self._is_fresh:
            self._host.write(self._abandon, "abandon jobs")
            self._is_fresh = False
        now_ms = self._clock.now_ms()
        self._save_late(now_ms)
        if self._begin_backlog():
            return None, False  # the end of a job rings
        with self._state:
            running = list(self._running.values())
            skipped = set(self._running)
            skipped.update(id for id, held in self._held.items() if held.until_ms > now_ms)
        due, times = self._host.read(lambda ctx: self._due(ctx, now_ms, BACKLOG + len(skipped)))
        self._backlog.extend(each for each in due if each[1].id not in skipped)
        self._begin_backlog()
        forget_ms = self._host.read(lambda ctx: self._calls.forget_ms(ctx.db.system))
        if forget_ms is not None and forget_ms <= now_ms:
            self._host.write(
                lambda ctx: self._calls.forget(writer_of(ctx, self._host), now_ms), "forget results of jobs"
            )
            forget_ms = self._host.read(lambda ctx: self._calls.forget_ms(ctx.db.system))
        with self._state:
            left = {job.id for _, job in due}
            left.update(self._unsaved)
            self._held = {id: held for id, held in self._held.items() if held.until_ms > now_ms or id in left}
            times += [forget_ms, *(held.until_ms for held in self._held.values() if held.until_ms > now_ms)]
            # Those that ran before the look may be over now, and have scheduled what it has not seen.
            seen = [job for job in [*running, *(job for _, job in due)] if job.id not in self._held]
            self._release_settled([*seen, *self._running.values()])
            is_idle = not any(map(self._is_awaited, self._running.values()))
            return min((each for each in times if each is not None), default=None), is_idle

    def _due(self, ctx: QueryContext, now_ms: float, limit: int) -> tuple[list[tuple[Jobs, Job]], list[float | None]]:
        """Return what is due, oldest first, and when each table has something due after now."""
        system = ctx.db.system
        due = [(table, job) for table in self._tables for job in table.due(system, now_ms, self._ready.get, limit)]
        due.sort(key=lambda each: each[1].due_ms)
        return due, [table.next_ms(system, now_ms, self._ready.get) for table in self._tables]

    def _is_awaited(self, job: Job) -> bool:
        """Whether people may wait for a job's end; the caller holds the lock."""
        return job.path not in self._waiting_for_cells

    def _release_settled(self, jobs: list[Job]) -> None:
        """Let those go whose moment lies before all jobs that are not over; the caller holds the lock."""
        open_ms = min((job.due_ms for job in jobs if self._is_awaited(job)), default=float("inf"))
        for until_ms, over in self._settling:
            if until_ms < open_ms:
                over.release()
        self._settling = [each for each in self._settling if each[0] >= open_ms]

    def _abandon(self, ctx: MutationContext) -> None:
        for table in self._tables:
            table.abandon(writer_of(ctx, self._host), self._clock.now_ms())

    # ------------------------------------------------------------------ one job

    def _begin_backlog(self) -> bool:
        """Begin jobs that were due while there was no room; return whether some still find none."""
        while self._backlog:
            with self._state:
                if len(self._running) >= JOBS:
                    return True
            self._begin(*self._backlog.popleft())
        return False

    def _begin(self, table: Jobs, job: Job) -> None:
        try:
            function = self._host.find(job.path)
        except UnknownFunction:
            return  # it was taken out since the look, and the job waits for the next one
        with self._state:
            if self._closed or job.path not in self._ready:
                return
            self._running[job.id] = job
            if self._pool is None:
                self._pool = ThreadPoolExecutor(THREADS, f"reactive_nb job {self._name}")
        try:
            if function.is_async:
                self._launch(table, job, function)
            else:
                self._pool.submit(contextvars.Context().run, self._run, table, job, function)
        except RuntimeError as error:
            if "shutdown" not in str(error):  # else Python is ending, and the next one to open the file goes on
                logger.warning("There is no thread for the job %s, which is tried again: %s", job.name, error)
            with self._state:
                self._running.pop(job.id, None)
                self._hold(job)
                self._release()

    def _launch(self, table: Jobs, job: Job, function: Function) -> None:
        coroutine = self._run_async(table, job, function)
        try:
            self._runs.launch(coroutine)
        except BaseException:
            coroutine.close()
            raise

    def _run(self, table: Jobs, job: Job, function: Function) -> None:
        """Run a mutation or a plain action, on a thread of the pool."""
        _worker.set(id(self))
        with self._watching(job):
            if not self._closed and function.kind is Kind.MUTATION:
                self._execution.mutation(table, job, function)
            elif not self._closed:
                self._execution.action(table, job, function, self._reporter(job), self._end)

    async def _run_async(self, table: Jobs, job: Job, function: Function) -> None:
        """Run an `async def`, on the event loop."""
        _worker.set(id(self))
        with self._watching(job):
            if not self._closed:
                await self._execution.async_action(table, job, function, self._reporter(job), self._end)

    def _end(self, table: Jobs, job: Job, ending: Ending) -> None:
        """Note how an action ended; when that cannot be committed, it is tried again until it can."""
        with self._state:
            self._unsaved[job.id] = (table, job, ending)
        self._execution.end(table, job, ending)
        with self._state:
            del self._unsaved[job.id]

    def _save_late(self, now_ms: float) -> None:
        """Try again to note the ends that could not be committed."""
        with self._state:
            late = [
                each
                for id, each in self._unsaved.items()
                if id not in self._running and id in self._held and self._held[id].until_ms <= now_ms
            ]
        for table, job, ending in late:
            with self._watching(job):
                self._end(table, job, ending)

    def _reporter(self, job: Job) -> Report:
        def report(done: float, total: float | None, text: str) -> None:
            with self._state:
                self._progress[job.id] = (done, total, text)

        return report

    @contextmanager
    def _watching(self, job: Job) -> Iterator[None]:
        """Keep account of a job that runs, and of what a full disk or a lasting conflict does to it."""
        try:
            yield
            with self._state:
                self._held.pop(job.id, None)
        except DatabaseClosed:
            pass  # nothing of it is committed, and the next one to open the file goes on
        except (ConflictError, LogError) as error:
            logger.warning("The job %s could not be committed and is tried again: %s", job.name, error)
            with self._state:
                self._hold(job)
        except Exception:
            logger.exception("The job %s failed; this is an error of reactive_nb", job.name)
            with self._state:
                self._hold(job)
        finally:
            with self._state:
                self._running.pop(job.id, None)
                self._progress.pop(job.id, None)
                self._release()
                if self._alarm is not None:
                    self._alarm.ring()

    def _hold(self, job: Job) -> None:
        times = self._held[job.id].times + 1 if job.id in self._held else 1
        self._held[job.id] = _Held(self._clock.now_ms() + _pause_ms(times), times)


def _pause_ms(times: int) -> float:
    """Return how long to wait after so many failures in a row.

    With jitter on a half, after Brooker, "Exponential backoff and jitter", 2015.
    """
    pause_ms = float(min(_FIRST_RETRY_MS * 2 ** min(times - 1, 20), _LAST_RETRY_MS))
    return random.uniform(pause_ms / 2, pause_ms)


def _serve(weakly: ref[Worker], alarm: Alarm) -> None:
    """What the thread does; while it sleeps it holds no reference that would keep the engine."""
    try:
        while True:
            worker = weakly()
            if worker is None:
                return
            plan = worker.round()
            del worker
            if plan is None:
                return
            alarm.wait(*plan)
    finally:
        alarm.close()
