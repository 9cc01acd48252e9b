"""A bar that shows how far an action is, in the cell, form or button that has started it.

Reports of an action come in, from any thread; the newest of them is shown soon, at most ten times a second, also the
last one. Under a cell the bar is made with the first report, and stands under the cell that started the action, wherever
that runs by then (running_cell.py). A form or a button draws its own, while it waits for the action (page/answers.py).
An action that nobody there has started, such as a job, has none.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from html import escape
from typing import Protocol

import ipywidgets

from reactive_nb.functions.actions import Report
from reactive_nb.notebook.page.answers import Tell
from reactive_nb.notebook.page.pacer import Pace, Pacer
from reactive_nb.notebook.running_cell import Place

logger = logging.getLogger("reactive_nb")

INTERVAL_S = 0.1
"""A person sees no more than ten changes of a bar in a second."""


def progress_bar(title: str, place: Place) -> Report:
    """Return what shows the progress of an action; nothing is shown before its first call.

    Args:
        title: What it is about, such as the path of the action.
        place: Where, such as `running_cell` returned when the action began.

    Example:
        >>> report = progress_bar("fetch_all", running_cell())
        >>> report(3, 20, "page 3")
    """
    return _shown_by(Bar(title, place))


def page_bar(tell: Tell) -> Report:
    """Return what shows the progress of an action in the form or button that waits for it.

    Args:
        tell: Tells the page, such as `asking_page` returned when the action began.
    """
    return _shown_by(PageBar(tell))


def _shown_by(bar: Shows) -> Report:
    bars = _bars()
    return lambda done, total, text: bars.show(bar, (done, total, text))


class Shows(Protocol):
    """A bar, wherever it is."""

    def show(self, done: float, total: float | None, text: str) -> None:
        """Show a state."""


class Bar:
    """The widget.

    Args:
        title: Stands before it.
        place: Shows it, when there is something to show.
    """

    def __init__(self, title: str, place: Place) -> None:
        self._title = title
        self._place = place
        self._widgets: tuple[ipywidgets.FloatProgress, ipywidgets.HTML] | None = None

    def show(self, done: float, total: float | None, text: str) -> None:
        """Show a state; the first one makes the bar."""
        is_new = self._widgets is None
        if self._widgets is None:
            bar = ipywidgets.FloatProgress(layout={"width": "16em"})
            self._widgets = bar, ipywidgets.HTML()
        bar, label = self._widgets
        value, end = _extent(done, total)
        with bar.hold_sync():
            # One that nobody knows the end of has no length, and its number says how far it is.
            bar.max = 1.0 if end is None else end
            bar.value = 0.0 if end is None else value
            bar.bar_style = "success" if value == end else ""
        label.value = escape(_words(self._title, done, total, text))
        if is_new:
            self._place(ipywidgets.HBox([bar, label]))


class PageBar:
    """A bar that a page draws.

    Args:
        tell: Tells the page.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def show(self, done: float, total: float | None, text: str) -> None:
        """Have the page show a state; the name of the action stands on the page already."""
        self._tell(*_extent(done, total), _words("", done, total, text))


class Bars:
    """All bars of this process, drawn by one thread.

    Args:
        pace: Given a function, returns what decides when it is called.
    """

    def __init__(self, pace: Callable[[Callable[[], None]], Pace]) -> None:
        self._lock = threading.Lock()
        self._due: dict[Shows, tuple[float, float | None, str]] = {}
        self._pace = pace(self._draw)

    def show(self, bar: Shows, state: tuple[float, float | None, str]) -> None:
        """Show a state of a bar with the next drawing."""
        with self._lock:
            self._due[bar] = state
        self._pace.wake()

    def _draw(self) -> None:
        with self._lock:
            due, self._due = self._due, {}
        for bar, state in due.items():
            try:
                bar.show(*state)
            except Exception:  # the others are to be shown; what an action reports may be anything
                logger.exception("A progress bar could not be shown: %r", state)


def _extent(done: float, total: float | None) -> tuple[float, float | None]:
    """Return how much of a bar is full, and how long it is; None without an end. Both are finite."""
    end = float(total) if total is not None and total > 0 and math.isfinite(total) else None
    full = max(float(done), 0.0) if math.isfinite(done) else 0.0
    return (full if end is None else min(full, end)), end


def _words(title: str, done: float, total: float | None, text: str) -> str:
    amount = f"{done:,g}" if total is None else f"{done:,g} of {total:,g}"
    return " · ".join(filter(None, [title, amount, text]))


_shared: Bars | None = None
_making = threading.Lock()


def _bars() -> Bars:
    global _shared
    with _making:
        if _shared is None:
            _shared = Bars(lambda draw: Pacer(draw, INTERVAL_S))
        return _shared
