"""What contents say when they cannot do what was asked: one function per case, each returning the error to raise.

Comes in: the place and the facts. Goes out: an error of four facts that names the file's document, its place on the
disk, and what differs.
"""

from __future__ import annotations

import errno
from pathlib import Path

from reactive_nb.errors import DatabaseClosed, FileContentError, InvalidValue
from reactive_nb.values.refusal import show


def closed() -> DatabaseClosed:
    """Return the error of contents used after the end."""
    return DatabaseClosed(
        "Cannot use the files of the database",
        thing="it was closed",
        expected="an open database",
        hint="Open it again with rnb.connect(...)",
    )


def no_bytes(data: object) -> InvalidValue:
    """Return the error of something that is not bytes and cannot be read as bytes."""
    hint = "Pass bytes, a pathlib.Path, or what open(name, 'rb') returns"
    if isinstance(data, str):
        hint = "Pass text.encode() to store this text, or pathlib.Path(name) to store the file of this name"
    return InvalidValue(
        "Cannot store the file",
        thing=f"{show(data)} was given",
        expected="bytes, a path, or a file opened for reading bytes",
        hint=hint,
        path="$",
    )


def no_bytes_read(data: object, chunk: object) -> InvalidValue:
    """Return the error of a file that gives something else than bytes."""
    return InvalidValue(
        "Cannot store the file",
        thing=f"reading from {show(data)} gave {show(chunk)}",
        expected="a file opened for reading bytes",
        hint="Open it with open(name, 'rb')",
        path="$",
    )


def unwritten(folder: Path, error: OSError) -> FileContentError:
    """Return the error of a disk that does not take the bytes."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return FileContentError(
        "Cannot store the file",
        thing=f"writing to {folder} failed: {_said(error)}",
        expected="a disk that takes the bytes and keeps them",
        hint=f"{'Make room on the disk' if full else 'Check the disk'} and try again: nothing was stored",
        path=folder,
        id=None,
        is_missing=False,
    )


def missing(path: Path, sha256: str, size: int, id: str) -> FileContentError:
    """Return the error of a content that is not there."""
    return FileContentError(
        f"Cannot read the file {id}",
        thing=f"its content {path} does not exist",
        expected=_described(sha256, size),
        hint="Restore it from a copy of the folder; where there is none, delete the file with ctx.storage.delete(id). "
        "At an earlier commit, its bytes have gone with the document, which was deleted since",
        path=path,
        id=id,
        is_missing=True,
    )


def damaged(path: Path, sha256: str, size: int, id: str, difference: str) -> FileContentError:
    """Return the error of a content that is not what was stored; `difference` follows its path."""
    return FileContentError(
        f"Cannot read the file {id}",
        thing=f"its content {path} has {difference}",
        expected=_described(sha256, size),
        hint="Restore it from a copy of the folder, or store the same bytes once more, which puts it right",
        path=path,
        id=id,
        is_missing=False,
    )


def unread(path: Path, sha256: str, size: int, id: str, error: OSError) -> FileContentError:
    """Return the error of a content that the system does not let us read."""
    return FileContentError(
        f"Cannot read the file {id}",
        thing=f"reading its content {path} failed: {_said(error)}",
        expected=_described(sha256, size),
        hint="Check the disk and the permissions of the folder, then try again",
        path=path,
        id=id,
        is_missing=False,
    )


def _described(sha256: str, size: int) -> str:
    return f"a content of {size} {'byte' if size == 1 else 'bytes'} with the SHA-256 {sha256}"


def _said(error: OSError) -> str:
    """Return what the system said, with the symbol people search for: "No space left on device (ENOSPC)"."""
    symbol = errno.errorcode.get(error.errno or 0)
    return f"{error.strerror} ({symbol})" if symbol else str(error)
