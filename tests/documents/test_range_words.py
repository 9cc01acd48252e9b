"""Index ranges in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from reactive_nb.documents.interval import ALL
from reactive_nb.documents.range_words import describe_range
from reactive_nb.functions.query_builder import TableQuery
from reactive_nb.schema.declaration import table
from reactive_nb.values.validators import v
from tests.transaction.held import Database


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
