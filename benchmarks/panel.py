"""What the Lab panel costs those who do not look at it: from a commit to the listener of a live result, beside the same
without a page that shows the panel.

The page is a real one of the hub, with the pacers' own threads; each message is made into JSON, as the kernel does
before it sends it, and answered as a page does that draws at once.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import reactive_nb as rnb
from benchmarks.stage import Stage
from benchmarks.table import Aim, Line, Unit
from benchmarks.timing import Arrival, Attempt, Measured, heap_set_aside
from benchmarks.workload import App, app, ids_in, message
from reactive_nb.engine import Engine
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.page.pacer import Pacer
from reactive_nb.notebook.panel import databases
from reactive_nb.notebook.panel.areas import AREAS, LISTS
from reactive_nb.notebook.panel.lists import Lists
from reactive_nb.notebook.panel.panel import Databases, LabPanel

_AIM = 1.1
_AT_REST_S = 0.5
"""How long to wait after the panel was opened or closed: what is measured is a panel that is open, not its opening."""


def lines(stage: Stage) -> Iterator[Line]:
    for number in stage.scale.live:
        for section in ("log", "lives"):
            yield _line(section, number, stage)


def _line(section: str, number: int, stage: Stage) -> Line:
    db = rnb.connect()
    page = _Page(db, section)
    chat: App = app(db)
    chat.fill(number, lambda place: {**message(place), "channel": f"room-{place}"})
    lives = [chat.latest.live(channel=f"room-{place}") for place in range(number)]
    arrival = Arrival()
    for live in lives:
        live.observe(arrival, "value")
    ids, turn = ids_in(db, number), count()

    def commit() -> float:
        id = ids[next(turn) * 31 % number]
        return arrival.after(lambda: chat.like(message=id))

    seconds = 2.5 * stage.scale.seconds  # several looks of the panel
    times: dict[bool, list[float]] = {True: [], False: []}
    with heap_set_aside():
        for place in range(2 * stage.scale.turns):
            is_shown = place % 2 == 0
            page.show(is_shown)
            threading.Event().wait(min(_AT_REST_S, seconds))
            times[is_shown] += _for(seconds, commit)
    told = page.frames
    page.close()
    db.close()
    assert told > 0, "the page was told nothing"
    ours, floor = (Measured(tuple(sorted(times[is_shown]))) for is_shown in (True, False))
    return Line(
        f"update → one of {number:,} live queries, the panel shows its {section}; floor: it is closed",
        Unit.SECONDS,
        ours,
        floor,
        aim=Aim(f"{_AIM} × the floor", ours.median <= _AIM * floor.median),
    )


def _for(seconds: float, attempt: Attempt) -> list[float]:
    """Return what attempts measured that were made one after the other for a while, at least one."""
    until = time.perf_counter() + seconds
    values = [attempt()]
    while time.perf_counter() < until:
        values.append(attempt())
    return values


class _Page:
    """A page that shows the panel, or does not."""

    def __init__(self, db: Engine, section: str) -> None:
        self.frames = 0
        self._section = section
        self._is_shown = False
        self._hub = Hub(self._take, Pacer, lambda act: act())
        known = Databases(self._hub, lambda: [db])
        self._lists = Lists(self._hub, lambda: databases.items(known), LISTS)
        self._panel = LabPanel(known, self._lists, {name: make(self._hub, known) for name, make in AREAS.items()})
        (self._db,) = known.all()
        self._views: list[str] = []
        self._known = threading.Event()

    def show(self, is_shown: bool) -> None:
        """Show it from now on, or not."""
        if is_shown == self._is_shown:
            return
        self._is_shown = is_shown
        if not is_shown:
            for view in self._views:
                self._say("Hide", viewer=view)
            return
        wanted = ({"what": "databases", "db": None}, {"what": self._section, "db": self._db})
        self._views = [self._panel.answer("open", each)["view"] for each in wanted]
        self._known.clear()
        for view in self._views:
            self._say("Show", viewer=view, view=view, window=None)
        self._known.wait()

    def close(self) -> None:
        self.show(False)
        self._lists.rest()
        self._hub.rest()

    def _say(self, kind: str, **facts: Any) -> None:
        self._hub.on_message({"type": kind, "page": "page", **facts})

    def _take(self, said: dict[str, Any]) -> None:
        json.dumps(said)
        if said["type"] == "Frame":
            self.frames += 1
            self._say("Ack", seq=said["seq"])
            self._known.set()
