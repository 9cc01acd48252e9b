"""The same by hand in SQLite: a table with an index, statements that its module keeps prepared, rows made into dicts.

A file is in WAL mode with synchronous=FULL, so that a commit is on disk when it returns, as ours is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from benchmarks.workload import FIELDS, NEWEST, Message, Row, id_of

_NAMES = ("_id", "_creationTime", *FIELDS)
_INSERT = f"INSERT INTO messages VALUES ({', '.join('?' * len(_NAMES))})"
_TOTALS = """
CREATE TABLE totals (channel TEXT PRIMARY KEY, number INTEGER, likes INTEGER);
INSERT INTO totals SELECT channel, count(*), sum(likes) FROM messages GROUP BY channel;
INSERT INTO totals SELECT '', sum(number), sum(likes) FROM totals;
CREATE TRIGGER inserted AFTER INSERT ON messages BEGIN
    UPDATE totals SET number = number + 1, likes = likes + NEW.likes WHERE channel IN (NEW.channel, '');
END;
CREATE TRIGGER liked AFTER UPDATE OF likes ON messages BEGIN
    UPDATE totals SET likes = likes + NEW.likes - OLD.likes WHERE channel IN (NEW.channel, '');
END;
"""


class SQLite:
    """One connection; `path` None is in memory."""

    def __init__(self, path: Path | None = None) -> None:
        # Sixteen writers may wait long for their turn; a thread other than the maker's may close it.
        self._connection = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, timeout=60, check_same_thread=False
        )
        if path is not None:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")

    def create(self) -> None:
        columns = ", ".join(f"{name} {type}" for name, type in FIELDS.items())
        self._connection.execute(f"CREATE TABLE messages (_id TEXT PRIMARY KEY, _creationTime REAL, {columns})")
        self._connection.execute("CREATE INDEX by_channel ON messages (channel, _creationTime)")

    def insert(self, place: int, message: Message) -> None:
        self._connection.execute(_INSERT, (id_of(place), float(place), *message.values()))

    def insert_all(self, first: int, messages: Iterable[Message]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        rows = ((id_of(place), float(place), *each.values()) for place, each in enumerate(messages, first))
        self._connection.executemany(_INSERT, rows)
        self._connection.execute("COMMIT")

    def keep_totals(self) -> None:
        """Let a trigger keep count and sum of every channel, and of all of them under the empty name."""
        self._connection.executescript(_TOTALS)

    def get(self, id: str) -> Message:
        (row,) = self._connection.execute("SELECT * FROM messages WHERE _id = ?", (id,)).fetchall()
        return dict(zip(_NAMES, row, strict=True))

    def newest(self, channel: str) -> list[Message]:
        rows = self._connection.execute(
            "SELECT * FROM messages WHERE channel = ? ORDER BY _creationTime DESC LIMIT ?", (channel, NEWEST)
        ).fetchall()
        return [dict(zip(_NAMES, row, strict=True)) for row in rows]

    def totals(self, channel: str) -> list[int]:
        rows = self._connection.execute("SELECT number, likes FROM totals WHERE channel = ?", (channel,)).fetchall()
        return list(rows[0])

    def groups(self) -> list[Row]:
        rows = self._connection.execute(
            "SELECT channel, number, likes FROM totals WHERE channel <> '' ORDER BY channel"
        ).fetchall()
        return [dict(zip(("channel", "number", "likes"), row, strict=True)) for row in rows]

    def groups_again(self) -> list[Row]:
        """Count and sum all messages again, as one does without triggers."""
        rows = self._connection.execute(
            "SELECT channel, count(*), sum(likes) FROM messages GROUP BY channel ORDER BY channel"
        ).fetchall()
        return [dict(zip(("channel", "number", "likes"), row, strict=True)) for row in rows]

    def like(self, id: str) -> None:
        """Read, then write what was read plus one."""
        self._connection.execute("BEGIN IMMEDIATE")
        ((likes,),) = self._connection.execute("SELECT likes FROM messages WHERE _id = ?", (id,)).fetchall()
        self._connection.execute("UPDATE messages SET likes = ? WHERE _id = ?", (likes + 1, id))
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()
