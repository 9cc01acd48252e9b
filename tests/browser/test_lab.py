"""The harness itself: what it says about a notebook is what stands in the page."""

from __future__ import annotations

import pytest

from tests.browser.lab import LabServer, Notebook

COUNTER = """
import anywidget, traitlets

class Counter(anywidget.AnyWidget):
    _esm = '''
    function render({ model, el }) {
        const button = document.createElement("button");
        const show = () => { button.textContent = "doubled: " + model.get("doubled"); };
        button.addEventListener("click", () => { model.set("clicks", model.get("clicks") + 1); model.save_changes(); });
        model.on("change:doubled", show);
        show();
        el.appendChild(button);
    }
    export default { render };
    '''
    clicks = traitlets.Int(0).tag(sync=True)
    doubled = traitlets.Int(0).tag(sync=True)

    @traitlets.observe("clicks")
    def _double(self, change):
        self.doubled = 2 * change.new

counter = Counter()
counter
"""


def test_the_output_of_a_cell_is_read_from_the_page(notebook: Notebook, lab: LabServer) -> None:
    notebook.open(lab.write_notebook("sum.ipynb", "print(1 + 1)", "x = 20\nx + 1"))

    notebook.run_all()

    notebook.wait_for_output(0, "2")
    notebook.wait_for_output(1, "21")
    assert [notebook.output_text(0), notebook.output_text(1)] == ["2", "21"]
    assert notebook.foreign_requests == []


def test_an_added_cell_runs_in_the_same_kernel_until_that_is_restarted(notebook: Notebook, lab: LabServer) -> None:
    notebook.open(lab.write_notebook("restart.ipynb", "x = 20"))
    notebook.run_all()
    index = notebook.add_cell("print('x' in globals())")

    notebook.run_cell(index)
    notebook.wait_for_output(index, "True")
    notebook.restart_kernel()
    notebook.run_cell(index)

    notebook.wait_for_output(index, "False")


def test_an_exception_in_a_cell_fails_the_run_and_names_the_cell(notebook: Notebook, lab: LabServer) -> None:
    notebook.open(lab.write_notebook("failing.ipynb", "x = 1", "x / 0"))

    with pytest.raises(AssertionError, match="cell 1: ZeroDivisionError: division by zero"):
        notebook.run_all()

    notebook.run_all(allow_errors=True)
    with pytest.raises(AssertionError, match=r"cell 0 shows '' after 0\.1 s, not '1'"):
        notebook.wait_for_output(0, "1", seconds=0.1)


def test_a_click_on_a_widget_goes_to_the_kernel_and_its_answer_comes_back(notebook: Notebook, lab: LabServer) -> None:
    notebook.open(lab.write_notebook("widget.ipynb", COUNTER))
    notebook.run_all()
    button = notebook.output(0).get_by_role("button")

    button.click()
    notebook.wait_for_output(0, "doubled: 2")
    button.click()

    notebook.wait_for_output(0, "doubled: 4")
    assert notebook.foreign_requests == []
