"""A load or an export that cannot be done says why and where, and has changed nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine, transfer
from reactive_nb.errors import (
    DocumentValidationError,
    InvalidId,
    InvalidValue,
    NestedCallError,
    ReactiveError,
    TransferError,
    UniqueViolation,
    UnknownTable,
)
from tests.conftest import Connect
from tests.engine.loading import CONVEX_FILE, CONVEX_ID, FLIGHTS, PLANES, lines, stored, zip_of

BAD_LINES = [
    ("truncated", "a.jsonl", '{"n": 1}\n{"n": ', TransferError, "line 2, column 7: Expecting value"),
    ("no UTF-8", "a.jsonl", b'{"n": 1}\n{"n": "\xff"}', TransferError, "line 2, column 8: it is not UTF-8"),
    ("NaN", "a.jsonl", '{"n": NaN}', TransferError, "line 1: NaN is no JSON"),
    ("two documents in a line", "a.jsonl", '{"n": 1} {"n": 2}', TransferError, "line 1, column 10: Extra data"),
    ("no object", "a.jsonl", "[1]", DocumentValidationError, r"line 1: it is \[1\] \(list\), expected an object"),
    ("refused", "a.jsonl", '{"n": 1}\n{"n": "x"}', DocumentValidationError, r"line 2: \$.n is 'x' \(str\), expected a"),
    ("missing", "a.jsonl", "{}", DocumentValidationError, r"line 1: \$.n is missing"),
    ("unknown", "a.jsonl", '{"n": 1, "m": 1}', DocumentValidationError, r"line 1: \$.m is not a declared field"),
    ("a bad tag", "a.jsonl", '{"n": {"$float": 1}}', InvalidValue, "line 1: .*base64 of 8 bytes"),
    ("a large int", "a.jsonl", '{"n": 9223372036854775808}', InvalidValue, "line 1: .*64 bits"),
    ("no id", "a.jsonl", '{"_id": "x", "n": 1}', InvalidId, "line 1: 'x' is not one"),
    ("an id that is no text", "a.jsonl", '{"_id": 5, "n": 1}', InvalidId, "line 1: its _id is 5"),
    (
        "no time",
        "a.jsonl",
        '{"_creationTime": "x", "n": 1}',
        DocumentValidationError,
        "line 1: its _creationTime is 'x'",
    ),
    ("no array", "a.json", '{"n": 1}', TransferError, "it holds no list of documents"),
    ("a truncated array", "a.json", '[{"n": 1},\n {"n"', TransferError, "line 2, column 6: Expecting ':' delimiter"),
    ("refused in an array", "a.json", '[{"n": 1}, {"n": "x"}]', DocumentValidationError, r"item 2: \$.n is 'x'"),
    ("ragged", "a.csv", "n\n1\n2,3\n", TransferError, r"row 2 \(line 3\): it has 2 cells, and the header has 1"),
    (
        "no number",
        "a.csv",
        "n\n1\nx\n",
        DocumentValidationError,
        r"row 2 \(line 3\): \$.n is 'x' \(str\), expected a number",
    ),
    ("an open quote", "a.csv", 'n\n1\n"2\n', TransferError, r"row 2 \(line 3\): unexpected end of data"),
    ("no header", "a.csv", "", TransferError, "line 1: it has no header"),
    ("a column twice", "a.csv", "n,n\n1,2\n", TransferError, "line 1: two columns are called 'n'"),
    ("no zip", "a.zip", "hello", TransferError, "it cannot be read: File is not a zip file"),
    ("no parquet", "a.parquet", "hello, this is no parquet file", TransferError, "No magic bytes|too small|not a"),
]


@pytest.mark.parametrize(
    ("name", "content", "error", "says"), [case[1:] for case in BAD_LINES], ids=[case[0] for case in BAD_LINES]
)
def test_a_bad_file_says_where_and_loads_nothing(
    db: Engine, tmp_path: Path, name: str, content: str | bytes, error: type[ReactiveError], says: str
) -> None:
    db.define(numbers=rnb.table(n=v.number()))
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    ts = db.ts

    with pytest.raises(error, match=says) as caught:
        db.load(tmp_path / name, None if name.endswith("zip") else "numbers", mode="append")

    assert str(caught.value).startswith(f"Cannot load {name}: ")
    assert "nothing was loaded" in caught.value.hint
    assert vars(caught.value)["file"] == tmp_path / name
    assert (db.ts, stored(db, "numbers")) == (ts, [])


def test_ten_documents_are_named_and_the_others_counted(db: Engine, tmp_path: Path) -> None:
    db.define(numbers=rnb.table(n=v.number()))
    (tmp_path / "a.jsonl").write_text(lines(*[{"n": "x"}] * 12))

    with pytest.raises(DocumentValidationError) as caught:
        db.load(tmp_path / "a.jsonl", "numbers")

    assert "12 documents do not fit; line 1: " in caught.value.thing
    assert "; line 10: $.n is 'x' (str), expected a number; and 2 more" in caught.value.thing
    assert "line 11" not in caught.value.thing
    assert [place for place, _ in vars(caught.value)["rows"]] == [f"line {number}" for number in range(1, 11)]


@pytest.mark.parametrize(("ending", "text"), [("jsonl", '{"n": 1}'), ("json", '[{"n": 1}]'), ("csv", "n\n1\n")])
def test_a_byte_order_mark_does_not_matter(db: Engine, tmp_path: Path, ending: str, text: str) -> None:
    (tmp_path / f"a.{ending}").write_text(text, "utf-8-sig")

    db.load(tmp_path / f"a.{ending}", "numbers")

    assert [each["n"] for each in db.read(lambda ctx: ctx.db.query("numbers").collect())] == [1]


def test_two_documents_with_one_id_are_refused(db: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines({"_id": CONVEX_ID}, {"_id": CONVEX_ID}))

    with pytest.raises(InvalidId, match=f"line 2: its _id {CONVEX_ID} is that of line 1 too"):
        db.load(tmp_path / "a.jsonl", "numbers")


def test_ids_of_another_table_are_refused(db: Engine, tmp_path: Path) -> None:
    db.define(numbers=rnb.table(n=v.number()), others=rnb.table(n=v.number()))
    other = db.write(lambda ctx: ctx.db.insert("others", {"n": 1}))
    (tmp_path / "a.jsonl").write_text(lines({"_id": other, "n": 1}, {"_id": CONVEX_ID, "n": 1}))

    with pytest.raises(InvalidId) as caught:
        db.load(tmp_path / "a.jsonl", "numbers")

    assert f"line 1: its _id {other} is of the table others, expected an id of numbers" in caught.value.thing
    assert f"line 2: its _id {CONVEX_ID} is of a table with the number 10004" in caught.value.thing


def test_unique_values_are_asked_for_within_a_file_too(db: Engine, tmp_path: Path) -> None:
    db.define(planes=PLANES)
    (tmp_path / "a.jsonl").write_text(lines({"name": "A320"}, {"name": "B747"}, {"name": "A320"}))

    with pytest.raises(
        UniqueViolation, match=r"line 3: the unique index planes.by_name holds its name already, in line 1"
    ):
        db.load(tmp_path / "a.jsonl", "planes")


def test_bytes_of_a_file_that_are_missing_or_others_are_refused(db: Engine, tmp_path: Path) -> None:
    file = {
        "_id": CONVEX_FILE,
        "_creationTime": 1.5,
        "sha256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
        "size": 5,
    }
    missing = zip_of(tmp_path / "missing.zip", {"_storage/documents.jsonl": lines(file)})
    changed = zip_of(
        tmp_path / "changed.zip", {"_storage/documents.jsonl": lines(file), f"_storage/{CONVEX_FILE}": b"hallo"}
    )

    with pytest.raises(ReactiveError, match=f"the bytes of the file {CONVEX_FILE} are not in the zip"):
        db.load(missing)
    with pytest.raises(ReactiveError, match=f"the file {CONVEX_FILE} has the SHA-256 d3751d33"):
        db.load(changed)

    assert stored(db, "_storage") == []
    root = db.files._folder
    assert root is None or [path for path in root.rglob("*") if path.is_file()] == []


MISUSES: list[tuple[str, Callable[[Engine, Path], Any], str]] = [
    ("no such file", lambda db, tmp: db.load(tmp / "none.jsonl", "t"), "none.jsonl is not there"),
    ("no such zip", lambda db, tmp: db.load(tmp / "none.zip"), "none.zip is not there"),
    ("no such csv", lambda db, tmp: db.load(tmp / "none.csv", "t"), "none.csv is not there"),
    ("no such parquet", lambda db, tmp: db.load(tmp / "none.parquet", "t"), "none.parquet is not there"),
    ("no table", lambda db, tmp: db.load(tmp / "a.jsonl"), 'does not say which table .* table="a"'),
    ("no format", lambda db, tmp: db.load(tmp / "a.txt", "t"), "the file ends in '.txt'. Expected one of zip, jsonl"),
    ("a format there is not", lambda db, tmp: db.export(tmp / "a", format="xml"), "format is 'xml'"),  # type: ignore[arg-type]
    ("a mode there is not", lambda db, tmp: db.load(tmp / "a.zip", mode="merge"), "mode is 'merge'"),  # type: ignore[arg-type]
    ("a system table", lambda db, tmp: db.load(tmp / "a.jsonl", "_tables"), "Cannot use the table name '_tables'"),
    ("too many tables", lambda db, tmp: db.export(tmp / "a.csv", ["flights", "planes"]), "a csv file holds one table"),
    ("no such folder", lambda db, tmp: db.export(tmp / "no" / "a.zip"), "there is no folder"),
    ("a folder", lambda db, tmp: db.export(tmp, format="zip"), "is a folder"),
    ("a device", lambda db, tmp: db.export(os.devnull, "planes", "csv"), "is a folder, a pipe or a device"),
    ("an unknown table", lambda db, tmp: db.export(tmp / "a.zip", "flight"), "there is no table 'flight'"),
]


@pytest.mark.parametrize(("use", "says"), [case[1:] for case in MISUSES], ids=[case[0] for case in MISUSES])
def test_a_misuse_is_refused(db: Engine, tmp_path: Path, use: Callable[[Engine, Path], Any], says: str) -> None:
    db.define(flights=FLIGHTS, planes=PLANES)

    with pytest.raises(ReactiveError, match=says):
        use(db, tmp_path)

    assert [*tmp_path.iterdir()] == []


def test_the_database_itself_is_no_target(connect: Connect, tmp_path: Path) -> None:
    db = connect(tmp_path / "a.duckdb")

    with pytest.raises(ReactiveError, match="is the database itself"):
        db.export(tmp_path / "a.duckdb", format="zip")


def test_an_unknown_table_is_an_error_of_its_own(db: Engine, tmp_path: Path) -> None:
    with pytest.raises(UnknownTable):
        db.export(tmp_path / "a.zip", "flights")


def test_a_load_that_no_record_of_the_log_can_hold_is_refused_while_it_is_read(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "MAX_PAYLOAD", 1_000_000)
    monkeypatch.setattr(transfer, "_PART", 100)
    (tmp_path / "a.jsonl").write_text(lines(*[{"text": "x" * 5_000}] * 1_000))
    db = connect(tmp_path / "a.duckdb")

    with pytest.raises(TransferError) as caught:
        db.load(tmp_path / "a.jsonl", "notes")

    assert str(caught.value) == (
        "Cannot load a.jsonl: its documents take more than 1,000,000 bytes. Expected less in one load, for that is one "
        "record of the log. Load its tables one by one, or split it and load the parts with mode append; nothing was "
        "loaded."
    )
    assert db.ts == 0
    assert connect().load(tmp_path / "a.jsonl", "notes").documents == {"notes": 1_000}  # in memory there is no log


def test_a_load_inside_a_function_is_refused(db: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}")

    with pytest.raises(NestedCallError):
        db.write(lambda ctx: db.load(tmp_path / "a.jsonl", "t"))
