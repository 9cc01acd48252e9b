"""What a reader made of a table: sorted, filtered, scrolled to a place. All of it is worked out here, not on the page.

A shape (shape.py) and a reader's wishes come in; the places of the rows to show, in their order, go out. A page holds
only the rows around what it shows, so it could neither sort nor filter by itself.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reactive_nb.errors import InvalidValue
from reactive_nb.notebook.result.encoding import repr_of
from reactive_nb.notebook.result.rows import longest_increasing
from reactive_nb.notebook.result.shape import Shape
from reactive_nb.values.order import encode_value
from reactive_nb.values.value import normalize

MAX_COUNT = 1000
"""The most rows that a page gets at once; what it asks beyond that is cut."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A reader's order and choice of rows.

    Attributes:
        sort: Columns to sort by, the first one first, each with whether it descends.
        filter: Columns with the text that their cells must contain, or a comparison such as `> 5`.
    """

    sort: tuple[tuple[str, bool], ...] = ()
    filter: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a table that one reader has before them.

    Attributes:
        first: The place of the first row, in the arrangement.
        count: How many rows.
        anchor: The key of the row that is to stay where it is when rows come and go above it; None at the top.
        arrangement: Order and choice of rows.
    """

    first: int = 0
    count: int = 100
    anchor: str | None = None
    arrangement: Arrangement = Arrangement()

    @classmethod
    def from_json(cls, json: Any) -> Window:
        """Return what a page asked for; anything that is not understood is left out."""
        if not isinstance(json, dict):
            return cls()
        anchor = json.get("anchor")
        pairs = {name: [each for each in _list(json.get(name)) if _is_pair(each)] for name in ("sort", "filter")}
        return cls(
            max(0, _int(json.get("first"), 0)),
            min(MAX_COUNT, max(1, _int(json.get("count"), 100))),
            anchor if isinstance(anchor, str) else None,
            Arrangement(
                tuple((column, direction == "desc") for column, direction in pairs["sort"]),
                tuple((column, text) for column, text in pairs["filter"] if text.strip()),
            ),
        )


def _list(json: Any) -> list[Any]:
    return json if isinstance(json, list) else []


def _is_pair(json: Any) -> bool:
    return isinstance(json, list) and len(json) == 2 and all(isinstance(each, str) for each in json)


def _int(json: Any, otherwise: int) -> int:
    return json if type(json) is int else otherwise


def arrange(shape: Shape, wanted: Arrangement) -> Sequence[int]:
    """Return the places of the rows to show, in the order in which to show them. Equal rows keep their order.

    Cost: nothing without sort and filter; O(n log n) otherwise.
    """
    if shape.kind == "scalar":
        return range(len(shape))
    rows = shape.rows
    places: Sequence[int] = range(len(shape))
    for column, text in wanted.filter:
        fits = _fitting([rows[at].get(column, _MISSING) for at in places], _test_of(text))
        places = [at for at, is_in in zip(places, fits, strict=True) if is_in]
    for column, descending in reversed(wanted.sort):
        order = _sorted([rows[at].get(column, _MISSING) for at in places], descending)
        places = [places[at] for at in order]
    return places


_MISSING: Any = object()
_RANKS = {type(_MISSING): 0, type(None): 1, int: 2, float: 2, bool: 3, str: 4}
_SAME_WHEN_EQUAL = {type(_MISSING), type(None), int, str}


def _fitting(values: list[Any], fits: Callable[[Any], bool]) -> list[bool]:
    """Return which values fit a test; a missing one does not."""
    if set(map(type, values)) <= _SAME_WHEN_EQUAL:
        fitting = {value for value in set(values) if value is not _MISSING and fits(value)}
        return [value in fitting for value in values]
    return [value is not _MISSING and fits(value) for value in values]


def _sorted(values: list[Any], descending: bool) -> list[int]:
    """Return the places of values in the engine's own order: missing first, then null, numbers, text, and so on.

    Objects that the engine cannot store come last, by their text.
    """
    kinds = set(map(type, values))
    if not kinds <= _RANKS.keys() or (float in kinds and any(value != value for value in values)):  # only NaN does
        keys = [_encoded(value) for value in values]
        return sorted(range(len(keys)), key=keys.__getitem__, reverse=descending)
    # Within a rank the engine's order is Python's own, which is several times as fast to come by.
    groups: dict[int, list[int]] = {rank: [] for rank in sorted({_RANKS[kind] for kind in kinds}, reverse=descending)}
    for at, value in enumerate(values):
        groups[_RANKS[type(value)]].append(at)
    order: list[int] = []
    for rank, group in groups.items():
        order += sorted(group, key=values.__getitem__, reverse=descending) if rank > 1 else group
    return order


def _encoded(value: Any) -> bytes:
    if value is _MISSING:
        return b""
    try:
        return encode_value(normalize(value))
    except InvalidValue:
        return b"\xff" + repr_of(value).encode("utf-8", "replace")


_COMPARISON = re.compile(r"\s*(>=|<=|!=|>|<|=)\s*(\S.*?)\s*$")
_RANGE = re.compile(r"\s*(-?[\d.]+)\s*\.\.\s*(-?[\d.]+)\s*$")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}


def _test_of(text: str) -> Callable[[Any], bool]:
    """Return the test that a filter's text means."""
    if found := _RANGE.match(text):
        low, high = _number(found[1]), _number(found[2])
        if low is not None and high is not None:
            return lambda value: _is_number(value) and low <= value <= high
    if found := _COMPARISON.match(text):
        compare, bound = _OPERATORS[found[1]], found[2]
        number = _number(bound)
        return lambda value: _compared(compare, value, number, bound)
    part = text.strip().casefold()
    return lambda value: part in filter_text(value).casefold()


def _compared(compare: Callable[[Any, Any], bool], value: Any, number: float | None, text: str) -> bool:
    if _is_number(value):
        return number is not None and compare(value, number)
    return compare(filter_text(value).casefold(), text.casefold())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(text: str) -> float | None:
    try:
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        return None


def filter_text(value: Any) -> str:
    """Return the text in which a filter looks: a string as it is, a time in UTC, anything else as Python writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return str(value.astimezone(UTC) if value.tzinfo else value)
    return repr_of(value)


@dataclass(frozen=True, slots=True)
class Held:
    """The row that a reader's window holds on to while rows come and go.

    Attributes:
        key: Its key.
        stood: Where it stood in the window.
        stands: Where it stands in the arrangement now.
    """

    key: str
    stood: int
    stands: int


def row_to_hold(
    anchor: str, before: Sequence[str], keys: Sequence[str], places: Sequence[int], is_rearranged: bool
) -> Held | None:
    """Return the row of a window to hold on to: the anchor, or the nearest one, below it first, that stays.

    A row that has changed its own place does not take the reader with it. When the reader has rearranged the rows, all
    have: the anchor is followed wherever it is.

    Args:
        anchor: The key of the row that the reader would like to stay.
        before: The keys of the window in which it stood.
        keys: The keys of all rows.
        places: The arrangement: places of rows, in its order.
        is_rearranged: Whether the window was of another arrangement.

    Returns:
        None when the anchor was not in the window, or no row of it is left.
    """
    if anchor not in before:
        return None
    stood = before.index(anchor)
    wanted = set(before)
    shown = enumerate(keys) if isinstance(places, range) else ((place, keys[at]) for place, at in enumerate(places))
    stands = {key: place for place, key in shown if key in wanted}
    left = [key for key in before if key in stands]
    still = {left[at] for at in longest_increasing([stands[key] for key in left])}
    if is_rearranged and anchor in stands:
        still = {anchor}
    for at in (*range(stood, len(before)), *range(stood - 1, -1, -1)):
        if before[at] in still:
            return Held(before[at], at, stands[before[at]])
    return None
