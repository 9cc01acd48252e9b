"""The first notebook of the tour in JupyterLab: boards and a counter move together while no cell runs.

With REACTIVE_NB_SCREENSHOTS=1 it also takes the picture that the README shows.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from tests.browser.lab import Notebook

ROOT = Path(__file__).parents[2]
ORIGINAL = ROOT / "notebooks/01_departures.ipynb"
PICTURE = ROOT / "docs/departures.png"


def cell_with(text: str) -> int:
    """The place of the one cell of the notebook that contains a text."""
    cells = nbformat.read(ORIGINAL, as_version=4).cells
    (found,) = [index for index, cell in enumerate(cells) if text in cell.source]
    return found


@pytest.mark.slow
def test_boards_and_counter_move_together_while_no_cell_runs(notebook: Notebook) -> None:
    shutil.copy(ORIGINAL, notebook.lab.root)
    boards = cell_with("counter.table()")

    notebook.open(ORIGINAL.name).run_all(seconds=240)
    counts = notebook.execution_counts()
    notebook.watch(boards)
    notebook.wait_for_moments(20)

    assert notebook.execution_counts() == counts
    moments = notebook.moments()
    assert not any(moment.busy for moment in moments)
    for moment in moments:
        jfk, ewr, counter = moment.texts
        assert jfk.startswith("departures(origin='JFK')")
        assert ewr.startswith("departures(origin='EWR')")
        assert counter.startswith("today()")
        commits = {text.rpartition("commit ")[2].split()[0] for text in moment.texts}
        assert len(commits) == 1
        waiting, departed, cancelled = map(int, re.findall(r"(?:waiting|departed|cancelled)\s+(\d+)", counter))
        assert waiting + departed + cancelled == 930
    assert len({moment.texts[2] for moment in moments}) > 10
    assert notebook.foreign_requests == []
    if os.environ.get("REACTIVE_NB_SCREENSHOTS") == "1":
        notebook.cell(boards).screenshot(path=PICTURE)
