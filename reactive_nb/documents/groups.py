"""Documents grouped by the fields that their index begins with, as a monoid that an ordered map keeps up to date.

Comes in: runs of entries in the order of an index. Goes out: the *groups* in that order, each a run of entries whose
keys begin with the same values. Neighbouring runs are put together by joining the last group of one with the first
group of the other where they are the same one; so a node of the map needs nothing but the groups of its children, and
after one write only the path to the changed leaf is looked at again, whether there are two groups or a hundred.

What a group remembers refers to its first document, from which the values of its fields are read: a key does not tell
1 from 1.0.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, ClassVar, NamedTuple, TypeAlias

from reactive_nb.documents.monoid import Monoid
from reactive_nb.values.key_reader import end_of

WHOLE = 0
"""The depth at which each key is a group of its own."""

_MOST_KEPT = 1024
_LEAST_OF_EACH = 4
"""A node remembers its groups if they are at most so many, and on average of so many documents.

A group takes about 400 bytes, so what is remembered adds at most a hundred bytes to a document on each level of the
tree; measured with a million documents it is 15 to 20, for a hundred groups as for ten thousand. What a commit makes
anew, and a thousand snapshots keep, is a list of at most 1024 groups, 8 kB. Beyond that the result itself is long, and
putting it together from the nodes below costs less than making its rows.
"""


class Group(NamedTuple):
    """One group of one run of entries."""

    key: bytes
    """What the keys of all its entries begin with."""
    first: bytes
    """The key of its first entry."""
    document: bytes
    """The encoding of its first document."""
    number: int
    """How many entries it has."""
    partials: tuple[Any, ...]
    """What each aggregate makes of its documents."""


Run: TypeAlias = tuple[Group, ...]
_key = itemgetter(0)


class Groups:
    """The groups of an index with some aggregates of each; the same object for the same arguments.

    Args:
        depth: How many fields of the index make a group, counted from its first one; `WHOLE` for the whole key.
        aggregates: What is computed of each group.

    Example:
        >>> by_year = Groups(2, (SumOf("cites"),))
        >>> [(group.number, group.partials) for group in papers.aggregate(*ALL, by_year)]
    """

    # One object per arguments, as for SumOf.
    _known: ClassVar[dict[tuple[int, tuple[Any, ...]], Groups]] = {}
    __slots__ = ("_nothing", "aggregates", "depth")
    depth: int
    aggregates: tuple[Monoid[bytes, Any], ...]
    _nothing: tuple[Any, ...]

    def __new__(cls, depth: int, aggregates: tuple[Monoid[bytes, Any], ...] = ()) -> Groups:
        """Return the one object for these arguments."""
        known = cls._known.get((depth, aggregates))
        if known is None:
            made = super().__new__(cls)
            made.depth = depth
            made.aggregates = aggregates
            made._nothing = tuple([aggregate.of(()) for aggregate in aggregates])
            known = cls._known.setdefault((depth, aggregates), made)
        return known

    def key(self, key: bytes) -> bytes:
        """Return the key of the group to which an entry belongs."""
        return key if self.depth == WHOLE else key[: end_of(key, self.depth)]

    def after(self, key: bytes) -> bytes:
        """Return what stands after all entries of the group to which an entry belongs."""
        return self.key(key) + b"\xff"

    def of_entries(self, keys: Sequence[bytes], values: Sequence[bytes], /) -> Run:
        """Return the groups of a run of entries."""
        groups = []
        first = 0
        while first < len(keys):
            key = self.key(keys[first])
            after = key + b"\xff"
            last = len(keys) if keys[-1] < after else bisect_left(keys, after, first + 1)
            run = values[first:last]
            partials = tuple([aggregate.of(run) for aggregate in self.aggregates])
            groups.append(Group(key, keys[first], values[first], last - first, partials))
            first = last
        return tuple(groups)

    def combine(self, runs: Sequence[Run], /) -> Run:
        """Return the groups of several runs, in order, from the groups of each."""
        groups: list[Group] = []
        parts: list[Group] = []  # of the last group, which may go on in the next run
        for run in runs:
            if not run:
                continue
            own = 0
            if parts and run[0].key == parts[0].key:
                parts.append(run[0])
                own = 1
            if own < len(run):
                if parts:
                    groups.append(self._joined(parts))
                groups += run[own:-1]
                parts = [run[-1]]
        if parts:
            groups.append(self._joined(parts))
        return tuple(groups)

    def replace(self, groups: Run, removed: Run, added: Run, /) -> Run | None:
        """Return the groups after one entry gave way to another of the same key, or came, or went.

        None if the first document of a group went, or an aggregate cannot say what is left of it.
        """
        if not removed and not added:
            return groups
        (one,) = added or removed
        at = bisect_left(groups, one.key, key=_key)
        if at == len(groups) or groups[at].key != one.key:
            return (*groups[:at], one, *groups[at:])  # nothing can be removed from a group that is not there
        group = groups[at]
        number = group.number + len(added) - len(removed)
        if not number:
            return groups[:at] + groups[at + 1 :]
        first, document = group.first, group.document
        if one.first <= first:
            if not added:
                return None
            first, document = one.first, one.document
        partials = []
        gone = removed[0].partials if removed else self._nothing
        come = added[0].partials if added else self._nothing
        for aggregate, partial, before, after in zip(self.aggregates, group.partials, gone, come, strict=True):
            partial = aggregate.replace(partial, before, after)
            if partial is None:
                return None
            partials.append(partial)
        changed = Group(group.key, first, document, number, tuple(partials))
        return (*groups[:at], changed, *groups[at + 1 :])

    def is_kept(self, groups: Run, size: int, /) -> bool:
        """Whether a node of `size` entries should remember its groups."""
        return len(groups) <= _MOST_KEPT and len(groups) * _LEAST_OF_EACH <= size

    def _joined(self, parts: list[Group]) -> Group:
        """Return one group from its parts, in order."""
        first = parts[0]
        if len(parts) == 1:
            return first
        columns = zip(*[part.partials for part in parts], strict=True)
        partials = [aggregate.combine(column) for aggregate, column in zip(self.aggregates, columns, strict=True)]
        number = sum([part.number for part in parts])
        return Group(first.key, first.first, first.document, number, tuple(partials))

    def __repr__(self) -> str:
        return f"Groups({self.depth}, {self.aggregates!r})"
