"""The job of a cell: its document in `_crons`, the function that the worker runs, and what the document says now.

A plan comes in, and what runs the source. The document outlives the kernel; the function is there as long as the cell
is. What the document says is followed as a live result is, so it is right whoever changes it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from reactive_nb.engine.engine import Engine
from reactive_nb.engine.refresher import Hold
from reactive_nb.errors import QueryUsageError
from reactive_nb.functions.database import SystemWriter
from reactive_nb.functions.function import Function, Kind
from reactive_nb.jobs import crons
from reactive_nb.jobs.job import Ending, Job
from reactive_nb.jobs.schedule import Interval
from reactive_nb.notebook.cell.job_status import Document, Status, deleted, status_of
from reactive_nb.notebook.cell.plan import Plan
from reactive_nb.subscriptions.subscription import Subscription


def _document(ctx: Any, name: str) -> Any:
    return crons.find(ctx.db.system, name)


class CellJob:
    """See the module. It is a `Holder` (engine/refresher.py) of its document.

    Thread rule: as `Engine`; `changed` is called on the engine's thread.

    Args:
        engine: Where the document is.
        plan: What is to run, and when.
        run: Runs the source once; what it raises is how the run failed.
        changed: Called when the document has changed.
        closed: Called when the engine is closed.

    Attributes:
        document: Starts as None; then what is stored, None again when that was deleted.
    """

    is_live_result = False

    def __init__(
        self,
        engine: Engine,
        plan: Plan,
        run: Callable[[], Awaitable[None]],
        changed: Callable[[], object],
        closed: Callable[[], object],
    ) -> None:
        self.engine = engine
        self.plan = plan
        self.document: Document | None = None
        self._status: Status | None = None
        self._changed = changed
        self._closed = closed
        self._hold: Hold | None = None

        async def run_cell(ctx: Any) -> None:  # noqa: ARG001 - the source has no context
            await run()

        self._function = Function(run_cell, Kind.ACTION, path=plan.path, internal=True)
        self._function.shows_its_errors = True
        self._function.waits_for_cells = not plan.options.thread

    def open(self) -> None:
        """Store the job, or bring the stored one up to date, and let it run from now on.

        Raises:
            QueryUsageError: Something else than a cell has the name.
        """
        plan, engine = self.plan, self.engine
        known = engine.read(lambda ctx: _document(ctx, plan.name))
        if known is not None and known["function"] != plan.path:
            raise QueryUsageError(
                f"Cannot call a cell {plan.name!r}",
                thing=f"the cron of {known['function']} has this name",
                expected="a name that no other cron has",
                hint=f"Choose another with --name, or end that one with %reactive jobs delete {plan.name}",
            )
        engine.add(self._function)
        try:
            engine.write(self._register, f"schedule {plan.name}")
            self._hold = engine.hold(
                Function(_document, Kind.QUERY, path="job", internal=True), {"name": plan.name}, self
            )
        except BaseException:
            self.let_go()
            raise

    @property
    def is_stored(self) -> bool:
        """Whether its document is still there, asked of the database itself: news of a deletion come a moment later."""
        return self.engine.read(lambda ctx: _document(ctx, self.plan.name)) is not None

    def status(self, *, is_queued: bool = False) -> Status | None:
        """Return what is known of it, for pages; None before there is anything."""
        if self.document is not None:
            self._status = status_of(self.document, self.engine.now_ms(), is_queued=is_queued)
        elif self._status is not None:
            self._status = deleted(self._status)
        return self._status

    def let_go(self) -> None:
        """Run no more; the document stays, and waits for its cell."""
        hold, self._hold = self._hold, None
        if hold is not None:
            self.engine.let_go(hold)
        if not self.engine.closed:
            self.engine.remove(self._function)

    # ------------------------------------------------------------------ what people ask

    def answer(self, method: str, params: dict[str, Any], /) -> None:
        """Do what was pressed on a page: `pause`, `resume` or `run`."""
        del params
        act = {"pause": self.engine.crons.pause, "resume": self.engine.crons.resume, "run": self.engine.crons.run_now}
        act[method](self.plan.name)

    def delete(self) -> None:
        """Delete the document."""
        if self.document is not None:
            self.engine.crons.delete(self.plan.name)

    # ------------------------------------------------------------------ runs that no schedule asks for

    def begin(self) -> Job | None:
        """Note that a run begins; None if it is not to: paused, or deleted, or running already, and then it comes after."""
        now_ms = self.engine.now_ms()

        def body(ctx: Any) -> Job | None:
            writer = self._writer(ctx)
            document = crons.find(writer, self.plan.name)
            if document is None or document["paused"]:
                return None
            crons.request(writer, self.plan.name)
            job = Job(document["_id"], self.plan.name, document["function"], document["args"], now_ms)
            return job if crons.CronJobs().begin(writer, job, now_ms) else None

        begun: Job | None = self.engine.write(body, f"begin {self.plan.name}")
        return begun

    def end(self, job: Job, ending: Ending) -> None:
        """Note how a run ended."""
        now_ms = self.engine.now_ms()
        self.engine.write(
            lambda ctx: crons.CronJobs().end(self._writer(ctx), job, ending, now_ms), f"end {self.plan.name}"
        )

    # ------------------------------------------------------------------ as a holder

    def take_news(self, subscription: Subscription) -> None:
        """Take over the document; called by the engine."""
        self.document = subscription.result

    def announce(self) -> None:
        """Tell of it; called by the engine."""
        self._changed()

    def close(self) -> None:
        """Say that the engine is closed; called by the engine."""
        self._closed()

    # ------------------------------------------------------------------ inside

    def _register(self, ctx: Any) -> None:
        plan, writer = self.plan, self._writer(ctx)
        known = crons.find(writer, plan.name)
        crons.register(
            writer,
            plan.name,
            plan.path,
            {},
            plan.schedule,
            plan.options.if_missed,
            source=plan.text,
            place=plan.place,
            now_ms=self.engine.now_ms(),
        )
        is_edited = known is not None and known.get("source") != plan.text and not known["paused"]
        if is_edited and isinstance(plan.schedule, Interval):
            crons.request(writer, plan.name)  # whoever has just edited it wants to see what it does

    def _writer(self, ctx: Any) -> SystemWriter:
        return SystemWriter(ctx.transaction, self.engine.ids)
