"""`db.define`: declarations stored, documents checked, indexes filled, all of it or nothing; and dropping tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.engine import Engine
from reactive_nb.errors import (
    ArgumentValidationError,
    DocumentValidationError,
    SchemaError,
    SchemaMismatch,
    UnknownIndex,
    UnknownTable,
)
from reactive_nb.functions.context import MutationContext
from reactive_nb.functions.define import define, drop
from reactive_nb.schema.declaration import Table
from reactive_nb.transaction.commit import replay
from reactive_nb.transaction.read_set import Overlap
from tests.tools import Core, bare, insert, stored

DOCUMENTS = [{"n": 2, "tags": ["a"]}, {"n": 1, "tags": ["b", "a"]}, {"n": 1, "tags": []}]
NewId = rnb.Id["new"]
FIELDS = {"n": v.number(), "tags": v.array(v.string())}


def by(db: Engine, index: str, **equal: Any) -> list[int]:
    return [document["n"] for document in db.read(lambda ctx: ctx.db.query("t").with_index(index, **equal).collect())]


# ------------------------------------------------------------------ what may change


@dataclass(frozen=True, slots=True)
class Evolves:
    name: str
    before: Table
    after: Table
    says: str
    works: Callable[[Engine], bool]


EVOLVES = [
    Evolves(
        "an index is added and filled",
        rnb.table(**FIELDS),
        rnb.table(**FIELDS).index("by_n", "n"),
        "t: index by_n filled",
        lambda db: by(db, "by_n") == [1, 1, 2] and by(db, "by_n", n=2) == [2],
    ),
    Evolves(
        "a multi index is added and filled",
        rnb.table(),
        rnb.table().index("by_tag", "tags", multi=True),
        "t: index by_tag filled",
        lambda db: by(db, "by_tag", tags="a") == [2, 1],
    ),
    Evolves(
        "the fields of an index change",
        rnb.table().index("by_x", "n"),
        rnb.table().index("by_x", "tags"),
        "t: index by_x filled",
        lambda db: by(db, "by_x", tags=["a"]) == [2],
    ),
    Evolves(
        "an index is dropped",
        rnb.table().index("by_n", "n").index("by_tags", "tags"),
        rnb.table().index("by_tags", "tags"),
        "t: index by_n dropped",
        lambda db: list(db.tables()["t"].indexes) == list(rnb.table().index("by_tags", "tags").indexes),
    ),
    Evolves(
        "search indexes are added",
        rnb.table(),
        rnb.table().search_index("search_tags", "tags").vector_index("by_n", "n", dimensions=2).index("by_t", "tags"),
        "t: index by_t filled, index search_tags filled, index by_n filled",
        lambda db: [each.name for each in db.tables()["t"].searches] == ["search_tags", "by_n"],
    ),
    Evolves(
        "a search index is dropped, and another changes",
        rnb.table().search_index("search_tags", "tags").search_index("search_n", "n"),
        rnb.table().search_index("search_n", "n", filter_fields=["tags"]),
        "t: index search_n filled, index search_tags dropped",
        lambda db: [each.name for each in db.tables()["t"].searches] == ["search_n"],
    ),
    Evolves(
        "documents that fit are declared",
        rnb.table(),
        rnb.table(**FIELDS),
        "t: documents checked",
        lambda db: True,
    ),
    Evolves(
        "a declaration is taken away",
        rnb.table(**FIELDS),
        rnb.table(),
        "t: unchanged",
        lambda db: bool(insert(db, "t", {"n": "x"})),
    ),
    Evolves(
        "an optional field is added",
        rnb.table(**FIELDS),
        rnb.table(**FIELDS, more=v.optional(v.string())),
        "t: documents checked",
        lambda db: bool(insert(db, "t", {"n": 1, "tags": [], "more": "x"})),
    ),
    Evolves(
        "a union of objects",
        rnb.table(),
        rnb.table(v.union(v.object(**FIELDS), v.object(kind=v.literal("other")))).index("by_kind", "kind"),
        "t: documents checked, index by_kind filled",
        lambda db: bool(insert(db, "t", {"kind": "other"})) and len(by_kind(db)) == 1,
    ),
    Evolves("nothing changes", rnb.table(**FIELDS), rnb.table(**FIELDS), "nothing changed", lambda db: True),
]


def by_kind(db: Engine) -> list[Any]:
    return db.read(lambda ctx: ctx.db.query("t").with_index("by_kind", kind="other").collect())


@pytest.mark.parametrize("case", EVOLVES, ids=lambda case: case.name)
def test_a_declaration_evolves(case: Evolves, db: Engine) -> None:
    db.define(t=case.before)
    insert(db, "t", *DOCUMENTS)
    before = db.ts

    evolution = db.define(t=case.after)

    assert repr(evolution) == case.says
    assert db.ts == before + (case.says != "nothing changed")
    assert db.tables()["t"] == case.after
    assert stored(db, "t") == DOCUMENTS
    assert case.works(db)


def test_a_dropped_index_is_unknown(db: Engine) -> None:
    db.define(t=rnb.table().index("by_n", "n"))
    db.define(t=rnb.table())

    with pytest.raises(UnknownIndex):
        by(db, "by_n")


def test_new_tables_say_which_indexes_they_have(db: Engine) -> None:
    evolution = db.define(a=rnb.table(), b=rnb.table().index("by_x", "x"))

    assert repr(evolution) == "a: created\nb: created, with by_x"
    assert db.ts == 1


def test_tables_that_are_not_named_stay(db: Engine) -> None:
    db.define(a=rnb.table(x=v.string()))
    db.define(b=rnb.table())

    assert dict(db.tables()) == {"a": rnb.table(x=v.string()), "b": rnb.table()}


def test_tables_that_refer_to_each_other_are_declared_together(db: Engine) -> None:
    db.define(a=rnb.table(b=v.nullable(v.id("b"))), b=rnb.table(a=v.id("a")))

    with db.transaction() as tx:
        a = tx.db.insert("a", {"b": None})
        b = tx.db.insert("b", {"a": a})
        tx.db.patch(a, {"b": b})

    assert stored(db, "a") == [{"b": b}]


def test_a_table_made_by_an_insert_can_be_declared_afterwards(db: Engine) -> None:
    insert(db, "t", *DOCUMENTS)

    db.define(t=rnb.table(**FIELDS).index("by_n", "n"))

    assert by(db, "by_n") == [1, 1, 2]
    with pytest.raises(DocumentValidationError):
        insert(db, "t", {"n": "x"})


# ------------------------------------------------------------------ what does not fit


@dataclass(frozen=True, slots=True)
class Misfit:
    name: str
    after: Table
    misfits: list[int]
    """Positions of the documents that do not fit."""
    says: str
    """With `{0}` for the id of the first document, and so on."""


MISFITS = [
    Misfit(
        "a field of another type",
        rnb.table(n=v.string(), tags=v.any()),
        [0, 1, 2],
        "Cannot define t: 3 of 3 documents of t do not fit ({0}: $.n is 2 (int), expected a string; {1}: $.n is 1 "
        "(int), expected a string; {2}: $.n is 1 (int), expected a string). Expected a declaration that every stored "
        "document fits. Change those documents first, or declare the field so that it accepts them, with v.optional "
        "or v.union. Nothing was changed.",
    ),
    Misfit("a field that is required now", rnb.table(**FIELDS, more=v.string()), [0, 1, 2], "$.more is missing"),
    Misfit("a field less", rnb.table(n=v.number()), [0, 1, 2], "$.tags is not a declared field"),
    Misfit("some of them", rnb.table(n=v.literal(1), tags=v.any()), [0], "1 of 3 documents of t do not fit ({0}: "),
    Misfit(
        "a unique index over duplicates",
        rnb.table().index("by_n", "n", unique=True),
        [2],
        "1 of 3 documents of t do not fit ({2}: has the same n as {1})",
    ),
    Misfit(
        "a unique multi index over duplicates",
        rnb.table().index("by_tag", "tags", unique=True, multi=True),
        [1],
        "{1}: has the same tags as {0}",
    ),
    Misfit("no union member", rnb.table(v.union(v.object(a=v.any()), v.object(b=v.any()))), [0, 1, 2], "3 of 3"),
]


@pytest.mark.parametrize("case", MISFITS, ids=lambda case: case.name)
def test_misfits_are_named_and_nothing_has_changed(case: Misfit, db: Engine) -> None:
    ids = insert(db, "t", *DOCUMENTS)
    before, tables = db.ts, dict(db.tables())

    with pytest.raises(SchemaMismatch) as caught:
        db.define(other=rnb.table(), t=case.after)

    assert case.says.format(*ids) in str(caught.value)
    assert caught.value.misfits == {"t": [ids[place] for place in case.misfits]}  # type: ignore[attr-defined]
    assert (db.ts, dict(db.tables()), stored(db, "t")) == (before, tables, DOCUMENTS)
    insert(db, "t", {"n": "anything"})


def test_many_misfits_are_counted_and_five_are_shown(db: Engine) -> None:
    ids = insert(db, "t", *({"n": n} for n in range(8)))

    with pytest.raises(SchemaMismatch) as caught:
        db.define(t=rnb.table(n=v.string()))

    assert "8 of 8 documents of t do not fit" in str(caught.value)
    assert "; and 3 more)" in str(caught.value)
    assert [id in str(caught.value) for id in ids] == [True] * 5 + [False] * 3


def test_misfits_of_several_tables_are_reported_together(db: Engine) -> None:
    insert(db, "a", {"x": 1})
    insert(db, "b", {"y": 1})

    with pytest.raises(SchemaMismatch) as caught:
        db.define(a=rnb.table(x=v.string()), b=rnb.table(y=v.string()))

    assert str(caught.value).startswith("Cannot define a, b: 1 of 1 documents of a do not fit")
    assert list(caught.value.misfits) == ["a", "b"]  # type: ignore[attr-defined]


def test_missing_and_null_are_no_duplicates(db: Engine) -> None:
    insert(db, "t", {}, {}, {"n": None}, {"n": None}, {"n": 1})

    db.define(t=rnb.table().index("by_n", "n", unique=True))

    assert db.tables()["t"].indexes[0].unique


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ({"t": {"n": v.number()}}, "Cannot define t: {'n': v.number()} is not a declaration. Expected rnb.table(...)."),
        ({"_t": rnb.table()}, "Cannot use the table name '_t': '_t' is not a table name."),
    ],
    ids=["fields without rnb.table", "a system table"],
)
def test_what_is_no_declaration_is_refused(tables: dict[str, Any], says: str, db: Engine) -> None:
    with pytest.raises(SchemaError) as caught:
        db.define(good=rnb.table(), **tables)

    assert says in str(caught.value)
    assert (db.ts, dict(db.tables())) == (0, {})


# ------------------------------------------------------------------ mutations in flight


def test_a_mutation_under_an_old_declaration_conflicts_even_if_it_read_nothing() -> None:
    core = Core()
    core.define(t=rnb.table(n=v.any()))
    tx, ctx = core.begin()
    ctx.db.insert("t", {"n": "x"})

    core.define(t=rnb.table(n=v.number()))

    outcome = core.commit(tx)
    assert isinstance(outcome, Overlap)
    assert (outcome.table, outcome.commit.function, outcome.key) == ("t", "define", None)


def test_a_mutation_in_flight_runs_again_under_the_new_declaration() -> None:
    core = Core()
    core.define(t=rnb.table(n=v.any()))
    attempts: list[int] = []

    def work(ctx: MutationContext) -> None:
        attempts.append(1)
        ctx.db.insert("t", {"n": "x"})
        core.define(t=rnb.table(n=v.number()))

    with pytest.raises(DocumentValidationError):
        core.runner.write(work, "work")

    assert len(attempts) == 2


def test_a_redefinition_of_another_table_is_no_conflict() -> None:
    core = Core()
    core.define(t=rnb.table(), other=rnb.table())
    tx, ctx = core.begin()
    ctx.db.insert("t", {})

    core.define(other=rnb.table().index("by_x", "x"))

    assert not isinstance(core.commit(tx), Overlap)


def test_a_definition_that_is_overtaken_by_a_document_checks_it_too() -> None:
    core = Core()
    core.write(lambda ctx: ctx.db.insert("t", {"n": 1}))
    tx, _ = core.begin()
    define(tx, core.ids, {"t": rnb.table(n=v.number())})
    core.write(lambda rival: rival.db.insert("t", {"n": "x"}))

    assert isinstance(core.commit(tx, "define"), Overlap)


def test_live_results_of_a_redefined_table_run_again(db: Engine) -> None:
    @db.query
    def ordered(ctx: Any) -> list[int]:
        return [document["n"] for document in ctx.db.query("t").with_index("by_n")]

    insert(db, "t", {"n": 2}, {"n": 1})
    with ordered.live() as live:
        assert isinstance(live.error, UnknownIndex)

        db.define(t=rnb.table().index("by_n", "n"))
        db.settle()

        assert (live.value, live.error) == ([1, 2], None)


# ------------------------------------------------------------------ dropping


def test_a_dropped_table_is_gone_with_its_documents(db: Engine) -> None:
    (id,) = insert(db, "t", {"n": 1})

    db.drop("t")

    assert dict(db.tables()) == {}
    assert stored(db, "t") == []
    assert db.read(lambda ctx: ctx.db.get(id)) is None


@pytest.mark.parametrize("name", ["nope", "_tables", "dropped", ""])
def test_what_is_no_table_cannot_be_dropped(name: str, db: Engine) -> None:
    db.define(a=rnb.table(), b=rnb.table(), dropped=rnb.table())
    db.drop("dropped")
    before = db.ts

    with pytest.raises(UnknownTable) as caught:
        db.drop(name)

    assert str(caught.value) == (
        f"Cannot drop {name!r}: there is no such table. Expected one of ['a', 'b']. "
        "Nothing needs to be done if it was dropped before."
    )
    assert db.ts == before


def test_without_tables_a_drop_says_so(db: Engine) -> None:
    with pytest.raises(UnknownTable, match="Expected a table, and there is none"):
        db.drop("nope")


def test_the_number_of_a_dropped_table_goes_to_no_other(db: Engine) -> None:
    (old,) = insert(db, "old", {})
    db.drop("old")
    db.define(new=rnb.table(), refers=rnb.table(to=v.id("new")))

    @db.query
    def look(ctx: Any, id: NewId) -> Any:
        return ctx.db.get(id)

    with pytest.raises(ArgumentValidationError):
        look(old)
    with pytest.raises(DocumentValidationError):
        insert(db, "refers", {"to": old})


def test_a_table_that_comes_back_knows_its_old_ids_and_has_none_of_their_documents(db: Engine) -> None:
    db.define(t=rnb.table(n=v.number()))
    (old,) = insert(db, "t", {"n": 1})
    db.drop("t")

    insert(db, "t", {"n": "x"})

    assert db.read(lambda ctx: ctx.db.normalize_id("t", old)) == old
    assert db.read(lambda ctx: ctx.db.get(old)) is None
    assert stored(db, "t") == [{"n": "x"}]
    assert db.tables()["t"] == rnb.table()


def test_dropping_and_creating_can_be_replayed_from_the_log() -> None:
    core = Core()
    core.define(a=rnb.table(), b=rnb.table())
    core.write(lambda ctx: ctx.db.insert("b", {"n": 1}))
    core.write(lambda ctx: drop(ctx.transaction, "b"))
    core.write(lambda ctx: ctx.db.insert("c", {"n": 2}))
    core.write(lambda ctx: ctx.db.insert("b", {"n": 3}))

    snapshot = Snapshot.empty()
    for record in core.log.read(0):
        snapshot, _ = replay(snapshot, record.ts, record.payload)

    snapshot.check()
    assert snapshot.numbers == core.committer.head.numbers
    assert sorted(snapshot.numbers) == ["_tables", "a", "b", "c"]
    assert bare(document for _, document in snapshot.tables["b"].documents()) == [{"n": 3}]


def test_a_mutation_into_a_table_that_is_dropped_meanwhile_runs_again() -> None:
    core = Core()
    core.define(t=rnb.table(n=v.number()))

    def work(ctx: MutationContext) -> None:
        ctx.db.insert("t", {"n": 1})
        if ctx.transaction.snapshot.ts == 1:
            core.write(lambda rival: drop(rival.transaction, "t"))

    core.runner.write(work, "work")

    assert core.committer.head.tables["t"].stored.table == rnb.table()
