"""The live table's kernel side: what it answers about columns of ids, and what it refuses to make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import QueryUsageError, ReactiveError
from reactive_nb.functions.function import Function
from reactive_nb.notebook.live import Live


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


@pytest.mark.parametrize(("editable", "field"), [(["plane", "delay"], "delay"), (["delay"], "plane")])
def test_documents_are_found_for_no_other_column(
    board: Live, set_field: Function, editable: list[str], field: str
) -> None:
    table = board.table(editable=editable, on_edit=set_field)
    with pytest.raises(ReactiveError, match="Cannot pick in <table of flights"):
        table.answer("pick", {"field": field, "text": ""})


def test_a_table_whose_rows_another_column_names_is_not_editable(board: Live, set_field: Function) -> None:
    with pytest.raises(QueryUsageError) as refused:
        board.table(key="delay", editable=["plane"], on_edit=set_field)

    assert refused.value.thing == "its rows are named by 'delay'"
    assert "_id" in refused.value.expected
    assert refused.value.hint == "Leave key out, or editable and on_edit"
