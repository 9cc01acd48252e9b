"""The same by hand in plain DuckDB: a table with a primary key and an index, rows in bulk through its appender."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from benchmarks.workload import FIELDS, NEWEST, Message, Row, id_of

if TYPE_CHECKING:
    import pandas as pd

_NAMES = ("_id", "_creationTime", *FIELDS)
_INSERT = f"INSERT INTO messages VALUES ({', '.join('?' * len(_NAMES))})"

GROUPS = "SELECT channel, count(*), sum(likes) FROM messages GROUP BY 1"


class DuckDB:
    """One connection; `path` None is in memory."""

    def __init__(self, path: Path | None = None, connection: duckdb.DuckDBPyConnection | None = None) -> None:
        self._connection = duckdb.connect(":memory:" if path is None else path) if connection is None else connection

    def another(self) -> DuckDB:
        """Return a connection to the same database, for another thread."""
        return DuckDB(connection=self._connection.cursor())

    def create(
        self, table: str = "messages", fields: Mapping[str, str] = FIELDS, indexed: Iterable[str] = ("channel",)
    ) -> None:
        columns = ", ".join(f"{name} {type}" for name, type in fields.items())
        self._connection.execute(f"CREATE TABLE {table} (_id VARCHAR PRIMARY KEY, _creationTime DOUBLE, {columns})")
        for field in indexed:
            self._connection.execute(f"CREATE INDEX by_{field} ON {table} ({field})")

    def insert(self, place: int, message: Message) -> None:
        self._connection.execute(_INSERT, (id_of(place), float(place), *message.values()))

    def insert_all(self, first: int, messages: Iterable[Message]) -> None:
        self._connection.begin()
        with self._connection.appender("messages") as appender:
            appender.append_rows(
                [(id_of(place), float(place), *each.values()) for place, each in enumerate(messages, first)]
            )
        self._connection.commit()

    def insert_frame(self, table: str, frame: pd.DataFrame) -> None:
        """Insert rows that have neither id nor time; their ids ascend, as ours do."""
        self._connection.register("frame", frame)
        self._connection.execute(f"INSERT INTO {table} SELECT uuidv7(), epoch_ms(now()), * FROM frame")
        self._connection.unregister("frame")

    def copy_to(self, file: Path, options: str) -> None:
        self._connection.execute(f"COPY messages TO '{file}' ({options})")

    def copy_from(self, file: Path, options: str) -> None:
        self._connection.execute(f"COPY messages FROM '{file}' ({options})")

    def get(self, id: str) -> Message:
        (row,) = self._connection.execute("SELECT * FROM messages WHERE _id = ?", (id,)).fetchall()
        return dict(zip(_NAMES, row, strict=True))

    def newest(self, channel: str) -> list[Message]:
        rows = self._connection.execute(
            f"SELECT * FROM messages WHERE channel = ? ORDER BY _creationTime DESC LIMIT {NEWEST}", (channel,)
        ).fetchall()
        return [dict(zip(_NAMES, row, strict=True)) for row in rows]

    def totals(self, channel: str) -> list[int]:
        """Return count and sum of a channel, or under the empty name of all."""
        where, parameters = ("WHERE channel = ?", (channel,)) if channel else ("", ())
        rows = self._connection.execute(f"SELECT count(*), sum(likes) FROM messages {where}", parameters).fetchall()
        return list(rows[0])

    def groups(self) -> list[Row]:
        rows = self._connection.execute(
            "SELECT channel, count(*), sum(likes) FROM messages GROUP BY channel ORDER BY channel"
        ).fetchall()
        return [dict(zip(("channel", "number", "likes"), row, strict=True)) for row in rows]

    def groups_frame(self) -> pd.DataFrame:
        return self._connection.execute(GROUPS).df()

    def like(self, id: str) -> None:
        """Read, then write what was read plus one; again when another thread was faster."""
        while True:
            try:
                self._connection.begin()
                ((likes,),) = self._connection.execute("SELECT likes FROM messages WHERE _id = ?", (id,)).fetchall()
                self._connection.execute("UPDATE messages SET likes = ? WHERE _id = ?", (likes + 1, id))
                self._connection.commit()
            except duckdb.TransactionException:
                # A failed commit has ended the transaction already, a failed update has not.
                try:
                    self._connection.rollback()
                except duckdb.TransactionException:
                    continue
            else:
                return

    def close(self) -> None:
        self._connection.close()
