"""Which queries a stretch of code calls."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from reactive_nb.engine import Engine
from reactive_nb.engine.recording import Call, recording


@pytest.fixture
def latest(db: Engine) -> Any:
    @db.query
    def latest(ctx: Any, n: int = 2) -> Any:
        return ctx.db.query("t").take(n)

    return latest


def said(calls: list[Call]) -> list[tuple[str, dict[str, Any]]]:
    return [(call.function.path, call.args) for call in calls]


def test_queries_are_noted_with_checked_arguments_each_time_they_are_called(db: Engine, latest: Any) -> None:
    with recording() as calls:
        latest()
        latest(3)
        db.run("latest", n=3)

    assert said(calls) == [("latest", {}), ("latest", {"n": 3}), ("latest", {"n": 3})]
    assert all(call.engine is db and call.function is latest for call in calls)


def test_they_are_noted_in_the_list_of_whoever_brings_one(latest: Any) -> None:
    mine: list[Call] = []
    with recording(mine) as calls:
        latest()

    assert calls is mine
    assert said(mine) == [("latest", {})]


def test_an_answer_from_the_cache_is_noted_too(latest: Any) -> None:
    latest()
    with recording() as calls:
        latest()

    assert said(calls) == [("latest", {})]


def test_outside_nothing_is_noted(latest: Any) -> None:
    latest()
    with recording() as calls:
        pass
    latest()

    assert calls == []


def test_what_a_function_calls_belongs_to_the_function(db: Engine, latest: Any) -> None:
    @db.query
    def both(ctx: Any) -> Any:
        return [latest(ctx), ctx.run_query(latest, n=1)]

    with recording() as calls:
        both()

    assert said(calls) == [("both", {})]


def test_mutations_and_refused_arguments_are_not_noted(db: Engine, latest: Any) -> None:
    with recording() as calls:
        db.write(lambda ctx: ctx.db.insert("t", {}))
        with pytest.raises(Exception, match="surplus"):
            latest(surplus=1)

    assert calls == []


def test_a_query_that_raises_is_noted(db: Engine) -> None:
    @db.query
    def bad(ctx: Any) -> None:
        raise ValueError("bad")

    with recording() as calls, pytest.raises(ValueError, match="bad"):
        bad()

    assert said(calls) == [("bad", {})]


def test_reading_code_is_a_query_of_its_own_that_can_be_called_again(db: Engine) -> None:
    with recording() as calls:
        db.read(lambda ctx: ctx.db.query("t").count())
        db.read(lambda ctx: ctx.db.query("t").count())
    db.write(lambda ctx: ctx.db.insert("t", {}))

    paths = [call.function.path for call in calls]
    assert len(set(paths)) == 2
    assert all(path.startswith("read ") for path in paths)
    assert db.call(calls[0].function, calls[0].args) == 1


def test_another_thread_does_not_record(latest: Any) -> None:
    with recording() as calls:
        other = threading.Thread(target=latest)
        other.start()
        other.join()

    assert calls == []


def test_recordings_inside_one_another_are_apart(latest: Any) -> None:
    with recording() as outer:
        latest(1)
        with recording() as inner:
            latest(2)
        latest(3)

    assert (said(outer), said(inner)) == ([("latest", {"n": 1}), ("latest", {"n": 3})], [("latest", {"n": 2})])


def test_going_back_in_time_is_not_noted(db: Engine, latest: Any) -> None:
    with recording() as calls:
        db.at(db.ts).run(latest)
        db.at(db.ts).read(lambda ctx: ctx.db.query("t").count())

    assert calls == []
