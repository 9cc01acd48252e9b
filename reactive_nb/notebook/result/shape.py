"""How a result looks on a page: a table, a list, a record or one value, each as keyed rows of values.

The value of a live result comes in; rows in their order, each under a key that no other row of the result has, go out.
Everything a page shows is rows, so one way of telling changes (rows.py) serves all four kinds. Rows are turned into
cells (encoding.py) only when a page shows them: a result may have a hundred thousand.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Literal

from reactive_nb.notebook.result.encoding import Cell, encode_cell

Kind = Literal["table", "list", "record", "scalar"]
Row = dict[str, Cell]
KeyedRows = dict[str, Row]
"""Rows in their order, by key. A dict keeps both promises: order, and no key twice."""

KEY = "_id"
FIELD, VALUE = "field", "value"
SYSTEM_COLUMNS = ("_creationTime", KEY)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a page shows of one result.

    Attributes:
        kind: `table` for a list of dicts (also an empty list) and for a pandas data frame, `list` for any other list,
            `record` for a dict, `scalar` for the rest.
        rows: The rows, as values. A list has the column `value`, a record `field` and `value`, a scalar one row with
            the column `value`.
        keys: A key per row.
    """

    kind: Kind
    rows: Sequence[dict[Any, Any]]
    keys: Sequence[str]

    def __len__(self) -> int:
        return len(self.rows)

    def cells(self, at: int) -> Row:
        """Return a row as a page gets it."""
        return {str(field): encode_cell(item) for field, item in self.rows[at].items()}

    def head(self, count: int) -> KeyedRows:
        """Return the first rows as a page gets them."""
        return {key: self.cells(at) for at, key in enumerate(islice(self.keys, count))}


NOTHING = Shape("table", (), ())
"""What a page shows before there is a result."""


def shape_of(value: object, key: str = KEY) -> Shape:
    """Return what a page shows of `value`.

    Args:
        value: Any value.
        key: The column whose values name the rows of a table.

    Example:
        >>> shape_of([{"_id": "a", "n": 1}]).head(1)
        {'a': {'_id': 'a', 'n': 1}}
    """
    match value:
        case list() if all(issubclass(kind, dict) for kind in set(map(type, value))):
            return Shape("table", value, keys_of(value, key))
        case list():
            return Shape("list", [{VALUE: item} for item in value], Places(len(value)))
        case dict():
            fields = [{FIELD: str(name), VALUE: item} for name, item in value.items()]
            return Shape("record", fields, [row[FIELD] for row in fields])
        case _ if is_frame(value):
            rows = _rows_of_frame(value)
            return Shape("table", rows, keys_of(rows, key))
        case _:
            return Shape("scalar", [{VALUE: value}], [VALUE])


def is_frame(value: object) -> bool:
    """Whether a value is a pandas data frame; without pandas there is none."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def _rows_of_frame(frame: Any) -> list[dict[Any, Any]]:
    """Return the rows of a frame as dicts; what it calls missing is None. Its index is not shown."""
    names = [str(name) for name in frame.columns]
    columns = [frame.iloc[:, at] for at in range(len(names))]
    cells = [column.astype(object).where(column.notna(), None).tolist() for column in columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]


class Places(Sequence[str]):
    """The keys of rows that have nothing but their place: `#0`, `#1`, … They are made when they are asked for."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [f"#{place}" for place in range(*at.indices(self._size))]
        return f"#{range(self._size)[at]}"

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """Return the place that a key names."""
        digits = value[1:] if isinstance(value, str) and value[:1] == "#" else ""
        if not digits.isdecimal() or str(int(digits)) != digits:
            raise ValueError(f"{value!r} is not a place")
        place = int(digits)
        if place not in range(*slice(start, stop).indices(self._size)):
            raise ValueError(f"there is no {value}")
        return place


def keys_of(rows: Sequence[dict[Any, Any]], key: str = KEY) -> Sequence[str]:
    """Return one key per row: its field `key` if every row has one of its own, else its place (`#0`, `#1`, …).

    It is all or nothing, because a place among ids would change with every row that comes or goes before it.
    """
    ids: list[Any] = [row.get(key) for row in rows]
    kinds = set(map(type, ids))
    if kinds <= {str, int}:
        names = ids if kinds == {str} else list(map(str, ids))
        if len(set(names)) == len(names):
            return names
    return Places(len(rows))


def columns_of(rows: Sequence[dict[Any, Any]], before: Sequence[str] = ()) -> list[str]:
    """Return the columns of a table: its fields in order of first appearance, `_creationTime` and `_id` last.

    Columns that a page has already (`before`) keep their places while some row has them, so none jumps when rows
    come in another order; new ones follow.
    """
    fields: dict[Any, None] = dict.fromkeys(rows[0]) if rows else {}
    if (
        set().union(*rows) != fields.keys()
    ):  # its order is costly to come by, and most tables have the same fields all over
        fields = dict.fromkeys(chain.from_iterable(rows))
    present = dict.fromkeys(map(str, fields))
    if not present:
        return list(before)  # an emptied table keeps its head
    kept = [column for column in before if column in present]
    ordered = list(dict.fromkeys([*kept, *present]))
    own = [column for column in ordered if column not in SYSTEM_COLUMNS]
    return own + [column for column in SYSTEM_COLUMNS if column in present]
