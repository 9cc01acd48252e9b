"""Who depends on what a search index holds: the reads of all live searches of one index.

Comes in: the reads of each run of a live query. Goes out: whose read a commit meets, without asking every one of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from reactive_nb.search.ball import Ball, Balls
from reactive_nb.search.edits import Edit, SearchChange, SearchRead
from reactive_nb.search.text_read import TextReads
from reactive_nb.search.vector import VectorEntry

T = TypeVar("T", bound=Hashable)


class Meeting(Protocol[T]):
    """The reads of one kind of search, as `TextReads` and `Balls` keep them."""

    def add(self, read: Any, owner: T, /) -> None:
        """Take in a read of `owner`; a pair is added once."""

    def remove(self, read: Any, owner: T, /) -> None:
        """Take back one `add`."""

    def meeting(self, entries: Sequence[Any], /) -> dict[T, int]:
        """Return the owners of reads that one of the entries meets, each with the place of one that does."""
        ...

    def check(self) -> None:
        """Assert the invariants."""

    def __len__(self) -> int: ...


class Readers(Generic[T]):
    """The reads of one search index, with their owners; mutable, and guarded by whoever keeps it.

    Reads of several kinds stand beside each other for a moment when a run that began before the index was declared
    otherwise, with another metric or other dimensions, ends after that.
    """

    __slots__ = ("_by_kind", "_owners")

    def __init__(self) -> None:
        self._by_kind: dict[tuple[int, str], Meeting[T]] = {}
        self._owners: dict[T, int] = {}

    def add(self, read: SearchRead[Any], owner: T) -> None:
        """Take in a read of `owner`; a pair is added once."""
        kind = _kind(read)
        meeting = self._by_kind.get(kind)
        if meeting is None:
            made: Meeting[T] = Balls() if isinstance(read, Ball) else TextReads()
            meeting = self._by_kind[kind] = made
        meeting.add(read, owner)
        self._owners[owner] = self._owners.get(owner, 0) + 1

    def remove(self, read: SearchRead[Any], owner: T) -> None:
        """Take back one `add`.

        Raises:
            KeyError: The pair is not there.
        """
        kind = _kind(read)
        self._by_kind[kind].remove(read, owner)
        if not len(self._by_kind[kind]):
            del self._by_kind[kind]
        self._owners[owner] -= 1
        if not self._owners[owner]:
            del self._owners[owner]

    def met_by(self, change: SearchChange) -> dict[T, Edit[Any]]:
        """Return the owners of reads that a commit meets, in the order in which they came, with an edit that meets one.

        Those that a commit concerns whatever they have read come with its first edit if none of them does.
        """
        edits_and_entries = [(edit, entry) for edit in change.edits for entry in edit[1:] if entry is not None]
        edits, entries = zip(*edits_and_entries, strict=True)
        dimensions = len(entries[0].vector) if isinstance(entries[0], VectorEntry) else 0
        met: dict[T, int] = {}
        for kind, meeting in self._by_kind.items():
            if kind[0] == dimensions:
                met |= meeting.meeting(entries)
        if change.concerns_all:
            return {owner: edits[met.get(owner, 0)] for owner in self._owners}
        return {owner: edits[met[owner]] for owner in self._owners if owner in met} if met else {}

    def __len__(self) -> int:
        return sum(len(meeting) for meeting in self._by_kind.values())

    def check(self) -> None:
        """Assert that owners and reads agree."""
        for meeting in self._by_kind.values():
            assert len(meeting)
            meeting.check()
        assert sum(self._owners.values()) == len(self)


def _kind(read: SearchRead[Any]) -> tuple[int, str]:
    """Return what reads that are kept together have in common: dimensions, 0 for words, and metric."""
    return (read.dimensions, read.metric) if isinstance(read, Ball) else (0, "text")
