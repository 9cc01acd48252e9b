"""One function's reads and writes against one snapshot, as a value that can be held in the hand.

Comes in: a snapshot. Goes out: a read set and a write set for the committer. Reads see the transaction's own writes;
nobody else sees them before the commit. Two transactions may be open at once and be committed in either order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from reactive_nb.documents.document import CREATION_TIME, ID, decode_document, encode_document
from reactive_nb.documents.index_key import each_key, exempt_from_unique, field_prefix, value_at
from reactive_nb.documents.interval import ALL, Interval, prefix_interval
from reactive_nb.documents.snapshot import Change, Snapshot, TableState
from reactive_nb.errors import TransactionClosed, UniqueViolation
from reactive_nb.schema.declaration import (
    BY_CREATION_TIME,
    FIRST_USER_TABLE_NUMBER,
    TABLES,
    TABLES_NUMBER,
    StoredTable,
    Table,
)
from reactive_nb.transaction.read_set import ReadSet, Scan
from reactive_nb.transaction.write_set import WriteSet
from reactive_nb.values.ids import encode_id, table_number_of
from reactive_nb.values.order import encode_value

if TYPE_CHECKING:
    from reactive_nb.transaction.commit import Commit

Savepoint = tuple[WriteSet, dict[str, TableState | None], dict[str, list[Change]]]


class Transaction:
    """Buffered writes over a snapshot, with every look recorded.

    Attributes:
        snapshot: What it reads; never replaced.
        reads: What it has looked at.
        writes: What it means to change.
        now_ms: The one time its function sees, in milliseconds since 1970 UTC.
        last_creation_ms: The newest `_creationTime` it has given out; starts just below `now_ms`.
        commit: What it has become, for those who do not hear it because an exception came with it; starts None.
    """

    __slots__ = (
        *("_closed", "_pending", "_working"),
        *("commit", "last_creation_ms", "now_ms", "reads", "snapshot", "writes"),
    )

    def __init__(self, snapshot: Snapshot, now_ms: float) -> None:
        self.snapshot = snapshot
        self.reads = ReadSet()
        self.writes = WriteSet()
        self.now_ms = now_ms
        self.last_creation_ms = math.nextafter(now_ms, -math.inf)
        # Tables as this transaction sees them, where it has changed them; None is a dropped table.
        self._working: dict[str, TableState | None] = {}
        # Changes not yet in `_working`: they are applied in one batch when a scan needs them.
        self._pending: dict[str, list[Change]] = {}
        self._closed = False
        self.commit: Commit | None = None

    # ------------------------------------------------------------------ tables

    def declared(self, name: str) -> TableState | None:
        """Return a table for the sake of its declaration: its documents may lack pending writes."""
        if self._closed:
            raise TransactionClosed(
                "Cannot use the transaction",
                thing="its function or block has ended",
                expected="use within the function or the block that got it",
                hint="Return what you need from the function, and start another one to read again",
            )
        return self._working[name] if name in self._working else self.snapshot.tables.get(name)

    def table(self, name: str) -> TableState | None:
        """Return a table with all writes of this transaction in it, or None when there is none of this name."""
        state = self.declared(name)
        pending = self._pending.get(name)
        if pending:
            assert state is not None
            state = self._working[name] = state.apply(pending)[0]
            pending.clear()
        return state

    def table_of(self, id: str) -> TableState | None:
        """Return the declared table that an id names, or None.

        Raises:
            InvalidId: The string is not a document id.
        """
        number = table_number_of(id)
        name = self.snapshot.name_of(number)
        if name is None:
            mine = (state.stored for state in self.writes.redeclared.values() if state is not None)
            name = next((stored.name for stored in mine if stored.number == number), None)
        return None if name is None else self.declared(name)

    def numbers(self) -> Mapping[str, int]:
        """Return the number of every table by name, as the validators of ids want it; each look is recorded."""
        return _Numbers(self)

    def read_declaration(self, state: TableState) -> None:
        """Record that the result depends on a table being there, as it is declared."""
        self.reads.add_declaration(state.name)

    def read_all_tables(self) -> None:
        """Record that the result depends on which tables there are."""
        self.reads.add(TABLES, BY_CREATION_TIME, ALL)

    def declare(self, name: str, table: Table, entropy: bytes, number: int | None = None) -> TableState:
        """Create a table, or give an existing one another declaration; its documents are not checked here.

        Args:
            name: The table.
            table: What it shall be.
            entropy: 16 bytes for the id of its document in `_tables`, should that be new.
            number: The number of a new table; by default the next one that no table has had.

        Returns:
            The table with all its indexes filled.
        """
        assert name not in self.writes.tables(), "declarations come before writes: those have keys of the old one"
        document = self._declaration(name)
        before = self.table(name)
        if before is None:
            if document is not None:
                number = document["number"]
            elif number is None:
                number = self._new_number()
            state = TableState.empty(StoredTable(name, number, table))
        else:
            self.reads.add(name, BY_CREATION_TIME, ALL)
            state = before.redeclared(StoredTable(name, before.stored.number, table))
        id = encode_id(TABLES_NUMBER, entropy) if document is None else document[ID]
        created = self.next_creation_ms() if document is None else document[CREATION_TIME]
        self._put_declaration(id, {ID: id, CREATION_TIME: created, **state.stored.to_document()})
        self._working[name] = self.writes.redeclared[name] = state
        return state

    def drop(self, name: str) -> None:
        """Remove a table that exists, with all its documents."""
        assert name not in self.writes.tables(), "a table is dropped by a transaction of its own"
        document = self._declaration(name)
        state = self.declared(name)
        assert document is not None, f"{name} is not a table"
        assert state is not None, f"{name} is not a table"
        self.reads.add(name, BY_CREATION_TIME, ALL)
        system = {ID: document[ID], CREATION_TIME: document[CREATION_TIME]}
        self._put_declaration(document[ID], {**system, **state.stored.to_document(dropped=True)})
        self._working[name] = self.writes.redeclared[name] = None

    def _declaration(self, name: str) -> dict[str, Any] | None:
        """Return the document in `_tables` of a table, or of one of this name that was dropped.

        Every table there is gets recorded, for new numbers depend on all.
        """
        self.read_all_tables()
        tables = self.table(TABLES)
        assert tables is not None
        found = next(tables.map("by_name").items(*prefix_interval(encode_value(name))), None)
        return None if found is None else decode_document(found[1])

    def _new_number(self) -> int:
        tables = self.table(TABLES)
        assert tables is not None
        numbers: list[int] = [each["number"] for _, each in tables.documents()]
        return max([FIRST_USER_TABLE_NUMBER - 1, *numbers]) + 1

    def _put_declaration(self, id: str, document: dict[str, Any]) -> None:
        tables = self.declared(TABLES)
        assert tables is not None
        self.write(tables, id, self.get(tables, id), document, "Cannot store the declaration")

    # ------------------------------------------------------------------ reading

    def get(self, state: TableState, id: str) -> bytes | None:
        """Return the encoding of one document of a table, or None; recorded as a look at that document."""
        self.reads.add_point(state.name, id)
        mine = self.writes.get(id)
        if mine is not None:
            return mine.new
        # Not `state`, where writes that cancel each other out may be applied in part.
        before = self.snapshot.tables.get(state.name)
        return None if before is None else before.get(id)

    def scan(
        self, state: TableState, index: str, interval: Interval, reverse: bool
    ) -> tuple[Scan, Iterator[tuple[list[bytes], list[bytes]]]]:
        """Return the blocks of an index range in order, with the record that the caller moves as it consumes them."""
        scan = Scan(interval, reverse)
        self.reads.add(state.name, index, scan)
        return scan, state.map(index).blocks(interval.start, interval.end, reverse)

    # ------------------------------------------------------------------ writing

    def next_creation_ms(self) -> float:
        """Return the next `_creationTime`: strictly increasing, from the time of the function on."""
        self.last_creation_ms = math.nextafter(self.last_creation_ms, math.inf)
        return self.last_creation_ms

    def write(self, state: TableState, id: str, old: bytes | None, document: dict[str, Any] | None, what: str) -> None:
        """Put a document in place of `old`, or delete it.

        Args:
            state: The table, as `declared` gave it.
            id: The document's id.
            old: What `get` returned for it.
            document: The whole new document, checked, with its system fields first; None deletes.
            what: What is being done, for errors.

        Raises:
            UniqueViolation: A unique index has another document under the same key.
            InvalidValue: The document is too large.
        """
        self.reads.add_declaration(state.name)  # by which it was checked, and by which its keys are made
        new = None if document is None else encode_document(document, what)
        if new == old:
            return
        maker = state.maker
        old_keys = None if old is None else maker.keys(decode_document(old))
        new_keys = None if document is None else maker.keys(document)
        change = Change(state.name, id, old, new, old_keys, new_keys)
        if maker.unique and document is not None:
            self._check_unique(change, document, what)
        self.writes.add(change)
        self._pending.setdefault(state.name, []).append(change)

    def _check_unique(self, change: Change, document: dict[str, Any], what: str) -> None:
        """Raise if another document has the same values in a unique index.

        The look is recorded, so of two transactions that insert the same key at once, the second to commit conflicts,
        runs again, and finds the first.
        """
        assert change.new_keys is not None
        id_bytes = change.id.encode()
        state = self.table(change.table)
        assert state is not None
        for position in state.maker.unique:
            index = state.stored.table.find(state.maker.names[position])
            assert index is not None
            if exempt_from_unique(document, index):
                continue
            old = set() if change.old_keys is None else set(each_key(change.old_keys[position]))
            for key in each_key(change.new_keys[position]):
                if key in old:
                    continue
                prefix = field_prefix(key, id_bytes)
                interval = prefix_interval(prefix)
                self.reads.add(change.table, index.name, interval)
                for _, data in state.map(index.name).items(*interval):
                    other = decode_document(data)
                    if other[ID] != change.id:
                        shown = ", ".join(_shown(document, path) for path in index.paths())
                        raise UniqueViolation(
                            what,
                            thing=(
                                f"the unique index {change.table}.{index.name} already holds {shown} "
                                f"in document {other[ID]} (this one is {change.id})"
                            ),
                            expected="values that no other document of the table has",
                            hint="Change the value, or patch the document that has it",
                            table=change.table,
                            index=index.name,
                            existing=other[ID],
                            id=change.id,
                        )

    # ------------------------------------------------------------------ sub-transactions and the end

    def savepoint(self) -> Savepoint:
        """Return what `rollback` needs to undo all later writes; looks stay recorded."""
        return self.writes.copy(), dict(self._working), {name: list(p) for name, p in self._pending.items()}

    def rollback(self, savepoint: Savepoint) -> None:
        """Undo the writes since `savepoint`, which is used up."""
        self.writes, self._working, self._pending = savepoint

    def close(self) -> None:
        """End it: contexts that were handed out refuse from now on."""
        self._closed = True


class _Numbers(Mapping[str, int]):
    """The numbers of the tables that a transaction sees; a check of an id is a look at one of them."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def __getitem__(self, name: str) -> int:
        self._transaction.reads.add_declaration(name)
        state = self._transaction.declared(name)
        if state is None:
            raise KeyError(name)
        return state.stored.number

    def __iter__(self) -> Iterator[str]:
        self._transaction.read_all_tables()
        snapshot, mine = self._transaction.snapshot, self._transaction.writes.redeclared
        return (name for name in {**snapshot.tables, **mine} if self._transaction.declared(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _shown(document: dict[str, Any], path: tuple[str, ...]) -> str:
    text = repr(value_at(document, path))
    return f"{'.'.join(path)} = {text if len(text) <= 60 else text[:57] + '...'}"
