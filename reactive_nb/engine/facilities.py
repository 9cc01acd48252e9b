"""What a database has beside tables and functions, as cells use it: scheduled calls, crons, the environment, files.

The same as contexts have it inside functions; each use here is a transaction of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactive_nb.functions.environment import Environment
from reactive_nb.functions.scheduler import DirectScheduler, Scheduler
from reactive_nb.functions.storage import ActionStorage
from reactive_nb.jobs.cron_table import Crons

if TYPE_CHECKING:
    from reactive_nb.engine.engine import Engine
    from reactive_nb.engine.worker import Progress


class Facilities:
    """The part of `Engine` that hands these out."""

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
