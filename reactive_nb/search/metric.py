r"""How close two vectors are: exactly, and for many vectors at once quickly but with a bound on the error.

Comes in: float32 vectors, all finite. Goes out: `scores`, in float64, the same for two vectors in either order and
whatever stands beside them; and from float32 inner products (which are as fast as memory, and whose last digits
depend on the machine) the *nearness* of each vector with a bound on how far it is from the true one. Nearness orders
vectors as scores do; for distances it is minus the square.

The bound. Let u = 2^-24 be float32's unit of rounding, d the dimensions, g(n) = nu / (1 - nu), |x| the Euclidean norm.

1. A vector q is first made a unit vector w: divided by its norm in float64, then each number rounded to float32, which
   moves q / |q| by no more than u in norm.
2. An inner product of v and w in float32, summed in whatever order and with or without fused operations, is off by no
   more than g(d) times the sum of |v_i w_i|, hence by g(d) |v| |w| (Higham, Accuracy and Stability of Numerical
   Algorithms, 2002, section 3.1).
3. So it differs from v·q / |q| by at most (g(d) (1 + u) + u) |v|, which `relative_error` exceeds by a twentieth of
   itself. This twentieth is d u / 20 or more; it covers what float64 adds here and in `scores`, about d 2^-52, and
   numbers that underflow, d 2^-125 at most, as long as |v| is 1e-15 or more. Sums stay below 1e16 if |v| is 1e15 or less.
4. Other vectors have no bound: their products may overflow, or lose all digits. A zero vector is exact.
5. A squared distance is |v|^2 + |q|^2 - 2 v·q: the bound of the product, twice, and the rounding of the squares in
   float64, (d + 2) 2^-52 of their sum here and as much in `scores`. Scores are roots, and two squares may have one
   root if they differ by less than 2^-51 of their sum. All this is below (d + 16) 2^-50 of |v|^2 + |q|^2.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, assert_never

import numpy as np
from numpy.typing import NDArray

from reactive_nb.schema.search_declaration import Metric

Vector = NDArray[np.float32]
Floats = NDArray[np.float64]

_UNIT: Final = 2.0**-24
_SMALLEST: Final = 1e-15
_LARGEST: Final = 1e15

MOST_PRODUCT: Final = 400_000
"""So many numbers are multiplied with a vector at a time. A larger product BLAS spreads over threads, which gains
nothing where memory is the limit, and loses a hundred times that where another process holds one of the cores."""

_WORTH_THREADS: Final = 4
"""From so many vectors on a product is limited by computing, and is left to BLAS as a whole."""


def score(metric: Metric, a: Vector, b: Vector) -> float:
    """Return how close two vectors are: the larger, the closer.

    Args:
        metric: "cosine" gives the cosine of their angle, from -1.0 to 1.0, and 0.0 if one of them is zero; "dot" their
            inner product; "l2" minus their distance.
        a: One vector.
        b: The other one; the score is the same with the two exchanged.

    Example:
        >>> score("l2", np.array([0, 3], np.float32), np.array([4, 0], np.float32))
        -5.0
    """
    return scores(metric, a, b[np.newaxis]).item(0)


def scores(metric: Metric, vector: Vector, rows: Vector) -> Floats:
    """Return how close a vector is to each row of a matrix, bit for bit as `score` does one by one.

    No BLAS here, whose sums depend on the number of rows. NumPy sums each row of products for itself, in one order.
    """
    one = vector.astype(np.float64)
    many = rows.astype(np.float64, order="C")
    if metric == "l2":
        many -= one
        many *= many
        # From zero, so that there is no -0.0.
        return 0.0 - np.sqrt(_sums(many))
    products: Floats = _sums(many * one)
    if metric == "dot":
        return products
    if metric != "cosine":
        assert_never(metric)
    many *= many
    # The root of the product of squares, not the product of roots: a vector's cosine with itself is then exactly 1.
    scale = np.sqrt(_sums(many) * _sums((one * one)[np.newaxis]))
    cosines = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)
    return np.clip(cosines, -1.0, 1.0)


def _sums(matrix: Floats) -> Floats:
    sums: Floats = np.add.reduce(matrix, axis=1)
    return sums


def norms(rows: Vector) -> Floats:
    """Return the Euclidean norm of each row."""
    squares = rows.astype(np.float64)
    squares *= squares
    return np.sqrt(_sums(squares))


class Direction(NamedTuple):
    """A vector as a unit vector and its norm."""

    unit: Vector
    """Zero if the vector is."""
    norm: float


def direction(vector: Vector) -> Direction:
    """Return a vector's direction."""
    norm = norms(vector[np.newaxis]).item(0)
    if norm == 0:
        return Direction(np.zeros(len(vector), np.float32), 0.0)
    return Direction((vector / np.float64(norm)).astype(np.float32), norm)


def products_of(matrices: Iterable[Vector], unit: Vector, count: int) -> Vector:
    """Return the float32 inner products of a vector and each of the `count` rows that some matrices have together."""
    products = np.empty(count, np.float32)
    step = max(1, MOST_PRODUCT // len(unit))
    end = 0
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for matrix in matrices:
            for part in [matrix] if len(matrix) <= step else np.split(matrix, range(step, len(matrix), step)):
                start, end = end, end + len(part)
                np.dot(part, unit, out=products[start:end])
    return products


def products_of_many(matrix: Vector, units: Sequence[Vector]) -> list[Vector]:
    """Return for each of some vectors its float32 inner products with the rows of a matrix."""
    if len(units) < _WORTH_THREADS:
        return [products_of([matrix], unit, len(matrix)) for unit in units]
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return list(np.dot(np.array(units), matrix.T))


def relative_error(dimensions: int) -> float:
    """Return the most by which a float32 inner product of a vector v and the unit of q is off, as a part of |v|."""
    roundings = (dimensions + 3) * _UNIT
    return 1.05 * roundings / (1 - roundings) if roundings < 0.5 else math.inf


def nearness(metric: Metric, products: Vector, row_norms: Floats, to: Direction) -> tuple[Floats, Floats]:
    """Return how near rows are to a vector, and how far off each of that is at most.

    Args:
        metric: How closeness is meant.
        products: What `products_of` has made of the rows and the unit of the vector.
        row_norms: The norms of the rows.
        to: The vector.

    Returns:
        Nearness and error. The order of `known_nearness(score)` is within the error of the nearness, which is infinite
        (and the nearness zero) where there is no bound.
    """
    dimensions = len(to.unit)
    epsilon = relative_error(dimensions)
    if metric == "cosine":
        near = np.divide(products, row_norms, out=np.zeros_like(row_norms), where=row_norms > 0)
        error = np.full_like(near, epsilon)
    elif metric == "dot":
        near = products * np.float64(to.norm)
        error = row_norms * (epsilon * to.norm)
    elif metric == "l2":
        squares = row_norms * row_norms
        squares += to.norm * to.norm
        near = products * np.float64(2 * to.norm)
        near -= squares
        squares *= (dimensions + 16) * 2.0**-50
        error = row_norms * (2 * epsilon * to.norm)
        error += squares
    else:
        assert_never(metric)
    unbounded = np.flatnonzero(~((row_norms >= _SMALLEST) & (row_norms <= _LARGEST)) & (row_norms != 0))
    near[unbounded] = 0.0
    error[unbounded] = math.inf
    return near, error


def known_nearness(metric: Metric, score: float) -> float:
    """Return the nearness of which an exact score is the score."""
    return -score * score if metric == "l2" else score
