"""What a run changed in its query's result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.notebook.teach.effect import COMPARED, MISSING, Effect, compared, effect_of
from reactive_nb.subscriptions.subscription import State, Subscription
from tests.conftest import Connect
from tests.tools import insert


def said(effect: Effect) -> tuple[str, list[Any]]:
    return effect.sentence, [(row.kind, row.key, {name: cells for name, *cells in row.fields}) for row in effect.rows]


A, B = {"_id": "a", "_creationTime": 1.0, "n": 1}, {"_id": "b", "_creationTime": 2.0, "n": 2}


@pytest.mark.parametrize(
    ("old", "new", "sentence", "rows"),
    [
        ([], [A], "1 row added; 0 rows before, 1 now.", [("added", "a", {"n": [MISSING, 1]})]),
        ([A, B], [B], "1 row removed; 2 rows before, 1 now.", [("removed", "a", {"n": [1, MISSING]})]),
        ([A], [A | {"n": 3}], "1 row changed; 1 row before, 1 now.", [("changed", "a", {"n": [1, 3]})]),
        ([A], [A | {"m": 3}], "1 row changed; 1 row before, 1 now.", [("changed", "a", {"m": [MISSING, 3]})]),
        ([A, B], [B, A], "1 row moved; 2 rows before, 2 now.", []),
        ([{"_id": "a"}], [], "1 row removed; 1 row before, 0 now.", [("removed", "a", {"_id": ["a", MISSING]})]),
        ([1], [True], "1 row changed; 1 row before, 1 now.", [("changed", "#0", {"value": [1, True]})]),
        ([1, 2, 3], [0, 1, 2, 3], "1 row added; 3 rows before, 4 now.", [("added", "", {"value": [MISSING, 0]})]),
        (
            [{"c": "UA", "n": 1}, {"c": "AA", "n": 2}],
            [{"c": "UA", "n": 5}, {"c": "AA", "n": 2}],
            "1 row changed; 2 rows before, 2 now.",
            [("changed", "#0", {"n": [1, 5]})],
        ),
        (
            [{"n": 3}, {"n": 2}, {"n": 1}],
            [{"n": 4}, {"n": 3}, {"n": 2}],
            "1 row added, 1 row removed; 3 rows before, 3 now.",
            [("removed", "", {"n": [1, MISSING]}), ("added", "", {"n": [MISSING, 4]})],
        ),
        ({"n": 1, "m": 2}, {"n": 1, "m": 3}, "1 field changed.", [("changed", "", {"m": [2, 3]})]),
        (1, 2, "The value changed.", [("changed", "", {"value": [1, 2]})]),
        (None, [A], "The value changed.", [("changed", "", {"value": [None, [A]]})]),
        (
            pd.DataFrame({"c": ["UA", "AA"], "n": [1, 2]}),
            pd.DataFrame({"c": ["UA", "AA"], "n": [5, 2]}),
            "1 row changed; 2 rows before, 2 now.",
            [("changed", "#0", {"n": [1, 5]})],
        ),
    ],
)
def test_two_results_are_told_apart_in_rows(old: Any, new: Any, sentence: str, rows: list[Any]) -> None:
    assert said(compared(old, new)) == (sentence, rows)


def test_only_the_first_rows_of_a_huge_result_are_compared() -> None:
    old = [{"_id": str(n), "n": n} for n in range(COMPARED + 1)]
    new = [{"_id": "new", "n": 0}, *old[:-2], old[-2] | {"n": -1}, old[-1]]

    sentence, rows = said(compared(old, new))

    assert sentence == ("1 row added, 1 row removed (of the first 5,000 rows); 5,001 rows before, 5,002 now.")
    assert [row[1] for row in rows] == [str(COMPARED - 1), "new"]


# ---------------------------------------------------------------------- runs of a query

Tell = Callable[[int], str]


@pytest.fixture
def db(connect: Connect) -> Engine:
    db = connect(history=6)
    db.define(t=rnb.table(n=v.number()).index("by_n", "n"))
    return db


@pytest.fixture
def small(db: Engine) -> Any:
    @db.query
    def small(ctx: Any) -> Any:
        found = [each["n"] for each in ctx.db.query("t").with_index("by_n", lambda q: q.lt("n", 10)).collect()]
        if -1 in found:
            raise ValueError("bad <n>")
        return sorted(set(found))

    return small


def teller(db: Engine, live: Any) -> Tell:
    """Return what tells the effect of a run, -1 for the last."""

    def tell(at: int) -> str:
        db.settle()
        history = list(live.history)
        kept = next((each for each in db.subscriptions() if each.key == history[-1].key), None)
        return effect_of(db, kept, history, at % len(history)).sentence

    return tell


def test_a_first_run_a_changed_and_an_equal_result(db: Engine, small: Any) -> None:
    live = small.live()
    tell = teller(db, live)
    insert(db, "t", {"n": 1})
    db.settle()
    insert(db, "t", {"n": 1})

    assert tell(0) == "Its first result; there was none before."
    assert tell(1) == "1 row added; 0 rows before, 1 now."
    assert tell(2) == "It ran, and the result stayed the same: nobody was told."


def test_a_result_of_sql_is_told_by_its_rows(db: Engine) -> None:
    live = db.sql("select n, count(*) as number from t where n < 10 group by n order by n").live()
    tell = teller(db, live)
    insert(db, "t", {"n": 1})
    db.settle()
    insert(db, "t", {"n": 1})

    assert tell(1) == "1 row added; 0 rows before, 1 now."
    assert tell(2) == "1 row changed; 1 row before, 1 now."


def test_a_result_of_sql_that_does_not_follow_from_its_moment_cannot_be_told(db: Engine) -> None:
    runs = iter(range(9))

    @db.query
    def counted(ctx: Any):  # type: ignore[no-untyped-def]  # a frame is no value that an annotation could promise
        return ctx.sql("select count(*) as n from t").df() + next(runs)

    live = counted.live()
    tell = teller(db, live)
    insert(db, "t", {"n": 1})

    assert tell(1) == "What changed cannot be told: run again as of then, its query gives something else."


def test_failing_and_coming_back(db: Engine, small: Any) -> None:
    live = small.live()
    tell = teller(db, live)
    (_bad,) = insert(db, "t", {"n": -1})
    db.settle()
    insert(db, "t", {"n": -1})
    db.settle()
    db.write(lambda ctx: [ctx.db.delete(each["_id"]) for each in ctx.db.query("t").collect()])

    assert tell(1) == "It raised ValueError: bad <n>."
    assert tell(2) == "It raised ValueError: bad <n> again."
    assert tell(3) == "It has a result again; the run before raised ValueError: bad <n>."


def test_what_the_history_has_let_go_of_cannot_be_told(db: Engine, small: Any) -> None:
    live = small.live()
    tell = teller(db, live)
    insert(db, "t", {"n": 1})
    db.settle()
    assert tell(-1).startswith("1 row added")

    for _ in range(7):
        insert(db, "t", {"n": 99})

    assert tell(-1) == "The history does not reach back so far, so what changed cannot be told."


def test_a_run_before_that_is_forgotten_cannot_be_told(db: Engine, small: Any) -> None:
    live = small.live()
    for n in range(30):
        insert(db, "t", {"n": n / 10})
        db.settle()

    assert teller(db, live)(0) == "The run before is no longer known, so what changed cannot be told."


def test_after_its_function_was_defined_again_nothing_before_can_be_told(db: Engine, small: Any) -> None:
    live = small.live()
    tell = teller(db, live)
    insert(db, "t", {"n": 1})
    db.settle()

    @db.query(name="small")
    def other(ctx: Any) -> Any:
        return ctx.db.query("t").count()

    unknown = "Its function may have been defined again since, so what changed cannot be told."
    assert [tell(1), tell(2)] == [unknown, unknown]

    insert(db, "t", {"n": 2})
    assert tell(3) == "The value changed."


def test_while_a_new_definition_waits_for_its_run_nothing_can_be_told(db: Engine, small: Any) -> None:
    live = small.live()
    insert(db, "t", {"n": 1})
    db.settle()
    waiting = Subscription(small, live.history[-1].key)
    waiting.state = State.STALE

    sentence = effect_of(db, waiting, list(live.history), 1).sentence
    assert sentence == "Its function may have been defined again since, so what changed cannot be told."


def test_chance_pages_variables_and_the_end_cannot_be_told(db: Engine) -> None:
    outside = [0]

    @db.query
    def chance(ctx: Any) -> Any:
        return ctx.db.query("t").count() + ctx.now().timestamp() * 0

    @db.query
    def page(ctx: Any) -> Any:
        return ctx.db.query("t").paginate(2).page

    @db.query
    def variable(ctx: Any) -> Any:
        return ctx.db.query("t").count() + outside[0]

    told = {}
    lives = {query.path: query.live() for query in (chance, page, variable)}
    insert(db, "t", {"n": 1})
    db.settle()
    outside[0] = 7
    for path, live in lives.items():
        told[path] = teller(db, live)(-1)
    lives["variable"].close()
    told["closed"] = teller(db, lives["variable"])(-1)

    assert told == {
        "chance": (
            "Its result depends on more than the tables (the time, chance, a frame, a file): what changed cannot be told."
        ),
        "page": "Its query reads pages, whose ends move, so what changed cannot be told.",
        "variable": "What changed cannot be told: run again as of then, its query gives something else.",
        "closed": "It is closed, so its query is not run again to tell what changed.",
    }


def test_a_query_that_raises_when_it_is_run_again_is_no_error(db: Engine) -> None:
    fails: list[int] = []

    @db.query
    def fragile(ctx: Any) -> Any:
        if fails:
            raise ValueError("no more")
        return ctx.db.query("t").count()

    live = fragile.live()
    insert(db, "t", {"n": 1})
    db.settle()
    fails.append(1)

    sentence = teller(db, live)(-1)
    assert sentence == "What changed cannot be told: run again as of then, it raised ValueError: no more."
