"""The panel's sections Jobs and Log in JupyterLab: what ran and what comes, what a person can do about it, what happened.

All tests share one kernel; its database has a clock that the tests move.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import keep_picture_of_failure, new_page
from tests.browser.lab import LabServer, Notebook
from tests.browser.panel import LabPanel

pytestmark = pytest.mark.slow

SETUP = """
%load_ext reactive_nb
import threading
import reactive_nb as rnb
from datetime import datetime, timedelta, timezone
from reactive_nb import v
from reactive_nb.testing import FakeClock

clock = FakeClock(datetime.now(timezone.utc).replace(microsecond=0))
db = rnb.connect(clock=clock)
db.define(notes=rnb.table(text=v.string(), size=v.optional(v.int64())))

@db.mutation
def fetch(ctx, size: int):
    if size > 9:
        raise ValueError("the answer is too large")
    return ctx.db.insert("notes", {"text": f"fetched {size}", "size": size})

@db.query
def notes(ctx):
    return [note["text"] for note in ctx.db.query("notes").collect()]

live = notes.live()
count = 0
"""

EVERY = "%%every 10s --name feed\ncount += 1\nprint('run', count)"

CONFLICT = """
id = db.write(lambda ctx: ctx.db.insert("notes", {"text": "both"}), "both")
others = [lambda: db.write(lambda ctx: ctx.db.patch(id, {"size": 7}), "quick")]

def patch(ctx):
    ctx.db.get(id)
    if others:
        thread = threading.Thread(target=others.pop())
        thread.start()
        thread.join()
    ctx.db.patch(id, {"size": 8})

db.write(patch, "slow_one")
"""


class Panel(LabPanel):
    """The panel, with what these tests look at."""

    @property
    def details(self) -> Locator:
        return self.section.locator(".rnb-details")

    @property
    def rows(self) -> Locator:
        return self.section.locator(".rnb-list-row")

    def row_of(self, *texts: str) -> Locator:
        """The rows with all of these texts."""
        found = self.rows
        for text in texts:
            found = found.filter(has_text=text)
        return found

    def button(self, name: str) -> Locator:
        return self.details.get_by_role("button", name=name, exact=True)

    def run(self, source: str) -> None:
        """Run lines as a new cell at the end."""
        self.notebook.run_cell(self.notebook.add_cell(source))

    def runs(self) -> Locator:
        """The outcomes of the last runs of the selected job, newest first."""
        return self.details.locator(".rnb-details-runs li span:nth-child(2)")


@pytest.fixture(scope="module")
def page(browser: Browser, lab: LabServer) -> Iterator[Notebook]:
    with new_page(browser, lab) as notebook:
        yield notebook.open(lab.write_notebook("jobs_and_log.ipynb", SETUP))


@pytest.fixture(scope="module")
def started(page: Notebook) -> Panel:
    page.run_all()
    return Panel(page).open()


@pytest.fixture
def panel(started: Panel, request: pytest.FixtureRequest) -> Iterator[Panel]:
    yield started
    keep_picture_of_failure(started.notebook, request)
    assert started.notebook.console == []


# ------------------------------------------------------------------ jobs


def test_without_jobs_the_section_says_how_to_make_one(panel: Panel) -> None:
    panel.choose("Jobs")

    expect(panel.section.locator(".rnb-section-note")).to_contain_text("There are no jobs. Begin a cell with %%every")


def test_a_scheduled_cell_says_when_it_runs_next_and_how_it_ran(panel: Panel) -> None:
    panel.run(EVERY)
    panel.choose("Jobs")
    row = panel.row("cron:feed")
    expect(row).to_contain_text("every 10 seconds · next")
    row.click()
    expect(panel.details).to_contain_text("scheduled cell")
    expect(panel.details.locator(".rnb-details-source")).to_contain_text("count += 1")
    expect(panel.details).to_contain_text(re.compile("next run(today|tomorrow) at"))
    expect(panel.runs()).to_have_text(["success"])

    panel.run("clock.advance(timedelta(seconds=10), wait=False)")

    expect(panel.runs()).to_have_text(["success", "success"])


def test_a_job_is_paused_resumed_and_run_now_and_the_keyboard_stays_where_it_was(panel: Panel) -> None:
    panel.run("db.crons.interval('tidy', timedelta(minutes=1), fetch, size=3)")
    panel.choose("Jobs")
    panel.row("cron:tidy").click()

    panel.button("Pause").press("Enter")
    expect(panel.row("cron:tidy").locator(".rnb-row-state")).to_have_text("paused")
    expect(panel.button("Resume")).to_be_focused()
    panel.button("Resume").press("Enter")
    expect(panel.row("cron:tidy").locator(".rnb-row-state")).to_have_text("waiting")
    expect(panel.button("Pause")).to_be_focused()

    panel.button("Run now").click()
    expect(panel.runs()).to_have_text(["success"])
    panel.run("assert 'fetched 3' in live.value")


def test_a_job_is_deleted_only_when_that_was_meant(panel: Panel) -> None:
    panel.run("db.crons.interval('old', timedelta(minutes=1), fetch, size=3)")
    panel.choose("Jobs")
    panel.row("cron:old").click()

    panel.button("Delete").press("Enter")
    expect(panel.details).to_contain_text("Delete old? It is not run again")
    expect(panel.button("Delete for good")).to_be_focused()
    panel.button("Keep it").click()
    expect(panel.button("Delete")).to_be_visible()
    panel.button("Delete").click()
    panel.row("cron:tidy").click()
    panel.row("cron:old").click()
    expect(panel.button("Delete for good")).to_have_count(0)  # another job was looked at meanwhile

    panel.button("Delete").click()
    panel.button("Delete for good").click()

    expect(panel.row("cron:old")).to_have_count(0)
    expect(panel.details).to_be_hidden()
    panel.run(
        "assert [each['name'] for each in db.read(lambda ctx: ctx.db.system.query('_crons').collect())] == ['feed', 'tidy']"
    )


def test_a_scheduled_call_that_fails_shows_its_error(panel: Panel) -> None:
    panel.run("db.scheduler.run_after(timedelta(seconds=30), fetch, size=10)")
    panel.choose("Jobs")
    row = panel.row_of("fetch", "once")
    expect(row).to_contain_text("waiting")
    row.click()
    expect(panel.details).to_contain_text("fetch(size=10)")

    panel.run("clock.advance(timedelta(seconds=30), wait=False)")

    expect(row.locator(".rnb-row-state")).to_have_text("failed")
    expect(panel.details.locator(".rnb-details-error")).to_contain_text("the answer is too large")
    expect(panel.details.get_by_role("button")).to_have_count(0)


def test_a_scheduled_call_is_cancelled(panel: Panel) -> None:
    panel.run("db.scheduler.run_after(timedelta(hours=5), fetch, size=1)")
    panel.choose("Jobs")
    panel.row_of("fetch", "waiting").click()

    panel.button("Cancel").click()

    expect(panel.row_of("fetch", "cancelled")).to_have_count(1)
    expect(panel.row_of("fetch", "waiting")).to_have_count(0)


def test_the_filter_finds_jobs_by_any_of_their_words(panel: Panel) -> None:
    panel.choose("Jobs")
    search = panel.section.get_by_label("Filter jobs")

    search.fill("cell EVERY 10")
    expect(panel.rows).to_have_count(1)
    expect(panel.row("cron:feed")).to_be_visible()
    search.fill("nothing of the kind")
    expect(panel.section.locator(".rnb-section-note")).to_have_text("Nothing here has these words.")
    search.press("Escape")
    expect(panel.row("cron:tidy")).to_be_visible()


# ------------------------------------------------------------------ log


def test_a_commit_says_what_it_changed_field_by_field_and_what_ran_for_it(panel: Panel) -> None:
    panel.run('id = db.write(lambda ctx: ctx.db.insert("notes", {"text": "draft", "size": 3}), "create")')
    panel.choose("Log")
    expect(panel.row_of("create")).to_contain_text("1 × notes")

    panel.run('db.write(lambda ctx: ctx.db.patch(id, {"text": "final", "size": rnb.UNSET}), "finish")')
    panel.row_of("finish").click()

    change = panel.details.locator(".rnb-log-change")
    expect(change.locator("del")).to_have_text(["draft", "3"])
    expect(change.locator("ins")).to_have_text(["final"])
    expect(panel.details).to_contain_text("notes() ran at commit")
    expect(panel.details).to_contain_text("because finish (commit")


def test_a_document_of_a_commit_is_opened_in_the_data_browser_also_one_that_is_there_no_more(panel: Panel) -> None:
    panel.run('id = db.write(lambda ctx: ctx.db.insert("notes", {"text": "to be found"}), "hide")')
    panel.choose("Log")
    panel.row_of("hide").click()
    browser = panel.page.locator(".rnb-browser:not(.lm-mod-hidden)")

    panel.details.get_by_title("Open notes at this document").click()
    expect(browser.locator("[aria-selected=true]").first).to_be_visible()
    expect(browser).to_contain_text("to be found")
    panel.command("application:close")

    panel.run('db.write(lambda ctx: ctx.db.delete(id), "remove")')
    panel.row_of("remove").click()
    panel.details.get_by_title(re.compile("Open notes at this document, as of commit")).click()
    expect(browser.locator(".rnb-browser-banner")).to_contain_text("read-only")
    expect(browser).to_contain_text("to be found")
    panel.command("application:close")


def test_a_conflict_and_its_repetition_say_who_was_first_and_where(panel: Panel) -> None:
    panel.run(CONFLICT)
    panel.choose("Log")

    expect(panel.row_of("slow_one", "the 2nd try: commit")).to_have_count(1)
    panel.row_of("slow_one", "was ahead in notes.by_id").click()
    expect(panel.details).to_contain_text("the 1st try of slow_one")
    expect(panel.details).to_contain_text(re.compile("quick committed [0-9]+ into it meanwhile, so it ran again"))


def test_errors_and_slow_queries_are_told_and_found_by_their_kind(panel: Panel) -> None:
    panel.run(
        """
from reactive_nb.notebook.panel import log
usual, log.SLOW_MS = log.SLOW_MS, -1.0  # every query takes longer
try:
    fetch(10)
except ValueError:
    pass
@db.query
def broken(ctx):
    return 1 / len(ctx.db.query("notes").with_index("by_id", _id="none").collect())
other = broken.live()
"""
    )
    panel.choose("Log")
    kind = panel.section.get_by_label("What to show")

    kind.select_option("Errors")
    expect(panel.row_of("fetch", "ValueError: the answer is too large")).to_have_count(1)
    expect(panel.row_of("broken()", "ZeroDivisionError")).to_have_count(1)
    expect(panel.row_of("finish")).to_have_count(0)
    panel.row_of("ValueError").click()
    expect(panel.details.locator(".rnb-details-error")).to_have_text("ValueError: the answer is too large")

    kind.select_option("Slow queries")
    expect(panel.row_of("notes()", "ran for").first).to_be_visible()
    expect(panel.details).to_be_hidden()  # what was selected is not among them
    panel.run("log.SLOW_MS = usual\nother.close()")
    kind.select_option("Conflicts")
    expect(panel.rows).to_have_count(1)
    kind.select_option("Everything")
    panel.section.get_by_label("Filter the log").fill("quick")
    expect(panel.row_of("quick")).to_have_count(2)  # what it committed, and the one that it was ahead of
    expect(panel.rows).to_have_count(2)
    panel.section.get_by_label("Filter the log").fill("")
