"""The declaration that a frame fits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reactive_nb.errors import SchemaError
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


def test_what_cannot_be_declared() -> None:
    with pytest.raises(SchemaError, match=r"'dep time' \(str\) is not a field name"):
        propose(pd.DataFrame({"dep time": [1]}))
    with pytest.raises(SchemaError):
        propose([{"a": 1}], indexes=["b"])
