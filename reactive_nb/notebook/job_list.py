"""What `%reactive jobs` lists of a database: crons, the cells among them, and calls of functions that are to come or failed.

An open database comes in, rows of text go out; nothing here changes anything.
"""

from __future__ import annotations

from typing import Any

from reactive_nb.engine import Engine
from reactive_nb.functions.function import Kind
from reactive_nb.jobs import crons
from reactive_nb.notebook.cell.job_status import Document, last_run, run_text, status_of
from reactive_nb.notebook.cell.plan import PREFIX, split_cell
from reactive_nb.notebook.page.view import arguments_text
from reactive_nb.notebook.teach.words import time_text
from reactive_nb.schema.system_tables import SCHEDULED

MAX_CALLS = 20
"""How many calls of each state are listed."""

JOB_COLUMNS = ("name", "what", "state", "next run", "last run")
CALL_COLUMNS = ("function", "arguments", "state", "time")

_CALL_STATES = {"inProgress": "running", "pending": "pending", "failed": "failed"}


def jobs_of(engine: Engine) -> list[Document]:
    """Return the documents of all crons, in the order of their names."""
    found: list[Document] = engine.read(lambda ctx: crons.documents(ctx.db.system))
    return found


def is_here(engine: Engine, document: Document) -> bool:
    """Whether the function of a cron can be run in this process."""
    return any(each.path == document["function"] and each.kind is not Kind.QUERY for each in engine.functions())


def is_cell(document: Document) -> bool:
    """Whether a cron runs a cell."""
    return bool(document["function"].startswith(PREFIX)) and "source" in document


def job_rows(engine: Engine) -> list[tuple[str, ...]]:
    """Return a row for each cron: its name, what it runs and when, its state, its next run and its last one."""
    return [_job_row(engine, document) for document in jobs_of(engine)]


def call_rows(engine: Engine) -> list[tuple[str, ...]]:
    """Return a row for each call that was scheduled: those that run, those to come, and the latest that failed."""
    found = engine.read(lambda ctx: [document for kind in _CALL_STATES for document in _calls(ctx, kind)])
    return [_call_row(engine, document) for document in found]


def _job_row(engine: Engine, document: Document) -> tuple[str, ...]:
    here = is_here(engine, document)
    status = status_of(document, engine.now_ms(), is_here=here)
    last = last_run(status)
    state = status["state"]
    if state == "elsewhere":
        place = document.get("place", "")
        state = f"waits for its cell, {place}" if is_cell(document) else f"waits for {document['function']}"
    state += ", paused" * (status["paused"] and state != "paused")
    return (
        document["name"],
        f"{status['schedule']}: {_what(document)}",
        state,
        "" if status["next"] is None else time_text(status["next"]),
        "none yet" if last is None else run_text(last),
    )


def _progress_text(engine: Engine, document: Document) -> str:
    """Return how far a job that runs is, as the end of its state; nothing if it has not said."""
    told = engine.progress_of(document["_id"])
    if told is None:
        return ""
    done, total, text = told
    return f", {done:g}" + ("" if total is None else f" of {total:g}") + (f", {text}" if text else "")


def _what(document: Document) -> str:
    if not is_cell(document):
        return f"{document['function']}({arguments_text(document['args'])})"
    source = split_cell(document["source"])[2].strip()
    return next(iter(source.splitlines()), "")


def _calls(ctx: Any, kind: str) -> list[Document]:
    found = ctx.db.system.query(SCHEDULED).with_index("by_function", **{"state.kind": kind}).collect()
    key = "completedTime" if kind == "failed" else "scheduledTime"
    found.sort(key=lambda document: document[key], reverse=kind == "failed")
    return list(found[:MAX_CALLS])


def _call_row(engine: Engine, document: Document) -> tuple[str, ...]:
    (args,) = document["args"] or [{}]
    state = document["state"]
    said = _CALL_STATES[state["kind"]] + (f" ({state['error']})" if "error" in state else "")
    said += _progress_text(engine, document)
    return document["name"], arguments_text(args), said, time_text(document["scheduledTime"])
