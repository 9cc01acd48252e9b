"""Sums and extremes: equal to fsum, to sums of ints and to a scan in the order of values, however they are grouped."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import cmp_to_key
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.documents.aggregate import ExtremeOf, SumOf
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.ordered_map import OrderedMap
from reactive_nb.values import wire
from reactive_nb.values.order import compare

MISSING = object()

ints = st.integers(-(2**63), 2**63 - 1)
finite_floats = st.floats(allow_nan=False, allow_infinity=False)
# Few different ones, so that the extreme is often removed and often tied.
scalars = st.one_of(
    st.sampled_from([None, MISSING, True, False, 0, 0.0, -0.0, 1, 1.0, 2**53, 2**53 + 1, 2.0**53]),
    st.sampled_from([math.nan, math.inf, -math.inf, "", "a", "\uffff", "\U0001f600", b"", b"a"]),
    st.sampled_from([datetime(2024, 1, 1, tzinfo=UTC), datetime(1900, 1, 1, tzinfo=UTC)]),
)
anything = st.one_of(scalars, st.sampled_from([[], [1], [1.0], {"b": 1}, {"b": "x"}]))


def document(value: Any) -> bytes:
    fields = {"_id": "x", "other": 1e300, "n": value, "last": [1, 2]}
    return wire.encode({name: field for name, field in fields.items() if field is not MISSING})


def total_of(values: list[Any]) -> int | float:
    sums = SumOf("n")
    return sums.result(sums.of(list(map(document, values))))


def average_of(values: list[Any]) -> float | None:
    sums = SumOf("n")
    return sums.average(sums.of(list(map(document, values))))


def extreme_of(values: list[Any], largest: bool) -> Any:
    extreme = ExtremeOf("n", largest)
    return extreme.result(extreme.of(list(map(document, values))))


def same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and repr(left) == repr(right)


# ------------------------------------------------------------------ sums


@dataclass(frozen=True)
class Case:
    name: str
    values: list[Any]
    total: int | float
    average: float | None


SUMS = [
    Case("nothing", [], 0, None),
    Case("ints stay an int", [1, 2, 4], 7, 7 / 3),
    Case("ints beyond 64 bits", [2**63 - 1] * 4, 4 * (2**63 - 1), 2.0**63),
    Case("one float makes a float", [1, 2.0], 3.0, 1.5),
    Case("floats that add up exactly only together", [0.1] * 10, 1.0, 0.1),
    Case("small floats beside a large one", [1e16, 1.0, 1.0], 1e16 + 2, (1e16 + 2) / 3),
    Case("an int that is no float", [2**53 + 1, 0.0], 2.0**53, (2.0**53) / 2),
    Case("an int that is no float, and a half", [2**53 + 1, 0.5], 2.0**53 + 2, 2.0**52 + 1),
    Case("the smallest floats", [5e-324, 5e-324], 1e-323, 5e-324),
    Case("beyond the largest float", [1.7e308, 1.7e308], math.inf, 1.7e308),
    Case("beyond the largest float and back", [1.7e308, 1.7e308, -1.7e308], 1.7e308, 1.7e308 / 3),
    Case("what is no number is left out", [1, None, MISSING, True, "2", [3], {"n": 4}], 1, 1.0),
    Case("a NaN", [1, math.nan, math.inf], math.nan, math.nan),
    Case("an infinity", [1.5, math.inf, math.inf], math.inf, math.inf),
    Case("a negative infinity", [2**62, -math.inf], -math.inf, -math.inf),
    Case("opposite infinities", [math.inf, -math.inf], math.nan, math.nan),
]


@pytest.mark.parametrize("case", SUMS, ids=lambda case: case.name)
def test_sums_and_averages(case: Case) -> None:
    assert same(total_of(case.values), case.total)
    assert same(average_of(case.values), case.average)


@given(st.lists(ints))
@settings(deadline=None)
def test_a_sum_of_ints_is_the_sum_of_python_ints(values: list[int]) -> None:
    assert same(total_of(values), sum(values))


@given(st.lists(finite_floats, min_size=1))
@settings(deadline=None)
def test_a_sum_of_floats_is_fsum(values: list[float]) -> None:
    try:
        expected = math.fsum(values)
    except OverflowError:
        # fsum gives up when a step overflows; a fraction never does.
        exact = sum(map(Fraction, values))
        expected = float(exact) if abs(exact) < 2**1024 - 2**970 else math.inf * (1 if exact > 0 else -1)

    assert same(total_of(values), expected + 0.0)  # fsum keeps a negative zero in some versions of Python


@pytest.mark.slow
@given(st.lists(st.one_of(ints, st.floats(-1e300, 1e300)), min_size=1, max_size=20))
@settings(deadline=None)
def test_an_average_is_the_float_nearest_to_the_exact_one(values: list[int | float]) -> None:
    assert average_of(values) == float(sum(map(Fraction, values)) / len(values))


numbers = st.one_of(ints, finite_floats, scalars)


@pytest.mark.slow
@given(st.lists(numbers), st.lists(numbers), st.lists(numbers), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_a_sum_does_not_depend_on_order_grouping_or_what_was_removed(
    kept: list[Any], removed: list[Any], added: list[Any], order: random.Random
) -> None:
    sums = SumOf("n")
    kept, removed, added = (list(map(document, values)) for values in (kept, removed, added))
    before = order.sample(kept + removed, len(kept + removed))
    half = len(before) // 2

    grouped = sums.combine([sums.of(before[:half]), sums.of([]), sums.of(before[half:])])
    after = sums.replace(grouped, sums.of(removed), sums.of(added))

    assert grouped == sums.of(kept + removed)
    assert after == sums.of(kept + added)
    assert same(sums.result(after), sums.result(sums.of(added + kept)))


def test_taking_everything_away_leaves_an_int_zero() -> None:
    sums = SumOf("n")
    some = sums.of([document(0.1), document(math.inf), document(3)])

    nothing = sums.replace(some, some, sums.of([]))

    assert nothing == sums.of([]) == sums.combine([])
    assert same(sums.result(nothing), 0)


# ------------------------------------------------------------------ extremes


EXTREMES = [
    # name, values, smallest, largest
    ("nothing", [], None, None),
    ("null and missing do not count", [None, MISSING], None, None),
    ("numbers, beside null and missing", [3, None, 1.5, MISSING], 1.5, 3),
    ("ints that are the same float", [2**53, 2**53 + 1, 2.0**53 + 2], 2**53, 2.0**53 + 2),
    ("NaN is the largest number", [math.nan, math.inf, 1], 1, math.nan),
    ("strings by UTF-8, not by UTF-16", ["\uffff", "\U0001f600"], "\uffff", "\U0001f600"),
    ("kinds in the order of values", ["a", 5, True, b"x"], 5, b"x"),
    ("booleans", [True, False], False, True),
    ("lists", [[2], [1, 5]], [1, 5], [2]),
]


@pytest.mark.parametrize(("name", "values", "smallest", "largest"), EXTREMES, ids=[name for name, *_ in EXTREMES])
def test_smallest_and_largest(name: str, values: list[Any], smallest: Any, largest: Any) -> None:
    assert same(extreme_of(values, largest=False), smallest)
    assert same(extreme_of(values, largest=True), largest)


@pytest.mark.parametrize("largest", [False, True], ids=["smallest", "largest"])
@pytest.mark.parametrize("ties", [[1, 1.0], [0.0, -0.0, 0], [2**53, 2.0**53]], ids=str)
def test_of_values_that_are_equal_the_same_one_wins_in_any_order(ties: list[Any], largest: bool) -> None:
    assert same(extreme_of(ties, largest), extreme_of(ties[::-1], largest))


def test_the_largest_of_vectors_is_a_vector() -> None:
    vectors = [np.array(numbers, dtype=np.float32) for numbers in ([1, 2], [1, 3], [0, 9])]

    found = extreme_of(vectors, largest=True)

    assert found.dtype == np.float32
    assert found.tolist() == [1, 3]


@pytest.mark.slow
@pytest.mark.parametrize("largest", [False, True], ids=["smallest", "largest"])
@given(values=st.lists(anything, max_size=8))
@settings(max_examples=200, deadline=None)
def test_an_extreme_is_the_first_or_last_in_the_order_of_values(largest: bool, values: list[Any]) -> None:
    present = [value for value in values if value is not None and value is not MISSING]
    ordered = sorted(present, key=cmp_to_key(compare), reverse=largest)

    found = extreme_of(values, largest)

    assert found is None if not present else compare(found, ordered[0]) == 0
    assert any(same(found, value) for value in [*present, None])
    assert same(found, extreme_of(values[::-1], largest))


@pytest.mark.parametrize("largest", [False, True], ids=["smallest", "largest"])
@given(st.lists(anything), st.lists(anything), st.lists(anything))
@settings(max_examples=200, deadline=None)
@pytest.mark.slow
def test_an_extreme_does_not_depend_on_grouping_or_what_was_removed(
    largest: bool, kept: list[Any], removed: list[Any], added: list[Any]
) -> None:
    extreme = ExtremeOf("n", largest)
    kept, removed, added = (list(map(document, values)) for values in (kept, removed, added))

    before = extreme.combine([extreme.of(removed), extreme.of([]), extreme.of(kept)])
    after = extreme.replace(before, extreme.of(removed), extreme.of(added))

    assert before == extreme.of(kept + removed)
    assert after in (None, extreme.of(kept + added))


def test_an_extreme_answers_after_a_change_unless_it_may_be_gone() -> None:
    largest = ExtremeOf("n", largest=True)
    [none, two, five, nine] = [largest.of([document(value)]) for value in (None, 2, 5, 9)]

    assert largest.replace(five, two, none) == five
    assert largest.replace(five, five, nine) == nine
    assert largest.replace(five, five, five) == five
    assert largest.replace(five, five, two) is None


# ------------------------------------------------------------------ fields


def test_a_path_leads_into_nested_objects() -> None:
    documents = [wire.encode({"author": author}) for author in ({"age": 3}, {"age": 4.5}, {"name": "x"}, "age", None)]
    ages = SumOf("author.age")
    oldest = ExtremeOf("author.age", largest=True)

    assert ages.result(ages.of(documents)) == 7.5
    assert oldest.result(oldest.of(documents)) == 4.5


def test_a_nested_list_is_found_whole() -> None:
    documents = [wire.encode({"at": {"xy": xy}}) for xy in ([1, 2], [0, 5])]
    first = ExtremeOf("at.xy", largest=False)

    assert first.result(first.of(documents)) == [0, 5]


def test_the_engines_own_fields_are_fields_too() -> None:
    documents = [wire.encode({"_id": "a", "_creationTime": 1000.5}), wire.encode({"_id": "b", "_creationTime": 999.0})]
    oldest = ExtremeOf("_creationTime", largest=False)

    assert oldest.result(oldest.of(documents)) == 999.0


def test_the_same_arguments_give_the_same_aggregate() -> None:
    assert SumOf("n") is SumOf("n")
    assert SumOf("n") is not SumOf("m")
    assert ExtremeOf("n", True) is ExtremeOf("n", largest=True)
    assert ExtremeOf("n", True) is not ExtremeOf("n", False)


def test_aggregates_show_their_field() -> None:
    assert repr(SumOf("n")) == "SumOf('n')"
    assert repr(ExtremeOf("n", True)) == "ExtremeOf('n', largest=True)"


# ------------------------------------------------------------------ in a map


@given(st.lists(st.tuples(st.integers(0, 50), st.one_of(st.just(MISSING), anything)), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_a_map_keeps_aggregates_equal_to_a_fresh_look(writes: list[tuple[int, Any]]) -> None:
    kept: OrderedMap[bytes] = OrderedMap()
    current: dict[int, bytes] = {}
    sums, smallest, largest = SumOf("n"), ExtremeOf("n", False), ExtremeOf("n", True)

    for key, value in writes:
        new = None if value is MISSING else document(value)
        kept = kept.with_change(b"%02d" % key, new)
        current.pop(key, None)
        if new is not None:
            current[key] = new
        for aggregate in (sums, smallest, largest):
            assert kept.aggregate(*ALL, aggregate) == aggregate.of(list(current.values()))

    kept.check()
