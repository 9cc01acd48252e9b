"""Sorting and filtering as a reader asks for it, on values of every kind, and the row that a window holds on to."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactive_nb.notebook.result.arrangement import (
    MAX_COUNT,
    Arrangement,
    Held,
    Window,
    _encoded,
    arrange,
    row_to_hold,
)
from reactive_nb.notebook.result.shape import shape_of

MISSING: Any = object()


class Sulking:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def column(*values: Any) -> Any:
    """A table with one column `n`, and another that says the place."""
    return shape_of([{"at": at} if value is MISSING else {"n": value, "at": at} for at, value in enumerate(values)])


def sorted_by(shape: Any, *sort: tuple[str, bool]) -> list[int]:
    return list(arrange(shape, Arrangement(sort=sort)))


def filtered(shape: Any, *filter: tuple[str, str]) -> list[int]:
    return list(arrange(shape, Arrangement(filter=filter)))


# ---------------------------------------------------------------- sort

SORTS: dict[str, list[Any]] = {
    "numbers": [-math.inf, -2, -1.5, 0, 1, 2**53, 2**53 + 1, math.inf],
    "numbers and nan": [-math.inf, 1, math.inf, math.nan],
    "texts": ["", "A", "B", "a", "z", "ä"],
    "everything simple": [MISSING, None, -1, 0.5, 3, False, True, "", "a"],
    "times": [
        datetime(2026, 1, 1, 12, tzinfo=UTC),
        datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=-1))),
        datetime(2026, 1, 2, tzinfo=UTC),
    ],
    "everything": [
        *(MISSING, None, 7, math.nan, datetime(2026, 1, 1, tzinfo=UTC), False, True, "x", b"x", [1], [1, 2], {"a": 1}),
        Sulking(),
    ],
}


@pytest.mark.parametrize("name", SORTS)
@pytest.mark.parametrize("turn", [0, 1, 3])
def test_values_sort_in_the_engine_s_order(name: str, turn: int) -> None:
    values = SORTS[name]
    shape = column(*values[turn:], *values[:turn])
    expected = [(at - turn) % len(values) for at in range(len(values))]

    assert sorted_by(shape, ("n", False)) == expected


def test_equal_rows_keep_their_order_in_both_directions() -> None:
    shape = column(1, 0, True, 1.0, 0, None, None)

    assert sorted_by(shape, ("n", False)) == [5, 6, 1, 4, 0, 3, 2]
    assert sorted_by(shape, ("n", True)) == [2, 0, 3, 1, 4, 5, 6]


def test_the_first_column_decides_and_the_next_among_its_equals() -> None:
    rows = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 1, "b": "z"}, {"a": 2, "b": "x"}]

    assert sorted_by(shape_of(rows), ("a", True), ("b", False)) == [3, 1, 0, 2]


def test_a_column_that_is_not_there_changes_nothing() -> None:
    assert sorted_by(column(3, 1, 2), ("nobody", True)) == [0, 1, 2]


def test_lists_and_records_sort_by_their_values_and_a_scalar_stays() -> None:
    assert sorted_by(shape_of([3, 1, 2]), ("value", False)) == [1, 2, 0]
    assert sorted_by(shape_of({"b": 1, "a": 2}), ("field", False)) == [1, 0]
    assert list(arrange(shape_of(3), Arrangement((("value", True),), (("value", "x"),)))) == [0]


simple = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=3)


@given(st.lists(simple | st.just(MISSING)), st.booleans())
def test_the_quick_way_of_sorting_is_the_engine_s(values: list[Any], descending: bool) -> None:
    shape = column(*values)
    keys = [_encoded(value) if value is not MISSING else b"" for value in values]

    expected = sorted(range(len(values)), key=keys.__getitem__, reverse=descending)

    assert sorted_by(shape, ("n", descending)) == expected


# ---------------------------------------------------------------- filter

FILTERS: list[tuple[str, list[Any], list[Any]]] = [
    ("an", ["ANNA", "Hans", "Bo", "Straße", MISSING], ["ANNA", "Hans"]),
    ("STRASSE", ["Straße", "strasse", "x"], ["Straße", "strasse"]),
    (" an ", ["an", "b"], ["an"]),
    ("5", [5, 15, 0.5, "5", 4, None], [5, 15, 0.5, "5"]),
    ("none", [None, "none", 3], [None, "none"]),
    ("true", [True, False, "true"], [True, "true"]),
    ("> 5", [5, 6, 5.5, None, True, math.nan, "a", "4"], [6, 5.5, None, True, "a"]),
    (">=5", [5, 4, 6], [5, 6]),
    ("< 5", [5, 4, -math.inf, math.inf, "4", "6"], [4, -math.inf, "4"]),
    ("<= 5", [5, 4, 6], [5, 4]),
    ("= 5", [5, 5.0, 15, "5", "55"], [5, 5.0, "5"]),
    ("!= 5", [5, 5.0, 15, "5", "x", None], [15, "x", None]),
    ("> -1.5e1", [-14, -15, -16], [-14]),
    (f"= {2**53 + 1}", [2**53, 2**53 + 1], [2**53 + 1]),
    ("1..3", [0, 1, 2.5, 3, 4, "2", True], [1, 2.5, 3]),
    ("-1.5 .. 0", [-2, -1.5, 0, 1], [-1.5, 0]),
    ("3..1", [1, 2, 3], []),
    ("1.2.3..4", ["1.2.3..4", 2], ["1.2.3..4"]),
    (">", ["a > b", 3], ["a > b"]),
    ("= ewr", ["EWR", "EWRX", 3], ["EWR"]),
    ("> m", ["A", "z", "N"], ["z", "N"]),
    ("> x", [3, "y"], ["y"]),
    ("[1", [[1, 2], [2, 1]], [[1, 2]]),
]


@pytest.mark.parametrize(("text", "values", "left"), FILTERS, ids=lambda case: case if isinstance(case, str) else "")
def test_a_filter_leaves_the_rows_that_fit(text: str, values: list[Any], left: list[Any]) -> None:
    found = filtered(column(*values), ("n", text))

    assert [values[at] for at in found] == left
    assert [type(values[at]) for at in found] == list(map(type, left))


def test_times_are_filtered_in_utc() -> None:
    noon = datetime(2026, 11, 20, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    shape = column(noon, datetime(2026, 11, 20, 0, 30, tzinfo=UTC), datetime(2026, 11, 20, 0, 30))  # noqa: DTZ001

    assert filtered(shape, ("n", "2026-11-19 23:30")) == [0]
    assert filtered(shape, ("n", ">= 2026-11-20")) == [1, 2]
    assert filtered(shape, ("n", "< 2026-11-20")) == [0]


def test_all_filters_must_fit_and_the_rest_is_sorted() -> None:
    rows = [{"a": 3, "b": "x"}, {"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"b": "x"}]
    wanted = Arrangement((("a", False),), (("b", "X"), ("a", "> 0")))

    assert list(arrange(shape_of(rows), wanted)) == [1, 0]


def test_an_object_that_cannot_be_written_can_be_filtered() -> None:
    assert filtered(column(Sulking(), "sulking"), ("n", "sulking")) == [0, 1]


# ---------------------------------------------------------------- windows


def test_a_page_s_words_become_a_window() -> None:
    window = Window.from_json(
        {
            "first": 7,
            "count": 10**6,
            "anchor": "k",
            "sort": [["a", "desc"], ["b", "asc"]],
            "filter": [["a", "x"], ["b", " "]],
        }
    )

    assert window == Window(7, MAX_COUNT, "k", Arrangement((("a", True), ("b", False)), (("a", "x"),)))


def test_a_page_that_says_nothing_gets_the_beginning() -> None:
    assert Window.from_json(None) == Window.from_json({}) == Window(0, 100, None, Arrangement())


KEYS = ["a", "b", "c", "d", "e"]

HELD: dict[str, tuple[str, str, bool, Held | None]] = {
    # before, now, is_rearranged: the row that stays when `c` should
    "nothing happened": ("bcd", "abcde", False, Held("c", 1, 2)),
    "rows came above": ("bcd", "xyabcde", False, Held("c", 1, 4)),
    "it is gone": ("bcd", "abde", False, Held("d", 2, 2)),
    "it and all below are gone": ("bcd", "ab", False, Held("b", 0, 1)),
    "all are gone": ("bcd", "ae", False, None),
    "it moved away": ("bcde", "abdec", False, Held("d", 2, 2)),
    "others moved": ("bcde", "eabcd", False, Held("c", 1, 3)),
    "all moved as the reader wished": ("bcd", "edcba", True, Held("c", 1, 2)),
    "it was filtered away": ("bcd", "abde", True, Held("d", 2, 2)),
    "it was not in sight": ("ab", "abcde", False, None),
}


@pytest.mark.parametrize("name", HELD)
def test_a_window_holds_on_to_the_row_that_stays(name: str) -> None:
    before, now, is_rearranged, held = HELD[name]

    assert row_to_hold("c", list(before), list(now), range(len(now)), is_rearranged) == held
    keys = sorted(now)
    assert row_to_hold("c", list(before), keys, [keys.index(key) for key in now], is_rearranged) == held
