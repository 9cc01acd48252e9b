"""The lines of cell magics: options, the rest, and what is answered to a line that cannot be followed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from IPython.core.error import UsageError

from reactive_nb.errors import ScheduleError
from reactive_nb.notebook.cell.options import Options, split_leading_options, split_options
from reactive_nb.notebook.cell.plan import ON_OPTIONS, SCHEDULED_OPTIONS


@pytest.mark.parametrize(
    ("line", "options", "rest"),
    [
        ("10s", Options(), "10s"),
        ("10s --name feed", Options(name="feed"), "10s"),
        ("--name feed 10s", Options(name="feed"), "10s"),
        ("--name=feed 10s", Options(name="feed"), "10s"),
        ("10s --name 'my feed'", Options(name="my feed"), "10s"),
        ('"0 9 * * mon-fri" --tz Europe/Zurich', Options(tz="Europe/Zurich"), "0 9 * * mon-fri"),
        ("0 9 * * * --if-missed once", Options(if_missed="once"), "0 9 * * *"),
        ("2026-11-22 09:00 --thread", Options(thread=True), "2026-11-22 09:00"),
        ("10s --timeout 1m --db db", Options(timeout=timedelta(minutes=1), db="db"), "10s"),
        ("", Options(), ""),
    ],
)
def test_options_may_stand_anywhere(line: str, options: Options, rest: str) -> None:
    assert split_options("%%every", line, SCHEDULED_OPTIONS) == (options, rest)


@pytest.mark.parametrize(
    ("line", "options", "rest"),
    [
        ("latest('general')", Options(), "latest('general')"),
        ("--name watch latest('a  b')", Options(name="watch"), "latest('a  b')"),
        ("--timeout 5s --name=watch latest()", Options(name="watch", timeout=timedelta(seconds=5)), "latest()"),
        ("x --name", Options(), "x --name"),
        ("--name 'my feed' latest('a  b')", Options(name="my feed"), "latest('a  b')"),
        ('--name="my feed"  latest("it\'s")', Options(name="my feed"), 'latest("it\'s")'),
    ],
)
def test_before_python_they_stand_first_and_leave_it_as_it_is(line: str, options: Options, rest: str) -> None:
    assert split_leading_options("%%on", line, ON_OPTIONS) == (options, rest)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("10s --nmae feed", "%%every does not know '--nmae'. Its options are --name, --tz,"),
        ("10s --name", "%%every --name needs a value: --name NAME."),
        ("10s --name --thread", "%%every --name needs a value: --name NAME."),
        ("10s --if-missed never", "%%every --if-missed is one of skip, once, all, and 'never' was given."),
        ('"10s', "%%every cannot read '\"10s': a quotation mark is missing."),
        ("10s --timeout 0s", "%%every --timeout is more than nothing and at most 36500d, and '0s' was given."),
        ("10s --timeout 36501d", "%%every --timeout is more than nothing and at most 36500d, and '36501d' was given."),
        ("10s --thread=yes", "%%every --thread takes no value, and 'yes' was given."),
    ],
)
def test_a_line_that_cannot_be_followed_is_answered_in_one_sentence(line: str, answer: str) -> None:
    with pytest.raises(UsageError) as refused:
        split_options("%%every", line, SCHEDULED_OPTIONS)

    assert str(refused.value).startswith(answer)


def test_a_timeout_is_a_span_of_time() -> None:
    with pytest.raises(ScheduleError):
        split_options("%%every", "10s --timeout soon", SCHEDULED_OPTIONS)


def test_what_a_magic_has_not_it_does_not_know() -> None:
    with pytest.raises(UsageError, match="%%on does not know '--thread'"):
        split_leading_options("%%on", "--thread latest()", ON_OPTIONS)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("--name 'my feed latest()", '%%on cannot read "\'my feed latest()": a quotation mark is missing.'),
        ("--name", "%%on --name needs a value: --name NAME."),
        ("--name --db db latest()", "%%on --name needs a value: --name NAME."),
    ],
)
def test_before_python_too_it_is_answered_in_one_sentence(line: str, answer: str) -> None:
    with pytest.raises(UsageError) as refused:
        split_leading_options("%%on", line, ON_OPTIONS)

    assert str(refused.value) == answer
