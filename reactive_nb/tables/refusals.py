"""What the store says when its file cannot be opened, read or written: one function per case, returning the error.

Comes in: DuckDB's exception, whose classes do not tell the cases apart, so its words are matched. Goes out: an error of
four facts. The phrases are those of DuckDB 2.0; a test makes DuckDB say each of them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import duckdb

from reactive_nb.errors import DatabaseClosed, DatabaseFileError, DatabaseInUse, NewerFormat, UnknownIndex

_HOLDER = re.compile(r"Conflicting lock is held in (?P<process>.+?)(?: by user .+?)? \(PID (?P<pid>\d+)\)")
_RESTORE = "Restore the file from a copy"


class _Case(NamedTuple):
    """What DuckDB's words mean for the user."""

    words: tuple[str, ...]
    expected: str
    hint: str


_OPENING = (
    _Case(
        ("not a valid DuckDB database file",),
        "a DuckDB database, or no file yet",
        "Check the path; an empty file can be deleted",
    ),
    _Case(
        ("replaying WAL",),
        "a whole write-ahead log (.wal) beside the file",
        f"{_RESTORE} together with its .wal; moving the .wal away opens the file without what it holds",
    ),
    _Case(("Corrupt database file", "Could not read enough bytes"), "a file that is whole", _RESTORE),
    _Case(
        ("Permission denied", "Read-only file system"),
        "a file that may be read and written",
        "Change its permissions, or copy it to a folder of your own",
    ),
    _Case(
        ("No space left", "Disk quota exceeded"), "room on the disk", "Free some space, then open the database again"
    ),
)
_OPENING_ELSE = _Case((), "a DuckDB database, or no file yet", "Check the path and that the disk works")

_WRITING = (
    _Case(
        ("No space left", "Disk quota exceeded", "File too large"),
        "room on the disk",
        "Free some space and go on: nothing is lost, the log holds every commit until the tables do",
    ),
    _Case(
        ("has been invalidated",),
        "a database without an earlier fatal error",
        "Close the database and open it again: the log holds every commit that the tables lack",
    ),
    _Case(
        ("Conflict", "conflict"),
        "that only reactive_nb writes to its tables",
        "End the transaction of your own DuckDB connection that writes to them, then go on",
    ),
)
_WRITING_ELSE = _Case(
    (),
    "tables as reactive_nb made them, on a disk that works",
    "Nothing is lost, the log holds every commit until the tables do; undo changes that another program made to them",
)


def folder_missing(path: Path) -> DatabaseFileError:
    """Return the error of a file whose folder does not exist."""
    return DatabaseFileError(
        f"Cannot open {path}",
        thing=f"the folder {path.parent} does not exist",
        expected="a folder that exists",
        hint="Create it or correct the path",
    )


def folder_read_only(path: Path) -> DatabaseFileError:
    """Return the error of a file beside which no log can be written."""
    return DatabaseFileError(
        f"Cannot open {path}",
        thing=f"the folder {path.parent} cannot be written",
        expected="a folder where the log can stand beside the file while it is open",
        hint="Change its permissions, or copy the file to a folder of your own",
    )


def is_a_folder(path: Path) -> DatabaseFileError:
    """Return the error of a folder given as a file."""
    return DatabaseFileError(
        f"Cannot open {path}",
        thing="it is a folder",
        expected="a file",
        hint=f"Add a file name, such as {path / 'data.duckdb'}",
    )


def meta_damaged(path: Path, reason: str) -> DatabaseFileError:
    """Return the error of a file whose table `reactive.meta` is not as this package left it."""
    return DatabaseFileError(
        f"Cannot open {path}",
        thing=f"its table reactive.meta {reason}",
        expected="the rows format, database_id and folded, as reactive_nb wrote them",
        hint=f"{_RESTORE}, or drop the schema reactive to start anew with this file",
    )


def place_damaged(path: Path, table: object) -> DatabaseFileError:
    """Return the error of a row of `reactive.tables` that is not as this package left it."""
    return DatabaseFileError(
        f"Cannot open {path}",
        thing=f"its table reactive.tables garbles the row of {table}",
        expected="rows as reactive_nb wrote them",
        hint=f"{_RESTORE}, or drop the schema reactive to start anew with this file",
    )


def place_missing(path: Path, table: str, is_empty: bool) -> DatabaseFileError:
    """Return the error of a table without a row in `reactive.tables`, which would be taken for empty.

    Args:
        path: The file.
        table: The table.
        is_empty: Whether its documents are gone too, so that nothing more is lost where it is made anew.
    """
    return DatabaseFileError(
        f"Cannot open {path}",
        thing=f"its table reactive.tables does not say where {table} stands",
        expected="a row for every table",
        hint=f"{_RESTORE}; or run reactive-nb check --repair on it, and have {table} empty"
        if is_empty
        else f"{_RESTORE}; the documents are in it still, and any DuckDB reads them",
    )


def declaration_damaged(path: Path, reason: str) -> DatabaseFileError:
    """Return the error of a document of `_tables` that declares no table."""
    return DatabaseFileError(
        f"Cannot open {path}",
        thing=f"its table _tables holds a declaration that cannot be read: {reason}",
        expected="declarations as reactive_nb wrote them",
        hint=_RESTORE,
    )


def foreign(path: Path) -> DatabaseFileError:
    """Return the error of a DuckDB file that this package has not written, where it shall stay as it is."""
    return DatabaseFileError(
        f"Cannot open {path}",
        thing="it holds no tables of reactive_nb",
        expected="a database that reactive_nb has written",
        hint="Correct the path; rnb.connect(path) makes a database of it, beside the tables it has",
    )


def newer_format(path: Path, found: int, known: int) -> NewerFormat:
    """Return the error of tables in a format that this version does not know."""
    return NewerFormat(
        f"Cannot open {path}",
        thing=f"its tables have the format {found}",
        expected=f"the format {known} or older",
        hint="Update reactive_nb",
    )


def unopened(path: Path, error: duckdb.Error) -> DatabaseFileError:
    """Return the error of a file that DuckDB does not open."""
    said = str(error)
    holder = _HOLDER.search(said)
    if holder or "Could not set lock" in said or "used by another process" in said:
        who = f"process {holder['pid']} ({holder['process']})" if holder else "another process"
        return DatabaseInUse(
            f"Cannot open {path}",
            thing=f"{who} has it open",
            expected="a file that no other process has open, not even for reading",
            hint="Close the database there, or shut that notebook's kernel down, then open it again",
            pid=int(holder["pid"]) if holder else None,
        )
    if "newer version of DuckDB" in said:
        return NewerFormat(
            f"Cannot open {path}",
            thing=f"a newer DuckDB than {duckdb.__version__} wrote it",
            expected="a file that the installed DuckDB can read",
            hint="Update the package duckdb",
        )
    return _told(f"Cannot open {path}", error, _OPENING, _OPENING_ELSE)


def unread(path: Path, error: duckdb.Error) -> DatabaseFileError:
    """Return the error of tables that DuckDB does not read back."""
    return _told(f"Cannot read {path}", error, _OPENING, _WRITING_ELSE)


def unmoved(path: Path, error: duckdb.Error) -> DatabaseFileError:
    """Return the error of tables that could not be brought to the moment that SQL shall read; they stand as they stood."""
    return _told(f"Cannot bring the tables of {path} to another moment", error, _WRITING, _WRITING_ELSE)


def unwritten(path: Path, error: duckdb.Error) -> DatabaseFileError:
    """Return the error of a fold that failed; the tables stand where they stood."""
    return _told(f"Cannot write the tables of {path}", error, _WRITING, _WRITING_ELSE)


def unknown_index(path: Path, number: int, name: str, known: list[str]) -> UnknownIndex:
    """Return the error of an index that the tables do not hold."""
    return UnknownIndex(
        f"Cannot load the index {name!r} of table {number} from {path}",
        thing=f"its stored indexes are {', '.join(known)}",
        expected="one of them",
        hint="Compute a new index from the documents, then fold the table with rebuild=True",
    )


def closed(path: Path) -> DatabaseClosed:
    """Return the error of a store used after `close`."""
    return DatabaseClosed(
        f"Cannot use {path}", thing="it is closed", expected="an open database", hint="Open the database again"
    )


def _told(what: str, error: duckdb.Error, cases: tuple[_Case, ...], otherwise: _Case) -> DatabaseFileError:
    said = str(error)
    case = next((case for case in cases if any(words in said for words in case.words)), otherwise)
    # The lines after the first repeat the SQL or point to web pages.
    reason = said.strip().splitlines()[0].rstrip(".!")
    return DatabaseFileError(what, thing=f"DuckDB says {reason!r}", expected=case.expected, hint=case.hint)
