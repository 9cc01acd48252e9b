"""What a function looked at, as ranges of index keys, including the ranges that held nothing, and as searches.

Comes in: each scan, point read and search of a run. Goes out: the answer to the one question of the engine, "does this
commit touch what that reader looked at?". The committer asks it to find conflicts, the subscription manager to find
stale results. A range is recorded and not the rows in it, so a phantom insert is caught like any other write.
(After Convex, crates/database/src/reads.rs.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from reactive_nb.documents.interval import ALL, Interval, IntervalSet, point_interval
from reactive_nb.documents.snapshot import Place
from reactive_nb.schema.declaration import BY_ID
from reactive_nb.search.edits import SearchChange, SearchRead
from reactive_nb.transaction.commit import Commit

NOTHING = Interval(b"", b"")
"""Read where only the declaration of a table was looked at."""


Ranges: TypeAlias = Mapping[Place, IntervalSet]
Searches: TypeAlias = Mapping[Place, tuple[SearchRead[Any], ...]]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Where a commit met a read set first.

    `key` ends with the id of the document that was met; in a search index it is that id. It is None when the whole
    table was declared anew. `outlived` says that so many commits have come that the first ones cannot be looked at any
    more; then `commit` is the oldest that is known, and the rest a part of what was read.
    """

    commit: Commit
    table: str
    index: str
    interval: Interval
    key: bytes | None
    outlived: bool = False
    search: SearchRead[Any] | None = None
    """The search that was met, if it was one; then the interval says nothing."""

    @property
    def read(self) -> Interval | SearchRead[Any]:
        """What was met: a range of index keys, or a search."""
        return self.interval if self.search is None else self.search


class Scan:
    """A range read that may still go on: it has been consumed up to `last`, or whole.

    Starts with nothing consumed; `last` moves as documents are handed out; `exhausted` becomes true when the reader
    has seen the end of the range.
    """

    __slots__ = ("exhausted", "interval", "last", "reverse")

    def __init__(self, interval: Interval, reverse: bool) -> None:
        self.interval = interval
        self.reverse = reverse
        self.last: bytes | None = None
        self.exhausted = False

    def consumed(self) -> Interval | None:
        """Return the part that was looked at, or None when nothing was."""
        start, end = self.interval
        if self.exhausted:
            return self.interval
        if self.last is None:
            return None
        return Interval(self.last, end) if self.reverse else Interval(start, self.last + b"\0")


class ReadSet:
    """The ranges and searches one run has looked at, by table and index."""

    __slots__ = ("_reads", "_searches")

    def __init__(self) -> None:
        self._reads: dict[Place, list[Interval | Scan]] = {}
        self._searches: dict[Place, dict[SearchRead[Any], None]] = {}

    def add(self, table: str, index: str, read: Interval | Scan) -> None:
        """Record a range, or a scan that will say at the end how far it went."""
        reads = self._reads.get((table, index))
        if reads is None:
            self._reads[table, index] = [read]
        else:
            reads.append(read)

    def add_point(self, table: str, id: str) -> None:
        """Record a look at one document, there or not."""
        self.add(table, BY_ID, point_interval(id.encode()))

    def add_declaration(self, table: str) -> None:
        """Record a look at how a table is declared, or that it is not, and at none of its documents."""
        self._reads.setdefault((table, BY_ID), [])

    def add_search(self, table: str, index: str, read: SearchRead[Any]) -> None:
        """Record a search; the declaration of its table has to be recorded too."""
        self._searches.setdefault((table, index), {})[read] = None

    def __bool__(self) -> bool:
        return bool(self._reads)

    def searches(self) -> dict[Place, tuple[SearchRead[Any], ...]]:
        """Return the searches, each once."""
        return {place: tuple(reads) for place, reads in self._searches.items()}

    def intervals(self) -> dict[Place, IntervalSet]:
        """Return what was looked at up to now, merged.

        A place where nothing was consumed is there too, with an empty set: the declaration of its table was looked at.
        """
        merged: dict[Place, IntervalSet] = {}
        for place, reads in self._reads.items():
            looked_at = [read.consumed() if isinstance(read, Scan) else read for read in reads]
            merged[place] = IntervalSet(interval for interval in looked_at if interval is not None)
        return merged


def overlap(ranges: Ranges, searches: Searches, commit: Commit) -> Overlap | None:
    """Return where `commit` touches what was read, or None."""
    for (table, index), intervals in ranges.items():
        if commit.redeclared and table in commit.redeclared:
            return Overlap(commit, table, index, next(iter(intervals), ALL), None)
        keys = commit.touched.get((table, index))
        if keys:
            key = intervals.overlaps_any(keys)
            if key is not None:
                return Overlap(commit, table, index, intervals.around(key), key)
    if commit.searched:
        for place, reads in searches.items():
            change = commit.searched.get(place)
            found = None if change is None else searched_overlap(commit, place, reads, change)
            if found is not None:
                return found
    return None


def searched_overlap(
    commit: Commit, place: Place, reads: Sequence[SearchRead[Any]], change: SearchChange
) -> Overlap | None:
    """Return where what a commit changed in one search index, or a part of that, meets what was searched; or None."""
    for read in reads:
        id = change.met_by(read)
        if id is not None:
            return Overlap(commit, *place, ALL, id.encode(), search=read)
    return None
