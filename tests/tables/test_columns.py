"""What a declared field becomes in SQL: its type, and each value read back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reactive_nb.schema.declaration import StoredTable, table
from reactive_nb.tables.columns import columns_of
from reactive_nb.tables.fold import fold
from reactive_nb.tables.store import Store
from reactive_nb.values.validators import Validator, v
from tests.tables.flights import NUMBER, changed, document

MOMENT = datetime(1969, 7, 20, 20, 17, 40, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    name: str
    declared: Validator
    type: str
    value: Any
    read: Any


CASES = [
    Case("string", v.string(), "VARCHAR", "é\0'", "é\0'"),
    Case("id", v.id("users"), "VARCHAR", "j57", "j57"),
    Case("number", v.number(), "DOUBLE", 3, 3.0),
    Case("infinity", v.number(), "DOUBLE", -math.inf, -math.inf),
    Case("wide_number", v.number(), "DOUBLE", 2**63 - 1, 2.0**63),
    Case("int64", v.int64(), "BIGINT", -(2**63), -(2**63)),
    Case("boolean", v.boolean(), "BOOLEAN", True, True),
    Case("bytes", v.bytes(), "BLOB", b"a\0\\xff", b"a\0\\xff"),
    Case("vector", v.vector(3), "FLOAT[3]", np.array([1, 2.5, -3], np.float32), (1.0, 2.5, -3.0)),
    Case("text_literal", v.literal("a"), "VARCHAR", "a", "a"),
    Case("int_literal", v.literal(7), "BIGINT", 7, 7),
    Case("wide_literal", v.literal(2**60), "BIGINT", 2**60, 2**60),
    Case("boolean_literal", v.literal(False), "BOOLEAN", False, False),
    Case("literals", v.union(v.literal("a"), v.literal("b")), "VARCHAR", "b", "b"),
    Case("nullable", v.nullable(v.bytes()), "BLOB", None, None),
    Case("same_type", v.union(v.string(), v.id("users"), v.null()), "VARCHAR", "x", "x"),
    Case("strings", v.array(v.nullable(v.string())), "VARCHAR[]", ["a", None], ["a", None]),
    Case("no_blobs", v.array(v.bytes()), "BLOB[]", [], []),
    Case("numbers", v.array(v.array(v.number())), "DOUBLE[][]", [[1, 2.5], []], [[1.0, 2.5], []]),
    Case("vectors", v.array(v.vector(2)), "FLOAT[2][]", [np.array([1, 2], np.float32)], [(1.0, 2.0)]),
    Case(
        "object",
        v.object({"order": v.string(), "n": v.optional(v.number()), "in": v.object(x=v.bytes())}),
        'STRUCT("order" VARCHAR, "n" DOUBLE, "in" STRUCT("x" BLOB))',
        {"order": "x", "in": {"x": b"\0"}},
        {"order": "x", "n": None, "in": {"x": b"\0"}},
    ),
    Case("objects", v.array(v.object(n=v.int64())), 'STRUCT("n" BIGINT)[]', [{"n": 1}], [{"n": 1}]),
    Case("mixed", v.union(v.string(), v.number()), "JSON", "x", '"x"'),
    Case("any", v.any(), "JSON", {"a": [1, None, b"\0"]}, '{"a":[1,null,{"$bytes":"AA=="}]}'),
    Case("any_null", v.any(), "JSON", None, None),
    Case("null", v.null(), "JSON", None, None),
    Case("record", v.record(v.string(), v.number()), "JSON", {"a": 1}, '{"a":1}'),
    Case("loose_array", v.array(v.any()), "JSON", [1, "a"], '[1,"a"]'),
    # What DuckDB takes for a MAP, unless it is told otherwise:
    Case("nothing_of_it", v.object(n=v.optional(v.number())), 'STRUCT("n" DOUBLE)', {}, {"n": None}),
    Case(
        "pair",
        v.object(key=v.string(), value=v.string()),
        'STRUCT("key" VARCHAR, "value" VARCHAR)',
        {"key": "ab", "value": "cd"},
        {"key": "ab", "value": "cd"},
    ),
    Case(
        "pairs",
        v.array(v.object(key=v.array(v.number()), value=v.object(value=v.optional(v.array(v.number()))))),
        'STRUCT("key" DOUBLE[], "value" STRUCT("value" DOUBLE[]))[]',
        [{"key": [1], "value": {"value": [2]}}, {"key": [], "value": {}}],
        [{"key": [1.0], "value": {"value": [2.0]}}, {"key": [], "value": {"value": None}}],
    ),
    Case("loose_object", v.object(a=v.any()), "JSON", {"a": "ü"}, '{"a":"ü"}'),
    Case("empty_object", v.object({}), "JSON", {}, "{}"),
    Case("clashing_object", v.object({"a": v.number(), "A": v.number()}), "JSON", {"a": 1, "A": 2}, '{"a":1,"A":2}'),
    Case("json_time", v.any(), "JSON", MOMENT, '{"$datetime":"1969-07-20T20:17:40.123456+00:00"}'),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with a table of all cases, and two documents: one with the values, one with as few as possible."""
    stored = StoredTable("cases", NUMBER, table(**{case.name: v.optional(case.declared) for case in CASES}))
    store = Store.open(tmp_path_factory.mktemp("columns") / "x.duckdb")
    whole = document(1, **{case.name: case.value for case in CASES})
    fold(store, 1, [changed(document(0), whole, stored=stored)])
    yield store
    store.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_declared_field_is_a_column_of_its_type_that_holds_the_value(store: Store, case: Case) -> None:
    types = columns_of(table(**{case.name: case.declared})).types
    values = store.cursor().execute(f'SELECT "{case.name}" FROM main.cases ORDER BY _creationTime').fetchall()

    assert types == ("VARCHAR", "DOUBLE", case.type)
    assert values == [(None,), (case.read,)]


def test_a_datetime_is_stored_as_its_moment_in_whatever_time_zone_the_reader_is(tmp_path: Path) -> None:
    stored = StoredTable("moments", NUMBER, table(at=v.datetime()))
    extremes = [datetime.min.replace(tzinfo=UTC), MOMENT, datetime.max.replace(tzinfo=UTC)]
    store = Store.open(tmp_path / "x.duckdb")
    store.cursor().execute("SET GLOBAL TimeZone = 'America/New_York'")

    fold(store, 1, [changed(*(document(i, at=moment) for i, moment in enumerate(extremes)), stored=stored)])
    read = store.cursor().execute("SELECT (\"at\" AT TIME ZONE 'UTC') FROM moments ORDER BY 1").fetchall()

    assert [moment.replace(tzinfo=UTC) for (moment,) in read] == extremes
    store.close()


def test_fields_that_differ_in_case_only_are_different_columns() -> None:
    columns = columns_of(table(name=v.string(), Name=v.number(), name_2=v.boolean()))

    assert columns.names == ("_id", "_creationTime", "name", "Name_2", "name_2_2")
    assert columns.types == ("VARCHAR", "DOUBLE", "VARCHAR", "DOUBLE", "BOOLEAN")


def test_a_union_of_objects_has_the_fields_of_all_and_json_where_they_disagree() -> None:
    document = v.union(v.object(kind=v.literal("a"), n=v.number()), v.object(kind=v.literal("b"), n=v.string()))

    columns = columns_of(table(document))

    assert dict(zip(columns.names, columns.types, strict=True)) == {
        "_id": "VARCHAR",
        "_creationTime": "DOUBLE",
        "kind": "VARCHAR",
        "n": "JSON",
    }


def test_a_table_without_declared_fields_has_one_json_column_of_all_but_the_system_fields(tmp_path: Path) -> None:
    stored = StoredTable("notes", NUMBER, table())
    store = Store.open(tmp_path / "x.duckdb")

    fold(store, 1, [changed(document(1, a=1, b={"c": math.nan}), stored=stored)])
    ((id_, created, text),) = store.cursor().execute("FROM main.notes").fetchall()

    assert (id_, created) == (document(1)["_id"], document(1)["_creationTime"])
    assert json.loads(text) == {"a": 1, "b": {"c": {"$float": "AAAAAAAA+H8="}}}
    store.close()


@pytest.mark.parametrize(("common", "rare"), [(1, 1.5), (1, 2**62), (1, 1e300), (0.5, math.nan)])
@pytest.mark.slow
def test_a_rare_kind_of_number_among_thousands_is_stored_as_it_is(tmp_path: Path, common: float, rare: float) -> None:
    stored = StoredTable("numbers", NUMBER, table(n=v.number()))
    documents = [document(place, n=rare if place == 2345 else common) for place in range(3000)]
    store = Store.open(tmp_path / "x.duckdb")

    fold(store, 1, [changed(*documents, stored=stored)])
    read = store.cursor().execute("SELECT n FROM numbers ORDER BY _creationTime").fetchall()

    np.testing.assert_array_equal([n for (n,) in read], [float(each["n"]) for each in documents])
    store.close()


def test_vectors_are_found_by_the_documents_that_have_one(tmp_path: Path) -> None:
    stored = StoredTable("pages", NUMBER, table(text=v.optional(v.vector(2)), image=v.optional(v.vector(3))))
    first, second = np.array([1, 2], np.float32), np.array([3, 4, 5], np.float32)
    store = Store.open(tmp_path / "x.duckdb")

    fold(
        store, 1, [changed(document(0), document(1, text=first), document(2, text=first, image=second), stored=stored)]
    )
    fold(store, 2, [changed(document(1, image=second), stored=stored)])
    read = store.cursor().execute("SELECT text, image FROM pages ORDER BY _creationTime").fetchall()

    assert read == [(None, None), (None, (3.0, 4.0, 5.0)), ((1.0, 2.0), (3.0, 4.0, 5.0))]
    store.close()
