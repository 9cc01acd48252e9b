"""Pages: a cursor is a place in one index range, and a page is what lies between two of them.

A cursor carries the index key it stands at and a fingerprint of the range, order and index it was made for; for any
other it is refused. A page that is read again with the end it had keeps its interval, so it grows and shrinks with
its data and never overlaps the next one. A `Journal` keeps those ends for a live query.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass
from typing import Any

from reactive_nb.errors import InvalidCursor

END = b"\xff"
"""The position after everything, in either order."""

BEFORE = (b"", b"\xff\xff")
"""The position before everything, in ascending and in descending order."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query's documents.

    Attributes:
        page: The documents, in order.
        is_done: Whether the end of the range was seen. A page that holds the last document but stopped there does
            not know it: the next page is empty and done.
        continue_cursor: Where the next page starts.
        split_cursor: A place near the middle, when the page should be read as two.
        page_status: None; `"SplitRecommended"` when the page came near a read limit; `"SplitRequired"` when it hit it.
    """

    page: list[dict[str, Any]]
    is_done: bool
    continue_cursor: str
    split_cursor: str | None = None
    page_status: str | None = None


class Journal:
    """Where the pages of one live query ended, in the order in which its function reads them.

    `ends` are those of the last run; the next run reads each page up to the same end. A page whose fingerprint or
    start has changed gets a new end.
    """

    __slots__ = ("_ends", "_next", "ends")

    def __init__(self, ends: list[tuple[str, str | None, str]]) -> None:
        self._next = 0
        self._ends = ends
        self.ends: list[tuple[str, str | None, str]] = []

    def end_of(self, fingerprint: str, start: str | None) -> str | None:
        """Return the end that the next page had the last time, or None when it is not the same page."""
        position, self._next = self._next, self._next + 1
        if position < len(self._ends) and self._ends[position][:2] == (fingerprint, start):
            return self._ends[position][2]
        return None

    def record(self, fingerprint: str, start: str | None, end: str) -> None:
        """Note where a page of this run ended."""
        self.ends.append((fingerprint, start, end))


def encode_cursor(position: bytes, fingerprint: str) -> str:
    """Return the cursor for a place in the range that `fingerprint` names."""
    body = fingerprint.encode() + position
    return base64.urlsafe_b64encode(zlib.crc32(body).to_bytes(4, "big") + body).decode()


def decode_cursor(cursor: str, fingerprint: str, what: str) -> bytes:
    """Return the place a cursor stands at.

    Raises:
        InvalidCursor: It is damaged, or was made for another index, range, order or filter.
    """
    expected = "a continue_cursor of a page of the same query"
    try:
        raw = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
    except (AttributeError, ValueError, binascii.Error):
        raw = b""
    if len(raw) < 12 or zlib.crc32(raw[4:]).to_bytes(4, "big") != raw[:4]:
        raise InvalidCursor(what, thing=f"{cursor!r} is not a cursor", expected=expected, hint="Start with cursor=None")
    if raw[4:12] != fingerprint.encode():
        raise InvalidCursor(
            what,
            thing="the cursor was made for another index, range, order or filter",
            expected=expected,
            hint="Start with cursor=None after changing a query",
        )
    return raw[12:]


def fingerprint_of(*parts: object) -> str:
    """Return 8 characters that stand for a query's table, index, range, order and filters."""
    return f"{zlib.crc32(repr(parts).encode()):08x}"
