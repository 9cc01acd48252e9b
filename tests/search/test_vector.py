"""Vector search: equal to a scan that scores everything and sorts, in every version and whatever was written before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.documents.interval import Interval, point_interval
from reactive_nb.search import vector as module
from reactive_nb.search.condition import ALWAYS, AllOf, AnyOf, Condition, Within, meets
from reactive_nb.search.edits import Edit, Hit
from reactive_nb.search.metric import Metric, Vector, products_of, score
from reactive_nb.search.rows import Row
from reactive_nb.search.vector import VectorEntry, Vectors
from reactive_nb.values.order import encode_value

METRICS: tuple[Metric, ...] = get_args(Metric)
Entries = dict[str, VectorEntry]


def entry(numbers: Any, created: float = 0.0, *filters: Any) -> VectorEntry:
    return VectorEntry(Row(created, tuple(map(encode_value, filters))), np.array(numbers, np.float32))


def by_a_scan(entries: Entries, metric: Metric, query: Vector, limit: int, condition: Condition) -> list[Hit]:
    found = [
        (-score(metric, query, each.vector), each.row.created, id)
        for id, each in entries.items()
        if meets(condition, each.row.filters)
    ]
    return [Hit(id, -minus) for minus, _, id in sorted(found)[:limit]]


def written(index: Vectors, before: Entries, batch: Mapping[str, VectorEntry | None]) -> tuple[Vectors, Entries]:
    """Return index and entries after a batch, in which None deletes."""
    edits = [Edit(id, before.get(id), new) for id, new in batch.items() if new is not None or id in before]
    after = {id: new for id, new in {**before, **batch}.items() if new is not None}
    return index.apply(edits), after


def equals(value: Any) -> Within:
    return Within(0, point_interval(encode_value(value)))


CONDITIONS: list[Condition] = [
    ALWAYS,
    equals(0),
    equals(7),
    AnyOf((equals(1), equals(2))),
    AllOf((Within(0, Interval(encode_value(1), b"\xff")),)),
    AnyOf(()),
]

plain_numbers = st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0])
near_ties = st.sampled_from([1.0, 1 + 2**-23, 1 - 2**-24, 1 + 2**-22])
strange = st.sampled_from([0.0, 1e-45, 1e-38, 1e-20, 1e-15, 1e15, 1e19, -1e19, 3e38, -3e38, 1.0])
kinds = st.sampled_from([plain_numbers, near_ties, strange, st.floats(-2, 2, width=32)])


@st.composite
def histories(draw: st.DrawFn) -> tuple[int, list[dict[str, VectorEntry | None]], list[Vector]]:
    """Draw dimensions, batches of writes, and queries, all of one kind of number."""
    dimensions = draw(st.integers(1, 20))
    numbers = draw(kinds)
    vectors = st.lists(numbers, min_size=dimensions, max_size=dimensions)
    known = draw(st.lists(vectors, min_size=1, max_size=4))  # so that there are duplicates
    entries = st.builds(entry, st.sampled_from(known) | vectors, st.integers(0, 2).map(float), st.integers(0, 2))
    ids = st.sampled_from([f"d{number}" for number in range(30)])
    batches = draw(st.lists(st.dictionaries(ids, st.none() | entries, max_size=12), min_size=1, max_size=6))
    queries = draw(st.lists(st.sampled_from(known) | vectors, min_size=1, max_size=2))
    return dimensions, batches, [np.array(query, np.float32) for query in queries]


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(histories(), st.sampled_from(METRICS), st.sampled_from([1, 4, 1024]), st.data())
def test_hits_are_those_of_a_scan_in_every_version(
    history: tuple[int, list[dict[str, VectorEntry | None]], list[Vector]],
    metric: Metric,
    most_rows: int,
    data: st.DataObject,
) -> None:
    dimensions, batches, queries = history
    index, entries = Vectors(dimensions, metric, 1), Entries()
    index._blocks.most_rows = most_rows
    versions = [(index, entries)]
    for batch in batches:
        index, entries = written(index, entries, batch)
        index.check()
        versions.append((index, entries))

    for index, entries in versions + versions[::-1]:
        assert len(index) == len(entries)
        for query in queries:
            limit = data.draw(st.sampled_from([0, 1, 2, 3, 5, 100]))
            condition = data.draw(st.sampled_from(CONDITIONS))
            assert index.search(query, limit, condition) == by_a_scan(entries, metric, query, limit, condition)


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("spread", [1.0, 1e-3, 1e-6])
def test_many_vectors_close_together_are_told_apart(metric: Metric, spread: float) -> None:
    dice = np.random.default_rng(1)
    rows = dice.standard_normal(48) + spread * dice.standard_normal((6000, 48))
    batch = {f"d{number}": entry(row, float(number % 5), number % 100) for number, row in enumerate(rows)}
    index, entries = written(Vectors(48, metric, 1), {}, batch)
    index, entries = written(index, entries, {f"d{number}": None for number in range(0, 3000, 3)})
    query = (rows[7] * (1 + spread)).astype(np.float32)

    for limit in (1, 10, 300):
        for condition in (ALWAYS, equals(3), Within(0, Interval(encode_value(40), b"\xff"))):
            assert index.search(query, limit, condition) == by_a_scan(entries, metric, query, limit, condition)


@pytest.mark.parametrize("metric", METRICS)
def test_equal_scores_are_ordered_by_creation_then_id(metric: Metric) -> None:
    batch = {id: entry([1, 1], created) for id, created in [("c", 1), ("b", 2), ("a", 2), ("d", 0)]}
    index, _ = written(Vectors(2, metric, 0), {}, batch)

    hits = index.search(np.array([1, 1], np.float32), 3, ALWAYS)

    assert [hit.id for hit in hits] == ["d", "c", "a"]


def test_zero_vectors_stand_between_the_same_and_the_opposite_direction() -> None:
    # given [1,1,1],[0,0,0],[1,1,0],[1,1,0] / when search [1,1,1] limit 3 / then order 1, 3, 4 (Convex)
    batch = {id: entry(numbers) for id, numbers in [("1", [1, 1, 1]), ("2", [0, 0, 0]), ("3", [1, 1, 0])]}
    index, _ = written(Vectors(3, "cosine", 0), {}, {**batch, "4": entry([1, 1, 0]), "5": entry([-1, 0, 0])})
    query = np.ones(3, np.float32)

    assert [hit.id for hit in index.search(query, 3, ALWAYS)] == ["1", "3", "4"]
    assert [hit.id for hit in index.search(query, 9, ALWAYS)] == ["1", "3", "4", "2", "5"]
    assert index.search(np.zeros(3, np.float32), 9, ALWAYS) == [Hit(id, 0.0) for id in "12345"]


def test_only_the_row_changes_and_the_vector_stays_where_it_is() -> None:
    index, entries = written(Vectors(2, "l2", 1), {}, {"a": entry([1, 1], 0, 0)})
    after, _ = written(index, entries, {"a": entry([1, 1], 0, 1)})

    assert after._blocks is index._blocks
    query = np.ones(2, np.float32)
    assert (after.search(query, 1, equals(0)), after.search(query, 1, equals(1))) == ([], [Hit("a", 0.0)])
    assert (index.search(query, 1, equals(0)), index.search(query, 1, equals(1))) == ([Hit("a", 0.0)], [])


@pytest.mark.parametrize(("wanted", "expected"), [(100, 100), (25, 100), (24, 24), (1, 1), (0, 0)])
def test_few_wanted_vectors_are_fetched_and_many_looked_for_among_all(
    wanted: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = {f"d{at}": entry([at, 1], 0, int(at < wanted)) for at in range(100)}
    index, entries = written(Vectors(2, "dot", 1), {}, batch)
    looked_at: list[int] = []

    def noted(rows: Iterable[Vector], unit: Vector, count: int) -> Vector:
        looked_at.append(count)
        return products_of(rows, unit, count)

    monkeypatch.setattr(module, "products_of", noted)
    query = np.ones(2, np.float32)

    hits = index.search(query, 2, equals(1))

    assert hits == by_a_scan(entries, "dot", query, 2, equals(1))
    assert looked_at == [expected]


values = st.lists(st.sampled_from([-np.inf, 0.0, 1.0, 2.0, 3.0]), max_size=40)


@given(values, st.integers(1, 12), st.sampled_from([1, 3, 200]))
def test_the_nth_largest_is_that_of_the_sorted_values(some: list[float], n: int, repeated: int) -> None:
    array = np.array(some * repeated, np.float64)
    expected = sorted(array.tolist(), reverse=True)[n - 1] if n <= len(array) else -np.inf

    assert module._nth_largest(array, n) == expected
