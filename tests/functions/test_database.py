"""`ctx.db`: both forms of arguments, ids that fit and do not, full sentences of errors, tables made by an insert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import reactive_nb as rnb
from reactive_nb import UNSET, v
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.engine import Engine
from reactive_nb.errors import (
    DocumentNotFound,
    DocumentValidationError,
    FunctionKindError,
    InvalidId,
    InvalidValue,
    ReactiveError,
    ReservedName,
    SchemaError,
    UniqueViolation,
)
from reactive_nb.functions.context import MutationContext
from reactive_nb.transaction.commit import replay
from reactive_nb.values.ids import encode_id
from tests.tools import Core, bare, fields, insert, looked_at, stored


def test_a_document_has_its_id_its_time_and_its_fields_in_order(db: Engine) -> None:
    (id,) = insert(db, "t", {"b": 1, "a": 2})

    document = db.read(lambda ctx: ctx.db.get(id))

    assert document is not None
    assert list(document) == ["_id", "_creationTime", "b", "a"]
    assert document["_id"] == id


def test_get_with_the_table_is_the_same_document(db: Engine) -> None:
    (id,) = insert(db, "t", {"n": 1})

    assert db.read(lambda ctx: ctx.db.get("t", id)) == db.read(lambda ctx: ctx.db.get(id))


def test_a_look_at_an_id_is_recorded_whether_the_document_is_there_or_not(db: Engine) -> None:
    here, gone = insert(db, "t", {}, {})
    with db.transaction() as tx:
        tx.db.delete(gone)

    for id in (here, gone):
        key = id.encode()
        assert looked_at(db, lambda ctx, id=id: ctx.db.get(id)) == {("t", "by_id"): [(key, key + b"\0")]}


def test_an_id_of_a_table_that_does_not_exist_reads_as_none_and_depends_on_which_there_are(db: Engine) -> None:
    id = encode_id(10077, bytes(16))

    assert db.read(lambda ctx: ctx.db.get(id)) is None
    assert list(looked_at(db, lambda ctx: ctx.db.get(id))) == [("_tables", "by_creation_time")]


def test_normalize_id_says_whether_a_text_is_an_id_of_the_table(db: Engine) -> None:
    (id,) = insert(db, "t", {})
    insert(db, "u", {})
    with db.transaction() as tx:
        tx.db.delete(id)

    def normalized(table: str, text: Any) -> str | None:
        return db.read(lambda ctx: ctx.db.normalize_id(table, text))

    assert normalized("t", id) == id
    assert [normalized("u", id), normalized("t", "x"), normalized("t", ""), normalized("nope", id)] == [None] * 4


def test_declarations_can_be_read_as_documents(db: Engine) -> None:
    db.define(t=rnb.table(a=v.string()))

    declared = db.read(lambda ctx: ctx.db.system.query("_tables").with_index("by_name", name="t").unique())

    assert declared is not None
    assert declared["document"]["value"]["a"] == {"fieldType": {"type": "string"}, "optional": False}
    assert db.read(lambda ctx: ctx.db.system.get(declared["_id"])) == declared


# ------------------------------------------------------------------ tables made by an insert


def test_inserting_into_a_new_table_creates_it(db: Engine) -> None:
    insert(db, "t", {"anything": [1, {"x": None}]})

    assert dict(db.tables()) == {"t": rnb.table()}
    assert db.ts == 1


def test_a_table_created_by_a_mutation_that_raises_is_not_there(db: Engine) -> None:
    @db.mutation
    def create(ctx: Any) -> None:
        ctx.db.insert("t", {})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        create()

    assert dict(db.tables()) == {}


def test_a_query_of_a_missing_table_is_live_when_it_is_created(db: Engine) -> None:
    @db.query
    def size(ctx: Any) -> int:
        return ctx.db.query("t").count()

    with size.live() as live:
        insert(db, "t", {})
        db.settle()

        assert live.value == 1


def test_the_log_of_an_insert_that_made_its_table_can_be_replayed() -> None:
    core = Core()
    core.write(lambda ctx: ctx.db.insert("t", {"n": 1}))

    snapshot = Snapshot.empty()
    for record in core.log.read(0):
        snapshot, _ = replay(snapshot, record.ts, record.payload)

    snapshot.check()
    documents = [fields(document) for _, document in snapshot.tables["t"].documents()]
    assert documents == [{"n": 1}]


def test_two_transactions_that_create_one_table_conflict_once() -> None:
    core = Core()
    attempts: list[int] = []

    def create(ctx: MutationContext) -> None:
        ctx.db.insert("t", {"by": "mine"})
        attempts.append(1)
        if len(attempts) == 1:
            core.write(lambda rival: rival.db.insert("t", {"by": "rival"}))

    core.runner.write(create, "create")

    assert len(attempts) == 2
    assert core.runner.read(lambda ctx: bare(ctx.db.query("t").collect()), "read").value() == [
        {"by": "rival"},
        {"by": "mine"},
    ]


# ------------------------------------------------------------------ several writes to one document


WRITES: list[tuple[str, Callable[[MutationContext, str], object]]] = [
    ("insert and delete", lambda ctx, id: ctx.db.delete(ctx.db.insert("t", {"n": 2}))),
    ("patch there and back", lambda ctx, id: [ctx.db.patch(id, {"n": 2}), ctx.db.patch(id, {"n": 1})]),
    ("a patch of nothing", lambda ctx, id: ctx.db.patch(id, {})),
    ("replace by the same", lambda ctx, id: ctx.db.replace(id, {"n": 1})),
]


@pytest.mark.parametrize(("name", "write"), WRITES, ids=[name for name, _ in WRITES])
def test_writes_that_come_to_nothing_commit_nothing(
    name: str, write: Callable[[MutationContext, str], object], db: Engine
) -> None:
    (id,) = insert(db, "t", {"n": 1})
    before = db.ts

    with db.transaction() as tx:
        write(tx, id)

    assert db.ts == before
    assert stored(db, "t") == [{"n": 1}]


def test_a_document_that_a_scan_has_seen_changed_is_read_as_it_is_after_changing_back(db: Engine) -> None:
    (id,) = insert(db, "t", {"n": 1})
    with db.transaction() as tx:
        tx.db.patch(id, {"n": 2})
        assert bare(tx.db.query("t").collect()) == [{"n": 2}]
        tx.db.patch(id, {"n": 1})
        assert fields(tx.db.get(id) or {}) == {"n": 1}
        tx.db.patch(id, {"m": 3})

    assert stored(db, "t") == [{"n": 1, "m": 3}]


# ------------------------------------------------------------------ what is refused


@dataclass(frozen=True, slots=True)
class Refused:
    name: str
    write: Callable[[MutationContext, str], object]
    error: type[ReactiveError]
    says: str


DEEP: list[Any] = []
for _ in range(16):
    DEEP = [DEEP]

REFUSED = [
    Refused(
        "a wrong type",
        lambda ctx, id: ctx.db.insert("t", {"n": "x"}),
        DocumentValidationError,
        "Cannot insert into t: $.n is 'x' (str). Expected a number. Pass an int or a float.",
    ),
    Refused(
        "no value at all",
        lambda ctx, id: ctx.db.insert("t", {"n": 1, "any": {1}}),
        InvalidValue,
        "Cannot insert into t: $.any is {1} (set).",
    ),
    Refused(
        "UNSET in an insert",
        lambda ctx, id: ctx.db.insert("free", {"a": [{"b": UNSET}]}),
        InvalidValue,
        "Cannot insert into free: $.a[0].b is UNSET.",
    ),
    Refused(
        "more than 16 levels",
        lambda ctx, id: ctx.db.insert("free", {"a": DEEP}),
        InvalidValue,
        "is nested too deeply. Expected at most 16 levels",
    ),
    Refused(
        "more than 16 levels in a declared field",
        lambda ctx, id: ctx.db.patch(id, {"any": DEEP}),
        InvalidValue,
        "is nested too deeply. Expected at most 16 levels",
    ),
    Refused(
        "more than a megabyte",
        lambda ctx, id: ctx.db.insert("free", {"a": "x" * (1 << 20)}),
        InvalidValue,
        "Cannot insert into free: the document takes 1,048,6",
    ),
    Refused(
        "a field name with a space",
        lambda ctx, id: ctx.db.insert("free", {"a b": 1}),
        InvalidValue,
        "Cannot insert into free: 'a b' is not a field name. Expected a letter followed by at most 63 letters, digits "
        "and underscores. Rename the field, or nest the mapping in a field of its own.",
    ),
    Refused(
        "a field with an underscore",
        lambda ctx, id: ctx.db.insert("free", {"_x": 1}),
        ReservedName,
        "Cannot insert into free: the field '_x' is the engine's own.",
    ),
    Refused(
        "no mapping",
        lambda ctx, id: ctx.db.insert("t", [1]),  # type: ignore[arg-type]
        DocumentValidationError,
        "Cannot insert into t: [1] (list) was given. Expected a mapping of fields. Pass a dict.",
    ),
    Refused(
        "many documents at once, told in a few words",
        lambda ctx, id: ctx.db.insert("t", [{"n": n} for n in range(3000)]),  # type: ignore[arg-type]
        DocumentValidationError,
        "{'n': 5}, ...] (list) was given. Expected a mapping of fields. Pass one dict at a time; a mutation may do so as "
        "often as it likes.",
    ),
    Refused(
        "a row of a data frame",
        lambda ctx, id: ctx.db.insert("t", pd.DataFrame({"n": [1], "any": ["x"]}).iloc[0]),  # type: ignore[arg-type]
        DocumentValidationError,
        "(Series) was given. Expected a mapping of fields. Pass row.to_dict().",
    ),
    Refused(
        "a row as a tuple with names",
        lambda ctx, id: ctx.db.replace(id, next(pd.DataFrame({"n": [1]}).itertuples())),
        DocumentValidationError,
        "Expected a mapping of fields. Pass row._asdict().",
    ),
    Refused(
        "a patch of no mapping",
        lambda ctx, id: ctx.db.patch(id, 3),
        DocumentValidationError,
        "3 (int) was given. Expected a mapping of fields. Pass a dict.",
    ),
    Refused(
        "an unknown table name",
        lambda ctx, id: ctx.db.insert("a-b", {}),
        SchemaError,
        "Cannot use the table name 'a-b': 'a-b' is not a table name.",
    ),
    Refused(
        "a table that is no string",
        lambda ctx, id: ctx.db.insert(3, {}),  # type: ignore[arg-type]
        SchemaError,
        "3 is not a table name",
    ),
    Refused(
        "a system table",
        lambda ctx, id: ctx.db.insert("_tables", {}),
        ReservedName,
        "Cannot insert into _tables: _tables is a system table. Expected one of your tables. System tables, whose "
        "names start with an underscore, are written by the engine only.",
    ),
    Refused(
        "an id of another table",
        lambda ctx, id: ctx.db.patch("free", id, {}),
        InvalidId,
        "it belongs to the table t. Expected an id of the table free. Pass the id of a document of that table, or "
        "leave the table out.",
    ),
    Refused(
        "no id",
        lambda ctx, id: ctx.db.delete(3),  # type: ignore[arg-type]
        InvalidId,
        "Cannot delete the document: 3 (int) was given. Expected a document id. Pass what insert returned, or a "
        "document's _id.",
    ),
    Refused(
        "a document of a table that does not exist",
        lambda ctx, id: ctx.db.patch(encode_id(10077, bytes(16)), {}),
        DocumentNotFound,
        "there is no document with this id. Expected the id of a document that exists. It may have been deleted; "
        "ctx.db.get(id) returns None then.",
    ),
    Refused(
        "another creation time",
        lambda ctx, id: ctx.db.replace(id, {"n": 1, "_creationTime": 0.0}),
        ReservedName,
        "to 0.0. Expected _creationTime left out, or as it is. Leave _creationTime out.",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused_and_nothing_written(case: Refused, db: Engine) -> None:
    db.define(t=rnb.table(n=v.number(), any=v.optional(v.any())), free=rnb.table())
    (id,) = insert(db, "t", {"n": 0})
    before = db.ts

    with pytest.raises(case.error) as caught, db.transaction() as tx:
        case.write(tx, id)

    assert case.says in str(caught.value)
    assert db.ts == before


@pytest.mark.parametrize("table", ["t", "free"])
def test_any_mapping_is_a_document(table: str, db: Engine) -> None:
    db.define(t=rnb.table(n=v.number()), free=rnb.table())

    (id,) = insert(db, table, MappingProxyType({"n": 1}))
    with db.transaction() as tx:
        tx.db.replace(id, MappingProxyType({"n": 2}))

    assert stored(db, table) == [{"n": 2}]


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda ctx: ctx.db.insert("t", {"n": 1}), "Cannot insert a document"),
        (lambda ctx: ctx.db.patch("id", {"n": 1}), "Cannot patch a document"),
        (lambda ctx: ctx.db.replace("t", "id", {"n": 1}), "Cannot replace a document"),
        (lambda ctx: ctx.db.delete("id"), "Cannot delete a document"),
    ],
    ids=["insert", "patch", "replace", "delete"],
)
def test_a_query_cannot_write(write: Any, says: str, db: Engine) -> None:
    query = db.query(name="q")(write)

    with pytest.raises(FunctionKindError) as caught:
        query()

    assert str(caught.value) == (
        f"{says}: this is a query, which only reads. Expected a mutation. "
        "Declare the function with @db.mutation, or in a cell write with db.transaction() as tx."
    )


def test_a_document_that_is_gone_is_named_with_its_table(db: Engine) -> None:
    (id,) = insert(db, "t", {})
    with db.transaction() as tx:
        tx.db.delete(id)

    with pytest.raises(DocumentNotFound) as caught, db.transaction() as tx:
        tx.db.patch(id, {"n": 1})

    assert str(caught.value) == (
        f"Cannot patch {id}: there is no document with this id in t. Expected the id of a document that exists. "
        "It may have been deleted; ctx.db.get(id) returns None then."
    )
    assert caught.value.id == id  # type: ignore[attr-defined]


def test_values_of_numpy_are_stored_as_plain_ones(db: Engine) -> None:
    db.define(t=rnb.table(n=v.number(), x=v.any()))

    insert(db, "t", {"n": np.float64(0.5), "x": np.int32(3)})
    insert(db, "free", {"n": np.int64(4)})

    assert stored(db, "t") == [{"n": 0.5, "x": 3}]
    assert [type(value) for value in stored(db, "t")[0].values()] == [float, int]
    assert stored(db, "free") == [{"n": 4}]


# ------------------------------------------------------------------ unique indexes


@dataclass(frozen=True, slots=True)
class Unique:
    name: str
    write: Callable[[MutationContext, str, str], object]
    """Gets the ids of {email: a} and {email: b}."""
    accepted: bool


UNIQUE = [
    Unique("another value", lambda ctx, a, b: ctx.db.insert("users", {"email": "c"}), True),
    Unique("a taken value", lambda ctx, a, b: ctx.db.insert("users", {"email": "a"}), False),
    Unique("a taken value by patch", lambda ctx, a, b: ctx.db.patch(b, {"email": "a"}), False),
    Unique("a taken value by replace", lambda ctx, a, b: ctx.db.replace(b, {"email": "a"}), False),
    Unique("its own value", lambda ctx, a, b: ctx.db.patch(a, {"email": "a", "x": 1}), True),
    Unique("a value given free before", lambda ctx, a, b: [ctx.db.delete(a), ctx.db.patch(b, {"email": "a"})], True),
    Unique("the same new value twice", lambda ctx, a, b: [ctx.db.insert("users", {"email": "c"}) for _ in "12"], False),
    Unique("missing twice", lambda ctx, a, b: [ctx.db.insert("users", {}) for _ in "12"], True),
    Unique("null twice", lambda ctx, a, b: [ctx.db.insert("users", {"email": None}) for _ in "12"], True),
]


@pytest.mark.parametrize("case", UNIQUE, ids=lambda case: case.name)
def test_a_unique_index(case: Unique, db: Engine) -> None:
    db.define(users=rnb.table().index("by_email", "email", unique=True))
    a, b = insert(db, "users", {"email": "a"}, {"email": "b"})

    def write() -> None:
        with db.transaction() as tx:
            case.write(tx, a, b)

    if case.accepted:
        write()
    else:
        with pytest.raises(UniqueViolation):
            write()


def test_a_duplicate_is_named_with_index_value_and_both_documents(db: Engine) -> None:
    db.define(users=rnb.table().index("by_email", "email", unique=True))
    (a,) = insert(db, "users", {"email": "a"})

    with pytest.raises(UniqueViolation) as caught:
        insert(db, "users", {"email": "a"})

    error: Any = caught.value
    assert (error.table, error.index, error.existing) == ("users", "by_email", a)
    assert str(error) == (
        f"Cannot insert into users: the unique index users.by_email already holds email = 'a' in document {a} "
        f"(this one is {error.id}). Expected values that no other document of the table has. "
        "Change the value, or patch the document that has it."
    )


def test_of_two_mutations_that_insert_one_unique_value_the_second_is_refused() -> None:
    core = Core()
    core.define(users=rnb.table().index("by_email", "email", unique=True))

    def join(ctx: MutationContext) -> None:
        ctx.db.insert("users", {"email": "a"})
        if ctx.transaction.snapshot.ts == 1:
            core.write(lambda rival: rival.db.insert("users", {"email": "a"}))

    with pytest.raises(UniqueViolation):
        core.runner.write(join, "join")

    assert core.runner.read(lambda ctx: ctx.db.query("users").count(), "read").value() == 1
