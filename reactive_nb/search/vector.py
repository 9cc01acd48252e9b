"""A vector index at one moment: what is nearest to a query, exactly, among the documents that meet a condition.

Comes in: edits of entries, an entry being a document's vector and row. Goes out: the index after them, and hits. The
index before stays as it was; the two share all but some ten kilobytes per edit.

A search answers as if it had computed `score` of every document that meets the condition and sorted them: by score,
then the older first, then by id. It does so in three steps:

1. Which documents? The condition is asked first, of all rows at once. If it leaves a quarter or more, all vectors are
   looked at; if less, these alone.
2. Which of them can be hits? One product in float32 gives how near each is, give or take an error that is proven
   (see `metric.py`). If `limit` of them are certainly nearer than one may be, that one is out.
3. Those left, usually a few more than `limit`, are scored exactly and sorted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from reactive_nb.schema.search_declaration import Metric
from reactive_nb.search.blocks import Blocks, place_of, split_place
from reactive_nb.search.cells import GROWTH, LEAST_VECTORS, MOST_OUTSIDE, Cells
from reactive_nb.search.condition import ALWAYS, Condition
from reactive_nb.search.edits import Edit, Hit
from reactive_nb.search.metric import direction, nearness, products_of, scores
from reactive_nb.search.rows import Row, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reactive_nb.search.blocks import Numbers, Positions
    from reactive_nb.search.metric import Direction, Floats, Vector

_DENSE: Final = 4
"""If one of so many vectors is wanted, passing all of them costs less than fetching the wanted ones from everywhere."""

_SCORED_AT_ONCE: Final = 1024

_FEW: Final = 20
"""If a filter leaves less than one of so many, an approximate search looks at all of these, and is exact."""

_ENOUGH: Final = 4
"""An approximate search looks around only where there are so many times as many vectors as it wants."""


class VectorEntry(NamedTuple):
    """What a vector index knows of a document."""

    row: Row
    vector: Vector
    """All numbers finite."""


class Vectors:
    """A vector index at one moment; immutable.

    Args:
        dimensions: How many numbers a vector has.
        metric: What near means; see `metric.score`.
        fields: The number of filter fields.
        approximate: Whether a search may look only at the cells around it, see `cells.py`, once there are many vectors.

    Example:
        >>> near, far = (VectorEntry(Row(1.0, ()), np.array(each, np.float32)) for each in ([1, 2], [9, 9]))
        >>> index = Vectors(2, "l2", 0).apply([Edit("a", None, far), Edit("b", None, near)])
        >>> index.search(np.array([1, 1], np.float32), 1, ALWAYS)
        [Hit(id='b', score=-1.0)]
    """

    __slots__ = ("_blocks", "_cells", "_dimensions", "_is_approximate", "_metric", "_rows", "_tried_of")

    def __init__(self, dimensions: int, metric: Metric, fields: int, *, approximate: bool = False) -> None:
        self._dimensions = dimensions
        self._metric: Metric = metric
        self._rows = Rows(fields)
        self._blocks = Blocks(dimensions)
        self._is_approximate = approximate
        self._cells: Cells | None = None
        # How many vectors there were when cells were last made, or found to be of no help; 0 before that.
        self._tried_of = 0

    def apply(self, edits: Sequence[Edit[VectorEntry]]) -> Vectors:
        """Return the index after some edits, each of another document."""
        after: Vectors = object.__new__(Vectors)
        after._metric = self._metric
        after._rows, numbers = self._rows.apply([(id, None if new is None else new.row) for id, _, new in edits])
        gone: list[int] = []
        come: list[tuple[int, Vector]] = []
        for (_, old, new), number in zip(edits, numbers, strict=True):
            if old is not None and new is not None and np.array_equal(old.vector, new.vector):
                continue
            if old is not None:
                gone.append(number)
            if new is not None:
                come.append((number, new.vector))
        after._dimensions = self._dimensions
        after._is_approximate = self._is_approximate
        after._blocks = self._blocks.changed(gone, come) if gone or come else self._blocks
        after._cells = self._cells.changed(gone, come) if self._cells is not None and (gone or come) else self._cells
        after._tried_of = self._tried_of
        if self._is_approximate and len(after) >= after._least_to_make_cells():
            after._make_cells()
        return after

    def _least_to_make_cells(self) -> int:
        """Return how many vectors there have to be for cells to be made now."""
        if self._cells is not None and self._cells.outside * MOST_OUTSIDE >= len(self):
            return LEAST_VECTORS
        return GROWTH * self._tried_of or LEAST_VECTORS

    def _make_cells(self) -> None:
        """Make the cells of an index that nobody has seen yet, and put the vectors of each next to each other."""
        numbers: NDArray[np.intp] = np.flatnonzero(~np.isnan(self._rows.created()))
        vectors = self._blocks.vectors(self._blocks.places(numbers, self._rows.size).tolist())
        made = Cells.made(self._metric, numbers.tolist(), vectors)
        # Also where they do not help: to find that out takes as long, so it waits for several times as many vectors.
        self._tried_of = len(self)
        if made is None:
            self._cells = None
            return
        before = self.scale
        self._cells, order = made
        if self.scale == before:
            self._cells.made_of += 1  # nobody has seen them yet, and other cells must not pass for the ones before
        come = zip(numbers[order].tolist(), vectors[order], strict=True)
        self._blocks = Blocks(self._dimensions).changed((), come)

    @property
    def scale(self) -> int:
        """How many vectors there were when the cells were made that searches look at; 0 while they look at everything.

        While it stays, an answer depends on the vectors that pass the filter; without cells, on the nearest of them.
        """
        return 0 if self._cells is None else self._cells.made_of

    def search(self, query: Vector, limit: int, condition: Condition) -> list[Hit]:
        """Return the documents nearest to a vector.

        Args:
            query: All numbers finite.
            limit: How many at most.
            condition: What their filter values must be.

        Returns:
            Hits, by descending score, then ascending creation time, then ascending id.
        """
        if limit <= 0 or not len(self):
            return []
        to = direction(query)
        wanted = mask = None
        if condition != ALWAYS:
            mask = self._rows.where(condition)
            wanted = None if mask is None else np.flatnonzero(mask)
        # By the scale and not by how many there are now, so that documents that do not pass the filter never count.
        if self._cells is not None and (wanted is None or len(wanted) * _FEW >= self.scale):
            around = self._cells.around(query, self._rows.size)
            if mask is not None:
                around &= mask
            near = np.flatnonzero(around)
            # With fewer than that the filter has taken nearly all that is around: then what passes it is looked at.
            if len(near) >= limit * _ENOUGH:
                wanted = near
        if wanted is None or len(wanted) * _DENSE >= len(self):
            places = self._possible_of_all(to, limit, wanted)
        else:
            places = self._possible_of(to, limit, wanted)
        return self._ranked(query, limit, places)

    def _possible_of_all(self, to: Direction, limit: int, wanted: Positions | None) -> list[int]:
        """Return the places of possible hits, found in a pass over all vectors; `wanted` are numbers, None is all."""
        scan = self._blocks.scan()
        products = products_of((block.matrix for block in scan.blocks), to.unit, len(scan.norms))
        near, error = nearness(self._metric, products, scan.norms, to)
        absent: Positions = scan.absent
        if wanted is not None:
            slots, rows = split_place(self._blocks.places(wanted, self._rows.size))
            unwanted = np.ones(len(near), np.bool_)
            unwanted[scan.starts[slots] + rows] = False
            absent = np.flatnonzero(unwanted)
        positions = _possible(near, error, absent, limit)
        # Free slots begin where the next block begins, which is found because it is the last that begins there.
        slots_of = np.searchsorted(scan.starts, positions, side="right") - 1
        found: list[int] = place_of(slots_of, positions - scan.starts[slots_of]).tolist()
        return found

    def _possible_of(self, to: Direction, limit: int, wanted: Positions) -> list[int]:
        """Return the places of possible hits among some numbers, of which only the vectors are looked at."""
        places = self._blocks.places(wanted, self._rows.size)
        places.sort()
        norms = np.empty(len(places))
        products = products_of(self._fetched(places, norms), to.unit, len(places))
        near, error = nearness(self._metric, products, norms, to)
        found: list[int] = places[_possible(near, error, None, limit)].tolist()
        return found

    def _fetched(self, places: Numbers, norms: Floats) -> Iterator[Vector]:
        """Yield the vectors of ascending places block by block, and put their norms where they belong."""
        slots, rows = split_place(places)
        firsts = [0, *(np.flatnonzero(np.diff(slots)) + 1).tolist(), len(places)]
        for start, end in pairwise(firsts):
            if start < end:
                block = self._blocks.at(slots.item(start))
                block.norms.take(rows[start:end], out=norms[start:end], mode="clip")
                yield block.matrix.take(rows[start:end], axis=0)

    def _ranked(self, query: Vector, limit: int, places: list[int]) -> list[Hit]:
        """Return the hits, which are among some places."""
        if not places:
            return []
        parts = [places[start : start + _SCORED_AT_ONCE] for start in range(0, len(places), _SCORED_AT_ONCE)]
        exact = np.concatenate([scores(self._metric, query, self._blocks.vectors(part)) for part in parts])
        numbers = self._blocks.numbers(places)
        created = np.array(self._rows.times(numbers))
        order = np.lexsort((created, -exact))
        if len(order) > limit:  # ids decide among those that are like the last one
            last = order[limit - 1]
            order = order[
                : np.count_nonzero((exact > exact[last]) | ((exact == exact[last]) & (created <= created[last])))
            ]
        best = order.tolist()
        ids = self._rows.ids([numbers[at] for at in best])
        ranked = sorted(zip((-exact[order]).tolist(), created[order].tolist(), ids, exact[order].tolist(), strict=True))
        return [Hit(id, score) for _, _, id, score in ranked[:limit]]

    def __len__(self) -> int:
        return len(self._rows)

    def check(self) -> None:
        """Assert the invariants: exactly the numbers that are taken have a vector."""
        self._rows.check()
        taken = np.flatnonzero(~np.isnan(self._rows.created())).tolist()
        self._blocks.check(taken)
        if self._cells is not None:
            self._cells.check(taken, self._rows.size)


def _possible(near: Floats, error: Floats, absent: Positions | None, limit: int) -> Positions:
    """Return the positions of what may be among the `limit` nearest."""
    lowest = near - error
    highest = np.add(near, error, out=near)
    if absent is not None and len(absent):
        lowest[absent] = -math.inf
        highest[absent] = math.nan  # not even equal to the lowest of nothing
    return np.flatnonzero(highest >= _nth_largest(lowest, limit))


def _nth_largest(values: Floats, n: int) -> float:
    """Return the value that would stand at place `n`, counted from one, in descending order; minus infinity if none.

    Of many values the largest of each of some groups are looked at first: the n-th of these cannot be above the one
    sought, and leaves few values to look at. This takes a tenth of the time of a partition of all.
    """
    if n > len(values):
        return -math.inf
    groups = max(1024, 8 * n)
    if len(values) >= 4 * groups:
        largest = values[: len(values) // groups * groups].reshape(-1, groups).max(axis=0)
        values = values[values >= np.partition(largest, groups - n)[groups - n]]
    return float(np.partition(values, len(values) - n)[len(values) - n])
