"""The nearest vectors by other means: one product in numpy, and the libraries and databases made for it, where installed.

Each holds the same vectors in memory, numbered by place, and is asked by cosine. Each is set up as its documentation
advises for filters and for recall; numpy and LanceDB without a vector index are exact. Ids alone are answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from benchmarks.search_data import BEST, DIMENSIONS, QUESTIONS, Floats, group_of

_SPARE = 4 * QUESTIONS
_LINKS = 16
_TRIED_WHEN_BUILT = 200
_TRIED = 128
"""How many candidates a graph keeps while it searches: more find more of the nearest, and take longer."""

_TRIED_IN_GROUP = 20
"""How many candidates that pass are kept while a filter is called for each of a hundred times as many."""

_ASKED_IN_GROUP = 2000
"""How many of all vectors are asked for where only what was found can be filtered: 20 of them are in a group."""


class VectorPeer(Protocol):
    """A hundred thousand vectors to ask for the nearest."""

    def nearest(self, question: Floats, group: str | None = None) -> Sequence[int]:
        """Return the places of the nearest, of all vectors or of one group."""

    def insert(self, place: int, vector: Floats) -> None: ...

    def delete(self, place: int) -> None: ...

    def close(self) -> None: ...


class Numpy:
    """A matrix with a row for each vector: nothing that is exact can be faster than one product with it."""

    def __init__(self, matrix: Floats) -> None:
        self._count = len(matrix)
        self._matrix = np.empty((self._count + _SPARE, DIMENSIONS), np.float32)
        self._matrix[: self._count] = matrix
        self._places = np.arange(len(self._matrix))
        self._groups = np.array([_code(group_of(place)) for place in range(len(self._matrix))], np.int32)

    def product(self, question: Floats) -> Floats:
        return self._matrix[: self._count] @ question

    def nearest(self, question: Floats, group: str | None = None) -> Sequence[int]:
        if group is None:
            return self._best(self.product(question), self._places)
        (rows,) = np.nonzero(self._groups[: self._count] == _code(group))
        return self._best(self._matrix[rows] @ question, self._places[rows])

    def _best(self, scores: Floats, places: np.ndarray) -> Sequence[int]:
        if len(scores) > BEST:
            found = np.argpartition(scores, -BEST)[-BEST:]
            scores, places = scores[found], places[found]
        best: list[int] = places[np.argsort(-scores)].tolist()
        return best

    def insert(self, place: int, vector: Floats) -> None:
        self._put(self._count, place, vector)
        self._count += 1

    def delete(self, place: int) -> None:
        """Put the last row in the place of this one."""
        (row,) = np.nonzero(self._places[: self._count] == place)[0]
        self._count -= 1
        self._put(int(row), int(self._places[self._count]), self._matrix[self._count])

    def _put(self, row: int, place: int, vector: Floats) -> None:
        self._matrix[row] = vector
        self._places[row] = place
        self._groups[row] = _code(group_of(place))

    def close(self) -> None: ...


class Usearch:
    """A graph (HNSW). In Python it has no filter: many are asked for, and those of the group are kept."""

    def __init__(self, matrix: Floats) -> None:
        from usearch.index import Index

        self._index = Index(
            ndim=DIMENSIONS,
            metric="cos",
            dtype="f32",
            connectivity=_LINKS,
            expansion_add=_TRIED_WHEN_BUILT,
            expansion_search=_TRIED,
        )
        self._index.add(np.arange(len(matrix)), matrix)

    def nearest(self, question: Floats, group: str | None = None) -> Sequence[int]:
        if group is None:
            return self._asked(question, BEST)
        found = self._asked(question, min(_ASKED_IN_GROUP, len(self._index)))
        return [place for place in found if group_of(place) == group][:BEST]

    def _asked(self, question: Floats, count: int) -> list[int]:
        keys: list[int] = self._index.search(question, count, threads=1).keys.tolist()
        return keys

    def insert(self, place: int, vector: Floats) -> None:
        self._index.add(place, vector, threads=1)

    def delete(self, place: int) -> None:
        self._index.remove(place)

    def close(self) -> None: ...


class Hnswlib:
    """A graph (HNSW) that calls a Python function to filter while it searches."""

    def __init__(self, matrix: Floats) -> None:
        import hnswlib

        self._index = hnswlib.Index(space="cosine", dim=DIMENSIONS)
        self._index.init_index(
            len(matrix) + _SPARE, M=_LINKS, ef_construction=_TRIED_WHEN_BUILT, allow_replace_deleted=True
        )
        self._index.add_items(matrix, np.arange(len(matrix)))
        self._groups = [group_of(place) for place in range(len(matrix) + _SPARE)]

    def nearest(self, question: Floats, group: str | None = None) -> Sequence[int]:
        filter = None if group is None else lambda place: self._groups[place] == group
        self._index.set_ef(_TRIED if group is None else _TRIED_IN_GROUP)
        count = BEST if group is None else min(BEST, self._groups[: len(self)].count(group))
        places, _ = self._index.knn_query(question, count, num_threads=1, filter=filter)
        best: list[int] = places[0].tolist()
        return best

    def __len__(self) -> int:
        count: int = self._index.get_current_count()
        return count

    def insert(self, place: int, vector: Floats) -> None:
        self._index.add_items(vector, place, replace_deleted=True)

    def delete(self, place: int) -> None:
        self._index.mark_deleted(place)

    def close(self) -> None: ...


class LanceDB:
    """A table in memory with an index of groups, and with an index of vectors or without."""

    def __init__(self, matrix: Floats, *, indexed: bool) -> None:
        import lancedb
        import pyarrow
        from lancedb.index import Bitmap, HnswSq

        self._arrow = pyarrow
        self._database = lancedb.connect("memory://")
        self._table = self._database.create_table("docs", self._rows(range(len(matrix)), matrix))
        self._table.create_index("group", config=Bitmap())
        if indexed:
            self._table.create_index(
                "vector",
                config=HnswSq(distance_type="cosine", num_partitions=1, m=_LINKS, ef_construction=_TRIED_WHEN_BUILT),
            )

    def _rows(self, places: Sequence[int], vectors: Floats) -> object:
        arrow = self._arrow
        return arrow.table(
            {
                "place": arrow.array(places, arrow.int64()),
                "group": [group_of(place) for place in places],
                "vector": arrow.FixedSizeListArray.from_arrays(arrow.array(vectors.ravel()), DIMENSIONS),
            }
        )

    def nearest(self, question: Floats, group: str | None = None) -> Sequence[int]:
        search = self._table.search(question).distance_type("cosine").ef(_TRIED).select(["place", "_distance"])
        if group is not None:
            search = search.where(f"`group` = '{group}'", prefilter=True)
        best: list[int] = search.limit(BEST).to_arrow()["place"].to_pylist()
        return best

    def insert(self, place: int, vector: Floats) -> None:
        self._table.add(self._rows([place], vector[np.newaxis]))

    def delete(self, place: int) -> None:
        self._table.delete(f"place = {place}")

    def close(self) -> None: ...


PEERS: dict[str, Callable[[Floats], VectorPeer]] = {
    "usearch": Usearch,
    "hnswlib": Hnswlib,
    "LanceDB": lambda matrix: LanceDB(matrix, indexed=False),
    "LanceDB, IVF_HNSW_SQ": lambda matrix: LanceDB(matrix, indexed=True),
}


def _code(group: str) -> int:
    """Return a group as a number, which is compared faster."""
    return int(group.removeprefix("group"))
