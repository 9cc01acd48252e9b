"""The graph view and the time slider in JupyterLab: where data goes, and what the panel shows of an earlier commit."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import keep_picture_of_failure
from tests.browser.lab import Notebook
from tests.browser.panel import LabPanel

pytestmark = pytest.mark.slow

SETUP = """
import reactive_nb as rnb
from datetime import timedelta
from reactive_nb import v
db = rnb.connect()
db.define(
    tasks=rnb.table(title=v.string(), points=v.int64()).index("by_points", "points"),
    users=rnb.table(name=v.string()),
)

@db.query
def hard(ctx, points: int):
    return ctx.db.query("tasks").with_index("by_points", lambda q: q.gte("points", points)).collect()

@db.query
def names(ctx):
    return ctx.db.query("users").collect()

@db.mutation
def add(ctx, title: str, points: int):
    return ctx.db.insert("tasks", {"title": title, "points": points})

board = hard.live(points=5)
easy = hard.live(points=1)
people = names.live()
db.write(lambda ctx: ctx.db.insert("users", {"name": "Ada"}), "invite")
add("write", 3)
add("test", 8)
"""

RANGE = "1:tasks.by_points[points >= 5]"
QUERY = "2:hard(points=5)"


class Panel(LabPanel):
    """The panel and the graph, with what these tests look at."""

    @property
    def graph(self) -> Locator:
        return self.page.locator(".rnb-graph:not(.lm-mod-hidden)")

    def show_graph(self) -> None:
        self.command("reactive-nb:show-graph")
        expect(self.graph).to_be_visible()

    def box(self, key: str) -> Locator:
        return self.graph.locator(f'.rnb-graph-box[data-key="{key}"]')

    def lit(self, kind: str) -> Locator:
        """The boxes that are lit; `kind` is "touched" or "near"."""
        return self.graph.locator(f".rnb-graph-box.rnb-graph-{kind}")

    def lines(self, kind: str) -> Locator:
        """The lines of a kind; there are some when its data is not empty."""
        return self.graph.locator(f".rnb-graph-lines .rnb-graph-{kind}")

    @property
    def slider(self) -> Locator:
        return self.node.get_by_label("Commit to show")

    @property
    def label(self) -> Locator:
        return self.node.locator(".rnb-time-label")

    @property
    def past(self) -> Locator:
        return self.node.locator(".rnb-time-past")

    @property
    def details(self) -> Locator:
        return self.section.locator(".rnb-details")

    def back(self, commits: int) -> None:
        """Go back by so many commits, with the keyboard."""
        self.slider.focus()
        for _ in range(commits):
            self.slider.press("ArrowLeft")

    def run(self, source: str) -> None:
        """Run lines as a new cell at the end."""
        self.page.evaluate(
            """path => {
                const app = jupyterapp;
                const found = [...app.shell.widgets('main')].find(each => each.context?.path === path);
                app.shell.activateById(found.id);
            }""",
            self.notebook.path,
        )
        self.notebook.run_cell(self.notebook.add_cell(source))


@pytest.fixture
def panel(notebook: Notebook, request: pytest.FixtureRequest) -> Iterator[Panel]:
    notebook.open(notebook.lab.write_notebook("graph_and_time.ipynb", SETUP))
    notebook.run_all()
    panel = Panel(notebook).open()
    panel.wait_for_tables({"tasks": 2, "users": 1})
    yield panel
    keep_picture_of_failure(notebook, request)
    assert notebook.console == []


# ------------------------------------------------------------------ graph


def test_what_the_last_commit_touched_lights_up_from_table_to_view(panel: Panel) -> None:
    panel.show_graph()
    expect(panel.graph.locator("h2")).to_have_text(["Tables", "Index ranges read", "Queries", "Shown by"])
    expect(panel.lit("touched").locator(".rnb-graph-text")).to_have_text(
        ["tasks", "tasks.by_points", "tasks.by_points", "hard(points=5)", "hard(points=1)", "board", "easy"]
    )

    panel.page.evaluate(
        """async code => {
            const notebook = [...jupyterapp.shell.widgets('main')].find(each => each.context);
            await notebook.sessionContext.session.kernel.requestExecute({code}).done;
            return null;
        }""",
        "add('rest', 2)",
    )

    # The graph is in sight while a cell commits; what reads other ranges, and other tables, stays dark.
    expect(panel.lit("touched").locator(".rnb-graph-text")).to_have_text(
        ["tasks", "tasks.by_points", "hard(points=1)", "easy"]
    )
    expect(panel.box("0:tasks")).to_contain_text("3 documents")
    expect(panel.lines("touched")).to_have_attribute("d", re.compile("^(M[^M]+){3}$"))
    expect(panel.box("0:tasks")).to_have_attribute("aria-label", re.compile("touched by the last commit"))


def test_pointing_at_a_box_lights_its_way(panel: Panel) -> None:
    panel.show_graph()

    panel.box(RANGE).hover()

    expect(panel.lit("near").locator(".rnb-graph-text")).to_have_text(
        ["tasks", "tasks.by_points", "hard(points=5)", "board"]
    )
    expect(panel.lines("near")).to_have_attribute("d", re.compile("^(M[^M]+){3}$"))
    panel.graph.locator("h2").first.hover()
    expect(panel.lit("near")).to_have_count(0)


def test_the_graph_is_walked_with_the_keyboard_and_each_box_opens_what_it_is_about(panel: Panel) -> None:
    panel.show_graph()
    browser = panel.page.locator(".rnb-browser:not(.lm-mod-hidden)")

    panel.box("0:tasks").focus()
    panel.page.keyboard.press("ArrowRight")
    expect(panel.box(RANGE)).to_be_focused()
    panel.page.keyboard.press("Enter")
    expect(browser.get_by_label("Index", exact=True)).to_have_value("by_points")
    panel.command("application:close")

    panel.show_graph()
    panel.box(RANGE).focus()
    panel.page.keyboard.press("ArrowRight")
    expect(panel.box(QUERY)).to_be_focused()
    panel.page.keyboard.press("ArrowDown")
    panel.page.keyboard.press("ArrowRight")
    panel.page.keyboard.press("Enter")
    expect(panel.tab("Live")).to_have_attribute("aria-selected", "true")
    expect(panel.details).to_contain_text("hard(points=1)")

    panel.box("0:users").click()
    expect(browser).to_contain_text("Ada")


def test_of_a_thousand_live_results_those_in_sight_are_drawn(panel: Panel) -> None:
    panel.run("many = [hard.live(points=100 + number) for number in range(1000)]")
    panel.show_graph()
    boxes = panel.graph.locator(".rnb-graph-box")
    expect(panel.box("2:hard(points=100)")).to_be_attached()
    assert boxes.count() < 200

    panel.box(QUERY).focus()
    panel.page.keyboard.press("End")

    last = panel.graph.locator(".rnb-graph-box:focus")
    expect(last).to_be_in_viewport()
    expect(last).to_contain_text("hard(points=")
    expect(last.locator("..")).to_have_attribute("aria-posinset", "1000")
    expect(panel.lines("near")).to_have_attribute("d", re.compile("^(M[^M]+){2,3}$"))
    assert boxes.count() < 200


# ------------------------------------------------------------------ time


def test_the_slider_shows_all_of_an_earlier_commit_read_only_and_leads_back(panel: Panel) -> None:
    panel.run("db.scheduler.run_after(timedelta(hours=5), add, title='x', points=1)")
    panel.run("add('rest', 2)")
    panel.choose("Tables")
    panel.wait_for_tables({"tasks": 3})
    expect(panel.label).to_have_text("now")
    newest = int(panel.slider.input_value())
    panel.page.evaluate(
        "async () => { await jupyterapp.commands.execute('reactive-nb:open-table', {table: 'tasks'}); return null; }"
    )
    browser = panel.page.locator(".rnb-browser:not(.lm-mod-hidden)")
    expect(browser.locator(".rnb-browser-page")).to_have_text("rows 1–3 of 3")

    panel.back(3)  # before the call was scheduled, and before the second task

    expect(panel.label).to_have_text(f"commit {newest - 3}")
    expect(panel.past).to_contain_text(f"Shown as of commit {newest - 3}")
    expect(panel.past).to_contain_text("by add. Read-only.")
    panel.wait_for_tables({"tasks": 1, "users": 1})
    expect(browser.locator(".rnb-browser-banner")).to_contain_text(f"As of commit {newest - 3} · read-only")
    expect(browser.locator(".rnb-browser-page")).to_have_text("rows 1–1 of 1")
    browser.locator(".rnb-body [role=gridcell]").first.dblclick()
    expect(browser.locator(".rnb-editor")).to_have_count(0)

    panel.choose("Log")
    expect(panel.section.locator(".rnb-list-row").first).to_have_attribute("data-key", f"c{newest - 3}")
    panel.choose("Jobs")
    expect(panel.section.locator(".rnb-section-note")).to_have_text("There were no jobs at this commit.")
    panel.choose("Functions")
    panel.row("add").click()
    expect(panel.details).to_contain_text(f"Read-only: the panel shows commit {newest - 3}.")
    expect(panel.details.locator(".rnb-runner-off")).to_have_js_property("inert", True)
    panel.choose("Live")
    panel.section.locator(".rnb-list-row").first.click()
    expect(panel.details.get_by_role("button", name="Pause")).to_be_disabled()
    panel.show_graph()
    expect(panel.graph.locator(".rnb-graph-head")).to_contain_text(f"As of commit {newest - 3}, read-only")
    expect(panel.box("0:tasks")).to_contain_text("1 document")

    panel.slider.press("ArrowRight")
    panel.slider.press("ArrowRight")
    panel.choose("Jobs")
    panel.section.locator(".rnb-list-row").filter(has_text="add").click()
    expect(panel.details).to_contain_text("add(title='x', points=1)")
    expect(panel.details.get_by_role("button")).to_have_count(0)

    panel.past.get_by_role("button", name="Back to now").click()
    expect(panel.past).to_be_hidden()
    expect(panel.label).to_have_text("now")
    expect(panel.details.get_by_role("button", name="Cancel")).to_be_visible()
    expect(panel.box("0:tasks")).to_contain_text("3 documents")
    expect(panel.graph.locator(".rnb-graph-head")).to_be_hidden()
    panel.choose("Tables")
    panel.wait_for_tables({"tasks": 3})


def test_new_commits_do_not_move_what_is_shown_until_it_falls_out_of_the_history(panel: Panel) -> None:
    panel.back(1)
    expect(panel.past).to_be_visible()
    at = panel.slider.input_value()
    panel.wait_for_tables({"tasks": 1})

    panel.run("add('rest', 2)")
    expect(panel.node.locator(".rnb-panel-commit")).to_have_text(f"commit {int(at) + 2}")
    expect(panel.slider).to_have_attribute("max", str(int(at) + 2))
    expect(panel.slider).to_have_value(at)
    panel.wait_for_tables({"tasks": 1})

    panel.run("for number in range(1005): add('many', 1)")
    expect(panel.past).to_be_hidden()
    expect(panel.node.locator(".rnb-panel-status")).to_contain_text(f"Commit {at} is no longer kept")
    panel.wait_for_tables({"tasks": 1008})
    oldest = int(panel.slider.get_attribute("min") or 0)

    panel.slider.press("Home")
    expect(panel.label).to_have_text(f"commit {oldest}")
    expect(panel.node.locator(".rnb-panel-status")).to_have_text("")
    panel.slider.press("End")
    expect(panel.label).to_have_text("now")
