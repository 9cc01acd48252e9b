"""Declarations of tables: what is accepted, what is refused in which words, and the way to storage and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.errors import SchemaError
from reactive_nb.schema.declaration import Index, StoredTable, Table, check_table_name, table
from reactive_nb.schema.search_declaration import METRICS
from reactive_nb.values import wire
from reactive_nb.values.validators import Validator, v

NAME_HINT = "Names with a leading underscore are the engine's own; choose another name."
PATH_HINT = "Write index(name, 'channel', 'likes'), without a list; _creationTime always comes last by itself."
NAME_EXPECTED = "Expected a letter followed by at most 63 letters, digits and underscores."


def users() -> Table:
    return table(name=v.string(), meta=v.optional(v.object(device=v.string())), tags=v.array(v.string()))


@dataclass
class Refused:
    name: str
    declare: Callable[[], Any]
    message: str


REFUSED = [
    Refused(
        "an index without fields",
        lambda: users().index("by_name"),
        "Cannot declare the index 'by_name': its fields are []. Expected 1 to 15 different field paths. "
        "Name each field once.",
    ),
    Refused(
        "an index that names a field twice",
        lambda: users().index("by_name", "name", "name"),
        "Cannot declare the index 'by_name': its fields are ['name', 'name']. Expected 1 to 15 different field paths. "
        "Name each field once.",
    ),
    Refused(
        "an index of sixteen fields",
        lambda: table().index("by_all", *(f"f{n}" for n in range(16))),
        f"Cannot declare the index 'by_all': its fields are {[f'f{n}' for n in range(16)]}. "
        "Expected 1 to 15 different field paths. Name each field once.",
    ),
    Refused(
        "a list of fields, as in Convex",
        lambda: users().index("by_name", ["name"]),  # type: ignore[arg-type]
        "Cannot declare the index 'by_name': ['name'] is not a field it can use. Expected a path such as 'name' or "
        f"'meta.device' of fields without a leading underscore. {PATH_HINT}",
    ),
    Refused(
        "two indexes of one name",
        lambda: users().index("by_name", "name").index("by_name", "tags"),
        "Cannot declare the index 'by_name': the table has an index of this name. Expected a new name. "
        "Choose another name.",
    ),
    Refused(
        "the name of a built-in index",
        lambda: users().index("by_id", "name"),
        "Cannot declare the index 'by_id': the table has an index of this name. Expected a new name. "
        "Choose another name.",
    ),
    Refused(
        "an index name with a space",
        lambda: users().index("by name", "name"),
        f"Cannot declare the index 'by name': 'by name' is not an index name. {NAME_EXPECTED} {NAME_HINT}",
    ),
    Refused(
        "a creation time in an index",
        lambda: users().index("by_time", "_creationTime"),
        "Cannot declare the index 'by_time': '_creationTime' is not a field it can use. Expected a path such as 'name' "
        f"or 'meta.device' of fields without a leading underscore. {PATH_HINT}",
    ),
    Refused(
        "a field path with an empty step",
        lambda: users().index("by_device", "meta..device"),
        "Cannot declare the index 'by_device': 'meta..device' is not a field it can use. Expected a path such as "
        f"'name' or 'meta.device' of fields without a leading underscore. {PATH_HINT}",
    ),
    Refused(
        "an index of a field that is not declared",
        lambda: users().index("by_age", "age"),
        "Cannot declare the index 'by_age': the table declares no field 'age'. Expected a path to a declared field. "
        "Declare the field in rnb.table(...) or correct the path.",
    ),
    Refused(
        "an index of a nested field that is not declared",
        lambda: users().index("by_os", "meta.os"),
        "Cannot declare the index 'by_os': the table declares no field 'meta.os'. Expected a path to a declared field. "
        "Declare the field in rnb.table(...) or correct the path.",
    ),
    Refused(
        "an index into the items of an array",
        lambda: table(parts=v.array(v.object(size=v.number()))).index("by_size", "parts.size"),
        "Cannot declare the index 'by_size': the table declares no field 'parts.size'. "
        "Expected a path to a declared field. Declare the field in rnb.table(...) or correct the path.",
    ),
    Refused(
        "an index of the elements of a string",
        lambda: users().index("by_letter", "name", multi=True),
        "Cannot declare the index 'by_letter': 'name' is declared as a string, and multi=True files an array's elements. "
        "Expected an array as the first field. Leave multi out, or declare the field with v.array(...).",
    ),
    Refused(
        "a document and fields",
        lambda: table(v.object(a=v.string()), b=v.string()),
        "Cannot declare the table: both a whole-document validator and fields were given. Expected one of the two. "
        "Put the fields into v.object(...).",
    ),
    Refused(
        "a field without a validator",
        lambda: table(name=str),  # type: ignore[arg-type]
        "Cannot declare an object: the field name is declared as <class 'str'> (type). Expected a validator. "
        "Use a builder of v, such as v.string().",
    ),
    Refused(
        "a field of the engine's own",
        lambda: table(v.object({"_id": v.string()})),
        f"Cannot declare the table: '_id' is not a field name. {NAME_EXPECTED} {NAME_HINT}",
    ),
    Refused(
        "documents that are no objects",
        lambda: table(v.string()),
        "Cannot declare the table: its documents are declared as a string. Expected an object, a union of objects, "
        "or any. Wrap single values into a field of an object.",
    ),
    Refused(
        "documents that may be no objects",
        lambda: table(v.union(v.object(a=v.string()), v.number())),
        "Cannot declare the table: its documents are declared as an object with the fields a or a number. "
        "Expected an object, a union of objects, or any. Wrap single values into a field of an object.",
    ),
    Refused(
        "a table name that starts with a digit",
        lambda: check_table_name("1st"),
        f"Cannot use the table name '1st': '1st' is not a table name. {NAME_EXPECTED} {NAME_HINT}",
    ),
    Refused(
        "a table name of the engine's own",
        lambda: check_table_name("_tables"),
        f"Cannot use the table name '_tables': '_tables' is not a table name. {NAME_EXPECTED} {NAME_HINT}",
    ),
    Refused(
        "a table name of 65 letters",
        lambda: check_table_name("a" * 65),
        f"Cannot use the table name '{'a' * 65}': '{'a' * 65}' is not a table name. {NAME_EXPECTED} {NAME_HINT}",
    ),
    Refused(
        "a table name that is no string",
        lambda: check_table_name(3),  # type: ignore[arg-type]
        f"Cannot use the table name 3: 3 is not a table name. {NAME_EXPECTED} {NAME_HINT}",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_it_is_refused_in_these_words(case: Refused) -> None:
    with pytest.raises(SchemaError) as refused:
        case.declare()

    assert str(refused.value) == case.message


def test_a_table_holds_at_most_64_indexes() -> None:
    full = table()
    for n in range(64):
        full = full.index(f"by_{n}", "a")

    with pytest.raises(SchemaError, match="has 64 indexes already"):
        full.index("by_65", "a")


def test_each_index_makes_a_new_declaration() -> None:
    bare = users()

    indexed = bare.index("by_name", "name", unique=True).index("by_tag", "tags", multi=True)

    assert bare.indexes == ()
    assert indexed.indexes == (
        Index("by_name", ("name",), unique=True, multi=False),
        Index("by_tag", ("tags",), unique=False, multi=True),
    )
    assert indexed.find("by_tag") == indexed.indexes[1]
    assert indexed.find("by_nothing") is None


def test_a_field_path_has_steps() -> None:
    assert Index("by_device", ("meta.device", "likes")).paths() == (("meta", "device"), ("likes",))


@dataclass
class Indexable:
    name: str
    declared: Table
    path: str


INDEXABLE = [
    Indexable("a plain field", users(), "name"),
    Indexable("a field of an optional object", users(), "meta.device"),
    Indexable("anything where nothing is declared", table(), "a.b.c"),
    Indexable("anything below a field that may be anything", table(a=v.any()), "a.b"),
    Indexable("a key of a record", table(a=v.record(v.string(), v.number())), "a.b"),
    Indexable("a field that only some documents have", table(v.union(v.object(a=v.null()), v.object(b=v.null()))), "b"),
    Indexable("a field of an object that may be null", table(a=v.nullable(v.object(b=v.null()))), "a.b"),
]


@pytest.mark.parametrize("case", INDEXABLE, ids=lambda case: case.name)
def test_it_can_be_indexed(case: Indexable) -> None:
    assert case.declared.index("by_it", case.path).indexes == (Index("by_it", (case.path,)),)


def test_field_names_stand_in_the_order_of_declaration() -> None:
    assert users().field_names() == ["name", "meta", "tags"]
    assert table(v.union(v.object(b=v.null(), a=v.null()), v.object(c=v.null()))).field_names() == ["b", "a", "c"]
    assert table().field_names() is None


def test_a_table_without_fields_accepts_any_document() -> None:
    assert table() == table(v.any()) == Table(None)


def test_the_stored_form_is_a_plain_document() -> None:
    declared = table(name=v.string()).index("by_name", "name", unique=True)

    assert StoredTable("users", 10001, declared).to_document() == {
        "name": "users",
        "number": 10001,
        "dropped": False,
        "document": {"type": "object", "value": {"name": {"fieldType": {"type": "string"}, "optional": False}}},
        "indexes": [{"name": "by_name", "fields": ["name"], "unique": True, "multi": False}],
        "searches": [],
    }


names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
leaves = st.sampled_from(
    [
        *(v.string(), v.number(), v.int64(), v.boolean(), v.null(), v.bytes(), v.datetime(), v.any()),
        *(v.vector(3), v.id("users"), v.literal("admin"), v.literal(3), v.literal(True), v.literal(1.5)),
    ]
)


def fields(members: st.SearchStrategy[Validator]) -> st.SearchStrategy[dict[str, Validator]]:
    return st.dictionaries(names, st.one_of(members, members.map(v.optional)), max_size=4)


validators: st.SearchStrategy[Validator] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(v.array),
        fields(inner).map(v.object),
        st.lists(inner, min_size=2, max_size=3).map(lambda members: v.union(*members)),
        inner.map(lambda values: v.record(v.string(), values)),
    ),
    max_leaves=5,
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Tables of any kind, with indexes and search indexes of what they declare."""
    kind = draw(st.sampled_from(["fields", "union", "anything"]))
    if kind == "anything":
        declared = table()
    elif kind == "union":
        declared = table(v.union(*draw(st.lists(fields(validators).map(v.object), min_size=2, max_size=3))))
    else:
        declared = table(**draw(fields(validators)))
    indexable = declared.field_names() if declared.field_names() is not None else ["a", "a.b", "c"]
    if indexable:
        for name in draw(st.lists(names, max_size=3, unique=True)):
            chosen = draw(st.lists(st.sampled_from(indexable), min_size=1, max_size=3, unique=True))
            unique = draw(st.booleans())
            try:
                declared = declared.index(f"by_{name}", *chosen, unique=unique, multi=draw(st.booleans()))
            except SchemaError:  # multi, and the first field is no array
                declared = declared.index(f"by_{name}", *chosen, unique=unique)
        for name in draw(st.lists(names, max_size=3, unique=True)):
            field, *filters = draw(st.lists(st.sampled_from(indexable), min_size=1, max_size=3, unique=True))
            metric = draw(st.sampled_from(METRICS))
            try:
                if draw(st.booleans()):
                    declared = declared.search_index(f"search_{name}", field, filter_fields=filters)
                else:
                    declared = declared.vector_index(
                        f"search_{name}", field, dimensions=3, filter_fields=filters, metric=metric
                    )
            except SchemaError:  # the field holds no text, or no vectors
                continue
    return declared


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(names, st.integers(10001, 2**31), tables())
def test_a_table_read_back_from_storage_is_the_same(name: str, number: int, declared: Table) -> None:
    stored = StoredTable(name, number, declared)

    again = StoredTable.from_document(wire.decode(wire.encode(stored.to_document())))  # type: ignore[arg-type]

    assert again == stored
    assert again.table.field_names() == declared.field_names()
