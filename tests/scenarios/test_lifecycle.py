"""Stories across the parts: sessions that follow one another, processes that fork, and results that outlive a table."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import ipywidgets
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.commit_queue import CommitQueue
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import (
    ConflictError,
    DatabaseClosed,
    DocumentValidationError,
    NestedCallError,
    ReturnsValidationError,
)
from reactive_nb.testing import FakeClock
from tests.conftest import Connect


def numbers(db: Engine) -> list[int]:
    return [each["n"] for each in db.read(lambda ctx: ctx.db.query("notes").collect())]


def note(db: Engine, n: int) -> str:
    with db.transaction() as tx:
        return tx.db.insert("notes", {"n": n})


FORKED = """
import os, sys
import reactive_nb as rnb
db = rnb.connect(sys.argv[1])
with db.transaction() as tx:
    tx.db.insert("notes", {"n": 1})
if os.fork() == 0:
    sys.exit(0)  # and so runs what is to run at exit
os.wait()
with db.transaction() as tx:
    tx.db.insert("notes", {"n": 2})
os._exit(0)  # as a crash would
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_forked_child_that_ends_leaves_the_log_to_its_parent(connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"

    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED, str(path)], check=True, timeout=60)

    assert numbers(connect(path)) == [1, 2]


def test_a_fold_under_way_while_another_thread_closes_does_not_touch_the_next_log(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.duckdb"
    first = connect(path)
    note(first, 1)
    folded, closed = threading.Event(), threading.Event()
    alone = CommitQueue.alone

    def held_up(queue: CommitQueue) -> Any:
        if threading.current_thread().name == "folding":
            folded.set()
            assert closed.wait(30)
        return alone(queue)

    monkeypatch.setattr(CommitQueue, "alone", held_up)
    folding = threading.Thread(target=first.fold, name="folding")
    folding.start()
    assert folded.wait(30)
    first.close()
    second = connect(path)
    note(second, 2)
    log = path.with_name("x.duckdb.log").read_bytes()
    closed.set()
    folding.join(30)

    assert path.with_name("x.duckdb.log").read_bytes() == log


def test_documents_stay_in_the_order_of_their_commits_when_the_clock_goes_back(tmp_path: Path) -> None:
    path, clock = tmp_path / "x.duckdb", FakeClock()
    with rnb.connect(path, clock=clock) as db:
        note(db, 1)
        note(db, 2)
    clock.advance(timedelta(days=-1))

    with rnb.connect(path, clock=clock) as db:
        note(db, 3)

        assert numbers(db) == [1, 2, 3]


def test_a_database_in_memory_forgets_what_its_history_has_forgotten(connect: Connect) -> None:
    db = connect(history=10)

    for n in range(100):
        note(db, n)

    assert db.ts - db._log.base < 40


def test_a_result_checked_as_an_id_fails_when_the_table_is_dropped(connect: Connect) -> None:
    db = connect()
    db.define(users=rnb.table(name=v.string()), notes=rnb.table(n=v.int64()))
    with db.transaction() as tx:
        ada = tx.db.insert("users", {"name": "Ada"})

    @db.query(returns=v.id("users"))
    def owner(ctx: Any) -> Any:
        return ada

    live = owner.live()
    assert live.value == ada

    db.drop("users")
    db.settle()

    assert isinstance(live.error, ReturnsValidationError)


def test_a_write_whose_id_was_refused_conflicts_with_the_return_of_its_table(connect: Connect) -> None:
    db = connect()
    db.define(users=rnb.table(), notes=rnb.table(owner=v.optional(v.id("users")), text=v.string()))
    with db.transaction() as tx:
        ada = tx.db.insert("users", {})
    db.drop("users")

    block = db.transaction()
    tx = block.__enter__()
    with pytest.raises(DocumentValidationError):
        tx.db.insert("notes", {"owner": ada, "text": "hers"})
    tx.db.insert("notes", {"text": "refused"})
    db.define(users=rnb.table())

    with pytest.raises(ConflictError):
        block.__exit__(None, None, None)


def test_an_exception_that_cannot_be_printed_leaves_other_results_alone(connect: Connect) -> None:
    db = connect()

    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise KeyError

    @db.query
    def bad(ctx: Any) -> Any:
        ctx.db.query("notes").count()
        raise Unspeakable

    @db.query
    def good(ctx: Any) -> Any:
        return ctx.db.query("notes").count()

    failing, counting = bad.live(), good.live()
    for n in range(3):
        note(db, n)
        db.settle()

    assert counting.value == 3
    assert isinstance(failing.error, Unspeakable)


def test_a_result_that_moves_during_a_round_is_for_the_next_moment(connect: Connect) -> None:
    db = connect()
    entered, go_on = threading.Event(), threading.Event()
    held_up = False

    @db.query
    def slow(ctx: Any) -> Any:
        count = ctx.db.query("notes").count()
        if held_up:
            entered.set()
            assert go_on.wait(30)
        return count

    @db.query
    def how_many(ctx: Any, n: int) -> Any:
        return sum(each["n"] == n for each in ctx.db.query("notes").collect())

    total, choice = slow.live(), ipywidgets.IntText(value=0)
    one = how_many.live(n=choice)
    moments: list[tuple[int, int, bool]] = []
    db.on_transition(
        lambda moment: moments.append((moment.ts, total.value, one.value == expected(one.args["n"], moment.ts)))
    )

    def expected(n: int, ts: int) -> int:
        return int(db.at(ts).run(how_many, n=n))

    held_up = True
    note(db, 1)
    assert entered.wait(30)  # a round for this commit is under way
    held_up = False
    note(db, 2)
    assert how_many(n=2) == 1  # known, and true for a later commit than the round's
    choice.value = 2
    go_on.set()
    db.settle()

    assert [as_of for _, _, as_of in moments] == [True] * len(moments)
    assert one.value == 1


def test_a_function_defined_again_is_never_answered_for_by_the_old_one(connect: Connect) -> None:
    db = connect()

    def define(answer: str) -> None:
        @db.query(name="f")
        def f(ctx: Any) -> str:
            return answer

    for answer in "abc":
        define(answer)

        assert [db.run("f"), db.run("f")] == [answer, answer]


def test_what_was_submitted_cannot_close(connect: Connect) -> None:
    db = connect()

    @db.query
    def closing(ctx: Any) -> None:
        db.close()

    with pytest.raises(NestedCallError, match="Cannot close the database"):
        closing.submit().result()
    assert not db.closed
    db.close()
    with pytest.raises(DatabaseClosed):
        closing.submit()
