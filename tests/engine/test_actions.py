"""Actions: where they run, what their contexts let them do, and how each of them can be ended."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import (
    ActionCancelled,
    ActionTimeout,
    ArgumentValidationError,
    DatabaseClosed,
    FunctionKindError,
    NestedCallError,
    ReturnsValidationError,
)
from reactive_nb.functions.origin import calling_from
from reactive_nb.functions.runner import own_commits
from reactive_nb.testing import FakeClock
from tests.conftest import Connect

PATIENCE_S = 30
PROJECT = Path(__file__).parents[2]


class Notes:
    """A database with notes, a query, a mutation, and an action of each form that writes one."""

    def __init__(self, db: Engine) -> None:
        self.db = db
        db.define(notes=rnb.table(text=v.string()))

        @db.mutation
        def write(ctx: Any, text: str) -> str:
            return str(ctx.db.insert("notes", {"text": text}))

        @db.query
        def texts(ctx: Any) -> list[str]:
            return [each["text"] for each in ctx.db.query("notes").collect()]

        @db.action
        def plain(ctx: Any, text: str) -> list[str]:
            ctx.run_mutation(write, text=text)
            return list(ctx.run_query("texts"))

        @db.action
        async def waiting(ctx: Any, text: str) -> list[str]:
            await asyncio.sleep(0)
            ctx.run_mutation("write", text=text)
            return list(ctx.run_query(texts))

        self.write, self.texts, self.plain, self.waiting = write, texts, plain, waiting


@pytest.fixture
def notes(db: Engine) -> Notes:
    return Notes(db)


class Endless:
    """An `async def` that awaits what never comes.

    Attributes:
        begun: Set when it awaits.
        ended: Filled with how its await ended.
    """

    def __init__(self, db: Engine) -> None:
        self.begun = threading.Event()
        self.over = threading.Event()
        self.ended: list[type[BaseException]] = []

        @db.action
        async def endless(ctx: Any) -> None:
            self.begun.set()
            try:
                await asyncio.Event().wait()
            except BaseException as error:
                self.ended.append(type(error))
                raise
            finally:
                self.over.set()

        self.function = endless


class Looping:
    """A plain def that uses its context for ever."""

    def __init__(self, db: Engine) -> None:
        self.begun = threading.Event()

        @db.action
        def looping(ctx: Any) -> None:
            while True:
                ctx.now()
                self.begun.set()

        self.function = looping


def in_thread(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Call something on another thread; return it with a list that gets what came of it, raised or returned."""
    outcome: list[Any] = []

    def work() -> None:
        try:
            outcome.append(call())
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            outcome.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread, outcome


# ------------------------------------------------------------------ where they run


@pytest.mark.parametrize("name", ["plain", "waiting"])
def test_an_action_is_called_like_any_function(notes: Notes, name: str) -> None:
    function = getattr(notes, name)

    assert function("a") == ["a"]
    assert notes.db.run(name, text="b") == ["a", "b"]
    assert function.submit(text="c").result() == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["plain", "waiting"])
def test_an_action_runs_in_a_thread_whose_event_loop_runs_as_in_a_kernel(notes: Notes, name: str) -> None:
    function = getattr(notes, name)

    async def cell() -> list[list[str]]:
        return [function("a"), await function.call("b")]

    assert asyncio.run(cell()) == [["a"], ["a", "b"]]


def test_a_plain_action_runs_on_the_callers_thread_and_an_async_one_on_the_databases_own(db: Engine) -> None:
    @db.action
    def here(ctx: Any) -> str:
        return threading.current_thread().name

    @db.action
    async def there(ctx: Any) -> str:
        return threading.current_thread().name

    assert here() == threading.current_thread().name
    assert there() == "reactive_nb actions memory"


def test_async_actions_run_side_by_side(db: Engine) -> None:
    met = 0
    all_there: list[asyncio.Event] = []

    @db.action
    async def meet(ctx: Any) -> int:
        nonlocal met
        if not all_there:
            all_there.append(asyncio.Event())
        met += 1
        if met == 50:
            all_there[0].set()
        await all_there[0].wait()
        return met

    assert [each.result(PATIENCE_S) for each in [meet.submit() for _ in range(50)]] == [50] * 50


def test_an_action_of_a_module_is_run_by_its_database(db: Engine) -> None:
    module = rnb.module("outside")

    @module.action
    async def fetch(ctx: Any, url: str) -> str:
        return f"fetched {url}"

    db.include(module)

    assert fetch("x") == db.run("outside:fetch", url="x") == "fetched x"


def test_what_an_action_raises_its_caller_gets(db: Engine) -> None:
    @db.action
    def plain(ctx: Any) -> None:
        raise rnb.AppError({"code": 1})

    @db.action
    async def waiting(ctx: Any) -> None:
        raise rnb.AppError({"code": 2})

    for function, code in ((plain, 1), (waiting, 2)):
        for call in (function, function.submit().result):
            with pytest.raises(rnb.AppError) as raised:
                call()
            assert raised.value.data == {"code": code}


def test_an_async_action_that_ends_the_program_ends_only_itself(notes: Notes) -> None:
    # asyncio lets SystemExit through its whole loop, which would leave every other action waiting for ever.
    other = Endless(notes.db)
    waiting = other.function.submit()
    assert other.begun.wait(PATIENCE_S)

    @notes.db.action
    async def leave(ctx: Any) -> None:
        sys.exit(3)

    @notes.db.action
    async def leave_in_a_task(ctx: Any) -> None:
        await asyncio.create_task(leave.function(ctx))

    for function in (leave, leave_in_a_task):
        with pytest.raises(SystemExit):
            function()

    assert not waiting.done()
    assert notes.waiting("still there") == ["still there"]


# ------------------------------------------------------------------ arguments and results


@pytest.mark.parametrize("is_async", [False, True])
def test_arguments_and_results_are_checked(db: Engine, is_async: bool) -> None:
    def plain(ctx: Any, n: int) -> Any:
        return n if n < 10 else str(n)

    async def waiting(ctx: Any, n: int) -> Any:
        return n if n < 10 else str(n)

    function = db.action(waiting if is_async else plain, name="f")
    declared = db.action(returns=v.int64(), name="g")(waiting if is_async else plain)

    assert function(1) == declared(1) == 1
    assert function(10) == "10"
    with pytest.raises(ArgumentValidationError) as refused:
        function("x")
    assert str(refused.value).startswith("Cannot call f: $.n is 'x' (str).")
    with pytest.raises(ArgumentValidationError, match="the argument 'n' is missing"):
        function.submit().result()
    with pytest.raises(ReturnsValidationError, match=r"Cannot return from g: \$ is '10' \(str\)"):
        declared(10)


def test_a_query_or_mutation_cannot_be_async(db: Engine) -> None:
    async def wait(ctx: Any) -> None: ...

    for declare in (db.query, db.mutation):
        with pytest.raises(FunctionKindError) as refused:
            declare(wait)
        kind = declare.__name__
        assert str(refused.value) == (
            f"Cannot register wait: it is an async {kind}. Expected a plain def. "
            "Queries and mutations do not wait for anything; write def."
        )


@pytest.mark.parametrize("timeout", [timedelta(0), timedelta(seconds=-1), 5])
def test_a_timeout_is_a_span_above_zero(db: Engine, timeout: Any) -> None:
    with pytest.raises(FunctionKindError, match="Expected a timedelta above zero"):
        db.action(timeout=timeout)(lambda ctx: None)


# ------------------------------------------------------------------ what a context can do


def test_each_mutation_of_an_action_is_committed_by_itself(notes: Notes) -> None:
    @notes.db.action
    def half(ctx: Any) -> None:
        ctx.run_mutation(notes.write, text="kept")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()

    assert notes.texts() == ["kept"]


def test_functions_called_with_the_context_are_run_by_it(notes: Notes) -> None:
    @notes.db.action
    async def three(ctx: Any) -> Any:
        notes.write(ctx, "a")
        return [notes.texts(ctx), await notes.waiting(ctx, "b"), await notes.plain(ctx, text="c")]

    assert three() == [["a"], ["a", "b"], ["a", "b", "c"]]


def test_an_action_has_no_ctx_db(db: Engine) -> None:
    @db.action
    def reads(ctx: Any) -> Any:
        return ctx.db.query("notes").collect()

    with pytest.raises(FunctionKindError) as refused:
        reads()

    assert str(refused.value) == (
        "Cannot use ctx.db in reads: it is an action, which is no transaction. Expected a query or a mutation. "
        "Read with ctx.run_query(function, ...) and write with ctx.run_mutation(function, ...)."
    )


def test_each_kind_has_its_own_call(notes: Notes) -> None:
    @notes.db.action
    def confused(ctx: Any, run: str, function: str) -> Any:
        return getattr(ctx, run)(function, text="x")

    for run, function, sentence in (
        (
            "run_query",
            "write",
            "Cannot run write: it is a mutation. Expected a query. Use ctx.run_mutation.",
        ),
        (
            "run_mutation",
            "plain",
            "Cannot run plain: it is an action. Expected a mutation. Use ctx.run_action.",
        ),
        (
            "run_action",
            "texts",
            "Cannot run texts: it is a query. Expected an action. Use ctx.run_query.",
        ),
    ):
        with pytest.raises(FunctionKindError) as refused:
            confused(run, function)
        assert str(refused.value) == sentence


def test_an_action_has_the_time_and_chance_of_the_database(connect: Connect) -> None:
    clock = FakeClock()
    first, second = (Notes(connect(clock=clock, ids=rnb.testing.IdSource(clock, seed=3))) for _ in range(2))

    def declare(db: Engine) -> Any:
        @db.action
        def chance(ctx: Any) -> tuple[Any, float, str]:
            return ctx.now().isoformat(), ctx.random.random(), ctx.uuid()

        return chance

    one, other = declare(first.db), declare(second.db)
    assert one() == other()
    assert one()[0] == "2026-01-01T00:00:00+00:00"
    assert one()[1:] != one()[1:]


def test_what_an_action_reads_is_the_newest_commit(notes: Notes) -> None:
    @notes.db.action
    def twice(ctx: Any) -> list[list[str]]:
        before = ctx.run_query(notes.texts)
        thread, _ = in_thread(lambda: notes.write("from elsewhere"))
        thread.join()
        return [before, ctx.run_query(notes.texts)]

    assert twice() == [[], ["from elsewhere"]]


def test_progress_goes_where_the_action_was_started_also_from_inside(
    db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(db._surface, "progress", lambda title: lambda *told: heard.append((title, *told)))

    @db.action
    def inner(ctx: Any) -> None:
        ctx.progress(2, 3, "inside")

    @db.action
    async def outer(ctx: Any) -> None:
        ctx.progress(1)
        await ctx.run_action(inner)

    outer()
    outer.submit().result()
    inner()

    assert heard == [("outer", 1, None, ""), ("outer", 2, 3, "inside")] * 2 + [("inner", 2, 3, "inside")]


# ------------------------------------------------------------------ actions inside actions


@pytest.mark.parametrize("outer", ["def", "async def"])
@pytest.mark.parametrize("inner", ["plain", "waiting"])
def test_an_action_runs_another_one(notes: Notes, outer: str, inner: str) -> None:
    @notes.db.action
    def from_plain(ctx: Any) -> Any:
        return ctx.run_action(inner, text="x")

    @notes.db.action
    async def from_async(ctx: Any) -> Any:
        return await ctx.run_action(inner, text="x")

    assert (from_plain if outer == "def" else from_async)() == ["x"]


@pytest.mark.parametrize("inner", ["plain", "waiting"])
def test_an_action_that_fails_inside_another_one_raises_there(notes: Notes, inner: str) -> None:
    @notes.db.action
    async def outer(ctx: Any) -> str:
        try:
            await ctx.run_action(inner)
        except ArgumentValidationError as error:
            return error.path
        return "nothing"

    assert outer() == "$.text"


def test_actions_come_to_an_end_eight_deep(db: Engine) -> None:
    @db.action
    def plain(ctx: Any, left: int) -> int:
        return 0 if left == 0 else 1 + int(ctx.run_action("waiting", left=left - 1))

    @db.action
    async def waiting(ctx: Any, left: int) -> int:
        return 0 if left == 0 else 1 + int(await ctx.run_action("plain", left=left - 1))

    assert plain(8) == waiting(8) == 8
    with pytest.raises(NestedCallError) as refused:
        plain(9)
    assert str(refused.value) == (
        "Cannot run waiting: it would be nested 9 deep. Expected at most 8. "
        "An action that runs itself must come to an end; use a loop or a plain helper function."
    )


def test_more_actions_inside_one_another_than_there_are_threads_do_not_wait_for_ever(db: Engine) -> None:
    count = 40  # more than the pool has threads
    together = threading.Barrier(16)

    @db.action
    def innermost(ctx: Any, n: int) -> int:
        return n

    @db.action
    async def middle(ctx: Any, n: int) -> int:
        return int(await ctx.run_action(innermost, n=n))

    @db.action
    def outer(ctx: Any, n: int) -> int:
        if n < 16:
            together.wait(PATIENCE_S)  # all threads of the pool have an outer one
        return int(ctx.run_action(middle, n=n)) + int(middle(n))

    futures = [outer.submit(n) for n in range(count)]

    assert [each.result(PATIENCE_S) for each in futures] == [2 * n for n in range(count)]


def test_an_async_action_called_plainly_on_the_thread_of_async_actions_would_wait_for_itself(notes: Notes) -> None:
    @notes.db.action
    async def outer(ctx: Any) -> None:
        notes.waiting("x")

    @notes.db.action
    def between(ctx: Any) -> None:
        ctx.run_action(notes.waiting, text="x")

    @notes.db.action
    async def around(ctx: Any) -> None:
        between()

    for function in (outer, around):
        with pytest.raises(NestedCallError) as refused:
            function()
        assert str(refused.value) == (
            "Cannot run waiting: it is an async action, called on the thread of the async actions, and would wait for "
            "itself. Expected a call that is awaited. Write await ctx.run_action(waiting, ...) in an async def."
        )
    assert notes.texts() == []


# ------------------------------------------------------------------ not in queries and mutations


def test_a_query_or_mutation_cannot_run_an_action_and_is_told_to_schedule_it(notes: Notes) -> None:
    @notes.db.mutation
    def mutating(ctx: Any) -> None:
        ctx.run_action(notes.plain, text="x")

    @notes.db.query
    def querying(ctx: Any) -> None:
        notes.waiting(ctx, text="x")

    for function, name in ((mutating, "plain"), (querying, "waiting")):
        with pytest.raises(FunctionKindError) as refused:
            function()
        assert str(refused.value) == (
            f"Cannot run {name}: it is an action, called from a query or a mutation. Expected a query or a mutation. "
            f"In a mutation, schedule it: ctx.scheduler.run_after(0, {name}, ...)."
        )
    assert notes.texts() == []


@pytest.mark.parametrize("name", ["plain", "waiting"])
@pytest.mark.parametrize("how", ["called", "submitted"])
def test_an_action_called_in_a_mutation_without_its_context_is_to_be_scheduled(
    notes: Notes, name: str, how: str
) -> None:
    function = getattr(notes, name)

    @notes.db.mutation
    def mutating(ctx: Any) -> None:
        function("x") if how == "called" else function.submit("x").result()

    with pytest.raises(NestedCallError) as refused:
        mutating()

    assert str(refused.value) == (
        f"Cannot run {name}: it is an action, called inside mutating, which is a transaction. "
        "Expected a call from a cell or from another action. "
        f"In a mutation, schedule it: ctx.scheduler.run_after(0, {name}, ...)."
    )
    assert notes.texts() == []


# ------------------------------------------------------------------ timeouts


def test_an_async_action_ends_at_its_await_when_its_time_is_over(db: Engine) -> None:
    ended: list[str] = []

    @db.action(timeout=timedelta(milliseconds=5))  # type: ignore[untyped-decorator]
    async def slow(ctx: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    with pytest.raises(ActionTimeout) as refused:
        slow()

    assert ended == ["cleaned up"]
    assert str(refused.value) == (
        "Cannot go on with slow: it has run for longer than its timeout of 0.005 seconds. "
        "Expected an action that ends before. Give it more time with @db.action(timeout=...), or let it do less."
    )


def test_a_plain_action_ends_at_its_context_when_its_time_is_over(db: Engine) -> None:
    uses: dict[str, Callable[[Any], object]] = {
        "time": lambda ctx: ctx.now(),
        "chance": lambda ctx: ctx.uuid(),
        "progress": lambda ctx: ctx.progress(1),
        "scheduler": lambda ctx: ctx.scheduler,
        "query": lambda ctx: ctx.run_query("never looked for"),
    }

    @db.action(timeout=timedelta(milliseconds=1))  # type: ignore[untyped-decorator]
    def slow(ctx: Any, use: str) -> None:
        while True:
            uses[use](ctx) if ctx.run.seconds_left == 0 else None

    for use in uses:
        with pytest.raises(ActionTimeout, match=r"its timeout of 0\.001 seconds"):
            slow(use)


def test_a_timeout_of_the_users_own_stays_one(db: Engine) -> None:
    @db.action(timeout=timedelta(seconds=PATIENCE_S))  # type: ignore[untyped-decorator]
    async def slow(ctx: Any) -> None:
        async with asyncio.timeout(0.001):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError) as raised:
        slow()
    assert not isinstance(raised.value, ActionTimeout)


@pytest.mark.parametrize("outer", ["def", "async def"])
def test_an_action_inside_another_one_has_no_more_time_than_that(db: Engine, outer: str) -> None:
    endless = Endless(db).function

    @db.action(timeout=timedelta(milliseconds=5))  # type: ignore[untyped-decorator]
    def from_plain(ctx: Any) -> None:
        ctx.run_action(endless)

    @db.action(timeout=timedelta(milliseconds=5))  # type: ignore[untyped-decorator]
    async def from_async(ctx: Any) -> None:
        await ctx.run_action(endless)

    name = "from_plain" if outer == "def" else "from_async"
    with pytest.raises(ActionTimeout, match=f"Cannot go on with {name}: .* its timeout of 0.005 seconds"):
        db.run(name)


def test_the_time_of_an_action_begins_when_it_begins(db: Engine) -> None:
    span = timedelta(milliseconds=5)
    go_on = threading.Event()
    db.action(lambda ctx: go_on.wait(PATIENCE_S), name="blocking")
    blocking = [db.find("blocking").submit() for _ in range(16)]  # the whole pool
    queued = db.action(timeout=span, name="queued")(lambda ctx: "in time").submit()

    @db.action(timeout=span)  # type: ignore[untyped-decorator]
    async def as_long(ctx: Any) -> None:
        await asyncio.Event().wait()

    with pytest.raises(ActionTimeout):  # so much time has passed since
        as_long()
    go_on.set()

    assert [each.result() for each in blocking] == [True] * 16
    assert queued.result() == "in time"


# ------------------------------------------------------------------ cancelling


def test_cancelling_the_future_of_an_async_action_ends_it_at_its_await(db: Engine) -> None:
    endless = Endless(db)
    future = endless.function.submit()
    assert endless.begun.wait(PATIENCE_S)

    assert future.cancel()

    assert future.cancelled()
    assert concurrent.futures.wait([future], PATIENCE_S).not_done == set()
    assert endless.ended == [asyncio.CancelledError]


def test_an_async_action_that_was_cancelled_may_still_note_that_it_was(notes: Notes) -> None:
    begun = threading.Event()

    @notes.db.action
    async def noting(ctx: Any) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ctx.run_mutation(notes.write, text="cancelled")

    future = noting.submit()
    assert begun.wait(PATIENCE_S)
    future.cancel()
    concurrent.futures.wait([future], PATIENCE_S)

    assert notes.texts() == ["cancelled"]


def test_an_async_action_whose_future_is_cancelled_before_it_began_never_begins(connect: Connect) -> None:
    db = connect()
    entered, go_on = threading.Event(), threading.Event()
    ran: list[str] = []

    @db.action
    async def blocking(ctx: Any) -> None:
        entered.set()
        go_on.wait(PATIENCE_S)  # holds up the whole event loop

    @db.action
    async def late(ctx: Any) -> None:
        ran.append("late")

    first = blocking.submit()
    assert entered.wait(PATIENCE_S)
    second = late.submit()
    assert second.cancel()
    go_on.set()
    first.result(PATIENCE_S)

    assert concurrent.futures.wait([second], PATIENCE_S).not_done == set()
    assert ran == []
    assert db._runs._runs == {}
    db.close()  # which waits for all that runs


def test_cancelling_the_future_of_a_plain_action_ends_it_at_its_context(db: Engine) -> None:
    looping = Looping(db)
    future = looping.function.submit()
    assert looping.begun.wait(PATIENCE_S)

    assert future.cancel()

    with pytest.raises(ActionCancelled) as refused:
        future.result(PATIENCE_S)
    assert str(refused.value) == (
        "Cannot go on with looping: its future was cancelled. Expected an action that nobody cancels. "
        "What it has done until now is done; run it again if it shall be done whole."
    )
    assert not future.cancel()


def test_a_plain_action_whose_future_is_cancelled_before_it_began_never_begins(db: Engine) -> None:
    go_on = threading.Event()
    ran: list[str] = []
    db.action(lambda ctx: go_on.wait(PATIENCE_S), name="blocking")
    blocking = [db.find("blocking").submit() for _ in range(16)]
    late = db.action(lambda ctx: ran.append("late"), name="late").submit()

    assert late.cancel()
    go_on.set()

    assert concurrent.futures.wait([*blocking, late], PATIENCE_S).not_done == set()
    assert late.cancelled()
    assert ran == []


def test_the_future_of_an_action_that_is_over_cannot_be_cancelled(notes: Notes) -> None:
    for function in (notes.plain, notes.waiting):
        future = function.submit("x")
        future.result(PATIENCE_S)

        assert not future.cancel()


def test_cancelling_the_await_of_a_call_cancels_the_action(db: Engine) -> None:
    endless, looping = Endless(db), Looping(db)

    async def cell(call: Any, begun: threading.Event) -> None:
        task = asyncio.create_task(call())
        while not begun.is_set():
            await asyncio.sleep(0)
        task.cancel()
        await task

    for each in (endless, looping):
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(cell(each.function.call, each.begun))
    assert endless.over.wait(PATIENCE_S)


@pytest.mark.parametrize("inner", ["async def", "def"])
@pytest.mark.parametrize("outer", ["async def", "def"])
def test_cancelling_an_action_ends_what_it_waits_for(db: Engine, outer: str, inner: str) -> None:
    waited_for = Endless(db) if inner == "async def" else Looping(db)

    @db.action
    def from_plain(ctx: Any) -> None:
        ctx.run_action(waited_for.function)

    @db.action
    async def from_async(ctx: Any) -> None:
        await ctx.run_action(waited_for.function)

    future = (from_plain if outer == "def" else from_async).submit()
    assert waited_for.begun.wait(PATIENCE_S)
    future.cancel()

    with pytest.raises((ActionCancelled, concurrent.futures.CancelledError)):
        future.result(PATIENCE_S)
    db._runs.cancel()
    db._runs.close()  # returns when nothing runs any more


# ------------------------------------------------------------------ closing the database


@pytest.mark.parametrize("form", [Endless, Looping])
@pytest.mark.parametrize("how", ["called", "submitted"])
def test_closing_ends_actions_that_run_and_waits_for_them(connect: Connect, form: Any, how: str) -> None:
    db = connect()
    action = form(db)
    if how == "called":
        thread, outcome = in_thread(action.function)
    else:
        thread, outcome = in_thread(action.function.submit().result)
    assert action.begun.wait(PATIENCE_S)

    db.close()
    db.close()

    thread.join(PATIENCE_S)
    (error,) = outcome
    assert isinstance(error, ActionCancelled)
    assert error.thing == "its database is being closed"


@pytest.mark.parametrize("form", [Endless, Looping])
def test_closing_ends_jobs_that_are_actions(connect: Connect, form: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    db = connect(path)
    action = form(db)
    id = db.scheduler.run_after(0, action.function)
    assert action.begun.wait(PATIENCE_S)

    db.close()

    document: Any = connect(path).read(lambda ctx: ctx.db.system.get(id))
    assert document["state"]["kind"] == "failed"
    assert "its database is being closed" in document["state"]["error"]


@pytest.mark.parametrize("name", ["plain", "waiting"])
def test_an_action_that_begins_while_its_database_is_being_closed_does_nothing(notes: Notes, name: str) -> None:
    notes.db._runs.cancel()  # the first step of a close

    with pytest.raises(ActionCancelled, match="its database is being closed"):
        notes.db.run(name, text="x")
    assert notes.texts() == []


def test_closing_drops_what_was_submitted_and_has_not_begun(connect: Connect) -> None:
    db = connect()
    looping = Looping(db)
    futures = [looping.function.submit() for _ in range(20)]
    assert looping.begun.wait(PATIENCE_S)

    db.close()

    assert concurrent.futures.wait(futures, PATIENCE_S).not_done == set()
    for future in futures:
        with pytest.raises((ActionCancelled, concurrent.futures.CancelledError)):
            future.result()


def test_closing_lets_an_async_action_clean_up(connect: Connect) -> None:
    db = connect()
    begun = threading.Event()
    cleaned: list[str] = []

    @db.action
    async def careful(ctx: Any) -> None:
        asyncio.get_running_loop().create_task(left_behind())
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("action")

    async def left_behind() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append("its task")

    careful.submit()
    assert begun.wait(PATIENCE_S)
    db.close()

    assert cleaned == ["action", "its task"]


def test_two_threads_may_close_while_an_action_runs(connect: Connect) -> None:
    db = connect()
    endless = Endless(db)
    endless.function.submit()
    assert endless.begun.wait(PATIENCE_S)

    closing = [in_thread(db.close) for _ in range(2)]

    for thread, _ in closing:
        thread.join(PATIENCE_S)
    assert [outcome for _, outcome in closing] == [[None], [None]]


@pytest.mark.parametrize(
    ("form", "how"),
    [
        *(
            (form, how)
            for form in ("def", "async def")
            for how in ("called", "submitted", "scheduled", "inside another")
        ),
        ("mutation", "scheduled"),
        ("mutation", "submitted"),
    ],
)
def test_what_a_close_would_wait_for_cannot_close(connect: Connect, form: str, how: str) -> None:
    db = connect()

    def closing(ctx: Any) -> None:
        db.close()

    async def closing_async(ctx: Any) -> None:
        db.close()

    declare = db.mutation if form == "mutation" else db.action
    function = declare(closing_async if form == "async def" else closing, name="closing")
    refusal = "Cannot close the database: it is called by a listener of a live result, by an action, or by a function"
    if how == "scheduled":
        id = db.scheduler.run_after(0, function)
        db.settle()
        document: Any = db.read(lambda ctx: ctx.db.system.get(id))
        assert refusal in document["state"]["error"]
    else:
        db.action(lambda ctx: ctx.run_action(function), name="outer")
        calls = {
            "called": function,
            "submitted": lambda: function.submit().result(),
            "inside another": db.find("outer"),
        }
        with pytest.raises(NestedCallError, match=refusal):
            calls[how]()
    assert not db.closed


def test_after_its_end_an_action_is_refused(notes: Notes, connect: Connect) -> None:
    other = Notes(connect())
    other.waiting("x")
    other.db.close()

    for use in (other.waiting, other.plain, other.waiting.submit, other.plain.submit):
        with pytest.raises(DatabaseClosed):
            use("x")
    with pytest.raises(DatabaseClosed):  # one that was past the first door
        other.db._runs.call(other.waiting, {"text": "x"}, lambda *_: None)
    assert other.db._runs._runs == {}


def test_a_context_that_outlives_its_action_is_refused_by_a_closed_database(connect: Connect) -> None:
    notes = Notes(connect())
    kept: list[Any] = []
    notes.db.action(kept.append, name="keep")()
    notes.db.close()

    with pytest.raises(DatabaseClosed):
        kept[0].run_query(notes.texts)


@pytest.mark.slow
def test_a_database_in_memory_that_nobody_holds_goes_with_the_threads_of_its_actions() -> None:
    def cell() -> weakref.ref[Engine]:
        notes = Notes(rnb.connect(clock=FakeClock()))
        notes.waiting("a")
        notes.waiting.submit("b").result()
        notes.plain.submit("c").result()

        @notes.db.action
        async def outer(ctx: Any) -> Any:
            return await ctx.run_action(notes.plain, text="d")

        outer()
        notes.db.scheduler.run_after(0, notes.waiting, text="e")
        notes.db.scheduler.run_after(0, notes.plain, text="f")
        notes.db.scheduler.run_after(0, notes.write, text="g")
        notes.db.settle()
        assert len(notes.texts()) == 7
        return weakref.ref(notes.db)

    before = set(threading.enumerate())
    gone = cell()
    left = set(threading.enumerate()) - before

    assert {"reactive_nb actions memory", "reactive_nb jobs memory"} <= {thread.name for thread in left}
    for _ in range(PATIENCE_S * 10):  # a thread that is at work holds its database until it is done
        gc.collect()
        for thread in left:
            thread.join(timeout=0.1 / len(left))
        left = {thread for thread in left if thread.is_alive()}
        if not left:
            break
    assert left == set()
    assert gone() is None


# ------------------------------------------------------------------ who has written


def test_commits_of_an_action_have_the_origin_of_its_call(notes: Notes) -> None:
    with calling_from("In[7]"):
        notes.plain("a")
        notes.waiting("b")
        notes.plain.submit("c").result()
        notes.waiting.submit("d").result()

    assert [commit.origin for commit in notes.db.commits(4)] == ["In[7]"] * 4


@pytest.mark.parametrize("name", ["plain", "waiting"])
@pytest.mark.parametrize("how", ["called", "submitted"])
def test_commits_of_an_action_called_in_a_cell_come_from_that_cell(
    notes: Notes, monkeypatch: pytest.MonkeyPatch, name: str, how: str
) -> None:
    main = threading.current_thread()
    monkeypatch.setattr(notes.db._runner, "_origin", lambda: "In[7]" if threading.current_thread() is main else "else")
    function = getattr(notes, name)

    function("a") if how == "called" else function.submit("a").result()

    assert notes.db.commits(1)[0].origin == "In[7]"


def test_own_commits_are_also_those_of_actions(notes: Notes) -> None:
    @notes.db.action
    async def outer(ctx: Any) -> None:
        await ctx.run_action(notes.plain, text="from inside")

    with own_commits() as own:
        notes.plain("a")
        notes.waiting("b")
        outer()

    assert own == [commit.ts for commit in notes.db.commits(3)]


# ------------------------------------------------------------------ Ctrl-C

INTERRUPTED = """
import asyncio, faulthandler, signal, sys, threading
import reactive_nb as rnb
faulthandler.dump_traceback_later(60, exit=True)
db = rnb.connect()
begun, over = threading.Event(), threading.Event()

@db.action
async def endless(ctx):
    begun.set()
    try:
        await asyncio.Event().wait()
    finally:
        over.set()

@db.action
def outer(ctx):
    ctx.run_action(endless)

@db.action
async def fine(ctx):
    return "fine"

def press():
    begun.wait()
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

for function in (endless, outer):
    begun.clear(), over.clear()
    threading.Thread(target=press).start()
    try:
        function()
    except KeyboardInterrupt:
        print("interrupted")
    assert over.wait(30)
assert fine() == "fine"
db.close()
print("closed")
"""

EVERYWHERE = """
import asyncio, faulthandler, signal, sys, threading
import reactive_nb as rnb
faulthandler.dump_traceback_later(100, exit=True)
db = rnb.connect()

@db.action
async def waiting(ctx, n):
    await asyncio.sleep(0)
    return n

@db.action
def plain(ctx, n):
    return ctx.run_action(waiting, n=n)

@db.mutation
def later(ctx):
    ctx.scheduler.run_after(0, waiting, n=3)

def submitted():
    return plain.submit(4), waiting.submit(4)

class Pressed:
    def __init__(self, at):
        self.at, self.points = at, 0
    def __call__(self, frame, event, arg):
        if event in ("call", "c_return"):
            self.points += 1
            if self.points == self.at:
                signal.raise_signal(signal.SIGINT)

def interrupted(operation, at):
    pressed = Pressed(at)
    sys.setprofile(pressed)
    try:
        operation()
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(None)
    return pressed.points

operations = [lambda: waiting(1), lambda: plain(2), later, submitted, db.settle]
done = 0
for operation in operations:
    for _ in range(3):
        count = interrupted(operation, 1 << 60)
    for at in range(1, count + 1):
        interrupted(operation, at)
        done += 1
        if at % 50 == 0:
            assert waiting(5) == plain(5) == 5
db.settle()
closing = threading.Thread(target=db.close)
closing.start()
closing.join(60)
assert not closing.is_alive()
assert db._runs._runs == {}
print("whole" if done > 400 else f"only {done} points")
"""


def run(program: str) -> str:
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this platform sends no signals to threads")
def test_ctrl_c_ends_the_wait_for_an_async_action_and_the_action() -> None:
    assert run(INTERRUPTED) == "interrupted\ninterrupted\nclosed\n"


@pytest.mark.slow
def test_ctrl_c_at_any_point_of_a_call_leaves_nothing_that_a_close_waits_for() -> None:
    assert run(EVERYWHERE) == "whole\n"
