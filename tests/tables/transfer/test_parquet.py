"""Parquet: what columns of other programs are as documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from reactive_nb import v
from reactive_nb.schema.declaration import Table, table
from reactive_nb.tables.transfer import parquet
from reactive_nb.tables.transfer.form import Form

COLUMNS: list[tuple[str, Table, str, dict[str, Any]]] = [
    ("null is missing where it may be", table(a=v.optional(v.number())), "NULL::DOUBLE AS a", {}),
    ("and null where it may be that", table(a=v.nullable(v.number())), "NULL::DOUBLE AS a", {"a": None}),
    ("a whole float is an int where it must be", table(a=v.int64()), "5.0::DOUBLE AS a", {"a": 5}),
    ("and stays a float elsewhere", table(a=v.number()), "5.0::DOUBLE AS a", {"a": 5.0}),
    (
        "null in a struct is a field that is missing",
        table(a=v.array(v.object(x=v.optional(v.number()), y=v.nullable(v.number())))),
        "[{'x': NULL::DOUBLE, 'y': NULL::DOUBLE}] AS a",
        {"a": [{"y": None}]},
    ),
    ("JSON is what it says", table(a=v.any()), """'{"b": [1, null]}'::JSON AS a""", {"a": {"b": [1, None]}}),
    ("without a declaration null is missing", Table(None), "NULL::DOUBLE AS a, 1 AS b", {"b": 1}),
    ("and a column document is the document", Table(None), """'{"b": 1}'::JSON AS document""", {"b": 1}),
    ("unless it is text", Table(None), "'x' AS document", {"document": "x"}),
]


@pytest.mark.parametrize(
    ("declared", "columns", "document"), [case[1:] for case in COLUMNS], ids=[case[0] for case in COLUMNS]
)
def test_a_column_is_what_is_declared(tmp_path: Path, declared: Table, columns: str, document: dict[str, Any]) -> None:
    file = tmp_path / "a.parquet"
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY (SELECT {columns}) TO '{file}' (FORMAT parquet)")

    (row,) = parquet.rows_of(file)(Form.of(declared))

    assert row == ("row 1", 1, document)
    assert {name: type(value) for name, value in row[2].items()} == {k: type(value) for k, value in document.items()}
