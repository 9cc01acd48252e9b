"""Two or three transactions, held and committed in a chosen order: who is accepted, who conflicts, what is published."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

import pytest

from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.errors import LogWriteError
from reactive_nb.log.memory import MemoryLog
from reactive_nb.schema.declaration import table
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.committer import Committer
from reactive_nb.transaction.read_set import Overlap
from reactive_nb.values.ids import encode_id
from reactive_nb.values.validators import v
from tests.transaction.held import Database, Held


@pytest.fixture
def database() -> Database:
    made = Database()
    made.define(counters=table(name=v.string(), n=v.number()).index("by_name", "name"))
    return made


def add_one(held: Held, id: str) -> None:
    document = held.get(id)
    assert document is not None
    held.patch(id, {"n": document["n"] + 1})


# ------------------------------------------------------------------ one after another


def test_the_first_to_commit_wins_and_the_other_meets_its_commit(database: Database) -> None:
    (id,) = database.insert("counters", {"name": "a", "n": 0})
    first, second = database.begin(), database.begin()
    add_one(first, id)
    add_one(second, id)

    commit = database.committed(second)

    overlap = database.refused(first)
    assert (overlap.commit, overlap.table, overlap.index) == (commit, "counters", "by_id")
    assert database.rows("counters") == [{"name": "a", "n": 1}]


def test_what_was_refused_commits_on_a_newer_snapshot(database: Database) -> None:
    (id,) = database.insert("counters", {"name": "a", "n": 0})
    for _ in range(3):
        held = database.begin()
        add_one(held, id)
        database.committed(held)

    assert database.rows("counters") == [{"name": "a", "n": 3}]


def test_blind_inserts_never_conflict(database: Database) -> None:
    held = [database.begin() for _ in range(5)]
    for n, each in enumerate(held):
        each.insert("counters", {"name": "a", "n": n})

    for each in reversed(held):
        database.committed(each)

    assert sorted(row["n"] for row in database.rows("counters")) == [0, 1, 2, 3, 4]


def test_a_transaction_that_only_read_commits_nothing_whatever_happened(database: Database) -> None:
    (id,) = database.insert("counters", {"name": "a", "n": 0})
    reader, writer = database.begin(), database.begin()
    reader.get(id)
    add_one(writer, id)
    database.committed(writer)
    before = database.head.ts

    assert database.commit(reader) == [None]
    assert database.head.ts == before


def test_write_skew_is_a_conflict(database: Database) -> None:
    # Each takes one off duty because the other is on; together they would leave nobody.
    ada, bob = database.insert("counters", {"name": "on", "n": 1}, {"name": "on", "n": 2})
    first, second = database.begin(), database.begin()
    for held, id in [(first, ada), (second, bob)]:
        assert len(held.query("counters").with_index("by_name", name="on").collect()) == 2
        held.patch(id, {"name": "off"})

    database.committed(first)

    assert database.refused(second).index in ("by_name", "by_id")


def test_a_commit_is_a_plain_record_of_what_happened(database: Database) -> None:
    held = database.begin()
    id = held.insert("counters", {"name": "a", "n": 0})

    commit = database.committed(held)

    (change,) = commit.changes
    assert (commit.ts, commit.function, commit.time_ms) == (2, "f1", database.clock.now_ms())
    assert (change.table, change.id, change.old) == ("counters", id, None)
    assert commit.touched["counters", "by_id"] == [id.encode()]
    assert commit.redeclared == frozenset()


# ------------------------------------------------------------------ declarations meanwhile


def test_an_insert_that_refers_to_a_table_dropped_meanwhile_runs_again(database: Database) -> None:
    setup = database.begin()
    setup.transaction.declare("authors", table(name=v.string()), bytes(16))
    setup.transaction.declare("books", table(author=v.id("authors")), bytes(15) + b"1")
    database.commit(setup)
    writing = database.begin()
    writing.insert("books", {"author": encode_id(setup.transaction.numbers()["authors"], bytes(16))})
    dropping = database.begin()
    dropping.transaction.drop("authors")

    dropped, refused = database.commit(dropping, writing)

    assert isinstance(dropped, Commit)
    assert isinstance(refused, Overlap)
    assert (refused.commit, refused.table) == (dropped, "authors")


@pytest.mark.parametrize("how", ["declared anew", "dropped", "dropped and made again"])
def test_even_a_blind_insert_conflicts_with_a_table_that_was(database: Database, how: str) -> None:
    held = database.begin()
    held.insert("counters", {"name": "a", "n": 0})

    if how == "declared anew":
        database.define(counters=table(name=v.string(), n=v.number()).index("by_n", "n"))
    else:
        database.drop("counters")
    if how == "dropped and made again":
        database.define(counters=table(name=v.string(), n=v.number()).index("by_name", "name"))

    overlap = database.refused(held)
    assert (overlap.table, overlap.key) == ("counters", None)


def test_a_declaration_conflicts_with_an_insert_that_it_did_not_check(database: Database) -> None:
    defining = database.begin()
    defining.transaction.declare("counters", table(name=v.number()), database.ids.next())

    database.insert("counters", {"name": "a", "n": 0})

    assert database.refused(defining).table == "counters"


def test_a_declaration_of_another_table_disturbs_nobody(database: Database) -> None:
    (id,) = database.insert("counters", {"name": "a", "n": 0})
    held = database.begin()
    add_one(held, id)

    database.define(others=table())

    database.committed(held)


def test_two_that_create_a_table_at_once_do_not_both_get_its_number(database: Database) -> None:
    first, second = database.begin(), database.begin()
    first.insert("notes", {})
    second.insert("drafts", {})

    database.committed(first)

    assert database.refused(second).table == "_tables"


# ------------------------------------------------------------------ batches


def test_a_batch_is_judged_as_if_committed_one_by_one(database: Database) -> None:
    (id,) = database.insert("counters", {"name": "a", "n": 0})
    winner, loser, reader, blind = (database.begin() for _ in range(4))
    add_one(winner, id)
    add_one(loser, id)
    reader.get(id)
    blind.insert("counters", {"name": "b", "n": 9})

    outcomes = database.commit(winner, loser, reader, blind)

    first, second, third, fourth = outcomes
    assert isinstance(first, Commit)
    assert isinstance(second, Overlap)
    assert isinstance(fourth, Commit)
    assert (first.ts, second.commit, third, fourth.ts) == (3, first, None, 4)
    assert database.rows("counters") == [{"name": "a", "n": 1}, {"name": "b", "n": 9}]
    database.head.check()
    database.committer.recent.check()


class CountingLog(MemoryLog):
    """A log that remembers how many payloads each append brought."""

    def __init__(self) -> None:
        super().__init__()
        self.appends: list[int] = []

    def append(self, payloads: Sequence[bytes], expected_head: int) -> int:
        self.appends.append(len(payloads))
        return super().append(payloads, expected_head)


def test_a_batch_is_one_append_and_none_when_nothing_is_accepted() -> None:
    log = CountingLog()
    database = Database(log)
    database.define(counters=table())
    held = [database.begin() for _ in range(3)]
    for each in held:
        each.insert("counters", {})
    log.appends.clear()

    database.commit(*held)
    database.commit(database.begin())

    assert log.appends == [3]


def test_listeners_hear_commits_in_order_when_each_is_the_head(database: Database) -> None:
    heard: list[tuple[int, int]] = []
    database.committer.on_commit(lambda commit: heard.append((commit.ts, database.head.ts)))
    held = [database.begin() for _ in range(2)]
    for each in held:
        each.insert("counters", {"name": "a", "n": 0})

    database.commit(*held)

    assert heard == [(2, 2), (3, 3)]


def test_a_commit_becomes_visible_inside_what_publishing_guards() -> None:
    order: list[str] = []

    class Guard(AbstractContextManager[None]):
        def __enter__(self) -> None:
            order.append("enter")

        def __exit__(self, *_: object) -> None:
            order.append("leave")

    database = Database()
    database.committer = Committer(database.log, Snapshot.empty(), publishing=Guard())
    database.committer.on_commit(lambda commit: order.append(f"commit {commit.ts}"))

    database.define(counters=table())

    assert order == ["enter", "commit 1", "leave"]


# ------------------------------------------------------------------ too old


def test_a_snapshot_older_than_the_history_counts_as_a_conflict() -> None:
    database = Database(history=2)
    database.define(counters=table())
    old, blind = database.begin(), database.begin()
    old.query("counters").collect()
    for each in (old, blind):
        each.insert("counters", {})

    database.insert("counters", {})
    database.insert("counters", {})
    assert database.committer.recent.base is old.transaction.snapshot
    database.insert("counters", {})

    overlap = database.refused(old)
    assert overlap.outlived
    assert overlap.commit is database.committer.recent.newest(2)[0]
    database.committed(blind)  # it has looked at nothing that a commit could have changed


def test_a_blind_insert_older_than_the_history_runs_again_under_another_declaration() -> None:
    database = Database(history=2)
    database.define(counters=table())
    blind = database.begin()
    blind.insert("counters", {})

    database.define(counters=table().index("by_n", "n"))
    for _ in range(3):
        database.insert("counters", {})

    assert database.refused(blind).outlived


def test_a_snapshot_at_the_edge_of_the_history_is_judged_like_any_other() -> None:
    database = Database(history=2)
    database.define(counters=table())
    old = database.begin()
    old.insert("counters", {})
    database.insert("counters", {})
    database.insert("counters", {})

    database.committed(old)


# ------------------------------------------------------------------ the log


class FullLog(MemoryLog):
    """A log whose next append fails when `full` is set."""

    full = False

    def append(self, payloads: Sequence[bytes], expected_head: int) -> int:
        if self.full:
            raise LogWriteError("Cannot append", thing="the disk is full", expected="space", hint="Make room")
        return super().append(payloads, expected_head)


def test_when_the_log_cannot_be_written_nothing_happened() -> None:
    log = FullLog()
    database = Database(log)
    heard: list[int] = []
    database.committer.on_commit(lambda commit: heard.append(commit.ts))
    database.insert("counters", {"n": 1})
    before = database.head
    held = database.begin()
    held.insert("counters", {"n": 2})

    log.full = True
    with pytest.raises(LogWriteError):
        database.commit(held)

    assert database.head is before
    assert (log.head, heard) == (1, [1])
    log.full = False
    database.committed(held)
    assert database.rows("counters") == [{"n": 1}, {"n": 2}]


def two_on_one_log() -> tuple[Database, Database]:
    log = MemoryLog()
    here, there = Database(log, seed=1), Database(log, seed=2)
    here.define(counters=table(name=v.string(), n=v.number()).index("by_name", "name"))
    there.committer.pull()
    return here, there


def test_a_log_that_moved_is_pulled_and_the_commit_goes_behind_it() -> None:
    here, there = two_on_one_log()
    held = there.begin()
    held.insert("counters", {"name": "there", "n": 1})

    here.insert("counters", {"name": "here", "n": 0})
    commit = there.committed(held)

    assert commit.ts == 3
    assert {row["name"] for row in there.rows("counters")} == {"here", "there"}
    here.committer.pull()
    assert here.rows("counters") == there.rows("counters")
    here.head.check()
    there.head.check()


def test_what_another_committer_wrote_meanwhile_is_a_conflict_like_any_other() -> None:
    here, there = two_on_one_log()
    (id,) = here.insert("counters", {"name": "a", "n": 0})
    there.committer.pull()
    mine, theirs = here.begin(), there.begin()
    add_one(mine, id)
    add_one(theirs, id)

    here.committed(mine)

    overlap = there.refused(theirs)
    assert (overlap.commit.ts, overlap.table) == (3, "counters")
    assert there.rows("counters") == [{"name": "a", "n": 1}]


def test_pulled_commits_are_published_to_listeners() -> None:
    here, there = two_on_one_log()
    heard: list[int] = []
    there.committer.on_commit(lambda commit: heard.append(commit.ts))

    here.insert("counters", {"name": "a", "n": 0}, {"name": "b", "n": 0})
    here.insert("counters", {"name": "c", "n": 0})
    there.committer.pull()
    there.committer.pull()

    assert heard == [2, 3]


def test_creation_times_committed_are_a_lower_bound_for_later_transactions(database: Database) -> None:
    held = database.begin()
    for n in range(3):
        held.insert("counters", {"name": "a", "n": n})

    database.committed(held)

    newest = database.begin().query("counters").order("desc").first()
    assert newest is not None
    assert database.committer.last_creation_ms == newest["_creationTime"]
