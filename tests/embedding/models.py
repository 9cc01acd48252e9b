"""Models for tests: a hash as a vector, counted, and told when to fail or to wait."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.embedding.cache import PROBE
from reactive_nb.embedding.embedding import Embedding, embed
from reactive_nb.embedding.upkeep import Upkeep
from reactive_nb.embedding.vectors import Vector
from reactive_nb.engine import Engine
from reactive_nb.errors import ReactiveError

DIMENSIONS = 4
PATIENCE_S = 30


def vector_of(text: str, salt: str = "") -> Vector:
    """Return what a `FakeModel` makes of a text."""
    digest = hashlib.sha256((salt + text).encode()).digest()[:DIMENSIONS]
    return np.frombuffer(digest, np.uint8).astype(np.float32) / 256


class FakeModel:
    """A model whose vectors are hashes.

    Attributes:
        batches: The texts of each call, without the probe.
        returned: How often it has returned the vector of each text.
        failure: What it raises instead; None for nothing.
        refused: Texts at which it raises `ValueError`.
    """

    def __init__(self, salt: str = "") -> None:
        self.salt = salt
        self.batches: list[list[str]] = []
        self.returned: Counter[str] = Counter()
        self.failure: BaseException | None = None
        self.refused: set[str] = set()
        self.before: Callable[[list[str]], None] = lambda texts: None

    def encode(self, texts: list[str]) -> Any:
        if texts != [PROBE]:
            self.batches.append(list(texts))
        self.before(texts)
        if self.failure is not None:
            raise self.failure
        if self.refused.intersection(texts):
            raise ValueError("this is no text")
        self.returned.update(texts)
        return np.stack([vector_of(text, self.salt) for text in texts])

    @property
    def times(self) -> Counter[str]:
        """How often each text was computed."""
        return Counter(text for each in self.batches for text in each)

    def embedding(self, batch: int = 4, name: str | None = None) -> Embedding:
        return embed(self.encode, batch=batch, name=name)


class Gate:
    """Holds a model in its call until a test lets it go on."""

    def __init__(self, model: FakeModel) -> None:
        self._entered = threading.Semaphore(0)
        self._open = threading.Event()
        model.before = self._pass

    def _pass(self, texts: list[str]) -> None:
        if texts != [PROBE]:
            self._entered.release()
            assert self._open.wait(PATIENCE_S)

    def wait_until_entered(self) -> None:
        assert self._entered.acquire(timeout=PATIENCE_S)

    def open(self) -> None:
        self._open.set()


def add(db: Engine, *titles: Any, table: str = "papers") -> list[str]:
    """Insert a document for each title, in one commit; None leaves the title out."""
    return db.write(
        lambda ctx: [ctx.db.insert(table, {} if title is None else {"title": title}) for title in titles], "add"
    )


def patch(db: Engine, id: str, **fields: Any) -> None:
    db.write(lambda ctx: ctx.db.patch(id, fields), "patch")


def document(db: Engine, id: str) -> dict[str, Any]:
    found = db.read(lambda ctx: ctx.db.get(id))
    assert found is not None
    return found


def vector_in(db: Engine, id: str, field: str = "embedding") -> list[float] | None:
    vector = document(db, id).get(field)
    return None if vector is None else vector.tolist()


def wanted(text: str, salt: str = "") -> list[float]:
    return vector_of(text, salt).tolist()


# ------------------------------------------------------------------ a table of papers


def define(db: Engine, dimensions: int = 4) -> None:
    db.define(papers=rnb.table(title=v.optional(v.any()), n=v.any(), embedding=v.optional(v.vector(dimensions))))


def insert(db: Engine, *titles: Any) -> list[str]:
    return db.write(
        lambda ctx: [
            ctx.db.insert("papers", {"n": n} if title is None else {"title": title, "n": n})
            for n, title in enumerate(titles)
        ]
    )


def keep(db: Engine, model: FakeModel, batch: int = 4) -> Upkeep:
    return model.embedding(batch).keep(db, "papers", text="title", into="embedding")


def raised(call: Callable[[], object]) -> ReactiveError:
    with pytest.raises(ReactiveError) as caught:
        call()
    return caught.value
