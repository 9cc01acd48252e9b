"""What models return, as vectors; and what is said about anything else."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from reactive_nb.embedding.vectors import vectors_of
from reactive_nb.errors import EmbeddingError

TEXTS = ["a", "b"]


class Tensor:
    """As torch has it: on a device, with a history, and numpy's only after both are gone."""

    def __init__(self, numbers: Any, steps: tuple[str, ...] = ()) -> None:
        self._numbers = numbers
        self._steps = steps

    def detach(self) -> Tensor:
        return Tensor(self._numbers, (*self._steps, "detach"))

    def cpu(self) -> Tensor:
        return Tensor(self._numbers, (*self._steps, "cpu"))

    def __iter__(self) -> Iterator[Any]:
        return (Tensor(row, self._steps) for row in self._numbers)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if self._steps != ("detach", "cpu"):
            raise TypeError("can't convert a tensor on another device to numpy")
        return np.asarray(self._numbers, dtype)


@pytest.mark.parametrize(
    "result",
    [
        np.array([[1, 2], [3, 4]], np.float32),
        np.array([[1, 2], [3, 4]], np.float64),
        np.array([[1, 2], [3, 4]], np.float16),
        np.array([[1, 2], [3, 4]]),
        [[1, 2], [3.0, 4.0]],
        ((1, 2), (3, 4)),
        [np.array([1.0, 2.0]), np.array([3.0, 4.0])],
        [Tensor([1.0, 2.0]), Tensor([3.0, 4.0])],
        Tensor([[1.0, 2.0], [3.0, 4.0]]),
        iter([np.array([1.0, 2.0]), np.array([3.0, 4.0])]),
    ],
    ids=lambda result: type(result).__name__,
)
def test_vectors_come_in_many_forms(result: Any) -> None:
    vectors = vectors_of(result, TEXTS, None, "model")

    assert [each.tolist() for each in vectors] == [[1, 2], [3, 4]]
    assert all(each.dtype == np.float32 and not each.flags.writeable for each in vectors)


@pytest.mark.parametrize(
    ("result", "dimensions", "said"),
    [
        (None, None, "it returned None"),
        ("ab", None, "it returned 'ab' (str)"),
        (7, None, "it returned 7 (int)"),
        ({"a": [1.0]}, None, "it returned {'a': [1.0]} (dict)"),
        ([[1.0], ["x"]], None, "it returned [[1.0], ['x']] (list)"),
        ([[1.0], None], None, "it returned [[1.0], None] (list)"),
        ([[True], [False]], None, "it returned [[True], [False]] (list)"),
        ([[1.0, 2.0]], None, "it returned 1 vectors for 2 texts. Expected one vector for each text, in their order"),
        ([], None, "it returned 0 vectors for 2 texts"),
        (np.array([1.0, 2.0]), None, "what it returned for one text has the shape ()"),
        (np.zeros((2, 3, 4)), None, "what it returned for one text has the shape (3, 4)"),
        (np.zeros((2, 0)), None, "what it returned for one text has the shape (0,)"),
        ([[1.0, 2.0], [3.0]], None, "it returned a vector of 1 numbers for 'b' (str). Expected 2 numbers"),
        ([[1.0], [3.0]], 2, "it returned a vector of 1 numbers for 'a' (str). Expected 2 numbers, as for the others"),
        ([[1.0], [float("nan")]], None, "number 0 of the vector for 'b' (str) is nan, which a vector cannot hold"),
        ([[1.0, float("inf")], [0.0, 0.0]], None, "number 1 of the vector for 'a' (str) is inf"),
        ([[1e39], [0.0]], None, "number 0 of the vector for 'a' (str) is 1e+39"),
    ],
)
def test_anything_else_is_refused(result: Any, dimensions: int | None, said: str) -> None:
    with pytest.raises(EmbeddingError) as refused:
        vectors_of(result, TEXTS, dimensions, "model")

    assert str(refused.value).startswith("Cannot embed with model: ")
    assert said in str(refused.value)


def test_the_whole_sentence() -> None:
    with pytest.raises(EmbeddingError) as refused:
        vectors_of([[1.0, float("nan")], [0.0, 0.0]], TEXTS, None, "papers.encode")

    assert str(refused.value) == (
        "Cannot embed with papers.encode: number 1 of the vector for 'a' (str) is nan, which a vector cannot hold. "
        "Expected finite numbers up to 3.4e38, the range of float32. Look at what the model returns for this text."
    )
    assert refused.value.code == "embedding"


async def waiting() -> None:
    pass


def test_an_async_model_is_refused_and_leaves_nothing_that_nobody_awaits() -> None:
    result = waiting()

    with pytest.raises(EmbeddingError, match="the function is async"):
        vectors_of(result, TEXTS, None, "model")

    assert inspect.getcoroutinestate(result) == inspect.CORO_CLOSED
