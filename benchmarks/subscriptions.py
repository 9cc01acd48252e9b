"""One commit among many live queries, of which it concerns one: the others must cost nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import reactive_nb as rnb
from benchmarks.floors import Courier, Dicts
from benchmarks.sqlite_peer import SQLite
from benchmarks.stage import Stage
from benchmarks.table import Aim, Line, Unit
from benchmarks.timing import Arrival, Attempt, interleaved, timed
from benchmarks.workload import App, Message, app, id_of, ids_in, message

_AIM = 150e-6
_AT_MOST_TIMES = 1.3


def lines(stage: Stage) -> Iterator[Line]:
    """Measure all numbers of live queries in turns, since their ratio is what matters."""
    numbers = stage.scale.live
    closers: list[Callable[[], None]] = []
    contestants: dict[str, Attempt] = {}
    for number in numbers:
        contestants |= {f"ours {number}": _ours(number, closers), f"floor {number}": _floor(number, closers)}
        contestants |= {f"sqlite {number}": _sqlite(number, closers)}
    measured = interleaved(contestants, stage.scale.attempts)
    for close in closers:
        close()
    fewest = measured[f"ours {numbers[0]}"].median
    for number in numbers:
        ours = measured[f"ours {number}"]
        aim = None
        if number == numbers[-1]:
            text = f"{Unit.SECONDS.shown(_AIM)} and {_AT_MOST_TIMES} × that of {numbers[0]}"
            aim = Aim(text, ours.median <= min(_AIM, fewest * _AT_MOST_TIMES))
        yield Line(
            f"one affected among {number:,} live queries, in memory",
            Unit.SECONDS,
            ours,
            measured[f"floor {number}"],
            measured[f"sqlite {number}"],
            aim=aim,
        )


def _room(place: int) -> Message:
    """Return a message whose channel has no other."""
    return {**message(place), "channel": f"room-{place}"}


def _ours(number: int, closers: list[Callable[[], None]]) -> Attempt:
    db = rnb.connect()
    chat: App = app(db)
    chat.fill(number, _room)
    lives = [chat.latest.live(channel=f"room-{place}") for place in range(number)]
    arrival = Arrival()
    for live in lives:
        live.observe(arrival, "value")
    ids = ids_in(db, number)
    turn = count()

    def attempt() -> float:
        id = ids[next(turn) * 31 % number]
        return arrival.after(lambda: chat.like(message=id))

    def close() -> None:
        assert sum(live.runs for live in lives) == number + next(turn), "a query ran that was not concerned"
        db.close()

    closers.append(close)
    return attempt


def _floor(number: int, closers: list[Callable[[], None]]) -> Attempt:
    dicts = Dicts(map(_room, range(number)))
    arrival = Arrival()
    courier = Courier(dicts.newest, arrival)
    closers.append(courier.close)
    turn = count()

    def like(place: int) -> None:
        dicts.like(str(place))
        courier.ask(f"room-{place}")

    def attempt() -> float:
        place = next(turn) * 31 % number
        return arrival.after(lambda: like(place))

    return attempt


def _sqlite(number: int, closers: list[Callable[[], None]]) -> Attempt:
    """Write, and select again the one room that the program itself knows to be concerned."""
    peer = SQLite()
    peer.create()
    peer.insert_all(0, map(_room, range(number)))
    closers.append(peer.close)
    turn = count()

    def like() -> None:
        place = next(turn) * 31 % number
        peer.like(id_of(place))
        peer.newest(f"room-{place}")

    return timed(like)
