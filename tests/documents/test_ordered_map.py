"""The ordered map: its contract by example, and random histories against the map of two sorted lists."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reactive_nb.documents.interval import ALL
from reactive_nb.documents.monoid import MOST_REMEMBERED
from reactive_nb.documents.ordered_map import OrderedMap
from reactive_nb.documents.reference import SortedListMap
from reactive_nb.documents.tree import Shape


class TinyMap(OrderedMap[int]):
    """Nodes as small as they can be: a hundred entries make a tree of five levels."""

    __slots__ = ()
    shape: ClassVar[Shape] = Shape(leaf=4, branch=4)


class UnevenMap(OrderedMap[int]):
    """Other least sizes for leaves than for branches."""

    __slots__ = ()
    shape: ClassVar[Shape] = Shape(leaf=12, branch=5)


# ------------------------------------------------------------------ aggregates to keep


class Total:
    """A sum, which can always be carried over a change."""

    def of(self, values: Sequence[int]) -> int:
        return sum(values)

    def combine(self, partials: Sequence[int]) -> int:
        return sum(partials)

    def replace(self, partial: int, removed: int, added: int) -> int:
        return partial - removed + added


class Largest:
    """A maximum, which must be looked for again when it may be gone."""

    def of(self, values: Sequence[int]) -> int:
        return max(values, default=-1)

    def combine(self, partials: Sequence[int]) -> int:
        return max(partials, default=-1)

    def replace(self, partial: int, removed: int, added: int) -> int | None:
        if added >= partial:
            return added
        return None if removed == partial else partial


class InOrder:
    """All values in order, which shows a run that is left out, taken twice or taken in the wrong place."""

    def of(self, values: Sequence[int]) -> tuple[int, ...]:
        return tuple(values)

    def combine(self, partials: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        return sum(partials, ())

    def replace(self, partial: tuple[int, ...], removed: tuple[int, ...], added: tuple[int, ...]) -> None:
        return None


class Entries:
    """All entries in order: an aggregate that looks at keys too, and that only small nodes remember."""

    def of_entries(self, keys: Sequence[bytes], values: Sequence[int]) -> tuple[tuple[bytes, int], ...]:
        return tuple(zip(keys, values, strict=True))

    def combine(self, partials: Sequence[tuple[tuple[bytes, int], ...]]) -> tuple[tuple[bytes, int], ...]:
        return sum(partials, ())

    def replace(
        self,
        partial: tuple[tuple[bytes, int], ...],
        removed: tuple[tuple[bytes, int], ...],
        added: tuple[tuple[bytes, int], ...],
    ) -> tuple[tuple[bytes, int], ...]:
        return tuple(sorted({*partial} - {*removed} | {*added}))

    def is_kept(self, partial: tuple[tuple[bytes, int], ...], size: int) -> bool:
        assert len(partial) == size
        return size <= 12


@dataclass(eq=False)
class Watched(Total):
    """A sum that remembers which values it was shown, and how many partials it was given to combine."""

    seen: list[int] = field(default_factory=list)
    combined: int = 0

    def of(self, values: Sequence[int]) -> int:
        self.seen += values
        return super().of(values)

    def combine(self, partials: Sequence[int]) -> int:
        self.combined += len(partials)
        return super().combine(partials)


AGGREGATES = [Total(), Largest(), InOrder(), Entries()]


# ------------------------------------------------------------------ random histories


def key_of(number: int) -> bytes:
    return number.to_bytes(2, "big")


numbers = st.integers(0, 300)
bounds = st.one_of(st.sampled_from([b"", b"\xff"]), numbers.map(key_of), numbers.map(lambda n: key_of(n) + b"\x00"))
changes = st.dictionaries(numbers.map(key_of), st.one_of(st.none(), st.integers(0, 99)), max_size=40)


class HistoryOfVersions(RuleBasedStateMachine):
    """Versions are made from any earlier version; each must keep equal to its twin of two sorted lists."""

    @initialize(kind=st.sampled_from([TinyMap, UnevenMap, OrderedMap]), count=st.sampled_from([0, 3, 70, 300]))
    def begin(self, kind: type[OrderedMap[int]], count: int) -> None:
        keys, values = [key_of(number) for number in range(count)], list(range(count))
        self.versions = [(kind.from_sorted(keys, values), SortedListMap.from_sorted(keys, values))]

    def change(self, which: int, batch: list[tuple[bytes, int | None]]) -> None:
        fast, slow = self.versions[which % len(self.versions)]
        self.versions = [*self.versions[-3:], (fast.apply(batch), slow.apply(batch))]

    @rule(which=st.integers(0, 3), batch=changes)
    def apply_anything(self, which: int, batch: dict[bytes, int | None]) -> None:
        self.change(which, sorted(batch.items()))

    @rule(which=st.integers(0, 3), first=numbers, count=st.integers(1, 120), value=st.one_of(st.none(), numbers))
    def apply_to_a_stretch(self, which: int, first: int, count: int, value: int | None) -> None:
        self.change(which, [(key_of(number), value) for number in range(first, first + count)])

    @rule(which=st.integers(0, 3), batch=changes)
    def apply_columns(self, which: int, batch: dict[bytes, int | None]) -> None:
        fast, slow = self.versions[which % len(self.versions)]
        keys = sorted(batch)
        values = [batch[key] for key in keys]
        self.versions = [*self.versions[-3:], (fast.with_changes(keys, values), slow.with_changes(keys, values))]

    @rule(which=st.integers(0, 3), number=numbers, value=st.one_of(st.none(), numbers))
    def change_one(self, which: int, number: int, value: int | None) -> None:
        self.change(which, [(key_of(number), value)])

    @rule(which=st.integers(0, 3), keep=st.integers(0, 4))
    def delete_nearly_all(self, which: int, keep: int) -> None:
        _, slow = self.versions[which % len(self.versions)]
        self.change(which, [(key, None) for key, _ in list(slow.items())[keep:]])

    @rule(which=st.integers(0, 3), order=st.randoms(use_true_random=False), keep=st.integers(0, 4))
    def delete_one_by_one(self, which: int, order: random.Random, keep: int) -> None:
        fast, slow = self.versions[which % len(self.versions)]
        keys = [key for key, _ in slow.items()]
        order.shuffle(keys)
        for key in keys[keep:]:
            fast = fast.with_change(key, None)
        fast.check()
        left = slow.apply(sorted((key, None) for key in keys[keep:]))
        self.versions.append((fast, left))

    @rule(which=st.integers(0, 3), start=bounds, end=bounds)
    def read(self, which: int, start: bytes, end: bytes) -> None:
        fast, slow = self.versions[which % len(self.versions)]
        assert list(fast.items(start, end)) == list(slow.items(start, end))
        assert list(fast.items(start, end, reverse=True)) == list(slow.items(start, end, reverse=True))
        assert fast.first(start, end) == slow.first(start, end)
        assert fast.last(start, end) == slow.last(start, end)
        assert fast.count(start, end) == slow.count(start, end)
        assert fast.get(start) == slow.get(start)
        assert (start in fast) == (start in slow)

    @rule(which=st.integers(0, 3), start=bounds, end=bounds, position=st.integers(-310, 310), group=st.integers(1, 90))
    def look_up_positions(self, which: int, start: bytes, end: bytes, position: int, group: int) -> None:
        fast, slow = self.versions[which % len(self.versions)]
        assert fast.nth(position, start, end) == slow.nth(position, start, end)

        def after(key: bytes) -> bytes:
            return key_of((int.from_bytes(key, "big") // group + 1) * group)

        assert list(fast.heads(start, end, after)) == list(slow.heads(start, end, after))

    @rule(which=st.integers(0, 3), start=bounds, end=bounds, aggregate=st.sampled_from(AGGREGATES))
    def aggregate(self, which: int, start: bytes, end: bytes, aggregate: Total) -> None:
        fast, slow = self.versions[which % len(self.versions)]
        assert fast.aggregate(start, end, aggregate) == slow.aggregate(start, end, aggregate)

    @invariant()
    def every_version_is_what_it_was(self) -> None:
        for fast, slow in self.versions:
            fast.check()
            assert list(fast.items()) == list(slow.items())
            assert len(fast) == len(slow)


HistoryOfVersions.TestCase.settings = settings(max_examples=80, stateful_step_count=20, deadline=None)
test_every_version_equals_its_twin_of_two_sorted_lists = pytest.mark.slow(HistoryOfVersions.TestCase)


# ------------------------------------------------------------------ the contract by example


@pytest.fixture(params=[OrderedMap, TinyMap, SortedListMap])
def kind(request: pytest.FixtureRequest) -> type[OrderedMap[int]]:
    return request.param


LETTERS = [(bytes([letter]), letter - ord("a")) for letter in b"abcdefghij"]


@pytest.fixture
def letters(kind: type[OrderedMap[int]]) -> OrderedMap[int]:
    return kind.from_sorted([key for key, _ in LETTERS], [value for _, value in LETTERS])


def test_a_new_map_is_empty(kind: type[OrderedMap[int]]) -> None:
    empty = kind()

    assert len(empty) == empty.count() == 0
    assert list(empty.items()) == list(empty.blocks(reverse=True)) == []
    assert empty.first() is empty.last() is empty.get(b"a") is None
    assert empty.aggregate(*ALL, Total()) == 0
    assert list(empty.apply([(b"a", 1)]).items()) == [(b"a", 1)]


def test_a_change_makes_a_new_map_and_leaves_the_old_one(letters: OrderedMap[int]) -> None:
    after = letters.apply([(b"a", None), (b"bb", 50), (b"c", 60), (b"zz", None)])

    assert list(letters.items()) == LETTERS
    assert list(after.items(b"", b"e")) == [(b"b", 1), (b"bb", 50), (b"c", 60), (b"d", 3)]


def test_one_change_is_a_batch_of_one(letters: OrderedMap[int]) -> None:
    for key, value in [(b"c", 9), (b"cc", 9), (b"c", None), (b"cc", None)]:
        assert list(letters.with_change(key, value).items()) == list(letters.apply([(key, value)]).items())


@pytest.mark.parametrize(
    "batch",
    [
        [],
        [(b"k", 10), (b"l", 11), (b"m", None), (b"n", 12)],
        [(b"A", 10), (b"a", 11), (b"b", None), (b"bb", 12), (b"bc", None), (b"bd", 13), (b"j", None)],
        [(key, None) for key, _ in LETTERS],
    ],
)
def test_changes_may_come_as_two_lists(letters: OrderedMap[int], batch: list[tuple[bytes, int | None]]) -> None:
    after = letters.with_changes([key for key, _ in batch], [value for _, value in batch])

    assert list(after.items()) == list(letters.apply(batch).items())


def test_a_range_includes_its_start_and_excludes_its_end(letters: OrderedMap[int]) -> None:
    assert [key for key, _ in letters.items(b"b", b"e")] == [b"b", b"c", b"d"]
    assert [key for key, _ in letters.items(b"b", b"e", reverse=True)] == [b"d", b"c", b"b"]
    assert letters.first(b"bb", b"e") == (b"c", 2)
    assert letters.last(b"b", b"e") == (b"d", 3)
    assert letters.count(b"b", b"e") == 3
    assert letters.aggregate(b"b", b"e", InOrder()) == (1, 2, 3)


def test_a_range_that_ends_before_it_starts_holds_nothing(letters: OrderedMap[int]) -> None:
    assert list(letters.items(b"e", b"b")) == list(letters.items(b"e", b"b", reverse=True)) == []
    assert letters.count(b"e", b"b") == 0
    assert letters.aggregate(b"e", b"b", Total()) == 0


def test_an_entry_is_found_by_its_position_in_a_range(letters: OrderedMap[int]) -> None:
    assert letters.nth(0) == (b"a", 0)
    assert letters.nth(-1) == (b"j", 9)
    assert letters.nth(1, b"c", b"f") == (b"d", 3)
    assert letters.nth(-1, b"c", b"f") == (b"e", 4)
    assert letters.nth(3, b"c", b"f") is letters.nth(-4, b"c", b"f") is letters.nth(0, b"f", b"c") is None


def test_heads_leap_from_group_to_group(letters: OrderedMap[int]) -> None:
    def two_further(key: bytes) -> bytes:
        return bytes([key[0] + 2])

    assert [key for key, _ in letters.heads(b"b", b"g", two_further)] == [b"b", b"d", b"f"]
    assert list(letters.heads(b"g", b"b", two_further)) == []


def test_get_returns_the_default_for_what_is_not_there(letters: OrderedMap[int]) -> None:
    assert letters.get(b"b") == 1
    assert letters.get(b"bb") is None
    assert letters.get(b"bb", 7) == 7
    assert b"b" in letters
    assert b"bb" not in letters


def test_blocks_belong_to_the_caller(letters: OrderedMap[int]) -> None:
    for reverse in (False, True):
        for keys, values in letters.blocks(reverse=reverse):
            keys.clear()
            values.clear()

    assert list(letters.items()) == LETTERS


def test_blocks_come_one_leaf_at_a_time_in_the_order_of_the_scan() -> None:
    tiny = TinyMap.from_sorted([key for key, _ in LETTERS], [value for _, value in LETTERS])

    ascending = [keys for keys, _ in tiny.blocks(b"b", b"j")]
    descending = [keys for keys, _ in tiny.blocks(b"b", b"j", reverse=True)]

    assert all(len(keys) <= 4 for keys in ascending)
    assert b"".join(key for keys in ascending for key in keys) == b"bcdefghi"
    assert descending == [keys[::-1] for keys in ascending[::-1]]


# ------------------------------------------------------------------ what is kept, what is shared


@pytest.fixture(scope="module")
def large() -> OrderedMap[int]:
    return OrderedMap.from_sorted([b"%06d" % number for number in range(100_000)], list(range(100_000)))


def test_an_aggregate_asked_twice_looks_at_values_once(large: OrderedMap[int]) -> None:
    watched = Watched()
    assert large.aggregate(*ALL, watched) == sum(range(100_000))
    assert len(watched.seen) == 100_000

    watched.seen.clear()
    watched.combined = 0
    assert large.aggregate(*ALL, watched) == sum(range(100_000))

    assert watched.seen == []
    assert watched.combined == 0


def test_after_one_write_an_aggregate_looks_at_the_changed_value_only(large: OrderedMap[int]) -> None:
    watched = Watched()
    before = large.aggregate(*ALL, watched)
    watched.seen.clear()

    replaced = large.with_change(b"050000", 7)
    inserted = large.with_change(b"050000x", 7)
    deleted = large.with_change(b"050000", None)

    assert replaced.aggregate(*ALL, watched) == before - 50_000 + 7
    assert inserted.aggregate(*ALL, watched) == before + 7
    assert deleted.aggregate(*ALL, watched) == before - 50_000
    assert watched.seen == [50_000, 7, 7, 50_000]


def test_an_aggregate_that_cannot_be_carried_looks_at_one_leaf_again(large: OrderedMap[int]) -> None:
    @dataclass(eq=False)
    class WatchedLargest(Largest):
        seen: list[int] = field(default_factory=list)

        def of(self, values: Sequence[int]) -> int:
            self.seen += values
            return super().of(values)

    watched = WatchedLargest()
    large.aggregate(*ALL, watched)
    after = large.with_change(b"099999", None)
    watched.seen.clear()

    assert after.aggregate(*ALL, watched) == 99_998

    assert len(watched.seen) <= OrderedMap.shape.leaf


def test_an_aggregate_of_a_range_remembers_all_but_its_edges(large: OrderedMap[int]) -> None:
    watched = Watched()
    large.aggregate(b"010000", b"090000", watched)
    watched.seen.clear()

    assert large.aggregate(b"010000", b"090000", watched) == sum(range(10_000, 90_000))

    assert len(watched.seen) <= 2 * OrderedMap.shape.leaf


def test_equal_aggregates_share_what_is_remembered(large: OrderedMap[int]) -> None:
    @dataclass(frozen=True)
    class ModuloTotal(Total):
        seen: ClassVar[list[int]] = []
        modulus: int

        def of(self, values: Sequence[int]) -> int:
            self.seen.extend(values)
            return sum(value % self.modulus for value in values)

    large.aggregate(*ALL, ModuloTotal(10))
    ModuloTotal.seen.clear()

    assert large.aggregate(*ALL, ModuloTotal(10)) == 450_000
    assert ModuloTotal.seen == []
    assert large.aggregate(*ALL, ModuloTotal(2)) == 50_000


@pytest.mark.parametrize("spread", [1, 10, 1000], ids=["side by side", "apart", "far apart"])
def test_a_batch_gives_the_same_however_far_its_keys_lie_apart(large: OrderedMap[int], spread: int) -> None:
    batch: list[tuple[bytes, int | None]] = []
    for number in range(0, 90 * spread, spread):
        batch += [(b"%06d" % number, None if number % 3 == 0 else -1), (b"%06dx" % number, -2)]

    after = large.apply(batch)

    after.check()
    expected = {**dict(large.items()), **dict(batch)}
    assert dict(after.items()) == {key: value for key, value in expected.items() if value is not None}


@pytest.mark.slow
def test_what_is_left_after_many_deletes_stands_in_few_leaves(large: OrderedMap[int]) -> None:
    keys = [key for key, _ in large.items()]
    random.Random(1).shuffle(keys)
    one_by_one = large.apply(sorted((key, None) for key in keys[5000:]))
    at_once = one_by_one.apply(sorted((key, None) for key in keys[100:5000]))
    for key in keys[100:5000]:
        one_by_one = one_by_one.with_change(key, None)

    for left in (one_by_one, at_once):
        left.check()
        assert [key for key, _ in left.items()] == sorted(keys[:100])
        assert len(list(left.blocks())) <= 100 / (OrderedMap.shape.leaf / 4)


def test_a_replaced_key_stays_the_same_object(large: OrderedMap[int]) -> None:
    # A new object would hold the bytes of every key that is ever written twice a second time.
    (stored, _), *_ = large.items(b"050000", b"050001")
    equal = bytes(bytearray(stored))

    for after in (large.with_change(equal, 1), large.apply([(b"%06d" % n, 1) for n in range(49_990, 50_010)])):
        (kept, value), *_ = after.items(b"050000", b"050001")
        assert kept is stored
        assert value == 1


def test_a_node_forgets_the_oldest_aggregates() -> None:
    watched = [Watched() for _ in range(MOST_REMEMBERED + 1)]
    one = OrderedMap.from_sorted([b"a"], [1])
    for each in watched:
        one.aggregate(*ALL, each)
        each.seen.clear()

    for each in watched[::-1]:
        assert one.aggregate(*ALL, each) == 1

    assert [each.seen for each in watched] == [[1], *[[]] * MOST_REMEMBERED]


def test_what_a_node_shall_not_keep_is_not_kept(large: OrderedMap[int]) -> None:
    shown: list[int] = []

    class Watching(Entries):
        def of_entries(self, keys: Sequence[bytes], values: Sequence[int]) -> tuple[tuple[bytes, int], ...]:
            shown.extend(values)
            return super().of_entries(keys, values)

        def is_kept(self, partial: tuple[tuple[bytes, int], ...], size: int) -> bool:
            return False

    watching = Watching()
    for _ in range(2):
        shown.clear()
        assert large.aggregate(b"000100", b"000300", watching) == tuple(large.items(b"000100", b"000300"))
        assert shown == list(range(100, 300))


# ------------------------------------------------------------------ the checks are seen to fail


def test_check_notices_a_map_whose_keys_do_not_ascend() -> None:
    with pytest.raises(AssertionError):
        OrderedMap.from_sorted([b"b", b"a"], [1, 2]).check()


def test_check_notices_an_aggregate_carried_wrongly() -> None:
    class Wrong(Total):
        def replace(self, partial: int, removed: int, added: int) -> int:
            return partial + added

    before = TinyMap.from_sorted([key for key, _ in LETTERS], [value for _, value in LETTERS])
    before.aggregate(*ALL, Wrong())
    before.check()

    with pytest.raises(AssertionError):
        before.with_change(b"c", 100).check()


@given(st.integers(0, 2000), st.integers(4, 20), st.integers(4, 20))
@settings(max_examples=60, deadline=None)
def test_maps_of_any_size_are_built_within_the_bounds_of_their_shape(count: int, leaf: int, branch: int) -> None:
    class Shaped(OrderedMap[int]):
        __slots__ = ()
        shape: ClassVar[Shape] = Shape(leaf, branch)

    keys = [b"%05d" % number for number in range(count)]
    built = Shaped.from_sorted(keys, list(range(count)))

    built.check()
    assert [key for key, _ in built.items()] == keys
