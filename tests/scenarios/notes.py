"""A table of numbered notes, to tell what of a database is there after something went wrong with its file."""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path
from typing import Any

import reactive_nb as rnb
from reactive_nb.log import Files


def add(db: Any, n: int, table: str = "notes", size: int = 40) -> None:
    with db.transaction() as tx:
        tx.db.insert(table, {"n": n, "text": "x" * size})


def notes(db: Any) -> list[int]:
    return [each["n"] for each in db.read(lambda ctx: ctx.db.query("notes").collect())]


def found_at(path: Path) -> list[int]:
    """Return what a fresh opening finds, and leave the file closed."""
    with rnb.connect(path) as db:
        db.check()
        found = notes(db)
    assert not log_of(path).exists()
    return found


def log_of(path: Path) -> Path:
    return path.with_name(path.name + ".log")


def left_behind(folder: Path, commits: int = 5, folded: int = 2) -> Path:
    """Return a database as a crash leaves it: so many commits, of which so many are in the tables."""
    with tempfile.TemporaryDirectory() as name, rnb.connect(Path(name) / "x.duckdb") as db:
        for n in range(1, commits + 1):
            add(db, n)
            if n == folded:
                db.fold()
        return copied(db, folder)


def copied(db: Any, folder: Path) -> Path:
    """Copy the files of an open database, as a crash at this moment would leave them."""
    for file in db.path.parent.glob("x.duckdb*"):
        shutil.copy(file, folder)
    return folder / db.path.name


class NoLog(Files):
    """A file system that lets no new file be made."""

    def create(self, path: Path) -> int:
        raise OSError(errno.EROFS, "Read-only file system", str(path))
