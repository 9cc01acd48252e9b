"""The notebook of live widgets in JupyterLab, used as a reader uses it: a table, a form, a plot and a cell that runs again.

With REACTIVE_NB_SCREENSHOTS=1 it also takes the pictures that the README shows, light and dark.
"""

from __future__ import annotations

import os
import shutil
from io import BytesIO
from pathlib import Path

import nbformat
import pytest
from PIL import Image
from playwright.sync_api import FloatRect, expect

from tests.browser.lab import Notebook
from tests.browser.live_grid import LiveGrid

ROOT = Path(__file__).parents[2]
ORIGINAL = ROOT / "notebooks/04_live_widgets.ipynb"
PICTURES = {"JupyterLab Light": ROOT / "docs/widgets_light.png", "JupyterLab Dark": ROOT / "docs/widgets_dark.png"}


def cell_with(text: str) -> int:
    """The place of the one cell of the notebook that contains a text."""
    cells = nbformat.read(ORIGINAL, as_version=4).cells
    (found,) = [index for index, cell in enumerate(cells) if text in cell.source]
    return found


@pytest.mark.slow
def test_an_order_from_the_form_is_in_the_table_the_view_the_plot_and_the_live_cell(notebook: Notebook) -> None:
    shutil.copy(ORIGINAL, notebook.lab.root)
    notebook.page.set_viewport_size({"width": 1280, "height": 1500})
    notebook.open(ORIGINAL.name).run_all(seconds=120)
    table, forms = cell_with("board.table(columns"), cell_with("order.form(")
    views, live = cell_with("open_orders.plot("), cell_with("%%live\n")
    board = LiveGrid(notebook, table)
    notebook.wait_for_output(live, "5 orders of all wait")
    picture = notebook.output(views).locator("img")
    before = picture.get_attribute("src") or ""
    counts = notebook.execution_counts()

    form = notebook.output(forms)
    form.get_by_label("name").fill("Margaret")
    form.get_by_label("drink").first.select_option("cortado")
    form.get_by_role("button", name="Run").first.click()

    expect(board.row("Margaret")).to_be_visible()
    notebook.wait_for_output(views, "6 wait")
    notebook.wait_for_output(live, "6 orders of all wait")
    expect(picture).not_to_have_attribute("src", before)

    board.cell("Margaret", "minutes").dblclick()
    notebook.page.keyboard.type("soon\n")
    expect(board.refusal).to_contain_text("soon")
    expect(board.cell("Margaret", "minutes")).to_have_text("3")
    notebook.page.keyboard.press("Escape")

    assert notebook.execution_counts() == counts
    assert notebook.foreign_requests == []
    if os.environ.get("REACTIVE_NB_SCREENSHOTS") == "1":
        take_pictures(notebook, table, views)


def take_pictures(notebook: Notebook, first: int, last: int) -> None:
    for theme, file in PICTURES.items():
        notebook.use_theme(theme)
        notebook.cell(first).evaluate("cell => cell.scrollIntoView()")
        above, below = notebook.cell(first).bounding_box(), notebook.cell(last).bounding_box()
        assert above is not None
        assert below is not None
        height = below["y"] + below["height"] - above["y"]
        area: FloatRect = {"x": above["x"], "y": above["y"], "width": above["width"], "height": height}
        taken = Image.open(BytesIO(notebook.page.screenshot(clip=area)))
        # Small enough for a page that is read far away: two thirds of the size, and few colours, as it has.
        small = taken.convert("RGB").resize((taken.width * 2 // 3, taken.height * 2 // 3), Image.Resampling.LANCZOS)
        small.quantize(200).save(file, optimize=True)
