"""Documents as frames: the type of a column follows from its declaration."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reactive_nb.errors import QueryUsageError
from reactive_nb.schema.declaration import Table, table
from reactive_nb.tables.data_frame import arrow_table, data_frame
from reactive_nb.values.conversion import vector
from reactive_nb.values.validators import Validator, v
from reactive_nb.values.value import UNSET
from reactive_nb.values.wire import encode

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def encoded(*values: Any) -> list[bytes]:
    """Documents with these values in the field x; UNSET is none."""
    return [
        encode({"_id": f"j{n}", "_creationTime": float(n), **({} if value is UNSET else {"x": value})})
        for n, value in enumerate(values)
    ]


@dataclass(frozen=True)
class Case:
    name: str
    field: Validator
    values: list[Any]
    dtype: str
    column: list[Any]


CASES = [
    Case("string", v.string(), ["a", "b"], "str", ["a", "b"]),
    Case("literals", v.union(v.literal("a"), v.literal("b")), ["a"], "str", ["a"]),
    Case("id", v.id("users"), ["j57"], "str", ["j57"]),
    Case("number", v.number(), [1, 2.5], "float64", [1.0, 2.5]),
    Case("wide_number", v.number(), [2**53 + 1], "float64", [2.0**53]),
    Case("int64", v.int64(), [2**62 + 1], "int64", [2**62 + 1]),
    Case("optional_int64", v.optional(v.int64()), [2**62 + 1, UNSET], "Int64", [2**62 + 1, pd.NA]),
    Case("nullable_int64", v.nullable(v.int64()), [3], "Int64", [3]),
    Case("boolean", v.boolean(), [True, False], "bool", [True, False]),
    Case("optional_boolean", v.optional(v.boolean()), [True, UNSET], "boolean", [True, pd.NA]),
    Case("datetime", v.optional(v.datetime()), [NOW, UNSET], "datetime64[us, UTC]", [pd.Timestamp(NOW), pd.NaT]),
    Case("first_year", v.datetime(), [NOW.replace(year=1)], "datetime64[us, UTC]", [NOW.replace(year=1)]),
    Case("bytes", v.optional(v.bytes()), [b"\0", UNSET], "object", [b"\0", None]),
    Case("list", v.array(v.number()), [[1, 2.5], []], "object", [[1, 2.5], []]),
    Case("object", v.object(a=v.optional(v.number())), [{"a": 1}, {}], "object", [{"a": 1}, {}]),
    Case("any", v.any(), [None, "a", 1, {"b": [1]}], "object", [None, "a", 1, {"b": [1]}]),
    Case("null", v.null(), [None], "object", [None]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_column_has_the_type_that_its_declaration_implies(case: Case) -> None:
    frame = data_frame(table(x=case.field), encoded(*case.values))

    assert list(frame.columns) == ["_id", "_creationTime", "x"]
    assert frame["x"].dtype == case.dtype
    assert frame["x"].tolist() == case.column
    assert data_frame(table(x=case.field), []).dtypes["x"] == case.dtype


def test_a_missing_number_and_a_missing_string_are_nan() -> None:
    declared = table(x=v.optional(v.number()), y=v.nullable(v.string()))
    frame = data_frame(declared, [encode({"_id": "j", "_creationTime": 1.0, "y": None})])

    assert frame.dtypes.astype(str).tolist() == ["str", "float64", "float64", "str"]
    assert math.isnan(frame["x"][0])
    assert frame["y"].isna().all()


def test_vectors_are_arrays() -> None:
    frame = data_frame(table(x=v.optional(v.vector(2))), encoded(vector([0.5, 1.5]), vector([1, 2]), UNSET))

    assert [type(value) for value in frame["x"]] == [np.ndarray, np.ndarray, type(None)]
    assert frame["x"][1].dtype == np.float32
    assert frame["x"][1].tolist() == [1, 2]


def test_a_union_of_objects_has_the_fields_of_all() -> None:
    shapes = v.union(
        v.object(kind=v.literal("circle"), r=v.int64()),
        v.object(kind=v.literal("square"), side=v.int64(), r=v.int64()),
    )
    frame = data_frame(
        table(shapes),
        [
            encode({"_id": "a", "_creationTime": 1.0, "kind": "circle", "r": 1}),
            encode({"_id": "b", "_creationTime": 2.0, "kind": "square", "side": 2, "r": 3}),
        ],
    )

    assert frame.dtypes.astype(str).to_dict() == {
        "_id": "str", "_creationTime": "float64", "kind": "str", "r": "int64", "side": "Int64"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["a", UNSET], "str"),
        ([1, 2], "int64"),
        ([1, None], "Int64"),
        ([1, 2.5], "float64"),
        ([True], "bool"),
        ([NOW], "datetime64[us, UTC]"),
        ([1, "a"], "object"),
        ([[1]], "object"),
        ([None], "object"),
    ],
)
def test_without_a_declaration_a_column_has_the_type_of_what_is_there(values: list[Any], dtype: str) -> None:
    assert data_frame(Table(None), encoded(*values))["x"].dtype == dtype


def test_names_that_differ_in_case_only_stay_as_they_are() -> None:
    frame = data_frame(table(Name=v.string(), name=v.string()), [])

    assert list(frame.columns) == ["_id", "_creationTime", "Name", "name"]


def test_arrow_needs_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(QueryUsageError, match="pip install pyarrow"):
        arrow_table(table(x=v.string()), [])


ARROW = [
    (v.string(), "string", ["a"], ["a"]),
    (v.number(), "double", [2**60 + 1, 0.5], [2.0**60, 0.5]),
    (v.int64(), "int64", [2**60 + 1], [2**60 + 1]),
    (v.optional(v.boolean()), "bool", [True, UNSET], [True, None]),
    (v.datetime(), "timestamp[us, tz=UTC]", [NOW], [NOW]),
    (v.bytes(), "binary", [b"\0"], [b"\0"]),
    (v.vector(2), "fixed_size_list<item: float>[2]", [vector([1, 2])], [[1.0, 2.0]]),
    (v.array(v.nullable(v.number())), "list<item: double>", [[2**60 + 1, None]], [[2.0**60, None]]),
    (
        v.object(a=v.number(), b=v.optional(v.string())),
        "struct<a: double, b: string>",
        [{"a": 1}],
        [{"a": 1.0, "b": None}],
    ),
    (v.any(), "string", [{"a": 2**60}, None], ['{"a":{"$integer":"AAAAAAAAABA="}}', None]),
]


@pytest.mark.parametrize(("field", "kind", "values", "column"), ARROW, ids=str)
def test_columns_of_arrow(field: Validator, kind: str, values: list[Any], column: list[Any]) -> None:
    pytest.importorskip("pyarrow")

    found = arrow_table(table(x=field), encoded(*values))

    assert found.column_names == ["_id", "_creationTime", "x"]
    assert str(found.schema.field("x").type) == kind
    assert found.column("x").to_pylist() == column
