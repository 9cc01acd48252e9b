"""`db.export` and `db.load`: one moment into a file, and a file into one commit or nothing."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.documents.document import decode_document
from reactive_nb.engine import Engine, transfer
from reactive_nb.errors import (
    ConflictError,
    DocumentValidationError,
    InvalidId,
    InvalidValue,
    NestedCallError,
    ReactiveError,
    TransferError,
    UniqueViolation,
    UnknownTable,
)
from reactive_nb.schema.declaration import Table
from reactive_nb.tables.transfer import arrivals
from reactive_nb.tables.transfer.snapshot_zip import SnapshotWriter
from reactive_nb.values.ids import encode_id
from tests.conftest import Connect
from tests.strategies import documents, values

NOON = datetime(2013, 1, 1, 12, 0, 0, 1, tzinfo=UTC)
FLIGHTS = (
    rnb.table(
        carrier=v.string(),
        delay=v.optional(v.number()),
        seats=v.int64(),
        at=v.datetime(),
        vector=v.optional(v.vector(2)),
        plane=v.optional(v.id("planes")),
        more=v.optional(v.any()),
    )
    .index("by_carrier", "carrier", "at")
    .search_index("search_carrier", "carrier")
)
PLANES = rnb.table(name=v.string()).index("by_name", "name", unique=True)
ROW = {"carrier": "UA", "delay": 5, "seats": 2**60, "at": NOON}


def filled(db: Engine) -> Engine:
    """A database with all kinds of values, ids of another table, a table without declaration, and a stored file."""
    db.define(planes=PLANES, flights=FLIGHTS)

    def fill(ctx: Any) -> None:
        plane = ctx.db.insert("planes", {"name": "A320"})
        more = {"b": b"x", "at": NOON, "nan": float("nan"), "int": 3, "float": 3.0, "large": 2**60, "null": None}
        ctx.db.insert("flights", {**ROW, "vector": [1, 0.1], "plane": plane, "more": more})
        ctx.db.insert("flights", {"carrier": "AA", "delay": 5.0, "seats": 1, "at": datetime(1, 1, 1, tzinfo=UTC)})
        ctx.db.insert("notes", {"b": [1, 2.0], "a": None})
        ctx.db.insert("notes", {"a": plane, "b": {plane: 1}})
        ctx.storage.store(b"hello", content_type="image/png")

    db.write(fill)
    return db


def stored(db: Engine, table: str) -> list[bytes]:
    """The encoded documents of a table."""
    state = db._committer.head.tables.get(table)
    return [] if state is None else [data for data, _ in state.documents()]


def everything(db: Engine) -> dict[str, Any]:
    """All that a snapshot keeps."""
    tables = db._committer.head.tables
    return {
        name: (tables[name].stored, stored(db, name))
        for name in tables
        if not name.startswith("_") or name == "_storage"
    }


# ------------------------------------------------------------------ the snapshot


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


# ------------------------------------------------------------------ what Convex itself writes


def zip_of(path: Path, parts: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as zip:
        for name, content in parts.items():
            zip.writestr(name, content)
    return path


def lines(*documents: dict[str, Any]) -> str:
    return "".join(json.dumps(document) + "\n" for document in documents)


CONVEX_ID = encode_id(10004, bytes(16))
CONVEX_FILE = encode_id(10500, bytes(16))


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


# ------------------------------------------------------------------ modes


def two(connect: Connect, tmp_path: Path) -> tuple[Engine, Path]:
    """A database with documents of its own, and a snapshot of another one."""
    other = connect()
    other.define(planes=PLANES)
    other.write(lambda ctx: ctx.db.insert("planes", {"name": "A320"}))
    other.export(tmp_path / "planes.zip")
    mine = connect()
    mine.define(planes=PLANES, flights=FLIGHTS)

    def fill(ctx: Any) -> None:
        ctx.db.insert("planes", {"name": "B747"})
        ctx.db.insert("flights", ROW)
        ctx.storage.store(b"mine")

    mine.write(fill)
    return mine, tmp_path / "planes.zip"


def names(db: Engine) -> list[str]:
    return sorted(plane["name"] for plane in db.read(lambda ctx: ctx.db.query("planes").collect()))


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


# ------------------------------------------------------------------ one table


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


# ------------------------------------------------------------------ bad input: an error that says where, nothing loaded


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


def test_a_document_of_another_table_in_a_zip_is_refused(db: Engine, tmp_path: Path) -> None:
    path = zip_of(
        tmp_path / "a.zip",
        {"numbers/documents.jsonl": lines({"_id": CONVEX_ID}, {"_id": encode_id(10005, bytes(16))})},
    )

    with pytest.raises(InvalidId, match=r"numbers/documents.jsonl line 2: its _id .* of a table with the number 10005"):
        db.load(path)


def test_unique_values_are_asked_for_within_a_file_too(db: Engine, tmp_path: Path) -> None:
    db.define(planes=PLANES)
    (tmp_path / "a.jsonl").write_text(lines({"name": "A320"}, {"name": "B747"}, {"name": "A320"}))

    with pytest.raises(
        UniqueViolation, match=r"line 3: the unique index planes.by_name holds its name already, in line 1"
    ):
        db.load(tmp_path / "a.jsonl", "planes")


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
    with pytest.raises(ReactiveError, match=f"the bytes of the file {CONVEX_FILE} are 5 with the SHA-256 d3751d33"):
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


def test_a_load_inside_a_function_is_refused(db: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}")

    with pytest.raises(NestedCallError):
        db.write(lambda ctx: db.load(tmp_path / "a.jsonl", "t"))


# ------------------------------------------------------------------ interrupted, overtaken


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


# ------------------------------------------------------------------ any documents


FIELDS = {
    "any": (v.any(), values()),
    "number": (v.number(), st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats())),
    "int": (v.int64(), st.integers(-(2**63), 2**63 - 1)),
    "text": (v.string(), st.text(max_size=5)),
    "flag": (v.boolean(), st.booleans()),
    "bytes": (v.bytes(), st.binary(max_size=5)),
    "at": (v.datetime(), st.datetimes(timezones=st.just(UTC))),
    "vector": (v.vector(2), st.lists(st.floats(-1e9, 1e9, width=32), min_size=2, max_size=2)),
    "either": (v.union(v.datetime(), v.string(), v.int64()), st.one_of(st.datetimes(timezones=st.just(UTC)), st.text(max_size=3), st.integers(0, 3))),
    "null": (v.nullable(v.int64()), st.one_of(st.none(), st.integers(0, 3))),
    "items": (v.array(v.number()), st.lists(st.one_of(st.integers(0, 3), st.floats()), max_size=3)),
    "record": (v.record(v.string(), v.datetime()), st.dictionaries(st.sampled_from(["a", "b"]), st.datetimes(timezones=st.just(UTC)), max_size=2)),
    "nested": (v.object(at=v.optional(v.datetime()), n=v.int64()), st.fixed_dictionaries({"n": st.integers(0, 3)}, optional={"at": st.datetimes(timezones=st.just(UTC))})),
}  # fmt: skip


@st.composite
def tables_with_documents(draw: st.DrawFn) -> tuple[Table, list[dict[str, Any]]]:
    chosen = draw(st.lists(st.sampled_from([*FIELDS]), unique=True, min_size=1, max_size=5))
    optional = draw(st.sets(st.sampled_from(chosen)))
    table = rnb.table(**{name: v.optional(FIELDS[name][0]) if name in optional else FIELDS[name][0] for name in chosen})
    fields = {name: FIELDS[name][1] for name in chosen}
    document = st.fixed_dictionaries(
        {name: value for name, value in fields.items() if name not in optional},
        optional={name: value for name, value in fields.items() if name in optional},
    )
    return table.index("by_first", chosen[0]), draw(st.lists(document, max_size=4))


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.one_of(tables_with_documents(), st.tuples(st.just(Table(None)), st.lists(documents(), max_size=4))), st.data()
)
def test_any_documents_of_any_table_come_back(
    tmp_path: Path, case: tuple[Table, list[dict[str, Any]]], data: st.DataObject
) -> None:
    table, rows = case
    with rnb.connect() as db, rnb.connect() as copy, rnb.connect() as plain:
        db.define(things=table)
        plain.define(things=table)

        def fill(ctx: Any) -> None:
            for row in rows:
                ctx.db.insert("things", row)

        try:
            db.write(fill)
        except InvalidValue:
            return  # a value too deep, or a name that no field has
        db.export(tmp_path / "a.zip")
        db.export(tmp_path / "a.jsonl")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(arrivals, "_ALIKE", data.draw(st.sampled_from([1, 2, 64])))
            copy.load(tmp_path / "a.zip")
            plain.load(tmp_path / "a.jsonl", "things")

        assert everything(copy) == everything(db)
        assert stored(plain, "things") == stored(db, "things")
        plain._committer.head.check()


def test_what_is_stored_is_compared_as_it_is(db: Engine) -> None:
    """The comparison of this file sees an int beside its float."""
    db.define(numbers=rnb.table(n=v.number()))
    db.write(lambda ctx: [ctx.db.insert("numbers", {"n": n}) for n in (1, 1.0)])

    first, second = [decode_document(data)["n"] for data in stored(db, "numbers")]

    assert {type(first), type(second)} == {int, float}
