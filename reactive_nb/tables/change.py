"""What a statement of SQL changes, found by running it where nothing lasts: rows go in, documents come out.

Comes in: an insert, update or delete, and a cursor inside a transaction in which the typed tables stand at a snapshot.
Goes out: the documents it inserts, changes and deletes, for a transaction of ours to apply, and what its
RETURNING gives. The cursor's transaction has to be rolled back.

1. Inserted and deleted rows are kept by a trigger. Updated rows are kept by one more column, and one more assignment
   that puts the row's old values there. A trigger would do, but in DuckDB 2.0 an update loses rows there, and in its
   RETURNING, wherever it crosses from one row group to the next.
2. For that reason RETURNING is computed from what was kept. So it shows `_id` and `_creationTime` of inserted documents.
3. An update changes what differs: an assignment of the same value is none, and an exact number stays exact beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import numpy as np

from reactive_nb.documents.document import CREATION_TIME, ID, decode_documents
from reactive_nb.documents.snapshot import TableState
from reactive_nb.errors import InvalidValue
from reactive_nb.tables.change_plan import ChangePlan, failed_change, refused
from reactive_nb.tables.change_text import Verb
from reactive_nb.tables.change_values import Field, fields_of
from reactive_nb.tables.columns import columns_of
from reactive_nb.tables.names import quoted
from reactive_nb.tables.sql_values import frame_of, rows_of
from reactive_nb.tables.store import Store

if TYPE_CHECKING:
    import pandas as pd

_KEPT = "reactive_nb change"
_RESULT = "reactive_nb returned"
_SYSTEM = "reactive_nb system fields"
_NUMBER = "reactive_nb number"

NewRows = Callable[[TableState, int], list[tuple[str, float]]]
"""Gives `_id` and `_creationTime` to so many new documents of a table, in order."""


class DocumentChange(NamedTuple):
    """What becomes of one document.

    Attributes:
        id: Its id.
        created_ms: Its `_creationTime`.
        old: Its encoding, or None when it is new.
        fields: Its own fields as they shall be, as far as they are known; None when it is deleted.
        nulls: Fields for which there is a NULL, of a union of objects: each member decides what it means.
    """

    id: str
    created_ms: float
    old: bytes | None
    fields: dict[str, Any] | None
    nulls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Returned:
    """The rows of RETURNING.

    Attributes:
        rows: The rows, with values of documents.
        frame: The same as a data frame.
    """

    rows: list[dict[str, Any]]
    frame: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Change:
    """What a statement does.

    Attributes:
        rowcount: How many rows it has inserted, updated or deleted, in the words of SQL: also those that did not change.
        documents: What becomes of documents, to be gone through once. Each is made when it is its turn, without DuckDB:
            of many rows that takes longer than the statement, and Ctrl-C shall end it. It raises `InvalidValue` where a
            value of SQL is none that a document can have; the error names its row.
        returned: What RETURNING gives, if there is one.
    """

    rowcount: int
    documents: Iterator[DocumentChange]
    returned: Returned | None


def capture(
    cursor: duckdb.DuckDBPyConnection,
    store: Store,
    plan: ChangePlan,
    state: TableState,
    parameters: Mapping[str, Any],
    new_rows: NewRows,
) -> Change:
    """Run a statement that changes a table, and return what it does.

    Args:
        cursor: A cursor in a transaction that is rolled back afterwards; frames are registered there.
        store: The cursor's store; asked for names only.
        plan: What `plan_change` said about it; the tables that it reads hold the documents that it shall see.
        state: The table that it changes, with these documents.
        parameters: Exactly its parameters.
        new_rows: Gives system fields to inserted documents.

    Raises:
        SqlError: DuckDB fails at it, or it would set what the engine chooses.
    """
    return _Capture(cursor, store, plan, state, parameters).run(new_rows)


class _Capture:
    """One run of `capture`."""

    __slots__ = ("_columns", "_cursor", "_fields", "_is_union", "_log", "_parameters", "_state", "_table", "_text")

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        store: Store,
        plan: ChangePlan,
        state: TableState,
        parameters: Mapping[str, Any],
    ) -> None:
        self._cursor = cursor
        self._text = plan.text
        self._state = state
        self._parameters = parameters
        self._columns = columns_of(state.stored.table)
        self._fields = fields_of(state.stored.table)
        self._is_union = any(field.null is ... for field in self._fields)
        self._table = store.name(plan.place.schema, plan.place.typed)
        self._log = store.name(_KEPT)

    def run(self, new_rows: NewRows) -> Change:
        match self._text.verb:
            case Verb.INSERT:
                self._keep("INSERT", "NEW")
                rowcount = self._execute(self._text.body, self._parameters)
                self._check_system_fields_left_out()
                rows = self._inserted_rows()
                assert len(rows) == rowcount, "DuckDB has lost rows"
                system = new_rows(self._state, rowcount)
                documents, kept = self._inserted(rows, system), self._with_system_fields(system)
            case Verb.UPDATE:
                rowcount = self._update()
                documents = self._updated(*self._updated_rows())
                kept = f"SELECT * EXCLUDE ({quoted(_KEPT)}) FROM {self._table} WHERE {quoted(_KEPT)} IS NOT NULL "
                kept += f"ORDER BY {quoted(CREATION_TIME)}"
            case Verb.DELETE:
                self._keep("DELETE", "OLD")
                rowcount = self._execute(self._text.body, self._parameters)
                ids = self._deleted_ids()
                assert len(ids) == rowcount, "DuckDB has lost rows"
                documents, kept = self._deleted(ids), f"FROM {self._log} ORDER BY {quoted(CREATION_TIME)}"
        return Change(rowcount, documents, self._returned(kept))

    # ------------------------------------------------------------------ inserts and deletes

    def _keep(self, event: str, rows: str) -> None:
        """Have DuckDB keep what a statement inserts or deletes."""
        self._run(f"CREATE TABLE {self._log} AS FROM {self._table} LIMIT 0")
        self._run(
            f"CREATE TRIGGER {quoted(_KEPT)} AFTER {event} ON {self._table} REFERENCING {rows} TABLE AS kept "
            f"FOR EACH STATEMENT INSERT INTO {self._log} SELECT * FROM kept"
        )

    def _check_system_fields_left_out(self) -> None:
        query = f"SELECT {ID}, {quoted(CREATION_TIME)} FROM {self._log} WHERE {ID} IS NOT NULL OR {quoted(CREATION_TIME)} IS NOT NULL LIMIT 1"
        for id, _ in self._run(query):
            raise refused(
                self._text,
                f"a row brings its own {ID if id is not None else CREATION_TIME}",
                f"rows without {ID} and {CREATION_TIME}",
                f"Leave them out, for example: insert into {self._text.target} by name select * exclude ({ID}, {CREATION_TIME}) from ...",
            )

    def _inserted_rows(self) -> list[tuple[Any, ...]]:
        read = ", ".join(field.expression(quoted(field.column)) for field in self._fields) or "NULL"
        # DuckDB keeps the order in which rows were inserted. `rowid` would say it too, but a field may have that name.
        return self._run(f"SELECT {read} FROM {self._log}")

    def _inserted(self, rows: list[tuple[Any, ...]], system: list[tuple[str, float]]) -> Iterator[DocumentChange]:
        fields = self._fields
        is_whole = self._state.stored.table.document is None
        for number, ((id, created_ms), row) in enumerate(zip(system, rows, strict=True), 1):
            known: dict[str, Any] = {}
            nulls: list[str] = []
            try:
                for field, value in zip(fields, row, strict=False):
                    if value is None and not is_whole:
                        if field.null is None:
                            known[field.name] = None
                        elif field.null is ...:
                            nulls.append(field.name)
                    else:
                        known[field.name] = field.convert(value, None, None)
            except InvalidValue as error:
                raise in_row(error, self._text.verb, self._state.name, str(number)) from None
            yield DocumentChange(id, created_ms, None, known["document"] if is_whole else known, tuple(nulls))

    def _with_system_fields(self, system: list[tuple[str, float]]) -> str:
        """Return the SQL of the inserted rows as they will be."""
        if self._text.returning is None or not system:
            return f"FROM {self._log}"
        number = quoted(_NUMBER)
        ids = np.array([id for id, _ in system], dtype=object)
        created = np.array([created_ms for _, created_ms in system], dtype=np.float64)
        self._cursor.register(_SYSTEM, {_NUMBER: np.arange(1, len(system) + 1), "id": ids, "created": created})
        return (
            f"SELECT kept.* EXCLUDE ({number}) REPLACE (given.id AS {ID}, given.created AS {quoted(CREATION_TIME)}) "
            f"FROM (SELECT *, row_number() OVER () AS {number} FROM {self._log}) AS kept "
            f"JOIN {quoted(_SYSTEM)} AS given ON kept.{number} = given.{number} ORDER BY kept.{number}"
        )

    def _deleted_ids(self) -> list[str]:
        return [id for (id,) in self._run(f"SELECT {ID} FROM {self._log} ORDER BY {quoted(CREATION_TIME)}")]

    def _deleted(self, ids: list[str]) -> Iterator[DocumentChange]:
        for id in ids:
            yield DocumentChange(id, 0.0, self._encoded(id), None)

    # ------------------------------------------------------------------ updates

    def _update(self) -> int:
        """Run the update so that each row it touches has its old values in one more column; return how many."""
        names = self._columns.names
        self._run(f"ALTER TABLE {self._table} ADD COLUMN {quoted(_KEPT)} STRUCT({self._columns.definition()})")
        old = ", ".join(f"{quoted(name)} := {self._text.name}.{quoted(name)}" for name in names)
        self._execute(self._text.with_assignment(f"{quoted(_KEPT)} = struct_pack({old})"), self._parameters)
        differs = " OR ".join(self._differs(name) for name in (ID, CREATION_TIME))
        where = f"FROM {self._table} WHERE {quoted(_KEPT)} IS NOT NULL"
        for was, made, then, now in self._run(
            f"SELECT {_old(ID)}, {_old(CREATION_TIME)}, {ID}, {quoted(CREATION_TIME)} {where} AND ({differs}) LIMIT 1"
        ):
            name, before, after = (ID, was, then) if was != then else (CREATION_TIME, made, now)
            raise refused(
                self._text,
                f"{name} would change from {before!r} to {after!r}",
                f"{ID} and {CREATION_TIME} left as they are",
                f"Leave {name} out",
            )
        ((rowcount,),) = self._run(f"SELECT count(*) {where}")
        return int(rowcount)

    def _updated_rows(self) -> tuple[list[Field], list[tuple[Any, ...]]]:
        """Return the fields that some row has another value of, and the rows that differ: of each field three values."""
        where = f"FROM {self._table} WHERE {quoted(_KEPT)} IS NOT NULL"
        if not self._fields:
            return [], []
        some = ", ".join(f"bool_or({self._differs(field.column)})" for field in self._fields)
        ((*have_changed,),) = self._run(f"SELECT {some} {where}")
        changed = [field for field, has in zip(self._fields, have_changed, strict=True) if has]
        if not changed:
            return [], []
        read = []
        for field in changed:
            read += [self._differs(field.column), field.expression(quoted(field.column))]
            read.append(_old(field.column) if field.is_nested else "NULL")
        differs = " OR ".join(self._differs(field.column) for field in changed)
        order = quoted(CREATION_TIME)
        return changed, self._run(f"SELECT {ID}, {', '.join(read)} {where} AND ({differs}) ORDER BY {order}")

    def _updated(self, changed: list[Field], rows: list[tuple[Any, ...]]) -> Iterator[DocumentChange]:
        encoded = [self._encoded(id) for id, *_ in rows]
        for row, old, document in zip(rows, encoded, decode_documents(encoded), strict=True):
            created_ms = document.pop(CREATION_TIME)
            del document[ID]
            try:
                fields, nulls = self._patched(document, changed, row)
            except InvalidValue as error:
                raise in_row(error, self._text.verb, self._state.name, row[0]) from None
            yield DocumentChange(row[0], created_ms, old, fields, nulls)

    def _patched(
        self, fields: dict[str, Any], changed: list[Field], row: tuple[Any, ...]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return a document's own fields, which may be changed here, with the changed columns of its row."""
        if self._state.stored.table.document is None:
            return changed[0].convert(row[2], None, None), ()
        for place, field in enumerate(changed):
            differs, new, old = row[3 * place + 1 : 3 * place + 4]
            if not differs:
                continue
            if new is not None:
                fields[field.name] = field.convert(new, old, fields.get(field.name))
            elif field.null is None:
                fields[field.name] = None
            else:
                fields.pop(field.name, None)
        # Of a union also what was missing before: with other values it may be another member, which has it as null.
        nulls = [field.name for field in self._fields if field.name not in fields] if self._is_union else ()
        return fields, tuple(nulls)

    def _differs(self, column: str) -> str:
        return f"({_old(column)} IS DISTINCT FROM {quoted(column)})"

    # ------------------------------------------------------------------ the rest

    def _returned(self, kept: str) -> Returned | None:
        """Compute RETURNING from the rows that were kept, `kept` in SQL."""
        if self._text.returning is None:
            return None
        # Computed once, so that what is read twice here is the same, also when it calls random().
        select = f"SELECT {self._text.returning}\nFROM ({kept}) AS {self._text.name}"
        self._execute(f"CREATE TEMP TABLE {quoted(_RESULT)} AS {select}", {})
        result = f"FROM {quoted(_RESULT)}"
        rows = self._run(result)
        return Returned(rows_of(self._cursor.description or [], rows), frame_of(self._cursor.execute(result)))

    def _encoded(self, id: str) -> bytes:
        encoded = self._state.get(id)
        assert encoded is not None, "the typed tables stand at the snapshot"
        return encoded

    def _execute(self, text: str, parameters: Mapping[str, Any]) -> int:
        """Run what the user wrote, or a part of it; return how many rows DuckDB says it has changed."""
        try:
            rows = self._cursor.execute(text, parameters).fetchall()
            return int(rows[0][0]) if rows else 0
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise failed_change(self._text, error) from None

    def _run(self, text: str) -> list[tuple[Any, ...]]:
        return self._cursor.execute(text).fetchall()


def in_row(error: InvalidValue, verb: Verb, table: str, row: str) -> InvalidValue:
    """Return an error of one value as that of a whole statement, which names the row."""
    return type(error)(
        what_of(verb, table, row), thing=error.thing, expected=error.expected, hint=error.hint, path=error.path
    )


def what_of(verb: Verb, table: str, row: str) -> str:
    """Return what could not be done, for errors.

    Args:
        verb: The kind of statement.
        table: The table.
        row: The number of an inserted row, from 1, or the id of a document.
    """
    return f"Cannot insert row {row} into {table}" if verb is Verb.INSERT else f"Cannot {verb} {row} of {table}"


def _old(column: str) -> str:
    return f"struct_extract({quoted(_KEPT)}, '{column.replace(chr(39), chr(39) * 2)}')"
