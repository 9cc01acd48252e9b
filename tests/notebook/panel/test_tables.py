"""The panel's list of tables: counts, fields with their types, indexes of every kind, the engine's own tables; of any time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import SnapshotGone
from reactive_nb.notebook.panel import tables
from tests.tools import insert


def test_tables_come_by_name_with_their_numbers_of_documents(db: Engine) -> None:
    db.define(tasks=rnb.table(), people=rnb.table())
    insert(db, "tasks", {}, {})

    found = tables.items(db, None)

    assert [(name, item["documents"], item["system"]) for name, item in found.items()] == [
        ("people", 0, False),
        ("tasks", 2, False),
    ]


def test_fields_have_the_types_that_were_declared(db: Engine) -> None:
    db.define(tasks=rnb.table(title=v.string(), owner=v.optional(v.id("tasks")), tags=v.array(v.string())))

    fields = tables.items(db, None)["tasks"]["fields"]

    assert [(field["name"], field["type"], field["optional"]) for field in fields] == [
        ("_id", "id", False),
        ("_creationTime", "number", False),
        ("title", "string", False),
        ("owner", "id of tasks", True),
        ("tags", "list, each item a string", False),
    ]


def test_a_table_that_takes_any_document_says_so(db: Engine) -> None:
    db.define(anything=rnb.table(), nothing=rnb.table(v.object({})))

    found = tables.items(db, None)

    assert [found[name]["declared"] for name in ("anything", "nothing")] == [False, True]
    assert [field["name"] for field in found["anything"]["fields"]] == ["_id", "_creationTime"]


def test_documents_of_several_kinds_have_the_fields_of_all_of_them(db: Engine) -> None:
    circle = v.object({"kind": v.literal("circle"), "size": v.number(), "note": v.optional(v.string())})
    square = v.object({"kind": v.literal("square"), "size": v.number(), "note": v.string()})
    db.define(shapes=rnb.table(v.union(circle, v.object({"kind": v.literal("dot")}), square)))

    fields = tables.items(db, None)["shapes"]["fields"][2:]

    assert fields == [
        {"name": "kind", "type": "'circle' or 'dot' or 'square'", "optional": False},
        {"name": "size", "type": "number", "optional": True},
        {"name": "note", "type": "string", "optional": True},
    ]


def test_indexes_of_every_kind_are_listed_after_those_that_every_table_has(db: Engine) -> None:
    table = (
        rnb.table(name=v.string(), tags=v.array(v.string()), at=v.vector(2))
        .index("by_name", "name", unique=True)
        .index("by_tag", "tags", multi=True)
        .search_index("search_name", "name", filter_fields=["tags"])
        .vector_index("by_at", "at", dimensions=2)
    )
    db.define(things=table)

    indexes = tables.items(db, None)["things"]["indexes"]

    assert [(each["name"], each["fields"], each["kind"], each["unique"], each["multi"]) for each in indexes] == [
        ("by_id", ["_id"], "index", True, False),
        ("by_creation_time", ["_creationTime"], "index", False, False),
        ("by_name", ["name"], "index", True, False),
        ("by_tag", ["tags"], "index", False, True),
        ("search_name", ["name", "tags"], "search", False, False),
        ("by_at", ["at"], "vector", False, False),
    ]


def test_the_engine_s_own_tables_come_last_and_secrets_not_at_all(db: Engine) -> None:
    db.define(tasks=rnb.table())

    @db.mutation
    def note(ctx: Any) -> None:
        ctx.db.insert("tasks", {})

    db.write(lambda ctx: ctx.scheduler.run_after(timedelta(minutes=1), note))

    found = tables.items(db, None)

    assert list(found) == ["tasks", "_scheduled_functions"]
    assert (found["_scheduled_functions"]["documents"], found["_scheduled_functions"]["system"]) == (1, True)


def test_tables_of_an_earlier_commit_are_as_they_were(db: Engine) -> None:
    db.define(tasks=rnb.table())
    insert(db, "tasks", {})
    ts = db.ts
    insert(db, "tasks", {})
    db.define(people=rnb.table())

    found = tables.items(db, ts)

    assert {name: item["documents"] for name, item in found.items()} == {"tasks": 1}


def test_a_commit_that_is_not_kept_is_refused(db: Engine) -> None:
    with pytest.raises(SnapshotGone):
        tables.items(db, 99)
