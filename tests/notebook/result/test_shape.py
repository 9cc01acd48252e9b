"""What kind of thing a result is on a page, and the keys and columns of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reactive_nb.notebook.result.shape import Places, columns_of, shape_of


@dataclass(frozen=True)
class Case:
    name: str
    value: Any
    kind: str
    rows: dict[str, Any]


CASES = [
    Case("documents", [{"_id": "a", "n": 1}], "table", {"a": {"_id": "a", "n": 1}}),
    Case("rows without ids", [{"n": 1}, {"n": 1}], "table", {"#0": {"n": 1}, "#1": {"n": 1}}),
    Case("one row without an id", [{"_id": "a"}, {}], "table", {"#0": {"_id": "a"}, "#1": {}}),
    Case("an id twice", [{"_id": "a"}, {"_id": "a"}], "table", {"#0": {"_id": "a"}, "#1": {"_id": "a"}}),
    Case("ids that are numbers", [{"_id": 7}, {"_id": 8}], "table", {"7": {"_id": 7}, "8": {"_id": 8}}),
    Case("ids that read the same", [{"_id": 7}, {"_id": "7"}], "table", {"#0": {"_id": 7}, "#1": {"_id": "7"}}),
    Case(
        "ids that are true or none", [{"_id": True}, {"_id": None}], "table", {"#0": {"_id": True}, "#1": {"_id": None}}
    ),
    Case("columns that are no text", [{1: 2}], "table", {"#0": {"1": 2}}),
    Case("an empty list", [], "table", {}),
    Case("scalars", [3, None], "list", {"#0": {"value": 3}, "#1": {"value": None}}),
    Case("a mixed list", [{"a": 1}, 2], "list", {"#0": {"value": {"a": 1}}, "#1": {"value": 2}}),
    Case("a dict", {"n": 3}, "record", {"n": {"field": "n", "value": 3}}),
    Case("a number", 3, "scalar", {"value": {"value": 3}}),
    Case("nothing", None, "scalar", {"value": {"value": None}}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_result_is_keyed_rows_of_its_kind(case: Case) -> None:
    shape = shape_of(case.value)

    assert (shape.kind, len(shape)) == (case.kind, len(case.rows))
    assert list(shape.head(99).items()) == list(case.rows.items())
    assert [shape.keys.index(key) for key in case.rows] == list(range(len(shape)))


def test_only_the_first_rows_are_made_cells_and_all_are_counted() -> None:
    shape = shape_of([{"_id": str(n), "n": 2**60} for n in range(1200)])

    assert (len(shape.head(500)), len(shape)) == (500, 1200)
    assert shape.cells(7) == {"_id": "7", "n": {"$int": str(2**60)}}


def test_rows_can_be_named_by_another_column() -> None:
    assert list(shape_of([{"no": "a"}, {"no": "b"}], "no").keys) == ["a", "b"]
    assert list(shape_of([{"no": "a"}, {"no": "a"}], "no").keys) == ["#0", "#1"]


def test_places_are_the_list_of_their_names() -> None:
    places, names = Places(12), [f"#{n}" for n in range(12)]

    assert (list(places), places[3:5], places[-1], len(places)) == (names, ["#3", "#4"], "#11", 12)
    assert (places.index("#11"), places.index("#5", 5), places.index("#5", -9, 6)) == (11, 5, 5)


@pytest.mark.parametrize("name", ["#12", "#-1", "#007", "#", "3", "#x", "#٣", "", "id3"])
def test_what_is_no_place_is_not_found(name: str) -> None:
    with pytest.raises(ValueError, match=r"is not a place|there is no"):
        Places(12).index(name)


def test_a_place_is_found_within_bounds_only() -> None:
    with pytest.raises(ValueError, match="there is no"):
        Places(12).index("#5", 6)
    with pytest.raises(ValueError, match="there is no"):
        Places(12).index("#5", 0, 5)


def test_columns_come_in_order_of_first_appearance_with_the_system_fields_last() -> None:
    rows = [{"_id": "a", "_creationTime": 1.0, "b": 1}, {"c": 2, "b": 3, "_id": "b"}]

    assert columns_of(rows) == ["b", "c", "_creationTime", "_id"]


def test_columns_that_a_page_has_keep_their_places() -> None:
    assert columns_of([{"c": 1, "b": 2, "a": 3}], ["a", "b", "gone"]) == ["a", "b", "c"]


def test_an_emptied_table_keeps_its_columns() -> None:
    assert columns_of([], ["a", "_id"]) == ["a", "_id"]


def test_a_data_frame_is_a_table_of_plain_values() -> None:
    at = pd.Timestamp("2013-01-01 10:00", tz="UTC")
    frame = pd.DataFrame(
        {
            "_id": ["a", "b"],
            "n": pd.array([1, None], dtype="Int32"),
            "x": [0.5, float("nan")],
            "at": [at, pd.NaT],
            "v": [np.array([1, 2], np.float32), None],
        },
        index=[7, 9],
    )

    shape = shape_of(frame)

    assert (shape.kind, list(shape.keys)) == ("table", ["a", "b"])
    assert shape.cells(0) == {
        "_id": "a",
        "n": 1,
        "x": 0.5,
        "at": {"$datetime": "2013-01-01T10:00:00.000000+00:00"},
        "v": {"$vector": [1.0, 2.0], "size": 2},
    }
    assert shape.cells(1) == {"_id": "b", "n": None, "x": None, "at": None, "v": None}


def test_a_data_frame_without_rows_or_with_columns_of_one_name() -> None:
    assert len(shape_of(pd.DataFrame({"a": []}))) == 0
    assert shape_of(pd.DataFrame([[1, 2]], columns=[0, "a"])).cells(0) == {"0": 1, "a": 2}
