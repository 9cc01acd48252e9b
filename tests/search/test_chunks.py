"""Chunks: equal to a dictionary of postings, however many changes come at once, in every version."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.search.chunks import MOST_COUNT, MOST_LENGTH, Chunks, counts_of, lengths_of, numbers_of, packed

Postings = dict[tuple[bytes, int], tuple[int, int]]
"""Term and number to count and length."""


class TinyChunks(Chunks):
    """Chunks so small that a dozen postings make several."""

    __slots__ = ()
    capacity: ClassVar[int] = 8


def apply(chunks: Chunks, changes: Postings) -> Chunks:
    places = sorted(changes, key=lambda place: place[1])
    columns = [[number, *changes[term, number]] for term, number in places]
    numbers, counts, lengths = np.array(columns, np.int64).reshape(-1, 3).T
    return chunks.apply([term for term, _ in places], packed(numbers, counts, lengths))


def after(before: Postings, changes: Postings) -> Postings:
    return {place: posting for place, posting in {**before, **changes}.items() if posting[0]}


def listed(postings: Postings) -> list[tuple[bytes, int, int, int]]:
    return sorted((*place, *posting) for place, posting in postings.items())


def run(first: int, last: int, term: bytes = b"data") -> Postings:
    return {(term, number): (1, 10) for number in range(first, last)}


def gone(first: int, last: int, term: bytes = b"data") -> Postings:
    return {(term, number): (0, 0) for number in range(first, last)}


def sizes(chunks: Chunks) -> list[int]:
    return [len(value) // 8 for _, value in chunks._map.items()]


def test_a_posting_keeps_its_three_numbers_up_to_the_largest() -> None:
    numbers = np.array([0, 1, 2**31 - 1])
    counts = np.array([1, 0, MOST_COUNT])
    lengths = np.array([1, 0, MOST_LENGTH])

    postings = packed(numbers, counts, lengths)

    assert numbers_of(postings).tolist() == numbers.tolist()
    assert counts_of(postings).tolist() == counts.tolist()
    assert lengths_of(postings).tolist() == lengths.tolist()
    assert postings.tolist() == sorted(postings.tolist())


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        pytest.param([run(0, 8)], [8], id="what fits into one chunk is one"),
        pytest.param([run(0, 9)], [6, 3], id="the last takes what is left"),
        pytest.param([run(0, 14)], [6, 8], id="the last takes as much as fits"),
        pytest.param([run(0, 15)], [6, 6, 3], id="a long run"),
        pytest.param([run(number, number + 1) for number in range(20)], [6, 6, 8], id="documents that come one by one"),
        pytest.param([run(0, 15), gone(13, 15)], [6, 7], id="too few at the end are joined to those before"),
        pytest.param([run(0, 15), gone(0, 5)], [7, 3], id="too few at the beginning are joined to those after"),
        pytest.param([run(0, 15), gone(6, 12)], [6, 3], id="a whole chunk in the middle"),
        pytest.param([run(0, 15), gone(0, 12)], [3], id="all but the last chunk"),
        pytest.param([run(0, 15), gone(1, 14)], [2], id="all but the two ends"),
        pytest.param([run(0, 15), gone(0, 15)], [], id="everything"),
        pytest.param([run(0, 3), run(0, 3, b"dat"), gone(0, 3)], [3], id="a term beside one that begins like it"),
        pytest.param(
            [run(0, 15), {**gone(0, 5), (b"data", 7): (2, 10)}], [7, 3], id="too few, before some that change too"
        ),
        pytest.param(
            [run(0, 15), {**gone(0, 5), (b"data", 30): (2, 10)}], [7, 4], id="too few, before some that do not"
        ),
        pytest.param([run(50, 64), run(0, 1)], [7, 8], id="a number before all others"),
    ],
)
def test_chunks_are_split_and_joined(batches: list[Postings], expected: list[int]) -> None:
    chunks: Chunks = TinyChunks()
    content: Postings = {}

    for batch in batches:
        chunks, content = apply(chunks, batch), after(content, batch)
        chunks.check()

    assert sizes(chunks) == expected
    assert chunks.everything() == listed(content)


def test_a_term_is_told_from_longer_ones_that_begin_with_it() -> None:
    chunks = apply(
        Chunks(),
        {(term, 1 + at): (1 + at, 9) for at, term in enumerate([b"da", b"data", b"database", b"datab", b"dax", b"db"])},
    )

    assert counts_of(chunks.of_term(b"data")).tolist() == [2]
    assert counts_of(chunks.of_longer(b"data")).tolist() == [4, 3]
    assert counts_of(chunks.of_longer(b"d")).tolist() == [1, 2, 4, 3, 5, 6]
    assert chunks.of_term(b"dat").tolist() == []


def test_no_change_makes_no_new_chunks() -> None:
    chunks = apply(Chunks(), run(0, 3))

    assert apply(chunks, {}) is chunks


terms = st.sampled_from([b"a", b"a", b"ab", "ä".encode()])
changes = st.dictionaries(
    st.tuples(terms, st.integers(0, 40)), st.one_of(st.none(), st.tuples(st.integers(1, 5), st.integers(5, 9)))
)
runs = st.tuples(terms, st.integers(0, 40), st.integers(0, 40), st.booleans())
"""Runs of neighbours that come or go at once; without them no chunk ever empties."""


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(changes, st.lists(runs, max_size=3)), max_size=6))
def test_chunks_equal_a_dictionary_in_every_version(
    batches: list[tuple[dict[tuple[bytes, int], tuple[int, int] | None], list[tuple[bytes, int, int, bool]]]],
) -> None:
    chunks: Chunks = TinyChunks()
    content: Postings = {}
    versions = []

    for single, together in batches:
        wanted = dict(single)
        for term, first, last, comes in together:
            wanted |= {(term, number): (2, 3) if comes else None for number in range(first, last)}
        batch = {
            place: posting or (0, 0) for place, posting in wanted.items() if posting is not None or place in content
        }
        chunks, content = apply(chunks, batch), after(content, batch)
        chunks.check()
        versions.append((chunks, content))

    for kept, expected in versions:
        assert kept.everything() == listed(expected)
        for term in (b"a", b"ab"):
            here = [each for each in listed(expected) if each[0] == term]
            longer = [each for each in listed(expected) if each[0].startswith(term) and each[0] != term]
            assert numbers_of(kept.of_term(term)).tolist() == [number for _, number, _, _ in here]
            assert counts_of(kept.of_longer(term)).tolist() == [count for _, _, count, _ in longer]
