"""The one question: A looked at something, B changed something, does that concern A?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from reactive_nb.documents.interval import ALL, Interval
from reactive_nb.functions.database import DatabaseReader
from reactive_nb.schema.declaration import table
from reactive_nb.transaction.read_set import ReadSet, Scan, overlap
from reactive_nb.values.ids import encode_id
from reactive_nb.values.validators import v
from tests.transaction.held import Database, Held

# ------------------------------------------------------------------ scans


@dataclass
class Reading:
    name: str
    reverse: bool
    last: bytes | None
    exhausted: bool
    consumed: tuple[bytes, bytes] | None


READINGS = [
    Reading("nothing taken", False, None, False, None),
    Reading("nothing taken from the end", True, None, False, None),
    Reading("up to a key", False, b"c", False, (b"b", b"c\0")),
    Reading("from the end down to a key", True, b"c", False, (b"c", b"e")),
    Reading("all", False, b"c", True, (b"b", b"e")),
    Reading("all from the end", True, b"c", True, (b"b", b"e")),
    Reading("an empty range seen to be empty", False, None, True, (b"b", b"e")),
]


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.name)
def test_a_scan_has_looked_at(reading: Reading) -> None:
    scan = Scan(Interval(b"b", b"e"), reading.reverse)
    scan.last, scan.exhausted = reading.last, reading.exhausted

    assert scan.consumed() == reading.consumed


def test_a_read_set_merges_what_was_looked_at_by_place() -> None:
    reads = ReadSet()
    begun = Scan(ALL, False)
    assert not reads

    reads.add("t", "by_a", Interval(b"a", b"c"))
    reads.add("t", "by_a", Interval(b"b", b"d"))
    reads.add("t", "by_b", begun)
    reads.add_point("t", "x")

    assert reads
    assert {place: list(each) for place, each in reads.intervals().items()} == {
        ("t", "by_a"): [(b"a", b"d")],
        ("t", "by_b"): [],  # how the table is declared was looked at
        ("t", "by_id"): [(b"x", b"x\0")],
    }
    begun.last = b"k"
    assert list(reads.intervals()["t", "by_b"]) == [(b"", b"k\0")]


# ------------------------------------------------------------------ the table

A = {"channel": "a", "likes": 1, "tags": ["red"]}
B = {"channel": "b", "likes": 5, "tags": ["blue", "green"]}
MISSING = encode_id(10001, bytes(16))


@dataclass
class Case:
    """`looked` and `changed` get the database and the ids of a document like A and of one like B."""

    name: str
    looked: Callable[[DatabaseReader, str, str], Any]
    changed: Callable[[Held, str, str], Any]
    concerned: bool


def in_channel(db: DatabaseReader, channel: str) -> Any:
    return db.query("messages").with_index("by_channel", channel=channel)


def likes(db: DatabaseReader, low: int, high: int) -> Any:
    return db.query("messages").with_index("by_likes", lambda q: q.gte("likes", low).lt("likes", high))


CASES = [
    # equality ranges
    Case("insert into the range", lambda r, a, b: in_channel(r, "a").collect(), lambda w, a, b: w.insert("messages", A), True),
    Case("insert beside the range", lambda r, a, b: in_channel(r, "a").collect(), lambda w, a, b: w.insert("messages", B), False),
    Case("phantom in an empty range", lambda r, a, b: in_channel(r, "c").first(), lambda w, a, b: w.insert("messages", {**A, "channel": "c"}), True),
    Case("insert beside an empty range", lambda r, a, b: in_channel(r, "c").first(), lambda w, a, b: w.insert("messages", A), False),
    Case("change in the range", lambda r, a, b: in_channel(r, "a").collect(), lambda w, a, b: w.patch(a, {"likes": 9}), True),
    Case("change beside the range", lambda r, a, b: in_channel(r, "a").collect(), lambda w, a, b: w.patch(b, {"likes": 9}), False),
    Case("delete from the range", lambda r, a, b: in_channel(r, "a").collect(), lambda w, a, b: w.delete(a), True),
    Case("delete beside the range", lambda r, a, b: in_channel(r, "a").collect(), lambda w, a, b: w.delete(b), False),
    Case("move into the range", lambda r, a, b: in_channel(r, "a").collect(), lambda w, a, b: w.patch(b, {"channel": "a"}), True),
    Case("move out of the range", lambda r, a, b: in_channel(r, "a").collect(), lambda w, a, b: w.patch(a, {"channel": "b"}), True),
    Case("move past the range", lambda r, a, b: in_channel(r, "c").collect(), lambda w, a, b: w.patch(a, {"channel": "d"}), False),
    Case("a longer string than the one bound", lambda r, a, b: in_channel(r, "a").collect(), lambda w, a, b: w.insert("messages", {**A, "channel": "a\0"}), False),
    # bounds
    Case("at the lower bound", lambda r, a, b: likes(r, 3, 5).collect(), lambda w, a, b: w.insert("messages", {**A, "likes": 3}), True),
    Case("below the lower bound", lambda r, a, b: likes(r, 3, 5).collect(), lambda w, a, b: w.insert("messages", {**A, "likes": 2.5}), False),
    Case("at the open upper bound", lambda r, a, b: likes(r, 3, 5).collect(), lambda w, a, b: w.insert("messages", {**A, "likes": 5}), False),
    Case("just below the upper bound", lambda r, a, b: likes(r, 3, 5).collect(), lambda w, a, b: w.insert("messages", {**A, "likes": 4.999}), True),
    # what is consumed
    Case("behind what take has read", lambda r, a, b: likes(r, 0, 9).take(1), lambda w, a, b: w.insert("messages", {**A, "likes": 2}), False),
    Case("before what take has read", lambda r, a, b: likes(r, 0, 9).take(1), lambda w, a, b: w.insert("messages", {**A, "likes": 0}), True),
    Case("what take has read", lambda r, a, b: likes(r, 0, 9).take(1), lambda w, a, b: w.patch(a, {"tags": []}), True),
    Case("behind what take has read downwards", lambda r, a, b: likes(r, 0, 9).order("desc").take(1), lambda w, a, b: w.insert("messages", {**A, "likes": 2}), False),
    Case("before what take has read downwards", lambda r, a, b: likes(r, 0, 9).order("desc").take(1), lambda w, a, b: w.insert("messages", {**A, "likes": 6}), True),
    Case("behind a take that found too few", lambda r, a, b: likes(r, 0, 9).take(3), lambda w, a, b: w.insert("messages", {**A, "likes": 8}), True),
    Case("a take of none", lambda r, a, b: likes(r, 0, 9).take(0), lambda w, a, b: w.insert("messages", A), False),
    Case("a query that is never read", lambda r, a, b: likes(r, 0, 9), lambda w, a, b: w.insert("messages", A), False),
    Case("an iteration that stopped", lambda r, a, b: next(iter(likes(r, 0, 9))), lambda w, a, b: w.insert("messages", {**A, "likes": 2}), False),
    Case("what a filter refused was looked at", lambda r, a, b: likes(r, 0, 9).filter(lambda d: False).collect(), lambda w, a, b: w.delete(a), True),
    # whole ranges
    Case("a count of the range", lambda r, a, b: in_channel(r, "a").count(), lambda w, a, b: w.insert("messages", A), True),
    Case("a count beside the range", lambda r, a, b: in_channel(r, "a").count(), lambda w, a, b: w.insert("messages", B), False),
    Case("a sum when a summed field changes", lambda r, a, b: in_channel(r, "a").sum("likes"), lambda w, a, b: w.patch(a, {"likes": 2}), True),
    Case("a whole table", lambda r, a, b: r.query("messages").collect(), lambda w, a, b: w.insert("messages", B), True),
    Case("another table", lambda r, a, b: r.query("users").collect(), lambda w, a, b: w.insert("messages", B), False),
    # multi
    Case("an element added", lambda r, a, b: r.query("messages").with_index("by_tag", tags="red").collect(), lambda w, a, b: w.patch(b, {"tags": ["red"]}), True),
    Case("an element taken away", lambda r, a, b: r.query("messages").with_index("by_tag", tags="blue").collect(), lambda w, a, b: w.patch(b, {"tags": ["green"]}), True),
    Case("other elements", lambda r, a, b: r.query("messages").with_index("by_tag", tags="red").collect(), lambda w, a, b: w.patch(b, {"tags": ["black"]}), False),
    # points
    Case("the document itself", lambda r, a, b: r.get(a), lambda w, a, b: w.patch(a, {"likes": 2}), True),
    Case("the document deleted", lambda r, a, b: r.get(a), lambda w, a, b: w.delete(a), True),
    Case("another document", lambda r, a, b: r.get(a), lambda w, a, b: w.patch(b, {"likes": 2}), False),
    Case("an insert after a missing document", lambda r, a, b: r.get(MISSING), lambda w, a, b: w.insert("messages", A), False),
    # tables that do not exist
    Case("the first document of a new table", lambda r, a, b: r.query("notes").collect(), lambda w, a, b: w.insert("notes", {}), True),
    Case("a document of a table that does not exist", lambda r, a, b: r.get(encode_id(12345, bytes(16))), lambda w, a, b: w.insert("notes", {}), True),
    Case("a new table that was not asked for", lambda r, a, b: r.query("notes").collect(), lambda w, a, b: w.insert("drafts", {}), False),
    # writes that change nothing
    Case("a patch to the same value", lambda r, a, b: r.get(a), lambda w, a, b: w.patch(a, {"likes": 1}), False),
    Case("insert and delete", lambda r, a, b: in_channel(r, "a").collect(), lambda w, a, b: w.delete(w.insert("messages", A)), False),
]  # fmt: skip


def messages() -> Database:
    database = Database()
    database.define(
        messages=table(channel=v.string(), likes=v.number(), tags=v.array(v.string()))
        .index("by_channel", "channel")
        .index("by_likes", "likes")
        .index("by_tag", "tags", multi=True),
        users=table(),
    )
    return database


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_who_looked_is_concerned(case: Case) -> None:
    database = messages()
    a, b = database.insert("messages", A, B)
    reader, writer = database.begin(), database.begin()
    case.looked(reader, a, b)
    case.changed(writer, a, b)

    (commit,) = database.commit(writer)

    found = None if commit is None else overlap(reader.transaction.reads.intervals(), {}, commit)  # type: ignore[arg-type]
    assert (found is not None) == case.concerned


def test_a_document_that_comes_to_be_concerns_who_missed_it() -> None:
    database = messages()
    writer, reader = database.begin(), database.begin()
    id = writer.insert("messages", A)

    assert reader.get(id) is None
    database.committed(writer)

    (commit,) = database.committer.recent.newest(1)
    assert overlap(reader.transaction.reads.intervals(), {}, commit) is not None


def test_an_overlap_names_commit_table_index_range_and_key() -> None:
    database = messages()
    reader = database.begin()
    in_channel(reader, "a").collect()

    database.insert("messages", A)

    (commit,) = database.committer.recent.newest(1)
    reads = reader.transaction.reads.intervals()
    found = overlap(reads, {}, commit)
    assert found is not None
    assert (found.commit, found.table, found.index) == (commit, "messages", "by_channel")
    assert [found.interval] == list(reads["messages", "by_channel"])
    assert [found.key] == commit.touched["messages", "by_channel"]


@pytest.mark.parametrize("dropped", [False, True])
def test_a_table_declared_anew_concerns_whoever_read_of_it_anything(dropped: bool) -> None:
    database = messages()
    reader = database.begin()
    in_channel(reader, "nobody").first()

    commit = database.drop("messages") if dropped else database.define(messages=table())

    found = overlap(reader.transaction.reads.intervals(), {}, commit)
    assert found is not None
    assert (found.table, found.index, found.key) == ("messages", "by_channel", None)
