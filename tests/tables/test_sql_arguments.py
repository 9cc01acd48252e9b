"""What a person gives to SQL: parameters of many kinds, and frames of many libraries."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import numpy as np
import pandas as pd
import pytest
import traitlets

from reactive_nb.errors import SqlError
from reactive_nb.tables.sql_arguments import is_frame, is_only_sql, listed, parameter, register
from reactive_nb.values.conversion import vector

NEW_YEAR = datetime(2020, 1, 1, tzinfo=UTC)
TWO_DAYS = ["2020-01-01", "2020-01-02"]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


# ------------------------------------------------------------------ parameters


@pytest.mark.parametrize(
    ("value", "expected", "type_"),
    [
        (None, None, '"NULL"'),
        (True, True, "BOOLEAN"),
        (np.int64(3), 3, "INTEGER"),
        (2**40, 2**40, "BIGINT"),
        (0.5, 0.5, "DOUBLE"),
        ("x", "x", "VARCHAR"),
        (b"\0", b"\0", "BLOB"),
        (NEW_YEAR, NEW_YEAR, "TIMESTAMP WITH TIME ZONE"),
        (datetime(2020, 1, 1), datetime(2020, 1, 1), "TIMESTAMP"),  # noqa: DTZ001 - SQL has times without a zone
        (date(2020, 1, 1), date(2020, 1, 1), "DATE"),
        (time(10), time(10), "TIME"),
        (timedelta(hours=1), timedelta(hours=1), "INTERVAL"),
        (Decimal("1.5"), Decimal("1.5"), "DECIMAL(2,1)"),
        (UUID(int=1), UUID(int=1), "UUID"),
        (np.array([1.0, 2.0], np.float32), [1.0, 2.0], "DOUBLE[]"),
        ({"a": [vector([1])]}, {"a": [[1.0]]}, "STRUCT(a DOUBLE[][])"),
    ],
    ids=repr,
)
def test_an_argument_becomes_a_parameter(
    connection: duckdb.DuckDBPyConnection, value: Any, expected: Any, type_: str
) -> None:
    given = parameter("x", value)

    assert given == expected
    assert connection.execute("SELECT typeof($x)", {"x": given}).fetchall() == [(type_,)]


def test_what_sql_cannot_hold_is_refused() -> None:
    with pytest.raises(SqlError) as refused:
        parameter("x", [1, object])

    assert str(refused.value).startswith("Cannot pass $x to the SQL: $x[1] is <class 'object'>")


def test_a_widget_is_no_value_of_a_query_that_runs_once() -> None:
    class Choice(traitlets.HasTraits):
        value = traitlets.Unicode("EWR")

    for given in (Choice(), (Choice(), "value")):
        with pytest.raises(SqlError) as refused:
            parameter("x", given)

        assert refused.value.hint == "Pass its value, x=widget.value; .live() follows the widget itself"


@pytest.mark.parametrize(
    ("value", "expected", "type_"),
    [
        ((1, 2), [1, 2], "INTEGER[]"),
        ({1}, [1], "INTEGER[]"),
        ({"a": 1}.keys(), ["a"], "VARCHAR[]"),
        (["ü", None], ["ü", None], "VARCHAR[]"),
        (range(2), [0, 1], "INTEGER[]"),
        (pd.Series(["a", None]), ["a", None], "VARCHAR[]"),
        (pd.Index([1, 2]), [1, 2], "INTEGER[]"),
        (pd.Series([1, None], dtype="Int64"), [1, None], "INTEGER[]"),
        (pd.Series(["a", "b", "a"], dtype="category").unique(), ["a", "b"], "VARCHAR[]"),
        (np.array(["a", "b"]), ["a", "b"], "VARCHAR[]"),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]], "INTEGER[][]"),
        (np.array(TWO_DAYS, "datetime64[ns]"), [datetime(2020, 1, 1), datetime(2020, 1, 2)], "TIMESTAMP[]"),  # noqa: DTZ001
        (np.array([1, 2], "timedelta64[s]"), [timedelta(seconds=1), timedelta(seconds=2)], "INTERVAL[]"),
        (np.datetime64("2020-01-01", "ns"), datetime(2020, 1, 1), "TIMESTAMP"),  # noqa: DTZ001
        (np.timedelta64(1, "s"), timedelta(seconds=1), "INTERVAL"),
        (np.datetime64("NaT"), None, '"NULL"'),
        (pd.to_datetime(pd.Series(TWO_DAYS), utc=True)[:1], [NEW_YEAR], "TIMESTAMP WITH TIME ZONE[]"),
        ([date(2020, 1, 1)], [date(2020, 1, 1)], "DATE[]"),
        ([(1,), ()], [[1], []], "INTEGER[][]"),
        (Path("a.csv"), str(Path("a.csv")), "VARCHAR"),
        (pd.NaT, None, '"NULL"'),
    ],
    ids=repr,
)
def test_a_row_of_values_is_a_list_a_path_a_text_and_a_time_one_of_python(
    connection: duckdb.DuckDBPyConnection, value: Any, expected: Any, type_: str
) -> None:
    given = parameter("x", value)

    assert given == expected
    assert connection.execute("SELECT typeof($x)", {"x": given}).fetchall() == [(type_,)]


def test_a_list_may_be_longer_than_one_of_a_document() -> None:
    assert parameter("x", range(10_000)) == [*range(10_000)]


@pytest.mark.parametrize("item", ["\ud800", 2**63, -(2**63) - 1], ids=repr)
def test_of_a_list_too_each_item_has_to_be_one_that_sql_can_hold(item: Any) -> None:
    with pytest.raises(SqlError, match=r"Cannot pass \$x to the SQL: \$x\[1\] "):
        parameter("x", ["a", item])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (date(2020, 1, 1), True),
        (datetime(2020, 1, 1), True),  # noqa: DTZ001
        (NEW_YEAR, False),
        ([1, Decimal(1)], True),
        ([1, "a"], False),
        (pd.NaT, False),
        (timedelta(1), True),
        (None, False),
    ],
)
def test_what_only_sql_has_is_told_from_values_of_documents(value: Any, expected: bool) -> None:
    assert is_only_sql(value) is expected


# ------------------------------------------------------------------ frames


def test_frames_are_told_from_values() -> None:
    class Own(pd.DataFrame):
        pass

    frame = pd.DataFrame({"a": [1]})
    others = (frame["a"], frame.index, [1], "a", None, frame.to_numpy(), {"a": [1]}, pd.DataFrame)

    assert is_frame(frame)
    assert is_frame(Own({"a": [1]}))
    assert [is_frame(each) for each in others] == [False] * len(others)
    assert listed(frame) is frame


@pytest.mark.parametrize("kind", ["polars", "lazy", "pyarrow", "batch", "narwhals", "relation"])
def test_frames_of_other_libraries(connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    pytest.importorskip("pyarrow")
    frame: Any
    if kind in ("polars", "lazy"):
        polars = pytest.importorskip("polars")
        frame = polars.DataFrame({"a": [1]}) if kind == "polars" else polars.LazyFrame({"a": [1]})
    elif kind in ("pyarrow", "batch"):
        arrow = pytest.importorskip("pyarrow")
        frame = arrow.table({"a": [1]}) if kind == "pyarrow" else arrow.record_batch({"a": [1]})
    elif kind == "narwhals":
        frame = pytest.importorskip("narwhals").from_native(pd.DataFrame({"a": [1]}))
    else:
        frame = duckdb.sql("SELECT 1 AS a")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert is_frame(frame)
        register(connection, "other", frame)

    for _ in range(2):
        assert connection.execute("FROM other").fetchall() == [(1,)]


def test_what_gives_its_rows_only_once_is_no_frame() -> None:
    arrow = pytest.importorskip("pyarrow")

    assert not is_frame(arrow.table({"a": [1]}).to_reader())


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame(), "Need a DataFrame with at least one column"),
        (pd.DataFrame({"a": pd.period_range("2020", periods=2, freq="M")}), "Data type 'period[M]' not recognized"),
    ],
    ids=["no_columns", "periods"],
)
def test_a_frame_that_duckdb_cannot_read_is_named(
    connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame, said: str
) -> None:
    with pytest.raises(SqlError) as refused:
        register(connection, "months", frame)

    assert refused.value.what == "Cannot read the frame months in SQL"
    assert said in refused.value.thing
