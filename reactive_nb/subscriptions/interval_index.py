"""Who is watching this key? Intervals with their owners, arranged so that a key finds those it lies in.

Comes in: intervals and owners, added and removed one by one. Goes out: the owners of all intervals around a key, or
around any of many keys. The cost does not grow with the intervals that are not hit, however much they overlap.

A B-tree of intervals, sorted by start and then by end, in which each node keeps beside every child the largest end
below it. A search skips the children that start after the key and those that end before it, so whatever it does
visit holds a hit. (The augmented interval tree of Cormen, Leiserson, Rivest, Stein, Introduction to Algorithms,
section 14.3, with wide nodes in place of red-black ones, because bisecting a list is one step for Python.)
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Sequence
from itertools import pairwise
from typing import Any, Generic, TypeVar

from reactive_nb.documents.interval import Interval

T = TypeVar("T", bound=Hashable)

_CAPACITY = 32
"""Most entries of a node. Measured from 16 to 64 with a hundred to a hundred thousand intervals."""

_SPARSE_KEYS = 16
"""With more pairs than so many for each key, looking each key up is cheaper than going through all once (measured)."""


class _Node:
    """Three parallel lists; leaves and branches differ in what `items` are.

    Attributes:
        is_leaf: Whether `items` are the owners of intervals, else nodes.
        keys: Of a leaf, its intervals. Of a branch, a lower bound of each child; the first is never read.
        items: Of a leaf, the owners of each interval, as keys of a dict so that their order is that of adding.
        ends: Of a leaf, the end of each interval. Of a branch, the largest end below each child.
    """

    __slots__ = ("ends", "is_leaf", "items", "keys")

    def __init__(self, is_leaf: bool, keys: list[Interval], items: list[Any], ends: list[bytes]) -> None:
        self.is_leaf = is_leaf
        self.keys = keys
        self.items = items
        self.ends = ends

    def child_for(self, interval: Interval) -> int:
        """Return which child of a branch an interval belongs below."""
        return bisect_right(self.keys, interval, 1) - 1

    def split(self) -> _Node:
        """Move the upper half into a new node, and return that."""
        half = len(self.keys) // 2
        upper = _Node(self.is_leaf, self.keys[half:], self.items[half:], self.ends[half:])
        del self.keys[half:], self.items[half:], self.ends[half:]
        return upper


class IntervalIndex(Generic[T]):
    """A changing set of pairs of an interval and an owner; its length is the number of pairs.

    Args:
        capacity: Most entries of a node, at least 2. Tests give a small one, so that few intervals make a deep tree.

    Example:
        >>> index = IntervalIndex()
        >>> index.add(Interval(b"a", b"m"), "first half")
        >>> index.add(Interval(b"", b"z"), "all")
        >>> index.stab(b"q")
        ['all']
    """

    __slots__ = ("_capacity", "_root", "_size")

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._root = _Node(True, [], [], [])
        self._size = 0

    def add(self, interval: Interval, owner: T) -> None:
        """Let `owner` be found by every key in `interval`; a pair that is there already stays there once."""
        path: list[tuple[_Node, int]] = []
        node = self._root
        while not node.is_leaf:
            at = node.child_for(interval)
            if node.ends[at] < interval.end:
                node.ends[at] = interval.end
            path.append((node, at))
            node = node.items[at]
        at = bisect_left(node.keys, interval)
        if at < len(node.keys) and node.keys[at] == interval:
            owners: dict[T, None] = node.items[at]
            self._size += owner not in owners
            owners[owner] = None
            return
        self._size += 1
        node.keys.insert(at, interval)
        node.items.insert(at, {owner: None})
        node.ends.insert(at, interval.end)
        while len(node.keys) > self._capacity:
            upper = node.split()
            if not path:
                self._root = _Node(
                    False, [node.keys[0], upper.keys[0]], [node, upper], [max(node.ends), max(upper.ends)]
                )
                return
            parent, at = path.pop()
            parent.ends[at] = max(node.ends)
            parent.keys.insert(at + 1, upper.keys[0])
            parent.items.insert(at + 1, upper)
            parent.ends.insert(at + 1, max(upper.ends))
            node = parent

    def remove(self, interval: Interval, owner: T) -> None:
        """Take back one `add`.

        Raises:
            KeyError: The pair is not there.
        """
        path: list[tuple[_Node, int]] = []
        node = self._root
        while not node.is_leaf:
            at = node.child_for(interval)
            path.append((node, at))
            node = node.items[at]
        at = bisect_left(node.keys, interval)
        if at == len(node.keys) or node.keys[at] != interval:
            raise KeyError((interval, owner))
        owners: dict[T, None] = node.items[at]
        del owners[owner]
        self._size -= 1
        if owners:
            return
        # Nodes are given up when empty and never joined before: subscriptions come and go in the same places.
        del node.keys[at], node.items[at], node.ends[at]
        for parent, at in reversed(path):
            if not node.keys:
                del parent.keys[at], parent.items[at], parent.ends[at]
            else:
                end = max(node.ends)
                if end == parent.ends[at]:
                    break
                parent.ends[at] = end
            node = parent
        while not self._root.is_leaf and len(self._root.items) <= 1:
            self._root = self._root.items[0] if self._root.items else _Node(True, [], [], [])

    def stab(self, key: bytes) -> list[T]:
        """Return the owners of the intervals that `key` lies in: an owner once for each of them."""
        # No key lies between this one and itself followed by a zero byte, and a shorter tuple sorts first.
        beyond: Any = (key + b"\x00",)
        found: list[T] = []
        pending = [self._root]
        while pending:
            node = pending.pop()
            if node.is_leaf:
                before = bisect_left(node.keys, beyond)
                for owners, end in zip(node.items[:before], node.ends, strict=False):
                    if end > key:
                        found += owners
            else:
                before = bisect_left(node.keys, beyond, 1)
                pending += [child for child, end in zip(node.items[:before], node.ends, strict=False) if end > key]
        return found

    def stab_many(self, sorted_keys: Sequence[bytes]) -> dict[T, bytes]:
        """Return every owner of an interval that one of some ascending keys lies in, with the smallest such key."""
        found: dict[T, bytes] = {}
        if len(sorted_keys) * _SPARSE_KEYS < self._size:
            for key in sorted_keys:
                for owner in self.stab(key):
                    found.setdefault(owner, key)
            return found
        # In order of start: a later interval of the same owner cannot then hold a smaller key than an earlier one.
        pending = [self._root]
        while pending:
            node = pending.pop()
            below: list[_Node] = []
            for at, (lowest, end) in enumerate(zip(node.keys, node.ends, strict=True)):
                first = bisect_left(sorted_keys, lowest.start) if at or node.is_leaf else 0
                if first == len(sorted_keys):
                    break
                if sorted_keys[first] >= end:
                    continue
                if node.is_leaf:
                    for owner in node.items[at]:
                        found.setdefault(owner, sorted_keys[first])
                else:
                    below.append(node.items[at])
            pending += reversed(below)
        return found

    def __len__(self) -> int:
        return self._size

    def check(self) -> None:
        """Assert the invariants: equal depth, order, sizes, largest ends, and the number of pairs."""
        depths, pairs = _check(self._root, self._capacity, None, None)
        assert len(depths) == 1
        assert pairs == self._size
        assert self._root.is_leaf or len(self._root.items) > 1


def _check(node: _Node, capacity: int, low: Interval | None, high: Interval | None) -> tuple[set[int], int]:
    """Assert the invariants below a node with intervals in `[low, high)`; return the depths of leaves and the pairs."""
    assert len(node.keys) == len(node.items) == len(node.ends) <= capacity
    if node.is_leaf:
        bounds = [*([low] if low else []), *node.keys]
        assert all(before < after for before, after in pairwise(node.keys))
        assert bounds == sorted(bounds)
        assert high is None or all(interval < high for interval in node.keys)
        assert node.ends == [interval.end for interval in node.keys]
        assert all(node.items)
        return {0}, sum(map(len, node.items))
    assert node.items
    lows = [low, *node.keys[1:], high]
    depths: set[int] = set()
    pairs = 0
    for child, end, (child_low, child_high) in zip(node.items, node.ends, pairwise(lows), strict=True):
        assert child.keys
        assert end == max(child.ends)
        below, count = _check(child, capacity, child_low, child_high)
        depths |= {depth + 1 for depth in below}
        pairs += count
    return depths, pairs
