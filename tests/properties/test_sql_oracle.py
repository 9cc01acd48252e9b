"""SQL against documents: at any moment, newer or older than the tables or with own writes, both are the same."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.tables.names import quoted
from reactive_nb.testing import FakeClock, IdSource
from tests.strategies import identical, texts, values

TABLES = ("t", "Order", "u")
LATE = {
    "none": rnb.table(),
    "small": rnb.table(text=v.optional(v.string()), rest=v.optional(v.any())),
    "large": rnb.table(
        text=v.optional(v.string()),
        rest=v.optional(v.any()),
        n=v.optional(v.nullable(v.float64())),
        at=v.optional(v.datetime()),
        vector=v.optional(v.vector(2)),
        list=v.optional(v.array(v.object(a=v.optional(v.bytes()), b=v.array(v.boolean())))),
    ).index("by_text", "text"),
}
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "text": texts(),
    "rest": values(),
    "n": st.one_of(st.none(), st.floats(allow_nan=False)),
    "at": st.datetimes(timezones=st.just(UTC)),
    "vector": st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=2, max_size=2),
    "list": st.lists(
        st.fixed_dictionaries({"b": st.lists(st.booleans(), max_size=2)}, optional={"a": st.binary(max_size=3)}),
        max_size=2,
    ),
}
SMALL = st.fixed_dictionaries({}, optional={name: FIELDS[name] for name in ("text", "rest")})
LARGE = st.fixed_dictionaries({}, optional=FIELDS)

STEP = st.one_of(
    st.tuples(st.just("define"), st.sampled_from(TABLES), st.sampled_from(sorted(LATE))),
    st.tuples(st.just("drop"), st.sampled_from(TABLES)),
    st.tuples(st.just("insert"), st.sampled_from(TABLES), st.lists(st.one_of(SMALL, LARGE), min_size=1, max_size=3)),
    st.tuples(st.just("replace"), st.sampled_from(TABLES), st.integers(0, 5), SMALL),
    st.tuples(st.just("delete"), st.sampled_from(TABLES), st.integers(0, 5)),
    st.tuples(st.just("fold")),
    st.tuples(st.just("look"), st.integers(0, 30)),
    st.tuples(st.just("own"), st.sampled_from(TABLES), st.integers(0, 5), SMALL),
)


def apply(db: Engine, step: tuple[Any, ...]) -> None:
    """Do one step; one that cannot be done, such as an insert that does not fit, changes nothing."""
    try:
        match step:
            case ("define", table, name):
                db.define(**{table: LATE[name]})
            case ("drop", table):
                db.drop(table)
            case ("fold",):
                db.fold()
            case ("insert", table, documents):
                db.write(lambda ctx: [ctx.db.insert(table, each) for each in documents])
            case ("replace" | "delete" as kind, table, place, *rest):
                db.write(lambda ctx: change(ctx, kind, table, place, *rest))
            case ("look", back):
                check(db, db.at(max(db.ts - back, 0)).read)
            case ("own", table, place, fields):
                with db.transaction() as tx:
                    tx.db.insert(table, fields)
                    change(tx, "replace", table, place, fields)
                    change(tx, "delete", table, place + 1)
                    check_context(tx)
    except rnb.errors.ReactiveError as error:
        if isinstance(error, rnb.errors.SqlError):
            raise


def change(ctx: Any, kind: str, table: str, place: int, *fields: dict[str, Any]) -> None:
    ids = [each["_id"] for each in ctx.db.query(table).collect()]
    if place < len(ids):
        getattr(ctx.db, kind)(ids[place], *fields)


def check(db: Engine, read: Any) -> None:
    read(check_context)


def check_context(ctx: Any) -> None:
    for table in TABLES:
        state = ctx.transaction.table(table)
        if state is None:
            continue
        documents = ctx.db.query(table).collect()
        rows = ctx.sql(f"FROM {quoted(table)} ORDER BY _creationTime").rows()
        names = state.stored.table.field_names()
        assert len(rows) == len(documents)
        for row, document in zip(rows, documents, strict=True):
            own = {name: value for name, value in document.items() if name[0] != "_"}
            expected = {"document": own} if names is None else {name: filled(name, own) for name in names}
            system = {"_id": document["_id"], "_creationTime": document["_creationTime"]}
            assert identical(row, {**system, **expected}), (row, document)


def filled(name: str, own: dict[str, Any]) -> Any:
    """What a column of a field shows: None for what is missing, also inside."""
    value = own.get(name)
    return [{"a": item.get("a"), "b": item["b"]} for item in value] if name == "list" and value else value


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["memory", "file"])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, max_size=14))
def test_sql_reads_the_documents_of_its_moment(
    tmp_path_factory: pytest.TempPathFactory, kind: str, steps: list[tuple[Any, ...]]
) -> None:
    path = None if kind == "memory" else Path(tmp_path_factory.mktemp("sql")) / "x.duckdb"
    clock = FakeClock()
    with rnb.connect(path, clock=clock, ids=IdSource(clock, seed=1)) as db:
        db.define(t=LATE["large"])
        for step in steps:
            apply(db, step)
        for ts in range(db.ts + 1):
            check(db, db.at(ts).read)
        check(db, db.read)
