"""Time, randomness and ids as objects handed to the engine, so that a test can own all three.

`Clock` and `IdSource` are what production uses; `reactive_nb.testing` has the ones whose every answer a test decides.
"""

from __future__ import annotations

import os
import random
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from datetime import datetime
from typing import TypeGuard

LOOK_AGAIN_MS = 60_000.0
"""How long an alarm sleeps at most while it has a time to wait for. The timers of a machine stand still while it is
suspended, and its clock may be set: so a laptop that wakes up is late by this much at most."""


class Alarm(ABC):
    """What one thread sleeps on until a time, or until another thread rings."""

    @abstractmethod
    def wait(self, until_ms: float | None, is_idle: bool) -> None:
        """Sleep; for the one thread that owns it. A ring before this call ends it at once.

        Args:
            until_ms: When to wake up, in milliseconds since 1970 UTC; None to wait for a ring.
            is_idle: Whether everything that was due is done, so that a clock of a test may go on.
        """

    @abstractmethod
    def ring(self) -> None:
        """Wake the thread; any thread may."""

    @abstractmethod
    def close(self) -> None:
        """Nobody sleeps on it any more."""


class Clock:
    """The wall clock. `FakeClock` in `reactive_nb.testing` answers with what a test set."""

    def now_ms(self) -> float:
        """Return the time in milliseconds since 1970-01-01 UTC."""
        return time.time_ns() / 1_000_000

    def alarm(self) -> Alarm:
        """Return a new alarm that follows this clock."""
        return _WallAlarm(self)


class _WallAlarm(Alarm):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Unlocked by a ring. No Event: a finalizer may ring in the middle of its owner's wait, and would find the
        # event's own lock held by its own thread.
        self._rung = threading.Lock()
        self._rung.acquire()

    def wait(self, until_ms: float | None, is_idle: bool) -> None:  # noqa: ARG002 - for the clocks of tests
        if until_ms is None:
            self._rung.acquire()
        else:
            left_ms = max(0.0, until_ms - self._clock.now_ms())
            self._rung.acquire(timeout=min(left_ms, LOOK_AGAIN_MS) / 1000)

    def ring(self) -> None:
        with suppress(RuntimeError):  # rung already
            self._rung.release()

    def close(self) -> None:
        self.ring()


class IdSource:
    """Sixteen fresh bytes for each new document: 6 of time in milliseconds, then 10 of randomness.

    Leading with time keeps documents made together close together in the map ordered by id, so a bulk insert
    touches a few of its leaves and not all of them. The layout is that of UUID version 7 (RFC 9562).
    """

    def __init__(self, clock: Clock, seed: int | None = None) -> None:
        self._clock = clock
        self._random = None if seed is None else random.Random(seed)

    def next(self) -> bytes:
        """Return 16 bytes that no earlier call has returned."""
        noise = os.urandom(10) if self._random is None else self._random.randbytes(10)
        return int(self._clock.now_ms()).to_bytes(6, "big") + noise

    def seed(self) -> int:
        """Return a seed for the random numbers of one function run."""
        return int.from_bytes(os.urandom(8) if self._random is None else self._random.randbytes(8), "big")


def is_datetime(value: object) -> TypeGuard[datetime]:
    """Whether something is a datetime; pandas' NaT, which says that it is one and equals nothing, is none."""
    return isinstance(value, datetime) and value == value
