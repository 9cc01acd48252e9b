"""Closeness: exact scores that do not depend on their surroundings, and quick ones whose error stays in its bound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reactive_nb.search.metric import (
    Metric,
    Vector,
    direction,
    known_nearness,
    nearness,
    norms,
    products_of,
    relative_error,
    score,
    scores,
)

METRICS: tuple[Metric, ...] = get_args(Metric)


def vector(*numbers: float) -> Vector:
    return np.array(numbers, np.float32)


@dataclass(frozen=True)
class Case:
    name: str
    metric: Metric
    a: Vector
    b: Vector
    expected: float


CASES = [
    Case("the same direction", "cosine", vector(1, 2), vector(2, 4), 1.0),
    Case("a vector and itself", "cosine", vector(0.1, 0.7, 0.3), vector(0.1, 0.7, 0.3), 1.0),
    Case("opposite directions", "cosine", vector(0.1, 0.7), vector(-0.1, -0.7), -1.0),
    Case("a right angle", "cosine", vector(1, 0), vector(0, 9), 0.0),
    Case("a zero vector has no angle", "cosine", vector(0, 0), vector(1, 1), 0.0),
    Case("the smallest numbers", "cosine", vector(1e-45, 0), vector(1e-45, 0), 1.0),
    Case("the largest numbers", "cosine", vector(3e38, 3e38), vector(3e38, 3e38), 1.0),
    Case("an inner product", "dot", vector(1, 2), vector(3, 4), 11.0),
    Case("one with itself is no cosine", "dot", vector(2, 0), vector(2, 0), 4.0),
    Case("nothing has no sign", "dot", vector(0, -1), vector(-1, 0), 0.0),
    Case("a distance", "l2", vector(0, 3), vector(4, 0), -5.0),
    Case("no distance", "l2", vector(5, 6), vector(5, 6), 0.0),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_scores(case: Case) -> None:
    assert score(case.metric, case.a, case.b) == case.expected
    assert math.copysign(1, score(case.metric, case.a, case.b)) == math.copysign(1, case.expected)


numbers = st.one_of(
    st.floats(-4, 4, width=32),
    st.sampled_from([0.0, 1.0, -1.0, 1e-45, 1e-38, -1e-20, 1e-15, 1e14, -1e19, 3e38]),
)
matrices = st.tuples(st.integers(2, 7), st.integers(1, 20)).flatmap(
    lambda shape: hnp.arrays(np.float32, shape, elements=numbers.map(lambda number: np.float32(number).item()))
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(matrices, st.sampled_from(METRICS))
def test_scores_are_the_same_in_either_order_and_in_any_company(rows: Vector, metric: Metric) -> None:
    query = rows[0]

    together = scores(metric, query, rows)

    for row, each in zip(rows, together.tolist(), strict=True):
        assert score(metric, query, row) == score(metric, row, query) == each
    assert scores(metric, query, rows[::2]).tolist() == together[::2].tolist()
    assert scores(metric, query, np.asfortranarray(rows)).tolist() == together.tolist()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dimensions", [1, 2, 7, 8, 9, 127, 128, 129, 384, 1537, 9000])
def test_company_does_not_matter_in_many_dimensions(metric: Metric, dimensions: int) -> None:
    rows = np.random.default_rng(dimensions).standard_normal((9, dimensions), dtype=np.float32)

    together = scores(metric, rows[0], rows).tolist()

    assert together == [score(metric, rows[0], row) for row in rows] == [score(metric, row, rows[0]) for row in rows]
    assert together == scores(metric, rows[0], np.asfortranarray(rows)).tolist()


def test_no_cosine_is_above_one() -> None:
    rows = np.random.default_rng(1).standard_normal((1000, 7), dtype=np.float32)

    found = [score("cosine", row, row * np.float32(factor)) for row in rows for factor in (6, -6)]

    assert (min(found), max(found)) == (-1.0, 1.0)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(matrices, st.sampled_from(METRICS))
def test_scores_are_close_to_the_sums_of_exact_products(rows: Vector, metric: Metric) -> None:
    a, b = rows[0].tolist(), rows[1].tolist()
    product = math.fsum(x * y for x, y in zip(a, b, strict=True))
    sizes = math.sqrt(math.fsum(x * x for x in a)), math.sqrt(math.fsum(y * y for y in b))
    if metric == "l2":
        expected, scale = -math.dist(a, b), math.dist(a, b)
    elif metric == "dot":
        expected, scale = product, sizes[0] * sizes[1]
    else:
        expected, scale = (product / sizes[0] / sizes[1] if 0 not in sizes else 0.0), 1.0

    assert abs(score(metric, rows[0], rows[1]) - expected) <= 1e-14 * scale


def within_bounds(metric: Metric, query: Vector, rows: Vector) -> float:
    """Assert that quick scores keep to their bounds, and return the largest part of a bound that was used."""
    to = direction(query)
    near, error = nearness(metric, products_of([rows], to.unit, len(rows)), norms(rows), to)
    exact = np.array([known_nearness(metric, each) for each in scores(metric, query, rows).tolist()])
    assert not np.isnan(near).any()
    off = np.abs(near - exact)
    assert (off <= error).all(), (near, exact, error)
    return float(np.max(off[error > 0] / error[error > 0], initial=0.0))


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(matrices, st.sampled_from(METRICS))
def test_quick_scores_are_within_their_bounds(rows: Vector, metric: Metric) -> None:
    within_bounds(metric, rows[0], rows)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dimensions", [2, 5, 384])
def test_bounds_are_of_use(metric: Metric, dimensions: int) -> None:
    rows = np.random.default_rng(dimensions).standard_normal((500, dimensions), dtype=np.float32)
    rows[250:] = rows[0] * np.float32(1 + 2**-12) + rows[250:] * np.float32(1e-4)

    assert 1e-4 < within_bounds(metric, rows[0], rows) < 1
    assert relative_error(dimensions) < 1e-7 * (dimensions + 4)


@pytest.mark.parametrize("length", [1e-7, 1e-12, 1e-15])
@pytest.mark.parametrize("metric", METRICS)
def test_bounds_hold_for_vectors_of_very_different_length(metric: Metric, length: float) -> None:
    rows = np.random.default_rng(1).standard_normal((500, 5), dtype=np.float32)

    for query in rows[:20]:
        within_bounds(metric, query * np.float32(1000), rows * np.float32(length))
        within_bounds(metric, query * np.float32(length), rows * np.float32(1000))


def test_a_norm_that_is_out_of_the_ordinary_has_no_bound() -> None:
    rows = np.array([[1, 0], [1e-20, 0], [1e20, 0], [0, 0]], np.float32)
    _, error = nearness("dot", np.zeros(4, np.float32), norms(rows), direction(rows[0]))

    assert np.isinf(error).tolist() == [False, True, True, False]


@pytest.mark.parametrize("cuts", [[], [1], [3, 1100, 1100, 2500]])
def test_products_of_many_rows_are_those_of_each(cuts: list[int]) -> None:
    rows = np.random.default_rng(1).standard_normal((2500, 384), dtype=np.float32)

    products = products_of(np.split(rows, cuts), rows[0], 2500)

    assert np.allclose(products, [row @ rows[0] for row in rows], rtol=1e-5, atol=1e-4)
