"""Convex's behaviours on filters, order and the methods that read.

Departures: int and float are one kind of number, so their sum is a number; `/` is the exact quotient and `%` has the
sign of the divisor, as in Python.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from reactive_nb import col
from reactive_nb.engine import Engine
from reactive_nb.errors import FilterError, NotUnique, QueryUsageError
from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.filter import Expr
from tests.tools import bare, fields, insert


@dataclass(frozen=True, slots=True)
class Kept:
    name: str
    condition: Expr | bool | Callable[[dict[str, Any]], Any]
    kept: list[int]


# n in 0..5
KEPT = [
    Kept("filter(q => true)", True, [0, 1, 2, 3, 4, 5]),
    Kept("filter(false)", False, []),
    Kept("a function that is always true", lambda _: True, [0, 1, 2, 3, 4, 5]),
    Kept("eq", col("n") == 3, [3]),
    Kept("neq", col("n") != 3, [0, 1, 2, 4, 5]),
    Kept("lt", col("n") < 2, [0, 1]),
    Kept("lte", col("n") <= 2, [0, 1, 2]),
    Kept("gt", col("n") > 3, [4, 5]),
    Kept("gte", col("n") >= 3, [3, 4, 5]),
    Kept("add", col("n") + 1 == 3, [2]),
    Kept("sub", col("n") - 1 == 3, [4]),
    Kept("mul", col("n") * 2 == 6, [3]),
    Kept("div", col("n") / 2 == 1.5, [3]),
    Kept("mod", col("n") % 2 == 1, [1, 3, 5]),
    Kept("neg", -col("n") < -3, [4, 5]),
    Kept("and", (col("n") > 1) & (col("n") < 4), [2, 3]),
    Kept("or", (col("n") < 1) | (col("n") > 4), [0, 5]),
    Kept("not", ~(col("n") > 1), [0, 1]),
    Kept("an int and a float add up (departure)", col("n") + 0.5 == 3.5, [3]),
    Kept("numbers stand below strings", col("n") < "a", [0, 1, 2, 3, 4, 5]),
]


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case.name)
def test_a_filter_keeps(case: Kept, db: Engine) -> None:
    insert(db, "t", *({"n": n} for n in range(6)))

    found = db.read(lambda ctx: ctx.db.query("t").filter(case.condition).collect())

    assert [document["n"] for document in found] == case.kept


@pytest.mark.parametrize("value", ["a", None, True, [1]], ids=repr)
def test_adding_what_is_no_number_is_an_error(value: Any, db: Engine) -> None:
    insert(db, "t", {"n": value})

    with pytest.raises(FilterError, match="is not a number"):
        db.read(lambda ctx: ctx.db.query("t").filter(col("n") + 1 > 0).collect())


def test_first_skips_what_the_filter_leaves_out(db: Engine) -> None:
    insert(db, "t", *({"n": n} for n in range(600)))

    first = db.read(lambda ctx: ctx.db.query("t").filter(col("n") == 599).first())

    assert first is not None
    assert fields(first) == {"n": 599}


@pytest.mark.parametrize("ordered_first", [True, False], ids=["order, filter", "filter, order"])
def test_filter_and_order_commute(ordered_first: bool, db: Engine) -> None:
    insert(db, "t", *({"n": n} for n in range(4)))

    def read(ctx: QueryContext) -> list[dict[str, Any]]:
        query = ctx.db.query("t")
        condition = col("n") > 1
        return (
            query.order("desc").filter(condition) if ordered_first else query.filter(condition).order("desc")
        ).collect()

    assert bare(db.read(read)) == [{"n": 3}, {"n": 2}]


def test_order_may_be_given_once(db: Engine) -> None:
    with pytest.raises(QueryUsageError, match="its order was chosen already"):
        db.read(lambda ctx: ctx.db.query("t").order("asc").order("asc"))


def test_unique_of_two_names_the_table_and_both(db: Engine) -> None:
    ids = insert(db, "things", {}, {}, {})

    with pytest.raises(NotUnique) as caught:
        db.read(lambda ctx: ctx.db.query("things").unique())

    assert "things" in str(caught.value)
    assert caught.value.ids == ids[:2]  # type: ignore[attr-defined]
    assert all(id in str(caught.value) for id in ids[:2])


@pytest.mark.parametrize(("documents", "expected"), [([], None), ([{"n": 1}], {"n": 1})], ids=["0", "1"])
def test_unique_of_none_or_one(documents: list[Any], expected: Any, db: Engine) -> None:
    insert(db, "things", *documents)

    found = db.read(lambda ctx: ctx.db.query("things").unique())

    assert (found and fields(found)) == expected


@pytest.mark.parametrize(
    "again",
    [
        lambda q: q.collect(),
        lambda q: q.take(1),
        lambda q: q.first(),
        lambda q: q.unique(),
        lambda q: q.paginate(1),
        lambda q: next(iter(q)),
    ],
    ids=["collect", "take", "first", "unique", "paginate", "iterate"],
)
def test_a_consumed_query_is_not_consumed_again(again: Callable[[Any], Any], db: Engine) -> None:
    insert(db, "t", {})

    def twice(ctx: QueryContext) -> None:
        query = ctx.db.query("t")
        query.collect()
        again(query)

    with pytest.raises(QueryUsageError, match="its documents were read already"):
        db.read(twice)


def test_queries_read_side_by_side_are_independent(db: Engine) -> None:
    insert(db, "t", *({"n": n} for n in range(300)))

    def read(ctx: QueryContext) -> list[tuple[int, int]]:
        up, down = ctx.db.query("t"), ctx.db.query("t").order("desc")
        return [(a["n"], b["n"]) for a, b in zip(up, down, strict=True)]

    assert db.read(read) == [(n, 299 - n) for n in range(300)]
