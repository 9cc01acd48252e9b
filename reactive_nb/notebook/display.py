"""What a live result shows as: the live view, and beside it text and HTML for places where nothing can be live.

A live result comes in, a mime bundle goes out. A front end with widgets shows the view. A rendered notebook file, a
terminal and a diff show the same rows as they were when the cell ran.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from reactive_nb.notebook.page.channel import has_front_end
from reactive_nb.notebook.page.interface import LiveResult
from reactive_nb.notebook.page.view import Seen, error_facts, title_of
from reactive_nb.notebook.result.encoding import Cell
from reactive_nb.notebook.result.shape import NOTHING, SYSTEM_COLUMNS, Row, Shape, columns_of, shape_of
from reactive_nb.notebook.widget.table import table_of

MAX_TEXT_ROWS = 10
MAX_HTML_ROWS = 50
MAX_CELL = 32

TABLE_STYLE = "border-collapse:collapse;font-size:13px"
CELL_STYLE = "text-align:left;vertical-align:top;padding:2px 12px 2px 0;border-bottom:1px solid rgba(128,128,128,.3)"


def mimebundle(live: LiveResult) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what IPython displays for `live`, as data and metadata; `Live._repr_mimebundle_` returns this.

    The view is in it when there is a kernel whose front end could show it.
    """
    fallback: dict[str, Any] = {"text/plain": as_text(live), "text/html": as_html(live)}
    view = table_of(live)._repr_mimebundle_() if has_front_end() else None
    data, metadata = view or ({}, {})
    return {**data, **fallback}, metadata


def as_text(live: LiveResult) -> str:
    """Return the result as plain text: a line about it, then its first rows in columns."""
    shape = _shape_of(live)
    columns, rows = _first(shape, MAX_TEXT_ROWS)
    body = [[cell_text(row.get(column, "")) for column in columns] for row in rows]
    if shape.kind == "table" and columns:
        body.insert(0, columns)
    widths = [max(map(len, column)) for column in zip(*body, strict=True)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in body]
    return "\n".join([_headline(live, shape), *lines, *_notes(live, shape, MAX_TEXT_ROWS)])


def as_html(live: LiveResult) -> str:
    """Return the result as an HTML table without script or style sheet."""
    shape = _shape_of(live)
    columns, rows = _first(shape, MAX_HTML_ROWS)
    body = [[cell_text(row.get(column, "")) for column in columns] for row in rows]
    head = columns if shape.kind == "table" else []
    notes = "".join(f"<div>{escape(note)}</div>" for note in _notes(live, shape, MAX_HTML_ROWS))
    return f"<div><code>{escape(_headline(live, shape))}</code></div>{html_table(head, body)}{notes}"


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a plain HTML table of escaped text."""

    def line(tag: str, texts: Sequence[str]) -> str:
        cells = "".join(f'<{tag} style="{CELL_STYLE}">{escape(text)}</{tag}>' for text in texts)
        return f"<tr>{cells}</tr>"

    body = "".join(line("td", row) for row in rows)
    return f'<table style="{TABLE_STYLE}">{line("th", head) if head else ""}{body}</table>'


def _shape_of(live: LiveResult) -> Shape:
    seen = Seen.of(live)
    return shape_of(seen.value) if seen.has_value else NOTHING


def _first(shape: Shape, count: int) -> tuple[list[str], list[Row]]:
    """Return the columns to show at first, without `_id` and `_creationTime` when there are others, and some rows."""
    columns = columns_of(shape.rows)
    return [column for column in columns if column not in SYSTEM_COLUMNS] or columns, list(shape.head(count).values())


def cell_text(cell: Cell) -> str:
    """Return a cell's JSON form as short text of one line."""
    match cell:
        case {"$datetime": str(text)}:
            text = text.replace("T", " ").replace("+00:00", "Z")
        case {"$int": str(text)} | {"$float": str(text)} | {"$repr": str(text)} | {"$text": str(text)} | str(text):
            pass
        case {"$bytes": str(digits), "size": size}:
            text = f"{size} bytes {digits}"
        case {"$vector": list(items), "size": size} | {"$list": list(items), "size": size}:
            text = f"[{', '.join(map(cell_text, items))}, … {size} items]"
        case _:
            text = repr(cell)
    text = " ".join(text.split())
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…"


def _headline(live: LiveResult, shape: Shape) -> str:
    noun = {"table": "rows", "list": "items", "record": "fields", "scalar": ""}[shape.kind]
    size = f"{len(shape)} {noun}, " if noun else ""
    return f"{title_of(live)}: {size}commit {live.ts}, {live.state}"


def _notes(live: LiveResult, shape: Shape, limit: int) -> list[str]:
    more = len(shape) - min(len(shape), limit)
    error = error_facts(live.error)
    return [f"… and {more} more"] * (more > 0) + ([f"{error['name']}: {error['message']}"] if error else [])
