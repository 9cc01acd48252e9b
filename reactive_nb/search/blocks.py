"""Where the vectors of an index stand: matrices that never change, shared between versions.

Comes in: vectors that come, each under a number, and numbers whose vectors go. Goes out: the blocks after that, of
which all but a few are those from before.

A block is a matrix with one vector per row, at most about 1.5 MB, which one product with a query passes at the speed
of memory. A vector that comes makes a block of its own, which takes the rows of other small blocks with it, the
smallest first, while these are at most twice as large as what it is made of; so blocks that are not nearly full are
few and grow in steps, and a vector is copied a handful of times until it stands in a block that stays. A vector
that goes is only marked; a block whose vectors have gone by half gives the rest to a new one. (The way of log-structured
merge-trees: O'Neil, Cheng, Gawlick, O'Neil, 1996.) Changing blocks in place of making new ones was not an option:
a history of a thousand versions would hold a thousand copies of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from reactive_nb.search.column import Column, spread
from reactive_nb.search.metric import MOST_PRODUCT, norms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reactive_nb.search.metric import Floats, Vector

    Numbers = NDArray[np.int32]
    Positions = NDArray[np.intp]

_SHIFT: Final = 10
_MOST_ROWS: Final = 1 << _SHIFT

_NOWHERE: Final = -1


class Block(NamedTuple):
    """Some vectors."""

    matrix: Vector
    norms: Floats
    numbers: Numbers
    """The number of each row."""
    gone: NDArray[np.bool_] | None
    """Which rows are not there any more; None if all are."""
    live: int
    """How many are."""

    def without(self, rows: list[int]) -> Block:
        """Return the block after some of its rows, which are there, have gone."""
        gone = np.zeros(len(self.matrix), np.bool_) if self.gone is None else self.gone.copy()
        gone[rows] = True
        return self._replace(gone=gone, live=self.live - len(rows))


class Scan(NamedTuple):
    """Every row of every block, one block after the other; a row is named by its position in this."""

    blocks: list[Block]
    norms: Floats
    absent: Positions
    """Positions of rows that are not there any more."""
    starts: NDArray[np.int64]
    """The position of each block's first row, by the place of the block."""


class Blocks:
    """The vectors of an index by number; immutable.

    Args:
        dimensions: How many numbers a vector has.
    """

    __slots__ = ("_blocks", "_free", "_places", "_small", "most_rows")

    def __init__(self, dimensions: int) -> None:
        fitting = max(MOST_PRODUCT // max(dimensions, 1), 32)
        self.most_rows = min(_MOST_ROWS, 1 << fitting.bit_length() - 1)
        # A block has a slot, and a row the place `slot << _SHIFT | row`.
        self._blocks: tuple[Block | None, ...] = ()
        self._free: tuple[int, ...] = ()
        # Slots of blocks that are at most half of what they could be.
        self._small: tuple[int, ...] = ()
        self._places = Column(np.int32(_NOWHERE))

    # ------------------------------------------------------------------ changes

    def changed(self, gone: Sequence[int], come: Iterable[tuple[int, Vector]]) -> Blocks:
        """Return the blocks after vectors have gone and come.

        Args:
            gone: Numbers whose vectors are there.
            come: Vectors by number; of numbers that have none, or are among `gone`.
        """
        blocks, free, small = list(self._blocks), list(self._free), set(self._small)
        moved = dict.fromkeys(gone, _NOWHERE)
        numbers: list[int] = []
        vectors: list[Vector] = []
        for number, vector in come:
            numbers.append(number)
            vectors.append(vector)

        def take(slot: int, block: Block) -> None:
            rows = slice(None) if block.gone is None else np.flatnonzero(~block.gone)
            numbers.extend(block.numbers[rows].tolist())
            vectors.extend(block.matrix[rows])
            blocks[slot] = None
            free.append(slot)
            small.discard(slot)

        marked: dict[int, list[int]] = {}
        for number in gone:
            place = self._places.get(number)
            marked.setdefault(place >> _SHIFT, []).append(place & _MOST_ROWS - 1)
        for slot, rows in marked.items():
            block = _there(blocks[slot]).without(rows)
            if 2 * block.live <= len(block.matrix):
                take(slot, block)
            else:
                blocks[slot] = block
                if 2 * block.live <= self.most_rows:
                    small.add(slot)
        for live, slot in sorted((_there(blocks[slot]).live, slot) for slot in small):
            if live > 2 * len(numbers):
                break
            take(slot, _there(blocks[slot]))

        for start in range(0, len(numbers), self.most_rows):
            end = start + self.most_rows
            block = _block(numbers[start:end], vectors[start:end])
            if free:
                slot = free.pop()
                blocks[slot] = block
            else:
                slot = len(blocks)
                blocks.append(block)
            if 2 * block.live <= self.most_rows:
                small.add(slot)
            moved.update(zip(numbers[start:end], range(slot << _SHIFT, (slot << _SHIFT) + block.live), strict=True))

        after: Blocks = object.__new__(Blocks)
        after.most_rows = self.most_rows
        after._blocks = tuple(blocks)
        after._free = tuple(free)
        after._small = tuple(small)
        after._places = self._places.put(spread(list(moved)), list(moved.values()))
        return after

    # ------------------------------------------------------------------ reads

    def scan(self) -> Scan:
        """Return all rows."""
        blocks = [block for block in self._blocks if block is not None]
        sizes = np.array([0, *(0 if block is None else len(block.matrix) for block in self._blocks)])
        ends = np.cumsum(sizes)
        absent = [
            np.flatnonzero(block.gone) + start
            for block, start in zip(self._blocks, ends.tolist(), strict=False)
            if block is not None and block.gone is not None
        ]
        return Scan(
            blocks,
            np.concatenate([block.norms for block in blocks]) if blocks else np.empty(0),
            np.concatenate(absent) if absent else np.empty(0, np.intp),
            ends[:-1],
        )

    def places(self, numbers: Positions, size: int) -> Numbers:
        """Return the places of numbers, which are below `size` and have a vector."""
        return self._places.whole(size)[numbers]

    def at(self, slot: int) -> Block:
        """Return the block in a slot, which has one."""
        return _there(self._blocks[slot])

    def numbers(self, places: Sequence[int]) -> list[int]:
        """Return the numbers of the vectors in some places."""
        return [self.at(place >> _SHIFT).numbers.item(place & _MOST_ROWS - 1) for place in places]

    def vectors(self, places: Sequence[int]) -> Vector:
        """Return the vectors in some places, of which there is at least one."""
        return np.array([self.at(place >> _SHIFT).matrix[place & _MOST_ROWS - 1] for place in places])

    # ------------------------------------------------------------------ tests

    def check(self, expected: Iterable[int]) -> None:
        """Assert the invariants, and that exactly the expected numbers have a vector."""
        found: dict[int, int] = {}
        for slot, block in enumerate(self._blocks):
            assert (block is None) == (slot in self._free), slot
            if block is None:
                continue
            rows = len(block.matrix)
            assert rows <= self.most_rows
            assert rows == len(block.norms) == len(block.numbers)
            assert block.norms.tolist() == norms(block.matrix).tolist()
            live = list(range(rows)) if block.gone is None else np.flatnonzero(~block.gone).tolist()
            assert rows / 2 < len(live) == block.live
            assert (2 * block.live <= self.most_rows) == (slot in self._small)
            found |= {block.numbers.item(row): slot << _SHIFT | row for row in live}
        assert len(found) == sum(0 if block is None else block.live for block in self._blocks)
        assert set(found) == set(expected)
        placed = enumerate(self._places.whole(max(found, default=-1) + 1).tolist())
        assert found == {number: place for number, place in placed if place != _NOWHERE}


def split_place(places: Numbers) -> tuple[Numbers, Numbers]:
    """Return slots and rows."""
    return places >> _SHIFT, places & np.int32(_MOST_ROWS - 1)


def place_of(slots: Positions, rows: Positions) -> Positions:
    """Return the places of rows of the blocks in some slots."""
    return slots << _SHIFT | rows


def _there(block: Block | None) -> Block:
    assert block is not None
    return block


def _block(numbers: list[int], vectors: list[Vector]) -> Block:
    matrix = np.concatenate(vectors).reshape(len(vectors), -1)
    matrix.flags.writeable = False
    return Block(matrix, norms(matrix), np.array(numbers, np.int32), None, len(numbers))
