"""The hub: the one place through which pages and kernel talk, so that all views of a page change in one frame.

Moments of engines, outputs of cells and messages of pages come in, on any thread; frames go out, one at a time for each
page (session.py), with the news of all that the page shows (view.py), and answers to what a page asked. Pages send:

    {"type": "Show", "page", "viewer", "view", "window"}    I show this view in this place; again when I show another part
    {"type": "Hide", "page", "viewer"}                      I show nothing there any more
    {"type": "Ack", "page", "seq"}                          I have drawn this frame
    {"type": "Resync", "page"}                              I have missed a frame
    {"type": "Request", "page", "id", "target", "method", "params"}

and get, each reading only what names it as the page:

    {"type": "Frame", "page", "seq", "whole", "ts": {engine: commit}, "entries": {viewer: entry}}
    {"type": "Unknown", "page"}                             I do not know you: begin again
    {"type": "Progress", "page", "id", "done", "total", "text"}   so far is the answer to this request; total may be null
    {"type": "Response", "page", "id", "ok", "result" | "error"}

A page of the Lab panel begins with two more (panel/link.py): {"type": "Hello", "page"}, whom do I ask?, and the answer
{"type": "Welcome", "page", "target", "version"}.

What a page shows is kept for it, also when nothing else refers to it. `KEEP_S` after no page shows it any more, or
`AWAIT_S` after it was displayed and no page came, the hub lets go (lifetimes.py), so that a cell that runs again, or is
deleted, leaves nothing behind.

It keeps: two views of one engine in one frame belong to one commit, unless an entry names another; a page that applies
every frame, or asks when it has missed one, shows what the results hold; no page gets more than one frame per interval
of the pacer, made of the latest values. A commit that changes nothing that pages show is told to none of them, except
where a page waits for it (`confirm`): that one gets a frame whose entry has no changes.

It is a long file because the protocol stands here whole, and what keeps its promises shares one lock.
"""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from threading import Lock, RLock
from typing import Any, TypeVar

from reactive_nb.errors import DatabaseClosed
from reactive_nb.notebook.page.answers import Target, answered, error_json
from reactive_nb.notebook.page.interface import LiveResult, Transition, TransitionSource
from reactive_nb.notebook.page.lifetimes import AWAIT_S, Views
from reactive_nb.notebook.page.list_view import ListView
from reactive_nb.notebook.page.outputs import checked, drawn, with_errors
from reactive_nb.notebook.page.pacer import Pace
from reactive_nb.notebook.page.session import Session
from reactive_nb.notebook.page.view import ContentView, DrawnView, Entry, JobView, RowsView, Seen, View
from reactive_nb.notebook.result.arrangement import Window
from reactive_nb.notebook.result.shape import KeyedRows, Shape

logger = logging.getLogger("reactive_nb")

V = TypeVar("V", bound=View)
Send = Callable[[dict[str, Any]], None]

STATE_TRAITS = ("state", "error")
STATE_DELAY_S = 0.1
"""A state alone is told after this time: in a transition it changes first, and belongs into the frame with the rows."""

STALE_S = 0.3
"""How long a query may run again before its views say that they are stale."""

KEEP_S = 30.0
"""How long a result outlives its last view: a cell that is moved is hidden and shown again."""

RETRY_S = 1.0
"""When to try again after a frame could not be sent."""


class Hub:
    """Carries everything between one kernel and its pages.

    It holds neither an engine nor, unless a page shows it, what is shown. Thread rule: every method may be called from
    any thread. Listeners and `on_message` only note what happened and return; frames are built in `flush`, requests
    answered through `run`.

    Args:
        send: Sends one JSON message to all pages.
        pace: Given `flush`, returns what decides when it is called.
        run: Runs a function soon, on another thread.
        now: Returns the time in seconds, from any beginning.

    Attributes:
        send: As given; may be replaced when the pages are reached in another way.
        can_hear: Says whether what pages send comes in now; while it does not, no page is taken to be gone.
    """

    def __init__(
        self,
        send: Send,
        pace: Callable[[Callable[[], None]], Pace],
        run: Callable[[Callable[[], None]], object],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.send = send
        self.can_hear: Callable[[], bool] = lambda: True
        self._pace = pace(self.flush)
        self._run = run
        self._now = now
        # Guards what is noted for the next frame; held for moments only. Wakes are in it too, so that none is lost to
        # a rest that was decided on before.
        self._notes = Lock()
        self._seen: dict[LiveResult, Seen] = {}
        self._states: set[LiveResult] = set()  # those whose state or error has changed
        self._refreshing: dict[str, tuple[float, list[LiveResult]]] = {}  # by engine: since when to say so, and what
        self._messages: list[dict[str, Any]] = []
        self._after: list[Callable[[], None]] = []
        # Guards views and sessions, and the order of frames; taken before `_notes`, never after.
        self._frames = RLock()
        # Held from the first note of a frame to its last word; functions of the user's are called under it, and under no
        # other lock.
        self._flushing = RLock()
        self._views = Views()
        self._sessions: dict[str, Session] = {}
        self._engines: weakref.WeakKeyDictionary[TransitionSource, str] = weakref.WeakKeyDictionary()
        self._moments: dict[str, int] = {}  # what has been heard of; noted, like what results hold
        self._told: dict[str, int] = {}  # what the views show
        self._dropped: set[str] = set()  # pages that were taken to be gone, and may show more than they say next
        self._targets: weakref.WeakValueDictionary[str, Target] = weakref.WeakValueDictionary()
        self._routes: dict[str, Send] = {}  # by page: how it is reached, where that is not by `send`
        self._stale: set[View] = set()
        self._numbers = 0

    # ------------------------------------------------------------------ what there is to show

    def open_rows(
        self,
        live: LiveResult,
        awaited: bool = True,
        columns: Sequence[str] | None = None,
        key: str = "_id",
        inputs: Callable[[Mapping[Any, Any]], dict[str, Any]] | None = None,
    ) -> RowsView:
        """Return a new view of a live result as rows.

        Args:
            live: The result.
            awaited: Whether a page is about to show it; otherwise it waits for the first page that asks.
            columns: The columns to show; all by default.
            key: The column that names the rows.
            inputs: Returns the editable columns; see `RowsView`.
        """
        with self._frames:
            engine = self._watch(live)
            return self._open(RowsView(self._name("v"), engine, awaited, live, columns, key, inputs), live)

    def open_content(
        self, owner: object, title: str, engine: TransitionSource | None = None, awaited: bool = True
    ) -> ContentView:
        """Return a new view of outputs, which `show` sets and `Panel` (panel.py) wraps for its owner.

        Args:
            owner: Whose it is; held while a page shows the view.
            title: What it is, for people who cannot see it.
            engine: Whose commits it shows, if it shows any.
            awaited: Whether a page is about to show it.
        """
        with self._frames:
            name = "" if engine is None else self._name_of(engine)
            return self._open(ContentView(self._name("v"), name, awaited, title), owner)

    def open_job(
        self, owner: object, title: str, engine: TransitionSource | None = None, awaited: bool = True
    ) -> JobView:
        """Return a new view of a job's outputs and of the job; arguments as in `open_content`."""
        with self._frames:
            name = "" if engine is None else self._name_of(engine)
            return self._open(JobView(self._name("v"), name, awaited, title), owner)

    def open_drawn(
        self,
        live: LiveResult,
        draw: Callable[[Any], list[dict[str, Any]]],
        later: Callable[[], None] | None = None,
        awaited: bool = True,
    ) -> DrawnView:
        """Return a new view of what a function makes of a live result; see `DrawnView`."""
        with self._frames:
            engine = self._watch(live)
            return self._open(DrawnView(self._name("v"), engine, awaited, live, draw, later), live)

    def open_list(
        self, owner: object, title: str, engine: TransitionSource | None = None, awaited: bool = True
    ) -> ListView:
        """Return a new view of a list, which `show_list` fills; arguments as in `open_content`."""
        with self._frames:
            name = "" if engine is None else self._name_of(engine)
            return self._open(ListView(self._name("v"), name, awaited, title), owner)

    def show_list(
        self, view: ListView, items: KeyedRows | None, *, state: str = "live", error: BaseException | None = None
    ) -> None:
        """Have pages show items from the next frame on, if they differ from those shown; see `ListView.show`."""
        with self._frames:
            is_news = view.show(items, state=state, error=error)
        if is_news:
            self.wake()

    def name_of(self, engine: TransitionSource) -> str:
        """Return the name of an engine in messages."""
        with self._frames:
            return self._name_of(engine)

    def drawn(
        self, view: DrawnView, seen: Seen, outputs: list[dict[str, Any]] | None, error: BaseException | None
    ) -> None:
        """Take what was drawn elsewhere of a moment of a view; see `DrawnView.drawn`."""
        if outputs is not None:
            outputs, error = checked(outputs, error)
        with self._frames:
            view.drawn(seen, outputs, error)
        self.wake()

    def register(self, target: Target) -> str:
        """Return a new name under which pages can ask `target`; it is held weakly."""
        with self._frames:
            name = self._name("f")
            self._targets[name] = target
            return name

    def answer_for(self, view: View, target: Target) -> None:
        """Have `target` answer what pages ask of a view; it is held weakly."""
        self._targets[view.id] = target

    def opening(self) -> AbstractContextManager[object]:
        """Return what is held while views are opened: what looks first, and opens what is missing, enters it."""
        return self._frames

    def views_of(self, owner: object) -> list[View]:
        """Return the open views of a live result or another owner."""
        with self._frames:
            return self._views.of(owner)

    def shape_of(self, view: RowsView) -> Shape:
        """Return the rows that a view shows, for answers to requests."""
        with self._frames:
            return view.shape

    def show(
        self,
        view: ContentView,
        outputs: list[dict[str, Any]] | None = None,
        *,
        state: str = "live",
        error: BaseException | None = None,
        note: str = "",
        ts: int | None = None,
    ) -> None:
        """Have pages show outputs from the next frame on.

        Args:
            view: Where.
            outputs: As in a notebook's file; None leaves those that are there. An error takes the place of one that is
                not JSON.
            state: `loading`, `live`, `stale`, `failed` or `closed`.
            error: Why it failed.
            note: A line about it.
            ts: The commit that the outputs show, when that is not the newest moment.
        """
        if outputs is not None:
            outputs = with_errors(outputs)
        with self._frames:
            if outputs is not None and outputs != view.outputs:
                view.outputs = outputs
            view.state, view.error, view.note, view.ts = state, error, note, ts
            view.changed()
        self.wake()

    def show_job(self, view: JobView, job: dict[str, Any]) -> None:
        """Have pages show how it is with a job from the next frame on; the outputs stay."""
        with self._frames:
            view.job = job
            view.changed()
        self.wake()

    def confirm(self, view: View, ts: int) -> None:
        """Have pages that show a view told of a commit, also when it has changed nothing there.

        Args:
            view: What they show.
            ts: The commit; the engine has announced every moment up to it, so that all it has changed is noted here.
        """
        with self._frames:
            with self._notes:
                self._moments[view.engine] = max(self._moments.get(view.engine, 0), ts)
            view.changed()
        self.wake()

    def follow(self, view: View, engine: TransitionSource | None) -> None:
        """Have pages name the commits of an engine, or of none, beside a view from the next frame on."""
        with self._frames:
            view.engine = "" if engine is None else self._name_of(engine)
            view.changed()

    def close_view(self, view: View) -> None:
        """Forget a view; pages that show it keep what they have."""
        with self._frames:
            self._forget(view)
        self.wake()

    def _forget(self, view: View) -> None:
        self._views.remove(view)
        view.awaited, view.on_shown = False, None
        for session in self._sessions.values():
            for id, viewer in list(session.viewers.items()):
                if viewer.view is view:
                    session.show(id, None, viewer.window, self._now())

    def snapshot(self, view: View) -> Entry:
        """Return all of a view, for a page that paints before its first frame, and for a saved notebook."""
        with self._frames:
            return view.whole(self._told.get(view.engine, 0))

    # ------------------------------------------------------------------ what happens

    def wake(self, delay_s: float = 0.0) -> None:
        """Have a frame built soon."""
        with self._notes:
            self._pace.wake(delay_s)

    def after_frame(self, act: Callable[[], None]) -> None:
        """Have something done right after the next frame has been sent, on the same thread."""
        with self._notes:
            self._after.append(act)
            self._pace.wake()

    def rest(self) -> None:
        """Send nothing until there is other news."""
        self._pace.rest()

    def on_message(self, message: Any, answer: Send | None = None) -> None:
        """Note what a page says; anything else than the messages above is ignored.

        Args:
            message: What came.
            answer: Sends one JSON message to the page, and maybe to others; by default it is reached by `send`.
        """
        if answer is not None and isinstance(message, dict) and isinstance(page := message.get("page"), str):
            self._routes[page] = answer
        match message:
            case {
                "type": "Request",
                "page": str(page),
                "id": int(id),
                "target": str(name),
                "method": str(method),
                **rest,
            }:
                self._run(partial(self._answer, page, id, self._targets.get(name), method, rest.get("params")))
            case {"type": "Show" | "Hide" | "Ack" | "Resync", "page": str(), **_rest}:
                with self._notes:
                    self._messages.append(message)
                    self._pace.wake()

    def _answer(self, page: str, id: int, target: Target | None, method: str, params: object) -> None:
        response = {"type": "Response", "page": page, "id": id}
        send = self._route(page)

        def tell(done: float, total: float | None, text: str) -> None:
            send({"type": "Progress", "page": page, "id": id, "done": done, "total": total, "text": text})

        try:
            send({**response, **answered(target, method, params, tell)})
        except Exception as error:  # the answer is no JSON, most likely; the page waits for one all the same
            logger.exception("An answer could not be sent to a page: %s", method)
            send({**response, "ok": False, "error": error_json(error)})

    def _on_transition(self, transition: Transition) -> None:
        seen = {live: Seen.of(live) for live in transition.lives if live in self._views}
        with self._notes:
            for live, moment in seen.items():
                self._seen[live] = moment.after(self._seen.get(live))
                name = self._engines.get(live.engine)
                if name is not None:
                    self._moments[name] = max(self._moments.get(name, 0), transition.ts)
            if seen:
                self._pace.wake()

    def _on_refresh(self, engine: str, lives: list[LiveResult]) -> None:
        shown = [live for live in lives if live in self._views]
        with self._notes:
            if shown:
                self._refreshing[engine] = (self._now() + STALE_S, shown)
                self._pace.wake(STALE_S)
            elif (told := self._refreshing.pop(engine, None)) is not None and told[0] <= self._now():
                # A frame may have said stale, or be about to. A transition may follow, as after a state.
                self._pace.wake(STATE_DELAY_S)

    def _on_state(self, change: Any) -> None:
        # Only that there is another state is noted: in the middle of a transition the value may be of either moment.
        with self._notes:
            self._states.add(change["owner"])
            self._pace.wake(STATE_DELAY_S)

    # ------------------------------------------------------------------ frames

    def flush(self) -> None:
        """Send each page one frame with all its news since the last one, if there are any."""
        with self._flushing:
            after: list[Callable[[], None]] = []
            try:
                self._flush(after)
            finally:  # a binding that waits for its turn would wait for ever
                for act in after:
                    try:
                        act()
                    except BaseException:  # SystemExit among it: the others are to be done all the same
                        logger.exception("What was to follow a frame failed: %r", act)

    def _flush(self, after: list[Callable[[], None]]) -> None:
        """Send the frames; what is to follow them is added to `after`."""
        with self._frames:
            with self._notes:
                after += self._after
                seen, states, messages = self._seen, self._states, self._messages
                self._seen, self._states, self._messages, self._after = {}, set(), [], []
                moments = dict(self._moments)
                now = self._now()
                waiting = [live for due, lives in self._refreshing.values() if due <= now for live in lives]
            self._told = moments
            for view in self._views.all():
                if view.abandoned:
                    self._forget(view)
            self._take(seen, states)
            self._mark_stale(waiting)
            for message in messages:
                if (shown := self._follow(message, now)) is not None:
                    after.append(shown)
            due = [view for view in self._views.all() if isinstance(view, DrawnView) and view.is_for_hub]
        drawings = [(view, view.seen, *drawn(view.draw, view.seen.value)) for view in due]
        with self._frames:
            for view, moment, outputs, error in drawings:
                view.drawn(moment, outputs, error)
            for session in list(self._sessions.values()):
                try:
                    self._serve(session, moments, now)
                except Exception:  # the other pages are to be served; this one gets everything with its next news
                    logger.exception("A page could not be served: %s", session.page)
                    session.resync()
            wait_s = self._views.hold(now, KEEP_S, self.can_hear())
        if wait_s is not None:
            self.wake(wait_s)

    def _take(self, seen: dict[LiveResult, Seen], states: set[LiveResult]) -> None:
        """Let views move on to what has been seen of their results."""
        for live in {**seen, **dict.fromkeys(states)}:
            for view in self._views.of(live):
                if not isinstance(view, (RowsView, DrawnView)) or view.is_over:
                    continue
                latest = seen.get(live, view.seen)
                # Its value is that of the latest moment told, for the next one may be half done.
                try:
                    view.see(latest.in_state_of(live) if live in states else latest)
                except Exception:  # the other views are to move on
                    logger.exception("A view could not move on: %s", view.id)

    def _mark_stale(self, waiting: list[LiveResult]) -> None:
        stale = {view for live in waiting for view in self._views.of(live)}
        for view in stale ^ self._stale:
            view.refreshing = view in stale
            view.changed()
        self._stale = stale

    def _follow(self, message: dict[str, Any], now: float) -> Callable[[], None] | None:
        """Do what a page said; return what is to be done when the frames are sent."""
        page = message["page"]
        session = self._sessions.get(page)
        if session is None and (page in self._dropped or message["type"] in ("Ack", "Resync")):
            self._dropped.discard(page)
            self._send(page, {"type": "Unknown", "page": page})
        match message:
            case {"type": "Show", "viewer": str(viewer), "view": str(view)}:
                if session is None:
                    session = self._sessions[page] = Session(page)
                found = self._views.get(view)
                is_new = session.show(viewer, found, Window.from_json(message.get("window")), now)
                return found.on_shown if found is not None and is_new else None
            case {"type": "Hide", "viewer": str(viewer)} if session is not None:
                session.hide(viewer, now)
            case {"type": "Ack", "seq": int(seq)} if session is not None:
                session.acknowledge(seq, now)
            case {"type": "Resync"} if session is not None:
                session.resync()
        return None

    def _serve(self, session: Session, moments: Mapping[str, int], now: float) -> None:
        """Send a page its frame, or see to it that it gets one when it can take it."""
        if not self.can_hear():
            session.excuse(now)
        waits = [session.over_s(now)]
        if waits[0] == 0:
            session.close()
            del self._sessions[session.page]
            self._routes.pop(session.page, None)
            self._dropped.add(session.page)
            return
        if session.has_news:
            wait_s = session.wait_s(now)
            if wait_s > 0:
                waits.append(wait_s)
            elif (frame := session.frame(moments, now)) is not None and not self._send(session.page, frame):
                session.resync()
                waits.append(RETRY_S)
        elif session.nudge_s(now) == 0:
            self._send(session.page, session.nudge(moments, now))
        waits.append(session.nudge_s(now))
        due = [wait_s for wait_s in waits if wait_s is not None]
        if due:
            self.wake(min(due))

    def _send(self, page: str, message: dict[str, Any]) -> bool:
        """Send a message; return whether that went well. A page that cannot be reached keeps nobody else waiting."""
        try:
            self._route(page)(message)
        except Exception:
            logger.exception("A message could not be sent to a page: %s", page)
            return False
        return True

    def _route(self, page: str) -> Send:
        return self._routes.get(page, self.send)

    # ------------------------------------------------------------------ opening

    def _open(self, view: V, owner: Any) -> V:
        self._views.add(view, owner, self._now())
        if view.awaited:
            self.wake(AWAIT_S)
        return view

    def _watch(self, live: LiveResult) -> str:
        """Listen to a result and its engine; return the name of the engine."""
        name = self._name_of(live.engine)
        if live not in self._views:
            self._views.watch(live)  # before the first look at it: what happens from now on is noted
            if live.state != "closed":
                for trait in STATE_TRAITS:
                    live.observe(self._on_state, trait)
        ts = live.ts  # asked before the lock: an engine has locks of its own
        with self._notes:
            self._moments[name] = max(self._moments.get(name, 0), ts)
        return name

    def _name_of(self, engine: TransitionSource) -> str:
        name = self._engines.get(engine)
        if name is None:
            with ExitStack() as undo:
                name = self._engines[engine] = self._name("e")  # before the first moment is announced
                self._moments[name] = 0
                undo.callback(self._engines.pop, engine)
                try:
                    undo.callback(engine.on_transition(self._on_transition))
                    engine.on_refresh(partial(self._on_refresh, name))
                except DatabaseClosed:  # nothing will happen there any more
                    pass
                undo.pop_all()
        return name

    def _name(self, letter: str) -> str:
        self._numbers += 1
        return f"{letter}{self._numbers}"
