"""Rows: equal to a dict of documents in every version, with numbers that stay dense, and conditions met as by a loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.documents.interval import Interval, point_interval
from reactive_nb.search import rows as module
from reactive_nb.search.condition import ALWAYS, AllOf, AnyOf, Condition, Within, meets
from reactive_nb.search.rows import Row, Rows
from reactive_nb.values.order import encode_value

VALUES = [encode_value(value) for value in ("", "a", "b", 1, None)]


def row(created: float, *filters: Any) -> Row:
    return Row(created, tuple(encode_value(value) for value in filters))


def plain(rows: Rows) -> dict[str, float]:
    """Return the creation time of each document."""
    created = rows.created()
    assert len(created) == rows.size
    numbers = np.flatnonzero(~np.isnan(created)).tolist()
    return dict(zip(rows.ids(numbers), created[numbers].tolist(), strict=True))


def met(rows: Rows, condition: Condition) -> set[str]:
    mask = rows.where(condition)
    return set(rows.ids(range(rows.size) if mask is None else np.flatnonzero(mask).tolist()))


positions = st.sampled_from([0, 1])
values = st.sampled_from(VALUES)
conditions: st.SearchStrategy[Condition] = st.recursive(
    st.builds(Within, positions, st.builds(Interval, values, values) | st.builds(point_interval, values)),
    lambda parts: (
        st.builds(AllOf, st.lists(parts, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(parts, max_size=3).map(tuple))
    ),
    max_leaves=6,
)
some_rows = st.builds(Row, st.integers(0, 9).map(float), st.tuples(values, values))
batches = st.dictionaries(st.sampled_from([f"d{number}" for number in range(20)]), st.none() | some_rows, max_size=8)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(batches, max_size=8), st.lists(conditions, min_size=1, max_size=3))
def test_every_version_is_a_dict_of_documents(written: list[dict[str, Row | None]], asked: list[Condition]) -> None:
    version, current = Rows(2), dict[str, Row]()
    versions = [(version, current)]

    for batch in written:
        edits = [(id, new) for id, new in batch.items() if new is not None or id in current]
        before = {id: version.number(id) for id in current}
        size = max(version.size, len(current | dict(edits)))
        version, numbers = version.apply(edits)
        current = {id: new for id, new in {**current, **dict(edits)}.items() if new is not None}
        versions.append((version, current))
        assert len(set(numbers)) == len(edits)
        for (id, new), number in zip(edits, numbers, strict=True):
            assert before.get(id, number) == number, "it keeps its number"
            assert version.number(id) == (None if new is None else number)
        assert version.size == size, "free numbers are given first"
        version.check()

    for version, current in versions + versions[::-1]:
        assert len(version) == len(current)
        assert plain(version) == {id: each.created for id, each in current.items()}
        assert (version.where(ALWAYS) is None) is (version.size == len(current))
        for condition in [*asked, ALWAYS]:
            assert met(version, condition) == {id for id, each in current.items() if meets(condition, each.filters)}


def test_numbers_are_used_again_but_not_in_the_edits_that_free_them() -> None:
    rows, numbers = Rows(0).apply([("a", row(1)), ("b", row(2))])
    assert numbers == [0, 1]

    rows, numbers = rows.apply([("a", None), ("c", row(3))])
    assert numbers == [0, 2]

    rows, numbers = rows.apply([("d", row(4)), ("e", row(5))])
    assert (numbers, rows.size, rows.ids([2, 0])) == ([0, 3], 4, ["c", "d"])


def test_what_was_not_there_cannot_go() -> None:
    with pytest.raises(KeyError):
        Rows(0).apply([("a", None)])


def test_a_small_change_copies_little() -> None:
    before, _ = Rows(1).apply([(f"d{number}", row(number, "a")) for number in range(5000)])
    after, (number,) = before.apply([("d700", row(1, "b"))])

    for old, new in zip(
        [before._ids, before._created, *before._columns], [after._ids, after._created, *after._columns], strict=True
    ):
        assert old.shared_pages(new) == len(old._pages) - 1
    assert (before.created()[number], after.created()[number]) == (700, 1)


def test_values_that_are_gone_lose_their_codes() -> None:
    rows, _ = Rows(1).apply([("a", row(1, -1)), ("b", row(2, "b")), ("c", row(3, "c"))])
    rows, _ = rows.apply([("c", None)])

    for number in range(3 * module._SPARE_CODES):
        rows, _ = rows.apply([("a", row(1, number))])

    assert rows._known[0].size <= module._SPARE_CODES + 8
    rows.check()
    assert met(rows, Within(0, point_interval(encode_value(number)))) == {"a"}
    assert met(rows, Within(0, point_interval(encode_value("b")))) == {"b"}
    assert met(rows, Within(0, point_interval(encode_value("c")))) == set()


@pytest.mark.slow
def test_many_documents_at_once_and_one_by_one_are_the_same() -> None:
    edits: list[tuple[str, Row | None]] = [(f"d{number:05}", row(number, number % 7)) for number in range(3000)]
    at_once, numbers = Rows(1).apply(edits)
    assert numbers == list(range(3000))

    rows = Rows(1)
    for edit in edits:
        rows, _ = rows.apply([edit])

    for version in (at_once, rows):
        version.check()
        assert version.ids(numbers) == [id for id, _ in edits]
        mask = version.where(Within(0, point_interval(encode_value(3))))
        assert mask is not None
        assert np.flatnonzero(mask).tolist() == list(range(3, 3000, 7))
