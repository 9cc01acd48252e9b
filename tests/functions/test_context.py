"""`ctx`: functions inside functions, sub-transactions, time and chance, and contexts whose function has ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

import pytest

from reactive_nb.engine import Engine
from reactive_nb.errors import FunctionKindError, NestedCallError, ReactiveError, TransactionClosed
from reactive_nb.testing import FakeClock
from tests.tools import insert, stored


@pytest.fixture
def functions(db: Engine) -> dict[str, Any]:
    """A query and two mutations to call from others."""

    @db.query
    def size(ctx: Any, table: str = "t") -> int:
        return ctx.db.query(table).count()

    @db.mutation
    def add(ctx: Any, n: int) -> str:
        return ctx.db.insert("t", {"n": n})

    @db.mutation
    def add_and_fail(ctx: Any, n: int) -> None:
        ctx.db.insert("t", {"n": n})
        ctx.db.insert("created", {})
        raise ZeroDivisionError

    return {"size": size, "add": add, "add_and_fail": add_and_fail}


WAYS: list[tuple[str, Callable[[Any, dict[str, Any]], Any]]] = [
    ("ctx.run_query(function)", lambda ctx, f: ctx.run_query(f["size"], table="t")),
    ("ctx.run_query(path)", lambda ctx, f: ctx.run_query("size", table="t")),
    ("function(ctx)", lambda ctx, f: f["size"](ctx, table="t")),
    ("function(ctx), by position", lambda ctx, f: f["size"](ctx, "t")),
    ("function(ctx), default", lambda ctx, f: f["size"](ctx)),
]


@pytest.mark.parametrize(("name", "call"), WAYS, ids=[name for name, _ in WAYS])
def test_a_nested_query_sees_the_writes_before_it(
    name: str, call: Callable[[Any, dict[str, Any]], Any], db: Engine, functions: dict[str, Any]
) -> None:
    @db.mutation
    def outer(ctx: Any) -> list[int]:
        before = call(ctx, functions)
        functions["add"](ctx, n=1)
        return [before, call(ctx, functions)]

    assert outer() == [0, 1]


def test_what_a_nested_query_reads_its_caller_has_read(db: Engine, functions: dict[str, Any]) -> None:
    @db.query
    def outer(ctx: Any) -> int:
        return functions["size"](ctx) + 100

    with outer.live() as live:
        insert(db, "t", {})
        db.settle()

        assert live.value == 101


def test_a_nested_mutation_that_raises_loses_only_its_own_writes(db: Engine, functions: dict[str, Any]) -> None:
    @db.mutation
    def outer(ctx: Any) -> list[int]:
        functions["add"](ctx, n=1)
        with pytest.raises(ZeroDivisionError):
            functions["add_and_fail"](ctx, n=2)
        after = ctx.db.query("t").count()
        functions["add"](ctx, n=3)
        return [after, ctx.db.query("created").count()]

    assert outer() == [1, 0]
    assert stored(db, "t") == [{"n": 1}, {"n": 3}]
    assert list(db.tables()) == ["t"]


def test_a_rollback_brings_back_what_was_deleted_and_changed(db: Engine) -> None:
    a, b = insert(db, "t", {"n": 1}, {"n": 2})

    @db.mutation
    def spoil(ctx: Any) -> None:
        ctx.db.delete(a)
        ctx.db.patch(b, {"n": 9})
        assert ctx.db.query("t").count() == 1
        raise ZeroDivisionError

    @db.mutation
    def outer(ctx: Any) -> Any:
        ctx.db.patch(a, {"n": 5})
        with pytest.raises(ZeroDivisionError):
            spoil(ctx)
        return [document["n"] for document in ctx.db.query("t")]

    assert outer() == [5, 2]
    assert stored(db, "t") == [{"n": 5}, {"n": 2}]


def test_an_error_that_nobody_catches_undoes_the_whole_mutation(db: Engine, functions: dict[str, Any]) -> None:
    @db.mutation
    def outer(ctx: Any) -> None:
        functions["add"](ctx, n=1)
        functions["add_and_fail"](ctx, n=2)

    with pytest.raises(ZeroDivisionError):
        outer()

    assert db.ts == 0


def test_nested_arguments_and_results_are_checked(db: Engine, functions: dict[str, Any]) -> None:
    @db.mutation
    def outer(ctx: Any) -> None:
        functions["add"](ctx, n="x")

    with pytest.raises(ReactiveError, match=r"Cannot call add: \$\.n is 'x' \(str\)"):
        outer()


# ------------------------------------------------------------------ a stale query


def test_a_stale_query_is_not_counted_as_read(db: Engine, functions: dict[str, Any]) -> None:
    insert(db, "t", {"n": 0})
    attempts: list[int] = []

    @db.mutation
    def outer(ctx: Any) -> int:
        attempts.append(1)
        size = ctx.run_stale_query(functions["size"])
        if len(attempts) == 1:
            functions["add"].submit(n=1).result()
        ctx.db.insert("sizes", {"size": size})
        return size

    insert(db, "sizes", {"size": 0})

    assert outer() == 1
    assert len(attempts) == 1


def test_a_plain_nested_query_is_counted_as_read(db: Engine, functions: dict[str, Any]) -> None:
    insert(db, "t", {"n": 0})
    attempts: list[int] = []

    @db.mutation
    def outer(ctx: Any) -> int:
        attempts.append(1)
        size = ctx.run_query(functions["size"])
        if len(attempts) == 1:
            functions["add"].submit(n=1).result()
        ctx.db.insert("sizes", {"size": size})
        return size

    assert outer() == 2
    assert len(attempts) == 2


# ------------------------------------------------------------------ kinds and depth


MIXED: list[tuple[str, str, Callable[[Any, dict[str, Any]], Any], str]] = [
    (
        "run_query of a mutation",
        "mutation",
        lambda ctx, f: ctx.run_query(f["add"], n=1),
        "Cannot run add: it is a mutation. Expected a query. Use ctx.run_mutation.",
    ),
    (
        "run_mutation of a query",
        "mutation",
        lambda ctx, f: ctx.run_mutation(f["size"]),
        "Cannot run size: it is a query. Expected a mutation. Use ctx.run_query.",
    ),
    (
        "run_stale_query of a mutation",
        "mutation",
        lambda ctx, f: ctx.run_stale_query(f["add"], n=1),
        "Cannot run add: it is a mutation. Expected a query. Use ctx.run_mutation.",
    ),
    (
        "a mutation in a query",
        "query",
        lambda ctx, f: f["add"](ctx, n=1),
        "it is a mutation, called from a query. Expected a query. Only mutations may run mutations; call it from a cell",
    ),
    (
        "run_mutation in a query",
        "query",
        lambda ctx, f: ctx.run_mutation("add", n=1),
        "Cannot run add: it is a mutation, called from a query.",
    ),
]


@pytest.mark.parametrize(("name", "kind", "call", "says"), MIXED, ids=[case[0] for case in MIXED])
def test_kinds_are_not_mixed_up(
    name: str, kind: str, call: Callable[..., Any], says: str, db: Engine, functions: dict[str, Any]
) -> None:
    outer = getattr(db, kind)(lambda ctx: call(ctx, functions))

    with pytest.raises(FunctionKindError) as caught:
        outer()

    assert says in str(caught.value)
    assert db.ts == 0


@pytest.mark.parametrize("kind", ["query", "mutation"])
def test_functions_nest_eight_deep_and_no_deeper(kind: str, db: Engine) -> None:
    def deeper(ctx: Any, levels: int) -> int:
        return 0 if levels == 0 else 1 + function(ctx, levels=levels - 1)

    function = getattr(db, kind)(deeper)

    assert function(levels=8) == 8
    with pytest.raises(NestedCallError) as caught:
        function(levels=9)
    assert str(caught.value) == (
        "Cannot run deeper: it would be nested 9 deep. Expected at most 8. "
        "A function that runs itself must come to an end; use a loop or a plain helper function."
    )


# ------------------------------------------------------------------ time and chance


def test_time_stands_still_in_a_function(db: Engine, clock: FakeClock) -> None:
    @db.query
    def twice(ctx: Any) -> list[datetime]:
        first = ctx.now()
        clock.advance(timedelta(hours=1))
        return [first, ctx.now()]

    assert twice() == [datetime(2026, 1, 1, tzinfo=UTC)] * 2
    assert twice() == [datetime(2026, 1, 1, 1, tzinfo=UTC)] * 2


def test_each_run_has_its_own_chance(db: Engine) -> None:
    @db.query
    def lots(ctx: Any) -> list[Any]:
        return [ctx.random.random(), ctx.random.random(), ctx.uuid(), ctx.uuid()]

    drawn = lots() + lots()

    assert len(set(drawn)) == 8


def test_a_query_whose_nested_query_asked_for_the_time_is_not_cached(db: Engine, clock: FakeClock) -> None:
    @db.query
    def inner(ctx: Any) -> datetime:
        return ctx.now()

    @db.query
    def outer(ctx: Any) -> datetime:
        return inner(ctx)

    before = outer()
    clock.advance(timedelta(seconds=5))

    assert outer() - before == timedelta(seconds=5)


# ------------------------------------------------------------------ after the end


USES: list[tuple[str, Callable[[Any, Any, str], object]]] = [
    ("get", lambda ctx, query, id: ctx.db.get(id)),
    ("query", lambda ctx, query, id: ctx.db.query("t")),
    ("insert", lambda ctx, query, id: ctx.db.insert("t", {})),
    ("insert into a new table", lambda ctx, query, id: ctx.db.insert("new", {})),
    ("patch", lambda ctx, query, id: ctx.db.patch(id, {})),
    ("collect", lambda ctx, query, id: query.collect()),
    ("first", lambda ctx, query, id: query.first()),
    ("count", lambda ctx, query, id: query.count()),
    ("paginate", lambda ctx, query, id: query.paginate(1)),
    ("iterate", lambda ctx, query, id: list(query)),
    ("run_query", lambda ctx, query, id: ctx.run_query("size")),
    ("run_mutation", lambda ctx, query, id: ctx.run_mutation("add", n=1)),
]


@pytest.mark.parametrize(("name", "use"), USES, ids=[name for name, _ in USES])
def test_a_context_is_closed_when_its_function_has_ended(
    name: str, use: Callable[[Any, Any, str], object], db: Engine, functions: dict[str, Any]
) -> None:
    (id,) = insert(db, "t", {})
    kept: list[Any] = []

    @db.mutation
    def leak(ctx: Any) -> None:
        kept.extend([ctx, ctx.db.query("t")])

    leak()
    before = db.ts

    with pytest.raises(TransactionClosed) as caught:
        use(*kept, id)

    assert str(caught.value) == (
        "Cannot use the transaction: its function or block has ended. Expected use within the function or the block "
        "that got it. Return what you need from the function, and start another one to read again."
    )
    assert db.ts == before


def test_a_transaction_block_is_closed_at_its_end(db: Engine) -> None:
    with db.transaction() as tx:
        tx.db.insert("t", {})

    with pytest.raises(TransactionClosed):
        tx.db.insert("t", {})


# ------------------------------------------------------------------ results that would read later


RESULTS: list[tuple[str, Callable[[Any], Any]]] = [
    ("a generator", lambda ctx: (document["n"] for document in ctx.db.query("t"))),
    ("map", lambda ctx: map(itemgetter("n"), ctx.db.query("t"))),
    ("an iterator that was begun", lambda ctx: (lambda ns: [next(ns), ns][1])(iter([0, 1, 2]))),
]


@pytest.mark.parametrize(("name", "body"), RESULTS, ids=[name for name, _ in RESULTS])
def test_a_generator_is_read_before_its_transaction_ends(name: str, body: Callable[[Any], Any], db: Engine) -> None:
    insert(db, "t", {"n": 1}, {"n": 2})

    @db.mutation
    def outer(ctx: Any) -> list[Any]:
        return [ctx.run_query(function), ctx.run_stale_query(function)]

    function = db.query(body)

    assert function() == db.read(body) == db.mutation(body)() == [1, 2]
    assert outer() == [[1, 2], [1, 2]]


def test_a_query_as_a_result_is_its_documents(db: Engine) -> None:
    insert(db, "t", {"n": 1})

    assert db.read(lambda ctx: ctx.db.query("t")) == db.read(lambda ctx: ctx.db.query("t").collect())


def test_a_mutation_written_as_a_generator_does_its_writes(db: Engine) -> None:
    @db.mutation
    def add(ctx: Any, up_to: int) -> list[str]:  # type: ignore[misc]
        for n in range(up_to):
            yield ctx.db.insert("t", {"n": n})

    ids = add(up_to=2)

    assert [document["_id"] for document in db.read(lambda ctx: ctx.db.query("t").collect())] == ids
