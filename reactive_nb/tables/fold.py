"""The fold: bring the tables of a store up to a commit, in one DuckDB transaction that also stores its number.

Comes in: per table the documents that changed since the last fold, or all of them when its declaration changed. Goes
out: tables that hold exactly the commits up to `ts`. All or nothing, also when the process is killed in the middle.

A search index has no column here: it is made again from the documents when a database is opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from reactive_nb.documents.document import ID
from reactive_nb.documents.index_key import KeyMaker, Keys
from reactive_nb.schema.declaration import BY_CREATION_TIME, StoredTable
from reactive_nb.tables.columns import Columns, columns_of
from reactive_nb.tables.names import distinct_names, free_name, quoted
from reactive_nb.tables.store import SCHEMA, Placement, Store
from reactive_nb.tables.typed import TypedTable, delete_rows
from reactive_nb.values.wire import decode_many

if TYPE_CHECKING:
    import duckdb

_MAX_CHUNK_ROWS = 20_000
_MAX_CHUNK_BYTES = 32 << 20


class FoldRow(NamedTuple):
    """One document that is to stand in the tables.

    Attributes:
        id: Its id.
        document: Its encoding.
        keys: Its key in every index, as `KeyMaker` of its table's declaration makes them.
    """

    id: str
    document: bytes
    keys: Keys


@dataclass(frozen=True, slots=True)
class TableFold:
    """What a fold does to one table.

    Attributes:
        number: The table's number.
        stored: Its declaration, or None when the table is dropped.
        rebuild: Whether the declaration differs from that of the last fold, so that the tables are made anew and
            `rows` are all documents. A table that the store has not seen yet is made without being asked.
        rows: The documents inserted or changed since the last fold, each once; they are taken one chunk at a time.
        deleted: The ids of the documents deleted since the last fold.
    """

    number: int
    stored: StoredTable | None
    rows: Iterable[FoldRow] = ()
    deleted: Sequence[str] = ()
    rebuild: bool = False


def fold(store: Store, ts: int, tables: Iterable[TableFold]) -> None:
    """Bring the tables up to a commit: afterwards `store.folded` is `ts`.

    Args:
        store: An open store.
        ts: The commit, not before `store.folded`.
        tables: What changed since `store.folded`, each table once.

    Raises:
        DatabaseFileError: DuckDB could not write, for example on a full disk. The tables and `store.folded` stand
            where they stood, and the same fold can be tried again. The same holds when iterating over `rows` raises,
            whose exception is passed on.

    Example:
        >>> fold(store, 7, [TableFold(10001, stored, rows=[FoldRow(id, document, keys)], deleted=["k17…"])])
    """
    # Dropped tables first: their names become free for new ones.
    ordered = sorted(tables, key=lambda table: table.stored is not None)
    with store.transaction(ts, {table.number for table in ordered}) as connection:
        for table in ordered:
            placement = store.placements.get(table.number)
            if placement is not None and (table.stored is None or table.rebuild):
                _drop(connection, store, placement)
            if table.stored is None:
                continue
            columns = columns_of(table.stored.table)
            if placement is None or table.rebuild:
                placement = _create(connection, store, table.stored, columns, placement)
                deletes = False
            else:
                deletes = True
            writer = _Writer(connection, store, table.stored, placement, columns)
            for chunk in _chunks(table.rows):
                if deletes:
                    writer.delete([row.id for row in chunk])
                writer.insert(chunk)
            if deletes and table.deleted:
                writer.delete(table.deleted)


def _drop(connection: duckdb.DuckDBPyConnection, store: Store, placement: Placement) -> None:
    if store.keeps_documents:
        connection.execute(f"DROP TABLE {store.documents_table(placement.number)}")
    store.drop(connection, placement.schema, placement.typed)
    connection.execute(f"DELETE FROM {store.name('tables')} WHERE number = $1", [placement.number])


def _create(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    stored: StoredTable,
    columns: Columns,
    former: Placement | None,
) -> Placement:
    """Make a table's two DuckDB tables and the row that says where they are."""
    schema = SCHEMA if stored.name.startswith("_") else "main"
    if former is not None and former.name == stored.name:
        typed = former.typed
    else:
        typed = free_name(stored.name, store.relations(schema))
    indexes = stored.table.indexes
    names = (BY_CREATION_TIME, *(index.name for index in indexes))
    multi = frozenset(index.name for index in indexes if index.multi)
    key_columns = distinct_names((ID, "document", *names))[2:]
    placement = Placement(stored.number, stored.name, schema, typed, dict(zip(names, key_columns, strict=True)), multi)
    keys = "".join(
        f", {quoted(column)} {'BLOB[]' if name in multi else 'BLOB'}" for name, column in placement.keys.items()
    )
    if store.keeps_documents:
        connection.execute(f"CREATE TABLE {store.documents_table(stored.number)} (_id VARCHAR, document BLOB{keys})")
    TypedTable(connection, store.name(schema, typed), columns).create()
    connection.execute(
        f"INSERT INTO {store.name('tables')} VALUES ($1, $2, $3, $4, $5)",
        [
            stored.number,
            stored.name,
            schema,
            typed,
            [{"name": name, "key_column": column, "multi": name in multi} for name, column in placement.keys.items()],
        ],
    )
    return placement


class _Writer:
    """Deletes and inserts rows in the two DuckDB tables of one stored table, inside the fold's transaction."""

    __slots__ = ("_connection", "_document_columns", "_documents", "_typed")

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        store: Store,
        stored: StoredTable,
        placement: Placement,
        columns: Columns,
    ) -> None:
        self._connection = connection
        # A store in memory has nothing that a reopening would want.
        self._documents = store.documents_table(placement.number) if store.keeps_documents else None
        self._typed = TypedTable(connection, store.name(placement.schema, placement.typed), columns)
        # By name, so that indexes declared in another order cannot put keys into the wrong columns.
        names = KeyMaker(stored).names[1:]
        self._document_columns = [ID, "document", *(placement.keys[name] for name in names)]

    def delete(self, ids: Sequence[str]) -> None:
        if self._documents is not None:
            delete_rows(self._connection, self._documents, ids)
        self._typed.delete(ids)

    def insert(self, rows: list[FoldRow]) -> None:
        if self._documents is not None:
            with self._connection.appender(self._documents, columns=self._document_columns) as appender:
                appender.append_rows([(row.id, row.document, *row.keys[1:]) for row in rows])
        self._typed.insert(decode_many([row.document for row in rows]))


def _chunks(rows: Iterable[FoldRow]) -> Iterator[list[FoldRow]]:
    """Cut rows into lists that are small enough to be held three times: encoded, decoded and in DuckDB's buffer."""
    chunk: list[FoldRow] = []
    size = 0
    for row in rows:
        chunk.append(row)
        size += len(row.document)
        if len(chunk) == _MAX_CHUNK_ROWS or size >= _MAX_CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
