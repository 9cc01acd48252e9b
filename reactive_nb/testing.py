"""For tests, yours and ours: time and ids that a test decides.

Example:
    >>> clock = FakeClock()
    >>> db = rnb.connect(clock=clock)
    >>> clock.advance(timedelta(seconds=5))
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reactive_nb.clock import Clock, IdSource

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FakeClock(Clock):
    """A clock that moves only when told to.

    Args:
        now: The time it starts at, with a time zone; the beginning of 2026 by default.
    """

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now_ms = (now - _EPOCH) / timedelta(milliseconds=1)

    def now_ms(self) -> float:
        """Return the time in milliseconds since 1970 UTC."""
        return self._now_ms

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now_ms += by / timedelta(milliseconds=1)


__all__ = ["FakeClock", "IdSource"]
