"""The live table in JupyterLab: 100 000 rows, and what the reader is doing while they change.

All tests share one kernel and its tables: `events`, with 100 000 rows in the order of `n`, and `few`, with one value of
each kind in a row. A test that changes rows of `events` puts them back.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook
from tests.browser.live_grid import LiveGrid, run, show

DATA = """
import json, threading
from datetime import datetime, timezone
import ipywidgets as w
import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.notebook.page.channel import channel

db = rnb.connect()
db.define(
    events=rnb.table(n=v.number(), name=v.string(), size=v.number()).index("by_n", "n"),
    few=rnb.table(name=v.string(), size=v.number(), at=v.datetime(), place=v.any(), meaning=v.vector(32)),
)

@db.query
def events(ctx):
    return ctx.db.query("events").with_index("by_n").collect()

@db.query
def few(ctx):
    return ctx.db.query("few").collect()

def put(n, name):
    with db.transaction() as tx:
        return tx.db.insert("events", {"n": n, "name": name, "size": n})

def change(id, **fields):
    with db.transaction() as tx:
        tx.db.patch(id, fields)

def remove(*ids):
    with db.transaction() as tx:
        for id in ids:
            tx.db.delete(id)

with db.transaction() as tx:
    ids = [tx.db.insert("events", {"n": n, "name": f"event {n}", "size": n * 7919 % 100_003}) for n in range(100_000)]
with db.transaction() as tx:
    for i in range(60):
        at = datetime(2026, 7, 1, 12, i, 0, 1 + i, tzinfo=timezone.utc)
        place = {"city": "Newark", "gates": [i, {"letter": "C"}]}
        tx.db.insert("few", {"name": f"flight {i}", "size": i / 4, "at": at, "place": place, "meaning": [i / 8] * 32})
board, small = events.live(), few.live()
"""
TABLE = "board.table(columns=['name', 'n', 'size'])"
MIDDLE = 50_000 * 24 + 7
# From now on the page counts the cells that flash, in each animation frame.
COUNT_FLASHES = """() => {
    window.rnbFlashes = 0;
    const animate = Element.prototype.animate;
    window.rnbAnimate ??= animate;
    Element.prototype.animate = function (...args) { window.rnbFlashes += 1; return window.rnbAnimate.apply(this, args); };
}"""


@pytest.fixture(scope="module")
def kernel(shared_page: Notebook) -> Notebook:
    """The notebook of this file with the data in its kernel."""
    origin = shared_page.lab.url
    shared_page.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=origin)
    run(shared_page, DATA, seconds=240)
    return shared_page


@pytest.fixture
def book(kernel: Notebook, shared_notebook: Notebook) -> Iterator[Notebook]:
    """The notebook with the data; what a test has shown is cleared, so that it costs the next one nothing."""
    first = len(kernel.execution_counts())
    yield shared_notebook
    kernel.page.evaluate(
        "first => window.jupyterapp.shell.currentWidget.content.widgets.slice(first)"
        ".forEach(cell => cell.model.clearExecution ? cell.model.outputs.clear() : null)",
        first,
    )


@pytest.fixture
def grid(book: Notebook) -> LiveGrid:
    """A new table of the 100 000 rows."""
    return show(book, TABLE)


def size_of(n: int) -> int:
    """The size of an event, which no other has."""
    return n * 7919 % 100_003


def copied(notebook: Notebook, grid: LiveGrid, notice: str) -> list[str]:
    """Press Ctrl+C and return the lines that are on the clipboard when the table says so."""
    grid.press("Control+c")
    expect(grid.root.locator(".rnb-notice")).to_have_text(notice)
    return str(notebook.page.evaluate("navigator.clipboard.readText()")).split("\n")


def test_a_hundred_thousand_rows_can_be_scrolled_to_any_of_them(grid: LiveGrid) -> None:
    expect(grid.foot).to_contain_text("100,000 rows")
    assert grid.first() == ("event 0", 0)
    assert grid.scroll.get_attribute("aria-rowcount") == "100001"

    grid.scroll_to(MIDDLE)
    grid.wait_for_first("event 50001")
    expect(grid.row("event 50001")).to_have_attribute("aria-rowindex", "50003")
    grid.scroll_to(1e9)
    expect(grid.row("event 99999")).to_be_in_viewport()

    assert grid.body.get_by_role("row").count() < 200


def test_rows_that_come_and_go_above_leave_the_first_row_at_its_pixel(book: Notebook, grid: LiveGrid) -> None:
    grid.scroll_to(MIDDLE)
    grid.wait_for_first("event 50001")
    before = grid.first()
    assert before[1] == 17

    run(book, "new = [put(10.5, 'a new event'), put(49_990.5, 'another')]")
    expect(grid.foot).to_contain_text("100,002 rows")
    assert grid.first() == before
    expect(grid.row("event 50001")).to_have_attribute("aria-rowindex", "50005")
    run(book, "remove(*new, ids[49_000], ids[49_999])")
    expect(grid.foot).to_contain_text("99,998 rows")
    assert grid.first() == before

    expect(grid.row("event 50001")).to_have_attribute("aria-rowindex", "50001")
    run(book, "for n in (49_000, 49_999): ids[n] = put(n, f'event {n}')")
    expect(grid.foot).to_contain_text("100,000 rows")


def test_at_the_top_new_rows_push_the_others_down(book: Notebook, grid: LiveGrid) -> None:
    run(book, "new = put(-1, 'the newest')")

    expect(grid.row("the newest")).to_be_visible()
    assert grid.first() == ("the newest", 0)
    run(book, "remove(new)")
    expect(grid.row("the newest")).to_be_hidden()
    assert grid.first() == ("event 0", 0)


def test_a_column_s_head_sorts_the_rows(book: Notebook, grid: LiveGrid) -> None:
    head = grid.column("size")
    expect(head).to_have_attribute("aria-sort", "none")

    head.click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(grid.body.get_by_role("row").first).to_contain_text("event 0")
    head.click()
    expect(head).to_have_attribute("aria-sort", "descending")
    grid.wait_for_first(f"event {max(range(100_000), key=size_of)}")
    run(book, "change(ids[17], size=200_000)")
    grid.wait_for_first("event 17")
    sizes = sorted(size_of(n) for n in range(100_000) if n != 17)
    assert grid.column_texts("size", 3) == ["200000", str(sizes[-1]), str(sizes[-2])]

    run(book, f"change(ids[17], size={size_of(17)})")
    head.click()
    expect(head).to_have_attribute("aria-sort", "none")
    grid.wait_for_first("event 0")


def test_filters_choose_rows_by_text_and_by_number(book: Notebook, grid: LiveGrid) -> None:
    grid.root.get_by_role("button", name="filter").click()
    grid.root.get_by_label("filter name").fill("EVENT 4200")
    expect(grid.foot).to_contain_text("11 of 100,000 rows")
    grid.root.get_by_label("filter n", exact=True).fill(">= 42005")
    expect(grid.foot).to_contain_text("5 of 100,000 rows")
    run(book, "new = put(42_005.5, 'Event 4200 and a half')")
    expect(grid.foot).to_contain_text("6 of 100,001 rows")

    assert grid.column_texts("n") == ["42005", "42005.5", "42006", "42007", "42008"]
    grid.root.get_by_label("filter name").fill("nothing of the kind")
    expect(grid.root.get_by_text("No rows match the filter.")).to_be_visible()
    run(book, "remove(new)")
    grid.root.get_by_role("button", name="no filter").click()
    expect(grid.foot).to_contain_text("100,000 rows")
    assert "of" not in grid.foot.inner_text().split()


def test_what_the_reader_has_set_up_survives_twenty_updates(book: Notebook, grid: LiveGrid) -> None:
    edge = grid.column("name").locator(".rnb-edge")
    box = edge.bounding_box()
    assert box is not None
    before = grid.column("name").bounding_box()
    book.page.mouse.move(box["x"] + 4, box["y"] + 10)
    book.page.mouse.down()
    book.page.mouse.move(box["x"] + 104, box["y"] + 10, steps=4)
    book.page.mouse.up()
    grid.scroll_to(MIDDLE)
    grid.wait_for_first("event 50001")
    grid.cell("event 50003", "name").click()
    grid.cell("event 50005", "n").click(modifiers=["Shift"])
    expect(grid.body.locator("[aria-selected=true]")).to_have_count(6)
    place = grid.first()

    run(book, "new = [put(i + 0.5, f'new {i}') for i in range(20)]")
    expect(grid.foot).to_contain_text("100,020 rows")

    assert grid.first() == place
    wide = grid.column("name").bounding_box()
    assert before is not None
    assert wide is not None
    assert wide["width"] == before["width"] + 100
    selected = grid.body.locator("[aria-selected=true]")
    assert selected.all_inner_texts() == ["event 50003", "50003", "event 50004", "50004", "event 50005", "50005"]
    grid.expect_active("50005")
    run(book, "remove(*new)")
    expect(grid.foot).to_contain_text("100,000 rows")


def test_keys_move_in_the_table_and_mean_nothing_to_jupyterlab(book: Notebook, grid: LiveGrid) -> None:
    grid.cell("event 2", "name").click()
    cells = len(book.execution_counts())

    grid.press("ArrowDown", "ArrowRight")
    grid.expect_active("3")
    grid.press("End")
    grid.expect_active(str(size_of(3)))
    grid.press("Home")
    grid.expect_active("event 3")
    grid.press("PageDown")
    grid.expect_active("event 19")
    grid.press("PageUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp")
    expect(grid.root.locator("[data-active]")).to_have_attribute("role", "columnheader")
    grid.press("Control+End")
    expect(grid.row("event 99999")).to_be_in_viewport()
    grid.expect_active(str(size_of(99_999)))
    grid.press("Control+Home")
    grid.expect_active("event 0")

    # Cut, delete, add, run and go to another cell: what JupyterLab does with these keys beside a text box.
    grid.press("x", "d", "d", "a", "b", "m", "y", "k", "Shift+Enter", "Escape")
    expect(grid.scroll).to_be_focused()
    assert len(book.execution_counts()) == cells
    grid.press("ArrowDown")
    assert len(book.execution_counts()) == cells


def test_a_range_and_all_rows_are_copied_as_tab_separated_text(book: Notebook, grid: LiveGrid) -> None:
    grid.cell("event 2", "name").click()
    grid.press("Shift+ArrowDown", "Shift+ArrowRight")
    assert copied(book, grid, "copied 2 rows") == ["event 2\t2", "event 3\t3"]

    grid.press("Control+a")
    lines = copied(book, grid, "copied 100,000 rows")
    assert len(lines) == 100_000
    assert lines[54_321] == f"event 54321\t54321\t{size_of(54_321)}"


def test_a_change_of_one_row_is_a_message_below_one_kilobyte(book: Notebook, grid: LiveGrid) -> None:
    count = """
sent, send = [], channel().hub.send
def counted(message):
    sent.append((message["type"], len(json.dumps(message))))
    send(message)
channel().hub.send = counted
change(ids[3], name="the third event")
"""
    run(book, count)
    expect(grid.row("the third event")).to_be_visible()
    told = run(book, "channel().hub.send = send\nprint(sent)\nchange(ids[3], name='event 3')")
    expect(grid.row("event 3")).to_be_visible()

    frames = [size for type, size in eval(book.output_text(told)) if type == "Frame"]
    assert frames
    assert max(frames) < 1000


def test_each_kind_of_value_is_shown_as_what_it_is(book: Notebook) -> None:
    grid = show(book, "small.table(columns=['name', 'size', 'at', 'place', 'meaning'])")

    size, at = grid.cell("flight 3", "size"), grid.cell("flight 3", "at")
    expect(size).to_have_css("text-align", "right")
    expect(grid.cell("flight 3", "name")).not_to_have_css("text-align", "right")
    assert size.inner_text() == "0.75"
    # Zurich is two hours ahead of UTC in summer.
    assert at.inner_text() == "2026-07-01 14:03:00.000004"
    assert at.get_attribute("title") == "2026-07-01 12:03:00.000004 UTC"
    expect(grid.foot).to_contain_text("times in Europe/Zurich")
    assert "more" in grid.cell("flight 3", "meaning").inner_text()

    detail = grid.root.get_by_role("complementary")
    grid.cell("flight 3", "place").click()
    expect(detail).to_contain_text("Newark")
    expect(detail).to_have_attribute("aria-label", "whole value of place")
    grid.cell("flight 7", "meaning").click()
    expect(detail.locator("pre")).to_contain_text("0.875, 0.875")
    run(book, "with db.transaction() as tx:\n    tx.db.patch(small.value[7]['_id'], {'meaning': [0.0625] * 32})")
    expect(detail.locator("pre")).to_contain_text("0.0625, 0.0625")
    grid.scroll.focus()
    grid.press("Escape")
    expect(detail).to_be_hidden()


def test_states_of_a_result_are_told_in_words(book: Notebook) -> None:
    states = """
gate, wanted = threading.Event(), {"fails": False}
gate.set()

@db.query
def guarded(ctx):
    gate.wait(60)
    rows = ctx.db.query("few").take(3)
    if wanted["fails"]:
        raise ValueError("the third flight is missing")
    return [{"_id": row["_id"], "name": row["name"]} for row in rows]

opens = w.Button(description="let it run")
opens.on_click(lambda _: gate.set())
box = w.VBox([opens])
# Made on the thread that refreshes, which cannot wait for the result: the page sees it before its first run.
def open_table(change):
    small.unobserve(open_table, "value")
    gate.clear()
    box.children = (opens, guarded.live().table(columns=["name"]))
small.observe(open_table, "value")
def touch():
    with db.transaction() as tx:
        tx.db.patch(small.value[0]["_id"], {"size": small.value[0]["size"] + 1})
display(box)
"""
    index = run(book, states)
    grid = LiveGrid(book, index)
    button = book.output(index).get_by_role("button", name="let it run")

    run(book, "touch()")
    expect(grid.state).to_have_text("loading…")
    button.click()
    expect(grid.state).to_have_text("live")
    assert grid.column_texts("name") == ["flight 0", "flight 1", "flight 2"]

    run(book, "gate.clear()\ntouch()")
    expect(grid.state).to_have_text("stale")
    expect(grid.row("flight 2")).to_be_visible()
    button.click()
    expect(grid.state).to_have_text("live")

    run(book, "wanted['fails'] = True\ntouch()")
    expect(grid.state).to_have_text("failed")
    expect(grid.alert).to_have_text("ValueError: the third flight is missing")
    expect(grid.foot.locator("..")).to_contain_text("Shown is the last good result.")
    assert grid.column_texts("name") == ["flight 0", "flight 1", "flight 2"]
    run(book, "wanted['fails'] = False\ntouch()")
    expect(grid.state).to_have_text("live")
    expect(grid.alert).to_be_hidden()


def test_a_table_that_is_emptied_and_one_that_is_closed_say_so(book: Notebook) -> None:
    source = """
db.define(drafts=rnb.table(text=v.string()))
@db.query
def drafts(ctx):
    return ctx.db.query("drafts").collect()
with db.transaction() as tx:
    draft = tx.db.insert("drafts", {"text": "one"})
pile = drafts.live()
pile
"""
    grid = show(book, source)
    expect(grid.row("one")).to_be_visible()

    run(book, "remove(draft)")
    expect(grid.root.get_by_text("No rows", exact=True)).to_be_visible()
    assert grid.body.get_by_role("row").count() == 0
    run(book, "with db.transaction() as tx:\n    tx.db.insert('drafts', {'text': 'two'})")
    expect(grid.row("two")).to_be_visible()
    run(book, "pile.close()")
    expect(grid.state).to_have_text("closed")
    expect(grid.root.get_by_text("Closed: this result no longer changes.")).to_be_visible()
    expect(grid.row("two")).to_be_visible()


def test_changed_cells_flash_unless_the_reader_wants_no_motion(book: Notebook) -> None:
    grid = show(book, "small.table(columns=['name', 'size'])")
    book.page.evaluate(COUNT_FLASHES)

    book.page.emulate_media(reduced_motion="no-preference")
    run(book, "change(small.value[5]['_id'], size=1234)")
    expect(grid.cell("flight 5", "size")).to_have_text("1234")
    assert book.page.evaluate("window.rnbFlashes") == 1
    book.page.emulate_media(reduced_motion="reduce")
    run(book, "change(small.value[5]['_id'], size=4321)")
    expect(grid.cell("flight 5", "size")).to_have_text("4321")
    assert book.page.evaluate("window.rnbFlashes") == 1

    book.page.evaluate("() => { Element.prototype.animate = window.rnbAnimate; }")
    book.page.emulate_media(reduced_motion="no-preference")


def test_without_its_kernel_a_table_keeps_its_rows_and_says_so(book: Notebook, grid: LiveGrid) -> None:
    book.restart_kernel()

    expect(grid.state).to_have_text("kernel gone")
    expect(grid.root).to_contain_text("The kernel has ended.")
    expect(grid.row("event 0")).to_be_visible()
    grid.cell("event 0", "name").click()
    grid.press("ArrowDown", "Control+c")
    expect(grid.root.locator(".rnb-notice")).to_have_text("copied 1 row")
