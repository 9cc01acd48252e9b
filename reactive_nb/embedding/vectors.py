"""What a model has returned, as vectors.

Comes in: whatever `fn(texts)` gave: an array of n x d, a list of lists or arrays, a tensor, a generator of arrays.
Goes out: one read-only float32 vector for each text, or an error that says what is wrong with which of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reactive_nb.errors import EmbeddingError
from reactive_nb.values.conversion import vector
from reactive_nb.values.refusal import Refusal, show
from reactive_nb.values.value import MAX_ITEMS

Vector: TypeAlias = NDArray[np.float32]

_SHAPE = "one vector of finite numbers for each text, such as an array of n x d"


def vectors_of(result: Any, texts: Sequence[str], dimensions: int | None, name: str) -> list[Vector]:
    """Return the vectors of texts.

    Args:
        result: What the model returned for them.
        texts: The texts, at least one.
        dimensions: How many numbers each vector has to have; None where nobody knows yet.
        name: Of the embedding, for errors.

    Raises:
        EmbeddingError: These are not their vectors.
    """
    what = f"Cannot embed with {name}"
    rows = _rows(result, what)
    if len(rows) != len(texts):
        raise EmbeddingError(
            what,
            thing=f"it returned {len(rows):,} vectors for {len(texts):,} texts",
            expected="one vector for each text, in their order",
            hint="Let the function take a list of texts and return as many vectors",
        )
    wanted = len(rows[0]) if dimensions is None else dimensions
    found = []
    for text, row in zip(texts, rows, strict=True):
        if len(row) != wanted:
            raise EmbeddingError(
                what,
                thing=f"it returned a vector of {len(row):,} numbers for {show(text)}",
                expected=f"{wanted:,} numbers, as for the others",
                hint="One embedding is one model; give another model another rnb.embed(..., name=...)",
            )
        try:
            found.append(vector(row))
        except Refusal as refusal:
            raise EmbeddingError(
                what,
                thing=f"number {refusal.steps[-1] if refusal.steps else 0} of the vector for {show(text)} {refusal.problem}",
                expected=refusal.expected,
                hint="Look at what the model returns for this text",
            ) from None
    return found


def _rows(result: Any, what: str) -> list[NDArray[Any]]:
    """Return the rows of a result, each an array of one dimension whose numbers are floats."""
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()  # or Python would say that nobody has awaited it
        raise EmbeddingError(
            what,
            thing="the function is async",
            expected="a plain function from a list of texts to vectors",
            hint="Write a def that calls asyncio.run(...)",
        )
    if isinstance(result, str | bytes | dict) or result is None or not hasattr(result, "__iter__"):
        raise _not_vectors(what, result)
    try:
        if hasattr(result, "__next__"):
            result = list(result)
        rows = [_floats(row) for row in (result if isinstance(result, list | tuple) else _plain(result))]
    except (TypeError, ValueError) as error:
        raise _not_vectors(what, result) from error
    for row in rows:
        if row.ndim != 1 or not 1 <= len(row) <= MAX_ITEMS:
            raise EmbeddingError(
                what,
                thing=f"what it returned for one text has the shape {row.shape}",
                expected=f"{_SHAPE}, with 1 to {MAX_ITEMS:,} numbers",
                hint="Return model.encode(texts) of all texts, and not of one",
            )
    return rows


def _floats(row: Any) -> NDArray[Any]:
    array = np.asarray(_plain(row))
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{array.dtype} is no type of numbers")
    # Float32 comes out of `vector`, which knows what does not fit into it.
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _plain(array: Any) -> Any:
    """Return an array as numpy can take it: a tensor may be on another device, or remember how it was computed."""
    for step in ("detach", "cpu"):
        if hasattr(array, step):
            array = getattr(array, step)()
    # A subclass such as a matrix would give rows of another shape.
    return np.asarray(array) if hasattr(array, "__array__") else array


def _not_vectors(what: str, result: Any) -> EmbeddingError:
    return EmbeddingError(
        what,
        thing=f"it returned {show(result)}",
        expected=_SHAPE,
        hint="Let the function take a list of texts and return their vectors, as model.encode does",
    )
