"""Columns: equal to a list in every version, of which only the one asked for last is kept as a whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.search.column import PAGE, Column, spread

SIZE = 3 * PAGE

numbers = st.sampled_from([0, 1, 2, PAGE - 1, PAGE, 2 * PAGE - 1, 2 * PAGE, SIZE - 1])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.dictionaries(numbers, st.integers(0, 99)), max_size=6))
def test_every_version_is_a_list(written: list[dict[int, int]]) -> None:
    version, current = Column(np.int32(-1)), [-1] * SIZE
    versions = [(version, current)]

    for batch in written:
        version, current = version.put(spread(list(batch)), list(batch.values())), current.copy()
        for number, value in batch.items():
            current[number] = value
            assert version.get(number) == value
        versions.append((version, current))

    for version, current in versions + versions[::-1]:
        assert version.whole(SIZE).tolist() == current
        assert version.whole(7).tolist() == current[:7]


@given(st.lists(st.integers(0, SIZE), unique=True))
def test_many_numbers_are_spread_over_pages_as_few_are(some: list[int]) -> None:
    far = range(4 * SIZE, 4 * SIZE + PAGE)  # pages of their own, so many that another way is taken

    many = spread([*some, *far])

    assert {page: on_page for page, on_page in many.items() if page < 4 * SIZE // PAGE} == spread(some)
    assert many[4 * SIZE // PAGE] == (list(range(PAGE)), list(range(len(some), len(some) + PAGE)))


def test_a_change_copies_one_page() -> None:
    before = Column(np.float64(0)).put(spread(range(SIZE)), range(SIZE))

    after = before.put(spread([PAGE + 3]), [1])

    assert before.shared_pages(after) == 2
    assert (before.get(PAGE + 3), after.get(PAGE + 3)) == (PAGE + 3, 1)


def test_only_the_version_asked_last_is_kept_whole() -> None:
    first = Column(np.int32(0)).put(spread([0]), [1])
    second = first.put(spread([0]), [2])
    whole = first.whole(1)
    assert np.shares_memory(first.whole(1), whole)

    assert second.whole(1).tolist() == [2]

    assert not np.shares_memory(first.whole(1), whole)
    assert first.whole(1).tolist() == whole.tolist() == [1]


def test_numbers_that_were_given_no_value_have_the_fill() -> None:
    column = Column(np.int32(-1))

    assert column.whole(0).tolist() == []
    assert column.whole(3).tolist() == [-1] * 3
    assert column.whole(SIZE).tolist() == [-1] * SIZE
    assert column.put(spread([1]), [5]).whole(SIZE).tolist() == [-1, 5, *[-1] * (SIZE - 2)]


def test_the_whole_is_not_for_writing() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Column(np.int32(0)).whole(3)[0] = 1


def test_values_can_be_looked_up_in_a_table() -> None:
    column = Column(np.int32(-1)).put(spread([0, 1]), [1, 0])

    assert column.looked_up(np.array([5, 6, -1], np.int32)).whole(3).tolist() == [6, 5, -1]
