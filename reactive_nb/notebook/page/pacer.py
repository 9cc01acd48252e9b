"""The one thread of the notebook side: it calls a function soon after it was woken, at most once per interval.

Wakes come in from any thread; calls of `flush` go out from one daemon thread. However many wakes
arrive during a call or an interval, one call answers them all: there is no queue that could grow. The thread starts
with the first wake and ends with `rest`; a wake while that ends starts another, so for a moment two calls may overlap,
and `flush` takes a lock of its own.

Why a thread and not a timer: the engine's thread must not wait for a page, and the kernel's event loop stands still
while a cell runs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

INTERVAL_S = 0.016
"""One animation frame. Jupyter carries about 700 messages a second and drops them above 1000."""


class Pace(Protocol):
    """Decides when `flush` is called: `Pacer`, or a test."""

    def wake(self, delay_s: float = 0.0) -> None:
        """Have it called in `delay_s` seconds or sooner; any thread may ask."""

    def rest(self) -> None:
        """Have it called no more until the next `wake`."""


class Pacer:
    """Calls `flush` at most once per interval, on a thread of its own.

    Thread rule: every method may be called from any thread, also from within `flush`.

    Args:
        flush: What to call; what it raises is logged and stops nothing.
        interval_s: The least time between the end of one call and the next, in seconds.
    """

    def __init__(self, flush: Callable[[], None], interval_s: float = INTERVAL_S) -> None:
        self._flush = flush
        self._interval_s = interval_s
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None  # the one that is to go on; an older one ends when it looks here
        self._due: float | None = None  # when to call, in monotonic seconds; None: nothing to do
        self._not_before = 0.0

    def wake(self, delay_s: float = 0.0) -> None:
        """Have `flush` called in `delay_s` seconds, or sooner if an earlier wake asks for it."""
        with self._changed:
            due = max(time.monotonic() + delay_s, self._not_before)
            self._due = due if self._due is None else min(self._due, due)
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="reactive_nb pages", daemon=True)
                thread.start()
                self._thread = thread  # not before: an interrupt may keep it from starting
            self._changed.notify()

    def rest(self) -> None:
        """Have the thread end once a call in progress is over; what was asked and not yet called is dropped."""
        # Without a join: the caller may hold a lock that the call in progress waits for.
        with self._changed:
            self._thread = self._due = None
            self._changed.notify()

    def _run(self) -> None:
        while self._is_due():
            try:
                self._flush()
            except BaseException:  # SystemExit among it: without this thread no page would hear of anything any more
                logging.getLogger("reactive_nb").exception("The pages could not be brought up to date")
            with self._changed:
                self._not_before = time.monotonic() + self._interval_s
                if self._due is not None:
                    self._due = max(self._due, self._not_before)

    def _is_due(self) -> bool:
        """Wait until a call is due; False when this thread is to end instead."""
        with self._changed:
            while self._thread is threading.current_thread():
                wait_s = None if self._due is None else self._due - time.monotonic()
                if wait_s is not None and wait_s <= 0:
                    self._due = None
                    return True
                self._changed.wait(wait_s)
            return False
