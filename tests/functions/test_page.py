"""Cursors and journals by themselves, and pages against the list that they are cut from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reactive_nb as rnb
from reactive_nb import col
from reactive_nb.engine import Engine
from reactive_nb.errors import InvalidCursor, QueryUsageError
from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.page import Journal, Page, decode_cursor, encode_cursor, fingerprint_of
from tests.tools import Core, insert

FINGERPRINT = fingerprint_of("t", "by_a")


@given(st.binary(max_size=40))
def test_a_cursor_gives_its_position_back(position: bytes) -> None:
    assert decode_cursor(encode_cursor(position, FINGERPRINT), FINGERPRINT, "") == position


def test_every_damaged_character_of_a_cursor_is_noticed() -> None:
    cursor = encode_cursor(b"position", FINGERPRINT)

    for place, character in enumerate(cursor):
        damaged = cursor[:place] + ("A" if character != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(InvalidCursor):
            decode_cursor(damaged, FINGERPRINT, "")


@pytest.mark.parametrize("cursor", ["", "x", "é", "A" * 100, 3, b"AAAA"], ids=repr)
def test_what_is_no_cursor_is_refused(cursor: Any) -> None:
    with pytest.raises(InvalidCursor) as caught:
        decode_cursor(cursor, FINGERPRINT, "Cannot read a page of t")

    assert str(caught.value) == (
        f"Cannot read a page of t: {cursor!r} is not a cursor. "
        "Expected a continue_cursor of a page of the same query. Start with cursor=None."
    )


def test_a_cursor_of_another_query_is_refused() -> None:
    with pytest.raises(InvalidCursor) as caught:
        decode_cursor(encode_cursor(b"x", FINGERPRINT), fingerprint_of("t", "by_b"), "Cannot read a page of t")

    assert str(caught.value) == (
        "Cannot read a page of t: the cursor was made for another index, range, order or filter. "
        "Expected a continue_cursor of a page of the same query. Start with cursor=None after changing a query."
    )


def test_a_journal_gives_a_page_the_end_it_had() -> None:
    journal = Journal([("f", None, "end 1"), ("g", "start 2", "end 2")])

    assert journal.end_of("f", None) == "end 1"
    assert journal.end_of("g", "start 2") == "end 2"
    assert journal.end_of("g", "start 3") is None


@pytest.mark.parametrize(("fingerprint", "start"), [("other", None), ("f", "elsewhere")])
def test_a_journal_gives_another_page_no_end(fingerprint: str, start: str | None) -> None:
    assert Journal([("f", None, "end")]).end_of(fingerprint, start) is None


# ------------------------------------------------------------------ pages of a query


def numbers(page: Page) -> list[int]:
    return [document["n"] for document in page.page]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 5), max_size=12),
    st.integers(1, 5),
    st.sampled_from(["asc", "desc"]),
    st.booleans(),
    st.none() | st.integers(1, 4),
)
def test_the_pages_one_after_another_are_the_whole(
    ns: list[int], size: int, order: Any, filtered: bool, rows: int | None
) -> None:
    core = Core()
    core.define(t=rnb.table().index("by_n", "n"))
    core.write(lambda ctx: [ctx.db.insert("t", {"n": n}) for n in ns])

    def query(ctx: QueryContext) -> Any:
        shaped = ctx.db.query("t").with_index("by_n", lambda q: q.gte("n", 1)).order(order)
        return shaped.filter(col("n") != 3) if filtered else shaped

    def read(ctx: QueryContext) -> tuple[list[Any], list[Page]]:
        pages = [query(ctx).paginate(size, maximum_rows_read=rows)]
        while not pages[-1].is_done and len(pages) < 50:
            pages.append(query(ctx).paginate(size, pages[-1].continue_cursor, maximum_rows_read=rows))
        return query(ctx).collect(), pages

    whole, pages = core.runner.read(read, "read").value()
    assert [document for page in pages for document in page.page] == whole
    assert all(len(page.page) <= size for page in pages)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=8),
    st.lists(st.tuples(st.sampled_from(["insert", "delete"]), st.integers(0, 9)), max_size=8),
    st.sampled_from(["asc", "desc"]),
    st.integers(1, 3),
)
def test_pages_read_again_with_their_ends_never_leave_a_gap_nor_overlap(
    ns: list[int], edits: list[tuple[str, int]], order: Any, size: int
) -> None:
    core = Core()
    core.define(t=rnb.table().index("by_n", "n"))
    core.write(lambda ctx: [ctx.db.insert("t", {"n": n}) for n in ns])
    ends: list[tuple[str | None, str]] = []

    def first_time(ctx: QueryContext) -> None:
        cursor, done = None, False
        while not done and len(ends) < 50:
            page = ctx.db.query("t").with_index("by_n").order(order).paginate(size, cursor)
            ends.append((cursor, page.continue_cursor))
            cursor, done = page.continue_cursor, page.is_done

    def edit(ctx: Any) -> None:
        for act, n in edits:
            if act == "insert":
                ctx.db.insert("t", {"n": n})
            elif found := ctx.db.query("t").with_index("by_n", n=n).first():
                ctx.db.delete(found["_id"])

    def again(ctx: QueryContext) -> tuple[list[Any], list[Any]]:
        pages = [
            ctx.db.query("t").with_index("by_n").order(order).paginate(size, start, end_cursor=end)
            for start, end in ends
        ]
        whole = ctx.db.query("t").with_index("by_n").order(order).collect()
        return [document for page in pages for document in page.page], whole

    core.runner.read(first_time, "read").value()
    core.write(edit)

    paged, whole = core.runner.read(again, "read").value()
    assert paged == whole


def test_a_filtered_page_ends_behind_its_last_match(db: Engine) -> None:
    insert(db, "t", *({"n": n} for n in range(6)))

    def evens(ctx: QueryContext, cursor: str | None = None) -> Page:
        return ctx.db.query("t").filter(col("n") % 2 == 0).paginate(2, cursor)

    first = db.read(evens)
    second = db.read(lambda ctx: evens(ctx, first.continue_cursor))

    assert (numbers(first), numbers(second), second.is_done) == ([0, 2], [4], True)


def test_a_python_predicate_does_not_change_what_a_cursor_is_for(db: Engine) -> None:
    insert(db, "t", *({"n": n} for n in range(3)))

    class Keep:
        def __call__(self, document: dict[str, Any]) -> bool:
            return True

        def __str__(self) -> str:
            return f"keep {id(self)}"

    cursor = db.read(lambda ctx: ctx.db.query("t").filter(Keep()).paginate(1)).continue_cursor

    assert numbers(db.read(lambda ctx: ctx.db.query("t").filter(lambda _: True).paginate(5, cursor))) == [1, 2]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_page_of_no_items_leaves_nothing_out(order: Any, db: Engine) -> None:
    ids = insert(db, "t", {}, {}, {})

    def ranged(ctx: QueryContext) -> Any:
        return ctx.db.query("t").with_index("by_id", lambda q: q.gte("_id", min(ids))).order(order)

    cursor = db.read(lambda ctx: ranged(ctx).paginate(0)).continue_cursor

    assert len(db.read(lambda ctx: ranged(ctx).paginate(5, cursor)).page) == 3


def test_several_live_pages_of_one_function_each_keep_their_end(db: Engine) -> None:
    @db.query
    def pages(ctx: Any) -> list[list[int]]:
        first = ctx.db.query("t").with_index("by_n").paginate(2)
        second = ctx.db.query("t").with_index("by_n").paginate(2, first.continue_cursor)
        third = ctx.db.query("t").with_index("by_n").order("desc").paginate(1)
        return [numbers(first), numbers(second), numbers(third)]

    db.define(t=rnb.table().index("by_n", "n"))
    insert(db, "t", *({"n": n} for n in (10, 20, 30, 40, 50)))
    with pages.live() as live:
        assert live.value == [[10, 20], [30, 40], [50]]

        insert(db, "t", {"n": 15}, {"n": 35}, {"n": 45}, {"n": 60})
        db.settle()

        assert live.value == [[10, 15, 20], [30, 35, 40], [60, 50]]


@pytest.mark.parametrize("num_items", [-1, 1.0, True, "1", None], ids=repr)
def test_the_number_of_items_is_a_whole_number(num_items: Any, db: Engine) -> None:
    with pytest.raises(QueryUsageError, match="a whole number, 0 or more"):
        db.read(lambda ctx: ctx.db.query("t").paginate(num_items))


def test_a_page_over_several_elements_of_a_multi_index_is_refused(db: Engine) -> None:
    db.define(t=rnb.table().index("by_tag", "tags", multi=True))

    with pytest.raises(QueryUsageError, match="its range spans several elements of a multi index"):
        db.read(lambda ctx: ctx.db.query("t").with_index("by_tag").paginate(1))


def test_a_page_under_one_element_of_a_multi_index(db: Engine) -> None:
    db.define(t=rnb.table().index("by_tag", "tags", multi=True))
    insert(db, "t", {"n": 1, "tags": ["a", "b"]}, {"n": 2, "tags": ["a"]}, {"n": 3, "tags": ["b"]})

    page = db.read(lambda ctx: ctx.db.query("t").with_index("by_tag", tags="a").paginate(5))

    assert numbers(page) == [1, 2]
