"""Ctrl-C, and other signals, held back while something must not be torn apart.

Python raises KeyboardInterrupt between any two steps of the main thread. Between the append of a commit to the log
and its publication that would leave a database that has forgotten what it stored. So a signal only leaves a note while
a section runs, and is delivered at its end. Other threads are never interrupted and pay nothing.
"""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

_main = threading.main_thread().ident

# `signal.signal` also turns handlers into members of an enum, by way of two exceptions: a tenth of a whole commit. The
# function that it calls does the work alone, and stands in a module that CPython keeps to itself.
_signals = sys.modules.get("_signal", signal)
_handler_of = _signals.getsignal
_set_handler = _signals.signal


_HELD = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGALRM", "SIGHUP", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
"""The signals whose handlers people write, and may raise from: a time limit by SIGALRM tears as much as Ctrl-C does."""


class Uninterrupted:
    """A context manager for one section at a time; used up by one `with`."""

    __slots__ = ("_handlers", "_noted")

    def __init__(self) -> None:
        self._handlers: list[tuple[int, Any]] = []
        self._noted: dict[int, FrameType | None] = {}

    def __enter__(self) -> None:
        if threading.get_ident() == _main:
            for number in _HELD:
                handler = _handler_of(number)
                if callable(handler):  # else it is not handled in Python, and nothing is raised
                    self._handlers.append((number, handler))
                    _set_handler(number, self._note)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._handlers:
            _set_handler(number, handler)
        for number, frame in self._noted.items():
            dict(self._handlers)[number](number, frame)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._noted[number] = frame


class UninterruptedLock:
    """A lock whose sections Ctrl-C cannot tear apart; not for nesting.

    Attributes:
        bare: The lock itself, for sections that are uninterrupted already.
    """

    __slots__ = ("_section", "bare")

    def __init__(self) -> None:
        self.bare = threading.Lock()
        self._section: Uninterrupted | None = None

    def __enter__(self) -> None:
        section = Uninterrupted()
        section.__enter__()
        self.bare.acquire()
        self._section = section

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        section, self._section = self._section, None
        self.bare.release()
        assert section is not None
        section.__exit__(kind, error, traceback)
