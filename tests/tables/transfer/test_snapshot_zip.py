"""The snapshot zip: its layout, what Convex itself writes, and zips that are damaged or are none."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import InvalidId, ReactiveError, TransferError
from reactive_nb.values.ids import encode_id
from tests.conftest import Connect
from tests.engine.loading import CONVEX_FILE, CONVEX_ID, everything, filled, lines, zip_of


def test_the_layout_is_that_of_convex(connect: Connect, tmp_path: Path) -> None:
    db = filled(connect())

    db.export(tmp_path / "all.zip")

    with zipfile.ZipFile(tmp_path / "all.zip") as zip:
        names = zip.namelist()
        tables = [json.loads(line) for line in zip.read("_tables/documents.jsonl").splitlines()]
        (file,) = [json.loads(line) for line in zip.read("_storage/documents.jsonl").splitlines()]
        flights = zip.read("flights/documents.jsonl").splitlines()
        assert zip.read("flights/generated_schema.jsonl") == b'"uniform"\n'
        assert zip.read(f"_storage/{file['_id']}.png") == b"hello"
    assert names[0] == "README.md"
    assert {name.partition("/")[0] for name in names[1:]} == {
        *("_tables", "_storage", "_reactive_nb", "flights", "planes", "notes")
    }
    assert tables == [{"name": "planes", "id": 10001}, {"name": "flights", "id": 10002}, {"name": "notes", "id": 10003}]
    assert file["sha256"] == "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
    assert file["size"] == 5
    assert b'"delay":5e0,"seats":1152921504606846976,"at":"2013-01-01T12:00:00.000001+00:00"' in flights[0]


def test_the_same_moment_gives_the_same_bytes(connect: Connect, tmp_path: Path) -> None:
    db = filled(connect())

    db.export(tmp_path / "a.zip")
    db.export(tmp_path / "b.zip")

    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_zip_of_convex_is_loaded_with_its_files(db: Engine, tmp_path: Path) -> None:
    file = {
        "_id": CONVEX_FILE,
        "_creationTime": 1.5,
        "sha256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
        "size": 5,
    }
    zip_of(
        tmp_path / "snapshot.zip",
        {
            "snapshot/README.md": "Welcome",
            "snapshot/_tables/documents.jsonl": lines({"name": "messages", "id": 10004}),
            "snapshot/messages/generated_schema.jsonl": '"uniform"\n',
            "snapshot/messages/documents.jsonl": (
                f'{{"_id":"{CONVEX_ID}","_creationTime":1700000000000.5,"n":5.0,"i":5,"file":"{CONVEX_FILE}"}}\n'
            ),
            "snapshot/_storage/documents.jsonl": lines({**file, "contentType": None, "internalId": "0-0"}),
            f"snapshot/_storage/{CONVEX_FILE}.txt": b"hello",
            "snapshot/_components/aggregate/tree/documents.jsonl": lines({"_id": CONVEX_ID}),
            "snapshot/_scheduled_functions/documents.jsonl": "",
        },
    )

    report = db.load(tmp_path / "snapshot.zip")

    assert (report.documents, report.files) == ({"messages": 1}, 1)
    assert report.skipped == ("the component aggregate", "the system table _scheduled_functions")
    (message,) = db.read(lambda ctx: ctx.db.query("messages").collect())
    assert message["_id"] == CONVEX_ID
    assert message["_creationTime"] == 1700000000000.5
    assert (type(message["n"]), type(message["i"])) == (float, int)
    # `_storage` has another number here, so ids of files are renumbered, wherever they stand.
    assert report.renumbered == ("_storage",)
    assert db.storage.get_metadata(message["file"]) == {
        "storageId": encode_id(4, bytes(16)),
        "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "size": 5,
        "contentType": None,
    }


def test_an_earlier_zip_of_convex_needs_declarations_for_ints_and_bytes(db: Engine, tmp_path: Path) -> None:
    path = zip_of(
        tmp_path / "old.zip",
        {
            "counts/generated_schema.jsonl": json.dumps('{"_creationTime": normalfloat64, "_id": "..", "n": int64}')
            + "\n",
            "counts/documents.jsonl": lines({"_id": CONVEX_ID, "_creationTime": 1.0, "n": "5"}),
        },
    )

    with pytest.raises(ReactiveError, match="the table is not declared here"):
        db.load(path)
    db.define(counts=rnb.table(n=v.int64()))
    db.load(path)

    assert [each["n"] for each in db.read(lambda ctx: ctx.db.query("counts").collect())] == [5]


def test_a_zip_that_holds_a_table_twice_is_refused(db: Engine, tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"a/t/documents.jsonl": "", "b/t/documents.jsonl": ""})

    with pytest.raises(
        TransferError, match=r"it holds the table t twice, as a/t/documents.jsonl and b/t/documents.jsonl"
    ):
        db.load(path)


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"hello.txt": "hello"}, r"it holds no <table>/documents\.jsonl"),
        (
            {"t/documents.jsonl": "", "_tables/documents.jsonl": "{}"},
            "line 1 is not the name and the number of a table",
        ),
        (
            {"t/documents.jsonl": "", "_reactive_nb/tables.jsonl": "{}"},
            "line 1 is no declaration that this version reads",
        ),
        (
            {"t/documents.jsonl": "", "t/generated_schema.jsonl": "{}"},
            "generated_schema.jsonl does not begin with a text",
        ),
    ],
)
def test_a_zip_that_is_no_snapshot_is_refused(
    db: Engine, tmp_path: Path, parts: dict[str, str | bytes], says: str
) -> None:
    with pytest.raises(TransferError, match=says):
        db.load(zip_of(tmp_path / "a.zip", parts))


def test_two_tables_with_one_number_are_refused(db: Engine, tmp_path: Path) -> None:
    one, other = encode_id(10004, bytes(16)), encode_id(10004, bytes(15) + b"x")
    path = zip_of(
        tmp_path / "a.zip", {"a/documents.jsonl": lines({"_id": one}), "b/documents.jsonl": lines({"_id": other})}
    )

    with pytest.raises(TransferError, match="the ids of b are those of a, both with the number 10004"):
        db.load(path)


def test_a_document_of_another_table_in_a_zip_is_refused(db: Engine, tmp_path: Path) -> None:
    path = zip_of(
        tmp_path / "a.zip",
        {"numbers/documents.jsonl": lines({"_id": CONVEX_ID}, {"_id": encode_id(10005, bytes(16))})},
    )

    with pytest.raises(InvalidId, match=r"numbers/documents.jsonl line 2: its _id .* of a table with the number 10005"):
        db.load(path)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.99])
def test_a_zip_that_was_cut_off_is_refused(connect: Connect, tmp_path: Path, cut: float) -> None:
    db, copy = filled(connect()), connect()
    db.export(tmp_path / "all.zip")
    data = (tmp_path / "all.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[: int(len(data) * cut)])

    with pytest.raises(TransferError, match="not a zip file"):
        copy.load(tmp_path / "cut.zip")


def test_a_damaged_part_is_named(connect: Connect, tmp_path: Path) -> None:
    db, copy = filled(connect()), connect()
    db.export(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as zip:
        info = zip.getinfo("flights/documents.jsonl")
    data = bytearray((tmp_path / "all.zip").read_bytes())
    place = info.header_offset + 30 + len(info.filename) + 60
    data[place : place + 8] = bytes(8)
    (tmp_path / "all.zip").write_bytes(data)

    with pytest.raises(TransferError, match=r"flights/documents.jsonl in it cannot be read"):
        copy.load(tmp_path / "all.zip")

    assert everything(copy) == {}


@pytest.mark.parametrize("name", ["..", "a b", "é", "1a", "a.b", "x" * 65])
def test_a_name_that_no_table_has_is_refused(db: Engine, tmp_path: Path, name: str) -> None:
    path = zip_of(tmp_path / "a.zip", {f"{name}/documents.jsonl": lines({"n": 1})})

    with pytest.raises(TransferError, match=f"{re.escape(name)}/documents.jsonl in it: '{re.escape(name)}' is not a"):
        db.load(path)

    assert db.ts == 0


def test_nothing_is_written_where_a_path_in_a_zip_leads(db: Engine, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = zip_of(tmp_path / "in" / "a.zip", {"../../up/documents.jsonl": lines({"n": 1}), "/t/documents.jsonl": ""})

    assert db.load(path).documents == {"up": 1, "t": 0}

    assert sorted(each.name for each in tmp_path.rglob("*")) == ["a.zip", "in"]


def test_a_zip_of_ours_without_the_documents_of_a_table_is_refused(connect: Connect, tmp_path: Path) -> None:
    db, copy = filled(connect()), filled(connect())
    db.export(tmp_path / "all.zip")
    without = tmp_path / "without.zip"
    with zipfile.ZipFile(tmp_path / "all.zip") as zip:
        zip_of(without, {each: zip.read(each) for each in zip.namelist() if each != "flights/documents.jsonl"})

    with pytest.raises(TransferError, match=r"it declares the table flights and holds no flights/documents\.jsonl"):
        copy.load(without, mode="replace")

    assert everything(copy) == everything(db)
    assert connect().load(without, "planes").documents == {"planes": 1}


def test_a_table_that_is_listed_and_has_no_documents_is_told(db: Engine, tmp_path: Path) -> None:
    listed = lines({"name": "t", "id": 10001}, {"name": "u", "id": 10002})
    path = zip_of(tmp_path / "a.zip", {"_tables/documents.jsonl": listed, "t/documents.jsonl": lines({"n": 1})})

    assert db.load(path).skipped == ("the table u, of which there are no documents in it",)


@pytest.mark.parametrize("number", [0, -1, 2**32, 10**20, True, 1.5])
def test_a_number_that_no_table_has_is_refused(db: Engine, tmp_path: Path, number: object) -> None:
    path = zip_of(
        tmp_path / "a.zip",
        {"_tables/documents.jsonl": json.dumps({"name": "t", "id": number}), "t/documents.jsonl": ""},
    )

    with pytest.raises(TransferError, match="line 1 is not the name and the number of a table"):
        db.load(path)


def test_a_stored_file_larger_than_its_document_says_is_not_read(
    db: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = {"_id": CONVEX_FILE, "_creationTime": 1.5, "sha256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="}
    path = zip_of(
        tmp_path / "a.zip",
        {"_storage/documents.jsonl": lines({**file, "size": 5}), f"_storage/{CONVEX_FILE}": bytes(100_000)},
    )
    monkeypatch.setattr(db.files, "put", None)

    with pytest.raises(InvalidId, match=f"the file {CONVEX_FILE} has 100,000 bytes, its document says 5"):
        db.load(path)
