"""Index ranges in words: `messages.by_channel[channel = 'general']`, for errors, for `why()` and for drawings.

Comes in: an interval of index keys. Goes out: the fields of the index with the values that the interval lies between.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from reactive_nb.documents.interval import ALL, Interval, point_interval
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.schema.declaration import BY_CREATION_TIME, BY_ID
from reactive_nb.search.edits import SearchRead
from reactive_nb.search.read_words import describe_search
from reactive_nb.values.key_reader import read_values

_AFTER = b"\xff"


def describe_read(table: str, index: str, read: Interval | SearchRead[Any], snapshot: Snapshot) -> str:
    """Return what was read of an index in words: a range, or a search such as `papers.search_title['data'…]`."""
    if isinstance(read, Interval):
        return describe_range(table, index, read, snapshot)
    state = snapshot.tables.get(table)
    declared = None if state is None else state.stored.table.find_search(index)
    return f"{table}.{index}[{describe_search(read, declared.filter_fields if declared else ())}]"


def describe_range(table: str, index: str, interval: Interval, snapshot: Snapshot) -> str:
    """Return an index range in words: `messages.by_channel[channel = 'general']`."""
    if index == BY_ID:
        point = interval == point_interval(interval.start)
        return f"{table}.by_id[_id = {interval.start.decode()!r}]" if point else f"{table}.by_id[{_span(interval)}]"
    state = snapshot.tables.get(table)
    declared = None if state is None else state.stored.table.find(index)
    if declared is None and index != BY_CREATION_TIME:
        return f"{table}.{index}"
    fields = [*(declared.fields if declared else ()), "_creationTime"]
    lower, after_lower = read_values(interval.start, len(fields))
    upper, after_upper = read_values(interval.end, len(fields))
    equal = 0
    while equal < min(len(lower), len(upper)) and lower[equal] == upper[equal]:
        equal += 1
    parts = [f"{field} = {_shown(value)}" for field, value in zip(fields, lower[:equal], strict=False)]
    if equal < len(lower):
        above = ">" if after_lower == _AFTER else ">="
        parts.append(f"{fields[equal]} {above} {_shown(lower[equal])}")
    if equal < len(upper):
        parts.append(f"{fields[equal]} {'<=' if after_upper else '<'} {_shown(upper[equal])}")
    return f"{table}.{index}[{', '.join(parts) or 'all'}]"


def _shown(value: object) -> str:
    return str(value) if isinstance(value, datetime) else repr(value)


def _span(interval: Interval) -> str:
    return "all" if interval == ALL else f"from {interval.start.decode()!r}"
