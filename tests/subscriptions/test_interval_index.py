"""The interval index against a list of pairs that is searched from end to end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reactive_nb.documents.interval import ALL, Interval, point_interval, prefix_interval
from reactive_nb.subscriptions.interval_index import IntervalIndex

keys = st.binary(max_size=2).map(lambda key: bytes(byte % 4 for byte in key))
bounds = st.one_of(keys, st.just(ALL.end))
intervals = st.builds(Interval, bounds, bounds)
owners = st.integers(0, 5)


class IndexOfListOfPairs(RuleBasedStateMachine):
    """Adds, removes and asks in any order; the list of pairs knows every answer."""

    def __init__(self) -> None:
        super().__init__()
        self.index: IntervalIndex[int] = IntervalIndex(capacity=3)
        self.pairs: list[tuple[Interval, int]] = []

    @rule(interval=intervals, owner=owners)
    def add(self, interval: Interval, owner: int) -> None:
        self.index.add(interval, owner)
        if (interval, owner) not in self.pairs:
            self.pairs.append((interval, owner))

    @rule(several=st.lists(st.tuples(intervals, owners), min_size=10, max_size=40))
    def add_several(self, several: list[tuple[Interval, int]]) -> None:
        for interval, owner in several:
            self.add(interval, owner)

    @rule(data=st.data(), share=st.floats(0, 1))
    def remove_some(self, data: st.DataObject, share: float) -> None:
        order = data.draw(st.randoms(use_true_random=False))
        for pair in order.sample(self.pairs, int(len(self.pairs) * share)):
            self.pairs.remove(pair)
            self.index.remove(*pair)
            self.index.check()

    @rule(key=keys)
    def stab(self, key: bytes) -> None:
        assert sorted(self.index.stab(key)) == sorted(o for interval, o in self.pairs if interval.contains(key))

    @rule(asked=st.lists(keys, unique=True, max_size=12).map(sorted))
    def stab_many(self, asked: list[bytes]) -> None:
        expected: dict[int, bytes] = {}
        for key in reversed(asked):
            expected.update((owner, key) for interval, owner in self.pairs if interval.contains(key))

        assert self.index.stab_many(asked) == expected

    @invariant()
    def holds_its_invariants(self) -> None:
        self.index.check()
        assert len(self.index) == len(self.pairs)


IndexOfListOfPairs.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
test_it_answers_like_a_list_of_pairs = pytest.mark.slow(IndexOfListOfPairs.TestCase)


@given(st.lists(keys, unique=True, min_size=1), keys)
@settings(deadline=None)
def test_a_key_finds_every_range_around_it_when_all_ranges_overlap(starts: list[bytes], key: bytes) -> None:
    index: IntervalIndex[bytes] = IntervalIndex(capacity=4)
    for start in starts:
        index.add(Interval(start, ALL.end), start)

    assert sorted(index.stab(key)) == sorted(start for start in starts if start <= key)


@pytest.mark.parametrize("asked", [1, 5, 500], ids=lambda asked: f"{asked} keys")
def test_many_keys_find_what_each_of_them_finds(asked: int) -> None:
    index: IntervalIndex[int] = IntervalIndex()
    names = [b"%04d" % number for number in range(1000)]
    for number, name in enumerate(names):
        index.add(prefix_interval(name), number)
    index.add(ALL, -1)

    found = index.stab_many([name + b"x" for name in names[:asked]])

    assert found == {-1: b"0000x", **{number: names[number] + b"x" for number in range(asked)}}


def test_a_pair_added_twice_is_there_once() -> None:
    index: IntervalIndex[str] = IntervalIndex()
    index.add(point_interval(b"k"), "reader")
    index.add(point_interval(b"k"), "reader")

    assert index.stab(b"k") == ["reader"]
    assert len(index) == 1

    index.remove(point_interval(b"k"), "reader")

    assert index.stab(b"k") == []


def test_owners_of_one_interval_are_found_in_the_order_they_came() -> None:
    index: IntervalIndex[str] = IntervalIndex()
    for owner in ("first", "second", "third"):
        index.add(ALL, owner)
    index.remove(ALL, "second")

    assert index.stab(b"k") == ["first", "third"]


def test_removing_what_is_not_there_is_an_error_and_changes_nothing() -> None:
    index: IntervalIndex[str] = IntervalIndex()
    index.add(ALL, "reader")

    with pytest.raises(KeyError):
        index.remove(point_interval(b"k"), "reader")
    with pytest.raises(KeyError):
        index.remove(ALL, "stranger")

    assert index.stab(b"k") == ["reader"]
    index.check()
