"""The engines that are open in this process: found again by `connect`, listed by `%reactive`, closed at the end.

An engine in memory is gone when nobody holds it. One with a file stays until it is closed, so that connecting again
finds it and not its half-written file.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reactive_nb.engine.engine import Engine


class Roster:
    """A set of engines; every method may be called from any thread."""

    __slots__ = ("_engines", "_lock", "_with_files")

    def __init__(self) -> None:
        self._lock = threading.Lock()  # a set must not change while it is gone through
        self._engines: weakref.WeakSet[Engine] = weakref.WeakSet()
        self._with_files: set[Engine] = set()

    def add(self, engine: Engine) -> None:
        """Enter an engine that has been opened."""
        with self._lock:
            self._engines.add(engine)
            if engine.path is not None:
                self._with_files.add(engine)

    def discard(self, engine: Engine) -> None:
        """Strike out an engine that has let go of its file."""
        with self._lock:
            self._engines.discard(engine)
            self._with_files.discard(engine)

    def engines(self) -> list[Engine]:
        """Return them, those being closed among them, by path."""
        with self._lock:
            engines = list(self._engines)
        return sorted(engines, key=lambda engine: str(engine.path or ""))

    def close_all(self) -> None:
        """Leave every file folded and without a log; each of them, also when another one fails."""
        with contextlib.ExitStack() as closing:
            for engine in self.engines():
                closing.callback(engine.close)

    def forget_all(self) -> None:
        """Leave the files to the parent: a forked child that ends must not close, and so delete, the parent's log."""
        self.__init__()  # type: ignore[misc]  # with a lock of its own: another thread of the parent may have held this


ROSTER = Roster()

atexit.register(ROSTER.close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=ROSTER.forget_all)


def open_engines() -> list[Engine]:
    """Return the engines that are open in this process."""
    return ROSTER.engines()
