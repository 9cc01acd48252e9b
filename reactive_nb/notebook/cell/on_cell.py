"""`%%on EXPR`: source that runs after each change of what an expression gives, with the new value as `rows`.

The expression is evaluated when something it has read changes; the source runs when that gave another value. Values
that come while it runs, or waits for its turn, are taken together: the next run gets the newest.
"""

from __future__ import annotations

from contextlib import suppress
from types import CodeType
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from reactive_nb.notebook.cell.capture import Ran, captured, error_output
from reactive_nb.notebook.cell.reactive_cell import ReactiveCell
from reactive_nb.notebook.cell.recorder import Reads
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
    ) -> None:
        super().__init__(shell, turns, source, name, number)
        self.expression = expression
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

    def _act(self, reads: Reads) -> Ran | None:
        try:
            value = self._evaluate()
        except Exception as error:  # noqa: BLE001 - the user's, and shown in place
            return Ran([error_output(self._shell, error)], error)
        before, self._value = self._value, value
        if before is _ABSENT or _is_same(before, value):
            return None
        reads.pause()
        names = self._shell.user_ns
        hidden = names.get(ROWS, _ABSENT)
        names[ROWS] = value
        try:
            return captured(self._shell, self.source, self.number)
        finally:
            if hidden is not _ABSENT:
                names[ROWS] = hidden
            else:
                names.pop(ROWS, None)

    def _evaluate(self) -> Any:
        value = eval(self._code, self._shell.user_global_ns, self._shell.user_ns)
        return value.value if isinstance(value, Live) else value

    def _python(self) -> str:
        return self.expression


HOW = 'Write an expression that calls a query, such as %%on departures(origin="JFK"), or a variable that holds a live result'


def _is_same(one: Any, other: Any) -> bool:
    with suppress(Exception):  # not made of values
        return wire.encode(one) == wire.encode(other)
    with suppress(Exception):  # whatever a class of the user's says of equality
        return bool(one == other)
    return False
