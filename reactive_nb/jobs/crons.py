"""Crons as the worker sees them, and how they are registered: documents of `_crons`, one for each name.

Comes in: a name, a function with its arguments, a schedule. Goes out: jobs, and what became of the last twenty runs.
Everything is a function over a transaction: nothing here keeps anything, waits, or knows the time.

`nextTime` is the earliest time with which nobody has dealt yet. A time is missed when nobody could run it then: the
function was not there yet, or the run before had not ended, for two runs of one cron never overlap. `ifMissed` says
what happens to missed times: "skip" leaves them out, "once" makes up for all of them with one run, "all" runs each.
Whatever it says, times that fell due unnoticed, while the computer slept, are followed by one run, and with "all" by
one run each.

    | time now                  12:00 .. 12:05, every minute, the function is there since 12:02:30
    | skip                      12:03, 12:04 and 12:05 are not missed: one run, for 12:05; next is 12:06
    | the same at 12:02:40      nothing; next is 12:03
    | once                      one run, for the newest time; next is the one after it
    | all                       12:00, then 12:01, and so on
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from reactive_nb.errors import ScheduleError, UnknownJob
from reactive_nb.functions.database import SystemReader, SystemWriter
from reactive_nb.functions.range_query import Document
from reactive_nb.jobs.job import Ending, Job
from reactive_nb.jobs.schedule import Interval, Schedule, schedule_of
from reactive_nb.jobs.scheduled import ABANDONED
from reactive_nb.schema.system_tables import CRONS
from reactive_nb.values.refusal import show
from reactive_nb.values.value import UNSET
from reactive_nb.values.wire import encode

KEPT_RUNS = 20
_LISTED = 10
_ROUNDING_MS = 1.0

Ready: TypeAlias = Callable[[str], float | None]
IfMissed: TypeAlias = Literal["skip", "once", "all"]


class _Times(NamedTuple):
    """When a cron is due.

    Attributes:
        due_ms: The time that a run would be for now, or None.
        after_ms: The first time after now.
    """

    due_ms: float | None
    after_ms: float | None


class CronJobs:
    """The jobs of `_crons`; see `jobs.job.Jobs`."""

    def due(self, reader: SystemReader, now_ms: float, ready: Ready, limit: int) -> list[Job]:
        """Return crons that may begin a run now, oldest first."""
        jobs = [
            _job(document, times.due_ms)
            for document, times in _times_of_all(reader, now_ms, ready)
            if times.due_ms is not None
        ]
        return sorted(jobs, key=lambda job: job.due_ms)[:limit]

    def next_ms(self, reader: SystemReader, now_ms: float, ready: Ready) -> float | None:
        """Return when the first cron after now falls due."""
        times = (times.after_ms for _, times in _times_of_all(reader, now_ms, ready))
        return min((each for each in times if each is not None), default=None)

    def begin(self, writer: SystemWriter, job: Job, now_ms: float) -> bool:
        """Mark a run as begun and move on to the time after it, unless there is no reason for it any more.

        One run answers its time, the missed ones that it makes up for, and every wish to run now made before it.
        """
        document = writer.get(job.id)
        if document is None or document["current"] is not None or not _is_still(job, document):
            return False
        is_at_its_time = document["nextTime"] is not None and document["nextTime"] <= job.due_ms
        if not document["isRequested"] and (document["paused"] or not is_at_its_time):
            return False
        fields: dict[str, Any] = {
            "current": {"scheduledTime": job.due_ms, "startTime": now_ms, "state": {"kind": "inProgress"}},
            "isRequested": False,
        }
        if is_at_its_time:
            # Before the run and not after it: a process that is killed in an action must not repeat it.
            fields["nextTime"] = _schedule(document).next_after(job.due_ms, document["nextTime"])
        writer.patch(job.id, fields)
        return True

    def end(self, writer: SystemWriter, job: Job, ending: Ending, now_ms: float) -> None:
        """Write down how a run ended; of a cron that was deleted meanwhile, nothing."""
        document = writer.get(job.id)
        if document is not None and document["current"] is not None:
            _end(writer, document, ending, now_ms)

    def abandon(self, writer: SystemWriter, now_ms: float) -> int:
        """Mark the actions that ran when the process ended as failed; return how many there were."""
        left = [document for document in writer.query(CRONS).collect() if document["current"] is not None]
        for document in left:
            _end(writer, document, Ending("failed", error=ABANDONED), now_ms)
        return len(left)


# ------------------------------------------------------------------ what people do with crons


def register(
    writer: SystemWriter,
    name: str,
    function_path: str,
    args: dict[str, Any],
    schedule: Schedule,
    if_missed: IfMissed = "skip",
    *,
    source: str | None = None,
    place: str | None = None,
    timeout_ms: float | None = None,
    now_ms: float,
) -> str:
    """Register a cron, or change the one of this name; return the id of its document.

    A cron that keeps its schedule keeps its next time, so running a notebook again changes nothing. One that gets
    another schedule begins it now, an interval no sooner than its span after the last run. What was paused stays so.
    An interval whose next time lies further ahead than its span, since the clock was set back, is due after its span.

    Args:
        writer: Writes into `_crons`.
        name: Of the cron.
        function_path: Of a mutation or an action.
        args: Its arguments, checked.
        schedule: When it runs.
        if_missed: What happens to times at which nobody could run it: "skip", "once" or "all".
        source: The text of a scheduled cell.
        place: Where that cell is, for people.
        timeout_ms: How long a run may take.
        now_ms: The time.

    Raises:
        ScheduleError: The name or `if_missed` cannot be.
    """
    _check(name, if_missed)
    fields: dict[str, Any] = {
        "function": function_path,
        "args": args,
        "schedule": schedule.to_value(),
        "ifMissed": if_missed,
    }
    cell = {"source": source, "place": place, "timeoutMs": timeout_ms}
    document = find(writer, name)
    if document is None:
        state: dict[str, Any] = {"paused": False, "isRequested": False, "current": None, "history": []}
        known = {field: value for field, value in cell.items() if value is not None}
        return writer.insert(CRONS, {"name": name, **fields, **state, **known, "nextTime": schedule.first(now_ms)})
    if _schedule(document) != schedule or _is_out_of_reach(schedule, document["nextTime"], now_ms):
        fields["nextTime"] = _first_of_another(schedule, document, now_ms)
    fields |= {field: UNSET if value is None else value for field, value in cell.items()}
    writer.patch(document["_id"], fields)
    return str(document["_id"])


def find(reader: SystemReader | SystemWriter, name: str) -> Document | None:
    """Return the document of a cron, or None."""
    return reader.query(CRONS).with_index("by_name", name=name).unique()


def documents(reader: SystemReader | SystemWriter) -> list[Document]:
    """Return the documents of all crons in the order of their names."""
    return reader.query(CRONS).with_index("by_name").collect()


def existing(reader: SystemReader | SystemWriter, name: str, verb: str) -> Document:
    """Return the document of a cron.

    Args:
        reader: Reads `_crons`.
        name: Of the cron.
        verb: What is to be done with it, for the error.

    Raises:
        UnknownJob: There is none of this name.
    """
    document = find(reader, name) if isinstance(name, str) else None
    if document is not None:
        return document
    names = [each["name"] for each in documents(reader)]
    more = f" or {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    raise UnknownJob(
        f"Cannot {verb} the cron {name!r}",
        thing="there is none of this name",
        expected=f"one of {', '.join(map(repr, names[:_LISTED]))}{more}" if names else "the name of a cron",
        hint="db.crons.list() shows them all" if names else "No cron is registered; see db.crons.interval",
    )


def delete(writer: SystemWriter, name: str) -> None:
    """Forget a cron; a run in progress goes on and ends unnoticed."""
    writer.delete(existing(writer, name, "delete")["_id"])


def pause(writer: SystemWriter, name: str) -> None:
    """Let no further run begin, except those that are asked for."""
    document = existing(writer, name, "pause")
    if not document["paused"]:
        writer.patch(document["_id"], {"paused": True})


def resume(writer: SystemWriter, name: str, now_ms: float) -> None:
    """Go on; the times that have passed meanwhile are not made up for."""
    document = existing(writer, name, "resume")
    if not document["paused"]:
        return
    next_ms = document["nextTime"]
    if next_ms is not None:
        next_ms = _schedule(document).next_after(now_ms, next_ms)
    writer.patch(document["_id"], {"paused": False, "nextTime": next_ms})


def request(writer: SystemWriter, name: str) -> None:
    """Run it as soon as it can be run, besides its times."""
    document = existing(writer, name, "run")
    if not document["isRequested"]:
        writer.patch(document["_id"], {"isRequested": True})


def coming_ms(document: Document, now_ms: float) -> float | None:
    """Return the next time of a cron for people, who are not told of times that it will leave out."""
    next_ms: float | None = document["nextTime"]
    if next_ms is None or document["paused"]:
        return None
    if next_ms < now_ms and document["ifMissed"] == "skip":
        return _schedule(document).at_or_after(now_ms, next_ms)
    return next_ms


# ------------------------------------------------------------------ when


def _times_of_all(reader: SystemReader, now_ms: float, ready: Ready) -> Iterable[tuple[Document, _Times]]:
    for document in reader.query(CRONS).collect():
        ready_ms = ready(document["function"])
        # While it runs, its end is what comes next.
        if ready_ms is not None and document["current"] is None:
            yield document, _times(document, now_ms, ready_ms)


def _times(document: Document, now_ms: float, ready_ms: float) -> _Times:
    requested_ms = now_ms if document["isRequested"] else None
    next_ms: float | None = document["nextTime"]
    if next_ms is None or document["paused"]:
        return _Times(requested_ms, None)
    schedule = _schedule(document)
    history = document["history"]
    free_ms: float = max(ready_ms, history[-1]["endTime"]) if history else ready_ms
    free_ms = min(free_ms, now_ms)  # both may lie ahead after the clock was set back, and now is not missed for that
    since = next_ms
    if document["ifMissed"] == "skip" and next_ms < free_ms:
        next_ms = schedule.at_or_after(free_ms, since)
    if next_ms is None or next_ms > now_ms:
        return _Times(requested_ms, next_ms)
    due_ms = next_ms if document["ifMissed"] == "all" else schedule.newest(now_ms, next_ms)
    return _Times(due_ms, schedule.next_after(now_ms, since))


def _first_of_another(schedule: Schedule, document: Document, now_ms: float) -> float | None:
    """Return when a cron is due first after its schedule was changed."""
    runs = [*document["history"], *filter(None, [document["current"]])]
    if isinstance(schedule, Interval) and runs:
        last_ms: float = runs[-1]["scheduledTime"]
        return min(max(now_ms, last_ms + schedule.ms), now_ms + schedule.ms)
    return schedule.first(now_ms)


def _is_out_of_reach(schedule: Schedule, next_ms: float | None, now_ms: float) -> bool:
    """Whether the next time is further ahead than an interval can be, because the clock was set back."""
    return isinstance(schedule, Interval) and next_ms is not None and next_ms > now_ms + schedule.ms + _ROUNDING_MS


def _schedule(document: Document) -> Schedule:
    return schedule_of(document["schedule"])


# ------------------------------------------------------------------ documents


def _job(document: Document, due_ms: float) -> Job:
    return Job(
        document["_id"], document["name"], document["function"], document["args"], due_ms, document.get("timeoutMs")
    )


def _is_still(job: Job, document: Document) -> bool:
    """Whether a cron means what it meant when the job was made."""
    return (
        job.path == document["function"]
        and job.timeout_ms == document.get("timeoutMs")
        and encode(job.args) == encode(document["args"])
    )


def _end(writer: SystemWriter, document: Document, ending: Ending, now_ms: float) -> None:
    state = {"kind": ending.kind} if ending.error is None else {"kind": ending.kind, "error": ending.error}
    run = {**document["current"], "endTime": now_ms, "state": state}
    writer.patch(document["_id"], {"current": None, "history": [*document["history"], run][-KEPT_RUNS:]})


def _check(name: str, if_missed: str) -> None:
    if not isinstance(name, str) or not name:
        raise ScheduleError(
            "Cannot register a cron",
            thing=f"its name is {show(name)}",
            expected="a text that is not empty",
            hint='Give it a name of its own, such as "nightly report"',
        )
    if if_missed not in get_args(IfMissed):
        raise ScheduleError(
            f"Cannot register the cron {name!r}",
            thing=f"if_missed is {show(if_missed)}",
            expected='"skip", "once" or "all"',
            hint='Leave it out for "skip"',
        )
