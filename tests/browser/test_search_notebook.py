"""The notebook of searches in JupyterLab: results follow the search box, and a document that is added appears in them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook

ORIGINAL = Path(__file__).parents[2] / "notebooks/06_search.ipynb"


def cell_with(text: str) -> int:
    """The place of the one code cell of the notebook that contains a text."""
    cells = nbformat.read(ORIGINAL, as_version=4).cells
    (found,) = [index for index, cell in enumerate(cells) if cell.cell_type == "code" and text in cell.source]
    return found


@pytest.mark.slow
def test_results_follow_the_search_box_and_the_documents_while_no_cell_runs(notebook: Notebook) -> None:
    shutil.copy(ORIGINAL, notebook.lab.root)
    search = cell_with("results.view")
    form = cell_with("add.form")
    notebook.open(ORIGINAL.name).run_all(seconds=240)
    counts = notebook.execution_counts()
    box = notebook.output(search).get_by_placeholder("What do you look for?")
    hits = notebook.output(search).locator(".hit")

    # Found by words, the last one of them unfinished.
    box.fill("")
    expect(hits).to_have_text(["Nothing is found."])
    box.press_sequentially("erase a dir")
    expect(hits.locator("mark").filter(has_text="directory").first).to_be_visible()
    expect(hits.first.locator("small")).to_have_text(re.compile(r"words \d+"))

    # No document has this very word, so what is found has been found by its meaning.
    box.fill("averages")
    expect(hits.filter(has_text="kitchen.tip").locator("small")).to_have_text(re.compile(r"^meaning \d+$"))
    expect(hits.locator("mark")).to_have_count(0)

    added = notebook.output(form).locator(".rnb-form")
    added.get_by_label("library", exact=True).fill("garden")
    added.get_by_label("text", exact=True).fill("garden.averaging: Averaged, the arithmetic mean")
    added.get_by_role("button", name="Run").click()
    averaging = hits.filter(has_text="garden.averaging")
    expect(averaging.locator("small")).to_have_text(re.compile(r"^meaning \d+$"))
    expect(notebook.output(form).get_by_role("gridcell", name="garden")).to_be_visible()

    notebook.output(search).get_by_role("combobox").select_option("numpy")
    expect(averaging).to_have_count(0)
    expect(hits.first.locator("b")).to_have_text(re.compile(r"^numpy\."))

    assert notebook.execution_counts() == counts
    assert notebook.foreign_requests == []
    assert notebook.console == []
