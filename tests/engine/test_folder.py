"""What a file holds after fold, close and opening again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import folder as module
from reactive_nb.engine.commit_queue import CommitQueue
from reactive_nb.engine.engine import Engine
from reactive_nb.engine.roster import ROSTER
from reactive_nb.errors import DatabaseFileError
from reactive_nb.functions.database import DatabaseWriter
from reactive_nb.tables.check import check
from reactive_nb.testing import FakeClock, IdSource
from reactive_nb.transaction.committer import Proposal
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.conversion import vector
from tests.conftest import Connect
from tests.strategies import documents, identical


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.duckdb"


def insert(db: Engine, table: str, *rows: dict[str, Any]) -> list[str]:
    with db.transaction() as tx:
        return [tx.db.insert(table, row) for row in rows]


def rows(db: Engine, table: str, index: str = "by_creation_time") -> list[dict[str, Any]]:
    found = db.read(lambda ctx: ctx.db.query(table).with_index(index).collect())
    return [{name: value for name, value in each.items() if name[0] != "_"} for each in found]


def select(path: Path, sql: str) -> list[Any]:
    with duckdb.connect(str(path), read_only=True) as plain:
        return list(plain.execute(sql).fetchall())


EVERYTHING = {
    "null": None,
    "truth": True,
    "int": -(2**63),
    "float": 0.1,
    "text": "é\0\U0001f600",
    "blob": b"\0\xff",
    "time": datetime(2024, 2, 29, 12, 0, 0, 7, tzinfo=UTC),
    "vector": vector([0.5, -1.0]),
    "list": [1, [None], {"a": 1.0}],
    "dict": {"b": {"c": []}, "a": float("inf")},
}
DECLARED = rnb.table(
    null=v.null(),
    truth=v.boolean(),
    int=v.int64(),
    float=v.number(),
    text=v.string(),
    blob=v.bytes(),
    time=v.datetime(),
    vector=v.vector(2),
    list=v.array(v.any()),
    dict=v.record(v.string(), v.any()),
).index("by_text", "text", "dict.b")


@pytest.mark.slow
@pytest.mark.parametrize("declared", [DECLARED, rnb.table()], ids=["declared", "not declared"])
@pytest.mark.parametrize("how", ["close", "fold and close", "log only"])
def test_every_kind_of_value_comes_back(connect: Connect, path: Path, declared: rnb.Table, how: str) -> None:
    db = connect(path)
    db.define(things=declared)
    if how == "log only":
        db.fold()
    insert(db, "things", EVERYTHING)
    if how == "fold and close":
        db.fold()
    if how == "log only":
        leave(db)
    else:
        db.close()

    again = connect(path)

    (document,) = rows(again, "things")
    assert identical(document, EVERYTHING)
    assert again.tables() == {"things": declared}
    again.check()


def leave(db: Engine) -> None:
    """End as a crash does: nothing is folded, the log stays."""
    db._log.close()
    db._folder.close()  # type: ignore[union-attr]
    db._closed = True
    db._refresher.end()
    db._refresher.join()
    ROSTER.discard(db)


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(documents(), max_size=5), st.lists(documents(), max_size=3))
def test_any_documents_come_back_from_tables_and_log(
    tmp_path_factory: pytest.TempPathFactory, folded: list[dict[str, Any]], logged: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.duckdb"
    clock = FakeClock()
    with rnb.connect(path, clock=clock, ids=IdSource(clock, seed=1)) as db:
        db.define(t=rnb.table().index("by_a", "a", "b").index("by_c", "c", multi=True))
        insert(db, "t", *folded)
        db.fold()
        insert(db, "t", *logged)
        before = db.read(lambda ctx: ctx.db.query("t").with_index("by_a").collect())
        leave(db)

    with rnb.connect(path, clock=clock, ids=IdSource(clock, seed=2)) as again:
        after = again.read(lambda ctx: ctx.db.query("t").with_index("by_a").collect())
        again.check()

    assert identical(after, before)
    assert len(after) == len(folded) + len(logged)


def test_changes_and_deletes_come_back(connect: Connect, path: Path) -> None:
    db = connect(path)
    first, second, _ = insert(db, "t", {"n": 1}, {"n": 2}, {"n": 3})
    db.fold()
    with db.transaction() as tx:
        tx.db.patch(first, {"n": 10})
        tx.db.delete(second)
    db.close()

    again = connect(path)

    assert rows(again, "t") == [{"n": 10}, {"n": 3}]
    again.check()


def test_a_commit_after_opening_goes_on_from_the_last_one(connect: Connect, path: Path) -> None:
    db = connect(path)
    insert(db, "t", {"n": 1})
    last = db.ts
    db.close()

    again = connect(path)
    assert again.ts == last
    insert(again, "t", {"n": 2})

    assert again.ts == last + 1
    assert sorted(row["n"] for row in rows(again, "t")) == [1, 2]


def test_a_dropped_table_is_dropped_from_the_file(connect: Connect, path: Path) -> None:
    db = connect(path)
    db.define(t=rnb.table(n=v.int64()), kept=rnb.table(n=v.int64()))
    insert(db, "t", {"n": 1})
    insert(db, "kept", {"n": 2})
    db.fold()

    db.drop("t")
    db.close()

    assert select(path, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'") == [("kept",)]
    assert list(connect(path).tables()) == ["kept"]


def test_a_table_dropped_and_made_again_holds_only_its_new_documents(connect: Connect, path: Path) -> None:
    db = connect(path)
    db.define(t=rnb.table(n=v.int64()))
    insert(db, "t", {"n": 1})
    db.fold()

    db.drop("t")
    db.define(t=rnb.table(text=v.string()))
    insert(db, "t", {"text": "new"})
    db.close()

    assert select(path, "SELECT text FROM t") == [("new",)]
    again = connect(path)
    assert rows(again, "t") == [{"text": "new"}]
    again.check()


def test_a_table_declared_anew_is_rebuilt_with_its_new_columns_and_indexes(connect: Connect, path: Path) -> None:
    db = connect(path)
    db.define(t=rnb.table(n=v.int64()).index("by_n", "n"))
    insert(db, "t", {"n": 2}, {"n": 1})
    db.fold()

    db.define(t=rnb.table(n=v.int64(), text=v.optional(v.string())).index("by_text", "text", "n"))
    insert(db, "t", {"n": 3, "text": "a"})
    db.close()

    assert select(path, "SELECT n, text FROM t ORDER BY n") == [(1, None), (2, None), (3, "a")]
    again = connect(path)
    assert [row["n"] for row in rows(again, "t", "by_text")] == [1, 2, 3]
    again.check()


# ------------------------------------------------------------------ earlier moments of a file


@pytest.mark.parametrize("how", ["dropped", "declared anew", "dropped and made again"])
def test_an_earlier_moment_stays_readable_when_the_file_goes_on(connect: Connect, path: Path, how: str) -> None:
    db = connect(path)
    db.define(t=rnb.table(n=v.int64()).index("by_n", "n"))
    insert(db, "t", {"n": 1})
    db.close()
    again = connect(path)
    past = again.at(again.ts)

    if how != "declared anew":
        again.drop("t")
    if how != "dropped":
        again.define(t=rnb.table(n=v.int64()))
    again.fold()

    assert past.read(lambda ctx: ctx.db.query("t").with_index("by_n").count()) == 1


# ------------------------------------------------------------------ when it goes wrong


@contextmanager
def in_the_way(path: Path) -> Iterator[None]:
    """Hold a change to where the tables stand open, so that no fold after the first can commit its own."""
    with duckdb.connect(str(path)) as other:
        other.execute("BEGIN")
        other.execute("UPDATE reactive.meta SET value = value")
        yield
        other.execute("ROLLBACK")


def test_a_fold_that_fails_keeps_its_work_for_the_next_one(connect: Connect, path: Path) -> None:
    db = connect(path)
    db.define(t=rnb.table(n=v.int64()), gone=rnb.table())
    insert(db, "t", {"n": 1})
    db.fold()
    insert(db, "t", {"n": 2})
    db.drop("gone")

    with in_the_way(path), pytest.raises(DatabaseFileError):
        db.fold()
    insert(db, "t", {"n": 3})
    assert rows(db, "t") == [{"n": 1}, {"n": 2}, {"n": 3}]
    db.close()

    assert select(path, "SELECT n FROM t ORDER BY n") == [(1,), (2,), (3,)]
    assert select(path, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'") == [("t",)]


def test_when_closing_cannot_fold_the_log_keeps_everything(connect: Connect, path: Path) -> None:
    db = connect(path)
    db.define(t=rnb.table())
    db.fold()
    insert(db, "t", {"n": 1})

    with in_the_way(path), pytest.raises(DatabaseFileError):
        db.close()
    assert (path.parent / "x.duckdb.log").exists()

    assert rows(connect(path), "t") == [{"n": 1}]


def test_enough_changes_are_folded_without_asking(
    connect: Connect, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FOLD_AFTER_CHANGES", 5)
    db = connect(path)
    assert db._folder is not None
    db.define(t=rnb.table(n=v.int64()))
    insert(db, "t", {"n": 0})
    assert db._folder._thread is None

    insert(db, "t", *({"n": n} for n in range(1, 5)))

    thread = db._folder._thread
    assert thread is not None
    thread.join()
    assert db._folder.folded == db.ts


def test_in_memory_what_is_folded_gathers_no_more(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FOLD_AFTER_CHANGES", 5)
    db = connect()
    db.define(t=rnb.table(n=v.int64()))
    db.sql("FROM t").rows()
    folder = db._sql._folder
    assert folder is not None

    insert(db, "t", *({"n": n} for n in range(6)))
    assert folder._thread is not None
    folder._thread.join()
    db.sql("FROM t").rows()

    # There is no log that would have to be shortened, so each further commit would start a fold of its own.
    assert not folder.is_due


def test_a_fold_by_itself_that_fails_is_logged_and_tried_again(
    connect: Connect, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    db = connect(path)
    assert db._folder is not None
    db.define(t=rnb.table())
    db.fold()
    monkeypatch.setattr(module, "FOLD_AFTER_CHANGES", 1)

    with in_the_way(path), caplog.at_level(logging.ERROR, "reactive_nb"):
        insert(db, "t", {"n": 1})
        assert db._folder._thread is not None
        db._folder._thread.join()
    assert "it is tried again after the next commits" in caplog.text
    assert db._folder.folded == 1

    insert(db, "t", {"n": 2})
    db._folder._thread.join()
    assert db._folder.folded == db.ts


def test_a_commit_that_loads_an_index_does_not_wait_for_a_fold_that_waits_for_it(connect: Connect, path: Path) -> None:
    #   fold:    tables written ──────── wants the queue to itself
    #   commit:        leads the queue ──── wants an index from the store
    db = connect(path)
    db.define(t=rnb.table(n=v.int64()).index("by_n", "n"), other=rnb.table())
    insert(db, "t", {"n": 1})
    db.close()
    again = connect(path)
    insert(again, "other", {})

    class Late(CommitQueue):
        """Lets another thread commit to a table that is not loaded before the fold gets the queue."""

        @contextmanager
        def alone(self) -> Iterator[None]:
            thread = threading.Thread(target=commit, daemon=True)
            thread.start()
            thread.join(20)
            assert not thread.is_alive(), "the commit waits for the store, which the fold holds"
            with super().alone():
                yield

    def commit() -> None:
        tx = Transaction(again._committer.head, 0.0)
        DatabaseWriter(tx, again.ids).insert("t", {"n": 2})
        queue.commit(Proposal(tx, "late"))

    queue = Late(again._committer)
    assert again._folder is not None
    again._folder.fold(again._committer, queue, again._log)

    assert again.table_counts() == {"t": 2, "other": 1}


@pytest.mark.slow
@pytest.mark.parametrize("how", ["insert", "define", "drop"])
def test_a_view_in_the_place_of_a_typed_table_gives_way(connect: Connect, path: Path, how: str) -> None:
    with connect(path) as db:
        db.define(balls=rnb.table(n=v.number()))
        insert(db, "balls", {"n": 1})
    with duckdb.connect(path) as plain:
        plain.execute("CREATE TABLE other AS FROM balls; DROP TABLE balls; CREATE VIEW Balls AS FROM other")
    db = connect(path)
    match how:
        case "insert":
            insert(db, "balls", {"n": 2})
        case "define":
            db.define(balls=rnb.table(n=v.number(), m=v.optional(v.number())))
        case "drop":
            db.drop("balls")
    db.close()

    assert select(path, "SELECT view_name FROM duckdb_views() WHERE NOT internal") == []
    assert select(path, "FROM other")
    assert [str(problem) for problem in check(path).problems] == []
