"""Writing one message until a live query of its channel's newest fifty holds the new result; and writing many at once.

The clock starts before the call of the mutation and stops in the listener, on the listener's thread. The peers insert
and select again on one thread, which is what a program without subscriptions would do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import reactive_nb as rnb
from benchmarks.duckdb_peer import DuckDB
from benchmarks.floors import COMMIT_BYTES, Courier, Dicts, Disk
from benchmarks.sqlite_peer import SQLite
from benchmarks.stage import Stage
from benchmarks.table import Line, Unit, compared
from benchmarks.timing import Arrival, Attempt, timed
from benchmarks.workload import AT_ONCE, app, message
from reactive_nb.engine.engine import Engine

_MESSAGE = message(0)
_CHANNEL = _MESSAGE["channel"]


def lines(stage: Stage) -> Iterator[Line]:
    yield _in_memory(stage)
    yield _on_disk(stage)
    yield _many(stage)


def _in_memory(stage: Stage) -> Line:
    dicts = Dicts(map(message, range(stage.scale.documents[0])))
    number = count(stage.scale.documents[0])
    arrival = Arrival()
    courier = Courier(dicts.newest, arrival)

    def insert() -> None:
        dicts.insert(str(next(number)), _MESSAGE)
        courier.ask(_CHANNEL)

    floor = lambda: arrival.after(insert)  # noqa: E731
    line = _insert_to_listener("insert → live newest 50, in memory", 150e-6, floor, None, stage)
    courier.close()
    return line


def _on_disk(stage: Stage) -> Line:
    disk = Disk(stage.folder / "floor")
    data = os.urandom(COMMIT_BYTES)
    floor = timed(lambda: disk.append(data))
    line = _insert_to_listener("insert → live newest 50, on disk", 300e-6, floor, stage.folder, stage)
    disk.close()
    return line


def _insert_to_listener(what: str, aim: float, floor: Attempt, folder: Path | None, stage: Stage) -> Line:
    documents = stage.scale.documents[0]
    db, sqlite, duckdb = _databases(folder, "insert")
    chat = app(db)
    chat.fill(documents)
    for peer in (sqlite, duckdb):
        peer.create()
        peer.insert_all(0, map(message, range(documents)))
    number = count(documents)

    def by_hand(peer: SQLite | DuckDB) -> None:
        peer.insert(next(number), _MESSAGE)
        peer.newest(_CHANNEL)

    live = chat.latest.live(channel=_CHANNEL)
    arrival = Arrival()
    live.observe(arrival, "value")
    line = compared(
        what,
        stage.scale.attempts,
        aim=aim,
        ours=lambda: arrival.after(lambda: chat.send(message=_MESSAGE)),
        floor=floor,
        sqlite=timed(lambda: by_hand(sqlite)),
        duckdb=timed(lambda: by_hand(duckdb)),
    )
    assert live.value == chat.latest(channel=_CHANNEL)
    for each in (db, sqlite, duckdb):
        each.close()
    return line


def _many(stage: Stage) -> Line:
    batch = min(AT_ONCE, stage.scale.documents[0])
    messages = [message(place) for place in range(batch)]
    db, sqlite, duckdb = _databases(stage.folder, "bulk")
    chat, dicts = app(db), Dicts()
    sqlite.create()
    duckdb.create()
    number = count()

    def insert_in_dicts() -> None:
        for each in messages:
            dicts.insert(str(next(number)), each)

    def rate(insert: Attempt) -> Attempt:
        return lambda: batch / insert()

    line = compared(
        f"bulk insert, {batch:,} documents a mutation, on disk",
        10,
        unit=Unit.PER_SECOND,
        ours=rate(timed(lambda: chat.send_all(messages=messages))),
        floor=rate(timed(insert_in_dicts)),
        sqlite=rate(timed(lambda: sqlite.insert_all(next(number) * batch, messages))),
        duckdb=rate(timed(lambda: duckdb.insert_all(next(number) * batch, messages))),
    )
    for each in (db, sqlite, duckdb):
        each.close()
    return line


def _databases(folder: Path | None, name: str) -> tuple[Engine, SQLite, DuckDB]:
    """Return the three in files of a folder, or in memory."""
    if folder is None:
        return rnb.connect(), SQLite(), DuckDB()
    return (
        rnb.connect(folder / f"{name}.duckdb"),
        SQLite(folder / f"{name}.sqlite"),
        DuckDB(folder / f"{name}-plain.duckdb"),
    )
