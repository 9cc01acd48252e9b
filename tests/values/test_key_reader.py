"""Index keys read back: the values a key begins with, whatever follows them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.values.key_reader import end_of, read_values
from reactive_nb.values.order import encode_key, encode_value
from reactive_nb.values.value import UNSET
from tests.strategies import keyable_values

ID = b"j57bkqf0rk2q3sm5ns6gwz8v597z43zp"
tuples = st.lists(keyable_values(), max_size=4)


@settings(max_examples=150, deadline=None)
@given(tuples, st.sampled_from([b"", b"\xff", b"\0", ID, ID + b"\0"]))
@pytest.mark.slow
def test_the_values_of_a_key_are_read_back_and_what_follows_is_handed_over(values: list[Any], tail: bytes) -> None:
    read, rest = read_values(encode_key(values) + tail, len(values))

    # Equal as keys: 1.0 may come back as 1, and a vector as a list.
    assert list(map(encode_value, read)) == list(map(encode_value, values))
    assert rest == tail


@settings(max_examples=150, deadline=None)
@given(tuples, tuples, st.data())
@pytest.mark.slow
def test_where_the_first_values_of_a_key_end(values: list[Any], others: list[Any], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(values)))
    key = encode_key([*values, *others, 5.0]) + ID

    assert key[: end_of(key, count)] == encode_key(values[:count])


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(st.lists(keyable_values(), min_size=1, max_size=4), st.data())
def test_no_more_values_are_read_than_asked_for(values: list[Any], data: st.DataObject) -> None:
    limit = data.draw(st.integers(0, len(values)))

    read, rest = read_values(encode_key(values), limit)

    assert list(map(encode_value, read)) == list(map(encode_value, values[:limit]))
    assert rest == encode_key(values[limit:])


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["general", 3],
        [UNSET, None, False, True],
        [2**63 - 1, -(2**63), 0.1, float("inf")],
        [datetime(2024, 2, 29, 12, 30, 0, 5, tzinfo=UTC)],
        ["", "\0", "a\0b", b"\0\xff"],
        [[1, [None], {}], {"a": {"b": "c"}, "d": []}],
    ],
    ids=repr,
)
def test_plain_values_come_back_as_they_were(values: list[Any]) -> None:
    assert read_values(encode_key(values), 9) == (values, b"")
    assert read_values(encode_key(values) + b"\xff", 9) == (values, b"\xff")
    for count in range(len(values)):
        assert end_of(encode_key(values) + ID, count) == len(encode_key(values[:count]))


def test_the_bounds_of_everything_hold_no_values() -> None:
    assert read_values(b"", 3) == ([], b"")
    assert read_values(b"\xff", 3) == ([], b"\xff")
