"""What a person gives to SQL beside its text: values for its `$name` parameters, and frames to be read as tables.

Comes in: arguments by name. Goes out: what DuckDB takes as parameters; and frames, registered on a cursor.

1. A parameter is a value of documents, or what SQL has beside these: a date, a time, a span, a Decimal, a UUID, a time
   without a zone.
2. Whatever is a row of values is a list: a tuple, a set, a range, a Series, an Index, an array of one dimension. So
   `WHERE carrier IN $codes` takes what `frame["carrier"].unique()` returns. A path is its text.
"""

from __future__ import annotations

import os
from collections.abc import KeysView, ValuesView
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import duckdb
import numpy as np

from reactive_nb.errors import InvalidValue, SqlError
from reactive_nb.tables.sql_values import frame_of
from reactive_nb.values.value import MAX_INT, MIN_INT, normalize

_ALSO_PARAMETERS = (date, time, timedelta, Decimal, UUID)
"""Types that are no values of documents, and that SQL has; a datetime is a date, too."""
_FRAMES = frozenset(
    (
        *(("pandas", "DataFrame"), ("polars", "DataFrame"), ("polars", "LazyFrame"), ("narwhals", "DataFrame")),
        *(("narwhals", "LazyFrame"), ("pyarrow", "Table"), ("pyarrow", "RecordBatch")),
    )
)
"""Packages and classes of what can be read again and again, as a reader of Arrow cannot."""
_PLAIN = frozenset((str, int, float, bool, bytes, type(None)))
_ROWS = frozenset(("pandas", "numpy", "polars", "pyarrow"))


def is_frame(value: object) -> bool:
    """Whether an argument is a table of its own rather than one value."""
    if isinstance(value, duckdb.DuckDBPyRelation):
        return True
    return any((each.__module__.partition(".")[0], each.__name__) in _FRAMES for each in type(value).__mro__)


def register(cursor: duckdb.DuckDBPyConnection, name: str, frame: Any) -> None:
    """Let SQL on a cursor read a frame by a name.

    Raises:
        SqlError: It is a frame that DuckDB cannot read.
    """
    try:
        if isinstance(frame, duckdb.DuckDBPyRelation):
            frame = frame_of(frame)  # it belongs to another connection
        elif type(frame).__module__.startswith("narwhals"):
            frame = frame.to_native()
        cursor.register(name, frame)
    except duckdb.InterruptException:
        raise
    except (duckdb.Error, ValueError, TypeError) as error:
        said = str(error).strip().partition("\n")[0].rstrip(".!")
        raise SqlError(
            f"Cannot read the frame {name} in SQL",
            thing=f"DuckDB says {said!r}",
            expected="a pandas, polars or Arrow frame with columns of types that SQL has",
            hint="Convert its columns, for example with frame.astype(...), or leave them out",
            sql="",
        ) from None


def parameter(name: str, value: object) -> Any:
    """Return an argument as DuckDB takes it.

    Raises:
        SqlError: It is nothing that SQL can hold.
    """
    return _parameter(f"${name}", name, listed(value), value)


def listed(value: Any) -> Any:
    """Return a row of values, of whatever kind, as a list, a path as text and a time of numpy as one of Python.

    Anything else is returned as it is.
    """
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, range | set | frozenset | KeysView | ValuesView):
        return list(value)
    if isinstance(value, tuple) and not _is_trait(value):
        return list(value)
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "mM":
        return value.astype(f"{value.dtype.kind}8[us]").tolist()  # of nanoseconds numpy makes plain numbers
    if type(value).__module__.partition(".")[0] in _ROWS and getattr(value, "ndim", 1) != 0 and not is_frame(value):
        if callable(missing := getattr(value, "isna", None)):  # of pandas, which has many things for None
            return [None if hole else item for item, hole in zip(value.tolist(), missing(), strict=True)]
        method = getattr(value, "tolist", getattr(value, "to_list", None))
        return value if method is None else method()
    return value


def is_only_sql(value: object) -> bool:
    """Whether an argument can be said in SQL and not in a document, so that no query in Python takes it."""
    if isinstance(value, list):
        return not _PLAIN.issuperset(map(type, value)) and any(map(is_only_sql, value))
    is_aware = isinstance(value, datetime) and value.tzinfo is not None
    return isinstance(value, _ALSO_PARAMETERS) and not is_aware and value == value  # NaT is not


def _is_trait(value: tuple[object, ...]) -> bool:
    """Whether a tuple names a trait of a widget, which a live result follows."""
    return len(value) == 2 and hasattr(value[0], "trait_names")


def _parameter(path: str, name: str, value: object, given: object) -> Any:
    if is_only_sql(value) and not isinstance(value, list):
        return value
    if isinstance(value, list):
        if _is_plain(value):
            return value
        return [_parameter(f"{path}[{place}]", name, listed(item), given) for place, item in enumerate(value)]
    try:
        plain = normalize(value, path)
    except InvalidValue as error:
        follows = hasattr(given, "trait_names") or (isinstance(given, tuple) and _is_trait(given))
        raise SqlError(
            f"Cannot pass ${name} to the SQL",
            thing=error.thing,
            expected=error.expected,
            hint=f"Pass its value, {name}=widget.value; .live() follows the widget itself" if follows else error.hint,
            sql="",
        ) from None
    return _plain(plain)


def _is_plain(values: list[Any]) -> bool:
    """Whether all items are as DuckDB takes them; that of a hundred thousand codes is told in a millisecond."""
    kinds = set(map(type, values))
    if not kinds <= _PLAIN:
        return False
    if str in kinds and not all(map(str.isascii, [item for item in values if type(item) is str])):
        return False  # there may be half a character
    return int not in kinds or all(MIN_INT <= item <= MAX_INT for item in values if type(item) is int)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value.tolist() if type(value).__name__ == "ndarray" else value
