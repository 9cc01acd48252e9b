"""Reading: one document by its id, and the newest fifty of one channel, at three sizes of the table."""

from __future__ import annotations

import random
from collections.abc import Iterator

import reactive_nb as rnb
from benchmarks.duckdb_peer import DuckDB
from benchmarks.floors import Dicts
from benchmarks.sqlite_peer import SQLite
from benchmarks.stage import Stage
from benchmarks.table import Line, compared
from benchmarks.timing import timed
from benchmarks.workload import App, app, channel_of, id_of, ids_in, message, newest

_AIM = 60e-6
_IDS = 20_000


def lines(stage: Stage) -> Iterator[Line]:
    for documents in stage.scale.documents:
        if documents == stage.large:
            sqlite, duckdb = SQLite(stage.sqlite_file()), DuckDB(stage.duckdb_file())
            db = rnb.connect(stage.file())
            yield from _of_size(documents, app(db), sqlite, duckdb, stage.scale.attempts)
            yield from _calls(documents, app(db), stage.scale.attempts)
        else:
            db, sqlite, duckdb = rnb.connect(), SQLite(), DuckDB()
            chat = app(db)
            chat.fill(documents)
            for peer in (sqlite, duckdb):
                peer.create()
                peer.insert_all(0, map(message, range(documents)))
            yield from _of_size(documents, chat, sqlite, duckdb, stage.scale.attempts)
        db.close()
        sqlite.close()
        duckdb.close()


def _of_size(documents: int, chat: App, sqlite: SQLite, duckdb: DuckDB, attempts: int) -> Iterator[Line]:
    dicts = Dicts(map(message, range(documents)))
    choose = random.Random(1)
    ids = ids_in(chat.db, _IDS)
    read = chat.db.read

    def place() -> int:
        return choose.randrange(documents)

    yield compared(
        f"`get` by id, {documents:,} documents",
        attempts,
        ours=timed(lambda: read(lambda ctx: ctx.db.get(choose.choice(ids)))),
        floor=timed(lambda: dicts.get(str(place()))),
        sqlite=timed(lambda: sqlite.get(id_of(place()))),
        duckdb=timed(lambda: duckdb.get(id_of(place()))),
    )
    yield compared(
        f"newest 50 of an index range, {documents:,} documents",
        attempts,
        aim=_AIM,
        ours=timed(lambda: read(lambda ctx: newest(ctx, channel_of(place())))),
        floor=timed(lambda: dicts.newest(channel_of(place()))),
        sqlite=timed(lambda: sqlite.newest(channel_of(place()))),
        duckdb=timed(lambda: duckdb.newest(channel_of(place()))),
    )


def _calls(documents: int, chat: App, attempts: int) -> Iterator[Line]:
    channel = channel_of(0)
    chat.latest(channel=channel)
    yield compared(
        f"newest 50 called again, unchanged, {documents:,} documents",
        attempts,
        aim=_AIM,
        ours=timed(lambda: chat.latest(channel=channel)),
    )
