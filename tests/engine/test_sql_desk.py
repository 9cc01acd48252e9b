"""Reading SQL beside everything else that goes on: folds, other moments, Ctrl-C, the end."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import folder as folder_module
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import DatabaseClosed, DatabaseFileError, SqlError
from tests.conftest import Connect

NUMBERS = rnb.table(n=v.number()).index("by_n", "n")
LONG = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3"
COUNT = "SELECT count(*) AS n FROM numbers"


@pytest.fixture(params=["memory", "file"])
def db(request: pytest.FixtureRequest, connect: Connect, tmp_path: Path) -> Engine:
    db = connect(None if request.param == "memory" else tmp_path / "x.duckdb")
    db.define(numbers=NUMBERS)
    insert(db, 1)
    return db


def insert(db: Engine, *numbers: float) -> list[str]:
    return db.write(lambda ctx: [ctx.db.insert("numbers", {"n": n}) for n in numbers])


def count(db: Engine) -> int:
    return int(db.sql(COUNT).rows()[0]["n"])


def when_running(db: Engine, do: Callable[[], object]) -> threading.Thread:
    """Do something on another thread once DuckDB is at work, where it would not hear of it by itself."""

    def wait() -> None:
        while not db._sql._running:
            threading.Event().wait(0.001)
        threading.Event().wait(0.1)
        do()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@contextlib.contextmanager
def running(db: Engine, ask: Callable[[], Any]) -> Iterator[list[Any]]:
    """Ask on another thread, and go on when its SQL has a cursor; what came of it stands in the list afterwards."""
    came: list[Any] = []

    def serve() -> None:
        try:
            came.append(ask())
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            came.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    while not db._sql._running:
        threading.Event().wait(0.001)
    try:
        yield came
    finally:
        thread.join(60)
        assert not thread.is_alive()


def wait_until_rows_are_changed(db: Engine) -> None:
    """Return when SQL of another moment is running, for which rows had to be changed."""
    while True:
        folder = db._sql._folder
        if folder is not None and folder.rewriting.locked() and db._sql._running and folder.folded:
            return
        threading.Event().wait(0.001)


def end(db: Engine, jobs: list[Any], thread: threading.Thread) -> None:
    """Interrupt SQL that runs, as closing does, until a thread that waits for it has come to its end."""
    while thread.is_alive():
        for job in jobs:
            db._sql._interrupt(job)
        thread.join(0.01)


# ------------------------------------------------------------------ Ctrl-C


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rows", "df"])
def test_ctrl_c_ends_long_sql_at_once_and_breaks_nothing(db: Engine, kind: str) -> None:
    live = db.sql(COUNT).live()
    thread = when_running(db, interrupt)

    with pytest.raises(KeyboardInterrupt):
        getattr(db.sql(LONG), kind)()
    thread.join()

    insert(db, 2)
    db.settle()
    assert (count(db), live.value["n"].tolist()) == (2, [2])
    live.close()


@pytest.mark.slow
def test_ctrl_c_in_a_mutation_undoes_it(db: Engine) -> None:
    def body(ctx: Any) -> None:
        ctx.db.insert("numbers", {"n": 2})
        ctx.sql(f"SELECT ({LONG}) + (SELECT count(*) FROM numbers)").rows()

    thread = when_running(db, interrupt)

    with pytest.raises(KeyboardInterrupt):
        db.write(body)
    thread.join()

    assert count(db) == 1
    db.check()


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        f"UPDATE numbers SET n = ({LONG})",
        f"DELETE FROM numbers WHERE n > 0 OR n = ({LONG})",
        f"INSERT INTO numbers (n) {LONG}",
    ],
)
def test_ctrl_c_ends_a_long_change_at_once_with_nothing_changed(db: Engine, text: str) -> None:
    ts = db.ts
    thread = when_running(db, interrupt)

    with pytest.raises(KeyboardInterrupt):
        db.sql(text)
    thread.join()

    assert (db.ts, count(db)) == (ts, 1)
    assert db.sql("UPDATE numbers SET n = 2").rowcount == 1
    db.check()


@pytest.mark.slow
def test_closing_ends_a_change_that_runs_with_nothing_changed(connect: Connect, tmp_path: Path) -> None:
    db = connect(tmp_path / "x.duckdb")
    db.define(numbers=NUMBERS)
    insert(db, 1)
    with running(db, lambda: db.sql(f"UPDATE numbers SET n = ({LONG})")) as came:
        db.close()

    assert isinstance(came[0], DatabaseClosed)
    assert connect(tmp_path / "x.duckdb").sql("SELECT n FROM numbers").rows() == [{"n": 1.0}]


@pytest.mark.slow
def test_ctrl_c_does_not_wait_for_other_sql(db: Engine) -> None:
    old = db.at(db.ts)
    insert(db, 2)
    count(db)
    long = f"SELECT ({LONG}) + (SELECT count(*) FROM numbers)"
    with running(db, lambda: old.sql(long).rows()) as came:
        wait_until_rows_are_changed(db)
        jobs = db._sql._jobs()
        insert(db, 3)
        timer = threading.Timer(0.05, interrupt)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            db.sql(COUNT).rows()  # has to fold, and waits for the other
        timer.join()
        ending = threading.Thread(target=count, args=(db,))
        ending.start()
        end(db, jobs, ending)
    assert isinstance(came[0], DatabaseClosed)

    assert count(db) == 3


@pytest.mark.slow
def test_ctrl_c_at_any_step_breaks_nothing(db: Engine) -> None:
    old = db.at(db.ts)
    armed = [False]

    def on_signal(*_: object) -> None:
        if armed[0]:  # and not while this test itself waits
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, on_signal)
    interrupted = 0
    try:
        for step in range(60):
            insert(db, step)
            timer = threading.Timer(step / 10_000, interrupt)
            try:
                armed[0] = True
                timer.start()
                while timer.is_alive():
                    old.sql(COUNT).rows()
                    db.sql(COUNT).df()
                armed[0] = False
            except KeyboardInterrupt:
                armed[0] = False
                interrupted += 1
            timer.join()
            assert count(db) == step + 2
            assert old.sql(COUNT).rows() == [{"n": 1}]
    finally:
        signal.signal(signal.SIGINT, before)
    assert interrupted > 30
    db.check()


# ------------------------------------------------------------------ the end


@pytest.mark.slow
def test_closing_ends_sql_that_runs(db: Engine) -> None:
    with running(db, lambda: db.sql(LONG).rows()) as came:
        db.close()

    assert isinstance(came[0], DatabaseClosed)


@pytest.mark.slow
def test_closing_ends_sql_of_another_moment_and_keeps_everything(connect: Connect, tmp_path: Path) -> None:
    db = connect(tmp_path / "x.duckdb")
    db.define(numbers=NUMBERS)
    insert(db, 1)
    old = db.at(db.ts)
    insert(db, 2)
    count(db)
    with running(db, lambda: old.sql(f"SELECT ({LONG}) + (SELECT count(*) FROM numbers)").rows()) as came:
        insert(db, 3)
        db.close()

    assert isinstance(came[0], DatabaseClosed)
    assert not (tmp_path / "x.duckdb.log").exists()
    again = connect(tmp_path / "x.duckdb")
    assert [row["n"] for row in again.sql("SELECT n FROM numbers ORDER BY n").rows()] == [1.0, 2.0, 3.0]
    again.check()


def test_a_live_frame_that_is_being_refreshed_gets_its_last_value_when_the_database_closes(db: Engine) -> None:
    live = db.sql(COUNT).live()
    insert(db, 2)
    db.close()

    assert (live.state, live.error) == ("closed", None)
    assert live.value["n"].tolist() in ([1], [2])


@pytest.mark.slow
def test_a_database_in_memory_that_nobody_holds_goes_with_its_store() -> None:
    db = rnb.connect()
    db.define(numbers=NUMBERS)
    insert(db, 1)
    live = db.sql(COUNT).live()
    live.close()
    assert count(db) == 1
    gone = weakref.ref(db)

    del db, live
    gc.collect()

    assert gone() is None


# ------------------------------------------------------------------ folds


def test_sql_reads_while_nothing_is_folded_twice(db: Engine) -> None:
    assert count(db) == 1
    folder = db._sql._folder
    assert folder is not None
    assert folder.folded == db.ts
    store = folder._store
    before = store.cursor().execute("SELECT count(*) FROM duckdb_tables()").fetchall()

    insert(db, 2)
    assert count(db) == 2

    assert folder.folded == db.ts
    assert store.cursor().execute("SELECT count(*) FROM duckdb_tables()").fetchall() == before


def test_what_one_query_leaves_on_its_cursor_no_other_meets(db: Engine) -> None:
    frame = pd.DataFrame({"a": [1]})
    assert count(db) == 1
    folder = db._sql._folder
    assert folder is not None
    (kept,) = folder._idle
    assert db.sql("FROM theirs", theirs=frame).rows() == [{"a": 1}]
    assert folder._idle == []
    with pytest.raises(duckdb.ConnectionException):
        kept.execute("SELECT 1")
    with pytest.raises(SqlError, match="Table with name theirs does not exist"):
        db.sql("FROM theirs").rows()

    seen = []
    for _ in range(2):
        db.sql("SELECT setseed(0.5)").rows()
        seen += db.sql("SELECT random() AS x").rows()
    assert seen[0] != seen[1]


def test_a_store_in_memory_holds_no_documents_beside_the_typed_tables(connect: Connect) -> None:
    db = connect()
    db.define(numbers=NUMBERS)
    insert(db, 1)

    names = {row["name"] for row in db.sql("SELECT table_name AS name FROM duckdb_tables()").rows()}

    assert names == {"meta", "tables", "_tables", "numbers"}


def test_what_sql_has_folded_leaves_the_log_in_time(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "FOLD_AFTER_CHANGES", 10)
    db = connect(tmp_path / "x.duckdb")
    db.define(numbers=NUMBERS)
    for n in range(12):
        insert(db, n)
        assert count(db) == n + 1
    folder = db._folder
    assert folder is not None
    assert folder._thread is not None
    folder._thread.join()

    assert db._log.base > 0


def test_in_memory_too_a_fold_starts_when_enough_has_gathered(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "FOLD_AFTER_CHANGES", 10)
    db = connect()
    db.define(numbers=NUMBERS)
    assert count(db) == 0

    insert(db, *range(20))

    folder = db._sql._folder
    assert folder is not None
    assert folder._thread is not None
    folder._thread.join()
    assert folder.folded == db.ts


def test_a_fold_that_fails_is_an_error_of_the_file_and_passes(connect: Connect, tmp_path: Path) -> None:
    db = connect(tmp_path / "x.duckdb")
    db.define(numbers=NUMBERS)
    insert(db, 1)
    assert count(db) == 1
    insert(db, 2)
    with duckdb.connect(tmp_path / "x.duckdb") as other:
        other.execute("BEGIN; UPDATE reactive.meta SET value = value")
        with pytest.raises(DatabaseFileError):
            count(db)
        other.execute("ROLLBACK")

    assert count(db) == 2


def test_rows_that_somebody_else_is_changing_are_an_error_of_the_file(connect: Connect, tmp_path: Path) -> None:
    db = connect(tmp_path / "x.duckdb")
    db.define(numbers=NUMBERS)
    (id,) = insert(db, 1)
    assert count(db) == 1
    with duckdb.connect(tmp_path / "x.duckdb") as other:
        other.execute("BEGIN; DELETE FROM numbers")
        with db.transaction() as tx:
            tx.db.patch(id, {"n": 2})
            with pytest.raises(DatabaseFileError, match=r"to another moment.*End the transaction of your own"):
                tx.sql("FROM numbers").rows()
            tx.db.patch(id, {"n": 1})
        other.execute("ROLLBACK")

    assert db.sql("SELECT n FROM numbers").rows() == [{"n": 1.0}]


@pytest.mark.slow
def test_other_moments_and_folds_take_turns(db: Engine) -> None:
    #   another moment:  rows changed ───── SQL ───── undone
    #   fold:                        waits for it ──────────── rows changed, committed
    old = db.at(db.ts)
    insert(db, 2)
    count(db)
    with running(db, lambda: old.sql(f"SELECT ({LONG}) + (SELECT count(*) FROM numbers)").rows()):
        wait_until_rows_are_changed(db)
        folder = db._sql._folder
        assert folder is not None
        jobs = db._sql._jobs()
        insert(db, 3)  # a commit does not wait
        folding = threading.Thread(target=count, args=(db,))
        folding.start()
        assert folder.folded < db.ts
        end(db, jobs, folding)

    assert folder.folded == db.ts


@pytest.mark.slow
def test_many_threads_see_whole_moments(db: Engine) -> None:
    # Every commit moves one between two numbers, so their sum tells a torn moment.
    first, second = insert(db, 10, 10)
    failures: list[BaseException] = []
    over = threading.Event()

    def check(ctx: Any) -> None:
        python = [each["n"] for each in ctx.db.query("numbers").collect()]
        rows = ctx.sql("SELECT n FROM numbers ORDER BY _creationTime").rows()
        assert [row["n"] for row in rows] == python
        assert sum(python) == 21

    def move(ctx: Any) -> None:
        ctx.db.patch(first, {"n": ctx.db.get(first)["n"] - 1})
        ctx.db.patch(second, {"n": ctx.db.get(second)["n"] + 1})
        check(ctx)

    def again(work: Callable[[], object]) -> None:
        try:
            while not over.is_set():
                work()
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            failures.append(error)
            over.set()

    def past() -> None:
        db.at(max(db.ts - 2, 3)).read(check)

    live = db.sql("SELECT sum(n) AS n FROM numbers").live()
    work = [lambda: db.write(move), lambda: db.read(check), past, lambda: db.sql(COUNT).df(), db.fold]
    threads = [threading.Thread(target=again, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    over.wait(3)
    over.set()
    for thread in threads:
        thread.join(30)
    db.settle()

    assert failures == []
    assert not any(thread.is_alive() for thread in threads)
    assert {run.error for run in live.history} == {None}
    assert live.value["n"].tolist() == [21.0]
    live.close()
