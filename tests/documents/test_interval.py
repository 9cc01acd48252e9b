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
    added: list[tuple[bytes, bytes]]
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
    looked_at = IntervalSet(case.added)

    assert list(looked_at) == case.expected
    looked_at.check()


@pytest.mark.parametrize("interval", INTERVALS, ids=repr)
def test_an_interval_contains_the_keys_from_its_start_to_before_its_end(interval: Interval) -> None:
    assert {key for key in KEYS if interval.contains(key)} == keys_in(interval)


def test_an_interval_is_empty_when_its_end_is_not_after_its_start() -> None:
    assert Interval(b"b", b"b").is_empty
    assert Interval(b"b", b"a").is_empty
    assert not Interval(b"b", b"b\x00").is_empty


def test_overlap_and_intersection_of_all_pairs_equal_those_of_their_keys() -> None:
    # Between any two of the bounds lies the lower one, which is a key of the universe: nothing overlaps unseen.
    for left, right in product(INTERVALS, INTERVALS):
        common = keys_in(left) & keys_in(right)
        assert left.overlaps(right) == bool(common)
        assert keys_in(left.intersection(right)) == common
        assert left.intersection(right).is_empty == (not common)


def test_a_prefix_interval_holds_what_starts_with_the_prefix() -> None:
    interval = prefix_interval(b"b")

    assert [key for key in KEYS if interval.contains(key)] == [b"b", b"b\xfe"]
    assert prefix_interval(b"") == ALL


def test_a_point_interval_holds_one_key() -> None:
    assert [key for key in KEYS if point_interval(b"a").contains(key)] == [b"a"]


@given(interval_lists, interval_lists)
@settings(deadline=None)
def test_an_interval_set_equals_the_set_of_its_keys(left: list[Interval], right: list[Interval]) -> None:
    one, other = IntervalSet(left), IntervalSet(right)

    both = one.union(other)

    for looked_at, expected in [(one, keys_in(*left)), (other, keys_in(*right)), (both, keys_in(*left, *right))]:
        looked_at.check()
        assert {key for key in KEYS if looked_at.contains(key)} == expected
        assert {key for interval in looked_at for key in keys_in(interval)} == expected
        assert bool(looked_at) == bool(expected)


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


def test_a_copy_and_a_union_leave_their_originals_alone() -> None:
    original = IntervalSet([(b"a", b"b")])

    original.copy().add((b"c", b"d"))
    original.union(IntervalSet([(b"b", b"c")]))

    assert list(original) == [(b"a", b"b")]


def test_an_interval_set_shows_its_intervals() -> None:
    assert repr(IntervalSet([(b"a", b"b")])) == "IntervalSet([Interval(start=b'a', end=b'b')])"
