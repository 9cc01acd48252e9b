"""Batches: which documents are out of date, what the model is asked, and what is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.embedding import batch, cache
from reactive_nb.embedding.batch import Batch, Pair
from reactive_nb.embedding.place import Place
from reactive_nb.engine import Engine
from reactive_nb.errors import ReactiveError
from tests.embedding.models import document, patch, vector_of

KEY = "one"
PLACE = Place("papers", "title", "embedding")
A, B = cache.hash_of("a"), cache.hash_of("b")
IS_A, IS_B = vector_of("a").tobytes(), vector_of("b").tobytes()


def insert(db: Engine, **fields: Any) -> str:
    return db.write(lambda ctx: ctx.db.insert("papers", fields))


def read(db: Engine, *ids: str) -> Batch:
    return batch.read(db.reading().snapshot, PLACE, KEY, ids)


def write(
    db: Engine, stale: Mapping[str, Pair], computed: Mapping[cache.Hash, bytes] | None = None
) -> dict[str, ReactiveError]:
    return db.write(lambda ctx: batch.write(ctx, db.ids, PLACE, KEY, stale, computed or {}))


@pytest.mark.parametrize(
    ("pair", "known", "is_out_of_date", "wanted"),
    [
        (Pair("a", IS_A), {A: IS_A}, False, None),
        (Pair("a", IS_B), {A: IS_A}, True, Pair("a", IS_A)),
        (Pair("a", None), {A: IS_A}, True, Pair("a", IS_A)),
        (Pair("a", b""), {A: IS_A}, True, Pair("a", IS_A)),
        (Pair("a", IS_A), {}, True, None),
        (Pair("a", None), {}, True, Pair("a", IS_A)),
        (Pair(None, None), {}, False, None),
        (Pair(None, IS_A), {}, True, Pair(None, None)),
        (Pair(None, b""), {}, True, Pair(None, None)),
    ],
)
def test_what_is_out_of_date(
    pair: Pair, known: dict[cache.Hash, bytes], is_out_of_date: bool, wanted: Pair | None
) -> None:
    some = Batch({"1": pair}, {} if pair.text is None else {"a": A}, known)

    assert batch.out_of_date(some) == (["1"] if is_out_of_date else [])
    assert some.stale({A: IS_A}) == ({} if wanted is None else {"1": wanted})


def test_equal_texts_are_missing_once(db: Engine) -> None:
    ids = [insert(db, title=title) for title in "abab"]
    write(db, {}, {B: IS_B})

    some = read(db, *ids, "gone")

    assert list(some.pairs.values()) == [Pair(title, None) for title in "abab"]
    assert some.missing == ["a"]
    assert list(some.stale({A: IS_A}).values()) == [Pair("a", IS_A), Pair("b", IS_B)] * 2


def test_a_table_that_is_gone_has_no_documents(db: Engine) -> None:
    assert read(db, "x") == Batch({}, {}, {})
    assert list(batch.read_all(db.reading().snapshot, PLACE, KEY)) == []
    assert list(batch.used(db.reading().snapshot, PLACE, KEY)) == []


def test_all_documents_are_read_and_their_texts_used(db: Engine) -> None:
    ids = [insert(db, title=str(n % 100)) for n in range(300)] + [insert(db)]

    found = [id for some in batch.read_all(db.reading().snapshot, PLACE, KEY) for id in some.pairs]

    assert sorted(found) == sorted(ids)
    assert set(batch.used(db.reading().snapshot, PLACE, KEY)) == {(KEY, cache.hash_of(str(n))) for n in range(100)}


def test_writing_leaves_what_has_changed_meanwhile(db: Engine) -> None:
    same, changed, emptied, gone = (insert(db, title="a") for _ in range(4))
    stale = read(db, same, changed, emptied, gone).stale({A: IS_A})
    patch(db, changed, title="b")
    patch(db, emptied, title=rnb.UNSET)
    db.write(lambda ctx: ctx.db.delete(gone))

    assert write(db, stale, {A: IS_A}) == {}

    assert document(db, same)["embedding"].tobytes() == IS_A
    assert "embedding" not in document(db, changed)
    assert "embedding" not in document(db, emptied)
    assert read(db, same).missing == []


def test_a_document_that_refuses_its_vector_does_not_keep_the_others_from_theirs(db: Engine) -> None:
    short, long = (
        v.object(title=v.literal("a"), embedding=v.optional(v.vector(3))),
        v.object(title=v.literal("b"), embedding=v.optional(v.vector(4))),
    )
    db.define(papers=rnb.table(v.union(short, long)))
    a, b = insert(db, title="a"), insert(db, title="b")

    refused = write(db, read(db, a, b).stale({A: IS_A, B: IS_B}))

    assert list(refused) == [a]
    assert "embedding" not in document(db, a)
    assert document(db, b)["embedding"].tobytes() == IS_B


def test_a_vector_that_may_not_be_missing_stays_without_a_text(db: Engine) -> None:
    db.define(papers=rnb.table(title=v.optional(v.string()), embedding=v.vector(4)))
    id = insert(db, embedding=vector_of("a"))

    assert write(db, read(db, id).stale({})) == {}

    assert document(db, id)["embedding"].tobytes() == IS_A
