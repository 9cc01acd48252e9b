"""A table as a whole: frames in, in one commit or not at all, and out again."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import table_handle
from reactive_nb.engine.engine import Engine
from reactive_nb.engine.recording import recording
from reactive_nb.errors import (
    ConflictError,
    DatabaseClosed,
    DocumentValidationError,
    InvalidValue,
    NestedCallError,
    ReservedName,
    SchemaError,
    UniqueViolation,
    UnknownTable,
)
from tests.conftest import Connect

TEN = datetime(2013, 1, 1, 10, tzinfo=UTC)

FLIGHTS = rnb.table(carrier=v.string(), origin=v.string(), delay=v.optional(v.number()), at=v.datetime()).index(
    "by_origin", "origin", "at"
)

FRAME = pd.DataFrame(
    {
        "carrier": ["UA", "AA", "UA"],
        "origin": ["EWR", "JFK", "EWR"],
        "delay": [2.0, None, 33.0],
        "at": pd.to_datetime(["2013-01-01 10:00", "2013-01-01 11:00", "2013-01-02 10:00"], utc=True),
    }
)


def documents(db: Engine, table: str = "flights") -> list[dict[str, Any]]:
    """All documents in order of creation, without their system fields."""
    found = db.read(lambda ctx: ctx.db.query(table).collect())
    return [{name: value for name, value in each.items() if not name.startswith("_")} for each in found]


def test_a_frame_becomes_documents_in_one_commit(db: Engine) -> None:
    db.define(flights=FLIGHTS)
    before = db.ts

    assert db.table("flights").insert(FRAME) == 3

    assert db.ts == before + 1
    assert documents(db) == [
        {"carrier": "UA", "origin": "EWR", "delay": 2.0, "at": TEN},
        {"carrier": "AA", "origin": "JFK", "at": TEN.replace(hour=11)},
        {"carrier": "UA", "origin": "EWR", "delay": 33.0, "at": TEN.replace(day=2)},
    ]
    db._committer.head.check()
    assert db.commits(1)[0].function == "insert"


def test_rows_and_an_undeclared_table(db: Engine) -> None:
    assert db.table("notes").insert([{"body": "a", "n": 1}, {"body": None}, {"tags": ["x"]}]) == 3

    assert documents(db, "notes") == [{"body": "a", "n": 1}, {}, {"tags": ["x"]}]


def test_an_empty_frame_inserts_nothing(db: Engine) -> None:
    db.define(flights=FLIGHTS)
    before = db.ts

    assert db.table("flights").insert(FRAME.iloc[:0]) == 0
    assert db.table("flights").insert([]) == 0

    assert db.ts == before


def test_live_results_follow(db: Engine) -> None:
    db.define(flights=FLIGHTS)

    @db.query
    def of_origin(ctx: Any, origin: str) -> int:
        return int(ctx.db.query("flights").with_index("by_origin", origin=origin).count())

    live = of_origin.live(origin="EWR")
    db.table("flights").insert(FRAME)
    db.settle()

    assert live.value == 2


# ------------------------------------------------------------------ what does not fit


def bad_frame() -> pd.DataFrame:
    frame = FRAME.copy()
    frame["carrier"] = frame["carrier"].astype(object)
    frame.loc[0, "carrier"] = 7
    frame.loc[2, "at"] = pd.NaT
    return frame


def test_rows_that_do_not_fit_are_named_and_nothing_is_written(db: Engine) -> None:
    db.define(flights=FLIGHTS)
    before = db.ts

    with pytest.raises(DocumentValidationError) as caught:
        db.table("flights").insert(bad_frame())

    assert str(caught.value) == (
        "Cannot insert into flights: 2 of 3 rows do not fit; row 0: carrier is 7 (int), expected a string; "
        "row 2: at is missing, expected a datetime. Expected rows that the table accepts. "
        'Pass a str; or leave the rows out with on_error="skip". Nothing was inserted.'
    )
    assert [row for row, _ in caught.value.rows] == [0, 2]  # type: ignore[attr-defined]
    assert caught.value.path == "$.carrier"
    assert db.ts == before
    assert documents(db) == []


def test_rows_that_do_not_fit_can_be_skipped(db: Engine) -> None:
    db.define(flights=FLIGHTS)

    report = db.table("flights").insert(bad_frame(), on_error="skip")

    assert report.inserted == 1
    assert [row for row, _ in report.skipped] == [0, 2]
    assert repr(report).splitlines() == [
        "<1 inserted, 2 skipped>",
        "row 0: carrier is 7 (int), expected a string",
        "row 2: at is missing, expected a datetime",
    ]
    assert [each["carrier"] for each in documents(db)] == ["AA"]
    db._committer.head.check()


def test_ten_rows_are_named(db: Engine) -> None:
    db.define(notes=rnb.table(body=v.string()))

    with pytest.raises(DocumentValidationError, match=r"row 9: body is 9 .*; and 990 more\."):
        db.table("notes").insert([{"body": n} for n in range(1000)])


def test_rows_are_numbered_through_all_parts(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_handle, "_PART", 3)
    db.define(notes=rnb.table(body=v.string()).index("by_body", "body", unique=True))
    bodies: list[Any] = [*"abcdefghij"]
    bodies[4], bodies[8] = 4, "f"

    report = db.table("notes").insert(pd.DataFrame({"body": bodies}), on_error="skip")

    assert repr(report) == (
        "<8 inserted, 2 skipped>\n"
        "row 4: body is 4 (int), expected a string\n"
        "row 8: the unique index notes.by_body already holds body = 'f' (str) in row 5, "
        "expected values that no other document of the table has"
    )
    assert [each["body"] for each in documents(db, "notes")] == [*"abcdfghj"]
    db._committer.head.check()


def test_a_unique_index_refuses_what_is_stored(db: Engine) -> None:
    db.define(users=rnb.table(email=v.optional(v.string()), n=v.int64()).index("by_email", "email", unique=True))
    id = db.write(lambda ctx: ctx.db.insert("users", {"email": "a@b", "n": 0}))

    with pytest.raises(UniqueViolation, match=rf"row 1: .* email = 'a@b' \(str\) in document {id}") as caught:
        db.table("users").insert(pd.DataFrame({"email": ["c@d", "a@b", None, None], "n": [1, 2, 3, 4]}))

    assert caught.value.existing == id
    assert db.table("users").insert(pd.DataFrame({"email": [None, None], "n": [3, 4]})) == 2


def test_a_unique_index_sees_a_commit_that_comes_meanwhile(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    db.define(users=rnb.table(email=v.string()).index("by_email", "email", unique=True))
    real = table_handle.Intake.take
    others = ["a@b"]

    def take(self: Any, *args: Any) -> None:
        real(self, *args)
        if others:
            other = others.pop()
            db.write(lambda ctx: ctx.db.insert("users", {"email": other}))

    monkeypatch.setattr(table_handle.Intake, "take", take)

    with pytest.raises(UniqueViolation):
        db.table("users").insert([{"email": "a@b"}])

    assert db.table("users").count() == 1


@pytest.mark.parametrize(
    ("frame", "error", "message"),
    [
        (FRAME.drop(columns="at"), DocumentValidationError, "the frame has no column at"),
        (FRAME.assign(x=1, y=2), DocumentValidationError, r"has the columns x, y\. Expected only carrier, origin"),
        (FRAME.assign(_id="x"), ReservedName, r"brings its own _id.*frame.drop\(columns='_id'\)"),
        (5, InvalidValue, "5 .int. was given"),
        ({"carrier": "UA"}, InvalidValue, "Pass a list of them"),
        (FRAME["carrier"], InvalidValue, "Make a frame of it"),
        (FRAME.rename(columns={"at": 3}), InvalidValue, "the column 3 is called 3"),
        (FRAME.rename(columns={"at": "origin"}), InvalidValue, "two columns are called 'origin'"),
        ([{"carrier": "UA"}, 5], DocumentValidationError, "row 0: origin is missing.*; row 1: it is 5"),
    ],
)
def test_what_is_no_frame_of_the_table_is_refused(db: Engine, frame: Any, error: Any, message: str) -> None:
    db.define(flights=FLIGHTS)

    with pytest.raises(error, match=message):
        db.table("flights").insert(frame)

    assert documents(db) == []


def test_a_misspelt_field_of_a_row_is_an_error_of_that_row(db: Engine) -> None:
    db.define(notes=rnb.table(body=v.string()))

    report = db.table("notes").insert([{"body": "a"}, {"body": "b", "boddy": 1}], on_error="skip")

    assert [(row, error.thing) for row, error in report.skipped] == [(1, "'boddy' (str) is not a declared field")]


def test_a_document_of_more_than_a_mebibyte_is_an_error_of_its_row(db: Engine) -> None:
    report = db.table("notes").insert([{"body": "a"}, {"body": "x" * (1 << 20)}], on_error="skip")

    assert report.inserted == 1
    assert [(row, type(error)) for row, error in report.skipped] == [(1, InvalidValue)]


def test_where_it_cannot_be_called(db: Engine) -> None:
    @db.mutation
    def nested(ctx: Any) -> None:
        db.table("notes").insert([{"n": 1}])

    with pytest.raises(NestedCallError, match=r'ctx\.db\.insert\("notes", \.\.\.\) for each row'):
        nested()
    with pytest.raises(SchemaError):
        db.table("_tables")
    with pytest.raises(UnknownTable, match=r"Declare it with db\.define\(notes="):
        db.table("notes").df()
    table = db.table("notes")
    db.close()
    with pytest.raises(DatabaseClosed):
        table.insert([{"n": 1}])


def test_an_interrupted_insert_has_written_nothing(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    reports: list[tuple[float, float | None]] = []

    def report(done: float, total: float | None, text: str) -> None:
        reports.append((done, total))
        if done >= 6:
            raise KeyboardInterrupt  # as Ctrl-C does between any two steps

    monkeypatch.setattr(table_handle, "_PART", 3)
    monkeypatch.setattr(table_handle, "_SHOWN_FROM", 5)
    monkeypatch.setattr(db._surface, "progress", lambda title: report)
    db.define(notes=rnb.table(n=v.int64()))
    before = db.ts

    with pytest.raises(KeyboardInterrupt):
        db.table("notes").insert(pd.DataFrame({"n": range(9)}))

    assert reports == [(3, 9), (6, 9)]
    assert db.ts == before
    assert db.table("notes").insert(pd.DataFrame({"n": range(4)})) == 4  # too few for a bar


# ------------------------------------------------------------------ out again


def test_a_table_as_a_frame(db: Engine) -> None:
    db.define(flights=FLIGHTS)
    db.table("flights").insert(FRAME)

    frame = db.table("flights").df()

    assert list(frame.columns) == ["_id", "_creationTime", "carrier", "origin", "delay", "at"]
    assert frame["_creationTime"].is_monotonic_increasing
    pd.testing.assert_frame_equal(frame[list(FRAME.columns)], FRAME, check_dtype=False)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "_id": "str",
        "_creationTime": "float64",
        "carrier": "str",
        "origin": "str",
        "delay": "float64",
        "at": "datetime64[us, UTC]",
    }
    assert frame.equals(db.table("flights").df())
    assert db.table("flights").insert(frame.drop(columns=["_id", "_creationTime"])) == 3
    assert db.table("flights").count() == 6


def test_a_cell_that_reads_a_table_can_run_again_when_it_changes(db: Engine) -> None:
    db.define(flights=FLIGHTS)
    with recording() as calls:
        db.table("flights").df()
        db.table("flights").count()

    documents, count = [db.live(call.function, call.args) for call in calls]
    assert (documents.value, count.value) == ([], 0)
    db.table("flights").insert(FRAME)
    db.settle()

    assert (len(documents.value), count.value) == (3, 3)


def test_whoever_reads_a_table_whole_has_read_all_of_it(db: Engine) -> None:
    db.define(flights=FLIGHTS)

    def read_and_write() -> None:
        with db.transaction() as tx:
            table_handle._whole(tx, "flights", "")
            db.table("flights").insert(FRAME)
            tx.db.insert("notes", {"n": 1})

    with pytest.raises(ConflictError, match="changed flights"):
        read_and_write()


def test_an_insert_leaves_the_garbage_collector_as_it_was(db: Engine) -> None:
    assert gc.isenabled()
    db.table("notes").insert([{"n": 1}])
    assert gc.isenabled()

    gc.disable()
    try:
        with pytest.raises(InvalidValue):
            db.table("notes").insert([{"n": {1}}])
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_an_insert_conflicts_with_another_declaration_only(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    db.define(flights=FLIGHTS)
    real = table_handle.Intake.take
    others: list[Callable[[], Any]] = [
        lambda: db.define(flights=rnb.table(carrier=v.string())),
        lambda: db.write(lambda ctx: ctx.db.insert("flights", {"carrier": "DL", "origin": "JFK", "at": TEN})),
    ]
    tries = []

    def take(self: Any, *args: Any) -> None:
        tries.append(len(others))
        real(self, *args)
        if others:
            others.pop()()

    monkeypatch.setattr(table_handle.Intake, "take", take)
    db.table("flights").insert(FRAME)
    assert tries == [2]

    db.write(lambda ctx: [ctx.db.delete(each["_id"]) for each in ctx.db.query("flights").collect()])
    with pytest.raises(DocumentValidationError, match="has the columns origin, delay, at"):
        db.table("flights").insert(FRAME)
    assert tries == [2, 1, 0]


def test_it_says_what_it_is(db: Engine, connect: Connect) -> None:
    db.define(flights=FLIGHTS)
    db.table("flights").insert(FRAME)
    db.table("notes").insert([{"n": 1}])

    assert repr(db.table("flights")) == (
        "<table flights: 3 documents, fields carrier, origin, delay, at, indexes by_origin>"
    )
    assert repr(db.table("notes")) == "<table notes: 1 document, any fields>"
    assert repr(db.table("none")) == "<table none, not declared>"


def test_it_survives_in_a_file(connect: Connect, tmp_path: Any) -> None:
    path = tmp_path / "x.duckdb"
    with connect(path) as db:
        db.define(flights=FLIGHTS)
        db.table("flights").insert(FRAME)
        before = db.table("flights").df()

    db = connect(path)

    assert db.table("flights").df().equals(before)
    db._committer.head.check()


def test_a_nan_of_a_required_number_stays(db: Engine) -> None:
    db.define(t=rnb.table(n=v.number()))

    db.table("t").insert(pd.DataFrame({"n": [1.0, None]}))

    assert math.isnan(documents(db, "t")[1]["n"])


# ------------------------------------------------------------------ declarations from frames


def test_a_query_is_inserted_with_its_lists(db: Engine) -> None:
    db.define(notes=rnb.table(tags=v.array(v.string()), where=v.array(v.number()), vector=v.vector(2)))
    db.table("notes").insert([{"tags": ["a", "b"], "where": [0.1, 2], "vector": [0.5, 1.5]}])

    assert db.table("notes").insert(db.sql('select tags, "where", vector from notes')) == 1

    first, second = documents(db, "notes")
    assert repr(first) == repr(second | {"where": [0.1, 2]})


def test_what_no_table_takes_is_not_proposed(db: Engine) -> None:
    with pytest.raises(InvalidValue) as caught:
        db.define_from(pd.DataFrame({"n": [1, 2], "at": pd.to_datetime(["2026-01-01", None])}), "notes")

    assert str(caught.value) == (
        "Cannot propose a declaration of notes: 1 of 2 rows do not fit; row 0: at is Timestamp('2026-01-01 00:00:00') "
        "(Timestamp), which has no time zone, expected a datetime with a time zone. Expected rows that a table can hold. "
        "Say which with value.replace(tzinfo=...), or for a data frame's column with .dt.tz_localize(...)."
    )


def test_a_declaration_is_proposed(db: Engine) -> None:
    proposed = db.define_from(FRAME, "flights", ["carrier", ("origin", "at")])

    assert repr(proposed) == (
        "db.define(\n"
        "    flights=rnb.table(\n"
        "        carrier=v.string(),\n"
        "        origin=v.string(),\n"
        "        delay=v.optional(v.number()),\n"
        "        at=v.datetime(),\n"
        "    )\n"
        '    .index("by_carrier", "carrier")\n'
        '    .index("by_origin_and_at", "origin", "at")\n'
        ")"
    )
    db.define(flights=proposed)
    assert db.table("flights").insert(FRAME) == 3
    assert repr(eval(repr(proposed), {"db": db, "rnb": rnb, "v": v})) == "nothing changed"
    assert db.table("flights").count() == 3
