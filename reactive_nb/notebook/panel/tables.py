"""The list of a database's tables: how many documents each has, its fields with their types, and its indexes.

In: a database, now or as of a commit. Out: one item for each table, the user's own first, the engine's own after them.
"""

from __future__ import annotations

import re
from typing import Any

from reactive_nb.documents.snapshot import TableState
from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.result.shape import KeyedRows
from reactive_nb.notebook.teach.words import snapshot_of
from reactive_nb.schema.declaration import BUILT_IN_INDEXES, TABLES, Table
from reactive_nb.schema.search_declaration import VectorIndex
from reactive_nb.schema.system_tables import PRIVATE
from reactive_nb.values.validators import ObjectValidator, OptionalValidator, UnionValidator, Validator

SYSTEM_FIELDS = (
    {"name": "_id", "type": "id", "optional": False},
    {"name": "_creationTime", "type": "number", "optional": False},
)


def items(engine: Engine, at: int | None) -> KeyedRows:
    """Return an item for each table by its name."""
    tables = (snapshot_of(engine) if at is None else engine.at(at).read(lambda ctx: ctx.transaction.snapshot)).tables
    own = sorted(name for name in tables if not name.startswith("_"))
    # What the engine keeps for itself about tables is what this list says; secrets are nobody's to look at.
    engines = sorted(name for name in tables if name.startswith("_") and name not in (TABLES, *PRIVATE))
    return {name: _item(tables[name]) for name in (*own, *engines)}


def _item(state: TableState) -> dict[str, Any]:
    table = state.stored.table
    return {
        "name": state.name,
        "documents": state.size,
        "system": state.name.startswith("_"),
        "declared": table.document is not None,
        "fields": [*SYSTEM_FIELDS, *_fields(table.document)],
        "indexes": _indexes(table),
    }


def _fields(document: Validator | None) -> list[dict[str, Any]]:
    match document:
        case ObjectValidator():
            return [
                {
                    "name": name,
                    "type": _type(field.inner if isinstance(field, OptionalValidator) else field),
                    "optional": isinstance(field, OptionalValidator),
                }
                for name, field in document.fields.items()
            ]
        case UnionValidator():
            return _fields_of_kinds([_fields(member) for member in document.members])
        case _:
            return []


def _type(validator: Validator) -> str:
    """Return what a field holds as a word in a column: `string`, not `a string`."""
    return re.sub(r"^an? ", "", validator.describe())


def _fields_of_kinds(kinds: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the fields of a table whose documents are of several kinds: each once, with all its types."""
    types: dict[str, dict[str, None]] = {}
    optional: dict[str, bool] = {}
    for kind in kinds:
        for field in kind:
            types.setdefault(field["name"], {})[field["type"]] = None
            optional[field["name"]] = optional.get(field["name"], False) or field["optional"]
    everywhere = {name for name in types if all(any(field["name"] == name for field in kind) for kind in kinds)}
    return [
        {"name": name, "type": " or ".join(found), "optional": optional[name] or name not in everywhere}
        for name, found in types.items()
    ]


def _indexes(table: Table) -> list[dict[str, Any]]:
    own = [
        {
            "name": index.name,
            "fields": list(index.fields),
            "kind": "index",
            "unique": index.unique,
            "multi": index.multi,
        }
        for index in table.indexes
    ]
    searches = [
        {
            "name": search.name,
            "fields": [search.field, *search.filter_fields],
            "kind": "vector" if isinstance(search, VectorIndex) else "search",
            "unique": False,
            "multi": False,
        }
        for search in table.searches
    ]
    built_in = [
        {"name": name, "fields": [field], "kind": "index", "unique": name == BUILT_IN_INDEXES[0], "multi": False}
        for name, field in zip(BUILT_IN_INDEXES, ("_id", "_creationTime"), strict=True)
    ]
    return [*built_in, *own, *searches]
