"""Loads and exports that are interrupted, or overtaken by other commits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine, transfer
from reactive_nb.errors import ConflictError, InvalidId, ReactiveError, UniqueViolation
from reactive_nb.tables.transfer.snapshot_zip import SnapshotWriter
from reactive_nb.values.ids import encode_id
from tests.conftest import Connect
from tests.engine.loading import PLANES, ROW, everything, filled, lines, names, stored, two


def test_an_interrupted_load_changes_nothing(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db, copy = filled(connect()), connect()
    db.export(tmp_path / "all.zip")
    taken = transfer._Load._take_file

    def interrupted(self: Any, *args: Any) -> None:
        taken(self, *args)
        raise KeyboardInterrupt

    monkeypatch.setattr(transfer._Load, "_take_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        copy.load(tmp_path / "all.zip")

    assert (copy.ts, everything(copy)) == (0, {})
    root = copy.files._folder
    assert root is not None
    assert [path for path in root.rglob("*") if path.is_file()] == []
    monkeypatch.undo()
    copy.load(tmp_path / "all.zip")
    assert everything(copy) == everything(db)


def test_an_interrupted_export_leaves_the_file_before(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = filled(connect())
    (tmp_path / "all.zip").write_bytes(b"before")

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SnapshotWriter, "write_content", interrupted)
    with pytest.raises(KeyboardInterrupt):
        db.export(tmp_path / "all.zip")

    assert [path.name for path in tmp_path.iterdir()] == ["all.zip"]
    assert (tmp_path / "all.zip").read_bytes() == b"before"


def overtaken(db: Engine, monkeypatch: pytest.MonkeyPatch, times: int, by: Callable[[], Any]) -> None:
    """Let something be committed at the end of the first loads, before these are."""
    run = transfer._Load.run
    left = [times]

    def slow(self: Any, **options: Any) -> Any:
        report = run(self, **options)
        if left[0]:
            left[0] -= 1
            by()
        return report

    monkeypatch.setattr(transfer._Load, "run", slow)


def test_a_load_that_is_overtaken_looks_again(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, path = two(connect, tmp_path)
    overtaken(db, monkeypatch, 1, lambda: db.write(lambda ctx: ctx.db.insert("planes", {"name": "C172"})))

    report = db.load(path, mode="replace")

    assert (names(db), report.deleted) == (["A320"], {"planes": 2})


def test_a_table_that_is_filled_meanwhile_is_not_empty(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path = two(connect, tmp_path)
    db = connect()
    db.define(planes=PLANES)
    overtaken(db, monkeypatch, 1, lambda: db.write(lambda ctx: ctx.db.insert("planes", {"name": "C172"})))

    with pytest.raises(ReactiveError, match="the table planes has 1 document"):
        db.load(path)

    assert names(db) == ["C172"]


def test_appended_values_of_unique_indexes_are_looked_at_again(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, path = two(connect, tmp_path)
    overtaken(db, monkeypatch, 1, lambda: db.write(lambda ctx: ctx.db.insert("planes", {"name": "A320"})))

    with pytest.raises(UniqueViolation):
        db.load(path, mode="append")


def test_appended_ids_are_looked_at_again(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = connect()
    db.define(planes=rnb.table(name=v.string()))
    (tmp_path / "a.jsonl").write_text(lines({"_id": encode_id(10001, bytes(16)), "name": "A320"}))
    (tmp_path / "b.jsonl").write_text(lines({"_id": encode_id(10001, bytes(16)), "name": "B747"}))
    overtaken(db, monkeypatch, 1, lambda: db.load(tmp_path / "b.jsonl", "planes", "append"))

    with pytest.raises(InvalidId, match="already"):
        db.load(tmp_path / "a.jsonl", "planes", "append")

    assert names(db) == ["B747"]


def test_a_load_that_is_always_overtaken_gives_up(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, path = two(connect, tmp_path)
    numbers = iter("12345")
    overtaken(db, monkeypatch, 5, lambda: db.write(lambda ctx: ctx.db.insert("planes", {"name": next(numbers)})))

    with pytest.raises(ConflictError):
        db.load(path, mode="replace")


def test_an_append_does_not_mind_other_documents(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, path = two(connect, tmp_path)
    overtaken(db, monkeypatch, 5, lambda: db.write(lambda ctx: ctx.db.insert("flights", ROW)))

    db.load(path, mode="append")

    assert len(stored(db, "flights")) == 2


def test_an_export_is_of_one_moment(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db, copy = filled(connect()), connect()
    write = SnapshotWriter.write_table

    def slow(self: Any, name: str, *args: Any) -> None:
        write(self, name, *args)
        db.write(lambda ctx: ctx.db.insert("flights", ROW))

    monkeypatch.setattr(SnapshotWriter, "write_table", slow)
    db.export(tmp_path / "all.zip")
    monkeypatch.undo()

    assert copy.load(tmp_path / "all.zip").documents["flights"] == 2


def test_a_file_deleted_while_it_is_exported_makes_it_start_again(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, copy = filled(connect()), connect()
    (file,) = db.read(lambda ctx: ctx.db.system.query("_storage").collect())
    write = SnapshotWriter.write_table

    def slow(self: Any, name: str, *args: Any) -> None:
        write(self, name, *args)
        if name == "_storage" and db.storage.get_metadata(file["_id"]) is not None:
            db.storage.delete(file["_id"])

    monkeypatch.setattr(SnapshotWriter, "write_table", slow)
    report = db.export(tmp_path / "all.zip")

    assert report.files == 0
    assert copy.load(tmp_path / "all.zip").documents["flights"] == 2
