"""What all widgets on the channel have in common: they carry a view's snapshot and are told of nothing else.

Python sends nothing through a widget's own traits after it is made: news come in the hub's frames. What a widget holds
for a page that is opened later, or for a saved notebook, is computed when it is asked for, so it is never old.
"""

from __future__ import annotations

from typing import Any

import anywidget
import ipywidgets
import traitlets

from reactive_nb.notebook.page.channel import Channel, answer_at_once, channel
from reactive_nb.notebook.page.view import Entry, View


class ViewWidget(anywidget.AnyWidget):
    """A widget that shows one view.

    Args:
        view: What it shows.
    """

    channel = traitlets.Instance(Channel).tag(sync=True, **ipywidgets.widget_serialization)
    snapshot = traitlets.Any().tag(sync=True, to_json=lambda _, widget: widget.current())

    def __init__(self, view: View, **traits: Any) -> None:
        self.view = view
        super().__init__(channel=channel(), **traits)
        self._own_layout = self.layout  # a widget of its own, which nobody else would close
        answer_at_once(self)

    def current(self) -> Entry:
        """Return what a page needs to show the view as it is now."""
        return self.channel.hub.snapshot(self.view)

    def close(self) -> None:
        """Take it from all pages."""
        # Dropped results are finalized anywhere, also while this thread or another one holds the hub's locks: the
        # view is only marked here.
        self.view.awaited = False
        super().close()
        self._own_layout.close()
