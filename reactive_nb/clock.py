"""Time, randomness and ids as objects handed to the engine, so that a test can own all three.

`Clock` and `IdSource` are what production uses; `reactive_nb.testing` has the ones whose every answer a test decides.
"""

from __future__ import annotations

import os
import random
import time


class Clock:
    """The wall clock. `FakeClock` in `reactive_nb.testing` answers with what a test set."""

    def now_ms(self) -> float:
        """Return the time in milliseconds since 1970-01-01 UTC."""
        return time.time_ns() / 1_000_000


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
