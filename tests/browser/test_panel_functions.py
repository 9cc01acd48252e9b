"""The panel's sections Functions and Live in JupyterLab: running, following, jumping to cells, pausing, stopping.

All tests share one kernel and its database.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import keep_picture_of_failure, new_page
from tests.browser.lab import LabServer, Notebook
from tests.browser.panel import LabPanel

PICTURES = Path(os.environ["REACTIVE_NB_PANEL_PICTURES"]) if "REACTIVE_NB_PANEL_PICTURES" in os.environ else None
"""Where pictures of the panel go, for somebody who wants to look at it."""

DATA = """
import reactive_nb as rnb
from reactive_nb import v
db = rnb.connect()
db.define(tasks=rnb.table(title=v.string(), points=v.number()).index("by_points", "points"))
"""

FUNCTIONS = '''
@db.query
def tasks_with(ctx, points: int = 0) -> list:
    """The tasks of at least so many points, the hardest first."""
    return ctx.db.query("tasks").with_index("by_points", lambda q: q.gte("points", points)).order("desc").collect()

@db.mutation
def add(ctx, title: str, points: float):
    """Add a task."""
    if points > 10:
        raise rnb.AppError("too many points: split the task")
    return ctx.db.insert("tasks", {"title": title, "points": points})

@db.internal_mutation
def clear_all(ctx):
    for task in ctx.db.query("tasks").collect():
        ctx.db.delete(task["_id"])

@db.action
def import_tasks(ctx, count: int = 3):
    """Add tasks, one after another."""
    for number in range(count):
        ctx.progress(number, count, f"task {number}")
        ctx.run_mutation(add, title=f"imported {number}", points=number)
    return f"{count} imported"
'''

LIVES = "board = tasks_with.live(points=5)\nboard"

MORE = '''
import datetime
from typing import Literal

@db.mutation
def everything(ctx, text: str, note: str, state: Literal["open", "done"], when: datetime.datetime, task: rnb.Id["tasks"],
               tags: list, sure: bool = False, count: int | None = None):
    """One argument of each kind, with a line about it that is far too long for the width of a sidebar."""

@db.query
def broken(ctx, reason_that_is_rather_long: str = "the words of a long argument that goes on and on"):
    raise ValueError("it cannot be done: " + reason_that_is_rather_long)

failing = broken.live()
'''


class Panel(LabPanel):
    """The panel, with what these tests look at."""

    @property
    def details(self) -> Locator:
        return self.section.locator(".rnb-details")

    @property
    def outcome(self) -> Locator:
        return self.details.locator(".rnb-outcome")

    def input(self, label: str) -> Locator:
        return self.details.get_by_label(label, exact=False).first

    def run(self) -> None:
        self.details.get_by_role("button", name="Run", exact=True).click()

    def select(self, section: str, key: str) -> Locator:
        self.choose(section)
        self.row(key).click()
        expect(self.details).to_be_visible()
        return self.details

    def rows(self) -> Locator:
        return self.details.locator(".rnb-body [role=row]")

    def picture_of(self, name: str) -> None:
        if PICTURES is not None:
            self.picture(PICTURES / f"{name}.png")


@pytest.fixture(scope="module")
def page(browser: Browser, lab: LabServer) -> Iterator[Notebook]:
    with new_page(browser, lab) as notebook:
        cells = [DATA, FUNCTIONS, LIVES, *(f"# filler {number}\n" * 30 for number in range(6))]
        yield notebook.open(lab.write_notebook("functions.ipynb", *cells))


@pytest.fixture(scope="module")
def started(page: Notebook) -> Panel:
    page.run_all()
    return Panel(page).open()


@pytest.fixture
def panel(started: Panel, request: pytest.FixtureRequest) -> Iterator[Panel]:
    started.notebook.page.bring_to_front()
    yield started
    keep_picture_of_failure(started.notebook, request)


def run_code(panel: Panel, source: str) -> None:
    """Run lines as a new cell at the end."""
    notebook = panel.notebook
    notebook.run_cell(notebook.add_cell(source))


def test_a_query_that_is_run_by_its_form_follows_commits_and_its_arguments(panel: Panel) -> None:
    run_code(panel, "clear_all(); add('write', 3); add('test', 8)")
    panel.select("Functions", "tasks_with")
    expect(panel.details).to_contain_text("The tasks of at least so many points")

    panel.run()
    expect(panel.rows()).to_have_count(2)
    panel.picture_of("query")
    run_code(panel, "add('look at it', 5)")
    expect(panel.rows()).to_have_count(3)

    panel.input("points").fill("5")
    panel.input("points").press("Enter")
    expect(panel.rows()).to_have_count(2)
    panel.input("points").fill("8")
    panel.row("tasks_with").click()  # leaving the input is enough
    expect(panel.rows()).to_have_count(1)

    panel.details.get_by_role("button", name="Stop following this query").click()
    expect(panel.rows()).to_have_count(0)


def test_an_argument_that_does_not_fit_is_refused_beside_its_input(panel: Panel) -> None:
    panel.select("Functions", "tasks_with")

    panel.input("points").fill("many")
    panel.run()

    expect(panel.details.locator(".rnb-input-error")).to_contain_text("Expected an int")


def test_a_mutation_runs_once_and_one_that_is_refused_says_why(panel: Panel) -> None:
    run_code(panel, "clear_all()")
    panel.select("Functions", "add")

    panel.input("title").fill("rest")
    panel.input("points").fill("11")
    panel.run()
    expect(panel.outcome).to_contain_text("too many points: split the task")
    panel.picture_of("refused")
    panel.input("points").fill("1")
    panel.run()
    expect(panel.outcome).to_contain_text("commit")

    panel.choose("Tables")
    panel.wait_for_tables({"tasks": 1})


def test_an_action_tells_what_came_of_it(panel: Panel) -> None:
    run_code(panel, "clear_all()")
    panel.select("Functions", "import_tasks")

    panel.run()

    expect(panel.outcome).to_contain_text("3 imported")
    panel.choose("Tables")
    panel.wait_for_tables({"tasks": 3})


def test_internal_functions_are_listed_as_such(panel: Panel) -> None:
    panel.choose("Functions")

    expect(panel.row("clear_all")).to_have_class("rnb-list-row rnb-row-double rnb-functions-internal")
    expect(panel.row("clear_all")).to_contain_text("internal mutation")


def active_cell(panel: Panel) -> str:
    text: str = panel.page.evaluate(
        "() => jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource()"
    )
    return text


def test_jumping_to_the_cell_finds_it_after_it_has_moved_and_run_again_and_says_when_it_is_gone(panel: Panel) -> None:
    notebook = panel.notebook
    moved = notebook.add_cell("@db.query\ndef moving(ctx):\n    return 1")
    notebook.run_cell(moved)
    panel.page.evaluate(
        """from => {
            const model = jupyterapp.shell.currentWidget.content.model.sharedModel;
            model.moveCell(from, 4);
        }""",
        moved,
    )
    notebook.run_cell(4)
    notebook.run_cell(5)
    notebook.scroll_to(0)
    details = panel.select("Functions", "moving")
    link = details.get_by_title("Go to the cell that defines it")
    number = notebook.execution_counts()[4]
    expect(link).to_have_text(f"In[{number}]")

    link.click()

    expect(notebook.cell(4)).to_be_in_viewport()
    assert active_cell(panel).startswith("@db.query\ndef moving")
    panel.page.evaluate("() => { jupyterapp.shell.currentWidget.content.model.sharedModel.deleteCell(4); }")
    link.click()
    expect(panel.node.locator(".rnb-panel-status")).to_contain_text("is not in this notebook any more")


def test_a_function_of_a_file_is_shown_with_its_line_and_opened_there(panel: Panel, lab: LabServer) -> None:
    (lab.root / "my_queries.py").write_text(
        "import reactive_nb as rnb\nmine = rnb.module('mine')\n\n\n@mine.query\ndef first(ctx):\n    return 1\n"
    )
    run_code(panel, "import my_queries; db.include(my_queries.mine)")
    details = panel.select("Functions", "mine:first")

    details.get_by_role("button", name="my_queries.py:5").click()

    editor = panel.page.locator(".jp-FileEditor:visible")
    expect(editor).to_contain_text("def first")
    line = panel.page.evaluate("() => jupyterapp.shell.currentWidget.content.editor.getCursorPosition().line")
    assert line == 4
    panel.command("application:close")


# ------------------------------------------------------------------ live results


def live_key(panel: Panel, name: str) -> str:
    row = panel.section.locator(".rnb-list-row").filter(has_text=f"{name} = ")
    key = row.first.get_attribute("data-key")
    assert key is not None
    return key


def test_a_live_result_says_why_it_ran_and_what_it_read(panel: Panel) -> None:
    panel.choose("Live")
    panel.select("Live", live_key(panel, "board"))

    run_code(panel, "add('shown', 9)")

    expect(panel.details).to_contain_text("because add (commit")
    expect(panel.details).to_contain_text("tasks.by_points[points >= 5")
    panel.picture_of("live")


def test_a_paused_one_says_so_everywhere_and_goes_on_when_it_is_resumed(panel: Panel) -> None:
    notebook = panel.notebook
    panel.choose("Live")
    key = live_key(panel, "board")
    details = panel.select("Live", key)
    run_code(panel, "clear_all(); add('before', 9)")
    expect(notebook.output(2).locator(".rnb-body [role=row]")).to_have_count(1)

    details.get_by_role("button", name="Pause", exact=True).click()
    expect(notebook.output(2).locator(".rnb-state")).to_contain_text("paused · shows commit")
    run_code(
        panel, "runs = board.runs; add('while it was paused', 9); db.settle(); print(board.runs - runs, board.state)"
    )
    expect(panel.row(key)).to_contain_text("paused")
    expect(details).to_contain_text("paused · shows commit")
    assert notebook.output(2).locator(".rnb-body [role=row]").count() == 1
    panel.picture_of("paused")
    if PICTURES is not None:
        notebook.scroll_to(2)
        notebook.screenshot(PICTURES / "paused_table.png")

    details.get_by_role("button", name="Resume", exact=True).click()
    expect(notebook.output(2).locator(".rnb-body [role=row]")).to_have_count(2)
    expect(notebook.output(2).locator(".rnb-state")).to_have_text("live")
    expect(panel.row(key).locator(".rnb-lives-state")).to_have_text("live")


def test_a_stopped_one_leaves_the_list_and_its_table_is_closed(panel: Panel) -> None:
    index = panel.notebook.add_cell("other = tasks_with.live(points=7)\nother")
    panel.notebook.run_cell(index)
    panel.choose("Live")
    expect(panel.section).to_contain_text("other = ")
    key = live_key(panel, "other")
    details = panel.select("Live", key)

    details.get_by_role("button", name="Stop", exact=True).click()

    expect(panel.row(key)).to_have_count(0)
    expect(panel.notebook.output(index).locator(".rnb-state")).to_have_text("closed")


def test_a_thousand_live_results_scroll(panel: Panel) -> None:
    run_code(panel, "many = [tasks_with.live(points=100 + number) for number in range(1000)]")
    panel.choose("Live")
    listed = panel.section.get_by_role("listbox")
    search = panel.section.get_by_label("Filter live results")
    search.fill("points=1099")
    expect(panel.section.locator(".rnb-list-row")).to_have_count(1)  # all are there by now
    search.fill("")

    listed.focus()
    listed.press("End")
    expect(panel.section.get_by_text("tasks_with(points=1099)").first).to_be_visible()
    assert panel.section.locator(".rnb-list-row").count() < 100

    search.fill("points=1050")
    expect(panel.section.locator(".rnb-list-row")).to_have_count(1)
    search.fill("")
    run_code(panel, "for each in many: each.close()\ndel many, each")


# ------------------------------------------------------------------ an earlier commit


def test_at_an_earlier_commit_queries_show_what_was_then_and_nothing_can_be_changed(panel: Panel) -> None:
    run_code(panel, "clear_all(); add('then', 6)")
    panel.select("Functions", "tasks_with")
    panel.input("points").fill("0")
    panel.run()
    expect(panel.rows()).to_have_count(1)
    run_code(panel, "add('later', 7)")
    expect(panel.rows()).to_have_count(2)

    panel.node.get_by_label("Commit to show").focus()
    panel.page.keyboard.press("ArrowLeft")

    expect(panel.rows()).to_have_count(1)
    expect(panel.details).to_contain_text("Runs as of commit")
    panel.picture_of("past_query")
    panel.row("add").click()
    expect(panel.details).to_contain_text("Read-only: the panel shows commit")
    panel.details.get_by_role("button", name="Run", exact=True).click(force=True)
    panel.picture_of("past_mutation")
    panel.choose("Live")
    panel.row(live_key(panel, "board")).click()
    expect(panel.details.get_by_role("button", name="Pause", exact=True)).to_be_disabled()
    expect(panel.details).to_contain_text("Read-only: as of commit")
    panel.picture_of("past_live")

    panel.node.get_by_role("button", name="Back to now").click()
    expect(panel.details.get_by_role("button", name="Pause", exact=True)).to_be_enabled()
    panel.select("Functions", "tasks_with")
    run_code(panel, "print(len(tasks_with()))")
    panel.choose("Tables")
    panel.wait_for_tables({"tasks": 2})  # the mutation has not run


# ------------------------------------------------------------------ how it looks


def overflows(panel: Panel) -> list[str]:
    """What stands out of the panel on its right, of what does not scroll by itself."""
    script = """node => [...node.querySelectorAll('*')].filter(each =>
        each.getBoundingClientRect().right > node.getBoundingClientRect().right + 1 && !each.closest('.rnb-grid')
    ).map(each => each.className)"""
    found: list[str] = panel.node.evaluate(script)
    return found


@pytest.mark.parametrize(("theme", "width"), [("JupyterLab Light", 240), ("JupyterLab Dark", 340)])
def test_it_is_whole_in_a_narrow_sidebar_in_each_theme(panel: Panel, theme: str, width: int) -> None:
    run_code(panel, "clear_all(); add('a rather long title that does not fit', 3); add('test', 8); board.resume()")
    panel.notebook.use_theme(theme)
    panel.resize(width)
    panel.select("Functions", "tasks_with")
    panel.input("points").fill("0")
    panel.run()
    expect(panel.rows()).to_have_count(2)
    run_code(panel, MORE)
    name = f"{theme.split()[-1].lower()}_{width}"
    panel.picture_of(f"functions_{name}")
    assert overflows(panel) == []
    panel.choose("Live")
    panel.select("Live", live_key(panel, "board"))
    expect(panel.details).to_contain_text("Why it last ran")
    panel.picture_of(f"live_{name}")
    assert overflows(panel) == []
    panel.select("Live", live_key(panel, "failing"))
    expect(panel.details).to_contain_text("Why it last ran")
    panel.picture_of(f"failing_{name}")
    assert overflows(panel) == []
    panel.select("Functions", "everything")
    expect(panel.details.get_by_label("tags")).to_be_visible()
    panel.run()
    expect(panel.details.locator(".rnb-input-error:visible")).to_have_count(1)
    panel.picture_of(f"everything_{name}")
    assert overflows(panel) == []
    panel.select("Functions", "broken")
    panel.run()
    expect(panel.details.locator(".rnb-grid .rnb-alert")).to_be_visible()
    panel.picture_of(f"broken_{name}")
    assert overflows(panel) == []
