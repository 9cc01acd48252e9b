"""Many threads that each read a document and write it back: mutations per second, every one of them on disk."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import reactive_nb as rnb
from benchmarks.duckdb_peer import DuckDB
from benchmarks.floors import COMMIT_BYTES, Dicts, Disk
from benchmarks.sqlite_peer import SQLite
from benchmarks.stage import Stage
from benchmarks.table import Aim, Line, Unit
from benchmarks.timing import interleaved
from benchmarks.workload import app, id_of, ids_in, message
from reactive_nb.engine.engine import Engine

_DOCUMENTS = 1000


def lines(stage: Stage) -> Iterator[Line]:
    yield _writers(16, 1.0, "ahead of SQLite", stage)
    yield _writers(1, 0.5, "half of SQLite", stage)


def _writers(threads: int, least: float, aim: str, stage: Stage) -> Line:
    """Measure so many threads; the aim is at least `least` of SQLite's rate."""
    folder = stage.folder / f"writers-{threads}"
    folder.mkdir()
    db = rnb.connect(folder / "ours.duckdb")
    chat = app(db)
    chat.fill(_DOCUMENTS)
    ids = ids_in(db, _DOCUMENTS)
    sqlite, duckdb = SQLite(folder / "peer.sqlite"), DuckDB(folder / "peer.duckdb")
    for peer in (sqlite, duckdb):
        peer.create()
        peer.insert_all(0, map(message, range(_DOCUMENTS)))
    connections = [SQLite(folder / "peer.sqlite") for _ in range(threads)]
    cursors = [duckdb.another() for _ in range(threads)]
    peer_ids = [id_of(place) for place in range(_DOCUMENTS)]

    def rate(likes: Sequence[Callable[[str], object]], among: list[str]) -> Callable[[], float]:
        return lambda: _rate(likes, among, stage.scale.seconds)

    contestants = {
        "ours": rate([chat.like] * threads, ids),
        "floor": rate([_grouped_floor(folder, threads)], [str(place) for place in range(_DOCUMENTS)]),
        "sqlite": rate([each.like for each in connections], peer_ids),
        "duckdb": rate([each.like for each in cursors], peer_ids),
    }
    measured = interleaved(contestants, stage.scale.turns, stage.scale.turns)
    closing: list[SQLite | DuckDB | Engine] = [*connections, *cursors, sqlite, duckdb, db]
    for each in closing:
        each.close()
    writers = "1 writer" if threads == 1 else f"{threads} writers"
    return Line(
        f"read-modify-write on disk, {writers}",
        Unit.PER_SECOND,
        **measured,
        aim=Aim(aim, measured["ours"].median >= least * measured["sqlite"].median),
    )


def _rate(likes: Sequence[Callable[[str], object]], ids: list[str], seconds: float) -> float:
    """Return how many times a second the functions, each on a thread of its own, like some document."""
    counts = [0] * len(likes)
    begin = threading.Barrier(len(likes) + 1)

    def write(thread: int) -> None:
        choose = random.Random(thread)
        like = likes[thread]
        begin.wait()
        while time.perf_counter() < end:
            like(choose.choice(ids))
            counts[thread] += 1

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(len(likes))]
    for thread in threads:
        thread.start()
    started = time.perf_counter()
    end = started + seconds
    begin.wait()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)


def _grouped_floor(folder: Path, group: int) -> Callable[[str], None]:
    """Return a function that changes a plain dict, and flushes once for as many changes as there are writers."""
    dicts, disk = Dicts(map(message, range(_DOCUMENTS))), Disk(folder / "floor")
    data = os.urandom(COMMIT_BYTES * group)
    waiting = 0

    def like(id: str) -> None:
        nonlocal waiting
        dicts.like(id)
        waiting += 1
        if waiting == group:
            waiting = 0
            disk.append(data)

    return like
