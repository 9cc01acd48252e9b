"""The typed tables equal the documents, whatever was committed, however, and wherever the process died.

A machine writes to a file by mutations in Python, by changes in SQL and by frames, declares tables anew, folds, closes,
and dies: at any step of a commit, a fold, a declaration, a closing or an opening the files are copied as they stand,
which is what `kill -9` leaves, and the copy goes on. Beside it stands a dict of what was acknowledged. `schemas.py` says
what a table of DuckDB should hold of it.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import SchemaMismatch
from reactive_nb.tables.check import check
from reactive_nb.tables.names import quoted
from reactive_nb.testing import FakeClock, IdSource
from reactive_nb.values.value import UNSET
from tests.properties.crashes import (
    Crash,
    Model,
    Table,
    assert_shown,
    assert_typed_tables,
    copied,
    copy_files,
    equal_in_sql,
    sorted_fields,
)
from tests.properties.schemas import (
    FIRST_TABLE,
    JSON,
    Document,
    Kind,
    declarations,
    json_of,
    successors,
)
from tests.strategies import identical

TABLES = ("t", "u", "order")
SYSTEM = ("_id", "_creationTime")
NAME = "x.duckdb"

names = st.sampled_from(TABLES)


class TypedTables(RuleBasedStateMachine):
    """The database, and what it has acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="typed"))
        self.lives = 0
        self.clock = FakeClock()
        self.ids = IdSource(self.clock, seed=1)
        self.model: Model = {}
        self.moments: dict[int, Model] = {}
        self.db = self.opened(self.new_folder())

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.db.define(anchor=rnb.table(n=v.int64()))
        assert self.db._committer.head.numbers["anchor"] == FIRST_TABLE
        for name in TABLES[:2]:
            self.declare(name, data)
        for _ in range(2):
            self.insert_frame(data)

    def teardown(self) -> None:
        try:
            self.close_and_open()
        finally:
            self.db.close()
            shutil.rmtree(self.root)

    # -------------------------------------------------------------- files

    def new_folder(self) -> Path:
        self.lives += 1
        folder = self.root / str(self.lives)
        folder.mkdir()
        return folder

    def opened(self, folder: Path) -> Engine:
        self.moments = {}
        return rnb.connect(folder / NAME, clock=self.clock, ids=self.ids)

    @property
    def folder(self) -> Path:
        assert self.db.path is not None
        return self.db.path.parent

    def go_on_with(self, folder: Path, *allowed: Model) -> None:
        """Open what a crash has left; it must be one of what was allowed, and whole."""
        self.db.close()
        report = check(folder / NAME)
        assert report.problems == ()
        self.db = self.opened(folder)
        self.model = next((each for each in allowed if self.holds(each)), allowed[0])
        self.documents_are_those_acknowledged()

    def dying(self, point: int, operation: Callable[[], None], *, changes: bool = True) -> None:
        """Do an operation, die at one of its points, and go on with what is left."""
        before, target = copied(self.model), self.new_folder()
        with Crash(self.folder, target, point).running():
            operation()
        self.go_on_with(target, self.model, *([before] if changes else ()))

    # -------------------------------------------------------------- what is looked at

    def holds(self, model: Model) -> bool:
        declared = self.db.tables()
        if {name for name in TABLES if name in declared} != model.keys():
            return False
        if any(declared[name] != each.declared.table() for name, each in model.items()):
            return False
        return all(
            identical(self.read(name), [*map(sorted_fields, each.documents.values())]) for name, each in model.items()
        )

    def read(self, name: str) -> list[Document]:
        """Return the documents of a table, in order of creation."""
        found: list[Document] = self.db.read(lambda ctx: ctx.db.query(name).collect())
        return [sorted_fields(each) for each in found]

    @invariant()
    def documents_are_those_acknowledged(self) -> None:
        assert {name for name in TABLES if name in self.db.tables()} == self.model.keys()
        for name, table in self.model.items():
            assert self.db.tables()[name] == table.declared.table()
            found = self.read(name)
            assert [each["_id"] for each in found] == [*table.documents]
            assert identical(found, [*map(sorted_fields, table.documents.values())])
        self.moments[self.db.ts] = copied(self.model)

    # -------------------------------------------------------------- declarations

    @rule(name=names, data=st.data())
    def define(self, name: str, data: st.DataObject) -> None:
        self.declare(name, data)

    @rule(name=names, data=st.data(), point=st.integers(1, 600))
    def die_while_defining(self, name: str, data: st.DataObject, point: int) -> None:
        self.dying(point, lambda: self.declare(name, data))

    def declare(self, name: str, data: st.DataObject) -> None:
        table = self.model.get(name)
        declared = data.draw(declarations() if table is None else successors(table.declared))
        try:
            self.db.define(**{name: declared.table()})
        except SchemaMismatch:
            assert table is not None
            assert table.documents
        else:
            self.model[name] = Table(declared, {} if table is None else table.documents)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), again=st.booleans())
    def drop(self, data: st.DataObject, again: bool) -> None:
        name = data.draw(st.sampled_from([*self.model]))
        self.db.drop(name)
        del self.model[name]
        if again:
            self.declare(name, data)

    # -------------------------------------------------------------- commits in Python

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def write(self, data: st.DataObject) -> None:
        self.mutate(data)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), point=st.integers(1, 400))
    def die_while_writing(self, data: st.DataObject, point: int) -> None:
        self.dying(point, lambda: self.mutate(data))

    @precondition(lambda self: self.model)
    @rule(data=st.data(), share=st.floats(0, 1))
    def die_with_a_torn_log(self, data: st.DataObject, share: float) -> None:
        """Cut the log at any byte behind the last acknowledged commit; what follows is zeros, as in reserved room."""
        before, log = copied(self.model), self.folder / f"{NAME}.log"
        old = log.read_bytes() if log.exists() else b""
        self.mutate(data)
        target = self.new_folder()
        copy_files(self.folder, target)
        new = log.read_bytes() if log.exists() else b""
        changed = [at for at, byte in enumerate(new) if at >= len(old) or byte != old[at]]
        written = len(new.rstrip(b"\0"))
        changed = [at for at in changed if at < written]
        if not changed or not old:
            self.go_on_with(target, self.model)
            return
        cut = changed[0] + round(share * (changed[-1] - changed[0]))
        torn = new[:cut] + bytes(len(new) - cut)
        (target / log.name).write_bytes(torn if share < 0.5 else torn[:cut])
        self.go_on_with(target, before)

    def mutate(self, data: st.DataObject) -> None:
        """Do some inserts, patches, replacements and deletes as one mutation; where one is refused, none is done."""
        model = copied(self.model)
        plan = [self.edit(model, data) for _ in range(data.draw(st.integers(1, 4)))]

        def body(ctx: Any) -> dict[str, Document]:
            made: dict[str, Document] = {}
            for edit in plan:
                edit(ctx, made)
            return made

        made = self.db.write(body)
        for table in model.values():
            for id, document in table.documents.items():
                if id in made:
                    table.documents[id] = made[id] | document
        self.model = {
            name: Table(each.declared, {made[id]["_id"] if id in made else id: d for id, d in each.documents.items()})
            for name, each in model.items()
        }

    def edit(self, model: Model, data: st.DataObject) -> Callable[[Any, dict[str, Document]], None]:
        """Change the model, and return what changes the database."""
        name = data.draw(st.sampled_from([*model]))
        table = model[name]
        kind = data.draw(st.sampled_from(["insert", "insert", "patch", "replace", "delete"]))
        if kind == "insert" or not table.documents:
            document = data.draw(table.declared.documents())
            key = f"new {sum(len(each.documents) for each in model.values())} {data.draw(st.uuids())}"
            table.documents[key] = document

            def insert(ctx: Any, made: dict[str, Document]) -> None:
                found = ctx.db.get(ctx.db.insert(name, document))
                made[key] = {each: found[each] for each in SYSTEM}

            return insert
        id = data.draw(st.sampled_from([*table.documents]))
        old = table.documents[id]
        system = {each: old[each] for each in SYSTEM if each in old}
        if kind == "delete":
            del table.documents[id]
            return lambda ctx, made: ctx.db.delete(own(id, made))
        if kind == "replace" or table.declared.fields is None or table.declared.union is not None:
            document = data.draw(table.declared.documents())
            table.documents[id] = system | document
            return lambda ctx, made: ctx.db.replace(own(id, made), document)
        field = data.draw(st.sampled_from([*table.declared.fields]))
        of = table.declared.fields[field]
        value = data.draw(of.values | st.just(UNSET)) if of.optional else data.draw(of.values)
        table.documents[id] = {each: item for each, item in old.items() if each != field}
        if value is not UNSET:
            table.documents[id][field] = value
        return lambda ctx, made: ctx.db.patch(own(id, made), {field: value})

    # -------------------------------------------------------------- frames

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def insert_rows(self, data: st.DataObject) -> None:
        self.insert_frame(data)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), point=st.integers(1, 900))
    def die_while_inserting_rows(self, data: st.DataObject, point: int) -> None:
        self.dying(point, lambda: self.insert_frame(data))

    def insert_frame(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([*self.model]))
        table = self.model[name]
        rows = [
            {each: 1.5 if is_nan(value) else value for each, value in document.items()}
            for document in data.draw(st.lists(table.declared.documents(), min_size=2, max_size=6))
        ]
        assert self.db.table(name).insert(rows) == len(rows)
        fields = {} if table.declared.union is not None else table.declared.fields
        for found, row in zip(self.read(name)[-len(rows) :], rows, strict=True):
            assert found["_id"] not in table.documents
            # None makes a field missing where it may be, and null otherwise.
            kept = {
                each: value
                for each, value in row.items()
                if value is not None or (fields is not None and (each not in fields or not fields[each].optional))
            }
            table.documents[found["_id"]] = {each: found[each] for each in SYSTEM} | kept

    # -------------------------------------------------------------- changes in SQL

    def a_table(self, data: st.DataObject) -> tuple[str, Table]:
        name = data.draw(st.sampled_from([*self.model]))
        return name, self.model[name]

    def some(self, table: Table, data: st.DataObject) -> list[str]:
        return data.draw(st.lists(st.sampled_from([*table.documents]), unique=True)) if table.documents else []

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete_by_sql(self, data: st.DataObject) -> None:
        name, table = self.a_table(data)
        ids = self.some(table, data)

        changed = self.db.sql(f"DELETE FROM {quoted(name)} WHERE _id IN (SELECT unnest($ids))", ids=ids or [""])

        assert changed.rowcount == len(ids)
        for id in ids:
            del table.documents[id]

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def copy_by_sql(self, data: st.DataObject) -> None:
        name, table = self.a_table(data)
        ids = self.some(table, data)

        changed = self.db.sql(
            f"INSERT INTO {quoted(name)} BY NAME SELECT * EXCLUDE (_id, _creationTime) FROM {quoted(name)} "
            "WHERE _id IN (SELECT unnest($ids)) ORDER BY _creationTime RETURNING _id, _creationTime",
            ids=ids or [""],
        )

        sources = [document for id, document in table.documents.items() if id in ids]
        assert changed.rowcount == len(sources)
        for system, source in zip(changed.rows(), sources, strict=True):
            self.adopt(name, system["_id"], table.declared.row({**source, **system}))

    @precondition(lambda self: self.updatable())
    @rule(data=st.data())
    def update_by_sql(self, data: st.DataObject) -> None:
        """Set a field to a value or NULL in some documents."""
        name = data.draw(st.sampled_from(self.updatable()))
        table = self.model[name]
        field, kind, column = data.draw(st.sampled_from(table.declared.settable()))
        ids = self.some(table, data)
        may_be_null = kind.optional or kind.validator.accepts(type(None))
        value = data.draw(kind.values | st.none()) if may_be_null else data.draw(kind.values)

        changed = self.db.sql(
            f"UPDATE {quoted(name)} SET {quoted(column)} = $value WHERE _id IN (SELECT unnest($ids))",
            value=json.dumps(json_of(value)) if kind.column == JSON and value is not None else value,
            ids=ids or [""],
        )

        assert changed.rowcount == len(ids)
        for id in ids:
            self.set_cell(table, id, field, kind, kind.shown(value))

    @precondition(lambda self: any(each.declared.fields and len(each.documents) > 1 for each in self.model.values()))
    @rule(data=st.data())
    def update_from_by_sql(self, data: st.DataObject) -> None:
        """Give one document the field of another."""
        name = data.draw(
            st.sampled_from(
                [name for name, each in self.model.items() if each.declared.fields and len(each.documents) > 1]
            )
        )
        table = self.model[name]
        fields = [(column, field) for column, (_, field) in table.declared.columns().items()]
        if table.declared.union is not None:
            fields = [("m", "m")]
        column, field = data.draw(st.sampled_from(fields))
        assert table.declared.fields is not None
        assert field is not None
        kind = table.declared.fields[field]
        target, source = (data.draw(st.sampled_from([*table.documents])) for _ in range(2))
        if table.declared.union is not None and table.documents[target]["kind"] != table.documents[source]["kind"]:
            return

        changed = self.db.sql(
            f"UPDATE {quoted(name)} AS mine SET {quoted(column)} = theirs.{quoted(column)} "
            f"FROM {quoted(name)} AS theirs WHERE mine._id = $target AND theirs._id = $source",
            target=target,
            source=source,
        )

        assert changed.rowcount == 1
        self.set_cell(table, target, field, kind, kind.shown(table.documents[source].get(field)))

    def updatable(self) -> list[str]:
        return [name for name, each in self.model.items() if each.declared.settable()]

    def set_cell(self, table: Table, id: str, field: str, kind: Kind, cell: Any) -> None:
        """Expect one document to have another cell, and all that SQL has not changed as it was."""
        name = next(name for name, each in self.model.items() if each is table)
        old = table.documents[id]
        (found,) = (each for each in self.read(name) if each["_id"] == id)
        was = kind.shown(old.get(field))
        if equal_in_sql(was, cell):
            assert identical(found, sorted_fields(old))
            return
        others = [sorted_fields({each: value for each, value in d.items() if each != field}) for d in (found, old)]
        assert identical(*others)
        assert equal_in_sql(kind.shown(found.get(field)), cell), (found, cell)
        if cell is None:
            # A document of the union of kind "p" must have its `m`, if only null; one of kind "q" need not.
            is_optional = kind.optional if table.declared.union is None else old["kind"] == "q"
            assert (field in found) != is_optional
        table.documents[id] = found

    def adopt(self, name: str, id: str, row: tuple[Any, ...]) -> None:
        """Take over a document that SQL has made, if its row is as it should be."""
        table = self.model[name]
        (found,) = (each for each in self.read(name) if each["_id"] == id)
        mine = table.declared.row(found)
        assert equal_in_sql([*mine], [*row]), (found, row)
        table.documents[id] = found

    # -------------------------------------------------------------- folds, reads, ends

    @rule()
    def fold(self) -> None:
        self.db.fold()
        assert_typed_tables(self.folder / NAME, self.model)

    @rule(point=st.integers(1, 700))
    def die_while_folding(self, point: int) -> None:
        self.dying(point, self.db.fold, changes=False)

    @rule(point=st.integers(1, 1000))
    def die_while_closing(self, point: int) -> None:
        self.dying(point, self.db.close, changes=False)

    @rule(point=st.integers(1, 1100))
    def die_while_opening(self, point: int) -> None:
        """Open what a crash has left, and crash again."""
        first, second = self.new_folder(), self.new_folder()
        copy_files(self.folder, first)
        self.db.close()
        with Crash(first, second, point).running():
            self.db = self.opened(first)
        self.go_on_with(second, self.model)

    @rule()
    def die(self) -> None:
        target = self.new_folder()
        copy_files(self.folder, target)
        self.go_on_with(target, self.model)

    @rule()
    def close_and_open(self) -> None:
        folder = self.folder
        self.db.close()
        assert [each.name for each in folder.iterdir()] == [NAME]
        assert_typed_tables(folder / NAME, self.model)
        report = check(folder / NAME)
        assert (report.problems, report.commits) == ((), 0)
        self.db = self.opened(folder)

    @rule(back=st.integers(0, 8))
    def read_by_sql(self, back: int) -> None:
        """Read a moment, now or earlier, by SQL."""
        known = sorted(self.moments)
        ts = known[-1 - min(back, len(known) - 1)]
        for name, table in self.moments[ts].items():
            sql = self.db.sql if back == 0 else self.db.at(ts).sql
            rows = sql(f"SELECT * FROM {quoted(name)} ORDER BY _creationTime").rows()
            assert_shown(rows, table)


def own(id: str, made: dict[str, Document]) -> str:
    """Return the id of a document, which may have been made in the same mutation."""
    return str(made[id]["_id"]) if id in made else id


def is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


@pytest.mark.slow
def test_typed_tables_are_the_documents_after_commits_crashes_and_reopenings() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        TypedTables,
        settings=settings(
            max_examples=15,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
