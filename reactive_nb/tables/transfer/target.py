"""The file that an export writes: under a passing name beside it, and renamed when it is whole and on the disk.

Comes in: a path. Goes out: a file opened for writing; after its block the path holds all of it, or what it held before.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from reactive_nb.tables.transfer import refusals


@contextmanager
def passing_path(file: Path) -> Iterator[Path]:
    """Yield the path to write to; what stands there at the end of the block gets the name `file`.

    Raises:
        TransferError: The disk does not take it; then nothing is left.
    """
    file = file.resolve()  # where a link points to, not the link
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(file)
    except OSError as error:
        raise refusals.unwritten(file, error) from error
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def passing_file(file: Path) -> Iterator[BinaryIO]:
    """Yield a file opened for writing; what it holds at the end of the block gets the name `file`.

    Raises:
        TransferError: The disk does not take it; then nothing is left.
    """
    with passing_path(file) as part, part.open("xb", buffering=1 << 20) as opened:
        yield opened
