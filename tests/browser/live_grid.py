"""A live table in a page, as the tests of tables look at it and act on it.

In: the cell of a notebook under which it stands. Out: its rows, cells and heads as locators, and where the rows in sight
stand. Every wait is for something that the page shows.
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.lab import STEP_SECONDS, Notebook

expect.set_options(timeout=STEP_SECONDS * 1000)  # five seconds are too few on a busy machine

# The first row whose upper edge is in sight: the text of its first cell, and how far below the head it stands.
FIRST_IN_SIGHT = """scroll => {
    const top = scroll.getBoundingClientRect().top + (scroll.querySelector(".rnb-headgroup")?.offsetHeight ?? 0);
    const rows = [...scroll.querySelectorAll(".rnb-row")].map(row => [row.getBoundingClientRect().top - top, row]);
    const [below, row] = rows.find(([below]) => below >= -0.01) ?? [0, null];
    return [row?.firstElementChild.textContent ?? "", Math.round(below * 100) / 100];
}"""


class LiveGrid:
    """One table on the page.

    Attributes:
        root: The whole of it.
        scroll: The part with the rows, which has the focus.
        head: The names of the columns.
        body: The rows.
        state: The words for how it is with it.
        alert: What went wrong with its result.
        foot: How many rows there are, and at which commit.
        editor: The open editor of a cell.
        refusal: The edits that were refused.
    """

    def __init__(self, notebook: Notebook, index: int) -> None:
        self.page = notebook.page
        self.root = notebook.output(index).locator(".rnb-grid")
        self.scroll = self.root.get_by_role("grid")
        self.head = self.root.get_by_role("columnheader")
        self.body = self.root.locator(".rnb-body")
        self.state = self.root.locator(".rnb-state")
        self.alert = self.root.locator(".rnb-alert")
        self.foot = self.root.locator(".rnb-facts")
        self.editor = self.root.locator(".rnb-editor")
        self.refusal = self.root.locator(".rnb-refusal")

    def column(self, name: str) -> Locator:
        """The head of a column."""
        return self.head.filter(has_text=name).first

    def row(self, key: str) -> Locator:
        """The row whose first cell has this text, if it is in the document."""
        first = self.page.locator("> :first-child", has_text=key).get_by_text(key, exact=True)
        return self.body.get_by_role("row").filter(has=first)

    def cell(self, key: str, column: str) -> Locator:
        """The cell of a row and a column."""
        names = self.root.locator(".rnb-headcell .rnb-name").all_inner_texts()
        return self.row(key).get_by_role("gridcell").nth(names.index(column))

    def first(self) -> tuple[str, float]:
        """The text of the first cell of the first row in sight as a whole, and its distance from the head in pixels."""
        text, below = self.scroll.evaluate(FIRST_IN_SIGHT)
        return str(text), float(below)

    def wait_for_first(self, text: str) -> None:
        """Return when the first row in sight is this one."""
        found = f"([scroll, text]) => ({FIRST_IN_SIGHT})(scroll)[0] === text"
        self.page.wait_for_function(found, arg=[self.scroll.element_handle(), text])

    def scroll_to(self, pixels: float) -> None:
        """Scroll the rows, as a wheel or a finger does it; a large number goes to the end."""
        self.scroll.evaluate("(scroll, top) => { scroll.scrollTop = top; }", pixels)

    def column_texts(self, column: str, count: int = 5) -> list[str]:
        """The texts of the first rows in the document, in one column."""
        names = self.root.locator(".rnb-headcell .rnb-name").all_inner_texts()
        rows = self.body.get_by_role("row").all()[:count]
        return [row.get_by_role("gridcell").nth(names.index(column)).inner_text() for row in rows]

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        for key in keys:
            self.page.keyboard.press(key)

    def expect_active(self, text: str) -> None:
        """Return when the keyboard is on a cell with this text, for those who see it and for those who hear it."""
        active = self.root.locator("[data-active]")
        expect(active).to_have_text(text)
        expect(self.scroll).to_have_attribute("aria-activedescendant", str(active.get_attribute("id")))

    def commit(self) -> int:
        """The commit that it says it shows."""
        return int(self.foot.inner_text().rpartition("commit ")[2].split()[0])


def run(notebook: Notebook, source: str, **options: Any) -> int:
    """Run a new cell and return its index; options as for `Notebook.run_cell`."""
    index = notebook.add_cell(source)
    notebook.run_cell(index, **options)
    return index


def show(notebook: Notebook, source: str) -> LiveGrid:
    """Run a new cell that ends with a table, and return that when its rows are there."""
    grid = LiveGrid(notebook, run(notebook, source))
    expect(grid.state).to_have_text("live")
    grid.root.scroll_into_view_if_needed()
    return grid
