"""`live.view` and `live.plot`: what a user's function makes of a live result, kept true on pages.

A view's function runs where frames are made, so that it is in the same frame as the tables beside it. A plot is slow
and its libraries are not safe in threads: it is drawn on the main thread between cells, one frame later or, while a
cell runs, after it; until then the page says that it is stale and which commit it shows.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from reactive_nb.notebook.page.channel import channel, has_front_end
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.page.interface import LiveResult
from reactive_nb.notebook.page.outputs import require_json
from reactive_nb.notebook.page.view import DrawnView
from reactive_nb.notebook.widget.base import close_with
from reactive_nb.notebook.widget.content import ContentWidget
from reactive_nb.notebook.widget.figure import drawn, view_outputs


def open_view(live: LiveResult, function: Callable[[Any], Any]) -> ContentWidget:
    """Return a widget that shows what `function` makes of the value.

    Args:
        live: The result.
        function: Returns text, `HTML`, or anything that a cell can show.
    """
    hub = channel().hub
    view = hub.open_drawn(live, lambda value: view_outputs(function(value)), awaited=has_front_end())
    _draw_first(hub, view)
    return _widget(live, view)


def open_plot(
    live: LiveResult,
    function: Callable[[Any], Any],
    frame: Callable[[Any], Any],
    soon: Callable[[Callable[[], None]], None],
) -> ContentWidget:
    """Return a widget that shows what `function` draws of the value; it is drawn here and now for the first time.

    Args:
        live: The result.
        function: Draws a data frame, and returns the figure or has drawn with pyplot.
        frame: Makes the data frame of a value; a method of `live`.
        soon: Runs a job on the main thread between cells.
    """
    hub = channel().hub
    # Weakly: the result holds the view, and is to end with the last reference to it from elsewhere.
    frame_of = weakref.WeakMethod(frame)

    def draw(value: Any) -> list[dict[str, Any]]:
        frame = frame_of()
        return [] if frame is None else drawn(function, frame(value))

    def redraw() -> None:
        seen = view.seen
        if view.is_due and view.shown:  # one that nobody sees is drawn when somebody does
            try:
                outputs = draw(seen.value)
            except BaseException as error:  # noqa: BLE001 - of the user's, an interrupt among it; the page says so
                hub.drawn(view, seen, None, error)
            else:
                hub.drawn(view, seen, outputs, None)

    def later() -> None:
        soon(redraw)

    view = hub.open_drawn(live, draw, later, has_front_end())
    view.on_shown = lambda: later() if view.is_due else None
    _draw_first(hub, view)
    return _widget(live, view)


def _draw_first(hub: Hub, view: DrawnView) -> None:
    """Draw a view in the cell that makes it, which shows what the function raises."""
    seen = view.seen
    if seen.has_value:
        try:
            hub.drawn(view, seen, require_json(view.draw(seen.value)), None)
        except BaseException:
            hub.close_view(view)
            raise


def _widget(live: LiveResult, view: DrawnView) -> ContentWidget:
    widget = ContentWidget(view)
    close_with(live, widget)
    return widget
