"""Changes written in SQL do what the same mutations written in Python do, for generated documents and statements.

Each statement is a pair: its SQL, and a function that works on plain dicts, as obvious as possible. A missing field and
null are both NULL in SQL; which of the two a NULL becomes follows from the declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.testing import FakeClock, IdSource
from reactive_nb.values.value import UNSET
from tests.engine.sql import Desk, Sql, insert, rows
from tests.strategies import identical

Row = dict[str, Any]

ITEM = v.object(x=v.number(), y=v.optional(v.nullable(v.string())))
TABLE = (
    rnb.table(
        a=v.optional(v.number()),
        b=v.nullable(v.number()),
        i=v.int64(),
        s=v.string(),
        o=ITEM,
        items=v.array(ITEM),
        j=v.any(),
        n=v.optional(v.nullable(v.string())),
    )
    .index("by_a", "a")
    .index("by_s", "s", "i")
)
OPTIONAL = {"a", "n"}

# Ints that no DOUBLE holds show whether an update leaves alone what it does not change.
numbers = st.sampled_from([0, 1, 2.5, -3, 2**60 + 1])
texts = st.sampled_from(["", "a", "é'", "null"])
items = st.fixed_dictionaries({"x": numbers}, optional={"y": st.none() | texts})
rows_of_table = st.fixed_dictionaries(
    {
        "b": st.none() | numbers,
        "i": st.integers(-2, 2),
        "s": texts,
        "o": items,
        "items": st.lists(items, max_size=2),
        "j": st.sampled_from([None, 1, "a", {"k": [1, None]}, 2**60 + 1, b"\0"]),
    },
    optional={"a": numbers, "n": st.none() | texts},
)


@dataclass(frozen=True)
class Part:
    """An expression or a condition, in SQL and as a function of a document."""

    sql: str
    of: Callable[[Row], Any]


def as_double(value: Any) -> Any:
    return None if value is None else float(value)


CONDITIONS = [
    Part("true", lambda row: True),
    Part("false", lambda row: False),
    Part("a > 0", lambda row: row.get("a") is not None and row["a"] > 0),
    Part("b is null", lambda row: row["b"] is None),
    Part("not (a > 0)", lambda row: row.get("a") is not None and row["a"] <= 0),
    Part("s = 'a'", lambda row: row["s"] == "a"),
    Part("i in (0, 1)", lambda row: row["i"] in (0, 1)),
    Part("o.y is not null", lambda row: row["o"].get("y") is not None),
    Part("i = (select max(i) from t)", lambda row: row["is_last"]),
]


def assigned(name: str, value: Callable[[Row], Any]) -> Callable[[Row], Row]:
    """A patch of one field; NULL removes an optional field."""

    def patch(row: Row) -> Row:
        new = value(row)
        return {name: UNSET if new is None and name in OPTIONAL else new}

    return patch


def plus(name: str, by: float) -> Callable[[Row], Any]:
    def added(row: Row) -> Any:
        value = row.get(name)
        # Where a DOUBLE is too coarse for the sum, nothing changes, and the exact number stays.
        return None if value is None else value if float(value) + by == float(value) else float(value) + by

    return added


ASSIGNMENTS = [
    Part("a = a + 1", assigned("a", plus("a", 1))),
    Part("a = null", assigned("a", lambda row: None)),
    Part("a = a", lambda row: {}),
    Part("b = null", assigned("b", lambda row: None)),
    Part("b = b - 2", assigned("b", plus("b", -2))),
    Part("i = i * 3", assigned("i", lambda row: row["i"] * 3)),
    Part("s = s || 'x'", assigned("s", lambda row: row["s"] + "x")),
    Part("n = s", assigned("n", lambda row: row["s"])),
    Part("n = null", lambda row: {} if row.get("n") is None else {"n": UNSET}),
    Part("o = struct_update(o, y := 'new')", assigned("o", lambda row: {**row["o"], "y": "new"})),
    Part(
        "o = {x: 7, y: null}",
        assigned(
            "o",
            lambda row: {
                name: value
                for name, value in {
                    "x": row["o"]["x"] if row["o"]["x"] == 7 else 7.0,
                    "y": row["o"].get("y", UNSET) if row["o"].get("y") is None else UNSET,
                }.items()
                if value is not UNSET
            },
        ),
    ),
    Part("items = list_append(items, {x: 0, y: s})", assigned("items", lambda row: [*row["items"], {"x": 0.0, "y": row["s"]}])),
    Part("items = []", assigned("items", lambda row: [])),
    Part("j = '{\"new\": [1.5]}'", assigned("j", lambda row: {"new": [1.5]})),
    Part("j = to_json(s)", assigned("j", lambda row: row["s"])),
]  # fmt: skip

updates = st.tuples(
    st.just("update"),
    st.lists(st.sampled_from(ASSIGNMENTS), min_size=1, max_size=3, unique_by=lambda part: part.sql.split()[0]),
    st.sampled_from(CONDITIONS),
)
deletes = st.tuples(st.just("delete"), st.none(), st.sampled_from(CONDITIONS))
copies = st.tuples(st.just("copy"), st.none(), st.sampled_from(CONDITIONS))


def run_in_python(db: rnb.engine.engine.Engine, kind: str, parts: list[Part] | None, where: Part) -> int:
    """The same mutation, written in Python."""

    def body(ctx: Any) -> int:
        found = ctx.db.query("t").collect()
        last = max((row["i"] for row in found), default=None)
        chosen = [row for row in found if where.of({**row, "is_last": row["i"] == last})]
        for row in chosen:
            if kind == "delete":
                ctx.db.delete(row["_id"])
            elif kind == "copy":
                ctx.db.insert("t", copied(row))
            else:
                assert parts is not None
                patch: Row = {}
                for part in parts:
                    patch |= part.of(row)
                ctx.db.patch(row["_id"], patch)
        return len(chosen)

    return db.write(body)


def copied(row: Row) -> Row:
    """What a row of SQL holds of a document: numbers as DOUBLE, and no difference between missing and null."""

    def of_item(item: Row) -> Row:
        return {"x": float(item["x"]), **({"y": item["y"]} if item.get("y") is not None else {})}

    own = {name: value for name, value in row.items() if name[0] != "_"}
    own |= {"b": as_double(own["b"]), "o": of_item(own["o"]), "items": [of_item(item) for item in own["items"]]}
    for name in OPTIONAL:
        if own.get(name) is None:
            own.pop(name, None)
    if "a" in own:
        own["a"] = float(own["a"])
    return own


def to_sql(kind: str, parts: list[Part] | None, where: Part) -> str:
    if kind == "delete":
        return f"delete from t where {where.sql}"
    if kind == "copy":
        return f"insert into t by name select * exclude (_id, _creationTime) from t where {where.sql} order by _creationTime"
    assert parts is not None
    return f"update t set {', '.join(part.sql for part in parts)} where {where.sql}"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.store.close()


def sorted_fields(value: Any) -> Any:
    """A value without the order of its fields, which SQL and Python each choose as they like."""
    if isinstance(value, list):
        return [sorted_fields(item) for item in value]
    return {name: sorted_fields(value[name]) for name in sorted(value)} if isinstance(value, dict) else value


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(rows_of_table, max_size=5), st.lists(st.one_of(updates, updates, deletes, copies), min_size=1, max_size=4)
)
def test_a_change_in_sql_equals_the_same_mutation_in_python(
    desk: Desk, documents: list[Row], statements: list[tuple[str, list[Part] | None, Part]]
) -> None:
    clock = FakeClock()
    with (
        rnb.connect(clock=clock, ids=IdSource(clock, seed=1)) as by_sql,
        rnb.connect(clock=clock, ids=IdSource(clock, seed=1)) as by_python,
    ):
        sql = Sql(by_sql, desk)
        for db in (by_sql, by_python):
            db.define(t=TABLE)
            insert(db, "t", *documents)
        for kind, parts, where in statements:
            text = to_sql(kind, parts, where)
            before = by_sql.ts, by_python.ts

            count = sql(text).rowcount

            assert count == run_in_python(by_python, kind, parts, where), text
            mine, theirs = rows(by_sql, "t", system=True), rows(by_python, "t", system=True)
            assert identical(sorted_fields(mine), sorted_fields(theirs)), (text, mine, theirs)
            assert (by_sql.ts - before[0]) == (by_python.ts - before[1]), text
        by_sql.at(by_sql.ts)._snapshot.check()
