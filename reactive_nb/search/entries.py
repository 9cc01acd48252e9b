"""From documents to the entries of one search index, and from changed documents to its edits.

Comes in: encoded documents of a table. Goes out: what its declared search index keeps of each, or nothing where the
field holds no text, or no vector of the declared length. A change that leaves the field and the filter fields as they
were is no edit: whoever is handed the document itself has read it by its id.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Generic, Protocol, Self, TypeAlias, TypeVar

import numpy as np

from reactive_nb.documents.document import CREATION_TIME, ID
from reactive_nb.documents.field_reader import fields_reader
from reactive_nb.schema.search_declaration import AnySearch, SearchIndex
from reactive_nb.search.edits import Edit
from reactive_nb.search.rows import Row
from reactive_nb.search.text import Postings, TextEntry, text_entry
from reactive_nb.search.vector import VectorEntry, Vectors
from reactive_nb.values.order import encode_value

E = TypeVar("E")

State: TypeAlias = Postings | Vectors
"""One search index at one moment."""

Rewrite: TypeAlias = tuple[str, bytes | None, bytes | None]
"""A document's id, and its encoding before and after a change."""


class SearchState(Protocol[E]):
    """What a search index offers to whoever keeps it up to date."""

    def apply(self, edits: Sequence[Edit[E]], /) -> Self:
        """Return the index after edits, each document once."""
        ...


class Entries(Generic[E]):
    """Makes the entries of one search index; made once per declaration.

    Args:
        fields: The indexed field, then the filter fields.
        content: What an index keeps of the field: comparable, None for what it does not hold.
        entry: Makes an entry of content and row, or None.
        empty: Makes an index without documents; each has arrays of its own, which all its versions share.
    """

    __slots__ = ("_content", "_empty", "_entry", "_read")

    def __init__(
        self,
        fields: Sequence[str],
        content: Callable[[Any], Any],
        entry: Callable[[Any, Row], E | None],
        empty: Callable[[], SearchState[E]],
    ) -> None:
        self._read = fields_reader([ID, CREATION_TIME, *fields])
        self._content = content
        self._entry = entry
        self._empty = empty

    def of(self, documents: Iterable[bytes]) -> Any:
        """Return the index of some different documents."""
        edits = [edit for document in documents if (edit := self._edit(None, document))]
        empty = self._empty()
        return empty.apply(edits) if edits else empty

    def edits(self, rewrites: Iterable[Rewrite]) -> list[Edit[E]]:
        """Return what changes to documents, which follow one another, are to the index; each document once."""
        first_and_last: dict[str, tuple[bytes | None, bytes | None]] = {}
        for id, old, new in rewrites:
            known = first_and_last.get(id)
            first_and_last[id] = (old if known is None else known[0], new)
        return [edit for old, new in first_and_last.values() if (edit := self._edit(old, new))]

    def _edit(self, old: bytes | None, new: bytes | None) -> Edit[E] | None:
        before = None if old is None else self._parts(old)
        after = None if new is None else self._parts(new)
        if before == after:
            return None
        entry_before = None if before is None else self._made(before)
        entry_after = None if after is None else self._made(after)
        if entry_before is None and entry_after is None:
            return None
        (id, *_) = before or after or ("",)
        return Edit(id, entry_before, entry_after)

    def _parts(self, document: bytes) -> tuple[str, float, Any, tuple[bytes, ...]] | None:
        """Return id, creation time, content and filter values of a document that the index holds."""
        id, created, value, *filters = self._read(document)
        content = self._content(value)
        return None if content is None else (id, created, content, tuple(map(encode_value, filters)))

    def _made(self, parts: tuple[str, float, Any, tuple[bytes, ...]]) -> E | None:
        _, created, content, filters = parts
        return self._entry(content, Row(created, filters))


@lru_cache(maxsize=1024)
def entries_of(declared: AnySearch) -> Entries[Any]:
    """Return what makes the entries of a declared search index; the same object for the same declaration."""
    fields = (declared.field, *declared.filter_fields)
    count = len(declared.filter_fields)
    if isinstance(declared, SearchIndex):
        return Entries[TextEntry](fields, _text, _text_entry, lambda: Postings(count))
    dimensions = declared.dimensions
    return Entries[VectorEntry](
        fields,
        lambda value: vector_bytes(value, dimensions),
        _vector_entry,
        lambda: Vectors(dimensions, declared.metric, count, approximate=declared.approximate),
    )


def _text(value: Any) -> str | None:
    return value if type(value) is str else None


def _text_entry(text: str, row: Row) -> TextEntry | None:
    entry = text_entry(text, row)
    return entry if entry.terms else None


def vector_bytes(value: Any, dimensions: int) -> bytes | None:
    """Return a vector or an array of numbers as the bytes of so many finite float32 numbers; None if it is not that."""
    if type(value) is np.ndarray:
        return value.tobytes() if len(value) == dimensions else None
    if type(value) is not list or len(value) != dimensions or not {int, float}.issuperset(map(type, value)):
        return None
    with np.errstate(over="ignore"):
        numbers = np.array([float(number) for number in value], dtype=np.float32)
    return numbers.tobytes() if math.isfinite(float(np.abs(numbers).max())) else None


def _vector_entry(data: bytes, row: Row) -> VectorEntry:
    return VectorEntry(row, np.frombuffer(data, dtype=np.float32))
