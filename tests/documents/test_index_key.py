"""Where one document stands in each index of its table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from reactive_nb.documents.index_key import KeyMaker, each_key, exempt_from_unique, field_prefix, value_at
from reactive_nb.schema.declaration import Index, StoredTable, Table
from reactive_nb.values.conversion import vector
from reactive_nb.values.order import encode_key
from reactive_nb.values.value import UNSET

SYSTEM: dict[str, Any] = {"_id": "x1", "_creationTime": 2.5}


def keys_of(index: Index, fields: dict[str, Any]) -> tuple[bytes, ...]:
    maker = KeyMaker(StoredTable("t", 10001, Table(None, (index,))))
    return each_key(maker.keys({**SYSTEM, **fields})[maker.position[index.name]])


@dataclass
class Case:
    name: str
    index: Index
    fields: dict[str, Any]
    values: list[list[Any]]
    """The field values of each key the document has."""


BY_A = Index("by_it", ("a",))
BY_A_B = Index("by_it", ("a", "b"))
BY_NESTED = Index("by_it", ("meta.device", "b"))
BY_ITEM = Index("by_it", ("tags",), multi=True)
BY_ITEM_AND_B = Index("by_it", ("meta.tags", "b"), multi=True)

CASES = [
    Case("one field", BY_A, {"a": 1}, [[1]]),
    Case("one field that is missing", BY_A, {}, [[UNSET]]),
    Case("one field that is null", BY_A, {"a": None}, [[None]]),
    Case("two fields", BY_A_B, {"b": "x", "a": 1}, [[1, "x"]]),
    Case("two fields, the second missing", BY_A_B, {"a": 1}, [[1, UNSET]]),
    Case("a nested field", BY_NESTED, {"meta": {"device": "phone"}, "b": 2}, [["phone", 2]]),
    Case("a nested field of nothing", BY_NESTED, {"b": 2}, [[UNSET, 2]]),
    Case("a nested field of a string", BY_NESTED, {"meta": "phone", "b": 2}, [[UNSET, 2]]),
    Case("every element", BY_ITEM, {"tags": ["b", "a"]}, [["b"], ["a"]]),
    Case("equal elements once", BY_ITEM, {"tags": [1, 1.0, "a", 1]}, [[1], ["a"]]),
    Case("an array without elements", BY_ITEM, {"tags": []}, []),
    Case("an array that is missing", BY_ITEM, {}, []),
    Case("something else than an array", BY_ITEM, {"tags": "ab"}, []),
    Case("a vector is no array", BY_ITEM, {"tags": vector([1.0, 2.0])}, []),
    Case("elements with another field", BY_ITEM_AND_B, {"meta": {"tags": [1, 2]}, "b": 3}, [[1, 3], [2, 3]]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_key_is_the_fields_then_the_creation_time_then_the_id(case: Case) -> None:
    assert keys_of(case.index, case.fields) == tuple(encode_key([*each, 2.5]) + b"x1" for each in case.values)


def test_the_built_in_indexes_come_first() -> None:
    maker = KeyMaker(StoredTable("t", 10001, Table(None, (BY_A, Index("by_b", ("b",), unique=True)))))

    by_id, by_creation_time, _, _ = maker.keys({**SYSTEM, "a": 1})

    assert maker.names == ("by_id", "by_creation_time", "by_it", "by_b")
    assert maker.position == {"by_id": 0, "by_creation_time": 1, "by_it": 2, "by_b": 3}
    assert maker.unique == (3,)
    assert by_id == b"x1"
    assert by_creation_time == encode_key([2.5]) + b"x1"


def test_documents_of_equal_values_stand_in_order_of_creation() -> None:
    maker = KeyMaker(StoredTable("t", 10001, Table(None, (BY_A,))))
    documents = [{"_id": name, "_creationTime": at, "a": "same"} for name, at in [("z", 1.0), ("a", 2.0), ("b", 2.0)]]

    keys = [maker.keys(document)[2] for document in documents]

    assert keys == sorted(keys, key=lambda key: each_key(key)[0])


def test_the_prefix_of_a_key_is_its_fields() -> None:
    (key,) = keys_of(BY_A_B, {"a": "x", "b": None})

    assert field_prefix(key, b"x1") == encode_key(["x", None])


@pytest.mark.parametrize(
    ("path", "value"),
    [(("a",), 1), (("b", "c"), None), (("b", "d"), UNSET), (("a", "b"), UNSET), (("e", "f", "g"), UNSET)],
)
def test_a_value_at_a_path_is_there_or_unset(path: tuple[str, ...], value: Any) -> None:
    assert value_at({"a": 1, "b": {"c": None}}, path) is value


@dataclass
class Exempt:
    name: str
    index: Index
    fields: dict[str, Any]
    exempt: bool


EXEMPT = [
    Exempt("a value", BY_A, {"a": 0}, False),
    Exempt("an empty string is a value", BY_A, {"a": ""}, False),
    Exempt("null", BY_A, {"a": None}, True),
    Exempt("missing", BY_A, {}, True),
    Exempt("one of two is null", BY_A_B, {"a": 1, "b": None}, True),
    Exempt("one of two is missing", BY_A_B, {"b": 1}, True),
    Exempt("an array's elements are looked at one by one", BY_ITEM, {"tags": ["a"]}, False),
    Exempt("another field of a multi index is null", BY_ITEM_AND_B, {"meta": {"tags": [1]}, "b": None}, True),
]


@pytest.mark.parametrize("case", EXEMPT, ids=lambda case: case.name)
def test_what_is_missing_or_null_is_exempt_from_unique(case: Exempt) -> None:
    assert exempt_from_unique({**SYSTEM, **case.fields}, case.index) == case.exempt


@pytest.mark.parametrize("index", [BY_A, BY_A_B, BY_NESTED, BY_ITEM, BY_ITEM_AND_B], ids=str)
def test_the_keys_of_columns_are_those_of_their_documents(index: Index) -> None:
    maker = KeyMaker(StoredTable("t", 10001, Table(None, (index,))))
    own = [case.fields for case in CASES]
    ids = [f"x{position:02}" for position in range(len(own))]
    created_ms = np.arange(len(own)) / 4
    columns: dict[str, Any] = {
        name: [fields.get(name, UNSET) for fields in own]
        for name in dict.fromkeys(name for each in own for name in each)
    }
    documents = [
        {"_id": id, "_creationTime": time, **fields}
        for id, time, fields in zip(ids, created_ms.tolist(), own, strict=True)
    ]

    assert maker.keys_of_columns(ids, created_ms, columns) == [maker.keys(document) for document in documents]
    assert maker.keys_of_columns([], created_ms[:0], {}) == []


@pytest.mark.parametrize("index", [BY_A, BY_A_B, Index("by_it", ("a.b", "a"))], ids=str)
def test_a_column_may_be_an_array(index: Index) -> None:
    maker = KeyMaker(StoredTable("t", 10001, Table(None, (index,))))
    moments = [datetime(2026, 1, 1, tzinfo=UTC), datetime(1969, 1, 1, tzinfo=UTC)]
    array = np.array([moment.replace(tzinfo=None) for moment in moments], dtype="datetime64[us]")
    documents = [
        {"_id": id, "_creationTime": 1.0, "a": moment} for id, moment in zip(("x1", "x2"), moments, strict=True)
    ]

    assert maker.keys_of_columns(["x1", "x2"], np.ones(2), {"a": array}) == [maker.keys(each) for each in documents]
