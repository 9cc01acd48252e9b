"""reactive_nb: the reactive document database for notebooks.

Documents live in DuckDB inside the kernel. Queries are plain functions; the engine knows what each one read, and
when a commit touches that, it runs the query again and every widget bound to it moves to the same new moment.

     value → document → index key → snapshot ─┐
                                              ├─ transaction → committer → log ──→ snapshot'
     query / mutation / action ───────────────┘      (OCC)        │        └────→ DuckDB tables, for any DuckDB client
                                                                  └→ subscriptions → moment → widgets

The package in the order data flows; a file imports from its own group and the groups above it only:

    errors, clock     every exception as a tree with a stable code; time and ids as objects a test can own
    values            what a field may hold; one total order written as sortable bytes; encodings; `v`; ids
    schema            tables and indexes as frozen records; what changes between two declarations
    documents         document × index → key; ranges of keys; the persistent ordered map; the database as a value
    search            words and vectors of documents as immutable indexes; what a search finds and what it has read
    log               the contract of the log in words; in memory; in a file
    transaction       reads recorded, writes buffered, the overlap question, the committer
    functions         query, mutation and action; what each is handed; running again on conflict
    subscriptions     commit → stale → run again → different?
    jobs              scheduled calls and crons: what is due, and what became of it
    files             the bytes of stored files, by their hash
    tables            the DuckDB side: typed tables kept from the log; SQL, data frames, files in and out
    engine            builds the parts, owns the threads, opens and closes
    embedding         keeps vectors up to date from texts
    notebook          live results, widgets, magics
    connection        `connect`
    cli               `reactive-nb` in a terminal
    testing           a clock and ids for tests
"""

from typing import Any

from reactive_nb import errors
from reactive_nb.connection import connect
from reactive_nb.embedding.embedding import embed
from reactive_nb.errors import AppError
from reactive_nb.functions.aggregates import avg, count, max, min, sum
from reactive_nb.functions.filter import col
from reactive_nb.functions.registry import module
from reactive_nb.notebook.result.html import HTML
from reactive_nb.notebook.widget.bind import bind
from reactive_nb.schema.declaration import Table, table
from reactive_nb.search.fusion import fuse
from reactive_nb.search.highlight import highlight
from reactive_nb.values.ids import Id
from reactive_nb.values.validators import v
from reactive_nb.values.value import UNSET

__version__ = "0.1.0"

__all__ = [
    "HTML",
    "UNSET",
    "AppError",
    "Id",
    "Table",
    "avg",
    "bind",
    "col",
    "connect",
    "count",
    "embed",
    "errors",
    "fuse",
    "highlight",
    "max",
    "min",
    "module",
    "sum",
    "table",
    "v",
]


def load_ipython_extension(shell: Any) -> None:
    """Register the magics: `%load_ext reactive_nb`."""
    from reactive_nb.notebook.extension import load_ipython_extension as load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away: `%unload_ext reactive_nb`."""
    from reactive_nb.notebook.extension import unload_ipython_extension as unload

    unload(shell)
