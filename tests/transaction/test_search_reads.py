"""A searched, B changed something: does that concern A? And is A refused when it has written by it?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from reactive_nb.functions.vector_search import vector_search
from reactive_nb.schema.declaration import table
from reactive_nb.search.edits import MOST_KEPT
from reactive_nb.transaction.read_set import overlap
from reactive_nb.values.validators import v
from reactive_nb.values.value import UNSET
from tests.transaction.held import Database, Held

EAST, NORTH, WEST = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]
PAPERS = (
    table(title=v.string(), field=v.string(), likes=v.int64(), place=v.optional(v.vector(2)))
    .search_index("by_text", "title", filter_fields=["field"])
    .vector_index("by_place", "place", dimensions=2, filter_fields=["field"])
)


def words(text: str, **equal: Any) -> Callable[[Held], Any]:
    """Look at what a search finds, and at none of the documents."""
    return lambda held: held.query("papers").with_search_index("by_text", text, **equal).hits(1)


def first(text: str) -> Callable[[Held], Any]:
    return lambda held: held.query("papers").with_search_index("by_text", text).first()


def near(limit: int, field: str | None = None) -> Callable[[Held], Any]:
    filter = None if field is None else lambda q: q.eq("field", field)
    return lambda held: vector_search(held.transaction, "papers", "by_place", EAST, limit, filter, 256)


def insert(title: str, place: Any = UNSET, field: str = "db") -> Callable[[Held, list[str]], Any]:
    document = {"title": title, "field": field, "likes": 0}
    return lambda held, _: held.insert("papers", document if place is UNSET else {**document, "place": place})


def patch(number: int, **fields: Any) -> Callable[[Held, list[str]], Any]:
    return lambda held, ids: held.patch(ids[number], fields)


def delete(number: int) -> Callable[[Held, list[str]], Any]:
    return lambda held, ids: held.delete(ids[number])


def nothing_but_scale(held: Held, ids: list[str]) -> None:
    for _ in range(5):
        insert("elsewhere")(held, ids)


def many(held: Held, ids: list[str]) -> None:
    for _ in range(MOST_KEPT + 1):
        insert("elsewhere")(held, ids)
    insert("reactive")(held, ids)


@dataclass
class Case:
    name: str
    looked: Callable[[Held], Any]
    changed: Callable[[Held, list[str]], Any]
    concerned: bool


# Documents: 0 "reactive data" db east, 1 "cooking" food north, 2 "reactive cooking" food, without a place,
# 3 "live" db west. Four documents, so that one more passes a power of two.
CASES = [
    Case("a word that comes", words("reactive x"), patch(3, title="live reactive"), True),
    Case("a word that goes", words("reactive x"), patch(2, title="cooking"), True),
    Case("a document with the word is deleted", words("reactive x"), delete(2), True),
    Case("other words", words("reactive x"), patch(3, title="live queries"), False),
    Case("a longer word", words("react x"), patch(3, title="reactor"), False),
    Case("a longer word for the last, which is a prefix", words("x react"), patch(3, title="reactor"), True),
    Case("a word that was missing", words("nobody x"), patch(3, title="nobody"), True),
    Case("the order of the words", words('"reactive data"'), patch(0, title="data reactive"), True),
    Case("another field of a document with the word", words("reactive x"), patch(0, likes=1), False),
    Case("another field of the document that was returned", first("reactive data"), patch(0, likes=1), True),
    Case("another field of one that was not returned", first("reactive data"), patch(2, likes=1), False),
    Case("the word outside of the filter", words("reactive x", field="db"), patch(2, title="reactive x"), False),
    Case("the word within the filter", words("reactive x", field="db"), patch(3, title="reactive"), True),
    Case("into the filter", words("reactive x", field="db"), patch(2, field="db"), True),
    Case("out of the filter", words("reactive x", field="db"), patch(0, field="food"), True),
    Case("so many documents that scores change", words("reactive x"), nothing_but_scale, True),
    Case("so many changes that not all are kept", words("reactive x"), many, True),
    Case("a nearer place", near(1), insert("new", EAST), True),
    Case("a farther place", near(1), patch(3, place=[-1.0, 0.1]), False),
    Case("the place of the last hit", near(1), patch(0, place=[1.0, 0.1]), True),
    Case("the last hit is deleted", near(1), delete(0), True),
    Case("a farther place, where there were fewer hits than the limit", near(9), patch(3, place=[-1.0, 0.1]), True),
    Case("a document without a place", near(9), insert("new"), False),
    Case("a document gets a place", near(9), patch(2, place=WEST), True),
    Case("a document loses its place", near(9), patch(3, place=UNSET), True),
    Case("another field of a hit", near(9), patch(0, likes=1), False),
    Case("a nearer place outside of the filter", near(1, "db"), insert("new", EAST, field="food"), False),
    Case("a hit leaves the filter", near(1, "db"), patch(0, field="food"), True),
]


@pytest.fixture
def database() -> Database:
    database = Database()
    database.define(papers=PAPERS, notes=table())
    return database


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_search_is_concerned(database: Database, case: Case) -> None:
    ids = database.insert(
        "papers",
        {"title": "reactive data", "field": "db", "likes": 0, "place": EAST},
        {"title": "cooking", "field": "food", "likes": 0, "place": NORTH},
        {"title": "reactive cooking", "field": "food", "likes": 0},
        {"title": "live", "field": "db", "likes": 0, "place": WEST},
    )
    reader, writer = database.begin(), database.begin()
    case.looked(reader)
    reader.insert("notes", {})
    case.changed(writer, ids)

    commit = database.committed(writer)
    found = overlap(reader.transaction.reads.intervals(), reader.transaction.reads.searches(), commit)

    assert (found is not None) == case.concerned
    if case.concerned:
        assert database.refused(reader).commit is commit
    else:
        database.committed(reader)
    database.head.check()


def test_an_overlap_names_the_search_and_the_document(database: Database) -> None:
    database.insert("papers", {"title": "reactive", "field": "db", "likes": 0})
    reader, writer = database.begin(), database.begin()
    words("data re", field="db")(reader)
    reader.insert("notes", {})
    id = writer.insert("papers", {"title": "data", "field": "db", "likes": 0})
    database.committed(writer)

    refused = database.refused(reader)

    assert refused.key == id.encode()
    assert (refused.table, refused.index, refused.read) == ("papers", "by_text", refused.search)
    assert refused.search == reader.transaction.reads.searches()["papers", "by_text"][0]


def test_blind_inserts_into_a_search_index_never_conflict(database: Database) -> None:
    one, other = database.begin(), database.begin()
    insert("a", EAST)(one, [])
    insert("a", EAST)(other, [])

    database.committed(one)
    database.committed(other)


@pytest.mark.slow
def test_a_transaction_sees_its_own_writes_in_its_searches_and_a_rollback_undoes_them(database: Database) -> None:
    held = database.begin()
    search: Callable[[], int] = lambda: held.query("papers").with_search_index("by_text", "a").count()  # noqa: E731

    insert("a")(held, [])
    savepoint = held.transaction.savepoint()
    insert("a b")(held, [])
    assert search() == 2
    held.transaction.rollback(savepoint)
    assert search() == 1
    for _ in range(3000):  # writes and reads in turns, as a loop in a mutation does
        insert("c")(held, [])
        held.query("papers").first()
    assert search() == 1
    database.committed(held)
    assert len(database.head.tables["papers"].search("by_text")) == 3001
