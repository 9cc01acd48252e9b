"""Index ranges: the keys in a range are those of exactly the documents that meet its bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reactive_nb as rnb
from reactive_nb import UNSET
from reactive_nb.documents.index_key import KeyMaker
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import TableState
from reactive_nb.errors import IndexRangeError, InvalidValue
from reactive_nb.functions.index_range import IndexRange
from reactive_nb.schema.declaration import StoredTable
from reactive_nb.values.order import compare

STORED = StoredTable("t", 10001, rnb.table().index("by_a_b", "a", "b").index("by_tag", "tags", multi=True))
STATE = TableState.empty(STORED)
KEYS = KeyMaker(STORED)

POOL = [UNSET, None, -1, 0, 0.5, 1, "", "a", "a\0", "b", True, b"a", [], ["a"], {}, {"x": 1}]
TESTS: dict[str, Callable[[int], bool]] = {
    "eq": lambda order: order == 0,
    "gt": lambda order: order > 0,
    "gte": lambda order: order >= 0,
    "lt": lambda order: order < 0,
    "lte": lambda order: order <= 0,
}


def document(a: Any, b: Any, time: float = 5.0) -> dict[str, Any]:
    fields = {name: value for name, value in (("a", a), ("b", b)) if value is not UNSET}
    return {"_id": "id", "_creationTime": time, **fields}


@st.composite
def conditions(draw: st.DrawFn) -> list[tuple[str, str, Any]]:
    """Bounds that follow the index: equalities from the first field on, then bounds on the next."""
    equal = draw(st.integers(0, 2))
    value = st.sampled_from(POOL)
    chosen = [("eq", field, draw(value)) for field in ["a", "b"][:equal]]
    if equal < 2:
        field = ["a", "b"][equal]
        for verbs in (["gt", "gte"], ["lt", "lte"]):
            if draw(st.booleans()):
                chosen.append((draw(st.sampled_from(verbs)), field, draw(value)))
    return chosen


@settings(deadline=None, max_examples=40)
@given(conditions())
def test_the_keys_in_a_range_are_those_of_the_documents_that_meet_its_bounds(
    chosen: list[tuple[str, str, Any]],
) -> None:
    bounds = IndexRange(STATE, "by_a_b")
    for verb, field, value in chosen:
        getattr(bounds, verb)(field, value)
    interval = bounds.interval()

    for a in POOL:
        for b in POOL:
            made = document(a, b)
            meets = all(TESTS[verb](compare(made.get(field, UNSET), value)) for verb, field, value in chosen)
            key = KEYS.keys(made)[KEYS.position["by_a_b"]]
            assert isinstance(key, bytes)
            assert interval.contains(key) == meets, (chosen, a, b)


@pytest.mark.parametrize("verb", list(TESTS))
@pytest.mark.parametrize("index", ["by_a_b", "by_creation_time"])
def test_the_creation_time_is_the_last_field(index: str, verb: str) -> None:
    bounds = IndexRange(STATE, index)
    if index == "by_a_b":
        bounds.eq("a", 1).eq("b", 2)
    getattr(bounds, verb)("_creationTime", 5)

    for time in (4.0, 5.0, 6.0):
        key = KEYS.keys(document(1, 2, time))[KEYS.position[index]]
        assert isinstance(key, bytes)
        assert bounds.interval().contains(key) == TESTS[verb]((time > 5) - (time < 5))


@pytest.mark.parametrize("verb", list(TESTS))
def test_by_id_compares_ids_as_strings(verb: str) -> None:
    interval = getattr(IndexRange(STATE, "by_id"), verb)("_id", "ab").interval()

    for id in ("a", "ab", "abc", "b"):
        assert interval.contains(id.encode()) == TESTS[verb]((id > "ab") - (id < "ab")), id


def test_without_bounds_a_range_is_everything() -> None:
    assert IndexRange(STATE, "by_a_b").interval() == ALL


def test_a_range_whose_bounds_cross_is_empty() -> None:
    interval = IndexRange(STATE, "by_a_b").gt("a", 2).lt("a", 1).interval()

    assert interval.start == interval.end


@dataclass(frozen=True, slots=True)
class Refused:
    name: str
    use: Callable[[], object]
    says: str


REFUSED = [
    Refused(
        "a field that the index does not have",
        lambda: IndexRange(STATE, "by_a_b").eq("c", 1),
        "Cannot read a range of the index t.by_a_b: it does not index the field 'c'. Expected one of its fields "
        "['a', 'b', '_creationTime']. Bind the first fields with eq, then bound the next one; use .filter(...) for "
        "the rest.",
    ),
    Refused(
        "a field left out",
        lambda: IndexRange(STATE, "by_a_b").eq("b", 1).interval(),
        "eq is given for ['b']. Expected the fields in index order: ['a', 'b', '_creationTime'].",
    ),
    Refused(
        "bounds on two fields",
        lambda: IndexRange(STATE, "by_a_b").gt("a", 1).lt("b", 1).interval(),
        "the bounds are on ['a', 'b']. Expected bounds on 'a' only, the field after the equal ones.",
    ),
    Refused(
        "bounds after the last field",
        lambda: IndexRange(STATE, "by_creation_time").eq("_creationTime", 1).gt("_creationTime", 1),
        "'_creationTime' has an equality bound already. Expected either eq or bounds for a field.",
    ),
    Refused("an id that is no string", lambda: IndexRange(STATE, "by_id").eq("_id", 3), "the _id is compared with 3"),
    Refused("a missing id", lambda: IndexRange(STATE, "by_id").gt("_id", UNSET), "the _id is compared with UNSET"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused(case: Refused) -> None:
    with pytest.raises(IndexRangeError) as caught:
        case.use()

    assert case.says in str(caught.value)


def test_what_is_no_value_bounds_nothing() -> None:
    with pytest.raises(InvalidValue):
        IndexRange(STATE, "by_a_b").eq("a", {1})
