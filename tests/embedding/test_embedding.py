"""`rnb.embed`: vectors of single texts, what it is named, and what it refuses."""

from __future__ import annotations

import functools
import threading
from typing import Any

import numpy as np
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.embedding import embedding as module
from reactive_nb.embedding.embedding import embed
from reactive_nb.engine import Engine
from reactive_nb.errors import EmbeddingError, SchemaError, UnknownTable
from tests.embedding.models import PATIENCE_S, FakeModel, Gate, vector_of, wanted


def test_a_text_has_a_vector_and_a_list_has_a_list_of_them() -> None:
    embedding = FakeModel().embedding()

    one = embedding("a")
    assert one.dtype == np.float32
    assert not one.flags.writeable
    assert one.tolist() == wanted("a")
    assert [each.tolist() for each in embedding(["b", "a"])] == [wanted("b"), wanted("a")]
    assert [each.tolist() for each in embedding(text for text in "ab")] == [wanted("a"), wanted("b")]
    assert embedding([]) == []


def test_each_different_text_is_computed_once() -> None:
    model = FakeModel()
    embedding = model.embedding()

    embedding(["a", "b", "a"])
    embedding("a")
    embedding(["b", "c"])

    assert model.batches == [["a", "b"], ["c"]]


def test_the_model_gets_a_batch_at_a_time() -> None:
    model = FakeModel()

    model.embedding(batch=2)("abcde"[n] for n in range(5))

    assert model.batches == [["a", "b"], ["c", "d"], ["e"]]


def test_only_the_latest_texts_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    model = FakeModel()
    embedding = model.embedding()

    for text in "abacab":
        embedding(text)

    assert model.batches == [["a"], ["b"], ["c"], ["b"]]
    assert len(embedding(["x", "y", "z"])) == 3


def test_a_model_is_asked_by_one_thread_at_a_time_and_once_for_what_both_want() -> None:
    model = FakeModel()
    gate = Gate(model)
    embedding = model.embedding()
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(embedding("a"))) for _ in range(2)]

    threads[0].start()
    gate.wait_until_entered()
    threads[1].start()
    gate.open()
    for thread in threads:
        thread.join(PATIENCE_S)

    assert [each.tolist() for each in found] == [wanted("a")] * 2
    assert model.batches == [["a"]]


def test_a_model_that_raises_raises_and_is_asked_again() -> None:
    model = FakeModel()
    embedding = model.embedding()
    model.failure = ValueError("no")

    with pytest.raises(ValueError, match="no"):
        embedding("a")
    model.failure = None

    assert embedding("a").tolist() == wanted("a")


def test_all_vectors_have_the_length_of_the_first() -> None:
    embedding = embed(lambda texts: [[0.0] * len(texts[0])])

    assert embedding.dimensions is None
    embedding("ab")
    assert embedding.dimensions == 2
    with pytest.raises(EmbeddingError, match="a vector of 3 numbers for 'abc'"):
        embedding("abc")


class Encoder:
    def encode(self, texts: list[str]) -> Any:
        return texts

    def __call__(self, texts: list[str]) -> Any:
        return texts


@pytest.mark.parametrize(
    ("fn", "name"),
    [
        (vector_of, "tests.embedding.models.vector_of"),
        (Encoder().encode, f"{__name__}.Encoder.encode"),
        (Encoder(), f"{__name__}.Encoder"),
        (functools.partial(functools.partial(vector_of), salt="x"), "tests.embedding.models.vector_of"),
        (len, "builtins.len"),
    ],
)
def test_it_is_named_after_the_function(fn: Any, name: str) -> None:
    assert embed(fn).name == name
    assert embed(fn, name="mine").name == "mine"


def test_it_says_what_it_is() -> None:
    embedding = FakeModel().embedding(name="mine")

    assert repr(embedding) == "<embedding mine>"
    embedding("a")
    assert repr(embedding) == "<embedding mine, 4 numbers>"


async def waiting(texts: list[str]) -> None:
    pass


@pytest.mark.parametrize(
    ("fn", "options", "said"),
    [
        ("model", {}, "'model' (str) was given. Expected a plain function from a list of texts to their vectors"),
        (waiting, {}, "which is async"),
        (len, {"batch": 0}, "batch is 0 (int). Expected a whole number, 1 or more"),
        (len, {"batch": True}, "batch is True (bool)"),
        (len, {"batch": "64"}, "batch is '64' (str)"),
        (len, {"name": ""}, "name is '' (str)"),
        (len, {"name": 7}, "name is 7 (int)"),
    ],
)
def test_what_can_be_no_embedding(fn: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(EmbeddingError) as refused:
        embed(fn, **options)

    assert str(refused.value).startswith("Cannot make an embedding: ")
    assert said in str(refused.value)


@pytest.mark.parametrize("texts", [None, 7, b"a", ["a", None], [["a"]]])
def test_what_is_no_text(texts: Any) -> None:
    with pytest.raises(EmbeddingError, match=r"was given\. Expected a text, or a list of texts"):
        FakeModel().embedding()(texts)


@pytest.mark.parametrize(
    ("table", "fields", "error"),
    [
        ("papers", {"text": "title", "into": "embedding"}, UnknownTable),
        ("_crons", {"text": "name", "into": "embedding"}, UnknownTable),
        ("notes", {"text": "titel", "into": "embedding"}, SchemaError),
        (None, {"text": "title", "into": "embedding"}, EmbeddingError),
        ("notes", {"text": "", "into": "embedding"}, EmbeddingError),
        ("notes", {"text": "title", "into": 7}, EmbeddingError),
    ],
)
def test_what_cannot_be_kept(db: Engine, table: Any, fields: dict[str, Any], error: type[Exception]) -> None:
    db.define(notes=rnb.table(title=v.string(), embedding=v.optional(v.vector(4))))

    with pytest.raises(error):
        FakeModel().embedding().keep(db, table, **fields)

    assert db.functions() == []


def test_what_is_no_database() -> None:
    with pytest.raises(EmbeddingError, match=r"Expected what rnb\.connect returned"):
        FakeModel().embedding().keep("papers", "papers", text="title", into="embedding")  # type: ignore[arg-type]
