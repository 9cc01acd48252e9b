"""Edits: one mutation per edit, refused whole when the cell has changed since the edit began."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Literal

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import (
    ArgumentValidationError,
    DocumentNotFound,
    DocumentValidationError,
    EditConflict,
    FunctionKindError,
)
from reactive_nb.functions.function import Function
from reactive_nb.notebook.result.encoding import encode_cell
from reactive_nb.notebook.widget.edit import Edits, same_cell


@pytest.fixture
def db() -> Iterator[Engine]:
    with rnb.connect() as engine:
        engine.define(
            flights=rnb.table(
                dep_delay=v.number(),
                gate=v.optional(v.string()),
                status=v.union(v.literal("waiting"), v.literal("departed")),
                extra=v.optional(v.any()),
            )
        )
        yield engine


@pytest.fixture
def set_field(db: Engine) -> Function:
    @db.mutation
    def set_field(ctx: Any, id: str, field: str, value: Any) -> None:
        ctx.db.patch(id, {field: value})

    return set_field  # type: ignore[no-any-return]


@pytest.fixture
def flight(db: Engine) -> str:
    return add(db, "flights", dep_delay=3, status="waiting")


def add(db: Engine, table: str, **fields: Any) -> str:
    return db.write(lambda ctx: ctx.db.insert(table, fields), "add")


def get(db: Engine, id: str) -> Any:
    return db.read(lambda ctx: ctx.db.get(id))


def test_an_edit_runs_the_mutation_and_returns_its_commit(db: Engine, set_field: Function, flight: str) -> None:
    edits = Edits(db, ["dep_delay"], set_field)

    ts = edits.apply(flight, "dep_delay", {"text": "12.5"}, 3, 3)

    assert (get(db, flight)["dep_delay"], ts) == (12.5, db.ts)
    assert db.commits()[-1].function == "set_field"
    assert db.commits()[-1].origin == "an edit in the table of flights"


def test_an_edit_answers_its_own_commit_and_not_a_later_one(db: Engine, set_field: Function, flight: str) -> None:
    write = db.write

    def overtaken(body: Any, name: str) -> None:
        write(body, name)
        with_other_thread(lambda: write(lambda ctx: ctx.db.insert("notes", {"text": "a"}), "busy"))

    db.write = overtaken  # type: ignore[assignment, method-assign]
    ts = Edits(db, ["dep_delay"], set_field).apply(flight, "dep_delay", {"text": "4"}, 3, 3)

    assert [commit.function for commit in db.commits() if commit.ts == ts] == ["set_field"]


def test_the_parameters_may_have_any_names(db: Engine, flight: str) -> None:
    @db.mutation
    def put(ctx: Any, row: str, column: str, to: float) -> None:
        ctx.db.patch(row, {column: to})

    Edits(db, ["dep_delay"], put).apply(flight, "dep_delay", {"text": "4"}, 3, 3)

    assert get(db, flight)["dep_delay"] == 4


def test_an_edit_of_what_somebody_else_has_changed_is_refused(db: Engine, set_field: Function, flight: str) -> None:
    edits = Edits(db, ["dep_delay"], set_field)
    set_field(flight, "dep_delay", 2**60)
    before = db.ts

    with pytest.raises(EditConflict, match=r"^Cannot edit dep_delay: somebody else has changed it") as caught:
        edits.apply(flight, "dep_delay", {"text": "4"}, 3, 3)

    assert (caught.value.code, caught.value.theirs) == ("edit_conflict", encode_cell(2**60))
    assert (get(db, flight)["dep_delay"], db.ts) == (2**60, before)


def test_a_change_between_the_look_and_the_commit_is_met_too(db: Engine, flight: str) -> None:
    raced = []

    @db.mutation
    def slow(ctx: Any, id: str, field: str, value: Any) -> None:
        if not raced:
            raced.append(True)
            with_other_thread(lambda: db.write(lambda ctx: ctx.db.patch(flight, {"dep_delay": 7}), "other"))
        ctx.db.patch(id, {field: value})

    with pytest.raises(EditConflict) as caught:
        Edits(db, ["dep_delay"], slow).apply(flight, "dep_delay", {"text": "4"}, 3, 3)

    assert (caught.value.theirs, get(db, flight)["dep_delay"]) == (7, 7)


def with_other_thread(act: Any) -> None:
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()


def test_a_number_is_the_same_after_it_has_been_on_a_page(db: Engine, set_field: Function) -> None:
    id = add(db, "flights", dep_delay=3.0, status="waiting")

    Edits(db, ["dep_delay"], set_field).apply(id, "dep_delay", {"text": "4"}, 3, 3)

    assert get(db, id)["dep_delay"] == 4


def test_a_cell_that_is_no_field_of_its_document_is_compared_with_what_is_shown(
    db: Engine, flight: str, set_field: Function
) -> None:
    @db.mutation
    def set_total(ctx: Any, id: str, field: str, value: float) -> None:
        ctx.db.patch(id, {"dep_delay": value - 1})

    edits = Edits(db, ["total"], set_total)
    edits.apply(flight, "total", {"text": "10"}, 4, 4)
    with pytest.raises(EditConflict) as caught:
        edits.apply(flight, "total", {"text": "20"}, 4, 10)

    assert (get(db, flight)["dep_delay"], caught.value.theirs) == (9, 10)


def test_a_missing_field_can_be_given_a_value(db: Engine, set_field: Function, flight: str) -> None:
    Edits(db, ["gate"], set_field).apply(flight, "gate", {"text": "B4"}, None, None)

    assert get(db, flight)["gate"] == "B4"


def test_a_document_that_was_deleted_cannot_be_edited(db: Engine, set_field: Function, flight: str) -> None:
    db.write(lambda ctx: ctx.db.delete(flight), "delete")
    before = db.ts

    with pytest.raises(DocumentNotFound) as caught:
        Edits(db, ["dep_delay"], set_field).apply(flight, "dep_delay", {"text": "4"}, 3, 3)

    assert str(caught.value) == (
        f"Cannot edit dep_delay: the document {flight!r} of flights has been deleted. Expected a document that exists. "
        "Edit another row; ctx.db.insert(...) makes a new one."
    )
    assert db.ts == before


@pytest.mark.parametrize(
    ("column", "raw", "error"),
    [
        ("dep_delay", {"text": "soon"}, ArgumentValidationError),
        ("status", {"choice": 9}, ArgumentValidationError),
        ("gate", {"missing": True}, ArgumentValidationError),
        ("extra", {"text": "1"}, ArgumentValidationError),
    ],
)
def test_a_refused_edit_changes_nothing(
    db: Engine, set_field: Function, flight: str, column: str, raw: Any, error: type[Exception]
) -> None:
    edits = Edits(db, ["dep_delay", "status", "gate"], set_field)
    before = db.ts, get(db, flight)

    with pytest.raises(error, match=f"^Cannot edit {column}: "):
        edits.apply(flight, column, raw, get(db, flight).get(column), None)

    assert (db.ts, get(db, flight)) == before


def test_what_the_mutation_and_the_table_refuse_is_told_as_they_say_it(db: Engine, flight: str) -> None:
    @db.mutation
    def picky(ctx: Any, id: str, field: str, value: Any) -> None:
        ctx.db.patch(id, {field: value})
        if value == 13:
            raise ValueError("not thirteen")
        ctx.db.patch(id, {field: "text"})

    edits = Edits(db, ["dep_delay"], picky)
    before = db.ts
    with pytest.raises(ValueError, match="not thirteen"):
        edits.apply(flight, "dep_delay", {"text": "13"}, 3, 3)
    with pytest.raises(DocumentValidationError, match=r"\$\.dep_delay is 'text'"):
        edits.apply(flight, "dep_delay", {"text": "14"}, 3, 3)

    assert (db.ts, get(db, flight)["dep_delay"]) == (before, 3)


def test_a_mutation_that_was_defined_again_runs_as_it_is_now(db: Engine, set_field: Function, flight: str) -> None:
    edits = Edits(db, ["dep_delay"], set_field)

    @db.mutation(name="set_field")
    def doubled(ctx: Any, id: str, field: str, value: Any) -> None:
        ctx.db.patch(id, {field: value * 2})

    edits.apply(flight, "dep_delay", {"text": "4"}, 3, 3)

    assert get(db, flight)["dep_delay"] == 8


# ------------------------------------------------------------------ what a cell is edited as


def kinds(edits: Edits, row: dict[str, Any] | None) -> dict[str, str]:
    return {column: field["kind"] for column, field in edits.inputs(row).items()}


def test_a_column_is_edited_as_its_table_declares_it(db: Engine, set_field: Function, flight: str) -> None:
    edits = Edits(db, ["dep_delay", "gate", "status"], set_field)

    inputs = edits.inputs({"_id": flight, "dep_delay": "three"})

    assert {column: field["kind"] for column, field in inputs.items()} == {
        "dep_delay": "number", "gate": "text", "status": "choice",
    }  # fmt: skip
    assert inputs["gate"]["optional"] is False  # an edit gives a value; it takes none away
    assert inputs["status"]["choices"] == ["waiting", "departed"]


def test_an_undeclared_column_is_edited_as_the_mutation_says_and_else_by_its_value(
    db: Engine, set_field: Function
) -> None:
    @db.mutation
    def set_count(ctx: Any, id: str, field: str, value: int) -> None:
        ctx.db.patch(id, {field: value})

    note = add(db, "notes", n=1, done=False, text="a", tags=[])
    row = get(db, note)

    assert kinds(Edits(db, ["n", "text"], set_count), row) == {"n": "integer", "text": "integer"}
    assert kinds(Edits(db, ["n", "done", "text", "tags"], set_field), row) == {
        "n": "number", "done": "boolean", "text": "long", "tags": "json",
    }  # fmt: skip


def test_what_one_row_told_of_a_column_holds_for_rows_where_it_is_missing(db: Engine, set_field: Function) -> None:
    edits = Edits(db, ["text"], set_field)
    full, empty = add(db, "notes", text="a"), add(db, "notes")
    edits.inputs(get(db, full))

    assert kinds(edits, get(db, empty)) == {"text": "long"}
    edits.apply(empty, "text", {"text": "12"}, None, None)
    assert get(db, empty)["text"] == "12"


@pytest.mark.parametrize("row", [None, {}, {"carrier": "UA"}, {"_id": 3}])
def test_rows_without_an_id_cannot_be_edited(db: Engine, set_field: Function, row: Any) -> None:
    assert Edits(db, ["carrier"], set_field).inputs(row) == {}


def test_an_edit_begins_with_the_whole_value(db: Engine, set_field: Function, flight: str) -> None:
    edits = Edits(db, ["gate", "extra"], set_field)

    assert edits.raw(flight, "gate", "x" * 2000) == {"text": "x" * 2000}
    assert edits.raw(flight, "extra", [1] * 3) == {"text": "[1, 1, 1]"}


# ------------------------------------------------------------------ mistakes of the cell


@pytest.mark.parametrize(
    ("signature", "thing"),
    [
        ("two", "on_edit is two(id: any value, field: any value)"),
        ("four", "on_edit is four(id: any value, field: any value, value: any value, more: any value)"),
        ("loose", "on_edit is loose(id: any value, field: any value, value: any value)"),
        ("query", "on_edit is query, a query"),
        ("plain", "on_edit is 3 (int)"),
    ],
)
def test_on_edit_must_be_a_mutation_with_three_arguments(db: Engine, signature: str, thing: str) -> None:
    given: dict[str, Any] = {
        "two": db.mutation(name="two")(lambda ctx, id, field: None),
        "four": db.mutation(name="four")(lambda ctx, id, field, value, more=1: None),
        "loose": db.mutation(name="loose")(lambda ctx, id, field, value, **more: None),
        "query": db.query(name="query")(lambda ctx, id, field, value: None),
        "plain": 3,
    }

    with pytest.raises(FunctionKindError) as caught:
        Edits(db, ["dep_delay"], given[signature])

    assert caught.value.thing == thing
    assert caught.value.expected == "a mutation with three arguments: the id of a document, the column, the new value"


@pytest.mark.parametrize(
    ("editable", "message"),
    [
        ("dep_delay", "'dep_delay' (str) was given. Expected a list of column names. Correct editable=[...]."),
        ([3], "[3] (list) was given. Expected a list of column names. Correct editable=[...]."),
        (["_id"], ("'_id' (str) was given. Expected columns other than _id and _creationTime, which never change. "
            "Correct editable=[...].")),
        (["gate"], "'gate' (str) was given. Expected columns that only takes: 'dep_delay'. Correct editable=[...]."),
    ],
)  # fmt: skip
def test_a_column_that_cannot_be_edited_is_refused_in_the_cell(db: Engine, editable: Any, message: str) -> None:
    @db.mutation
    def only(ctx: Any, id: str, field: Literal["dep_delay"], value: Any) -> None:
        pass

    with pytest.raises(ArgumentValidationError) as caught:
        Edits(db, editable, only)

    assert str(caught.value) == f"Cannot make the table editable: {message}"


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (3, 3.0, True),
        (1, True, False),
        (None, 0, False),
        ({"$int": "9007199254740993"}, {"$int": "9007199254740993"}, True),
        ({"a": [1, {"b": 2.0}]}, {"a": [1.0, {"b": 2}]}, True),
        ({"a": 1}, {"b": 1}, False),
        ([1], [1, 2], False),
        ([True], [1], False),
        ("1", 1, False),
    ],
)
def test_cells_are_compared_as_a_page_would(a: Any, b: Any, same: bool) -> None:
    assert same_cell(a, b) is same
