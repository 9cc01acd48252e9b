"""Attempts: what is remembered of the latest transactions that meant to write, each with what became of it.

The runner notes one after each try of a mutation, and `db.timeline()` draws them. It is kept small: numbers and words,
no documents, so that a large commit does not stay in memory because it is remembered here.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from reactive_nb.documents.interval import Interval
from reactive_nb.errors import error_text
from reactive_nb.search.edits import SearchRead
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.read_set import Overlap

REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Refusal:
    """The commit that got there first, and where it met what the attempt had read.

    `outlived` says that more commits came meanwhile than the history holds; the commit is then only the oldest known.
    """

    function: str
    ts: int
    table: str
    index: str
    read: Interval | SearchRead[Any]
    outlived: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a transaction.

    Attributes:
        function: The path of the mutation, or what else wrote.
        number: 1 for the first try, 2 for the first repetition, and so on.
        origin: From where it was called; empty when nobody knows.
        lane: The name of the thread that ran it.
        snapshot_ts: The commit whose snapshot it read.
        began_s: When it began, in seconds of `time.perf_counter`.
        ended_s: When its fate was known, in the same seconds.
        outcome: What became of it: a commit, nothing to write, a refusal by another commit, or an exception.
        ts: The number of its commit, or None.
        changes: How many documents of users' tables its commit changed.
        refusal: Who was first, when it was refused.
        error: The class and the message of its exception, when it raised.
    """

    function: str
    number: int
    origin: str
    lane: str
    snapshot_ts: int
    began_s: float
    ended_s: float
    outcome: Literal["committed", "nothing to write", "refused", "raised"]
    ts: int | None = None
    changes: int = 0
    refusal: Refusal | None = None
    error: str = ""


class Attempts:
    """The latest attempts of one engine; may be added to and read from any thread.

    Args:
        lane: Returns the name of the calling thread.
    """

    def __init__(self, lane: Callable[[], str] = str) -> None:
        self._lane = lane
        self._latest: deque[Attempt] = deque(maxlen=REMEMBERED)

    def ended(
        self,
        function: str,
        number: int,
        origin: str,
        snapshot_ts: int,
        began_s: float,
        fate: Commit | Overlap | BaseException | None,
    ) -> None:
        """Remember an attempt of this thread that has come to its end now."""
        common = (function, number, origin, self._lane(), snapshot_ts, began_s, time.perf_counter())
        match fate:
            case None:
                attempt = Attempt(*common, "nothing to write")
            case Commit():
                changes = sum(not change.table.startswith("_") for change in fate.changes)
                attempt = Attempt(*common, "committed", ts=fate.ts, changes=changes)
            case Overlap():
                met = Refusal(fate.commit.function, fate.commit.ts, fate.table, fate.index, fate.read, fate.outlived)
                attempt = Attempt(*common, "refused", refusal=met)
            case _:
                attempt = Attempt(*common, "raised", error=f"{type(fate).__name__}: {error_text(fate)}")
        self._latest.append(attempt)

    def latest(self, count: int) -> list[Attempt]:
        """Return the latest attempts, oldest first."""
        # A deque must not be gone through while another thread appends; it is copied in one step.
        return list(self._latest.copy())[-count:] if count > 0 else []
