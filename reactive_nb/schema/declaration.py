"""The schema as frozen records: what a table's documents may be and by which fields they are kept in order.

A user writes `rnb.table(name=v.string()).index("by_name", "name")`; the engine stores the same thing as a document of
the system table `_tables` (`StoredTable.to_document`). Nothing here looks at stored data: that is `evolution.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reactive_nb.errors import SchemaError
from reactive_nb.schema import search_declaration
from reactive_nb.schema.field_path import check_name, check_path, declared_at
from reactive_nb.schema.search_declaration import MAX_SEARCHES, AnySearch, Metric
from reactive_nb.values.validators import (
    AnyValidator,
    ArrayValidator,
    ObjectValidator,
    UnionValidator,
    Validator,
    from_json,
    v,
)

BY_ID = "by_id"
BY_CREATION_TIME = "by_creation_time"
BUILT_IN_INDEXES = (BY_ID, BY_CREATION_TIME)

TABLES = "_tables"
"""The system table whose documents are the declarations of all tables."""
TABLES_NUMBER = 1
FIRST_USER_TABLE_NUMBER = 10001

MAX_INDEXES = 64
MAX_INDEX_FIELDS = 15  # 16 with the implicit _creationTime


@dataclass(frozen=True, slots=True)
class Index:
    """A declared list of fields (paths such as `"meta.device"`) by which a table's documents are kept in order.

    `unique` refuses two documents with equal values in all its fields; a document in which one of them is missing
    or null is exempt; an element of an array that is null is not. `multi` files a document once under every element of
    the array in its first field.
    """

    name: str
    fields: tuple[str, ...]
    unique: bool = False
    multi: bool = False

    def paths(self) -> tuple[tuple[str, ...], ...]:
        """Return the field paths, each as its steps."""
        return tuple(tuple(field.split(".")) for field in self.fields)


@dataclass(frozen=True, slots=True)
class Table:
    """The declaration of one table, made by `rnb.table(...)`; each method returns a new one."""

    document: Validator | None = None
    """What a document without its system fields must be; None accepts any document."""
    indexes: tuple[Index, ...] = ()
    searches: tuple[AnySearch, ...] = ()

    def index(self, name: str, *fields: str, unique: bool = False, multi: bool = False) -> Table:
        """Add an index.

        Args:
            name: How queries name it, by convention `by_<fields>`.
            fields: One or more field paths; `_creationTime` follows them implicitly.
            unique: Refuse two documents with the same values in these fields.
            multi: Index every element of the array in the first field.

        Raises:
            SchemaError: The name is taken or not a name, or a field cannot be indexed.

        Example:
            >>> table(name=v.string()).index("by_name", "name").indexes[0].fields
            ('name',)
        """
        wanted = f"Cannot declare the index {name!r}"
        check_name(name, wanted, "an index name")
        self._check_free(name, wanted)
        if len(self.indexes) >= MAX_INDEXES:
            raise SchemaError(
                wanted,
                thing=f"the table has {MAX_INDEXES} indexes already",
                expected=f"at most {MAX_INDEXES}",
                hint="Drop an index that no query names",
            )
        for field in fields:
            check_path(
                field,
                wanted,
                "Write index(name, 'channel', 'likes'), without a list; _creationTime always comes last by itself",
            )
        if not fields or len(fields) > MAX_INDEX_FIELDS or len(set(fields)) != len(fields):
            raise SchemaError(
                wanted,
                thing=f"its fields are {list(fields)}",
                expected=f"1 to {MAX_INDEX_FIELDS} different field paths",
                hint="Name each field once",
            )
        for field in fields:
            if self.document is None:
                continue
            kinds = declared_at(self.document, field, wanted)
            if (
                multi
                and field == fields[0]
                and not any(isinstance(kind, ArrayValidator | AnyValidator) for kind in kinds)
            ):
                raise SchemaError(
                    wanted,
                    thing=f"{field!r} is declared as {kinds[0].describe()}, and multi=True files an array's elements",
                    expected="an array as the first field",
                    hint="Leave multi out, or declare the field with v.array(...)",
                )
        return replace(self, indexes=(*self.indexes, Index(name, fields, unique, multi)))

    def search_index(self, name: str, field: str, *, filter_fields: Sequence[str] = ()) -> Table:
        """Add an index for searches by text.

        Args:
            name: How searches name it, by convention `search_<field>`.
            field: The path of the field whose text is searched. Documents in which it is no string are not found.
            filter_fields: Up to 16 field paths by which a search may be narrowed.

        Raises:
            SchemaError: The name is taken or not a name, the field can hold no string, or a filter field cannot be.

        Example:
            >>> table(title=v.string(), field=v.string()).search_index("search_title", "title", filter_fields=["field"])
        """
        return self._with(search_declaration.text_search(self.document, name, field, filter_fields))

    def vector_index(
        self,
        name: str,
        field: str,
        *,
        dimensions: int,
        filter_fields: Sequence[str] = (),
        metric: Metric = "cosine",
        approximate: bool = False,
    ) -> Table:
        """Add an index for searches by vector.

        Args:
            name: How searches name it, by convention `by_<field>` or `vector_<field>`.
            field: The path of the field that holds the vectors. Documents in which it is not this many numbers are
                not found.
            dimensions: How many numbers a vector has, from 2 to 4096.
            filter_fields: Up to 16 field paths by which a search may be narrowed.
            metric: What "near" means: `"cosine"`, `"dot"` (the product) or `"l2"` (the distance).
            approximate: Look only at the surroundings of a search when there are 10,000 vectors or more: several times
                faster, and 1 or 2 of 100 hits are missed. Searches by a narrow filter stay exact. Live searches run
                again also when vectors far away change.

        Raises:
            SchemaError: The name is taken or not a name, the field can hold no such vector, or a filter field cannot be.

        Example:
            >>> table(embedding=v.vector(384)).vector_index("by_embedding", "embedding", dimensions=384)
        """
        return self._with(
            search_declaration.vector_search(self.document, name, field, dimensions, filter_fields, metric, approximate)
        )

    def find(self, name: str) -> Index | None:
        """Return the declared index of this name, or None; `find_search` knows the search indexes."""
        return next((index for index in self.indexes if index.name == name), None)

    def find_search(self, name: str) -> AnySearch | None:
        """Return the declared search index of this name, of either kind, or None."""
        return next((search for search in self.searches if search.name == name), None)

    def field_names(self) -> list[str] | None:
        """Return the declared top-level fields in order, or None when any document is accepted."""
        return None if self.document is None else [name for name, _ in _declared_fields(self.document)]

    def _with(self, search: AnySearch) -> Table:
        kind, noun = type(search), search_declaration.noun(search)
        wanted = f"Cannot declare the {noun} {search.name!r}"
        self._check_free(search.name, wanted)
        if sum(isinstance(each, kind) for each in self.searches) >= MAX_SEARCHES:
            raise SchemaError(
                wanted,
                thing=f"the table has {MAX_SEARCHES} of this kind already",
                expected=f"at most {MAX_SEARCHES}",
                hint=f"Drop a {noun} that no query names",
            )
        return replace(self, searches=(*self.searches, search))

    def _check_free(self, name: str, wanted: str) -> None:
        if name in BUILT_IN_INDEXES or self.find(name) is not None or self.find_search(name) is not None:
            raise SchemaError(
                wanted, thing="the table has an index of this name", expected="a new name", hint="Choose another name"
            )


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A declared table as the engine keeps it: with its name and the number that its documents' ids carry."""

    name: str
    number: int
    table: Table

    def to_document(self, dropped: bool = False) -> dict[str, Any]:
        """Return the fields of this table's document in `_tables`.

        It stays there when the table is dropped, so that no other table ever gets its number: an id that somebody
        kept must not become the id of a document of another table.
        """
        return {
            "name": self.name,
            "number": self.number,
            "dropped": dropped,
            "document": None if self.table.document is None else self.table.document.to_json(),
            "indexes": [
                {"name": index.name, "fields": list(index.fields), "unique": index.unique, "multi": index.multi}
                for index in self.table.indexes
            ],
            "searches": [search_declaration.to_json(search) for search in self.table.searches],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> StoredTable:
        """Return the table that a document of `_tables` describes."""
        stored = document["document"]
        indexes = tuple(
            Index(index["name"], tuple(index["fields"]), index["unique"], index["multi"])
            for index in document["indexes"]
        )
        # Files written before there were search indexes have no such key.
        searches = tuple(map(search_declaration.from_json, document.get("searches", ())))
        validator = None if stored is None else from_json(stored)
        return cls(document["name"], document["number"], Table(validator, indexes, searches))


def table(document: Validator | None = None, /, **fields: Validator) -> Table:
    """Declare a table.

    Args:
        document: A validator of whole documents, such as a union of objects; instead of `fields`.
        fields: One validator per field. Documents may have no other field.

    Returns:
        The declaration, to be given to `db.define(name=...)`. Without any argument every document is accepted.

    Raises:
        SchemaError: A field name is reserved or not a name, or `document` is not an object, a union of objects or any.

    Example:
        >>> users = table(name=v.string(), age=v.optional(v.number())).index("by_name", "name")
    """
    wanted = "Cannot declare the table"
    if document is not None and fields:
        raise SchemaError(
            wanted,
            thing="both a whole-document validator and fields were given",
            expected="one of the two",
            hint="Put the fields into v.object(...)",
        )
    if document is None:
        if not fields:
            return Table(None)
        document = v.object(fields)
    if isinstance(document, AnyValidator):
        return Table(None)
    for name, field in _declared_fields(document):
        check_name(name, wanted, "a field name")
        if not isinstance(field, Validator):
            raise SchemaError(
                wanted,
                thing=f"the field {name!r} is declared as {field!r}",
                expected="a validator such as v.string()",
                hint="Use the builders of rnb.v",
            )
    return Table(document)


def check_table_name(name: str) -> None:
    """Raise `SchemaError` unless `name` can name a user's table."""
    check_name(name, f"Cannot use the table name {name!r}", "a table name")


def _declared_fields(document: Validator) -> Iterator[tuple[str, Validator]]:
    """Yield the fields of an object validator, or of all members of a union of objects (a name once)."""
    match document:
        case ObjectValidator():
            yield from document.fields.items()
        case UnionValidator() if all(isinstance(member, ObjectValidator) for member in document.members):
            yield from {name: field for member in document.members for name, field in _declared_fields(member)}.items()
        case _:
            raise SchemaError(
                "Cannot declare the table",
                thing=f"its documents are declared as {document.describe()}",
                expected="an object, a union of objects, or any",
                hint="Wrap single values into a field of an object",
            )
