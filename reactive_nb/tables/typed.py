"""The typed table of one stored table, as something that rows are put into and taken out of.

Comes in: decoded documents and ids. Goes out: rows of the table's columns, inside the transaction of whoever asks: the
fold, which commits it, or a moment, which never does.

Rows go in by DuckDB's appender, which converts each value to the type of its column. Registering a frame or arrays of
objects is up to twice as fast and wrong: DuckDB guesses a column's type from a sample, so that a 1.5 among a hundred
thousand ints becomes 2, and NaN becomes NULL. Parameters through `unnest` take two to twelve times as long.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from reactive_nb.documents.document import ID
from reactive_nb.tables.columns import Columns
from reactive_nb.tables.names import quoted

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

_VECTORS = "reactive_nb_vectors"


class TypedTable:
    """A typed table within a transaction.

    Args:
        connection: The connection whose transaction it is.
        name: The table's full SQL name.
        columns: Its columns.
    """

    __slots__ = ("_columns", "_connection", "name")

    def __init__(self, connection: duckdb.DuckDBPyConnection, name: str, columns: Columns) -> None:
        self._connection = connection
        self._columns = columns
        self.name = name

    def create(self) -> None:
        """Make the table, empty."""
        self._connection.execute(f"CREATE TABLE {self.name} ({self._columns.definition()})")

    def delete(self, ids: Sequence[str]) -> None:
        """Take the rows of some documents out; ids that have none do not matter."""
        delete_rows(self._connection, self.name, ids)

    def insert(self, documents: list[dict[str, Any]]) -> None:
        """Put the rows of decoded documents in, whose ids have none yet."""
        with self._connection.appender(self.name, columns=[*self._columns.appended]) as appender:
            appender.append_rows(self._columns.rows(documents))
        for column, field in self._columns.vectors:
            self._set_vectors(
                column, {document[ID]: document[field] for document in documents if document.get(field) is not None}
            )

    def _set_vectors(self, column: str, vectors: dict[str, Any]) -> None:
        """Fill a column of vectors, by id; arrays of one type and length leave DuckDB nothing to guess."""
        if not vectors:
            return
        self._connection.register(_VECTORS, {"_id": _objects(vectors), "vector": _objects(vectors.values())})
        try:
            self._connection.execute(
                f"UPDATE {self.name} AS t SET {quoted(column)} = v.vector FROM {_VECTORS} AS v WHERE t._id = v._id"
            )
        finally:
            self._connection.unregister(_VECTORS)


def delete_rows(connection: duckdb.DuckDBPyConnection, table: str, ids: Sequence[str]) -> None:
    """Delete the rows with these values in `_id`."""
    connection.execute(f"DELETE FROM {table} WHERE _id IN (SELECT unnest($1::VARCHAR[]))", [ids])


def _objects(items: Collection[object]) -> NDArray[np.object_]:
    """Return items as an array of objects, which numpy would take apart if they are arrays themselves."""
    array = np.empty(len(items), dtype=object)
    for position, item in enumerate(items):
        array[position] = item
    return array
