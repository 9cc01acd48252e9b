"""Frames of every kind as columns, and as the documents that they would be one by one."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.errors import DocumentValidationError, InvalidValue
from reactive_nb.schema.declaration import Table
from reactive_nb.tables.frames import read_frame
from reactive_nb.values.validators import Validator
from reactive_nb.values.value import UNSET

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
NAN = math.nan


def read(source: Any, column: str = "x") -> tuple[list[Any], tuple[int, ...]]:
    found = read_frame(source, "Cannot read").columns[column]
    return found.values, found.holes


@dataclass(frozen=True)
class Case:
    name: str
    series: pd.Series
    values: list[Any]
    holes: tuple[int, ...] = ()


CASES = [
    Case("ints", pd.Series([1, 2]), [1, 2]),
    Case("small_ints", pd.Series([1, 255], dtype="uint8"), [1, 255]),
    Case("wide_ints", pd.Series([2**64 - 1], dtype="uint64"), [2**64 - 1]),
    Case("float32", pd.Series([0.5, 1.5], dtype="float32"), [0.5, 1.5]),
    Case("booleans", pd.Series([True, False]), [True, False]),
    Case("strings", pd.Series(["a", None, "é"]), ["a", None, "é"], (1,)),
    Case("nullable_ints", pd.Series([2**60 + 1, None], dtype="Int64"), [2**60 + 1, None], (1,)),
    Case("nullable_booleans", pd.Series([True, None], dtype="boolean"), [True, None], (1,)),
    Case("nullable_floats", pd.Series([0.5, None], dtype="Float64"), [0.5, None], (1,)),
    Case("categories", pd.Series(["a", "b", None, "a"], dtype="category"), ["a", "b", None, "a"], (2,)),
    Case("moments_as_categories", pd.Series([NOW, None], dtype="category"), [NOW, None], (1,)),
    Case("moments", pd.Series([pd.Timestamp(NOW), pd.NaT]), [NOW, None], (1,)),
    Case("elsewhere", pd.Series([pd.Timestamp(NOW)]).dt.tz_convert("Asia/Tokyo"), [NOW]),
    Case("nanoseconds", pd.Series([pd.Timestamp(NOW)]).dt.as_unit("ns"), [NOW]),
    Case("seconds", pd.Series([pd.Timestamp(NOW).floor("s")]).dt.as_unit("s"), [NOW.replace(microsecond=0)]),
    Case(
        "objects",
        pd.Series([[1], {"a": 1}, None, pd.NaT, pd.NA, "x"]),
        [[1], {"a": 1}, None, None, None, "x"],
        (2, 3, 4),
    ),
    Case("bytes", pd.Series([b"\0", None]), [b"\0", None], (1,)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_columns_of_pandas(case: Case) -> None:
    values, holes = read(pd.DataFrame({"x": case.series}))

    assert values == case.values
    assert [type(value) for value in values] == [type(value) for value in case.values]
    assert holes == case.holes


def test_nan_is_kept_where_pandas_has_a_float() -> None:
    for series in (pd.Series([1.0, None]), pd.Series([1.0, NAN], dtype=object)):
        values, holes = read(pd.DataFrame({"x": series}))
        assert holes == (1,)
        assert values[0] == 1.0
        assert math.isnan(values[1])


def test_what_is_finer_than_a_microsecond_or_past_the_calendar_is_left_for_the_validator_to_refuse() -> None:
    fine = pd.Series([pd.Timestamp("2026-01-01 00:00:00.000000001", tz="UTC")])
    late = pd.Series(np.array([10**12], dtype="datetime64[s]")).dt.tz_localize("UTC")

    for series in (fine, late):
        values, _ = read(pd.DataFrame({"x": series}))
        assert isinstance(values[0], pd.Timestamp)
        with pytest.raises(InvalidValue):
            v.datetime().check(values[0])


def test_moments_are_there_as_an_array_if_none_is_missing() -> None:
    whole = read_frame(pd.DataFrame({"x": [NOW, NOW]}), "Cannot read").columns["x"].moments

    assert whole is not None
    assert whole.tolist() == [NOW.replace(tzinfo=None)] * 2
    assert read_frame(pd.DataFrame({"x": [NOW, None]}), "Cannot read").columns["x"].moments is None


def test_rows_say_what_they_lack() -> None:
    frame = read_frame([{"x": 1}, {}, {"x": None}, {"x": pd.NA, "y": NAN}, 5], "Cannot read")

    assert frame.columns["x"].values == [1, UNSET, None, None, UNSET]
    assert frame.columns["x"].holes == (2, 3)
    assert frame.columns["y"].holes == ()
    assert frame.strangers == {4: 5}
    assert frame.part(3, 5).strangers == {1: 5}
    assert frame.part(2, 4).columns["x"].holes == (0, 1)


def test_rows_may_come_one_by_one() -> None:
    assert read({"x": n} for n in range(3)) == ([0, 1, 2], ())


def test_what_has_a_frame_of_pandas() -> None:
    import duckdb

    with duckdb.connect() as connection:
        assert read(connection.sql("SELECT unnest([1, 2]) AS x")) == ([1, 2], ())


POLARS_AND_ARROW = {
    "numbers": ([0.5, None, NAN], (1,)),
    "ints": ([2**60 + 1, None], (1,)),
    "strings": (["a", None], (1,)),
    "booleans": ([True, None], (1,)),
    "moments": ([NOW, None], (1,)),
    "all_moments": ([NOW, NOW], ()),
    "lists": ([[1, None], None], (1,)),
    "structs": ([{"a": 1, "b": None}], ()),
    "bytes": ([b"\0", None], (1,)),
    "nothing": ([None, None], (0, 1)),
}


def same(found: tuple[list[Any], tuple[int, ...]], expected: tuple[list[Any], tuple[int, ...]]) -> None:
    assert repr(found) == repr(expected)  # NaN is itself


@pytest.mark.parametrize("name", POLARS_AND_ARROW)
@pytest.mark.slow
def test_columns_of_polars(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pl = pytest.importorskip("polars")
    expected = POLARS_AND_ARROW[name]
    frame = pl.DataFrame({"x": expected[0]})

    same(read(frame), expected)
    same(read(frame.lazy()), expected)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    same(read(frame), expected)


@pytest.mark.parametrize("name", POLARS_AND_ARROW)
def test_columns_of_arrow(name: str) -> None:
    pa = pytest.importorskip("pyarrow")
    expected = POLARS_AND_ARROW[name]
    table = pa.table({"x": expected[0]})

    same(read(table), expected)
    same(read(table.to_reader()), expected)
    for batch in table.to_batches():
        same(read(batch), expected)


def test_other_arrow_types() -> None:
    pa = pytest.importorskip("pyarrow")
    moments = pa.array([NOW], pa.timestamp("ns", "Asia/Tokyo"))
    words = pa.array(["a", None, "a"]).dictionary_encode()

    same(read(pa.table({"x": moments})), ([NOW], ()))
    same(read(pa.table({"x": words})), (["a", None, "a"], (1,)))
    same(read(pa.table({"x": pa.chunked_array([["a"], ["b"]])})), (["a", "b"], ()))


@pytest.mark.slow
def test_a_categorical_column_of_polars() -> None:
    pl = pytest.importorskip("polars")

    same(read(pl.DataFrame({"x": pl.Series(["a", None], dtype=pl.Categorical)})), (["a", None], (1,)))


# ------------------------------------------------------------------ against one document at a time

FIELDS: dict[str, tuple[Validator, st.SearchStrategy[Any]]] = {
    "word": (v.string(), st.sampled_from(["", "a", "b\0", "é"])),
    "number": (v.number(), st.sampled_from([0, -0.0, 1.5, NAN, math.inf, 2**53 + 1, -3])),
    "whole": (v.int64(), st.sampled_from([0, -1, 2**62, 7])),
    "truth": (v.boolean(), st.booleans()),
    "moment": (v.datetime(), st.sampled_from([NOW, NOW.replace(year=1), NOW.replace(year=9999)])),
    "data": (v.bytes(), st.sampled_from([b"", b"a\0"])),
    "list": (v.array(v.number()), st.lists(st.integers(0, 9), max_size=2)),
    "inner": (
        v.object(a=v.optional(v.number()), b=v.nullable(v.string())),
        st.sampled_from([{"b": None}, {"a": 1, "b": "x"}]),
    ),
    "vector": (v.vector(2), st.just([0.5, 1.5])),
    "choice": (v.union(v.literal("a"), v.int64()), st.sampled_from(["a", 3])),
    "anything": (v.any(), st.sampled_from(["a", 1, [1], True])),
}
WRAPS = {"": lambda field: field, "optional_": v.optional, "nullable_": v.nullable}
BAD = object()


@st.composite
def frames(draw: Any) -> tuple[Table, list[dict[str, Any]]]:
    """A declaration, and rows of which some may have a value that does not fit."""
    chosen = draw(st.lists(st.tuples(st.sampled_from([*WRAPS]), st.sampled_from([*FIELDS])), min_size=1, unique=True))
    declared = rnb.table(**{f"{wrap}{name}": WRAPS[wrap](FIELDS[name][0]) for wrap, name in chosen})
    keyed = [f"{wrap}{name}" for wrap, name in chosen]
    declared = declared.index("by_first", keyed[0]).index("by_all", *dict.fromkeys((keyed[-1], keyed[0])))
    bad = st.sampled_from([{"no"}]) if draw(st.booleans()) else st.nothing()
    rows = st.fixed_dictionaries(
        {f"{wrap}{name}": FIELDS[name][1] | bad | (st.none() if wrap else st.nothing()) for wrap, name in chosen}
    )
    return declared, draw(st.lists(rows, max_size=6))


def one_by_one(declared: Table, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[int]]:
    """Insert rows as a loop in a mutation would: what comes to be, and which are refused."""
    with rnb.connect() as db:
        db.define(t=declared)
        refused = []
        fields = declared.document.fields  # type: ignore[union-attr]
        for number, row in enumerate(rows):
            document = {name: value for name, value in row.items() if value is not None or not fields[name].optional}
            try:
                db.write(lambda ctx, document=document: ctx.db.insert("t", document))
            except (DocumentValidationError, InvalidValue):
                refused.append(number)
        db._committer.head.check()
        return stored(db), refused


def stored(db: Any) -> list[dict[str, Any]]:
    found = db.read(lambda ctx: ctx.db.query("t").collect())
    # Fields stand in the order of columns, whatever order each row had.
    return [{name: each[name] for name in sorted(each) if not name.startswith("_")} for each in found]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames())
@pytest.mark.slow
def test_rows_become_the_documents_that_they_would_be_one_by_one(made: tuple[Table, list[dict[str, Any]]]) -> None:
    declared, rows = made
    expected, refused = one_by_one(declared, rows)

    with rnb.connect() as db:
        db.define(t=declared)
        report = db.table("t").insert(rows, on_error="skip")

        assert [row for row, _ in report.skipped] == refused
        assert repr(stored(db)) == repr(expected)
        db._committer.head.check()
        if refused:
            with pytest.raises((DocumentValidationError, InvalidValue)):
                db.table("t").insert(rows)
            assert db.table("t").count() == len(expected)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames())
@pytest.mark.slow
def test_frame_to_documents_to_frame_is_the_same_frame(made: tuple[Table, list[dict[str, Any]]]) -> None:
    declared, rows = made
    _, refused = one_by_one(declared, rows)
    rows = [row for number, row in enumerate(rows) if number not in refused]

    with rnb.connect() as db:
        db.define(t=declared)
        db.table("t").insert(rows)
        first = db.table("t").df().drop(columns=["_id", "_creationTime"])
        db.define(t=rnb.table().index("by_nothing", "nothing"))
        db.drop("t")
        db.define(t=declared)
        db.table("t").insert(first)
        second = db.table("t").df().drop(columns=["_id", "_creationTime"])
        db._committer.head.check()

    pd.testing.assert_frame_equal(first, second)
    for name, values in first.items():
        for value, row in zip(values, rows, strict=True):
            nothing = row[name] is None or row[name] != row[name]
            assert nothing == (
                value is None or (np.ndim(value) == 0 and not isinstance(value, dict) and pd.isna(value))
            )
            if not nothing and not isinstance(value, np.ndarray):
                assert value == (float(row[name]) if first[name].dtype == "float64" else row[name])
