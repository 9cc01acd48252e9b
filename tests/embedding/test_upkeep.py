"""Upkeeps: vectors that follow their texts, in the background, through failures, restarts and other people's edits."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.embedding import cache
from reactive_nb.embedding import upkeep as module
from reactive_nb.embedding.embedding import embed
from reactive_nb.embedding.upkeep import Upkeep
from reactive_nb.embedding.vectors import EmbeddingError
from reactive_nb.engine import Engine
from reactive_nb.errors import DatabaseClosed, LogWriteError, NestedCallError, ReactiveError, SchemaError
from reactive_nb.log.memory import MemoryLog
from reactive_nb.notebook.surface import NotebookSurface
from reactive_nb.testing import FakeClock
from tests.conftest import Connect
from tests.embedding.models import (
    PATIENCE_S,
    FakeModel,
    Gate,
    add,
    document,
    patch,
    vector_in,
    vector_of,
    wanted,
)

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def papers(db: Engine) -> Engine:
    """A database with a table of papers."""
    define(db)
    return db


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


# ------------------------------------------------------------------ following


def test_what_is_there_and_what_comes_is_embedded(papers: Engine, model: FakeModel) -> None:
    ids = insert(papers, "a", "b", "a")

    upkeep = keep(papers, model)
    papers.settle()
    more = insert(papers, "c", "b")
    papers.settle()

    assert [vector_in(papers, id) for id in [*ids, *more]] == [wanted(text) for text in "abacb"]
    assert model.times == {"a": 1, "b": 1, "c": 1}
    assert (upkeep.pending, upkeep.error, upkeep.closed) == (0, None, False)
    assert repr(upkeep) == "papers.embedding of papers.title: all 5 up to date"


def test_it_goes_on_though_nobody_settles(papers: Engine, model: FakeModel) -> None:
    upkeep = keep(papers, model)
    upkeep.wait(timedelta(seconds=PATIENCE_S))

    (id,) = insert(papers, "a")
    upkeep.wait(timedelta(seconds=PATIENCE_S))

    assert vector_in(papers, id) == wanted("a")


def test_a_model_is_asked_once_which_one_it_is(papers: Engine, model: FakeModel) -> None:
    asked: list[list[str]] = []
    model.before = asked.append
    embedding = model.embedding()

    for _ in range(2):
        embedding.keep(papers, "papers", text="title", into="embedding")
        papers.settle()

    assert asked == [[cache.PROBE]]


def test_an_edited_text_gets_its_vector_and_an_edit_elsewhere_costs_nothing(papers: Engine, model: FakeModel) -> None:
    (id,) = insert(papers, "a")
    keep(papers, model)
    papers.settle()
    runs = len(papers.attempts())

    patch(papers, id, n=7)
    papers.settle()
    assert len(papers.attempts()) == runs + 1
    patch(papers, id, title="b")
    papers.settle()
    patch(papers, id, title="a")
    papers.settle()

    assert vector_in(papers, id) == wanted("a")
    assert model.batches == [["a"], ["b"]]


def test_its_own_writes_do_not_make_it_run_again(papers: Engine, model: FakeModel) -> None:
    insert(papers, *"abcdef")

    keep(papers, model, batch=2)
    papers.settle()

    functions = [each.function for each in papers.attempts()]
    assert functions.count("begin embed:papers.embedding") == 1
    assert model.batches == [["a", "b"], ["c", "d"], ["e", "f"]]


@pytest.mark.parametrize("other", [None, 7, ["a"], {"a": "b"}])
def test_a_document_without_a_text_has_no_vector(papers: Engine, model: FakeModel, other: Any) -> None:
    (id,) = insert(papers, "a")
    keep(papers, model)
    papers.settle()

    patch(papers, id, title=rnb.UNSET if other is None else other)
    papers.settle()

    assert "embedding" not in document(papers, id)
    assert model.batches == [["a"]]


@pytest.mark.parametrize("vector", [rnb.UNSET, vector_of("b")])
def test_a_vector_that_somebody_else_writes_is_put_right(papers: Engine, model: FakeModel, vector: Any) -> None:
    (id,) = insert(papers, "a")
    keep(papers, model)
    papers.settle()

    patch(papers, id, embedding=vector)
    papers.settle()

    assert vector_in(papers, id) == wanted("a")
    assert model.batches == [["a"]]


def test_a_text_deep_in_a_document_of_a_table_without_fields(db: Engine, model: FakeModel) -> None:
    id = db.write(lambda ctx: ctx.db.insert("notes", {"meta": {"title": "a"}}))

    model.embedding().keep(db, "notes", text="meta.title", into="e")
    db.settle()

    assert vector_in(db, id, "e") == wanted("a")


def test_the_index_finds_what_was_embedded(db: Engine, model: FakeModel) -> None:
    db.define(
        papers=rnb.table(title=v.string(), embedding=v.optional(v.vector(4))).vector_index(
            "by_embedding", "embedding", dimensions=4
        )
    )
    ids = add(db, "a", "b", "c")
    embedding = model.embedding()
    embedding.keep(db, "papers", text="title", into="embedding").wait(timedelta(seconds=PATIENCE_S))

    hits = db.read(lambda ctx: ctx.vector_search("papers", "by_embedding", vector=embedding("b"), limit=1))

    assert [hit["_id"] for hit in hits] == [ids[1]]


def test_two_fields_of_two_models_with_one_name_do_not_mix(papers: Engine) -> None:
    one, two = FakeModel("one"), FakeModel("two")
    papers.define(papers=rnb.table(title=v.string(), n=v.any(), x=v.optional(v.any()), y=v.optional(v.any())))
    ids = insert(papers, "a", "b")

    one.embedding().keep(papers, "papers", text="title", into="x")
    two.embedding().keep(papers, "papers", text="title", into="y")
    papers.settle()
    patch(papers, ids[0], title="c")
    papers.settle()

    assert [vector_in(papers, id, "x") for id in ids] == [wanted("c", "one"), wanted("b", "one")]
    assert [vector_in(papers, id, "y") for id in ids] == [wanted("c", "two"), wanted("b", "two")]


def test_a_table_that_is_dropped_and_made_again_is_kept_up_to_date(papers: Engine, model: FakeModel) -> None:
    insert(papers, "a")
    upkeep = keep(papers, model)
    papers.settle()

    papers.drop("papers")
    papers.settle()
    assert repr(upkeep) == "papers.embedding of papers.title: all 0 up to date"
    define(papers)
    (id,) = insert(papers, "a")
    papers.settle()

    assert vector_in(papers, id) == wanted("a")
    assert model.batches == [["a"]]


# ------------------------------------------------------------------ while the model computes


def test_a_document_that_changes_meanwhile_gets_the_vector_of_its_last_text_only(
    papers: Engine, model: FakeModel
) -> None:
    ids = insert(papers, "a", "b")
    gate = Gate(model)
    upkeep = keep(papers, model)
    gate.wait_until_entered()

    for text in ("c", "d", "e"):
        patch(papers, ids[0], title=text)
    assert upkeep.pending == 2
    gate.open()
    papers.settle()

    assert [vector_in(papers, id) for id in ids] == [wanted("e"), wanted("b")]
    assert model.batches == [["a", "b"], ["e"]]


def test_a_text_that_changes_there_and_back_meanwhile(papers: Engine, model: FakeModel) -> None:
    (id,) = insert(papers, "a")
    gate = Gate(model)
    keep(papers, model)
    gate.wait_until_entered()

    patch(papers, id, title="b")
    patch(papers, id, title="a")
    gate.open()
    papers.settle()

    assert vector_in(papers, id) == wanted("a")
    assert model.batches == [["a"]]


def test_documents_that_go_meanwhile_are_left(papers: Engine, model: FakeModel) -> None:
    ids = insert(papers, "a", "b")
    gate = Gate(model)
    upkeep = keep(papers, model)
    gate.wait_until_entered()

    papers.write(lambda ctx: ctx.db.delete(ids[0]))
    gate.open()
    papers.settle()

    assert vector_in(papers, ids[1]) == wanted("b")
    assert (upkeep.pending, upkeep.error) == (0, None)


def test_it_tells_how_far_it_is(papers: Engine, model: FakeModel) -> None:
    insert(papers, *"abcdef")
    gate = Gate(model)
    upkeep = keep(papers, model)
    gate.wait_until_entered()

    assert repr(upkeep) == "papers.embedding of papers.title: 6 of 6 to do"
    assert papers.progress_of("embed:papers.embedding") == (0, 6, "papers.embedding")
    with pytest.raises(TimeoutError, match=r"Waited for 0 seconds: papers\.embedding of papers\.title: 6 of 6 to do"):
        upkeep.wait(timedelta(0))
    gate.open()
    upkeep.wait(timedelta(seconds=PATIENCE_S))

    assert upkeep.pending == 0


# ------------------------------------------------------------------ again, and after a restart


def test_a_cell_that_runs_again_takes_the_place_of_the_former_one(papers: Engine, model: FakeModel) -> None:
    (id,) = insert(papers, "a")
    former = keep(papers, model)
    papers.settle()
    other = FakeModel("other")

    upkeep = keep(papers, other)
    papers.settle()

    assert vector_in(papers, id) == wanted("a", "other")
    assert (former.closed, upkeep.closed) == (True, False)
    assert repr(former) == "papers.embedding of papers.title: ended, another one has taken its place"
    former.close()
    patch(papers, id, title="b")
    papers.settle()
    assert vector_in(papers, id) == wanted("b", "other")
    assert model.batches == [["a"]]
    keep(papers, model)
    papers.settle()
    patch(papers, id, title="a")
    papers.settle()
    assert vector_in(papers, id) == wanted("a")
    assert model.times == {"a": 1, "b": 1}  # what it had computed before the other one came is still there


def test_the_former_one_writes_nothing_more_though_its_model_is_at_it(papers: Engine, model: FakeModel) -> None:
    (id,) = insert(papers, "a")
    gate = Gate(model)
    keep(papers, model)
    gate.wait_until_entered()

    keep(papers, FakeModel("other"))
    gate.open()
    papers.settle()

    assert vector_in(papers, id) == wanted("a", "other")
    written = [each for each in papers.commits() if any(change.table == "papers" for change in each.changes)]
    assert len(written) == 2


@pytest.mark.slow
def test_after_a_restart_only_what_has_changed_is_computed(connect: Connect, tmp_path: Path) -> None:
    path, model = tmp_path / "papers.duckdb", FakeModel()
    db = connect(path)
    define(db)
    ids = insert(db, *"abc")
    keep(db, model)
    db.settle()
    db.close()

    db = connect(path, ids=db.ids)
    patch(db, ids[0], title="d")
    patch(db, ids[1], embedding=rnb.UNSET)
    keep(db, model)
    db.settle()

    assert [vector_in(db, id) for id in ids] == [wanted("d"), wanted("b"), wanted("c")]
    assert model.batches == [["a", "b", "c"], ["d"]]


@pytest.mark.slow
def test_after_a_restart_with_another_model_everything_is_computed(connect: Connect, tmp_path: Path) -> None:
    path, other = tmp_path / "papers.duckdb", FakeModel("other")
    db = connect(path)
    define(db)
    ids = insert(db, "a", "b")
    keep(db, FakeModel())
    db.settle()
    db.close()

    db = connect(path, ids=db.ids)
    keep(db, other)
    db.settle()

    assert [vector_in(db, id) for id in ids] == [wanted("a", "other"), wanted("b", "other")]


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


def raised(call: Callable[[], object]) -> ReactiveError:
    with pytest.raises(ReactiveError) as caught:
        call()
    return caught.value
