"""`db.sql` for changes, over a store that is filled anew for each statement; and what a test reads and writes beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from reactive_nb.engine.engine import Engine
from reactive_nb.engine.sql_change import SqlChange, run_change
from reactive_nb.tables.moment import Moment, prepare
from reactive_nb.tables.sql_query import Question
from reactive_nb.tables.statement import parse
from reactive_nb.tables.store import Store
from reactive_nb.transaction.transaction import Transaction

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")


class Desk:
    """Where SQL runs in these tests: a store in memory that holds nothing, so each moment is made anew."""

    def __init__(self) -> None:
        self.store = Store.in_memory()
        self.meanwhile: Callable[[], None] | None = None

    def change(
        self,
        tx: Transaction,
        frames: Mapping[str, Any],
        capture: Callable[[duckdb.DuckDBPyConnection, Store, Moment], T],
    ) -> T:
        cursor = self.store.cursor()
        prepare(cursor, self.store.catalog)
        for name, frame in frames.items():
            cursor.register(name, frame)
        cursor.begin()
        try:
            tables = {name: state for name in tx.snapshot.tables if (state := tx.table(name)) is not None}
            moment = Moment(cursor, self.store, {}, {}, tables)
            moment.reshape()
            return capture(cursor, self.store, moment)
        finally:
            cursor.rollback()
            cursor.close()
            if self.meanwhile is not None:
                self.meanwhile()


class Sql:
    """`db.sql` for changes, at the database's own desk or another one."""

    def __init__(self, db: Engine, desk: Desk | None = None) -> None:
        self._db = db
        self._desk = db._sql if desk is None else desk

    def __call__(self, text: str, **arguments: Any) -> SqlChange:
        return run_change(self._db._runner, self._desk, self._db.ids, Question(parse(text), arguments))


def rows(db: Engine, table: str, system: bool = False) -> list[dict[str, Any]]:
    found = db.read(lambda ctx: ctx.db.query(table).collect())
    return found if system else [{name: item for name, item in each.items() if name[0] != "_"} for each in found]


def insert(db: Engine, table: str, *documents: dict[str, Any]) -> list[str]:
    return db.write(lambda ctx: [ctx.db.insert(table, document) for document in documents])
