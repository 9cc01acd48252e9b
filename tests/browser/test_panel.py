"""The panel's frame in real JupyterLab: it opens, says what to do when there is nothing to see, and follows the kernel."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.lab import LabServer, Notebook
from tests.browser.panel import LabPanel

OPEN = """
import reactive_nb as rnb
from reactive_nb import v

db = rnb.connect()
db.define(tasks=rnb.table(title=v.string(), done=v.optional(v.boolean())).index("by_done", "done", unique=True))
"""

ADD = """
with db.transaction() as tx:
    tx.db.insert("tasks", {"title": "another"})
"""


@pytest.fixture
def panel(notebook: Notebook) -> LabPanel:
    return LabPanel(notebook)


def test_it_opens_from_the_sidebar_and_from_the_palette(notebook: Notebook, lab: LabServer, panel: LabPanel) -> None:
    notebook.open(lab.write_notebook("open.ipynb", ""))
    tab = notebook.page.locator('.jp-SideBar [data-id="reactive-nb-panel"]')

    tab.click()
    expect(panel.node).to_be_visible()
    tab.click()
    expect(panel.node).to_be_hidden()

    notebook.page.keyboard.press("Control+Shift+C")
    notebook.page.locator(".lm-CommandPalette-input").fill("Database Panel")
    notebook.page.keyboard.press("Enter")
    expect(panel.node).to_be_visible()


def test_it_says_what_to_do_until_there_is_a_database(notebook: Notebook, lab: LabServer, panel: LabPanel) -> None:
    notebook.open(lab.write_notebook("empty.ipynb", "%load_ext reactive_nb"))
    panel.open()
    expect(panel.empty).to_contain_text("reactive_nb is not loaded")
    expect(panel.empty).to_contain_text("Run %load_ext reactive_nb in empty.ipynb")
    expect(panel.node.get_by_role("tablist")).to_be_hidden()

    notebook.run_all()
    expect(panel.empty).to_contain_text("No database is open")

    panel.empty.get_by_role("button", name="Put it into a cell").click()
    notebook.run_cell(1)
    expect(panel.node.get_by_role("tablist")).to_be_visible()
    expect(panel.node).to_contain_text("db · in memory")
    expect(panel.section).to_contain_text("There are no tables yet")


def test_it_shows_what_cells_commit_as_soon_as_they_do(notebook: Notebook, lab: LabServer, panel: LabPanel) -> None:
    notebook.open(lab.write_notebook("commits.ipynb", OPEN, ADD, "db.define(notes=rnb.table())"))
    panel.open()
    notebook.run_cell(0)
    panel.wait_for_tables({"tasks": 0})

    for count in (1, 2, 3):
        notebook.run_cell(1)
        panel.wait_for_tables({"tasks": count})

    notebook.run_cell(2)
    panel.wait_for_tables({"notes": 0, "tasks": 3})
    expect(panel.node.locator(".rnb-panel-commit")).to_have_text("commit 5")
    assert notebook.console == []


def test_the_details_of_a_table_are_its_fields_and_indexes(notebook: Notebook, lab: LabServer, panel: LabPanel) -> None:
    notebook.open(lab.write_notebook("details.ipynb", OPEN, ADD))
    panel.open()
    notebook.run_all()
    panel.wait_for_tables({"tasks": 1})
    panel.section.get_by_role("listbox").focus()

    notebook.page.keyboard.press("ArrowDown")
    details = panel.section.locator(".rnb-details")
    expect(details).to_contain_text("done?")
    expect(details).to_contain_text("done · unique")
    expect(details).to_contain_text("1 document")

    panel.section.get_by_label("Filter tables and fields").fill("nothing of the kind")
    expect(panel.section).to_contain_text("No table or field has these words.")
    notebook.page.keyboard.press("Escape")
    panel.wait_for_tables({"tasks": 1})


def test_sections_are_reached_with_the_keyboard(notebook: Notebook, lab: LabServer, panel: LabPanel) -> None:
    notebook.open(lab.write_notebook("keys.ipynb", OPEN))
    panel.open()
    notebook.run_all()
    panel.tab("Tables").focus()

    labels = panel.node.get_by_role("tab").all_inner_texts()
    for label in [*labels[1:], labels[0]]:
        notebook.page.keyboard.press("ArrowRight")
        expect(panel.tab(label)).to_be_focused()
        expect(panel.tab(label)).to_have_attribute("aria-selected", "true")


def test_a_restart_is_survived(notebook: Notebook, lab: LabServer, panel: LabPanel) -> None:
    notebook.open(lab.write_notebook("restart_panel.ipynb", OPEN, ADD))
    panel.open()
    notebook.run_all()
    panel.wait_for_tables({"tasks": 1})

    notebook.restart_kernel()
    expect(panel.empty).to_contain_text("reactive_nb is not loaded")

    notebook.run_cell(0)
    panel.wait_for_tables({"tasks": 0})
    notebook.run_cell(1)
    panel.wait_for_tables({"tasks": 1})


def test_a_page_that_is_loaded_again_finds_the_kernel_as_it_is(
    notebook: Notebook, lab: LabServer, panel: LabPanel
) -> None:
    path = lab.write_notebook("reload_panel.ipynb", OPEN, ADD)
    notebook.open(path)
    notebook.run_all()

    notebook.open(path)
    panel.open()
    panel.wait_for_tables({"tasks": 1})

    notebook.run_cell(1)
    panel.wait_for_tables({"tasks": 2})


def test_a_kernel_that_is_shut_down_is_said_to_be_gone(notebook: Notebook, lab: LabServer, panel: LabPanel) -> None:
    notebook.open(lab.write_notebook("ended.ipynb", OPEN))
    panel.open()
    notebook.run_all()
    panel.wait_for_tables({"tasks": 0})

    panel.command("kernelmenu:shutdown")

    expect(panel.empty).to_contain_text("ended.ipynb has no kernel")


def test_it_follows_the_notebook_in_front_and_each_has_its_own_kernel(
    notebook: Notebook, lab: LabServer, panel: LabPanel
) -> None:
    first = lab.write_notebook("first.ipynb", OPEN, ADD)
    second = lab.write_notebook("second.ipynb", OPEN.replace("tasks=", "people="))
    notebook.open(first)
    panel.open()
    notebook.run_all()
    panel.wait_for_tables({"tasks": 1})

    open_other(notebook, second)
    expect(panel.empty).to_contain_text("reactive_nb is not loaded")
    notebook.run_all()
    panel.wait_for_tables({"people": 0})
    expect(panel.row("tasks")).to_have_count(0)

    notebook.page.locator(".lm-TabBar-tabLabel", has_text="first.ipynb").click()
    panel.wait_for_tables({"tasks": 1})
    expect(panel.row("people")).to_have_count(0)
    expect(panel.node.locator(".rnb-panel-notebook")).to_have_text("first.ipynb")

    panel.command("docmanager:save")
    lab.shut_down_kernel(second)


def test_several_databases_of_a_kernel_are_chosen_by_name(notebook: Notebook, lab: LabServer, panel: LabPanel) -> None:
    notebook.open(lab.write_notebook("several.ipynb", OPEN, "other = rnb.connect()\nother.define(people=rnb.table())"))
    panel.open()
    notebook.run_cell(0)
    panel.wait_for_tables({"tasks": 0})
    picker = panel.node.get_by_label("Database")
    expect(picker).to_be_hidden()

    notebook.run_cell(1)
    expect(picker).to_be_visible()
    panel.wait_for_tables({"tasks": 0})
    picker.select_option(label="other · in memory")
    panel.wait_for_tables({"people": 0})

    notebook.run_cell(notebook.add_cell("other.close()"))
    panel.wait_for_tables({"tasks": 0})
    notebook.run_cell(notebook.add_cell("db.close()"))
    expect(panel.empty).to_contain_text("No database is open")


def test_a_cell_that_connects_and_runs_again_is_followed(notebook: Notebook, lab: LabServer, panel: LabPanel) -> None:
    insert = "db.write(lambda ctx: ctx.db.insert('tasks', {'title': 'sow'}), 'sow')"
    notebook.open(lab.write_notebook("again.ipynb", OPEN + "\nfirst = [*globals().get('first', []), db]", insert))
    panel.open()
    notebook.run_cell(0)
    notebook.run_cell(1)
    panel.wait_for_tables({"tasks": 1})

    notebook.run_cell(0)

    panel.wait_for_tables({"tasks": 0})
    expect(panel.node.get_by_label("Database").locator("option")).to_have_count(2)


def test_without_a_notebook_it_says_to_open_one(notebook: Notebook, lab: LabServer, panel: LabPanel) -> None:
    notebook.page.goto(f"{lab.url}/lab?token={lab.token}&reset")
    notebook.page.wait_for_function("() => window.jupyterapp?.commands.hasCommand('reactive-nb:show')")
    notebook.page.evaluate("async () => { await jupyterapp.restored; return null; }")

    panel.open()

    expect(panel.empty).to_contain_text("No notebook is open")


def open_other(notebook: Notebook, path: str) -> None:
    """Open one more notebook in the same page, and return when its kernel answers."""
    notebook.page.evaluate(
        """async path => {
            const other = await jupyterapp.commands.execute('docmanager:open', {path});
            await other.context.ready;
            await other.sessionContext.ready;
            await other.sessionContext.session.kernel.info;
            return null;
        }""",
        path,
    )


def test_a_console_s_kernel_is_followed_too(notebook: Notebook, lab: LabServer, panel: LabPanel) -> None:
    notebook.open(lab.write_notebook("beside.ipynb", OPEN))
    panel.open()
    notebook.run_all()
    panel.wait_for_tables({"tasks": 0})

    notebook.page.evaluate(
        """async code => {
            const preference = {name: 'python3', language: 'python'};
            const console = await jupyterapp.commands.execute('console:create', {kernelPreference: preference});
            await console.sessionContext.ready;
            await console.sessionContext.session.kernel.info;
            await console.console.inject(code);
            return null;
        }""",
        OPEN.replace("tasks=", "people="),
    )

    panel.wait_for_tables({"people": 0})
    expect(panel.node.locator(".rnb-panel-notebook")).to_contain_text("Console")
    panel.command("kernelmenu:shutdown")


def test_in_a_narrow_sidebar_nothing_is_cut_off(notebook: Notebook, lab: LabServer, panel: LabPanel) -> None:
    name = "a_table_with_a_name_that_is_much_longer_than_the_sidebar"
    notebook.open(lab.write_notebook("narrow.ipynb", OPEN, f"db.define({name}=rnb.table())"))
    panel.open()
    notebook.run_all()
    panel.wait_for_tables({"tasks": 0, name: 0})

    panel.node.evaluate("node => { node.style.width = '240px'; }")

    for each in panel.node.get_by_role("tab").all():
        expect(each).to_be_in_viewport(ratio=1)
    widths = panel.node.evaluate(
        "node => [...node.querySelectorAll('.rnb-panel-tablist, .rnb-list, .rnb-panel-place, .rnb-panel-bar')]"
        ".map(each => each.scrollWidth - each.clientWidth)"
    )
    assert widths == [0] * len(widths)
    expect(panel.row(name).locator(".rnb-row-count")).to_be_in_viewport(ratio=1)
