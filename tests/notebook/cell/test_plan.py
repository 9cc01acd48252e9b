"""What a cell's first line asks for, and a cell's text taken apart and put together."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from IPython.core.error import UsageError

from reactive_nb.errors import ScheduleError
from reactive_nb.notebook.cell.plan import (
    joined_cell,
    options_of,
    place_of,
    schedule_from,
    split_cell,
    stable_name,
    without_comment,
)

NOW = datetime(2026, 11, 21, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("magic", "line", "words"),
    [
        ("every", "10s", "every 10 seconds"),
        ("every", "1h30m  # not too often", "every 1 hour 30 minutes"),
        ("at", "2026-11-22 09:00 --tz Europe/Zurich", "once, at 2026-11-22 08:00:00 UTC"),
        ("at", "09:00", "once, at 2026-11-22 09:00:00 UTC"),
        ("on", "--name x latest()", "when the result of latest() changes"),
    ],
)
def test_a_line_says_when(magic: str, line: str, words: str) -> None:
    options, rest = options_of(magic, line)

    assert schedule_from(magic, rest, options, lambda: NOW).describe() == words


def test_a_cron_expression_is_meant_in_its_zone() -> None:
    options, rest = options_of("cron", '"30 9 * * mon-fri" --tz Europe/Zurich')

    value = schedule_from("cron", rest, options, lambda: NOW).to_value()

    assert value == {"type": "cron", "expression": "30 9 * * mon-fri", "tz": "Europe/Zurich"}


@pytest.mark.parametrize(
    ("magic", "answer"),
    [
        ("every", "%%every needs to know when. Write %%every SPAN, such as %%every 10s --name feed."),
        ("cron", '%%cron needs to know when. Write %%cron "EXPRESSION", such as'),
        ("at", "%%at needs to know when. Write %%at TIME, such as %%at 09:00 or"),
    ],
)
def test_without_a_time_it_says_what_to_write(magic: str, answer: str) -> None:
    options, rest = options_of(magic, "")
    with pytest.raises(UsageError) as refused:
        schedule_from(magic, rest, options, lambda: NOW)

    assert str(refused.value).startswith(answer)


@pytest.mark.parametrize("line", ["often", "0s", "5ms"])
def test_a_span_that_cannot_be_is_an_error_with_four_facts(line: str) -> None:
    options, rest = options_of("every", line)
    with pytest.raises(ScheduleError):
        schedule_from("every", rest, options, lambda: NOW)


def test_a_thread_has_no_timeout() -> None:
    with pytest.raises(UsageError, match="--thread or --timeout"):
        options_of("every", "10s --thread --timeout 5s")


@pytest.mark.parametrize("cell", [("every", "10s", "a\n\nb\n"), ("at", "", ""), ("cron", '"0 9 * * *"', "%time x")])
def test_a_text_taken_apart_is_what_it_was_put_together_from(cell: tuple[str, str, str]) -> None:
    assert split_cell(joined_cell(*cell)) == cell


def test_a_cell_without_a_name_has_the_same_one_after_a_restart() -> None:
    assert stable_name("a1b2", "text") == "a1b2"
    assert stable_name(None, "text") == stable_name(None, "text")
    assert stable_name(None, "text") != stable_name(None, "texts")


def test_a_place_names_the_notebook_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    alone = place_of(5)
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/me/work/demo.ipynb")

    assert (alone, place_of(5)) == ("In[5]", "In[5] of demo.ipynb")


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("", ""),
        ("  # what is open", ""),
        ("why board  # the last runs", "why board"),
        ("why latest(channel='a #b')", "why latest(channel='a #b')"),
        ("""departures(to="#x", day='#y')   # "quoted" """, """departures(to="#x", day='#y')"""),
        ("close a#b", "close a#b"),
        ("--name it's", "--name it's"),
    ],
)
def test_a_comment_after_a_magic_is_no_part_of_it(line: str, rest: str) -> None:
    assert without_comment(line) == rest
