"""For tests, yours and ours: time and ids that a test decides.

Example:
    >>> clock = FakeClock()
    >>> db = rnb.connect(clock=clock)
    >>> clock.advance(timedelta(seconds=5))
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from reactive_nb.clock import Alarm, Clock, IdSource
from reactive_nb.values.refusal import show

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FakeClock(Clock):
    """A clock that moves only when told to.

    Args:
        now: The time it starts at, with a time zone; the beginning of 2026 by default.
        patience: How long, of real time, `advance` waits for a job that has fallen due.
    """

    def __init__(
        self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC), *, patience: timedelta = timedelta(seconds=30)
    ) -> None:
        self._patience_s = patience.total_seconds()
        self._now_ms = (now - _EPOCH) / timedelta(milliseconds=1)
        # Guards everything below, the alarms' own fields too; notified whenever one of them changes.
        # Reentrant, for a finalizer may ring in the middle of a wait.
        self._changed = threading.Condition(threading.RLock())
        self._alarms: list[_FakeAlarm] = []

    def now_ms(self) -> float:
        """Return the time in milliseconds since 1970 UTC."""
        return self._now_ms

    def alarm(self) -> Alarm:
        """Return a new alarm that follows this clock."""
        return _FakeAlarm(self)

    def advance(self, by: timedelta, *, wait: bool = True) -> None:
        """Let time pass: it stops wherever a job of a database with this clock falls due, until that is done.

        So a cron of one minute runs three times in three minutes, each time at its own time.

        Args:
            by: How much.
            wait: False to go there at once, for a job that only ends later, and when a job itself advances the clock.

        Raises:
            TypeError: Not a span of time.
            TimeoutError: A job did not end within the clock's patience; the time stands where it began.

        Example:
            >>> clock.advance(timedelta(minutes=3))
        """
        if not isinstance(by, timedelta):
            raise TypeError(
                f"Cannot advance the clock: {show(by)} was given. Expected a timedelta. "
                "Write advance(timedelta(seconds=5))."
            )
        with self._changed:
            end_ms = self._now_ms + by / timedelta(milliseconds=1)
            while wait:
                if not self._changed.wait_for(self._is_quiet, self._patience_s):
                    raise TimeoutError(
                        f"Cannot advance the clock: a job that was due has not ended within {self._patience_s:g} seconds, "
                        "and the next one would find another time. Expected jobs that end without waiting for the "
                        "caller. Pass wait=False to go on without waiting."
                    )
                times = [each.until_ms for each in self._alarms if each.until_ms is not None]
                if not times or min(times) > end_ms:
                    break
                self._now_ms = max(self._now_ms, min(times))
                self._ring_due()
            self._now_ms = end_ms
            self._ring_due()

    def _is_quiet(self) -> bool:
        return all(each.is_idle for each in self._alarms)

    def _ring_due(self) -> None:
        for each in self._alarms:
            if each.until_ms is not None and each.until_ms <= self._now_ms:
                each.rouse()


class _FakeAlarm(Alarm):
    """An alarm of a `FakeClock`.

    Attributes:
        until_ms: Until when its thread sleeps; None while it does not, or sleeps until a ring.
        is_idle: Whether its thread sleeps with nothing left to do.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._is_rung = False
        self.until_ms: float | None = None
        self.is_idle = False
        with clock._changed:
            clock._alarms.append(self)

    def wait(self, until_ms: float | None, is_idle: bool) -> None:
        clock = self._clock
        with clock._changed:
            if not self._is_rung and (until_ms is None or until_ms > clock._now_ms):
                self.until_ms, self.is_idle = until_ms, is_idle
                clock._changed.notify_all()
                clock._changed.wait_for(lambda: self._is_rung)
            self._is_rung = False

    def ring(self) -> None:
        with self._clock._changed:
            self.rouse()

    def rouse(self) -> None:
        """Wake its thread; the caller holds the clock."""
        self._is_rung = True
        # From now on, and not only when its thread has the processor: time must not pass meanwhile.
        self.until_ms, self.is_idle = None, False
        self._clock._changed.notify_all()

    def close(self) -> None:
        with self._clock._changed:
            if self in self._clock._alarms:
                self._clock._alarms.remove(self)
            self.rouse()


__all__ = ["FakeClock", "IdSource"]
