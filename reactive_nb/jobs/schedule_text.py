"""Spans and times as people write them in a line: `1h30m`, `2026-11-22 09:00`, `09:00`.

Comes in: what a `%%every`, `%%at` or `--timeout` says. Goes out: a timedelta, or a moment with a time zone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from reactive_nb.errors import ScheduleError
from reactive_nb.jobs.schedule import CronExpression, to_datetime, to_ms, zone_named

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_SPAN = re.compile(r"(?:(\d+(?:\.\d+)?)\s*(ms|[dhms])\s*)+", re.ASCII | re.IGNORECASE)
_SPAN_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[dhms])", re.ASCII | re.IGNORECASE)
_SECONDS = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)


def parse_span(text: str) -> timedelta:
    """Return the span of time that a text says, as in `%%every 1h30m`.

    Args:
        text: Numbers with the units d, h, m, s or ms, largest first; a number alone is seconds.

    Raises:
        ScheduleError: It says something else.

    Example:
        >>> parse_span("1h30m"), parse_span("500ms"), parse_span("90")
    """
    stripped = text.strip()
    parts: list[tuple[str, str]] = []
    if _SECONDS.fullmatch(stripped):
        parts = [(stripped, "s")]
    elif _SPAN.fullmatch(stripped):
        parts = [(number, unit.lower()) for number, unit in _SPAN_PART.findall(stripped)]
    places = [[*_UNITS].index(unit) for _, unit in parts]
    if not parts or places != sorted(set(places)):
        raise _bad_span(f"{text!r} was given")
    try:
        return sum((float(number) * _UNITS[unit] for number, unit in parts), timedelta())
    except OverflowError:
        raise _bad_span(f"{text!r} is longer than a million years") from None


def parse_time(text: str, tz: str, now: datetime) -> datetime:
    """Return the moment that a text says, as in `%%at 09:00`.

    Args:
        text: A date and a time in the form of ISO 8601, or a time of day, of which the next one is meant.
        tz: The time zone it is meant in, unless it brings its own offset.
        now: The time, with a time zone.

    Returns:
        The moment, in that time zone. It may have passed, if the text has a date.

    Raises:
        ScheduleError: It says something else, or a time that the clock jumps over on that day.

    Example:
        >>> parse_time("2026-11-22 09:00", "Europe/Zurich", now), parse_time("09:00", "Europe/Zurich", now)
    """
    zone = zone_named(tz)
    stripped = text.strip()
    if found := _TIME_OF_DAY.fullmatch(stripped):
        hour, minute, second = (int(each or 0) for each in found.groups())
        if hour > 23 or minute > 59 or second > 59:
            raise _bad_time(text, "there is no such time of day")
        next_ms = CronExpression(f"{second} {minute} {hour} * * *", tz).next_after(to_ms(now))
        assert next_ms is not None, "every day has every time, or the end of a jump over it"
        return to_datetime(next_ms).astimezone(zone)
    try:
        said = datetime.fromisoformat(stripped)
    except ValueError:
        raise _bad_time(text, f"{text!r} was given") from None
    if said.utcoffset() is not None:
        return said.astimezone(zone)
    moment = said.replace(tzinfo=zone)
    if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != said:
        raise _bad_time(text, f"the clocks of {tz} jump over it on that day")
    return moment


def _bad_span(thing: str) -> ScheduleError:
    return ScheduleError(
        "Cannot read a span of time",
        thing=thing,
        expected="numbers with the units d, h, m, s or ms, largest first",
        hint="Write 10s, 5m, 1h30m or 500ms",
    )


def _bad_time(text: str, thing: str) -> ScheduleError:
    return ScheduleError(
        f"Cannot read the time {text!r}",
        thing=thing,
        expected="a date and time, or a time of day",
        hint="Write 2026-11-22 09:00, or 09:00 for the next one",
    )
