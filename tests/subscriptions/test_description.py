"""Causes in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reactive_nb.documents.interval import ALL
from reactive_nb.schema.declaration import table
from reactive_nb.subscriptions.cause import Cause, Causes
from reactive_nb.subscriptions.description import describe_cause
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


def cause_of(database: Database, write: Callable[[Held], Any]) -> Cause:
    """What concerned a reader of channel a."""
    reader, writer = database.begin(), database.begin()
    reader.query("messages").with_index("by_channel", channel="a").collect()
    write(writer)
    commit = database.committed(writer)
    found = overlap(reader.transaction.reads.intervals(), {}, commit)
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
