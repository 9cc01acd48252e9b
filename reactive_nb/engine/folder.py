"""Folding: keeps account of what the DuckDB tables lack, and brings them up to the head.

Comes in: commits. Goes out: one bulk transaction in DuckDB, after which the log forgets what the tables hold. It runs
before SQL, at close, and by itself on a thread of its own when enough has gathered.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from weakref import WeakValueDictionary

from reactive_nb.documents.document import decode_document
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.ordered_map import OrderedMap
from reactive_nb.documents.snapshot import TABLES_TABLE, Documents, Loader, Snapshot, TableState
from reactive_nb.engine.commit_queue import CommitQueue
from reactive_nb.engine.interrupts import Uninterrupted, UninterruptedLock
from reactive_nb.errors import DatabaseFileError
from reactive_nb.log.interface import Log
from reactive_nb.schema.declaration import BY_CREATION_TIME, BY_ID, TABLES, StoredTable
from reactive_nb.tables.fold import FoldRow, TableFold, fold
from reactive_nb.tables.store import Store
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.committer import Committer
from reactive_nb.values.key_reader import read_values

logger = logging.getLogger("reactive_nb")

FOLD_AFTER_CHANGES = 50_000
"""How many changed documents gather before a fold starts by itself; replaying as many takes a few seconds."""
FOLD_AFTER_BYTES = 64 << 20
"""How large their encodings may get before it does."""


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


class Folder:
    """Owns the store of an engine with a file.

    Threads: `on_commit` is called under the engine's state lock; everything else takes the lock of the store, which
    DuckDB's rule of one thread per connection asks for.
    """

    def __init__(self, store: Store, state: UninterruptedLock) -> None:
        self._store = store
        self._state = state
        self._using_store = threading.RLock()
        # What has been committed and no fold has begun with; and what a fold has begun with and not finished.
        self._backlog = _Backlog()
        self._unfolded = _Backlog()
        self._thread: threading.Thread | None = None
        self._stopped = False
        # The tables as they were at opening, for as long as some snapshot has them; see `fold`.
        self._opened: WeakValueDictionary[str, TableState] = WeakValueDictionary()

    def opened(self) -> Snapshot:
        """Return the database as the tables hold it; indexes are loaded when first needed."""
        if not self._store.folded:
            return Snapshot.empty()
        tables = TableState.lazy(TABLES_TABLE, self._loader(TABLES_TABLE))
        declared = [document for _, document in tables.documents() if not document["dropped"]]
        stored = [StoredTable.from_document(document) for document in declared]
        states = {each.name: TableState.lazy(each, self._loader(each)) for each in stored}
        self._opened.update(states)
        return Snapshot(self._store.folded, {TABLES: tables, **states})

    def last_creation_ms(self) -> float:
        """Return the newest `_creationTime` in the tables; a clock that was set back must not file documents before it."""
        keys = [self._store.last_key(number, BY_CREATION_TIME) for number in self._store.placements]
        return max((read_values(key, 1)[0][0] for key in keys if key is not None), default=0.0)

    def on_commit(self, commit: Commit) -> None:
        """Note what a fold will have to bring over."""
        self._backlog.add(commit)

    @property
    def is_due(self) -> bool:
        """Whether enough has gathered for a fold by itself."""
        return self._backlog.changes >= FOLD_AFTER_CHANGES or self._backlog.size >= FOLD_AFTER_BYTES

    @property
    def folded(self) -> int:
        """The commit that the tables stand at."""
        return self._store.folded

    def start(self, committer: Committer, queue: CommitQueue, log: Log) -> None:
        """Fold on a thread of its own, unless one is at it."""
        with self._state:
            if not self._stopped and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(
                    target=self._fold_by_itself, args=(committer, queue, log), name="reactive_nb fold", daemon=True
                )
                self._thread.start()

    def _fold_by_itself(self, committer: Committer, queue: CommitQueue, log: Log) -> None:
        try:
            self.fold(committer, queue, log)
        except Exception:
            # Whatever it was, nothing is lost: the log keeps what the tables lack, and the next fold tries again.
            logger.exception("Folding %s failed; it is tried again after the next commits", self._store.path)

    def fold(self, committer: Committer, queue: CommitQueue, log: Log) -> None:
        """Bring the tables up to the head and let the log forget what they hold.

        Raises:
            DatabaseFileError: DuckDB could not write. Tables and log stand where they stood.
            LogWriteError: The log could not be shortened; nothing is lost.
        """
        self.fold_tables(committer)
        # Without the store's lock: whoever leads the commit queue may be waiting for it, to load an index.
        with queue.alone():
            if not self._stopped:  # closing removes the whole log, and the next session may have one in its place
                log.drop(self._store.folded)

    def fold_tables(self, committer: Committer) -> None:
        """Bring the tables up to the head, and leave the log alone.

        Ctrl-C waits for the end: in the middle DuckDB answers it with an error of its own.

        Raises:
            DatabaseFileError: DuckDB could not write. The tables stand where they stood.
        """
        with Uninterrupted(), self._using_store:
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
                    fold(self._store, snapshot.ts, _table_folds(snapshot, self._unfolded))
                except DatabaseFileError:
                    # The typed tables are the user's: one may have been dropped or altered. Made anew it fits again;
                    # where something else is wrong, such as a full disk, this fails too and says so.
                    self._unfolded.redeclared |= self._unfolded.documents.keys()
                    fold(self._store, snapshot.ts, _table_folds(snapshot, self._unfolded))
            self._unfolded = _Backlog()

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


def _table_folds(snapshot: Snapshot, backlog: _Backlog) -> Iterator[TableFold]:
    for number in sorted(backlog.dropped):
        if snapshot.name_of(number) is None:  # or it was created again
            yield TableFold(number, None)
    for name in sorted(backlog.redeclared | backlog.documents.keys()):
        state = snapshot.tables.get(name)
        if state is None:
            continue
        if name in backlog.redeclared:
            ids: Iterable[str] = (key.decode() for key, _ in state.map(BY_ID).items(*ALL))
            yield TableFold(state.stored.number, state.stored, _rows(state, ids), (), rebuild=True)
        else:
            changed = sorted(backlog.documents[name])
            deleted = [id for id in changed if state.get(id) is None]
            yield TableFold(state.stored.number, state.stored, _rows(state, changed), deleted)


def _rows(state: TableState, ids: Iterable[str]) -> Iterator[FoldRow]:
    for id in ids:
        data = state.get(id)
        if data is not None:
            yield FoldRow(id, data, state.maker.keys(decode_document(data)))
