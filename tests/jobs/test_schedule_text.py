"""Spans and times as people write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reactive_nb.errors import ScheduleError
from reactive_nb.jobs.schedule import to_ms
from reactive_nb.jobs.schedule_text import parse_span, parse_time

_EXPECTED_SPAN = "Expected numbers with the units d, h, m, s or ms, largest first. Write 10s, 5m, 1h30m or 500ms."
_EXPECTED_TIME = "Expected a date and time, or a time of day. Write 2026-11-22 09:00, or 09:00 for the next one."


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("10s", timedelta(seconds=10)),
        ("5m", timedelta(minutes=5)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("500ms", timedelta(milliseconds=500)),
        ("2d", timedelta(days=2)),
        ("90", timedelta(seconds=90)),
        ("0.5", timedelta(milliseconds=500)),
        (" 1.5H 10 s ", timedelta(hours=1, minutes=30, seconds=10)),
        ("1m1ms", timedelta(minutes=1, milliseconds=1)),
    ],
)
def test_a_span_in_words(text: str, span: timedelta) -> None:
    assert parse_span(text) == span


NOW = datetime(2026, 3, 7, 9, 0, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22 09:00", "2026-11-22T09:00-05:00"),
        ("2026-11-22T09:00:30", "2026-11-22T09:00:30-05:00"),
        ("2026-11-22 09:00Z", "2026-11-22T04:00-05:00"),
        ("2026-11-22", "2026-11-22T00:00-05:00"),
        ("2020-01-01 00:00", "2020-01-01T00:00-05:00"),
        ("2026-11-01 01:30", "2026-11-01T01:30-04:00"),
        ("09:01", "2026-03-07T09:01-05:00"),
        ("9:00", "2026-03-08T09:00-04:00"),
        ("02:30", "2026-03-08T03:00-04:00"),
        (" 23:59:59 ", "2026-03-07T23:59:59-05:00"),
    ],
)
def test_a_moment_in_words(text: str, moment: str) -> None:
    parsed = parse_time(text, "America/New_York", NOW)

    assert to_ms(parsed) == to_ms(datetime.fromisoformat(moment))
    assert parsed.tzinfo == ZoneInfo("America/New_York")


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: parse_span("soon"), f"Cannot read a span of time: 'soon' was given. {_EXPECTED_SPAN}"),
    (lambda: parse_span(""), f"Cannot read a span of time: '' was given. {_EXPECTED_SPAN}"),
    (lambda: parse_span("30m1h"), f"Cannot read a span of time: '30m1h' was given. {_EXPECTED_SPAN}"),
    (lambda: parse_span("1m1m"), f"Cannot read a span of time: '1m1m' was given. {_EXPECTED_SPAN}"),
    (lambda: parse_span("-5s"), f"Cannot read a span of time: '-5s' was given. {_EXPECTED_SPAN}"),
    (
        lambda: parse_span("9999999999d"),
        f"Cannot read a span of time: '9999999999d' is longer than a million years. {_EXPECTED_SPAN}",
    ),
    (
        lambda: parse_time("tomorrow", "UTC", NOW),
        f"Cannot read the time 'tomorrow': 'tomorrow' was given. {_EXPECTED_TIME}",
    ),
    (
        lambda: parse_time("24:00", "UTC", NOW),
        f"Cannot read the time '24:00': there is no such time of day. {_EXPECTED_TIME}",
    ),
    (
        lambda: parse_time("2026-03-08 02:30", "America/New_York", NOW),
        "Cannot read the time '2026-03-08 02:30': the clocks of America/New_York jump over it on that day. "
        + _EXPECTED_TIME,
    ),
]


@pytest.mark.parametrize(("make", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_what_cannot_be_is_refused_in_four_facts(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ScheduleError) as raised:
        make()

    assert str(raised.value) == sentence
