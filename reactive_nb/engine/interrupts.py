"""Ctrl-C held back while something must not be torn apart.

Python raises KeyboardInterrupt between any two steps of the main thread. Between the append of a commit to the log
and its publication that would leave a database that has forgotten what it stored. So SIGINT only leaves a note while
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


class Uninterrupted:
    """A context manager for one section at a time; used up by one `with`."""

    __slots__ = ("_noted", "_previous")

    def __init__(self) -> None:
        self._previous: Any = None
        self._noted: tuple[int, FrameType | None] | None = None

    def __enter__(self) -> None:
        if threading.get_ident() == _main:
            # None where something else than Python handles it, which is not ours to replace.
            self._previous = _handler_of(signal.SIGINT)
            if self._previous is not None:
                _set_handler(signal.SIGINT, self._note)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._previous is not None:
            _set_handler(signal.SIGINT, self._previous)
            if self._noted is not None and callable(self._previous):
                self._previous(*self._noted)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._noted = (number, frame)


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
