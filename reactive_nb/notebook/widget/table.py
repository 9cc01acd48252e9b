"""The live table: one live result on pages, virtual, sorted, filtered and edited there, kept true from here.

A live result comes in; a widget whose pages follow it goes out, and it answers what they ask: the whole of a cell,
rows as text, documents for a column of ids, and edits.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any, cast

from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ReactiveError
from reactive_nb.notebook.page.channel import channel, has_front_end
from reactive_nb.notebook.page.interface import LiveResult
from reactive_nb.notebook.page.module import page_module, page_style
from reactive_nb.notebook.page.view import RowsView
from reactive_nb.notebook.result.arrangement import Window, arrange
from reactive_nb.notebook.result.encoding import encode_cell
from reactive_nb.notebook.result.shape import Shape
from reactive_nb.notebook.result.whole_text import detail, tab_separated
from reactive_nb.notebook.widget.base import ViewWidget, close_with
from reactive_nb.notebook.widget.edit import Edits
from reactive_nb.notebook.widget.submission import Asked, Submission
from reactive_nb.values.validators import v

_DOES = {
    "cell": "show a cell",
    "tsv": "copy rows",
    "raw": "open an editor",
    "pick": "find documents",
    "edit": "change a cell",
}
"""What the requests of a page are, for people."""


class LiveTable(ViewWidget[RowsView]):
    """A live result as a table, a list, a record or a single value, whichever it is.

    Args:
        live: The result to show.
        columns: The columns to show, in this order; all by default.
        key: The column that names the rows.
        edits: What may be edited, and what an edit does; nothing by default.

    Example:
        >>> LiveTable(latest.live(channel="general"))  # what a live result shows as by itself
    """

    _esm = page_module("grid.js")
    _css = page_style("base.css", "grid.css", "form.css")

    def __init__(
        self, live: LiveResult, columns: Sequence[str] | None = None, key: str = "_id", edits: Edits | None = None
    ) -> None:
        hub = channel().hub
        self._edits = edits
        # An editable result is one of a database.
        self._queried = None if edits is None else (cast("Engine", live.engine), live.path)
        inputs = None if edits is None else edits.inputs
        super().__init__(hub.open_rows(live, has_front_end(), columns, key, inputs))
        hub.answer_for(self.view, self)

    def _name(self, view: RowsView) -> str:
        return f"<table of {view.seen.title}>"

    @property
    def _shape(self) -> Shape:
        return self.channel.hub.shape_of(self.view)

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        """Do what a page asks; see `reactive_nb.notebook.page.answers.Target`."""
        match method, params:
            case "cell", {"key": str(key), "column": str(column)}:
                return {"text": detail(self._value(key, column))}
            case "tsv", {"first": int(first), "last": int(last), "columns": list(columns)}:
                shape, wanted = self._shape, Window.from_json(params).arrangement
                # Not the view's own arrangement, which may be of the next moment already.
                places = arrange(shape, wanted)[max(0, first) : last + 1]
                return {"text": tab_separated(shape, places, columns)}
            case "raw", {"key": str(key), "column": str(column)} if self._edits is not None:
                return {"raw": self._edits.raw(key, column, self._value(key, column))}
            case "pick", {"field": str(column)} if (picker := self._picker(column)) is not None:
                return picker.answer(method, params)
            case "edit", {"key": str(key), "column": str(column), "raw": raw, "base": base} if self._edits is not None:
                # A row may have left the result while its editor was open; its document tells whether it is still the same.
                shown = encode_cell(self._value(key, column)) if key in self._shape.keys else base
                ts = self._edits.apply(key, column, raw, base, shown)
                # The page shows what was typed until it hears of the commit, which may change nothing that it shows.
                if self._edits.wait_for_results():
                    self.channel.hub.confirm(self.view, ts)
                return {"ts": ts}
        raise ReactiveError(
            f"Cannot {_DOES.get(method, method)} in {self!r}",
            thing=self._reason(method, params),
            expected="a cell to show, rows to copy, or a column that the table has as editable",
            hint="Load the page again, then run the cell that shows the table",
        )

    def _reason(self, method: str, params: dict[str, Any]) -> str:
        if method not in _DOES:
            return "the page asked for something that tables do not do"
        if method == "pick" and "field" in params:
            return f"the column {params['field']!r} has no ids that can be edited"
        if method in ("raw", "edit") and self._edits is None:
            return "the table is not editable"
        return "the page did not say which"

    def _picker(self, column: str) -> Submission | None:
        """Return what finds documents for an editable column of ids, as a form finds them for such an argument."""
        if self._edits is None or self._queried is None:
            return None
        rows = self._shape.rows
        field = self._edits.inputs(rows[0] if rows else None).get(column, {})
        if "table" not in field:
            return None
        engine, path = self._queried
        return Submission(engine, engine.find(path), {column: Asked(v.id(field["table"]))}, {}, {})

    def _value(self, key: str, column: str) -> Any:
        shape = self._shape
        try:
            return shape.rows[shape.keys.index(key)].get(column)
        except ValueError:
            raise ReactiveError(
                f"Cannot find the row {key!r} of {self!r}",
                thing="it is in the result no more",
                expected="a row that is still there",
                hint="Look at the newest rows, and try again with one of them",
            ) from None


_tables: weakref.WeakKeyDictionary[LiveResult, LiveTable] = weakref.WeakKeyDictionary()


def table_of(live: LiveResult) -> LiveTable:
    """Return the one plain table of `live`: shown in two cells, it is sent once."""
    with channel().hub.opening():
        table = _tables.get(live)
        if table is None or table.comm is None or table.channel.comm is None:
            table = _tables[live] = open_table(live)
        return table


def open_table(
    live: LiveResult, columns: Sequence[str] | None = None, key: str = "_id", edits: Edits | None = None
) -> LiveTable:
    """Return a new table of `live`, which is closed when `live` is dropped; arguments as for `LiveTable`."""
    table = LiveTable(live, columns, key, edits)
    close_with(live, table)
    return table
