"""What kind of thing a result is on a page, and the keys and columns of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from reactive_nb.notebook.shape import columns_of, shape_of


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
    Case("ids that are not text", [{"_id": 7}], "table", {"#0": {"_id": 7}}),
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

    assert (shape.kind, shape.rows) == (case.kind, case.rows)
    assert list(shape.rows) == list(case.rows)


def test_only_the_first_rows_are_shown_and_all_are_counted() -> None:
    shape = shape_of([{"_id": str(n)} for n in range(1200)])

    assert (len(shape.rows), shape.total) == (500, 1200)


def test_columns_come_in_order_of_first_appearance_with_the_system_fields_last() -> None:
    rows = [{"_id": "a", "_creationTime": 1.0, "b": 1}, {"c": 2, "b": 3, "_id": "b"}]

    assert columns_of(rows) == ["b", "c", "_creationTime", "_id"]


def test_columns_that_a_page_has_keep_their_places() -> None:
    assert columns_of([{"c": 1, "b": 2, "a": 3}], ["a", "b", "gone"]) == ["a", "b", "c"]


def test_an_emptied_table_keeps_its_columns() -> None:
    assert columns_of([], ["a", "_id"]) == ["a", "_id"]
