"""What is left to do for one field: which documents, in which order, and when those are tried again that failed.

A value that its owner changes under a lock of its own. It knows ids and times, and neither texts nor the model.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST_PAUSE_MS = 1_000.0
LAST_PAUSE_MS = 60_000.0


@dataclass(frozen=True, slots=True)
class Noted:
    """When a document was noted: its place among all that ever were, and the time in milliseconds since 1970 UTC."""

    number: int
    time_ms: float


class ToDo:
    """The documents of one table whose vector may be out of date.

    A document is noted, then taken together with others, and then done; or the attempt fails, and everything waits for a
    while, because it is the model that fails more often than a text. What is noted meanwhile is tried at once.

    Args:
        batch: How many documents are taken together at most.
        now_ms: The time.

    Attributes:
        look_ms: Since when the whole table is to be looked through, or None. Starts as now.
        retry_ms: When those that wait are tried again; None while nothing waits.
        failed: The ids of those whose last attempt failed.
    """

    def __init__(self, batch: int, now_ms: float) -> None:
        self.look_ms: float | None = now_ms
        self.retry_ms: float | None = None
        self.failed: set[str] = set()
        self._batch = batch
        # Halved when an attempt fails, so that one text that no model takes is alone in the end.
        self._size = batch
        self._failures = 0  # in a row
        self._number = 0
        # Each in the order in which they are taken; only `_taken` shares ids, with `_fresh`: noted again meanwhile.
        self._fresh: dict[str, Noted] = {}
        self._waiting: dict[str, Noted] = {}
        self._taken: dict[str, Noted] = {}

    # ------------------------------------------------------------------ looking

    @property
    def number(self) -> int:
        """The number of the document noted last."""
        return self._number

    @property
    def pending(self) -> int:
        """How many documents are to do, as far as is known."""
        return len(self._fresh) + len(self._waiting) + sum(id not in self._fresh for id in self._taken)

    def is_done(self, number: int) -> bool:
        """Whether all documents are done that were noted up to a number."""
        if self.look_ms is not None:
            return False
        noted = (each.number for part in (self._fresh, self._waiting, self._taken) for each in part.values())
        return all(each > number for each in noted)

    def due_ms(self, now_ms: float) -> float | None:
        """Return since when something is to be done now, or None."""
        if self.retry_ms is not None and self.retry_ms <= now_ms:
            return self.retry_ms
        if self.retry_ms is None and self.look_ms is not None:
            return self.look_ms
        return next((each.time_ms for each in self._fresh.values()), None)

    # ------------------------------------------------------------------ changes

    def note(self, id: str, now_ms: float) -> None:
        """Take a document whose text or vector has changed; again and again, it is one."""
        if id not in self._fresh:
            self._number += 1
            self._waiting.pop(id, None)
            self._fresh[id] = Noted(self._number, now_ms)
        self.failed.discard(id)

    def found(self, id: str) -> None:
        """Take a document that the look at the whole table has found out of date."""
        if id not in self._fresh and self.look_ms is not None:
            self._waiting.pop(id, None)
            self._fresh[id] = Noted(0, self.look_ms)  # as old as the look, for those who wait

    def drop(self, id: str) -> None:
        """Forget a document that is gone."""
        self._fresh.pop(id, None)
        self._waiting.pop(id, None)
        self.failed.discard(id)

    def take(self, number: int) -> list[str]:
        """Return the next ones to do that were noted up to a number; nobody else may take any until they are over."""
        assert not self._taken, "those taken before are not over"
        ids: list[str] = []
        for id, noted in self._fresh.items():
            if len(ids) == self._size or noted.number > number:
                break
            ids.append(id)
        self._taken = {id: self._fresh.pop(id) for id in ids}
        return ids

    def done(self, now_ms: float, refused: set[str] | frozenset[str] = frozenset()) -> None:
        """Note that those taken are done, except some whose documents do not accept it."""
        self.failed.difference_update(self._taken)
        self._size = min(self._batch, self._size * 2)
        again = {id: self._taken[id] for id in refused if id not in self._fresh}
        self._taken = {}
        if again:
            self.failed.update(again)
            self._waiting.update(again)
            self._pause(now_ms)
        else:
            self._failures = 0

    def fail(self, now_ms: float) -> None:
        """Note that an attempt has failed: everything waits, those taken behind the others."""
        again = {id: noted for id, noted in self._taken.items() if id not in self._fresh}
        self.failed.update(again)
        if len(self._taken) > 1:
            self._size = max(1, len(self._taken) // 2)
        self._waiting = {**self._waiting, **self._fresh, **again}
        self._fresh, self._taken = {}, {}
        self._pause(now_ms)

    def give_back(self) -> None:
        """Put those taken back, as if they never were."""
        self._fresh = {**self._taken, **self._fresh}
        self._taken = {}

    def retry(self) -> None:
        """Try again now what waits."""
        self._fresh = {**self._waiting, **self._fresh}
        self._waiting = {}
        self.retry_ms = None

    def looked(self) -> None:
        """Note that the table was looked through."""
        self.look_ms = None

    def _pause(self, now_ms: float) -> None:
        self._failures += 1
        self.retry_ms = now_ms + min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** min(self._failures - 1, 20))

    def check(self) -> None:
        """Assert what always holds, for tests."""
        assert not self._fresh.keys() & self._waiting.keys()
        assert not self._taken.keys() & self._waiting.keys()
        assert not self._waiting or self.retry_ms is not None
        assert 1 <= self._size <= self._batch
        assert self.failed <= self._fresh.keys() | self._waiting.keys() | self._taken.keys()
