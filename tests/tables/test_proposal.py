"""The declaration that a frame fits."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reactive_nb as rnb
from reactive_nb.errors import ReactiveError, SchemaError
from reactive_nb.schema.declaration import Table, table
from reactive_nb.tables.frames import read_frame
from reactive_nb.tables.proposal import ProposedTable, proposed
from reactive_nb.values.validators import Validator, v

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def propose(source: Any, **options: Any) -> ProposedTable:
    return proposed(read_frame(source, "Cannot read"), options.pop("name", "t"), **options)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (["a", "b"], v.string()),
        (["a", None], v.optional(v.string())),
        ([1, 2], v.int64()),
        ([1, 0.5], v.number()),
        (pd.Series([1, None], dtype="Int64"), v.optional(v.int64())),
        ([True, False], v.boolean()),
        ([NOW], v.datetime()),
        (pd.Series(pd.to_datetime(["2026-01-01"])), v.datetime()),
        (pd.Series(["a"], dtype="category"), v.string()),
        ([b"x"], v.bytes()),
        ([["a"], []], v.array(v.string())),
        ([[1, None]], v.array(v.nullable(v.int64()))),
        ([[0.5, 1.5], [1.5, 2.5]], v.vector(2)),
        ([np.array([0.5, 1.5], np.float32)], v.vector(2)),
        ([[0.5], [1.5, 2.5]], v.array(v.number())),
        ([{"a": 1, "b": "x"}, {"a": 2}], v.object(a=v.int64(), b=v.optional(v.string()))),
        ([{"not a name": 1}], v.record(v.string(), v.int64())),
        ([np.array([0.5]), np.array([1.5, 2.5])], v.array(v.number())),
        ([np.array([0.5, math.nan])], v.array(v.number())),
        ([np.array([1, 2])], v.array(v.int64())),
        ([np.array(["a", None], dtype=object)], v.array(v.nullable(v.string()))),
        ([np.zeros((2, 2))], v.array(v.vector(2))),
        ([[1e39, 0.5]], v.array(v.number())),
        ([[NOW, pd.NaT]], v.array(v.nullable(v.datetime()))),
        ([[["a"], pd.NaT]], v.array(v.nullable(v.array(v.string())))),
        ([{"x" * 65: 1}], v.record(v.string(), v.int64())),
        (["a", 1], v.any()),
        ([None], v.optional(v.any())),
    ],
    ids=str,
)
def test_what_a_column_is_declared_as(values: Any, field: Validator) -> None:
    frame = pd.DataFrame({"x": values if isinstance(values, pd.Series) else pd.Series([*values], dtype=_dtype(values))})

    assert propose(frame) == table(x=field)


def _dtype(values: list[Any]) -> Any:
    return (
        object
        if any(isinstance(value, list | dict | np.ndarray | bytes) for value in values)
        or (len({*map(type, values)}) > 1 and None not in values)
        else None
    )


def test_rows_lack_fields() -> None:
    assert propose([{"a": 1}, {"a": None, "b": "x"}]) == table(a=v.optional(v.int64()), b=v.optional(v.string()))


def test_the_engines_own_columns_are_left_out() -> None:
    assert propose([{"_id": "x", "_creationTime": 1.0, "a": 1}]) == table(a=v.int64())


def test_it_equals_the_same_declaration_written_by_hand() -> None:
    by_hand = table(a=v.int64(), b=v.string()).index("by_b", "b").index("pair", "a", "b")
    made = propose([{"a": 1, "b": "x"}], indexes={"by_b": "b", "pair": ["a", "b"]})

    assert made == by_hand
    assert by_hand == made
    assert hash(made) == hash(by_hand)
    assert made != Table()
    assert made != 5


def test_words_of_python_are_written_such_that_the_code_runs() -> None:
    frame = pd.DataFrame({"from": ["a"], "n": [1], "where": [{"if": 1, "None": 2.5}]})
    found = proposed(read_frame(frame, "x"), "class", ["from"])
    with rnb.connect() as db:
        exec(repr(found), {"db": db, "rnb": rnb, "v": v})

        assert db.tables()["class"] == found
        assert db.table("class").insert(frame) == 1


def test_what_cannot_be_declared() -> None:
    with pytest.raises(SchemaError, match=r"'dep time' \(str\) is not a field name"):
        propose(pd.DataFrame({"dep time": [1]}))
    with pytest.raises(SchemaError):
        propose([{"a": 1}], indexes=["b"])


# ------------------------------------------------------------------ every frame fits its own declaration

scalars = st.one_of(
    st.sampled_from([None, math.nan, math.inf, pd.NaT, pd.NA, 1e39, 2**63 - 1, 2**53 + 1, NOW, b"a", "", "é", "\0"]),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(-2, 2, width=16),
    st.sampled_from([np.int8(3), np.float32(0.1), np.bool_(True), np.str_("a"), pd.Timestamp(NOW), NOW.date(), 2**64]),
)
arrays = st.one_of(
    st.lists(st.floats(width=16), max_size=3).map(lambda items: np.array(items, np.float16)),
    st.lists(st.integers(0, 3), max_size=3).map(lambda items: np.array(items, np.int32)),
    st.lists(st.sampled_from(["a", None, 1]), max_size=3).map(lambda items: np.array(items, object)),
)
names = st.sampled_from(["a", "b", "a b", "class", "x" * 65])
cells = st.recursive(
    scalars | arrays,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def columns(draw: Any, rows: int) -> list[Any]:
    """Cells that are alike more often than chance would have it."""
    alike = draw(st.sampled_from([cells, scalars, arrays, st.lists(scalars, max_size=2)]))
    few = draw(st.lists(alike, min_size=1, max_size=3))
    return draw(st.lists(st.sampled_from(few), min_size=rows, max_size=rows))


@st.composite
def frames(draw: Any) -> Any:
    rows = draw(st.integers(0, 4))
    made = {name: draw(columns(rows)) for name in draw(st.sets(st.sampled_from(["a", "b", "from"])))}
    if draw(st.booleans()):
        return [dict(zip(made, row, strict=True)) for row in zip(*made.values(), strict=True)]
    return pd.DataFrame({name: pd.Series(_objects(values), dtype=object) for name, values in made.items()})


def _objects(values: list[Any]) -> Any:
    held = np.empty(len(values), dtype=object)
    for position, value in enumerate(values):
        held[position] = value
    return held


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(frames())
def test_a_frame_that_some_table_takes_fits_the_declaration_that_is_proposed(frame: Any) -> None:
    with rnb.connect() as db:
        try:
            db.table("free").insert(frame)
        except ReactiveError:
            # Not every such frame is refused: without a declaration, floats in an array are a vector.
            try:
                declared = db.define_from(frame)
            except ReactiveError:
                return
        else:
            declared = db.define_from(frame)
        db.define(t=declared)
        assert db.table("t").insert(frame) == len(frame)
        db._committer.head.check()
