"""One DuckDB file: the documents at rest with their keys, and up to which commit they stand.

Comes in: a path. Goes out: sorted keys with documents when an index is loaded, a transaction for `fold.py`, cursors for
SQL. Invariant: `folded` is written in the transaction that writes the tables, so the file always holds exactly the
commits 1 … `folded`, also after a crash.

1. `reactive.meta(key, value)`: `format`, `database_id` (hex) and `folded`.
2. `reactive.tables`: one row per table, saying where it stands (`Placement`).
3. `reactive.documents_<number>`: `_id`, `document` (the encoded bytes) and one key column per index except `by_id`,
   whose key is the id: BLOB, or BLOB[] for a `multi` index.
4. `main."<table>"`: the documents as typed columns (`columns.py`); those of system tables stand in `reactive`.
"""

from __future__ import annotations

import contextlib
import gc
import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import duckdb

from reactive_nb.schema.declaration import BY_ID
from reactive_nb.tables import refusals
from reactive_nb.tables.names import quoted

FORMAT = 1
SCHEMA = "reactive"
_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one stored table stands in the file; a row of `reactive.tables`.

    Attributes:
        number: The table's number.
        name: Its name.
        schema: The DuckDB schema of its typed table.
        typed: The name of its typed table, which differs from `name` when that was taken.
        keys: By index name the column of its keys in the table of documents, without `by_id`.
        multi: The names of the indexes whose column holds a list of keys.
    """

    number: int
    name: str
    schema: str
    typed: str
    keys: Mapping[str, str]
    multi: frozenset[str]

    def key(self, index: str) -> str:
        """Return the SQL expression of one row's key, or of each of its keys."""
        if index == BY_ID:
            return "encode(_id)"
        column = quoted(self.keys[index])
        return f"unnest({column})" if index in self.multi else column


@dataclass(slots=True)
class _Loading:
    """The documents of a table of which one index has been loaded, kept for its other indexes.

    `documents` stand in the order of `first`, a key expression. `awaited` are the indexes still to be loaded; when the
    last of them is loaded, this object goes.
    """

    first: str
    documents: list[bytes]
    awaited: set[str]


class Store:
    """An open database file, held against all other processes until `close`.

    Threads: methods may be called from any thread, but never two at once; the engine sees to it. A cursor belongs to
    the thread that asked for it and may be used beside the store.

    Attributes:
        path: The file, absolute; `:memory:` where there is none.
        keeps_documents: Whether the documents and their keys stand in it too, and not the typed tables alone.
        database_id: 16 random bytes, made with the file.
        folded: The ts up to which the tables hold all commits.
        placements: By number, where each table stands.

    Example:
        >>> store = Store.open("flights.duckdb")
        >>> keys, documents = store.load(10001, "by_carrier")
    """

    __slots__ = (
        "_catalog",
        "_connection",
        "_loading",
        "_reader",
        "database_id",
        "folded",
        "keeps_documents",
        "path",
        "placements",
    )

    def __init__(
        self, path: Path, connection: duckdb.DuckDBPyConnection, keeps_documents: bool = True, is_made: bool = True
    ) -> None:
        self.path = path
        self.keeps_documents = keeps_documents
        # None once closed.
        self._connection: duckdb.DuckDBPyConnection | None = connection
        self._loading: dict[int, _Loading] = {}
        self.folded = 0
        self.placements: dict[int, Placement] = {}
        _prepare(connection)
        # A file named reactive.duckdb is a catalog `reactive` with a schema `reactive`, so two-part names are ambiguous.
        (self._catalog,) = connection.execute("SELECT current_database()").fetchall()[0]
        if not self._is_initialised():
            if not is_made:
                raise refusals.foreign(path)
            self._initialise()
        self.database_id = self._read_meta()
        self._read_placements()
        # Indexes are loaded on a connection of their own: the rows of a fold may come from an index that is loaded
        # while the fold's transaction has already dropped its table.
        self._reader = self.cursor()

    @classmethod
    def open(cls, path: str | os.PathLike[str], is_made: bool = True) -> Store:
        """Open a database file, and create it when it is missing.

        Any DuckDB file will do: its other tables stay as they are.

        Args:
            path: The file.
            is_made: Whether a file that is none of ours yet becomes one; otherwise it has to be there, and is refused.

        Raises:
            DatabaseInUse: Another process has the file open; `pid` is its number, or None where DuckDB does not say.
            NewerFormat: A newer reactive_nb or DuckDB wrote it.
            DatabaseFileError: It is damaged or no DuckDB file, or its folder is missing or cannot be written.
        """
        # DuckDB takes a name such as md:x or :memory: for something else than a file, but no absolute path.
        file = Path(path).absolute()
        if file.is_dir():
            raise refusals.is_a_folder(file)
        if not file.parent.is_dir():
            raise refusals.folder_missing(file)
        if not os.access(file.parent, os.W_OK):
            raise refusals.folder_read_only(file)
        # The file is not looked into before DuckDB does: on POSIX, closing it again would end the lock that a
        # connection of this same process holds on it.
        try:
            if is_made:
                _make_if_missing(file)
            connection = duckdb.connect(file)
        except duckdb.Error as error:
            raise refusals.unopened(file, error) from error
        try:
            return cls(file, connection, is_made=is_made)
        except duckdb.Error as error:
            connection.close()
            raise refusals.unopened(file, error) from error
        except BaseException:
            connection.close()
            raise

    @classmethod
    def in_memory(cls) -> Store:
        """Return a new store without a file, for SQL over a database in memory: it holds typed tables only."""
        return cls(Path(":memory:"), duckdb.connect(":memory:"), keeps_documents=False)

    @property
    def catalog(self) -> str:
        """What DuckDB calls the database."""
        return str(self._catalog)

    def load(self, number: int, index: str) -> tuple[list[bytes], list[bytes]]:
        """Return an index as it stands at `folded`: its keys in order and, parallel to them, the encoded documents.

        The indexes of one table share the bytes of its documents, except that a `multi` index which is loaded first
        shares them with no other; so load `by_id` first, and all of them. Of a table whose first document
        has not been folded yet both lists are empty.

        Args:
            number: The table's number.
            index: The index's name.

        Raises:
            UnknownIndex: The file holds the table, but not this index.
            DatabaseFileError: The file is damaged or cannot be read.
        """
        self._require_open()
        placement = self.placements.get(number)
        if placement is None:
            return [], []
        known = [BY_ID, *placement.keys]
        if index not in known:
            raise refusals.unknown_index(self.path, number, index, known)
        key = placement.key(index)
        table = self.documents_table(number)
        loading = self._loading.get(number)
        try:
            if loading is None or index not in loading.awaited:
                keys, documents = _columns(self._reader, f"SELECT {key} AS k, document FROM {table} ORDER BY k")
                if loading is None and index not in placement.multi:
                    self._loading[number] = _Loading(key, documents.copy(), {*known})
            else:
                # Positions instead of documents: the documents of the first index, found again by their rank in it.
                rank = f"row_number() OVER (ORDER BY {loading.first}) - 1 AS r"
                ranked = f"SELECT {key} AS k, r FROM (SELECT *, {rank} FROM {table}) ORDER BY k"
                keys, ranks = _columns(self._reader, ranked)
                documents = [*map(loading.documents.__getitem__, ranks)]
        except duckdb.Error as error:
            raise refusals.unread(self.path, error) from error
        self._give_back_memory()
        if loading := self._loading.get(number):
            loading.awaited.discard(index)
            if not loading.awaited:
                del self._loading[number]
        return keys, documents

    def last_key(self, number: int, index: str) -> bytes | None:
        """Return the largest key of an index other than `by_id`, or None when the table is empty.

        Raises:
            DatabaseFileError: The file is damaged or cannot be read.
        """
        key = self.placements[number].key(index)
        try:
            ((last,),) = self._reader.execute(f"SELECT max({key}) FROM {self.documents_table(number)}").fetchall()
        except duckdb.Error as error:
            raise refusals.unread(self.path, error) from error
        return cast("bytes | None", last)

    @contextlib.contextmanager
    def transaction(self, ts: int, numbers: Collection[int]) -> Iterator[duckdb.DuckDBPyConnection]:
        """Run a `with` block in one DuckDB transaction which also sets `folded` to `ts`; for `fold.py`.

        Args:
            ts: The commit at which the tables stand afterwards.
            numbers: The tables that the block changes.

        Raises:
            DatabaseFileError: DuckDB failed, for example on a full disk. The tables and `folded` stand where they
                stood. An exception of the block itself undoes the transaction too and is raised as it is.
        """
        connection = self._require_open()
        try:
            connection.begin()
            yield connection
            connection.execute(f"UPDATE {self.name('meta')} SET value = $1 WHERE key = 'folded'", [str(ts)])
            connection.commit()
            self.folded = ts
            self._read_placements()
        except duckdb.Error as error:
            self._undo(connection)
            raise refusals.unwritten(self.path, error) from error
        except BaseException:
            self._undo(connection)
            raise
        finally:
            for number in numbers:
                self._loading.pop(number, None)  # documents have other ranks now

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of its own to the same database, for SQL; it ends with the store.

        It sees what is folded. Read its results by `fetchall()`, `df()` and the like: an unfinished result blocks it.
        """
        cursor = self._require_open().cursor()
        _prepare(cursor)
        return cursor

    def name(self, *names: str) -> str:
        """Return the full SQL name of a table of the schema `reactive`, or of `(schema, table)`."""
        return quoted(self._catalog, *((SCHEMA, *names) if len(names) == 1 else names))

    def relations(self, schema: str) -> set[str]:
        """Return the names, in lower case, of all tables and views in a schema of the file."""
        return self.relations_on(self._require_open(), schema)

    def relations_on(self, connection: duckdb.DuckDBPyConnection, schema: str) -> set[str]:
        """Return the same as the transaction of a cursor sees it."""
        tables = "SELECT table_name FROM information_schema.tables WHERE table_catalog = $1 AND table_schema = $2"
        return {name.lower() for (name,) in connection.execute(tables, [self._catalog, schema]).fetchall()}

    def drop(self, connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> None:
        """Drop a typed table in the transaction of a cursor: there may be none, or another program's view in its place."""
        kind = "VIEW" if name.lower() in self.views_on(connection, schema) else "TABLE"
        connection.execute(f"DROP {kind} IF EXISTS {self.name(schema, name)}")

    def views_on(self, connection: duckdb.DuckDBPyConnection, schema: str) -> set[str]:
        """Return the names, in lower case, of all views in a schema of the file, as the transaction of a cursor sees it."""
        views = "SELECT view_name FROM duckdb_views() WHERE database_name = $1 AND schema_name = $2"
        return {name.lower() for (name,) in connection.execute(views, [self._catalog, schema]).fetchall()}

    def documents_table(self, number: int) -> str:
        """Return the full SQL name of the table that holds the documents of table `number` and their keys."""
        return self.name(f"documents_{number}")

    def close(self) -> None:
        """Write everything into the file, so that no write-ahead log stays beside it, and let go of it.

        Cursors are closed too.
        """
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        self._loading.clear()
        # A connection of the user's own may keep the file open in this process, so it is not left to the closing of
        # the last one. On a full disk, or within the user's transaction, the write-ahead log stays; the next opening
        # reads it, so nothing is lost.
        with contextlib.suppress(duckdb.Error):
            connection.execute("CHECKPOINT")
        connection.close()

    def _give_back_memory(self) -> None:
        """Have DuckDB drop the pages it has cached, which are in Python's memory now: a third of the whole otherwise."""
        ((limit,),) = self._reader.execute("SELECT current_setting('memory_limit')").fetchall()
        # DuckDB may be using more just now, for a query of the user's own: then it refuses, and nothing is given back.
        with contextlib.suppress(duckdb.Error):
            self._reader.execute("SET memory_limit = '64MB'")
        self._reader.execute(f"SET memory_limit = '{limit}'")

    def _require_open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise refusals.closed(self.path)
        return self._connection

    def _undo(self, connection: duckdb.DuckDBPyConnection) -> None:
        # A failed commit has ended the transaction already. What the file holds is read again rather than assumed:
        # a checkpoint that fails after a commit is reported as an error of the commit.
        with contextlib.suppress(duckdb.Error):
            connection.rollback()
        with contextlib.suppress(duckdb.Error):
            self._read_meta()
            self._read_placements()

    def _is_initialised(self) -> bool:
        return bool(
            self._require_open()
            .execute(
                "SELECT 1 FROM duckdb_tables() WHERE database_name = $1 AND schema_name = $2 AND table_name = 'meta'",
                [self._catalog, SCHEMA],
            )
            .fetchall()
        )

    def _initialise(self) -> None:
        connection = self._require_open()
        connection.begin()
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(self._catalog, SCHEMA)}")
        connection.execute(f"CREATE TABLE {self.name('meta')} (key VARCHAR, value VARCHAR)")
        connection.execute(
            f"CREATE TABLE {self.name('tables')} (number BIGINT, name VARCHAR, typed_schema VARCHAR, "
            "typed_table VARCHAR, indexes STRUCT(name VARCHAR, key_column VARCHAR, multi BOOLEAN)[])"
        )
        connection.execute(
            f"INSERT INTO {self.name('meta')} VALUES ('format', $1), ('database_id', $2), ('folded', '0')",
            [str(FORMAT), secrets.token_hex(16)],
        )
        connection.commit()

    def _read_meta(self) -> bytes:
        """Set `folded` and return the database id."""
        meta = dict(self._require_open().execute(f"SELECT key, value FROM {self.name('meta')}").fetchall())
        try:
            format_, database_id = int(meta["format"]), bytes.fromhex(meta["database_id"])
            folded = int(meta["folded"])
        except (KeyError, TypeError, ValueError) as error:
            raise refusals.meta_damaged(self.path, f"lacks or garbles {error}") from error
        if format_ > FORMAT:
            raise refusals.newer_format(self.path, format_, FORMAT)
        self.folded = folded
        return database_id

    def _read_placements(self) -> None:
        rows = self._require_open().execute(f"FROM {self.name('tables')} ORDER BY number").fetchall()
        self.placements = {row[0]: _placement(self.path, row) for row in rows}


def _make_if_missing(file: Path) -> None:
    """Put an empty database where there is no file, in one step.

    DuckDB makes a file in several, and cannot open one whose making was interrupted. So it makes it beside, and the
    name is added when it is whole; a link, not a move, which would put it over a file that another process has just
    made. Where this does not work, for want of links or of anything else, opening makes the file in place or says why.
    """
    new = file.with_name(f"{file.name}.reactive_nb-new")
    with contextlib.suppress(OSError):
        new.unlink()  # what a crash left, perhaps after the link
    if not file.exists():
        with contextlib.suppress(OSError, duckdb.Error):
            try:
                duckdb.connect(new).close()
                file.hardlink_to(new)
            finally:
                new.unlink()


def _placement(path: Path, row: tuple[Any, ...]) -> Placement:
    number, name, schema, typed, indexes = row
    parts = [name, schema, typed, *(index and index[key] for index in indexes or () for key in ("name", "key_column"))]
    if number is None or not indexes or None in parts:
        raise refusals.place_damaged(path, name)
    return Placement(
        number,
        name,
        schema,
        typed,
        {index["name"]: index["key_column"] for index in indexes},
        frozenset(index["name"] for index in indexes if index["multi"]),
    )


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    # In a notebook DuckDB would write a bar into the output of whatever cell is running.
    connection.execute("SET enable_progress_bar = false")


def _columns(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[list[Any], list[Any]]:
    """Return the two columns of a query as lists, without ever holding all of its rows as tuples."""
    first: list[Any] = []
    second: list[Any] = []
    # The garbage collector would walk the growing lists again and again, for objects that cannot form cycles.
    collecting = gc.isenabled()
    gc.disable()
    try:
        result = connection.execute(query)
        while rows := result.fetchmany(_ROWS_AT_ONCE):
            column, other = zip(*rows, strict=True)
            first += column
            second += other
    finally:
        if collecting:
            gc.enable()
    return first, second
