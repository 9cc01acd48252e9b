"""Scheduled cells: `%%every`, `%%cron` and `%%at`. Source that runs when a stored schedule says so, also unseen.

The worker runs the cell's function when its document says that it is due (cell_job.py). The source then runs on the
main thread between cells, as if it were one of them, or at once in a thread of its own. Its outputs take the place of
those of the run before.

It keeps: never two runs at once, for the worker begins no second run before it knows how the first one ended.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from reactive_nb.engine.engine import Engine
from reactive_nb.functions.origin import calling_from
from reactive_nb.notebook.cell.capture import Ran, Shell, captured, error_output
from reactive_nb.notebook.cell.cell_job import CellJob
from reactive_nb.notebook.cell.job_status import Status
from reactive_nb.notebook.cell.main_thread import Interrupted, as_exception, on_main_thread
from reactive_nb.notebook.cell.outputs import Output
from reactive_nb.notebook.cell.plan import Plan
from reactive_nb.notebook.cell.thread_run import ran_in_thread
from reactive_nb.notebook.cell.time_limit import TimeLimit
from reactive_nb.notebook.turns import Turns


class JobScreen(Protocol):
    """Where a scheduled cell shows its outputs: `page.panel.Panel`, or a test."""

    def show(self, outputs: list[Output] | None = None, *, state: str = "live", note: str = "") -> None:
        """Have pages show outputs, or without any those that are there."""

    def close(self) -> None:
        """Have pages keep what they show, as closed."""


class JobCell:
    """A cell that a schedule runs.

    Thread rule: it is told of its document on the engine's thread, and of runs on the thread of the event loop; the
    source runs on the main thread, or on one of its own. `_showing` keeps what is sent to the screen in order.

    Args:
        shell: Where the source runs.
        turns: Gives it turns between cells.
        engine: Where the job is stored.
        plan: What runs, and when.

    Attributes:
        job: The job.
        outputs: What the last run showed.
        error: What the last run raised, or None.
    """

    def __init__(self, shell: Shell, turns: Turns, engine: Engine, plan: Plan) -> None:
        self.kind = plan.kind
        self.name = plan.name
        self.plan = plan
        self.engine = engine
        self.outputs: list[Output] = []
        self.error: BaseException | None = None
        self.origin = f"the {plan.kind} cell {plan.name}"
        self.job = CellJob(engine, plan, self._run, self._show_job, self._on_engine_closed)
        self._shell = shell
        self._turns = turns
        self._screen: JobScreen | None = None
        self._dispose: Callable[[], object] = lambda: None
        self._tell_job: Callable[[Status], object] = lambda _: None
        self._is_queued = False
        self._is_closed = False
        self._showing = threading.RLock()

    @property
    def is_closed(self) -> bool:
        """Whether it runs no more."""
        return self._is_closed

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}, {'closed' if self._is_closed else self.plan.schedule.describe()}>"

    # ------------------------------------------------------------------ its life

    def start(self) -> None:
        """Store the job; it may run from now on."""
        self.job.open()

    def show_on(self, screen: JobScreen, dispose: Callable[[], object] = lambda: None) -> None:
        """Show the outputs and the job there from now on.

        Args:
            screen: Where.
            dispose: Called when another cell has taken this one's place, so that nobody looks at it any more.
        """
        with self._showing:
            self._screen, self._dispose = screen, dispose
            screen.show(self.outputs)

    def show_job_on(self, tell: Callable[[Status], object]) -> None:
        """Have `tell` show how it is with the job from now on."""
        self._tell_job = tell
        self._show_job()

    def answer(self, method: str, params: dict[str, Any], /) -> None:
        """Do what was pressed on a page."""
        self.job.answer(method, params)

    def close(self, note: str = "") -> None:
        """Run no more; the document waits for the cell, and what is shown stays."""
        if self._is_closed:
            return
        self._is_closed = True  # a run that waits for its turn ends there
        self.job.let_go()
        with self._showing:
            if self._screen is not None:
                self._screen.show(state="closed", note=note)
                self._screen.close()

    def replace(self) -> None:
        """Run no more because the cell is run again, which takes its outputs away."""
        self.close()
        self._dispose()

    # ------------------------------------------------------------------ runs

    async def _run(self) -> None:
        """Run the source once; called on the event loop, by the worker."""
        await (self._run_in_thread() if self.plan.options.thread else self._run_between_cells())
        if self.error is not None:
            raise as_exception(self.error)

    async def _run_between_cells(self) -> None:
        self._set_queued(True)
        try:
            await on_main_thread(self._turns, self, self._turn)
        except Exception as error:  # noqa: BLE001 - of the run, and shown in place
            self._take(Ran([error_output(self._shell, error)], error))  # outside the source
        finally:
            self._set_queued(False)

    def _turn(self) -> None:
        """Run the source; called on the main thread."""
        if self._is_closed:
            raise Interrupted("because its cell was run again, or closed")
        self._set_queued(False)
        limit = TimeLimit(self.plan.options.timeout, self._turns.interrupt)
        with calling_from(self.origin):
            ran = limit.run(lambda: captured(self._shell, self.plan.source, self.plan.number))
        self._take(limit.applied(ran, self._shell, self.name))

    async def _run_in_thread(self) -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()

        def work() -> None:
            try:
                with calling_from(self.origin):
                    self._take(ran_in_thread(self._shell, self.plan.source, self.plan.number))
            finally:
                with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
                    loop.call_soon_threadsafe(over.set)

        # In the context of the job, for whose end nothing in it may wait, such as db.settle(). A daemon: a run without an
        # end keeps neither the kernel nor the database from closing.
        act = contextvars.copy_context().run
        threading.Thread(target=act, args=(work,), name=f"reactive_nb cell {self.name}", daemon=True).start()
        await over.wait()

    def _take(self, ran: Ran) -> None:
        """Show what came of a run."""
        with self._showing:
            self.outputs, self.error = ran.outputs, ran.error
            if self._screen is not None and not self._is_closed:
                self._screen.show(self.outputs)

    # ------------------------------------------------------------------ what pages show

    def _set_queued(self, is_queued: bool) -> None:
        if self._is_queued != is_queued:
            self._is_queued = is_queued
            self._show_job()

    def _show_job(self) -> None:
        with self._showing:
            status = self.job.status(is_queued=self._is_queued)
            if status is not None and not self._is_closed:
                self._tell_job(status)

    def _on_engine_closed(self) -> None:
        self.close("its database was closed; run the cell again when it is open")
