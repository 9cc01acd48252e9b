"""Lists: named items that a page of the Lab panel shows and whose differences alone are told.

Items come in, from whoever computes them; the same row operations as for tables go out in the hub's frames. An item is
a JSON object under a key that no other item has.
"""

from __future__ import annotations

from typing import Any

from reactive_nb.notebook.page.view import Entry, View, Viewer, error_facts
from reactive_nb.notebook.result.rows import diff
from reactive_nb.notebook.result.shape import KeyedRows


class ListView(View):
    """A list of items.

    Attributes:
        title: What it is, for people who cannot see it.
        state: `loading` until the first items; `live`, or `closed` for a list that never changes again.
        error: Why the items could not be computed the last time; those of before stay.
    """

    def __init__(self, id: str, engine: str, awaited: bool, title: str) -> None:
        super().__init__(id, engine, awaited)
        self.title = title
        self.state = "loading"
        self.error: BaseException | None = None
        self._items: KeyedRows = {}

    @property
    def is_over(self) -> bool:
        """Whether it never changes again."""
        return self.state == "closed"

    def show(self, items: KeyedRows | None, *, state: str = "live", error: BaseException | None = None) -> bool:
        """Take over items, or None for those that are there; return whether a page would see a difference."""
        facts = state, error_facts(error)
        is_same = (items is None or _same(items, self._items)) and facts == (self.state, error_facts(self.error))
        if is_same:
            return False
        if items is not None:
            self._items = items
        self.state, self.error = state, error
        self.changed()
        return True

    def news(self, viewer: Viewer, is_whole: bool) -> tuple[dict[str, Any], Entry]:
        """Return all facts, and the items or what changed in them."""
        known, viewer.rows = viewer.rows, self._items
        ops = None if is_whole else diff(known, self._items)
        if ops is None or len(ops) > len(self._items):
            return self._facts(), {"rows": [[key, item] for key, item in self._items.items()]}
        return self._facts(), {"ops": ops}

    def nothing(self, error: BaseException) -> tuple[dict[str, Any], Entry]:
        """Return no items, and why there are none."""
        return {**self._facts(), "state": "failed", "error": error_facts(error), "total": 0}, {"rows": []}

    def _facts(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "error": error_facts(self.error),
            "title": self.title,
            "engine": self.engine,
            "total": len(self._items),
        }


def _same(a: KeyedRows, b: KeyedRows) -> bool:
    return list(a) == list(b) and not diff(a, b)
