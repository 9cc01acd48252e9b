"""The clock that a test owns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

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


def test_it_needs_a_time_zone() -> None:
    with pytest.raises(TypeError, match="naive"):
        FakeClock(datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake under test
