"""What all widgets on the channel have in common: they carry a view's snapshot and are told of nothing else.

Python sends nothing through a widget's own traits after it is made: news come in the hub's frames. What a widget holds
for a page that is opened later, or for a saved notebook, is computed when it is asked for, so it is never old.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import anywidget
import ipywidgets
import traitlets

from reactive_nb.errors import QueryUsageError
from reactive_nb.notebook.page.channel import Channel, answer_at_once, channel
from reactive_nb.notebook.page.view import Entry, View

V = TypeVar("V", bound=View)


class ViewWidget(anywidget.AnyWidget, Generic[V]):
    """A widget that shows one view.

    Args:
        view: What it shows.
    """

    channel = traitlets.Instance(Channel).tag(sync=True, **ipywidgets.widget_serialization)
    snapshot = traitlets.Any().tag(sync=True, to_json=lambda _, widget: widget.current())

    # ipywidgets closes what is dropped, also a widget that failed before these were set.
    _view: Callable[[], V | None] = staticmethod(lambda: None)
    _own_layout: ipywidgets.Layout | None = None

    def __init__(self, view: V, **traits: Any) -> None:
        # Weakly: ipywidgets holds every open widget, and a view may hold the function that names its live result.
        self._view = weakref.ref(view)
        super().__init__(channel=channel(), **traits)
        self._own_layout = self.layout  # a widget of its own, which nobody else would close
        answer_at_once(self)

    @property
    def view(self) -> V:
        """What it shows.

        Raises:
            QueryUsageError: Its owner was dropped, and the view with it.
        """
        view = self._view()
        if view is None:
            raise QueryUsageError(
                "Cannot use a widget",
                thing="its live result was dropped",
                expected="a result that a variable or a page still holds",
                hint="Run its cell again",
            )
        return view

    def __repr__(self) -> str:
        view = self._view()
        return "<a widget of a dropped result>" if view is None else self._name(view)

    def _name(self, view: V) -> str:
        """Return what it is called where it cannot be shown."""
        return f"<a widget of {view.id}>"

    def current(self) -> Entry:
        """Return what a page needs to show the view as it is now."""
        view = self._view()
        if view is None:
            return {"gone": True, "view": "", "engine": "", "ts": 0}
        return self.channel.hub.snapshot(view)

    def close(self) -> None:
        """Take it from all pages."""
        # Dropped results are finalized anywhere, also while this thread or another one holds the hub's locks: the
        # view is only marked here.
        view = self._view()
        if view is not None:
            view.abandoned = True
        super().close()
        if self._own_layout is not None:
            self._own_layout.close()


def close_with(owner: object, widget: ViewWidget[Any]) -> None:
    """Have a widget closed when an owner is dropped, without holding the widget until then."""
    weakref.finalize(owner, _close, weakref.ref(widget)).atexit = False


def _close(widget: weakref.ref[ViewWidget[Any]]) -> None:
    still_there = widget()
    if still_there is not None:
        still_there.close()
