"""Opening databases."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

import reactive_nb as rnb
from reactive_nb.engine.roster import open_engines
from reactive_nb.errors import DatabaseFileError
from reactive_nb.testing import FakeClock
from tests.conftest import Connect


def test_without_a_path_it_is_in_memory_and_another_one_each_time(connect: Connect) -> None:
    first, second, third = connect(), connect(), connect(Path(":memory:"))

    assert len({id(first), id(second), id(third)}) == 3
    assert first.path is second.path is third.path is None


def test_a_file_is_created_and_while_it_is_open_its_log_is_beside_it(connect: Connect, tmp_path: Path) -> None:
    db = connect(tmp_path / "x.duckdb")
    with db.transaction() as tx:
        tx.db.insert("t", {"n": 1})
    assert {"x.duckdb", "x.duckdb.log"} <= {path.name for path in tmp_path.iterdir()}

    db.close()

    assert [path.name for path in tmp_path.iterdir()] == ["x.duckdb"]


def test_the_same_file_is_the_same_database_however_it_is_spelled(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = connect(tmp_path / "x.duckdb")
    (tmp_path / "link.duckdb").symlink_to(tmp_path / "x.duckdb")
    monkeypatch.chdir(tmp_path)

    assert rnb.connect("x.duckdb") is db
    assert rnb.connect(tmp_path / "sub" / ".." / "x.duckdb") is db
    assert rnb.connect("link.duckdb") is db
    assert db in open_engines()


def test_after_it_is_closed_the_file_is_opened_anew(connect: Connect, tmp_path: Path) -> None:
    first = connect(tmp_path / "x.duckdb")
    first.close()

    second = connect(tmp_path / "x.duckdb")

    assert second is not first
    assert not second.closed


def test_as_a_block_it_closes_at_the_end(tmp_path: Path) -> None:
    with rnb.connect(tmp_path / "x.duckdb") as db:
        assert not db.closed

    assert db.closed


def test_a_folder_that_is_missing_is_refused_and_nothing_is_left_open(tmp_path: Path) -> None:
    with pytest.raises(DatabaseFileError):
        rnb.connect(tmp_path / "missing" / "x.duckdb")

    assert not any(engine.path is not None for engine in open_engines())


def test_the_clock_decides_creation_times(connect: Connect, clock: FakeClock) -> None:
    db = connect()
    db.define(t=rnb.table())
    clock.advance(timedelta(hours=1))

    with db.transaction() as tx:
        tx.db.insert("t", {})

    (document,) = db.read(lambda ctx: ctx.db.query("t").collect())
    assert document["_creationTime"] == clock.now_ms()


def test_a_history_keeps_at_least_one_commit(connect: Connect) -> None:
    db = connect(history=0)
    for _ in range(3):
        with db.transaction() as tx:
            tx.db.insert("t", {})

    assert [commit.ts for commit in db.commits()] == [3]
    assert db.at(2).read(lambda ctx: ctx.db.query("t").count()) == 2


@pytest.mark.slow
def test_a_program_that_ends_without_closing_leaves_a_folded_file(tmp_path: Path) -> None:
    program = (
        "import reactive_nb as rnb\n"
        "db = rnb.connect('x.duckdb')\n"
        "db.define(t=rnb.table(n=rnb.v.int64()))\n"
        "with db.transaction() as tx:\n"
        "    tx.db.insert('t', {'n': 7})\n"
    )
    project = Path(rnb.__file__).parents[1]

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["x.duckdb"]
    with duckdb.connect(str(tmp_path / "x.duckdb"), read_only=True) as plain:
        assert plain.execute("SELECT n FROM t").fetchall() == [(7,)]


@pytest.mark.slow
def test_a_database_in_memory_that_nobody_holds_is_gone_with_its_thread() -> None:
    db = rnb.connect()
    thread = db._refresher._thread
    gone = weakref.ref(db)

    del db
    gc.collect()
    thread.join(timeout=10)

    assert gone() is None
    assert not thread.is_alive()
