"""A commit's bytes in the log, and the commit made again from them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.schema.declaration import Table, table
from reactive_nb.transaction.commit import Commit, decode_commit, encode_commit
from reactive_nb.transaction.committer import Committer
from reactive_nb.values.validators import v
from tests.strategies import documents
from tests.transaction.held import Database

BY_A = table().index("by_a", "a").index("by_b", "b", "c", multi=True)


def contents(snapshot: Snapshot) -> dict[str, Any]:
    """Everything in it, every index with its keys."""
    return {
        name: {index: list(state.map(index).items(*ALL)) for index in state.maker.names}
        for name, state in snapshot.tables.items()
    }


def replayed(database: Database) -> Committer:
    committer = Committer(database.log, Snapshot.empty())
    committer.pull()
    return committer


def assert_replay_equals_original(database: Database) -> None:
    again = replayed(database)

    assert contents(again.head) == contents(database.head)
    assert again.head.numbers == database.head.numbers
    assert again.recent.newest(99) == database.committer.recent.newest(99)
    again.head.check()


def test_the_log_holds_time_function_and_new_documents() -> None:
    database = Database()
    database.define(t=BY_A)
    (id,) = database.insert("t", {"a": 1})
    held = database.begin()
    held.delete(id)
    commit = database.committed(held)

    entry = decode_commit(encode_commit(commit.time_ms, commit.function, commit.changes))

    assert (entry.time_ms, entry.function) == (database.clock.now_ms(), "f1")
    assert entry.documents == [("t", id, None)]


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "not declared before"])
def test_a_replayed_insert_equals_the_original(declared: bool) -> None:
    database = Database()
    if declared:
        database.define(t=BY_A)

    database.insert("t", {"a": 1, "b": [1, 2]}, {"a": 2})

    assert_replay_equals_original(database)


def test_replayed_patches_and_deletes_equal_the_original() -> None:
    database = Database()
    database.define(t=BY_A)
    first, second = database.insert("t", {"a": 1, "b": ["x"]}, {"a": 2})
    held = database.begin()
    held.patch(first, {"a": 3, "b": ["y"]})
    held.delete(second)

    database.committed(held)

    assert_replay_equals_original(database)


def test_a_replayed_declaration_equals_the_original() -> None:
    database = Database()
    database.insert("t", {"a": 1})
    database.define(t=BY_A)
    database.insert("t", {"a": 0, "b": [1]})
    database.define(t=table(a=v.number()).index("by_it", "a"))

    assert_replay_equals_original(database)


def test_a_table_that_was_dropped_and_comes_back_is_empty_in_the_replay_too() -> None:
    database = Database()
    database.insert("t", {"a": 1})
    database.drop("t")
    database.insert("t", {"a": 2})

    assert database.rows("t") == [{"a": 2}]
    assert_replay_equals_original(database)


def test_several_new_tables_in_one_transaction_are_replayed() -> None:
    database = Database()
    held = database.begin()
    held.insert("t", {"a": 1})
    held.insert("s", {"t": held.insert("t", {"a": 2})})

    database.committed(held)

    assert_replay_equals_original(database)


declarations = st.sampled_from([table(), BY_A, table().index("by_a", "b")])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("define"), declarations),
        st.tuples(st.just("insert"), documents()),
        st.tuples(st.just("replace"), documents()),
        st.tuples(st.just("delete"), st.none()),
        st.tuples(st.just("drop"), st.none()),
    ),
    max_size=12,
)


def take(database: Database, step: str, what: Any) -> Commit | None:
    held = database.begin()
    first = held.query("t").first()
    match step:
        case "define" if isinstance(what, Table):
            held.transaction.declare("t", what, database.ids.next())
        case "insert":
            held.insert("t", what)
        case "replace" if first is not None:
            held.replace(first["_id"], what)
        case "delete" if first is not None:
            held.delete(first["_id"])
        case "drop" if "t" in database.head.tables:
            held.transaction.drop("t")
    (outcome,) = database.commit(held)
    assert outcome is None or isinstance(outcome, Commit)
    return outcome


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(steps)
def test_any_history_replayed_equals_the_original(history: list[tuple[str, Any]]) -> None:
    database = Database()

    for step, what in history:
        take(database, step, what)

    assert_replay_equals_original(database)
