r"""Half-open ranges of index keys, and sets of them.

In come byte strings, out go answers to "is this key inside?" and "which of these is?". An `Interval` `[start, end)`
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

    def contains(self, key: bytes) -> bool:
        """Whether `key` lies inside."""
        return self.start <= key < self.end


ALL = Interval(b"", b"\xff")
"""Every key there can be."""


def prefix_interval(prefix: bytes) -> Interval:
    """The keys that start with `prefix`, which is empty or ends where an encoded value ends."""
    return Interval(prefix, prefix + b"\xff")


def point_interval(key: bytes) -> Interval:
    """Exactly `key`: no byte string lies between a key and that key followed by a zero byte."""
    return Interval(key, key + b"\x00")


class IntervalSet:
    """A set of keys written as sorted, disjoint, non-touching intervals; it never changes.

    Args:
        intervals: What it holds, in any order, overlapping or empty; pairs of bytes will do.

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
        for start, end in sorted(intervals):
            if start >= end:
                continue
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(end, self._ends[-1])
            else:
                self._starts.append(start)
                self._ends.append(end)

    def contains(self, key: bytes) -> bool:
        """Whether `key` is in the set."""
        at = bisect_right(self._starts, key)
        return at > 0 and key < self._ends[at - 1]

    def around(self, key: bytes) -> Interval:
        """The interval in which `key`, which is in the set, lies."""
        at = bisect_right(self._starts, key) - 1
        return Interval(self._starts[at], self._ends[at])

    def overlaps_any(self, sorted_keys: Sequence[bytes]) -> bytes | None:
        """The smallest of some ascending keys that is in the set, or None. A conflict names the key it gets here."""
        if len(sorted_keys) < len(self):
            return next((key for key in sorted_keys if self.contains(key)), None)
        for start, end in zip(self._starts, self._ends, strict=True):
            at = bisect_left(sorted_keys, start)
            if at == len(sorted_keys):
                return None
            if sorted_keys[at] < end:
                return sorted_keys[at]
        return None

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
