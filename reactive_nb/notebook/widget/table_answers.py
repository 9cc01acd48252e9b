"""What answers a page's requests about one table of rows: the whole of a cell, rows as text, documents, edits.

A view of rows, a method and its parameters come in; JSON goes out. There is no widget here: live tables (table.py) and
the panel's data browser (panel/data.py) answer with it.
"""

from __future__ import annotations

from typing import Any

from reactive_nb.errors import ReactiveError
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.page.view import RowsView
from reactive_nb.notebook.result.arrangement import Window, arrange
from reactive_nb.notebook.result.encoding import encode_cell
from reactive_nb.notebook.result.whole_text import detail, tab_separated
from reactive_nb.notebook.widget.edit import CellEdits

_DOES = {
    "cell": "show a cell",
    "tsv": "copy rows",
    "raw": "open an editor",
    "pick": "find documents",
    "edit": "change a cell",
}
"""What the requests of a page are, for people."""


class TableAnswers:
    """Answers requests about the rows that a view shows.

    Args:
        hub: Shows the view.
        edits: What may be edited, and what an edit does; None: nothing.
    """

    def __init__(self, hub: Hub, edits: CellEdits | None = None) -> None:
        self._hub = hub
        self._edits = edits

    def answer(self, view: RowsView, method: str, params: dict[str, Any]) -> Any:
        """Do what a page asks of a view."""
        match method, params:
            case "cell", {"key": str(key), "column": str(column)}:
                return {"text": detail(self._value(view, key, column))}
            case "tsv", {"first": int(first), "last": int(last), "columns": list(columns)}:
                shape, wanted = self._hub.shape_of(view), Window.from_json(params).arrangement
                # Not the view's own arrangement, which may be of the next moment already.
                places = arrange(shape, wanted)[max(0, first) : last + 1]
                return {"text": tab_separated(shape, places, columns)}
            case "raw", {"key": str(key), "column": str(column)} if self._edits is not None:
                return {"raw": self._edits.raw(key, column, self._value(view, key, column))}
            case "pick", {"field": str(column), "text": str(text)} if self._edits is not None:
                rows = self._hub.shape_of(view).rows
                found = self._edits.pick(rows[0] if rows else None, column, text)
                if found is not None:
                    return found
            case "edit", {"key": str(key), "column": str(column), "raw": raw, "base": base} if self._edits is not None:
                return {"ts": self._edit(view, self._edits, key, column, raw, base)}
        raise ReactiveError(
            f"Cannot {_DOES.get(method, method)} in {name_of(view)}",
            thing=self._reason(method, params),
            expected="a cell to show, rows to copy, or a column that the table has as editable",
            hint="Load the page again, then run the cell that shows the table",
        )

    def _edit(self, view: RowsView, edits: CellEdits, key: str, column: str, raw: Any, base: Any) -> int:
        # A row may have left the result while its editor was open; its document tells whether it is still the same.
        is_there = key in self._hub.shape_of(view).keys
        shown = encode_cell(self._value(view, key, column)) if is_there else base
        ts = edits.apply(key, column, raw, base, shown)
        # The page shows what was typed until it hears of the commit, which may change nothing that it shows.
        if edits.wait_for_results():
            self._hub.confirm(view, ts)
        return ts

    def _reason(self, method: str, params: dict[str, Any]) -> str:
        if method not in _DOES:
            return "the page asked for something that tables do not do"
        if method == "pick" and "field" in params:
            return f"the column {params['field']!r} has no ids that can be edited"
        if method in ("raw", "edit") and self._edits is None:
            return "the table is not editable"
        return "the page did not say which"

    def _value(self, view: RowsView, key: str, column: str) -> Any:
        shape = self._hub.shape_of(view)
        try:
            return shape.rows[shape.keys.index(key)].get(column)
        except ValueError:
            raise ReactiveError(
                f"Cannot find the row {key!r} of {name_of(view)}",
                thing="it is in the result no more",
                expected="a row that is still there",
                hint="Look at the newest rows, and try again with one of them",
            ) from None


def name_of(view: RowsView) -> str:
    """Return what a table is called where it cannot be shown."""
    return f"<table of {view.seen.title}>"
