"""What a text search has read of its index, and who of many has read what a commit changes.

Comes in: the reads of live searches, with their owners; then the entries of documents before and after a commit. Goes
out: the owners whose answer may be another now. A search depends on the documents that meet its condition and hold any
of its words, whether they are its hits or not, because they count in the scores; all others it knows by the index's
scale only.

Reads are kept by the filter values that they ask for, then by their words. So a changed document is looked up by its own
filter values and terms, and who watches other channels, or other words, costs nothing. Ranges and alternatives among
conditions are asked one by one, of the reads whose words are met.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from reactive_nb.search.condition import AllOf, Condition, Within, meets
from reactive_nb.search.text import TextEntry
from reactive_nb.search.words import TextQuery

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class TextRead:
    """What one text search depends on, besides the scale of its index."""

    query: TextQuery
    condition: Condition

    def meets(self, entry: TextEntry) -> bool:
        """Whether the search depends on this document."""
        return meets(self.condition, entry.row.filters) and self.query.matches(entry.terms)


_Positions = tuple[int, ...]
_Values = tuple[bytes, ...]
_Group = dict[int, dict[bytes, dict[TextRead, None]]]
"""Reads by the length of a prefix, `_WHOLE` for whole terms, and by the word."""

_WHOLE: Final = 0
"""Stands for no prefix; none is as short."""


class TextReads(Generic[T]):
    """A changing set of pairs of a read and an owner, of one text index; its length is the number of pairs.

    Example:
        >>> reads = TextReads()
        >>> reads.add(TextRead(parse("live data"), ALWAYS), "me")
        >>> reads.meeting([text_entry("databases", Row(0.0, ()))])
        {'me': 0}
    """

    __slots__ = ("_groups", "_owners", "_size")

    def __init__(self) -> None:
        self._owners: dict[TextRead, dict[T, None]] = {}
        self._groups: dict[_Positions, dict[_Values, _Group]] = {}
        self._size = 0

    def add(self, read: TextRead, owner: T) -> None:
        """Let `owner` be found by what meets `read`; a pair that is there already stays there once."""
        owners = self._owners.get(read)
        if owners is None:
            owners = self._owners[read] = {}
            for positions, values, length, term in _places(read):
                group = self._groups.setdefault(positions, {}).setdefault(values, {})
                group.setdefault(length, {}).setdefault(term, {})[read] = None
        self._size += owner not in owners
        owners[owner] = None

    def remove(self, read: TextRead, owner: T) -> None:
        """Take back one `add`.

        Raises:
            KeyError: The pair is not there.
        """
        owners = self._owners[read]
        del owners[owner]
        self._size -= 1
        if owners:
            return
        del self._owners[read]
        for place in _places(read):
            levels: list[Any] = [self._groups]
            for key in place:
                levels.append(levels[-1][key])
            del levels[-1][read]
            for level, below, key in zip(levels[-2::-1], levels[:0:-1], reversed(place), strict=True):
                if not below:
                    del level[key]

    def meeting(self, entries: Sequence[TextEntry]) -> dict[T, int]:
        """Return the owners of reads that one of the entries meets, each with the place of one that does."""
        met: dict[TextRead, int] = {}
        for place, entry in enumerate(entries):
            filters = entry.row.filters
            for read in self._wanting(entry):
                if read not in met and meets(read.condition, filters):
                    met[read] = place
        return {owner: place for read, place in met.items() for owner in self._owners[read]}

    def _wanting(self, entry: TextEntry) -> Iterator[TextRead]:
        """Yield the reads whose words and equalities an entry meets, some of them several times."""
        filters, terms = entry.row.filters, entry.terms
        for positions, groups in self._groups.items():
            group = groups.get(tuple([filters[position] for position in positions]))
            if group is None:
                continue
            for length, words in group.items():
                wanted = terms if length == _WHOLE else {term[:length] for term in terms}
                for term in wanted:
                    yield from words.get(term, ())

    def __len__(self) -> int:
        return self._size

    def check(self) -> None:
        """Assert the invariants: each read stands under each of its words and nowhere else, and has owners."""
        assert all(self._owners.values())
        assert self._size == sum(map(len, self._owners.values()))
        expected = {(*place, read) for read in self._owners for place in _places(read)}
        found = [
            (positions, values, length, term, read)
            for positions, groups in self._groups.items()
            for values, group in groups.items()
            for length, words in group.items()
            for term, reads in words.items()
            for read in reads
        ]
        assert set(found) == expected
        assert len(found) == len(expected)
        levels: list[Any] = [*self._groups.values()]
        while levels:
            level = levels.pop()
            assert level, "what is empty is given up"
            levels += [below for below in level.values() if below is not None]


def _places(read: TextRead) -> Iterator[tuple[_Positions, _Values, int, bytes]]:
    """Yield where a read is kept: one place for each of its words."""
    positions, values = _equalities(read.condition)
    for word in read.query.words:
        yield positions, values, len(word.term) if word.is_prefix else _WHOLE, word.term


def _equalities(condition: Condition) -> tuple[_Positions, _Values]:
    """Return filter fields whose value a condition says, and the values; what else it asks for is left out."""
    found: dict[int, bytes] = {}
    pending = [condition]
    while pending:
        match pending.pop():
            case Within(position, (start, end)) if end == start + b"\0":
                found[position] = start
            case AllOf(parts):
                pending += parts
    positions = tuple(sorted(found))
    return positions, tuple(found[position] for position in positions)
