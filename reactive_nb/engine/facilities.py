"""What a database has beside tables and functions, as cells use it: scheduled calls, crons, the environment, files.

The same as contexts have it inside functions; each use here is a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from reactive_nb.engine.commit_queue import closed
from reactive_nb.functions.environment import Environment
from reactive_nb.functions.scheduler import DirectScheduler, Scheduler
from reactive_nb.functions.storage import ActionStorage
from reactive_nb.jobs.cron_table import Crons
from reactive_nb.jobs.job import Jobs
from reactive_nb.transaction.commit import Commit

if TYPE_CHECKING:
    from reactive_nb.engine.engine import Engine
    from reactive_nb.engine.worker import Progress


class Part(Jobs, Protocol):
    """What a group above the engine adds to it: jobs for the worker, which need not be documents."""

    def on_commit(self, commit: Commit) -> None:
        """Take a commit that becomes visible: under the state lock, so quickly."""

    def close(self) -> None:
        """Nothing of it runs any more, and nothing will: the database is being closed."""


P = TypeVar("P", bound=Part)


class Facilities:
    """The part of `Engine` that hands these out."""

    def part(self: Engine, make: Callable[[Engine, Callable[[], None]], P]) -> P:  # type: ignore[misc]  # Engine is the only one
        """Return the one part that `make` makes for this database, from it and from what wakes the worker.

        Raises:
            DatabaseClosed: It is closed, or about to be.
        """
        with self._state:
            if self._draining:
                raise closed()
            found = self._parts.get(make)
            if found is None:
                found = self._parts[make] = make(self, self._worker.wake)
                self._committer.on_commit(found.on_commit)
                self._worker.serve(found)
            return found  # type: ignore[return-value]  # made by this very `make`

    def part_if_made(self: Engine, make: Callable[[Engine, Callable[[], None]], P]) -> P | None:  # type: ignore[misc]  # Engine is the only one
        """Return the part that `make` has made for this database, or None."""
        return self._parts.get(make)  # type: ignore[return-value]  # made by this very `make`

    @property
    def scheduler(self: Engine) -> Scheduler:  # type: ignore[misc]  # Engine is the only one
        """Runs functions later: `db.scheduler.run_after(timedelta(minutes=5), remind, user=user_id)`."""
        self._require_open()
        return DirectScheduler(self)

    def progress_of(self: Engine, id: str) -> Progress | None:  # type: ignore[misc]  # Engine is the only one
        """Return what a job that runs has told with `ctx.progress`: done, total or None, a text; by its document's id."""
        return self._worker.progress(id)

    @property
    def crons(self: Engine) -> Crons:  # type: ignore[misc]  # Engine is the only one
        """Runs functions again and again: `db.crons.interval("feed", timedelta(seconds=10), fetch)`."""
        self._require_open()
        return Crons(self)

    @property
    def storage(self: Engine) -> ActionStorage:  # type: ignore[misc]  # Engine is the only one
        """Stored files: `db.storage.store(Path("cat.png"), content_type="image/png")`."""
        self._require_open()
        return ActionStorage(self, self.files, self.ids)

    @property
    def env(self: Engine) -> Environment:  # type: ignore[misc]  # Engine is the only one
        """What functions read as `ctx.env`: `db.env.define(API_KEY=v.string())`, then `db.env["API_KEY"] = key`."""
        self._require_open()
        return Environment(self)
