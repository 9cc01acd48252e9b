"""Upkeeps when things go wrong, and when they end: models that fail, disks that are full, Ctrl-C, closing."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.embedding import cache
from reactive_nb.embedding import upkeep as module
from reactive_nb.embedding.embedding import embed
from reactive_nb.engine import Engine
from reactive_nb.errors import (
    DatabaseClosed,
    EmbeddingError,
    LogWriteError,
    NestedCallError,
    ReactiveError,
    SchemaError,
)
from reactive_nb.log.memory import MemoryLog
from reactive_nb.notebook.surface import NotebookSurface
from reactive_nb.testing import FakeClock
from tests.conftest import Connect
from tests.embedding.models import (
    PATIENCE_S,
    FakeModel,
    Gate,
    define,
    insert,
    keep,
    patch,
    raised,
    vector_in,
    wanted,
)

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)

# ------------------------------------------------------------------ failures


def test_what_fails_is_told_once_and_tried_again_after_longer_and_longer_pauses(
    papers: Engine, model: FakeModel, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    ids = insert(papers, "a", "b", "c")
    model.failure = ValueError("no model")

    with caplog.at_level(logging.WARNING, "reactive_nb"):
        model.embedding(2)  # another one, which has to do with nothing
        upkeep = keep(papers, model, batch=3)
        papers.settle()
        clock.advance(7 * SECOND)  # tries after 1, 3 and 7 seconds

    assert isinstance(upkeep.error, ValueError)
    assert repr(upkeep) == "papers.embedding of papers.title: 3 to look through, failed (ValueError: no model)"
    assert [record.getMessage() for record in caplog.records] == [f"{upkeep!r}; it is tried again"]
    with pytest.raises(ValueError, match="no model"):
        upkeep.wait()
    model.failure = None
    clock.advance(8 * SECOND)

    assert [vector_in(papers, id) for id in ids] == [wanted(text) for text in "abc"]
    assert (upkeep.pending, upkeep.error) == (0, None)
    upkeep.wait()


def test_documents_whose_texts_fail_are_counted(papers: Engine, model: FakeModel, clock: FakeClock) -> None:
    model.refused = {"b"}
    ids = insert(papers, *"abcdef")
    upkeep = keep(papers, model, batch=2)
    papers.settle()

    assert repr(upkeep) == "papers.embedding of papers.title: 6 of 6 to do, 2 failed (ValueError: this is no text)"
    clock.advance(4 * MINUTE)

    assert repr(upkeep) == "papers.embedding of papers.title: 1 of 6 to do, 1 failed (ValueError: this is no text)"
    assert [vector_in(papers, id) for id in ids] == [None if text == "b" else wanted(text) for text in "abcdef"]


def test_a_text_that_changes_is_tried_at_once_and_so_is_everything_on_request(papers: Engine, model: FakeModel) -> None:
    model.refused = {"b"}
    ids = insert(papers, "a", "b", "c")
    upkeep = keep(papers, model)
    papers.settle()

    patch(papers, ids[1], title="d")
    papers.settle()
    assert [vector_in(papers, id) for id in ids] == [None, wanted("d"), None]
    upkeep.retry()
    papers.settle()

    assert [vector_in(papers, id) for id in ids] == [wanted("a"), wanted("d"), wanted("c")]
    assert upkeep.error is None


def test_the_document_that_fails_is_deleted(papers: Engine, model: FakeModel) -> None:
    model.refused = {"a"}
    (id,) = insert(papers, "a")
    upkeep = keep(papers, model)
    papers.settle()

    papers.write(lambda ctx: ctx.db.delete(id))

    assert (upkeep.pending, upkeep.error) == (0, None)
    upkeep.wait()


@pytest.mark.parametrize(
    "failure", [SystemExit(1), KeyboardInterrupt(), DatabaseClosed("x", thing="", expected="", hint="")]
)
def test_whatever_a_model_raises_is_a_failure(
    papers: Engine, model: FakeModel, clock: FakeClock, failure: BaseException
) -> None:
    (id,) = insert(papers, "a")
    keep(papers, model)
    papers.settle()
    model.failure = failure

    patch(papers, id, title="b")
    papers.settle()
    model.failure = None
    clock.advance(SECOND)

    assert vector_in(papers, id) == wanted("b")
    assert model.batches == [["a"], ["b"], ["b"]]


def test_a_model_that_returns_no_vectors(papers: Engine) -> None:
    insert(papers, "a")
    upkeep = embed(lambda texts: None).keep(papers, "papers", text="title", into="embedding")
    papers.settle()

    with pytest.raises(EmbeddingError, match="it returned None"):
        upkeep.wait()


def test_a_field_for_vectors_of_another_length(papers: Engine, model: FakeModel) -> None:
    define(papers, 3)
    (id,) = insert(papers, "a")
    embedding = model.embedding()
    upkeep = embedding.keep(papers, "papers", text="title", into="embedding")
    papers.settle()

    assert isinstance(upkeep.error, SchemaError)
    assert "'embedding' is declared for 3 numbers" in str(upkeep.error)
    assert model.batches == []  # the model was not asked in vain
    with pytest.raises(SchemaError):  # by now it is known before
        embedding.keep(papers, "papers", text="title", into="embedding")
    define(papers, 4)
    papers.settle()

    assert vector_in(papers, id) == wanted("a")
    assert upkeep.error is None


def test_a_document_that_does_not_take_its_vector(papers: Engine, model: FakeModel, clock: FakeClock) -> None:
    papers.define(
        papers=rnb.table(
            v.union(
                v.object(title=v.string(), n=v.any(), embedding=v.optional(v.vector(4))),
                v.object(title=v.string(), kind=v.string()),
            )
        )
    )
    refusing = papers.write(lambda ctx: ctx.db.insert("papers", {"title": "a", "kind": "note"}))
    (id,) = insert(papers, "b")

    upkeep = keep(papers, model)
    papers.settle()

    assert vector_in(papers, id) == wanted("b")
    assert repr(upkeep).startswith(
        "papers.embedding of papers.title: 1 of 2 to do, 1 failed (DocumentValidationError: "
    )
    patch(papers, refusing, title="c")
    papers.settle()
    clock.advance(MINUTE)
    assert model.batches == [["a", "b"], ["c"]]


class FullDisk(MemoryLog):
    """A log that takes nothing, as long as it is full."""

    def __init__(self) -> None:
        super().__init__()
        self.is_full = False

    def append(self, payloads: Any, expected_head: int) -> int:
        if self.is_full:
            raise LogWriteError("Cannot write", thing="the disk is full", expected="room", hint="Make room")
        return super().append(payloads, expected_head)


@pytest.mark.parametrize("at", ["a", cache.PROBE])
def test_vectors_that_cannot_be_written_are_written_later(model: FakeModel, clock: FakeClock, at: str) -> None:
    log = FullDisk()
    with Engine(None, NotebookSurface(), clock=clock, log=log) as db:
        define(db)
        (id,) = insert(db, "a")
        model.before = lambda texts: setattr(log, "is_full", texts == [at])
        upkeep = keep(db, model)
        db.settle()

        assert isinstance(upkeep.error, LogWriteError)
        log.is_full = False
        model.before = lambda texts: None
        clock.advance(SECOND)

        assert vector_in(db, id) == wanted("a")


# ------------------------------------------------------------------ the end


def test_after_its_end_nothing_follows_and_the_vectors_stay(papers: Engine, model: FakeModel) -> None:
    (id,) = insert(papers, "a")
    with_end = keep(papers, model)
    papers.settle()

    with_end.close()
    with_end.close()
    patch(papers, id, title="b")
    papers.settle()

    assert vector_in(papers, id) == wanted("a")
    assert papers.functions() == []
    assert repr(with_end) == "papers.embedding of papers.title: ended, it was closed"


def test_who_waits_hears_of_the_end(papers: Engine, model: FakeModel) -> None:
    insert(papers, "a")
    gate = Gate(model)
    upkeep = keep(papers, model)
    gate.wait_until_entered()
    heard: list[ReactiveError] = []
    thread = threading.Thread(target=lambda: heard.append(raised(upkeep.wait)))
    thread.start()

    upkeep.close()
    thread.join(PATIENCE_S)
    gate.open()

    assert str(heard[0]) == (
        "Cannot wait for papers.embedding: it was closed. Expected an upkeep that goes on. "
        "Begin another one with embedding.keep(...)."
    )


@pytest.mark.slow
def test_closing_the_database_ends_it_after_the_batch_that_the_model_is_at(
    connect: Connect, tmp_path: Path, model: FakeModel
) -> None:
    db = connect(tmp_path / "papers.duckdb")
    define(db)
    ids = insert(db, *"abcdef")
    gate = Gate(model)
    upkeep = keep(db, model, batch=2)
    gate.wait_until_entered()
    heard: list[ReactiveError] = []
    waiting = threading.Thread(target=lambda: heard.append(raised(upkeep.wait)))
    waiting.start()
    closing = threading.Thread(target=db.close)
    closing.start()

    gate.open()
    closing.join(PATIENCE_S)
    waiting.join(PATIENCE_S)

    assert db.closed
    assert isinstance(heard[0], EmbeddingError)
    assert repr(upkeep) == "papers.embedding of papers.title: ended, its database was closed"
    assert len(model.batches) < 3
    db = connect(tmp_path / "papers.duckdb", ids=db.ids)
    keep(db, model)
    db.settle()
    assert [vector_in(db, id) for id in ids] == [wanted(text) for text in "abcdef"]


def test_nothing_is_kept_in_a_closed_database(papers: Engine, model: FakeModel) -> None:
    papers.close()

    with pytest.raises(DatabaseClosed):
        keep(papers, model)


@pytest.mark.slow
def test_a_database_that_nobody_holds_goes_with_its_upkeeps(model: FakeModel) -> None:
    db = rnb.connect()
    define(db)
    insert(db, "a")
    keep(db, model)
    db.settle()
    weakly = weakref.ref(db)

    del db
    gc.collect()

    assert weakly() is None


def test_waiting_where_it_would_wait_for_itself(papers: Engine, model: FakeModel) -> None:
    upkeep = keep(papers, model)
    papers.settle()
    heard: list[ReactiveError] = []
    model.before = lambda texts: heard.append(raised(upkeep.wait))

    insert(papers, "a")
    papers.settle()

    assert isinstance(heard[0], NestedCallError)
    with pytest.raises(NestedCallError):
        papers.read(lambda ctx: upkeep.wait())
    with pytest.raises(TypeError, match="Expected a timedelta"):
        upkeep.wait(5)  # type: ignore[arg-type]


# ------------------------------------------------------------------ the action


def test_its_action_can_be_run_by_hand(papers: Engine, model: FakeModel) -> None:
    (id,) = insert(papers, "a")
    model.failure = ValueError("no")
    upkeep = keep(papers, model)
    papers.settle()
    model.failure = None
    upkeep._to_do.retry()  # without the thread of the jobs being told

    papers.run("embed:papers.embedding")

    assert vector_in(papers, id) == wanted("a")
    assert str(papers.find("embed:papers.embedding")) == "<action embed:papers.embedding(no arguments)>"


def test_by_hand_it_does_nothing_while_a_job_is_at_it(papers: Engine, model: FakeModel) -> None:
    (id,) = insert(papers, "a")
    gate = Gate(model)
    upkeep = keep(papers, model)
    gate.wait_until_entered()

    papers.run("embed:papers.embedding")
    assert (upkeep.pending, upkeep.error) == (1, None)
    gate.open()
    papers.settle()

    assert vector_in(papers, id) == wanted("a")
    assert model.batches == [["a"]]


def test_ctrl_c_in_a_run_by_hand_is_no_failure(connect: Connect, model: FakeModel, clock: FakeClock) -> None:
    db = connect()
    define(db)
    upkeep = keep(db, model)
    db.settle()
    db.remove(upkeep.function)  # so that only the run by hand is at it
    (id,) = insert(db, "a")
    model.failure = KeyboardInterrupt()

    with pytest.raises(KeyboardInterrupt):
        db.call(upkeep.function, {})
    assert (upkeep.pending, upkeep.error) == (1, None)
    model.failure = None
    db.call(upkeep.function, {})

    assert vector_in(db, id) == wanted("a")


# ------------------------------------------------------------------ what is forgotten


def test_vectors_that_no_document_uses_do_not_grow_without_bound(
    papers: Engine, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SPARE", 10)
    monkeypatch.setattr(module, "_LOOK_FOR_UNUSED_EVERY", 5)
    ids = insert(papers, "x", "y")
    keep(papers, model)
    papers.settle()

    for n in range(60):
        patch(papers, ids[0], title=str(n))
        papers.settle()

    assert cache.size(papers.reading().snapshot) < 10 + 2 * 2 + 2 + 5 + 1
    assert set(model.times.values()) == {1}
    assert [vector_in(papers, id) for id in ids] == [wanted("59"), wanted("y")]
