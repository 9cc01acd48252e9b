"""The cache: vectors by the hash of their texts, models told apart, and what is forgotten."""

from __future__ import annotations

import numpy as np

from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.embedding import cache
from reactive_nb.engine import Engine
from reactive_nb.schema.system_tables import EMBEDDINGS
from tests.embedding.models import vector_of


def snapshot_of(db: Engine) -> Snapshot:
    return db.reading().snapshot


def remember(db: Engine, key: str, *texts: str) -> None:
    vectors = {cache.hash_of(text): vector_of(text).tobytes() for text in texts}
    db.write(lambda ctx: cache.remember(ctx.transaction, db.ids, key, vectors))


def claim(db: Engine, name: str, probe: list[float]) -> str:
    vector = np.array(probe, np.float32)
    return db.write(lambda ctx: cache.claim(ctx.transaction, db.ids, name, vector))


def forget(db: Engine, ids: list[str]) -> None:
    db.write(lambda ctx: cache.forget(ctx.transaction, db.ids, ids))


def test_vectors_are_found_by_key_and_text(db: Engine) -> None:
    assert cache.cached(snapshot_of(db), "one", [cache.hash_of("a")]) == {}

    remember(db, "one", "a", "b")
    remember(db, "one\0", "c")

    hashes = [cache.hash_of(text) for text in "abc"]
    assert cache.cached(snapshot_of(db), "one", hashes) == {
        hashes[0]: vector_of("a").tobytes(),
        hashes[1]: vector_of("b").tobytes(),
    }
    assert cache.cached(snapshot_of(db), "two", hashes) == {}


def test_a_text_is_remembered_once(db: Engine) -> None:
    remember(db, "one", "a")
    remember(db, "one", "a", "b")

    assert cache.size(snapshot_of(db)) == 2


def test_every_text_has_a_hash() -> None:
    assert len({cache.hash_of(text) for text in ("", "a", "A", "\ud800")}) == 4


def test_a_model_keeps_its_key_and_another_one_of_its_name_gets_its_own(db: Engine) -> None:
    assert claim(db, "encode", [1.0, 2.0]) == "encode"
    assert claim(db, "encode", [1.0, 2.0]) == "encode"
    assert claim(db, "encode", [1.001, 2.001]) == "encode"  # the same one on another machine
    assert claim(db, "encode", [1.0, 2.5]) == "encode #2"
    assert claim(db, "encode", [1.0, 2.0, 0.0]) == "encode #3"
    assert claim(db, "encode", [1.0, 2.5]) == "encode #2"
    assert claim(db, "other", [1.0, 2.5]) == "other"
    assert claim(db, "zero", [0.0, 0.0]) == "zero"
    assert claim(db, "zero", [0.0, 0.0]) == "zero"


def test_few_unused_vectors_are_kept_and_of_many_the_oldest_forgotten(db: Engine) -> None:
    claim(db, "one", [1.0])
    for text in "abcdefghi":
        remember(db, "one", text)
    used = {("one", cache.hash_of("a"))}

    assert cache.superfluous(snapshot_of(db), used, spare=7) == []
    unused = cache.superfluous(snapshot_of(db), used, spare=4)

    assert len(unused) == 8 - (4 + 2) // 2
    forget(db, unused)
    forget(db, unused)
    left = cache.cached(snapshot_of(db), "one", [cache.hash_of(text) for text in "abcdefghi"])
    assert set(left) == {cache.hash_of(text) for text in "aghi"}
    assert claim(db, "one", [1.0]) == "one"  # what tells the models apart is not forgotten
    assert cache.superfluous(snapshot_of(db), used, spare=4) == []


def test_without_a_vector_there_is_nothing_to_forget(db: Engine) -> None:
    assert cache.superfluous(snapshot_of(db), set(), spare=0) == []
    assert EMBEDDINGS not in snapshot_of(db).tables
