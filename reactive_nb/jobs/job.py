"""What the worker runs: a job, how it ended, and what a table of jobs must be able to say.

The worker knows neither crons nor scheduled calls. It asks every table of jobs what is due, begins one, runs its
function and tells the table how that ended; see `Jobs`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from reactive_nb.functions.database import SystemReader, SystemWriter


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a function that is due.

    Attributes:
        id: of the job's document.
        name: for people: the cron's name or the function's path.
        path: of the function.
        args: the function's arguments.
        due_ms: when it was due, in milliseconds since 1970 UTC.
        timeout_ms: how long an action may take; None: as long as the action itself says.
    """

    id: str
    name: str
    path: str
    args: dict[str, Any]
    due_ms: float
    timeout_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended.

    Attributes:
        kind: "success", "failed" or "canceled".
        result: what the function returned, on success.
        error: the error in words, on failure.
    """

    kind: str
    result: Any = None
    error: str | None = None


class Jobs(Protocol):
    """A table of jobs, as the worker sees it: functions over a reader or writer, which keep nothing of their own.

    A mutation runs between `begin` and `end` in one transaction, so that it happens exactly once. For an action `begin`
    is committed before it starts and `end` after it, so that it happens at most once.
    """

    def due(self, reader: SystemReader, now_ms: float, ready: Callable[[str], float | None], limit: int) -> list[Job]:
        """Jobs that may begin now, oldest first.

        Args:
            reader: reads the documents of the jobs.
            now_ms: the time.
            ready: for the path of a function, since when it can be run here; None while it cannot.
            limit: how many jobs to return at most.
        """
        ...

    def next_ms(self, reader: SystemReader, now_ms: float, ready: Callable[[str], float | None]) -> float | None:
        """When the first job after `now_ms` falls due; None if nothing is ahead. What is due already is in `due`."""
        ...

    def begin(self, writer: SystemWriter, job: Job, now_ms: float) -> bool:
        """Marks a job as running; False if it is not to be run any more: cancelled, paused, gone or taken."""
        ...

    def end(self, writer: SystemWriter, job: Job, ending: Ending, now_ms: float) -> None:
        """Writes down how a run ended."""
        ...

    def abandon(self, writer: SystemWriter, now_ms: float) -> int:
        """Makes the runs that a dead process left in progress failed ones, and returns how many."""
        ...
