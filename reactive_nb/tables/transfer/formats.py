"""Which format a file has, and the one door to all that can be loaded.

Comes in: a path, and perhaps the name of the format. Goes out: an open `Source`.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from stat import S_ISREG
from typing import Literal, get_args

from reactive_nb.tables.transfer import csv_files, json_files, parquet, refusals, snapshot_zip
from reactive_nb.tables.transfer.source import IncomingTable, Rows, Source

Format = Literal["zip", "jsonl", "json", "csv", "parquet"]
FORMATS: tuple[str, ...] = get_args(Format)

_ENDINGS = {".ndjson": "jsonl", ".pq": "parquet"} | {f".{name}": name for name in FORMATS}


def format_of(file: Path, given: str | None, what: str) -> str:
    """Return the format of a file: the one that is given, or that its ending says.

    Raises:
        ReactiveError: There is no such format.
    """
    found = _ENDINGS.get(file.suffix.lower()) if given is None else given if given in FORMATS else None
    if found is None:
        raise refusals.misused(
            what,
            f"the file ends in {file.suffix!r}" if given is None else f"format is {given!r}",
            f"one of {', '.join(FORMATS)}",
            "Give the file such an ending, or say which it is (format, or --format in a terminal)",
        )
    return found


def open_source(file: Path, format: str, tables: Collection[str] | None) -> AbstractContextManager[Source]:
    """Open a file for loading.

    Args:
        file: The file.
        format: Its format.
        tables: In a zip, the tables to be loaded, or None for all; otherwise the one that its documents go into.

    Raises:
        TransferError: It is not there, or damaged.
    """
    try:
        found = file.stat()
    except OSError as error:
        raise refusals.unopened(file, error) from error
    if not S_ISREG(found.st_mode):
        raise refusals.no_file(file)
    if format == "zip":
        return snapshot_zip.opened(file, tables)
    assert tables is not None
    (name,) = tables
    rows: Rows
    if format == "jsonl":
        rows = json_files.rows_of_lines(file)
    elif format == "json":
        rows = json_files.rows_of_array(file)
    elif format == "csv":
        rows = csv_files.rows_of(file)
    else:
        rows = parquet.rows_of(file)
    size = found.st_size if format in ("jsonl", "csv") else None
    return nullcontext(Source(file, (IncomingTable(name, rows, size),)))
