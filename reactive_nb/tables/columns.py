"""The typed columns of one table: declared fields as DuckDB types, documents as rows of them.

Comes in: a declaration, and decoded documents. Goes out: column definitions, and tuples for DuckDB's appender.

1. `_id` VARCHAR and `_creationTime` DOUBLE (milliseconds) come first, then one column per declared field.
2. string, id: VARCHAR · number: DOUBLE · int64: BIGINT · boolean: BOOLEAN · datetime: TIMESTAMPTZ · bytes: BLOB ·
   vector(n): FLOAT[n] · array(T): T[] · object: STRUCT. A literal has the type of its value.
3. optional and nullable do not change a type; missing and null are both NULL. A union of one type has this type.
4. Everything else, and an array or object that contains such, is JSON: the text of Convex's wire form.
5. A union of objects as the whole document has the fields of all; a field that they declare with different types is
   JSON. A table without a declaration has one JSON column `document`.

Reading these columns back never matters to the engine, so it does not hurt that a DOUBLE rounds an int past 2**53.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from reactive_nb.documents.document import CREATION_TIME, ID, SYSTEM_FIELDS
from reactive_nb.schema.declaration import Table
from reactive_nb.tables.names import distinct_names, quoted
from reactive_nb.values.wire import to_json

JSON = "JSON"
_SCALARS = {
    "string": "VARCHAR",
    "id": "VARCHAR",
    "number": "DOUBLE",
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "datetime": "TIMESTAMPTZ",
    "bytes": "BLOB",
}
_VECTOR = re.compile(r"FLOAT\[\d+\]")
_encode_json = msgspec.json.Encoder().encode

Row = tuple[Any, ...]
Declared = Mapping[str, Any]
"""The JSON of a validator."""
Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one table, and how documents become rows of them.

    Attributes:
        names: The column names, different without regard to case.
        types: Their DuckDB types.
        appended: The columns that DuckDB's appender fills.
        rows: Takes decoded documents, returns for each the values of `appended`.
        vectors: The other columns, each with the field whose vectors it holds.
    """

    names: tuple[str, ...]
    types: tuple[str, ...]
    appended: tuple[str, ...]
    rows: Callable[[Iterable[dict[str, Any]]], list[Row]]
    vectors: tuple[tuple[str, str], ...] = ()

    def definition(self) -> str:
        """Return what stands between the parentheses of `CREATE TABLE`."""
        return ", ".join(f"{quoted(name)} {type_}" for name, type_ in zip(self.names, self.types, strict=True))


def columns_of(table: Table) -> Columns:
    """Return the columns of a declared table.

    Example:
        >>> columns_of(rnb.table(name=v.string(), likes=v.optional(v.number()))).types
        ('VARCHAR', 'DOUBLE', 'VARCHAR', 'DOUBLE')
    """
    if table.document is None:
        names = (ID, CREATION_TIME, "document")
        return Columns(names, ("VARCHAR", "DOUBLE", JSON), names, _whole_documents)
    declared = _field_declarations(table.document.to_json())
    types = {ID: "VARCHAR", CREATION_TIME: "DOUBLE"}
    types |= {name: _single({duckdb_type(each) for each in found} - {None}) for name, found in declared.items()}
    columns = dict(zip(types, distinct_names(types), strict=True))
    # A hundred thousand vectors of 384 numbers take the appender eight seconds, which boxes each number.
    vectors = {field for field, type_ in types.items() if _VECTOR.fullmatch(type_)}
    appended = {field: column for field, column in columns.items() if field not in vectors}
    return Columns(
        tuple(columns.values()),
        tuple(types.values()),
        tuple(appended.values()),
        _row_maker({field: types[field] for field in appended}, declared),
        tuple((column, field) for field, column in columns.items() if field in vectors),
    )


def duckdb_type(declared: Mapping[str, Any]) -> str | None:
    """Return the DuckDB type of a validator given as its JSON, `"JSON"` when no single type fits, None for only null."""
    match declared:
        case {"type": "null"}:
            return None
        case {"type": "literal", "value": value}:
            # Wide ints are objects in the wire form.
            kinds = {str: "VARCHAR", bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", dict: "BIGINT"}
            return kinds[type(value)]
        case {"type": "vector", "dimensions": dimensions}:
            return f"FLOAT[{dimensions}]"
        case {"type": "array", "value": items}:
            inner = duckdb_type(items) or JSON
            return JSON if inner == JSON else f"{inner}[]"
        case {"type": "union", "value": members}:
            types = {duckdb_type(member) for member in members} - {None}
            return _single(types) if types else None
        case {"type": "object", "value": fields}:
            return _struct({name: duckdb_type(field["fieldType"]) or JSON for name, field in fields.items()})
        case {"type": kind}:
            return _SCALARS.get(kind, JSON)
    raise AssertionError(f"not the JSON of a validator: {declared!r}")


def _struct(types: dict[str, str]) -> str:
    """Return the STRUCT of these fields, or JSON where SQL cannot have it: no field, or two that differ in case only."""
    if not types or JSON in types.values() or len({name.lower() for name in types}) < len(types):
        return JSON
    return "STRUCT(" + ", ".join(f"{quoted(name)} {type_}" for name, type_ in types.items()) + ")"


def _single(types: set[str | None]) -> str:
    return (types.pop() if len(types) == 1 else None) or JSON


def _field_declarations(document: Declared) -> dict[str, list[Declared]]:
    """Return the declared top-level fields of a document, each with what the members of a union declare it as."""
    fields: dict[str, list[Declared]] = {}
    for member in document["value"] if document["type"] == "union" else [document]:
        for name, field in member["value"].items():
            fields.setdefault(name, []).append(field["fieldType"])
    return fields


def _row_maker(
    fields: Mapping[str, str], declared: Mapping[str, list[Declared]]
) -> Callable[[Iterable[dict[str, Any]]], list[Row]]:
    """Return the function from documents to rows; DuckDB's appender converts most values by itself."""
    converters: dict[int, Convert] = {}
    for position, (name, type_) in enumerate(fields.items()):
        convert = _json_text if type_ == JSON else _struct_maker({"type": "union", "value": declared.get(name, [])})
        if convert is not None:
            converters[position] = convert

    def rows(documents: Iterable[dict[str, Any]]) -> list[Row]:
        if not converters:
            return [tuple(map(document.get, fields)) for document in documents]
        made = []
        for document in documents:
            row = [*map(document.get, fields)]
            for position, convert in converters.items():
                if row[position] is not None:
                    row[position] = convert(row[position])
            made.append(tuple(row))
        return made

    return rows


def _struct_maker(declared: Declared) -> Convert | None:
    """Return what turns values of a STRUCT type, or lists of them, into what the appender takes for such.

    It takes a dict for a MAP that is empty, or has `key` and `value` of equal lengths. It cannot cast that, and of two
    strings it even breaks down. So a dict gets all of its fields, and one more if these are only `key` and `value`: the
    cast to the column's type drops it.
    """
    match declared:
        case {"type": "union", "value": members}:
            return next((made for member in members if (made := _struct_maker(member)) is not None), None)
        case {"type": "array", "value": items}:
            item = _struct_maker(items)
            return None if item is None else lambda value: [None if each is None else item(each) for each in value]
        case {"type": "object", "value": fields}:
            makers = {name: _struct_maker(field["fieldType"]) for name, field in fields.items()}
            no_map = {} if makers.keys() - {"key", "value"} else {"reactive_nb": None}

            def struct(value: dict[str, Any]) -> dict[str, Any]:
                made: dict[str, Any] = {name: value.get(name) for name in makers} | no_map
                for name, make in makers.items():
                    if make is not None and made[name] is not None:
                        made[name] = make(made[name])
                return made

            return struct
    return None


def _whole_documents(documents: Iterable[dict[str, Any]]) -> list[Row]:
    return [
        (
            document[ID],
            document[CREATION_TIME],
            _json_text({name: value for name, value in document.items() if name not in SYSTEM_FIELDS}),
        )
        for document in documents
    ]


def _json_text(value: Any) -> str:
    return _encode_json(to_json(value)).decode()
