"""What a document's filter values must be for a search to find it.

Comes in: the intervals that a filter of a search allows on declared filter fields, joined by "all of" and "any of".
Goes out: the answer for one document; `rows.py` answers for all documents of an index at once.

A document's filter values are one encoded value per filter field (see `values/order.py`), a missing field among them,
so equality is the interval of one key, and a comparison is one of many. Conditions compare by content and can be keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from reactive_nb.documents.interval import Interval


@dataclass(frozen=True, slots=True)
class Within:
    """The value of filter field number `position` lies in `interval`."""

    position: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part is met; without parts, always."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part is met; without parts, never."""

    parts: tuple[Condition, ...]


Condition = Within | AllOf | AnyOf

ALWAYS: Final = AllOf(())
"""What a search without a filter asks for."""


def meets(condition: Condition, filters: Sequence[bytes]) -> bool:
    """Whether a document with these filter values is among those a search looks for.

    Example:
        >>> meets(Within(1, Interval(b"b", b"d")), [b"a", b"c"])
        True
    """
    match condition:
        case Within(position, (start, end)):
            return start <= filters[position] < end
        case AllOf(parts):
            return all(meets(part, filters) for part in parts)
        case AnyOf(parts):
            return any(meets(part, filters) for part in parts)
        case _:
            assert_never(condition)
