"""An immutable sorted map from bytes to values, of which a changed copy costs microseconds at a million entries.

Comes in: a batch of changes. Goes out: the map after them, which shares with the map before all nodes that hold none
of the changed keys; the map before stays as it was, for whoever holds it. Reads are look-ups, scans of a half-open
interval from either end, counts, and aggregates that are kept with the nodes. No locks: everything that another
thread can see is complete, and what is computed late (counts, partials) is the same whoever computes it.

The structure is the B+ tree of `tree.py`, copied along the path from the root ("path copying": Driscoll, Sarnak,
Sleator, Tarjan, Making Data Structures Persistent, 1989). Each look-up walks it in a loop of its own, because a call
per level would cost more than the step it makes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeVar

from reactive_nb.documents.interval import ALL
from reactive_nb.documents.monoid import AnyMonoid, carried, of_run
from reactive_nb.documents.tree import (
    Leaf,
    Node,
    Shape,
    changed,
    check_node,
    partial,
    rooted,
    row_of_leaves,
)

V = TypeVar("V")
P = TypeVar("P")
D = TypeVar("D")

Edit: TypeAlias = tuple[bytes, V | None]
"""A key and its new value; None deletes."""

_SMALL_BATCH = 8
_SPARSE_BATCH = 32
"""Up to so many changes, or with so many entries between two of them, one by one is cheaper than as a batch.

Measured from ten thousand to a million entries. One by one also carries the partials of aggregates along, whereas a
batch leaves the nodes it makes to be looked at again.
"""


class OrderedMap(Generic[V]):
    """An immutable map from bytes to values that are not None, in the order of its keys; without arguments empty.

    Example:
        >>> ages = OrderedMap.from_sorted([b"ann", b"bob"], [31, 42])
        >>> later = ages.apply([(b"bob", None), (b"cem", 53)])
        >>> list(ages.items()), list(later.items())
        ([(b'ann', 31), (b'bob', 42)], [(b'ann', 31), (b'cem', 53)])
    """

    __slots__ = ("_height", "_root")

    shape: ClassVar[Shape] = Shape()
    """The sizes of nodes. Tests derive a map with small ones, so that few entries make a deep tree."""

    def __init__(self, _root: Node[V] | None = None, _height: int = 0) -> None:
        self._root: Node[V] = Leaf([], []) if _root is None else _root
        self._height = _height

    @classmethod
    def from_sorted(cls, keys: list[bytes], values: list[V]) -> Self:
        """Return a map of parallel lists; `keys` must ascend strictly, which is not checked."""
        return cls(*rooted(*row_of_leaves(keys, values, cls.shape), 0, cls.shape))

    # ------------------------------------------------------------------ changes

    def apply(self, changes: Sequence[Edit[V]]) -> Self:
        """Return the map after a batch of changes.

        Args:
            changes: Pairs of a key and its new value, with keys strictly ascending, which is not checked. None as
                value deletes; deleting what is not there does nothing.
        """
        if len(changes) > _SMALL_BATCH:
            return self.with_changes([key for key, _ in changes], [value for _, value in changes])
        after = self
        for key, value in changes:
            after = after.with_change(key, value)
        return after

    def with_changes(self, keys: Sequence[bytes], values: Sequence[V | None]) -> Self:
        """Return the map after a batch of changes, as `apply` does, given as their keys and their values.

        Each run of new keys between two old ones, such as a frame adds to the end of a group, is taken as a whole.
        """
        if keys and self.count(keys[0], keys[-1]) < len(keys) * _SPARSE_BATCH:
            return self._with_batch(keys, values)
        after = self
        for key, value in zip(keys, values, strict=True):
            after = after.with_change(key, value)
        return after

    def with_change(self, key: bytes, value: V | None) -> Self:
        """Return the map after one change, as `apply([(key, value)])` does; None deletes."""
        node: Any = self._root  # the height says which of the two kinds of node it is
        path = []
        for _ in range(self._height):
            at = bisect_right(node.separators, key)
            path.append((node, at))
            node = node.children[at]
        keys: list[bytes] = node.keys
        values: list[V] = node.values
        at = bisect_left(keys, key)
        found = at < len(keys) and keys[at] == key
        removed = [values[at]] if found else []
        # A leaf that would get too full or too empty is left to the batch, which splits and joins.
        if value is None:
            if not found:
                return self
            if path and len(keys) <= self.shape.least(0):
                return self._with_batch([key], [value])
            keys = keys.copy()
            values = values.copy()
            del keys[at]
            del values[at]
        elif found:
            values = values.copy()
            values[at] = value
        else:
            if len(keys) >= self.shape.leaf:
                return self._with_batch([key], [value])
            keys = keys.copy()
            values = values.copy()
            keys.insert(at, key)
            values.insert(at, value)
        fresh: Node[V] = Leaf(keys, values)
        growth = fresh.size - node.size
        added = [] if value is None else [value]
        deltas: dict[AnyMonoid[Any, Any], tuple[Any, Any]] = {}
        if node.memo is not None:
            fresh.memo = carried(node.memo, fresh.size, key, removed, added, deltas)
        for branch, at in reversed(path):
            fresh = branch.resized(at, fresh, growth)
            if branch.memo is not None:
                fresh.memo = carried(branch.memo, fresh.size, key, removed, added, deltas)
        return self.__class__(fresh, self._height)

    def _with_batch(self, keys: Sequence[bytes], values: Sequence[V | None]) -> Self:
        row = changed(self._root, self._height, keys, values, 0, len(keys), self.shape)
        return self.__class__(*rooted(*row, self._height, self.shape))

    # ------------------------------------------------------------------ reads

    def get(self, key: bytes, default: D | None = None) -> V | D | None:
        """Return the value of `key`, or `default`."""
        node: Any = self._root
        for _ in range(self._height):
            node = node.children[bisect_right(node.separators, key)]
        keys = node.keys
        at = bisect_left(keys, key)
        if at < len(keys) and keys[at] == key:
            value: V = node.values[at]
            return value
        return default

    def __contains__(self, key: bytes) -> bool:
        return self.get(key) is not None

    def __len__(self) -> int:
        return self._root.size

    def blocks(
        self, start: bytes = ALL.start, end: bytes = ALL.end, reverse: bool = False
    ) -> Iterator[tuple[list[bytes], list[V]]]:
        """Yield the entries of `[start, end)` as runs of keys and values, lazily; the lists are the caller's.

        Args:
            start: The smallest key of interest.
            end: The first key no longer of interest.
            reverse: Whether to go from `end` to `start`; the runs are then descending too.
        """
        return self._descending(start, end) if reverse else self._ascending(start, end)

    def unshared(self, other: OrderedMap[V]) -> tuple[dict[bytes, V], dict[bytes, V]]:
        """Return the entries that stand in nodes of this map only, and those in nodes of the other only.

        Entries that differ are among them, and some that do not. Where one map came from the other, the cost is that of
        the changes between them.
        """
        mine: list[Any] = [self._root]
        theirs: list[Any] = [other._root]
        # Nodes can be the same at the same height only, so both sides go down level by level.
        for height in range(max(self._height, other._height), -1, -1):
            if height <= min(self._height, other._height):
                shared = set(map(id, mine)) & set(map(id, theirs))
                mine = [node for node in mine if id(node) not in shared]
                theirs = [node for node in theirs if id(node) not in shared]
            if height:
                if height <= self._height:
                    mine = [child for node in mine for child in node.children]
                if height <= other._height:
                    theirs = [child for node in theirs for child in node.children]
        return _entries(mine), _entries(theirs)

    def _ascending(self, start: bytes, end: bytes) -> Iterator[tuple[list[bytes], list[V]]]:
        node: Any = self._root
        path = []
        for _ in range(self._height):
            at = bisect_right(node.separators, start)
            path.append((node.children, at))
            node = node.children[at]
        first = bisect_left(node.keys, start)
        while True:
            keys = node.keys
            last = bisect_left(keys, end, first) if keys and keys[-1] >= end else len(keys)
            if first < last:
                yield keys[first:last], node.values[first:last]
            if last < len(keys):
                return
            first = 0
            while path:  # up to the nearest branch with a next child
                children, at = path.pop()
                at += 1
                if at < len(children):
                    break
            else:
                return
            path.append((children, at))
            node = children[at]
            while len(path) < self._height:  # down to its first leaf
                path.append((node.children, 0))
                node = node.children[0]

    def _descending(self, start: bytes, end: bytes) -> Iterator[tuple[list[bytes], list[V]]]:
        node: Any = self._root
        path = []
        for _ in range(self._height):
            at = bisect_left(node.separators, end)
            path.append((node.children, at))
            node = node.children[at]
        last = bisect_left(node.keys, end)
        while True:
            keys = node.keys
            first = bisect_left(keys, start, 0, last) if keys and keys[0] < start else 0
            if first < last:
                run_keys, run_values = keys[first:last], node.values[first:last]
                run_keys.reverse()
                run_values.reverse()
                yield run_keys, run_values
            if first > 0:
                return
            while path:  # up to the nearest branch with a child before
                children, at = path.pop()
                if at > 0:
                    break
            else:
                return
            path.append((children, at - 1))
            node = children[at - 1]
            while len(path) < self._height:  # down to its last leaf
                path.append((node.children, len(node.children) - 1))
                node = node.children[-1]
            last = len(node.keys)

    def items(self, start: bytes = ALL.start, end: bytes = ALL.end, reverse: bool = False) -> Iterator[tuple[bytes, V]]:
        """Yield the entries of `[start, end)` one by one."""
        for keys, values in self.blocks(start, end, reverse):
            yield from zip(keys, values, strict=True)

    def first(self, start: bytes = ALL.start, end: bytes = ALL.end) -> tuple[bytes, V] | None:
        """Return the entry with the smallest key of `[start, end)`, or None."""
        return next(self.items(start, end), None)

    def last(self, start: bytes = ALL.start, end: bytes = ALL.end) -> tuple[bytes, V] | None:
        """Return the entry with the largest key of `[start, end)`, or None."""
        return next(self.items(start, end, reverse=True), None)

    def heads(self, start: bytes, end: bytes, after: Callable[[bytes], bytes]) -> Iterator[tuple[bytes, V]]:
        """Yield the first entry of `[start, end)`, then the first one from `after(its key)` on, and so forth.

        A "skip scan": what lies between is not looked at, so the first entry of each of a hundred groups costs a
        hundred look-ups, however many entries the groups have.
        """
        while (block := next(self.blocks(start, end), None)) is not None:
            keys, values = block
            at = 0
            while at < len(keys):
                yield keys[at], values[at]
                start = after(keys[at])
                at = bisect_left(keys, start, at + 1)

    def nth(self, position: int, start: bytes = ALL.start, end: bytes = ALL.end) -> tuple[bytes, V] | None:
        """Return the entry with `position` others of `[start, end)` before it, or None; -1 is the last one."""
        first, last = self._rank(start), self._rank(end)
        wanted = position + (first if position >= 0 else last)
        if not first <= wanted < last:
            return None
        node: Any = self._root
        for _ in range(self._height):
            at = bisect_right(node.offsets(), wanted) - 1
            wanted -= node.offsets()[at]
            node = node.children[at]
        return node.keys[wanted], node.values[wanted]

    def count(self, start: bytes = ALL.start, end: bytes = ALL.end) -> int:
        """Return how many keys lie in `[start, end)`, without looking at the leaves between."""
        return max(0, self._rank(end) - self._rank(start))

    def _rank(self, key: bytes) -> int:
        node: Any = self._root
        before = 0
        for _ in range(self._height):
            at = bisect_right(node.separators, key)
            before += node.offsets()[at]
            node = node.children[at]
        return before + bisect_left(node.keys, key)

    # ------------------------------------------------------------------ aggregates

    def aggregate(self, start: bytes, end: bytes, monoid: AnyMonoid[V, P]) -> P:
        """Return what an aggregate makes of the values in `[start, end)`, as a partial.

        Nodes within the interval answer from what they remember; only the leaves at its two ends are looked at.
        """
        parts: list[P] = []
        if start < end:
            low = self.first()
            high = self.last()
            # An interval that reaches past the first or last key has no edge there, and the root may know it all.
            self._collect(
                self._root,
                None if low is None or start <= low[0] else start,
                None if high is None or end > high[0] else end,
                monoid,
                parts,
            )
        return parts[0] if len(parts) == 1 else monoid.combine(parts)

    def _collect(
        self, node: Node[V], start: bytes | None, end: bytes | None, monoid: AnyMonoid[V, P], parts: list[P]
    ) -> None:
        """Append the partials of the values of a node within bounds; None is no bound."""
        if start is None and end is None:
            parts.append(partial(node, monoid))
        elif isinstance(node, Leaf):
            first = 0 if start is None else bisect_left(node.keys, start)
            last = node.size if end is None else bisect_left(node.keys, end)
            if last - first == node.size:
                parts.append(partial(node, monoid))
            elif first < last:
                parts.append(of_run(monoid, node.keys[first:last], node.values[first:last]))
        else:
            first = 0 if start is None else bisect_right(node.separators, start)
            last = len(node.separators) if end is None else bisect_left(node.separators, end)
            if first == last:
                self._collect(node.children[first], start, end, monoid, parts)
            else:
                self._collect(node.children[first], start, None, monoid, parts)
                parts.extend([partial(child, monoid) for child in node.children[first + 1 : last]])
                self._collect(node.children[last], None, end, monoid, parts)

    # ------------------------------------------------------------------ tests

    def check(self) -> None:
        """Assert every invariant of the tree, and that remembered partials equal computed ones."""
        check_node(self._root, self._height, self.shape, None, None, True)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({len(self)} entries)"


def _entries(leaves: list[Any]) -> dict[bytes, Any]:
    return {key: value for leaf in leaves for key, value in zip(leaf.keys, leaf.values, strict=True)}
