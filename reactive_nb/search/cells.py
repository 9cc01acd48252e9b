"""Cells: which vectors lie where, so that an approximate search looks only at those in the neighbourhood.

Comes in: all vectors of an index, once in a while; then those that come and go. Goes out: for a query the numbers of
the vectors in the cells nearest to it. Among these the search is exact, so it is a matter of finding all of them: an
inverted file (Jégou, Douze, Schmid, Product Quantization for Nearest Neighbor Search, 2011, section 4) without
compression. A graph (HNSW) answers faster, but can neither be filtered nor kept for a thousand moments at once.

How many cells a search looks at is measured when they are made, on some of the vectors themselves: as few as find 99 of
100 of their nearest ten. Where that takes a third of all, as with vectors that lie nowhere closer together, there are
no cells, and searches look at everything.

A vector that comes later may lie elsewhere than all of those, as after a change of the model that makes the vectors. It
belongs to no cell then, and every search looks at it; when these are many, cells are made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from reactive_nb.search.column import Column, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reactive_nb.schema.search_declaration import Metric
    from reactive_nb.search.metric import Vector

    Mask = NDArray[np.bool_]

LEAST_VECTORS: Final = 10_000
"""With fewer vectors looking at all takes a millisecond or two."""

GROWTH: Final = 4
"""Cells are made anew when there are so many times as many vectors."""

MOST_OUTSIDE: Final = 10
"""Cells are made anew when one of so many vectors lies outside of all of them."""

_NO_CELL: Final = -1
_MOST_CELLS: Final = 1024
_SAMPLE: Final = 12
"""Vectors per cell from which the middles of cells are computed."""

_ROUNDS: Final = 6
_QUESTIONS: Final = 64
_NEAREST: Final = 10
_WANTED_RECALL: Final = 0.99
_INSIDE: Final = 0.99
"""The part of all vectors that, when cells are made, lie as near to the middle of theirs as one must to be inside."""
_MOST_LOOKED_AT: Final = 1 / 3
_ROWS_AT_ONCE: Final = 4096


class Cells:
    """The cells of one vector index; immutable. Made by `made`.

    Attributes:
        made_of: How many vectors there were when the cells were made; one more if so many were there the time before.
        outside: How many have come since then that lie outside of all cells.
    """

    __slots__ = ("_column", "_halves", "_metric", "_middles", "_probes", "_reach", "made_of", "outside")

    def __init__(
        self,
        metric: Metric,
        middles: Vector,
        probes: int,
        reach: float,
        column: Column[np.int32],
        made_of: int,
        outside: int = 0,
    ) -> None:
        self._metric: Metric = metric
        self._middles = middles
        self._halves = _half_squares(middles)
        self._probes = probes
        self._reach = reach
        self._column = column
        self.made_of = made_of
        self.outside = outside

    @classmethod
    def made(cls, metric: Metric, numbers: Sequence[int], vectors: Vector) -> tuple[Self, NDArray[np.intp]] | None:
        """Return cells for all vectors of an index, and the order of the vectors by cell; None where cells do not help.

        The same vectors in the same order give the same cells.

        Args:
            metric: How closeness is meant.
            numbers: The number of each vector.
            vectors: One per row, at least as many as `LEAST_VECTORS`.
        """
        chance = np.random.default_rng(len(vectors))
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            places = _placed(metric, vectors)
            middles = _middles(places, chance)
            if not np.isfinite(middles).all():
                return None  # vectors of such lengths that float32 cannot tell how far they are apart
            cells = _nearest(places, middles)
            probes = _probes(metric, places, middles, cells, chance)
            reach = float(np.quantile(_distances(places, middles, cells), _INSIDE))
        if probes is None:
            return None
        column = Column(np.int32(_NO_CELL)).put(spread(numbers), cells.tolist())
        return cls(metric, middles, probes, reach, column, len(vectors)), np.argsort(cells, kind="stable")

    def changed(self, gone: Sequence[int], come: Sequence[tuple[int, Vector]]) -> Cells:
        """Return the cells after vectors have gone and come, as `Blocks.changed` is told."""
        moved = dict.fromkeys(gone, _NO_CELL)
        outside = self.outside
        if outside:
            outside -= sum(self._column.get(number) == len(self._middles) for number in gone)
        if come:
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                places = _placed(self._metric, np.array([vector for _, vector in come]))
                cells = _nearest(places, self._middles)
                is_outside = _distances(places, self._middles, cells) > self._reach
            cells[is_outside] = len(self._middles)
            outside += int(np.count_nonzero(is_outside))
            moved.update(zip([number for number, _ in come], cells.tolist(), strict=True))
        column = self._column.put(spread(list(moved)), list(moved.values()))
        return Cells(self._metric, self._middles, self._probes, self._reach, column, self.made_of, outside)

    def around(self, query: Vector, size: int) -> Mask:
        """Return by number, below `size`, whether a vector lies in one of the cells nearest to a query, or in none."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            near = _closeness(self._metric, _placed(self._metric, query[np.newaxis]), self._middles, self._halves)[0]
        # The last one stands for numbers without a vector, the one before for vectors outside of all cells.
        looked_at = np.zeros(len(self._middles) + 2, np.bool_)
        looked_at[len(self._middles)] = True
        looked_at[np.argpartition(-near, self._probes - 1)[: self._probes]] = True
        return looked_at[self._column.whole(size)]

    def check(self, taken: Sequence[int], size: int) -> None:
        """Assert that exactly the vectors that are there have a cell or lie outside, and how many of them do."""
        assert np.flatnonzero(self._column.whole(size) != _NO_CELL).tolist() == sorted(taken)
        assert np.count_nonzero(self._column.whole(size) == len(self._middles)) == self.outside


def _placed(metric: Metric, vectors: Vector) -> Vector:
    """Return where vectors stand for the sake of cells: for cosines, on the unit sphere."""
    if metric != "cosine":
        return vectors
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    placed: Vector = (vectors / np.where(lengths > 0, lengths, 1.0)[:, np.newaxis]).astype(np.float32)
    return placed


def _half_squares(middles: Vector) -> Vector:
    squares: Vector = np.einsum("ij,ij->i", middles, middles) / np.float32(2)
    return squares


def _closeness(metric: Metric, places: Vector, middles: Vector, halves: Vector) -> Vector:
    """Return how near each of some queries is to the vectors in each cell, by the middle of the cell."""
    products: Vector = places @ middles.T
    return products if metric == "dot" else products - halves


def _nearest(places: Vector, middles: Vector) -> NDArray[np.intp]:
    """Return the cell of each vector: that whose middle is nearest."""
    halves = _half_squares(middles)
    starts = [*range(0, len(places), _ROWS_AT_ONCE), len(places)]
    parts = [np.argmax(places[start:end] @ middles.T - halves, axis=1) for start, end in pairwise(starts)]
    return np.concatenate(parts) if parts else np.empty(0, np.intp)


def _distances(places: Vector, middles: Vector, cells: NDArray[np.intp]) -> Vector:
    """Return the square of the distance of each vector from the middle of its cell."""
    starts = [*range(0, len(places), _ROWS_AT_ONCE), len(places)]
    return np.concatenate(
        [np.square(places[start:end] - middles[cells[start:end]]).sum(axis=1) for start, end in pairwise(starts)]
    )


def _middles(places: Vector, chance: np.random.Generator) -> Vector:
    """Return the middles of cells, by Lloyd's algorithm on a sample."""
    count = min(_MOST_CELLS, 2 * int(len(places) ** 0.5))
    sample = places[chance.choice(len(places), min(len(places), count * _SAMPLE), replace=False)]
    middles: Vector = sample[:count].copy()
    for _ in range(_ROUNDS):
        cells = _nearest(sample, middles)
        order = np.argsort(cells, kind="stable")
        used, firsts = np.unique(cells[order], return_index=True)
        sums = np.add.reduceat(sample[order].astype(np.float64), firsts, axis=0)
        sizes = np.diff([*firsts.tolist(), len(sample)])
        middles[used] = sums / sizes[:, np.newaxis]
    return middles


def _probes(
    metric: Metric, places: Vector, middles: Vector, cells: NDArray[np.intp], chance: np.random.Generator
) -> int | None:
    """Return how many cells to look at in order to find the nearest, or None where that is too many."""
    questions = places[chance.choice(len(places), _QUESTIONS, replace=False)]
    products = questions @ places.T
    if metric == "l2":
        products -= _half_squares(places)
    best = np.argpartition(-products, _NEAREST, axis=1)[:, : _NEAREST + 1]  # and the vector itself
    near = _closeness(metric, questions, middles, _half_squares(middles))
    rank = np.empty(near.shape, np.intp)
    np.put_along_axis(rank, np.argsort(-near, axis=1), np.arange(len(middles))[np.newaxis], axis=1)
    found_at = np.sort(np.take_along_axis(rank, cells[best], axis=1).ravel())
    probes = int(found_at[int(len(found_at) * _WANTED_RECALL)]) + 1
    sizes = np.bincount(cells, minlength=len(middles))
    looked_at = np.mean([sizes[each < probes].sum() for each in rank]) / len(places)
    return probes if looked_at <= _MOST_LOOKED_AT else None
