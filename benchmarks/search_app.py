"""Our side of the search measurements: documents with a vector index, and documents with a search index, by place.

They answer as their peers do, so that one loop measures all; and they have a live search each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import reactive_nb as rnb
from benchmarks.search_data import BEST, DIMENSIONS, Floats, group_of
from reactive_nb import v
from reactive_nb.notebook.live import Live

_AT_ONCE = 10_000


class _Documents:
    """A table `docs` in memory, whose documents are known by place."""

    def __init__(self, table: rnb.Table, field: str, values: Sequence[Any] | Floats) -> None:
        self.db = rnb.connect()
        self.db.define(docs=table)
        self._field = field
        self._ids: dict[int, str] = {}
        self._places: dict[str, int] = {}
        for first in range(0, len(values), _AT_ONCE):
            self._insert_all({first + number: each for number, each in enumerate(values[first : first + _AT_ONCE])})

    def insert(self, place: int, value: Any) -> None:
        self._insert_all({place: value})

    def _insert_all(self, values: dict[int, Any]) -> None:
        rows = {place: {self._field: value, "group": group_of(place)} for place, value in values.items()}
        ids = self.db.write(lambda ctx: [ctx.db.insert("docs", row) for row in rows.values()])
        self._ids |= zip(rows, ids, strict=True)
        self._places |= zip(ids, rows, strict=True)

    def delete(self, place: int) -> None:
        id = self._ids.pop(place)
        del self._places[id]
        self.db.write(lambda ctx: ctx.db.delete(id))

    def _places_of(self, found: Iterable[dict[str, Any]]) -> list[int]:
        return [self._places[each["_id"]] for each in found]

    def close(self) -> None:
        self.db.close()


class OurVectors(_Documents):
    def __init__(self, matrix: Floats, *, approximate: bool = False) -> None:
        table = rnb.table(group=v.string(), vector=v.vector(DIMENSIONS))
        super().__init__(
            table.vector_index(
                "by_vector", "vector", dimensions=DIMENSIONS, filter_fields=["group"], approximate=approximate
            ),
            "vector",
            matrix,
        )

        @self.db.query
        def nearest(ctx, vector: v.vector(DIMENSIONS)):
            return ctx.vector_search("docs", "by_vector", vector=vector, limit=BEST)

        self._nearest = nearest

    def nearest(self, question: Floats, group: str | None = None) -> Sequence[int]:
        filter = None if group is None else lambda q: q.eq("group", group)
        return self._places_of(
            self.db.read(lambda ctx: ctx.vector_search("docs", "by_vector", vector=question, limit=BEST, filter=filter))
        )

    def live(self, question: Floats) -> Live:
        return self._nearest.live(vector=question)


class OurTexts(_Documents):
    def __init__(self, texts: Sequence[str]) -> None:
        table = rnb.table(group=v.string(), text=v.string())
        super().__init__(table.search_index("by_text", "text", filter_fields=["group"]), "text", texts)

        @self.db.query
        def best(ctx, words: str):
            return _best(ctx, words, None)

        self._best = best

    def search(self, words: Sequence[str], *, prefix: bool = False, group: str | None = None) -> Sequence[int]:  # noqa: ARG002 - the last word is one always
        return self._places_of(self.db.read(lambda ctx: _best(ctx, " ".join(words), group)))

    def live(self, words: Sequence[str]) -> Live:
        return self._best.live(words=" ".join(words))


def _best(ctx: Any, words: str, group: str | None) -> list[dict[str, Any]]:
    def matching(q: Any) -> Any:
        found = q.search("text", words)
        return found if group is None else found.eq("group", group)

    documents: list[dict[str, Any]] = ctx.db.query("docs").with_search_index("by_text", matching).take(BEST)
    return documents
