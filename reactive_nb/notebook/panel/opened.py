"""The panel of this kernel, put together: made when the first page looks."""

from __future__ import annotations

from reactive_nb.engine import open_engines
from reactive_nb.notebook.page.channel import channel
from reactive_nb.notebook.panel import databases
from reactive_nb.notebook.panel.areas import AREAS, LISTS
from reactive_nb.notebook.panel.lists import Lists
from reactive_nb.notebook.panel.panel import Databases, LabPanel


class OpenPanel:
    """What stands behind the link.

    Attributes:
        hub: Carries its messages.
        name: Whom pages ask.
    """

    def __init__(self) -> None:
        self.hub = channel().hub
        known = Databases(self.hub, open_engines)
        lists = Lists(self.hub, lambda: databases.items(known), LISTS)
        areas = {name: make(self.hub, known) for name, make in AREAS.items()}
        self._panel = LabPanel(known, lists, areas)  # the hub holds it weakly
        self.name = self.hub.register(self._panel)
