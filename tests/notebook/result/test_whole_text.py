"""Values as whole text: the detail of a cell, and rows as a spreadsheet reads them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactive_nb.notebook.result.shape import shape_of
from reactive_nb.notebook.result.whole_text import MAX_DETAIL, detail, tab_separated


def test_the_detail_of_a_text_is_the_text_and_of_others_what_python_writes() -> None:
    assert detail("a\nb") == "a\nb"
    assert detail(2**70) == str(2**70)
    assert detail({"b": list(range(50)), "a": "x" * 30}).startswith("{'b': [0,\n")


def test_what_nobody_could_read_is_cut_and_counted() -> None:
    text = detail("x" * (MAX_DETAIL + 1234))

    assert text == "x" * MAX_DETAIL + "\n… and 1,234 more characters"
    assert detail("x" * MAX_DETAIL) == "x" * MAX_DETAIL


CELLS: list[tuple[Any, str]] = [
    (None, ""),
    (True, "True"),
    (0.1 + 0.2, "0.30000000000000004"),
    (2**70, str(2**70)),
    (float("nan"), "nan"),
    ("Zürich", "Zürich"),
    ("x" * 600, "x" * 600),
    ('say "hi"', '"say ""hi"""'),
    ("a\tb", '"a\tb"'),
    ("a\r\nb", '"a\r\nb"'),
    (datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=1))), "2026-01-02T02:00:00.000000+00:00"),
    (datetime(2026, 1, 2, 3), "2026-01-02T03:00:00.000000"),  # noqa: DTZ001
    (["ä", None], '"[""ä"", null]"'),
    ({"at": datetime(2026, 1, 2, tzinfo=UTC)}, '"{""at"": ""2026-01-02 00:00:00+00:00""}"'),
]


@pytest.mark.parametrize(("value", "text"), CELLS, ids=repr)
def test_a_cell_is_written_whole(value: Any, text: str) -> None:
    assert tab_separated(shape_of([{"a": value}]), [0], ["a"]) == text


def test_rows_come_in_the_order_asked_for_and_what_they_lack_is_empty() -> None:
    shape = shape_of([{"a": 1}, {"a": 2, "b": "x"}, {"b": "y"}])

    assert tab_separated(shape, [2, 1], ["b", "a", "c"]) == "y\t\t\nx\t2\t"
    assert tab_separated(shape, [], ["a"]) == ""


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2), min_size=1))
def test_a_spreadsheet_reads_the_same_texts(rows: list[list[str]]) -> None:
    shape = shape_of([{"a": a, "b": b} for a, b in rows])

    text = tab_separated(shape, range(len(rows)), ["a", "b"])

    assert list(csv.reader(io.StringIO(text, newline=""), delimiter="\t")) == rows
