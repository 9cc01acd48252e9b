"""What the measurements of one run share: their sizes, a temporary folder, and one large file made when first needed."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import reactive_nb as rnb
from benchmarks.duckdb_peer import DuckDB
from benchmarks.sqlite_peer import SQLite
from benchmarks.workload import AT_ONCE, Message, app, message


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the measurements are.

    Attributes:
        documents: Table sizes, the last of them for what is measured at one size only.
        live: Numbers of live queries.
        attempts: How often a short measurement is repeated.
        turns: How often a long one is.
        seconds: How long each turn of concurrent writers takes.
        storm_seconds: How long a page is flooded.
    """

    documents: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    live: tuple[int, ...] = (100, 1000, 10_000)
    attempts: int = 1000
    turns: int = 5
    seconds: float = 0.4
    storm_seconds: int = 10


QUICK = Scale((200, 500, 1000), (5, 10, 20), attempts=10, turns=1, seconds=0.005, storm_seconds=1)


class Stage:
    """Owns the folder; entered once per run, and gone with all its files at the end."""

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self._folder = tempfile.TemporaryDirectory(prefix="reactive_nb-benchmarks-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)

    @property
    def large(self) -> int:
        """The largest number of documents."""
        return self.scale.documents[-1]

    def file(self) -> Path:
        """Return a reactive_nb file with the largest number of documents."""
        path = self.folder / "large.duckdb"
        if not path.exists():
            with rnb.connect(path) as db:
                send_all = app(db).send_all
                self.fill("reactive_nb", lambda _, messages: send_all(messages=messages))
                _say("reactive_nb: closing the file")
        return path

    def sqlite_file(self) -> Path:
        """Return a SQLite file with the largest number of documents, and totals kept by a trigger."""
        path = self.folder / "large.sqlite"
        if not path.exists():
            peer = SQLite(path)
            peer.create()
            self.fill("SQLite", peer.insert_all)
            peer.keep_totals()
            peer.close()
        return path

    def duckdb_file(self) -> Path:
        """Return a plain DuckDB file with the largest number of documents."""
        path = self.folder / "plain.duckdb"
        if not path.exists():
            peer = DuckDB(path)
            peer.create()
            self.fill("DuckDB", peer.insert_all)
            peer.close()
        return path

    def fill(self, name: str, insert_all: Callable[[int, list[Message]], object], documents: int | None = None) -> None:
        """Insert some number of documents, by default the largest, many at once."""
        total = self.large if documents is None else documents
        for first in range(0, total, AT_ONCE):
            _say(f"{name}: {first:,} of {total:,} documents")
            insert_all(first, [message(place) for place in range(first, min(first + AT_ONCE, total))])
        _say("")

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._folder.cleanup()


def _say(progress: str) -> None:
    """Show progress where somebody is looking."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{progress}", end="", file=sys.stderr, flush=True)
