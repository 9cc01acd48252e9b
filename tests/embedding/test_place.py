"""Places: which fields can be kept up to date, and what documents have there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.embedding.place import Place, check_dimensions, check_place, dimensions_of
from reactive_nb.errors import SchemaError, UnknownTable
from reactive_nb.schema.declaration import Table
from reactive_nb.values import wire

VECTOR = v.optional(v.vector(3))


@pytest.mark.parametrize(
    ("declared", "text", "dimensions"),
    [
        (rnb.table(), "title", None),
        (rnb.table(title=v.string(), e=VECTOR), "title", 3),
        (rnb.table(title=v.optional(v.nullable(v.string())), e=v.any()), "title", None),
        (rnb.table(meta=v.object({"title": v.string()}), e=v.vector(3)), "meta.title", 3),
        (rnb.table(title=v.any(), e=v.union(v.vector(3), v.null())), "title", 3),
        (rnb.table(title=v.union(v.literal("a"), v.literal("b")), e=v.union(v.vector(3), v.vector(4))), "title", None),
        (rnb.table(v.union(v.object(title=v.string()), v.object(e=v.vector(3)))), "title", 3),
        (rnb.table(title=v.string(), e=v.any()).vector_index("i", "e", dimensions=5), "title", 5),
    ],
)
def test_places_that_can_be(declared: Table, text: str, dimensions: int | None) -> None:
    place = Place("t", text, "e")

    assert check_place(place, {"t": declared}) is declared
    assert dimensions_of(place, declared) == dimensions


@pytest.mark.parametrize(
    ("table", "text", "into", "error", "said"),
    [
        ("u", "title", "e", UnknownTable, "there is no table 'u'. Expected one of ['t']"),
        ("_crons", "title", "e", UnknownTable, "there is no table '_crons'"),
        ("t", "titel", "e", SchemaError, "the table declares no field 'titel'"),
        ("t", "title", "f", SchemaError, "the table declares no field 'f'"),
        ("t", "n", "e", SchemaError, "'n' is declared as a number. Expected a field that can hold a string"),
        ("t", "title", "n", SchemaError, "'n' is declared as a number. Expected a field that can hold a vector"),
        ("t", "title", "list", SchemaError, "'list' is declared as"),
        ("t", "title", "meta.e", SchemaError, "'meta.e' is not a name for a field"),
        ("t", "title", "_id", SchemaError, "'_id' is not a name for a field"),
        ("t", "_id", "e", SchemaError, "'_id' is not a field it can use"),
        ("t", "e.text", "e", SchemaError, "the text is in 'e.text', where the vector would go"),
    ],
)
def test_places_that_cannot_be(table: str, text: str, into: str, error: type[Exception], said: str) -> None:
    declared = rnb.table(title=v.string(), n=v.number(), list=v.array(v.number()), e=VECTOR)

    with pytest.raises(error) as refused:
        check_place(Place(table, text, into), {"t": declared})

    assert str(refused.value).startswith(f"Cannot keep {table}.{into} up to date: ")
    assert said in str(refused.value)


def test_vectors_of_another_length_than_declared() -> None:
    place, declared = Place("t", "title", "e"), rnb.table(title=v.string(), e=VECTOR)

    check_dimensions(place, declared, None, "model")
    check_dimensions(place, declared, 3, "model")
    with pytest.raises(SchemaError) as refused:
        check_dimensions(place, declared, 4, "model")

    assert str(refused.value) == (
        "Cannot keep t.e up to date: 'e' is declared for 3 numbers, and model makes 4. Expected a field for 4 numbers. "
        "Declare it as e=v.optional(v.vector(4)), its vector index too."
    )


E = np.array([1, 2], np.float32)


@pytest.mark.parametrize(
    ("document", "text", "vector"),
    [
        ({"title": "a", "e": E}, "a", E.tobytes()),
        ({"title": "", "e": [1.0, 2.0]}, "", b""),
        ({"title": None, "e": None}, None, None),
        ({}, None, None),
        ({"title": ["a"], "e": "x"}, None, b""),
        ({"title": {"a": E}, "other": "a"}, None, None),
    ],
)
def test_what_a_document_has(document: dict[str, Any], text: str | None, vector: bytes | None) -> None:
    place, data = Place("t", "title", "e"), [wire.encode(document)]

    assert place.texts(data) == [text]
    assert place.vectors(data) == [vector]


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        ({"title": "a", "e": E}, {"title": "a", "e": E, "n": 1}, False),
        ({"title": "a", "e": E}, {"title": "b", "e": E}, True),
        ({"title": "a", "e": E}, {"title": "a", "e": E + 1}, True),
        ({"title": "a", "e": E}, {"title": "a"}, True),
        ({"title": 1}, {"title": None}, False),
    ],
)
def test_what_concerns_a_place(one: dict[str, Any], other: dict[str, Any], differs: bool) -> None:
    assert Place("t", "title", "e").differs(wire.encode(one), wire.encode(other)) is differs
