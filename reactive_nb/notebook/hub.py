"""The hub: the one place from which an engine's changes reach all pages, so that all views change in one frame.

Transitions of the engine and requests of pages come in, on any thread; frames go out, one at a time, each with the news
of all displayed views. A frame is JSON:

    {"type": "Frame", "seq": 7, "ts": 42, "views": {id: entry, ...}}        entries: see view.py

`seq` counts frames without a gap; `ts` is the commit of which everything shown after the frame is true. Pages send:

    {"type": "Resync", "view_id": id, "seq": 5}    I show this view and know frames up to 5: bring me up to date
    {"type": "Hide", "view_id": id}                I show this view no more

The hub sends nothing about a view that no page shows. A page cannot know what other pages show, so the hub answers
`Hide` with an entry {"paused": true}, and a page that still shows the view sends `Resync`.

It keeps: two views of one frame belong to one commit; a page that applies every frame, or asks when it has missed one,
shows what the live results hold; at most one frame is sent per interval of the pacer, made of the latest values.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from reactive_nb.notebook.interface import LiveResult, Transition
from reactive_nb.notebook.view import Entry, Seen, View, title_of

STATE_TRAITS = ("state", "error")
STATE_DELAY_S = 0.1
"""A state alone is told after this time, so that a re-run which is quick and changes nothing is never seen."""


class Pace(Protocol):
    """Decides when `flush` is called: `Pacer`, or a test."""

    def wake(self, delay_s: float = 0.0) -> None:
        """Have it called in `delay_s` seconds or sooner; any thread may ask."""

    def rest(self) -> None:
        """Have it called no more until the next `wake`."""


class Hub:
    """Carries every frame of one engine.

    It listens to the engine while it has a view that is not closed. Thread rule: every method may be called from any
    thread. `on_transition`, `on_message` and the observer of states only note what happened and return; frames are
    built in `flush`.

    Args:
        send: Sends one JSON message to all pages.
        pace: Given `flush`, returns what decides when it is called.
    """

    def __init__(self, send: Callable[[dict[str, Any]], None], pace: Callable[[Callable[[], None]], Pace]) -> None:
        self._send = send
        self._pace = pace(self.flush)
        self._notes = threading.Lock()  # guards what is noted for the next frame; held for moments only
        self._pending: dict[LiveResult, Seen] = {}
        self._states: set[LiveResult] = set()  # those whose state or error has changed
        self._asked: dict[str, int] = {}  # view id → the latest frame that the page which knows least has seen
        self._hidden: set[str] = set()
        self._ts = 0
        self._frames = threading.RLock()  # guards the views and the order of frames; taken before `_notes`, never after
        self._views: dict[LiveResult, View] = {}
        self._watched: set[LiveResult] = set()  # whose moments are noted; asked without a lock, so never iterated
        self._seq = 0
        self._opened = 0
        self._unsubscribe: Callable[[], None] | None = None

    def view_of(self, live: LiveResult) -> View:
        """Return the view of `live`, the same for as long as it is open."""
        with self._frames:
            if live in self._views:
                return self._views[live]
            is_open = live.state != "closed"
            if is_open:  # watch first and look then, so that no change falls between the two
                self._watched.add(live)
                for trait in STATE_TRAITS:
                    live.observe(self._on_state, trait)
                if self._unsubscribe is None:
                    self._unsubscribe = live.engine.on_transition(self.on_transition)
            self._opened += 1
            view = View(f"v{self._opened}", Seen.of(live), self._seq)
            if is_open:
                self._views[live] = view
            with self._notes:
                self._ts = max(self._ts, live.ts)
            return view

    def snapshot(self, view: View) -> Entry:
        """Return the whole of `view` with the `seq` and `ts` of the frame it stands at."""
        with self._frames:
            return {"seq": self._seq, "ts": self._ts, "view_id": view.id, **view.whole()}

    def on_transition(self, transition: Transition) -> None:
        """Note a moment of the engine."""
        changed = {live: Seen.of(live) for live in transition.lives if live in self._watched}
        with self._notes:
            self._ts = max(self._ts, transition.ts)
            self._pending.update(changed)
        if changed:
            self._pace.wake()

    def on_message(self, message: object) -> None:
        """Note what a page asks; anything else than the two messages above is ignored."""
        match message:
            case {"type": "Resync", "view_id": str(view_id), "seq": int(seq)}:
                with self._notes:
                    self._asked[view_id] = min(seq, self._asked.get(view_id, seq))
            case {"type": "Hide", "view_id": str(view_id)}:
                with self._notes:
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
            entries: dict[str, Entry] = {}
            for live, view in self._views.items():
                seen = pending.get(live, view.seen)
                if live in states:
                    seen = replace(seen, state=live.state, error=live.error, title=title_of(live))
                entry = _entry(view, seq, seen, asked.get(view.id), view.id in hidden)
                if entry is not None:
                    entries[view.id] = entry
            if entries:
                self._seq = seq
                self._send({"type": "Frame", "seq": seq, "ts": ts, "views": entries})
            self._drop_closed()

    def _on_state(self, change: Any) -> None:
        # Only that there is another state is noted: in the middle of a transition the value may be of either moment.
        with self._notes:
            self._states.add(change["owner"])
        self._pace.wake(STATE_DELAY_S)

    def _drop_closed(self) -> None:
        for live in [live for live, view in self._views.items() if view.seen.state == "closed"]:
            for trait in STATE_TRAITS:
                live.unobserve(self._on_state, trait)
            self._watched.discard(live)
            del self._views[live]
        if not self._views and self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
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
    entry = view.change(seen, seq) if seen is not view.seen or not view.shown else None
    view.shown = True
    if asked is not None and asked < known:
        return view.whole()
    if asked is not None and entry is None:
        return {"since": known, "ops": []}  # the page is right, and now knows up to which frame
    return entry
