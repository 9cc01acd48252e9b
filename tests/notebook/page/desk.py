"""A hub on a test's desk: its clock and pace are the test's, everything it sends is kept, and pages follow the protocol.

`Page` is written from the protocol alone (page/hub.py), in the plainest way: it is what a browser's page has to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.page.interface import LiveResult
from reactive_nb.notebook.page.view import RowsView, View
from tests.notebook.fakes import FakeEngine, FakeLive, ManualPace
from tests.notebook.result.test_rows import apply

Message = dict[str, Any]


def document(n: int, **fields: Any) -> dict[str, Any]:
    return {"_id": f"id{n}", "n": n, **fields}


def values(entry: dict[str, Any]) -> Any:
    """The one value that an entry of a scalar sets."""
    return [op["cells"]["value"] for op in entry["ops"]]


class Desk:
    """An engine, a hub, and everything that the hub has sent."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.engine = FakeEngine()
        self.sent: list[Message] = []
        self.asked: list[Callable[[], None]] = []
        self.paces: list[ManualPace] = []
        self.hub = Hub(self.sent.append, self._pace, self.asked.append, lambda: self.now)

    def _pace(self, flush: Callable[[], None]) -> ManualPace:
        self.paces.append(ManualPace(flush))
        return self.paces[0]

    @property
    def wakes(self) -> list[float]:
        return self.paces[0].wakes

    def commit(self, **values: Any) -> None:
        self.engine.commit(**values)
        self.hub.flush()

    def at(self, seconds: float) -> None:
        """Let time pass, from the beginning."""
        self.now = 1000.0 + seconds
        self.hub.flush()

    def say(self, type: str, page: str = "p", **more: Any) -> None:
        """Say something as a page."""
        self.hub.on_message({"type": type, "page": page, **more})
        self.hub.flush()

    def show(self, view: View, page: str = "p", viewer: str = "x", **window: Any) -> Message:
        """Show a view on a page; return the entry that it gets."""
        self.say("Show", page, viewer=viewer, view=view.id, window=window or None)
        frame = self.take(page)[-1]
        self.say("Ack", page, seq=frame["seq"])
        entry: Message = frame["entries"][viewer]
        return entry

    def shown(self, *lives: LiveResult) -> list[RowsView]:
        """Show live results on the page `p`, in the places `x0`, `x1`, …; return their views."""
        views = [self.hub.open_rows(live) for live in lives]
        for at, view in enumerate(views):
            self.show(view, viewer=f"x{at}")
        return views

    def count(self, value: Any = 0) -> FakeLive:
        return self.engine.live("count", value)

    def take(self, page: str = "p") -> list[Message]:
        """Return what a page has been sent since the last time."""
        mine = [message for message in self.sent if message["page"] == page]
        self.sent[:] = [message for message in self.sent if message["page"] != page]
        return mine

    def entries(self, viewer: str = "x0", page: str = "p") -> list[Message]:
        """Return what a viewer has been told since the last time."""
        return [frame["entries"][viewer] for frame in self.take(page) if viewer in frame["entries"]]


class Place:
    """One rendering of one view on a page.

    Attributes:
        lines: The rows it shows, each a pair of key and row; None before the first entry.
    """

    def __init__(self, id: str, view: View) -> None:
        self.id = id
        self.view = view
        self.window: dict[str, Any] = {"first": 0, "count": 100}
        self.lines: list[tuple[str, Any]] | None = None
        self.facts: dict[str, Any] = {"engine": view.engine}
        self.ts = 0
        self.is_gone = False

    def receive(self, entry: Message | None, ts: dict[str, int]) -> None:
        if entry is not None:
            if entry.get("gone"):
                self.is_gone = True
                return
            self.is_gone = False
            if "rows" in entry:
                self.lines = [(key, row) for key, row in entry["rows"]]
            elif "ops" in entry:
                assert self.lines is not None, "operations for a place that shows nothing"
                self.lines = apply(dict(self.lines), entry["ops"])
            self.facts |= {name: fact for name, fact in entry.items() if name not in ("rows", "ops", "ts")}
        if entry is not None and "ts" in entry:
            self.ts = entry["ts"]
        elif self.lines is not None and self.facts.get("state") != "closed" and self.facts["engine"] in ts:
            self.ts = ts[self.facts["engine"]]


class Page:
    """A page that follows the protocol; what it says is left in `says`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[str, Place] = {}
        self.known = 0
        self.says: list[Message] = []

    def say(self, type: str, **more: Any) -> None:
        self.says.append({"type": type, "page": self.name, **more})

    def show(self, place: Place, **window: Any) -> None:
        place.window |= window
        self.places[place.id] = place
        self.say("Show", viewer=place.id, view=place.view.id, window=dict(place.window))

    def hide(self, id: str) -> None:
        del self.places[id]
        self.say("Hide", viewer=id)

    def receive(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if message["page"] != self.name:
                continue
            if message["type"] == "Unknown":
                self.known = 0
                for place in self.places.values():
                    self.show(place)
            elif message["whole"] or message["seq"] == self.known + 1:
                self.known = message["seq"]
                for id, place in self.places.items():
                    place.receive(message["entries"].get(id), message["ts"])
                self.say("Ack", seq=self.known)
            else:
                self.say("Resync")
