"""One transaction in the hand: what it sees of its own writes, savepoints, and unique indexes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from reactive_nb.errors import InvalidValue, TransactionClosed, UniqueViolation
from reactive_nb.schema.declaration import table
from reactive_nb.values.validators import v
from tests.transaction.held import Database, Held


@pytest.fixture
def database() -> Database:
    made = Database()
    made.define(
        users=table(name=v.string(), email=v.optional(v.nullable(v.string())), tags=v.optional(v.array(v.string())))
        .index("by_name", "name")
        .index("by_email", "email", unique=True)
        .index("by_name_and_tag", "tags", "name", unique=True, multi=True)
    )
    return made


def names(held: Held, order: Any = "asc") -> list[str]:
    return [user["name"] for user in held.query("users").with_index("by_name").order(order).collect()]


# ------------------------------------------------------------------ its own writes


def test_it_sees_its_own_writes_in_every_index_and_nobody_else_does(database: Database) -> None:
    ada, bob = database.insert("users", {"name": "Ada"}, {"name": "Bob"})
    mine, other = database.begin(), database.begin()

    mine.insert("users", {"name": "Cleo"})
    mine.patch(ada, {"name": "Zoe"})
    mine.delete(bob)

    assert names(mine) == ["Cleo", "Zoe"]
    assert mine.get(bob) is None
    assert mine.query("users").count() == 2
    assert names(other) == ["Ada", "Bob"]
    assert names(database.begin()) == ["Ada", "Bob"]


def test_it_goes_on_seeing_its_snapshot_when_others_commit(database: Database) -> None:
    (ada,) = database.insert("users", {"name": "Ada"})
    held = database.begin()

    other = database.begin()
    other.delete(ada)
    database.committed(other)

    assert names(held) == ["Ada"]
    assert names(database.begin()) == []


def test_a_scan_goes_on_over_what_it_began_with_while_its_transaction_writes(database: Database) -> None:
    database.insert("users", {"name": "Ada"}, {"name": "Bob"})
    held = database.begin()

    for user in held.query("users"):
        held.insert("users", {"name": f"{user['name']}2"})

    assert names(held) == ["Ada", "Ada2", "Bob", "Bob2"]


def test_creation_times_increase_within_a_transaction(database: Database) -> None:
    held = database.begin()

    for name in ["Cleo", "Ada", "Bob"]:
        held.insert("users", {"name": name})

    users = held.query("users").collect()
    times = [user["_creationTime"] for user in users]
    assert [user["name"] for user in users] == ["Cleo", "Ada", "Bob"]
    assert times == sorted(set(times))
    assert times[0] == database.clock.now_ms()


def test_a_document_that_is_written_as_it_was_is_no_write(database: Database) -> None:
    (ada,) = database.insert("users", {"name": "Ada"})
    held = database.begin()

    held.patch(ada, {"name": "Ada"})

    assert not held.transaction.writes
    assert database.commit(held) == [None]


def test_a_table_of_its_own_making_can_be_read_before_the_commit(database: Database) -> None:
    held = database.begin()

    id = held.insert("notes", {"text": "hello"})

    assert [note["text"] for note in held.query("notes").collect()] == ["hello"]
    assert held.get(id) is not None
    assert held.transaction.numbers()["notes"] == 10002
    assert "notes" not in database.head.numbers


def test_a_document_past_one_mebibyte_is_refused_and_leaves_nothing(database: Database) -> None:
    held = database.begin()

    with pytest.raises(InvalidValue, match="Cannot insert into users: the document takes"):
        held.insert("users", {"name": "x" * (1 << 20)})

    assert not held.transaction.writes


def test_after_its_end_it_refuses_in_four_facts(database: Database) -> None:
    held = database.begin()
    held.transaction.close()

    with pytest.raises(TransactionClosed) as refused:
        held.query("users")

    assert str(refused.value) == (
        "Cannot use the transaction: its function or block has ended. "
        "Expected use within the function or the block that got it. "
        "Return what you need from the function, and start another one to read again."
    )


# ------------------------------------------------------------------ tables


def test_a_new_table_gets_the_next_number_and_one_that_was_dropped_its_old_one(database: Database) -> None:
    database.define(notes=table(), drafts=table())
    numbers = dict(database.head.numbers)

    database.drop("notes")
    database.define(other=table())
    database.define(notes=table())

    assert numbers == {"_tables": 1, "users": 10001, "notes": 10002, "drafts": 10003}
    assert database.head.numbers == {**numbers, "other": 10004}


def test_a_table_is_dropped_with_its_documents(database: Database) -> None:
    database.insert("users", {"name": "Ada"})

    database.drop("users")

    assert database.rows("users") == []
    assert "users" not in database.head.tables


# ------------------------------------------------------------------ savepoints


def test_a_rollback_undoes_the_writes_since_the_savepoint_and_no_others(database: Database) -> None:
    (ada,) = database.insert("users", {"name": "Ada"})
    held = database.begin()
    held.insert("users", {"name": "Bob"})
    savepoint = held.transaction.savepoint()

    held.patch(ada, {"name": "Zoe"})
    held.insert("users", {"name": "Cleo"})
    held.insert("notes", {"text": "hello"})
    assert names(held) == ["Bob", "Cleo", "Zoe"]
    held.transaction.rollback(savepoint)

    assert names(held) == ["Ada", "Bob"]
    assert held.transaction.numbers() == database.head.numbers
    database.committed(held)
    assert [row["name"] for row in database.rows("users")] == ["Ada", "Bob"]
    assert "notes" not in database.head.tables


def test_an_inner_rollback_leaves_the_outer_savepoint_usable(database: Database) -> None:
    held = database.begin()
    outer = held.transaction.savepoint()
    held.insert("users", {"name": "Ada"})
    inner = held.transaction.savepoint()
    held.insert("users", {"name": "Bob"})

    held.transaction.rollback(inner)
    held.insert("users", {"name": "Cleo"})
    assert names(held) == ["Ada", "Cleo"]
    held.transaction.rollback(outer)

    assert names(held) == []
    assert not held.transaction.writes


def test_what_was_looked_at_stays_looked_at_after_a_rollback(database: Database) -> None:
    (ada,) = database.insert("users", {"name": "Ada"})
    held, other = database.begin(), database.begin()
    savepoint = held.transaction.savepoint()
    held.get(ada)
    held.transaction.rollback(savepoint)
    held.insert("users", {"name": "Bob"})

    other.delete(ada)
    database.committed(other)

    assert database.refused(held).table == "users"


# ------------------------------------------------------------------ unique indexes


def test_a_duplicate_is_refused_naming_index_value_and_both_documents(database: Database) -> None:
    (ada,) = database.insert("users", {"name": "Ada", "email": "ada@example.org"})
    held = database.begin()

    with pytest.raises(UniqueViolation) as refused:
        held.insert("users", {"name": "Eve", "email": "ada@example.org"})

    error: Any = refused.value
    assert str(error) == (
        "Cannot insert into users: the unique index users.by_email already holds email = 'ada@example.org' "
        f"in document {ada} (this one is {error.id}). Expected values that no other document of the table has. "
        "Change the value, or patch the document that has it."
    )
    assert (error.table, error.index, error.existing) == ("users", "by_email", ada)
    assert error.id != ada
    assert not held.transaction.writes


@dataclass
class Write:
    name: str
    write: Callable[[Held, str, str], Any]
    """Gets the ids of Ada (ada@x, tags a b) and Bob (no email, no tags)."""
    violates: str | None


WRITES = [
    Write("an insert", lambda w, ada, bob: w.insert("users", {"name": "Eve", "email": "ada@x"}), "by_email"),
    Write("an insert of another value", lambda w, ada, bob: w.insert("users", {"name": "Eve", "email": "Ada@x"}), None),
    Write("a patch", lambda w, ada, bob: w.patch(bob, {"email": "ada@x"}), "by_email"),
    Write("a patch to its own value", lambda w, ada, bob: w.patch(ada, {"email": "ada@x", "name": "A"}), None),
    Write("a replace", lambda w, ada, bob: w.replace(bob, {"name": "Bob", "email": "ada@x"}), "by_email"),
    Write("a second missing", lambda w, ada, bob: w.insert("users", {"name": "Eve"}), None),
    Write("a second null", lambda w, ada, bob: [w.insert("users", {"name": n, "email": None}) for n in "ab"], None),
    Write(
        "two of one transaction",
        lambda w, ada, bob: [w.insert("users", {"name": name, "email": "new@x"}) for name in "ab"],
        "by_email",
    ),
    Write(
        "a value freed before",
        lambda w, ada, bob: (w.delete(ada), w.insert("users", {"name": "Eve", "email": "ada@x"})),
        None,
    ),
    Write(
        "a value changed before",
        lambda w, ada, bob: (w.patch(ada, {"email": "a@x"}), w.patch(bob, {"email": "ada@x"})),
        None,
    ),
    Write(
        "an element that another document has",
        lambda w, ada, bob: w.insert("users", {"name": "Ada", "tags": ["c", "b"]}),
        "by_name_and_tag",
    ),
    Write(
        "an element of a document of another name",
        lambda w, ada, bob: w.insert("users", {"name": "Eve", "tags": ["a", "b"]}),
        None,
    ),
    Write("an element twice in one document", lambda w, ada, bob: w.patch(bob, {"tags": ["z", "z"]}), None),
    Write(
        "an element that comes with a patch of the other field",
        lambda w, ada, bob: (w.patch(bob, {"tags": ["b"]}), w.patch(bob, {"name": "Ada"})),
        "by_name_and_tag",
    ),
    Write("its own element beside a new one", lambda w, ada, bob: w.patch(ada, {"tags": ["a", "c"]}), None),
]


@pytest.mark.parametrize("case", WRITES, ids=lambda case: case.name)
def test_a_unique_index_refuses_or_accepts(database: Database, case: Write) -> None:
    ada, bob = database.insert("users", {"name": "Ada", "email": "ada@x", "tags": ["a", "b"]}, {"name": "Bob"})
    held = database.begin()

    if case.violates is None:
        case.write(held, ada, bob)
        database.committed(held)
    else:
        with pytest.raises(UniqueViolation) as refused:
            case.write(held, ada, bob)
        assert vars(refused.value)["index"] == case.violates

    database.head.check()


def test_of_two_that_insert_one_key_at_once_the_second_conflicts_and_then_finds_the_first(database: Database) -> None:
    first, second = database.begin(), database.begin()
    first.insert("users", {"name": "Ada", "email": "ada@x"})
    second.insert("users", {"name": "Eve", "email": "ada@x"})

    database.committed(first)

    assert database.refused(second).index == "by_email"
    with pytest.raises(UniqueViolation):
        database.begin().insert("users", {"name": "Eve", "email": "ada@x"})


def test_two_that_insert_different_keys_at_once_both_commit(database: Database) -> None:
    first, second = database.begin(), database.begin()
    first.insert("users", {"name": "Ada", "email": "ada@x"})
    second.insert("users", {"name": "Eve", "email": "eve@x"})

    database.committed(first)
    database.committed(second)

    assert [row["name"] for row in database.rows("users")] == ["Ada", "Eve"]
