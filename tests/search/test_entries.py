"""From documents to entries and edits of a search index."""

from __future__ import annotations

from typing import Any

import pytest

from reactive_nb.documents.document import encode_document
from reactive_nb.schema.search_declaration import SearchIndex, VectorIndex
from reactive_nb.search.condition import ALWAYS, AnyOf
from reactive_nb.search.entries import entries_of, vector_bytes

BY_TEXT = SearchIndex("by_text", "text", ("kind",))
BY_PLACE = VectorIndex("by_place", "place", 2, ("kind",))


def document(id: str, **fields: Any) -> bytes:
    return encode_document({"_id": id, "_creationTime": 1.0, **fields}, "Cannot insert")


A = document("a", text="live data", kind="x", place=[1.0, 2.0], likes=0)


@pytest.mark.parametrize("declared", [BY_TEXT, BY_PLACE], ids=["text", "vector"])
@pytest.mark.parametrize(
    ("rewrites", "expected"),
    [
        ([("a", None, A)], [("a", False, True)]),
        ([("a", A, None)], [("a", True, False)]),
        ([("a", A, document("a", text="live data", kind="x", place=[1.0, 2.0], likes=1))], []),
        ([("a", A, document("a", text="live data", kind="y", place=[1.0, 2.0], likes=0))], [("a", True, True)]),
        ([("a", A, document("a", kind="x", likes=0))], [("a", True, False)]),
        ([("b", None, document("b", kind="x"))], []),
        ([("a", None, A), ("a", A, None)], []),
        (
            [("a", None, A), ("b", None, document("b", text="x", place=[0, 1])), ("a", A, None)],
            [("b", False, True)],
        ),
    ],
    ids=["comes", "goes", "another field", "a filter field", "loses it", "has none", "comes and goes", "two"],
)
def test_what_a_change_is_to_an_index(declared: Any, rewrites: Any, expected: Any) -> None:
    edits = entries_of(declared).edits(rewrites)

    assert [(id, old is not None, new is not None) for id, old, new in edits] == expected


@pytest.mark.parametrize(
    ("value", "held"),
    [
        ([1, 2.5], True),
        ([1, 2, 3], False),
        ([True, 1], False),
        ([float("nan"), 1], False),
        ([1e39, 1], False),
        ("12", False),
        (None, False),
    ],
)
def test_which_values_are_vectors(value: Any, held: bool) -> None:
    assert (vector_bytes(value, 2) is not None) == held


@pytest.mark.parametrize("declared", [BY_TEXT, BY_PLACE], ids=["text", "vector"])
def test_two_tables_with_the_same_declaration_share_no_state(declared: Any) -> None:
    """What is joined when it is first asked for is kept once for all versions of an index, and not of several ones."""
    one, other = (entries_of(declared).of([A]) for _ in range(2))

    kept = one._rows._columns[0]._latest
    one._rows.where(AnyOf((ALWAYS,)))

    assert other._rows._columns[0]._latest is not kept
    assert other._rows._created._latest.joined is None
