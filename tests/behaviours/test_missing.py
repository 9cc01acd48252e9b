"""Convex's behaviours on `undefined`, null and missing fields. In Python `undefined` is `UNSET`, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import UNSET, v
from reactive_nb.engine import Engine
from reactive_nb.errors import ArgumentValidationError, DocumentValidationError
from reactive_nb.functions.index_range import IndexRange
from reactive_nb.functions.query_builder import TableQuery
from tests.tools import bare, insert

MISSING: dict[str, Any] = {}
NULL = {"field": None}
SOME = {"field": "some"}


@dataclass(frozen=True, slots=True)
class Found:
    name: str
    query: Callable[[TableQuery], TableQuery]
    expected: list[dict[str, Any]]


FOUND = [
    Found("filter eq(field, undefined)", lambda q: q.filter(rnb.col("field") == UNSET), [MISSING]),
    Found("filter eq(field, null)", lambda q: q.filter(rnb.col("field") == None), [NULL]),  # noqa: E711
    Found("with index eq(field, undefined)", lambda q: q.with_index("by_field", field=UNSET), [MISSING]),
    Found("with index eq(field, null)", lambda q: q.with_index("by_field", field=None), [NULL]),
    Found(
        "with index gt(field, undefined): every document that has the field",
        lambda q: q.with_index("by_field", lambda r: r.gt("field", UNSET)),
        [NULL, SOME],
    ),
    Found(
        "with index lte(field, null): missing stands below null",
        lambda q: q.with_index("by_field", lambda r: r.lte("field", None)),
        [MISSING, NULL],
    ),
]


@pytest.mark.parametrize("case", FOUND, ids=lambda case: case.name)
def test_missing_is_not_null(case: Found, db: Engine) -> None:
    db.define(t=rnb.table().index("by_field", "field"))
    insert(db, "t", SOME, NULL, MISSING)

    found = db.read(lambda ctx: case.query(ctx.db.query("t")).collect())

    assert bare(found) == case.expected


@dataclass(frozen=True, slots=True)
class Counted:
    name: str
    range: Callable[[IndexRange], IndexRange]
    count: int


# a in 1..5; b missing, null, 1..5: 35 documents
GRID = [{"a": a, **b} for a in range(1, 6) for b in [MISSING, {"b": None}, *({"b": number} for number in range(1, 6))]]
COUNTED = [
    Counted("a = 1", lambda q: q.eq("a", 1), 7),
    Counted("a = 1, b = 2", lambda q: q.eq("a", 1).eq("b", 2), 1),
    Counted("a = 1, b = null", lambda q: q.eq("a", 1).eq("b", None), 1),
    Counted("a = 1, b = undefined", lambda q: q.eq("a", 1).eq("b", UNSET), 1),
    Counted("2 < a < 4", lambda q: q.gt("a", 2).lt("a", 4), 7),
    Counted("2 <= a <= 4", lambda q: q.gte("a", 2).lte("a", 4), 21),
    Counted("a = 1, 2 < b < 4", lambda q: q.eq("a", 1).gt("b", 2).lt("b", 4), 1),
    Counted("a = 1, 2 <= b <= 4", lambda q: q.eq("a", 1).gte("b", 2).lte("b", 4), 3),
]


@pytest.mark.parametrize("case", COUNTED, ids=lambda case: case.name)
def test_the_grid_of_35_documents(case: Counted, db: Engine) -> None:
    db.define(t=rnb.table().index("by_a_b", "a", "b"))
    insert(db, "t", *GRID)

    def in_range(ctx: Any) -> tuple[int, int]:
        query = ctx.db.query("t").with_index("by_a_b", case.range)
        return query.count(), len(query.collect())

    assert db.read(in_range) == (case.count, case.count)


def test_an_optional_field_may_be_missing_and_not_null(db: Engine) -> None:
    db.define(t=rnb.table(x=v.optional(v.string())))

    insert(db, "t", {})

    with pytest.raises(DocumentValidationError, match=r"\$\.x is None"):
        insert(db, "t", {"x": None})


def test_an_optional_argument_may_be_missing_and_not_null(db: Engine) -> None:
    @db.query(args={"x": v.optional(v.string())})
    def echo(ctx: Any, x: str = "default") -> str:
        return x

    assert echo() == "default"
    with pytest.raises(ArgumentValidationError, match=r"\$\.x is None"):
        echo(x=None)


def test_a_function_that_returns_nothing_returns_none(db: Engine) -> None:
    @db.query
    def nothing(ctx: Any) -> None:
        pass

    assert nothing() is None
