"""Causes in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from reactive_nb.documents.interval import ALL
from reactive_nb.functions.query_builder import TableQuery
from reactive_nb.schema.declaration import table
from reactive_nb.subscriptions.cause import Cause, Causes
from reactive_nb.subscriptions.description import describe_cause, describe_range
from reactive_nb.transaction.read_set import Overlap, overlap
from reactive_nb.values.validators import v
from tests.transaction.held import Database, Held


@pytest.fixture
def database() -> Database:
    made = Database()
    made.define(
        messages=table(channel=v.string(), likes=v.number())
        .index("by_channel", "channel", "likes")
        .index("by_likes", "likes")
    )
    return made


@dataclass
class Range:
    name: str
    read: Callable[[TableQuery], Any]
    words: str


RANGES = [
    Range("all", lambda q: q.with_index("by_channel").collect(), "messages.by_channel[all]"),
    Range("by creation", lambda q: q.collect(), "messages.by_creation_time[all]"),
    Range(
        "equal",
        lambda q: q.with_index("by_channel", channel="a").collect(),
        "messages.by_channel[channel = 'a']",
    ),
    Range(
        "equal in two fields",
        lambda q: q.with_index("by_channel", channel="a", likes=3).collect(),
        "messages.by_channel[channel = 'a', likes = 3]",
    ),
    Range(
        "between",
        lambda q: q.with_index("by_channel", lambda r: r.eq("channel", "a").gte("likes", 3).lt("likes", 5)).collect(),
        "messages.by_channel[channel = 'a', likes >= 3, likes < 5]",
    ),
    Range(
        "above",
        lambda q: q.with_index("by_likes", lambda r: r.gt("likes", 3)).collect(),
        "messages.by_likes[likes > 3]",
    ),
    Range(
        "up to",
        lambda q: q.with_index("by_likes", lambda r: r.lte("likes", 3)).collect(),
        "messages.by_likes[likes <= 3]",
    ),
    Range(
        "after a time",
        lambda q: q.with_index("by_likes", lambda r: r.gte("likes", datetime(2013, 2, 8, 11, 1, tzinfo=UTC))).collect(),
        "messages.by_likes[likes >= 2013-02-08 11:01:00+00:00]",
    ),
    Range("what take has read", lambda q: q.with_index("by_likes").take(1), "messages.by_likes[likes <= 1]"),
    Range(
        "what take has read downwards",
        lambda q: q.with_index("by_likes").order("desc").take(1),
        "messages.by_likes[likes >= 9]",
    ),
]


@pytest.mark.parametrize("case", RANGES, ids=lambda case: case.name)
def test_a_range_that_was_read_is_said_in_words(database: Database, case: Range) -> None:
    database.insert("messages", {"channel": "a", "likes": 1}, {"channel": "b", "likes": 9})
    held = database.begin()
    case.read(held.query("messages"))

    ((place, intervals),) = held.transaction.reads.intervals().items()

    assert [describe_range(*place, each, database.head) for each in intervals] == [case.words]


def test_a_look_at_one_document_names_it(database: Database) -> None:
    (id,) = database.insert("messages", {"channel": "a", "likes": 1})
    held = database.begin()
    held.get(id)

    (interval,) = held.transaction.reads.intervals()["messages", "by_id"]

    assert describe_range("messages", "by_id", interval, database.head) == f"messages.by_id[_id = {id!r}]"
    assert describe_range("messages", "by_id", ALL, database.head) == "messages.by_id[all]"


def test_an_index_that_is_gone_is_named_without_its_fields(database: Database) -> None:
    assert describe_range("messages", "by_gone", ALL, database.head) == "messages.by_gone"
    assert describe_range("gone", "by_it", ALL, database.head) == "gone.by_it"


def cause_of(database: Database, write: Callable[[Held], Any]) -> Cause:
    """What concerned a reader of channel a."""
    reader, writer = database.begin(), database.begin()
    reader.query("messages").with_index("by_channel", channel="a").collect()
    write(writer)
    commit = database.committed(writer)
    found = overlap(reader.transaction.reads.intervals(), commit)
    assert found is not None
    return Causes().of(found)


RANGE = "within the range messages.by_channel[channel = 'a'] that it had read"


@pytest.mark.parametrize(
    ("write", "did"),
    [
        (lambda held, id: held.insert("messages", {"channel": "a", "likes": 5}), "inserted"),
        (lambda held, id: held.patch(id, {"likes": 2}), "changed"),
        (lambda held, id: held.patch(id, {"channel": "b"}), "changed"),
        (lambda held, id: held.delete(id), "deleted"),
    ],
    ids=["insert", "change", "move", "delete"],
)
def test_a_cause_says_who_did_what_to_which_document_and_where_that_was_seen(
    database: Database, write: Callable[[Held, str], Any], did: str
) -> None:
    (id,) = database.insert("messages", {"channel": "a", "likes": 1})

    cause = cause_of(database, lambda held: write(held, id))

    (change,) = cause.met.commit.changes
    assert describe_cause(cause, database.head) == f"f1 (commit 3) {did} {change.id}, {RANGE}"


def test_a_cause_counts_what_else_the_commit_changed(database: Database) -> None:
    cause = cause_of(database, lambda held: [held.insert("messages", {"channel": "a", "likes": n}) for n in range(3)])

    first = next(change.id for change in cause.met.commit.changes)
    assert describe_cause(cause, database.head) == (
        f"f1 (commit 2) inserted {first} (and 2 more of the table), {RANGE}"
    )


def test_a_table_declared_anew_is_a_cause(database: Database) -> None:
    commit = database.define(messages=table())

    assert describe_cause(Causes().of(Overlap(commit, "messages", "by_channel", ALL, None)), database.head) == (
        "f1 (commit 2) declared the table messages anew"
    )
