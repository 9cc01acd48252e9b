"""What a search has read in words: `'reactive', 'data'…; field = 'db'`, for `why()`, for errors and for drawings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_never

from reactive_nb.search.ball import Ball
from reactive_nb.search.condition import ALWAYS, AllOf, AnyOf, Condition, Within
from reactive_nb.search.edits import SearchRead
from reactive_nb.search.text_read import TextRead
from reactive_nb.values.key_reader import read_values
from reactive_nb.values.value import UNSET

_MOST_WORDS = 8


def describe_search(read: SearchRead[Any], filter_fields: Sequence[str]) -> str:
    """Return what a search has read.

    Args:
        read: The words or the ball that it looked for.
        filter_fields: The filter fields of its index, in their order.
    """
    assert isinstance(read, TextRead | Ball), "there is no other kind"
    if isinstance(read, TextRead):
        words = [repr(word.term.decode()) + ("…" if word.is_prefix else "") for word in read.query.words]
        more = [f"{len(words) - _MOST_WORDS} more words"] if len(words) > _MOST_WORDS else []
        sought = ", ".join([*words[:_MOST_WORDS], *more]) or "no words"
    else:
        nearness = "any score" if read.floor == float("-inf") else f"a score of {read.floor:.4g} or more"
        sought = f"{nearness} for a vector of {read.dimensions} numbers"
    return sought if read.condition == ALWAYS else f"{sought}; {_condition(read.condition, filter_fields)}"


def _condition(condition: Condition, fields: Sequence[str]) -> str:
    match condition:
        case Within(position, (start, end)):
            field = fields[position] if position < len(fields) else f"filter field {position + 1}"
            return _bounds(field, start, end)
        case AllOf(parts):
            return " and ".join(_part(part, fields) for part in parts) or "always"
        case AnyOf(parts):
            return " or ".join(_part(part, fields) for part in parts) or "never"
        case _:
            assert_never(condition)


def _part(part: Condition, fields: Sequence[str]) -> str:
    text = _condition(part, fields)
    return text if isinstance(part, Within) or len(part.parts) < 2 else f"({text})"


def _bounds(field: str, start: bytes, end: bytes) -> str:
    lower, after_lower = read_values(start, 1)
    upper, after_upper = read_values(end, 1)
    if lower and upper and end == start + b"\0":
        return f"{field} is missing" if lower[0] is UNSET else f"{field} = {_shown(lower[0])}"
    parts = [f"{field} {'>' if after_lower else '>='} {_shown(value)}" for value in lower]
    parts += [f"{field} {'<=' if after_upper else '<'} {_shown(value)}" for value in upper]
    return " and ".join(parts) or "always"


def _shown(value: object) -> str:
    return str(value) if isinstance(value, datetime) else repr(value)
