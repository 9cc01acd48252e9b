"""Check and repair: every disagreement within a file is found, and what is derived is made anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reactive_nb import v
from reactive_nb.errors import DatabaseFileError
from reactive_nb.schema.declaration import table
from reactive_nb.tables.check import check, repair
from reactive_nb.values import wire
from tests.conftest import Connect

pytestmark = pytest.mark.slow

FLIGHTS = (
    table(
        carrier=v.string(),
        delay=v.optional(v.number()),
        tags=v.array(v.string()),
        at=v.optional(v.datetime()),
        vector=v.optional(v.vector(2)),
        more=v.optional(v.any()),
    )
    .index("by_carrier", "carrier", "delay")
    .index("by_tag", "tags", multi=True)
)


def fill(ctx: Any) -> None:
    for place in range(5):
        ctx.db.insert("flights", {"carrier": "UA", "delay": place, "tags": ["a", "b"]})
    ctx.db.insert("flights", {"carrier": "AA", "delay": float("nan"), "tags": [], "vector": [1, 2], "more": {"n": 1}})
    ctx.db.insert("notes", {"any": "thing"})
    ctx.storage.store(b"hello")


@pytest.fixture
def path(connect: Connect, tmp_path: Path) -> Path:
    """A file with all kinds of columns, closed."""
    with connect(tmp_path / "a.duckdb") as db:
        db.define(flights=FLIGHTS)
        db.write(fill)
    return tmp_path / "a.duckdb"


def run(path: Path, *statements: str) -> None:
    """Change a file behind the engine's back."""
    with duckdb.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)


def texts(path: Path) -> list[str]:
    return [str(problem) for problem in check(path).problems]


def test_a_file_whose_parts_agree_has_no_problems(path: Path) -> None:
    report = check(path)

    assert report.problems == ()
    assert (report.documents, report.tables, report.commits) == (6 + 1 + 1 + 3, 4, 0)
    assert str(report).endswith("everything agrees")


def test_an_empty_file_has_none_either(connect: Connect, tmp_path: Path) -> None:
    connect(tmp_path / "a.duckdb").close()

    assert check(tmp_path / "a.duckdb").problems == ()


DERIVED: list[tuple[str, list[str], str]] = [
    (
        "a key",
        ["UPDATE reactive.documents_10001 SET by_carrier = 'x'::BLOB WHERE _id = (SELECT min(_id) FROM flights)"],
        "table flights: its indexes do not have the keys of 1 document: ",
    ),
    (
        "a key of a multi index",
        ["UPDATE reactive.documents_10001 SET by_tag = by_tag[1:1]"],
        "table flights: its indexes do not have the keys of 5 documents: ",
    ),
    (
        "a typed value",
        ["UPDATE flights SET delay = 7 WHERE delay = 3"],
        "table flights: its typed table differs in 1 document: ",
    ),
    ("a NaN", ["UPDATE flights SET delay = NULL WHERE isnan(delay)"], "table flights: its typed table differs in 1"),
    ("a vector", ["UPDATE flights SET vector = [1, 3]::FLOAT[2] WHERE vector IS NOT NULL"], "table flights: its typed"),
    (
        "a typed row that is gone",
        ["DELETE FROM flights WHERE delay = 3"],
        "table flights: its typed table differs in 1",
    ),
    (
        "a typed row too many",
        ["INSERT INTO flights FROM flights WHERE delay = 3"],
        "table flights: its typed table differs",
    ),
    ("a typed table that is gone", ["DROP TABLE flights"], "table flights: its tables cannot be compared: "),
    (
        "a view in the place of a typed table",
        ["CREATE TABLE other AS FROM flights", "DROP TABLE flights", "CREATE VIEW flights AS FROM other"],
        "table flights: a view of another program stands in the place of its typed table",
    ),
    (
        "a column that is gone",
        ["ALTER TABLE flights DROP COLUMN carrier"],
        "table flights: its tables cannot be compared: ",
    ),
    (
        "a key column that is not known",
        ["UPDATE reactive.tables SET indexes = indexes[1:2] WHERE number = 10001"],
        "table flights: its key columns are those of ['by_carrier', 'by_creation_time'], its indexes ['by_carrier', ",
    ),
    (
        "a column of another type",
        ["ALTER TABLE flights ALTER delay TYPE VARCHAR"],
        "table flights: its typed table differs in the types of its columns",
    ),
    (
        "a place that is gone",
        ["DELETE FROM reactive.tables WHERE number = 10002", "DROP TABLE reactive.documents_10002", "DROP TABLE notes"],
        "table notes: it is declared and has no place in the file, so it has no documents",
    ),
]


@pytest.mark.parametrize(("statements", "says"), [case[1:] for case in DERIVED], ids=[case[0] for case in DERIVED])
def test_what_is_derived_is_found_and_made_anew(path: Path, statements: list[str], says: str) -> None:
    run(path, *statements)

    report = repair(path)

    assert report.repaired
    assert [problem.is_derived for problem in report.problems] == [True]
    assert str(report.problems[0]).startswith(says)
    assert check(path).problems == ()


def test_a_check_alone_changes_nothing(path: Path) -> None:
    run(path, "UPDATE flights SET delay = 7 WHERE delay = 3")

    assert texts(path) == texts(path) != []


def test_a_repaired_file_opens_with_all_its_documents(path: Path, connect: Connect) -> None:
    run(path, "UPDATE reactive.documents_10001 SET by_carrier = NULL", "DROP TABLE flights")

    repair(path)

    with connect(path) as db:
        found = db.read(lambda ctx: ctx.db.query("flights").with_index("by_carrier", carrier="UA").collect())
        assert [flight["delay"] for flight in found] == [0, 1, 2, 3, 4]
        db._committer.head.check()


LOST: list[tuple[str, list[str], str]] = [
    (
        "a document that cannot be decoded",
        ["UPDATE reactive.documents_10002 SET document = 'x'::BLOB || document"],
        "table notes: documents are damaged: ",
    ),
    (
        "a document under another id",
        ["UPDATE reactive.documents_10002 SET _id = 'x'"],
        "table notes: documents are damaged: x is filed under another id than its own, ",
    ),
    (
        "a document that stands there twice",
        ["INSERT INTO reactive.documents_10002 FROM reactive.documents_10002"],
        "table notes: documents are damaged: ",
    ),
    (
        "a document without bytes",
        ["UPDATE reactive.documents_10002 SET document = NULL"],
        "table notes: documents are damaged: ",
    ),
    (
        "a place that is gone, and documents that are there",
        ["DELETE FROM reactive.tables WHERE number = 10002"],
        "table notes: its documents are in the file, and the row of reactive.tables that says where is gone",
    ),
    (
        "tables in a file that says it has none",
        ["UPDATE reactive.meta SET value = '0' WHERE key = 'folded'"],
        "reactive.meta: it says that nothing was written yet, and there are tables",
    ),
    ("documents that are gone", ["DROP TABLE reactive.documents_10002"], "table notes: its documents cannot be read: "),
    (
        "a table that is declared nowhere",
        ["INSERT INTO reactive.tables SELECT 10009, 'lost', 'main', 'lost', indexes FROM reactive.tables LIMIT 1"],
        "table lost: it stands in the file and is declared nowhere",
    ),
]


@pytest.mark.parametrize(("statements", "says"), [case[1:] for case in LOST], ids=[case[0] for case in LOST])
def test_what_is_not_derived_is_found_and_left_as_it_is(path: Path, statements: list[str], says: str) -> None:
    run(path, *statements)

    report = repair(path)

    assert not report.repaired
    assert [problem.is_derived for problem in report.problems] == [False]
    assert str(report.problems[0]).startswith(says)
    assert texts(path) == [str(problem) for problem in report.problems]


def test_other_tables_are_repaired_beside_one_that_is_lost(path: Path) -> None:
    run(path, "DROP TABLE flights", "DROP TABLE reactive.documents_10002")

    assert repair(path).repaired

    assert [text.partition(":")[0] for text in texts(path)] == ["table notes"]


def test_documents_that_do_not_fit_their_declaration_are_named(path: Path) -> None:
    with duckdb.connect(path) as connection:
        ((id, data),) = connection.execute(
            "SELECT _id, document FROM reactive.documents_10001 ORDER BY _id LIMIT 1"
        ).fetchall()
        changed = wire.encode({**wire.decode(data), "carrier": 5})  # type: ignore[dict-item]  # a document is a dict
        connection.execute("UPDATE reactive.documents_10001 SET document = $1 WHERE _id = $2", [changed, id])

    found = texts(path)

    assert (
        f"table flights: documents do not fit its declaration: {id}: $.carrier is 5 (int), expected a string" in found
    )


def crashed(connect: Connect, tmp_path: Path) -> tuple[Path, Path]:
    """Copies of a file and its log, as a crash after some commits leaves them."""
    with connect(tmp_path / "a.duckdb") as db:
        db.define(flights=FLIGHTS)
        db.fold()
        db.write(fill)
        db.write(lambda ctx: ctx.db.insert("notes", {"more": 1}))
        copy = tmp_path / "b.duckdb"
        for ending in ("", ".wal", ".log"):
            source = Path(f"{tmp_path / 'a.duckdb'}{ending}")
            if source.exists():
                Path(f"{copy}{ending}").write_bytes(source.read_bytes())
        for file in db.files._folder.rglob("*") if db.files._folder else ():
            target = Path(f"{copy}.files") / file.relative_to(tmp_path / "a.duckdb.files")
            target.parent.mkdir(parents=True, exist_ok=True)
            if file.is_file():
                target.write_bytes(file.read_bytes())
    return copy, Path(f"{copy}.log")


def test_the_log_is_carried_out_on_a_copy(connect: Connect, tmp_path: Path) -> None:
    path, log = crashed(connect, tmp_path)
    # An append that was interrupted: opening the log itself would cut it off.
    log.write_bytes(log.read_bytes().rstrip(b"\0") + b"RN\1")
    before = log.read_bytes()

    report = check(path)

    assert (report.problems, report.commits) == ((), 2)
    assert log.read_bytes() == before


def damage_first_record(log: Path) -> None:
    data = bytearray(log.read_bytes())
    data[120] ^= 0xFF
    log.write_bytes(data)


BROKEN_LOGS: list[tuple[str, Callable[[Path], Any], str]] = [
    ("a damaged record", damage_first_record, "log: "),
    ("another file", lambda log: log.write_bytes(b"x" * 100), "log: "),
]


@pytest.mark.parametrize(("damage", "says"), [case[1:] for case in BROKEN_LOGS], ids=[case[0] for case in BROKEN_LOGS])
def test_a_broken_log_is_found(connect: Connect, tmp_path: Path, damage: Callable[[Path], Any], says: str) -> None:
    path, log = crashed(connect, tmp_path)
    damage(log)

    (problem,) = check(path).problems

    assert str(problem).startswith(says)
    assert not problem.is_derived


def test_a_stored_file_that_is_gone_or_changed_is_found(path: Path) -> None:
    (content,) = (each for each in Path(f"{path}.files").rglob("*") if each.is_file() and len(each.name) > 60)
    content.chmod(0o644)
    content.write_bytes(b"hallo")
    (changed,) = texts(path)
    content.unlink()
    (missing,) = texts(path)

    assert changed.startswith("stored files: ")
    assert missing.startswith("stored files: ")
    assert changed != missing


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(DatabaseFileError, match="there is no such file"):
        check(tmp_path / "none.duckdb")

    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("look", [check, repair])
def test_a_file_that_is_no_database_of_ours_stays_as_it_is(tmp_path: Path, look: Callable[[Path], Any]) -> None:
    path = tmp_path / "theirs.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE flights AS SELECT 1 AS n")
    before = path.read_bytes()

    with pytest.raises(DatabaseFileError, match="it holds no tables of reactive_nb"):
        look(path)

    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]
