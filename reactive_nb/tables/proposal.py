"""A proposal: the declaration that a frame fits, as an object to declare and as the code to write.

Comes in: a frame. Goes out: a `Table` that accepts every row of it, and whose repr is a cell to copy and correct.

1. A column of ints is int64, of floats number, of anything else what all its values have in common; any() where that
   is nothing. Lists of equal length with floats, from 2 on, are a vector.
2. A column with holes is optional.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np

from reactive_nb.documents.document import SYSTEM_FIELDS
from reactive_nb.schema.declaration import Table, table
from reactive_nb.tables.frames import PANDAS_NOTHING, Frame
from reactive_nb.values.validators import Validator, v
from reactive_nb.values.value import MAX_ITEMS, UNSET

Indexes: TypeAlias = Iterable[str | Iterable[str]] | Mapping[str, str | Iterable[str]]

_MAX_FIELDS = 64
"""A dict with more different keys is no object with fields."""
_MOST = np.finfo(np.float32).max
"""The largest number in a vector."""


@dataclass(frozen=True, slots=True, eq=False)
class ProposedTable(Table):
    """A declaration that shows itself as the code that makes it.

    Attributes:
        name: What the code calls the table.
    """

    name: str = "documents"

    def __eq__(self, other: object) -> bool:
        # Like the same declaration written by hand, so that declaring that one changes nothing.
        if not isinstance(other, Table):
            return NotImplemented
        return (self.document, self.indexes, self.searches) == (other.document, other.indexes, other.searches)

    def __hash__(self) -> int:
        return hash((self.document, self.indexes, self.searches))

    def __repr__(self) -> str:
        fields = getattr(self.document, "fields", {})
        lines = [f"        {_argument(name, repr(field))}," for name, field in fields.items()]
        indexes = "".join(
            f"\n    .index({', '.join(map(_quoted, (index.name, *index.fields)))})" for index in self.indexes
        )
        made = "\n".join(["rnb.table(", *lines, f"    ){indexes}"])
        return f"db.define(\n    {_argument(self.name, made)}\n)"


def proposed(frame: Frame, name: str, indexes: Indexes = ()) -> ProposedTable:
    """Return a declaration that a frame fits.

    Args:
        frame: The frame.
        name: The name of the table.
        indexes: Each a column or several, or by name: `["origin", ("carrier", "at")]`.

    Raises:
        SchemaError: A column's name can name no field, or an index names no column.

    Example:
        >>> proposed(read_frame(pd.DataFrame({"delay": [2.0, None]}), "Cannot read"), "flights", ["delay"])
        db.define(
            flights=rnb.table(
                delay=v.optional(v.number()),
            )
            .index("by_delay", "delay")
        )
    """
    fields: dict[str, Validator] = {}
    for column_name, column in frame.columns.items():
        if column_name in SYSTEM_FIELDS:
            continue
        values = column.values.copy()
        for hole in column.holes:
            values[hole] = UNSET
        present = [value for value in values if value is not UNSET]
        field = _fitting(present)
        fields[column_name] = field if len(present) == frame.rows else v.optional(field)
    made = table(**fields)
    declared = ProposedTable(made.document, name=name)
    named = indexes.items() if isinstance(indexes, Mapping) else ((None, index) for index in indexes)
    for index_name, index in named:
        path = (index,) if isinstance(index, str) else tuple(index)
        declared = declared.index(index_name or "by_" + "_and_".join(path).replace(".", "_"), *path)  # type: ignore[assignment]  # it replaces fields of itself
    return declared


def _fitting(values: list[Any]) -> Validator:
    """Return a validator that accepts all of these values."""
    values = [value.tolist() if isinstance(value, np.ndarray) else value for value in values]
    kinds = {_kind(value) for value in values}
    has_null = type(None) in kinds
    kinds.discard(type(None))
    if kinds == {int, float}:
        kinds = {float}
    if len(kinds) != 1:
        return v.null() if has_null and not kinds else v.any()
    (kind,) = kinds
    found = _of_kind(kind, [value for value in values if isinstance(value, kind)])
    return v.nullable(found) if has_null else found


def _of_kind(kind: type, values: list[Any]) -> Validator:
    if kind is list:
        items = [item for value in values for item in value]
        lengths = set(map(len, values))
        is_vector = set(map(_kind, items)) == {float} and bool((np.abs(items) <= _MOST).all())
        if is_vector and len(lengths) == 1 and 1 < (length := lengths.pop()) <= MAX_ITEMS:
            return v.vector(length)
        return v.array(_fitting(items))
    if kind is dict:
        names = dict.fromkeys(name for value in values for name in value)
        if not names or len(names) > _MAX_FIELDS or not all(map(_is_field, names)):
            return v.record(v.string(), _fitting([item for value in values for item in value.values()]))
        fields = {name: [value[name] for value in values if name in value] for name in names}
        return v.object(
            {
                name: _fitting(found) if len(found) == len(values) else v.optional(_fitting(found))
                for name, found in fields.items()
            }
        )
    scalars = {
        str: v.string(),
        int: v.int64(),
        float: v.number(),
        bool: v.boolean(),
        bytes: v.bytes(),
        datetime: v.datetime(),
    }
    return scalars.get(kind, v.any())


def _kind(value: Any) -> type:
    """Return the plain type that a value has, or will have as a field of a document."""
    if isinstance(value, np.generic):
        value = value.item()
    if type(value).__name__ in PANDAS_NOTHING:
        return type(None)
    for kind in (bool, int, float, str, bytes, datetime, dict, list):
        if isinstance(value, kind):
            return kind
    return type(value)


def _is_field(name: object) -> bool:
    return isinstance(name, str) and name.isidentifier() and name.isascii() and name[0] != "_" and len(name) <= 64


def _argument(name: str, value: str) -> str:
    """Return the code of an argument, whose name may be a word of Python."""
    return f"**{{{_quoted(name)}: {value}}}" if keyword.iskeyword(name) else f"{name}={value}"


def _quoted(text: str) -> str:
    return f'"{text}"'
