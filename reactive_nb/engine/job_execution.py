"""One job: its function is run between the marks that it has begun and that it is over.

A mutation runs in one transaction with its mark: exactly once. An action is marked, in a transaction of its own, before
it begins: at most once. What the function raises is how the job ended; what could not be committed is raised here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

from reactive_nb.clock import Clock, IdSource
from reactive_nb.engine.action_runs import ActionRuns
from reactive_nb.errors import ActionCancelled, ConflictError, DatabaseClosed, LogError
from reactive_nb.functions.actions import Report, describe_error
from reactive_nb.functions.context import MutationContext, QueryContext, run_checked
from reactive_nb.functions.database import SystemWriter
from reactive_nb.functions.function import Function
from reactive_nb.functions.origin import calling_from
from reactive_nb.functions.scheduler import running_job
from reactive_nb.jobs.job import Ending, Job, Jobs

logger = logging.getLogger("reactive_nb")

MAX_TOLD = 1000
"""How many kinds of failures are remembered as logged."""

End = Callable[[Jobs, Job, Ending], None]
"""Notes how an action ended."""


class JobHost(Protocol):
    """What running jobs needs of the engine."""

    ids: IdSource

    def find(self, function: Function | str) -> Function:
        """Return a function by its path."""

    def read(self, body: Callable[[QueryContext], Any]) -> Any:
        """Run reading code."""

    def write(self, body: Callable[[MutationContext], Any], name: str = ...) -> Any:
        """Run writing code as one transaction."""


class JobExecution:
    """Runs jobs; keeps no account of them. All methods may be called from any thread.

    Args:
        host: The engine.
        clock: The time.
        runs: Runs actions.
    """

    def __init__(self, host: JobHost, clock: Clock, runs: ActionRuns) -> None:
        self._host = host
        self._clock = clock
        self._runs = runs
        self._told: set[tuple[str, type[BaseException], int]] = set()

    def mutation(self, table: Jobs, job: Job, function: Function) -> None:
        """Run a mutation with its mark and its end in one transaction, unless it is not to be run any more.

        Raises:
            ConflictError, LogError, DatabaseClosed: Nothing of it was committed.
        """
        failure: BaseException | None = None

        def body(ctx: MutationContext) -> None:
            nonlocal failure
            failure = None
            if not table.begin(writer_of(ctx, self._host), job, self._clock.now_ms()):
                return
            savepoint = ctx.transaction.savepoint()
            try:
                ending = Ending("success", run_checked(function, ctx, job.args))
            except BaseException as error:  # noqa: BLE001 - it is how the job ended
                failure = error
                ctx.transaction.rollback(savepoint)
                ending = _failed(error)
            table.end(writer_of(ctx, self._host), job, ending, self._clock.now_ms())

        with calling_from(f"job {job.name}"):
            try:
                self._host.write(body, job.path)
            except (ConflictError, LogError, DatabaseClosed):
                raise
            except Exception as error:  # noqa: BLE001 - found only when the whole was to be committed
                failure = error
                self._host.write(lambda ctx: self._refuse(ctx, table, job, _failed(failure)), job.path)
        if failure is not None:
            self._tell(job, function, failure)

    def action(self, table: Jobs, job: Job, function: Function, report: Report, end: End) -> None:
        """Run a plain action on this thread, unless it is not to be run any more."""
        with calling_from(f"job {job.name}"):
            if not self._mark(table, job):
                return
            run = self._runs.begin(function, report, _timeout(job))
            try:
                with running_job(job.id):
                    ending = Ending("success", self._runs.run(function, job.args, run))
            except BaseException as error:  # noqa: BLE001 - it is how the job ended
                ending = _failed(error)
                self._tell(job, function, error)
            end(table, job, ending)

    async def async_action(self, table: Jobs, job: Job, function: Function, report: Report, end: End) -> None:
        """Run an `async def` on this event loop, unless it is not to be run any more."""
        from asyncio import wrap_future  # not before there is such a job: it takes long to import

        with calling_from(f"job {job.name}"):
            if not self._mark(table, job):
                return
            with running_job(job.id):
                future = self._runs.start(function, job.args, report, _timeout(job))
            try:
                ending = Ending("success", await wrap_future(future))
            except BaseException as error:  # noqa: BLE001 - it is how the job ended
                ending = _failed(error)
                self._tell(job, function, error)
            end(table, job, ending)

    def end(self, table: Jobs, job: Job, ending: Ending) -> None:
        """Note how an action ended.

        Raises:
            ConflictError, LogError, DatabaseClosed: That could not be committed.
        """
        self._host.write(
            lambda ctx: table.end(writer_of(ctx, self._host), job, ending, self._clock.now_ms()), f"end {job.name}"
        )

    def _mark(self, table: Jobs, job: Job) -> bool:
        """Mark an action as running; False if it is not to be run."""
        return bool(
            self._host.write(
                lambda ctx: table.begin(writer_of(ctx, self._host), job, self._clock.now_ms()), f"begin {job.name}"
            )
        )

    def _refuse(self, ctx: MutationContext, table: Jobs, job: Job, ending: Ending) -> None:
        now_ms = self._clock.now_ms()
        if table.begin(writer_of(ctx, self._host), job, now_ms):
            table.end(writer_of(ctx, self._host), job, ending, now_ms)

    def _tell(self, job: Job, function: Function, error: BaseException) -> None:
        """Log a failure with its frames, which documents do not hold; one kind of failure once, however often it comes."""
        if function.shows_its_errors or isinstance(error, ActionCancelled):
            return
        innermost = error.__traceback__
        while innermost is not None and innermost.tb_next is not None:
            innermost = innermost.tb_next
        kind = (job.path, type(error), 0 if innermost is None else innermost.tb_lineno)
        if kind not in self._told and len(self._told) < MAX_TOLD:
            self._told.add(kind)
            logger.warning("The job %s failed; this is told once for each place", job.name, exc_info=error)


def writer_of(ctx: MutationContext, host: JobHost) -> SystemWriter:
    """Return what writes system tables in a transaction."""
    return SystemWriter(ctx.transaction, host.ids)


def _failed(error: BaseException) -> Ending:
    return Ending("failed", error=describe_error(error))


def _timeout(job: Job) -> timedelta | None:
    return None if job.timeout_ms is None else timedelta(milliseconds=job.timeout_ms)
