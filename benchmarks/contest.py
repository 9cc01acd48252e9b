"""Many contestants, some of them not installed: who is there takes part, who is not is named all the same.

Comes in: by name, what makes each contestant from the data. Goes out: for each measurement a line per contestant.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from benchmarks.table import Aim, Entry
from benchmarks.timing import Attempt, Measured

OURS = "ours"

C = TypeVar("C")


class Changing(Protocol):
    """What holds values by place."""

    def insert(self, place: int, value: Any, /) -> None: ...

    def delete(self, place: int, /) -> None: ...


def made(makers: Mapping[str, Callable[[Any], C]], data: Any) -> tuple[dict[str, C], dict[str, Measured]]:
    """Return the contestants that are installed, and how long each took to take in the data."""
    contestants: dict[str, C] = {}
    took: dict[str, Measured] = {}
    for name, make in makers.items():
        started = time.perf_counter()
        try:
            contestants[name] = make(data)
        except ImportError:
            continue
        took[name] = Measured((time.perf_counter() - started,))
    return contestants, took


def entries(
    what: str,
    names: Iterable[str],
    measured: Mapping[str, Measured],
    reference: str,
    *,
    aim: Aim | None = None,
    recalls: Mapping[str, float] | None = None,
) -> Iterator[Entry]:
    """Return the lines of one measurement, by name; `aim` is ours, and who was not measured is not installed."""
    for name in names:
        yield Entry(
            what,
            name,
            measured.get(name),
            (reference, measured.get(reference)),
            None if recalls is None else recalls.get(name),
            aim if name == OURS else None,
        )


def insert_until_seen(
    peer: Changing, places: Iterator[int], value: Any, search: Callable[[], Iterable[int]]
) -> Attempt:
    """Return an attempt that measures until a search finds what was inserted, and then deletes it."""

    def attempt() -> float:
        place = next(places)
        started = time.perf_counter()
        peer.insert(place, value)
        found = search()
        took = time.perf_counter() - started
        assert place in found, f"{peer} did not find what was inserted"
        peer.delete(place)
        return took

    return attempt


def delete_until_gone(
    peer: Changing, places: Iterator[int], value: Any, search: Callable[[], Iterable[int]]
) -> Attempt:
    """Return an attempt that inserts, and then measures until a search no longer finds what was deleted."""

    def attempt() -> float:
        place = next(places)
        peer.insert(place, value)
        started = time.perf_counter()
        peer.delete(place)
        found = search()
        took = time.perf_counter() - started
        assert place not in found, f"{peer} found what was deleted"
        return took

    return attempt
