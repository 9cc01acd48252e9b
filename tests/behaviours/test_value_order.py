"""Convex's behaviours on values, seen through a database: the order of an index, and what comes back as it went in.

Departures: int and float are one kind of number, ordered by amount; dates stand between numbers and booleans. Encodings
and sizes are in tests/values.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import UNSET
from reactive_nb.engine import Engine
from reactive_nb.errors import ArgumentValidationError, InvalidValue
from tests.tools import insert, stored

DESCENDING = [
    {"a": 1},
    ["a"],
    b"x",
    "xFactor",
    "stringValue",
    True,
    False,
    datetime(2026, 1, 1, tzinfo=UTC),
    35,
    34.5,
    34,
    None,
    UNSET,
]


def test_values_of_all_kinds_read_backwards_through_an_index(db: Engine) -> None:
    db.define(t=rnb.table().index("by_value", "value"))
    shuffled = DESCENDING[::2] + DESCENDING[1::2]
    insert(db, "t", *({} if value is UNSET else {"value": value} for value in shuffled))

    found = db.read(lambda ctx: ctx.db.query("t").with_index("by_value").order("desc").collect())

    assert [document.get("value", UNSET) for document in found] == DESCENDING


@pytest.mark.parametrize(
    "value", [{"": 1}, 2**63 - 1, -(2**63), 2**53 + 1, -0.0, "\U0001f600\ue000", [[], {}]], ids=repr
)
def test_a_value_comes_back_as_it_went_in(value: Any, db: Engine) -> None:
    insert(db, "t", {"value": value})

    (document,) = stored(db, "t")
    assert repr(document["value"]) == repr(value)


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_an_argument_may_be_nested_63_deep_and_no_deeper(db: Engine) -> None:
    @db.query
    def echo(ctx: Any, value: Any) -> Any:
        return value

    # The arguments together are an object, which is the first of the 64 levels.
    assert echo(value=nested(63)) == nested(63)
    with pytest.raises(ArgumentValidationError, match="is nested too deeply"):
        echo(value=nested(64))


def test_undefined_inside_an_array_is_refused_with_its_path(db: Engine) -> None:
    with pytest.raises(InvalidValue, match=r"Cannot insert into t: \$\.list\[0\]\.bad is UNSET"):
        insert(db, "t", {"list": [{"bad": UNSET, "big": 1}]})
