"""Views: the kernel's side of everything that pages show, and the entries that tell a page what is new.

A moment of a live result (`Seen`), or outputs, come in; for each viewer, the one place on a page that shows the view,
an entry for the next frame goes out, or nothing when it would show the same. There are no threads, widgets or clocks
here; the hub calls every method under its lock. An entry is JSON:

    whole    {"rows": [[key, row], ...]} or {"outputs": [...]}, with all facts
    change   {"ops": [...]} or {"outputs": [...]} or neither, with those facts that changed
    gone     {"gone": true}: there is no such view any more

Facts of both kinds: `state` (loading, live, stale, failed, paused, closed), `error` (null or {"name", "message"}), `title`,
`engine`, `ts` (only when the view's own commit is another than the frame's). Rows also have `first`, `total`, `size`,
`kind`, `columns`, `inputs`; outputs have `note`, and those of a job `job` (cell/job_status.py).
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

from reactive_nb.errors import error_text
from reactive_nb.notebook.page.interface import LiveResult
from reactive_nb.notebook.result.arrangement import Arrangement, Window, arrange, row_to_hold
from reactive_nb.notebook.result.rows import diff
from reactive_nb.notebook.result.shape import NOTHING, KeyedRows, Shape, columns_of, shape_of

logger = logging.getLogger("reactive_nb")

Entry = dict[str, Any]

MAX_ARGUMENT = 40

STILL = ("paused", "closed")  # the states of a live result in which no commit changes it

_ASKED = -1
"""The version of a page that has asked for another part: of no version, so that it gets an entry."""
MAX_ARRANGEMENTS = 8
"""How many sorted and filtered orders of one moment are kept: a few readers', not every filter that was typed."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A live result as it was at one moment. The value is the engine's own and is only read.

    Attributes:
        has_value: Whether there is a value to show: not before the first run, nor after one that raised.
    """

    value: Any
    has_value: bool
    state: str
    error: BaseException | None
    title: str
    ts: int

    @classmethod
    def of(cls, live: LiveResult) -> Seen:
        """Return what `live` shows now."""
        value, error, state = live.value, live.error, live.state
        has_value = state != "loading" and not (error is not None and value is None)
        return cls(value, has_value, state, error, title_of(live), live.ts)

    def after(self, before: Seen | None) -> Seen:
        """Return this moment; if it has no value, with that of a moment before that no frame has told yet."""
        if self.has_value or before is None or not before.has_value:
            return self
        return replace(self, value=before.value, has_value=True)

    def in_state_of(self, live: LiveResult) -> Seen:
        """Return the same value with another state and error: what happens to a result between two moments."""
        ts = live.ts if live.state in STILL else self.ts
        return replace(self, state=live.state, error=live.error, title=title_of(live), ts=ts)

    @property
    def own_ts(self) -> int | None:
        """The commit that it shows for ever, or until it is resumed; None when it goes on with the newest moment."""
        return self.ts if self.state in STILL else None


class Viewer:
    """One place on a page that shows a view.

    Attributes:
        id: The name that the page gave it.
        view: What it shows; None when there is no such view.
        window: The part it shows of a table.
        version: The version of the view that the page knows; None when it must have everything.
        facts: The facts that the page knows.
        rows: The rows that the page knows.
        arrangement: The order and choice of those rows.
        outputs: The outputs that the page knows.
    """

    __slots__ = ("arrangement", "facts", "id", "outputs", "rows", "version", "view", "window")

    def __init__(self, id: str, view: View | None, window: Window) -> None:
        self.id = id
        self.view = view
        self.window = window
        self.forget()

    def forget(self) -> None:
        """Take it that the page knows nothing."""
        self.version: int | None = None
        self.facts: dict[str, Any] = {}
        self.rows: KeyedRows = {}
        self.arrangement = self.window.arrangement
        self.outputs: list[dict[str, Any]] | None = None

    def look_at(self, window: Window) -> None:
        """Show another part from now on."""
        self.window = window
        if self.version is not None:
            self.version = _ASKED

    def entry(self) -> Entry | None:
        """Return what is new for the page, and take it that the page will know it."""
        if self.view is None:
            known, self.version = self.version, 0
            return {"gone": True} if known is None else None
        if self.version == self.view.version:
            return None
        is_whole, has_asked = self.version is None, self.version == _ASKED
        facts, body = self._news(self.view, is_whole)
        self.version = self.view.version  # not before: to look may be to draw
        told = facts if is_whole else {name: fact for name, fact in facts.items() if fact != self.facts.get(name)}
        if has_asked and "first" in facts:
            told = {**told, "first": facts["first"]}  # by which the page knows that it has been heard
        if self.view.ts is not None:
            told = {**told, "ts": self.view.ts}  # always told: without it a page takes the frame's commit
        self.facts = facts
        return {**body, **told}

    def _news(self, view: View, is_whole: bool) -> tuple[dict[str, Any], Entry]:
        try:
            return view.news(self, is_whole)
        except Exception as error:  # of this view alone, and not to be tried again before it changes
            logger.exception("A view could not be told to a page: %s", view.id)
            self.forget()
            return view.nothing(error)


class View(ABC):
    """One shown thing.

    Attributes:
        id: Its name in messages.
        engine: The name of its engine in messages; empty when it belongs to none.
        version: Grows with every change that a page would show.
        ts: The commit that it shows, when that is another than the newest moment's; else None.
        viewers: How many places show it now.
        owner: Returns whose it is; None when that was dropped.
        awaited: Whether a page is about to show it for the first time.
        awaited_until: When no page is expected to any more, in the hub's seconds.
        held_until: When to let go of its owner, in the hub's seconds; None while the view is shown.
        abandoned: Whether its widget was closed, so that no page can show it any more: the hub forgets it with the next
            frame.
        refreshing: Whether its query is running again for longer than a reader should be left to guess.
        on_shown: Called after a page has said that it shows the view; None when nobody wants to know.
    """

    def __init__(self, id: str, engine: str, awaited: bool) -> None:
        self.id = id
        self.engine = engine
        self.awaited = awaited
        self.version = 0
        self.ts: int | None = None
        self.viewers = 0
        self.owner: Callable[[], object | None] = lambda: None
        self.awaited_until = 0.0
        self.held_until: float | None = None
        self.abandoned = False
        self.refreshing = False
        self.on_shown: Callable[[], None] | None = None

    @property
    def shown(self) -> bool:
        """Whether some page shows it, or is about to."""
        return not self.abandoned and (self.awaited or self.viewers > 0)

    @property
    def is_over(self) -> bool:
        """Whether it will never change again."""
        return False

    @abstractmethod
    def news(self, viewer: Viewer, is_whole: bool) -> tuple[dict[str, Any], Entry]:
        """Return all facts, and the rows or outputs that a viewer lacks."""

    @abstractmethod
    def nothing(self, error: BaseException) -> tuple[dict[str, Any], Entry]:
        """Return all facts, and no rows or outputs, with the reason why they cannot be told."""

    def changed(self) -> None:
        """Have all pages that show it told in the next frame."""
        self.version += 1

    def whole(self, ts: int) -> Entry:
        """Return what somebody needs to show it who knows nothing: a page that has not asked yet, or a saved notebook."""
        entry = Viewer("", self, Window()).entry()
        return {"view": self.id, "engine": self.engine, "ts": max(ts, self.seen_ts), **(entry or {})}

    @property
    def seen_ts(self) -> int:
        """The commit at which it was last looked at; all that it shows is true of that one at least."""
        return 0

    def _state(self, state: str) -> str:
        return "stale" if self.refreshing and state in ("fresh", "live") else "live" if state == "fresh" else state


class RowsView(View):
    """A live result as rows.

    Args:
        columns: The columns to show, in this order; all by default.
        key: The column that names the rows.
        inputs: Returns the editable columns for a sample row: how each is entered, as a Field (widget/fields.py).
    """

    def __init__(
        self,
        id: str,
        engine: str,
        awaited: bool,
        live: LiveResult,
        columns: Sequence[str] | None = None,
        key: str = "_id",
        inputs: Callable[[Mapping[Any, Any]], dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(id, engine, awaited)
        self.seen = Seen.of(live)
        self._wanted = None if columns is None else list(columns)
        self._key = key
        self._inputs_of = inputs
        self._inputs: dict[str, Any] = {}
        self._columns: list[str] = []
        self.ts = self.seen.own_ts
        self._take_shape(NOTHING)
        # The latest value, in a tuple, until somebody looks: most moments of a hidden table are never looked at.
        self._unshaped: tuple[Any] | None = (self.seen.value,) if self.seen.has_value else None

    @property
    def is_over(self) -> bool:
        """Whether the result is closed."""
        return self.seen.state == "closed"

    def see(self, seen: Seen) -> None:
        """Move on to another moment."""
        is_same = seen.value is self.seen.value and seen.has_value == self.seen.has_value
        self.seen, self.ts = seen, seen.own_ts
        self.changed()
        if seen.has_value and not is_same:  # without a value the last good rows stay
            self._unshaped = (seen.value,)
            self._take_shape(Shape(self._shape.kind, (), ()))  # the rows of before are not kept for nobody

    @property
    def shape(self) -> Shape:
        """The rows, worked out when they are first looked at."""
        self._look()
        return self._shape

    def _look(self) -> None:
        if self._unshaped is None:
            return
        (value,) = self._unshaped
        shape = shape_of(value, self._key)
        columns = columns_of(shape.rows, self._columns if self._shape.kind == shape.kind else ())
        if self._inputs_of is not None and shape.kind == "table" and shape.rows:
            self._inputs = self._inputs_of(shape.rows[0])
        self._columns = columns if self._wanted is None or shape.kind != "table" else self._wanted
        self._take_shape(shape)
        self._unshaped = None

    def _take_shape(self, shape: Shape) -> None:
        self._shape = shape
        self._arrange = lru_cache(MAX_ARRANGEMENTS)(partial(arrange, shape))

    def arranged(self, wanted: Arrangement) -> Sequence[int]:
        """Return the places of the rows in an order, worked out once per moment."""
        self._look()
        return self._arrange(wanted)

    @property
    def seen_ts(self) -> int:
        """The commit at which its result was last looked at."""
        return self.seen.ts

    def news(self, viewer: Viewer, is_whole: bool) -> tuple[dict[str, Any], Entry]:
        """Return all facts, and the window's rows or what changed in them."""
        places = self.arranged(viewer.window.arrangement)
        first = self._first(viewer, places)
        shown = places[first : first + viewer.window.count]
        keys = self.shape.keys
        rows = {keys[at]: self.shape.cells(at) for at in shown}
        seen = self.seen
        facts = {
            "first": first,
            "total": len(places),
            "size": len(self.shape),
            "kind": self.shape.kind,
            "columns": self._columns,
            "state": self._state(seen.state),
            "error": error_facts(seen.error),
            "title": seen.title,
            "engine": self.engine,
            "inputs": self._inputs,
        }
        known, viewer.rows, viewer.arrangement = viewer.rows, rows, viewer.window.arrangement
        ops = None if is_whole or facts["kind"] != viewer.facts.get("kind") else diff(known, rows)
        if ops is None or len(ops) > len(rows):  # more operations than rows: the rows are the shorter message
            return facts, {"rows": [[key, row] for key, row in rows.items()]}
        return facts, {"ops": ops}

    def nothing(self, error: BaseException) -> tuple[dict[str, Any], Entry]:
        """Return an empty table that says why."""
        facts = {
            "first": 0,
            "total": 0,
            "size": 0,
            "kind": "table",
            "columns": [],
            "state": "failed",
            "error": error_facts(error),
            "title": self.seen.title,
            "engine": self.engine,
            "inputs": {},
        }
        return facts, {"rows": []}

    def _first(self, viewer: Viewer, places: Sequence[int]) -> int:
        """Return the place of a viewer's first row now, and remember it for the next time."""
        window = viewer.window
        first, anchor = window.first, window.anchor
        if anchor is not None:
            is_rearranged = window.arrangement != viewer.arrangement
            held = row_to_hold(anchor, list(viewer.rows), self.shape.keys, places, is_rearranged)
            if held is not None:
                first = held.stands - held.stood + (window.first - viewer.facts["first"])
                anchor = held.key
        first = max(0, min(first, len(places) - window.count))
        viewer.window = replace(window, first=first, anchor=anchor)
        return first


class ContentView(View):
    """Outputs as a notebook has them: what `live.view`, `live.plot` and `%%live` show.

    Attributes:
        title: What it is, for people who cannot see it.
    """

    def __init__(self, id: str, engine: str, awaited: bool, title: str) -> None:
        super().__init__(id, engine, awaited)
        self.title = title
        self.outputs: list[dict[str, Any]] = []
        self.state = "loading"
        self.error: BaseException | None = None
        self.note = ""

    @property
    def is_over(self) -> bool:
        """Whether it is closed."""
        return self.state == "closed"

    def news(self, viewer: Viewer, is_whole: bool) -> tuple[dict[str, Any], Entry]:
        """Return all facts, and the outputs when they are others than the page has."""
        del is_whole  # a viewer that knows nothing knows no outputs
        facts = {
            "state": self._state(self.state),
            "error": error_facts(self.error),
            "title": self.title,
            "engine": self.engine,
            "note": self.note,
        }
        if viewer.outputs is self.outputs:
            return facts, {}
        viewer.outputs = self.outputs
        return facts, {"outputs": self.outputs}

    def nothing(self, error: BaseException) -> tuple[dict[str, Any], Entry]:
        """Return no outputs, and why there are none."""
        facts = {"state": "failed", "error": error_facts(error), "title": self.title, "engine": self.engine, "note": ""}
        return facts, {"outputs": []}


class JobView(ContentView):
    """Outputs of a job, and how it is with the job: what a scheduled cell shows.

    Attributes:
        job: What is known of the job, as JSON; None until something is.
    """

    job: dict[str, Any] | None = None

    def news(self, viewer: Viewer, is_whole: bool) -> tuple[dict[str, Any], Entry]:
        """Return what there is of the outputs, and all of the job."""
        facts, body = super().news(viewer, is_whole)
        return {**facts, "job": self.job}, body

    def nothing(self, error: BaseException) -> tuple[dict[str, Any], Entry]:
        """Return no outputs, and why there are none; the job goes on."""
        facts, body = super().nothing(error)
        return {**facts, "job": self.job}, body


class DrawnView(ContentView):
    """Outputs that a function of the user's makes of a live result.

    Args:
        draw: Returns the outputs of a value; runs user code, so that nobody calls it while holding a lock.
        later: Has the view drawn soon by somebody who calls `drawn`, for functions that must run elsewhere; None for
            those that the hub may call, so that their outputs are in the same frame as the rows they are made of.

    Attributes:
        seen: The latest moment of the result; it is the one shown, unless the state is stale.
    """

    def __init__(
        self,
        id: str,
        engine: str,
        awaited: bool,
        live: LiveResult,
        draw: Callable[[Any], list[dict[str, Any]]],
        later: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(id, engine, awaited, title_of(live))
        self.seen = Seen.of(live)
        self.draw = draw
        self._later = later
        self._drawn: Seen | None = None
        self._failure: BaseException | None = None  # why it could not be drawn the last time

    def see(self, seen: Seen) -> None:
        """Move on to another moment, and have it drawn, if anybody looks and the hub does not."""
        self.seen, self.title = seen, seen.title
        self.changed()
        if not self.is_due:
            self._take_state(seen)
        elif self._later is not None:
            self.state = "stale" if self._drawn is not None else "loading"
            self.ts = self._drawn.ts if self._drawn is not None else None
            if self.shown:
                self._later()

    @property
    def is_for_hub(self) -> bool:
        """Whether the hub is to draw it before the next frame."""
        return self._later is None and self.shown and self.is_due

    @property
    def is_due(self) -> bool:
        """Whether what it shows is not of the latest moment."""
        return self.seen.has_value and (self._drawn is None or self._drawn.value is not self.seen.value)

    def drawn(self, seen: Seen, outputs: list[dict[str, Any]] | None, error: BaseException | None) -> None:
        """Show what was drawn of a moment, or why it could not be; the last good outputs stay then."""
        self._drawn, self._failure = seen, error
        if outputs is not None and outputs != self.outputs:
            self.outputs = outputs
        if not self.is_due:
            self._take_state(self.seen)
        else:
            self.state, self.error, self.ts = "stale", error, seen.ts
            if self._later is not None and self.shown:
                self._later()  # `see` may have found it drawn: the value of before the one that was drawn here
        self.changed()

    @property
    def seen_ts(self) -> int:
        """The commit of which its outputs are."""
        return 0 if self._drawn is None else self._drawn.ts

    def _take_state(self, seen: Seen) -> None:
        failure = None if self.is_due else self._failure
        self.state = "failed" if failure is not None and seen.state == "fresh" else seen.state
        self.error, self.ts = failure if seen.error is None else seen.error, seen.own_ts


def title_of(live: LiveResult) -> str:
    """Return a live result's call as a person would write it: `latest(channel='general')`."""
    return f"{live.path}({arguments_text(live.args)})"


def arguments_text(args: Mapping[str, Any]) -> str:
    """Return arguments as in a call, each cut to `MAX_ARGUMENT` characters."""
    texts = ((name, repr(value)) for name, value in args.items())
    return ", ".join(
        f"{name}={text if len(text) <= MAX_ARGUMENT else text[: MAX_ARGUMENT - 1] + '…'}" for name, text in texts
    )


def error_facts(error: BaseException | None) -> dict[str, str] | None:
    """Return what a page says about an error: the name of its class and its message."""
    return None if error is None else {"name": type(error).__name__, "message": error_text(error)}
