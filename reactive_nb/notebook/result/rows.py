"""The difference of two results as operations on rows, small enough to send at every change.

Two orderings of keyed rows come in; operations that turn the first into the second, when applied one after the other,
go out. A row that is equal in both and need not move appears in no operation. The operations (JSON objects):

    {"op": "delete", "key": k}                                    take the row away
    {"op": "insert", "key": k, "after": k2 | null, "row": {...}}  put a new row behind k2, or first
    {"op": "move",   "key": k, "after": k2 | null}                take the row and put it behind k2, or first
    {"op": "update", "key": k, "cells": {...}, "gone": [...]}     set these cells; `gone` (if any): fields to remove

A place is named by the row before it and not by a number, so that neither side counts rows.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Literal, NotRequired, TypedDict

from reactive_nb.notebook.result.encoding import Cell
from reactive_nb.notebook.result.shape import KeyedRows, Row


class Delete(TypedDict):
    """Take the row away."""

    op: Literal["delete"]
    key: str


class Insert(TypedDict):
    """Put a new row behind `after`, or first."""

    op: Literal["insert"]
    key: str
    after: str | None
    row: Row


class Move(TypedDict):
    """Take the row and put it behind `after`, or first."""

    op: Literal["move"]
    key: str
    after: str | None


class Update(TypedDict):
    """Set `cells` of the row and remove its fields `gone`."""

    op: Literal["update"]
    key: str
    cells: dict[str, Cell]
    gone: NotRequired[list[str]]


Op = Delete | Insert | Move | Update


def diff(old: KeyedRows, new: KeyedRows) -> list[Op]:
    """Return the operations that turn `old` into `new`.

    The rows that stay in place are a longest increasing subsequence of the kept rows' old places, so the number of
    moves is the least possible. Cost: O(n log n).

    Example:
        >>> diff({"a": {"n": 1}, "b": {"n": 2}}, {"b": {"n": 3}})
        [{'op': 'delete', 'key': 'a'}, {'op': 'update', 'key': 'b', 'cells': {'n': 3}}]
    """
    ops: list[Op] = [{"op": "delete", "key": key} for key in old if key not in new]
    place = {key: at for at, key in enumerate(old)}
    kept = [key for key in new if key in old]
    still = {kept[at] for at in longest_increasing([place[key] for key in kept])}

    # Left to right, each row that is not in place goes behind its predecessor, which is in place by then; what is
    # between that predecessor and its next resting row is only what later steps will still take away.
    before: str | None = None
    for key, row in new.items():
        if key not in old:
            ops.append({"op": "insert", "key": key, "after": before, "row": row})
        else:
            if key not in still:
                ops.append({"op": "move", "key": key, "after": before})
            update = _changed_cells(key, old[key], row)
            if update is not None:
                ops.append(update)
        before = key
    return ops


def _changed_cells(key: str, old: Row, new: Row) -> Update | None:
    cells = {field: cell for field, cell in new.items() if field not in old or not same(old[field], cell)}
    gone = [field for field in old if field not in new]
    if not cells and not gone:
        return None
    update: Update = {"op": "update", "key": key, "cells": cells}
    if gone:
        update["gone"] = gone
    return update


def same(a: Cell, b: Cell) -> bool:
    """Whether two cells are the same JSON. Python's `==` is not it: `True == 1` and `1 == 1.0`, at any depth."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(same, a.values(), b.values()))
    return bool(a == b)


def longest_increasing(numbers: list[int]) -> list[int]:
    """Return the positions of a longest increasing subsequence (patience sorting; Fredman 1975)."""
    tails: list[int] = []  # tails[n]: the smallest number that ends an increasing run of length n + 1
    ends: list[int] = []  # its position
    previous: list[int] = []
    for at, number in enumerate(numbers):
        length = bisect_left(tails, number)
        previous.append(ends[length - 1] if length else -1)
        if length == len(tails):
            tails.append(number)
            ends.append(at)
        else:
            tails[length], ends[length] = number, at
    run: list[int] = []
    at = ends[-1] if ends else -1
    while at >= 0:
        run.append(at)
        at = previous[at]
    return run
