"""The aggregates of groups: what they are, and what cannot be one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import col
from reactive_nb.errors import QueryUsageError
from reactive_nb.functions.aggregates import Aggregate, Columns


def test_aggregates_are_frozen_records_that_equal_each_other() -> None:
    assert rnb.sum("n") == rnb.sum("n") == Aggregate("sum", "n")
    assert rnb.sum("n") != rnb.sum("m")
    assert len({rnb.count(), rnb.count(), rnb.min("n"), rnb.max("n"), rnb.avg("n")}) == 4
    with pytest.raises(FrozenInstanceError):
        rnb.count().field = "n"  # type: ignore[misc]


def test_aggregates_show_how_they_are_written() -> None:
    shown = [str(each) for each in (rnb.count(), rnb.sum("n"), rnb.avg("a.b"), rnb.min("n"), rnb.max("n"))]

    assert shown == ["count()", "sum('n')", "avg('a.b')", "min('n')", "max('n')"]


def test_what_serves_several_columns_is_kept_once_whatever_they_are_called() -> None:
    some = Columns({"n": rnb.count(), "total": rnb.sum("x"), "mean": rnb.avg("x"), "best": rnb.max("x")})
    others = Columns({"most": rnb.max("x"), "average": rnb.avg("x")})

    assert len(some.monoids) == 2
    assert others.monoids == some.monoids


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: rnb.sum(col("n")),  # type: ignore[arg-type]
            (
                "Cannot make an aggregate: its field is <Expr n> (Expr). Expected the name of a field, or a path such "
                "as 'author.age'. Write sum('n')."
            ),
        ),
        (lambda: rnb.avg(""), "its field is '' (str)"),
        (lambda: rnb.min([1, 2]), "its field is [1, 2] (list)"),  # type: ignore[arg-type]
        (lambda: rnb.max(3), "Write max('likes')."),  # type: ignore[arg-type]
    ],
    ids=["an expression", "an empty name", "a list, as of Python's own min", "a number"],
)
def test_an_aggregate_needs_the_name_of_a_field(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(QueryUsageError) as caught:
        make()

    assert says in str(caught.value)
