"""Which results are true: what becomes stale, what is due, what is cached, and what counts as another result."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.function import Function, Kind
from reactive_nb.functions.page import Journal
from reactive_nb.functions.runner import Runner
from reactive_nb.schema.declaration import table
from reactive_nb.subscriptions import manager as module
from reactive_nb.subscriptions.manager import SubscriptionManager
from reactive_nb.subscriptions.subscription import State, Subscription, args_of, key_of
from reactive_nb.transaction.committer import Proposal
from reactive_nb.values.conversion import vector
from reactive_nb.values.validators import v
from tests.transaction.held import Database, Held


class Watched:
    """A manager over a database without an engine: commits are heard, and `refresh` runs what is due."""

    def __init__(self) -> None:
        self.database = Database()
        committer = self.database.committer
        self.manager = SubscriptionManager(committer.recent.since, lambda cause: cause.met.commit.function)
        self.runner = Runner(committer, lambda proposal: self.commit(proposal), self, self.database.clock, None)  # type: ignore[arg-type]
        self.ids = self.database.ids
        committer.on_commit(self.manager.on_commit)
        self.database.define(balls=table(colour=v.string(), n=v.any()).index("by_colour", "colour"), boxes=table())

    def find(self, function: Function | str) -> Function:
        assert isinstance(function, Function)
        return function

    def commit(self, proposal: Proposal) -> Any:
        return self.database.committer.commit([proposal])[0]

    def write(self, body: Callable[[Held], Any]) -> Any:
        held = self.database.begin()
        result = body(held)
        self.database.commit(held)
        self.manager.check()
        return result

    def run(self, subscription: Subscription) -> Any:
        """Run it on the head and return its outcome, which the manager has not heard of."""
        return self.runner.query(subscription.function, args_of(subscription.key), None, Journal([]))

    def refresh(self) -> tuple[list[str], list[str]]:
        """Run what is due; return the calls that ran, and those whose result changed."""
        ran, changed = [], []
        for subscription in self.manager.due():
            self.manager.check()
            ran.append(subscription.call)
            if self.manager.record(subscription, self.run(subscription), 1.0):
                changed.append(subscription.call)
            self.manager.check()
        return ran, changed

    def hold(self, function: Function, **args: Any) -> Subscription:
        subscription = self.manager.hold(function, args)
        self.manager.check()
        return subscription

    def release(self, subscription: Subscription) -> None:
        self.manager.release(subscription)
        self.manager.check()

    def call(self, function: Function, **args: Any) -> Any:
        """Answer from the cache, or run and keep."""
        key = key_of(function, args)
        if self.manager.cached(key) is None:
            self.manager.keep(function, key, self.runner.query(function, args))
            self.manager.check()
            return "ran"
        return "cached"


def query(body: Callable[..., Any]) -> Function:
    return Function(body, Kind.QUERY)


@query
def by_colour(ctx: QueryContext, colour: str) -> Any:
    return [ball["n"] for ball in ctx.db.query("balls").with_index("by_colour", colour=colour).collect()]


@query
def how_many(ctx: QueryContext) -> Any:
    return ctx.db.query("balls").count()


@pytest.fixture
def watched() -> Watched:
    return Watched()


def ball(colour: str, n: Any = 1) -> Callable[[Held], Any]:
    return lambda held: held.insert("balls", {"colour": colour, "n": n})


# ------------------------------------------------------------------ stale or not


def test_a_new_subscription_is_loading_until_it_has_run(watched: Watched) -> None:
    red = watched.hold(by_colour, colour="red")
    assert (red.state, red.runs, red.result) == (State.LOADING, 0, None)
    assert watched.manager.has_due

    assert watched.refresh() == (["by_colour(colour='red')"], ["by_colour(colour='red')"])

    assert (red.state, red.runs, red.result, red.ts) == (State.FRESH, 1, [], 1)
    assert not watched.manager.has_due


def test_only_the_query_that_looked_there_runs_again(watched: Watched) -> None:
    watched.hold(by_colour, colour="red")
    watched.hold(by_colour, colour="blue")
    watched.refresh()

    watched.write(ball("red"))

    assert watched.refresh() == (["by_colour(colour='red')"], ["by_colour(colour='red')"])


def test_a_write_that_nobody_read_leaves_everything_as_it_was(watched: Watched) -> None:
    for colour in ["red", "blue"]:
        watched.hold(by_colour, colour=colour)
    watched.hold(how_many)
    watched.refresh()

    watched.write(lambda held: held.insert("boxes", {"colour": "red"}))

    assert watched.refresh() == ([], [])


def test_an_equal_result_is_not_a_change(watched: Watched) -> None:
    watched.write(ball("red", 1))
    watched.hold(how_many)
    watched.refresh()

    def swap(held: Held) -> None:
        held.delete(held.query("balls").collect()[0]["_id"])
        held.insert("balls", {"colour": "blue", "n": 2})

    watched.write(swap)

    assert watched.refresh() == (["how_many()"], [])


def test_an_equal_data_frame_is_not_a_change_and_answers_no_other_call(watched: Watched) -> None:
    @query
    def frame(ctx: QueryContext) -> Any:
        colours = [ball["colour"] for ball in ctx.db.query("balls").collect()]
        return pd.DataFrame({"colour": colours[:1], "list": [colours[:1]] * len(colours[:1])})

    subscription = watched.manager.hold(frame, {})
    watched.refresh()
    watched.write(ball("red"))
    assert watched.refresh() == (["frame()"], ["frame()"])

    watched.write(ball("blue"))

    assert watched.refresh() == (["frame()"], [])
    assert watched.manager.cached(subscription.key) is None


def test_several_commits_are_one_run_and_the_first_is_its_cause(watched: Watched) -> None:
    red = watched.hold(by_colour, colour="red")
    watched.refresh()

    watched.write(ball("red", 1))
    watched.write(ball("red", 2))

    assert red.state is State.STALE
    assert red.cause is not None
    assert (red.cause.met.commit.ts, red.cause.met.table, red.cause.met.index) == (2, "balls", "by_colour")
    assert watched.refresh()[0] == ["by_colour(colour='red')"]
    assert (red.result, red.cause) == ([1, 2], None)
    commit = red.history[-1].commit
    assert commit is not None
    assert commit.ts == 2


def balls(colour: str, count: int) -> Callable[[Held], Any]:
    return lambda held: [held.insert("balls", {"colour": colour, "n": n}) for n in range(count)]


@pytest.mark.parametrize("during", [False, True], ids=["", "while it runs"])
def test_of_a_large_commit_only_what_it_met_is_remembered(during: bool, watched: Watched) -> None:
    red = watched.hold(by_colour, colour="red")
    if during:
        (due,) = watched.manager.due()
        outcome = watched.run(due)
        watched.write(balls("red", 30))
        watched.manager.record(red, outcome, 1.0)
    else:
        watched.refresh()
        watched.write(balls("red", 30))
    watched.refresh()

    run = red.history[-1]
    assert run.commit is not None
    assert (run.commit.ts, len(run.commit.changes), run.commit.touched) == (2, 1, {})
    assert run.cause is not None
    assert (run.documents, run.cause.others) == ([run.commit.changes[0].id], 29)


def test_what_is_due_runs_in_the_order_in_which_it_became_so(watched: Watched) -> None:
    for colour in ["red", "blue"]:
        watched.hold(by_colour, colour=colour)
    watched.refresh()

    watched.write(ball("blue"))
    watched.write(ball("red"))

    assert watched.refresh()[0] == ["by_colour(colour='blue')", "by_colour(colour='red')"]


def test_a_commit_during_a_run_makes_its_result_stale_at_once(watched: Watched) -> None:
    red = watched.hold(by_colour, colour="red")
    (due,) = watched.manager.due()
    outcome = watched.run(due)

    watched.write(ball("red"))

    assert watched.manager.record(red, outcome, 1.0)
    watched.manager.check()
    assert (red.state, red.result) == (State.STALE, [])
    watched.refresh()
    assert (red.state, red.result) == (State.FRESH, [1])


def test_a_commit_beside_a_run_changes_nothing(watched: Watched) -> None:
    red = watched.hold(by_colour, colour="red")
    (due,) = watched.manager.due()
    outcome = watched.run(due)

    watched.write(ball("blue"))
    watched.manager.record(red, outcome, 1.0)

    assert red.state is State.FRESH


def test_a_run_older_than_the_history_runs_again_to_be_sure() -> None:
    watched = Watched()
    watched.database.committer.recent._limit = 1
    red = watched.hold(by_colour, colour="red")
    (due,) = watched.manager.due()
    outcome = watched.run(due)
    for _ in range(3):
        watched.write(lambda held: held.insert("boxes", {}))

    watched.manager.record(red, outcome, 1.0)

    assert red.state is State.STALE
    assert watched.refresh() == (["by_colour(colour='red')"], [])


@pytest.mark.parametrize("dropped", [False, True])
def test_a_table_declared_anew_makes_all_its_readers_stale(watched: Watched, dropped: bool) -> None:
    watched.hold(by_colour, colour="red")
    watched.hold(how_many)
    watched.hold(query_boxes)
    watched.refresh()

    if dropped:
        watched.database.drop("balls")
    else:
        watched.database.define(balls=table().index("by_colour", "colour"))

    assert watched.refresh()[0] == ["by_colour(colour='red')", "how_many()"]


@query
def query_boxes(ctx: QueryContext) -> Any:
    return ctx.db.query("boxes").collect()


def test_what_a_query_reads_may_change_from_run_to_run(watched: Watched) -> None:
    @query
    def follow(ctx: QueryContext) -> Any:
        pointer = ctx.db.query("boxes").first()
        colour = pointer["colour"] if pointer else "red"
        return ctx.db.query("balls").with_index("by_colour", colour=colour).count()

    watched.hold(follow)
    watched.refresh()
    watched.write(lambda held: held.insert("boxes", {"colour": "blue"}))
    watched.refresh()

    watched.write(ball("red"))
    assert watched.refresh() == ([], [])
    watched.write(ball("blue"))
    assert watched.refresh() == (["follow()"], ["follow()"])


# ------------------------------------------------------------------ errors


def test_an_error_is_a_result_of_its_own_and_recovers_with_its_data(watched: Watched) -> None:
    @query
    def ratio(ctx: QueryContext) -> Any:
        return 1 / ctx.db.query("balls").count()

    held = watched.hold(ratio)
    watched.hold(how_many)
    assert watched.refresh() == (["ratio()", "how_many()"], ["ratio()", "how_many()"])
    assert (held.state, held.result, type(held.error)) == (State.FRESH, None, ZeroDivisionError)

    watched.write(ball("red"))
    watched.refresh()

    assert (held.result, held.error) == (1.0, None)


class Frame:
    """Stands for what a frame holds."""


@pytest.mark.slow
def test_a_failed_run_is_remembered_without_what_its_frames_held(watched: Watched) -> None:
    frames: list[weakref.ref[Frame]] = []

    @query
    def ratio(ctx: QueryContext) -> Any:
        local = Frame()
        frames.append(weakref.ref(local))
        return 1 / ctx.db.query("balls").count()

    held = watched.hold(ratio)
    watched.refresh()
    assert held.error is not None
    assert held.error.__traceback__ is not None  # whoever gets the error sees where it comes from
    watched.write(ball("red"))
    watched.refresh()

    gc.collect()
    assert [frame() for frame in frames] == [None, None]
    assert [type(run.error) for run in held.history] == [ZeroDivisionError, type(None)]


def test_the_same_error_again_is_no_change_and_another_one_is(watched: Watched) -> None:
    @query
    def fail(ctx: QueryContext) -> Any:
        raise ValueError("few" if ctx.db.query("balls").count() < 2 else "many")

    watched.hold(fail)
    watched.refresh()

    watched.write(ball("red"))
    assert watched.refresh() == (["fail()"], [])
    watched.write(ball("red"))
    assert watched.refresh() == (["fail()"], ["fail()"])


# ------------------------------------------------------------------ sharing and letting go


def test_equal_calls_share_one_subscription(watched: Watched) -> None:
    first = watched.hold(by_colour, colour="red")
    second = watched.hold(by_colour, colour="red")
    assert first is second
    assert watched.refresh()[0] == ["by_colour(colour='red')"]

    watched.release(first)
    watched.write(ball("red"))

    assert watched.refresh()[0] == ["by_colour(colour='red')"]


@query
def echo(ctx: QueryContext, x: Any, y: Any = None) -> Any:
    return [x, y]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"x": 1}, {"x": 1}, True),
        ({"x": 1}, {"x": 1.0}, False),
        ({"x": 1}, {"x": True}, False),
        ({"x": 0.0}, {"x": -0.0}, False),
        ({"x": "1"}, {"x": 1}, False),
        ({"x": "a"}, {"x": b"a"}, False),
        ({"x": None}, {}, False),
        ({"x": 1, "y": 2}, {"y": 2, "x": 1}, True),
        ({"x": [1, 2]}, {"x": [1, 2]}, True),
        ({"x": vector([1.0])}, {"x": vector([1.0])}, True),
        ({"x": vector([1.0])}, {"x": [1.0]}, False),
        ({"x": float("nan")}, {"x": float("nan")}, True),
    ],
    ids=repr,
)
def test_calls_are_the_same_when_their_arguments_are_written_the_same(
    one: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    assert (key_of(echo, one) == key_of(echo, other)) == same


def test_a_released_subscription_that_is_stale_or_failed_is_gone(watched: Watched) -> None:
    @query
    def fail(ctx: QueryContext) -> Any:
        raise ValueError(ctx.db.query("boxes").count())

    red, failed, loading = watched.hold(by_colour, colour="red"), watched.hold(fail), watched.hold(how_many)
    for subscription in [watched.manager.due()[0], failed]:
        watched.manager.record(subscription, watched.run(subscription), 1.0)
    watched.write(ball("red"))

    for subscription in [red, failed, loading]:
        watched.release(subscription)

    assert [each.state for each in (red, failed, loading)] == [State.CLOSED] * 3
    assert list(watched.manager.subscriptions()) == []
    assert watched.refresh() == ([], [])


def test_an_outcome_for_a_subscription_that_was_let_go_meanwhile_is_ignored(watched: Watched) -> None:
    red = watched.hold(by_colour, colour="red")
    (due,) = watched.manager.due()
    outcome = watched.run(due)
    watched.release(red)

    assert watched.manager.record(red, outcome, 1.0) is False
    watched.manager.check()
    assert (red.state, red.runs) == (State.CLOSED, 0)


def test_one_who_asks_while_it_runs_does_not_make_it_run_again(watched: Watched) -> None:
    red = watched.hold(by_colour, colour="red")
    (due,) = watched.manager.due()
    outcome = watched.run(due)

    assert watched.hold(by_colour, colour="red") is red
    watched.manager.record(red, outcome, 1.0)

    assert watched.refresh() == ([], [])


# ------------------------------------------------------------------ functions replaced


def test_a_replaced_function_runs_again_and_no_other(watched: Watched) -> None:
    red = watched.hold(by_colour, colour="red")
    watched.hold(how_many)
    watched.refresh()

    watched.manager.replaced(Function(lambda ctx, colour: ["new"], Kind.QUERY, path="by_colour"))
    watched.manager.check()

    assert watched.refresh() == (["by_colour(colour='red')"], ["by_colour(colour='red')"])
    assert red.result == ["new"]
    assert red.history[-1].cause is None


def test_a_function_replaced_while_it_runs_runs_again(watched: Watched) -> None:
    red = watched.hold(by_colour, colour="red")
    (due,) = watched.manager.due()
    outcome = watched.run(due)

    watched.manager.replaced(Function(lambda ctx, colour: ["new"], Kind.QUERY, path="by_colour"))
    watched.manager.record(red, outcome, 1.0)
    watched.manager.check()

    assert red.state is State.STALE
    watched.refresh()
    assert (red.state, red.result) == (State.FRESH, ["new"])


# ------------------------------------------------------------------ cached answers


def test_an_answer_is_cached_until_something_it_read_changes(watched: Watched) -> None:
    assert watched.call(by_colour, colour="red") == "ran"
    assert watched.call(by_colour, colour="red") == "cached"
    watched.write(ball("blue"))
    assert watched.call(by_colour, colour="red") == "cached"

    watched.write(ball("red"))

    assert watched.call(by_colour, colour="red") == "ran"
    assert watched.refresh() == ([], [])


def test_a_held_result_answers_calls_and_stays_when_it_is_released(watched: Watched) -> None:
    red = watched.hold(by_colour, colour="red")
    watched.refresh()
    assert watched.call(by_colour, colour="red") == "cached"

    watched.release(red)

    assert watched.call(by_colour, colour="red") == "cached"
    assert red.result is None


def test_a_cached_answer_that_is_held_again_need_not_run(watched: Watched) -> None:
    watched.write(ball("red", 7))
    watched.call(by_colour, colour="red")

    red = watched.hold(by_colour, colour="red")

    assert (red.state, red.result) == (State.FRESH, [7])
    assert watched.refresh() == ([], [])


@query
def now(ctx: QueryContext) -> Any:
    return ctx.now()


@query
def tuple_of(ctx: QueryContext) -> Any:
    return (1, 2)


@query
def vector_of(ctx: QueryContext) -> Any:
    return [vector([1.0, 2.0])]


@query
def object_of(ctx: QueryContext) -> Any:
    return object()


@query
def failing(ctx: QueryContext) -> Any:
    raise ValueError


@pytest.mark.parametrize("function", [now, tuple_of, vector_of, object_of, failing], ids=lambda each: each.path)
def test_an_answer_that_would_not_be_the_same_again_is_not_cached(watched: Watched, function: Function) -> None:
    assert [watched.call(function), watched.call(function)] == ["ran", "ran"]

    held = watched.hold(function)
    watched.refresh()
    watched.release(held)

    assert held.state is State.CLOSED


def test_a_result_that_cannot_be_compared_counts_as_changed(watched: Watched) -> None:
    @query
    def made(ctx: QueryContext) -> Any:
        ctx.db.query("balls").count()
        return object()

    watched.hold(made)
    watched.refresh()
    watched.write(ball("red"))

    assert watched.refresh() == (["made()"], ["made()"])


def test_the_least_recently_used_answer_makes_room(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHED_RESULTS", 2)
    for x in [1, 2]:
        watched.call(echo, x=x)
    watched.call(echo, x=1)

    watched.call(echo, x=3)

    assert [watched.manager.cached(key_of(echo, {"x": x})) is not None for x in [1, 2, 3]] == [True, False, True]
    watched.manager.check()


def test_cached_answers_are_bounded_in_bytes(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHED_BYTES", 250)
    for x in ["a" * 100, "b" * 100, "c" * 100]:
        watched.call(echo, x=x)

    assert [watched.manager.cached(key_of(echo, {"x": x * 100})) is not None for x in "abc"] == [False, True, True]
    watched.manager.check()


def test_an_answer_larger_than_the_cache_throws_out_nothing(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHED_BYTES", 250)
    watched.call(echo, x="a")

    watched.call(echo, x="b" * 300)

    assert [watched.call(echo, x="a"), watched.call(echo, x="b" * 300)] == ["cached", "ran"]


# ------------------------------------------------------------------ check


def test_check_fails_when_a_reader_is_forgotten(watched: Watched) -> None:
    red = watched.hold(by_colour, colour="red")
    watched.refresh()

    red.intervals = {}

    with pytest.raises(AssertionError):
        watched.manager.check()


def test_check_fails_when_a_stale_result_is_not_due(watched: Watched) -> None:
    red = watched.hold(by_colour, colour="red")
    watched.refresh()

    red.state = State.STALE

    with pytest.raises(AssertionError):
        watched.manager.check()
