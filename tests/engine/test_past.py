"""The database as it was."""

from __future__ import annotations

from typing import Any

import pytest

from reactive_nb.engine.engine import Engine
from reactive_nb.errors import FunctionKindError, SchemaError, SnapshotGone, UnknownTable
from tests.conftest import Connect


@pytest.fixture
def add(db: Engine) -> Any:
    @db.mutation
    def add(ctx: Any, n: int) -> str:
        return str(ctx.db.insert("numbers", {"n": n}))

    return add


def numbers(ctx: Any) -> list[int]:
    return [each["n"] for each in ctx.db.query("numbers").collect()]


def test_each_commit_can_be_read_again(db: Engine, add: Any) -> None:
    for n in range(3):
        add(n=n)

    assert [db.at(ts).read(numbers) for ts in range(4)] == [[], [0], [0, 1], [0, 1, 2]]
    assert repr(db.at(2)) == "<the database at commit 2>"
    assert db.at(2).ts == 2


def test_a_query_runs_as_of_then_by_function_and_by_path(db: Engine, add: Any) -> None:
    @db.query
    def how_many(ctx: Any) -> int:
        return len(numbers(ctx))

    add(n=1)
    past = db.at(db.ts)
    add(n=2)

    assert (past.run(how_many), past.run("how_many"), how_many()) == (1, 1, 2)


def test_a_table_is_read_whole_as_of_then(db: Engine, add: Any) -> None:
    for n in range(2):
        add(n=n)
    past = db.at(1).table("numbers")
    db.drop("numbers")

    assert past.count() == 1
    assert past.df()["n"].tolist() == [0]
    assert [past.df().columns.tolist(), repr(past)] == [["_id", "_creationTime", "n"], "<table numbers, read only>"]
    assert not hasattr(past, "insert")
    with pytest.raises(UnknownTable, match="Ask for a commit at which it was declared"):
        db.at(0).table("numbers").df()
    with pytest.raises(SchemaError):
        db.at(1).table("_tables")


def test_a_mutation_cannot_change_the_past(db: Engine, add: Any) -> None:
    with pytest.raises(FunctionKindError) as refused:
        db.at(0).run(add, n=1)

    assert str(refused.value) == (
        "Cannot run add at commit 0: it is a mutation. Expected a query. "
        "The past can only be read; run it on the database itself."
    )


@pytest.mark.parametrize("ts", [-1, 99, 1.0, "1", None], ids=repr)
def test_a_moment_that_is_not_in_the_history_is_refused(db: Engine, add: Any, ts: Any) -> None:
    add(n=1)

    with pytest.raises(SnapshotGone) as refused:
        db.at(ts)

    assert str(refused.value) == (
        f"Cannot go to commit {ts!r}: the history in memory reaches from commit 0 to commit 1. "
        "Expected a commit of that history. "
        "Keep more of it with rnb.connect(..., history=...); it starts anew when a file is opened."
    )


def test_the_history_is_as_long_as_asked_for_and_a_moment_held_stays(connect: Connect) -> None:
    db = connect(history=2)

    @db.mutation
    def add(ctx: Any, n: int) -> None:
        ctx.db.insert("numbers", {"n": n})

    add(n=0)
    first = db.at(1)
    for n in range(1, 4):
        add(n=n)

    with pytest.raises(SnapshotGone, match="reaches from commit 2 to commit 4"):
        db.at(1)
    assert first.read(numbers) == [0]
    assert db.at(2).read(numbers) == [0, 1]
