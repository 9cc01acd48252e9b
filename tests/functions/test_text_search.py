"""`with_search_index`: the methods that read, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import InvalidCursor, NotUnique, QueryUsageError, UnknownIndex
from reactive_nb.functions.text_search import TextSearch

TITLES = [
    "Reactive databases",
    "Databases for notebooks",
    "Reactive cooking",
    "Data, data and more data",
    "On reactive data in a reactive notebook",
]


@pytest.fixture(autouse=True)
def papers(db: Engine) -> list[str]:
    db.define(
        papers=rnb.table(
            title=v.string(), field=v.string(), year=v.int64(), meta=v.optional(v.object({"note": v.string()}))
        )
        .index("by_year", "year")
        .search_index("search_title", "title", filter_fields=["field", "year"])
        .search_index("search_note", "meta.note")
    )
    with db.transaction() as tx:
        return [
            tx.db.insert("papers", {"title": title, "field": "food" if "cook" in title else "db", "year": 2020 + place})
            for place, title in enumerate(TITLES)
        ]


def search(ctx: Any, words: Any, **equal: Any) -> TextSearch:
    found: TextSearch = ctx.db.query("papers").with_search_index("search_title", words, **equal)
    return found


def titles(db: Engine, words: Any, **equal: Any) -> list[str]:
    return [document["title"] for document in db.read(lambda ctx: search(ctx, words, **equal).take(10))]


SEARCHES: list[tuple[Any, dict[str, Any], list[int]]] = [
    ("cooking", {}, [2]),
    ("reactive data", {}, [4, 0, 3, 2, 1]),
    ("reactive data", {"field": "food"}, [2]),
    ("reactive data", {"field": "db", "year": 2024}, [4]),
    ('"reactive data"', {}, [4]),
    ('"reactive dat', {}, [0, 4]),
    ('"data and more" reactive', {}, [3]),
    ("nothing here", {}, []),
    (lambda q: q.search("title", "reactive").gte("year", 2022).lt("year", 2024), {}, [2]),
    (lambda q: q.search("title", "reactive").is_in("year", [2020, 2024]), {}, [0, 4]),
    (lambda q: q.gt("year", 2020).search("title", "reactive").lte("year", 2022), {"field": "food"}, [2]),
]


@pytest.mark.parametrize(("words", "equal", "expected"), SEARCHES)
def test_a_search_finds(db: Engine, words: Any, equal: dict[str, Any], expected: list[int]) -> None:
    assert sorted(titles(db, words, **equal)) == sorted(TITLES[place] for place in expected)


def test_the_methods_that_read_agree(db: Engine) -> None:
    def each(ctx: Any) -> None:
        collected = search(ctx, "reactive data").collect()
        ids = [document["_id"] for document in collected]
        hits = search(ctx, "reactive data").hits()
        assert [hit["_id"] for hit in hits] == ids
        assert [hit["_score"] for hit in hits] == sorted([hit["_score"] for hit in hits], reverse=True)
        assert search(ctx, "reactive data").count() == len(ids) == 5
        assert search(ctx, "reactive data").first() == collected[0]
        assert search(ctx, "reactive data").take(2) == collected[:2]
        assert search(ctx, "reactive data").take(0) == []
        assert search(ctx, "reactive data").hits(0) == []
        assert list(search(ctx, "reactive data")) == collected
        assert search(ctx, "cooking").unique() == search(ctx, "cooking").first()
        assert search(ctx, "nobody").unique() is None
        assert search(ctx, "nobody").first() is None
        with pytest.raises(NotUnique):
            search(ctx, "reactive").unique()

    db.read(each)


def test_a_filter_function_is_asked_of_each_document_found(db: Engine) -> None:
    def each(ctx: Any) -> None:
        late = rnb.col("year") >= 2023
        assert [d["year"] for d in search(ctx, "reactive data").filter(late).collect()] == [
            d["year"] for d in search(ctx, "reactive data").collect() if d["year"] >= 2023
        ]
        assert len(search(ctx, "reactive data").filter(late).take(1)) == 1
        assert len(search(ctx, "reactive data").filter(late).hits(1)) == 1
        assert search(ctx, "reactive data").filter(late).filter(lambda d: d["year"] == 2024).count() == 1

    db.read(each)


def test_pages_follow_one_another_and_the_last_one_knows_it(db: Engine) -> None:
    def pages(ctx: Any) -> None:
        first = search(ctx, "reactive data").paginate(2)
        second = search(ctx, "reactive data").paginate(2, first.continue_cursor)
        third = search(ctx, "reactive data").paginate(2, second.continue_cursor)
        assert first.page + second.page + third.page == search(ctx, "reactive data").collect()
        assert (first.is_done, second.is_done, third.is_done) == (False, False, True)
        assert search(ctx, "nobody").paginate(2).is_done
        with pytest.raises(InvalidCursor):
            search(ctx, "reactive databases").paginate(2, first.continue_cursor)

    db.read(pages)


def test_a_query_may_return_a_search_and_gets_its_documents(db: Engine) -> None:
    @db.query
    def find(ctx: Any, words: str) -> Any:
        return search(ctx, words)

    assert [document["title"] for document in find(words="cook")] == ["Reactive cooking"]


def test_a_nested_field_is_searched(db: Engine, papers: list[str]) -> None:
    with db.transaction() as tx:
        tx.db.patch(papers[1], {"meta": {"note": "read again"}})

    found = db.read(lambda ctx: ctx.db.query("papers").with_search_index("search_note", "again").collect())

    assert [document["_id"] for document in found] == [papers[1]]


def test_documents_written_while_a_search_is_gone_through_do_not_disturb_it(db: Engine) -> None:
    with db.transaction() as tx:
        seen = []
        for document in search(tx, "reactive data"):
            seen.append(document["title"])
            if len(seen) == 1:
                for each in search(tx, "reactive data").collect()[1:3]:
                    tx.db.delete(each["_id"])
            tx.db.insert("papers", {"title": "reactive data", "field": "db", "year": 1})

    assert len(seen) == 3


REFUSALS: list[tuple[Any, str]] = [
    (
        lambda ctx: search(ctx, 3),
        (
            "Cannot search papers by search_title: the search is 3 (int). Expected a text, or a function of the search. "
            "Write with_search_index('search_title', lambda q: q.search('title', text))."
        ),
    ),
    (
        lambda ctx: search(ctx, lambda q: q.search("title", 3)),
        "Cannot search papers by search_title: the text is 3 (int). Expected a string. Convert it with str(...).",
    ),
    (
        lambda ctx: search(ctx, "a").take(-1),
        (
            "Cannot search papers this way: -1 (int) documents were asked for. Expected a whole number, 0 or more. "
            "Write take(10)."
        ),
    ),
    (
        lambda ctx: search(ctx, "a").order("desc"),
        (
            "Cannot order a search of papers: it is in order of relevance. Expected no order(...). Sort what it returns: "
            "sorted(search.take(50), key=lambda d: d['_creationTime'])."
        ),
    ),
    (
        lambda ctx: ctx.db.query("papers").with_index("by_year").with_search_index("search_title", "a"),
        (
            "Cannot query papers this way: an index, an order or a filter was chosen already. Expected with_search_index as "
            "the first step. Start a new ctx.db.query(...)."
        ),
    ),
    *(
        (
            lambda ctx, joined=joined: search(ctx, joined),
            (
                "Cannot search papers by search_title: it was used with '&', '|', 'and', 'or', 'not' or 'if'. Expected "
                "steps that follow one another, each of which narrows the search. Write q.search('title', text)"
                ".eq('field', value), and is_in('field', values) for one of several."
            ),
        )
        # `or` would keep the first field alone, without a word.
        for joined in (
            lambda q: q.search("title", "a").eq("field", "db") or q.eq("field", "food"),
            lambda q: q.search("title", "a") and q.eq("field", "food"),
            lambda q: not q.search("title", "a"),
            lambda q: q.search("title", "a") & q.eq("field", "food"),
            lambda q: q.search("title", "a").eq("field", "db") | q.eq("field", "food"),
        )
    ),
]


@pytest.mark.parametrize(("body", "sentence"), REFUSALS)
def test_it_refuses(db: Engine, body: Any, sentence: str) -> None:
    with pytest.raises(QueryUsageError) as caught:
        db.read(body)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("table", "index", "thing"),
    [
        ("papers", "by_year", "'by_year' is an index for ranges. Expected one of ['search_title', 'search_note']."),
        ("papers", "nope", "the table papers has no such index. Expected one of ['search_title', 'search_note']."),
        ("papers", ["by_year"], "the table papers has no such index. Expected one of ['search_title', 'search_note']."),
        ("nope", "search", "there is no table nope. Expected a declared search index."),
    ],
)
def test_an_unknown_index_is_refused_with_those_there_are(db: Engine, table: str, index: str, thing: str) -> None:
    with pytest.raises(UnknownIndex) as caught:
        db.read(lambda ctx: ctx.db.query(table).with_search_index(index, "a"))

    assert thing in str(caught.value)


def test_a_search_reads_no_range_besides(db: Engine) -> None:
    with pytest.raises(QueryUsageError, match="Cannot read papers by an index as well: it is a search by search_title"):
        db.read(lambda ctx: search(ctx, "a").with_index("by_year"))


def test_a_search_says_what_it_is_in_a_cell(db: Engine) -> None:
    text = db.read(lambda ctx: repr(search(ctx, "reactive data", field="db").filter(rnb.col("year") > 2020)))

    assert text == (
        "<search of papers by search_title for 'reactive data', filter (year > 2020); "
        "read it with take, first, unique, collect, paginate, for, hits or count>"
    )


def test_why_names_the_search_that_a_commit_met(db: Engine) -> None:
    @db.query
    def find(ctx: Any, words: str) -> Any:
        return search(ctx, words, field="db").hits(3)

    with find.live(words="live reac") as live:
        with db.transaction("note") as tx:
            id = tx.db.insert("papers", {"title": "reactor", "field": "db", "year": 2026})
        db.settle()
        sentence = live.history[-1].why()

    assert f"note (commit {db.ts}) inserted {id}, within the search" in sentence
    assert "papers.search_title['live', 'reac'…; field = 'db'] that it had made" in sentence
