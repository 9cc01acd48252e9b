"""Whose reads a commit meets: as by asking everyone, with a changed document that tells it, and whatever their kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from reactive_nb.search.ball import Ball
from reactive_nb.search.condition import ALWAYS
from reactive_nb.search.edits import Edit, SearchChange
from reactive_nb.search.readers import Readers
from reactive_nb.search.rows import Row
from reactive_nb.search.text import TextEntry, text_entry
from reactive_nb.search.text_read import TextRead
from reactive_nb.search.vector import VectorEntry
from reactive_nb.search.words import parse


def words(text: str) -> TextRead:
    return TextRead(parse(text), ALWAYS)


def near(x: float, y: float) -> Ball:
    return Ball.around("l2", np.array([x, y], np.float32), -1.0, ALWAYS)


def text(content: str) -> TextEntry:
    return text_entry(content, Row(0.0, ()))


def place(*numbers: float) -> VectorEntry:
    return VectorEntry(Row(0.0, ()), np.array(numbers, np.float32))


def change(edits: Sequence[Edit[Any]], concerns_all: bool = False) -> SearchChange:
    return SearchChange(edits, concerns_all)


@pytest.mark.parametrize(
    ("reads", "edits"),
    [
        (
            {"a": words("data x"), "b": words("live x"), "c": words("nobody z")},
            [Edit("1", None, text("other")), Edit("2", text("live"), None), Edit("3", text("x data"), text("data"))],
        ),
        (
            {"a": near(5, 5), "b": near(0, 0), "c": near(-9, 0)},
            [Edit("1", None, place(50, 50)), Edit("2", place(0, 1), place(30, 1)), Edit("3", None, place(5, 4))],
        ),
    ],
    ids=["words", "vectors"],
)
def test_each_owner_is_met_with_a_document_that_its_read_depends_on(
    reads: dict[str, Any], edits: list[Edit[Any]]
) -> None:
    readers = Readers[str]()
    for owner, read in reads.items():
        readers.add(read, owner)
    readers.check()

    assert {owner: edit.id for owner, edit in readers.met_by(change(edits)).items()} == {"a": "3", "b": "2"}
    # Where everybody is concerned, so is who depends on none of them; the first one is named then.
    met = readers.met_by(change(edits, concerns_all=True))
    assert {owner: edit.id for owner, edit in met.items()} == {"a": "3", "b": "2", "c": "1"}
    assert list(met) == ["a", "b", "c"], "in the order in which they came"


def test_reads_of_another_kind_of_index_are_not_asked() -> None:
    readers = Readers[str]()
    flat = Ball.around("l2", np.zeros(3, np.float32), -9.0, ALWAYS)
    for owner, read in {"text": words("data"), "plane": near(0, 0), "space": flat}.items():
        readers.add(read, owner)

    assert list(readers.met_by(change([Edit("1", None, text("data"))]))) == ["text"]
    assert list(readers.met_by(change([Edit("1", None, place(0, 0))]))) == ["plane"]
    assert list(readers.met_by(change([Edit("1", None, place(0, 0, 0))]))) == ["space"]
    for owner, read in {"text": words("data"), "plane": near(0, 0), "space": flat}.items():
        readers.remove(read, owner)
        readers.check()
    assert len(readers) == 0
