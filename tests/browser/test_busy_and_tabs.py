"""What a reader sees while a cell runs for long, and what two tabs on one notebook see.

While a cell runs: tables, views and bound traits go on changing, edits and forms are answered, because none of them
needs the main thread; plots and reactive cells say that they are stale, and are drawn when the cell has ended.
"""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.conftest import new_page
from tests.browser.lab import LabServer, Notebook

APP = """
import threading, time
import ipywidgets as w
import reactive_nb as rnb
from reactive_nb import v

%load_ext reactive_nb
db = rnb.connect()
db.define(items=rnb.table(name=v.string(), n=v.int64()).index("by_n", "n"))

@db.mutation
def add(ctx, name: str, n: int):
    return ctx.db.insert("items", {"name": name, "n": n})

@db.query
def items(ctx):
    return ctx.db.query("items").with_index("by_n").order("desc").take(100)

add(name="first", n=0)
"""


def run(notebook: Notebook, source: str) -> int:
    index = notebook.add_cell(source)
    notebook.run_cell(index)
    return index


def test_a_cell_that_is_busy_for_five_seconds_stops_tables_views_and_forms_for_nobody(
    notebook: Notebook, lab: LabServer
) -> None:
    notebook.open(lab.write_notebook("busy.ipynb", APP)).run_all()
    table = run(notebook, "board = items.live()\nboard")
    view = run(notebook, "board.view(lambda rows: f'{len(rows)} items')")
    plot = run(notebook, "board.plot(lambda df: df.plot.bar(x='name', y='n'))")
    form = run(notebook, "add.form(n=1000)")
    notebook.wait_for_output(view, "1 items")
    picture = notebook.output(plot).locator("img")
    before = picture.get_attribute("src")

    busy = """
def feed():
    for n in range(1, 31):
        add(name=f"item {n}", n=n)
        pause.wait(0.1)
pause, thread = threading.Event(), threading.Thread(target=feed)
end = time.monotonic() + 5
thread.start()
while time.monotonic() < end:  # busy, and not only asleep
    pass
"""
    cell = notebook.add_cell(busy)
    notebook.watch(table, view)
    notebook.run_cell(cell, wait=False)
    notebook.wait_for_output(table, "item 3")
    # The form's answer comes while the cell is still at it, and the plot says what it is.
    notebook.output(form).get_by_role("textbox").first.fill("from the form")
    notebook.output(form).get_by_role("button", name="Run").click()
    notebook.wait_for_output(table, "from the form")
    notebook.wait_for_output(plot, "stale")
    assert notebook.cell(cell).locator(".jp-InputPrompt").inner_text() == "[*]:"
    assert picture.get_attribute("src") == before

    notebook.wait_for_output(view, "32 items")
    expect(notebook.cell(cell).locator(".jp-InputPrompt")).not_to_have_text("[*]:")
    expect(picture).not_to_have_attribute("src", before or "")
    expect(notebook.output(plot).get_by_text("stale")).to_be_hidden()

    moments = notebook.moments()
    assert [moment.busy for moment in moments].count(True) > 10
    for moment in moments:
        rows, counted = moment.texts
        assert f"{rows.partition(' rows')[0].split()[-1]} items" in counted  # one moment in every frame


def test_two_tabs_on_one_notebook_each_keep_their_own_order_and_both_follow(
    notebook: Notebook, browser: Browser, lab: LabServer
) -> None:
    path = lab.write_notebook("tabs.ipynb", APP, "board = items.live()\nboard.table(columns=['name', 'n'])")
    notebook.open(path).run_all()
    notebook.wait_for_output(1, "first")
    notebook.save()

    with new_page(browser, lab) as other:
        other.open(path)
        other.wait_for_output(1, "first")
        other.output(1).get_by_role("columnheader", name="n", exact=True).click()
        run(notebook, "for n in range(1, 4): add(name=f'item {n}', n=n)")

        notebook.wait_for_output(1, "4 rows")
        other.wait_for_output(1, "4 rows")
        assert [row[1] for row in notebook.table(1)] == ["3", "2", "1", "0"]
        assert [row[1] for row in other.table(1)] == ["0", "1", "2", "3"]
        other.path = ""  # the kernel is the first tab's to end

    run(notebook, "add(name='last', n=9)")
    notebook.wait_for_output(1, "5 rows")
    assert [row[1] for row in notebook.table(1)] == ["9", "3", "2", "1", "0"]
