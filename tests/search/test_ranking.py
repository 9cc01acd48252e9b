"""Rankings: any page of them equals that page of everything sorted."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.search import ranking as module
from reactive_nb.search.edits import Hit
from reactive_nb.search.ranking import Ranking
from reactive_nb.search.rows import Row, Rows

Match = tuple[float, float]
"""Score and creation time."""


def id_of(place: int) -> str:
    """Return one of 1000 ids, in another order than that in which documents get their numbers."""
    return f"d{place * 7 % 1000:03}"


def ranking_of(matches: list[Match]) -> Ranking:
    """Return a ranking of matches, whose ids are `id_of` their places."""
    others = [("other", Row(0.0, ()))]  # which has the first number and does not match
    rows, numbers = Rows(0).apply(others + [(id_of(at), Row(age, ())) for at, (_, age) in enumerate(matches)])
    return Ranking(rows, np.array(numbers[1:], np.int64), np.array([score for score, _ in matches]))


def everything_sorted(matches: list[Match]) -> list[Hit]:
    ranked = sorted([(score, age, id_of(at)) for at, (score, age) in enumerate(matches)], reverse=True)
    return [Hit(id, score) for score, _, id in ranked]


@pytest.mark.parametrize(
    ("matches", "expected"),
    [
        pytest.param([(1.0, 1.0), (3.0, 2.0), (2.0, 3.0)], ["d007", "d014", "d000"], id="the best score first"),
        pytest.param([(1.0, 1.0), (1.0, 3.0), (1.0, 2.0)], ["d007", "d014", "d000"], id="the newest of equal ones"),
        pytest.param([(1.0, 1.0)] * 144, sorted(map(id_of, range(144)), reverse=True), id="then the largest id"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_the_order_of_hits(matches: list[Match], expected: list[str]) -> None:
    assert [hit.id for hit in ranking_of(matches).hits(None)] == expected


@pytest.mark.parametrize(("limit", "offset", "expected"), [(0, 0, 0), (2, 0, 2), (2, 4, 1), (2, 5, 0), (None, 3, 2)])
def test_pages_end_with_the_matches(limit: int | None, offset: int, expected: int) -> None:
    ranking = ranking_of([(float(at), 0.0) for at in range(5)])

    assert len(ranking) == 5
    assert len(ranking.hits(limit, offset)) == expected


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.25, 1.5, 1.5, 2.0, 7.0]), st.sampled_from([1.0, 2.0, 3.0])), max_size=60),
    st.lists(st.tuples(st.integers(0, 12) | st.none(), st.integers(0, 12)), min_size=1, max_size=5),
)
def test_every_page_is_that_of_everything_sorted(matches: list[Match], pages: list[tuple[int | None, int]]) -> None:
    ranking, expected = ranking_of(matches), everything_sorted(matches)

    for block in (2, 64):
        with patch.object(module, "_BLOCK", block):
            for limit, offset in pages:
                end = None if limit is None else offset + limit
                assert ranking.hits(limit, offset) == expected[offset:end]


def test_reading_on_sorts_out_some_more_matches_at_a_time_and_nothing_twice() -> None:
    class Counting(Ranking):
        sorted_out = 0

        def _sorted(self, places: Any) -> Any:
            self.sorted_out += len(places)
            return super()._sorted(places)

    matches = [(float(score % 7), float(score % 3)) for score in range(1000)]
    plain = ranking_of(matches)
    ranking = Counting(plain._rows, plain._numbers, plain._scores)

    read = [hit for offset in range(0, 1000, 10) for hit in ranking.hits(10, offset)]

    assert read == everything_sorted(matches)
    assert len(matches) <= ranking.sorted_out < 3 * len(matches), "batch by batch it would be fifty times as many"


def test_the_best_of_many_are_found_with_different_scores() -> None:
    scores = np.random.default_rng(1).permutation(1000).tolist()
    matches = [(float(score), 0.0) for score in scores]

    assert ranking_of(matches).hits(5, 5) == everything_sorted(matches)[5:10]
