"""A query in SQL as something that can be asked."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import duckdb
import pandas as pd
import pytest

from reactive_nb.errors import QueryUsageError, SqlError
from reactive_nb.functions.context import read_whole
from reactive_nb.tables.moment import prepare
from reactive_nb.tables.sql_query import Question, SqlQuery, run
from reactive_nb.tables.statement import parse


@pytest.fixture
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA reactive")
        prepare(connection, "memory")
        connection.execute("CREATE TABLE flights (origin VARCHAR, delay DOUBLE, landed TIMESTAMPTZ)")
        connection.execute("INSERT INTO flights VALUES ('EWR', 2, '2013-01-01 10:00+00'), ('JFK', NULL, NULL)")
        yield connection


def ask(cursor: duckdb.DuckDBPyConnection, text: str, **arguments: Any) -> SqlQuery:
    return SqlQuery(Question(parse(text), arguments), lambda question, take: run(question, cursor, take))


def test_its_results(cursor: duckdb.DuckDBPyConnection) -> None:
    query = ask(cursor, "FROM flights WHERE origin = $o", o="EWR")
    landed = pd.Timestamp("2013-01-01 10:00", tz="UTC")

    assert query.rows() == [{"origin": "EWR", "delay": 2.0, "landed": landed.to_pydatetime()}]
    assert query.df().to_dict("records") == [{"origin": "EWR", "delay": 2.0, "landed": landed}]
    assert list(query) == query.rows() == query.whole() == read_whole(query)


def test_it_runs_each_time(cursor: duckdb.DuckDBPyConnection) -> None:
    query = ask(cursor, "SELECT count(*) AS n FROM flights")
    before = query.rows()
    cursor.execute("INSERT INTO flights (origin) VALUES ('LGA')")

    assert (before, query.rows()) == ([{"n": 2}], [{"n": 3}])


def test_arrow_and_polars(cursor: duckdb.DuckDBPyConnection) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("polars")
    query = ask(cursor, "SELECT origin, delay FROM flights WHERE delay > $x", x=1)

    assert query.arrow().to_pylist() == [{"origin": "EWR", "delay": 2.0}]
    assert query.pl().to_dicts() == [{"origin": "EWR", "delay": 2.0}]
    assert ask(cursor, "PIVOT flights ON origin USING count(*)").arrow().num_rows >= 1


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="pyarrow is installed")
@pytest.mark.parametrize("kind", ["arrow", "pl"])
def test_without_their_packages_they_say_what_to_install(cursor: duckdb.DuckDBPyConnection, kind: str) -> None:
    with pytest.raises(QueryUsageError, match=r"is not installed.*Run %pip install (pyarrow|polars pyarrow)"):
        getattr(ask(cursor, "FROM flights"), kind)()


@pytest.mark.parametrize(
    "text",
    [
        "PIVOT flights ON origin USING count(*)",
        "SUMMARIZE flights",
        "DESCRIBE flights",
        "SHOW TABLES",
        "EXPLAIN FROM flights",
        "EXPLAIN ANALYZE FROM flights",
        "FROM flights -- with a comment at the end",
    ],
)
def test_whatever_only_reads_has_rows(cursor: duckdb.DuckDBPyConnection, text: str) -> None:
    assert len(ask(cursor, text).rows()) >= 1
    assert len(ask(cursor, text).df()) >= 1


def test_display_is_that_of_a_frame_and_an_error_is_raised(cursor: duckdb.DuckDBPyConnection) -> None:
    shown = ask(cursor, "SELECT origin FROM flights")._repr_mimebundle_()

    assert shown["text/plain"] == "  origin\n0    EWR\n1    JFK"
    assert "<td>EWR</td>" in shown["text/html"]
    assert repr(ask(cursor, "SELECT\n  1")) == "<SQL 'SELECT 1'>"
    with pytest.raises(SqlError):
        ask(cursor, "FROM nope")._repr_mimebundle_()


def test_what_fails_while_it_runs_is_an_error_of_the_statement(cursor: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(SqlError) as refused:
        ask(cursor, "SELECT origin::INTEGER FROM flights").rows()

    assert "Could not convert string 'EWR' to INT32" in str(refused.value)
    assert refused.value.sql == "SELECT origin::INTEGER FROM flights"


def test_only_sql_of_the_database_can_be_live(cursor: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(QueryUsageError, match=r"Write db\.sql\(\.\.\.\)\.live\(\)"):
        ask(cursor, "FROM flights").live()


def test_a_frame_is_no_parameter() -> None:
    with pytest.raises(SqlError) as refused:
        Question(parse("SELECT $x"), {"x": pd.DataFrame({"a": [1]})})

    assert str(refused.value) == (
        "Cannot run the SQL: $x is a frame. Expected a single value for a parameter. "
        "Write FROM x, without the $, to read a frame as a table."
    )


def test_every_kind_of_result_calls_the_columns_of_a_join_alike(cursor: duckdb.DuckDBPyConnection) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("polars")
    query = ask(cursor, "SELECT * FROM flights JOIN flights AS later USING (delay)")
    names = ["origin", "delay", "landed", "origin_1", "landed_1"]

    assert [*query.rows()[0]] == names
    assert query.df().columns.tolist() == query.arrow().column_names == query.pl().columns == names
