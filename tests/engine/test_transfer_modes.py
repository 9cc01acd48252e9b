"""What a load does with the documents that are there: the four modes."""

from __future__ import annotations

from pathlib import Path

import pytest

from reactive_nb.errors import InvalidId, ReactiveError, UniqueViolation
from tests.conftest import Connect
from tests.engine.loading import FLIGHTS, PLANES, filled, names, stored, two


def test_by_default_the_table_must_be_empty(connect: Connect, tmp_path: Path) -> None:
    db, path = two(connect, tmp_path)

    with pytest.raises(ReactiveError, match="the table planes has 1 document"):
        db.load(path)

    assert names(db) == ["B747"]


def test_append_keeps_what_is_there(connect: Connect, tmp_path: Path) -> None:
    db, path = two(connect, tmp_path)

    report = db.load(path, mode="append")

    assert (names(db), report.deleted) == (["A320", "B747"], {})


def test_append_refuses_documents_that_are_there(connect: Connect, tmp_path: Path) -> None:
    db, path = two(connect, tmp_path)
    db.load(path, mode="append")

    with pytest.raises(InvalidId, match=r"line 1: there is a document .* already"):
        db.load(path, mode="append")


def test_append_obeys_unique_indexes(connect: Connect, tmp_path: Path) -> None:
    db, path = two(connect, tmp_path)
    db.write(lambda ctx: ctx.db.insert("planes", {"name": "A320"}))

    with pytest.raises(UniqueViolation, match=r"planes.by_name holds its name already, in document"):
        db.load(path, mode="append")

    db.load(path, mode="replace")
    assert names(db) == ["A320"]


def test_replace_takes_the_place_of_the_tables_in_the_file(connect: Connect, tmp_path: Path) -> None:
    db, path = two(connect, tmp_path)

    report = db.load(path, mode="replace")

    assert (names(db), report.deleted) == (["A320"], {"planes": 1})
    assert len(stored(db, "flights")) == len(stored(db, "_storage")) == 1


def test_replacing_by_the_same_changes_nothing(connect: Connect, tmp_path: Path) -> None:
    db = filled(connect())
    db.export(tmp_path / "all.zip")
    ts = db.ts

    db.load(tmp_path / "all.zip", mode="replace")

    assert db.ts == ts


def test_replace_all_takes_the_place_of_everything(connect: Connect, tmp_path: Path) -> None:
    db, path = two(connect, tmp_path)
    (file,) = db.read(lambda ctx: ctx.db.system.query("_storage").collect())

    report = db.load(path, mode="replace-all")

    assert report.deleted == {"planes": 1, "flights": 1, "_storage": 1}
    assert (names(db), stored(db, "flights"), stored(db, "_storage")) == (["A320"], [], [])
    assert db._committer.head.tables["flights"].stored.table == FLIGHTS
    assert db.storage.get(file["_id"]) is None


def test_replacing_gives_the_declaration_of_the_file_to_a_table_that_has_none(connect: Connect, tmp_path: Path) -> None:
    _, path = two(connect, tmp_path)
    db = connect()
    db.write(lambda ctx: ctx.db.insert("planes", {"anything": 1}))

    report = db.load(path, mode="replace")

    assert report.declared == ("planes",)
    assert db._committer.head.tables["planes"].stored.table == PLANES
