"""Editing cells of a live table in JupyterLab: what is written, what is refused and why, and what others do meanwhile.

All tests share one kernel; each has a database of its own with five flights. A click on a button is how a test has the
kernel change a row while an editor is open.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook
from tests.browser.live_grid import LiveGrid, run

DATA = """
import threading
from datetime import datetime, timezone
from typing import Any
import ipywidgets as w
import reactive_nb as rnb
from reactive_nb import v

db = rnb.connect()
db.define(
    planes=rnb.table(tail=v.string(), maker=v.string()),
    flights=rnb.table(
        number=v.number(), delay=v.number(), gone=v.boolean(), at=v.datetime(), plane=v.id("planes"),
        status=v.union(v.literal("waiting"), v.literal("boarding"), v.literal("departed")),
    ).index("by_number", "number"),
)

@db.query
def board(ctx):
    return ctx.db.query("flights").with_index("by_number").collect()

@db.mutation
def set_field(ctx, id: str, field: str, value: Any):
    if field == "delay" and value > 1000:
        raise rnb.AppError("a delay is at most 1000 minutes")
    ctx.db.patch(id, {field: value})

@db.mutation
def add(ctx, number: float, delay: float = 0.0):
    at = datetime(2026, 7, 1, 12, 30, tzinfo=timezone.utc)
    plane = ctx.db.query("planes").first()["_id"]
    flight = {"number": number, "delay": delay, "gone": False, "status": "waiting", "at": at, "plane": plane}
    return ctx.db.insert("flights", flight)

def row(number):
    return next(row for row in live.value if row["number"] == number)

def on_click(act):
    button = w.Button(description="act")
    button.on_click(lambda _: threading.Thread(target=act).start())
    return button

with db.transaction() as tx:
    for tail in ("N101", "N202", "N303"):
        tx.db.insert("planes", {"tail": tail, "maker": "Airbus" if tail == "N202" else "Boeing"})
for number in range(1, 6):
    add(number=number, delay=number * 10)
live = board.live()
live.table(columns=["number", "delay", "gone", "status", "at", "plane"],
           editable=["delay", "gone", "status", "at", "plane"], on_edit=set_field)
"""


class Board(LiveGrid):
    """The table of flights, and the kernel behind it.

    Attributes:
        book: The notebook.
    """

    def __init__(self, book: Notebook, index: int) -> None:
        super().__init__(book, index)
        self.book = book
        self._button = self.root

    def value(self, field: str, number: int = 3) -> str:
        """What the database has in a field of a flight, as Python writes it."""
        index = run(self.book, f"print(repr(db.read(lambda ctx: ctx.db.get(row({number})['_id']))[{field!r}]))")
        return self.book.output_text(index)

    def prepare(self, source: str) -> None:
        """Have a thread of the kernel do something at the next `act`; to run a cell then would take the focus."""
        index = run(self.book, f"def act():\n    {source}\non_click(act)")
        self._button = self.book.output(index).get_by_role("button", name="act")

    def act(self) -> None:
        """Do what was prepared, while the focus stays where it is."""
        self._button.dispatch_event("click")

    def open_editor(self, column: str, key: str = "3") -> None:
        """Go to a cell and press Enter."""
        self.cell(key, column).click()
        self.press("Enter")
        expect(self.editor).to_be_visible()

    def type_and_enter(self, text: str) -> None:
        """Type and press Enter."""
        self.page.keyboard.type(text)
        self.press("Enter")


@pytest.fixture
def board(shared_notebook: Notebook) -> Iterator[Board]:
    """A new table of five flights."""
    board = Board(shared_notebook, run(shared_notebook, DATA))
    expect(board.foot).to_contain_text("5 rows")
    board.root.scroll_into_view_if_needed()
    yield board
    run(shared_notebook, "db.close()")


def test_a_cell_is_edited_with_enter_and_the_mutation_writes_it(board: Board) -> None:
    board.open_editor("delay")
    expect(board.editor.get_by_role("textbox")).to_have_value("30")
    board.type_and_enter("77")

    expect(board.cell("3", "delay")).to_have_text("77")
    expect(board.scroll).to_be_focused()
    expect(board.root.locator(".rnb-pending")).to_have_count(0)
    assert board.value("delay") == "77"
    expect(board.editor).to_be_hidden()


def test_typing_on_a_cell_opens_its_editor_and_escape_leaves_it_as_it_was(board: Board) -> None:
    board.cell("3", "delay").click()
    board.press("4", "2")
    expect(board.editor.get_by_role("textbox")).to_have_value("42")
    board.press("Escape")

    expect(board.editor).to_be_hidden()
    expect(board.scroll).to_be_focused()
    expect(board.cell("3", "delay")).to_have_text("30")
    assert board.value("delay") == "30"
    # A column that is not editable opens nothing.
    board.cell("3", "number").click()
    board.press("9")
    expect(board.editor).to_be_hidden()


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        pytest.param("late", "a number", id="by the validator"),
        pytest.param("5000", "a delay is at most 1000 minutes", id="by the mutation"),
    ],
)
def test_a_refused_edit_goes_back_and_says_why(board: Board, typed: str, reason: str) -> None:
    board.open_editor("delay")
    board.type_and_enter(typed)

    told = board.refusal.get_by_role("alert")
    expect(told).to_contain_text(f"delay = “{typed}” was refused.")
    expect(told).to_contain_text(reason)
    expect(board.cell("3", "delay")).to_have_text("30")
    board.refusal.get_by_role("button", name="Edit again").click()
    expect(board.editor.get_by_role("textbox")).to_have_value(typed)
    expect(board.refusal).to_be_hidden()
    board.editor.get_by_role("textbox").fill("31")
    board.press("Enter")
    expect(board.cell("3", "delay")).to_have_text("31")
    assert board.value("delay") == "31"


def test_an_edit_that_its_mutation_takes_back_goes_back_and_waits_for_nothing(board: Board) -> None:
    clamp = """
@db.mutation
def clamp(ctx, id: str, field: str, value: Any):
    ctx.db.patch(id, {field: min(value, 30)})
    ctx.db.insert("planes", {"tail": "log", "maker": str(value)})
live.table(columns=["number", "delay"], editable=["delay"], on_edit=clamp)
"""
    clamped = Board(board.book, run(board.book, clamp))
    clamped.root.scroll_into_view_if_needed()
    clamped.open_editor("delay")
    clamped.type_and_enter("77")

    expect(clamped.cell("3", "delay")).to_have_text("30")
    expect(clamped.root.locator(".rnb-pending")).to_have_count(0)
    logged = run(board.book, "print(db.read(lambda ctx: ctx.db.query('planes').collect()[-1]['maker']))")
    assert board.book.output_text(logged) == "77"


def test_a_refusal_is_discarded_with_its_button_or_with_escape(board: Board) -> None:
    for discard in (lambda: board.refusal.get_by_role("button", name="Discard").click(), lambda: board.press("Escape")):
        board.open_editor("delay")
        board.type_and_enter("5000")
        expect(board.refusal).to_be_visible()
        discard()
        expect(board.refusal).to_be_hidden()
        expect(board.scroll).to_be_focused()
    assert board.value("delay") == "30"


def test_an_open_editor_survives_a_hundred_updates_that_move_its_row(board: Board) -> None:
    run(board.book, "for number in range(100, 140): add(number=number, delay=500)")
    expect(board.foot).to_contain_text("45 rows")
    board.column("delay").click()
    expect(board.column("delay")).to_have_attribute("aria-sort", "ascending")
    # Fifty come in above its row, and its own status changes fifty times.
    board.prepare(
        "[(add(number=200 + i, delay=-i), set_field(id=row(3)['_id'], field='status',"
        " value='boarding' if i % 2 else 'waiting')) for i in range(50)]"
    )
    board.open_editor("delay")
    box = board.editor.get_by_role("textbox")
    board.page.keyboard.type("12")
    before = board.editor.bounding_box()

    board.act()
    expect(board.foot).to_contain_text("95 rows")
    expect(board.cell("3", "status")).to_have_text("boarding")

    expect(box).to_be_focused()
    expect(box).to_have_value("12")
    after = board.editor.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 1
    place = board.cell("3", "delay").bounding_box()
    assert place is not None
    assert abs(place["y"] - after["y"]) < 2
    expect(board.row("3")).to_have_attribute("aria-rowindex", "54")
    board.press("3", "Enter")
    expect(board.cell("3", "delay")).to_have_text("123")
    assert board.value("delay") == "123"


def test_an_open_editor_survives_another_order_of_the_rows(board: Board) -> None:
    board.open_editor("delay")
    board.page.keyboard.type("12")

    board.column("number").dispatch_event("click")
    expect(board.column("number")).to_have_attribute("aria-sort", "ascending")
    board.column("number").dispatch_event("click")
    expect(board.column("number")).to_have_attribute("aria-sort", "descending")
    expect(board.body.get_by_role("row").first).to_contain_text("5")

    expect(board.editor.get_by_role("textbox")).to_be_focused()
    board.press("5", "Enter")
    expect(board.cell("3", "delay")).to_have_text("125")


@pytest.mark.parametrize(
    ("choice", "result"), [pytest.param("Keep mine", "77", id="mine"), pytest.param("Take theirs", "55", id="theirs")]
)
def test_a_cell_that_somebody_else_changed_meanwhile_is_a_conflict(board: Board, choice: str, result: str) -> None:
    board.prepare("set_field(id=row(3)['_id'], field='delay', value=55)")
    board.open_editor("delay")
    board.page.keyboard.type("77")
    board.act()
    expect(board.editor.get_by_role("alert").filter(visible=True)).to_have_text(
        "It is 55 now; it was 30 when you began."
    )

    board.press("Enter")
    told = board.refusal.get_by_role("alert")
    expect(told).to_have_text("Somebody changed delay to 55 meanwhile; yours is “77”.")
    expect(board.cell("3", "delay")).to_have_text("55")
    board.refusal.get_by_role("button", name=choice).click()

    expect(board.refusal).to_be_hidden()
    expect(board.cell("3", "delay")).to_have_text(result)
    expect(board.root.locator(".rnb-pending")).to_have_count(0)
    assert board.value("delay") == result


def test_an_editor_whose_row_is_deleted_says_so_and_keeps_what_was_typed(board: Board) -> None:
    board.prepare("db.write(lambda ctx: ctx.db.delete(row(3)['_id']), 'delete')")
    board.open_editor("delay")
    board.page.keyboard.type("77")
    board.act()

    expect(board.editor.get_by_role("alert").filter(visible=True)).to_contain_text("This row was deleted.")
    expect(board.editor.get_by_role("textbox")).to_have_value("77")
    board.press("Enter")
    expect(board.refusal.get_by_role("alert")).to_contain_text("has been deleted")
    board.press("Escape")
    expect(board.refusal).to_be_hidden()
    expect(board.foot).to_contain_text("4 rows")


def test_a_boolean_and_a_choice_are_edited_with_the_keyboard(board: Board) -> None:
    board.open_editor("gone")
    expect(board.editor.get_by_role("checkbox")).not_to_be_checked()
    board.press("Space", "Tab")
    expect(board.cell("3", "gone")).to_have_text("True")
    choice = board.editor.get_by_role("combobox")  # Tab leads on to the next editable cell
    expect(choice).to_be_focused()
    expect(choice.locator("option")).to_have_text(["waiting", "boarding", "departed"])
    choice.select_option(index=2)
    board.press("Enter")

    expect(board.cell("3", "status")).to_have_text("departed")
    assert board.value("gone") == "True"
    assert board.value("status") == "'departed'"


def test_a_time_is_edited_in_the_zone_of_the_page(board: Board) -> None:
    expect(board.cell("3", "at")).to_have_text("2026-07-01 14:30:00")
    board.open_editor("at")
    box = board.editor.locator("input")
    expect(box).to_have_value("2026-07-01T14:30")
    box.fill("2026-07-01T15:45")
    board.press("Enter")

    expect(board.cell("3", "at")).to_have_text("2026-07-01 15:45:00")
    assert "13, 45" in board.value("at")


def test_a_document_s_id_is_searched_for(board: Board) -> None:
    board.open_editor("plane")
    box = board.editor.get_by_role("combobox")
    expect(box).to_have_value("N101 · Boeing")
    box.press_sequentially("airbus")
    options = board.editor.get_by_role("option")
    expect(options).to_have_count(1)
    expect(options).to_contain_text("N202 · Airbus")
    board.press("Enter")
    expect(box).to_have_value("N202 · Airbus")
    board.press("Enter")

    plane = run(board.book, "print(db.read(lambda ctx: ctx.db.query('planes').collect()[1]['_id']))")
    expect(board.cell("3", "plane")).to_have_text(board.book.output_text(plane))
    # Typed on the cell, the search begins with that letter.
    board.cell("4", "plane").click()
    board.press("3")
    expect(options).to_contain_text(["N303 · Boeing"])
    board.press("Escape", "Escape")
    expect(board.editor).to_be_hidden()
