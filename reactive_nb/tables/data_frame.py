"""Documents as a frame: a row per document, a column per declared field, with the type that its declaration implies.

Comes in: a table's declaration, and encoded documents. Goes out: a pandas frame or an Arrow table. `_id` and
`_creationTime` (milliseconds) come first, then the declared fields in order; without a declaration, all fields there
are, in the order in which they first turn up.

1. The type of a column depends on its declaration and not on what is stored. string, id: str · number: float64 ·
   int64: int64, or Int64 where it may be missing · boolean: bool, or boolean · datetime: datetime64[us, UTC] ·
   everything else: object. In Arrow an object is what it is in SQL: a list, a struct, or the text of its JSON.
2. Missing and null are both what a column of its type has for nothing: NaN, NA, NaT, None, null.
3. A number column has floats for ints as well; past 2**53 they are rounded, as in SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from reactive_nb.documents.document import CREATION_TIME, ID, decode_documents
from reactive_nb.errors import QueryUsageError
from reactive_nb.schema.declaration import Table
from reactive_nb.tables.columns import JSON, duckdb_type
from reactive_nb.values.shapes import ObjectValidator, UnionValidator
from reactive_nb.values.wire import decoder_of, to_json

if TYPE_CHECKING:
    import pandas as pd

_DTYPES = {
    "VARCHAR": ("str", "str"),
    "DOUBLE": ("float64", "float64"),
    "BIGINT": ("int64", "Int64"),
    "BOOLEAN": ("bool", "boolean"),
    "TIMESTAMPTZ": ("datetime64[us, UTC]", "datetime64[us, UTC]"),
}
"""By DuckDB type, the type of a column that has something everywhere, and of one that may not."""
_DECLARED = {str: "string", float: "number", int: "bigint", bool: "boolean", datetime: "datetime"}


@dataclass(frozen=True, slots=True)
class _Field:
    """A column: its name, the JSON of its validator, and whether it may have nothing."""

    name: str
    declared: Mapping[str, Any]
    has_holes: bool

    @property
    def type(self) -> str:
        return duckdb_type(self.declared) or JSON


_SYSTEM = (_Field(ID, {"type": "string"}, False), _Field(CREATION_TIME, {"type": "number"}, False))


def data_frame(table: Table, documents: list[bytes]) -> pd.DataFrame:
    """Return encoded documents as a pandas frame.

    Example:
        >>> list(data_frame(table(delay=v.number()), documents).columns)
        ['_id', '_creationTime', 'delay']
    """
    import pandas as pd

    fields, columns = _columns(table, documents)
    series = {field.name: _series(field, values) for field, values in zip(fields, columns, strict=True)}
    return pd.DataFrame(series, index=pd.RangeIndex(len(documents)))


def arrow_table(table: Table, documents: list[bytes]) -> Any:
    """Return encoded documents as a pyarrow table.

    Raises:
        QueryUsageError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise QueryUsageError(
            "Cannot make an Arrow table",
            thing="pyarrow is not installed",
            expected="pyarrow",
            hint="Install it, with pip install pyarrow, or use .df()",
        ) from None

    fields, columns = _columns(table, documents)
    arrays = []
    for field, values in zip(fields, columns, strict=True):
        if field.type == JSON:
            texts = [None if value is None else msgspec.json.encode(to_json(value)).decode() for value in values]
            arrays.append(pa.array(texts, pa.string()))
        else:
            arrays.append(pa.array([_with_floats(field.declared, value) for value in values], _arrow(field.declared)))
    return pa.Table.from_arrays(arrays, names=[field.name for field in fields])


# ------------------------------------------------------------------ columns


def _columns(table: Table, documents: list[bytes]) -> tuple[list[_Field], list[list[Any]]]:
    """Return the columns, and for each what the documents have there; None is nothing."""
    if table.document is None:
        decoded = decode_documents(documents)
        names = dict.fromkeys(name for document in decoded for name in document if name not in (ID, CREATION_TIME))
        columns = [[document.get(name) for document in decoded] for name in (ID, CREATION_TIME, *names)]
        found = [_found(name, values) for name, values in zip(names, columns[2:], strict=True)]
        return [*_SYSTEM, *found], columns
    fields = [*_SYSTEM, *_declared(table)]
    # A struct takes up a document in half the time of a dict.
    attributes = {f"f{position}": field.name for position, field in enumerate(fields)}
    row = msgspec.defstruct("Row", [(name, Any, None) for name in attributes], rename=attributes, gc=False)
    rows = list(map(decoder_of(row), documents))
    return fields, [list(map(attrgetter(name), rows)) for name in attributes]


def _declared(table: Table) -> list[_Field]:
    document = table.document
    members = document.members if isinstance(document, UnionValidator) else (document,)
    objects = [member for member in members if isinstance(member, ObjectValidator)]
    fields = []
    for name in table.field_names() or ():
        found = [member.fields[name] for member in objects if name in member.fields]
        has_holes = len(found) < len(objects) or any(each.optional or each.accepts(type(None)) for each in found)
        fields.append(_Field(name, {"type": "union", "value": [each.to_json() for each in found]}, has_holes))
    return fields


def _found(name: str, values: list[Any]) -> _Field:
    """Return the column of an undeclared field: with a type of its own if all that is there is of one kind."""
    kinds = set(map(type, values))
    has_holes = type(None) in kinds
    kinds.discard(type(None))
    if kinds == {int, float}:
        kinds = {float}
    (kind,) = kinds if len(kinds) == 1 else (object,)
    return _Field(name, {"type": _DECLARED.get(kind, "any")}, has_holes)


# ------------------------------------------------------------------ pandas


def _series(field: _Field, values: list[Any]) -> pd.Series:
    import pandas as pd

    if field.type not in _DTYPES:
        objects = np.empty(len(values), dtype=object)
        for position, value in enumerate(values):  # one by one, or numpy would make a matrix of vectors
            objects[position] = value
        return pd.Series(objects, dtype=object)
    dtype = _DTYPES[field.type][field.has_holes]
    if field.type == "TIMESTAMPTZ":
        moments = np.array(
            [None if value is None else value.replace(tzinfo=None) for value in values], "datetime64[us]"
        )
        return pd.Series(moments).dt.tz_localize("UTC")
    if field.type == "DOUBLE":
        return pd.Series(np.array(values, dtype=np.float64))  # of which None is NaN
    return pd.Series(values, dtype=dtype)


# ------------------------------------------------------------------ Arrow


def _arrow(declared: Mapping[str, Any]) -> Any:
    """Return the Arrow type of a validator's JSON that has a single DuckDB type, which is not JSON."""
    import pyarrow as pa

    match declared:
        case {"type": "union", "value": members}:
            return _arrow(_one_of(members))
        case {"type": "vector", "dimensions": dimensions}:
            return pa.list_(pa.float32(), dimensions)
        case {"type": "array", "value": items}:
            return pa.list_(_arrow(items))
        case {"type": "object", "value": fields}:
            return pa.struct([(name, _arrow(field["fieldType"])) for name, field in fields.items()])
    scalars = {
        "VARCHAR": pa.string(),
        "DOUBLE": pa.float64(),
        "BIGINT": pa.int64(),
        "BOOLEAN": pa.bool_(),
        "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
        "BLOB": pa.binary(),
    }
    return scalars[str(duckdb_type(declared))]


def _with_floats(declared: Mapping[str, Any], value: Any) -> Any:
    """Return a value with floats for all numbers: pyarrow refuses an int that a float64 would round."""
    if value is None:
        return None
    match declared:
        case {"type": "union", "value": members}:
            return _with_floats(_one_of(members), value)
        case {"type": "number"}:
            return float(value)
        case {"type": "array", "value": items}:
            return [_with_floats(items, item) for item in value]
        case {"type": "object", "value": fields}:
            return {name: _with_floats(fields[name]["fieldType"], item) for name, item in value.items()}
    return value


def _one_of(members: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the first member of a union that is not only null; in a union of a single type it stands for all."""
    return next(member for member in members if duckdb_type(member) is not None)
