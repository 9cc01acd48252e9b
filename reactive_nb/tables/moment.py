"""SQL at one moment: a cursor on which every table of the database holds exactly the documents of one snapshot.

Comes in: a cursor in a transaction, the snapshot at which the store's tables stand, and the tables as they shall be:
of an older snapshot, of a newer one, or of a transaction with its own writes. Goes out: the same cursor, whose
transaction has changed the tables that differ and is never committed.

The tables themselves are changed, rather than hidden behind temporary views of their names: a view that a person has
made over `flights`, and a query that writes `main.flights`, then read the same moment as everything else. The price is
that two such transactions, and a fold, must not change rows at once; the engine sees to it. Usually nothing differs,
for a fold comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from reactive_nb.documents.ordered_map import OrderedMap
from reactive_nb.documents.snapshot import TableState
from reactive_nb.schema.declaration import BY_ID
from reactive_nb.schema.system_tables import PRIVATE
from reactive_nb.tables.columns import columns_of
from reactive_nb.tables.names import free_name, quoted
from reactive_nb.tables.store import SCHEMA, Placement, Store
from reactive_nb.tables.typed import TypedTable
from reactive_nb.values.wire import decode_many

if TYPE_CHECKING:
    import duckdb

_ROWS_AT_ONCE = 20_000


def prepare(cursor: duckdb.DuckDBPyConnection, catalog: str) -> None:
    """Give a cursor the settings under which people's SQL runs; they are its own and no other connection's."""
    path = ",".join(quoted(catalog, schema) for schema in ("main", SCHEMA)).replace("'", "''")
    cursor.execute(
        f"SET SESSION search_path = '{path}';"
        # Times are shown, truncated and compared in UTC, as documents have them, wherever the kernel runs.
        "SET SESSION TimeZone = 'UTC';"
        # Otherwise a name that is no table would be looked for among the variables of our own code.
        "SET SESSION python_enable_replacements = false;"
        # DuckDB takes a column of objects for what it finds in a sample.
        "SET SESSION pandas_analyze_sample = 1000000000;"
        "SET SESSION explain_output = 'all'"
    )


class Moment:
    """The tables of one snapshot on a cursor.

    Args:
        cursor: A cursor in a transaction; see `prepare`.
        store: The store it belongs to; asked for names only.
        ground: The tables at the commit that the cursor sees.
        placements: Where they stand.
        wanted: The tables as they shall be.

    Attributes:
        placements: Where the tables of the moment stand, by number, without those that nobody may read.
    """

    __slots__ = ("_cursor", "_found", "_ground", "_made", "_store", "_wanted", "placements")

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        store: Store,
        ground: Mapping[str, TableState],
        placements: Mapping[int, Placement],
        wanted: Mapping[str, TableState],
    ) -> None:
        self._cursor = cursor
        self._store = store
        self._ground = ground
        self._made: set[str] = set()
        self._found: dict[str, tuple[list[str], list[bytes]]] = {}
        self._wanted = {name: state for name, state in wanted.items() if name not in PRIVATE}
        self.placements = {number: each for number, each in placements.items() if each.name not in PRIVATE}

    def misshapen(self) -> list[str]:
        """Return the names of the tables that have other columns, are missing, or should be."""
        numbers = {state.stored.number for state in self._wanted.values()}
        gone = [each.name for number, each in self.placements.items() if number not in numbers]
        return gone + [name for name, state in self._wanted.items() if not self._has_shape(name, state)]

    def differing(self, names: Iterable[str]) -> list[str]:
        """Return which of some tables hold other rows than they shall."""
        return [name for name in names if self._ground.get(name) is not self._wanted[name] and any(self._edits(name))]

    def reshape(self) -> None:
        """Make the misshapen tables anew, whole, and drop those that should not be there."""
        misshapen = self.misshapen()
        freed: dict[str, Placement] = {}
        for number, placement in list(self.placements.items()):
            if placement.name in misshapen:
                self._store.drop(self._cursor, placement.schema, placement.typed)
                freed[placement.name] = self.placements.pop(number)
        for name in misshapen:
            state = self._wanted.get(name)
            if state is None:
                continue
            schema = SCHEMA if name.startswith("_") else "main"
            typed = freed[name].typed if name in freed else None
            if typed is None:
                typed = free_name(name, self._store.relations_on(self._cursor, schema))
            placement = Placement(state.stored.number, name, schema, typed, {}, frozenset())
            self.placements[state.stored.number] = placement
            self._made.add(name)
            table = self._table(placement, state)
            table.create()
            _insert(table, (data for _, block in state.map(BY_ID).blocks() for data in block))

    def fill(self, names: Iterable[str]) -> None:
        """Bring the rows of some tables, whose shape is right, to what they shall be."""
        for name in names:
            if name in self._made:
                continue
            state = self._wanted[name]
            gone, put = self._edits(name)
            table = self._table(self.placements[state.stored.number], state)
            if gone:
                table.delete(gone)
            _insert(table, put)

    def _has_shape(self, name: str, state: TableState) -> bool:
        before = self._ground.get(name)
        if before is state:
            return True
        placement = self.placements.get(state.stored.number)
        if before is None or placement is None or placement.name != name:
            return False
        return (
            before.stored is state.stored
            or columns_of(before.stored.table).definition() == columns_of(state.stored.table).definition()
        )

    def _edits(self, name: str) -> tuple[list[str], list[bytes]]:
        """Return the ids whose rows have to go, and the documents whose rows have to come."""
        found = self._found.get(name)
        if found is None:
            before = self._ground.get(name)
            after = self._wanted[name].map(BY_ID)
            found = self._found[name] = differences(OrderedMap() if before is None else before.map(BY_ID), after)
        return found

    def _name(self, placement: Placement) -> str:
        return self._store.name(placement.schema, placement.typed)

    def _table(self, placement: Placement, state: TableState) -> TypedTable:
        return TypedTable(self._cursor, self._name(placement), columns_of(state.stored.table))


def differences(before: OrderedMap[bytes], after: OrderedMap[bytes]) -> tuple[list[str], list[bytes]]:
    """Return the keys of the entries that are gone or changed, as text, and the values that are new or changed.

    What the maps share is passed over, so the cost is that of the differences, not of the maps, where one map has come
    from the other.
    """
    old, new = before.unshared(after)
    gone = [key.decode() for key, value in old.items() if new.get(key) != value]
    put = [value for key, value in new.items() if old.get(key) != value]
    return gone, put


def _insert(table: TypedTable, encoded: Iterable[bytes]) -> None:
    remaining = iter(encoded)
    while block := list(islice(remaining, _ROWS_AT_ONCE)):
        table.insert(decode_many(block))
