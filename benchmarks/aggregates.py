"""Count and sum over the large table after each write: live, until the listener has them, and asked for.

All are in memory. SQLite's totals are kept by a trigger written for them; DuckDB goes through the column again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import reactive_nb as rnb
from benchmarks.duckdb_peer import DuckDB
from benchmarks.floors import Dicts
from benchmarks.sqlite_peer import SQLite
from benchmarks.stage import Stage
from benchmarks.table import Line, compared
from benchmarks.timing import Arrival, Attempt, timed
from benchmarks.workload import app, message
from reactive_nb.functions.function import Function
from reactive_nb.notebook.live import Live

_AIM = 300e-6
_MESSAGE = message(0)
_CHANNEL = _MESSAGE["channel"]


def lines(stage: Stage) -> Iterator[Line]:
    db, sqlite, duckdb = rnb.connect(), SQLite(), DuckDB()
    chat = app(db)
    stage.fill("reactive_nb", lambda _, messages: chat.send_all(messages=messages))
    for name, peer in (("SQLite", sqlite), ("DuckDB", duckdb)):
        peer.create()
        stage.fill(name, peer.insert_all)
    sqlite.keep_totals()
    dicts = Dicts([_MESSAGE])
    number = count(stage.large * 2)

    def send() -> None:
        chat.send(message=_MESSAGE)

    def by_hand(peer: SQLite | DuckDB, channel: str) -> None:
        peer.insert(next(number), _MESSAGE)
        peer.totals(channel)

    def in_dicts() -> None:
        dicts.insert(str(next(number)), _MESSAGE)
        dicts.totals(_CHANNEL)

    def compare(what: str, ours: Attempt, channel: str) -> Line:
        return compared(
            what,
            stage.scale.attempts // 2,
            aim=_AIM,
            ours=ours,
            floor=timed(in_dicts),
            sqlite=timed(lambda: by_hand(sqlite, channel)),
            duckdb=timed(lambda: by_hand(duckdb, channel)),
        )

    ranges: dict[str, tuple[Function, dict[str, str]]] = {
        _CHANNEL: (chat.totals, {"channel": _CHANNEL}),
        "": (chat.overall, {}),
    }
    for channel, (query, args) in ranges.items():
        of = f"count and sum of {'an index range' if channel else 'all'} of {stage.large:,} documents"
        yield _live(f"insert → live {of}", send, query.live(**args), compare, channel)
        yield compare(f"insert, then {of}", timed(_asked(send, query, args)), channel)
    for each in (db, sqlite, duckdb):
        each.close()


def _live(what: str, send: Callable[[], None], live: Live, compare: Callable[..., Line], channel: str) -> Line:
    with live:
        arrival = Arrival()
        live.observe(arrival, "value")
        return compare(what, lambda: arrival.after(send), channel)


def _asked(send: Callable[[], None], query: Function, args: dict[str, str]) -> Callable[[], None]:
    def act() -> None:
        send()
        query(**args)

    return act
