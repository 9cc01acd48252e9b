"""Codes of a filter field's values: small numbers in place of bytes, so that arrays can hold them.

Comes in: encoded values. Goes out: the code of each, the same for equal values, and for an interval of values a table
that says of every code whether its value lies inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reactive_nb.documents.interval import Interval, point_interval
from reactive_nb.documents.ordered_map import OrderedMap

CodeArray = NDArray[np.int32]
Mask = NDArray[np.bool_]

NO_CODE: Final = -1
"""The code of what has no value. As an index it is the last place of a table, which is kept for it."""


class Codes:
    """The codes of one field's values; immutable.

    Attributes:
        size: All codes are below it.

    Example:
        >>> codes, given = Codes().extended([b"a", b"b", b"a", None])
        >>> given, codes.within(np.array(given), Interval(b"b", b"c")).tolist()
        ([0, 1, 0, -1], [False, True, False, False])
    """

    __slots__ = ("_of", "size")

    def __init__(self, _of: OrderedMap[int] | None = None, _size: int = 0) -> None:
        self._of: OrderedMap[int] = OrderedMap() if _of is None else _of
        self.size = _size

    def extended(self, values: Sequence[bytes | None]) -> tuple[Codes, list[int]]:
        """Return codes that know some values too, and the code of each; None has `NO_CODE`."""
        known: dict[bytes | None, int] = {None: NO_CODE}
        fresh: list[tuple[bytes, int]] = []
        for value in values:
            if value is None or value in known:
                continue
            code = self._of.get(value)
            if code is None:
                code = self.size + len(fresh)
                fresh.append((value, code))
            known[value] = code
        after = self
        if fresh:
            fresh.sort()
            after = Codes(self._of.apply(fresh), self.size + len(fresh))
        return after, [known[value] for value in values]

    def only(self, kept: CodeArray) -> tuple[Codes, CodeArray]:
        """Return codes of the values with the codes `kept` alone, and the table from old codes to new ones."""
        wanted = np.zeros(self.size, np.bool_)
        wanted[kept] = True
        values, old = [], []
        for value, code in self._of.items():
            if wanted[code]:
                values.append(value)
                old.append(code)
        table = np.full(self.size + 1, NO_CODE, np.int32)
        table[old] = range(len(old))
        return Codes(OrderedMap.from_sorted(values, list(range(len(old)))), len(old)), table

    def within(self, codes: CodeArray, interval: Interval) -> Mask:
        """Return of some codes which belong to values in an interval."""
        start, end = interval
        if interval == point_interval(start):
            code = self._of.get(start)
            return np.zeros(len(codes), np.bool_) if code is None else codes == code
        table = np.zeros(self.size + 1, np.bool_)
        for _, run in self._of.blocks(start, end):
            table[run] = True
        return table[codes]

    def check(self, used: CodeArray) -> None:
        """Assert that no two values share a code, and that each of some codes in use has a value."""
        self._of.check()
        given = {code for _, code in self._of.items()}
        assert len(given) == len(self._of)
        assert all(0 <= code < self.size for code in given)
        assert {*used.tolist()} - {NO_CODE} <= given
