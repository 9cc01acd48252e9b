"""Whatever is wrong with a file or its place is said in four facts, and nothing is half written (invariant 8)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

import reactive_nb as rnb
from reactive_nb.errors import (
    DatabaseFileError,
    DatabaseInUse,
    LogDamaged,
    NewerFormat,
    ReactiveError,
)
from reactive_nb.log.frames import FILE_HEADER_SIZE, FileHeader, decode_file_header
from reactive_nb.values import wire
from tests.scenarios.disks import mounted
from tests.scenarios.notes import NoLog, add, found_at, left_behind, log_of, notes

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
SEED = 20250117
BLOCK = 262_144  # bytes; of a DuckDB file, after 12 288 bytes of headers


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


def with_sql(*statements: str) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        with duckdb.connect(path) as connection:
            for statement in statements:
                connection.execute(statement)

    return spoil


def with_declaration(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Change every declaration that is stored."""

    def spoil(path: Path) -> None:
        with duckdb.connect(path) as connection:
            for id, data in connection.execute("SELECT _id, document FROM reactive.documents_1").fetchall():
                document: Any = wire.decode(data)
                change(document)
                connection.execute(
                    "UPDATE reactive.documents_1 SET document = $1 WHERE _id = $2", [wire.encode(document), id]
                )

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
        "no_places",
        with_sql("DELETE FROM reactive.tables"),
        DatabaseFileError,
        "Cannot open {path}: its table reactive.tables does not say where _tables stands. Expected a row for every "
        "table. Restore the file from a copy; the documents are in it still, and any DuckDB reads them.",
    ),
    Unusable(
        "one_place_gone",
        with_sql("DELETE FROM reactive.tables WHERE name = 'notes'"),
        DatabaseFileError,
        "Cannot open {path}: its table reactive.tables does not say where notes stands. Expected a row for every "
        "table. Restore the file from a copy; the documents are in it still, and any DuckDB reads them.",
    ),
    Unusable(
        "a_place_and_its_documents_gone",
        with_sql("DELETE FROM reactive.tables WHERE name = 'notes'", "DROP TABLE reactive.documents_10001"),
        DatabaseFileError,
        "Cannot open {path}: its table reactive.tables does not say where notes stands. Expected a row for every "
        "table. Restore the file from a copy; or run reactive-nb check --repair on it, and have notes empty.",
    ),
    Unusable(
        "damaged_place",
        with_sql("UPDATE reactive.tables SET indexes = NULL"),
        DatabaseFileError,
        "Cannot open {path}: its table reactive.tables garbles the row of _tables. Expected rows as reactive_nb wrote "
        "them. Restore the file from a copy, or drop the schema reactive to start anew with this file.",
    ),
    Unusable(
        "damaged_index_of_a_place",
        with_sql("UPDATE reactive.tables SET indexes = [NULL] WHERE name = 'notes'"),
        DatabaseFileError,
        "Cannot open {path}: its table reactive.tables garbles the row of notes. Expected rows as reactive_nb wrote "
        "them. Restore the file from a copy, or drop the schema reactive to start anew with this file.",
    ),
    Unusable(
        "tables_in_a_file_that_says_it_has_none",
        with_meta("folded", 0),
        DatabaseFileError,
        "Cannot open {path}: its table reactive.meta says that nothing was written yet, and there are tables. "
        "Expected the rows format, database_id and folded, as reactive_nb wrote them. "
        "Restore the file from a copy, or drop the schema reactive to start anew with this file.",
    ),
    *(
        Unusable(
            f"damaged_declarations_{name}",
            spoil,
            DatabaseFileError,
            "Cannot open {path}: its table _tables holds a declaration that cannot be read: " + why + ". "
            "Expected declarations as reactive_nb wrote them. Restore the file from a copy.",
        )
        for name, spoil, why in (
            ("no_bytes", with_sql("UPDATE reactive.documents_1 SET document = NULL"), "it has no bytes"),
            ("bytes", with_sql("UPDATE reactive.documents_1 SET document = 'x'::BLOB"), "it is no declaration"),
            ("no_key", with_declaration(lambda document: document.pop("dropped")), "it lacks 'dropped'"),
            ("kind", with_declaration(lambda document: document.update(indexes=5)), "it is no declaration"),
            ("number", with_declaration(lambda document: document.update(number="1")), "it is no declaration"),
            (
                "validator",
                with_declaration(lambda document: document.update(document={"type": "?"})),
                "it is no declaration",
            ),
        )
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
