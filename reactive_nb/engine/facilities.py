"""What a database has beside functions, as cells use it: whole tables, scheduled calls, crons, the environment, files.

Most of it is as contexts have it inside functions; each use here is a transaction of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from reactive_nb.engine import transfer
from reactive_nb.engine.commit_queue import closed
from reactive_nb.engine.table_handle import TableHandle, proposal_of
from reactive_nb.engine.transfer import Mode
from reactive_nb.engine.transfer_report import ExportReport, LoadReport
from reactive_nb.functions.environment import Environment
from reactive_nb.functions.scheduler import DirectScheduler, Scheduler
from reactive_nb.functions.storage import ActionStorage
from reactive_nb.jobs.cron_table import Crons
from reactive_nb.jobs.job import Jobs
from reactive_nb.schema.declaration import check_table_name
from reactive_nb.tables.proposal import Indexes, ProposedTable
from reactive_nb.tables.transfer.formats import Format
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

    def table(self: Engine, name: str) -> TableHandle:  # type: ignore[misc]  # Engine is the only one
        """Return a table as a whole, for frames: `db.table("flights").insert(frame)`, `db.table("flights").df()`.

        Raises:
            SchemaError: No table can have this name.
        """
        self._require_open()
        check_table_name(name)
        return TableHandle(self, name)

    def define_from(self: Engine, frame: Any, name: str = "documents", indexes: Indexes = ()) -> ProposedTable:  # type: ignore[misc]  # Engine is the only one
        """Return a declaration that a frame fits, which shows itself as the code to write; nothing is declared yet.

        Args:
            frame: A pandas, polars or Arrow frame, the result of a query in SQL, or a list of dicts.
            name: The name of the table.
            indexes: Each a column or several, or by name: `["origin", ("carrier", "at")]`.

        Raises:
            InvalidValue: No declaration fits, for no document can hold some value of the frame.
            DocumentValidationError: As before, where a row of a list is no mapping.
            SchemaError: A column's name can name no field, or an index names no column.

        Example:
            >>> db.define(flights=db.define_from(frame, indexes=["origin"]))
        """
        self._require_open()
        return proposal_of(frame, name, indexes)

    def export(  # type: ignore[misc]  # Engine is the only one
        self: Engine,
        path: str | os.PathLike[str],
        tables: str | Collection[str] | None = None,
        format: Format | None = None,
    ) -> ExportReport:
        """Write tables into a file, as of one moment; a file of this name is replaced when the new one is whole.

        Args:
            path: Where to. `.zip` is a snapshot with all tables, their declarations and the stored files, in the layout
                in which Convex exports; `.jsonl`, `.json`, `.csv` and `.parquet` hold the documents of one table.
            tables: A table or several; all of them by default.
            format: The format, where the ending does not say it.

        Raises:
            TransferError: The disk does not take it; nothing was left or changed.
            UnknownTable: There is no table of this name.

        Example:
            >>> db.export("flights.zip")
        """
        self._require_open()
        return transfer.export(self, path, tables, format)

    def load(  # type: ignore[misc]  # Engine is the only one
        self: Engine,
        path: str | os.PathLike[str],
        table: str | None = None,
        mode: Mode = "empty",
        format: Format | None = None,
    ) -> LoadReport:
        """Read a file into tables, in one transaction: all of it, or nothing.

        Documents keep the `_id` and `_creationTime` that they bring. A table that is not declared gets the declaration
        that a zip of ours has for it; otherwise it takes any document.

        Args:
            path: A zip that `export` or Convex has written, or the documents of one table as `.jsonl`, `.json`, `.csv`
                or `.parquet`.
            table: The table that they go into; of a zip, the only one to be loaded.
            mode: `"empty"`: the tables must be empty; `"append"`; `"replace"`: their documents give way; `"replace-all"`:
                those of all other tables too.
            format: The format, where the ending does not say it.

        Raises:
            TransferError: The file is damaged, cut off or not of its format; the error says where.
            DocumentValidationError: The declaration refuses documents; they are named with their lines.

        Example:
            >>> db.load("flights.zip").documents
            {'flights': 3}
        """
        self._require_open()
        return transfer.load(self, path, table, mode, format)

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
