"""Upkeeps: vectors that follow their texts, in the background, through failures, restarts and other people's edits."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.embedding import cache
from reactive_nb.engine import Engine
from tests.conftest import Connect
from tests.embedding.models import (
    PATIENCE_S,
    FakeModel,
    Gate,
    add,
    define,
    document,
    insert,
    keep,
    patch,
    vector_in,
    vector_of,
    wanted,
)

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
