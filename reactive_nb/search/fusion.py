"""Several rankings of the same documents made one: `rnb.fuse`.

Comes in: lists of hits, best first, such as those of a text search and of a vector search. Goes out: one list. Scores
of different searches cannot be compared, so only places count: reciprocal rank fusion (Cormack, Clarke and Büttcher,
Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank Learning Methods, SIGIR 2009). A document's score is
the sum of `1 / (k + place)` over the rankings that hold it, with places from 1.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypeGuard

import numpy as np

from reactive_nb.errors import QueryUsageError
from reactive_nb.values.refusal import show


def fuse(
    *rankings: Iterable[Mapping[str, Any]],
    k: float = 60,
    weights: Sequence[float] | None = None,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """Return the documents of several rankings as one ranking.

    Args:
        rankings: Hits or documents, each with its `_id`, best first. One that stands in a ranking twice counts where
            it stands first.
        k: How little the first places differ: the larger, the more it counts to stand in several rankings.
        weights: How much each ranking counts; without it, all the same.
        limit: How many to return at most.

    Returns:
        A list of `{"_id": ..., "_score": ...}`, best first. Equal ones stand in the order in which they first appear,
        one ranking after the other.

    Raises:
        QueryUsageError: Rankings that are no lists of hits, or another argument that cannot be meant.

    Example:
        >>> [hit["_id"] for hit in fuse([{"_id": "a"}, {"_id": "b"}], [{"_id": "b"}, {"_id": "c"}])]
        ['b', 'a', 'c']
    """
    if not _is_number(k) or k < 0:
        _refuse(f"k is {show(k)}", "a number that is not negative", "Leave it out for 60")
    if limit is not None and (type(limit) is not int or limit < 0):
        _refuse(f"limit is {show(limit)}", "a whole number that is not negative", "Leave it out to get all documents")
    k = float(k)
    shares: dict[str, list[float]] = {}
    for ranking, weight in zip(_all_ids(rankings), _checked_weights(weights, len(rankings)), strict=True):
        for place, id in enumerate(ranking, 1):
            shares.setdefault(id, []).append(weight / (k + place))
    # `fsum` rounds once: the same places in other rankings give the same score, whatever their order.
    scores = {id: math.fsum(each) for id, each in shares.items()}
    best = sorted(scores.items(), key=lambda scored: -scored[1])
    return [{"_id": id, "_score": score} for id, score in best[:limit]]


def _all_ids(rankings: Sequence[Iterable[Mapping[str, Any]]]) -> list[list[str]]:
    """Return the ids of each ranking, each once."""
    return [_ids(ranking, number) for number, ranking in enumerate(rankings, 1)]


def _ids(ranking: Iterable[Mapping[str, Any]], number: int) -> list[str]:
    """Return the ids of one ranking, each once."""
    if not isinstance(ranking, Iterable) or isinstance(ranking, str | bytes | Mapping):
        _refuse(
            f"ranking {number} is {show(ranking)}",
            "a list of hits",
            "Pass each ranking as an argument of its own: fuse(text_hits, vector_hits)",
        )
    ids: dict[str, None] = {}
    for place, hit in enumerate(ranking, 1):
        id = hit.get("_id") if isinstance(hit, Mapping) else None
        if not isinstance(id, str):
            _refuse(
                f"at place {place} of ranking {number} stands {show(hit)}",
                "a hit or a document, with its '_id'",
                "Pass each ranking as an argument of its own: fuse(text_hits, vector_hits)",
            )
        ids[id] = None
    return list(ids)


def _checked_weights(weights: Sequence[float] | None, rankings: int) -> Sequence[float]:
    """Return one weight per ranking."""
    if weights is None:
        return [1.0] * rankings
    given = list(weights) if isinstance(weights, Iterable) and not isinstance(weights, str | Mapping) else []
    if len(given) != rankings or not all(_is_number(weight) and weight >= 0 for weight in given):
        _refuse(
            f"weights is {show(weights)}",
            f"a number that is not negative for each of the {rankings} rankings",
            "Give them in the order of the rankings, for example weights=[1, 0.5]",
        )
    return [float(weight) for weight in given]


def _is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a finite number, be it one of Python or of numpy."""
    if isinstance(value, int):
        return not isinstance(value, bool) and value.bit_length() < sys.float_info.max_exp
    return isinstance(value, float | np.integer | np.floating) and math.isfinite(value)


def _refuse(thing: str, expected: str, hint: str) -> NoReturn:
    raise QueryUsageError("Cannot fuse rankings", thing=thing, expected=expected, hint=hint)
