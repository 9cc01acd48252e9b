"""What stays of a commit that made a result stale."""

from __future__ import annotations

import pytest

from reactive_nb.documents.interval import ALL
from reactive_nb.schema.declaration import table
from reactive_nb.subscriptions.cause import Causes
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.read_set import Overlap
from reactive_nb.values.validators import v
from tests.transaction.held import Database


@pytest.fixture
def commit() -> Commit:
    """A commit of five documents in two tables, one of them changed and one with two keys in an index."""
    database = Database()
    balls = table(colour=v.string(), tags=v.array(v.string()))
    database.define(
        balls=balls.index("by_colour", "colour").index("by_tag", "tags", multi=True), boxes=table(colour=v.string())
    )
    (id,) = database.insert("balls", {"colour": "red", "tags": []})
    held = database.begin()
    held.patch(id, {"colour": "blue"})
    held.insert("balls", {"colour": "red", "tags": ["new", "round"]})
    held.insert("balls", {"colour": "red", "tags": ["new"]})
    held.insert("boxes", {"colour": "red"})
    held.insert("boxes", {"colour": "blue"})
    return database.committed(held)


def test_of_a_commit_only_the_document_that_was_met_stays(commit: Commit) -> None:
    causes = Causes()

    for (name, index), keys in commit.touched.items():
        own = [change for change in commit.changes if change.table == name]
        for key in keys:
            cause = causes.of(Overlap(commit, name, index, ALL, key))

            (kept,) = cause.met.commit.changes
            assert kept in own
            assert any(key == each or key in each for each in [*(kept.old_keys or ()), *(kept.new_keys or ())])
            assert cause.others == len(own) - 1
            assert cause.met.commit.touched == {}


def test_where_and_by_whom_a_result_was_met_stays(commit: Commit) -> None:
    (key, *_) = commit.touched["balls", "by_colour"]

    met = Causes().of(Overlap(commit, "balls", "by_colour", ALL, key)).met

    assert (met.table, met.index, met.interval, met.key) == ("balls", "by_colour", ALL, key)
    assert (met.commit.ts, met.commit.time_ms, met.commit.function) == (commit.ts, commit.time_ms, commit.function)


def test_of_a_declaration_no_document_stays(commit: Commit) -> None:
    cause = Causes().of(Overlap(commit, "balls", "by_colour", ALL, None))

    assert (cause.met.commit.changes, cause.met.commit.touched, cause.others) == ((), {}, 0)


def test_causes_of_several_commits_do_not_mix() -> None:
    database = Database()
    database.define(balls=table())
    commits = []
    for count in (3, 1, 2):
        held = database.begin()
        for number in range(count):
            held.insert("balls", {"n": number})
        commits.append(database.committed(held))
    causes = Causes()

    for commit in [*commits, *commits]:
        (key, *_) = commit.touched["balls", "by_id"]
        cause = causes.of(Overlap(commit, "balls", "by_id", ALL, key))
        assert [change.id for change in cause.met.commit.changes] == [key.decode()]
        assert cause.others == len(commit.changes) - 1
