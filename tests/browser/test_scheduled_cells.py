"""Scheduled cells in JupyterLab: outputs are replaced while no cell is run, and the line below says how it is with the job."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import PICTURES
from tests.browser.lab import STEP_SECONDS
from tests.browser.test_live_cells import elsewhere, run, shown

if TYPE_CHECKING:
    from tests.browser.lab import LabServer, Notebook

expect.set_options(timeout=STEP_SECONDS * 1000)  # five seconds are too few on a busy machine

SETUP = """
%load_ext reactive_nb
import threading
import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.testing import FakeClock
from datetime import datetime, timedelta, timezone

clock = FakeClock(datetime.now(timezone.utc).replace(microsecond=0))
db = rnb.connect(clock=clock)
db.define(notes=rnb.table(text=v.string()))

@db.mutation
def write(ctx, text: str):
    return ctx.db.insert("notes", {"text": text})

@db.query
def notes(ctx):
    return [note["text"] for note in ctx.db.query("notes").collect()]

count = 0

def pass_time(**span):
    clock.advance(timedelta(**span), wait=False)
"""


@pytest.fixture
def jobs(shared_notebook: Notebook) -> Iterator[Notebook]:
    """The shared notebook with a new database whose clock the test moves; closed at the end."""
    run(shared_notebook, SETUP)
    yield shared_notebook
    run(shared_notebook, "%unload_ext reactive_nb\ndb.close()")


def line(notebook: Notebook, index: int) -> Locator:
    return shown(notebook, index).locator(".rnb-job")


def button(notebook: Notebook, index: int, name: str) -> Locator:
    return line(notebook, index).get_by_role("button", name=name, exact=True)


def test_outputs_are_replaced_at_each_run_and_the_line_says_when(jobs: Notebook) -> None:
    index = run(jobs, "%%every 10s --name feed\ncount += 1\nprint('run', count)\ncount * 100")
    place = shown(jobs, index)
    expect(place.locator(".rnb-outputs")).to_have_text(re.compile(r"^\s*run 1\s*100\s*$"))
    expect(line(jobs, index)).to_contain_text("feed · every 10 seconds · next run today at")
    expect(line(jobs, index)).to_contain_text(re.compile("last run today at .*, succeeded"))
    counts = jobs.execution_counts()

    elsewhere(jobs, "pass_time(seconds=10)")

    expect(place.locator(".rnb-outputs")).to_have_text(re.compile(r"^\s*run 2\s*200\s*$"))
    expect(line(jobs, index)).to_contain_text("the last 2 runs")
    assert jobs.execution_counts() == counts


def test_buttons_pause_resume_and_run_it(jobs: Notebook) -> None:
    index = run(jobs, "%%every 10s --name feed\ncount += 1\nprint('run', count)")
    place = shown(jobs, index)
    expect(place).to_contain_text("run 1")

    button(jobs, index, "Pause").click()
    expect(line(jobs, index).locator(".rnb-jobstate")).to_have_text("paused")
    elsewhere(jobs, "pass_time(seconds=30)")
    button(jobs, index, "Run now").press("Enter")
    expect(place).to_contain_text("run 2")
    expect(line(jobs, index).locator(".rnb-jobstate")).to_have_text("paused")
    button(jobs, index, "Resume").press("Space")
    expect(line(jobs, index).locator(".rnb-jobstate")).to_have_text("waiting")
    elsewhere(jobs, "pass_time(seconds=10)")

    expect(place).to_contain_text("run 3")


def test_whoever_pauses_it_the_line_says_so(jobs: Notebook) -> None:
    index = run(jobs, "%%every 10s --name feed\nprint('ran')")
    expect(line(jobs, index).locator(".rnb-jobstate")).to_have_text("waiting")

    run(jobs, "%reactive jobs pause feed")
    expect(line(jobs, index).locator(".rnb-jobstate")).to_have_text("paused")
    report = run(jobs, "%reactive jobs")
    jobs.wait_for_output(report, "every 10 seconds: print('ran')")
    run(jobs, "%reactive jobs delete feed")

    expect(line(jobs, index).locator(".rnb-jobstate")).to_have_text("deleted")
    expect(button(jobs, index, "Pause")).to_be_hidden()


def test_an_error_is_shown_once_and_stays_in_the_history(jobs: Notebook) -> None:
    index = run(jobs, "%%every 10s --name feed\ncount += 1\nprint(10 / (count - 1))")
    place = shown(jobs, index)
    expect(place.locator(".rnb-traceback")).to_contain_text("ZeroDivisionError")
    expect(line(jobs, index).locator(".rnb-jobstate")).to_have_text("failed")
    expect(line(jobs, index).locator(".rnb-joberror").filter(visible=True)).to_have_count(0)

    elsewhere(jobs, "pass_time(seconds=10)")
    expect(place.locator(".rnb-outputs")).to_contain_text("10.0")
    line(jobs, index).locator("summary").press("Enter")
    rows = line(jobs, index).locator("tbody tr")

    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("succeeded")
    expect(rows.nth(1)).to_contain_text("failed: ZeroDivisionError: division by zero")


def test_what_takes_too_long_is_shown_as_timed_out(jobs: Notebook) -> None:
    index = run(jobs, "%%every 1h --name feed --timeout 100ms\nprint('so far')\nwhile True: pass")

    expect(shown(jobs, index).locator(".rnb-outputs")).to_contain_text("ActionTimeout")
    expect(shown(jobs, index).locator(".rnb-outputs")).to_contain_text("so far")
    expect(line(jobs, index)).to_contain_text("timed out")


def test_it_waits_for_the_cell_that_runs_and_one_in_a_thread_does_not(jobs: Notebook) -> None:
    run(jobs, "proceed = threading.Event()\nasked = False")
    free = run(jobs, "%%every 1h --name free --thread\nif asked: proceed.set()\nasked = True")
    expect(line(jobs, free)).to_contain_text("succeeded")
    beside = run(jobs, "%%every 10s --name beside --thread\ncount += 1\nprint('beside', count)")
    between = run(jobs, "%%every 10s --name between\nprint('between', count)")
    expect(shown(jobs, beside)).to_contain_text("beside 1")
    expect(shown(jobs, between)).to_contain_text("between 1")

    busy = jobs.add_cell("pass_time(seconds=10)\nproceed.wait()")
    jobs.run_cell(busy, wait=False)
    expect(shown(jobs, beside)).to_contain_text("beside 2")
    expect(line(jobs, between).locator(".rnb-jobstate")).to_have_text("waits for the running cell")
    expect(shown(jobs, between)).to_contain_text("between 1")
    button(jobs, free, "Run now").click()

    expect(shown(jobs, between)).to_contain_text("between 2")


def test_an_on_cell_can_be_paused_too(jobs: Notebook) -> None:
    index = run(jobs, "%%on --name watch notes()\nprint('now', rows)")
    place = shown(jobs, index)
    expect(line(jobs, index)).to_contain_text("watch · when the result of notes() changes · no run yet")
    elsewhere(jobs, "write(text='a')")
    expect(place).to_contain_text("now ['a']")

    button(jobs, index, "Pause").click()
    expect(line(jobs, index).locator(".rnb-jobstate")).to_have_text("paused")
    elsewhere(jobs, "write(text='b')")
    button(jobs, index, "Run now").click()

    expect(place).to_contain_text("now ['a', 'b']")
    expect(line(jobs, index)).to_contain_text("the last 2 runs")


def test_progress_stands_under_the_cell_that_started_the_action(jobs: Notebook) -> None:
    run(
        jobs,
        "go = threading.Event()\n"
        "@db.action\n"
        "def fetch(ctx, pages: int):\n"
        "    for page in range(1, pages + 1):\n"
        "        ctx.progress(page, pages, f'page {page}')\n"
        "    go.wait()\n"
        "    ctx.progress(pages, pages, 'done')\n",
    )
    started = run(jobs, "future = fetch.submit(pages=3)")
    later = run(jobs, "print('another cell')")

    expect(jobs.output(started)).to_contain_text("fetch · 3 of 3 · page 3")
    run(jobs, "go.set()")
    expect(jobs.output(started)).to_contain_text("fetch · 3 of 3 · done")
    assert jobs.output_text(later) == "another cell"


RESTARTED = """
%load_ext reactive_nb
import reactive_nb as rnb
db = rnb.connect("jobs.duckdb")
"""


def test_after_a_restart_a_job_waits_for_its_cell_and_resumes_from_its_stored_source(
    notebook: Notebook, lab: LabServer
) -> None:
    notebook.open(lab.write_notebook("restart.ipynb", ""))
    run(notebook, RESTARTED)
    index = run(notebook, "%%cron 0 9 * * mon-fri --tz Europe/Zurich --name morning\nprint('good morning')")
    button(notebook, index, "Run now").click()
    expect(shown(notebook, index)).to_contain_text("good morning")

    notebook.restart_kernel()
    run(notebook, RESTARTED)
    waiting = run(notebook, "%reactive jobs")
    notebook.wait_for_output(waiting, "waits for its cell, In[2] of restart.ipynb")
    resumed = run(notebook, "%reactive jobs resume morning")
    expect(line(notebook, resumed)).to_contain_text("the last run")
    button(notebook, resumed, "Run now").click()
    expect(shown(notebook, resumed)).to_contain_text("good morning")
    run(notebook, "db.close()")


def test_long_texts_in_light_and_dark(jobs: Notebook) -> None:
    error = "a reason that takes many words, " * 12
    index = run(
        jobs,
        "%%every 10s --name a-feed-with-quite-a-long-name\n"
        "count += 1\nprint('run', count)\n"
        f"if count % 2: raise ValueError({error!r} + 'x' * 200)",
    )
    for number in range(2, 13):
        expect(shown(jobs, index).locator(".rnb-outputs")).to_contain_text(f"run {number - 1}")
        elsewhere(jobs, "pass_time(seconds=10)")
    expect(shown(jobs, index).locator(".rnb-outputs")).to_contain_text("run 12")
    line(jobs, index).locator("summary").click()
    expect(line(jobs, index).locator("tbody tr")).to_have_count(10)

    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        jobs.use_theme(theme)
        jobs.scroll_to(index)
        jobs.screenshot(PICTURES / f"job {theme}.png")
        box = line(jobs, index).bounding_box()
        page = jobs.page.viewport_size
        assert box is not None
        assert page is not None
        assert box["x"] + box["width"] <= page["width"]
    jobs.use_theme("JupyterLab Light")
