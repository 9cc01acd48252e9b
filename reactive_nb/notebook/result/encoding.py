"""The JSON form of one cell on a page: what a browser needs to show a value, not to compute with it.

Any Python object comes in, a JSON value goes out, never an error. The forms:

    None, a bool, text up to 500 characters              as they are
    a number that a JavaScript number holds exactly      as it is
    an int beyond ±(2**53 - 1)                           {"$int": "9007199254740993"}
    nan, inf, -inf                                       {"$float": "nan"}
    a datetime                                           {"$datetime": "2026-11-20T12:00:00.000001+00:00"}, in UTC
    bytes                                                {"$bytes": "00ff", "size": 2}, the first 32 bytes in hex
    a vector                                             {"$vector": [0.1, 0.2], "size": 1536}, the first 8 numbers
    longer text                                          {"$text": its first 500 characters, "size": its length}
    a list, a dict                                       a list, an object of these forms; but when it was cut (a
                                                         cell has at most 60 parts), or a key begins with "$":
    a list that was cut                                  {"$list": [its first items], "size": its length}
    a dict that was cut, or with such a key              {"$object": [[key, item], ...], "size": its length}
    anything else                                        {"$repr": its repr, at most 500 characters}

A cut form says its true size, so a page can say what it leaves out. Two values that differ only in what is cut have
the same form, because a page would show no difference. `tests/wire/cells.json` holds examples for both languages.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any

Cell = Any
"""A JSON value of one of the forms above. (JSON has no closed type in Python that mypy could use here.)"""

MAX_TEXT = 500
MAX_BYTES = 32
MAX_VECTOR = 8
MAX_PARTS = 60
MAX_SAFE_INTEGER = 2**53 - 1


def encode_cell(value: object) -> Cell:
    """Return the JSON form of `value`.

    Example:
        >>> encode_cell([1, 2**60, b"hi"])
        [1, {'$int': '1152921504606846976'}, {'$bytes': '6869', 'size': 2}]
    """
    return _encode(value, _Room(MAX_PARTS))


class _Room:
    """How many more parts the cell being written may have; counts down, over all levels together."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, items: Iterable[Any]) -> Iterable[Any]:
        """Yield items as long as there is room."""
        for item in items:
            if self.left <= 0:
                return
            self.left -= 1
            yield item


def _encode(value: object, room: _Room) -> Cell:
    match value:
        case None | bool():  # before int: a bool is one
            return value
        case str():
            return value if len(value) <= MAX_TEXT else {"$text": value[:MAX_TEXT], "size": len(value)}
        case int():
            return value if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER else {"$int": str(value)}
        case float():
            return value if math.isfinite(value) else {"$float": repr(value)}
        case datetime() if value.tzinfo is not None:
            return {"$datetime": value.astimezone(UTC).isoformat(timespec="microseconds")}
        case bytes():
            return {"$bytes": value[:MAX_BYTES].hex(), "size": len(value)}
        case list():
            items = [_encode(item, room) for item in room.take(value)]
            return items if len(items) == len(value) else {"$list": items, "size": len(value)}
        case dict():
            pairs = [[str(key), _encode(item, room)] for key, item in room.take(value.items())]
            if len(pairs) < len(value) or any(key.startswith("$") for key, _ in pairs):
                return {"$object": pairs, "size": len(value)}
            return dict(pairs)
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 1:
        return _encode_vector(value)
    return {"$repr": repr_of(value)[:MAX_TEXT]}


def _encode_vector(vector: Any) -> Cell:
    # 7 digits tell any two neighbouring float32 apart in practice; their exact doubles would be 17 digits of noise.
    head = [float(f"{number:.7g}") for number in islice(vector.tolist(), MAX_VECTOR)]
    return {"$vector": [_encode(number, _Room(0)) for number in head], "size": len(vector)}


def repr_of(value: object) -> str:
    """Return the repr of any object, also of one whose own cannot be had."""
    try:
        return repr(value)
    except Exception:  # noqa: BLE001  # somebody else's __repr__ may raise anything, and a page must not stop for it
        return object.__repr__(value)
