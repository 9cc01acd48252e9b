"""Intervals and sets of them, against plain sets of keys from a universe of six."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.documents.interval import ALL, Interval, IntervalSet, point_interval, prefix_interval

KEYS = [b"", b"a", b"a\x00", b"b", b"b\xfe", b"c"]
BOUNDS = [*KEYS, b"\xff"]
INTERVALS = [Interval(start, end) for start, end in product(BOUNDS, BOUNDS)]

intervals = st.sampled_from(INTERVALS)
interval_lists = st.lists(intervals, max_size=6)


def keys_in(*several: Interval) -> set[bytes]:
    return {key for key in KEYS for start, end in several if start <= key < end}


@dataclass(frozen=True)
class Case:
    name: str
    given: list[tuple[bytes, bytes]]
    expected: list[tuple[bytes, bytes]]


CASES = [
    Case("nothing stays nothing", [], []),
    Case("an empty interval adds nothing", [(b"b", b"b"), (b"c", b"a")], []),
    Case("apart stays apart, in order", [(b"c", b"d"), (b"a", b"b")], [(b"a", b"b"), (b"c", b"d")]),
    Case("touching becomes one", [(b"a", b"b"), (b"b", b"c")], [(b"a", b"c")]),
    Case("overlapping becomes one", [(b"a", b"c"), (b"b", b"d")], [(b"a", b"d")]),
    Case("inside changes nothing", [(b"a", b"d"), (b"b", b"c")], [(b"a", b"d")]),
    Case("around swallows", [(b"b", b"c"), (b"d", b"e"), (b"a", b"f")], [(b"a", b"f")]),
    Case("a bridge joins both sides", [(b"a", b"b"), (b"c", b"d"), (b"b", b"c")], [(b"a", b"d")]),
    Case("a gap of one key stays", [(b"a", b"b"), (b"b\x00", b"c")], [(b"a", b"b"), (b"b\x00", b"c")]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_interval_set_keeps_its_intervals_apart_and_in_order(case: Case) -> None:
    looked_at = IntervalSet(case.given)

    assert list(looked_at) == case.expected
    looked_at.check()


@pytest.mark.parametrize("interval", INTERVALS, ids=repr)
def test_an_interval_contains_the_keys_from_its_start_to_before_its_end(interval: Interval) -> None:
    assert {key for key in KEYS if interval.contains(key)} == keys_in(interval)


def test_a_prefix_interval_holds_what_starts_with_the_prefix() -> None:
    interval = prefix_interval(b"b")

    assert [key for key in KEYS if interval.contains(key)] == [b"b", b"b\xfe"]
    assert prefix_interval(b"") == ALL


def test_a_point_interval_holds_one_key() -> None:
    assert [key for key in KEYS if point_interval(b"a").contains(key)] == [b"a"]


@pytest.mark.slow
@given(interval_lists)
@settings(deadline=None)
def test_an_interval_set_equals_the_set_of_its_keys(several: list[Interval]) -> None:
    looked_at = IntervalSet(several)

    looked_at.check()
    expected = keys_in(*several)
    assert {key for key in KEYS if looked_at.contains(key)} == expected
    assert {key for interval in looked_at for key in keys_in(interval)} == expected
    assert bool(looked_at) == bool(expected)


@given(interval_lists)
@settings(deadline=None)
def test_a_key_inside_lies_in_one_of_the_intervals(several: list[Interval]) -> None:
    looked_at = IntervalSet(several)

    for key in keys_in(*several):
        assert [looked_at.around(key)] == [interval for interval in looked_at if interval.contains(key)]


@given(interval_lists, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_sets_of_the_same_keys_are_equal_in_whatever_order_they_were_added(
    added: list[Interval], order: random.Random
) -> None:
    shuffled = order.sample(added, len(added))

    assert IntervalSet(added) == IntervalSet(shuffled)


@given(interval_lists, interval_lists)
@settings(deadline=None)
def test_sets_of_different_keys_are_unequal(left: list[Interval], right: list[Interval]) -> None:
    assert (IntervalSet(left) == IntervalSet(right)) == (keys_in(*left) == keys_in(*right))


@given(interval_lists, st.lists(st.sampled_from(KEYS), unique=True).map(sorted))
@settings(max_examples=200, deadline=None)
def test_overlaps_any_names_the_smallest_key_inside(added: list[Interval], keys: list[bytes]) -> None:
    inside = [key for key in keys if key in keys_in(*added)]

    assert IntervalSet(added).overlaps_any(keys) == (inside[0] if inside else None)


class Counted(bytes):
    """A key that counts how often it is compared."""

    comparisons = 0

    def __lt__(self, other: bytes) -> bool:
        Counted.comparisons += 1
        return bytes(self) < bytes(other)

    def __gt__(self, other: bytes) -> bool:
        Counted.comparisons += 1
        return bytes(self) > bytes(other)


@pytest.mark.parametrize(("points", "keys"), [(10_000, 1), (1, 10_000), (10_000, 3)])
def test_overlaps_any_walks_the_shorter_of_the_two(points: int, keys: int) -> None:
    looked_at = IntervalSet(point_interval(b"a%06d" % number) for number in range(points))
    Counted.comparisons = 0

    assert looked_at.overlaps_any([Counted(b"b%06d" % number) for number in range(keys)]) is None

    assert Counted.comparisons <= 20 * min(points, keys)


def test_an_interval_set_shows_its_intervals() -> None:
    assert repr(IntervalSet([(b"a", b"b")])) == "IntervalSet([Interval(start=b'a', end=b'b')])"
