"""The clock that a test owns."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from queue import SimpleQueue

import pytest

from reactive_nb.clock import Alarm, Clock
from reactive_nb.testing import FakeClock


def test_it_starts_in_2026_and_stands_still() -> None:
    clock = FakeClock()

    assert [clock.now_ms(), clock.now_ms()] == [1_767_225_600_000.0] * 2


def test_it_starts_when_told() -> None:
    assert FakeClock(datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)).now_ms() == 2000.0
    assert FakeClock(datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))).now_ms() == 0.0


def test_it_moves_by_as_much_as_told() -> None:
    clock = FakeClock(datetime(1970, 1, 1, tzinfo=UTC))

    clock.advance(timedelta(seconds=5))
    clock.advance(timedelta(microseconds=1500))

    assert clock.now_ms() == 5001.5


def test_it_moves_by_a_span_of_time_and_no_number() -> None:
    with pytest.raises(TypeError) as refused:
        FakeClock().advance(5)  # type: ignore[arg-type]

    assert str(refused.value) == (
        "Cannot advance the clock: 5 (int) was given. Expected a timedelta. Write advance(timedelta(seconds=5))."
    )


def test_it_needs_a_time_zone() -> None:
    with pytest.raises(TypeError, match="naive"):
        FakeClock(datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake under test


# ------------------------------------------------------------------ alarms: the contract that both clocks keep

PATIENCE_S = 30


class Sleeper:
    """A thread that sleeps on an alarm, as the one of the jobs does.

    Attributes:
        woken: Released once for each wait that has ended.
    """

    def __init__(self, alarm: Alarm) -> None:
        self.alarm = alarm
        self.woken = threading.Semaphore(0)
        self._waits: SimpleQueue[tuple[float | None, bool] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def wait(self, until_ms: float | None, is_idle: bool = True) -> None:
        """Have it wait once."""
        self._waits.put((until_ms, is_idle))

    def has_woken(self) -> bool:
        """Return when a wait has ended."""
        return self.woken.acquire(timeout=PATIENCE_S)

    def still_sleeps(self) -> bool:
        """Whether no wait has ended that nobody has looked for."""
        return not self.woken.acquire(blocking=False)

    def end(self) -> None:
        self._waits.put(None)
        self.alarm.close()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        while (arguments := self._waits.get()) is not None:
            self.alarm.wait(*arguments)
            self.woken.release()


@pytest.fixture(params=[Clock, FakeClock])
def any_clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


@pytest.fixture
def sleeper(any_clock: Clock) -> Iterator[Sleeper]:
    sleeper = Sleeper(any_clock.alarm())
    yield sleeper
    sleeper.end()


HOUR_MS = 3_600_000.0


@pytest.mark.parametrize("ahead_ms", [HOUR_MS, None])
def test_a_ring_wakes_who_sleeps(any_clock: Clock, sleeper: Sleeper, ahead_ms: float | None) -> None:
    sleeper.wait(None if ahead_ms is None else any_clock.now_ms() + ahead_ms)
    assert sleeper.still_sleeps()

    sleeper.alarm.ring()

    assert sleeper.has_woken()


@pytest.mark.parametrize("ahead_ms", [HOUR_MS, None])
def test_a_ring_before_the_wait_is_not_lost_and_several_are_one(
    any_clock: Clock, sleeper: Sleeper, ahead_ms: float | None
) -> None:
    until_ms = None if ahead_ms is None else any_clock.now_ms() + ahead_ms
    for _ in range(3):
        sleeper.alarm.ring()

    sleeper.wait(until_ms)
    assert sleeper.has_woken()

    sleeper.wait(until_ms)
    assert sleeper.still_sleeps()
    sleeper.alarm.ring()
    assert sleeper.has_woken()


@pytest.mark.parametrize("ahead_ms", [0.0, -HOUR_MS])
def test_a_time_that_has_come_is_not_waited_for(any_clock: Clock, sleeper: Sleeper, ahead_ms: float) -> None:
    sleeper.wait(any_clock.now_ms() + ahead_ms)

    assert sleeper.has_woken()


def test_who_waited_for_a_time_in_the_past_sleeps_the_next_time(any_clock: Clock, sleeper: Sleeper) -> None:
    sleeper.wait(any_clock.now_ms() - 1)
    assert sleeper.has_woken()

    sleeper.wait(None)

    assert sleeper.still_sleeps()


def test_a_close_wakes_who_sleeps_and_may_come_twice(any_clock: Clock, sleeper: Sleeper) -> None:
    sleeper.wait(None)

    sleeper.alarm.close()
    sleeper.alarm.close()

    assert sleeper.has_woken()
    sleeper.alarm.ring()  # of a finalizer that comes late


def test_the_wall_clock_wakes_by_itself_when_the_time_has_come() -> None:
    clock = Clock()
    sleeper = Sleeper(clock.alarm())
    until_ms = clock.now_ms() + 20

    sleeper.wait(until_ms)

    assert sleeper.has_woken()
    assert clock.now_ms() >= until_ms - 1
    sleeper.end()


def test_the_wall_clock_looks_again_so_a_laptop_that_slept_is_late_by_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reactive_nb.clock.LOOK_AGAIN_MS", 5.0)
    sleeper = Sleeper(Clock().alarm())

    sleeper.wait(Clock().now_ms() + HOUR_MS)

    assert sleeper.has_woken()
    sleeper.end()


def test_a_test_clock_wakes_who_waits_for_a_time_when_it_gets_there() -> None:
    clock = FakeClock()
    sleeper = Sleeper(clock.alarm())
    sleeper.wait(clock.now_ms() + 1000)

    clock.advance(timedelta(milliseconds=999))
    assert sleeper.still_sleeps()
    clock.advance(timedelta(milliseconds=1), wait=False)

    assert sleeper.has_woken()
    sleeper.end()


def test_a_test_clock_stops_at_each_time_until_the_sleeper_is_idle_again() -> None:
    clock = FakeClock()
    alarm = clock.alarm()
    woken_at: list[float] = []
    begin_ms = clock.now_ms()

    def serve() -> None:
        for seconds in (1, 2, 5):
            alarm.wait(begin_ms + 1000 * seconds, True)
            woken_at.append((clock.now_ms() - begin_ms) / 1000)
        alarm.wait(None, True)

    thread = threading.Thread(target=serve)
    thread.start()
    clock.advance(timedelta(seconds=10))

    assert woken_at == [1, 2, 5]
    assert clock.now_ms() == begin_ms + 10_000
    alarm.close()
    thread.join(PATIENCE_S)


def test_a_test_clock_does_not_go_on_while_something_runs() -> None:
    clock = FakeClock(patience=timedelta(milliseconds=10))
    sleeper = Sleeper(clock.alarm())
    sleeper.wait(clock.now_ms() + HOUR_MS, is_idle=False)

    with pytest.raises(TimeoutError, match=r"has not ended within 0\.01 seconds"):
        clock.advance(timedelta(seconds=1))
    assert clock.now_ms() == 1_767_225_600_000.0

    sleeper.alarm.close()  # who is gone holds up no time
    clock.advance(timedelta(seconds=1))
    assert clock.now_ms() == 1_767_225_601_000.0
    assert sleeper.has_woken()
    sleeper.end()


def test_a_test_clock_waits_for_a_thread_that_was_rung_before_it_slept() -> None:
    clock = FakeClock(patience=timedelta(milliseconds=10))
    sleeper = Sleeper(clock.alarm())
    sleeper.alarm.ring()
    sleeper.wait(None)
    assert sleeper.has_woken()  # and is at work now

    with pytest.raises(TimeoutError):
        clock.advance(timedelta(seconds=1))
    sleeper.end()
