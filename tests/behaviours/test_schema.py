"""Convex's behaviours on declared tables and arguments. `schemaValidation: false` is a table declared without fields.

Validators by themselves, their paths and `partial`, `extend`, `pick` and `omit` are in tests/values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import UNSET, v
from reactive_nb.engine import Engine
from reactive_nb.errors import ArgumentValidationError, DocumentValidationError, SchemaError
from reactive_nb.functions.context import MutationContext
from tests.tools import bare, insert, stored


@dataclass(frozen=True, slots=True)
class Refused:
    name: str
    write: Callable[[MutationContext, str, str], object]
    """Gets a context, the id of a user and the id of a message."""
    path: str


GOOD = {"tags": ["a"], "body": "hello"}
REFUSED = [
    Refused("an extra field", lambda ctx, user, msg: ctx.db.insert("messages", {**GOOD, "x": 1}), "$.x"),
    Refused("a missing field", lambda ctx, user, msg: ctx.db.insert("messages", {"body": "x"}), "$.tags"),
    Refused("a wrong type by patch", lambda ctx, user, msg: ctx.db.patch(msg, {"body": 3}), "$.body"),
    Refused("a required field removed by patch", lambda ctx, user, msg: ctx.db.patch(msg, {"body": UNSET}), "$.body"),
    Refused("a wrong type by replace", lambda ctx, user, msg: ctx.db.replace(msg, {**GOOD, "body": None}), "$.body"),
    Refused("a wrong item of an array", lambda ctx, user, msg: ctx.db.patch(msg, {"tags": ["a", 3]}), "$.tags[1]"),
    Refused("an id of another table", lambda ctx, user, msg: ctx.db.patch(msg, {"author": msg}), "$.author"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_document_that_does_not_fit_is_refused(case: Refused, db: Engine) -> None:
    db.define(
        users=rnb.table(name=v.string()),
        messages=rnb.table(tags=v.array(v.string()), body=v.string(), author=v.optional(v.id("users"))),
    )
    (user,) = insert(db, "users", {"name": "ada"})
    (message,) = insert(db, "messages", GOOD)

    with pytest.raises(DocumentValidationError) as caught, db.transaction() as tx:
        case.write(tx, user, message)

    assert caught.value.path == case.path
    assert stored(db, "messages") == [GOOD]


def test_an_id_need_not_be_of_a_document_that_exists(db: Engine) -> None:
    db.define(users=rnb.table(), messages=rnb.table(author=v.id("users")))
    (user,) = insert(db, "users", {})
    with db.transaction() as tx:
        tx.db.delete(user)

    insert(db, "messages", {"author": user})

    assert stored(db, "messages") == [{"author": user}]


def test_without_validation_anything_is_accepted_and_indexed(db: Engine) -> None:
    db.define(t=rnb.table().index("by_a", "a"))

    insert(db, "t", {"a": "x"}, {"b": [1]}, {"a": 1})

    ordered = db.read(lambda ctx: ctx.db.query("t").with_index("by_a").collect())
    assert bare(ordered) == [{"b": [1]}, {"a": 1}, {"a": "x"}]


@dataclass(frozen=True, slots=True)
class BadName:
    name: str
    declare: Callable[[Engine], object]


BAD_NAMES = [
    BadName("a table with a dash", lambda db: db.define(**{"my-table": rnb.table()})),
    BadName("a table with an underscore in front", lambda db: db.define(_t=rnb.table())),
    BadName("a table that begins with a digit", lambda db: db.define(**{"1t": rnb.table()})),
    BadName("a table with a name of 65 characters", lambda db: db.define(**{"t" * 65: rnb.table()})),
    BadName("a field with a space", lambda db: rnb.table(**{"a b": v.string()})),
    BadName("the field _id", lambda db: rnb.table(_id=v.string())),
    BadName("the field _creationTime", lambda db: rnb.table(_creationTime=v.number())),
    BadName("an index with a dash", lambda db: rnb.table().index("by-a", "a")),
    BadName("the index by_id", lambda db: rnb.table().index("by_id", "a")),
    BadName("the index by_creation_time", lambda db: rnb.table().index("by_creation_time", "a")),
    BadName("an index of _creationTime", lambda db: rnb.table().index("by_a", "a", "_creationTime")),
    BadName("an index of the same field twice", lambda db: rnb.table().index("by_a", "a", "a")),
    BadName("an index of no field", lambda db: rnb.table().index("by_a")),
]


@pytest.mark.parametrize("case", BAD_NAMES, ids=lambda case: case.name)
def test_a_name_that_cannot_be_is_refused(case: BadName, db: Engine) -> None:
    with pytest.raises(SchemaError):
        case.declare(db)

    assert (db.ts, dict(db.tables())) == (0, {})


@dataclass(frozen=True, slots=True)
class BadCall:
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    says: str


BAD_CALLS = [
    BadCall("{arg: 123} for a string", (), {"arg": 123}, "$.arg is 123 (int). Expected a string"),
    BadCall("missing", (), {}, "the argument 'arg' is missing"),
    BadCall("extra", (), {"arg": "x", "more": 1}, "'more' is not one of its arguments"),
    BadCall("two arguments", ("x", "y"), {}, "2 positional arguments were given"),
    BadCall("not a value", (), {"arg": object()}, "$.arg is <object"),
    BadCall("UNSET", (), {"arg": UNSET}, "$.arg is UNSET"),
]


@pytest.mark.parametrize("case", BAD_CALLS, ids=lambda case: case.name)
def test_wrong_arguments_are_refused_and_nothing_runs(case: BadCall, db: Engine) -> None:
    ran: list[str] = []

    @db.mutation
    def note(ctx: Any, arg: str) -> None:
        ran.append(arg)

    with pytest.raises(ArgumentValidationError) as caught:
        note(*case.args, **case.kwargs)

    assert str(caught.value).startswith("Cannot call note: ")
    assert case.says in str(caught.value)
    assert ran == []
