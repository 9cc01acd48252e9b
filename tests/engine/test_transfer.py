"""`db.export` and `db.load`: one moment into a file, and a file into one commit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine, transfer
from reactive_nb.errors import DocumentValidationError, TransferError
from tests.conftest import Connect
from tests.engine.loading import CONVEX_ID, FLIGHTS, PLANES, ROW, everything, filled, lines, stored, two


def test_a_snapshot_loaded_into_an_empty_database_gives_an_equal_one(connect: Connect, tmp_path: Path) -> None:
    db, copy = filled(connect()), connect()

    exported = db.export(tmp_path / "all.zip")
    report = copy.load(tmp_path / "all.zip")

    assert exported.documents == report.documents == {"flights": 2, "notes": 2, "planes": 1}
    assert (exported.files, report.files, report.renumbered) == (1, 1, ())
    assert everything(copy) == everything(db)
    (file,) = copy.read(lambda ctx: ctx.db.system.query("_storage").collect())
    content = copy.storage.get(file["_id"])
    assert content is not None
    with content:
        assert content.read() == b"hello"
    copy._committer.head.check()
    assert copy.ts == 1


def test_only_the_tables_asked_for_are_exported_and_loaded(connect: Connect, tmp_path: Path) -> None:
    db, copy = filled(connect()), connect()

    assert db.export(tmp_path / "some.zip", ["planes", "notes"]).documents == {"planes": 1, "notes": 2}
    assert copy.load(tmp_path / "some.zip", "notes").documents == {"notes": 2}

    assert stored(copy, "planes") == []
    with pytest.raises(TransferError, match="it holds no table flights"):
        copy.load(tmp_path / "some.zip", "flights")


def test_tables_declared_in_another_order_renumber_the_ids_everywhere(connect: Connect, tmp_path: Path) -> None:
    db, copy = filled(connect()), connect()
    copy.define(flights=FLIGHTS, planes=PLANES, notes=rnb.table())
    db.export(tmp_path / "all.zip")

    report = copy.load(tmp_path / "all.zip")

    assert set(report.renumbered) == {"flights", "planes"}
    (plane,) = copy.read(lambda ctx: ctx.db.query("planes").collect())
    flights = copy.read(lambda ctx: ctx.db.query("flights").collect())
    notes = copy.read(lambda ctx: ctx.db.query("notes").collect())
    assert [flight.get("plane") for flight in flights] == [plane["_id"], None]
    assert notes[1]["a"] == plane["_id"]
    assert notes[1]["b"] == {plane["_id"]: 1}
    (original,) = db.read(lambda ctx: ctx.db.query("planes").collect())
    assert original["_creationTime"] == plane["_creationTime"]


def test_a_declaration_here_is_kept_and_checks_what_comes(connect: Connect, tmp_path: Path) -> None:
    db, copy = filled(connect()), connect()
    copy.define(planes=rnb.table(name=v.number()))
    db.export(tmp_path / "all.zip")

    with pytest.raises(DocumentValidationError) as caught:
        copy.load(tmp_path / "all.zip")

    assert "1 document does not fit; planes/documents.jsonl line 1: $.name is 'A320' (str), expected a number" in str(
        caught.value
    )
    assert stored(copy, "flights") == []
    assert copy._committer.head.tables["planes"].stored.table == rnb.table(name=v.number())


def test_ids_given_out_later_are_new_and_later(connect: Connect, tmp_path: Path) -> None:
    db, copy = filled(connect()), connect()
    db.export(tmp_path / "all.zip")
    copy.load(tmp_path / "all.zip")

    copy.define(more=rnb.table(name=v.string()))
    copy.write(lambda ctx: ctx.db.insert("planes", {"name": "B747"}))

    old, new = copy.read(lambda ctx: ctx.db.query("planes").collect())
    assert (old["name"], new["name"]) == ("A320", "B747")
    assert new["_creationTime"] > old["_creationTime"]


def test_documents_made_after_those_of_the_future_are_later_still(db: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines({"_creationTime": db.now_ms() + 1e6, "name": "A320"}))
    db.load(tmp_path / "a.jsonl", "planes")

    db.write(lambda ctx: ctx.db.insert("planes", {"name": "B747"}))

    assert [plane["name"] for plane in db.read(lambda ctx: ctx.db.query("planes").collect())] == ["A320", "B747"]


@pytest.mark.slow
def test_what_was_loaded_is_there_after_reopening(connect: Connect, tmp_path: Path) -> None:
    db = filled(connect())
    db.export(tmp_path / "all.zip")
    with connect(tmp_path / "copy.duckdb") as copy:
        copy.load(tmp_path / "all.zip")

    with connect(tmp_path / "copy.duckdb") as again:
        assert everything(again) == everything(db)


def test_the_number_of_a_dropped_table_is_not_given_to_one_that_is_loaded(connect: Connect, tmp_path: Path) -> None:
    db, copy = filled(connect()), connect()
    copy.define(other=rnb.table(name=v.string()))
    copy.drop("other")
    db.export(tmp_path / "all.zip")

    report = copy.load(tmp_path / "all.zip")

    assert report.renumbered == ("planes",)
    assert copy._committer.head.numbers["planes"] > 10003


def test_the_declaration_of_a_loaded_table_is_followed_by_live_results(connect: Connect, tmp_path: Path) -> None:
    db, path = two(connect, tmp_path)

    @db.query
    def count(ctx: Any) -> int:
        return int(ctx.db.query("planes").count())

    live = count.live()
    assert live.value == 1

    db.load(path, mode="append")
    db.settle()

    assert live.value == 2


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "ndjson"])
def test_one_table_comes_back_from_a_text_file(connect: Connect, tmp_path: Path, ending: str) -> None:
    db, copy = connect(), connect()
    for each in (db, copy):
        each.define(planes=PLANES, flights=FLIGHTS)
    plane = db.write(lambda ctx: ctx.db.insert("planes", {"name": "A320"}))
    db.write(lambda ctx: ctx.db.insert("flights", {**ROW, "carrier": 'a "b", c\n', "vector": [1, 0.1], "plane": plane}))
    db.write(lambda ctx: ctx.db.insert("flights", {**ROW, "delay": float("-inf"), "seats": 0, "carrier": ""}))

    db.export(tmp_path / f"f.{ending}", "flights")
    report = copy.load(tmp_path / f"f.{ending}", "flights")

    assert report.documents == {"flights": 2}
    assert stored(copy, "flights") == stored(db, "flights")


def test_parquet_keeps_what_sql_has(connect: Connect, tmp_path: Path) -> None:
    db, copy = filled(connect()), connect()
    copy.define(planes=PLANES, flights=FLIGHTS)

    db.export(tmp_path / "f.parquet", tables="flights")
    copy.load(tmp_path / "f.parquet", table="flights")

    def as_floats(db: Engine) -> list[str]:
        flights = db.read(lambda ctx: ctx.db.query("flights").collect())
        return [repr({**flight, "delay": float(flight["delay"])}) for flight in flights]

    assert as_floats(copy) == as_floats(db)


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "zip"])
def test_a_table_without_declaration_comes_back(connect: Connect, tmp_path: Path, ending: str) -> None:
    db, copy = filled(connect()), connect()

    db.export(tmp_path / f"n.{ending}", "notes")
    copy.load(tmp_path / f"n.{ending}", "notes")

    assert copy.read(lambda ctx: ctx.db.query("notes").collect()) == db.read(
        lambda ctx: ctx.db.query("notes").collect()
    )


def test_documents_without_ids_get_new_ones(db: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"n": 1}\n\n{"n": 2}')

    assert db.load(tmp_path / "a.jsonl", "numbers").documents == {"numbers": 2}

    first, second = db.read(lambda ctx: ctx.db.query("numbers").collect())
    assert (first["n"], second["n"]) == (1, 2)
    assert first["_creationTime"] < second["_creationTime"]


def test_the_ids_of_a_new_table_give_its_number(db: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines({"_id": CONVEX_ID, "n": 1}))

    db.load(tmp_path / "a.jsonl", "numbers")

    assert db._committer.head.numbers["numbers"] == 10004


@pytest.mark.parametrize("ending", ["zip", "jsonl", "parquet"])
def test_long_ones_tell_how_far_they_are(
    db: Engine, connect: Connect, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_SHOWN_FROM", 100)
    monkeypatch.setattr(transfer, "_PART", 50)
    db.write(lambda ctx: [ctx.db.insert("planes", {"n": n}) for n in range(501)])
    exported: list[tuple[Any, Any]] = []
    told: list[tuple[Any, Any]] = []

    transfer.export(
        db, tmp_path / f"a.{ending}", "planes", report=lambda done, total, _: exported.append((done, total))
    )
    transfer.load(
        connect(), tmp_path / f"a.{ending}", "planes", report=lambda done, total, _: told.append((done, total))
    )

    assert exported[-1] == (501, 501)
    assert len(told) == 6
    assert told[-1][0] == told[-1][1]
    for each in (exported, told):
        assert sorted(done for done, _ in each) == [done for done, _ in each]


@pytest.mark.parametrize("ending", ["zip", "jsonl", "parquet"])
def test_short_ones_tell_nothing(db: Engine, connect: Connect, tmp_path: Path, ending: str) -> None:
    db.write(lambda ctx: [ctx.db.insert("planes", {"n": n}) for n in range(5)])
    told: list[float] = []

    transfer.export(db, tmp_path / f"a.{ending}", "planes", report=lambda done, *_: told.append(done))
    transfer.load(connect(), tmp_path / f"a.{ending}", "planes", report=lambda done, *_: told.append(done))

    assert told == []
