"""A page of the panel in tests: it shows views, draws each frame at once, and keeps what it was told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reactive_nb.notebook.page.hub import Hub


class FakePace:
    """A pace that a test keeps."""

    def __init__(self, flush: Callable[[], None]) -> None:
        self.flush = flush
        self.wakes: list[float] = []

    def wake(self, delay_s: float = 0.0) -> None:
        self.wakes.append(delay_s)

    def rest(self) -> None:
        self.wakes.clear()


class Page:
    """See the module.

    Args:
        hub: What it talks to.
        sent: What the hub has sent.
        flush: Has the hub build a frame.
    """

    def __init__(self, hub: Hub, sent: list[dict[str, Any]], flush: Callable[[], None], name: str = "page") -> None:
        self.hub = hub
        self.name = name
        self._sent = sent
        self._flush = flush

    def show(self, viewer: str, view: str) -> None:
        self.hub.on_message({"type": "Show", "page": self.name, "viewer": viewer, "view": view, "window": None})
        self._flush()

    def hide(self, viewer: str) -> None:
        self.hub.on_message({"type": "Hide", "page": self.name, "viewer": viewer})
        self._flush()

    def entries(self, viewer: str) -> list[dict[str, Any]]:
        """Return the entries for a place since it was last asked, oldest first."""
        self._flush()
        frames = [each for each in self._sent if each["type"] == "Frame" and each["page"] == self.name]
        self._sent.clear()
        if frames:
            self.hub.on_message({"type": "Ack", "page": self.name, "seq": frames[-1]["seq"]})
        return [frame["entries"][viewer] for frame in frames if viewer in frame["entries"]]
