"""A database file is opened, loaded and closed; whatever is wrong with it is said."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from reactive_nb.errors import DatabaseClosed, DatabaseFileError, DatabaseInUse, NewerFormat, UnknownIndex
from reactive_nb.tables.fold import fold
from reactive_nb.tables.store import Store
from tests.tables.flights import INDEXES, NUMBER, changed, flight, loaded, scanned, select

PROJECT = Path(__file__).parents[2]
DOCUMENTS = [flight(place, f"O{place % 3}", tags=["a", f"t{place}"]) for place in range(20)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store.open(path)
    yield store
    store.close()


# ------------------------------------------------------------------ opening and closing


def test_a_new_file_is_empty_and_has_an_id_that_it_keeps(path: Path) -> None:
    store = Store.open(path)
    database_id = store.database_id
    assert (store.folded, len(database_id), store.load(NUMBER, "by_id")) == (0, 16, ([], []))
    store.close()

    again = Store.open(path)

    assert (again.database_id, again.folded) == (database_id, 0)
    again.close()


@pytest.mark.parametrize("size", [0, 4096, 12_288])
def test_what_an_interrupted_making_of_a_file_left_is_cleared_away(path: Path, size: int) -> None:
    path.with_name("x.duckdb.reactive_nb-new").write_bytes(bytes(size))

    Store.open(path).close()
    Store.open(path).close()

    assert [each.name for each in path.parent.iterdir()] == ["x.duckdb"]


def test_a_file_is_whole_as_soon_as_it_has_its_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    real = duckdb.connect

    def connect(file: Path) -> object:
        made.append((file.name, path.exists()))
        return real(file)

    monkeypatch.setattr("duckdb.connect", connect)
    Store.open(path).close()

    assert made == [("x.duckdb.reactive_nb-new", False), ("x.duckdb", True)]


def test_two_new_files_have_different_ids(tmp_path: Path) -> None:
    stores = [Store.open(tmp_path / name) for name in ("a.duckdb", "b.duckdb")]

    assert stores[0].database_id != stores[1].database_id
    for store in stores:
        store.close()


def test_after_closing_one_file_holds_everything(path: Path) -> None:
    store = Store.open(path)
    fold(store, 3, [changed(*DOCUMENTS)])
    cursor = store.cursor()
    cursor.begin().execute("SELECT count(*) FROM flights").fetchall()
    store.close()

    assert [each.name for each in path.parent.iterdir()] == ["x.duckdb"]
    again = Store.open(path)
    assert again.folded == 3
    for index in INDEXES:
        assert loaded(again, index) == scanned(DOCUMENTS, index)
    again.close()


def test_closing_leaves_no_write_ahead_log_even_while_the_user_has_the_file_open(path: Path) -> None:
    store = Store.open(path)
    with duckdb.connect(path) as own:
        fold(store, 1, [changed(*DOCUMENTS)])
        store.close()

        assert [each.name for each in path.parent.iterdir()] == ["x.duckdb"]
        assert own.execute("SELECT count(*) FROM flights").fetchall() == [(20,)]


@pytest.mark.parametrize("name", ["reactive.duckdb", "main.duckdb", "a b.c", 'say "hi".duckdb', "md:x", ":memory:"])
def test_a_file_may_have_any_name(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store.open(name)
    fold(store, 1, [changed(*DOCUMENTS)])

    assert (tmp_path / name).stat().st_size > 0
    assert loaded(store, "by_id") == scanned(DOCUMENTS, "by_id")
    store.close()


def test_a_duckdb_file_of_the_users_own_keeps_its_tables(path: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE own AS SELECT 42 AS answer")

    store = Store.open(path)

    assert select(store, "FROM own") == [(42,)]
    store.close()


def test_the_file_is_plain_duckdb_for_everybody_else(path: Path) -> None:
    store = Store.open(path)
    fold(store, 1, [changed(flight(1, "LGA", None, ["a"]))])
    store.close()

    with duckdb.connect(path, read_only=True) as connection:
        assert connection.execute("SELECT origin, delay, tags FROM flights").fetchall() == [("LGA", None, ["a"])]


def test_a_closed_store_says_so_and_can_be_closed_again(store: Store) -> None:
    cursor = store.cursor()
    store.close()
    store.close()

    for use in (lambda: store.load(NUMBER, "by_id"), store.cursor, lambda: fold(store, 1, [])):
        with pytest.raises(DatabaseClosed):
            use()
    with pytest.raises(duckdb.Error):
        cursor.execute("SELECT 1")


def test_no_connection_draws_a_progress_bar(store: Store) -> None:
    setting = "SELECT current_setting('enable_progress_bar')"

    with store.transaction(1, ()) as connection:
        assert connection.execute(setting).fetchall() == select(store, setting) == [(False,)]


# ------------------------------------------------------------------ loading


def test_all_indexes_of_a_table_share_the_bytes_of_its_documents(store: Store) -> None:
    fold(store, 1, [changed(*DOCUMENTS)])
    _, documents = store.load(NUMBER, "by_id")

    same = {id(document) for document in documents}

    for index in INDEXES[1:]:
        assert {id(document) for document in store.load(NUMBER, index)[1]} == same


def test_the_store_forgets_the_documents_when_all_indexes_are_loaded(store: Store) -> None:
    fold(store, 1, [changed(*DOCUMENTS)])
    _, documents = store.load(NUMBER, "by_id")

    before = sys.getrefcount(documents[0])
    for index in INDEXES[1:]:
        store.load(NUMBER, index)
    after = sys.getrefcount(documents[0])

    assert after == before - 1


def test_what_the_caller_does_to_loaded_lists_changes_no_other_index(store: Store) -> None:
    fold(store, 1, [changed(*DOCUMENTS)])

    store.load(NUMBER, "by_id")[1].clear()

    assert loaded(store, "by_origin") == scanned(DOCUMENTS, "by_origin")


def test_an_index_loaded_after_a_fold_shows_what_was_folded(store: Store) -> None:
    fold(store, 1, [changed(*DOCUMENTS)])
    store.load(NUMBER, "by_id")
    moved = [flight(place, "LGA") for place in range(20)]
    fold(store, 2, [changed(*moved)])

    assert loaded(store, "by_origin") == scanned(moved, "by_origin")


@pytest.mark.parametrize("order", [("by_tag", "by_tag", "by_id", "by_origin"), ("by_origin", "by_origin", "by_tag")])
def test_indexes_may_be_loaded_in_any_order_and_again(store: Store, order: tuple[str, ...]) -> None:
    fold(store, 1, [changed(*DOCUMENTS)])

    for index in order:
        assert loaded(store, index) == scanned(DOCUMENTS, index)


def test_an_unknown_index_is_refused_by_name(store: Store) -> None:
    fold(store, 1, [changed(*DOCUMENTS)])

    with pytest.raises(UnknownIndex, match=r"'by_delay'.*by_id, by_creation_time, by_origin, by_tag"):
        store.load(NUMBER, "by_delay")


# ------------------------------------------------------------------ files that cannot be opened


@pytest.mark.slow
def test_a_file_that_another_process_holds_is_refused_with_that_process(path: Path) -> None:
    command = [sys.executable, "-m", "tests.tables.child", str(path), "hold"]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"

        with pytest.raises(DatabaseInUse) as refused:
            Store.open(path)
        holder.kill()

    assert refused.value.pid == holder.pid
    assert f"process {holder.pid} ({Path(sys.executable).resolve()}) has it open" in str(refused.value)
    Store.open(path).close()


@dataclass(frozen=True)
class Unusable:
    name: str
    make: Callable[[Path], object]
    error: type[DatabaseFileError]
    says: str


def with_bytes(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def whole_file(path: Path) -> bytearray:
    store = Store.open(path)
    fold(store, 1, [changed(*DOCUMENTS)])
    store.close()
    return bytearray(path.read_bytes())


def truncated(path: Path) -> None:
    os.truncate(path, len(whole_file(path)) - 300_000)


def damaged(offset: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        data = whole_file(path)
        data[offset] ^= 0x40
        path.write_bytes(data)

    return make


def damaged_wal(path: Path) -> None:
    script = f"import duckdb, os; c = duckdb.connect({str(path)!r}); c.execute('CREATE TABLE t (i INT)')"
    inserts = "[c.execute('INSERT INTO t VALUES (1)') for _ in range(9)]; os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", f"{script}; {inserts}"], check=False)
    wal = path.with_name(path.name + ".wal")
    data = bytearray(wal.read_bytes())
    data[len(data) // 2] ^= 0x40
    wal.write_bytes(data)


def newer_duckdb(path: Path) -> None:
    """Raise the storage version in the file's first block, whose first 8 bytes are a checksum of the rest."""
    data = whole_file(path)
    struct.pack_into("<Q", data, 12, 10_000)
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", data[8:4096]):
        checksum ^= word * 0xBF58476D1CE4E5B9 % 2**64
    struct.pack_into("<Q", data, 0, checksum)
    path.write_bytes(data)


def with_meta(statement: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        whole_file(path)
        with duckdb.connect(path) as connection:
            connection.execute(statement)

    return make


UNUSABLE = [
    Unusable("empty", with_bytes(b""), DatabaseFileError, "not a valid DuckDB database"),
    Unusable("text", with_bytes(b"a,b\n1,2\n" * 3000), DatabaseFileError, "not a valid DuckDB database"),
    Unusable("truncated", truncated, DatabaseFileError, "Expected a file that is whole"),
    Unusable("damaged_head", damaged(20), DatabaseFileError, "Expected a file that is whole"),
    Unusable("damaged_block", damaged(12_300), DatabaseFileError, "Expected a file that is whole"),
    Unusable("damaged_wal", damaged_wal, DatabaseFileError, "write-ahead log"),
    Unusable("newer_duckdb", newer_duckdb, NewerFormat, "newer DuckDB than"),
    Unusable("folder", Path.mkdir, DatabaseFileError, "it is a folder"),
    Unusable(
        "newer_format", with_meta("UPDATE reactive.meta SET value = '2' WHERE key = 'format'"), NewerFormat, "format 2"
    ),
    Unusable(
        "no_id", with_meta("DELETE FROM reactive.meta WHERE key = 'database_id'"), DatabaseFileError, "'database_id'"
    ),
    Unusable("folded", with_meta("UPDATE reactive.meta SET value = 'x'"), DatabaseFileError, "reactive.meta"),
    Unusable("meta", with_meta("ALTER TABLE reactive.meta DROP value"), DatabaseFileError, "Cannot open"),
    Unusable("tables", with_meta("DROP TABLE reactive.tables"), DatabaseFileError, "Cannot open"),
]


@pytest.mark.slow
@pytest.mark.parametrize("case", UNUSABLE, ids=lambda case: case.name)
def test_an_unusable_file_is_refused_with_four_facts_and_left_as_it_is(path: Path, case: Unusable) -> None:
    case.make(path)
    before = path.read_bytes() if path.is_file() else None

    with pytest.raises(DatabaseFileError) as refused:
        Store.open(path)

    assert type(refused.value) is case.error
    assert str(path) in refused.value.what
    assert case.says in str(refused.value)
    assert before == (path.read_bytes() if path.is_file() else None)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseFileError, match=r"the folder .*nowhere does not exist"):
        Store.open(tmp_path / "nowhere" / "x.duckdb")


@pytest.fixture
def guarded() -> Iterator[Path]:
    """A folder that can be read but not written; for root, who may write everywhere, as another user."""
    if not hasattr(os, "geteuid"):
        pytest.skip("permissions of this kind are POSIX")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "inside").mkdir(mode=0o777)
        Store.open(folder / "inside" / "x.duckdb").close()
        Store.open(folder / "x.duckdb").close()
        (folder / "inside").chmod(0o777)
        (folder / "inside" / "x.duckdb").chmod(0o444)
        folder.chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        yield folder
        os.seteuid(user)
        folder.chmod(0o755)


@pytest.mark.parametrize("name", ["x.duckdb", "new.duckdb", "inside/x.duckdb"])
def test_a_place_that_cannot_be_written_is_refused(guarded: Path, name: str) -> None:
    with pytest.raises(DatabaseFileError, match="permissions"):
        Store.open(guarded / name)


@pytest.mark.slow
def test_damage_that_shows_only_when_documents_are_read_is_said_then(path: Path) -> None:
    whole = whole_file(path)
    refusals = []

    for block in range(12_288 + 100, len(whole), 262_144):
        data = bytearray(whole)
        data[block] ^= 0x40
        path.write_bytes(data)
        try:
            store = Store.open(path)
        except DatabaseFileError:
            continue
        try:
            store.load(NUMBER, "by_id")
        except DatabaseFileError as refused:
            refusals.append(refused)
        store.close()

    assert refusals
    for error in refusals:
        assert (error.what, error.expected) == (f"Cannot read {path}", "a file that is whole")
