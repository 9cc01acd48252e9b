"""One page's side of the hub: what it shows, which frames it has drawn, and when it can take another.

What the page says comes in; frames for it go out, numbered without a gap. It keeps: a page that draws slowly, or not at
all, gets fewer frames, each of the latest moment, so no queue grows between kernel and page. There are no threads and
no clocks here; the hub calls every method under its lock and hands in the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactive_nb.notebook.page.view import Entry, View, Viewer
from reactive_nb.notebook.result.arrangement import Window

Frame = dict[str, Any]

AHEAD = 3
"""How many frames may be on their way to a page at full pace."""
SLOW_S = 0.1
"""The pace for a page that is further behind. It goes on slowly, for its word may be late: with ipykernel 6 whatever a
page says waits for the end of the running cell."""
SILENT_S = 120.0
"""After so long without a word about the frames it got, a page is taken to be gone."""
NUDGE_S = 1.0
"""After so long without a word a page gets an empty frame, then after twice as long, and so on: Jupyter drops messages
when a cell prints much, and without a next frame a page would never know that it has missed the last one."""


class Session:
    """What the hub knows of one page.

    Attributes:
        page: The name that the page gave itself.
        viewers: What it shows, by the name of the place.
    """

    def __init__(self, page: str) -> None:
        self.page = page
        self.viewers: dict[str, Viewer] = {}
        self._seq = 0
        self._drawn = 0
        self._sent_s = 0.0
        # When the oldest word that is waited for became due; None while every frame is drawn.
        self._waits_since_s: float | None = None
        self._nudge_s = NUDGE_S
        self._is_whole = False
        self._empty_since_s = 0.0

    def show(self, id: str, view: View | None, window: Window, now_s: float) -> bool:
        """The page shows a view in a place, or another part of it; return whether it did not show it there before."""
        viewer = self.viewers.get(id)
        if viewer is not None and viewer.view is view and view is not None:
            viewer.look_at(window)
            return False
        self.hide(id, now_s)
        self.viewers[id] = Viewer(id, view, window)
        if view is not None:
            view.viewers += 1
            view.awaited = False
        return True

    def hide(self, id: str, now_s: float) -> None:
        """The page shows nothing in that place any more."""
        viewer = self.viewers.pop(id, None)
        self._empty_since_s = now_s
        if viewer is not None and viewer.view is not None:
            viewer.view.viewers -= 1

    def close(self) -> None:
        """The page is gone."""
        for id in list(self.viewers):
            self.hide(id, 0.0)

    def acknowledge(self, seq: int, now_s: float) -> None:
        """The page has drawn a frame."""
        self._drawn = max(self._drawn, min(seq, self._seq))
        self._waits_since_s = None if self._drawn == self._seq else now_s

    def resync(self) -> None:
        """The page has missed a frame: it gets everything with the next."""
        self._is_whole = True
        self._drawn = self._seq
        self._waits_since_s = None
        for viewer in self.viewers.values():
            viewer.forget()

    def excuse(self, now_s: float) -> None:
        """Nothing that the page may have said can be heard now: its silence begins only here."""
        self._empty_since_s = now_s
        if self._waits_since_s is not None:
            self._waits_since_s = now_s

    def over_s(self, now_s: float) -> float | None:
        """Return in how many seconds the page must be gone, if it says or shows nothing until then; 0 when it is."""
        since_s = self._waits_since_s if self.viewers else self._empty_since_s
        return None if since_s is None else max(0.0, since_s + SILENT_S - now_s)

    def nudge_s(self, now_s: float) -> float | None:
        """Return in how many seconds to ask whether the last frame has arrived; None when the page has said so."""
        return None if self._waits_since_s is None else max(0.0, self._sent_s + self._nudge_s - now_s)

    def wait_s(self, now_s: float) -> float:
        """Return in how many seconds the page can take another frame; 0 when it can now."""
        if self._seq - self._drawn < AHEAD:
            return 0.0
        return max(0.0, self._sent_s + SLOW_S - now_s)

    @property
    def has_news(self) -> bool:
        """Whether some of what it shows is not what the page has."""
        return self._is_whole or any(
            viewer.version is None or (viewer.view is not None and viewer.version != viewer.view.version)
            for viewer in self.viewers.values()
        )

    def frame(self, moments: Mapping[str, int], now_s: float) -> Frame | None:
        """Return the next frame, or None when the page has everything.

        Args:
            moments: The newest moment of each engine, by its name.
            now_s: The time in seconds.
        """
        entries = {id: entry for id, viewer in self.viewers.items() if (entry := viewer.entry()) is not None}
        is_whole, self._is_whole = self._is_whole, False
        if not entries and not is_whole:
            return None
        self._nudge_s = NUDGE_S
        return self._numbered(moments, entries, is_whole, now_s)

    def nudge(self, moments: Mapping[str, int], now_s: float) -> Frame:
        """Return a frame without news: a page that has missed the one before it asks for everything."""
        self._nudge_s *= 2
        return self._numbered(moments, {}, False, now_s)

    def _numbered(self, moments: Mapping[str, int], entries: dict[str, Entry], is_whole: bool, now_s: float) -> Frame:
        self._seq += 1
        self._sent_s = now_s
        if self._waits_since_s is None:
            self._waits_since_s = now_s
        shown = {viewer.view.engine for viewer in self.viewers.values() if viewer.view is not None}
        return {
            "type": "Frame",
            "page": self.page,
            "seq": self._seq,
            "whole": is_whole,
            "ts": {engine: ts for engine, ts in moments.items() if engine in shown},
            "entries": entries,
        }
