"""Scheduled calls as the worker sees them: what is due, what has begun, what is over.

Comes in: documents of `_scheduled_functions`, as `ctx.scheduler` stores them. Goes out: jobs, and the states of Convex:
pending, inProgress (an action that runs), success, failed, canceled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from heapq import nsmallest

from reactive_nb.errors import InvalidValue
from reactive_nb.functions.database import SystemReader, SystemWriter
from reactive_nb.functions.query_builder import RangeFunction, TableQuery
from reactive_nb.functions.range_query import Document
from reactive_nb.jobs.job import Ending, Job
from reactive_nb.schema.system_tables import SCHEDULED

KEPT = timedelta(days=7)
"""How long results are kept."""

ABANDONED = "The process ended while this ran, so nobody knows how far it came; an action is never run twice"

_KEPT_MS = KEPT / timedelta(milliseconds=1)
_FORGOTTEN_AT_ONCE = 500


class ScheduledCalls:
    """The jobs of `_scheduled_functions`; see `jobs.job.Jobs`."""

    def due(self, reader: SystemReader, now_ms: float, ready: Callable[[str], float | None], limit: int) -> list[Job]:
        """Return calls that may begin now, oldest first."""
        found = (
            document
            for name in _pending_names(reader)
            if ready(name) is not None
            for document in _pending(reader, name, lambda q: q.lte("scheduledTime", now_ms)).take(limit)
        )
        return [_job(document) for document in nsmallest(limit, found, key=_place)]

    def next_ms(self, reader: SystemReader, now_ms: float, ready: Callable[[str], float | None]) -> float | None:
        """Return when the first call after now falls due."""
        firsts = (
            _pending(reader, name, lambda q: q.gt("scheduledTime", now_ms)).first()
            for name in _pending_names(reader)
            if ready(name) is not None
        )
        return min((first["scheduledTime"] for first in firsts if first is not None), default=None)

    def begin(self, writer: SystemWriter, job: Job, now_ms: float) -> bool:  # noqa: ARG002 - crons need the time
        """Mark a call as running, unless it was cancelled, or begun by somebody else."""
        document = _read(writer, job.id)
        if document is None or document["state"]["kind"] != "pending":
            return False
        writer.patch(job.id, {"state": {"kind": "inProgress"}})
        return True

    def end(self, writer: SystemWriter, job: Job, ending: Ending, now_ms: float) -> None:
        """Note how a call ended; one that was cancelled meanwhile stays cancelled."""
        document = _read(writer, job.id)
        if document is None or document["state"]["kind"] == "canceled":
            return
        state = {"kind": ending.kind} if ending.error is None else {"kind": ending.kind, "error": ending.error}
        fields = {"state": state, "completedTime": now_ms}
        try:
            writer.patch(job.id, fields | ({} if ending.result is None else {"result": ending.result}))
        except InvalidValue:  # what no document can hold, such as a data frame, or more than one can hold
            writer.patch(job.id, fields)

    def abandon(self, writer: SystemWriter, now_ms: float) -> int:
        """Mark the actions that ran when the process ended as failed; return how many there were."""
        left = writer.query(SCHEDULED).with_index("by_function", **{"state.kind": "inProgress"}).collect()
        for document in left:
            writer.patch(document["_id"], {"state": {"kind": "failed", "error": ABANDONED}, "completedTime": now_ms})
        return len(left)

    # ------------------------------------------------------------------ results that nobody needs any more

    def forget_ms(self, reader: SystemReader) -> float | None:
        """Return when the oldest result has been kept long enough, or None when there is no result."""
        oldest = reader.query(SCHEDULED).with_index("by_completed", lambda q: q.gt("completedTime", 0)).first()
        return None if oldest is None else oldest["completedTime"] + _KEPT_MS

    def forget(self, writer: SystemWriter, now_ms: float) -> None:
        """Delete results that were kept long enough; some, when they are many."""
        query = writer.query(SCHEDULED).with_index(
            "by_completed", lambda q: q.gt("completedTime", 0).lte("completedTime", now_ms - _KEPT_MS)
        )
        for document in query.take(_FORGOTTEN_AT_ONCE):
            writer.delete(document["_id"])


def _pending_names(reader: SystemReader) -> Iterator[str]:
    """Yield the functions that have pending calls: one look into the index for each, however many calls it has."""
    query = reader.query(SCHEDULED).with_index("by_function", **{"state.kind": "pending"})
    while (first := query.first()) is not None:
        name = first["name"]
        yield name
        query = reader.query(SCHEDULED).with_index("by_function", _after(name))


def _after(name: str) -> RangeFunction:
    return lambda q: q.eq("state.kind", "pending").gt("name", name)


def _pending(reader: SystemReader, name: str, bound: RangeFunction) -> TableQuery:
    return reader.query(SCHEDULED).with_index(
        "by_function", lambda q: bound(q.eq("state.kind", "pending").eq("name", name))
    )


def _read(writer: SystemWriter, id: str) -> Document | None:
    return writer.system.get(id)


def _place(document: Document) -> tuple[float, float]:
    """Return what jobs are begun in the order of: of one moment, in the order in which they were scheduled."""
    return document["scheduledTime"], document["_creationTime"]


def _job(document: Document) -> Job:
    return Job(document["_id"], document["name"], document["name"], document["args"][0], document["scheduledTime"])
