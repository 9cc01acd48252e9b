"""Values of SQL as values of documents.

Comes in: what DuckDB's `fetchall` returns, with the types of the columns. Goes out: values as documents have them, so
that a query can return rows of SQL.

1. NULL is None · BOOLEAN, text, BLOB and DOUBLE are as they are · FLOAT[n] is a vector.
2. Integers are ints where 64 bits hold them. Wider ones, and DECIMAL with digits behind the point, are floats.
3. A time, with or without a zone, is a datetime in UTC; a DATE is its midnight, as DuckDB itself casts it.
4. LIST is a list, STRUCT a dict; MAP is a dict where its keys are text, else a list of {"key", "value"}.
5. JSON is what it says, in the forms of `values/wire.py`, so a column of documents comes back as it was stored.
6. INTERVAL is a number of seconds; TIME, UUID, ENUM, BIT and what else there may be is its text.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from reactive_nb.errors import InvalidValue
from reactive_nb.values.conversion import vector
from reactive_nb.values.value import MAX_INT, MIN_INT
from reactive_nb.values.wire import from_json

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

Convert = Callable[[Any], Any]

_AS_THEY_ARE = frozenset(
    (
        *("boolean", "varchar", "blob", "double", "float", "sqlnull"),
        *("tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger"),
    )
)


def rows_of(description: list[Any], fetched: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return rows as dicts of document values.

    Args:
        description: The cursor's description of the result.
        fetched: What `fetchall` returned.
    """
    names = column_names(column[0] for column in description)
    converts = [converter(column[1]) for column in description]
    if not any(converts):
        return [dict(zip(names, row, strict=True)) for row in fetched]
    columns = list(zip(names, converts, strict=True))
    return [
        {
            name: value if convert is None or value is None else convert(value)
            for (name, convert), value in zip(columns, row, strict=True)
        }
        for row in fetched
    ]


def column_names(names: Iterable[str]) -> list[str]:
    """Return the names of columns with those that stand twice told apart, as in DuckDB's own frames.

    Every table has an `_id`, so `SELECT *` of a join has some twice.

    Example:
        >>> column_names(["_id", "n", "_id", "N"])
        ['_id', 'n', '_id_1', 'N_1']
    """
    counts: dict[str, int] = {}
    distinct = []
    for name in names:
        key, made = name.lower(), name
        while made.lower() in counts:
            made = f"{name}_{counts[key]}"
            if made.lower() in counts:
                counts[key] += 1
        counts[made.lower()] = 1
        distinct.append(made)
    return distinct


def frame_of(result: duckdb.DuckDBPyConnection | duckdb.DuckDBPyRelation) -> pd.DataFrame:
    """Return the result of what a cursor has just run, or a relation, as a data frame."""
    # DuckDB 2.0 calls pandas in a way that pandas 3.1 warns of, and the warning would point here.
    warnings.filterwarnings("ignore", "The inplace keyword", DeprecationWarning, r"reactive_nb\.tables\.sql_values")
    return result.df()


def converter(type_: duckdb.sqltypes.DuckDBPyType) -> Convert | None:
    """Return the function from what DuckDB fetches of a type, other than None, to a value; None where it is one already."""
    kind = type_.id
    if str(type_) == "JSON":
        return _from_json_text
    if kind in _AS_THEY_ARE:
        return None
    match kind:
        case "ubigint" | "hugeint" | "uhugeint" | "bignum":
            return _int
        case "decimal":
            return _number
        case "timestamp with time zone" | "timestamp" | "timestamp_s" | "timestamp_ms" | "timestamp_ns":
            return _moment
        case "date":
            return _midnight
        case "interval":
            return _seconds
        case "list":
            return _items(_children(type_)["child"])
        case "array":
            child = _children(type_)["child"]
            return _vector if child.id == "float" else _items(child)
        case "struct":
            return _fields(_children(type_))
        case "map":
            children = _children(type_)
            return _entries(children["key"], children["value"])
    return _text


def _children(type_: duckdb.sqltypes.DuckDBPyType) -> dict[str, Any]:
    return dict(type_.children)


def _int(value: int | str) -> int | float:
    value = int(value)  # a BIGNUM comes as its digits
    return value if MIN_INT <= value <= MAX_INT else float(value)


def _number(value: Decimal) -> int | float:
    exponent = value.as_tuple().exponent
    return _int(int(value)) if exponent == 0 else float(value)


def _moment(value: Any) -> Any:
    # DuckDB has moments that Python has not, such as 'infinity'; they come as text or as a date that is no datetime.
    if not isinstance(value, datetime):
        return str(value)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _midnight(value: Any) -> Any:
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else str(value)


def _seconds(value: Any) -> Any:
    return value.total_seconds() if isinstance(value, timedelta) else str(value)


def _vector(value: Any) -> Any:
    # Computed ones may hold what no vector of a document does.
    return vector(value) if all(item is not None and math.isfinite(item) for item in value) else list(value)


def _text(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [None if item is None else _text(item) for item in value]
    return value.isoformat() if isinstance(value, time) else value if _is_plain(value) else str(value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool | str | bytes | float) or (isinstance(value, int) and MIN_INT <= value <= MAX_INT)


def _from_json_text(text: Any) -> Any:
    try:
        return from_json(msgspec.json.decode(text))
    except (msgspec.DecodeError, InvalidValue):
        return text  # JSON that is no value: a number of a hundred digits, a key that begins with "$"


def _items(child: Any) -> Convert:
    convert = converter(child)
    if convert is None:
        return list
    return lambda items: [None if item is None else convert(item) for item in items]


def _fields(children: dict[str, Any]) -> Convert:
    converts = {name: converter(child) for name, child in children.items()}
    changing = {name: convert for name, convert in converts.items() if convert is not None}

    def fields(value: Any) -> Any:
        for name, convert in changing.items():
            if value[name] is not None:
                value[name] = convert(value[name])
        return value

    return fields


def _entries(key: Any, value: Any) -> Convert:
    convert_key, convert_value = converter(key) or _same, converter(value) or _same

    def entries(map: Any) -> Any:
        pairs = [(convert_key(each), None if item is None else convert_value(item)) for each, item in map.items()]
        if all(isinstance(each, str) for each, _ in pairs):
            return dict(pairs)
        return [{"key": each, "value": item} for each, item in pairs]

    return entries


def _same(value: Any) -> Any:
    return value
