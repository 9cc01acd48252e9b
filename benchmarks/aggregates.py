"""Count and sum after each write, over all, a range, and per group: live, until the listener has them, and asked for.

All are in memory. SQLite's totals are kept by triggers written for them; DuckDB goes through the columns again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count

import reactive_nb as rnb
from benchmarks.duckdb_peer import DuckDB
from benchmarks.floors import Dicts
from benchmarks.sqlite_peer import SQLite
from benchmarks.stage import Stage
from benchmarks.table import Aim, Line, Unit, compared
from benchmarks.timing import Arrival, Attempt, interleaved, timed
from benchmarks.workload import App, app, id_of, ids_in, message, per_channel
from reactive_nb.functions.function import Function
from reactive_nb.notebook.live import Live

_AIM = 300e-6
_GROUPS_AIM = 200e-6
_TIMES_FASTER = 100
_SLOW_ATTEMPTS = 9  # SQLite takes a second for each
_MESSAGE = message(0)
_CHANNEL = _MESSAGE["channel"]


def lines(stage: Stage) -> Iterator[Line]:
    for documents in stage.scale.documents[-2:]:
        db, sqlite, duckdb = rnb.connect(), SQLite(), DuckDB()
        chat = app(db)
        stage.fill("reactive_nb", lambda _, messages, chat=chat: chat.send_all(messages=messages), documents)
        for name, peer in (("SQLite", sqlite), ("DuckDB", duckdb)):
            peer.create()
            stage.fill(name, peer.insert_all, documents)
        sqlite.keep_totals()
        yield from _per_group(stage, chat, sqlite, duckdb, documents)
        if documents == stage.large:
            yield from _of_ranges(stage, chat, sqlite, duckdb)
        for each in (db, sqlite, duckdb):
            each.close()


def _per_group(stage: Stage, chat: App, sqlite: SQLite, duckdb: DuckDB, documents: int) -> Iterator[Line]:
    """Measure the groups of all documents after an update of one of them."""
    sample = min(documents, 10_000)
    dicts = Dicts(map(message, range(sample)))
    ids = ids_in(chat.db, sample)
    turn = count()

    def next_place() -> int:
        return next(turn) * 31 % sample

    def like() -> None:
        chat.like(message=ids[next_place()])

    def after(like: Callable[[], object], read: Callable[[], object]) -> Attempt:
        """Return an attempt that measures the reading only."""

        def attempt() -> float:
            like()
            started = time.perf_counter()
            read()
            return time.perf_counter() - started

        return attempt

    likes: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "floor": (lambda: dicts.like(str(next_place())), dicts.groups),
        "sqlite": (lambda: sqlite.like(id_of(next_place())), sqlite.groups),
        "duckdb": (lambda: duckdb.like(id_of(next_place())), duckdb.groups),
    }
    of = f"count and sum by channel of {documents:,} documents"
    with chat.groups.live() as live:
        arrival = Arrival()
        live.observe(arrival, "value")
        yield compared(
            f"update → live {of}",
            stage.scale.attempts // 2,
            ours=lambda: arrival.after(like),
            **{name: timed(lambda act=act: [each() for each in act]) for name, act in likes.items()},
        )
    yield compared(
        f"{of}, run again after an update",
        stage.scale.attempts // 2,
        aim=_GROUPS_AIM,
        ours=after(like, lambda: chat.db.read(per_channel)),
        **{name: after(*act) for name, act in likes.items()},
    )
    again = {"sqlite": after(likes["sqlite"][0], sqlite.groups_again), "duckdb": after(*likes["duckdb"])}
    measured = interleaved({"ours": after(like, lambda: chat.db.read(per_channel)), **again}, _SLOW_ATTEMPTS)
    ours, times_faster = measured.pop("ours"), min(each.median for each in measured.values()) / _TIMES_FASTER
    aim = Aim(f"{_TIMES_FASTER} × faster", ours.median <= times_faster)
    yield Line(f"{of}, beside SQL that goes through all again", Unit.SECONDS, ours, aim=aim, **measured)


def _of_ranges(stage: Stage, chat: App, sqlite: SQLite, duckdb: DuckDB) -> Iterator[Line]:
    """Measure one count and sum of all documents, and of one channel, after an insert."""
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
