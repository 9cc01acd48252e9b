"""All upkeeps of one database, as the engine's worker sees them: jobs that are no documents.

Comes in: commits, of which upkeeps note what concerns them. Goes out: a job for each upkeep that has something to do.
So threads, the clock, `db.settle()`, Ctrl-C and closing are the worker's, as for scheduled functions; and nothing is
lost with the process, for what is left to do stands in the documents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reactive_nb.embedding import cache
from reactive_nb.embedding.place import Place
from reactive_nb.embedding.upkeep import Model, Upkeep
from reactive_nb.engine.engine import Engine
from reactive_nb.engine.interrupts import UninterruptedLock
from reactive_nb.functions.database import SystemReader, SystemWriter
from reactive_nb.jobs.job import Ending, Job
from reactive_nb.transaction.commit import Commit

if TYPE_CHECKING:
    from reactive_nb.documents.snapshot import Snapshot


class Keeper:
    """A part of an engine; see `engine.facilities.Part`.

    Args:
        db: The engine.
        wake: Lets the worker look what is due.
    """

    def __init__(self, db: Engine, wake: Callable[[], None]) -> None:
        self._db = db
        self._wake = wake
        self._keeping = UninterruptedLock()  # over what follows; no user's code runs under it
        # By the name of the place. Replaced whole: a commit reads it under another lock.
        self._upkeeps: dict[str, Upkeep] = {}

    @classmethod
    def upkeeps_of(cls, db: Engine) -> list[Upkeep]:
        """Return the upkeeps of a database."""
        keeper = db.part_if_made(cls)
        return [] if keeper is None else list(keeper._upkeeps.values())

    def keep(self, model: Model, place: Place) -> Upkeep:
        """Begin to keep a place up to date; what did so before ends."""
        with self._keeping:
            upkeep = Upkeep(self._db, self, model, place)
            former = self._upkeeps.get(place.name)
            if former is not None:
                former.stop("another one has taken its place")
            # First the commits, then the look at the table, so that no change falls between the two.
            self._upkeeps = {**self._upkeeps, place.name: upkeep}
            self._db.add(upkeep.function)
        self._wake()
        return upkeep

    def release(self, upkeep: Upkeep) -> None:
        """End an upkeep, unless that has happened."""
        with self._keeping:
            self._upkeeps = {name: each for name, each in self._upkeeps.items() if each is not upkeep}
            self._db.remove(upkeep.function)  # not that of another one, which has taken its place
            upkeep.stop("it was closed")

    def wake(self) -> None:
        """Let the worker look what is due."""
        self._wake()

    def used(self, snapshot: Snapshot) -> set[tuple[cache.Key, cache.Hash]]:
        """Return which vectors the documents want that are kept up to date."""
        return {each for upkeep in self._upkeeps.values() for each in upkeep.used(snapshot)}

    # ------------------------------------------------------------------ for the engine

    def on_commit(self, commit: Commit) -> None:
        """Note what has changed; called under the engine's state lock."""
        concerned = [upkeep.on_commit(commit) for upkeep in self._upkeeps.values()]
        if any(concerned):
            self._wake()

    def due(self, reader: SystemReader, now_ms: float, ready: Callable[[str], float | None], limit: int) -> list[Job]:  # noqa: ARG002 - of documents
        """Return a job for each upkeep that has something to do."""
        jobs = []
        for upkeep in self._upkeeps.values():
            path = upkeep.function.path
            due_ms = upkeep.due_ms(now_ms)
            if due_ms is not None and ready(path) is not None:
                jobs.append(Job(path, path, path, {}, due_ms))
        return sorted(jobs, key=lambda job: job.due_ms)[:limit]

    def next_ms(self, reader: SystemReader, now_ms: float, ready: Callable[[str], float | None]) -> float | None:  # noqa: ARG002 - of documents
        """Return when the first upkeep tries again after it has failed."""
        times = [upkeep.retry_ms for upkeep in self._upkeeps.values() if ready(upkeep.function.path) is not None]
        return min((each for each in times if each is not None and each > now_ms), default=None)

    def begin(self, writer: SystemWriter, job: Job, now_ms: float) -> bool:  # noqa: ARG002 - of documents
        """Nothing is marked: a run that a process did not survive is begun again by the next one."""
        return True

    def end(self, writer: SystemWriter, job: Job, ending: Ending, now_ms: float) -> None:
        """Nothing is written down: an upkeep knows itself how it went."""

    def abandon(self, writer: SystemWriter, now_ms: float) -> int:  # noqa: ARG002 - of documents
        """No run of a dead process is on record."""
        return 0

    def close(self) -> None:
        """The database is being closed."""
        for upkeep in self._upkeeps.values():
            upkeep.stop("its database was closed")
