"""The ordered map as two sorted lists: what `ordered_map.py` must do, in the fewest words.

Every change copies everything. It is the oracle of the fast map's tests, and the place to read what a method means.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Self, TypeVar

from reactive_nb.documents.interval import ALL
from reactive_nb.documents.monoid import AnyMonoid, of_run

V = TypeVar("V")
P = TypeVar("P")
D = TypeVar("D")


class SortedListMap(Generic[V]):
    """An immutable map from bytes to values that are not None, in the order of its keys; without arguments empty."""

    __slots__ = ("_keys", "_values")

    def __init__(self) -> None:
        self._keys: list[bytes] = []
        self._values: list[V] = []

    @classmethod
    def from_sorted(cls, keys: list[bytes], values: list[V]) -> Self:
        """Return a map of parallel lists; `keys` must ascend strictly."""
        made = cls()
        made._keys, made._values = list(keys), list(values)
        return made

    def apply(self, changes: Sequence[tuple[bytes, V | None]]) -> Self:
        """Return the map after a batch of changes; None deletes, and deleting what is not there does nothing."""
        entries: dict[bytes, V | None] = {**dict(self.items()), **dict(changes)}
        kept = sorted((key, value) for key, value in entries.items() if value is not None)
        return self.from_sorted([key for key, _ in kept], [value for _, value in kept])

    def with_changes(self, keys: Sequence[bytes], values: Sequence[V | None]) -> Self:
        """Return the map after changes that are given as two lists."""
        return self.apply(list(zip(keys, values, strict=True)))

    def with_change(self, key: bytes, value: V | None) -> Self:
        """Return the map after one change; None deletes."""
        return self.apply([(key, value)])

    def get(self, key: bytes, default: D | None = None) -> V | D | None:
        """Return the value of `key`, or `default`."""
        return self._values[self._keys.index(key)] if key in self._keys else default

    def __contains__(self, key: bytes) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def blocks(
        self, start: bytes = ALL.start, end: bytes = ALL.end, reverse: bool = False
    ) -> Iterator[tuple[list[bytes], list[V]]]:
        """Yield the entries of `[start, end)` as runs of keys and values; here as one run."""
        run = slice(bisect_left(self._keys, start), bisect_left(self._keys, end))
        keys, values = self._keys[run], self._values[run]
        if keys:
            yield (keys[::-1], values[::-1]) if reverse else (keys, values)

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

    def count(self, start: bytes = ALL.start, end: bytes = ALL.end) -> int:
        """Return how many keys lie in `[start, end)`."""
        return len(list(self.items(start, end)))

    def heads(self, start: bytes, end: bytes, after: Callable[[bytes], bytes]) -> Iterator[tuple[bytes, V]]:
        """Yield the first entry of `[start, end)`, then the first one from `after(its key)` on, and so forth."""
        while (found := self.first(start, end)) is not None:
            yield found
            start = after(found[0])

    def nth(self, position: int, start: bytes = ALL.start, end: bytes = ALL.end) -> tuple[bytes, V] | None:
        """Return the entry with `position` others of `[start, end)` before it, or None; -1 is the last one."""
        entries = list(self.items(start, end))
        return entries[position] if -len(entries) <= position < len(entries) else None

    def aggregate(self, start: bytes, end: bytes, monoid: AnyMonoid[V, P]) -> P:
        """Return what an aggregate makes of the entries in `[start, end)`, as a partial."""
        entries = list(self.items(start, end))
        return of_run(monoid, [key for key, _ in entries], [value for _, value in entries])

    def check(self) -> None:
        """Assert that the keys ascend."""
        assert self._keys == sorted(set(self._keys))
        assert len(self._keys) == len(self._values)
