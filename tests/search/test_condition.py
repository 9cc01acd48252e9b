"""Conditions: what a document's filter values must be for a search to find it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.documents.interval import Interval, point_interval
from reactive_nb.search.condition import ALWAYS, AllOf, AnyOf, Condition, Within, meets
from reactive_nb.values.order import encode_value
from reactive_nb.values.value import UNSET


def encoded(*values: Any) -> tuple[bytes, ...]:
    return tuple(encode_value(value) for value in values)


def equals(position: int, value: Any) -> Within:
    return Within(position, point_interval(encode_value(value)))


def at_least(position: int, value: Any) -> Within:
    return Within(position, Interval(encode_value(value), b"\x04"))


@dataclass(frozen=True)
class Case:
    name: str
    condition: Condition
    filters: tuple[bytes, ...]
    expected: bool


CASES = [
    Case("a value equals itself", equals(0, "a"), encoded("a"), True),
    Case("and not a longer one", equals(0, "a"), encoded("a\0"), False),
    Case("an int equals the float of its value", equals(0, 1), encoded(1.0), True),
    Case("missing is missing", equals(0, UNSET), encoded(UNSET), True),
    Case("and not null", equals(0, UNSET), encoded(None), False),
    Case("a bound is included", at_least(1, 3), encoded("a", 3), True),
    Case("what is below it is not", at_least(1, 3), encoded("a", 2), False),
    Case("other kinds are outside", at_least(1, 3), encoded("a", "9"), False),
    Case("all of nothing holds", ALWAYS, encoded("a"), True),
    Case("and without filter fields too", ALWAYS, (), True),
    Case("any of nothing does not", AnyOf(()), encoded("a"), False),
    Case("all need all", AllOf((equals(0, "a"), equals(1, 2))), encoded("a", 3), False),
    Case("any needs one", AnyOf((equals(0, "b"), equals(1, 3))), encoded("a", 3), True),
    Case("they nest", AllOf((AnyOf((equals(0, "b"), AllOf((equals(1, 3),)))),)), encoded("a", 3), True),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_meets_a_condition(case: Case) -> None:
    assert meets(case.condition, case.filters) is case.expected


fields = st.sampled_from([0, 1])
kinds = st.sampled_from([UNSET, None, 0, 1, 2, "a"])
conditions: st.SearchStrategy[Condition] = st.recursive(
    st.builds(equals, fields, kinds) | st.builds(at_least, fields, kinds),
    lambda parts: (
        st.builds(AllOf, st.lists(parts, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(parts, max_size=3).map(tuple))
    ),
    max_leaves=6,
)


@settings(max_examples=30)
@given(conditions, conditions)
def test_all_of_is_and_and_any_of_is_or(a: Condition, b: Condition) -> None:
    for filters in product(encoded(UNSET, None, 0, 1, 2, "a"), repeat=2):
        assert meets(AllOf((a, b)), filters) is (meets(a, filters) and meets(b, filters))
        assert meets(AnyOf((a, b)), filters) is (meets(a, filters) or meets(b, filters))


def test_equal_conditions_are_one_key() -> None:
    assert len({AllOf((equals(0, 1),)), AllOf((equals(0, 1.0),)), AnyOf((equals(0, 1),))}) == 2
