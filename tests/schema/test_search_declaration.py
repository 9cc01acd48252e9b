"""Declarations of search indexes: what is accepted, what is refused in which words, and the stored form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

from reactive_nb.errors import SchemaError
from reactive_nb.schema.declaration import StoredTable, Table, table
from reactive_nb.schema.search_declaration import SearchIndex, VectorIndex
from reactive_nb.values.validators import Validator, v

NAME_FACTS = (
    "Expected a letter followed by at most 63 letters, digits and underscores. "
    "Names with a leading underscore are the engine's own; choose another name."
)
PATH_EXPECTED = "Expected a path such as 'name' or 'meta.device' of fields without a leading underscore."
FIELD_HINT = "Name the one field that is searched; _creationTime and _id cannot be."
FILTER_HINT = "Filter by declared fields of the documents; _creationTime and _id cannot be."
DECLARE_HINT = "Declare the field in rnb.table(...) or correct the path."
LENGTH_HINT = "Pass the length of your embeddings, such as dimensions=384."
LIST_FACTS = 'Expected a list of field paths. Write filter_fields=["channel"], also for a single one.'


def papers() -> Table:
    return table(
        title=v.string(),
        field=v.optional(v.string()),
        year=v.int64(),
        meta=v.object(place=v.string(), spot=v.vector(2)),
        embedding=v.vector(4),
    )


def text(**changed: Any) -> Table:
    return papers().search_index(**{"name": "search_it", "field": "title", **changed})


def vector(**changed: Any) -> Table:
    return papers().vector_index(**{"name": "by_it", "field": "embedding", "dimensions": 4, **changed})


def test_both_kinds_stand_beside_the_indexes() -> None:
    bare = papers()

    searched = (
        bare.index("by_year", "year")
        .search_index("search_title", "title", filter_fields=["field", "meta.place"])
        .vector_index("by_embedding", "embedding", dimensions=4, filter_fields=("year",), metric="l2")
        .search_index("search_place", "meta.place")
        .vector_index("by_spot", "meta.spot", dimensions=2)
    )

    assert bare.searches == ()
    assert [index.name for index in searched.indexes] == ["by_year"]
    assert searched.searches == (
        SearchIndex("search_title", "title", ("field", "meta.place")),
        VectorIndex("by_embedding", "embedding", 4, ("year",), "l2"),
        SearchIndex("search_place", "meta.place", ()),
        VectorIndex("by_spot", "meta.spot", 2, (), "cosine"),
    )
    assert searched.find_search("by_embedding") is searched.searches[1]
    assert searched.find_search("by_year") is None
    assert searched.find("search_title") is None


# ------------------------------------------------------------------ refused


@dataclass
class Refused:
    name: str
    declare: Callable[[], Any]
    message: str


# What is refused for either kind: the changed arguments, and what the message says after "Cannot declare the … 'name': ".
BOTH: list[tuple[str, dict[str, Any], str]] = [
    ("a name with a space", {"name": "my search"}, f"'my search' is not an index name. {NAME_FACTS}"),
    ("a name that is none", {"name": None}, f"None is not an index name. {NAME_FACTS}"),
    (
        "the name of a built-in index",
        {"name": "by_id"},
        "the table has an index of this name. Expected a new name. Choose another name.",
    ),
    (
        "a field that is not declared",
        {"field": "body"},
        f"the table declares no field 'body'. Expected a path to a declared field. {DECLARE_HINT}",
    ),
    (
        "a nested field that is not declared",
        {"field": "meta.size"},
        f"the table declares no field 'meta.size'. Expected a path to a declared field. {DECLARE_HINT}",
    ),
    (
        "a list of fields",
        {"field": ["title"]},
        f"['title'] is not a field it can use. {PATH_EXPECTED} {FIELD_HINT}",
    ),
    (
        "a field of the engine's own",
        {"field": "_id"},
        f"'_id' is not a field it can use. {PATH_EXPECTED} {FIELD_HINT}",
    ),
    ("one filter field as a string", {"filter_fields": "year"}, f"its filter fields are 'year' (str). {LIST_FACTS}"),
    ("no filter fields as None", {"filter_fields": None}, f"its filter fields are None. {LIST_FACTS}"),
    (
        "filter fields without an order",
        {"filter_fields": {"year"}},
        f"its filter fields are {{'year'}} (set). {LIST_FACTS}",
    ),
    (
        "a filter field that is no path",
        {"filter_fields": [3]},
        f"3 is not a field it can use. {PATH_EXPECTED} {FILTER_HINT}",
    ),
    (
        "the creation time as a filter field",
        {"filter_fields": ["_creationTime"]},
        f"'_creationTime' is not a field it can use. {PATH_EXPECTED} {FILTER_HINT}",
    ),
    (
        "a filter field that is not declared",
        {"filter_fields": ["year", "author"]},
        f"the table declares no field 'author'. Expected a path to a declared field. {DECLARE_HINT}",
    ),
    (
        "a filter field twice",
        {"field": "meta", "filter_fields": ["year", "year"]},
        (
            "it searches 'meta' and its filter fields are ['year', 'year']. Expected different field paths. "
            "Name each field once, and the searched one not among the filter fields."
        ),
    ),
    (
        "the searched field as a filter field",
        {"field": "meta", "filter_fields": ["year", "meta"]},
        (
            "it searches 'meta' and its filter fields are ['year', 'meta']. Expected different field paths. "
            "Name each field once, and the searched one not among the filter fields."
        ),
    ),
    (
        "seventeen filter fields",
        {"filter_fields": [f"f{n}" for n in range(17)]},
        (
            "it has 17 filter fields. Expected at most 16. "
            "Keep those by which searches are narrowed, or declare a second index for the others."
        ),
    ),
]


def refused_for_both() -> list[Refused]:
    cases = []
    for name, changed, message in BOTH:
        for noun, declare, usual in (("search", text, "search_it"), ("vector", vector, "by_it")):
            cases.append(
                Refused(
                    f"{noun}: {name}",
                    partial(declare, **changed),
                    f"Cannot declare the {noun} index {changed.get('name', usual)!r}: {message}",
                )
            )
    return cases


def no_text(declared: Validator, described: str) -> Refused:
    return Refused(
        f"search: a field declared as {declared}",
        lambda: table(a=declared).search_index("search_a", "a"),
        f"Cannot declare the search index 'search_a': 'a' is declared as {described}, which has no text. "
        "Expected a field that can hold a string. "
        "Declare the field with v.string(), or name the field that has the text.",
    )


def no_vector(declared: Validator, described: str) -> Refused:
    return Refused(
        f"vector: a field declared as {declared}",
        lambda: table(a=declared).vector_index("by_a", "a", dimensions=4),
        f"Cannot declare the vector index 'by_a': 'a' is declared as {described}. "
        "Expected a field that can hold 4 numbers. "
        "Declare the field with v.vector(4), or correct the field or the number of dimensions.",
    )


def bad_dimensions(dimensions: Any, shown: str) -> Refused:
    return Refused(
        f"vector: {shown} dimensions",
        lambda: table().vector_index("by_a", "a", dimensions=dimensions),
        f"Cannot declare the vector index 'by_a': its number of dimensions is {shown}. "
        f"Expected an int from 2 to 4096. {LENGTH_HINT}",
    )


def bad_metric(metric: Any, shown: str) -> Refused:
    return Refused(
        f"vector: the metric {shown}",
        lambda: vector(metric=metric),
        f"Cannot declare the vector index 'by_it': its metric is {shown}. Expected one of 'cosine', 'dot', 'l2'. "
        "Leave it out for 'cosine', which suits most embeddings.",
    )


REFUSED = [
    *refused_for_both(),
    no_text(v.number(), "a number"),
    no_text(v.array(v.string()), "a list, each item a string"),
    no_text(v.literal(3), "3"),
    no_text(v.optional(v.nullable(v.bytes())), "bytes or null"),
    no_text(v.object(b=v.string()), "an object with the fields b"),
    no_vector(v.string(), "a string"),
    no_vector(v.vector(3), "a vector of 3 numbers"),
    no_vector(v.optional(v.union(v.vector(3), v.vector(5))), "a vector of 3 numbers or a vector of 5 numbers"),
    no_vector(v.number(), "a number"),
    no_vector(v.array(v.string()), "a list, each item a string"),
    no_vector(v.array(v.array(v.number())), "a list, each item a list, each item a number"),
    no_vector(v.array(v.literal(True)), "a list, each item True"),
    bad_dimensions(1, "1 (int)"),
    bad_dimensions(4097, "4097 (int)"),
    bad_dimensions(True, "True (bool)"),
    bad_dimensions(4.0, "4.0 (float)"),
    bad_dimensions("384", "'384' (str)"),
    bad_metric("euclidean", "'euclidean' (str)"),
    bad_metric(None, "None"),
    bad_metric(["cosine"], "['cosine'] (list)"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_it_is_refused_in_these_words(case: Refused) -> None:
    with pytest.raises(SchemaError) as refused:
        case.declare()

    assert str(refused.value) == case.message


DECLARE: dict[str, Callable[[Table, str], Table]] = {
    "index": lambda table, name: table.index(name, "year"),
    "search index": lambda table, name: table.search_index(name, "title"),
    "vector index": lambda table, name: table.vector_index(name, "embedding", dimensions=4),
}


@pytest.mark.parametrize("first", DECLARE)
@pytest.mark.parametrize("second", DECLARE)
def test_all_indexes_of_a_table_have_different_names(first: str, second: str) -> None:
    named = DECLARE[first](papers(), "taken")

    with pytest.raises(SchemaError) as refused:
        DECLARE[second](named, "taken")

    assert str(refused.value) == (
        f"Cannot declare the {second} 'taken': the table has an index of this name. Expected a new name. "
        "Choose another name."
    )


@pytest.mark.parametrize(("kind", "other"), [("search index", "vector index"), ("vector index", "search index")])
def test_a_table_holds_at_most_16_of_each_kind(kind: str, other: str) -> None:
    full = papers()
    for n in range(16):
        full = DECLARE[kind](full, f"no_{n}")

    with pytest.raises(SchemaError) as refused:
        DECLARE[kind](full, "one_more")

    assert str(refused.value) == (
        f"Cannot declare the {kind} 'one_more': the table has 16 of this kind already. Expected at most 16. "
        f"Drop a {kind} that no query names."
    )
    assert len(DECLARE[other](full, "one_more").searches) == 17


# ------------------------------------------------------------------ accepted


@pytest.mark.parametrize(
    "declared",
    [
        v.string(),
        v.any(),
        v.optional(v.string()),
        v.nullable(v.string()),
        v.union(v.number(), v.union(v.null(), v.string())),
        v.id("users"),
        v.union(v.literal("admin"), v.literal(3)),
    ],
    ids=repr,
)
def test_a_field_that_can_be_a_string_can_be_searched(declared: Validator) -> None:
    for where, field in ((table(a=declared), "a"), (table(m=v.optional(v.record(v.string(), v.any()))), "m.a")):
        assert where.search_index("search_it", field).searches == (SearchIndex("search_it", field),)


@pytest.mark.parametrize(
    "declared",
    [
        v.vector(4),
        v.any(),
        v.optional(v.vector(4)),
        v.nullable(v.vector(4)),
        v.union(v.vector(3), v.vector(4)),
        v.array(v.number()),
        v.array(v.int64()),
        v.array(v.nullable(v.number())),
        v.array(v.literal(1)),
        v.array(v.any()),
        v.union(v.string(), v.array(v.number())),
    ],
    ids=repr,
)
def test_a_field_that_can_be_such_a_vector_can_be_searched(declared: Validator) -> None:
    searched = table(a=declared).vector_index("by_it", "a", dimensions=4)

    assert searched.searches == (VectorIndex("by_it", "a", 4),)


@pytest.mark.parametrize("dimensions", [2, 384, 4096])
@pytest.mark.parametrize("metric", ["cosine", "dot", "l2"])
def test_where_nothing_is_declared_every_field_can_be_searched_and_filtered(dimensions: int, metric: Any) -> None:
    filters = [f"f{n}.x" for n in range(16)]

    searched = (
        table()
        .search_index("search_a", "a.b", filter_fields=filters)
        .vector_index("by_a", "a.b", dimensions=dimensions, filter_fields=filters, metric=metric)
    )

    assert searched.searches == (
        SearchIndex("search_a", "a.b", tuple(filters)),
        VectorIndex("by_a", "a.b", dimensions, tuple(filters), metric),
    )


def test_the_declaration_does_not_change_with_the_list_it_was_given() -> None:
    filters = ["year"]
    searched = text(filter_fields=filters)

    filters.append("field")

    assert searched.searches[0].filter_fields == ("year",)


def test_dimensions_are_a_plain_int() -> None:
    with pytest.raises(SchemaError, match="its number of dimensions is"):
        vector(dimensions=np.int64(4))


# ------------------------------------------------------------------ the stored form


SEARCHED = table().search_index("search_title", "title", filter_fields=["field"])
SEARCHED = SEARCHED.vector_index("by_embedding", "embedding", dimensions=4, filter_fields=["year"], metric="dot")


def test_the_stored_form_is_a_list_of_plain_objects() -> None:
    assert StoredTable("papers", 10001, SEARCHED).to_document()["searches"] == [
        {"kind": "text", "name": "search_title", "field": "title", "filter_fields": ["field"]},
        {
            "kind": "vector",
            "name": "by_embedding",
            "field": "embedding",
            "dimensions": 4,
            "filter_fields": ["year"],
            "metric": "dot",
            "approximate": False,
        },
    ]


def test_a_table_stored_before_there_were_search_indexes_has_none() -> None:
    document = StoredTable("papers", 10001, SEARCHED.index("by_year", "year")).to_document()
    del document["searches"]

    assert StoredTable.from_document(document).table == table().index("by_year", "year")
