"""The live table's kernel side: what it answers about columns of ids, and what it refuses to make."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import EditConflict, QueryUsageError, ReactiveError
from reactive_nb.functions.function import Function
from reactive_nb.notebook.live import Live
from reactive_nb.notebook.page.channel import channel


@pytest.fixture
def db() -> Iterator[Engine]:
    with rnb.connect() as engine:
        engine.define(
            planes=rnb.table(tail=v.string()), flights=rnb.table(plane=v.optional(v.id("planes")), delay=v.number())
        )

        def fill(ctx: Any) -> None:
            plane = ctx.db.insert("planes", {"tail": "N101"})
            ctx.db.insert("planes", {"tail": "N202"})
            ctx.db.insert("flights", {"plane": plane, "delay": 3})

        engine.write(fill, "fill")
        yield engine


@pytest.fixture
def set_field(db: Engine) -> Function:
    @db.mutation
    def set_field(ctx: Any, id: str, field: str, value: Any) -> None:
        ctx.db.patch(id, {field: value})

    return set_field  # type: ignore[no-any-return]


@pytest.fixture
def board(db: Engine) -> Live:
    @db.query
    def flights(ctx: Any) -> Any:
        return ctx.db.query("flights").collect()

    return flights.live()  # type: ignore[no-any-return]


def test_documents_are_found_for_an_editable_column_of_ids(board: Live, set_field: Function) -> None:
    table = board.table(editable=["plane", "delay"], on_edit=set_field)

    found = table.answer("pick", {"field": "plane", "text": "n2"})

    assert [option["label"] for option in found["options"]] == ["N202"]
    assert found["more"] is False


def test_an_edit_of_a_row_that_has_left_the_result_is_made_on_its_document(db: Engine, set_field: Function) -> None:
    @db.query
    def late(ctx: Any) -> Any:
        return [each for each in ctx.db.query("flights") if each["delay"] > 2]

    board = late.live()
    table = board.table(editable=["delay"], on_edit=set_field)
    (row,) = board.value
    edit = {"key": row["_id"], "column": "delay", "raw": {"text": "5"}}
    table.answer("raw", edit)

    set_field(row["_id"], "delay", 1)
    db.settle()
    channel().hub.flush()
    with pytest.raises(EditConflict):
        table.answer("edit", edit | {"base": 3})
    answered = table.answer("edit", edit | {"base": 1})

    db.settle()

    assert (answered["ts"], board.value[0]["delay"]) == (db.ts, 5)


def test_pages_are_told_of_an_edit_that_leaves_what_they_show(db: Engine, board: Live) -> None:
    @db.mutation
    def clamp(ctx: Any, id: str, field: str, value: Any) -> None:
        ctx.db.patch(id, {field: min(value, 3)})
        ctx.db.insert("planes", {"tail": "log"})

    table = board.table(editable=["delay"], on_edit=clamp)
    before = board.value
    (row,) = before

    answered = table.answer("edit", {"key": row["_id"], "column": "delay", "raw": {"text": "5"}, "base": 3})
    channel().hub.flush()

    assert (table.current()["ts"], board.value) == (answered["ts"], before)
    assert table.current()["ts"] == db.ts


def test_an_edit_is_answered_when_the_rows_of_its_commit_are_known(
    db: Engine, board: Live, set_field: Function
) -> None:
    table = board.table(editable=["delay"], on_edit=set_field)
    (row,) = board.value

    answered = table.answer("edit", {"key": row["_id"], "column": "delay", "raw": {"text": "5"}, "base": 3})
    channel().hub.flush()

    shown = table.current()
    assert (shown["ts"], shown["rows"][0][1]["delay"]) == (answered["ts"], 5)


def test_an_edit_whose_database_is_closed_at_once_is_no_refusal(
    db: Engine, board: Live, set_field: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = board.table(editable=["delay"], on_edit=set_field)
    (row,) = board.value
    write = db.write

    def close_after(body: Any, name: str) -> Any:
        result = write(body, name)
        db.close()
        return result

    monkeypatch.setattr(db, "write", close_after)
    answered = table.answer("edit", {"key": row["_id"], "column": "delay", "raw": {"text": "5"}, "base": 3})

    assert (answered["ts"], board.state) == (db.ts, "closed")


@pytest.mark.parametrize(("editable", "field"), [(["plane", "delay"], "delay"), (["delay"], "plane")])
def test_documents_are_found_for_no_other_column(
    board: Live, set_field: Function, editable: list[str], field: str
) -> None:
    table = board.table(editable=editable, on_edit=set_field)
    with pytest.raises(ReactiveError, match="Cannot find documents in <table of flights"):
        table.answer("pick", {"field": field, "text": ""})


def test_a_table_whose_rows_another_column_names_is_not_editable(board: Live, set_field: Function) -> None:
    with pytest.raises(QueryUsageError) as refused:
        board.table(key="delay", editable=["plane"], on_edit=set_field)

    assert refused.value.thing == "its rows are named by 'delay'"
    assert "_id" in refused.value.expected
    assert refused.value.hint == "Leave key out, or editable and on_edit"


@pytest.mark.parametrize(
    ("method", "params", "what", "thing"),
    [
        ("edit", {"key": "k", "column": "delay", "raw": {}, "base": 1}, "change a cell", "the table is not editable"),
        ("raw", {"key": "k", "column": "delay"}, "open an editor", "the table is not editable"),
        ("pick", {"field": "delay", "text": ""}, "find documents", "the column 'delay' has no ids that can be edited"),
        ("tsv", {"first": "a"}, "copy rows", "the page did not say which"),
        ("dance", {"column": "delay"}, "dance", "the page asked for something that tables do not do"),
    ],
)
def test_what_a_table_cannot_do_is_said_for_a_person(
    board: Live, method: str, params: dict[str, Any], what: str, thing: str
) -> None:
    with pytest.raises(ReactiveError) as refused:
        board.table().answer(method, params)

    assert refused.value.what == f"Cannot {what} in <table of flights()>"
    assert refused.value.thing == thing


def test_closed_tables_are_forgotten_with_the_next_frame(db: Engine, board: Live) -> None:
    hub = channel().hub
    for _ in range(5):
        board.table(columns=["delay"]).close()
    hub.flush()

    assert hub.views_of(board) == []


@pytest.mark.slow
def test_a_result_of_a_closed_database_is_shown_for_the_first_time(
    db: Engine, board: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    unraised: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", unraised.append)
    db.close()

    table = board.table()
    gc.collect()

    assert (table.current()["state"], len(table.current()["rows"])) == ("closed", 1)
    assert unraised == []


@pytest.mark.slow
def test_a_table_that_could_not_be_made_ends_without_a_word(board: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("not now")

    unraised: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", unraised.append)
    monkeypatch.setattr(channel().hub, "open_rows", broken)

    with pytest.raises(OSError, match="not now"):
        board.table(columns=["delay"])
    gc.collect()

    assert unraised == []
