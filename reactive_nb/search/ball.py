"""What a vector search has read: all vectors as near as its last hit, there or not; and all such reads of one index.

Comes in: the query, the last hit's score and the condition of a search; then entries that a commit takes or adds.
Goes out: whether the search may answer otherwise. A vector farther away than the last hit changes nothing, so the
search has not read it: it has read a ball around the query.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import numpy as np

from reactive_nb.documents.interval import point_interval
from reactive_nb.schema.search_declaration import Metric
from reactive_nb.search.condition import AllOf, Condition, Within, meets
from reactive_nb.search.metric import (
    direction,
    known_nearness,
    nearness,
    norms,
    products_of,
    products_of_many,
    score,
    scores,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reactive_nb.search.blocks import Positions
    from reactive_nb.search.metric import Direction, Floats, Vector
    from reactive_nb.search.vector import VectorEntry

T = TypeVar("T", bound=Hashable)

_ITEM: Final = np.dtype(np.float32).itemsize
_LEAST_ROOM: Final = 16
_DENSE: Final = 4
"""If one of so many balls is to be looked at, a product with all queries costs less than fetching those."""
_AT_ONCE: Final = 64
"""Vectors in one product with all queries; each takes 4 bytes per ball."""


@dataclass(frozen=True, slots=True)
class Ball:
    """The entries that a vector search depends on; compared by content.

    Attributes:
        metric: What near means.
        query: The numbers of the vector searched for, as the bytes of an array of float32.
        floor: The score from which on a vector is inside.
        condition: What the filter values must be.

    Example:
        >>> ball = Ball.around("l2", np.array([1, 0], np.float32), -2.0, ALWAYS)
        >>> ball.meets(VectorEntry(Row(1.0, ()), np.array([1, 3], np.float32)))
        False
    """

    metric: Metric
    query: bytes
    floor: float
    condition: Condition

    @classmethod
    def around(cls, metric: Metric, query: Vector, floor: float, condition: Condition) -> Ball:
        """Return the ball around a vector.

        Args:
            metric: What near means.
            query: The vector searched for.
            floor: The score of the last hit; minus infinity if there were fewer than the search could find, or if more
                than the nearest decide which they are.
            condition: What the filter values must be.
        """
        return cls(metric, np.asarray(query, np.float32).tobytes(), floor, condition)

    @property
    def dimensions(self) -> int:
        """How many numbers the vector has."""
        return len(self.query) // _ITEM

    @property
    def vector(self) -> Vector:
        """The vector searched for."""
        return np.frombuffer(self.query, np.float32)

    def meets(self, entry: VectorEntry) -> bool:
        """Whether an entry lies inside: its score is the last hit's or more, and it meets the condition."""
        if not meets(self.condition, entry.row.filters):
            return False
        return self.floor == -math.inf or score(self.metric, self.vector, entry.vector) >= self.floor


class Balls(Generic[T]):
    """The balls of all live searches of one index, with their owners; mutable.

    The queries stand in one matrix, so that one product tells for a vector which balls it may lie in; those are asked.
    Where a condition demands one value of a filter field, as in a list of everybody's own documents, the ball is pinned
    to this value, and the product leaves it out if the vector's document has another one. A ball that several owners
    have is there once. All balls are of one metric and number of dimensions: those of the
    first that is added while there are none.

    Example:
        >>> balls = Balls()
        >>> balls.add(Ball.around("dot", np.array([1, 0], np.float32), 2.0, ALWAYS), "ann")
        >>> balls.meeting([VectorEntry(Row(1.0, ()), np.array([3, 0], np.float32))])
        {'ann': 0}
    """

    __slots__ = (
        "_balls",
        "_lowest",
        "_matrix",
        "_norms",
        "_owners",
        "_pairs",
        "_pin_numbers",
        "_pins",
        "_pins_made",
        "_slots",
    )

    def __init__(self) -> None:
        self._owners: dict[Ball, set[T]] = {}
        self._pairs = 0
        self._balls: list[Ball] = []
        self._slots: dict[Ball, int] = {}
        # Of the ball in each slot, with room for more: query, its norm, nearness of the floor, number of its pin.
        self._matrix: Vector = np.empty((0, 0), np.float32)
        self._norms: Floats = np.empty(0)
        self._lowest: Floats = np.empty(0)
        self._pins: NDArray[np.int64] = np.empty(0, np.int64)
        # Of each pin its number, and how many balls have it.
        self._pin_numbers: dict[_Pin, tuple[int, int]] = {_NO_PIN: (0, 1)}
        self._pins_made = 0

    def add(self, ball: Ball, owner: T) -> None:
        """Take in a ball of `owner`.

        Raises:
            ValueError: The pair is there.
        """
        owners = self._owners.get(ball)
        if owners is None:
            owners = self._owners[ball] = set()
            self._place(ball)
        elif owner in owners:
            raise ValueError(f"the ball is there with {owner!r}")
        owners.add(owner)
        self._pairs += 1

    def _place(self, ball: Ball) -> None:
        slot = len(self._balls)
        query = ball.vector
        if not slot:
            self._make_room(_LEAST_ROOM, len(query))
        elif slot == len(self._matrix):
            self._make_room(2 * slot, len(query))
        pin = _pin(ball.condition)
        known = self._pin_numbers.get(pin)
        if known is None:
            self._pins_made += 1
            known = self._pins_made, 0
        number, balls = known
        self._pin_numbers[pin] = number, balls + 1
        self._slots[ball] = slot
        self._balls.append(ball)
        self._matrix[slot] = query
        self._norms[slot] = norms(query[np.newaxis]).item(0)
        self._lowest[slot] = known_nearness(ball.metric, ball.floor)
        self._pins[slot] = number

    def _make_room(self, room: int, dimensions: int) -> None:
        used = len(self._balls)
        matrix = np.empty((room, dimensions), np.float32)
        if used:
            matrix[:used] = self._matrix[:used]
        self._matrix = matrix
        more = np.zeros(room - used)
        self._norms = np.concatenate((self._norms[:used], more))
        self._lowest = np.concatenate((self._lowest[:used], more))
        self._pins = np.concatenate((self._pins[:used], more.astype(np.int64)))

    def remove(self, ball: Ball, owner: T) -> None:
        """Take back one `add`.

        Raises:
            KeyError: The pair is not there.
        """
        owners = self._owners[ball]
        owners.remove(owner)
        self._pairs -= 1
        if owners:
            return
        del self._owners[ball]
        pin = _pin(ball.condition)
        number, balls = self._pin_numbers.pop(pin)
        if balls > 1:
            self._pin_numbers[pin] = number, balls - 1
        slot = self._slots.pop(ball)
        last = self._balls.pop()
        end = len(self._balls)
        if slot < end:  # the last one takes its place
            self._balls[slot] = last
            self._slots[last] = slot
            for array in (self._matrix, self._norms, self._lowest, self._pins):
                array[slot] = array[end]
        if _LEAST_ROOM < len(self._matrix) > 4 * end:
            self._make_room(max(2 * end, _LEAST_ROOM), self._matrix.shape[1])

    def meeting(self, entries: Sequence[VectorEntry]) -> dict[T, int]:
        """Return the owners of balls that one of the entries meets, each with the place of one that does."""
        met: dict[T, int] = {}
        used = len(self._balls)
        passing: list[tuple[int, Positions | None]] = []
        for place, entry in enumerate(entries if used else ()):
            slots = self._pinned(entry)
            if slots is None or len(slots) * _DENSE >= used:
                passing.append((place, slots))
            elif len(slots):
                to = direction(entry.vector)
                products = products_of([self._matrix[slots]], to.unit, len(slots))
                met |= dict.fromkeys(self._met_by(entry, to, products, slots, met.keys()), place)
        for start in range(0, len(passing), _AT_ONCE):
            part = passing[start : start + _AT_ONCE]
            directions = [direction(entries[place].vector) for place, _ in part]
            products_of_all = products_of_many(self._matrix[:used], [to.unit for to in directions])
            for (place, slots), to, products in zip(part, directions, products_of_all, strict=True):
                some = products if slots is None else products[slots]
                met |= dict.fromkeys(self._met_by(entries[place], to, some, slots, met.keys()), place)
        return met

    def _pinned(self, entry: VectorEntry) -> Positions | None:
        """Return the slots of balls whose pin, if they have one, is a value of an entry; None if those are all."""
        used = len(self._balls)
        if len(self._pin_numbers) == 1:
            return None
        pins = self._pins[:used]
        found = pins == 0
        for pin in enumerate(entry.row.filters):
            known = self._pin_numbers.get(pin)
            if known is not None:
                found |= pins == known[0]
        return np.flatnonzero(found)

    def _met_by(
        self, entry: VectorEntry, to: Direction, products: Vector, slots: Positions | None, known: Set[T]
    ) -> set[T]:
        """Return the owners of balls that an entry meets, out of those in some slots, None being all; not the known."""
        met: set[T] = set()
        some = slice(len(self._balls)) if slots is None else slots
        near, error = nearness(self._balls[0].metric, products, self._norms[some], to)
        near += error
        maybe = np.flatnonzero(near >= self._lowest[some])
        # What `Ball.meets` asks, of all at once: first the condition, then the exact score.
        to_score = []
        for slot in (maybe if slots is None else slots[maybe]).tolist():
            ball = self._balls[slot]
            if not self._owners[ball] <= known and meets(ball.condition, entry.row.filters):
                if ball.floor == -math.inf:
                    met |= self._owners[ball]
                else:
                    to_score.append(slot)
        if to_score:
            exact = scores(self._balls[0].metric, entry.vector, self._matrix[to_score]).tolist()
            for slot, score_there in zip(to_score, exact, strict=True):
                ball = self._balls[slot]
                if score_there >= ball.floor:
                    met |= self._owners[ball]
        return met - known

    def __len__(self) -> int:
        """The number of pairs."""
        return self._pairs

    def check(self) -> None:
        """Assert the invariants: each ball with an owner has a slot, and what stands there belongs to it."""
        used = len(self._balls)
        assert self._pairs == sum(map(len, self._owners.values()))
        assert all(self._owners.values())
        assert self._owners.keys() == self._slots.keys()
        assert self._slots == {ball: slot for slot, ball in enumerate(self._balls)}
        assert used <= len(self._matrix) == len(self._norms) == len(self._lowest) <= max(4 * used, _LEAST_ROOM)
        for slot, ball in enumerate(self._balls):
            assert self._matrix[slot].tobytes() == ball.query
            assert self._norms[slot] == norms(ball.vector[np.newaxis])[0]
            assert self._pins[slot] == self._pin_numbers[_pin(ball.condition)][0]
            assert self._lowest[slot] == known_nearness(ball.metric, ball.floor)
        counted = Counter(_pin(ball.condition) for ball in self._balls)
        counted[_NO_PIN] += 1
        assert counted == {pin: balls for pin, (_, balls) in self._pin_numbers.items()}


_Pin = tuple[int, bytes]
"""Number of a filter field, and its value."""

_NO_PIN: Final[_Pin] = (-1, b"")


def _pin(condition: Condition) -> _Pin:
    """Return one value that a filter field must have for a condition to be met, or `_NO_PIN`."""
    if isinstance(condition, Within):
        if condition.interval == point_interval(condition.interval.start):
            return condition.position, condition.interval.start
    elif isinstance(condition, AllOf):
        return next((pin for part in condition.parts if (pin := _pin(part)) != _NO_PIN), _NO_PIN)
    return _NO_PIN
