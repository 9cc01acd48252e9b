"""Search indexes of tables: made once from the documents, when first needed, for all moments that have the same one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from reactive_nb.documents.snapshot import Snapshot, TableState
from reactive_nb.schema.declaration import StoredTable, table
from reactive_nb.search.entries import Entries
from reactive_nb.values.validators import v
from tests.transaction.held import Database

PAPERS = table(title=v.string(), likes=v.int64()).search_index("by_text", "title")


@pytest.fixture
def database() -> Database:
    """Return a database as it is when it was opened: no search index is in memory yet."""
    database = Database()
    database.define(papers=PAPERS)
    database.insert("papers", {"title": "reactive", "likes": 0}, {"title": "data", "likes": 0})
    head = database.head
    opened = head.tables["papers"]
    fresh = TableState(opened.stored, opened.maker, {name: opened.map(name) for name in opened.maker.names})
    database.committer.head = Snapshot(head.ts, {**head.tables, "papers": fresh})
    return database


@pytest.fixture
def made() -> Iterator[list[None]]:
    """Return a list that grows with each search index made from documents."""
    calls: list[None] = []
    of = Entries.of

    def counted(self: Entries[Any], documents: Any) -> Any:
        calls.append(None)
        return of(self, documents)

    with patch.object(Entries, "of", counted):
        yield calls


def like(database: Database) -> None:
    """Commit a change that does not concern the search index."""
    held = database.begin()
    held.patch(held.query("papers").first()["_id"], {"likes": 1 + held.query("papers").first()["likes"]})
    database.committed(held)


def found(snapshot: Snapshot) -> int:
    return len(snapshot.tables["papers"].search("by_text"))


def test_what_a_reader_of_an_earlier_moment_has_made_is_there_later(database: Database, made: list[None]) -> None:
    earlier = database.head
    like(database)
    like(database)

    assert found(earlier) == 2
    assert found(database.head) == 2  # a long time to make it, and commits all the while: it must not begin anew
    like(database)
    assert found(database.head) == 2
    assert len(made) == 1


def test_what_a_reader_of_a_later_moment_has_made_is_there_earlier(database: Database, made: list[None]) -> None:
    earlier = database.head
    like(database)

    assert found(database.head) == found(earlier) == 2
    assert len(made) == 1


def test_a_commit_that_concerns_it_parts_earlier_from_later(database: Database, made: list[None]) -> None:
    earlier = database.head
    like(database)
    database.insert("papers", {"title": "live", "likes": 0})
    like(database)

    assert (found(earlier), found(database.head)) == (2, 3)
    assert len(made) == 1
    database.head.check()


def test_another_declaration_keeps_the_search_indexes_that_are_the_same(database: Database, made: list[None]) -> None:
    earlier = database.head.tables["papers"]
    stored = StoredTable("papers", earlier.stored.number, PAPERS.search_index("by_other", "title"))

    later = earlier.redeclared(stored)

    assert len(made) == 1, "only the new one"
    assert earlier.search("by_text") is later.search("by_text")
    assert len(later.search("by_other")) == 2
    assert len(made) == 2
