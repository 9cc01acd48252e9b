"""The order of values: the encoding against a comparison that is slow and obvious."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.errors import InvalidValue
from reactive_nb.values.conversion import vector
from reactive_nb.values.order import compare, encode_array, encode_key, encode_value, encode_values
from reactive_nb.values.value import UNSET
from tests.strategies import keyable_values, numbers, texts


def oracle(a: Any, b: Any) -> int:
    """Compare two values as the documentation says it, without any encoding."""
    if rank(a) != rank(b):
        return -1 if rank(a) < rank(b) else 1
    match a:
        case list() | np.ndarray():
            return oracle_of_sequences(list(a), list(b))
        case dict():
            return oracle_of_sequences(
                [part for field in sorted(a.items(), key=lambda field: field[0]) for part in field],
                [part for field in sorted(b.items(), key=lambda field: field[0]) for part in field],
            )
        case str():
            a, b = a.encode(), b.encode()
        case int() | float() | np.floating():
            a, b = exact(a), exact(b)
    if a is None or a is UNSET:
        return 0
    return (a > b) - (a < b)


def rank(value: Any) -> int:
    kinds: list[Any] = [type(UNSET), type(None), (int, float, np.floating), datetime, bool, str, bytes]
    if isinstance(value, bool):
        return kinds.index(bool)
    for place, kind in enumerate(kinds):
        if isinstance(value, kind):
            return place
    return 8 if isinstance(value, dict) else 7


def exact(number: Any) -> tuple[int, Fraction]:
    """The place of a number: -inf, finite, inf, NaN; and among the finite its exact value."""
    if math.isnan(number):
        return (3, Fraction(0))
    if math.isinf(number):
        return (2 if number > 0 else 0, Fraction(0))
    return (1, Fraction(float(number)) if isinstance(number, np.floating) else Fraction(number))


def oracle_of_sequences(a: list[Any], b: list[Any]) -> int:
    for x, y in zip(a, b, strict=False):
        if order := oracle(x, y):
            return order
    return (len(a) > len(b)) - (len(a) < len(b))


@dataclass
class Ascending:
    name: str
    values: list[Any]


T0 = datetime(2024, 1, 1, tzinfo=UTC)

ASCENDING = [
    Ascending(
        "the kinds of Convex's documentation",
        [UNSET, None, 34, 35, False, True, "stringValue", "xFactor", b"bytes", ["a"], {"a": 1}],
    ),
    Ascending("datetimes stand between numbers and booleans", [math.nan, T0, T0.replace(year=2025), False]),
    Ascending(
        "datetimes across midnight",
        [T0, T0 + timedelta(microseconds=1), T0 + timedelta(hours=23), T0 + timedelta(days=1)],
    ),
    Ascending("datetimes before 1970", [datetime(1, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, tzinfo=UTC), T0]),
    Ascending(
        "numbers of every size",
        [
            -math.inf,
            -1.5e300,
            -(2**63),
            -1.5,
            -1,
            -5e-324,
            0,
            5e-324,
            1,
            1.5,
            2,
            2**63 - 1,
            2.0**63,
            math.inf,
            math.nan,
        ],
    ),
    Ascending("ints and floats above 2**53", [2**53, 2**53 + 1, 2.0**53 + 2, 2**53 + 3]),
    Ascending("ints and floats below -2**53", [-(2**53) - 3, -(2.0**53) - 2, -(2**53) - 1, -(2**53)]),
    Ascending("the ends of 64 bits", [-(2.0**63) * 1.1, -(2**63), -(2**63) + 1, 2**63 - 2, 2**63 - 1, 2.0**63]),
    Ascending("an int and a float of different value, not type before value", [33.0, 34, 34.5, 35]),
    Ascending("strings by UTF-8, not UTF-16", ["", "\0", "a", "a\0", "a\0\0", "a\x01", "aa", "b", "￿", "\U0001f600"]),
    Ascending("bytes", [b"", b"\0", b"\0\0", b"\0\xff", b"\x01", b"\xff", b"\xff\xff"]),
    Ascending("strings inside arrays, whatever follows", [["", 9], ["\0", 1], ["\0\0"], ["a", 9], ["a\0", 1]]),
    Ascending("bytes inside arrays, whatever follows", [[b"", 9], [b"\0", 1], [b"\0\0"], [b"a", 9], [b"a\0", 1]]),
    Ascending("arrays item by item", [[], [None], [1], [1, 1], [2], ["a"], ["a", None], [[]], [[], []], [[1]], [{}]]),
    Ascending("a vector as the array of its numbers", [[0.5], vector([0.5, 1.0]), [0.5, 1.5], vector([2.0])]),
    Ascending("objects as sorted fields", [{}, {"": 1}, {"a": 1}, {"a": 1, "b": 0}, {"a": 2}, {"aa": 0}, {"b": 0}]),
]


@pytest.mark.parametrize("case", ASCENDING, ids=lambda case: case.name)
def test_values_stand_in_this_order(case: Ascending) -> None:
    for before, after in pairwise(case.values):
        assert encode_value(before) < encode_value(after), (before, after)
        assert compare(before, after) == -1
        assert compare(after, before) == 1
        assert oracle(before, after) == -1


@dataclass
class Equal:
    name: str
    a: Any
    b: Any


EQUAL = [
    Equal("an int and a float of one value", 1, 1.0),
    Equal("the largest int that is a double", 2**53, 2.0**53),
    Equal("the smallest int", -(2**63), -(2.0**63)),
    Equal("the zeros", 0.0, -0.0),
    Equal("zero as int", 0, -0.0),
    Equal("NaN and itself", math.nan, math.nan),
    Equal("all NaNs", math.nan, -math.nan),
    Equal("objects whatever the order of their fields", {"a": 1, "b": 2}, {"b": 2, "a": 1}),
    Equal("a vector and the list of its numbers", vector([0.5, 1.0]), [0.5, 1]),
    Equal("missing and missing", UNSET, UNSET),
]


@pytest.mark.parametrize("case", EQUAL, ids=lambda case: case.name)
def test_values_have_one_key(case: Equal) -> None:
    assert encode_value(case.a) == encode_value(case.b)
    assert compare(case.a, case.b) == 0
    assert oracle(case.a, case.b) == 0


@pytest.mark.slow
@settings(max_examples=250, deadline=None)
@given(keyable_values(), keyable_values())
def test_encoded_order_is_the_order_of_values(a: Any, b: Any) -> None:
    x, y = encode_value(a), encode_value(b)

    assert (x > y) - (x < y) == oracle(a, b)
    assert compare(a, b) == oracle(a, b)


@pytest.mark.slow
@settings(max_examples=250, deadline=None)
@given(numbers(), numbers())
def test_numbers_are_ordered_exactly(a: float, b: float) -> None:
    x, y = encode_value(a), encode_value(b)

    assert (x > y) - (x < y) == oracle(a, b)
    assert compare(a, b) == oracle(a, b)


@settings(deadline=None)
@given(texts(), texts())
def test_strings_are_ordered_by_their_utf8(a: str, b: str) -> None:
    assert (encode_value(a) < encode_value(b)) == (a.encode() < b.encode())


tuples = st.lists(keyable_values(), max_size=3)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(tuples, tuples)
def test_tuples_are_ordered_by_their_first_difference(a: list[Any], b: list[Any]) -> None:
    x, y = encode_key(a), encode_key(b)

    assert (x > y) - (x < y) == oracle_of_sequences(a, b)


@settings(max_examples=200, deadline=None)
@given(tuples, tuples, st.sampled_from([b"", b"0", b"z43zp6c3e75gkmz1kfwj6mbbx5sw281h"]))
@pytest.mark.slow
def test_the_range_after_a_prefix_holds_exactly_the_tuples_that_begin_with_it(
    prefix: list[Any], key: list[Any], document_id: bytes
) -> None:
    start = encode_key(prefix)
    encoded = encode_key(key) + document_id

    begins_with_it = len(key) >= len(prefix) and oracle_of_sequences(key[: len(prefix)], prefix) == 0

    assert (start <= encoded < start + b"\xff") == begins_with_it


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(tuples, st.lists(keyable_values(), max_size=2))
def test_the_range_after_a_prefix_holds_its_extensions(prefix: list[Any], rest: list[Any]) -> None:
    start = encode_key(prefix)

    assert start <= encode_key(prefix + rest) < start + b"\xff"


@pytest.mark.parametrize("text", ["a", "", "a\0", "\0"])
def test_a_string_that_goes_on_with_nul_is_outside_the_range_of_its_prefix(text: str) -> None:
    start = encode_value(text)

    assert not start <= encode_value(text + "\0") < start + b"\xff"


@pytest.mark.slow
@settings(deadline=None)
@given(keyable_values())
def test_an_encoding_begins_with_a_tag_that_is_neither_0_nor_255(value: Any) -> None:
    assert 0x00 < encode_value(value)[0] < 0xFF


COLUMNS = st.sampled_from([texts(), numbers(), st.floats(), st.integers(-9, 9), keyable_values()])


@pytest.mark.slow
@given(COLUMNS.flatmap(lambda column: st.lists(column | st.sampled_from([None, UNSET]) | column, max_size=6)))
def test_a_column_is_encoded_as_its_values_are(column: list[Any]) -> None:
    assert encode_values(column) == [encode_value(value) for value in column]


@given(st.lists(st.floats(), max_size=6), st.lists(st.datetimes(), max_size=6))
def test_an_array_is_encoded_as_its_values_are(floats: list[float], moments: list[datetime]) -> None:
    assert encode_array(np.array(floats, dtype=np.float64)) == [encode_value(value) for value in floats]
    assert encode_array(np.array(moments, dtype="datetime64[us]")) == [
        encode_value(value.replace(tzinfo=UTC)) for value in moments
    ]


def test_what_was_not_normalised_still_gets_the_key_of_its_value() -> None:
    assert encode_value(np.float64(1.5)) == encode_value(1.5)


def test_what_is_no_value_has_no_key() -> None:
    with pytest.raises(InvalidValue, match="Pass a list"):
        encode_value((1, 2))  # type: ignore[arg-type]
