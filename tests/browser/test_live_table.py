"""Live results in JupyterLab: what changes on the page, together with what, while which cells run.

Most tests share one kernel, and each opens a database of its own in it. A click on a widget's button is how a test has
the kernel do something while no cell runs.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import LabServer, Notebook

CHAT = """
import threading
import ipywidgets as w
import traitlets
import reactive_nb as rnb
from reactive_nb import v

db = rnb.connect({file})
db.define(messages=rnb.table(channel=v.string(), body=v.string()).index("by_channel", "channel"))

@db.mutation
def send(ctx, channel: str, body: str):
    return ctx.db.insert("messages", {{"channel": channel, "body": body}})

@db.query
def latest(ctx, channel: str):
    return ctx.db.query("messages").with_index("by_channel", channel=channel).order("desc").take(20)

@db.query
def total(ctx):
    return ctx.db.query("messages").count()

def on_click(description, act):
    button = w.Button(description=description)
    button.on_click(lambda _: threading.Thread(target=act).start())
    return button

send(channel="general", body="good morning")
"""


@pytest.fixture
def chat(shared_notebook: Notebook) -> Iterator[Notebook]:
    """The shared notebook with a new chat database that has one message; closed at the end."""
    run(shared_notebook, CHAT.format(file=""))
    yield shared_notebook
    run(shared_notebook, "db.close()")


def run(notebook: Notebook, source: str, allow_errors: bool = False) -> int:
    index = notebook.add_cell(source)
    notebook.run_cell(index, allow_errors=allow_errors)
    return index


def show(notebook: Notebook, source: str, text: str) -> int:
    """Run a cell that ends with a live result, and return its index when the page shows a text in it."""
    index = run(notebook, source)
    notebook.wait_for_output(index, text)
    return index


def button(notebook: Notebook, index: int) -> Locator:
    return notebook.output(index).get_by_role("button")


def commit_of(view: str) -> int:
    """The commit that the text of a view names."""
    return int(view.rpartition("commit ")[2].split()[0])


def newest_message(view: str) -> int:
    """The number of the first `message 7` in the text of a view, -1 if it shows none."""
    return int((view.partition("message ")[2].split() or ["-1"])[0])


def test_a_table_changes_while_no_cell_runs(chat: Notebook) -> None:
    board = show(chat, "board = latest.live(channel='general')\nboard", "good morning")
    feed = run(chat, "on_click('send', lambda: send(channel='general', body='<b>hello</b>'))")
    counts = chat.execution_counts()

    button(chat, feed).click()
    chat.wait_for_output(board, "<b>hello</b>")

    assert chat.table(board) == [["general", "<b>hello</b>"], ["general", "good morning"]]
    assert chat.execution_counts() == counts


def test_a_table_changes_when_a_cell_below_it_commits(chat: Notebook) -> None:
    board = show(chat, "board = latest.live(channel='general')\nboard", "good morning")

    run(chat, "send(channel='general', body='hello')")
    chat.wait_for_output(board, "hello")

    assert chat.table(board) == [["general", "hello"], ["general", "good morning"]]


def test_tables_and_a_counter_show_the_same_commit_in_every_animation_frame(chat: Notebook) -> None:
    cells = [
        show(chat, "board = latest.live(channel='general')\nboard", "good morning"),
        show(chat, "other = latest.live(channel='other')\nother", "No rows"),
        show(chat, "counter = total.live()\ncounter", "1"),
    ]
    feed = """
numbers = iter(range(100))
def act():
    with db.transaction() as tx:
        body = f"message {next(numbers)}"
        tx.db.insert("messages", {"channel": "general", "body": body})
        tx.db.insert("messages", {"channel": "other", "body": body})
on_click("send", act)
"""
    feed_cell = run(chat, feed)
    before = commit_of(chat.output_text(cells[0]))

    chat.watch(*cells)
    for commit in range(before + 1, before + 11):
        button(chat, feed_cell).click()
        for cell in cells:
            chat.wait_for_output(cell, f"commit {commit}")

    assert len(chat.moments()) >= 10
    for moment in chat.moments():
        general, other, counter = moment.texts
        sent = commit_of(general) - before
        assert (commit_of(other), commit_of(counter)) == (before + sent, before + sent)
        assert newest_message(general) == newest_message(other) == sent - 1
        assert f"\n{1 + 2 * sent}\n" in counter


def test_the_magic_shows_what_is_open(chat: Notebook) -> None:
    board = show(chat, "board = latest.live(channel='general')\nboard", "good morning")
    run(chat, "%load_ext reactive_nb")

    report = run(chat, "%reactive")
    why = run(chat, "%reactive why board")

    for text in ("Database db, in memory", "messages", "send", "latest(channel='general')"):
        chat.wait_for_output(report, text)
    chat.wait_for_output(why, "ran at commit")
    assert chat.output_text(board)


def test_observers_and_links_follow_a_live_result(chat: Notebook) -> None:
    links = """
board = latest.live(channel="general")
linked, observed = w.IntText(), w.Text()
traitlets.dlink((board, "value"), (linked, "value"), len)
board.observe(lambda change: setattr(observed, "value", change["new"][0]["body"]), "value")
w.VBox([linked, observed, on_click("send", lambda: send(channel="general", body="hello"))])
"""
    cell = run(chat, links)
    expect(chat.output(cell).locator("input").nth(0)).to_have_value("1")

    button(chat, cell).click()

    expect(chat.output(cell).locator("input").nth(0)).to_have_value("2")
    expect(chat.output(cell).locator("input").nth(1)).to_have_value("hello")


def test_a_dropdown_as_argument_moves_the_table(chat: Notebook) -> None:
    run(chat, "send(channel='other', body='elsewhere')")
    dropdown = run(chat, "channel = w.Dropdown(options=['general', 'other', 'empty'])\nchannel")
    board = show(chat, "board = latest.live(channel=channel)\nboard", "good morning")
    counts = chat.execution_counts()
    select = chat.output(dropdown).locator("select")

    select.select_option("other")
    chat.wait_for_output(board, "elsewhere")
    chat.wait_for_output(board, "latest(channel='other')")
    select.select_option("empty")
    chat.wait_for_output(board, "No rows")
    select.select_option("general")
    chat.wait_for_output(board, "good morning")

    assert chat.table(board) == [["general", "good morning"]]
    assert chat.execution_counts() == counts


def test_running_a_query_s_cell_again_refreshes_its_views(chat: Notebook) -> None:
    definition = "@db.query\ndef shout(ctx):\n    return [m['body'].{how}() for m in ctx.db.query('messages')]"
    run(chat, definition.format(how="lower"))
    board = show(chat, "board = shout.live()\nboard", "good morning")

    run(chat, definition.format(how="upper"))

    chat.wait_for_output(board, "GOOD MORNING")
    assert chat.table(board) == [["GOOD MORNING"]]


def test_an_error_stands_in_its_own_table_until_the_data_is_right_again(chat: Notebook) -> None:
    strict = """
@db.query
def strict(ctx):
    if ctx.db.query("messages").count() > 1:
        raise ValueError("at most one message was expected")
    return ctx.db.query("messages").collect()
"""
    run(chat, strict)
    failing = show(chat, "checked = strict.live()\nchecked", "good morning")
    board = show(chat, "board = latest.live(channel='general')\nboard", "good morning")

    run(chat, "second = send(channel='general', body='hello')")
    chat.wait_for_output(failing, "ValueError: at most one message was expected")
    chat.wait_for_output(board, "hello")
    assert chat.table(failing) == [["general", "good morning"]]
    assert "ValueError" not in chat.output_text(board)
    run(chat, "with db.transaction() as tx:\n    tx.db.delete(second)")
    expect(chat.output(failing).get_by_role("alert")).to_be_hidden()

    assert chat.table(failing) == chat.table(board) == [["general", "good morning"]]


def test_a_closed_result_keeps_its_rows_and_its_commit(chat: Notebook) -> None:
    run(chat, "%load_ext reactive_nb")
    closed = show(chat, "first = latest.live(channel='general')\nfirst", "good morning")
    board = show(chat, "board = total.live()\nboard", "1")
    before = commit_of(chat.output_text(closed))

    run(chat, "%reactive close first")
    chat.wait_for_output(closed, "Closed: this result no longer changes.")
    run(chat, "send(channel='general', body='hello')")
    chat.wait_for_output(board, f"commit {before + 1}")

    assert chat.table(closed) == [["general", "good morning"]]
    assert f"commit {before}\n" in chat.output_text(closed)


def test_a_storm_of_mutations_is_shown_while_a_cell_is_busy(chat: Notebook) -> None:
    board = show(chat, "board = latest.live(channel='storm')\nboard", "No rows")
    counter = show(chat, "counter = total.live()\ncounter", "1")
    storm = """
sent = 0
def storm():
    global sent
    while sent < 15_000:
        send(channel="storm", body=f"message {sent}")
        sent += 1
threading.Thread(target=storm).start()
while sent < 15_000:  # as busy as a cell can be
    pass
"""
    before = commit_of(chat.output_text(board))

    chat.watch(board, counter)
    run(chat, storm)
    chat.wait_for_output(board, f"commit {before + 15_000}")
    chat.wait_for_output(counter, f"commit {before + 15_000}")

    assert [moment.busy for moment in chat.moments()].count(True) > 10
    for moment in chat.moments():
        rows, number = moment.texts
        sent = commit_of(rows) - before
        assert commit_of(number) == before + sent
        assert newest_message(rows) == sent - 1
        assert f"\n{1 + sent:,}\n" in number


def test_a_cell_that_runs_again_leaves_no_result_behind(chat: Notebook) -> None:
    run(chat, "import gc\nfrom reactive_nb.notebook.page import hub\nhub.KEEP_S = 0.0")
    board = run(chat, "board = latest.live(channel='general')\ndisplay(w.HBox([board.table()]))")
    for _ in range(3):
        chat.wait_for_output(board, "good morning")
        chat.run_cell(board)
    left = """
left, never = w.IntText(), threading.Event()
def act():  # the page says what it hides some time after the cell has run
    for _ in range(200):
        gc.collect()
        left.value = len(db.lives())
        if left.value == 1 or never.wait(0.05):
            break
w.VBox([left, on_click("count", act)])
"""
    cell = run(chat, left)

    button(chat, cell).click()

    expect(chat.output(cell).locator("input")).to_have_value("1")
    run(chat, "hub.KEEP_S = 30.0\nsend(channel='general', body='hello')")
    chat.wait_for_output(board, "hello")


def test_a_displayed_result_that_nothing_refers_to_lives_until_its_cell_is_cleared(chat: Notebook) -> None:
    board = run(chat, "display(latest.live(channel='general'))")
    chat.wait_for_output(board, "good morning")
    run(chat, "import gc\ngc.collect()\nsend(channel='general', body='hello')")
    chat.wait_for_output(board, "hello")

    assert chat.table(board) == [["general", "hello"], ["general", "good morning"]]


def test_a_table_has_names_for_those_who_cannot_see_it(chat: Notebook) -> None:
    board = show(chat, "board = latest.live(channel='general')\nboard", "good morning")
    view = chat.output(board)

    expect(view.get_by_role("region", name="latest(channel='general')", exact=True)).to_be_visible()
    grid = view.get_by_role("grid", name="rows of latest(channel='general')")
    expect(grid).to_have_attribute("tabindex", "0")
    expect(grid).to_have_attribute("aria-rowcount", "2")  # with the names of the columns
    expect(grid).to_have_attribute("aria-colcount", "2")
    expect(view.get_by_role("status").filter(has_text="live")).to_be_visible()
    assert grid.get_attribute("aria-activedescendant") is None
    grid.get_by_role("gridcell", name="good morning").click()
    expect(grid).to_be_focused()
    active = grid.locator("[data-active]")
    expect(active).to_have_text("good morning")
    expect(grid).to_have_attribute("aria-activedescendant", active.get_attribute("id") or "")
    toggle = view.get_by_role("button", name="show _id")
    toggle.click()
    assert view.get_by_role("button", name="hide _id").get_attribute("aria-pressed") is None
    expect(view.get_by_role("columnheader")).to_have_count(4)
    expect(grid).to_have_attribute("aria-colcount", "4")


def test_a_page_that_is_loaded_again_shows_the_views_as_they_are_now(notebook: Notebook, lab: LabServer) -> None:
    path = lab.write_notebook("reload.ipynb", CHAT.format(file=""), "board = latest.live(channel='general')\nboard")
    notebook.open(path).run_all()
    notebook.wait_for_output(1, "good morning")
    notebook.save()
    run(notebook, "send(channel='general', body='hello')")

    notebook.open(path)
    notebook.wait_for_output(1, "hello")
    run(notebook, "send(channel='general', body='good night')")
    notebook.wait_for_output(1, "good night")

    assert [body for _, body in notebook.table(1)] == ["good night", "hello", "good morning"]
    assert notebook.foreign_requests == []


def test_a_new_kernel_finds_the_data_again_and_the_old_view_says_that_its_own_is_gone(
    notebook: Notebook, lab: LabServer
) -> None:
    file = "'kept.duckdb'"
    board = "board = latest.live(channel='general')\nboard"
    notebook.open(lab.write_notebook("restart.ipynb", CHAT.format(file=file), board))
    notebook.run_all()
    notebook.wait_for_output(1, "good morning")

    notebook.restart_kernel()
    notebook.wait_for_output(1, "kernel gone")
    assert notebook.table(1) == [["general", "good morning"]]
    notebook.run_all()
    notebook.wait_for_output(1, "live")

    assert notebook.table(1) == [["general", "good morning"], ["general", "good morning"]]
    run(notebook, "db.close()")
