"""The words of the teaching views."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from reactive_nb.engine import Engine
from reactive_nb.notebook.result.encoding import encode_cell
from reactive_nb.notebook.teach.words import (
    MAX_VALUE,
    count,
    duration_text,
    ordinal,
    snapshot_of,
    thread_text,
    time_text,
    value_text,
)
from tests.tools import insert


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (1, "1"),
        ("1", "'1'"),
        ("", "''"),
        (2**60, "1152921504606846976"),
        (float("nan"), "nan"),
        (datetime(2026, 11, 20, 12, 0, tzinfo=UTC), "2026-11-20 12:00:00Z"),
        (b"\x00\xff", "2 bytes 00ff"),
        ([1, "a"], "[1, 'a']"),
        ({"a": 1}, "{'a': 1}"),
        ("x" * 600, "'" + "x" * (MAX_VALUE - 2) + "…"),
    ],
    ids=repr,
)
def test_a_value_is_one_short_line(value: Any, text: str) -> None:
    assert value_text(encode_cell(value)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0"),
        (0.0000004, "0 µs"),
        (0.00023, "230 µs"),
        (0.0009999, "1 ms"),
        (0.00154, "1.54 ms"),
        (0.0125, "12.5 ms"),
        (0.5, "500 ms"),
        (1.0, "1 s"),
        (59.0, "59 s"),
        (90.0, "1.5 min"),
        (6000.0, "100 min"),
    ],
)
def test_a_span_is_in_the_unit_in_which_it_is_small(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MainThread", "main thread"),
        ("reactive_nb pool_0", "pool thread 1"),
        ("reactive_nb pool_11", "pool thread 12"),
        ("Thread-5 (bump)", "thread 5, bump"),
        ("Thread-5", "thread 5"),
        ("feed", "feed"),
    ],
)
def test_a_thread_has_a_name_for_people(name: str, text: str) -> None:
    assert thread_text(name) == text


def test_numbers_have_their_words() -> None:
    assert [count(n, "row") for n in (0, 1, 2, 1200)] == ["0 rows", "1 row", "2 rows", "1,200 rows"]
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th")
    ]


def test_a_time_is_that_of_the_clock_on_the_wall() -> None:
    text = time_text(1_700_000_000_000.9)

    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text)
    assert datetime.fromisoformat(text).astimezone().timestamp() == 1_700_000_000


def test_a_closed_database_has_an_empty_snapshot(db: Engine) -> None:
    insert(db, "t", {})
    assert snapshot_of(db).ts == 1

    db.close()
    assert snapshot_of(db).ts == 0
