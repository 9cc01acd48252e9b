"""Opening a large file, each time in a fresh process; the memory it takes; and the fold that writes such a file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import reactive_nb as rnb
from benchmarks.duckdb_peer import DuckDB
from benchmarks.stage import Stage
from benchmarks.table import Aim, Line, Unit, compared
from benchmarks.timing import Attempt, Measured, interleaved, timed
from benchmarks.workload import app, message

_SECONDS = 2.0
_BYTES = 1000
_FOLDED = 20_000


def lines(stage: Stage) -> Iterator[Line]:
    yield from _opened(stage)
    yield _folded(stage)


def _opened(stage: Stage) -> Iterator[Line]:
    files = {
        "ours": stage.file(),
        "floor": stage.duckdb_file(),
        "sqlite": stage.sqlite_file(),
        "duckdb": stage.duckdb_file(),
    }
    memory: dict[str, list[float]] = {name: [] for name in files}

    def opening(name: str, file: Path) -> Attempt:
        def attempt() -> float:
            command = [sys.executable, "-m", "benchmarks.first_answer", name, str(file)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(done.stdout)
            memory[name].append(found["bytes"] / stage.large)
            return float(found["seconds"])

        return attempt

    measured = interleaved(
        {name: opening(name, file) for name, file in files.items()}, stage.scale.turns, stage.scale.turns
    )
    seconds = measured["ours"].median
    yield Line(
        f"open {stage.large:,} documents to the first newest 50",
        Unit.SECONDS,
        **measured,
        aim=Aim(Unit.SECONDS.shown(_SECONDS), seconds <= _SECONDS),
    )
    sizes = {name: Measured(tuple(sorted(values))) for name, values in memory.items()}
    yield Line(
        f"memory per document, {stage.large:,} documents, all indexes loaded",
        Unit.BYTES,
        sizes["ours"],
        sizes["floor"],
        aim=Aim(Unit.BYTES.shown(_BYTES), sizes["ours"].median <= _BYTES),
    )


def _folded(stage: Stage) -> Line:
    """Measure the fold beside plain DuckDB taking in the same messages; both in files."""
    batch = min(_FOLDED, stage.large)
    db, duckdb = rnb.connect(stage.folder / "fold.duckdb"), DuckDB(stage.folder / "fold-plain.duckdb")
    chat = app(db)
    duckdb.create()
    number = count()

    def fold() -> float:
        chat.fill(batch)
        return batch / timed(db.fold)()

    line = compared(
        f"fold, {batch:,} documents",
        stage.scale.turns,
        unit=Unit.PER_SECOND,
        ours=fold,
        duckdb=lambda: batch / timed(lambda: duckdb.insert_all(next(number) * batch, map(message, range(batch))))(),
    )
    db.close()
    duckdb.close()
    return line
