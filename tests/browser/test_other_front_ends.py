"""The same notebook in Notebook 7 and as a Voilà app: what stands under its cells is alive there as it is in JupyterLab.

And in a JupyterLab that takes cells out of the page while they are out of sight, as its `windowingMode` "full" does.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import keep_picture_of_failure, new_page
from tests.browser.lab import LabServer, Notebook
from tests.browser.servers import NotebookServer

APP = """
import reactive_nb as rnb
from reactive_nb import v

%load_ext reactive_nb
db = rnb.connect()
db.define(items=rnb.table(name=v.string(), n=v.int64()))

@db.mutation
def add(ctx, name: str, n: int):
    return ctx.db.insert("items", {"name": name, "n": n})

@db.query
def items(ctx):
    return ctx.db.query("items").order("desc").take(100)

for name, n in [("one", 1), ("two", 2), ("three", 3)]:
    add(name=name, n=n)
board = items.live()
"""
CELLS = (
    APP,
    "board.table(columns=['name', 'n'])",
    "board.view(lambda rows: f'{len(rows)} items')",
    "add.form(n=20)",
    "add.button('Add ten', name='ten', n=10)",
    "%%live\nprint('the sum is', sum(row['n'] for row in items()))",
)
TABLE, VIEW, FORM, BUTTON, LIVE = range(1, 6)

# What the pages of Notebook 7.6 and Voilà 0.5 do with any notebook, an empty one too: Voilà's ask for icons and MathJax,
# which they do without here, and load Notebook's extension, which does not fit them.
NOTEBOOK_REPORTS = "Cannot read properties of undefined (reading 'schema')"
VOILA_ASKS_FOR = ("fontawesome", "mathjax")
VOILA_REPORTS = ("Failed to load resource: net::ERR_NAME_NOT_RESOLVED", "Error: The getter for the shared module")


@pytest.fixture(scope="module")
def server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotebookServer]:
    with NotebookServer(tmp_path_factory.mktemp("notebook")) as server:
        yield server


@pytest.fixture
def seven(browser: Browser, server: NotebookServer, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    with new_page(browser, server) as seven:
        yield seven
        keep_picture_of_failure(seven, request)


def names(place: Page | Locator) -> Locator:
    """The first column of the table in a place."""
    return place.locator(".rnb-grid").get_by_role("row").locator("[role=gridcell]:first-child")


def test_a_notebook_in_notebook_7_is_alive_and_asks_no_other_host(seven: Notebook, server: NotebookServer) -> None:
    seven.open(server.write_notebook("seven.ipynb", *CELLS)).run_all()
    expect(names(seven.output(TABLE))).to_have_text(["three", "two", "one"])
    seven.wait_for_output(VIEW, "3 items")
    seven.wait_for_output(LIVE, "the sum is 6")

    seven.output(BUTTON).get_by_role("button", name="Add ten").click()
    expect(names(seven.output(TABLE))).to_have_text(["ten", "three", "two", "one"])
    seven.wait_for_output(VIEW, "4 items")
    seven.wait_for_output(LIVE, "the sum is 16")

    seven.output(FORM).get_by_role("textbox", name="name").fill("twenty")
    seven.output(FORM).get_by_role("button", name="Run").click()
    expect(names(seven.output(TABLE))).to_have_text(["twenty", "ten", "three", "two", "one"])
    seven.wait_for_output(LIVE, "the sum is 36")

    seven.output(TABLE).get_by_role("columnheader", name="n", exact=True).click()
    expect(names(seven.output(TABLE))).to_have_text(["one", "two", "three", "ten", "twenty"])
    assert seven.foreign_requests == []
    assert set(seven.console) <= {NOTEBOOK_REPORTS}


def test_a_page_of_notebook_7_that_is_loaded_again_shows_what_is_so_now(
    seven: Notebook, server: NotebookServer
) -> None:
    seven.open(server.write_notebook("again.ipynb", *CELLS)).run_all()
    seven.wait_for_output(LIVE, "the sum is 6")
    seven.save()
    seven.output(BUTTON).get_by_role("button", name="Add ten").click()
    seven.wait_for_output(LIVE, "the sum is 16")

    seven.open(seven.path)
    expect(names(seven.output(TABLE))).to_have_text(["ten", "three", "two", "one"])
    seven.wait_for_output(VIEW, "4 items")
    seven.wait_for_output(LIVE, "the sum is 16")

    seven.output(BUTTON).get_by_role("button", name="Add ten").click()
    expect(names(seven.output(TABLE))).to_have_text(["ten", "ten", "three", "two", "one"])
    seven.wait_for_output(LIVE, "the sum is 26")


def test_a_notebook_as_a_voila_app_is_alive(seven: Notebook, server: NotebookServer) -> None:
    page = seven.page
    page.goto(server.app_address(server.write_notebook("app.ipynb", *CELLS)))
    expect(names(page)).to_have_text(["three", "two", "one"])
    expect(page.get_by_text("3 items")).to_be_visible()
    expect(page.get_by_text("the sum is 6")).to_be_visible()

    page.get_by_role("button", name="Add ten").click()
    expect(names(page)).to_have_text(["ten", "three", "two", "one"])
    expect(page.get_by_text("4 items")).to_be_visible()
    expect(page.get_by_text("the sum is 16")).to_be_visible()

    page.get_by_role("textbox", name="name").fill("twenty")
    page.get_by_role("button", name="Run").click()
    expect(names(page)).to_have_text(["twenty", "ten", "three", "two", "one"])
    expect(page.get_by_text("the sum is 36")).to_be_visible()

    page.get_by_role("columnheader", name="n", exact=True).click()
    expect(names(page)).to_have_text(["one", "two", "three", "ten", "twenty"])
    assert [url for url in seven.foreign_requests if not any(name in url for name in VOILA_ASKS_FOR)] == []
    assert [text for text in seven.console if not text.startswith(VOILA_REPORTS)] == []


def test_a_table_that_was_out_of_sight_is_where_its_reader_left_it(notebook: Notebook, lab: LabServer) -> None:
    many = (
        "with db.transaction() as tx:\n    for n in range(1000): tx.db.insert('items', {'name': f'item {n}', 'n': n})"
    )
    tall = ["print('a line\\n' * 60)"] * 4
    query = "@db.query\ndef items(ctx):\n    return ctx.db.query('items').collect()"
    path = lab.write_notebook("sight.ipynb", APP, many, query, "board = items.live()\nboard", *tall)
    notebook.open(path).run_all()
    notebook.take_out_what_is_out_of_sight()
    grid = notebook.output(3).locator(".rnb-scroll")
    notebook.scroll_to(3)
    grid.evaluate("grid => grid.scrollTop = 300 * 24")
    expect(grid.get_by_text("item 300", exact=True)).to_be_in_viewport()

    notebook.scroll_to(len(tall) + 3)
    expect(grid).to_be_hidden()
    change = (
        "add(name='new', n=1)\nadd(name='newer', n=1)\nwith db.transaction() as tx: tx.db.delete(board.value[0]['_id'])"
    )
    notebook.run_cell(notebook.add_cell(change))
    notebook.scroll_to(3)

    notebook.wait_for_output(3, "1,004 rows")
    expect(grid.get_by_text("item 300", exact=True)).to_be_in_viewport()
    expect(grid).to_have_js_property("scrollTop", 299 * 24)
