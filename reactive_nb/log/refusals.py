"""What a log says when it cannot do what was asked: one function per case, each returning the error to raise.

In: the log's name (a path, or "the log in memory") and the facts. Out: an error of four facts. The sentences stand
together here, so that they stay alike and `file.py` stays about the file.
"""

from __future__ import annotations

import errno
from pathlib import Path

from reactive_nb.errors import DatabaseFileError, HeadMoved, LogDamaged, LogError, LogWriteError, NewerFormat

_REOPEN = "Check the disk, then open the database again: opening checks every record"


def closed(name: str | Path) -> LogError:
    """Return the error of a log used after `close`."""
    return LogError(f"Cannot use {name}", thing="it is closed", expected="an open log", hint="Open the database again")


def head_moved(name: str | Path, head: int, expected_head: int) -> HeadMoved:
    """Return the error of an append that was checked against another head."""
    return HeadMoved(
        f"Cannot append to {name}",
        thing=f"its head is {head}",
        expected=f"the head {expected_head} that the commit was checked against",
        hint=f"Read the records after {expected_head}, check for conflicts again and retry",
        head=head,
    )


def unreadable(name: str | Path, base: int, head: int, after: int) -> LogError:
    """Return the error of a read after a record that the log has forgotten or does not have yet."""
    return LogError(
        f"Cannot read {name} after record {after}",
        thing=f"it holds the records after {base} up to {head}",
        expected=f"a number from {base} to {head}",
        hint="Start again from a snapshot and read what follows it",
    )


def undroppable(name: str | Path, head: int, up_to: int) -> LogError:
    """Return the error of dropping records that the log does not have yet."""
    return LogError(
        f"Cannot drop the records of {name} up to {up_to}",
        thing=f"its last record is {head}",
        expected=f"a number up to {head}",
        hint="Drop only what a snapshot covers",
    )


def unremovable(path: Path, head: int, up_to: int) -> LogError:
    """Return the error of removing a file that holds records the tables do not have."""
    return LogError(
        f"Cannot remove {path}",
        thing=f"its last record is {head}, and the tables stand at {up_to}",
        expected="tables that hold every record",
        hint="Fold the records into the tables first",
    )


def unremoved(path: Path, error: OSError) -> LogWriteError:
    """Return the error of a file that the system does not delete."""
    return LogWriteError(
        f"Cannot remove {path}",
        thing=_said(error),
        expected="a folder that can be written",
        hint="Nothing is lost: the tables hold every record of it, and the next clean close tries again",
    )


def too_long(path: Path, size: int, limit: int) -> LogWriteError:
    """Return the error of a record that no frame can hold."""
    return LogWriteError(
        f"Cannot append to {path}",
        thing=f"a record has {size} bytes",
        expected=f"at most {limit} bytes",
        hint="Write in several mutations",
    )


def unwritten(verb: str, path: Path, error: OSError, *, usable: bool) -> LogWriteError:
    """Return the error of a write that failed; `usable` says whether the file is known to be as it was."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    again = f"{'Make room on the disk' if full else 'Check the disk'} and try again: the log is as it was"
    return LogWriteError(
        f"Cannot {verb} {path}",
        thing=_said(error),
        expected="a disk that takes the bytes and keeps them",
        hint=again if usable else _REOPEN,
    )


def faulty(verb: str, path: Path, fault: OSError) -> LogWriteError:
    """Return the error of every write after a fault that left the file's contents uncertain."""
    return LogWriteError(
        f"Cannot {verb} {path}",
        thing=f"an earlier write could not be made durable: {_said(fault)}",
        expected="a file that holds exactly the records it acknowledged",
        hint=_REOPEN,
    )


def second_writer(path: Path, head: int) -> LogWriteError:
    """Return the error of an append that would write over what somebody else has written."""
    return LogWriteError(
        f"Cannot append to {path}",
        thing=f"behind record {head}, the last one written here, somebody else has written",
        expected="one process that writes to the database",
        hint="Close the database here and open it again; a forked process must not use the database of its parent",
    )


def unread(path: Path, after: int, error: OSError) -> LogError:
    """Return the error of a file that the system does not let us read."""
    return LogError(
        f"Cannot read {path} after record {after}",
        thing=_said(error),
        expected="the file that was opened",
        hint="Check the disk and that nothing moved the file, then open the database again",
    )


def unopened(path: Path, error: OSError) -> DatabaseFileError:
    """Return the error of a file that the system does not let us open, create or check."""
    return DatabaseFileError(
        f"Cannot open {path}",
        thing=_said(error),
        expected="a log file, or none yet, in a folder that can be written",
        hint="Check that the folder exists, its permissions and its free space",
    )


def newer_format(path: Path, version: int, known: int) -> NewerFormat:
    """Return the error of a file in a format that this version does not know."""
    return NewerFormat(
        f"Cannot open {path}",
        thing=f"its format is version {version}",
        expected=f"version {known} or older",
        hint="Update reactive_nb, or close the database once with the version that wrote it",
    )


def other_database(path: Path, found: bytes, expected: bytes) -> DatabaseFileError:
    """Return the error of a log that stands beside a database that is not its own."""
    return DatabaseFileError(
        f"Cannot open {path}",
        thing=f"it is the log of the database {found.hex()}",
        expected=f"the log of the database {expected.hex()}",
        hint="Put it back beside its own database; moving it away opens this database without it",
    )


def other_moment(path: Path, base: int, head: int, folded: int) -> LogDamaged:
    """Return the error of a log that does not meet the tables beside it: it begins after them, or ends before them."""
    return LogDamaged(
        f"Cannot open {path}",
        thing=f"it holds the commits after {base} up to {head}, and the tables beside it stand at commit {folded}",
        expected="a log and tables of the same moment",
        hint="Restore the database, its .wal and its log from one copy; moving the log away opens the database without it",
        path=path,
    )


def damaged(path: Path, reason: str, *, offset: int, ts: int | None) -> LogDamaged:
    """Return the error of damage at byte `offset`, behind the good record `ts`, or in the header when that is None."""
    where = "its header" if ts is None else f"record {ts + 1}, at byte {offset},"
    whole = "" if ts is None else f"The records up to {ts} are whole. "
    return LogDamaged(
        f"Cannot read {path}",
        thing=f"{where} is damaged: {reason}",
        expected="the header of a log, then whole records up to its end",
        hint=f"{whole}Restore the database and its log from a copy; moving the log away opens the database without it",
        path=path,
        offset=offset,
        ts=ts,
    )


def _said(error: OSError) -> str:
    """Return what the system said, with the symbol people search for: "No space left on device (ENOSPC)"."""
    symbol = errno.errorcode.get(error.errno or 0)
    return f"{error.strerror} ({symbol})" if symbol else str(error)
