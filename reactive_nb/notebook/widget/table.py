"""The live table: one live result on pages, virtual, sorted, filtered and edited there, kept true from here.

A live result comes in; a widget whose pages follow it goes out. What they ask, table_answers.py answers.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from reactive_nb.notebook.page.channel import channel, has_front_end
from reactive_nb.notebook.page.interface import LiveResult
from reactive_nb.notebook.page.module import page_module, page_style
from reactive_nb.notebook.page.view import RowsView
from reactive_nb.notebook.widget.base import ViewWidget, close_with
from reactive_nb.notebook.widget.edit import Edits
from reactive_nb.notebook.widget.table_answers import TableAnswers, name_of


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
        self._answers = TableAnswers(hub, edits)
        inputs = None if edits is None else edits.inputs
        super().__init__(hub.open_rows(live, has_front_end(), columns, key, inputs))
        hub.answer_for(self.view, self)

    def _name(self, view: RowsView) -> str:
        return name_of(view)

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        """Do what a page asks; see `reactive_nb.notebook.page.answers.Target`."""
        return self._answers.answer(self.view, method, params)


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
