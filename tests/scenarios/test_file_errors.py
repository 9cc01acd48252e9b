"""Whatever is wrong with a file or its disk is said in four facts, and nothing is half written (invariant 8)."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

import reactive_nb as rnb
from reactive_nb.errors import (
    DatabaseClosed,
    DatabaseFileError,
    DatabaseInUse,
    LogDamaged,
    LogWriteError,
    NewerFormat,
    ReactiveError,
)
from reactive_nb.log import Files
from reactive_nb.log.frames import FILE_HEADER_SIZE, FileHeader, decode_file_header
from tests.scenarios.disks import Disk, limited, mounted

PROJECT = Path(__file__).parents[2]
SEED = 20250117
BLOCK = 262_144  # bytes; of a DuckDB file, after 12 288 bytes of headers


def add(db: Any, n: int, table: str = "notes", size: int = 40) -> None:
    with db.transaction() as tx:
        tx.db.insert(table, {"n": n, "text": "x" * size})


def notes(db: Any) -> list[int]:
    return [each["n"] for each in db.read(lambda ctx: ctx.db.query("notes").collect())]


def found_at(path: Path) -> list[int]:
    """Return what a fresh opening finds, and leave the file closed."""
    with rnb.connect(path) as db:
        db.check()
        found = notes(db)
    assert not log_of(path).exists()
    return found


def log_of(path: Path) -> Path:
    return path.with_name(path.name + ".log")


def left_behind(folder: Path, commits: int = 5, folded: int = 2) -> Path:
    """Return a database as a crash leaves it: so many commits, of which so many are in the tables."""
    with tempfile.TemporaryDirectory() as name, rnb.connect(Path(name) / "x.duckdb") as db:
        for n in range(1, commits + 1):
            add(db, n)
            if n == folded:
                db.fold()
        return copied(db, folder)


def copied(db: Any, folder: Path) -> Path:
    """Copy the files of an open database, as a crash at this moment would leave them."""
    for file in db.path.parent.glob("x.duckdb*"):
        shutil.copy(file, folder)
    return folder / db.path.name


def contents(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


def test_what_a_crash_left_is_opened_whole(tmp_path: Path) -> None:
    path = left_behind(tmp_path)
    assert log_of(path).exists()

    assert found_at(path) == [1, 2, 3, 4, 5]


# ------------------------------------------------------------------ somebody else has it


@pytest.mark.slow
def test_a_file_that_another_process_has_open_is_refused_with_that_process_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    command = [sys.executable, "-m", "tests.scenarios.holding", str(path)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"

        with pytest.raises(DatabaseInUse) as refused:
            rnb.connect(path)

        holder.communicate()  # it ends, and closes the database

    assert str(refused.value) == (
        f"Cannot open {path}: process {holder.pid} ({Path(sys.executable).resolve()}) has it open. "
        "Expected a file that no other process has open, not even for reading. "
        "Close the database there, or shut that notebook's kernel down, then open it again."
    )
    assert refused.value.pid == holder.pid
    assert found_at(path) == [0]


# ------------------------------------------------------------------ files that cannot be opened


@dataclass(frozen=True)
class Unusable:
    """A file that a crash left, made unusable by `spoil`.

    Attributes:
        says: The whole error; `{path}` and `{log}` stand for the files.
    """

    name: str
    spoil: Callable[[Path], object]
    error: type[ReactiveError]
    says: str


def with_meta(key: str, value: int) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        with duckdb.connect(path) as connection:
            connection.execute("UPDATE reactive.meta SET value = $1 WHERE key = $2", [str(value), key])

    return spoil


def truncate(path: Path) -> None:
    duckdb.connect(path).close()  # the tables move from the .wal into the file
    os.truncate(path, path.stat().st_size - 2 * BLOCK)


def turn_a_bit(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x40
    path.write_bytes(data)


def newer_log(path: Path) -> None:
    data = log_of(path).read_bytes()
    header = decode_file_header(data[:FILE_HEADER_SIZE])
    assert isinstance(header, FileHeader)
    newer = FileHeader(99, header.database_id, header.base).encode()
    log_of(path).write_bytes(newer + data[FILE_HEADER_SIZE:])


def other_log(path: Path) -> None:
    """Put the log of another database beside it; the ids are made readable."""
    log_of(path).write_bytes(FileHeader(1, b"\x11" * 16, 2).encode())
    with duckdb.connect(path) as connection:
        connection.execute("UPDATE reactive.meta SET value = $1 WHERE key = 'database_id'", ["22" * 16])


UNUSABLE = [
    Unusable(
        "newer_tables",
        with_meta("format", 99),
        NewerFormat,
        "Cannot open {path}: its tables have the format 99. Expected the format 1 or older. Update reactive_nb.",
    ),
    Unusable(
        "newer_log",
        newer_log,
        NewerFormat,
        "Cannot open {log}: its format is version 99. Expected version 1 or older. "
        "Update reactive_nb, or close the database once with the version that wrote it.",
    ),
    Unusable(
        "no_database",
        lambda path: path.write_bytes(b"flight,delay\n" * 2000),
        DatabaseFileError,
        'Cannot open {path}: DuckDB says \'IO Error: The file "{path}" exists, but it is not a valid DuckDB database '
        "file'. Expected a DuckDB database, or no file yet. Check the path; an empty file can be deleted.",
    ),
    Unusable(
        "damaged_log",
        lambda path: turn_a_bit(log_of(path), FILE_HEADER_SIZE + 40),
        LogDamaged,
        "Cannot read {log}: record 3, at byte 40, is damaged: its payload does not match its checksum. "
        "Expected the header of a log, then whole records up to its end. The records up to 2 are whole. "
        "Restore the database and its log from a copy; moving the log away opens the database without it.",
    ),
    Unusable(
        "damaged_log_header",
        lambda path: turn_a_bit(log_of(path), 20),
        LogDamaged,
        "Cannot read {log}: its header is damaged: its header does not match its checksum. "
        "Expected the header of a log, then whole records up to its end. "
        "Restore the database and its log from a copy; moving the log away opens the database without it.",
    ),
    Unusable(
        "log_of_another_database",
        other_log,
        DatabaseFileError,
        f"Cannot open {{log}}: it is the log of the database {'11' * 16}. "
        f"Expected the log of the database {'22' * 16}. "
        "Put it back beside its own database; moving it away opens this database without it.",
    ),
    Unusable(
        "log_begins_after_the_tables",
        with_meta("folded", 1),
        LogDamaged,
        "Cannot open {log}: it holds the commits after 2 up to 5, and the tables beside it stand at commit 1. "
        "Expected a log and tables of the same moment. Restore the database, its .wal and its log from one copy; "
        "moving the log away opens the database without it.",
    ),
    Unusable(
        "log_ends_before_the_tables",
        with_meta("folded", 9),
        LogDamaged,
        "Cannot open {log}: it holds the commits after 2 up to 5, and the tables beside it stand at commit 9. "
        "Expected a log and tables of the same moment. Restore the database, its .wal and its log from one copy; "
        "moving the log away opens the database without it.",
    ),
]


@pytest.mark.parametrize("case", UNUSABLE, ids=lambda case: case.name)
def test_an_unusable_file_is_refused_with_four_facts_and_usable_again_when_restored(
    tmp_path: Path, case: Unusable
) -> None:
    path = left_behind(tmp_path)
    whole = contents(path)
    case.spoil(path)
    spoilt_log = log_of(path).read_bytes()

    for _ in range(2):  # the first refusal must not change the second, nor hold on to the file
        with pytest.raises(ReactiveError) as refused:
            rnb.connect(path)
        assert type(refused.value) is case.error
        assert str(refused.value) == case.says.format(path=path, log=log_of(path))

    assert log_of(path).read_bytes() == spoilt_log
    for file in tmp_path.iterdir():
        file.unlink()
    for name, data in whole.items():
        (tmp_path / name).write_bytes(data)
    assert found_at(path) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("spoil", [truncate, lambda path: turn_a_bit(path, 12_288 + 100)], ids=["cut", "damaged"])
def test_a_cut_or_damaged_duckdb_file_is_refused_and_left_as_it_is(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    path = tmp_path / "x.duckdb"
    with rnb.connect(path) as db:
        add(db, 1)
    spoil(path)
    spoilt = contents(path)

    with pytest.raises(DatabaseFileError) as refused:
        rnb.connect(path)

    assert refused.value.what == f"Cannot open {path}"
    assert refused.value.thing.startswith("DuckDB says ")
    assert (refused.value.expected, refused.value.hint) == ("a file that is whole", "Restore the file from a copy")
    assert contents(path) == spoilt


def is_refused(db: Any, table: str) -> bool:
    """Whether a commit to a table comes upon damage; then nothing of it may have happened."""
    before = db.ts
    try:
        add(db, 2, table)
    except DatabaseFileError as error:
        return error.what == f"Cannot read {db.path}" and db.ts == before
    return False


@pytest.mark.slow
def test_damage_that_a_commit_comes_upon_refuses_this_commit_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    chance = Random(SEED)
    with rnb.connect(path) as db, db.transaction() as tx:
        for _ in range(3000):  # enough for some columns to have blocks of their own
            tx.db.insert("notes", {"text": chance.randbytes(40).hex()})
            tx.db.insert("others", {"text": chance.randbytes(40).hex()})
    whole = path.read_bytes()
    outcomes = set()

    for offset in range(12_288 + 100, len(whole), BLOCK):
        path.write_bytes(whole)
        turn_a_bit(path, offset)
        try:
            db = rnb.connect(path)
        except DatabaseFileError:
            continue
        refused = [table for table in ("notes", "others") if is_refused(db, table)]
        outcomes.add(tuple(refused))
        db.close()
        log_of(path).unlink(missing_ok=True)

    assert {("notes",), ("others",)} <= outcomes


@pytest.mark.parametrize("cut", [1, 20, 60, 100])
def test_a_torn_tail_takes_only_the_commit_it_belongs_to(tmp_path: Path, cut: int) -> None:
    path = left_behind(tmp_path)
    left = log_of(path).read_bytes()
    os.truncate(log_of(path), len(left.rstrip(b"\0")) - cut)
    os.truncate(log_of(path), len(left))  # what it had reserved stays, as zeros

    with rnb.connect(path) as db:
        assert (notes(db), db.ts) == ([1, 2, 3, 4], 4)
        db.check()
        add(db, 6)

    assert found_at(path) == [1, 2, 3, 4, 6]


def test_without_its_log_a_database_opens_as_its_tables_stand(tmp_path: Path) -> None:
    path = left_behind(tmp_path, folded=3)
    log_of(path).unlink()

    assert found_at(path) == [1, 2, 3]


# ------------------------------------------------------------------ places that cannot be written


def test_a_file_in_a_folder_mounted_read_only_is_refused(tmp_path: Path) -> None:
    with mounted(tmp_path) as disk:
        path = disk.folder / "x.duckdb"
        with rnb.connect(path) as db:
            add(db, 1)
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True)

        for name in ("x.duckdb", "new.duckdb"):
            with pytest.raises(DatabaseFileError) as refused:
                rnb.connect(disk.folder / name)
            assert str(refused.value) == (
                f"Cannot open {disk.folder / name}: the folder {disk.folder} cannot be written. "
                "Expected a folder where the log can stand beside the file while it is open. "
                "Change its permissions, or copy the file to a folder of your own."
            )
        assert [each.name for each in disk.folder.iterdir()] == ["x.duckdb"]


class NoLog(Files):
    """A file system that lets no new file be made."""

    def create(self, path: Path) -> int:
        raise OSError(errno.EROFS, "Read-only file system", str(path))


def test_a_log_that_cannot_be_created_refuses_the_opening_and_lets_go_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.duckdb"
    with rnb.connect(path) as db:
        add(db, 1)
    with monkeypatch.context() as patched:
        patched.setattr("reactive_nb.log.file.Files", NoLog)

        with pytest.raises(DatabaseFileError) as refused:
            rnb.connect(path)

    assert str(refused.value) == (
        f"Cannot open {log_of(path)}: Read-only file system (EROFS). "
        "Expected a log file, or none yet, in a folder that can be written. "
        "Check that the folder exists, its permissions and its free space."
    )
    assert found_at(path) == [1]


# ------------------------------------------------------------------ disks that are full, or fail


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
