"""The place of a reactive cell on pages: a panel that belongs to another database when the cell's last run read another."""

from __future__ import annotations

from reactive_nb.notebook.page.interface import TransitionSource
from reactive_nb.notebook.page.panel import Panel


class Place(Panel):
    """See the module."""

    def follow(self, engine: TransitionSource | None) -> None:
        """Have pages name the commits of an engine, or of none, from the next frame on."""
        # The hub gives engines their names, and tells them when it opens a view.
        view = self._hub.open_content(self, self.view.title, engine, awaited=False)
        self.view.engine = view.engine
        self._hub.close_view(view)
