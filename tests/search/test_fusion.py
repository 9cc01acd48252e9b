"""Fusion: places in several rankings become one ranking."""

from __future__ import annotations

import reprlib
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.errors import QueryUsageError
from reactive_nb.search.fusion import fuse


def hits(ids: str) -> list[dict[str, Any]]:
    return [{"_id": id, "_score": 1.0} for id in ids]


def test_scores_are_sums_of_reciprocal_places() -> None:
    assert fuse(hits("ab"), hits("bc")) == [
        {"_id": "b", "_score": 1 / 61 + 1 / 62},
        {"_id": "a", "_score": 1 / 61},
        {"_id": "c", "_score": 1 / 62},
    ]


@pytest.mark.parametrize(
    ("rankings", "options", "expected"),
    [
        ([], {}, ""),
        ([""], {}, ""),
        (["abc"], {}, "abc"),
        (["ab", "cd"], {}, "acbd"),  # ties stand in the order of first appearance
        (["ab", "ba"], {}, "ab"),
        (["ab", "cb"], {}, "bac"),
        (["ab", "cb"], {"k": 0}, "abc"),  # a first place counts as much as two second ones
        (["ab", "cd"], {"weights": [1, 2]}, "cdab"),
        (["ab", "cd"], {"weights": (0, 1)}, "cdab"),
        (["ab", "cd"], {"weights": np.array([1, 2])}, "cdab"),
        (["ab", "cd"], {"weights": np.array([1, 2], np.float32)}, "cdab"),
        (["ab", "cb"], {"k": np.int64(0)}, "abc"),
        (["ab", "cd"], {"limit": 2}, "ac"),
        (["ab", "cd"], {"limit": 0}, ""),
        (["ab", "cd"], {"limit": 9}, "acbd"),
        (["aab", "b"], {}, "ba"),  # the second a takes no place
    ],
)
def test_order(rankings: list[str], options: dict[str, Any], expected: str) -> None:
    assert "".join(hit["_id"] for hit in fuse(*map(hits, rankings), **options)) == expected


def test_documents_and_iterators_of_them_can_be_fused() -> None:
    documents = iter([{"_id": "a", "_creationTime": 1.0, "title": "x"}])

    assert fuse(documents, hits("b"), limit=1) == [{"_id": "a", "_score": 1 / 61}]


def test_numbers_of_numpy_give_scores_of_python() -> None:
    options: dict[str, Any] = {"k": np.float32(1), "weights": np.array([1], np.float32)}

    (hit,) = fuse(hits("a"), **options)

    assert hit == {"_id": "a", "_score": 0.5}
    assert type(hit["_score"]) is float


rankings = st.lists(st.lists(st.sampled_from("abcdef"), unique=True, max_size=6), max_size=4)


@settings(max_examples=100, deadline=None)
@given(rankings, st.integers(0, 100), st.data())
def test_fusion_is_that_of_exact_fractions(rankings: list[list[str]], k: int, data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(0, 3), min_size=len(rankings), max_size=len(rankings)) | st.none())
    scores: dict[str, Fraction] = {}
    for ranking, weight in zip(rankings, weights or [1] * len(rankings), strict=True):
        for place, id in enumerate(ranking, 1):
            scores[id] = scores.get(id, Fraction(0)) + Fraction(weight, k + place)

    fused = fuse(*(hits("".join(ranking)) for ranking in rankings), k=k, weights=weights)

    assert {hit["_id"]: hit["_score"] for hit in fused} == {
        id: pytest.approx(float(score)) for id, score in scores.items()
    }
    assert len(fused) == len(scores)
    exact = [scores[hit["_id"]] for hit in fused]
    assert all(before >= after or before == pytest.approx(after) for before, after in pairwise(exact))


@settings(max_examples=100, deadline=None)
@given(rankings)
def test_scores_do_not_depend_on_the_order_of_the_rankings(rankings: list[list[str]]) -> None:
    def scores(given: list[list[str]]) -> dict[str, float]:
        return {hit["_id"]: hit["_score"] for hit in fuse(*(hits("".join(ranking)) for ranking in given))}

    assert scores(rankings) == scores(rankings[::-1])


EACH = "Pass each ranking as an argument of its own: fuse(text_hits, vector_hits)"
WEIGHTS = "Expected a number that is not negative for each of the 2 rankings. Give them in the order of the rankings, for example weights=[1, 0.5]"


@pytest.mark.parametrize(
    ("rankings", "options", "message"),
    [
        (["ab"], {}, f"ranking 1 is 'ab' (str). Expected a list of hits. {EACH}"),
        ([[], {"_id": "a"}], {}, f"ranking 2 is {{'_id': 'a'}} (dict). Expected a list of hits. {EACH}"),
        ([None], {}, f"ranking 1 is None. Expected a list of hits. {EACH}"),
        (
            [hits("a"), ["b"]],
            {},
            f"at place 1 of ranking 2 stands 'b' (str). Expected a hit or a document, with its '_id'. {EACH}",
        ),
        (
            [[{"id": "b"}]],
            {},
            f"at place 1 of ranking 1 stands {{'id': 'b'}} (dict). Expected a hit or a document, with its '_id'. {EACH}",
        ),
        ([], {"k": -1}, "k is -1 (int). Expected a number that is not negative. Leave it out for 60"),
        (
            [],
            {"k": np.float32("inf")},
            "k is np.float32(inf) (float32). Expected a number that is not negative. Leave it out for 60",
        ),
        ([], {"k": True}, "k is True (bool). Expected a number that is not negative. Leave it out for 60"),
        (
            [],
            {"limit": -1},
            "limit is -1 (int). Expected a whole number that is not negative. Leave it out to get all documents",
        ),
        (
            [],
            {"limit": True},
            "limit is True (bool). Expected a whole number that is not negative. Leave it out to get all documents",
        ),
        ([[], []], {"weights": [1]}, f"weights is [1] (list). {WEIGHTS}"),
        ([[], []], {"weights": [1, float("nan")]}, f"weights is [1, nan] (list). {WEIGHTS}"),
        ([[], []], {"weights": [1, -1]}, f"weights is [1, -1] (list). {WEIGHTS}"),
        ([[], []], {"weights": [1, 1 << 1024]}, f"weights is {reprlib.repr([1, 1 << 1024])} (list). {WEIGHTS}"),
        ([[], []], {"weights": 2}, f"weights is 2 (int). {WEIGHTS}"),
    ],
)
def test_what_cannot_be_meant_is_refused(rankings: list[Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryUsageError) as caught:
        fuse(*rankings, **options)

    assert str(caught.value) == f"Cannot fuse rankings: {message}."
