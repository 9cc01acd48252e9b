"""The documents of one search index by number, with what every kind of search needs to know of them.

Comes in: edits of rows, a row being a document's creation time and filter values. Goes out: the rows after them, which
share with the rows before all but a few kilobytes; the creation times as one array; and which numbers meet a condition.

A number stands for a document wherever bytes count: in postings, and as a place among vectors. A document keeps its
number for as long as it is there; then the number is free, and is given again before a new one is.

What is known of rows stands in columns by number. Filter values stand there as codes, so that the interval of
a condition is a set of codes, and one look into a table tells for all rows at once which of them have one of those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, assert_never

import numpy as np

from reactive_nb.documents.ordered_map import OrderedMap
from reactive_nb.search.codes import NO_CODE, Codes, Mask
from reactive_nb.search.column import Column, spread
from reactive_nb.search.condition import ALWAYS, AllOf, AnyOf, Condition, Within

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SPARE_CODES: Final = 1024
"""A field may have so many codes more than four times the documents before those not in use are dropped."""


class Row(NamedTuple):
    """What searches know of a document besides what they rank by."""

    created: float
    """Its `_creationTime`."""
    filters: tuple[bytes, ...]
    """Its encoded value, or that of a missing one, per filter field."""


class Rows:
    """The rows of a search index; immutable.

    Args:
        fields: The number of filter fields.

    Attributes:
        size: All numbers are below it.

    Example:
        >>> rows, numbers = Rows(0).apply([("a", Row(1.0, ())), ("b", Row(2.0, ()))])
        >>> rows, freed = rows.apply([("a", None)])
        >>> numbers, freed, rows.ids([1]), rows.created().tolist()
        ([0, 1], [0], ['b'], [nan, 2.0])
    """

    __slots__ = ("_columns", "_created", "_free", "_ids", "_known", "_numbers", "size")

    def __init__(self, fields: int) -> None:
        self.size = 0
        self._numbers: OrderedMap[int] = OrderedMap()
        self._free: _Free = None
        self._ids = Column(np.array(None, object))
        self._created = Column(np.float64(np.nan))
        # For each filter field the code of each number, and the codes that there are.
        self._columns = tuple(Column(np.int32(NO_CODE)) for _ in range(fields))
        self._known = (Codes(),) * fields

    # ------------------------------------------------------------------ changes

    def apply(self, edits: Sequence[tuple[str, Row | None]]) -> tuple[Rows, list[int]]:
        """Return the rows after some edits, and the number of each edited document.

        Numbers that these edits free are not given to the documents that come with them, so none of those returned
        are equal.

        Args:
            edits: Ids, each once, with the row of the document, or None when it is gone; then it was there.
        """
        numbers: list[int] = []
        changes: list[tuple[bytes, int | None]] = []
        size, free = self.size, self._free
        gone: list[int] = []
        get = self._numbers.get if self._numbers else dict[bytes, int]().get
        for id, row in edits:
            key = id.encode()
            number = get(key)
            if row is None:
                if number is None:
                    raise KeyError(id)
                changes.append((key, None))
                gone.append(number)
            elif number is None:
                if free is None:
                    number = size
                    size += 1
                else:
                    number, free = free
                changes.append((key, number))
            numbers.append(number)
        for number in gone:
            free = (number, free)
        changes.sort()

        after: Rows = object.__new__(Rows)
        after.size = size
        after._numbers = self._numbers.apply(changes)
        after._free = free
        where = spread(numbers)
        after._ids = self._ids.put(where, [None if row is None else id for id, row in edits])
        after._created = self._created.put(where, [np.nan if row is None else row.created for _, row in edits])
        columns, known = [], []
        for position, (column, codes) in enumerate(zip(self._columns, self._known, strict=True)):
            codes, given = codes.extended([None if row is None else row.filters[position] for _, row in edits])
            column = column.put(where, given)
            if codes.size > 4 * len(after._numbers) + _SPARE_CODES:
                # Without this a field such as "changed at" would make a code with every commit, for ever.
                used = np.unique(column.whole(size))
                codes, table = codes.only(used[used != NO_CODE])
                column = column.looked_up(table)
            columns.append(column)
            known.append(codes)
        after._columns = tuple(columns)
        after._known = tuple(known)
        return after, numbers

    # ------------------------------------------------------------------ reads

    def number(self, id: str) -> int | None:
        """Return the number of a document, or None when it is not there."""
        return self._numbers.get(id.encode())

    def __len__(self) -> int:
        return len(self._numbers)

    def ids(self, numbers: Sequence[int]) -> list[str]:
        """Return the ids of the documents with these numbers, which are all taken."""
        return [self._ids.get(number) for number in numbers]

    def times(self, numbers: Sequence[int]) -> list[float]:
        """Return the creation times of the documents with these numbers."""
        return [self._created.get(number) for number in numbers]

    def created(self) -> NDArray[np.float64]:
        """Return the creation time by number, NaN where no document has it; not to be written to."""
        return self._created.whole(self.size)

    def where(self, condition: Condition) -> Mask | None:
        """Return by number whether a document has it and meets a condition.

        Returns:
            One boolean per number; None when all would be true, every number being taken and the condition `ALWAYS`.
        """
        if condition == ALWAYS and len(self) == self.size:
            return None
        return self._where(condition)

    def _where(self, condition: Condition) -> Mask:
        match condition:
            case Within(position, interval):
                return self._known[position].within(self._columns[position].whole(self.size), interval)
            case AllOf(parts):
                if not parts:
                    return ~np.isnan(self.created())
                mask = self._where(parts[0])
                for part in parts[1:]:
                    mask &= self._where(part)
                return mask
            case AnyOf(parts):
                if not parts:
                    return np.zeros(self.size, np.bool_)
                mask = self._where(parts[0])
                for part in parts[1:]:
                    mask |= self._where(part)
                return mask
            case _:
                assert_never(condition)

    # ------------------------------------------------------------------ tests

    def check(self) -> None:
        """Assert the invariants: numbers, ids and free numbers agree, and each code stands for one value."""
        self._numbers.check()
        taken = {number: key.decode() for key, number in self._numbers.items()}
        assert len(taken) == len(self)
        free = list(_each(self._free))
        assert sorted([*taken, *free]) == list(range(self.size)), (taken, free)
        assert self._ids.whole(self.size).tolist() == [taken.get(number) for number in range(self.size)]
        there = [number in taken for number in range(self.size)]
        assert (~np.isnan(self.created())).tolist() == there
        for column, codes in zip(self._columns, self._known, strict=True):
            codes.check(column.whole(self.size))
            assert (column.whole(self.size) != NO_CODE).tolist() == there
            assert codes.size <= 4 * len(self) + _SPARE_CODES


_Free = tuple[int, Any] | None
"""Free numbers: the next one, and the others in the same form."""


def _each(free: _Free) -> Iterator[int]:
    while free is not None:
        number, free = free
        yield number
