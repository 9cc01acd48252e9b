"""Codes: one per value, and an interval of values as a set of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.documents.interval import Interval, point_interval
from reactive_nb.search.codes import NO_CODE, Codes

VALUES = [b"\x01", b"\x02", b"\x07a\0", b"\x07a\0\xff\0", b"\x07b\0"]
values = st.sampled_from(VALUES)
intervals = st.builds(Interval, values, values) | st.builds(point_interval, values)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.none() | values, max_size=4), max_size=4), intervals)
def test_codes_stand_for_their_values(batches: list[list[bytes | None]], interval: Interval) -> None:
    codes, of = Codes(), dict[bytes | None, int]()

    for batch in batches:
        codes, given_codes = codes.extended(batch)
        for value, code in zip(batch, given_codes, strict=True):
            assert of.setdefault(value, code) == code
    array = np.array(list(of.values()), np.int32)
    codes.check(array)

    expected = [value is not None and interval.contains(value) for value in of]
    assert codes.within(array, interval).tolist() == expected


def test_values_not_in_use_are_dropped() -> None:
    codes, given_codes = Codes().extended(VALUES)

    codes, table = codes.only(np.array([given_codes[3], given_codes[1]], np.int32))

    assert codes.size == 2
    assert [table[code] for code in given_codes] == [NO_CODE, 0, NO_CODE, 1, NO_CODE]
    assert table[NO_CODE] == NO_CODE
    assert codes.extended(VALUES)[1] == [2, 0, 3, 1, 4]


def test_many_values_come_in_any_order() -> None:
    many = [b"\x07%03d\0" % (number * 37 % 100) for number in range(100)]

    codes, given_codes = Codes().extended(many)

    codes.check(np.array(given_codes, np.int32))
    assert given_codes == list(range(100))
    assert codes.extended(many[::-1])[1] == given_codes[::-1]
