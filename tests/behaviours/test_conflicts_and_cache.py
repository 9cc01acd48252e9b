"""Convex's behaviours on optimistic concurrency, cached results and consistent reads.

Departures: a query that asked for the time is never answered from the cache; a second read at one moment is
`db.at(ts)`. Left out, as there is no such thing here: identities, and request ids of clients.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reactive_nb.engine import Engine
from reactive_nb.errors import ConflictError
from reactive_nb.functions.context import MutationContext
from reactive_nb.testing import FakeClock
from reactive_nb.transaction.commit import Commit
from tests.tools import Core, insert


def add_one(ctx: MutationContext, id: str) -> None:
    counter = ctx.db.get(id)
    assert counter is not None
    ctx.db.patch(id, {"n": counter["n"] + 1})


@pytest.mark.parametrize(("races", "expected"), [(0, 1), (1, 2), (4, 5)])
def test_a_mutation_that_is_overtaken_up_to_four_times_comes_through(races: int, expected: int) -> None:
    core = Core()
    counter = core.write(lambda ctx: ctx.db.insert("counters", {"n": 0}))
    attempts: list[int] = []

    def overtaken(ctx: MutationContext) -> None:
        attempts.append(len(attempts))
        if len(attempts) <= races:
            core.write(lambda rival: add_one(rival, counter))
        add_one(ctx, counter)

    core.runner.write(overtaken, "overtaken")

    assert len(attempts) == races + 1
    assert core.runner.read(lambda ctx: ctx.db.get(counter), "read").value()["n"] == expected


def test_a_mutation_that_is_overtaken_five_times_is_a_conflict() -> None:
    core = Core()
    counter = core.write(lambda ctx: ctx.db.insert("counters", {"n": 0}))

    def overtaken(ctx: MutationContext) -> None:
        add_one(ctx, counter)
        core.write(lambda rival: add_one(rival, counter), "rival")

    with pytest.raises(ConflictError) as caught:
        core.runner.write(overtaken, "overtaken")

    assert str(caught.value) == (
        "Cannot commit overtaken: rival (commit 6) changed counters in the range counters.by_id[_id = "
        f"{counter!r}] that this "
        "transaction had read, at each of 5 attempts. Expected no other commit to what it read between its start and "
        "its end. Run it again; if it happens often, read less, or write to the same document from fewer places."
    )
    assert core.runner.read(lambda ctx: ctx.db.get(counter), "read").value()["n"] == 5


def test_two_blind_inserts_do_not_conflict() -> None:
    core = Core()
    core.write(lambda ctx: ctx.db.insert("t", {}))
    (a, in_a), (b, in_b) = core.begin(), core.begin()

    in_a.db.insert("t", {"by": "a"})
    in_b.db.insert("t", {"by": "b"})

    assert isinstance(core.commit(b), Commit)
    assert isinstance(core.commit(a), Commit)


def test_ten_concurrent_appends_are_all_applied(db: Engine) -> None:
    (id,) = insert(db, "t", {"text": ""})

    @db.mutation
    def append(ctx: Any, letter: str) -> None:
        ctx.db.patch(id, {"text": ctx.db.get(id)["text"] + letter})

    for future in [append.submit(letter=letter) for letter in "abcdefghij"]:
        future.result()

    text = db.read(lambda ctx: ctx.db.get(id))["text"]  # type: ignore[index]
    assert sorted(text) == list("abcdefghij")


# ------------------------------------------------------------------ cached results


def test_a_result_is_cached_until_a_commit_touches_what_it_read(db: Engine) -> None:
    ran: list[str] = []

    @db.query
    def get_object(ctx: Any, id: str) -> Any:
        ran.append(id)
        return ctx.db.get(id)

    (one,) = insert(db, "t", {"n": 1})
    first = get_object(id=one)
    insert(db, "t", {"n": 2})

    assert get_object(id=one) == first
    assert ran == [one]

    with db.transaction() as tx:
        tx.db.patch(one, {"n": 3})
    assert get_object(id=one)["n"] == 3
    assert ran == [one, one]


def test_a_cached_result_is_a_copy(db: Engine) -> None:
    insert(db, "t", {"tags": ["a"]})

    @db.query
    def everything(ctx: Any) -> Any:
        return ctx.db.query("t").collect()

    everything()[0]["tags"].append("b")

    assert everything()[0]["tags"] == ["a"]


def test_a_query_that_asks_for_the_time_runs_again(db: Engine, clock: FakeClock) -> None:
    ran: list[str] = []

    @db.query
    def pure(ctx: Any) -> int:
        ran.append("pure")
        return 1

    @db.query
    def timed(ctx: Any) -> Any:
        ran.append("timed")
        return ctx.now()

    before = timed()
    pure()
    clock.advance(timedelta(minutes=20))

    assert timed() - before == timedelta(minutes=20)
    assert pure() == 1
    assert ran == ["timed", "pure", "timed"]


def test_other_arguments_are_another_entry(db: Engine) -> None:
    ran: list[int] = []

    @db.query
    def square(ctx: Any, n: int) -> int:
        ran.append(n)
        return n * n

    assert [square(n=2), square(n=3), square(2), square(n=3)] == [4, 9, 4, 9]
    assert ran == [2, 3]


def test_a_query_that_raises_is_not_cached(db: Engine) -> None:
    ran: list[int] = []

    @db.query
    def fail(ctx: Any) -> None:
        ran.append(1)
        raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fail()

    assert ran == [1, 1]


def test_reads_at_one_moment_agree_while_a_plain_one_sees_the_new(db: Engine) -> None:
    insert(db, "t", {})

    @db.query
    def size(ctx: Any) -> int:
        return ctx.db.query("t").count()

    then = db.at(db.ts)
    first = then.run(size)
    insert(db, "t", {})

    assert (first, then.run(size), size()) == (1, 1, 2)
