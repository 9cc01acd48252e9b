"""A bar under a cell that shows how far an action is.

Reports of an action come in, from any thread; the newest of them is shown soon, at most ten times a second, also the
last one. The bar is made with the first report, and stands under the cell that started the action, wherever that runs
by then. An action that no cell has started, such as a job, has none; see running_cell.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from html import escape

import ipywidgets

from reactive_nb.functions.actions import Report
from reactive_nb.notebook.page.pacer import Pace, Pacer
from reactive_nb.notebook.running_cell import Place

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
    bars, bar = _bars(), Bar(title, place)
    return lambda done, total, text: bars.show(bar, (done, total, text))


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
        is_known = total is not None and total > 0
        with bar.hold_sync():
            # One that nobody knows the end of has no length, and its number says how far it is.
            bar.max = total if is_known else 1.0
            bar.value = min(max(done, 0.0), total) if is_known and total is not None else 0.0
            bar.bar_style = "success" if is_known and total is not None and done >= total else ""
        label.value = escape(_words(self._title, done, total, text))
        if is_new:
            self._place(ipywidgets.HBox([bar, label]))


class Bars:
    """All bars of this process, drawn by one thread.

    Args:
        pace: Given a function, returns what decides when it is called.
    """

    def __init__(self, pace: Callable[[Callable[[], None]], Pace]) -> None:
        self._lock = threading.Lock()
        self._due: dict[Bar, tuple[float, float | None, str]] = {}
        self._pace = pace(self._draw)

    def show(self, bar: Bar, state: tuple[float, float | None, str]) -> None:
        """Show a state of a bar with the next drawing."""
        with self._lock:
            self._due[bar] = state
        self._pace.wake()

    def _draw(self) -> None:
        with self._lock:
            due, self._due = self._due, {}
        for bar, state in due.items():
            bar.show(*state)


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
