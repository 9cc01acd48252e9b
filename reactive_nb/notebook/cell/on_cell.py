"""`%%on EXPR`: source that runs after each change of what an expression gives, with the new value as `rows`.

The expression is evaluated when something it has read changes; the source runs when that gave another value. Values
that come while it runs, or waits for its turn, are taken together: the next run gets the newest.

It is a job whose time is a change (cell_job.py): while that is paused, changes are noted and nothing runs. A run that
somebody asks for comes from the worker, as those of scheduled cells do.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from types import CodeType
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from reactive_nb.engine.interrupts import Uninterrupted
from reactive_nb.functions.actions import describe_error
from reactive_nb.jobs.job import Ending
from reactive_nb.notebook.cell.capture import Ran, captured, error_output
from reactive_nb.notebook.cell.cell_job import CellJob
from reactive_nb.notebook.cell.job_status import Status
from reactive_nb.notebook.cell.main_thread import Interrupted, as_exception, on_main_thread
from reactive_nb.notebook.cell.reactive_cell import ReactiveCell
from reactive_nb.notebook.cell.recorder import Reads
from reactive_nb.notebook.cell.time_limit import TimeLimit
from reactive_nb.notebook.live import Live
from reactive_nb.notebook.turns import Turns
from reactive_nb.values import wire

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

ROWS = "rows"

_ABSENT = object()


class OnCell(ReactiveCell):
    """See the module.

    Args:
        expression: A Python expression that calls a query, or is a live result.
        timeout: How long a run may take.
        keep: Stores the cell as a job, once it is known what it reads; without, it is none.

    Attributes:
        job: The job, from `start` on, if it is one.

    Raises:
        UsageError: The expression is none.
    """

    kind = "%%on"
    # What it does is not for the eye alone.
    runs_unseen = True

    def __init__(
        self,
        shell: InteractiveShell,
        turns: Turns,
        source: str,
        name: str,
        number: int | None = None,
        *,
        expression: str,
        timeout: timedelta | None = None,
        keep: Callable[[OnCell], CellJob | None] = lambda _: None,
    ) -> None:
        super().__init__(shell, turns, source, name, number)
        self.expression = expression
        self.job: CellJob | None = None
        self._timeout = timeout
        self._keep = keep
        self._tell_job: Callable[[Status], object] = lambda _: None
        self._is_asked_for = False
        self._value: object = _ABSENT
        try:
            self._code: CodeType = compile(expression, "<%%on>", "eval")
        except SyntaxError as error:
            raise UsageError(f"%%on cannot read {expression!r}: {error.msg}. {HOW}") from None

    def start(self) -> None:
        """Evaluate the expression, so that its changes are seen.

        Raises:
            UsageError: It reads nothing that changes.
        """
        self._run("")
        if self.error is not None:
            error, self.error = self.error, None
            self.close()
            raise error
        if not self.reads():
            self.close()
            raise UsageError(f"%%on {self.expression} calls no query, so that it would never run. {HOW}")
        self.note = f"waiting for a change of {self.expression}"
        self.job = self._keep(self)
        if self.job is not None:
            self.job.open()

    def show_job_on(self, tell: Callable[[Status], object]) -> None:
        """Have `tell` show how it is with the job from now on."""
        self._tell_job = tell
        self.on_job()

    def on_job(self) -> None:
        """Show how it is with the job; called when its document has changed."""
        with self._showing:
            status = None if self.job is None else self.job.status()
            if status is not None:
                self._tell_job(status)

    def answer(self, method: str, params: dict[str, Any], /) -> None:
        """Do what was pressed on a page."""
        if self.job is not None:
            self.job.answer(method, params)

    def close(self, note: str = "") -> None:
        """End it; the job waits for its cell."""
        super().close(note)
        if self.job is not None:
            self.job.let_go()

    def end(self) -> None:
        """End it, and forget the job."""
        if self.job is not None:
            self.job.delete()
        super().end()

    async def run_asked_for(self) -> None:
        """Run without a change; called on the event loop, by the worker."""
        await on_main_thread(self._turns, (self, "asked for"), self._turn_asked_for)
        if self.error is not None:
            raise as_exception(self.error)

    def _turn_asked_for(self) -> None:
        if self.state == "closed":
            raise Interrupted("because its cell was run again, or closed")
        self._is_asked_for = True
        try:
            self._run("ran because somebody asked for it")
        finally:
            self._is_asked_for = False

    def _act(self, reads: Reads) -> Ran | None:
        try:
            value = self._evaluate()
        except Exception as error:  # noqa: BLE001 - the user's, and shown in place
            return Ran([error_output(self._shell, error)], error)
        before, self._value = self._value, value
        if not self._is_asked_for and (before is _ABSENT or _is_same(before, value)):
            return None
        reads.pause()
        return self._run_source(value) if self.job is None or self._is_asked_for else self._run_as(self.job, value)

    def _run_as(self, job: CellJob, value: object) -> Ran | None:
        """Run the source as one run of the job; not while that is paused."""
        begun = job.begin()
        if begun is None:
            return None
        ran = None
        try:
            ran = self._run_source(value)
        finally:
            error = Interrupted("by the interrupt button") if ran is None else ran.error
            with Uninterrupted():
                job.end(begun, Ending("success") if error is None else Ending("failed", error=_said(error)))
        return ran

    def _run_source(self, value: object) -> Ran:
        names = self._shell.user_ns
        hidden = names.get(ROWS, _ABSENT)
        names[ROWS] = value
        limit = TimeLimit(self._timeout, self._turns.interrupt)
        try:
            ran = limit.run(lambda: captured(self._shell, self.source, self.number))
        finally:
            if hidden is not _ABSENT:
                names[ROWS] = hidden
            else:
                names.pop(ROWS, None)
        return limit.applied(ran, self._shell, self.name)

    def _evaluate(self) -> Any:
        value = eval(self._code, self._shell.user_global_ns, self._shell.user_ns)
        return value.value if isinstance(value, Live) else value

    def _python(self) -> str:
        return self.expression


HOW = 'Write an expression that calls a query, such as %%on departures(origin="JFK"), or a variable that holds a live result'


def _said(error: BaseException) -> str:
    return describe_error(as_exception(error))


def _is_same(one: Any, other: Any) -> bool:
    with suppress(Exception):  # not made of values
        return wire.encode(one) == wire.encode(other)
    with suppress(Exception):  # whatever a class of the user's says of equality
        return bool(one == other)
    return False
