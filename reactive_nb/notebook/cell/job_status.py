"""How it is with a job, for people: what pages and reports say, made of its document in `_crons`.

The document comes in; JSON for the page (static/jobbar.js) or a line of text goes out. A page puts times into words itself,
so that it needs no news while nothing happens.
"""

from __future__ import annotations

from typing import Any

from reactive_nb.errors import ActionTimeout
from reactive_nb.jobs.crons import coming_ms
from reactive_nb.jobs.schedule import schedule_of
from reactive_nb.notebook.teach.words import duration_text, time_text

Document = dict[str, Any]
Status = dict[str, Any]

MAX_RUNS = 10
"""How many runs a page is told of, newest first."""


def status_of(document: Document, now_ms: float, *, is_here: bool = True, is_queued: bool = False) -> Status:
    """Return what is known of a job as JSON; see `Job` in static/jobbar.js.

    Args:
        document: Of `_crons`.
        now_ms: The time, which tells times that are left out from those to come.
        is_here: Whether its function can be run in this process.
        is_queued: Whether a run has begun and waits for its turn.
    """
    runs = [_run_of(run) for run in reversed(document["history"])][:MAX_RUNS]
    if document["current"] is not None:
        runs = [_run_of(document["current"]), *runs][:MAX_RUNS]
    next_ms = coming_ms(document, now_ms)
    return {
        "name": document["name"],
        "schedule": schedule_of(document["schedule"]).describe(),
        "state": _state_of(document, next_ms, is_here, is_queued),
        "paused": document["paused"],
        "next": next_ms,
        "runs": runs,
    }


def deleted(status: Status) -> Status:
    """Return what is to be said of a job that is there no more; how a run goes on is not written down any more."""
    runs = [run for run in status["runs"] if run["outcome"] != "running"]
    return {**status, "state": "deleted", "next": None, "runs": runs}


def last_run(status: Status) -> dict[str, Any] | None:
    """Return the newest run that is over, or None."""
    return next((run for run in status["runs"] if run["outcome"] != "running"), None)


def run_text(run: Document) -> str:
    """Return a run in words: `2026-11-21 16:00:10, 12 ms, failed: no answer`."""
    took = "" if run["took"] is None else f", {duration_text(run['took'] / 1000) if run['took'] else '0 ms'}"
    error = f": {run['error']}" if run["error"] else ""
    return f"{time_text(run['start'])}{took}, {run['outcome']}{error}"


def status_text(status: Status) -> str:
    """Return a status as one line, for places where nothing is live."""
    facts = [status["name"], status["schedule"], status["state"]]
    if status["next"] is not None and status["state"] != "paused":
        facts.append(f"next run {time_text(status['next'])}")
    last = last_run(status)
    facts.append("no run yet" if last is None else f"last run {run_text(last)}")
    return "; ".join(facts)


def _state_of(document: Document, next_ms: float | None, is_here: bool, is_queued: bool) -> str:
    if document["current"] is not None:
        return "queued" if is_queued else "running"
    if not is_here:
        return "elsewhere"
    if document["paused"]:
        return "paused"
    history = document["history"]
    if history and history[-1]["state"]["kind"] == "failed":
        return "failed"
    is_over = next_ms is None and document["schedule"]["type"] == "once"
    if not is_over or document["isRequested"]:
        return "waiting"
    return "done" if history else "missed"


def _run_of(run: Document) -> dict[str, Any]:
    state, end = run["state"], run.get("endTime")
    error = state.get("error")
    outcome = "running" if end is None else "timed out" if _is_timeout(error) else state["kind"]
    took = None if end is None else end - run["startTime"]
    return {"start": run["startTime"], "took": took, "outcome": outcome, "error": error}


def _is_timeout(error: str | None) -> bool:
    return error is not None and error.startswith(f"{ActionTimeout.__name__}:")
