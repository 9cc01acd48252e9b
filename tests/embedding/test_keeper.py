"""The keeper: one for each database, and what the worker and `db.settle()` make of its jobs."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

import reactive_nb as rnb
from reactive_nb.embedding.keeper import Keeper
from reactive_nb.engine import Engine
from reactive_nb.errors import DatabaseClosed
from tests.conftest import Connect
from tests.embedding.models import PATIENCE_S, FakeModel, Gate, add, vector_in, wanted


def test_a_database_has_one(connect: Connect) -> None:
    one, other = connect(), connect()

    assert one.part(Keeper) is one.part(Keeper)
    assert one.part(Keeper) is not other.part(Keeper)


def test_a_closed_database_has_none(db: Engine) -> None:
    db.close()

    with pytest.raises(DatabaseClosed):
        db.part(Keeper)


def test_settling_waits_for_it_and_for_nothing_that_came_later(connect: Connect) -> None:
    db = connect()
    db.define(papers=rnb.table())
    model = FakeModel()
    gate = Gate(model)
    model.embedding().keep(db, "papers", text="title", into="embedding")
    (id,) = add(db, "a")
    gate.wait_until_entered()
    settling = threading.Thread(target=db.settle)
    settling.start()
    assert settling.is_alive()

    gate.open()
    settling.join(PATIENCE_S)

    assert vector_in(db, id) == wanted("a")


def test_jobs_and_upkeeps_go_on_beside_one_another(db: Engine) -> None:
    db.define(papers=rnb.table(), notes=rnb.table())
    held, free = FakeModel("held"), FakeModel("free")
    gate = Gate(held)
    held.embedding().keep(db, "papers", text="title", into="e")
    upkeep = free.embedding().keep(db, "notes", text="title", into="e")
    ran = threading.Event()

    @db.mutation
    def note(ctx: object) -> None:
        ran.set()

    (paper,), (note_id,) = add(db, "a"), add(db, "a", table="notes")
    gate.wait_until_entered()
    db.scheduler.run_after(timedelta(0), note)

    upkeep.wait(timedelta(seconds=PATIENCE_S))
    assert ran.wait(PATIENCE_S)
    assert vector_in(db, note_id, "e") == wanted("a", "free")
    gate.open()
    db.settle()
    assert vector_in(db, paper, "e") == wanted("a", "held")
