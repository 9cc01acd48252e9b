"""The data browser in real JupyterLab: pages by any index, edits and what is refused, undo, insert, delete, history."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import keep_picture_of_failure
from tests.browser.lab import Notebook
from tests.browser.panel import LabPanel

pytestmark = pytest.mark.slow

SETUP = """
import reactive_nb as rnb
from reactive_nb import v
db = rnb.connect()
db.define(
    teams=rnb.table(name=v.string()),
    scores=rnb.table(
        player=v.string(), points=v.number(), note=v.optional(v.string()), team=v.optional(v.id("teams"))
    ).index("by_points", "points").index("by_player_and_points", "player", "points"),
)
team = db.write(lambda ctx: ctx.db.insert("teams", {"name": "Reds"}))
db.table("scores").insert(
    [{"player": f"p{n % 10}", "points": n, **({"team": team} if n == 0 else {})} for n in range(10_000)]
)

@db.query
def best(ctx):
    return ctx.db.query("scores").with_index("by_points").order("desc").take(3)

best.live().table(columns=["player", "points"])
"""

# JupyterLab's own debugger says so when a kernel restarts while it is asked.
DEBUGGER = "Could not restore the debugger state"


class Browser:
    """A data browser in the main area, as a person sees and uses it."""

    def __init__(self, panel: LabPanel, table: str) -> None:
        self.panel = panel
        self.page = panel.page
        self.node = self.page.locator(".rnb-browser:not(.lm-mod-hidden)")
        self.page.evaluate(
            "async table => { await jupyterapp.commands.execute('reactive-nb:open-table', {table}); return null; }",
            table,
        )
        expect(self.node).to_be_visible()

    @property
    def words(self) -> Locator:
        return self.node.locator(".rnb-browser-page")

    @property
    def line(self) -> Locator:
        return self.node.locator(".rnb-browser-line")

    @property
    def side(self) -> Locator:
        return self.node.locator(".rnb-browser-side")

    def button(self, name: str) -> Locator:
        return self.node.get_by_role("button", name=name)

    def cell(self, row: int, column: int) -> Locator:
        """A cell of the rows in sight, counted from the top."""
        return self.node.locator(".rnb-body [role=row]").nth(row).locator("[role=gridcell]").nth(column)

    def wait_for_rows(self, words: str) -> None:
        expect(self.words).to_have_text(words)

    def wait_for_column(self, column: int, texts: list[str]) -> None:
        """Return when the first rows hold these texts in a column."""
        for row, text in enumerate(texts):
            expect(self.cell(row, column)).to_have_text(text)

    def choose(self, label: str, option: str) -> None:
        self.node.get_by_label(label, exact=True).select_option(option)

    def bound(self, label: str) -> Locator:
        """An input of the range by its label, such as `points from`."""
        return self.node.get_by_label(label, exact=True)

    def run_cell(self, source: str) -> None:
        """Run lines as a new cell of the notebook, and come back."""
        self.page.get_by_role("tab", name="data_browser.ipynb").click()
        notebook = self.panel.notebook
        notebook.run_cell(notebook.add_cell(source))
        self.page.get_by_role("tab", name="scores · db").click()

    def edit(self, row: int, column: int, text: str) -> None:
        self.cell(row, column).dblclick()
        editor = self.node.locator(".rnb-editor :is(input, textarea)")
        editor.fill(text)
        editor.press("Enter")


@pytest.fixture
def browser_of(notebook: Notebook, request: pytest.FixtureRequest) -> Iterator[Browser]:
    notebook.open(notebook.lab.write_notebook("data_browser.ipynb", SETUP))
    notebook.run_all()
    panel = LabPanel(notebook).open()
    panel.wait_for_tables({"scores": 10_000})
    browser = Browser(panel, "scores")
    browser.wait_for_rows("rows 1–100 of 10,000")
    yield browser
    keep_picture_of_failure(notebook, request)
    assert [each for each in notebook.console if DEBUGGER not in each] == []


def test_pages_of_an_index_and_a_range_stay_true(browser_of: Browser) -> None:
    browser = browser_of
    browser.choose("Index", "by_points")
    browser.choose("Order", "desc")
    browser.wait_for_column(1, ["9999", "9998"])

    browser.button("Next page").click()
    browser.wait_for_rows("rows 101–200 of 10,000")
    browser.wait_for_column(1, ["9899", "9898"])
    browser.button("Last page").click()
    browser.wait_for_rows("rows 9,901–10,000 of 10,000")
    browser.wait_for_column(1, ["99", "98"])

    browser.button("Range").click()
    browser.bound("points from").fill("20")
    browser.bound("points to").fill("29")
    browser.bound("points to").press("Enter")
    browser.wait_for_rows("rows 1–10 of 10")
    browser.wait_for_column(1, ["29", "28"])

    browser.bound("points from").fill("many")
    browser.bound("points from").press("Enter")
    expect(browser.node.locator(".rnb-browser-range [role=alert]:visible")).to_contain_text("points is 'many'")

    # A cell commits: the page and the number follow.
    notebook = browser.panel.notebook
    browser.page.get_by_role("tab", name="data_browser.ipynb").click()
    cell = notebook.add_cell("_ = db.write(lambda ctx: ctx.db.insert('scores', {'player': 'new', 'points': 28.5}))")
    notebook.run_cell(cell)
    browser.page.get_by_role("tab", name="scores · db").click()
    browser.wait_for_rows("rows 1–11 of 11")
    browser.wait_for_column(1, ["29", "28.5", "28"])


def test_an_edit_reaches_live_views_and_can_be_undone(browser_of: Browser) -> None:
    browser = browser_of
    browser.edit(0, 1, "soon")
    refusal = browser.node.locator(".rnb-refusal")
    expect(refusal).to_contain_text("points = “soon” was refused")
    expect(refusal).to_contain_text("Expected a number")
    refusal.get_by_role("button", name="Discard").click()

    browser.edit(0, 1, "123456")
    expect(browser.cell(0, 1)).to_have_text("123456")
    expect(browser.button("Undo the edit of points")).to_be_enabled()
    browser.page.get_by_role("tab", name="data_browser.ipynb").click()
    browser.panel.notebook.wait_for_output(0, "123456")
    browser.page.get_by_role("tab", name="scores · db").click()

    browser.cell(0, 0).click()
    browser.page.keyboard.press("Control+z")
    expect(browser.cell(0, 1)).to_have_text("0")
    browser.page.keyboard.press("Control+Shift+z")
    expect(browser.cell(0, 1)).to_have_text("123456")
    browser.button("Undo the edit of points").click()
    expect(browser.cell(0, 1)).to_have_text("0")

    # Somebody else has changed it since: that cannot be undone, and says why.
    browser.edit(1, 1, "7")
    expect(browser.button("Undo the edit of points")).to_be_enabled()
    browser.page.get_by_role("tab", name="data_browser.ipynb").click()
    notebook = browser.panel.notebook
    change = "_ = db.write(lambda ctx: ctx.db.patch(ctx.db.query('scores').at(1)['_id'], {'note': 'mine'}))"
    notebook.run_cell(notebook.add_cell(change))
    browser.page.get_by_role("tab", name="scores · db").click()
    browser.button("Undo the edit of points").click()
    expect(browser.line).to_contain_text("has been changed since")


def test_documents_are_inserted_and_deleted(browser_of: Browser) -> None:
    browser = browser_of
    browser.button("Insert a document").click()
    form = browser.side.locator("form")
    form.get_by_label("player").fill("Ada")
    form.get_by_role("button", name="Insert").click()
    expect(form.locator("[role=alert]:visible")).to_contain_text("points")
    form.get_by_label("points").fill("12")
    form.get_by_role("button", name="Insert").click()
    expect(form).to_contain_text("done")
    browser.wait_for_rows("rows 1–100 of 10,001")
    browser.line.get_by_role("button", name="Show it").click()
    browser.wait_for_rows("rows 10,001–10,001 of 10,001")
    expect(browser.node.locator("[role=gridcell][aria-selected=true]")).to_have_text("Ada")

    browser.button("First page").click()
    browser.wait_for_column(1, ["0", "1", "2"])
    browser.cell(0, 0).click()
    browser.cell(2, 0).click(modifiers=["Shift"])
    browser.page.keyboard.press("Delete")
    confirm = browser.node.locator(".rnb-browser-confirm")
    expect(confirm).to_contain_text("Delete 3 documents of scores?")
    confirm.get_by_role("button", name="Delete").click()
    browser.wait_for_rows("rows 1–100 of 9,998")
    browser.wait_for_column(1, ["3", "4", "5"])
    browser.button("Undo the deletion of 3 documents").click()
    browser.wait_for_column(1, ["0", "1", "2"])


def test_ids_are_followed_and_histories_shown(browser_of: Browser) -> None:
    browser = browser_of
    browser.edit(0, 2, "first")
    expect(browser.cell(0, 2)).to_have_text("first")
    browser.cell(0, 2).click()
    browser.button("History of the selected document").click()
    versions = browser.side.locator("li")
    expect(versions).to_have_count(2)
    expect(versions.first).to_contain_text("changed")
    expect(versions.first).to_contain_text("first")
    expect(versions.last).to_contain_text("inserted")

    browser.cell(0, 3).click(modifiers=["Control"])
    expect(browser.page.get_by_role("tab", name="teams · db")).to_be_visible()
    expect(browser.node.locator("[role=gridcell][aria-selected=true]")).to_have_text("Reds")


def test_an_earlier_commit_is_read_only_and_marked(browser_of: Browser) -> None:
    browser = browser_of
    browser.edit(0, 1, "500000")
    expect(browser.cell(0, 1)).to_have_text("500000")
    expect(browser.panel.node.locator(".rnb-panel-commit")).to_have_text("commit 4")  # up to which the slider goes
    slider = browser.panel.node.locator("input[type=range]")
    slider.focus()
    slider.press("ArrowLeft")
    expect(browser.node.locator(".rnb-browser-banner")).to_have_text("As of commit 3 · read-only")
    expect(browser.cell(0, 1)).to_have_text("0")
    expect(browser.button("Insert a document")).to_be_disabled()
    expect(browser.button("Undo")).to_be_disabled()
    expect(browser.page.get_by_role("tab", name="scores · db @ 3")).to_be_visible()
    browser.cell(0, 1).dblclick()
    expect(browser.node.locator(".rnb-editor")).to_have_count(0)

    slider.press("ArrowRight")
    expect(browser.node.locator(".rnb-browser-banner")).to_be_hidden()
    expect(browser.cell(0, 1)).to_have_text("500000")


def test_a_browser_comes_back_with_its_kernel(browser_of: Browser) -> None:
    browser = browser_of
    browser.choose("Index", "by_points")
    browser.choose("Order", "desc")
    browser.wait_for_column(1, ["9999"])
    notebook = browser.panel.notebook
    browser.page.get_by_role("tab", name="data_browser.ipynb").click()
    notebook.restart_kernel()
    browser.page.get_by_role("tab", name="scores · db").click()
    expect(browser.node.locator(".rnb-browser-state")).to_have_text("kernel gone")

    browser.page.get_by_role("tab", name="data_browser.ipynb").click()
    notebook.run_all()
    browser.page.get_by_role("tab", name="scores · db").click()
    browser.wait_for_rows("rows 1–100 of 10,000")
    browser.wait_for_column(1, ["9999", "9998"])
    expect(browser.node.locator(".rnb-browser-state")).to_have_text("live")


def test_a_table_that_is_declared_anew_has_its_new_columns(browser_of: Browser) -> None:
    browser = browser_of
    browser.wait_for_rows("rows 1–100 of 10,000")
    head = browser.node.get_by_role("columnheader", name="grade")
    expect(head).to_have_count(0)

    fields = "player=v.string(), points=v.number(), team=v.optional(v.any()), grade=v.optional(v.string())"
    browser.run_cell(f"db.define(scores=rnb.table({fields}))")

    expect(head).to_be_visible()
    browser.button("Insert a document").click()
    expect(browser.side.get_by_label("grade")).to_be_visible()


def test_a_browser_comes_back_with_its_database(browser_of: Browser) -> None:
    browser = browser_of
    browser.wait_for_rows("rows 1–100 of 10,000")

    browser.run_cell("db.close()")
    expect(browser.button("Insert a document")).to_be_disabled()

    browser.run_cell(SETUP)
    expect(browser.button("Insert a document")).to_be_enabled()
    browser.wait_for_rows("rows 1–100 of 10,000")
