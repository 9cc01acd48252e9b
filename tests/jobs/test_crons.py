"""Crons on transactions, at times that the test sets: when runs begin, what is missed, and what people do with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from reactive_nb.errors import ScheduleError, UnknownJob
from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.database import SystemReader, SystemWriter
from reactive_nb.jobs import crons
from reactive_nb.jobs.crons import CronJobs, IfMissed
from reactive_nb.jobs.job import Ending, Job, Jobs
from reactive_nb.jobs.schedule import CronExpression, Interval, Once, OnChange, Schedule, cron
from tests.tools import Core

MINUTE = 60_000.0
EVERY_MINUTE = Interval(MINUTE)
OK = Ending("success")
JOBS: Jobs = CronJobs()


class Desk:
    """A database with crons, whose clock shows the minutes that the test says."""

    def __init__(self) -> None:
        self.core = Core()
        self.now = 0.0  # in minutes
        self.ready: dict[str, float] = {"f": -1.0}  # in minutes

    def read(self, body: Callable[[SystemReader], Any]) -> Any:
        return body(QueryContext(self.core.runner.begin(), self.core).db.system)

    def write(self, body: Callable[[SystemWriter], Any]) -> Any:
        return self.core.write(lambda ctx: body(SystemWriter(ctx.transaction, self.core.ids)))

    @property
    def now_ms(self) -> float:
        return self.now * MINUTE

    def ready_ms(self, path: str) -> float | None:
        return self.ready[path] * MINUTE if path in self.ready else None

    def register(
        self, name: str = "c", schedule: Schedule = EVERY_MINUTE, if_missed: IfMissed = "skip", **more: Any
    ) -> str:
        id: str = self.write(
            lambda writer: crons.register(
                writer,
                name,
                more.pop("path", "f"),
                more.pop("args", {}),
                schedule,
                if_missed,
                now_ms=self.now_ms,
                **more,
            )
        )
        return id

    def due(self, limit: int = 10) -> list[Job]:
        jobs: list[Job] = self.read(lambda reader: JOBS.due(reader, self.now_ms, self.ready_ms, limit))
        return jobs

    def due_minutes(self) -> list[float]:
        return [job.due_ms / MINUTE for job in self.due()]

    def next(self) -> float | None:
        ms = self.read(lambda reader: JOBS.next_ms(reader, self.now_ms, self.ready_ms))
        return None if ms is None else ms / MINUTE

    def begin(self, job: Job | None = None) -> bool:
        (begun,) = [job] if job is not None else self.due()
        did_begin: bool = self.write(lambda writer: JOBS.begin(writer, begun, self.now_ms))
        return did_begin

    def end(self, id: str, ending: Ending = OK) -> None:
        job = Job(id, "", "", {}, 0.0)
        self.write(lambda writer: JOBS.end(writer, job, ending, self.now_ms))

    def run(self) -> None:
        (job,) = self.due()
        assert self.begin(job)
        self.end(job.id)

    def document(self, name: str = "c") -> dict[str, Any]:
        document = self.read(lambda reader: crons.find(reader, name))
        assert document is not None
        return document


@pytest.fixture
def desk() -> Desk:
    return Desk()


# ------------------------------------------------------------------ when runs begin


@dataclass
class Case:
    """What a worker does that wakes up when something is due, unless the computer sleeps, and whose runs take a while.

    `runs` are pairs: the minute that a run is for, and the minute at which it begins.
    """

    name: str
    if_missed: IfMissed
    runs: list[tuple[float, float]]
    schedule: Schedule = EVERY_MINUTE
    ready: float = 0.0
    takes: float = 0.0
    asleep: tuple[float, float] = (0.0, 0.0)
    until: float = 4.0


EVERY_2 = CronExpression("*/2 * * * *", "UTC")

CASES = [
    Case("an interval begins at once and does not drift", "skip", [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]),
    Case("a cron begins at its first time", "skip", [(2, 2), (4, 4)], EVERY_2),
    Case("a moment comes once", "skip", [(1.5, 1.5)], Once(1.5 * MINUTE)),
    Case("a change is nobody's time", "all", [], OnChange("f()")),
    # The function is there later than the cron.
    Case("skip: what came before its function is left out", "skip", [(3, 3), (4, 4)], ready=2.5),
    Case("skip: the moment at which it comes counts", "skip", [(2, 2), (3, 3), (4, 4)], ready=2),
    Case("once: one run makes up for all", "once", [(2, 2.5), (3, 3), (4, 4)], ready=2.5),
    Case("all: each has its run", "all", [(0, 2.5), (1, 2.5), (2, 2.5), (3, 3), (4, 4)], ready=2.5),
    Case("skip: a cron", "skip", [(4, 4), (6, 6)], EVERY_2, ready=2.5, until=6),
    Case("once: a cron", "once", [(4, 5), (6, 6)], EVERY_2, ready=5, until=6),
    Case("all: a cron", "all", [(2, 5), (4, 5), (6, 6)], EVERY_2, ready=5, until=6),
    Case("skip: a moment", "skip", [], Once(MINUTE), ready=2),
    Case("once: a moment", "once", [(1, 2)], Once(MINUTE), ready=2),
    Case("all: a moment", "all", [(1, 2)], Once(MINUTE), ready=2),
    # A run takes longer than the interval.
    Case("skip: what a run is in the way of is left out", "skip", [(0, 0), (3, 3), (6, 6)], takes=2.5, until=6),
    Case("skip: the moment at which it ends counts", "skip", [(0, 0), (2, 2), (4, 4)], takes=2),
    Case("once: it is made up for when the run has ended", "once", [(0, 0), (2, 2.5), (5, 5)], takes=2.5, until=5),
    Case("all: the runs queue", "all", [(0, 0), (1, 2.5), (2, 5), (3, 7.5)], takes=2.5, until=8),
    # Nobody was missing, and still nobody looked.
    Case("skip: one run after a sleep", "skip", [(0, 0), (3, 3.5), (4, 4)], asleep=(0.5, 3.5)),
    Case("once: one run after a sleep", "once", [(0, 0), (3, 3.5), (4, 4)], asleep=(0.5, 3.5)),
    Case("all: all runs after a sleep", "all", [(0, 0), (1, 3.5), (2, 3.5), (3, 3.5), (4, 4)], asleep=(0.5, 3.5)),
    Case("skip: one run of a cron after a sleep", "skip", [(4, 5), (6, 6)], EVERY_2, asleep=(1, 5), until=6),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_runs(desk: Desk, case: Case) -> None:
    desk.ready["f"] = case.ready
    id = desk.register(schedule=case.schedule, if_missed=case.if_missed)
    desk.now = case.ready
    runs = []

    while desk.now <= case.until:
        while (due := desk.due()) and desk.now <= case.until:
            (job,) = due
            runs.append((job.due_ms / MINUTE, desk.now))
            assert desk.begin(job)
            desk.now += case.takes
            desk.end(id)
        next = desk.next()
        if next is None:
            break
        assert next > desk.now, "the worker would not sleep"
        desk.now = max(next, case.asleep[1]) if next > case.asleep[0] else next

    assert runs == case.runs


def test_a_year_of_missed_minutes_is_dealt_with_at_once(desk: Desk) -> None:
    desk.register(schedule=cron("* * * * *", "Europe/Zurich"), if_missed="once")
    desk.now = 60.0 * 24 * 365 + 0.5

    assert desk.due_minutes() == [60 * 24 * 365]
    desk.run()
    assert desk.next() == 60 * 24 * 365 + 1


def test_jobs_come_oldest_first_and_no_more_than_asked_for(desk: Desk) -> None:
    for name, minute in [("late", 3.0), ("early", 1.0), ("later", 5.0), ("middle", 2.0)]:
        desk.register(name, Once(minute * MINUTE))
    desk.now = 4.0

    assert [job.name for job in desk.due()] == ["early", "middle", "late"]
    assert [job.name for job in desk.due(limit=2)] == ["early", "middle"]
    assert desk.next() == 5


def test_a_cron_without_its_function_waits_and_keeps_nobody_awake(desk: Desk) -> None:
    desk.register("c", path="gone")

    assert (desk.due(), desk.next()) == ([], None)


def test_a_job_is_what_was_registered(desk: Desk) -> None:
    id = desk.register("c", args={"text": "hi"}, timeout_ms=5.0)

    assert desk.due() == [Job(id, "c", "f", {"text": "hi"}, 0.0, 5.0)]


def test_a_table_that_was_never_written_has_nothing_to_do(desk: Desk) -> None:
    assert (desk.due(), desk.next()) == ([], None)


# ------------------------------------------------------------------ begin and end


def test_a_run_that_is_in_progress_is_not_begun_again(desk: Desk) -> None:
    desk.register()
    (job,) = desk.due()

    assert desk.begin(job)

    desk.write(lambda writer: crons.request(writer, "c"))
    assert not desk.begin(job)
    desk.now = 5.0
    assert (desk.due(), desk.next()) == ([], None)


def test_a_run_leaves_its_times_and_its_end(desk: Desk) -> None:
    id = desk.register()
    desk.now = 0.25
    desk.begin()
    assert desk.document()["current"] == {
        "scheduledTime": 0.0,
        "startTime": 15_000.0,
        "state": {"kind": "inProgress"},
    }
    desk.now = 0.5

    desk.end(id, Ending("failed", error="ValueError: no"))

    document = desk.document()
    assert document["current"] is None
    assert document["history"] == [
        {
            "scheduledTime": 0.0,
            "startTime": 15_000.0,
            "endTime": 30_000.0,
            "state": {"kind": "failed", "error": "ValueError: no"},
        }
    ]
    assert document["nextTime"] == MINUTE


def test_twenty_runs_are_kept(desk: Desk) -> None:
    desk.register()
    for minute in range(25):
        desk.now = minute
        desk.run()

    kept = [run["scheduledTime"] / MINUTE for run in desk.document()["history"]]

    assert kept == list(range(5, 25))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda desk: desk.write(lambda writer: crons.pause(writer, "c")), "paused"),
        (lambda desk: desk.write(lambda writer: crons.delete(writer, "c")), "deleted"),
        (lambda desk: desk.register(path="g"), "another function"),
        (lambda desk: desk.register(args={"n": 2}), "other arguments"),
        (lambda desk: desk.register(timeout_ms=1.0), "another timeout"),
        (lambda desk: desk.register(schedule=Once(5 * MINUTE)), "another schedule"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_job_of_which_the_reason_has_gone_does_not_begin(
    desk: Desk, change: Callable[[Desk], Any], name: str
) -> None:
    desk.register(schedule=Once(1 * MINUTE))
    desk.now = 1.0
    (job,) = desk.due()

    change(desk)

    assert not desk.begin(job)


def test_arguments_that_numpy_does_not_compare_are_compared(desk: Desk) -> None:
    desk.register(args={"near": np.array([1.0, 2.0], dtype=np.float32)})
    (job,) = desk.due()

    assert desk.begin(job)


def test_the_end_of_a_run_whose_cron_was_deleted_is_quiet(desk: Desk) -> None:
    id = desk.register()
    desk.begin()
    desk.write(lambda writer: crons.delete(writer, "c"))

    desk.end(id)

    assert desk.read(crons.documents) == []


def test_a_run_ends_once(desk: Desk) -> None:
    id = desk.register()
    desk.run()
    before = desk.document()

    desk.end(id, Ending("failed", error="late"))

    assert desk.document() == before


def test_the_time_after_one_that_is_due_is_known(desk: Desk) -> None:
    desk.register()
    desk.now = 0.5

    assert (desk.due_minutes(), desk.next()) == ([0], 1)


def test_a_kill_during_an_action_fails_it_and_does_not_repeat_it(desk: Desk) -> None:
    desk.register(if_missed="all")
    desk.register("idle", Once(100 * MINUTE))
    desk.begin()
    desk.now = 0.5  # the process is gone, and another one opens the database

    assert desk.write(lambda writer: JOBS.abandon(writer, desk.now_ms)) == 1

    (run,) = desk.document()["history"]
    assert run["state"]["kind"] == "failed"
    assert run["state"]["error"].startswith("The process ended while this ran")
    assert run["endTime"] == desk.now_ms
    assert (desk.due(), desk.next()) == ([], 1)
    assert desk.write(lambda writer: JOBS.abandon(writer, desk.now_ms)) == 0


# ------------------------------------------------------------------ pause, resume, run now


def test_a_paused_cron_is_not_due(desk: Desk) -> None:
    desk.register()
    desk.write(lambda writer: crons.pause(writer, "c"))
    desk.now = 3.0

    assert (desk.due(), desk.next()) == ([], None)


@pytest.mark.parametrize("if_missed", ["skip", "once", "all"])
def test_what_passes_during_a_pause_is_not_made_up_for(desk: Desk, if_missed: IfMissed) -> None:
    desk.register(if_missed=if_missed)
    desk.run()
    desk.write(lambda writer: crons.pause(writer, "c"))
    desk.now = 3.5

    desk.write(lambda writer: crons.resume(writer, "c", desk.now_ms))

    assert (desk.due(), desk.next()) == ([], 4)


def test_to_resume_what_is_not_paused_changes_nothing(desk: Desk) -> None:
    desk.register(if_missed="all")
    desk.now = 2.0

    desk.write(lambda writer: crons.resume(writer, "c", desk.now_ms))

    assert desk.due_minutes() == [0]


def test_a_pause_before_its_next_time_leaves_that_time(desk: Desk) -> None:
    desk.register(schedule=Once(5 * MINUTE))
    desk.write(lambda writer: crons.pause(writer, "c"))
    desk.now = 4.0

    desk.write(lambda writer: crons.resume(writer, "c", desk.now_ms))

    assert desk.next() == 5


def test_run_now_is_a_run_besides_the_schedule(desk: Desk) -> None:
    desk.register()
    desk.run()
    desk.now = 0.5

    desk.write(lambda writer: crons.request(writer, "c"))

    assert desk.due_minutes() == [0.5]
    desk.run()
    assert (desk.due(), desk.next()) == ([], 1)


def test_run_now_runs_a_paused_cron_once(desk: Desk) -> None:
    desk.register()
    desk.write(lambda writer: crons.pause(writer, "c"))
    desk.now = 0.5

    desk.write(lambda writer: crons.request(writer, "c"))

    assert desk.due_minutes() == [0.5]
    desk.run()
    assert (desk.due(), desk.next()) == ([], None)


def test_run_now_while_it_runs_is_another_run_afterwards(desk: Desk) -> None:
    id = desk.register(schedule=OnChange("notes()"))
    desk.write(lambda writer: crons.request(writer, "c"))
    desk.begin()
    desk.write(lambda writer: crons.request(writer, "c"))
    assert desk.due() == []

    desk.end(id)

    desk.run()
    assert desk.due() == []


def test_run_now_at_a_time_of_its_own_is_one_run(desk: Desk) -> None:
    desk.register()
    desk.write(lambda writer: crons.request(writer, "c"))

    desk.run()

    assert (desk.due(), desk.next()) == ([], 1)


def test_run_now_does_not_bring_an_interval_out_of_step(desk: Desk) -> None:
    desk.register()
    desk.now = desk.ready["f"] = 3.5  # what came before is missed
    desk.write(lambda writer: crons.request(writer, "c"))

    desk.run()

    assert desk.document()["nextTime"] == 4 * MINUTE


# ------------------------------------------------------------------ registered again


def test_the_same_again_writes_nothing(desk: Desk) -> None:
    desk.register(args={"n": 1}, source="f()", place="In[1]", timeout_ms=1.0)
    before = desk.document()

    tx, ctx = desk.core.begin()
    crons.register(
        SystemWriter(ctx.transaction, desk.core.ids),
        "c",
        "f",
        {"n": 1},
        EVERY_MINUTE,
        source="f()",
        place="In[1]",
        timeout_ms=1.0,
        now_ms=9.0,
    )
    assert not tx.writes
    assert desk.document() == before


def test_the_same_schedule_keeps_its_next_time(desk: Desk) -> None:
    id = desk.register(args={"n": 1}, source="f()", place="In[1]", timeout_ms=1.0)
    desk.run()
    desk.now = 0.5

    assert desk.register(args={"n": 2}, if_missed="all", path="g") == id

    document = desk.document()
    assert document["nextTime"] == MINUTE
    assert (document["args"], document["ifMissed"], document["function"]) == ({"n": 2}, "all", "g")
    assert not {"source", "place", "timeoutMs"} & document.keys()
    assert len(document["history"]) == 1


@pytest.mark.parametrize(
    ("old", "ran", "new", "next"),
    [
        (EVERY_MINUTE, True, Interval(10 * MINUTE), 10.0),
        (Interval(10 * MINUTE), True, EVERY_MINUTE, 2.5),
        (EVERY_MINUTE, False, Interval(10 * MINUTE), 2.5),
        (EVERY_MINUTE, True, EVERY_2, 4.0),
        (EVERY_2, False, EVERY_MINUTE, 2.5),
        (EVERY_MINUTE, True, Once(7 * MINUTE), 7.0),
        (EVERY_2, False, CronExpression("*/5 * * * *", "UTC"), 5.0),
        (EVERY_MINUTE, True, OnChange("f()"), None),
    ],
)
def test_another_schedule_begins_now_an_interval_no_sooner_than_it_may(
    desk: Desk, old: Schedule, ran: bool, new: Schedule, next: float | None
) -> None:
    desk.register(schedule=old)
    if ran:
        desk.run()
    desk.now = 2.5

    desk.register(schedule=new)

    assert desk.document()["nextTime"] == (None if next is None else next * MINUTE)


@pytest.mark.parametrize("new", [EVERY_MINUTE, Interval(2 * MINUTE)])
def test_after_the_clock_was_set_back_an_interval_that_is_registered_again_goes_on(desk: Desk, new: Interval) -> None:
    desk.now = 600.0
    desk.register()
    desk.run()
    desk.now = 10.0

    desk.register(schedule=new)

    assert desk.document()["nextTime"] == desk.now_ms + new.ms


def test_after_the_clock_was_set_back_nothing_of_now_is_missed(desk: Desk) -> None:
    desk.ready["f"] = 600.0
    desk.now = 10.0
    desk.register()

    assert desk.due_minutes() == [10.0]


def test_a_paused_cron_stays_paused_when_its_cell_is_run_again(desk: Desk) -> None:
    desk.register()
    desk.write(lambda writer: crons.pause(writer, "c"))

    desk.register(args={"n": 2})

    assert desk.document()["paused"]


# ------------------------------------------------------------------ refusals


def test_a_name_that_is_not_there_is_an_error_with_those_that_are(desk: Desk) -> None:
    desk.register("a")
    desk.register("b")

    with pytest.raises(UnknownJob) as raised:
        desk.write(lambda writer: crons.pause(writer, "c"))

    assert str(raised.value) == (
        "Cannot pause the cron 'c': there is none of this name. Expected one of 'a', 'b'. "
        "db.crons.list() shows them all."
    )


@pytest.mark.parametrize("command", [crons.delete, crons.pause, crons.request])
def test_without_any_cron_there_is_none_of_a_name(desk: Desk, command: Callable[[SystemWriter, str], None]) -> None:
    with pytest.raises(UnknownJob, match="No cron is registered"):
        desk.write(lambda writer: command(writer, "c"))


def test_of_many_names_some_are_listed(desk: Desk) -> None:
    for number in range(12):
        desk.register(f"c{number:02}")

    with pytest.raises(UnknownJob, match=r"one of 'c00', .*'c09' or 2 more\."):
        desk.write(lambda writer: crons.resume(writer, "c", 0.0))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"name": ""},
            (
                "Cannot register a cron: its name is '' (str). Expected a text that is not empty. "
                'Give it a name of its own, such as "nightly report".'
            ),
        ),
        (
            {"if_missed": "never"},
            (
                'Cannot register the cron \'c\': if_missed is \'never\' (str). Expected "skip", "once" or "all". '
                'Leave it out for "skip".'
            ),
        ),
    ],
)
def test_what_cannot_be_registered(desk: Desk, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ScheduleError) as raised:
        desk.register(**arguments)

    assert str(raised.value) == sentence
