"""How it is with a job, made of its document: states, the next time, the last runs."""

from __future__ import annotations

from typing import Any

import pytest

from reactive_nb.jobs.schedule import Interval, Once, OnChange
from reactive_nb.notebook.cell.job_status import deleted, last_run, run_text, status_of, status_text

NOW = 1_800_000_000_000.0


def run(start: float, kind: str = "success", error: str | None = None, **more: Any) -> dict[str, Any]:
    state = {"kind": kind} if error is None else {"kind": kind, "error": error}
    return {"scheduledTime": start, "startTime": start, "endTime": start + 12, "state": state, **more}


def document(**fields: Any) -> dict[str, Any]:
    return {
        "name": "feed",
        "function": "cell:feed",
        "args": {},
        "schedule": Interval(10_000).to_value(),
        "ifMissed": "skip",
        "paused": False,
        "nextTime": NOW + 5,
        "isRequested": False,
        "current": None,
        "history": [],
        **fields,
    }


CURRENT = {"scheduledTime": NOW, "startTime": NOW, "state": {"kind": "inProgress"}}
FAILED = run(NOW - 50, "failed", "ValueError: no")


@pytest.mark.parametrize(
    ("fields", "options", "state"),
    [
        ({}, {}, "waiting"),
        ({"paused": True}, {}, "paused"),
        ({"paused": True, "history": [FAILED]}, {}, "paused"),
        ({"history": [FAILED]}, {}, "failed"),
        ({"history": [FAILED, run(NOW)]}, {}, "waiting"),
        ({"current": CURRENT, "paused": True}, {}, "running"),
        ({"current": CURRENT}, {"is_queued": True}, "queued"),
        ({}, {"is_here": False}, "elsewhere"),
        ({"schedule": Once(NOW).to_value(), "nextTime": None, "history": [run(NOW)]}, {}, "done"),
        ({"schedule": Once(NOW - 5).to_value(), "nextTime": NOW - 5}, {}, "missed"),
        ({"schedule": Once(NOW - 5).to_value(), "nextTime": NOW - 5, "ifMissed": "once"}, {}, "waiting"),
        ({"schedule": Once(NOW).to_value(), "nextTime": None, "isRequested": True}, {}, "waiting"),
        ({"schedule": Once(NOW + 5).to_value()}, {}, "waiting"),
        ({"schedule": OnChange("latest()").to_value(), "nextTime": None}, {}, "waiting"),
    ],
)
def test_the_state_says_what_comes_next(fields: dict[str, Any], options: dict[str, Any], state: str) -> None:
    assert status_of(document(**fields), NOW, **options)["state"] == state


def test_runs_are_told_newest_first_and_not_all() -> None:
    status = status_of(document(history=[run(NOW + n) for n in range(20)], current=CURRENT), NOW)

    assert len(status["runs"]) == 10
    assert status["runs"][0] == {"start": NOW, "took": None, "outcome": "running", "error": None}
    assert status["runs"][1] == {"start": NOW + 19, "took": 12, "outcome": "success", "error": None}
    assert last_run(status) == status["runs"][1]


def test_a_pause_is_told_also_while_a_run_goes_on() -> None:
    status = status_of(document(current=CURRENT, paused=True), NOW)

    assert (status["state"], status["paused"]) == ("running", True)
    assert status_of(document(current=CURRENT), NOW)["paused"] is False


def test_of_a_deleted_job_nobody_hears_how_its_last_run_ended() -> None:
    status = deleted(status_of(document(current=CURRENT, history=[FAILED]), NOW))

    assert [run["outcome"] for run in status["runs"]] == ["failed"]


def test_a_run_that_took_too_long_is_one_that_timed_out() -> None:
    runs = [run(NOW, "failed", "ActionTimeout: Cannot go on with feed: it has run"), FAILED]

    assert [each["outcome"] for each in status_of(document(history=runs), NOW)["runs"]] == ["failed", "timed out"]


def test_a_time_that_is_left_out_is_no_next_time() -> None:
    late = document(nextTime=NOW - 15_000)

    assert status_of(late, NOW)["next"] == NOW + 5000
    assert status_of({**late, "ifMissed": "once"}, NOW)["next"] == NOW - 15_000


def test_in_one_line() -> None:
    text = status_text(status_of(document(history=[FAILED]), NOW))

    assert text.startswith("feed; every 10 seconds; failed; next run 2027-01-15 ")
    assert text.endswith(", 12 ms, failed: ValueError: no")
    assert status_text(deleted(status_of(document(), NOW))) == "feed; every 10 seconds; deleted; no run yet"


def test_a_run_that_took_no_time_by_a_clock_of_a_test_has_a_unit_too() -> None:
    run = {"start": 0.0, "took": 0.0, "outcome": "success", "error": None}

    assert run_text(run).endswith(", 0 ms, success")
