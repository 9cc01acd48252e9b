"""`db.crons`: what is registered, what is refused, and how crons are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import reactive_nb as rnb
from reactive_nb.errors import ArgumentValidationError, FunctionKindError, ScheduleError, UnknownFunction, UnknownJob
from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.database import SystemWriter
from reactive_nb.functions.function import Function, Kind
from reactive_nb.jobs.cron_table import Crons
from reactive_nb.jobs.crons import CronJobs
from reactive_nb.jobs.job import Ending
from tests.conftest import Connect
from tests.tools import Core


def write(ctx: Any, text: str) -> None:
    pass


def notes(ctx: Any) -> None:
    pass


WRITE = Function(write, Kind.MUTATION)
NOTES = Function(notes, Kind.QUERY)


class Host(Core):
    """What `Crons` needs of an engine, on one thread."""

    functions: Mapping[str, Function] = {WRITE.path: WRITE, NOTES.path: NOTES}

    def read(self, body: Callable[[QueryContext], Any]) -> Any:
        return body(QueryContext(self.runner.begin(), self))

    def find(self, function: Function | str) -> Function:
        if isinstance(function, Function):
            return function
        if function not in self.functions:
            raise UnknownFunction("Cannot run", thing="nothing", expected="something", hint="Try again")
        return self.functions[function]

    def checked(self, function: Function, args: dict[str, Any]) -> dict[str, Any]:
        return function.checked_args(args, {})

    def now_ms(self) -> float:
        return self.clock.now_ms()

    def run(self, ending: Ending, takes: timedelta) -> None:
        """Run the one cron that is due."""
        jobs = CronJobs()
        (job,) = self.read(lambda ctx: jobs.due(ctx.db.system, self.now_ms(), lambda path: 0.0, 10))
        self.write(lambda ctx: jobs.begin(SystemWriter(ctx.transaction, self.ids), job, self.now_ms()))
        self.clock.advance(takes)
        self.write(lambda ctx: jobs.end(SystemWriter(ctx.transaction, self.ids), job, ending, self.now_ms()))


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def crons(host: Host) -> Crons:
    return Crons(host)


@pytest.mark.parametrize(
    ("register", "schedule", "next_time"),
    [
        (
            lambda crons: crons.interval("c", timedelta(minutes=5), WRITE, text="x"),
            "every 5 minutes",
            "2026-01-01T00:00+00:00",
        ),
        (
            lambda crons: crons.hourly("c", WRITE, minute=17, text="x"),
            "at minute 17 of every hour (UTC)",
            "2026-01-01T00:17+00:00",
        ),
        (
            lambda crons: crons.daily("c", "write", hour=9, minute=30, tz="Asia/Kolkata", text="x"),
            "at 09:30 every day (Asia/Kolkata)",
            "2026-01-01T09:30+05:30",
        ),
        (
            lambda crons: crons.weekly("c", WRITE, day="monday", hour=9, text="x"),
            "at 09:00 on Monday (UTC)",
            "2026-01-05T09:00+00:00",
        ),
        (
            lambda crons: crons.monthly("c", WRITE, day=31, hour=0, text="x"),
            "at 00:00 on the 31st day of every month (UTC)",
            "2026-01-31T00:00+00:00",
        ),
        (
            lambda crons: crons.cron("c", "@daily", WRITE, tz="America/New_York", if_missed="once", text="x"),
            "at 00:00 every day (America/New_York)",
            "2026-01-01T00:00-05:00",
        ),
    ],
)
def test_a_cron_is_registered(crons: Crons, register: Callable[[Crons], None], schedule: str, next_time: str) -> None:
    register(crons)

    info = crons.get("c")
    assert info.schedule == schedule
    assert info.next_time == datetime.fromisoformat(next_time)
    assert (info.function, info.args) == ("write", {"text": "x"})


def test_registered_again_it_is_changed(crons: Crons) -> None:
    crons.interval("c", timedelta(minutes=5), WRITE, text="x")
    crons.interval("c", timedelta(minutes=5), WRITE, text="y", if_missed="all")

    (info,) = crons.list()

    assert (info.args, info.if_missed) == ({"text": "y"}, "all")


def test_what_is_registered_is_checked_first(crons: Crons) -> None:
    with pytest.raises(ArgumentValidationError, match="the argument 'text' is missing"):
        crons.interval("c", timedelta(minutes=5), WRITE)
    with pytest.raises(ScheduleError):
        crons.cron("c", "@never", WRITE, text="x")
    with pytest.raises(UnknownFunction):
        crons.hourly("c", "gone", text="x")
    with pytest.raises(FunctionKindError) as raised:
        crons.interval("c", timedelta(minutes=5), NOTES)

    assert str(raised.value) == (
        "Cannot register the cron 'c': notes is a query. Expected a mutation or an action. "
        "A query changes nothing, so nobody would see that it ran; show it live instead."
    )
    assert crons.list() == []


def test_a_function_of_another_database_is_refused(connect: Connect) -> None:
    mine, other = connect(), connect()
    elsewhere = other.mutation(write)
    module = rnb.module("notes")
    not_included = module.mutation(write)

    for function in (elsewhere, not_included):
        with pytest.raises(UnknownFunction):
            mine.crons.daily("c", function, hour=9, text="x")

    assert mine.crons.list() == []


def test_pause_resume_run_now_and_delete(crons: Crons) -> None:
    crons.cron("c", "@daily", WRITE, text="x")

    crons.pause("c")
    assert crons.get("c").is_paused
    assert crons.get("c").next_time is None
    crons.resume("c")
    assert not crons.get("c").is_paused
    crons.run_now("c")
    assert crons.get("c").is_requested
    crons.delete("c")

    for command in (crons.get, crons.pause, crons.resume, crons.run_now, crons.delete):
        with pytest.raises(UnknownJob):
            command("c")


def test_runs_have_times_in_the_zone_of_their_cron(host: Host, crons: Crons) -> None:
    crons.daily("c", WRITE, hour=0, tz="America/New_York", text="x")
    host.clock.advance(timedelta(hours=5))

    host.run(Ending("failed", error="ValueError: no"), timedelta(milliseconds=1500))

    run = crons.get("c").last_run
    assert run is not None
    assert run.scheduled == datetime(2026, 1, 1, tzinfo=ZoneInfo("America/New_York"))
    assert run.scheduled.tzinfo == ZoneInfo("America/New_York")
    assert (run.duration, run.state, run.error) == (timedelta(seconds=1.5), "failed", "ValueError: no")
    assert crons.get("c").history == (run,)


def test_a_time_that_will_be_left_out_is_not_told(host: Host, crons: Crons) -> None:
    crons.hourly("skip", WRITE, text="x")
    crons.hourly("once", WRITE, text="x", if_missed="once")
    host.clock.advance(timedelta(hours=2, minutes=30))

    assert crons.get("skip").next_time == datetime(2026, 1, 1, 3, tzinfo=UTC)
    assert crons.get("once").next_time == datetime(2026, 1, 1, 1, tzinfo=UTC)


def test_a_cron_whose_function_is_not_defined_here_says_so(host: Host, crons: Crons) -> None:
    for name in ("asked for", "paused", "waits"):
        crons.hourly(name, WRITE, text="x")
    crons.run_now("asked for")
    crons.pause("paused")
    assert {each.is_defined for each in crons.list()} == {True}

    for functions in ({}, {"write": NOTES}):  # the file was opened again; or the name is that of a query now
        host.functions = functions

        assert [(each.is_defined, each.row()[3]) for each in crons.list()] == [
            (False, "when write is defined"),
            (False, "paused"),
            (False, "when write is defined"),
        ]


def test_crons_as_text(host: Host, crons: Crons) -> None:
    assert repr(crons) == "No crons"
    crons.interval("tick", timedelta(minutes=1), WRITE, text="tick")
    host.run(Ending("success"), timedelta(milliseconds=120))
    crons.cron("report", "30 2 * * *", WRITE, tz="America/New_York", text="a (b)")
    crons.hourly("off", WRITE, text="x")
    crons.pause("off")

    assert repr(crons).splitlines() == [
        "Name    Runs                                   Function             Next                     Last run",
        "off     at the start of every hour (UTC)       write(text='x')      paused                   none yet",
        "report  at 02:30 every day (America/New_York)  write(text='a (b)')  2026-01-01 02:30:00 EST  none yet",
        (
            "tick    every minute                           write(text='tick')   2026-01-01 00:01:00 UTC  "
            "success at 2026-01-01 00:00:00 UTC, took 0.12 s"
        ),
    ]
    assert repr(crons.get("tick")) == (
        "<cron tick: every minute; function write(text='tick'); next 2026-01-01 00:01:00 UTC; "
        "last run success at 2026-01-01 00:00:00 UTC, took 0.12 s>"
    )


def test_crons_as_a_table_of_escaped_texts(crons: Crons) -> None:
    assert crons._repr_html_() == "<div>No crons</div>"
    crons.interval("<b>", timedelta(minutes=1), WRITE, text="<i>")

    table = crons._repr_html_()

    assert table.count("<tr>") == 2
    assert "&lt;b&gt;" in table
    assert "&lt;i&gt;" in table
    assert "<b>" not in table
    assert crons.get("<b>")._repr_html_() == table
