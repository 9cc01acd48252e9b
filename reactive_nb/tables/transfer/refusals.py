"""What exporting and loading say when they cannot do what was asked: one function per case, each returning the error.

Comes in: the file and the facts. Goes out: an error of four facts that says where in the file.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

from reactive_nb.errors import ReactiveError, TransferError

_NOTHING = "nothing was loaded"


def unreadable(
    file: Path, problem: str, hint: str, line: int | None = None, column: int | None = None
) -> TransferError:
    """Return the error of a file that is damaged, or is not what its name says."""
    return TransferError(
        f"Cannot load {file.name}",
        thing=problem,
        expected="a whole file of its format",
        hint=f"{hint}; {_NOTHING}",
        file=file,
        line=line,
        column=column,
    )


def malformed(file: Path, place: str, problem: str, line: int, column: int | None) -> TransferError:
    """Return the error of a line that is not JSON, or a row that is not CSV."""
    where = place if column is None else f"{place}, column {column}"
    return unreadable(
        file, f"{where}: {problem}", "Correct it, or write the file again if it was cut off", line, column
    )


def unopened(file: Path, error: OSError) -> TransferError:
    """Return the error of a file that cannot be opened."""
    missing = isinstance(error, FileNotFoundError)
    return TransferError(
        f"Cannot load {file.name}",
        thing=f"{file} is not there" if missing else f"{file} cannot be read: {error.strerror or error}",
        expected="a file that can be read",
        hint="Correct the path" if missing else "Look at the file and its permissions",
        file=file,
        line=None,
        column=None,
    )


def no_file(file: Path) -> TransferError:
    """Return the error of what cannot be read twice, as loading does."""
    return TransferError(
        f"Cannot load {file.name}",
        thing=f"{file} is a folder, a pipe or a device",
        expected="a file",
        hint=f"Write what it holds into a file first; {_NOTHING}",
        file=file,
        line=None,
        column=None,
    )


def too_much(file: Path, limit: int) -> TransferError:
    """Return the error of a file whose documents no record of the log can hold."""
    return TransferError(
        f"Cannot load {file.name}",
        thing=f"its documents take more than {limit:,} bytes",
        expected="less in one load, for that is one record of the log",
        hint=f"Load its tables one by one, or split it and load the parts with mode append; {_NOTHING}",
        file=file,
        line=None,
        column=None,
    )


def unwritten(file: Path, error: OSError) -> TransferError:
    """Return the error of a disk that does not take an export."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return TransferError(
        f"Cannot export to {file.name}",
        thing=f"writing {file} failed: {error.strerror or error}",
        expected="a folder that takes the file",
        hint=f"{'Make room on the disk' if full else 'Look at the folder'} and try again; no file was left or changed",
        file=file,
        line=None,
        column=None,
    )


def misused(what: str, thing: str, expected: str, hint: str) -> ReactiveError:
    """Return the error of arguments that do not go together."""
    return ReactiveError(what, thing=thing, expected=expected, hint=hint)


def refused(file: Path, lines: Sequence[tuple[str, ReactiveError]], count: int) -> ReactiveError:
    """Return the error that says which documents do not fit, of the kind of the first of them.

    Args:
        file: The file.
        lines: The first of them: each with where it stands, and why it is refused.
        count: How many there are.
    """
    first = lines[0][1]
    facts = {name: fact for name, fact in vars(first).items() if name not in ("what", "thing", "expected", "hint")}
    told = [f"{place}: {error.thing}, expected {error.expected}" for place, error in lines]
    if count > len(lines):
        told.append(f"and {count - len(lines):,} more")
    documents = "1 document does" if count == 1 else f"{count:,} documents do"
    return type(first)(
        f"Cannot load {file.name}",
        thing=f"{documents} not fit; {'; '.join(told)}",
        expected="documents that the declarations accept",
        hint=f"Correct them, or the declarations; {_NOTHING}",
        **{**facts, "file": file, "rows": tuple(lines)},
    )
