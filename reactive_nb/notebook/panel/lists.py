"""The panel's lists: which are open, and the thread that keeps those true which a page shows.

What a page wants to see comes in; views go out whose items are looked at again and again while a page shows them. A
look happens outside every lock of the hub and of the engine, nothing is hooked into a commit, and all looks together
take at most a twentieth of the time, so that a panel that is open does not slow what it shows.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ReactiveError
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.page.list_view import ListView
from reactive_nb.notebook.page.pacer import Pace, Pacer
from reactive_nb.notebook.panel.interface import Items
from reactive_nb.notebook.result.shape import KeyedRows

logger = logging.getLogger("reactive_nb")

LOOK_S = 0.2
"""How often a list is looked at."""
SHARE = 20
"""The part of the time, as 1/20, that looks may take."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a page wants to see.

    Attributes:
        what: The list.
        engine: The database, or None for the list of databases.
        at: The commit it is shown of; None for the newest, again and again.
    """

    what: str
    engine: Engine | None
    at: int | None


class OpenList:
    """Owns the view of one list; held while a page shows it.

    Attributes:
        items: Returns the items as they are now.
    """

    def __init__(self, wanted: Wanted, items: Callable[[], KeyedRows]) -> None:
        self.wanted = wanted
        self.items = items
        self.view: ListView | None = None  # set as soon as there is one
        self.failed = ""  # the failure that was logged last


class Lists:
    """See the module. Every method may be called from any thread.

    Args:
        hub: Where the views are shown.
        databases: Returns the items of the list of databases.
        items: The other lists, by name.
        pace: Given `look`, returns what decides when it is called.
        now: Returns the time in seconds, from any beginning.
    """

    def __init__(
        self,
        hub: Hub,
        databases: Callable[[], KeyedRows],
        items: Mapping[str, Items],
        pace: Callable[[Callable[[], None]], Pace] = Pacer,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hub = hub
        self._databases = databases
        self._items = dict(items)
        self._pace = pace(self.look)
        self._now = now
        self._lock = threading.Lock()  # guards which lists are open; held for moments only
        self._open: weakref.WeakValueDictionary[Wanted, OpenList] = weakref.WeakValueDictionary()

    @property
    def names(self) -> list[str]:
        """The lists that a page may ask for."""
        return ["databases", *self._items]

    def open(self, wanted: Wanted) -> ListView:
        """Return the view of a list; pages that want the same share it.

        Raises:
            ReactiveError: There is no such list.
        """
        with self._lock:
            found = self._open.get(wanted)
            if found is None:
                found = OpenList(wanted, self._reader(wanted))
                self._open[wanted] = found
            if found.view is None:
                found.view = self._hub.open_list(found, _title(wanted), wanted.engine)
                found.view.on_shown = self._pace.wake
            view = found.view
        if view.state == "loading":
            self._look_at(found)  # at once: the page has something to show with its first frame
        return view

    def look(self) -> None:
        """Look at every list that a page shows, and have that done again for as long as one is shown."""
        with self._lock:
            lists = [each for each in self._open.values() if each.view is not None]
        began = self._now()
        shown = [each for each in lists if each.view is not None and each.view.shown and not each.view.is_over]
        for each in shown:
            self._look_at(each)
        if shown:
            self._pace.wake(max(LOOK_S, SHARE * (self._now() - began)))

    def rest(self) -> None:
        """Look no more until a page shows a list again."""
        self._pace.rest()

    def _look_at(self, found: OpenList) -> None:
        view, wanted = found.view, found.wanted
        if view is None:
            return
        is_over = wanted.at is not None or (wanted.engine is not None and wanted.engine.closed)
        state = "closed" if is_over else "live"
        try:
            items = found.items()
        except Exception as error:  # told in the list's place; the other lists go on
            if repr(error) != found.failed:
                found.failed = repr(error)
                logger.info("A list of the panel could not be computed: %s", wanted.what, exc_info=error)
            self._hub.show_list(view, None, state=state, error=error)
        else:
            found.failed = ""
            self._hub.show_list(view, items, state=state)

    def _reader(self, wanted: Wanted) -> Callable[[], KeyedRows]:
        if wanted.what == "databases" and wanted.engine is None:
            return self._databases
        items, engine = self._items.get(wanted.what), wanted.engine
        if items is None or engine is None:
            raise ReactiveError(
                "Cannot open a list of the panel",
                thing=f"{wanted.what!r} was asked for{'' if engine else ', of no database'}",
                expected=f"one of {', '.join(self.names)}, each but the first of a database",
                hint="Load the page again: it may be of another version than the kernel",
            )
        return lambda: items(engine, wanted.at)


def _title(wanted: Wanted) -> str:
    return wanted.what if wanted.at is None else f"{wanted.what} at commit {wanted.at}"


def at_of(params: Mapping[str, Any]) -> int | None:
    """Return the commit that a page asks for, or None for the newest."""
    at = params.get("at")
    return at if isinstance(at, int) and not isinstance(at, bool) else None
