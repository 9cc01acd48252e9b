"""A disk that is full, or fails, refuses what it cannot take, and keeps what was acknowledged (invariants 5 and 8)."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb.errors import DatabaseClosed, DatabaseFileError, LogWriteError
from reactive_nb.log import Files
from tests.scenarios.disks import Disk, limited, mounted
from tests.scenarios.notes import NoLog, add, copied, found_at, log_of, notes

PROJECT = Path(__file__).parents[2]


@pytest.fixture(params=[mounted, limited], ids=["mounted", "limited"])
def disk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    monkeypatch.setattr(Files, "reserve", 4096)  # so that a full disk is soon felt
    make: Callable[[Path], AbstractContextManager[Disk]] = request.param
    with make(tmp_path) as disk:
        yield disk


@pytest.fixture
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder on another disk, for copies of what a crash would leave."""
    return tmp_path_factory.mktemp("crashed")


@pytest.mark.slow
def test_a_full_disk_refuses_a_commit_and_nothing_of_it_is_seen(disk: Disk, crashed: Path) -> None:
    path = disk.folder / "x.duckdb"
    db = rnb.connect(path)
    add(db, 1)
    live = db.query(notes_query).live()

    disk.fill()
    with pytest.raises(LogWriteError) as refused:
        add(db, 2, size=100_000)
    db.settle()

    assert refused.value.what == f"Cannot append to {log_of(path)}"
    assert "ENOSPC" in refused.value.thing or "EFBIG" in refused.value.thing
    assert refused.value.expected == "a disk that takes the bytes and keeps them"
    assert refused.value.hint.endswith("try again: the log is as it was")
    assert (db.ts, notes(db), live.value, live.runs) == (1, [1], [1], 1)
    disk.free()
    add(db, 3)
    db.settle()
    assert live.value == [1, 3]
    db.check()
    assert found_at(copied(db, crashed)) == [1, 3]
    db.close()
    assert found_at(path) == [1, 3]


def notes_query(ctx: Any) -> list[int]:
    return [each["n"] for each in ctx.db.query("notes")]


@pytest.mark.slow
def test_when_a_disk_fills_up_under_many_writers_exactly_the_acknowledged_commits_are_kept(
    disk: Disk, crashed: Path
) -> None:
    path = disk.folder / "x.duckdb"
    db = rnb.connect(path)

    @db.mutation
    def write(ctx: Any, n: int) -> None:
        ctx.db.insert("notes", {"n": n, "text": "x" * 3000})

    write(n=-1)
    disk.fill()
    pending = {n: write.submit(n=n) for n in range(64)}
    refused = {n for n, future in pending.items() if isinstance(future.exception(), LogWriteError)}
    disk.free()
    pending |= {n: write.submit(n=n) for n in range(64, 80)}
    acknowledged = {-1} | {n for n, future in pending.items() if future.exception() is None}

    assert refused
    assert acknowledged | refused == {-1, *range(80)}
    assert set(notes(db)) == acknowledged
    db.check()
    assert set(found_at(copied(db, crashed))) == acknowledged
    db.close()
    assert set(found_at(path)) == acknowledged


def test_a_fold_on_a_full_disk_fails_and_the_log_keeps_everything(disk: Disk) -> None:
    path = disk.folder / "x.duckdb"
    db = rnb.connect(path)
    for n in range(100):
        add(db, n, size=1000)

    disk.fill()
    with pytest.raises(DatabaseFileError) as refused:
        db.fold()

    assert refused.value.what == f"Cannot write the tables of {path}"
    assert refused.value.expected == "room on the disk"
    assert refused.value.hint == (
        "Free some space and go on: nothing is lost, the log holds every commit until the tables do"
    )
    assert notes(db) == list(range(100))
    disk.free()
    add(db, 100)
    db.fold()
    db.close()
    assert found_at(path) == list(range(101))


@pytest.mark.slow
def test_a_close_on_a_full_disk_says_so_and_leaves_everything_to_the_next_opening(disk: Disk) -> None:
    path = disk.folder / "x.duckdb"
    db = rnb.connect(path)
    for n in range(100):
        add(db, n, size=1000)

    disk.fill()
    with pytest.raises(DatabaseFileError, match="Expected room on the disk"):
        db.close()

    with pytest.raises(DatabaseClosed):
        add(db, 100)
    db.close()  # it is closed: nothing is left to do
    assert log_of(path).exists()
    disk.free()
    assert found_at(path) == list(range(100))


def test_a_close_needs_no_room_for_a_shorter_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.duckdb"
    db = rnb.connect(path)
    add(db, 1)

    with monkeypatch.context() as patched:
        patched.setattr(Files, "create", NoLog.create)
        with pytest.raises(LogWriteError) as refused:
            db.fold()
        add(db, 2)
        db.close()

    assert refused.value.what == f"Cannot drop records of {log_of(path)}"
    assert not log_of(path).exists()
    assert found_at(path) == [1, 2]


@pytest.mark.slow
def test_a_file_that_cannot_be_closed_at_the_end_of_python_keeps_no_other_open(tmp_path: Path) -> None:
    script = """
import shutil, sys
import reactive_nb as rnb
for name in ("a", "b/lost", "c"):
    db = rnb.connect(f"{sys.argv[1]}/{name}.duckdb")
    with db.transaction() as tx:
        tx.db.insert("notes", {"n": 1})
shutil.rmtree(f"{sys.argv[1]}/b")
"""
    (tmp_path / "b").mkdir()

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert "Cannot remove" in done.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.duckdb", "c.duckdb"]
    assert found_at(tmp_path / "a.duckdb") == found_at(tmp_path / "c.duckdb") == [1]


class FailingSync(Files):
    """A file system whose syncs fail while `failing`."""

    failing = False

    def sync(self, descriptor: int) -> None:
        if self.failing:
            raise OSError(errno.EIO, "Input/output error")
        super().sync(descriptor)


def test_after_a_failed_sync_commits_are_refused_until_the_database_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.duckdb"
    monkeypatch.setattr("reactive_nb.log.file.Files", FailingSync)
    db = rnb.connect(path)
    add(db, 1)

    with monkeypatch.context() as patched:
        patched.setattr(FailingSync, "failing", True)
        with pytest.raises(LogWriteError) as first:
            add(db, 2)
    with pytest.raises(LogWriteError) as second:
        add(db, 3)

    assert str(first.value) == (
        f"Cannot append to {log_of(path)}: Input/output error (EIO). "
        "Expected a disk that takes the bytes and keeps them. "
        "Check the disk, then open the database again: opening checks every record."
    )
    assert second.value.thing == "an earlier write could not be made durable: Input/output error (EIO)"
    assert (db.ts, notes(db)) == (1, [1])
    db.check()
    db.close()
    assert found_at(path) == [1]
