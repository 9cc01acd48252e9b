"""BM25: equal to the formula by a loop, and sums that do not depend on how they are taken."""

from __future__ import annotations

import math
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.search import bm25
from reactive_nb.search.bm25 import Occurrences, summed, weights

Pairs = list[tuple[int, float]]


def occurrences(*each: tuple[int, float, int]) -> Occurrences:
    """Return occurrences of number, frequency and length each."""
    numbers, frequencies, lengths = zip(*each, strict=True)
    return Occurrences(np.array(numbers), np.array(frequencies), np.array(lengths))


def test_weights_are_those_of_the_formula() -> None:
    found = occurrences(*((at * 3, 1 + at % 5 / 2, 1 + at * at) for at in range(50)))

    idf = math.log(1 + (1024.0 - 50 + 0.5) / (50 + 0.5))
    expected = [
        idf * f * (1.2 + 1) / (f + 1.2 * (1 - 0.75 + 0.75 * length / 30.0))
        for f, length in zip(found.frequencies.tolist(), found.lengths.tolist(), strict=True)
    ]
    assert weights(found, 1024.0, 30.0).tolist() == expected


def test_a_word_that_all_documents_hold_still_adds_something() -> None:
    found = occurrences(*((number, 1.0, 10) for number in range(64)))

    assert (weights(found, 64.0, 8.0) > 0).all()


@pytest.mark.parametrize("dense", [0, 1000], ids=["sorted", "dense"])
def test_amounts_are_added_in_the_order_of_the_words(dense: int) -> None:
    # In another order the small amounts would vanish beside the large one, or not.
    words = [(np.arange(1000), np.full(1000, amount)) for amount in (1e16, 1.0, 1.0)]

    with patch.object(bm25, "_DENSE", dense):
        one_way, other_way = summed(words, 1000), summed(words[::-1], 1000)

    assert set(one_way[1].tolist()) == {1e16 + 1.0 + 1.0}
    assert set(other_way[1].tolist()) == {1.0 + 1.0 + 1e16}
    assert one_way[1][0] != other_way[1][0]


amounts = st.sampled_from([0.1, 0.2, 0.3, 1e-9, 12345.678])
of_word = st.dictionaries(st.integers(0, 40), amounts, max_size=20).map(lambda each: list(each.items()))


@settings(max_examples=60, deadline=None)
@given(st.lists(of_word, max_size=5), st.sampled_from([0, 1000]))
def test_sums_are_those_of_a_loop(words: list[Pairs], dense: int) -> None:
    expected: dict[int, float] = {}
    for pairs in words:
        for number, amount in pairs:
            expected[number] = expected.get(number, 0.0) + amount
    parts = [
        (np.array([number for number, _ in pairs], np.int64), np.array([amount for _, amount in pairs]))
        for pairs in words
    ]

    with patch.object(bm25, "_DENSE", dense):
        numbers, totals = summed(parts, 41)

    assert dict(zip(numbers.tolist(), totals.tolist(), strict=True)) == expected
    assert len(numbers) == len(expected)


@pytest.mark.parametrize("dense", [0, 1000], ids=["sorted", "dense"])
def test_frequencies_of_one_document_are_added_up(dense: int) -> None:
    found = occurrences((5, 1.0, 10), (8, 2.0, 20), (5, 0.5, 10), (1, 0.5, 7), (5, 0.5, 10))

    with patch.object(bm25, "_DENSE", dense):
        numbers, frequencies, lengths = found.by_document(9)

    assert numbers.tolist() == [1, 5, 8]
    assert frequencies.tolist() == [0.5, 2.0, 2.0]
    assert lengths.tolist() == [7, 10, 20]
