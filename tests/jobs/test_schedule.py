"""Schedules: a year of daylight saving time in several zones against a minute-by-minute oracle, and the texts of magics."""

from __future__ import annotations

import bisect
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from reactive_nb.errors import ScheduleError
from reactive_nb.jobs.schedule import (
    CronExpression,
    Interval,
    Once,
    OnChange,
    Schedule,
    cron,
    daily,
    hourly,
    interval,
    monthly,
    once,
    schedule_of,
    to_datetime,
    to_ms,
    weekly,
    zone_of,
)

# ------------------------------------------------------------------ the oracle


@dataclass(frozen=True)
class Rule:
    """A cron expression as the oracle reads it, which knows lists, ranges, steps and `*`, and nothing of cronsim."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    needs_both_days: bool
    passes_with_time: bool

    @staticmethod
    def of(expression: str) -> Rule:
        minute, hour, day, month, weekday = expression.split()
        return Rule(
            _numbers(minute, 0, 59),
            _numbers(hour, 0, 23),
            _numbers(day, 1, 31),
            _numbers(month, 1, 12),
            frozenset(each % 7 for each in _numbers(weekday, 0, 7)),
            day.startswith("*") or weekday.startswith("*"),
            minute.startswith("*") or hour.startswith("*"),
        )

    def matches(self, day: date) -> bool:
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        matched = in_month and in_week if self.needs_both_days else in_month or in_week
        return matched and day.month in self.months


def _numbers(field: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        body, _, step = part.partition("/")
        if body == "*":
            first, last = low, high
        else:
            start, _, stop = body.partition("-")
            first, last = int(start), int(stop or (high if step else start))
        found.update(range(first, last + 1, int(step or 1)))
    return frozenset(found)


def occurrences(rules: dict[str, Rule], tz: str, year: int) -> dict[str, list[float]]:
    """Look at the clock each minute of a year, as Debian's cron does, and say what it starts when.

    A rule about a time of day is asked about each minute that the clock shows for the first time, those that it jumped
    over among them. A rule about the passing of time is asked about what the clock shows now.
    """
    by_minute: dict[tuple[int, int], list[str]] = {(hour, minute): [] for hour in range(24) for minute in range(60)}
    for expression, rule in rules.items():
        for time in itertools.product(rule.hours, rule.minutes):
            by_minute[time].append(expression)
    found: dict[str, list[float]] = {expression: [] for expression in rules}
    zone, minute = ZoneInfo(tz), timedelta(minutes=1)
    now = datetime(year, 1, 1, tzinfo=UTC)
    shown = now.astimezone(zone).replace(tzinfo=None) - minute
    while now.year == year:
        wall = now.astimezone(zone).replace(tzinfo=None)
        matched = {
            each
            for each in by_minute[wall.hour, wall.minute]
            if rules[each].passes_with_time and rules[each].matches(wall.date())
        }
        while shown < wall:
            shown += minute
            matched |= {
                each
                for each in by_minute[shown.hour, shown.minute]
                if not rules[each].passes_with_time and rules[each].matches(shown.date())
            }
        for each in matched:
            found[each].append(to_ms(now))
        now += minute
    return found


EXPRESSIONS = [
    "* * * * *",
    "*/7 * * * *",
    "30 * * * *",
    "0,30 * * * *",
    "* 2 * * *",
    "*/15 1 * * *",
    "*/20 0 * * *",
    "0 */2 * * *",
    "15 */3 * * 0",
    "30 2 * * *",
    "30 1 * * *",
    "45 1 * * 0",
    "0 2 * * *",
    "0 3 * * *",
    "0 0 * * *",
    "5 0 * 10-11 *",
    "0,15,30,45 1,2,3 * * *",
    "10 0-5/2 * 3,4,10,11 0,6",
    "0 9 * * 1-5",
    "0 0 13 * 5",
    "30 2 */2 * 0",
    "0 12 31 * *",
    "0 0 29 2 *",
    "* 1 1 11 *",
]

PLACES = [
    ("America/New_York", 2026),  # by an hour at two o'clock
    ("Europe/Zurich", 2026),  # by an hour at two and three
    ("Australia/Lord_Howe", 2026),  # by half an hour, and the other way round in the year
    ("Asia/Kolkata", 2026),  # never
    ("America/Sao_Paulo", 2018),  # at midnight: a day without a beginning, and one with two ends
]


@pytest.mark.slow
@pytest.mark.parametrize(("tz", "year"), PLACES, ids=[tz for tz, _ in PLACES])
def test_a_cron_expression_is_what_a_look_at_the_clock_each_minute_says(tz: str, year: int) -> None:
    chance = random.Random(f"{tz} {year}")
    zone = ZoneInfo(tz)
    start, end = to_ms(datetime(year, 1, 1, tzinfo=UTC)), to_ms(datetime(year + 1, 1, 1, tzinfo=UTC))
    changes = [
        ms
        for ms in range(int(start), int(end) - 3_600_000, 3_600_000)
        if to_datetime(ms).astimezone(zone).utcoffset() != to_datetime(ms + 3_600_000).astimezone(zone).utcoffset()
    ]

    expected = occurrences({each: Rule.of(each) for each in EXPRESSIONS}, tz, year)

    assert len(changes) == (0 if tz == "Asia/Kolkata" else 2)
    for expression, times in expected.items():
        schedule = cron(expression, tz)
        moments = [chance.uniform(start, end - 1) for _ in range(100)]
        moments += [ms + minute * 60_000 for ms in changes for minute in range(-150, 200)]
        moments += [t + d for t in chance.sample(times, min(50, len(times))) for d in (-1, 0, 1)]
        for number, ms in enumerate(moments):
            place = bisect.bisect_right(times, ms)
            if place < len(times):
                assert schedule.next_after(ms) == times[place], (expression, ms, to_datetime(ms).astimezone(zone))
            if place > 0 and number % 20 == 0:
                since = times[chance.randrange(place)]
                assert schedule.newest(ms, since) == times[place - 1], (expression, ms, since)
        if len(times) <= 400:
            ms: float | None = start - 1
            chain = []
            while ms is not None and (ms := schedule.next_after(ms)) is not None and ms < end:
                chain.append(ms)
            assert chain == times, expression


# ------------------------------------------------------------------ daylight saving time, case by case


@dataclass(frozen=True)
class Case:
    name: str
    schedule: CronExpression
    after: str
    times: list[str]


CASES = [
    Case(
        "a time that is jumped over happens just after the jump",
        cron("30 2 * * *", "America/New_York"),
        "2026-03-07T12:00-05:00",
        ["2026-03-08T03:00-04:00", "2026-03-09T02:30-04:00"],
    ),
    Case(
        "two of them happen once",
        cron("0,30 2 * * *", "America/New_York"),
        "2026-03-07T12:00-05:00",
        ["2026-03-08T03:00-04:00", "2026-03-09T02:00-04:00"],
    ),
    Case(
        "a time that comes twice happens the first time",
        cron("30 1 * * *", "America/New_York"),
        "2026-11-01T00:00-04:00",
        ["2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"],
    ),
    Case(
        "and not again in the second hour",
        cron("30 1 * * *", "America/New_York"),
        "2026-11-01T01:10-05:00",
        ["2026-11-02T01:30-05:00"],
    ),
    Case(
        "half hours go on through both",
        cron("*/30 * * * *", "America/New_York"),
        "2026-11-01T01:00-04:00",
        ["2026-11-01T01:30-04:00", "2026-11-01T01:00-05:00", "2026-11-01T01:30-05:00", "2026-11-01T02:00-05:00"],
    ),
    Case(
        "an hour whose half is jumped over",
        cron("30 * * * *", "Australia/Lord_Howe"),
        "2026-10-04T01:30+10:30",
        ["2026-10-04T02:30+11:00", "2026-10-04T03:30+11:00"],
    ),
    Case(
        "an hour that begins with the end of half a jump",
        cron("* 2 * * *", "Australia/Lord_Howe"),
        "2026-04-05T01:58+10:30",
        ["2026-04-05T02:00+10:30", "2026-04-05T02:01+10:30"],
    ),
    Case(
        "a day that begins at one o'clock",
        cron("0 0 * * *", "America/Sao_Paulo"),
        "2018-11-03T12:00-03:00",
        ["2018-11-04T01:00-02:00", "2018-11-05T00:00-02:00"],
    ),
    Case(
        "every 15 seconds",
        cron("*/15 * * * * *"),
        "2026-01-01T00:00:20+00:00",
        ["2026-01-01T00:00:30+00:00", "2026-01-01T00:00:45+00:00", "2026-01-01T00:01+00:00"],
    ),
    Case(
        "with seconds, a time of day is still one",
        cron("20 30 2 * * *", "America/New_York"),
        "2026-03-07T12:00-05:00",
        ["2026-03-08T03:00-04:00", "2026-03-09T02:30:20-04:00"],
    ),
    Case(
        "with seconds, a minute of every hour follows the clock",
        cron("0 30 * * * *", "America/New_York"),
        "2026-11-01T01:00-04:00",
        ["2026-11-01T01:30-04:00", "2026-11-01T01:30-05:00", "2026-11-01T02:30-05:00"],
    ),
    Case(
        "the last second before a jump",
        cron("30 2 * * *", "America/New_York"),
        "2026-03-08T01:59:59.500-05:00",
        ["2026-03-08T03:00-04:00"],
    ),
    Case("the last day", cron("0 0 L * *"), "2026-02-01T00:00+00:00", ["2026-02-28T00:00+00:00"]),
    Case("the second Monday", cron("0 0 * * mon#2"), "2026-06-01T00:00+00:00", ["2026-06-08T00:00+00:00"]),
    Case("7 is Sunday too", cron("0 9 * * 7"), "2026-06-01T00:00+00:00", ["2026-06-07T09:00+00:00"]),
    Case("hourly", hourly(17), "2026-06-01T00:17+00:00", ["2026-06-01T01:17+00:00"]),
    Case("daily", daily(9, 30, "Asia/Kolkata"), "2026-06-01T00:00+00:00", ["2026-06-01T09:30+05:30"]),
    Case("weekly", weekly("Friday", 18), "2026-06-01T00:00+00:00", ["2026-06-05T18:00+00:00"]),
    Case("weekly, in short", weekly("fri", 18), "2026-06-01T00:00+00:00", ["2026-06-05T18:00+00:00"]),
    Case("monthly", monthly(31, 0), "2026-02-01T00:00+00:00", ["2026-03-31T00:00+00:00", "2026-05-31T00:00+00:00"]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_next_times(case: Case) -> None:
    ms: float | None = to_ms(datetime.fromisoformat(case.after))

    for expected in case.times:
        assert ms is not None
        ms = case.schedule.next_after(ms)
        assert ms == to_ms(datetime.fromisoformat(expected)), ms and to_datetime(ms)


@pytest.mark.parametrize(
    ("alias", "expression"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@Yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("  30  2 *   * * ", "30 2 * * *"),
    ],
)
def test_names_and_spaces_of_expressions_make_no_other_schedule(alias: str, expression: str) -> None:
    assert cron(alias) == cron(expression)


def test_a_rare_date_is_found() -> None:
    assert cron("0 0 29 2 *").next_after(to_ms(datetime(2097, 1, 1, tzinfo=UTC))) == to_ms(
        datetime(2104, 2, 29, tzinfo=UTC)
    )


# ------------------------------------------------------------------ intervals, moments, changes


def test_an_interval_counts_from_the_time_before_and_never_drifts() -> None:
    every = interval(timedelta(seconds=10))

    assert every.first(1234.5) == 1234.5
    assert every.next_after(1000.0) == 11_000.0
    assert every.next_after(10_999.0, 1000.0) == 11_000.0
    assert every.next_after(11_000.0, 1000.0) == 21_000.0
    assert every.next_after(500.0, 1000.0) == 1000.0
    assert every.at_or_after(11_000.0, 1000.0) == 11_000.0
    assert every.at_or_after(11_000.5, 1000.0) == 21_000.0
    assert every.at_or_after(500.0, 1000.0) == 1000.0
    assert every.newest(20_999.0, 1000.0) == 11_000.0
    assert every.newest(21_000.0, 1000.0) == 21_000.0


def test_an_interval_that_is_no_whole_number_of_milliseconds_gives_each_time_once() -> None:
    chance = random.Random(1)
    for microseconds in (10_001, 16_667, 33_333, 63_001_083):
        every = interval(timedelta(microseconds=microseconds))
        for _ in range(1000):
            since = 1.7e12 + chance.random() * 1e11
            ms = since + chance.random() * chance.choice([1e3, 1e6, 1e9])

            newest = every.newest(ms, since)
            following = every.next_after(newest, since)

            assert following is not None
            assert newest <= ms < following
            assert following == every.next_after(ms, since)
            assert every.at_or_after(newest, since) == newest
            assert every.at_or_after(ms, since) == (newest if newest == ms else following)


def test_a_cron_at_or_after_a_time_is_that_time_too() -> None:
    nine = to_ms(datetime(2026, 1, 5, 9, tzinfo=UTC))
    schedule = daily(9)

    assert schedule.at_or_after(nine, 0.0) == nine
    assert schedule.at_or_after(nine + 0.5, 0.0) == nine + 86_400_000
    assert schedule.at_or_after(0.0, nine + 1) == nine + 86_400_000
    assert schedule.next_after(nine) == nine + 86_400_000
    assert schedule.next_after(nine - 0.25) == nine


def test_a_moment_comes_once() -> None:
    moment = once(datetime(2026, 11, 22, 9, tzinfo=ZoneInfo("Europe/Zurich")))
    at_ms = to_ms(datetime(2026, 11, 22, 8, tzinfo=UTC))

    assert moment == Once(at_ms)
    assert moment.first(at_ms + 1) == at_ms
    assert moment.next_after(at_ms - 1) == at_ms
    assert moment.next_after(at_ms) is None
    assert moment.at_or_after(at_ms, 0.0) == at_ms
    assert moment.at_or_after(at_ms + 1, 0.0) is None


def test_a_change_has_no_time() -> None:
    change = OnChange("notes()")

    assert (change.first(0.0), change.next_after(0.0), change.at_or_after(0.0, 0.0)) == (None, None, None)


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (interval(timedelta(seconds=10)), "every 10 seconds"),
        (interval(timedelta(minutes=1)), "every minute"),
        (interval(timedelta(hours=1, minutes=30)), "every 1 hour 30 minutes"),
        (interval(timedelta(milliseconds=1500)), "every 1 second 500 ms"),
        (interval(timedelta(milliseconds=12.5)), "every 12.5 ms"),
        (cron("30 2 * * *", "America/New_York"), "at 02:30 every day (America/New_York)"),
        (cron("0 9 * * mon-fri"), "at 09:00 on Monday through Friday (UTC)"),
        (cron("15,45 8-18/2 * 1,6 mon-fri"), "15,45 8-18/2 * 1,6 mon-fri (UTC)"),
        (monthly(23, 11), "at 11:00 on the 23rd day of every month (UTC)"),
        (monthly(12, 11), "at 11:00 on the 12th day of every month (UTC)"),
        (Once(to_ms(datetime(2026, 11, 22, 9, tzinfo=UTC))), "once, at 2026-11-22 09:00:00 UTC"),
        (OnChange("notes()"), "when the result of notes() changes"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_schedule_in_words_and_as_a_value(schedule: Schedule, words: str) -> None:
    assert schedule.describe() == words
    assert schedule_of(schedule.to_value()) == schedule


def test_times_are_read_in_the_zone_of_a_cron_and_else_in_utc() -> None:
    assert zone_of(cron("@daily", "Asia/Kolkata")) == ZoneInfo("Asia/Kolkata")
    assert zone_of(Interval(1000.0)) == ZoneInfo("UTC")


# ------------------------------------------------------------------ refusals

_EXPECTED_FIELDS = (
    "Expected five fields: minute hour day-of-month month day-of-week. "
    'Write "30 9 * * mon-fri" for 09:30 from Monday to Friday.'
)
_EXPECTED_ZONE = 'Expected a name such as "Europe/Zurich" or "UTC". zoneinfo.available_timezones() has them all.'

REFUSED: list[tuple[Callable[[], object], str]] = [
    (
        lambda: cron("61 * * * *"),
        f"Cannot read the cron expression '61 * * * *': its minute '61' cannot be. {_EXPECTED_FIELDS}",
    ),
    (
        lambda: cron("0 0 0 30 2 *"),
        f"Cannot read the cron expression '0 0 0 30 2 *': its day-of-month '30' cannot be. {_EXPECTED_FIELDS}",
    ),
    (
        lambda: cron("0 0 * * fri-mon"),
        f"Cannot read the cron expression '0 0 * * fri-mon': its day-of-week 'fri-mon' cannot be. {_EXPECTED_FIELDS}",
    ),
    (
        lambda: cron("* * * *"),
        f"Cannot read the cron expression '* * * *': it has 4 fields. {_EXPECTED_FIELDS}",
    ),
    (
        lambda: cron("0 0 30 2 *"),
        f"Cannot read the cron expression '0 0 30 2 *': its day-of-month '30' cannot be. {_EXPECTED_FIELDS}",
    ),
    (
        lambda: cron("0 0 */28 * mon#2"),
        f"Cannot read the cron expression '0 0 */28 * mon#2': no date ever matches it. {_EXPECTED_FIELDS}",
    ),
    (lambda: cron(""), f"Cannot read the cron expression '': it has 0 fields. {_EXPECTED_FIELDS}"),
    (lambda: cron(5), f"Cannot schedule a cron: 5 (int) was given. {_EXPECTED_FIELDS}"),  # type: ignore[arg-type]
    (
        lambda: cron("@reboot"),
        (
            "Cannot read the cron expression '@reboot': @reboot is not known. Expected one of @hourly, @daily, @midnight, "
            "@weekly, @monthly, @yearly, @annually. Choose one of them, or write five fields: minute hour day-of-month "
            "month day-of-week."
        ),
    ),
    (
        lambda: cron("@daily", "Europe/Zuerich"),
        f"Cannot find the time zone 'Europe/Zuerich': it is not in the time zone database. {_EXPECTED_ZONE}",
    ),
    (
        lambda: cron("@daily", "Europe"),
        f"Cannot find the time zone 'Europe': it is not in the time zone database. {_EXPECTED_ZONE}",
    ),
    (
        lambda: cron("@daily", "../etc/passwd"),
        f"Cannot find the time zone '../etc/passwd': it is not in the time zone database. {_EXPECTED_ZONE}",
    ),
    (
        lambda: cron("@daily", ""),
        f"Cannot find the time zone '': it is not in the time zone database. {_EXPECTED_ZONE}",
    ),
    (
        lambda: cron("@daily", None),  # type: ignore[arg-type]
        f"Cannot find the time zone None: it is not a text. {_EXPECTED_ZONE}",
    ),
    (
        lambda: daily(9, tz=ZoneInfo("Europe/Zurich")),  # type: ignore[arg-type]
        (
            "Cannot find the time zone zoneinfo.ZoneInfo(key='Europe/Zurich') (ZoneInfo): it is not a text. "
            f"{_EXPECTED_ZONE}"
        ),
    ),
    (
        lambda: interval(timedelta(milliseconds=9)),
        (
            "Cannot schedule an interval: it is 9 ms. Expected 10 ms or more, and at most 100 years. "
            "Choose another span; for work without a pause, write a loop in an action."
        ),
    ),
    (
        lambda: interval(timedelta(0)),
        (
            "Cannot schedule an interval: it is 0:00:00. Expected 10 ms or more, and at most 100 years. "
            "Choose another span; for work without a pause, write a loop in an action."
        ),
    ),
    (
        lambda: interval(timedelta(days=40_000)),
        (
            "Cannot schedule an interval: it is 40000 days. Expected 10 ms or more, and at most 100 years. "
            "Choose another span; for work without a pause, write a loop in an action."
        ),
    ),
    (
        lambda: interval(60),  # type: ignore[arg-type]
        "Cannot schedule an interval: 60 (int) was given. Expected a timedelta. Write timedelta(minutes=5).",
    ),
    (
        lambda: once(datetime(2026, 1, 1)),  # noqa: DTZ001
        (
            "Cannot schedule a moment: datetime.datetime(2026, 1, 1, 0, 0) (datetime) was given, which has no time zone. "
            'Expected a datetime with a time zone. Write datetime(2026, 11, 22, 9, tzinfo=ZoneInfo("Europe/Zurich")).'
        ),
    ),
    (
        lambda: once(pd.NaT),
        (
            "Cannot schedule a moment: NaT (NaTType) was given. "
            'Expected a datetime with a time zone. Write datetime(2026, 11, 22, 9, tzinfo=ZoneInfo("Europe/Zurich")).'
        ),
    ),
    (
        lambda: daily(24),
        (
            "Cannot schedule the hour: 24 (int) was given. Expected an int from 0 to 23. "
            "For several of them, write a cron expression."
        ),
    ),
    (
        lambda: hourly(True),
        (
            "Cannot schedule the minute: True (bool) was given. Expected an int from 0 to 59. "
            "For several of them, write a cron expression."
        ),
    ),
    (
        lambda: monthly(0, 9),
        (
            "Cannot schedule the day: 0 (int) was given. Expected an int from 1 to 31. "
            "For several of them, write a cron expression."
        ),
    ),
    (
        lambda: weekly("friyay", 9),
        (
            "Cannot schedule a day of the week: 'friyay' (str) was given. Expected the name of a day. Write one of "
            "'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'."
        ),
    ),
]


@pytest.mark.parametrize(("make", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_what_cannot_be_is_refused_in_four_facts(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ScheduleError) as raised:
        make()

    assert str(raised.value) == sentence
