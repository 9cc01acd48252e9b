"""Values of SQL as values of documents, as a query in SQL returns them in rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from reactive_nb.tables.sql_values import rows_of
from reactive_nb.values import wire
from reactive_nb.values.conversion import vector
from tests.strategies import identical

NEW_YEAR = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


@dataclass(frozen=True)
class Case:
    sql: str
    value: Any


CASES = [
    Case("NULL", None),
    Case("true", True),
    Case("1::TINYINT", 1),
    Case("9223372036854775807", 2**63 - 1),
    Case("18446744073709551615::UBIGINT", 2.0**64),
    Case("3::HUGEINT", 3),
    Case("170141183460469231731687303715884105727::HUGEINT", 2.0**127),
    Case("12345678901234567890123::BIGNUM", 1.2345678901234568e22),
    Case("1.25", 1.25),
    Case("3::DECIMAL(5, 0)", 3),
    Case("1.5::FLOAT", 1.5),
    Case("'nan'::DOUBLE", math.nan),
    Case("'é'", "é"),
    Case("'\\x00\\xFF'::BLOB", b"\0\xff"),
    Case("'2020-01-01 00:00:00+00'::TIMESTAMPTZ", NEW_YEAR),
    Case("'2020-01-01 01:00:00+01'::TIMESTAMPTZ", NEW_YEAR),
    Case("'0001-01-01 00:00:00+00'::TIMESTAMPTZ", datetime(1, 1, 1, tzinfo=UTC)),
    Case("'9999-12-31 23:59:59.999999+00'::TIMESTAMPTZ", datetime.max.replace(tzinfo=UTC)),
    Case("TIMESTAMP '2020-01-01'", NEW_YEAR),
    Case("TIMESTAMP_NS '2020-01-01'", NEW_YEAR),
    Case("DATE '2020-01-01'", NEW_YEAR),
    Case("TIME '10:30:00'", "10:30:00"),
    Case("INTERVAL 90 MINUTES", 5400.0),
    Case("'5ae6a14d-5875-48cb-b3c8-01da34ac6238'::UUID", "5ae6a14d-5875-48cb-b3c8-01da34ac6238"),
    Case("'a'::ENUM('a')", "a"),
    Case("'101'::BIT", "101"),
    Case("[1, NULL]", [1, None]),
    Case("[[DATE '2020-01-01']]", [[NEW_YEAR]]),
    Case("[1, 2]::FLOAT[2]", vector([1, 2])),
    Case("['inf'::FLOAT, NULL]::FLOAT[2]", [math.inf, None]),
    Case("[1, 2]::INTEGER[2]", [1, 2]),
    Case("[[1, 2]::FLOAT[2]]", [vector([1, 2])]),
    Case("{'a': 1.5, 'b': {'at': DATE '2020-01-01'}, 'c': NULL::DATE}", {"a": 1.5, "b": {"at": NEW_YEAR}, "c": None}),
    Case("[{'a': 1.5}, NULL]", [{"a": 1.5}, None]),
    Case("row(1, DATE '2020-01-01')", [1, "2020-01-01"]),
    Case("MAP {'a': 1.5}", {"a": 1.5}),
    Case("MAP {1: 'x'}", [{"key": 1, "value": "x"}]),
    Case("'[1, {\"a\": null}]'::JSON", [1, {"a": None}]),
    Case('\'{"$bytes": "AA=="}\'::JSON', b"\0"),
    Case("'{\"$x\": 1}'::JSON", '{"$x": 1}'),
    Case("'123456789012345678901234567890'::JSON", "123456789012345678901234567890"),
    Case("'null'::JSON", None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sql)
def test_a_value_of_sql_is_one_of_documents(connection: duckdb.DuckDBPyConnection, case: Case) -> None:
    result = connection.execute(f"SELECT {case.sql} AS x UNION ALL SELECT NULL ORDER BY x NULLS LAST")

    first, second = rows_of(result.description, result.fetchall())

    assert identical(first["x"], case.value)
    assert second == {"x": None}
    wire.encode(first)


@pytest.mark.parametrize("names", [("n", "n", "N"), ("a", "a_1", "a", "A"), ("a_1", "a", "a", "b"), ("a", "b")])
def test_columns_of_one_name_are_told_apart_as_in_a_frame_of_duckdb(
    connection: duckdb.DuckDBPyConnection, names: tuple[str, ...]
) -> None:
    text = "SELECT " + ", ".join(f"{place} AS {name}" for place, name in enumerate(names))
    result = connection.execute(text)

    ((row,),) = [rows_of(result.description, result.fetchall())]

    assert row == connection.execute(text).df().to_dict("records")[0]
