"""What `%reactive jobs` lists of a database."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.functions.database import SystemWriter
from reactive_nb.jobs import crons
from reactive_nb.jobs.schedule import interval
from reactive_nb.notebook import report
from reactive_nb.notebook.job_list import call_rows, job_rows
from reactive_nb.testing import FakeClock

TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@pytest.fixture
def write(db: Engine) -> Any:
    db.define(notes=rnb.table(text=v.string()))

    @db.mutation
    def write(ctx: Any, text: str) -> None:
        if text == "bad":
            raise ValueError("a bad text")
        ctx.db.insert("notes", {"text": text})

    return write


def timeless(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [tuple(TIME.sub("TIME", text) for text in row) for row in rows]


def store_cell(db: Engine, name: str) -> None:
    """Store the job of a cell of an earlier kernel."""
    text = "%%every 10s --name feed\n\npush()\nprint('pushed')"
    db.write(
        lambda ctx: crons.register(
            SystemWriter(ctx.transaction, db.ids),
            name,
            f"cell:{name}",
            {},
            interval(timedelta(seconds=10)),
            source=text,
            place="In[5] of demo.ipynb",
            now_ms=db.now_ms(),
        )
    )


def test_crons_are_listed_with_what_they_run_and_how_that_went(db: Engine, write: Any, clock: FakeClock) -> None:
    db.crons.interval("tick", timedelta(minutes=1), write, text="tick")
    db.crons.interval("wrong", timedelta(minutes=1), write, text="bad")
    db.crons.hourly("later", write, text="x")
    db.crons.pause("later")
    clock.advance(timedelta(seconds=1))

    assert timeless(job_rows(db)) == [
        ("later", "at the start of every hour (UTC): write(text='x')", "paused", "", "none yet"),
        ("tick", "every minute: write(text='tick')", "waiting", "TIME", "TIME, 0 ms, success"),
        ("wrong", "every minute: write(text='bad')", "failed", "TIME", "TIME, 0 ms, failed: ValueError: a bad text"),
    ]


def test_a_cell_of_an_earlier_kernel_waits_and_so_does_a_cron_without_its_function(db: Engine, write: Any) -> None:
    store_cell(db, "feed")
    store_cell(db, "off")
    db.crons.pause("off")
    db.crons.hourly("later", write, text="x")
    db.query(lambda ctx: None, name="write")

    states = [(row[0], row[1].partition(": ")[2], row[2]) for row in job_rows(db)]

    assert states == [
        ("feed", "push()", "waits for its cell, In[5] of demo.ipynb"),
        ("later", "write(text='x')", "waits for write"),
        ("off", "push()", "waits for its cell, In[5] of demo.ipynb, paused"),
    ]


def test_a_pause_is_said_of_a_run_that_goes_on_too(db: Engine) -> None:
    begun, go = threading.Event(), threading.Event()

    def act(_: Any) -> None:
        begun.set()
        go.wait()

    db.crons.interval("act", timedelta(minutes=1), db.action(act))
    assert begun.wait(30)
    db.crons.pause("act")
    rows = job_rows(db)
    go.set()

    assert [row[2] for row in rows] == ["running, paused"]


def test_calls_that_are_to_come_and_those_that_failed(db: Engine, write: Any, clock: FakeClock) -> None:
    db.scheduler.run_after(timedelta(hours=2), write, text="second")
    db.scheduler.run_after(timedelta(hours=1), write, text="first")
    db.scheduler.run_after(timedelta(0), write, text="bad")
    db.scheduler.run_after(timedelta(0), write, text="good")
    clock.advance(timedelta(seconds=1))

    assert timeless(call_rows(db)) == [
        ("write", "text='first'", "pending", "TIME"),
        ("write", "text='second'", "pending", "TIME"),
        ("write", "text='bad'", "failed (ValueError: a bad text)", "TIME"),
    ]


def test_the_report_has_them_and_what_is_open_too(db: Engine, write: Any) -> None:
    assert "No jobs. Begin a cell with %%every 10s" in repr(report.jobs([db], {}))
    assert "Jobs" not in repr(report.overview([db], {}, []))

    db.crons.hourly("later", write, text="x")

    for made in (report.jobs([db], {}), report.overview([db], {}, [])):
        assert "Jobs\n  name " in repr(made)
        assert "write(text=&#x27;x&#x27;)" in made._repr_html_()
    assert "Scheduled calls" not in repr(report.jobs([db], {}))


def test_a_job_that_runs_says_how_far_it_is(db: Engine) -> None:
    begun, go_on = threading.Event(), threading.Event()

    @db.action
    def work(ctx: Any) -> None:
        ctx.progress(3, 10, "three")
        begun.set()
        go_on.wait(30)

    db.scheduler.run_after(0, work)
    assert begun.wait(30)
    states = [row[2] for row in call_rows(db)]
    go_on.set()
    db.settle()

    assert states == ["running, 3 of 10, three"]
