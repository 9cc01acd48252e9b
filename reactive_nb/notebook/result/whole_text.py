"""Values as whole text, for what leaves the page: copied cells, and the detail of one cell.

A page has cells cut to what fits (encoding.py); here nothing is cut but what nobody could read.
"""

from __future__ import annotations

import json
import pprint
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from reactive_nb.notebook.result.shape import Shape

MAX_DETAIL = 200_000


def detail(value: Any) -> str:
    """Return one value as text to read: a string as it is, anything nested over several lines."""
    text = value if isinstance(value, str) else pprint.pformat(value, width=100, sort_dicts=False)
    if len(text) <= MAX_DETAIL:
        return text
    return f"{text[:MAX_DETAIL]}\n… and {len(text) - MAX_DETAIL:,} more characters"


def tab_separated(shape: Shape, places: Iterable[int], columns: Sequence[str]) -> str:
    r"""Return rows as tab-separated values, as spreadsheets read them.

    Numbers have all their digits, times are in UTC, None and missing fields are empty, nested values are JSON.

    Example:
        >>> tab_separated(shape_of([{"a": 1, "b": "x"}]), [0], ["a", "b"])
        '1\tx'
    """
    return "\n".join("\t".join(_cell(shape.rows[at].get(column)) for column in columns) for at in places)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            text = value
        case datetime():
            text = (value.astimezone(UTC) if value.tzinfo else value).isoformat(timespec="microseconds")
        case list() | dict():
            text = json.dumps(value, ensure_ascii=False, default=str)
        case _:
            text = str(value)
    # A quote alone would be read as the beginning of a quoted cell.
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in '\t\n\r"') else text
