"""Taking turns with a stopwatch: runs contestants alternately, and keeps what each attempt measured.

Comes in: per contestant a function that does its work once and returns a number, mostly the seconds that count. Goes
out: the median and the slow tail of each.
"""

from __future__ import annotations

import contextlib
import gc
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Attempt = Callable[[], float]

TURNS = 10
"""How many turns there are where nobody says otherwise."""
_SECONDS_PER_TURN = 0.25
"""A contestant whose attempts take longer makes fewer of them, but always one per turn."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the attempts of one contestant gave, in ascending order."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def percentile(self, percent: int) -> float:
        return self.values[min(len(self.values) * percent // 100, len(self.values) - 1)]


def interleaved(contestants: Mapping[str, Attempt], attempts: int, turns: int = TURNS) -> dict[str, Measured]:
    """Return what each contestant measured in up to `attempts` attempts, made in turns after one to warm up.

    Another one begins each turn, so that none always follows the one that leaves the disk busy.
    """
    values: dict[str, list[float]] = {name: [] for name in contestants}
    names = [*contestants]
    with heap_set_aside():
        for turn in range(turns + 1):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                attempt = contestants[name]
                measured = [attempt()]
                until = time.perf_counter() + _SECONDS_PER_TURN
                while len(measured) < attempts // turns and time.perf_counter() < until:
                    measured.append(attempt())
                if turn:
                    values[name] += measured
    return {name: Measured(tuple(sorted(own))) for name, own in values.items()}


@contextlib.contextmanager
def heap_set_aside() -> Iterator[None]:
    """Keep the garbage collector away from all that exists already.

    It stays on, as it is for users, and collects what the contestants make; but it does not walk through millions of
    documents of one contestant on the time of another.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def timed(act: Callable[[], object]) -> Attempt:
    """Return an attempt that measures the whole of `act`."""

    def attempt() -> float:
        started = time.perf_counter()
        act()
        return time.perf_counter() - started

    return attempt


class Arrival:
    """A listener that notes when it is called, on whatever thread that is.

    Example:
        >>> arrival = Arrival()
        >>> board.observe(arrival, "value")
        >>> seconds = arrival.after(lambda: send(body="hello"))
    """

    def __init__(self) -> None:
        self._at = 0.0
        self._pending = threading.Semaphore(0)

    def __call__(self, _: Any) -> None:
        self._at = time.perf_counter()
        self._pending.release()

    def after(self, act: Callable[[], object]) -> float:
        """Return the seconds from the start of `act` to the call of this listener that it leads to."""
        started = time.perf_counter()
        act()
        self._pending.acquire()
        return self._at - started
