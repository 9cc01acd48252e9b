"""SQL and frames: folds, a live query in SQL, frames that come in, and files that are written and read.

DuckDB takes in the same rows with its own INSERT and COPY, into a table with a primary key and the same indexes, and
makes ids and times for them as ours does. It has no snapshots: beside our zip, which is deflated JSON lines, it has
gzipped JSON lines. Files are of one table.

SQLite has no triggers that keep totals here; `aggregates` has them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pandas as pd

import reactive_nb as rnb
from benchmarks.duckdb_peer import GROUPS, DuckDB
from benchmarks.sqlite_peer import SQLite
from benchmarks.stage import Stage
from benchmarks.table import Line, Unit, compared
from benchmarks.timing import Arrival, Attempt, timed
from benchmarks.workload import app, id_of, ids_in, message
from reactive_nb import v
from reactive_nb.engine import folder as folding
from reactive_nb.engine.engine import Engine

_INSERT_AIM = 100_000

_FLIGHTS = {
    "carrier": "VARCHAR",
    "origin": "VARCHAR",
    "destination": "VARCHAR",
    "delay": "BIGINT",
    "distance": "DOUBLE",
}
_INDEXED = ("carrier", "origin")

# Our formats, and what makes DuckDB write the like.
_FORMATS = {
    "zip": "FORMAT json, COMPRESSION gzip",
    "jsonl": "FORMAT json",
    "csv": "FORMAT csv, HEADER",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}


def lines(stage: Stage) -> Iterator[Line]:
    yield _first_fold(stage)
    yield _later_folds(stage)
    for documents in stage.scale.documents[-2:]:
        yield _live(stage, documents)
    for is_filled in (False, True):
        yield _inserted(stage, is_filled)
    yield from _files(stage)


def _per_second(rows: int, act: Callable[[], object]) -> float:
    return rows / timed(act)()


# ---------------------------------------------------------------------- folds


def _messages(first: int, rows: int) -> pd.DataFrame:
    return pd.DataFrame([message(place) for place in range(first, first + rows)])


def _fold(db: Engine, frame: pd.DataFrame) -> float:
    # Otherwise a fold starts by itself before the insert returns, and its beginning is missed.
    with patch.multiple(folding, FOLD_AFTER_CHANGES=sys.maxsize, FOLD_AFTER_BYTES=sys.maxsize):
        db.table("messages").insert(frame)
        return _per_second(len(frame), db.fold)


def _insert(duckdb: DuckDB, frame: pd.DataFrame) -> float:
    return _per_second(len(frame), lambda: duckdb.insert_frame("messages", frame))


def _first_fold(stage: Stage) -> Line:
    """Measure the fold that fills a new file."""
    rows = stage.scale.documents[1]
    frame = _messages(0, rows)

    def ours() -> float:
        with TemporaryDirectory(dir=stage.folder) as folder, rnb.connect(Path(folder) / "ours.duckdb") as db:
            app(db)
            return _fold(db, frame)

    def plain() -> float:
        with TemporaryDirectory(dir=stage.folder) as folder, closing(DuckDB(Path(folder) / "plain.duckdb")) as duckdb:
            duckdb.create()
            return _insert(duckdb, frame)

    return _rates(stage, f"fold, {rows:,} documents into a new file", ours=ours, duckdb=plain)


def _later_folds(stage: Stage) -> Line:
    """Measure the folds by which a file grows to its largest, the first of them left out."""
    rows, total = stage.scale.documents[1], stage.large
    places = {"ours": count(step=rows), "duckdb": count(step=rows)}
    db, duckdb = rnb.connect(stage.folder / "grows.duckdb"), DuckDB(stage.folder / "grows-plain.duckdb")
    with db, closing(duckdb):
        app(db)
        duckdb.create()
        return compared(
            f"fold, {rows:,} documents at a time until there are {total:,}",
            1,
            total // rows - 1,
            unit=Unit.PER_SECOND,
            ours=lambda: _fold(db, _messages(next(places["ours"]), rows)),
            duckdb=lambda: _insert(duckdb, _messages(next(places["duckdb"]), rows)),
        )


# ---------------------------------------------------------------------- live


def _live(stage: Stage, documents: int) -> Line:
    """Measure an update until a query in SQL over all documents is at the listener as a frame."""
    db, sqlite, duckdb = rnb.connect(), SQLite(), DuckDB()
    with db, closing(sqlite), closing(duckdb):
        chat = app(db)
        stage.fill("reactive_nb", lambda _, messages: chat.send_all(messages=messages), documents)
        for name, peer in (("SQLite", sqlite), ("DuckDB", duckdb)):
            peer.create()
            stage.fill(name, peer.insert_all, documents)
        sample = min(documents, 10_000)
        ids = ids_in(db, sample)
        turn = count()

        def next_place() -> int:
            return next(turn) * 31 % sample

        def by_hand(peer: SQLite | DuckDB, read: Callable[[], object]) -> Attempt:
            def act() -> None:
                peer.like(id_of(next_place()))
                read()

            return timed(act)

        with db.sql(GROUPS).live() as live:
            db.settle()
            arrival = Arrival()
            live.observe(arrival, "value")
            return compared(
                f"update → live SQL, count and sum by channel of {documents:,} documents",
                stage.scale.attempts // 2,
                ours=lambda: arrival.after(lambda: chat.like(message=ids[next_place()])),
                sqlite=by_hand(sqlite, sqlite.groups_again),
                duckdb=by_hand(duckdb, duckdb.groups_frame),
            )


# ---------------------------------------------------------------------- frames


def _flights(rows: int) -> pd.DataFrame:
    places = range(rows)
    return pd.DataFrame(
        {
            "carrier": [f"C{place % 20}" for place in places],
            "origin": [f"airport-{place * 31 % 300:03}" for place in places],
            "destination": [f"airport-{place * 37 % 300:03}" for place in places],
            "delay": [place * 7919 % 200 - 20 for place in places],
            "distance": [place * 4799 % 10007 / 2 for place in places],
        }
    )


def _inserted(stage: Stage, is_filled: bool) -> Line:
    """Measure the insert of a frame in memory, into an empty table or one that holds as many rows already."""
    rows = stage.scale.documents[1]
    frame = _flights(rows)
    declared = rnb.table(
        carrier=v.string(), origin=v.string(), destination=v.string(), delay=v.int64(), distance=v.float64()
    )
    for field in _INDEXED:
        declared = declared.index(f"by_{field}", field)

    def ours() -> float:
        with rnb.connect() as db:
            db.define(flights=declared)
            flights = db.table("flights")
            if is_filled:
                flights.insert(frame)
            return _per_second(rows, lambda: flights.insert(frame))

    def plain() -> float:
        with closing(DuckDB()) as duckdb:
            duckdb.create("flights", _FLIGHTS, _INDEXED)
            if is_filled:
                duckdb.insert_frame("flights", frame)
            return _per_second(rows, lambda: duckdb.insert_frame("flights", frame))

    there = f"a table of {rows:,}" if is_filled else "an empty table"
    what = f"insert a frame of {rows:,} rows of 5 fields into {there}, two indexes"
    return _rates(stage, what, _INSERT_AIM, ours=ours, duckdb=plain)


# ---------------------------------------------------------------------- files


def _files(stage: Stage) -> Iterator[Line]:
    rows = stage.scale.documents[1]
    frame = _messages(0, rows)
    with rnb.connect() as db, closing(DuckDB()) as duckdb:
        app(db)
        db.table("messages").insert(frame)
        duckdb.create()
        duckdb.insert_frame("messages", frame)
        for format in _FORMATS:
            yield from _file(stage, db, duckdb, format, rows)


def _file(stage: Stage, db: Engine, duckdb: DuckDB, format: str, rows: int) -> Iterator[Line]:
    """Measure a file that is written from one database, and read into empty ones."""
    own, plain = stage.folder / f"messages.{format}", stage.folder / f"plain.{format}"
    options = _FORMATS[format]

    def load() -> float:
        with rnb.connect() as other:
            app(other)
            return _per_second(rows, lambda: other.load(own, "messages"))

    def load_plain() -> float:
        with closing(DuckDB()) as other:
            other.create()
            return _per_second(rows, lambda: other.copy_from(plain, options))

    yield _rates(
        stage,
        f"export {rows:,} documents, {format}",
        ours=lambda: _per_second(rows, lambda: db.export(own, "messages")),
        duckdb=lambda: _per_second(rows, lambda: duckdb.copy_to(plain, options)),
    )
    yield _rates(stage, f"load {rows:,} documents, {format}", ours=load, duckdb=load_plain)


def _rates(
    stage: Stage, what: str, aim: float | None = None, *, ours: Callable[[], float], duckdb: Callable[[], float]
) -> Line:
    """Return a line of rates, each contestant measured once per turn."""
    return compared(what, 1, stage.scale.turns, aim=aim, unit=Unit.PER_SECOND, ours=ours, duckdb=duckdb)
