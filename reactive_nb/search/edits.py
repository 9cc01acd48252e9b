"""What a commit changes in a search index, what a search answers, and what it read: the words all kinds of search share.

An *entry* is what an index knows of a document, made by `entries.py`; a document that the index does not hold, because
it has no text or no such vector, has none. A search reads the entries that its answer depends on, there or not, so a
commit concerns it if one of the entries before or after is one of those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

E = TypeVar("E")
E_contra = TypeVar("E_contra", contravariant=True)


class Edit(NamedTuple, Generic[E]):
    """One document's entry before and after a change; None where it is not in the index. Not both are None."""

    id: str
    old: E | None
    new: E | None


class Hit(NamedTuple):
    """A document that a search found."""

    id: str
    score: float
    """The larger, the better; comparable within one result."""


class SearchRead(Protocol[E_contra]):
    """What one search has read of its index: equal to another one only if both have read the same."""

    def meets(self, entry: E_contra, /) -> bool:
        """Whether the answer depends on this entry being there or not."""
        ...


class SearchChange(NamedTuple):
    """What one commit changed in one search index."""

    edits: Sequence[Edit[Any]]
    """At least one; of a large commit not all."""
    concerns_all: bool
    """Whether every search of the index may answer otherwise: its scale has changed, or the commit is large."""

    def met_by(self, read: SearchRead[Any]) -> str | None:
        """Return the id of the first changed document that a search depends on, or None."""
        first = next(self.ids_meeting(read), None)
        return self.edits[0].id if first is None and self.concerns_all else first

    def ids_meeting(self, read: SearchRead[Any]) -> Iterator[str]:
        """Yield the ids of the changed documents that a search depends on."""
        for id, old, new in self.edits:
            if (old is not None and read.meets(old)) or (new is not None and read.meets(new)):
                yield id


MOST_KEPT = 1000
"""So many edits of a commit are remembered; entries take about a kilobyte each, and a thousand commits are kept."""


def change_of(edits: Sequence[Edit[Any]], rescaled: bool) -> SearchChange:
    """Return what is kept of the edits of a commit, which are not none."""
    return SearchChange(edits[:MOST_KEPT], rescaled or len(edits) > MOST_KEPT)
