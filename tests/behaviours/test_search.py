"""Convex's behaviours on text and vector search, through a whole engine."""

from __future__ import annotations

from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import QueryUsageError
from tests.conftest import Connect


@pytest.fixture
def db(connect: Connect) -> Engine:
    db = connect()
    filters = [f"f{number}" for number in range(9)]
    db.define(
        messages=rnb.table().search_index("search_body", "body", filter_fields=["channel", *filters]),
        points=rnb.table(place=v.array(v.number())).vector_index("by_place", "place", dimensions=3),
    )
    return db


def add(db: Engine, *bodies: str, **fields: Any) -> None:
    with db.transaction() as tx:
        for body in bodies:
            tx.db.insert("messages", {"body": body, **fields})


def found(db: Engine, search: Any) -> list[str]:
    return [
        document["body"]
        for document in db.read(lambda ctx: ctx.db.query("messages").with_search_index("search_body", search).collect())
    ]


def words(text: str) -> Any:
    return lambda q: q.search("body", text)


# ------------------------------------------------------------------ text


def test_more_repetitions_come_first_and_the_newest_of_equal_ones(db: Engine) -> None:
    add(db, "a", "a a", "a a a", "a a a a", "a b", "a c")

    assert found(db, words("a")) == ["a a a a", "a a a", "a a", "a", "a c", "a b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("con", ["convex"]),
        ("conv next", ["next"]),
        ("next conv", ["next", "convex"]),
        ("CONVEX", ["convex"]),
        ("Next CONV", ["next", "convex"]),
        ("vex", []),
        ("", []),
        ("…", []),
    ],
)
def test_only_the_last_term_is_a_prefix_and_case_does_not_count(db: Engine, text: str, expected: list[str]) -> None:
    add(db, "convex", "next")

    assert sorted(found(db, words(text))) == sorted(expected)


def test_at_most_eight_filters(db: Engine) -> None:
    add(db, "a", **{f"f{number}": 1 for number in range(9)})

    def filtered(number: int) -> Any:
        def search(q: Any) -> Any:
            q = q.search("body", "a")
            for place in range(number):
                q = q.eq(f"f{place}", 1)
            return q

        return search

    assert found(db, filtered(8)) == ["a"]
    with pytest.raises(QueryUsageError, match=r"has too many filter conditions\. Max: 8 Actual: 9"):
        found(db, filtered(9))


@pytest.mark.slow
def test_1023_documents_can_be_collected_and_no_more(db: Engine) -> None:
    add(db, *["a"] * 1023)
    assert len(found(db, words("a"))) == 1023

    add(db, "a")
    with pytest.raises(QueryUsageError) as caught:
        found(db, words("a"))
    assert str(caught.value) == (
        "Cannot return all documents found in messages: the search 'a' matches 1,024 documents. "
        "Expected at most 1,023. Use take(n) for the best of them, or paginate(n)."
    )
    assert db.read(lambda ctx: len(ctx.db.query("messages").with_search_index("search_body", "a").take(2000))) == 1024


@pytest.mark.parametrize(
    ("search", "sentence"),
    [
        (
            lambda q: q.search("title", "a"),
            (
                "Cannot search messages by search_body: it searches the field 'title' (str). Expected 'body', the field of "
                "the index search_body. Write q.search('body', text)."
            ),
        ),
        (
            lambda q: q.search("body", "a").search("body", "b"),
            (
                "Cannot search messages by search_body: it has two search(...). Expected one. Put all words into one text; "
                "any of them is enough."
            ),
        ),
        (
            lambda q: q.search("body", "a").eq("author", "x"),
            (
                "Cannot search messages by search_body: 'author' is not a filter field of the index. Expected one of "
                "['channel', 'f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7', 'f8']. Declare the field in "
                "filter_fields=[...] of the index."
            ),
        ),
        (
            lambda q: q.eq("channel", "x"),
            (
                "Cannot search messages by search_body: it has no search(...). Expected what to look for. Write lambda q: "
                "q.search('body', text)."
            ),
        ),
    ],
    ids=["wrong field", "two searches", "unknown filter field", "no search"],
)
def test_four_specific_errors(db: Engine, search: Any, sentence: str) -> None:
    with pytest.raises(QueryUsageError) as caught:
        found(db, search)

    assert str(caught.value) == sentence


def test_a_filter_tells_missing_from_null(db: Engine) -> None:
    add(db, "a missing")
    add(db, "a null", channel=None)
    add(db, "a word", channel="x")

    assert found(db, lambda q: q.search("body", "a").eq("channel", rnb.UNSET)) == ["a missing"]
    assert found(db, lambda q: q.search("body", "a").eq("channel", None)) == ["a null"]
    assert found(db, lambda q: q.search("body", "a").eq("channel", "x")) == ["a word"]


def test_a_mutation_finds_what_it_has_written_itself_and_nobody_else_does_before_it_is_committed(db: Engine) -> None:
    add(db, "old words")

    with db.transaction() as tx:
        id = tx.db.insert("messages", {"body": "new words"})
        mine = [d["body"] for d in tx.db.query("messages").with_search_index("search_body", "words").collect()]
        others = found(db, words("words"))
        tx.db.delete(id)
        after = [d["body"] for d in tx.db.query("messages").with_search_index("search_body", "words").collect()]

    assert (mine, others, after) == (["new words", "old words"], ["old words"], ["old words"])


# ------------------------------------------------------------------ vectors


def test_the_nearest_come_first_and_the_oldest_of_equally_near_ones(db: Engine) -> None:
    ids = []
    with db.transaction() as tx:
        for place in ([1, 1, 1], [0, 0, 0], [1, 1, 0], [1, 1, 0]):
            ids.append(tx.db.insert("points", {"place": place}))

    hits = db.read(lambda ctx: ctx.vector_search("points", "by_place", vector=[1, 1, 1], limit=3))

    assert [ids.index(hit["_id"]) + 1 for hit in hits] == [1, 3, 4]
    assert [round(hit["_score"], 6) for hit in hits] == [1.0, 0.816497, 0.816497]


def test_at_most_256_unless_one_says_so(db: Engine) -> None:
    with db.transaction() as tx:
        for number in range(300):
            tx.db.insert("points", {"place": [1, number, 0]})

    def search(**arguments: Any) -> int:
        return db.read(lambda ctx: len(ctx.vector_search("points", "by_place", vector=[1, 1, 1], **arguments)))

    assert (search(), search(limit=256), search(limit=257, maximum=257)) == (10, 256, 257)
    with pytest.raises(QueryUsageError, match="Vector queries can fetch at most 256 results, requested 257"):
        search(limit=257)


def test_what_is_not_exactly_so_many_numbers_is_not_found_and_no_error(db: Engine) -> None:
    with db.transaction() as tx:
        for place in ([1, 1], [1, 1, 1, 1], [], [float("nan"), 1, 1], [float("inf"), 1, 1], [1e39, 1, 1]):
            tx.db.insert("points", {"place": place})
        id = tx.db.insert("points", {"place": [2, 2, 2]})

    hits = db.read(lambda ctx: ctx.vector_search("points", "by_place", vector=[1, 1, 1]))

    assert [hit["_id"] for hit in hits] == [id]
