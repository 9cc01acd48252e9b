"""Running again on conflict, refusing calls without a context, and handing on what a function raises."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from reactive_nb.engine import Engine
from reactive_nb.errors import ConflictError, NestedCallError
from reactive_nb.functions.context import MutationContext
from reactive_nb.functions.runner import ATTEMPTS, Runner, own_commits
from tests.tools import Core, insert, stored


def overtaken(core: Core, times: int) -> Any:
    """Return a mutation's body that reads all of `t`, and is overtaken in its first `times` attempts."""
    attempts: list[int] = []

    def body(ctx: MutationContext) -> int:
        attempts.append(1)
        count = ctx.db.query("t").count()
        if len(attempts) <= times:
            core.write(lambda rival: rival.db.insert("t", {}))
        ctx.db.insert("counts", {"count": count})
        return len(attempts)

    return body


@pytest.fixture
def core() -> Core:
    core = Core()
    core.write(lambda ctx: [ctx.db.insert("t", {}), ctx.db.insert("counts", {})])
    return core


@pytest.mark.parametrize("times", range(ATTEMPTS))
def test_a_mutation_runs_again_until_it_is_not_overtaken(times: int, core: Core) -> None:
    assert core.runner.write(overtaken(core, times), "m") == times + 1


def test_what_a_lost_attempt_wrote_is_gone(core: Core) -> None:
    core.runner.write(overtaken(core, 3), "m")

    counts = core.runner.read(lambda ctx: [each.get("count") for each in ctx.db.query("counts")], "read").value()
    assert counts == [None, 4]


@pytest.mark.parametrize(("times", "turns"), [(0, 0), (1, 0), (2, 1), (3, 1), (4, 1)])
def test_a_mutation_that_lost_twice_asks_for_a_turn(times: int, turns: int, core: Core) -> None:
    taken: list[str] = []

    @contextmanager
    def turn() -> Iterator[None]:
        taken.append("begun")
        yield
        taken.append("over")

    runner = Runner(core.committer, core.propose, core, core.clock, turn)
    runner.write(overtaken(core, times), "m")

    assert taken == ["begun", "over"] * turns


def test_a_conflict_names_where_and_who(core: Core) -> None:
    with pytest.raises(ConflictError) as caught:
        core.runner.write(overtaken(core, ATTEMPTS), "m")

    error: Any = caught.value
    assert (error.table, error.index, error.other.function) == ("t", "by_creation_time", "rival")
    assert error.what == "Cannot commit m"
    assert error.thing.endswith("at each of 5 attempts")


def test_a_transaction_block_is_tried_once(db: Engine) -> None:
    (id,) = insert(db, "t", {"n": 1})

    with pytest.raises(ConflictError) as caught, db.transaction() as tx:  # noqa: PT012
        tx.db.get(id)
        with db.transaction() as rival:
            rival.db.patch(id, {"n": 2})
        tx.db.patch(id, {"n": 3})

    assert str(caught.value) == (
        f"Cannot commit the transaction block: transaction (commit 2) changed t in the range t.by_id[_id = {id!r}] that this "
        "transaction had read. Expected no other commit to what it read between its start and its end. Run it again; "
        "if it happens often, read less, or write to the same document from fewer places."
    )
    assert stored(db, "t") == [{"n": 2}]


def test_a_transaction_that_only_read_never_conflicts(core: Core) -> None:
    tx, ctx = core.begin()
    ctx.db.query("t").collect()
    core.write(lambda rival: rival.db.insert("t", {}))

    assert core.commit(tx) is None


def test_creation_times_are_those_of_the_commits_in_order(core: Core) -> None:
    for n in range(3):
        core.write(lambda ctx, n=n: ctx.db.insert("ordered", {"n": n}))

    assert core.runner.read(lambda ctx: [each["n"] for each in ctx.db.query("ordered")], "read").value() == [0, 1, 2]


# ------------------------------------------------------------------ the numbers of one's own commits


def test_a_thread_knows_its_own_commits_from_those_of_others(db: Engine) -> None:
    with own_commits() as own:
        insert(db, "t", {})
        other = threading.Thread(target=insert, args=(db, "t", {}))
        other.start()
        other.join()
        insert(db, "t", {})
        db.write(lambda ctx: ctx.db.query("t").count())
        insert(db, "t", {})
    insert(db, "t", {})

    assert own == [1, 3, 4]


def test_a_refused_attempt_and_one_that_raises_are_no_commits(core: Core) -> None:
    with own_commits() as own:
        core.runner.write(overtaken(core, 2), "m")
        with pytest.raises(ZeroDivisionError):
            core.runner.write(lambda ctx: [ctx.db.insert("t", {}), 1 / 0], "fail")

    assert own == [core.committer.head.ts]


def test_an_inner_collection_keeps_its_commits_to_itself(core: Core) -> None:
    def add() -> None:
        core.runner.write(lambda ctx: ctx.db.insert("t", {}), "add")

    with own_commits() as outer:
        add()
        with own_commits() as inner:
            add()
        add()

    assert (outer, inner) == ([2, 4], [3])


# ------------------------------------------------------------------ calls without a context


@pytest.mark.parametrize("cached", [False, True], ids=["", "with its result in the cache"])
@pytest.mark.parametrize("outer_kind", ["query", "mutation"])
@pytest.mark.parametrize("inner_kind", ["query", "mutation"])
def test_a_function_called_in_another_without_its_context_is_refused(
    outer_kind: str, inner_kind: str, cached: bool, db: Engine
) -> None:
    inner = getattr(db, inner_kind)(name="rooms:inner")(lambda ctx: 1)
    outer = getattr(db, outer_kind)(name="outer")(lambda ctx: inner())
    if cached:
        inner()

    with pytest.raises(NestedCallError) as caught:
        outer()

    assert str(caught.value) == (
        "Cannot run rooms:inner: it is called inside outer without its context, so it would run in another "
        "transaction. Expected a call within the same transaction. Write inner(ctx, ...), or ctx.run_query or "
        "ctx.run_mutation."
    )


def test_reading_the_past_inside_a_function_is_refused(db: Engine) -> None:
    with pytest.raises(NestedCallError):
        db.read(lambda ctx: db.at(0).read(lambda past: 1))


def test_after_a_function_that_raised_others_run_as_before(db: Engine) -> None:
    @db.query
    def fail(ctx: Any) -> None:
        raise ZeroDivisionError

    @db.query
    def work(ctx: Any) -> int:
        return 1

    with pytest.raises(ZeroDivisionError):
        fail()

    assert work() == 1


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_what_a_function_raises_is_raised_as_it_is(error: BaseException, db: Engine) -> None:
    @db.mutation
    def fail(ctx: Any) -> None:
        ctx.db.insert("t", {})
        raise error

    with pytest.raises(type(error)) as caught:
        fail()

    assert caught.value is error
    assert db.ts == 0
