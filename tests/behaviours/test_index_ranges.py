"""Convex's behaviours on index ranges.

Left out: an index that is being backfilled or staged, since `define` fills indexes in the transaction that declares
them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb.engine import Engine
from reactive_nb.errors import IndexRangeError, ReactiveError, UnknownIndex
from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.index_range import IndexRange
from tests.tools import bare, fields, insert


@dataclass(frozen=True, slots=True)
class Refused:
    name: str
    range: Callable[[IndexRange], IndexRange]
    says: str


REFUSED = [
    Refused("eq(b) only", lambda q: q.eq("b", 1), "the fields in index order: ['a', 'b', '_creationTime']"),
    Refused("gt(b) only", lambda q: q.gt("b", 1), "bounds on 'a' only"),
    Refused("eq(c)", lambda q: q.eq("c", 1), "does not index the field 'c'. Expected one of its fields ['a', 'b',"),
    Refused("gt then gte", lambda q: q.gt("a", 1).gte("a", 1), "'a' has a lower bound already"),
    Refused("lt then lte", lambda q: q.lt("a", 1).lte("a", 1), "'a' has an upper bound already"),
    Refused("eq twice", lambda q: q.eq("a", 1).eq("a", 1), "'a' has an equality bound already"),
    Refused("eq then gt", lambda q: q.eq("a", 1).gt("a", 1), "'a' has an equality bound already"),
    Refused("eq then lte", lambda q: q.eq("a", 1).lte("a", 1), "'a' has an equality bound already"),
    Refused("gt then eq", lambda q: q.gt("a", 1).eq("a", 1), "eq('a') follows a gt, gte, lt or lte"),
    Refused("gt of a, lt of b", lambda q: q.gt("a", 1).lt("b", 1), "bounds on 'a' only"),
    Refused(
        "_id after _creationTime",
        lambda q: q.eq("a", 1).eq("b", 1).eq("_creationTime", 1).gt("_id", "x"),
        "does not index the field '_id'",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_range_that_does_not_follow_the_index_is_refused(case: Refused, db: Engine) -> None:
    db.define(t=rnb.table().index("by_a_b", "a", "b"))

    with pytest.raises(IndexRangeError) as caught:
        db.read(lambda ctx: ctx.db.query("t").with_index("by_a_b", case.range).collect())

    assert str(caught.value).startswith("Cannot read a range of the index t.by_a_b: ")
    assert case.says in str(caught.value)


@dataclass(frozen=True, slots=True)
class Unknown:
    name: str
    table: str
    error: type[ReactiveError]
    says: str


@pytest.mark.parametrize(
    "case",
    [
        Unknown("an index that does not exist", "t", UnknownIndex, "the table t has no such index"),
        Unknown("an index of an unknown table", "nope", UnknownIndex, "there is no table nope"),
    ],
    ids=lambda case: case.name,
)
def test_an_unknown_index_is_an_error(case: Unknown, db: Engine) -> None:
    db.define(t=rnb.table())

    with pytest.raises(case.error, match=case.says):
        db.read(lambda ctx: ctx.db.query(case.table).with_index("by_a_b"))


def test_an_unknown_table_is_empty(db: Engine) -> None:
    assert db.read(lambda ctx: ctx.db.query("nope").collect()) == []


def test_equalities_may_come_in_any_order(db: Engine) -> None:
    db.define(t=rnb.table().index("by_a_b", "a", "b"))
    insert(db, "t", {"a": 1, "b": 2}, {"a": 2, "b": 1})

    found = db.read(lambda ctx: ctx.db.query("t").with_index("by_a_b", lambda q: q.eq("b", 2).eq("a", 1)).collect())

    assert bare(found) == [{"a": 1, "b": 2}]


def test_by_creation_time_reads_up_to_a_time_and_by_id_reads_all(db: Engine) -> None:
    ids = insert(db, "t", *({"n": n} for n in range(5)))

    def read(ctx: QueryContext) -> tuple[list[dict[str, Any]], list[str]]:
        time = ctx.db.query("t").collect()[2]["_creationTime"]
        early = ctx.db.query("t").with_index("by_creation_time", lambda q: q.lte("_creationTime", time)).collect()
        return bare(early), [document["_id"] for document in ctx.db.query("t").with_index("by_id")]

    early, by_id = db.read(read)
    assert early == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert by_id == sorted(ids)


def test_the_implicit_creation_time_may_be_bounded(db: Engine) -> None:
    db.define(t=rnb.table().index("by_a", "a"))
    insert(db, "t", {"a": 1, "n": 0}, {"a": 1, "n": 1}, {"a": 2, "n": 2})

    def later(ctx: QueryContext) -> list[dict[str, Any]]:
        first = ctx.db.query("t").first()
        assert first is not None
        after = ctx.db.query("t").with_index("by_a", lambda q: q.eq("a", 1).gt("_creationTime", first["_creationTime"]))
        return bare(after)

    assert db.read(later) == [{"a": 1, "n": 1}]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("some", [{"field": {"nested": "some"}}]), (rnb.UNSET, [{}, {"field": {}}, {"field": 3}])],
    ids=["eq(field.nested, some)", "a missing parent is undefined"],
)
def test_an_index_of_a_nested_field(value: Any, expected: list[Any], db: Engine) -> None:
    db.define(t=rnb.table().index("by_nested", "field.nested"))
    insert(db, "t", {}, {"field": {"nested": "some"}}, {"field": {}}, {"field": 3})

    found = db.read(
        lambda ctx: ctx.db.query("t").with_index("by_nested", lambda q: q.eq("field.nested", value)).collect()
    )

    assert list(map(fields, found)) == expected
