"""One property of numbered things: an immutable array of which a changed copy shares all but a few pages.

Comes in: new values at some numbers. Goes out: the column after them, single values, and the whole as one array.

The whole is joined when it is asked for, and kept in one place for all versions of a column: a history of a thousand
versions that each keep an array of their own would fill the memory. A version that finds there what another one has
left joins its own; whoever comes at the same time does the same, and either result is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

S = TypeVar("S", bound=np.generic)

_SHIFT: Final = 9
PAGE: Final = 1 << _SHIFT
"""Values of a page, which is what a change of one value copies."""

Spread = Mapping[int, tuple[list[int], list[int]]]
"""By number of a page: places in it, and which of the values given belong there."""


def spread(numbers: Sequence[int]) -> Spread:
    """Return on which pages some numbers lie; columns that change at the same numbers share the answer."""
    pages: dict[int, tuple[list[int], list[int]]] = {}
    if len(numbers) < PAGE:
        for position, number in enumerate(numbers):
            page = pages.get(number >> _SHIFT)
            if page is None:
                page = pages[number >> _SHIFT] = ([], [])
            page[0].append(number & PAGE - 1)
            page[1].append(position)
        return pages
    array = np.array(numbers)
    order = np.argsort(array >> _SHIFT, kind="stable")
    in_order = array[order]
    cuts = np.flatnonzero(np.diff(in_order >> _SHIFT)) + 1
    for places, positions in zip(np.split(in_order, cuts), np.split(order, cuts), strict=True):
        pages[places.item(0) >> _SHIFT] = ((places & PAGE - 1).tolist(), positions.tolist())
    return pages


class Column(Generic[S]):
    """A value for every number from zero on; immutable.

    Args:
        fill: The value of a number that has been given none, as a scalar or array of the type of all values.

    Example:
        >>> column = Column(np.int32(-1)).put(spread([2, 0]), [7, 5])
        >>> column.get(2), column.whole(4).tolist()
        (7, [5, -1, 7, -1])
    """

    __slots__ = ("_fill", "_latest", "_pages")

    def __init__(self, fill: S | NDArray[S]) -> None:
        self._fill: NDArray[S] = np.full(PAGE, fill, dtype=fill.dtype)
        self._pages: tuple[NDArray[S], ...] = ()
        self._latest: _Latest[S] = _Latest()

    def put(self, where: Spread, values: Sequence[Any]) -> Column[S]:
        """Return the column with new values at the numbers of `where`, in the order in which these were given."""
        pages = list(self._pages)
        for at in sorted(where):
            while len(pages) <= at:
                pages.append(self._fill)
            places, positions = where[at]
            page = pages[at] = pages[at].copy()
            if len(places) == 1:
                page[places[0]] = values[positions[0]]
            else:
                page[places] = [values[position] for position in positions]
        return self._with(tuple(pages))

    def looked_up(self, table: NDArray[S]) -> Column[S]:
        """Return the column with every value `v` replaced by `table[v]`, the fill by itself."""
        return self._with(tuple(table[page] for page in self._pages))

    def _with(self, pages: tuple[NDArray[S], ...]) -> Column[S]:
        after: Column[S] = object.__new__(Column)
        after._fill = self._fill
        after._pages = pages
        after._latest = self._latest
        return after

    def get(self, number: int) -> Any:
        """Return the value of a number, which is on a page that has been written to."""
        return self._pages[number >> _SHIFT].item(number & PAGE - 1)

    def whole(self, size: int) -> NDArray[S]:
        """Return the values of all numbers below `size`; not to be written to."""
        latest = self._latest.joined
        if latest is None or latest[0] is not self._pages or len(latest[1]) < size:
            pages = list(self._pages)
            while len(pages) * PAGE < size or not pages:
                pages.append(self._fill)
            whole = np.concatenate(pages)
            whole.flags.writeable = False
            latest = self._latest.joined = (self._pages, whole)
        return latest[1][:size]

    def shared_pages(self, other: Column[S]) -> int:
        """Return how many pages two columns have in common; for tests."""
        return sum(mine is theirs for mine, theirs in zip(self._pages, other._pages, strict=False))


class _Latest(Generic[S]):
    """The pages of the version that was last asked for the whole, and the whole."""

    __slots__ = ("joined",)

    def __init__(self) -> None:
        self.joined: tuple[tuple[NDArray[S], ...], NDArray[S]] | None = None
