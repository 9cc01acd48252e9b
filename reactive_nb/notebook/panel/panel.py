"""What the panel's pages ask of the kernel: to open a list, or something of one of the panel's areas.

Requests come in through the hub, each on a thread of its pool; JSON goes out. What is listed stands in one module for
each list, what can be done in one for each area; this one knows where to pass a request on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ReactiveError
from reactive_nb.notebook.page.answers import Target
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.panel.lists import Lists, Wanted, at_of


class Databases:
    """The databases that are open, by their names in messages."""

    def __init__(self, hub: Hub, engines: Callable[[], Sequence[Engine]]) -> None:
        self._hub = hub
        self._engines = engines

    def all(self) -> dict[str, Engine]:
        """Return them by name."""
        return {self._hub.name_of(engine): engine for engine in self._engines() if not engine.closed}

    def get(self, name: object) -> Engine:
        """Return one.

        Raises:
            ReactiveError: There is none of this name.
        """
        engine = self.all().get(name) if isinstance(name, str) else None
        if engine is None:
            raise ReactiveError(
                "Cannot show a database",
                thing=f"{name!r} is not open in this kernel",
                expected="a database that is open",
                hint="Run the cell that opens it again",
            )
        return engine


class LabPanel:
    """Answers the panel's pages; see `reactive_nb.notebook.page.answers.Target`.

    Args:
        databases: The databases that are open.
        lists: The lists.
        areas: What answers `<area>.<method>`, by area.
    """

    def __init__(self, databases: Databases, lists: Lists, areas: Mapping[str, Target]) -> None:
        self._databases = databases
        self._lists = lists
        self._areas = dict(areas)

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        """Do what a page asks."""
        if method == "open":
            name = params.get("db")
            engine = None if name is None else self._databases.get(name)
            view = self._lists.open(Wanted(str(params.get("what")), engine, at_of(params)))
            return {"view": view.id}
        name, _, rest = method.partition(".")
        area = self._areas.get(name)
        if area is None or not rest:
            raise ReactiveError(
                f"Cannot do {method!r} for the panel",
                thing="there is nothing of this name",
                expected=f"open, or a method of one of {', '.join(self._areas)}",
                hint="Load the page again: it may be of another version than the kernel",
            )
        return area.answer(rest, params)
