"""Folding: keeps account of what the DuckDB tables lack, and brings them up to the head.

Comes in: commits. Goes out: one bulk transaction in DuckDB, after which the log forgets what the tables hold. It runs
before SQL, at close, and by itself on a thread of its own when enough has gathered. SQL gets its cursors here, each
with the snapshot that it sees.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from reactive_nb.documents.document import decode_document
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.ordered_map import OrderedMap
from reactive_nb.documents.snapshot import TABLES_TABLE, Documents, Loader, Snapshot, TableState
from reactive_nb.engine.commit_queue import CommitQueue
from reactive_nb.engine.interrupts import Uninterrupted, UninterruptedLock
from reactive_nb.errors import DatabaseFileError, ReactiveError
from reactive_nb.log.interface import Log
from reactive_nb.schema.declaration import BY_CREATION_TIME, BY_ID, TABLES, StoredTable
from reactive_nb.tables import refusals
from reactive_nb.tables.fold import FoldRow, TableFold, fold
from reactive_nb.tables.moment import prepare
from reactive_nb.tables.store import SCHEMA, Placement, Store
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.committer import Committer
from reactive_nb.values.key_reader import read_values

if TYPE_CHECKING:
    import duckdb

logger = logging.getLogger("reactive_nb")

FOLD_AFTER_CHANGES = 50_000
"""How many changed documents gather before a fold starts by itself; replaying as many takes a few seconds."""
FOLD_AFTER_BYTES = 64 << 20
"""How large their encodings may get before it does."""


_IDLE_CURSORS = 4


class _Backlog:
    """What one fold has to do; documents by table name, numbers of dropped tables."""

    __slots__ = ("changes", "documents", "dropped", "redeclared", "size")

    def __init__(self) -> None:
        self.documents: dict[str, set[str]] = {}
        self.redeclared: set[str] = set()
        self.dropped: set[int] = set()
        self.changes = 0
        self.size = 0

    def add(self, commit: Commit) -> None:
        self.redeclared |= commit.redeclared
        for change in commit.changes:
            self.documents.setdefault(change.table, set()).add(change.id)
            self.size += 0 if change.new is None else len(change.new)
            if change.table == TABLES and change.new is not None and (table := decode_document(change.new))["dropped"]:
                self.dropped.add(table["number"])
        self.changes += len(commit.changes)

    def take(self, other: _Backlog) -> None:
        for table, ids in other.documents.items():
            self.documents.setdefault(table, set()).update(ids)
        self.redeclared |= other.redeclared
        self.dropped |= other.dropped
        self.changes += other.changes
        self.size += other.size


@dataclass(frozen=True, slots=True)
class Ground:
    """A cursor in a transaction that has begun, and what it sees.

    Attributes:
        cursor: The cursor, the caller's to roll back and close.
        snapshot: The database as the tables hold it.
        placements: Where its tables stand, by number.
        store: The store, to be asked for names only.
    """

    cursor: duckdb.DuckDBPyConnection
    snapshot: Snapshot
    placements: Mapping[int, Placement]
    store: Store


class Folder:
    """Owns the store of an engine: a file's, or the one in memory that SQL reads.

    Threads: `on_commit` is called under the engine's state lock; everything else takes the lock of the store, which
    DuckDB's rule of one thread per connection asks for.

    Attributes:
        rewriting: Held by whoever changes rows: a fold, and SQL that has to change rows for itself. DuckDB refuses the
            second of two transactions that change the same row. It comes before the lock of the store, and is held
            while SQL runs, so nobody may wait for it with that lock or the state lock in hand.
    """

    def __init__(self, store: Store, state: UninterruptedLock) -> None:
        self._store = store
        self._state = state
        self._using_store = threading.RLock()
        self.rewriting = threading.Lock()
        # The database as the tables hold it; replaced by each fold.
        self._stands = Snapshot.empty()
        # What has been committed and no fold has begun with; and what a fold has begun with and not finished.
        self._backlog = _Backlog()
        self._unfolded = _Backlog()
        self._thread: threading.Thread | None = None
        # Prepared for SQL and not in use.
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._stopped = False
        # How many changes are in the tables and, as nobody has looked at it since, still in the log.
        self._undropped = 0
        # The tables as they were at opening, for as long as some snapshot has them; see `fold`.
        self._opened: WeakValueDictionary[str, TableState] = WeakValueDictionary()

    def opened(self) -> Snapshot:
        """Return the database as the tables hold it; indexes are loaded when first needed."""
        if not self._store.folded:
            if self._store.placements:
                raise refusals.meta_damaged(self._store.path, "says that nothing was written yet, and there are tables")
            return Snapshot.empty()
        self._require_place(TABLES_TABLE)
        tables = TableState.lazy(TABLES_TABLE, self._loader(TABLES_TABLE))
        stored = declarations(self._store.path, tables)
        for each in stored:
            self._require_place(each)
        states = {each.name: TableState.lazy(each, self._loader(each)) for each in stored}
        self._opened.update(states)
        self._stands = Snapshot(self._store.folded, {TABLES: tables, **states})
        return self._stands

    def _require_place(self, stored: StoredTable) -> None:
        """Raise `DatabaseFileError` where nothing says where a table stands, for it would be taken for empty."""
        if stored.number not in self._store.placements:
            has_documents = f"documents_{stored.number}" in self._store.relations(SCHEMA)
            is_root = stored.number == TABLES_TABLE.number  # without it no other table would be known
            raise refusals.place_missing(self._store.path, stored.name, not has_documents and not is_root)

    def take_over(self, committer: Committer) -> None:
        """Start with a store that holds nothing, and hear of all commits from now on."""
        with self._state:
            self._backlog.redeclared |= committer.head.tables.keys()
            committer.on_commit(self.on_commit)

    def last_creation_ms(self) -> float:
        """Return the newest `_creationTime` in the tables; a clock that was set back must not file documents before it."""
        keys = [self._store.last_key(number, BY_CREATION_TIME) for number in self._store.placements]
        return max((read_values(key, 1)[0][0] for key in keys if key is not None), default=0.0)

    def on_commit(self, commit: Commit) -> None:
        """Note what a fold will have to bring over."""
        self._backlog.add(commit)

    @property
    def is_due(self) -> bool:
        """Whether enough has gathered for a fold by itself, or in a log that folds before SQL have left alone."""
        gathered = self._backlog.changes + self._undropped
        return gathered >= FOLD_AFTER_CHANGES or self._backlog.size >= FOLD_AFTER_BYTES

    @property
    def folded(self) -> int:
        """The commit that the tables stand at."""
        return self._store.folded

    def begin(self) -> Ground:
        """Return a new cursor for SQL, in a transaction that has begun."""
        with Uninterrupted(), self._using_store:
            is_prepared = bool(self._idle)
            cursor = self._idle.pop() if is_prepared else self._store.cursor()
            try:
                if not is_prepared:
                    prepare(cursor, self._store.catalog)
                cursor.begin()
                # DuckDB begins with the first look at the database, and the next fold must not come before that.
                cursor.execute(f"SELECT value FROM {self._store.name('meta')} WHERE key = 'folded'").fetchall()
            except BaseException:
                cursor.close()
                raise
            return Ground(cursor, self._stands, self._store.placements, self._store)

    def give_back(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Take a cursor back that is as `begin` made it, and in no transaction; preparing one takes a millisecond."""
        with Uninterrupted(), self._using_store:
            if self._stopped or len(self._idle) >= _IDLE_CURSORS:
                cursor.close()
            else:
                self._idle.append(cursor)

    def start(self, committer: Committer, queue: CommitQueue, log: Log | None) -> None:
        """Fold on a thread of its own, unless one is at it."""
        with self._state:
            if not self._stopped and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(
                    target=self._fold_by_itself, args=(committer, queue, log), name="reactive_nb fold", daemon=True
                )
                self._thread.start()

    def _fold_by_itself(self, committer: Committer, queue: CommitQueue, log: Log | None) -> None:
        try:
            self.fold(committer, queue, log)
        except Exception:
            # Whatever it was, nothing is lost: the log keeps what the tables lack, and the next fold tries again.
            logger.exception("Folding %s failed; it is tried again after the next commits", self._store.path)

    def fold(self, committer: Committer, queue: CommitQueue, log: Log | None) -> None:
        """Bring the tables up to the head and let the log, where there is one, forget what they hold.

        Raises:
            DatabaseFileError: DuckDB could not write. Tables and log stand where they stood.
            LogWriteError: The log could not be shortened; nothing is lost.
        """
        self.fold_tables(committer)
        if log is None:
            return
        # Without the store's lock: whoever leads the commit queue may be waiting for it, to load an index.
        with queue.alone():
            if not self._stopped:  # closing removes the whole log, and the next session may have one in its place
                self._undropped = 0
                log.drop(self._store.folded)

    def fold_tables(self, committer: Committer) -> None:
        """Bring the tables up to the head, and leave the log alone.

        Ctrl-C waits for the end: in the middle DuckDB answers it with an error of its own.

        Raises:
            DatabaseFileError: DuckDB could not write. The tables stand where they stood.
        """
        with Uninterrupted(), self.rewriting, self._using_store:
            with self._state:
                snapshot = committer.head
                # Until the fold has succeeded its work stays here, so a failure loses none.
                self._unfolded.take(self._backlog)
                self._backlog = _Backlog()
            # Earlier snapshots go on reading these tables as they were, and that will not be in the file any more.
            for name in self._unfolded.redeclared:
                if (opened := self._opened.get(name)) is not None:
                    opened.load()
                    del self._opened[name]
            if snapshot.ts > self._store.folded:
                try:
                    self._fold(snapshot)
                except DatabaseFileError:
                    # The typed tables are the user's: one may have been dropped or altered. Made anew it fits again;
                    # where something else is wrong, such as a full disk, this fails too and says so.
                    self._unfolded.redeclared |= self._unfolded.documents.keys()
                    self._fold(snapshot)
            if self._store.keeps_documents:  # otherwise it is that of a database in memory, which has no log
                self._undropped += self._unfolded.changes
            self._unfolded = _Backlog()

    def _fold(self, snapshot: Snapshot) -> None:
        with_keys = self._store.keeps_documents
        try:
            fold(self._store, snapshot.ts, _table_folds(snapshot, self._unfolded, with_keys))
        finally:
            if self._store.folded == snapshot.ts:  # also where DuckDB reports a failure of what came after its commit
                self._stands = snapshot

    def stop(self) -> None:
        """Start no more folds, and wait for one under way."""
        with self._state:
            self._stopped = True
            thread = self._thread
        if thread is not None:
            thread.join()

    def close(self) -> None:
        """Close the store."""
        with self._using_store:
            while self._idle:
                self._idle.pop().close()
            self._store.close()

    def _loader(self, stored: StoredTable) -> Loader:
        loaded: dict[str, Documents] = {}

        def load(index: str) -> Documents:
            # Uninterrupted, since an interrupted DuckDB statement would leave its connection busy.
            with Uninterrupted(), self._using_store:
                declared = stored.table.find(index)
                # The indexes share the documents of the one loaded first, which a multi index cannot be.
                first = [BY_ID] if declared is not None and declared.multi and not loaded else []
                for each in (*first, index):
                    if each not in loaded:
                        loaded[each] = OrderedMap.from_sorted(*self._store.load(stored.number, each))
                return loaded[index]

        return load


def declarations(path: Path, tables: TableState) -> list[StoredTable]:
    """Return what the documents of `_tables` declare.

    Raises:
        DatabaseFileError: One of them is damaged.
    """
    stored = []
    for data in (data for _, block in tables.map(BY_ID).blocks(*ALL) for data in block):
        if data is None:
            raise refusals.declaration_damaged(path, "it has no bytes")
        try:
            document = decode_document(data)
            if not document["dropped"]:
                stored.append(StoredTable.from_document(document))
                if not isinstance(stored[-1].number, int) or not isinstance(stored[-1].name, str):
                    raise TypeError
        except KeyError as error:
            raise refusals.declaration_damaged(path, f"it lacks {error}") from error
        except (ReactiveError, TypeError, ValueError, AttributeError) as error:
            raise refusals.declaration_damaged(path, "it is no declaration") from error
    return stored


def _table_folds(snapshot: Snapshot, backlog: _Backlog, with_keys: bool) -> Iterator[TableFold]:
    for number in sorted(backlog.dropped):
        if snapshot.name_of(number) is None:  # or it was created again
            yield TableFold(number, None)
    for name in sorted(backlog.redeclared | backlog.documents.keys()):
        state = snapshot.tables.get(name)
        if state is None:
            continue
        if name in backlog.redeclared:
            ids: Iterable[str] = (key.decode() for key, _ in state.map(BY_ID).items(*ALL))
            yield TableFold(state.stored.number, state.stored, _rows(state, ids, with_keys), (), rebuild=True)
        else:
            changed = sorted(backlog.documents[name])
            deleted = [id for id in changed if state.get(id) is None]
            yield TableFold(state.stored.number, state.stored, _rows(state, changed, with_keys), deleted)


def _rows(state: TableState, ids: Iterable[str], with_keys: bool) -> Iterator[FoldRow]:
    for id in ids:
        data = state.get(id)
        if data is not None:
            yield FoldRow(id, data, state.maker.keys(decode_document(data)) if with_keys else ())
