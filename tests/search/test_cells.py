"""Approximate searches: how many of the nearest they find, and that nothing is found that is not there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reactive_nb.documents.interval import point_interval
from reactive_nb.schema.search_declaration import METRICS, Metric
from reactive_nb.search import vector as vector_module
from reactive_nb.search.cells import GROWTH, LEAST_VECTORS, Cells
from reactive_nb.search.condition import ALWAYS, AnyOf, Condition, Within
from reactive_nb.search.edits import Edit
from reactive_nb.search.rows import Row
from reactive_nb.search.vector import VectorEntry, Vectors

DIMENSIONS = 24
GROUPS = 100
Matrix = np.ndarray[Any, np.dtype[np.float32]]


def clustered(count: int, seed: int = 1) -> Matrix:
    """Vectors that lie as embeddings do: around some hundred places."""
    chance = np.random.default_rng(seed)
    middles = np.random.default_rng(0).standard_normal((150, DIMENSIONS))
    return (middles[chance.integers(150, size=count)] + 0.25 * chance.standard_normal((count, DIMENSIONS))).astype(
        np.float32
    )


def entry(number: int, vector: Matrix) -> VectorEntry:
    return VectorEntry(Row(float(number), (b"%02d" % (number % GROUPS),)), vector)


def filled(vectors: Matrix, metric: Metric, *, approximate: bool) -> Vectors:
    edits = [Edit(f"d{number:06}", None, entry(number, vector)) for number, vector in enumerate(vectors)]
    return Vectors(vectors.shape[1], metric, 1, approximate=approximate).apply(edits)


def groups(count: int) -> Condition:
    return AnyOf(tuple(Within(0, point_interval(b"%02d" % group)) for group in range(count)))


def recall(exact: Vectors, approximate: Vectors, questions: Matrix, condition: Condition = ALWAYS) -> float:
    """The part of the nearest ten that is found; everything found has its exact score."""
    found = 0
    for question in questions:
        nearest = exact.search(question, 10, condition)
        hits = approximate.search(question, 10, condition)
        assert len(hits) == 10
        scores = {hit.id: hit.score for hit in exact.search(question, len(exact), condition)}
        assert all(scores[hit.id] == hit.score for hit in hits)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        found += len({hit.id for hit in nearest} & {hit.id for hit in hits})
    return found / (10 * len(questions))


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
def test_nearly_all_of_the_nearest_are_found_also_with_filters_and_after_changes(metric: Metric) -> None:
    vectors = clustered(LEAST_VECTORS + 2000)
    exact, approximate = (filled(vectors, metric, approximate=each) for each in (False, True))
    questions = clustered(40, seed=2)
    assert (exact.scale, approximate.scale) == (0, len(vectors))

    assert recall(exact, approximate, questions) >= 0.95
    assert recall(exact, approximate, questions, groups(30)) >= 0.95
    assert recall(exact, approximate, questions, groups(2)) == 1.0  # so few are looked at one by one

    more = clustered(900, seed=3)
    edits = [Edit(f"n{number:06}", None, entry(number, vector)) for number, vector in enumerate(more)]
    edits += [
        Edit(f"d{number:06}", entry(number, vectors[number]), entry(number, more[number - 100]))
        for number in range(100, 900)
    ]
    edits += [Edit(f"d{number:06}", entry(number, vectors[number]), None) for number in range(2000, 4000)]
    later, expected = approximate.apply(edits), exact.apply(edits)
    later.check()
    assert recall(expected, later, questions) >= 0.95
    assert recall(exact, approximate, questions) >= 0.95, "the version before is as it was"


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
def test_vectors_of_another_model_are_found_like_the_others(metric: Metric) -> None:
    vectors, others = clustered(LEAST_VECTORS + 2000), -2 * clustered(LEAST_VECTORS + 2000, seed=2) + np.float32(3)
    exact, approximate = (filled(vectors, metric, approximate=each) for each in (False, True))
    scales = [approximate.scale]

    for start, end in ((0, 1000), (1000, 12000)):
        edits = [
            Edit(f"d{number:06}", entry(number, vectors[number]), entry(number, others[number]))
            for number in range(start, end)
        ]
        exact, approximate = exact.apply(edits), approximate.apply(edits)
        approximate.check()
        scales.append(approximate.scale)
        assert recall(exact, approximate, others[:8]) >= 0.9

    assert scales[0] == scales[1] != scales[2], "cells are made anew when many vectors lie outside"
    gone = [Edit(f"d{number:06}", entry(number, others[number]), None) for number in range(500)]
    approximate.apply(gone).check()


@pytest.mark.slow
def test_a_vector_that_comes_is_found_at_once_and_one_that_goes_no_more() -> None:
    vectors = clustered(LEAST_VECTORS)
    index = filled(vectors, "cosine", approximate=True)
    for number, vector in enumerate(clustered(50, seed=4)):
        index = index.apply([Edit(f"n{number}", None, entry(number, vector))])
        assert index.search(vector, 1, ALWAYS)[0].id == f"n{number}"
        index = index.apply([Edit(f"n{number}", entry(number, vector), None)])
        assert index.search(vector, 1, ALWAYS)[0].id != f"n{number}"


@pytest.mark.slow
def test_cells_are_made_when_there_are_many_vectors_and_anew_when_there_are_many_more() -> None:
    vectors = clustered(GROWTH * LEAST_VECTORS)
    index = filled(vectors[: LEAST_VECTORS - 1], "l2", approximate=True)
    scales = [index.scale]
    for end in (LEAST_VECTORS, LEAST_VECTORS + 1, GROWTH * LEAST_VECTORS):
        start = len(index)
        edits = [Edit(f"d{number:06}", None, entry(number, vectors[number])) for number in range(start, end)]
        index = index.apply(edits)
        scales.append(index.scale)

    assert scales == [0, LEAST_VECTORS, LEAST_VECTORS, GROWTH * LEAST_VECTORS]
    index.check()


@pytest.mark.slow
def test_vectors_that_lie_nowhere_closer_together_are_all_looked_at() -> None:
    vectors = np.random.default_rng(5).standard_normal((LEAST_VECTORS, 64)).astype(np.float32)
    exact, approximate = (filled(vectors, "cosine", approximate=each) for each in (False, True))

    assert approximate.scale == 0
    assert recall(exact, approximate, vectors[:10]) == 1.0


def test_where_cells_do_not_help_they_are_tried_again_only_among_several_times_as_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[int] = []

    def made(metric: Metric, numbers: list[int], vectors: Matrix) -> None:
        tried.append(len(vectors))

    monkeypatch.setattr(Cells, "made", made)
    monkeypatch.setattr(vector_module, "LEAST_VECTORS", 10)
    index = Vectors(DIMENSIONS, "cosine", 1, approximate=True)
    for number, vector in enumerate(clustered(GROWTH * GROWTH * 10)):
        index = index.apply([Edit(f"d{number:06}", None, entry(number, vector))])

    assert tried == [10, GROWTH * 10, GROWTH * GROWTH * 10]
    index.check()


@pytest.mark.slow
def test_vectors_of_any_length_do_no_harm() -> None:
    vectors = clustered(LEAST_VECTORS) * np.float32(1e30)
    for metric in METRICS:
        exact, approximate = (filled(vectors, metric, approximate=each) for each in (False, True))
        assert recall(exact, approximate, clustered(5, seed=6)) >= 0.9
    zeros = filled(np.zeros((LEAST_VECTORS, 4), np.float32), "cosine", approximate=True)
    assert len(zeros.search(np.ones(4, np.float32), 10, ALWAYS)) == 10


@pytest.mark.slow
def test_the_same_vectors_give_the_same_answers() -> None:
    vectors = clustered(LEAST_VECTORS)
    one, other = (filled(vectors, "cosine", approximate=True) for _ in range(2))
    for question in clustered(20, seed=7):
        assert one.search(question, 10, ALWAYS) == other.search(question, 10, ALWAYS)
