"""`rnb.connect`: opens a database, or returns it when this process has it open already."""

from __future__ import annotations

import os
import sys
import threading

from reactive_nb.clock import Clock, IdSource
from reactive_nb.engine.engine import Engine, absolute
from reactive_nb.engine.interrupts import Uninterrupted
from reactive_nb.engine.roster import open_engines
from reactive_nb.notebook.surface import NotebookSurface
from reactive_nb.transaction.recent_commits import DEFAULT_COMMITS

_opening = threading.Lock()


def connect(
    path: str | os.PathLike[str] | None = None,
    *,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    history: int = DEFAULT_COMMITS,
) -> Engine:
    """Open a database.

    Args:
        path: A DuckDB file, created when it is missing; while it is open, the newest commits are in
            `<path>.log` beside it. None, or `":memory:"`, for a database in memory.
        clock: Where the time comes from; `reactive_nb.testing.FakeClock` in tests.
        ids: Where ids and seeds come from.
        history: How many commits are kept in memory for going back in time.

    Returns:
        The database. A file that this process has open already is not opened twice: running a cell again returns the
        same database, and the other arguments are those of the first time.

    Raises:
        DatabaseInUse: Another process has the file open.
        DatabaseFileError: The file cannot be opened; the message says why.
        LogDamaged: The log beside it is damaged before its end.

    Example:
        >>> db = rnb.connect("flights.duckdb")
    """
    if "IPython" in sys.modules:
        # Imported here: a script pays nothing for it.
        from reactive_nb.notebook.panel.link import open_link

        open_link()
    file = None if path is None or os.fspath(path) == ":memory:" else absolute(path)
    while True:
        with Uninterrupted(), _opening:
            found = None if file is None else next((each for each in open_engines() if each.path == file), None)
            if found is None:
                return Engine(file, NotebookSurface(), clock=clock, ids=ids, history=history)
            if not found.closed:
                return found
        found.close()  # another thread is closing it, or was interrupted; then the file is free
