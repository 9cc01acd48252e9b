"""Convex's behaviours on inserting, changing and deleting documents.

Left out: unhandled rejections of promises, which Python does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from reactive_nb import UNSET
from reactive_nb.engine import Engine
from reactive_nb.errors import DocumentNotFound, InvalidId, ReactiveError, ReservedName
from reactive_nb.functions.context import MutationContext
from reactive_nb.testing import FakeClock
from reactive_nb.values.ids import encode_id
from tests.tools import bare, fields, insert, stored


@dataclass(frozen=True, slots=True)
class Written:
    name: str
    before: dict[str, Any]
    write: Callable[[MutationContext, str], object]
    after: list[dict[str, Any]]


WRITTEN = [
    Written(
        "patch with undefined removes the field and keeps the rest",
        {"author": "ada", "body": "hello", "embedding": [1.0]},
        lambda ctx, id: ctx.db.patch(id, {"body": "hi", "embedding": UNSET}),
        [{"author": "ada", "body": "hi"}],
    ),
    Written(
        "patch with undefined of a field that is not there",
        {"body": "hello"},
        lambda ctx, id: ctx.db.patch(id, {"embedding": UNSET}),
        [{"body": "hello"}],
    ),
    Written(
        "patch is shallow",
        {"nested": {"y": 2}},
        lambda ctx, id: ctx.db.patch(id, {"nested": {"x": 1}}),
        [{"nested": {"x": 1}}],
    ),
    Written(
        "patch with the table",
        {"a": 1},
        lambda ctx, id: ctx.db.patch("t", id, {"a": 2}),
        [{"a": 2}],
    ),
    Written(
        "patch with the _id it has",
        {"a": 1},
        lambda ctx, id: ctx.db.patch(id, {"_id": id, "a": 2}),
        [{"a": 2}],
    ),
    Written(
        "replace drops what is not given",
        {"a": 1, "b": 2},
        lambda ctx, id: ctx.db.replace(id, {"b": 3}),
        [{"b": 3}],
    ),
    Written(
        "replace with a whole document that was read",
        {"a": 1},
        lambda ctx, id: ctx.db.replace("t", id, {**(ctx.db.get(id) or {}), "a": 5}),
        [{"a": 5}],
    ),
    Written("delete", {"a": 1}, lambda ctx, id: ctx.db.delete(id), []),
    Written("delete with the table", {"a": 1}, lambda ctx, id: ctx.db.delete("t", id), []),
]


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: case.name)
def test_a_write_leaves(case: Written, db: Engine) -> None:
    (id,) = insert(db, "t", case.before)
    before = db.read(lambda ctx: ctx.db.get(id))
    assert before is not None

    with db.transaction() as tx:
        case.write(tx, id)

    assert stored(db, "t") == case.after
    after = db.read(lambda ctx: ctx.db.get(id))
    assert after is None or after["_creationTime"] == before["_creationTime"]


@dataclass(frozen=True, slots=True)
class Refused:
    name: str
    call: Callable[[MutationContext, str], object]
    """Gets a context and the id of a document of `t` that has been deleted."""
    error: type[ReactiveError]
    says: str


def tables_id(ctx: MutationContext) -> str:
    declaration = ctx.db.system.query("_tables").first()
    assert declaration is not None
    return str(declaration["_id"])


REFUSED = [
    Refused(
        "insert with _id",
        lambda ctx, id: ctx.db.insert("t", {"_id": id}),
        ReservedName,
        "Cannot insert into t: the document brings its own _id",
    ),
    Refused(
        "insert with _creationTime",
        lambda ctx, id: ctx.db.insert("t", {"_creationTime": 1.0}),
        ReservedName,
        "the document brings its own _creationTime",
    ),
    Refused("patch of a deleted document", lambda ctx, id: ctx.db.patch(id, {}), DocumentNotFound, "Cannot patch"),
    Refused(
        "replace of a deleted document", lambda ctx, id: ctx.db.replace(id, {}), DocumentNotFound, "Cannot replace"
    ),
    Refused("delete of a deleted document", lambda ctx, id: ctx.db.delete(id), DocumentNotFound, "Cannot delete"),
    Refused("get of no id", lambda ctx, id: ctx.db.get("not an id"), InvalidId, "'not an id' is not one"),
    Refused("get of None", lambda ctx, id: ctx.db.get(None), InvalidId, "Cannot get the document: None"),  # type: ignore[arg-type]
    Refused("get with another table", lambda ctx, id: ctx.db.get("u", id), InvalidId, "it belongs to the table t"),
    Refused("insert into _x", lambda ctx, id: ctx.db.insert("_x", {}), ReservedName, "_x is a system table"),
    Refused("insert into _tables", lambda ctx, id: ctx.db.insert("_tables", {}), ReservedName, "_tables is a system"),
    Refused(
        "get of a system id",
        lambda ctx, id: ctx.db.get(tables_id(ctx)),
        ReservedName,
        "Read it with ctx.db.system.get(id)",
    ),
    Refused(
        "patch of a system document",
        lambda ctx, id: ctx.db.patch(tables_id(ctx), {"number": 3}),
        ReservedName,
        "it belongs to the system table _tables",
    ),
    Refused("system.get of a user's id", lambda ctx, id: ctx.db.system.get(id), ReservedName, "Use ctx.db.get(id)"),
    Refused("query of a system table", lambda ctx, id: ctx.db.query("_tables"), ReservedName, "Use ctx.db.system"),
    Refused("system.query of a user's table", lambda ctx, id: ctx.db.system.query("t"), ReservedName, "Use ctx.db.q"),
    Refused(
        "patch of another _id",
        lambda ctx, id: ctx.db.patch(ctx.db.insert("t", {}), {"_id": id}),
        ReservedName,
        "_id would change",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused_and_nothing_written(case: Refused, db: Engine) -> None:
    (id,) = insert(db, "t", {})
    insert(db, "u", {})
    with db.transaction() as tx:
        tx.db.delete(id)
    before = db.ts

    with pytest.raises(case.error) as caught, db.transaction() as tx:
        case.call(tx, id)

    assert case.says in str(caught.value)
    assert db.ts == before
    assert stored(db, "t") == []


def test_a_system_table_that_is_not_there_is_empty(db: Engine) -> None:
    assert db.read(lambda ctx: ctx.db.system.query("_secret").collect()) == []
    assert db.read(lambda ctx: ctx.db.system.get(encode_id(77, bytes(16)))) is None


def test_the_id_of_a_deleted_document_reads_as_none(db: Engine) -> None:
    (id,) = insert(db, "t", {})
    with db.transaction() as tx:
        tx.db.delete(id)

    assert db.read(lambda ctx: ctx.db.get(id)) is None


def test_a_mutation_that_raises_stores_nothing(db: Engine) -> None:
    @db.mutation
    def fail(ctx: Any) -> None:
        ctx.db.insert("t", {})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert (db.ts, db.table_counts()) == (0, {})


def test_reads_of_a_mutation_see_its_writes(db: Engine) -> None:
    insert(db, "t", {"n": 0})
    seen: list[Any] = []

    @db.mutation
    def work(ctx: Any) -> None:
        id = ctx.db.insert("t", {"n": 1})
        seen.append(fields(ctx.db.get(id)))
        ctx.db.patch(id, {"n": 2})
        seen.append(bare(ctx.db.query("t").collect()))
        ctx.db.replace(id, {"m": 3})
        seen.append(bare(ctx.db.query("t").order("desc").take(1)))
        ctx.db.delete(ctx.db.query("t").first()["_id"])
        seen.append(fields(ctx.db.query("t").first()))
        ctx.db.delete(id)
        seen.append((ctx.db.get(id), ctx.db.query("t").first(), ctx.db.query("t").count()))

    work()

    assert seen == [{"n": 1}, [{"n": 0}, {"n": 2}], [{"m": 3}], {"m": 3}, (None, None, 0)]


@pytest.mark.parametrize("committed", [0, 1])
def test_a_stale_query_does_not_count_what_is_pending(committed: int, db: Engine) -> None:
    insert(db, "t", *({} for _ in range(committed)))

    @db.query
    def size(ctx: Any) -> int:
        return ctx.db.query("t").count()

    @db.mutation
    def work(ctx: Any) -> tuple[int, int]:
        ctx.db.insert("t", {})
        return ctx.run_stale_query(size), ctx.run_query(size)

    assert work() == (committed, committed + 1)


def test_creation_times_increase_strictly_from_the_time_of_the_mutation(db: Engine, clock: FakeClock) -> None:
    start = clock.now_ms()
    insert(db, "t", *({} for _ in range(100)))
    clock.advance(timedelta(milliseconds=1))
    insert(db, "t", {})

    times = [document["_creationTime"] for document in db.read(lambda ctx: ctx.db.query("t").collect())]

    assert times == sorted(set(times))
    assert start <= times[0]
    assert times[99] < start + 1 == times[100]
