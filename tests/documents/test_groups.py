"""Groups: equal to a loop over the entries, however runs are put together and whatever was written before."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.documents.aggregate import ExtremeOf, SumOf
from reactive_nb.documents.groups import WHOLE, Group, Groups, Run
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.monoid import Monoid
from reactive_nb.documents.ordered_map import OrderedMap
from reactive_nb.documents.tree import Leaf, Shape
from reactive_nb.values import wire
from reactive_nb.values.order import encode_key
from reactive_nb.values.value import UNSET

AGGREGATES: tuple[Monoid[bytes, Any], ...] = (SumOf("n"), ExtremeOf("n", largest=True), ExtremeOf("n", largest=False))
Entry = tuple[bytes, bytes]
Written = tuple[Any, Any, int, Any]


class TinyMap(OrderedMap[bytes]):
    """Nodes as small as they can be, so that groups spread over leaves and branches."""

    __slots__ = ()
    shape: ClassVar[Shape] = Shape(leaf=8, branch=4)


def entry(a: Any, b: Any, number: int, n: Any) -> Entry:
    fields = {"a": a, "b": b, "n": n}
    document = {name: value for name, value in fields.items() if value is not UNSET}
    return encode_key([a, b, float(number)]) + b"id%02d" % number, wire.encode(document)


def by_a_loop(entries: list[Entry], depth: int) -> Run:
    """Return what a loop over sorted entries makes of them."""
    found: dict[bytes, list[Entry]] = {}
    for key, document in entries:
        values = wire.decode(document)
        assert isinstance(values, dict)
        prefix = key if depth == WHOLE else encode_key([values.get(name, UNSET) for name in ("a", "b")[:depth]])
        found.setdefault(prefix, []).append((key, document))
    return tuple(
        Group(prefix, *own[0], len(own), tuple(each.of([document for _, document in own]) for each in AGGREGATES))
        for prefix, own in found.items()
    )


values = st.sampled_from([UNSET, None, 0, 1, 1.0, 2.5, "", "a", "a\0", [], ["a"], {"x": 1}])
numbers = st.sampled_from([UNSET, None, 0, 1, 2.5, -3, "x"])
writes = st.tuples(values, values, st.integers(0, 4), numbers)
close_writes = st.tuples(st.sampled_from([UNSET, 1, 1.0]), st.sampled_from([0, "a"]), st.integers(0, 4), numbers)
"""They make few groups of many documents."""
depths = st.sampled_from([WHOLE, 1, 2])
deleted = st.one_of(st.none(), st.integers(0, 30))
"""Whether to delete instead, and which of the documents that are there."""


def run_of(grouping: Groups, entries: list[Entry]) -> Run:
    return grouping.of_entries([key for key, _ in entries], [document for _, document in entries])


@settings(max_examples=100, deadline=None)
@given(st.lists(writes, max_size=30), depths, st.lists(st.integers(0, 30), max_size=4))
@pytest.mark.slow
def test_groups_are_those_of_a_loop_however_runs_are_put_together(
    written: list[Written], depth: int, cuts: list[int]
) -> None:
    grouping = Groups(depth, AGGREGATES)
    entries = sorted({entry(*each)[0]: entry(*each) for each in written}.values())
    places = sorted([0, *(min(cut, len(entries)) for cut in cuts), len(entries)])
    parts = [run_of(grouping, entries[first:last]) for first, last in pairwise(places)]

    assert run_of(grouping, entries) == by_a_loop(entries, depth)
    assert grouping.combine(parts) == by_a_loop(entries, depth)
    assert grouping.combine([grouping.combine(parts[:2]), grouping.combine(parts[2:])]) == by_a_loop(entries, depth)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.lists(close_writes, min_size=1, max_size=12), st.data(), depths, st.booleans(), numbers)
def test_groups_after_one_change_are_those_of_a_fresh_look_or_not_said(
    written: list[Written], data: st.DataObject, depth: int, removes: bool, n: Any
) -> None:
    grouping = Groups(depth, data.draw(st.sampled_from([AGGREGATES, AGGREGATES[:1], ()])))
    changed = data.draw(st.one_of(st.sampled_from(written), close_writes))
    before = dict(entry(*each) for each in written)
    key, document = entry(*changed[:3], n)
    after = {**before, key: document}
    if removes:
        del after[key]
    gone = [(key, before[key])] if key in before else []
    come = [] if removes else [(key, document)]

    groups, expected = run_of(grouping, sorted(before.items())), run_of(grouping, sorted(after.items()))
    said = grouping.replace(groups, run_of(grouping, gone), run_of(grouping, come))

    assert said in (None, expected)
    if not gone or len(expected) < len(groups):
        assert said is not None, "a document that comes, or was alone in its group, is not looked for"


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.tuples(writes, deleted), min_size=1, max_size=8), min_size=1, max_size=15))
def test_a_map_keeps_groups_equal_to_a_loop_in_every_version(batches: list[list[tuple[Written, int | None]]]) -> None:
    grouping = {depth: Groups(depth, AGGREGATES) for depth in (WHOLE, 1, 2)}
    version = TinyMap()
    current: dict[bytes, bytes] = {}
    versions: list[tuple[TinyMap, dict[bytes, bytes]]] = []

    for batch in batches:
        changes: dict[bytes, bytes | None] = {}
        for written, removed in batch:
            key, document = entry(*written)
            if removed is not None:
                key = sorted(current)[removed % len(current)] if current else key
            changes[key] = None if removed is not None else document
        version = version.apply(sorted(changes.items()))
        current = {key: document for key, document in {**current, **changes}.items() if document is not None}
        versions.append((version, current))
        for depth, each in grouping.items():
            assert version.aggregate(*ALL, each) == by_a_loop(sorted(current.items()), depth)
        version.check()

    for kept, expected in versions:
        keys = sorted(expected)
        start, end = (keys[len(keys) // 4], keys[len(keys) * 3 // 4]) if keys else ALL
        for depth, each in grouping.items():
            assert kept.aggregate(*ALL, each) == by_a_loop(sorted(expected.items()), depth)
            within = [(key, expected[key]) for key in keys if start <= key < end]
            assert kept.aggregate(start, end, each) == by_a_loop(within, depth)


# ------------------------------------------------------------------ what is kept


class Counted:
    """A count that notes how many documents it was shown."""

    def __init__(self) -> None:
        self.shown = 0

    def of(self, values: Sequence[bytes]) -> int:
        self.shown += len(values)
        return len(values)

    def combine(self, partials: Sequence[int]) -> int:
        return sum(partials)

    def replace(self, partial: int, removed: int, added: int) -> int:
        return partial - removed + added


def a_map(documents: int, groups: int) -> OrderedMap[bytes]:
    entries = sorted(entry(number % groups, 0, number, 1) for number in range(documents))
    return OrderedMap.from_sorted([key for key, _ in entries], [document for _, document in entries])


def remembered(kept: OrderedMap[bytes], grouping: Groups) -> list[int]:
    """Return of every node that remembers its groups, how many they are."""
    found, nodes = [], [kept._root]
    while nodes:
        node = nodes.pop()
        if node.memo is not None and grouping in node.memo:
            found.append(len(node.memo[grouping]))
        if not isinstance(node, Leaf):
            nodes += node.children
    return found


@pytest.mark.slow
def test_after_one_write_only_the_written_document_is_looked_at() -> None:
    counted = Counted()
    grouping = Groups(1, (counted,))
    before = a_map(20_000, 100)
    assert [group.number for group in before.aggregate(*ALL, grouping)] == [200] * 100
    counted.shown = 0

    key, document = entry(50, 0, 77_777, 5)
    after = before.with_change(key, document)

    assert [group.number for group in after.aggregate(*ALL, grouping)] == [200] * 50 + [201] + [200] * 49
    assert counted.shown == 1
    assert [group.number for group in before.aggregate(*ALL, grouping)] == [200] * 100


@pytest.mark.slow
@pytest.mark.parametrize("groups", [100, 2000, 20_000])
def test_what_is_remembered_is_bounded_however_many_groups_there_are(groups: int) -> None:
    grouping = Groups(1, (SumOf("n"),))
    kept = a_map(20_000, groups)

    for number in random.Random(1).choices(range(groups), k=20):
        assert len(kept.aggregate(*ALL, grouping)) == groups
        kept = kept.with_change(*entry(number, 0, 50_000 + number, 1))

    sizes = remembered(kept, grouping)
    assert max(sizes, default=0) <= 1024
    assert sum(sizes) <= 20_000 / 4 * 3  # a quarter of the documents on each level of the tree
    assert bool(sizes) == (groups < 20_000)


def test_what_is_remembered_stays_bounded_while_groups_come_one_by_one() -> None:
    grouping = Groups(1, (SumOf("n"),))
    kept = a_map(48, 12)
    kept.aggregate(*ALL, grouping)
    assert remembered(kept, grouping) == [12]

    kept = kept.with_change(*entry("new", 0, 99, 1))

    assert remembered(kept, grouping) == []
    assert len(kept.aggregate(*ALL, grouping)) == 13


def test_the_same_arguments_give_the_same_grouping() -> None:
    assert Groups(1, (SumOf("n"),)) is Groups(1, (SumOf("n"),))
    assert Groups(1, (SumOf("n"),)) is not Groups(2, (SumOf("n"),))
    assert repr(Groups(1, (SumOf("n"),))) == "Groups(1, (SumOf('n'),))"
