"""The difference of two results, applied as a page applies it, gives the new one with nothing said twice."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.notebook.result.rows import Op, diff
from reactive_nb.notebook.result.shape import KeyedRows, Row

cells = st.sampled_from([None, False, 0, 1, True, "1", [1], [True], {"$int": "1"}])
rows = st.dictionaries(st.sampled_from("xyz"), cells)
results: st.SearchStrategy[KeyedRows] = st.lists(st.sampled_from("abcdefgh"), unique=True).flatmap(
    lambda keys: st.tuples(*[rows for _ in keys]).map(lambda values: dict(zip(keys, values, strict=True)))
)


def apply(old: KeyedRows, ops: list[Op]) -> list[tuple[str, Row]]:
    """Follow the words of rows.py on a plain list."""
    lines = list(old.items())

    def place(key: str | None) -> int:
        return -1 if key is None else [name for name, _ in lines].index(key)

    for op in ops:
        if op["op"] == "delete":
            del lines[place(op["key"])]
        elif op["op"] == "insert":
            lines.insert(place(op["after"]) + 1, (op["key"], op["row"]))
        elif op["op"] == "move":
            line = lines.pop(place(op["key"]))
            lines.insert(place(op["after"]) + 1, line)
        else:
            at = place(op["key"])
            kept = {field: cell for field, cell in lines[at][1].items() if field not in op.get("gone", [])}
            lines[at] = (op["key"], kept | op["cells"])
    return lines


def canonical(lines: list[tuple[str, Row]]) -> str:
    # As JSON text, because in Python True == 1; the order of fields is not the rows' business.
    return json.dumps(lines, sort_keys=True)


@pytest.mark.slow
@given(results, results)
@settings(max_examples=400)
def test_applying_the_operations_to_the_old_result_gives_the_new_one(old: KeyedRows, new: KeyedRows) -> None:
    assert canonical(apply(old, diff(old, new))) == canonical(list(new.items()))


@given(results, results)
@pytest.mark.slow
def test_a_row_that_is_equal_in_both_is_at_most_moved(old: KeyedRows, new: KeyedRows) -> None:
    equal = {key for key in old if key in new and canonical([("", old[key])]) == canonical([("", new[key])])}

    assert {op["op"] for op in diff(old, new) if op["key"] in equal} <= {"move"}


@pytest.mark.slow
@given(results)
def test_equal_results_have_no_difference(result: KeyedRows) -> None:
    assert diff(result, json.loads(json.dumps(result))) == []


@given(results.filter(lambda result: len(result) > 1), st.data())
@pytest.mark.slow
def test_one_row_that_changes_its_place_is_one_move(result: KeyedRows, data: st.DataObject) -> None:
    keys = list(result)
    key = keys.pop(data.draw(st.integers(0, len(keys) - 1)))
    keys.insert(data.draw(st.integers(0, len(keys))), key)

    ops = diff(result, {key: result[key] for key in keys})

    assert [op["op"] for op in ops] in ([], ["move"])


def test_one_changed_cell_among_fifty_rows_is_one_small_operation() -> None:
    old: KeyedRows = {f"id{n}": {"name": f"row {n}", "likes": n, "tags": ["a", "b"]} for n in range(50)}
    new = {key: dict(row) for key, row in old.items()}
    new["id17"]["likes"] = 99

    assert diff(old, new) == [{"op": "update", "key": "id17", "cells": {"likes": 99}}]


@pytest.mark.parametrize(
    ("before", "after"), [(1, True), (1, 1.0), ([0], [False]), ({"a": 1, "b": 2}, {"b": 2, "a": 1})]
)
def test_cells_that_python_calls_equal_but_a_page_shows_otherwise_are_a_change(before: object, after: object) -> None:
    assert diff({"a": {"n": before}}, {"a": {"n": after}}) != []
