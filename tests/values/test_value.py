"""What a value is: what `normalize` lets in, what it turns away and with which words, and how sizes are counted."""

from __future__ import annotations

import copy
import math
import pickle
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from reactive_nb.errors import InvalidValue
from reactive_nb.values.conversion import vector
from reactive_nb.values.value import IN_DOCUMENT, MAX_INT, MIN_INT, UNSET, normalize, value_size
from tests.strategies import identical, values


def nested(levels: int) -> Any:
    """Return a list of so many levels; a scalar has none."""
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


@settings(max_examples=200, deadline=None)
@given(values())
@pytest.mark.slow
def test_a_normalised_value_is_left_as_it_is(value: Any) -> None:
    assert identical(normalize(value), value)


@pytest.mark.parametrize(
    "value",
    [None, True, 0, MAX_INT, MIN_INT, 1.5, -0.0, math.nan, math.inf, "", "\0é\U0001f600", b"\0", {"": 1}, [], {}],
    ids=repr,
)
def test_this_is_a_value(value: Any) -> None:
    assert identical(normalize(value), value)


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Name(str):
    __slots__ = ()


class Names(list[Any]):
    __slots__ = ()


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (Name("x"), "x"),
        ({Name("x"): Name("y"), "z": 1}, {"x": "y", "z": 1}),
        (Names(["x"]), ["x"]),
        (bytearray(b"x"), b"x"),
        (memoryview(b"x"), b"x"),
        (OrderedDict(b=1, a=[2]), {"b": 1, "a": [2]}),
        (defaultdict(list, a=[1]), {"a": [1]}),
    ],
    ids=repr,
)
def test_subclasses_of_plain_types_become_plain(given_: Any, expected: Any) -> None:
    result = normalize(given_)

    assert identical(result, expected)
    if isinstance(result, dict):
        assert {type(name) for name in result} == {str}


def test_the_result_shares_no_container_with_what_came_in() -> None:
    given_: Any = {"a": [{"b": 1}]}

    result: Any = normalize(given_)
    given_["a"][0]["b"] = 2
    given_["a"].append(3)

    assert result == {"a": [{"b": 1}]}


def test_the_order_of_fields_is_kept() -> None:
    result = normalize({"b": 1, "a": [1], "c": "é", "_id": 0})

    assert isinstance(result, dict)
    assert list(result) == ["b", "a", "c", "_id"]


@dataclass
class Refused:
    name: str
    value: Any
    path: str
    says: str


REFUSED = [
    Refused("a tuple", {"a": [0, (1, 2)]}, "$.a[1]", "Pass a list"),
    Refused("a set", {1}, "$", "Pass a list"),
    Refused("a frozenset", frozenset(), "$", "Pass a list"),
    Refused("a function", {"f": print}, "$.f", "Convert it to one of these"),
    Refused("a complex number", 1j, "$", "Convert it to one of these"),
    Refused("UNSET in an array", {"tags": [UNSET]}, "$.tags[0]", "UNSET has a meaning in patches"),
    Refused("UNSET in an object in an array", [{"bad": UNSET, "big": 1}], "$[0].bad", "Leave the key out"),
    Refused("an int of 65 bits", {"n": 2**63}, "$.n", "an int of 64 bits, -2**63 to"),
    Refused("a negative int of 65 bits", -(2**63) - 1, "$", "Pass a float, or the digits as a string"),
    Refused("an int of more digits than Python prints", 10**5000, "$", "is an int of 16610 bits"),
    Refused("a lone surrogate", {"s": "ab\udc00"}, "$.s", "lone surrogate at position 2"),
    Refused("a lone surrogate in an array", ["ok", "\ud800"], "$[1]", "lone surrogate at position 0"),
    Refused("a key that is a number", {"a": {1: 2}}, "$.a", "has the key 1 (int)"),
    Refused("a key that starts with $", {"$set": 1}, "$", "do not start with '$'"),
    Refused("a key with a lone surrogate", {"ok": {"\ud800": 1}}, "$.ok", "keys of valid Unicode"),
    Refused("a Unicode key that starts with $", {"$é": 1}, "$", "do not start with '$'"),
    Refused("65 levels", nested(65), "$" + ".a[0]" * 32, "nested too deeply"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_this_is_no_value(case: Refused) -> None:
    with pytest.raises(InvalidValue) as caught:
        normalize(case.value)

    assert caught.value.path == case.path
    assert case.says in str(caught.value)
    assert len(str(caught.value)) < 500


NOT_IN_DOCUMENTS = [
    Refused("a key that is not ASCII", {"a": {"Zürich": 1}}, "$.a", "printable ASCII"),
    Refused("a key with a control character", {"a\n": 1}, "$", "printable ASCII"),
    Refused("a key of 1025 characters", {"x" * 1025: 1}, "$", "at most 1024"),
    Refused("1025 fields", {f"f{n}": n for n in range(1025)}, "$", "has 1025 fields. Expected at most 1024 in a doc"),
    Refused("8193 items", {"a": [0] * 8193}, "$.a", "has 8193 items. Expected at most 8192 in a document"),
    Refused("17 levels", nested(17), "$" + ".a[0]" * 8, "nested too deeply"),
]


@pytest.mark.parametrize("case", NOT_IN_DOCUMENTS, ids=lambda case: case.name)
def test_this_is_a_value_past_a_limit_of_documents(case: Refused) -> None:
    assert normalize(case.value) == case.value
    with pytest.raises(InvalidValue) as caught:
        normalize(case.value, nesting=IN_DOCUMENT)

    assert caught.value.path == case.path
    assert case.says in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_value_of_64_levels_is_accepted() -> None:
    assert normalize(nested(64)) == nested(64)


@pytest.mark.parametrize(
    "value",
    [
        nested(16),
        {"x" * 1024: 1},
        {"a$": 1, "x" * 1000: 1, "y" * 1000: 2},
        {f"f{n}": n for n in range(1024)},
        [0] * 8192,
        {"v": vector([0.0] * 10_000)},
    ],
    ids=["16 levels", "a name of 1024", "names longer together", "1024 fields", "8192 items", "a vector is one item"],
)
def test_a_value_at_a_limit_of_documents_is_accepted(value: Any) -> None:
    assert identical(normalize(value, nesting=IN_DOCUMENT), value)


def test_a_document_counts_as_the_first_of_its_16_levels() -> None:
    assert normalize(nested(16), nesting=IN_DOCUMENT) == nested(16)
    with pytest.raises(InvalidValue, match="at most 16 levels of lists and dicts in a document"):
        normalize(nested(17), nesting=IN_DOCUMENT)


def test_a_list_that_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(InvalidValue, match="nested too deeply"):
        normalize(endless)


def test_the_error_says_four_facts() -> None:
    with pytest.raises(InvalidValue) as caught:
        normalize({"items": [{"price per kg": {1, 2}}]}, path="$.order")

    error = caught.value
    assert str(error) == (
        "Cannot accept the value: $.order.items[0]['price per kg'] is {1, 2} (set). "
        "Expected None, a bool, int, float, str, bytes, list, dict, datetime or vector. Pass a list."
    )
    assert error.what == "Cannot accept the value"
    assert error.thing == "$.order.items[0]['price per kg'] is {1, 2} (set)"
    assert error.hint == "Pass a list"
    assert error.path == "$.order.items[0]['price per kg']"
    assert error.code == "invalid_value"


def test_an_error_in_a_key_of_a_foreign_type_names_each_step_once() -> None:
    with pytest.raises(InvalidValue) as caught:
        normalize({Name("x"): {Name("y"): {1}}})

    assert caught.value.path == "$.x.y"


SIZES: list[tuple[Any, int]] = [
    (None, 1),
    (True, 1),
    (7, 9),
    (2**63 - 1, 9),
    (1.5, 9),
    (datetime(2024, 1, 1, tzinfo=UTC), 9),
    ("", 2),
    ("aé\U0001f600", 2 + 1 + 2 + 4),
    (b"abc", 2 + 3),
    ([], 2),
    ([None, 1], 2 + 1 + 9),
    ({}, 2),
    ({"ab": True, "c": "x"}, 2 + (2 + 1 + 1) + (1 + 1 + 3)),
    ([{"a": [1]}], 2 + 2 + 1 + 1 + 2 + 9),
    (vector([1.0, 2.0, 3.0]), 2 + 12),
]


@pytest.mark.parametrize(("value", "size"), SIZES, ids=lambda case: repr(case))
def test_a_value_has_the_size_that_convex_counts(value: Any, size: int) -> None:
    assert value_size(value) == size


def test_unset_is_one_falsy_object() -> None:
    assert not UNSET
    assert repr(UNSET) == "UNSET"
    assert copy.deepcopy(UNSET) is UNSET
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET


@pytest.mark.parametrize("make", [lambda: np.array([1, 2], dtype="float32"), lambda: np.array([1.0, 2.0])])
def test_a_float_array_becomes_a_vector_of_its_own(make: Callable[[], Any]) -> None:
    array = make()

    result: Any = normalize({"v": array})
    array[0] = 9

    assert identical(result["v"], vector([1.0, 2.0]))
