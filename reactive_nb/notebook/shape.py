"""How a result looks on a page: a table, a list, a record or one value, each as keyed rows of cells.

The value of a live result comes in; rows of cells (encoding.py) in their order, each under a key that no other row of
the result has, go out. Everything a page shows is rows, so one way of telling changes (rows.py) serves all four kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reactive_nb.notebook.encoding import Cell, encode_cell

Kind = Literal["table", "list", "record", "scalar"]
Row = dict[str, Cell]
KeyedRows = dict[str, Row]
"""Rows in their order, by key. A dict keeps both promises: order, and no key twice."""

MAX_ROWS = 500
KEY = "_id"
VALUE = "value"
SYSTEM_COLUMNS = ("_creationTime", KEY)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a page shows of one result.

    Attributes:
        kind: `table` for a list of dicts (also an empty list), `list` for any other list, `record` for a dict,
            `scalar` for the rest.
        rows: The first `MAX_ROWS` rows. A list has the column `value`, a record `field` and `value`, a scalar one
            row with the column `value`.
        total: How many rows the result has.
    """

    kind: Kind
    rows: KeyedRows
    total: int


NOTHING = Shape("table", {}, 0)
"""What a page shows before there is a result."""


def shape_of(value: object) -> Shape:
    """Return what a page shows of `value`.

    Example:
        >>> shape_of([{"_id": "a", "n": 1}]).rows
        {'a': {'_id': 'a', 'n': 1}}
    """
    match value:
        case list() if all(isinstance(row, dict) for row in value[:MAX_ROWS]):
            shown = value[:MAX_ROWS]
            rows = [{str(field): encode_cell(item) for field, item in row.items()} for row in shown]
            return Shape("table", dict(zip(keys_of(shown), rows, strict=True)), len(value))
        case list():
            items = [{VALUE: encode_cell(item)} for item in value[:MAX_ROWS]]
            return Shape("list", {f"#{place}": row for place, row in enumerate(items)}, len(value))
        case dict():
            fields = [(str(field), item) for field, item in value.items()][:MAX_ROWS]
            return Shape("record", {f: {"field": f, VALUE: encode_cell(item)} for f, item in fields}, len(value))
        case _:
            return Shape("scalar", {VALUE: {VALUE: encode_cell(value)}}, 1)


def keys_of(rows: Sequence[dict[Any, Any]]) -> list[str]:
    """Return one key per row: its `_id` if every row has one of its own, else its place (`#0`, `#1`, …).

    It is all or nothing, because a place among ids would change with every row that comes or goes before it.
    """
    ids = [row.get(KEY) for row in rows]
    if all(isinstance(id, str) for id in ids) and len(set(ids)) == len(ids):
        return [str(id) for id in ids]
    return [f"#{place}" for place in range(len(rows))]


def columns_of(rows: Iterable[Row], before: Sequence[str] = ()) -> list[str]:
    """Return the columns of a table: its fields in order of first appearance, `_creationTime` and `_id` last.

    Columns that a page has already (`before`) keep their places while some row has them, so none jumps when rows
    come in another order; new ones follow.
    """
    present = dict.fromkeys(field for row in rows for field in row)
    if not present:
        return list(before)  # an emptied table keeps its head
    kept = [column for column in before if column in present]
    ordered = list(dict.fromkeys([*kept, *present]))
    own = [column for column in ordered if column not in SYSTEM_COLUMNS]
    return own + [column for column in SYSTEM_COLUMNS if column in present]
