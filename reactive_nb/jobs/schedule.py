"""A schedule: when something runs, again and again or once; and how that is said in words.

Comes in: an interval, a cron expression with its time zone, or a moment. Goes out: times in milliseconds since 1970
UTC. Pure: nothing here knows what time it is.

Daylight saving time is Debian cron's, because it surprises least:

1. A time of day that the clock jumps over in spring happens once, just after the jump.
2. A time of day that comes twice in autumn happens once, the first time.
3. A rule whose hour or minute begins with `*` is about the passing of time and not about a time of day: it follows
   the clock as it stands, so "every half hour" neither stops nor doubles its pace on these two days.

Reading the expression and finding the next match in a calendar without a time zone is cronsim's part. Its own way with
zones is not used: in a fold it goes back in time, and where the clock jumps by half an hour it leaves out matches.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, assert_never
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from reactive_nb.clock import is_datetime
from reactive_nb.errors import ScheduleError
from reactive_nb.values.refusal import show

MIN_INTERVAL = timedelta(milliseconds=10)
MAX_INTERVAL = timedelta(days=36_525)

_MS = timedelta(milliseconds=1)
_DAY_S = 86_400
_WALL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - what a wall clock shows has no zone of its own
_MAX_WORDS = 60
_FIELDS = "minute hour day-of-month month day-of-week"
_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_ORDINAL = re.compile(r"\b([2-5])([123])th\b")


# ------------------------------------------------------------------ the four kinds


@dataclass(frozen=True, slots=True)
class Interval:
    """Every so many milliseconds after the time before; never drifts, however late a run begins."""

    ms: float

    def first(self, now_ms: float) -> float | None:
        """When it is due first, if it begins now."""
        return now_ms

    def next_after(self, ms: float, since: float | None = None) -> float | None:
        """The first time strictly after `ms`, counted from the time `since`, by default `ms` itself."""
        since = ms if since is None else since
        return since if ms < since else since + (self._steps(ms, since) + 1) * self.ms

    def at_or_after(self, ms: float, since: float) -> float | None:
        """The first time that is not before `ms`, counted from the time `since`."""
        newest = self.newest(ms, since)
        return newest if newest == ms else self.next_after(ms, since)

    def newest(self, ms: float, since: float) -> float:
        """The last time that is not after `ms`, for a time `since` that is not after it either."""
        return since if ms < since else since + self._steps(ms, since) * self.ms

    def _steps(self, ms: float, since: float) -> int:
        """Return how many spans after the time `since` the last time is that is not after `ms`."""
        steps = math.floor((ms - since) / self.ms)
        # A span that is no whole number of milliseconds is rounded, and the quotient may be on the other side of a step.
        # Whoever asked for the time after a time would be given the same again, and run it twice.
        while since + (steps + 1) * self.ms <= ms:
            steps += 1
        while since + steps * self.ms > ms:
            steps -= 1
        return steps

    def to_value(self) -> dict[str, Any]:
        """The value that stands for it in a document."""
        return {"type": "interval", "ms": self.ms}

    def describe(self) -> str:
        """In words: `"every 1 hour 30 minutes"`."""
        return f"every {_span_words(self.ms)}"


@dataclass(frozen=True, slots=True)
class CronExpression:
    """The times that a cron expression matches in a time zone; made by `cron`, which checks both."""

    expression: str
    tz: str

    def first(self, now_ms: float) -> float | None:
        """When it is due first, if it begins now."""
        return self.next_after(now_ms)

    def next_after(self, ms: float, since: float | None = None) -> float | None:  # noqa: ARG002 - as all schedules
        """The first time strictly after `ms`; None if there is none in the next fifty years."""
        return self._from(math.floor(ms / 1000) + 1)

    def at_or_after(self, ms: float, since: float) -> float | None:
        """The first time that is not before `ms`, nor before the time `since`."""
        return self._from(math.ceil(max(ms, since) / 1000))

    def newest(self, ms: float, since: float) -> float:
        """The last time that is not after `ms`, for a time `since` that is not after it either."""
        # Halving: the newest time is where `next_after` steps over `ms`. Going through all times in between would
        # take minutes after a year in which nobody was there.
        low, high = math.floor(since / 1000), math.floor(ms / 1000)
        while low < high:
            middle = (low + high + 1) // 2
            found = self._from(middle)
            if found is None or found > ms:
                high = middle - 1
            else:
                low = int(found / 1000)
        return low * 1000.0

    def to_value(self) -> dict[str, Any]:
        """The value that stands for it in a document."""
        return {"type": "cron", "expression": self.expression, "tz": self.tz}

    def describe(self) -> str:
        """In words where they are short: `"at 02:30 every day (America/New_York)"`."""
        words = CronSim(self.expression, _WALL_EPOCH).explain()
        # It says 31th.
        words = _ORDINAL.sub(lambda found: found[1] + {"1": "1st", "2": "2nd", "3": "3rd"}[found[2]], words)
        words = words[0].lower() + words[1:]
        return f"{words if len(words) <= _MAX_WORDS else self.expression} ({self.tz})"

    def _from(self, start: int) -> float | None:
        """Return the first time from the second `start` on."""
        zone = zone_named(self.tz)
        # A sixth field, for seconds, comes first.
        is_time_of_day = not any(field.startswith("*") for field in self.expression.split()[:-3])
        found = self._time_of_day(zone, start) if is_time_of_day else self._passing(zone, start)
        return None if found is None else found * 1000.0

    def _time_of_day(self, zone: ZoneInfo, start: int) -> int | None:
        # From one second earlier, for `start` may be the end of a jump, to which what was jumped over has moved.
        for wall in self._matches(start - 1, _offset(zone, start - 1)):
            first, second = _offset_of(zone, wall, 0), _offset_of(zone, wall, 1)
            found: int | None = wall - first
            if first < second:  # jumped over; had it come twice, `first` would be the larger one
                found = _first_change(zone, wall - second, wall - first)
            if found is not None and found >= start:  # in a fold, matches may have had their turn already
                return found
        return None

    def _passing(self, zone: ZoneInfo, start: int) -> int | None:
        while True:
            offset = _offset(zone, start)
            wall = next(self._matches(start - 1, offset), None)
            if wall is None:
                return None
            # If the clocks are changed before that, they show something else by then.
            change = _first_change(zone, start, wall - offset)
            if change is None:
                return wall - offset
            start = change

    def _matches(self, second: int, offset: int) -> Iterator[int]:
        """Yield what matches on a wall clock without changes, after what it shows at a second."""
        for wall in CronSim(self.expression, _WALL_EPOCH + timedelta(seconds=second + offset)):
            yield int((wall - _WALL_EPOCH).total_seconds())


@dataclass(frozen=True, slots=True)
class Once:
    """One moment."""

    at_ms: float

    def first(self, now_ms: float) -> float | None:  # noqa: ARG002 - as all schedules
        """When it is due first: then, even if that has passed."""
        return self.at_ms

    def next_after(self, ms: float, since: float | None = None) -> float | None:  # noqa: ARG002 - as all schedules
        """The moment, if it is strictly after `ms`."""
        return self.at_ms if self.at_ms > ms else None

    def at_or_after(self, ms: float, since: float) -> float | None:  # noqa: ARG002 - as all schedules
        """The moment, if it is not before `ms`."""
        return self.at_ms if self.at_ms >= ms else None

    def newest(self, ms: float, since: float) -> float:  # noqa: ARG002 - as all schedules
        """The moment."""
        return self.at_ms

    def to_value(self) -> dict[str, Any]:
        """The value that stands for it in a document."""
        return {"type": "once", "atMs": self.at_ms}

    def describe(self) -> str:
        """In words: `"once, at 2026-11-22 09:00:00 UTC"`."""
        return f"once, at {to_datetime(self.at_ms):%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True, slots=True)
class OnChange:
    """Whenever the result of a live query changes: at no time of its own, only when asked for."""

    expression: str

    def first(self, now_ms: float) -> float | None:  # noqa: ARG002 - as all schedules
        """Never by itself."""
        return None

    def next_after(self, ms: float, since: float | None = None) -> float | None:  # noqa: ARG002 - as all schedules
        """Never by itself."""
        return None

    def at_or_after(self, ms: float, since: float) -> float | None:  # noqa: ARG002 - as all schedules
        """Never by itself."""
        return None

    def newest(self, ms: float, since: float) -> float:  # noqa: ARG002 - as all schedules
        """The time that it was due, which its caller knows."""
        return since

    def to_value(self) -> dict[str, Any]:
        """The value that stands for it in a document."""
        return {"type": "change", "expression": self.expression}

    def describe(self) -> str:
        """In words: `"when the result of open_tasks() changes"`."""
        return f"when the result of {self.expression} changes"


Schedule: TypeAlias = Interval | CronExpression | Once | OnChange


def schedule_of(value: dict[str, Any]) -> Schedule:
    """Return the schedule that a value of `to_value` stands for."""
    match value:
        case {"type": "interval", "ms": ms}:
            return Interval(ms)
        case {"type": "cron", "expression": expression, "tz": tz}:
            return CronExpression(expression, tz)
        case {"type": "once", "atMs": at_ms}:
            return Once(at_ms)
        case {"type": "change", "expression": expression}:
            return OnChange(expression)
    raise AssertionError(f"not the value of a schedule: {value!r}")


def zone_of(schedule: Schedule) -> ZoneInfo:
    """Return the time zone in which people read the times of a schedule."""
    match schedule:
        case CronExpression(tz=tz):
            return zone_named(tz)
        case Interval() | Once() | OnChange():
            return zone_named("UTC")
    assert_never(schedule)


# ------------------------------------------------------------------ making one


def interval(every: timedelta) -> Interval:
    """Return the schedule of a span of time.

    Raises:
        ScheduleError: It is shorter than 10 milliseconds or longer than a hundred years.

    Example:
        >>> interval(timedelta(minutes=5))
    """
    if not isinstance(every, timedelta):
        raise ScheduleError(
            "Cannot schedule an interval",
            thing=f"{show(every)} was given",
            expected="a timedelta",
            hint="Write timedelta(minutes=5)",
        )
    if not MIN_INTERVAL <= every <= MAX_INTERVAL:
        raise ScheduleError(
            "Cannot schedule an interval",
            thing=f"it is {_span_words(every / _MS) if every > timedelta(0) else every}",
            expected="10 ms or more, and at most 100 years",
            hint="Choose another span; for work without a pause, write a loop in an action",
        )
    return Interval(every / _MS)


def once(at: datetime) -> Once:
    """Return the schedule of one moment.

    Raises:
        ScheduleError: It has no time zone.

    Example:
        >>> once(datetime(2026, 11, 22, 9, tzinfo=ZoneInfo("Europe/Zurich")))
    """
    if not is_datetime(at) or at.utcoffset() is None:
        raise ScheduleError(
            "Cannot schedule a moment",
            thing=f"{show(at)} was given" + (", which has no time zone" if is_datetime(at) else ""),
            expected="a datetime with a time zone",
            hint='Write datetime(2026, 11, 22, 9, tzinfo=ZoneInfo("Europe/Zurich"))',
        )
    return Once(to_ms(at))


def hourly(minute: int = 0, tz: str = "UTC") -> CronExpression:
    """Return the schedule "every hour at this minute"."""
    return cron(f"{_number('minute', minute, 0, 59)} * * * *", tz)


def daily(hour: int, minute: int = 0, tz: str = "UTC") -> CronExpression:
    """Return the schedule "every day at this time"."""
    return cron(f"{_time_of_day(hour, minute)} * * *", tz)


def weekly(day: str, hour: int, minute: int = 0, tz: str = "UTC") -> CronExpression:
    """Return the schedule "every week on this day"; `day` is a name, such as "monday" or "mon"."""
    name = day.strip().lower() if isinstance(day, str) else ""
    if name not in _DAYS and name not in [each[:3] for each in _DAYS]:
        raise ScheduleError(
            "Cannot schedule a day of the week",
            thing=f"{show(day)} was given",
            expected="the name of a day",
            hint="Write one of " + ", ".join(map(repr, [*_DAYS[1:], _DAYS[0]])),
        )
    return cron(f"{_time_of_day(hour, minute)} * * {name[:3]}", tz)


def monthly(day: int, hour: int, minute: int = 0, tz: str = "UTC") -> CronExpression:
    """Return the schedule "every month on this day"; a month that has no such day is left out."""
    return cron(f"{_time_of_day(hour, minute)} {_number('day', day, 1, 31)} * *", tz)


def cron(expression: str, tz: str = "UTC") -> CronExpression:
    """Return the schedule of a cron expression.

    Args:
        expression: minute, hour, day of the month, month, day of the week, as for cron: lists, ranges and steps, names of
            months and days, `L` for the last day, `mon#2` for the second Monday, `friL` for the last Friday. If neither
            of the two days begins with `*`, either of them is enough. A sixth field in front is for seconds. Or
            `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.
        tz: The time zone it is meant in.

    Raises:
        ScheduleError: It cannot be read, no date can ever match it, or the zone is not known.

    Example:
        >>> cron("30 9 * * mon-fri", "Europe/Zurich")
    """
    if not isinstance(expression, str):
        raise _bad_expression(expression, f"{show(expression)} was given")
    fields = expression.split()
    if len(fields) == 1 and fields[0].startswith("@"):
        if (known := _ALIASES.get(fields[0].lower())) is None:
            raise ScheduleError(
                f"Cannot read the cron expression {expression!r}",
                thing=f"{fields[0]} is not known",
                expected=f"one of {', '.join(_ALIASES)}",
                hint=f"Choose one of them, or write five fields: {_FIELDS}",
            )
        fields = known.split()
    if len(fields) not in (5, 6):
        raise _bad_expression(expression, f"it has {len(fields)} field{'s' * (len(fields) != 1)}")
    plain = " ".join(fields)
    try:
        matches = CronSim(plain, _WALL_EPOCH)
    except CronSimError as error:
        field = str(error).removeprefix("Bad ")
        names = _FIELDS.split() if len(fields) == 5 else ["second", *_FIELDS.split()]
        raise _bad_expression(expression, f"its {field} {fields[names.index(field)]!r} cannot be") from None
    if next(matches, None) is None:
        raise _bad_expression(expression, "no date ever matches it")
    zone_named(tz)
    return CronExpression(plain, tz)


def to_ms(moment: datetime) -> float:
    """Return a moment, which has a time zone, in milliseconds since 1970 UTC."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) / _MS


def to_datetime(ms: float) -> datetime:
    """Return a time in milliseconds since 1970 UTC as a datetime in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + ms * _MS


# ------------------------------------------------------------------ clocks on walls


def _offset(zone: ZoneInfo, second: int) -> int:
    """Return by how many seconds the clocks of a zone are ahead of UTC at a second of UTC."""
    return _seconds(datetime.fromtimestamp(second, zone).utcoffset())


def _offset_of(zone: ZoneInfo, wall: int, fold: int) -> int:
    """Return the same for a time that a wall clock shows, the first or the second time that it shows it."""
    return _seconds((_WALL_EPOCH + timedelta(seconds=wall)).replace(tzinfo=zone, fold=fold).utcoffset())


def _seconds(offset: timedelta | None) -> int:
    assert offset is not None
    return int(offset.total_seconds())


def _first_change(zone: ZoneInfo, low: int, high: int) -> int | None:
    """Return the first second after `low`, up to `high`, at which the clocks are changed."""
    before = _offset(zone, low)
    while low < high:
        # By days: the clocks may have been changed and changed back in between.
        step = min(low + _DAY_S, high)
        if _offset(zone, step) != before:
            while step - low > 1:
                middle = (low + step) // 2
                low, step = (middle, step) if _offset(zone, middle) == before else (low, middle)
            return step
        low = step
    return None


# ------------------------------------------------------------------ words


def _span_words(ms: float) -> str:
    """Return `"1 hour 30 minutes"`, or `"minute"` for what is one of its unit."""
    names = [("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1000)]
    parts, left = [], ms
    for name, size in names:
        count, left = divmod(left, size)
        if count:
            parts.append((f"{count:.0f}", name + "s" * (count != 1)))
    if left:
        parts.append((f"{left:g}", "ms"))
    if len(parts) == 1 and parts[0][0] == "1" and parts[0][1] != "ms":
        return parts[0][1]
    return " ".join(" ".join(part) for part in parts)


def zone_named(tz: str) -> ZoneInfo:
    """Return the time zone of a name such as `"Europe/Zurich"`.

    Raises:
        ScheduleError: There is none.
    """
    if not isinstance(tz, str):
        raise _no_zone(show(tz), "it is not a text")
    try:
        return ZoneInfo(tz)
    # A name of a folder, or a path, fails otherwise than a name that is not there.
    except (KeyError, ValueError, OSError):
        raise _no_zone(repr(tz), "it is not in the time zone database") from None


def _no_zone(shown: str, thing: str) -> ScheduleError:
    return ScheduleError(
        f"Cannot find the time zone {shown}",
        thing=thing,
        expected='a name such as "Europe/Zurich" or "UTC"',
        hint="zoneinfo.available_timezones() has them all",
    )


def _number(name: str, number: int, low: int, high: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
        raise ScheduleError(
            f"Cannot schedule the {name}",
            thing=f"{show(number)} was given",
            expected=f"an int from {low} to {high}",
            hint="For several of them, write a cron expression",
        )
    return number


def _time_of_day(hour: int, minute: int) -> str:
    return f"{_number('minute', minute, 0, 59)} {_number('hour', hour, 0, 23)}"


def _bad_expression(expression: object, thing: str) -> ScheduleError:
    return ScheduleError(
        f"Cannot read the cron expression {expression!r}" if isinstance(expression, str) else "Cannot schedule a cron",
        thing=thing,
        expected=f"five fields: {_FIELDS}",
        hint='Write "30 9 * * mon-fri" for 09:30 from Monday to Friday',
    )
