"""`ctx.db`: reading, and in a mutation writing, the documents of one transaction.

Comes in: what a user's function says. Goes out: looks and writes of its transaction, checked against the declared
tables. Names, conditions and semantics are those of Convex's `ctx.db`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from reactive_nb.clock import IdSource
from reactive_nb.documents.document import CREATION_TIME, ID, SYSTEM_FIELDS, check_field_names, decode_document
from reactive_nb.documents.snapshot import Snapshot, TableState
from reactive_nb.errors import (
    DocumentNotFound,
    DocumentValidationError,
    FunctionKindError,
    InvalidId,
    InvalidValue,
    ReservedName,
    ValidationError,
)
from reactive_nb.functions.page import Journal
from reactive_nb.functions.query_builder import TableQuery
from reactive_nb.functions.range_query import Document
from reactive_nb.schema.declaration import Table, check_table_name
from reactive_nb.schema.system_tables import PRIVATE, SYSTEM_TABLES
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.ids import encode_id
from reactive_nb.values.refusal import show
from reactive_nb.values.value import IN_DOCUMENT, UNSET, normalize


class SystemReader:
    """`ctx.db.system`: the engine's own tables, read like any other: `ctx.db.system.query("_tables")`."""

    __slots__ = ("_journal", "_tx")

    def __init__(self, tx: Transaction, journal: Journal | None) -> None:
        self._tx = tx
        self._journal = journal

    def get(self, id: str) -> Document | None:
        """Return a document of a system table, or None.

        Raises:
            InvalidId: Not a document id.
            ReservedName: The id of a user's document.
        """
        state = _table_of(self._tx, id, "Cannot get the system document")
        if state is not None and not state.name.startswith("_"):
            raise ReservedName(
                f"Cannot get the system document {id}",
                thing=f"it belongs to the table {state.name}",
                expected="an id of a system table",
                hint="Use ctx.db.get(id)",
            )
        return None if state is not None and state.name in PRIVATE else _read(self._tx, state, id)

    def query(self, table: str) -> TableQuery:
        """Start a query of a system table; one that does not exist is empty."""
        if not isinstance(table, str) or not table.startswith("_"):
            raise ReservedName(
                f"Cannot query the system table {table!r}",
                thing="it is not a system table",
                expected="a name with a leading underscore, such as '_tables'",
                hint="Use ctx.db.query(table)",
            )
        if table in PRIVATE:
            return TableQuery(Transaction(Snapshot.empty(), self._tx.now_ms), table)
        return TableQuery(self._tx, table, self._journal)


class DatabaseReader:
    """`ctx.db` in a query: reads only."""

    __slots__ = ("_journal", "_tx")

    def __init__(self, tx: Transaction, journal: Journal | None = None) -> None:
        self._tx = tx
        self._journal = journal

    def get(self, table_or_id: str, id: str | None = None, /) -> Document | None:
        """Return the document with an id, or None.

        Args:
            table_or_id: The id; or, with two arguments, the table that it must belong to.
            id: The id.

        Raises:
            InvalidId: Not a document id, or one of another table.
            ReservedName: The id of a system document; use `ctx.db.system.get`.

        Example:
            >>> ctx.db.get(message_id), ctx.db.get("messages", message_id)
        """
        state, id = self._place(table_or_id, id, "get")
        return _read(self._tx, state, id)

    def query(self, table: str) -> TableQuery:
        """Start a query of a table; one that does not exist is empty.

        Example:
            >>> ctx.db.query("messages").with_index("by_channel", channel="general").order("desc").take(50)
        """
        if isinstance(table, str) and table.startswith("_"):
            raise ReservedName(
                f"Cannot query {table}",
                thing="it is a system table",
                expected="a table of yours",
                hint=f"Use ctx.db.system.query({table!r})",
            )
        check_table_name(table)
        return TableQuery(self._tx, table, self._journal)

    def normalize_id(self, table: str, text: str) -> str | None:
        """Return `text` if it is an id of a document of `table`, there or not; otherwise None."""
        try:
            state = self._tx.table_of(text)
        except InvalidId:
            return None
        if state is None:
            self._tx.read_all_tables()
            return None
        self._tx.read_declaration(state)
        return text if state.name == table else None

    def insert(self, *_: Any, **__: Any) -> Any:
        """Not in a query: raises `FunctionKindError`."""
        raise _only_reads("insert a document")

    def patch(self, *_: Any, **__: Any) -> Any:
        """Not in a query: raises `FunctionKindError`."""
        raise _only_reads("patch a document")

    def replace(self, *_: Any, **__: Any) -> Any:
        """Not in a query: raises `FunctionKindError`."""
        raise _only_reads("replace a document")

    def delete(self, *_: Any, **__: Any) -> Any:
        """Not in a query: raises `FunctionKindError`."""
        raise _only_reads("delete a document")

    @property
    def system(self) -> SystemReader:
        """The engine's own tables."""
        return SystemReader(self._tx, self._journal)

    def _place(self, table_or_id: str, id: str | None, verb: str) -> tuple[TableState | None, str]:
        """Return table and id from either form of arguments."""
        table, id = (None, table_or_id) if id is None else (table_or_id, id)
        what = f"Cannot {verb} the document"
        state = _table_of(self._tx, id, what)
        if state is None:
            return None, id
        self._check_place(state, f"{what} {id}")
        if table is not None and state.name != table:
            self._tx.read_declaration(state)
            raise InvalidId(
                f"{what} {id}",
                thing=f"it belongs to the table {state.name}",
                expected=f"an id of the table {table}",
                hint="Pass the id of a document of that table, or leave the table out",
            )
        return state, id

    def _check_place(self, state: TableState, what: str) -> None:
        if state.name.startswith("_"):
            raise ReservedName(
                what,
                thing=f"it belongs to the system table {state.name}",
                expected="an id of one of your tables",
                hint="Read it with ctx.db.system.get(id); system documents are changed by the engine only",
            )


class DatabaseWriter(DatabaseReader):
    """`ctx.db` in a mutation: reads and writes; reads see the writes before them."""

    __slots__ = ("_ids",)

    def __init__(self, tx: Transaction, ids: IdSource) -> None:
        super().__init__(tx)
        self._ids = ids

    def insert(self, table: str, document: Mapping[str, Any]) -> str:
        """Add a document and return its new id.

        Args:
            table: A table; one that was never declared is created, and takes any document.
            document: Its fields, without `_id` and `_creationTime`.

        Raises:
            DocumentValidationError: The declaration refuses it.
            UniqueViolation: A unique index holds its values already.
            InvalidValue: A field holds what no document can.

        Example:
            >>> ctx.db.insert("messages", {"author": ada, "body": "hello"})
        """
        what = f"Cannot insert into {table}"
        state = self._table(table, what)
        if isinstance(document, Mapping):
            for name in SYSTEM_FIELDS.intersection(document):
                raise ReservedName(
                    what,
                    thing=f"the document brings its own {name}",
                    expected="a document without _id and _creationTime",
                    hint=f"Leave {name} out; the engine chooses it",
                )
        fields = checked_fields(self._tx, state, document, what)
        id = encode_id(state.stored.number, self._ids.next())
        created = self._tx.next_creation_ms()
        self._tx.write(state, id, None, {ID: id, CREATION_TIME: created, **fields}, what)
        return id

    def patch(self, table_or_id: str, id_or_fields: Any, fields: Mapping[str, Any] | None = None, /) -> None:
        """Change some fields of a document; nested mappings are replaced whole, `UNSET` removes a field.

        Example:
            >>> ctx.db.patch(message_id, {"likes": 3, "reply_to": rnb.UNSET})

        Raises:
            DocumentNotFound: There is no document with this id.
            DocumentValidationError: The declaration refuses the result.
        """
        place, id, fields, what = self._target(table_or_id, id_or_fields, fields, "patch")
        state, old = self._existing(place, id, what)
        document = decode_document(old)
        system = {ID: document.pop(ID), CREATION_TIME: document.pop(CREATION_TIME)}
        for name, value in fields.items():
            if name in SYSTEM_FIELDS:
                self._refuse_changed_system_field(system, name, value, what)
            elif value is UNSET:
                document.pop(name, None)
            else:
                document[name] = value
        self._tx.write(state, id, old, {**system, **checked_fields(self._tx, state, document, what)}, what)

    def replace(self, table_or_id: str, id_or_document: Any, document: Mapping[str, Any] | None = None, /) -> None:
        """Put other fields in place of all fields of a document; its id and creation time stay.

        Raises:
            DocumentNotFound: There is no document with this id.
            DocumentValidationError: The declaration refuses the new fields.
        """
        place, id, fields, what = self._target(table_or_id, id_or_document, document, "replace")
        state, old = self._existing(place, id, what)
        before = decode_document(old)
        system = {name: before[name] for name in (ID, CREATION_TIME)}
        own = {}
        for name, value in fields.items():
            if name in SYSTEM_FIELDS:
                self._refuse_changed_system_field(system, name, value, what)
            else:
                own[name] = value
        self._tx.write(state, id, old, {**system, **checked_fields(self._tx, state, own, what)}, what)

    def delete(self, table_or_id: str, id: str | None = None, /) -> None:
        """Remove a document.

        Raises:
            DocumentNotFound: There is no document with this id.
        """
        place, id = self._place(table_or_id, id, "delete")
        what = f"Cannot delete {id}"
        state, old = self._existing(place, id, what)
        self._tx.write(state, id, old, None, what)

    def _table(self, table: str, what: str) -> TableState:
        """Return the table that a document goes into; one that there is not yet takes any document."""
        if isinstance(table, str) and table.startswith("_"):
            _refuse_system(what, table)
        state = self._tx.declared(table) if isinstance(table, str) else None
        if state is None:
            check_table_name(table)
            state = self._tx.declare(table, Table(None), self._ids.next())
        return state

    def _target(
        self, first: str, second: Any, third: Mapping[str, Any] | None, verb: str
    ) -> tuple[TableState | None, str, Mapping[str, Any], str]:
        """Return table, id, fields and the beginning of errors, from either form of arguments."""
        state, id = self._place(first, None if third is None else second, verb)
        fields = second if third is None else third
        what = f"Cannot {verb} {id}"
        if not isinstance(fields, Mapping):
            raise _no_mapping(fields, what)
        return state, id, fields, what

    def _existing(self, state: TableState | None, id: str, what: str) -> tuple[TableState, bytes]:
        data = None if state is None else self._tx.get(state, id)
        if state is None or data is None:
            raise DocumentNotFound(
                what,
                thing="there is no document with this id" + (f" in {state.name}" if state is not None else ""),
                expected="the id of a document that exists",
                hint="It may have been deleted; ctx.db.get(id) returns None then",
                id=id,
            )
        return state, data

    def _refuse_changed_system_field(self, system: dict[str, Any], name: str, value: Any, what: str) -> None:
        if value != system[name]:
            raise ReservedName(
                what,
                thing=f"{name} would change from {system[name]!r} to {value!r}",
                expected=f"{name} left out, or as it is",
                hint=f"Leave {name} out",
            )


class SystemWriter(DatabaseWriter):
    """What the engine's own functions write its tables with; a table is made with its first document."""

    __slots__ = ()

    def query(self, table: str) -> TableQuery:
        """Start a query of a system table; one that was never written is empty."""
        return TableQuery(self._tx, table, self._journal)

    def _table(self, table: str, what: str) -> TableState:
        assert table in SYSTEM_TABLES, what
        state = self._tx.declared(table)
        if state is None:
            number, declaration = SYSTEM_TABLES[table]
            state = self._tx.declare(table, declaration, self._ids.next(), number)
        return state

    def _check_place(self, state: TableState, what: str) -> None:
        assert state.name.startswith("_"), what


def checked_fields(tx: Transaction, state: TableState, fields: Any, what: str) -> dict[str, Any]:
    """Return a document's own fields, normalised, if the table accepts them.

    Raises:
        DocumentValidationError: The declaration refuses them.
        InvalidValue: A field holds what no document can.
    """
    if not isinstance(fields, Mapping):
        raise _no_mapping(fields, what)
    declared = state.stored.table.document
    if type(fields) is not dict:
        fields = dict(fields)
    try:
        if declared is not None:
            return declared.check(fields, "$", tx.numbers(), IN_DOCUMENT)  # type: ignore[return-value]
        check_field_names(fields, what)
        return normalize(fields, "$", IN_DOCUMENT)  # type: ignore[return-value]
    except (ValidationError, InvalidValue) as error:
        kind = DocumentValidationError if isinstance(error, ValidationError) else InvalidValue
        raise kind(what, thing=error.thing, expected=error.expected, hint=error.hint, path=error.path) from None


def _only_reads(verb: str) -> FunctionKindError:
    return FunctionKindError(
        f"Cannot {verb}",
        thing="this is a query, which only reads",
        expected="a mutation",
        hint="Declare the function with @db.mutation, or in a cell write with db.transaction() as tx",
    )


def _no_mapping(fields: object, what: str) -> DocumentValidationError:
    kind = type(fields)
    if kind.__name__ == "Series" and kind.__module__.startswith("pandas"):
        hint = "Pass row.to_dict()"
    elif hasattr(fields, "_asdict"):
        hint = "Pass row._asdict()"
    elif isinstance(fields, list) and fields and isinstance(fields[0], Mapping):
        hint = "Pass one dict at a time; a mutation may do so as often as it likes"
    else:
        hint = "Pass a dict"
    return DocumentValidationError(
        what, thing=f"{show(fields)} was given", expected="a mapping of fields", hint=hint, path="$"
    )


def _table_of(tx: Transaction, id: Any, what: str) -> TableState | None:
    if not isinstance(id, str):
        raise InvalidId(
            what,
            thing=f"{id!r} ({type(id).__name__}) was given",
            expected="a document id",
            hint="Pass what insert returned, or a document's _id",
        )
    state = tx.table_of(id)
    if state is None:
        tx.read_all_tables()
    return state


def _read(tx: Transaction, state: TableState | None, id: str) -> Document | None:
    data = None if state is None else tx.get(state, id)
    return None if data is None else decode_document(data)


def _refuse_system(what: str, table: str) -> NoReturn:
    raise ReservedName(
        what,
        thing=f"{table} is a system table",
        expected="one of your tables",
        hint="System tables, whose names start with an underscore, are written by the engine only",
    )
