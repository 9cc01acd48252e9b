r"""Half-open ranges of index keys, and sets of them.

In come byte strings, out go answers to "is this key inside?" and "do these touch?". An `Interval` `[start, end)`
holds the keys `start <= key < end`. An `IntervalSet` keeps what a reader has looked at: its intervals are sorted,
never empty, and neither overlap nor touch, so two sets of the same keys are equal and a lookup is one bisection.

Every key starts with a byte below 0xFF, and so does whatever follows a prefix of it. That is why `ALL` ends at
`b"\xff"` and why "starts with p" is `[p, p + b"\xff")`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple


class Interval(NamedTuple):
    """The keys from `start` (included) to `end` (excluded).

    Example:
        >>> Interval(b"a", b"c").contains(b"b")
        True
    """

    start: bytes
    end: bytes

    @property
    def is_empty(self) -> bool:
        """Whether no key can lie inside."""
        return self.start >= self.end

    def contains(self, key: bytes) -> bool:
        """Whether `key` lies inside."""
        return self.start <= key < self.end

    def overlaps(self, other: Interval) -> bool:
        """Whether some key could lie in both."""
        return max(self.start, other.start) < min(self.end, other.end)

    def intersection(self, other: Interval) -> Interval:
        """The keys in both; empty where they do not overlap."""
        return Interval(max(self.start, other.start), min(self.end, other.end))


ALL = Interval(b"", b"\xff")
"""Every key there can be."""


def prefix_interval(prefix: bytes) -> Interval:
    """The keys that start with `prefix`, which is empty or ends where an encoded value ends."""
    return Interval(prefix, prefix + b"\xff")


def point_interval(key: bytes) -> Interval:
    """Exactly `key`: no byte string lies between a key and that key followed by a zero byte."""
    return Interval(key, key + b"\x00")


class IntervalSet:
    """A set of keys written as sorted, disjoint, non-touching intervals; it only grows.

    Args:
        intervals: What to start with, in any order; pairs of bytes will do.

    Example:
        >>> looked_at = IntervalSet([Interval(b"a", b"c"), Interval(b"b", b"f")])
        >>> list(looked_at)
        [Interval(start=b'a', end=b'f')]
    """

    __slots__ = ("_ends", "_starts")

    def __init__(self, intervals: Iterable[tuple[bytes, bytes]] = ()) -> None:
        # Two parallel lists rather than one of pairs, because bisection compares bytes faster than tuples.
        self._starts: list[bytes] = []
        self._ends: list[bytes] = []
        for interval in intervals:
            self.add(interval)

    def add(self, interval: tuple[bytes, bytes]) -> None:
        """Put every key of `interval` into the set, merging it with what it overlaps or touches."""
        start, end = interval
        if start >= end:
            return
        first = bisect_left(self._ends, start)  # the first that ends at or after the new start
        last = bisect_right(self._starts, end, first)  # one past the last that starts at or before the new end
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def contains(self, key: bytes) -> bool:
        """Whether `key` is in the set."""
        at = bisect_right(self._starts, key)
        return at > 0 and key < self._ends[at - 1]

    def overlaps_any(self, sorted_keys: Sequence[bytes]) -> bytes | None:
        """The smallest of some ascending keys that is in the set, or None. A conflict names the key it gets here."""
        for start, end in zip(self._starts, self._ends, strict=True):
            at = bisect_left(sorted_keys, start)
            if at == len(sorted_keys):
                return None
            if sorted_keys[at] < end:
                return sorted_keys[at]
        return None

    def union(self, other: IntervalSet) -> IntervalSet:
        """A new set with the keys of both."""
        larger, smaller = (self, other) if len(self) >= len(other) else (other, self)
        both = larger.copy()
        for interval in smaller:
            both.add(interval)
        return both

    def copy(self) -> IntervalSet:
        """A set of its own with the same keys."""
        copy = IntervalSet()
        copy._starts = self._starts.copy()
        copy._ends = self._ends.copy()
        return copy

    def check(self) -> None:
        """Assert the invariant: sorted, none empty, none overlapping or touching its neighbour."""
        bounds = [bound for interval in self for bound in interval]
        assert all(before < after for before, after in pairwise(bounds)), bounds

    def __iter__(self) -> Iterator[Interval]:
        return map(Interval, self._starts, self._ends)

    def __len__(self) -> int:
        return len(self._starts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IntervalSet):
            return NotImplemented
        return self._starts == other._starts and self._ends == other._ends

    def __repr__(self) -> str:
        return f"IntervalSet({list(self)!r})"
