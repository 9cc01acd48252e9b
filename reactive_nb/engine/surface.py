"""The surface: what the engine needs of the side that people see; the notebook's hands one in.

Below it nothing knows of widgets. An engine only passes on what a user asked of a function or of the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from reactive_nb.functions.actions import Report
from reactive_nb.functions.function import Function

if TYPE_CHECKING:
    from reactive_nb.engine.engine import Engine


class Surface(Protocol):
    """Makes what shows an engine and its functions. Every method may be called from any thread."""

    def origin(self) -> str:
        """Return from where the calling thread's call comes, in words such as `"In[7]"`; empty when nobody knows."""

    def live(self, engine: Engine, function: Function, args: dict[str, Any], /) -> Any:
        """Return a live result for a query call whose arguments are not checked yet."""

    def form(self, engine: Engine, function: Function, options: dict[str, Any], /) -> Any:
        """Return a form that runs a function."""

    def button(self, engine: Engine, function: Function, label: str | None, args: dict[str, Any], /) -> Any:
        """Return a button that runs a function."""

    def progress(self, title: str, /) -> Report:
        """Return what shows how far an action is, where it was started; nothing is shown before its first call."""

    def timeline(self, engine: Engine, count: int, /) -> Any:
        """Return a drawing of the latest transactions."""

    def graph(self, engine: Engine, /) -> Any:
        """Return a drawing of tables, index ranges, queries and views."""
