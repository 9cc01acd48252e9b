"""Looking around in an open database."""

from __future__ import annotations

from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import DatabaseClosed
from tests.conftest import Connect
from tests.tools import insert


@pytest.fixture
def latest(db: Engine) -> Any:
    @db.query
    def latest(ctx: Any, n: int = 2) -> Any:
        return ctx.db.query("t").take(n)

    return latest


def test_an_id_tells_its_table(db: Engine) -> None:
    db.define(users=rnb.table(name=v.string()), teams=rnb.table(name=v.string()))
    for name in ("users", "teams"):
        (id,) = insert(db, name, {"name": "Ada"})

        assert db.table_of(id) == (name, db.tables()[name])


@pytest.mark.parametrize("id", ["", "no id", "<script>", "j5" * 16], ids=repr)
def test_anything_else_has_no_table(db: Engine, id: str) -> None:
    insert(db, "t", {})

    assert db.table_of(id) is None


def test_an_id_of_a_dropped_table_has_none(db: Engine) -> None:
    (id,) = insert(db, "t", {})
    db.drop("t")

    assert db.table_of(id) is None


def test_subscriptions_are_the_calls_that_are_kept_true_each_once(db: Engine, latest: Any) -> None:
    first, again, other = latest.live(n=2), latest.live(2), latest.live(n=3)
    latest(4)  # only a cached answer

    assert [each.call for each in db.subscriptions()] == ["latest(n=2)", "latest(n=3)"]
    first.close()
    assert [each.call for each in db.subscriptions()] == ["latest(n=2)", "latest(n=3)"]
    again.close()
    assert [each.call for each in db.subscriptions()] == ["latest(n=3)"]
    other.close()
    assert db.subscriptions() == []


def test_attempts_are_those_of_all_writers_newest_last(db: Engine) -> None:
    db.define(t=rnb.table())
    insert(db, "t", {})
    db.write(lambda ctx: ctx.db.insert("t", {}), "feed")
    db.drop("t")

    assert [each.function for each in db.attempts()] == ["define", "transaction", "feed", "drop"]
    assert [each.function for each in db.attempts(1)] == ["drop"]


def test_refreshes_are_told_to_watchers_until_they_end_it(db: Engine, latest: Any) -> None:
    insert(db, "t", {})
    told: list[list[Any]] = []
    live, _other = latest.live(), latest.live(n=0)
    db.settle()
    end = db.on_refresh(told.append)

    insert(db, "t", {})
    db.settle()
    end()
    insert(db, "t", {})
    db.settle()

    assert told[0] == [live]
    assert told == [[live], []]


def test_nobody_watches_a_closed_database(connect: Connect) -> None:
    db = connect()
    db.close()

    with pytest.raises(DatabaseClosed, match="closed"):
        db.on_refresh(lambda lives: None)


def test_drawings_are_the_surface_s(db: Engine) -> None:
    insert(db, "t", {})
    insert(db, "t", {})

    assert repr(db.timeline()).endswith("transaction became commit 2, 1 document changed")
    assert repr(db.timeline(0)) == "No transaction has written yet."
    assert repr(db.graph()).startswith("table t, 2 documents")
