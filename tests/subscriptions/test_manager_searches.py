"""What becomes of results that have searched, when commits come before they have run again."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest

from reactive_nb.functions.function import Function
from reactive_nb.schema.declaration import Table, table
from reactive_nb.search.ball import Ball
from reactive_nb.subscriptions.subscription import State
from reactive_nb.values.validators import v
from tests.subscriptions.test_manager import Watched, query

PAPERS = table(title=v.string(), field=v.string(), place=v.vector(2))


def declared(*filter_fields: str) -> Table:
    return PAPERS.search_index("by_text", "title", filter_fields=filter_fields).vector_index(
        "by_place", "place", dimensions=2, filter_fields=filter_fields
    )


@query
def by_words(ctx: Any, field: str) -> Any:
    return ctx.db.query("papers").with_search_index("by_text", "reactive", field=field).count()


@query
def by_place(ctx: Any, field: str) -> Any:
    return len(ctx.vector_search("papers", "by_place", vector=[1, 0], filter=lambda q: q.gte("field", field)))


@query
def nearest(ctx: Any, y: int) -> Any:
    return ctx.vector_search("papers", "by_place", vector=[1, y], limit=1)


def insert(watched: Watched, *titles: str, place: tuple[float, float] = (1.0, 0.0)) -> None:
    documents = [{"title": title, "field": "db", "place": list(place)} for title in titles]
    watched.write(lambda held: [held.insert("papers", each) for each in documents])


@pytest.fixture
def watched() -> Watched:
    watched = Watched()
    watched.database.define(papers=declared("field"))
    insert(watched, *["reactive"] * 5)  # so many that a few more do not change the scale, which concerns all
    return watched


@pytest.mark.parametrize("function", [by_words, by_place])
def test_a_commit_under_another_declaration_does_not_ask_those_who_searched_under_the_former(
    watched: Watched, function: Function
) -> None:
    subscription = watched.hold(function, field="db")
    watched.refresh()

    watched.database.define(papers=declared())
    insert(watched, "reactive")  # before it has run again; its filter field is none any more

    watched.refresh()
    assert subscription.error is not None
    watched.database.define(papers=declared("field"))
    watched.refresh()
    assert (subscription.error, subscription.result) == (None, 6)


@pytest.mark.parametrize("function", [by_words, by_place])
def test_nor_those_who_were_running_when_it_was_declared_otherwise(watched: Watched, function: Function) -> None:
    subscription = watched.hold(function, field="db")
    (due,) = watched.manager.due()
    outcome = watched.run(due)

    insert(watched, "reactive")
    watched.database.define(papers=declared())
    watched.manager.record(due, outcome, 1.0)
    watched.manager.check()
    insert(watched, "reactive")

    assert subscription.state is State.STALE
    watched.refresh()
    assert subscription.error is not None


@pytest.mark.parametrize("function", [by_words, by_place])
def test_nor_those_whose_function_was_replaced_while_they_ran(watched: Watched, function: Function) -> None:
    subscription = watched.hold(function, field="db")
    watched.refresh()
    watched.manager.replaced(function)
    (due,) = watched.manager.due()
    outcome = watched.run(due)

    watched.manager.replaced(function)
    watched.manager.record(due, outcome, 1.0)
    watched.manager.check()
    watched.database.define(papers=declared())
    insert(watched, "reactive")

    watched.refresh()
    assert subscription.error is not None


def test_who_is_concerned_is_told_once_for_all_and_not_by_asking_each_about_every_document(watched: Watched) -> None:
    held = [watched.hold(nearest, y=y) for y in range(20)]
    watched.refresh()
    far = [{"title": "far", "field": "db", "place": [-1.0, 0.0]} for _ in range(100)]

    with patch.object(Ball, "meets", autospec=True, side_effect=Ball.meets) as asked:
        watched.write(lambda tx: [tx.insert("papers", each) for each in (*far, {**far[0], "place": [1.0, 0.0]})])

    assert all(each.state is State.STALE for each in held)
    assert asked.call_count <= 2 * len(held)


def test_what_the_last_run_searched_is_known_until_the_next_one(watched: Watched) -> None:
    subscription = watched.hold(nearest, y=1)
    watched.refresh()
    searches = subscription.searches

    insert(watched, "near", place=(1.0, 1.0))

    assert (subscription.state, subscription.searches) == (State.STALE, searches)
    assert list(searches) == [("papers", "by_place")]
