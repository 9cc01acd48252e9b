"""Convex's behaviours on application errors: `AppError(data)` reaches whoever called, with equal data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reactive_nb import AppError
from reactive_nb.engine import Engine

DATA = [{"code": "empty", "at": [1, {"x": None}]}, "text", 3, 2.5, True, None, 2**62, [1, 2]]


def by_query(db: Engine, data: Any) -> Any:
    @db.query
    def fail(ctx: Any) -> None:
        raise AppError(data)

    return fail()


def by_mutation(db: Engine, data: Any) -> Any:
    @db.mutation
    def fail(ctx: Any) -> None:
        ctx.db.insert("t", {})
        raise AppError(data)

    return fail()


def by_a_nested_query(db: Engine, data: Any) -> Any:
    @db.query
    def fail(ctx: Any) -> None:
        raise AppError(data)

    @db.mutation
    def outer(ctx: Any) -> Any:
        return ctx.run_query(fail)

    return outer()


def by_a_nested_mutation(db: Engine, data: Any) -> Any:
    @db.mutation
    def fail(ctx: Any) -> None:
        raise AppError(data)

    @db.mutation
    def outer(ctx: Any) -> Any:
        return fail(ctx)

    return outer()


def by_another_thread(db: Engine, data: Any) -> Any:
    @db.mutation
    def fail(ctx: Any) -> None:
        raise AppError(data)

    return fail.submit().result()


def by_a_live_result(db: Engine, data: Any) -> Any:
    @db.query
    def fail(ctx: Any) -> None:
        raise AppError(data)

    with fail.live() as live:
        raise live.error


@pytest.mark.parametrize("data", DATA, ids=repr)
@pytest.mark.parametrize(
    "run", [by_query, by_mutation, by_a_nested_query, by_a_nested_mutation, by_another_thread, by_a_live_result]
)
def test_the_data_of_an_application_error_arrives_unchanged(
    run: Callable[[Engine, Any], Any], data: Any, db: Engine
) -> None:
    with pytest.raises(AppError) as caught:
        run(db, data)

    assert caught.value.data == data
    assert type(caught.value.data) is type(data)
    assert db.ts == 0
