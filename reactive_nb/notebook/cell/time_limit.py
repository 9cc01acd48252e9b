"""A time limit for what runs on the main thread: when it is over, the run is interrupted as by the interrupt button.

And again, after a second, two, four: an interrupt that meets one of IPython's own callbacks is gone, and a source may
catch it and go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from reactive_nb.engine.interrupts import Uninterrupted
from reactive_nb.errors import ActionTimeout
from reactive_nb.notebook.cell.capture import Ran, Shell, error_output

T = TypeVar("T")

FIRST_PAUSE_S = 1.0
"""How long after the first interrupt the second one comes; then twice as long each time."""


class TimeLimit:
    """The limit of one run.

    Args:
        limit: How long it may take; None for as long as it takes.
        interrupt: Interrupts the main thread; called on another one, and never after the run.

    Attributes:
        is_over: Whether the run was interrupted because of it.
    """

    def __init__(self, limit: timedelta | None, interrupt: Callable[[], object]) -> None:
        self.limit = limit
        self.is_over = False
        self._interrupt = interrupt
        self._has_ended = False
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def run(self, act: Callable[[], T]) -> T | None:
        """Call `act` and return what it returns; None when it is interrupted because of the limit.

        Not a context manager: the interrupt may come before such a one has been entered.
        """
        try:
            try:
                if self.limit is not None:
                    self._start(self.limit.total_seconds(), FIRST_PAUSE_S)
                return act()
            finally:
                self._stop()
        except KeyboardInterrupt:
            self._stop()  # it may have come just before the same was done above
            if not self.is_over:
                raise
            return None

    def applied(self, ran: Ran | None, shell: Shell, what: str) -> Ran:
        """Return what came of a run, as one that took too long if that is how it ended; `what` is its name."""
        ran = ran or Ran([], None)
        if not self.is_over:
            return ran
        assert self.limit is not None
        error = ActionTimeout(
            f"Cannot go on with {what}",
            thing=f"it has run for longer than its timeout of {self.limit.total_seconds():g} seconds",
            expected="a run that ends before",
            hint="Give it more time with --timeout, or let it do less",
        )
        return Ran([*ran.outputs, error_output(shell, error)], error)

    def _start(self, seconds: float, pause_s: float) -> None:
        self._timer = threading.Timer(seconds, self._end, [pause_s])
        self._timer.daemon = True
        self._timer.start()

    def _stop(self) -> None:
        with Uninterrupted(), self._lock:
            self._has_ended = True
            if self._timer is not None:
                self._timer.cancel()

    def _end(self, pause_s: float) -> None:
        with self._lock:
            if not self._has_ended:
                self.is_over = True
                self._interrupt()
                self._start(pause_s, pause_s * 2)
