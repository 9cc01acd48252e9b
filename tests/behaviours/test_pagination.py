"""Convex's behaviours on pages.

Departures: several pages may be read in one function. A cursor is refused for another index, range, order or filter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb.engine import Engine
from reactive_nb.errors import InvalidCursor
from reactive_nb.functions.page import Page
from tests.tools import bare, insert, stored


def page_of(db: Engine, num_items: int, cursor: str | None = None, order: Any = "asc", **options: Any) -> Page:
    return db.read(lambda ctx: ctx.db.query("t").order(order).paginate(num_items, cursor, **options))


def numbers(page: Page) -> list[int]:
    return [document["n"] for document in page.page]


def rows(*numbers: int) -> list[dict[str, Any]]:
    return [{"n": n} for n in numbers]


def test_an_empty_table_is_done_and_stays_done_at_that_cursor(db: Engine) -> None:
    db.define(t=rnb.table())
    page = page_of(db, 1)
    insert(db, "t", *rows(1, 2))

    after = page_of(db, 1, page.continue_cursor)

    assert (page.page, page.is_done) == ([], True)
    assert (after.page, after.is_done) == ([], True)


def test_a_table_that_does_not_exist_is_an_empty_done_page(db: Engine) -> None:
    page = page_of(db, 1)

    assert (page.page, page.is_done) == ([], True)


def test_the_end_is_only_known_when_it_was_seen(db: Engine) -> None:
    insert(db, "t", *rows(1, 2))

    first = page_of(db, 1)
    second = page_of(db, 1, first.continue_cursor)
    third = page_of(db, 1, second.continue_cursor)

    assert [(numbers(page), page.is_done) for page in (first, second, third)] == [
        ([1], False),
        ([2], False),
        ([], True),
    ]


@pytest.mark.parametrize(("order", "expected"), [("asc", [1, 2]), ("desc", [3, 2, 1])])
def test_a_page_with_an_end_grows_only_inside_its_interval(order: str, expected: list[int], db: Engine) -> None:
    insert(db, "t", *rows(1, 2))
    page = page_of(db, 2, order=order)

    insert(db, "t", *rows(3))

    assert numbers(page_of(db, 2, order=order, end_cursor=page.continue_cursor)) == expected


@pytest.mark.parametrize(("order", "expected"), [("asc", [1, 2]), ("desc", [3, 2, 1])])
def test_a_live_page_has_the_end_it_had(order: str, expected: list[int], db: Engine) -> None:
    @db.query
    def first_page(ctx: Any) -> list[int]:
        return numbers(ctx.db.query("t").order(order).paginate(2))

    insert(db, "t", *rows(1, 2))
    with first_page.live() as live:
        insert(db, "t", *rows(3))
        db.settle()

        assert live.value == expected


def test_an_empty_live_page_grows_to_all(db: Engine) -> None:
    @db.query
    def first_page(ctx: Any) -> list[int]:
        return numbers(ctx.db.query("t").paginate(1))

    with first_page.live() as live:
        assert live.value == []

        insert(db, "t", *rows(1, 2, 3))
        db.settle()

        assert live.value == [1, 2, 3]


def test_the_end_of_a_live_page_is_the_end_cursor_of_a_plain_one(db: Engine) -> None:
    @db.query
    def first_page(ctx: Any) -> dict[str, Any]:
        page = ctx.db.query("t").paginate(2)
        return {"page": numbers(page), "cursor": page.continue_cursor, "done": page.is_done}

    insert(db, "t", *rows(1, 2, 3))
    with first_page.live() as live:
        end = live.value["cursor"]
        with db.transaction() as tx:
            first = tx.db.query("t").first()
            assert first is not None
            tx.db.delete(first["_id"])
        db.settle()

        plain = page_of(db, 2, end_cursor=end)
        assert live.value == {"page": numbers(plain), "cursor": plain.continue_cursor, "done": plain.is_done}
        assert live.value == {"page": [2], "cursor": end, "done": False}


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_the_last_page_read_again_is_still_the_last(order: str, db: Engine) -> None:
    insert(db, "t", *rows(1, 2))
    page = page_of(db, 5, order=order)

    again = page_of(db, 5, order=order, end_cursor=page.continue_cursor)

    assert page.is_done
    assert again == page


def test_a_live_page_shrinks_and_is_not_refilled(db: Engine) -> None:
    @db.query
    def first_page(ctx: Any) -> list[int]:
        return numbers(ctx.db.query("t").paginate(2))

    ids = insert(db, "t", *rows(1, 2, 3))
    with first_page.live() as live:
        with db.transaction() as tx:
            tx.db.delete(ids[1])
        db.settle()

        assert live.value == [1]


@dataclass(frozen=True, slots=True)
class Split:
    name: str
    num_items: int
    maximum_rows_read: int
    page: list[int]
    status: str | None


@pytest.mark.parametrize(
    "case",
    [
        Split("numItems 1, max rows 3", 1, 3, [1], None),
        Split("numItems 3, max rows 3", 3, 3, [1, 2, 3], "SplitRecommended"),
        Split("numItems 3, max rows 2", 3, 2, [1, 2], "SplitRequired"),
    ],
    ids=lambda case: case.name,
)
def test_a_page_near_its_limit_says_so(case: Split, db: Engine) -> None:
    insert(db, "t", *rows(1, 2, 3))

    page = page_of(db, case.num_items, maximum_rows_read=case.maximum_rows_read)

    assert (numbers(page), page.page_status) == (case.page, case.status)
    assert (page.split_cursor is None) == (case.status is None)


def test_the_two_halves_of_a_split_page_are_the_page(db: Engine) -> None:
    insert(db, "t", *rows(1, 2, 3, 4, 5))
    whole = page_of(db, 4, maximum_rows_read=4)

    left = page_of(db, 4, end_cursor=whole.split_cursor)
    right = page_of(db, 4, whole.split_cursor, end_cursor=whole.continue_cursor)

    assert numbers(left) + numbers(right) == numbers(whole) == [1, 2, 3, 4]
    assert numbers(left) == [1, 2]


def test_a_page_of_one_byte_holds_one_document(db: Engine) -> None:
    insert(db, "t", *rows(1, 2, 3, 4, 5))

    pages = [page_of(db, 100, maximum_bytes_read=1)]
    while not pages[-1].is_done and len(pages) < 50:
        pages.append(page_of(db, 100, pages[-1].continue_cursor, maximum_bytes_read=1))

    assert [numbers(page) for page in pages] == [[1], [2], [3], [4], [5], []]


@dataclass(frozen=True, slots=True)
class Foreign:
    name: str
    query: Any


@pytest.mark.parametrize(
    "case",
    [
        Foreign("an asc cursor in desc", lambda ctx: ctx.db.query("t").order("desc")),
        Foreign("another table", lambda ctx: ctx.db.query("other")),
        Foreign("another index", lambda ctx: ctx.db.query("t").with_index("by_n")),
        Foreign(
            "another range",
            lambda ctx: ctx.db.query("t").with_index("by_creation_time", lambda q: q.gt("_creationTime", 0)),
        ),
        Foreign("another filter", lambda ctx: ctx.db.query("t").filter(rnb.col("n") > 0)),
    ],
    ids=lambda case: case.name,
)
def test_a_cursor_of_another_query_is_refused(case: Foreign, db: Engine) -> None:
    db.define(t=rnb.table().index("by_n", "n"))
    insert(db, "t", *rows(1, 2))
    cursor = page_of(db, 1).continue_cursor

    with pytest.raises(InvalidCursor) as caught:
        db.read(lambda ctx: case.query(ctx).paginate(1, cursor))

    assert caught.value.code == "invalid_cursor"


def test_several_pages_may_be_read_in_one_function(db: Engine) -> None:
    insert(db, "t", *rows(1, 2, 3))

    def both(ctx: Any) -> list[int]:
        first = ctx.db.query("t").paginate(2)
        return numbers(first) + numbers(ctx.db.query("t").paginate(2, first.continue_cursor))

    assert db.read(both) == [1, 2, 3]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_the_next_page_goes_on_behind_a_deleted_cursor_document(order: str, db: Engine) -> None:
    ids = insert(db, "t", *rows(1, 2, 3))
    first = page_of(db, 2, order=order)
    with db.transaction() as tx:
        tx.db.delete(ids[1])

    rest = page_of(db, 2, first.continue_cursor, order=order)

    assert numbers(rest) == ([3] if order == "asc" else [1])


def test_a_page_of_no_items_is_empty_and_not_done(db: Engine) -> None:
    insert(db, "t", *rows(1, 2))

    page = page_of(db, 0)

    assert (page.page, page.is_done) == ([], False)
    assert bare(page_of(db, 5, page.continue_cursor).page) == stored(db, "t")
