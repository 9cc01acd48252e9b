"""The hub: the one place from which an engine's changes reach all pages, so that all views change in one frame.

Transitions of the engine and requests of pages come in, on any thread; frames go out, one at a time, each with the news
of all displayed views. A frame is JSON:

    {"type": "Frame", "seq": 7, "ts": 42, "views": {id: entry, ...}}        entries: see view.py

`seq` counts frames without a gap; `ts` is the commit of which everything shown after the frame is true. Pages send:

    {"type": "Resync", "view_id": id, "seq": 5}    I show this view and know frames up to 5: bring me up to date
    {"type": "Hide", "view_id": id}                I show this view no more

The hub sends nothing about a view that no page shows. A page cannot know what other pages show, so the hub answers
`Hide` with an entry {"paused": true}, and a page that still shows the view sends `Resync`. A `Resync` of a view whose
result is gone is answered with {"gone": true}.

A live result that a page shows is kept for it, also when nothing else refers to it. `KEEP_S` after no page shows it any
more the hub lets go, so that a cell that runs again, or is deleted, leaves nothing behind.

An entry of a closed result names the commit of its rows: {"ts": 41, ...}.

It keeps: two views of one frame belong to one commit; a page that applies every frame, or asks when it has missed one,
shows what the live results hold; at most one frame is sent per interval of the pacer, made of the latest values.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from reactive_nb.notebook.interface import LiveResult, Transition
from reactive_nb.notebook.view import Entry, Seen, View, title_of

STATE_TRAITS = ("state", "error")
STATE_DELAY_S = 0.1
"""A state alone is told after this time: in a transition it changes first, and belongs into the frame with the rows."""

KEEP_S = 30.0
"""How long a result outlives its last view: a cell that is moved is hidden and shown again."""


class Pace(Protocol):
    """Decides when `flush` is called: `Pacer`, or a test."""

    def wake(self, delay_s: float = 0.0) -> None:
        """Have it called in `delay_s` seconds or sooner; any thread may ask."""

    def rest(self) -> None:
        """Have it called no more until the next `wake`."""


class Hub:
    """Carries every frame of one engine.

    It listens to the engine from its first open view on, and holds neither the engine nor, unless a page shows it, a
    live result. Thread rule: every method may be called from any thread. `on_transition`, `on_message` and the observer
    of states only note what happened and return; frames are built in `flush`.

    Args:
        send: Sends one JSON message to all pages.
        pace: Given `flush`, returns what decides when it is called.
        now: Returns the time in seconds, from any beginning.

    Attributes:
        send: As given; may be replaced when the pages are reached in another way.
    """

    def __init__(
        self,
        send: Callable[[dict[str, Any]], None],
        pace: Callable[[Callable[[], None]], Pace],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.send = send
        self._pace = pace(self.flush)
        self._now = now
        # Guards what is noted for the next frame; held for moments only. Wakes are in it too, so that none is lost to
        # a rest that was decided on before.
        self._notes = threading.Lock()
        self._pending: dict[View, Seen] = {}
        self._states: set[View] = set()  # those whose state or error has changed
        self._asked: dict[str, int] = {}  # view id → the latest frame that the page which knows least has seen
        self._hidden: set[str] = set()
        self._ts = 0
        self._frames = threading.RLock()  # guards the views and the order of frames; taken before `_notes`, never after
        # Read without a lock to learn whether a result has a view; iterated and added to under `_frames`.
        self._views: weakref.WeakKeyDictionary[LiveResult, View] = weakref.WeakKeyDictionary()
        self._seq = 0
        self._opened = 0
        self._listens = False

    def view_of(self, live: LiveResult, shown: bool = True) -> View:
        """Return the view of `live`, always the same.

        Args:
            live: The result.
            shown: Whether a page is about to show it; otherwise it waits for the first page that asks.
        """
        with self._frames:
            view = self._views.get(live)
            if view is not None:
                return view
            self._opened += 1
            view = self._views[live] = View(f"v{self._opened}", self._seq, shown)
            if live.state != "closed":  # watch first and look then, so that no change falls between the two
                for trait in STATE_TRAITS:
                    live.observe(self._on_state, trait)
                if not self._listens:
                    live.engine.on_transition(self.on_transition)
                    self._listens = True
            view.look(live)
            with self._notes:
                self._ts = max(self._ts, view.ts)
            return view

    def snapshot(self, view: View) -> Entry:
        """Return the whole of `view` with the `seq` and `ts` of the frame it stands at."""
        with self._frames:
            return {"seq": self._seq, "ts": view.ts, "view_id": view.id, **view.whole()}

    def rest(self) -> None:
        """Send nothing until there is other news."""
        self._pace.rest()

    def on_transition(self, transition: Transition) -> None:
        """Note a moment of the engine."""
        changed = {view: Seen.of(live) for live in transition.lives if (view := self._views.get(live)) is not None}
        with self._notes:
            self._ts = max(self._ts, transition.ts)
            self._pending.update(changed)
            if changed:
                self._pace.wake()

    def on_message(self, message: object) -> None:
        """Note what a page asks; anything else than the two messages above is ignored."""
        with self._notes:
            match message:
                case {"type": "Resync", "view_id": str(view_id), "seq": int(seq)}:
                    self._asked[view_id] = min(seq, self._asked.get(view_id, seq))
                case {"type": "Hide", "view_id": str(view_id)}:
                    self._hidden.add(view_id)
                case _:
                    return
            self._pace.wake()

    def flush(self) -> None:
        """Send one frame with all news since the last one, if there are any."""
        with self._frames:
            with self._notes:
                pending, states, asked, hidden = self._pending, self._states, self._asked, self._hidden
                self._pending, self._states, self._asked, self._hidden = {}, set(), {}, set()
                ts = self._ts
            seq = self._seq + 1
            views = list(self._views.items())
            entries: dict[str, Entry] = {id: {"gone": True} for id in asked}
            for live, view in views:
                entries.pop(view.id, None)
                seen = pending.get(view, view.seen)
                if view in states:
                    seen = replace(seen, state=live.state, error=live.error, title=title_of(live))
                if not view.is_over:
                    view.ts = live.ts if seen.state == "closed" else max(view.ts, ts)
                entry = _entry(view, seq, seen, asked.get(view.id), view.id in hidden)
                if entry is not None:
                    entries[view.id] = {**entry, "ts": view.ts} if view.is_over else entry
            if entries:
                self._seq = seq
                self.send({"type": "Frame", "seq": seq, "ts": ts, "views": entries})
            self._hold_what_is_shown(views)

    def _on_state(self, change: Any) -> None:
        # Only that there is another state is noted: in the middle of a transition the value may be of either moment.
        view = self._views.get(change["owner"])
        if view is not None:
            with self._notes:
                self._states.add(view)
                self._pace.wake(STATE_DELAY_S)

    def _hold_what_is_shown(self, views: list[tuple[LiveResult, View]]) -> None:
        """Hold the results that pages show, and let go of those that none has shown for a while."""
        now = self._now()
        for live, view in views:
            if view.shown:
                view.held, view.held_until = live, None
            elif view.held_until is None:
                view.held_until = now + KEEP_S
            elif view.held_until <= now:
                view.held = None
        waits = [
            max(0.0, (view.held_until or now) - now) for _, view in views if not view.shown and view.held is not None
        ]
        if waits:
            self._pace.wake(min(waits))
        elif all(view.is_over for _, view in views):
            with self._notes:
                if not (self._pending or self._states or self._asked or self._hidden):
                    self._pace.rest()


def _entry(view: View, seq: int, seen: Seen, asked: int | None, hidden: bool) -> Entry | None:
    """Return what frame `seq` says of `view`, whose latest moment is `seen`.

    `asked` is the latest frame known to a page that asked to be brought up to date, `hidden` whether a page let go.
    """
    if asked is None and (hidden or not view.shown):
        view.shown = False
        view.seen = seen  # told when a page asks again
        return {"paused": True} if hidden else None
    known = view.seq
    returns = not view.shown
    entry = view.change(seen, seq) if seen is not view.seen or returns else None
    view.shown = True
    # A page that opened while the view was hidden has newer rows than one that hid it, so a difference fits neither.
    if asked is not None and (asked < known or (returns and entry is not None)):
        return view.whole()
    if asked is not None and entry is None:
        return {"since": known, "ops": []}  # the page is right, and now knows up to which frame
    return entry
