"""The way back: values that DuckDB returns for the columns of a table, as values of documents.

Comes in: a declaration, and what `fetchall` returned. Goes out: values as a function in Python would have written
them; the declaration still has to accept them.

1. NULL means that a field is missing where it may be missing, and null otherwise.
2. JSON is read as Convex's wire form, so what no column can hold is written there as `{"$integer": ...}` and so on.
3. Of a STRUCT or a list only the parts that changed are taken from SQL. The others stay as they are stored, with all
   that SQL cannot tell apart: an int in a DOUBLE, missing and null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import msgspec

from reactive_nb.errors import InvalidValue
from reactive_nb.schema.declaration import Table
from reactive_nb.tables.columns import JSON, columns_of, duckdb_type
from reactive_nb.values import wire
from reactive_nb.values.shapes import ObjectValidator, UnionValidator
from reactive_nb.values.validators import Validator
from reactive_nb.values.value import IN_DOCUMENT, UNSET

Convert = Callable[[Any, Any, Any], Any]
"""Takes a new value and the old one as DuckDB returned them, and the value that the document had; returns a value."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INFINITE: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a table that has a column.

    Attributes:
        name: The field; `document` stands for all of them in a table without declared fields.
        column: Its column.
        type: The column's DuckDB type.
        null: What NULL means: `UNSET`, None, or `...` where that depends on the member of a union.
        is_nested: Whether `convert` looks at the old value.
        convert: Makes a value of what is not NULL; that of `document` takes NULL too, and refuses it.
    """

    name: str
    column: str
    type: str
    null: Any
    is_nested: bool
    convert: Convert

    def expression(self, of: str) -> str:
        """Return the SQL that reads a value of this column, for `convert`.

        Args:
            of: The value, in SQL.
        """
        if self.type != "TIMESTAMPTZ":
            return of
        # As a number it is the same in every time zone, and DuckDB needs no other package to make it a datetime.
        return f"CASE WHEN isfinite({of}) THEN epoch_us({of}) WHEN {of} IS NOT NULL THEN {_INFINITE} END"


def fields_of(table: Table) -> tuple[Field, ...]:
    """Return the fields that have columns, in the order of `columns_of`.

    Example:
        >>> [field.column for field in fields_of(rnb.table(name=v.string(), Name=v.string()))]
        ['name', 'Name_2']
    """
    columns = columns_of(table)
    own = zip(columns.names[2:], columns.types[2:], strict=True)
    if table.document is None:
        return tuple(Field("document", column, type_, None, False, _document) for column, type_ in own)
    declared = _declared(table.document.to_json())
    is_union = isinstance(table.document, UnionValidator)
    fields = []
    for (name, (json, optional)), (column, type_) in zip(declared.items(), own, strict=True):
        nested = None if type_ == JSON else _converter(json)
        if nested is not None:
            convert = nested
        elif type_ == JSON:
            convert = partial(_from_text, name)
        else:
            convert = _moment if type_ == "TIMESTAMPTZ" else _as_it_is
        null = ... if is_union else UNSET if optional else None
        fields.append(Field(name, column, type_, null, nested is not None, convert))
    return tuple(fields)


def completed(document: Validator, known: dict[str, Any], nulls: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the documents that a row may stand for, of which the first that is accepted is meant.

    Args:
        document: The declaration.
        known: The fields whose values are known.
        nulls: The fields for which there is a NULL: in each member of a union of objects it means something else.
    """
    for member in document.members if isinstance(document, UnionValidator) else (document,):
        assert isinstance(member, ObjectValidator)
        required = [name for name in nulls if name in member.fields and not member.fields[name].optional]
        yield {**known, **dict.fromkeys(required)}


def _declared(document: Mapping[str, Any]) -> dict[str, tuple[Mapping[str, Any], bool]]:
    """Return by name the JSON of each field's validator, and whether it may be missing."""
    found: dict[str, list[tuple[Mapping[str, Any], bool]]] = {}
    for member in document["value"] if document["type"] == "union" else [document]:
        for name, field in member["value"].items():
            found.setdefault(name, []).append((field["fieldType"], field["optional"]))
    return {name: (_union([json for json, _ in each]), any(opt for _, opt in each)) for name, each in found.items()}


def _union(members: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    return members[0] if len(members) == 1 else {"type": "union", "value": members}


def _members(declared: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what a validator's JSON may be, other than null."""
    if declared["type"] == "union":
        for member in declared["value"]:
            yield from _members(member)
    elif duckdb_type(declared) is not None:
        yield declared


def _converter(declared: Mapping[str, Any]) -> Convert | None:
    """Return how values of a single DuckDB type are made, or None when they are as DuckDB returns them."""
    members = [*_members(declared)]
    match members[0]["type"]:
        case "vector":
            return _vector
        case "array":
            return partial(_list, _converter(_union([member["value"] for member in members])))
        case "object":
            fields = _declared({"type": "union", "value": members})
            return partial(_struct, {name: (_converter(json), optional) for name, (json, optional) in fields.items()})
    return None


def _as_it_is(new: Any, _old: Any, _value: Any) -> Any:
    return new


def _list(convert: Convert | None, new: Any, old: Any, value: Any) -> Any:
    if new is None:
        return None
    # Only where the document has this very list do its items stand at the same places.
    was = old if isinstance(old, list) and isinstance(value, list) and len(old) == len(value) else []
    items = []
    for place, item in enumerate(new):
        if place >= len(was):
            items.append(item if convert is None else convert(item, None, None))
        elif item == was[place]:
            items.append(value[place])
        else:
            items.append(item if convert is None else convert(item, was[place], value[place]))
    return items


def _struct(fields: Mapping[str, tuple[Convert | None, bool]], new: Any, old: Any, value: Any) -> Any:
    if new is None:
        return None
    is_known = isinstance(old, dict) and isinstance(value, dict)
    result = {}
    # The order of the fields is a part of the document.
    for name in {**dict.fromkeys(value if is_known else ()), **fields}:
        convert, optional = fields[name]
        item = new[name]
        if is_known and item == old[name]:
            if name in value:
                result[name] = value[name]
        elif item is None:
            if not optional:
                result[name] = None
        elif convert is None:
            result[name] = item
        else:
            result[name] = convert(item, old[name], value.get(name)) if is_known else convert(item, None, None)
    return result


def _vector(new: Any, old: Any, value: Any) -> Any:
    if new is None:
        return None
    return value if new == old else [*new]


def _moment(new: int, _old: Any, _value: Any) -> Any:
    if new == _INFINITE:
        return "infinity"  # which the declaration refuses, and shows
    try:
        return _EPOCH + timedelta(microseconds=new)
    except OverflowError:
        return f"{new} microseconds since 1970"


def _from_text(name: str, new: str, _old: Any, _value: Any) -> Any:
    return wire.from_json(_parsed(new, f"$.{name}"), f"$.{name}", IN_DOCUMENT.inner)


def _document(new: str | None, _old: Any, _value: Any) -> Any:
    parsed = None if new is None else _parsed(new, "$")
    if not isinstance(parsed, dict):
        raise InvalidValue(
            "Cannot accept the value",
            thing=f"the column document is {'NULL' if new is None else repr(new[:60])}",
            expected="a JSON object",
            hint='Write the fields of the document, such as \'{"name": "Ada"}\'',
            path="$",
        )
    return wire.from_json(parsed, "$", IN_DOCUMENT)


def _parsed(text: str, path: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise InvalidValue(
            "Cannot accept the value",
            thing=f"{path} is {text[:60]!r} ({error})",
            expected="JSON with numbers of 64 bits",
            hint="Correct the value",
            path=path,
        ) from None
