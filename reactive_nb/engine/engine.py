"""The database object a user holds: builds the parts, owns their threads and locks, opens and closes.

Threads: every method may be called from any thread. Queries and mutations run on the caller's thread; live results
are brought up to date on one thread of the engine's own, where all listeners are called; `submit` uses a pool. The
*state lock* guards what a commit and a refresh share, and no user code runs under it. Order of locks: the commit
queue's lead, the store's lock, the state lock, the worker's lock; the lock of rewriting (see `Folder`) comes before the
store's and never meets the lead. Ctrl-C on the main thread is held back inside them, so it never tears anything.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from reactive_nb.clock import Clock, IdSource
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.engine.action_runs import ActionRuns
from reactive_nb.engine.bindings import Bindings
from reactive_nb.engine.commit_queue import CommitQueue, closed
from reactive_nb.engine.facilities import Facilities, Part
from reactive_nb.engine.folder import Folder
from reactive_nb.engine.interrupts import Uninterrupted, UninterruptedLock
from reactive_nb.engine.past import Past
from reactive_nb.engine.recording import note_call, note_read
from reactive_nb.engine.refresher import Refresher, tell
from reactive_nb.engine.roster import ROSTER
from reactive_nb.engine.sql_access import SqlAccess
from reactive_nb.engine.sql_desk import SqlDesk
from reactive_nb.engine.surface import Surface
from reactive_nb.engine.worker import Worker
from reactive_nb.errors import NestedCallError, SnapshotGone
from reactive_nb.files.contents import Contents
from reactive_nb.functions import define, guard
from reactive_nb.functions.actions import ActionRun
from reactive_nb.functions.context import MutationContext, QueryContext
from reactive_nb.functions.function import Function, Kind
from reactive_nb.functions.origin import calling_from
from reactive_nb.functions.registry import Decorators, Module, Registry, include
from reactive_nb.functions.runner import Runner, conflict, refuse_nested
from reactive_nb.functions.storage import gone, is_stored
from reactive_nb.jobs.crons import CronJobs
from reactive_nb.jobs.scheduled import ScheduledCalls
from reactive_nb.log import refusals
from reactive_nb.log.file import FileLog
from reactive_nb.log.interface import Log
from reactive_nb.log.memory import MemoryLog
from reactive_nb.schema.declaration import Table
from reactive_nb.schema.evolution import Evolution
from reactive_nb.schema.system_tables import CRONS, SCHEDULED
from reactive_nb.subscriptions.description import describe_cause
from reactive_nb.subscriptions.manager import SubscriptionManager
from reactive_nb.subscriptions.subscription import args_of, key_of
from reactive_nb.tables.store import Store
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.committer import Committer, Proposal
from reactive_nb.transaction.read_set import Overlap
from reactive_nb.transaction.recent_commits import DEFAULT_COMMITS
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values import wire

T = TypeVar("T")

_WORKERS = 16
_FORGOTTEN_AT_ONCE = 16  # records of a log in memory; one by one each would move all the others


class Engine(Bindings, Facilities, SqlAccess, Decorators):
    """A reactive document database; made by `rnb.connect(...)`.

    Attributes:
        path: Its file, or None in memory.
    """

    def __init__(
        self,
        path: Path | None,
        surface: Surface,
        *,
        clock: Clock | None = None,
        ids: IdSource | None = None,
        log: Log | None = None,
        history: int = DEFAULT_COMMITS,
    ) -> None:
        """Open everything; arguments as in `rnb.connect`.

        Args:
            path: The file, absolute, or None.
            surface: Makes live results and everything else that people see.
            clock: Where the time comes from.
            ids: Where ids and seeds come from.
            log: In memory, a log to share with other engines, which then keeps all that they wrote. What the others
                wrote is taken over when this one commits.
            history: How many commits are kept for going back, at least 1.
        """
        guard.install()
        self.path = path
        self._surface = surface
        self._clock = clock if clock is not None else Clock()
        self.ids = ids if ids is not None else IdSource(self._clock)
        self._state = UninterruptedLock()
        self._registry = Registry()
        self._folder: Folder | None = None
        self._closing = threading.Lock()
        # Starts False; from True on nothing new is submitted, and the pool comes to its end.
        self._draining = False
        self._closed = False
        self._parts: dict[Any, Part] = {}
        self._workers: set[int] = set()
        self._history = max(1, history)
        head, created_ms = Snapshot.empty(), 0.0
        if path is not None:
            store = Store.open(path)
            try:
                self._folder = Folder(store, self._state)
                head = self._folder.opened()
                created_ms = self._folder.last_creation_ms()
                log = FileLog(f"{store.path}.log", store.database_id, base=store.folded)
            except BaseException:
                store.close()
                raise
        self._trims_log = log is None
        self._log = log if log is not None else MemoryLog()
        try:
            if isinstance(self._log, FileLog) and not self._log.base <= head.ts <= self._log.head:
                raise refusals.other_moment(self._log.path, self._log.base, self._log.head, head.ts)
            self._committer = Committer(self._log, head, self._history, created_ms, self._state.bare)
            if self._folder is not None:
                self._committer.on_commit(self._folder.on_commit)
            self._committer.pull()
        except BaseException:
            self._log.close()
            if self._folder is not None:
                self._folder.close()
            raise
        self._queue = CommitQueue(self._committer)
        self._sql = SqlDesk(self._committer, self._state, self._folder)
        committer = self._committer  # and not the engine, which would hold itself by its files
        self.files = Contents(
            None if path is None else Path(f"{path}.files"),
            lambda sha256: is_stored(committer.head, sha256),
            UninterruptedLock(),
            None if path is None else store.database_id.hex(),
        )
        self.files.sweep()
        self._runner = Runner(
            self._committer,
            self._commit,
            self,
            self._clock,
            self._queue.turn,
            surface.origin,
            lambda: threading.current_thread().name,
        )
        self._manager = SubscriptionManager(
            self._committer.recent.since, lambda cause: describe_cause(cause, self._committer.head)
        )
        name = "memory" if path is None else path.name
        self._refresher = Refresher(name, self._state, committer, self._runner, self._manager, self._sql.interrupt_for)
        self._pool: ThreadPoolExecutor | None = None
        self._runs = ActionRuns(self, name, lambda: self._committer.head.numbers)
        self._worker = Worker(self, ScheduledCalls(), (CronJobs(),), name, self._clock, self._runs, path is not None)
        self._committer.on_commit(self._on_commit)
        if any(table in self._committer.head.tables for table in (SCHEDULED, CRONS)):
            self._worker.wake()
        ROSTER.add(self)

    # ------------------------------------------------------------------ declaring

    def define(self, /, **tables: Table) -> Evolution:
        """Declare tables; run again, it replaces these tables' declarations and checks what is stored.

        Args:
            tables: A declaration per table name. Tables not named stay as they are.

        Returns:
            What changed, table by table.

        Raises:
            SchemaMismatch: Stored documents do not fit; they are named, and nothing has changed.

        Example:
            >>> db.define(users=rnb.table(name=v.string()).index("by_name", "name"))
        """
        self._require_open()
        return self._runner.write(lambda ctx: define.define(ctx.transaction, self.ids, tables), "define")  # type: ignore[no-any-return]

    def drop(self, table: str) -> None:
        """Remove a table with all its documents.

        Raises:
            UnknownTable: There is none of this name.
        """
        self._require_open()
        self._runner.write(lambda ctx: define.drop(ctx.transaction, table), "drop")

    def add(self, function: Function) -> None:
        """Register a function; one of the same path is replaced, and its live results run again."""
        self._require_open()
        with self._state:
            if function.module is None:
                function.engine = self
            self._registry.add(function)
            self._manager.replaced(function)
            self._refresher.wake_if_due()
        self._worker.add(function)

    def remove(self, function: Function) -> None:
        """Take a function out again, unless another one has its path by now; jobs that name it wait for the next one."""
        with self._state:
            is_gone = self._registry.remove(function)
        if is_gone:
            self._worker.remove(function)

    def include(self, module: Module) -> None:
        """Register all functions of a module, under paths such as `messages:list`, and those it gets later."""
        self._require_open()
        include(module, self)

    # ------------------------------------------------------------------ running

    def run(self, function: Function | str, /, **args: Any) -> Any:
        """Run a function, given as itself or by its path: `db.run("totals", channel="general")`."""
        return self.call(self.find(function), args)

    def call(self, function: Function, args: dict[str, Any]) -> Any:
        """Run a function with arguments by name; what calling it does."""
        self._require_open()
        refuse_nested(
            function.path, function.kind is Kind.ACTION
        )  # before the cache is asked: its answer would be of another moment
        if function.kind is Kind.MUTATION:
            return self._runner.mutation(function, args)
        if function.kind is Kind.ACTION:
            with calling_from(self._runner.origin()):  # for an async one runs on another thread
                return self._runs.call(function, args, self._surface.progress(function.path))
        checked = self.checked(function, args)
        note_call(self, function, checked)
        key = key_of(function, checked)
        with self._state:
            known = self._registry.holds(function) and not function.depends_on_variables
            encoded = self._manager.cached(key) if known else None
        if encoded is not None:
            return wire.decode(encoded)
        outcome = self._runner.query(function, args_of(key))
        with self._state:
            # What was replaced, now or while it ran, may be called as long as somebody has it, and answers nobody else.
            if self._registry.holds(function) and not function.depends_on_variables:
                self._manager.keep(function, key, outcome)
        return outcome.value()

    def submit(self, function: Function, args: dict[str, Any]) -> Future[Any]:
        """Run a function on a thread of the pool; what `function.submit` does."""
        self._require_open()
        pool = self._threads()
        if function.kind is Kind.ACTION:
            refuse_nested(function.path, True)
            with calling_from(self._runner.origin()), Uninterrupted():
                return self._runs.submit(function, args, self._surface.progress(function.path), pool)
        origin = self._runner.origin()
        with Uninterrupted():  # or a Ctrl-C might leave the pool's own locks held
            return pool.submit(_call_from, origin, self.call, function, args)

    def call_inside(self, function: Function, args: dict[str, Any], run: ActionRun) -> Any:
        """Run an action as a part of another one, whose context asks for it."""
        self._require_open()
        return self._runs.inside(function, args, run, self._threads())

    def reading(self) -> Transaction:
        """Return a transaction on the newest commit, for the reads of an action that are not in a function."""
        return self._runner.begin()

    def now_ms(self) -> float:
        """Return the time of the database's clock, in milliseconds since 1970 UTC."""
        return self._clock.now_ms()

    def read(self, body: Callable[[QueryContext], T]) -> T:
        """Run reading code once, without declaring it: `db.read(lambda ctx: ctx.db.query("messages").count())`."""
        self._require_open()
        refuse_nested("read", instead="Read with ctx.db.query(...) or ctx.sql(...)")
        note_read(self, body)
        return self._runner.read(body, "read").value()  # type: ignore[no-any-return]

    def write(self, body: Callable[[MutationContext], T], name: str = "write") -> T:
        """Run writing code as one transaction, again whenever another commit touched what it had read.

        Args:
            body: What to run; it may be run several times, so it should touch nothing but the context.
            name: What `why()` and `db.commits()` call it.

        Raises:
            ConflictError: Each of five attempts met a commit that touched what it had read.

        Example:
            >>> db.write(lambda ctx: ctx.db.patch(message_id, {"likes": ctx.db.get(message_id)["likes"] + 1}))
        """
        self._require_open()
        refuse_nested(name, instead="Write with ctx.db.insert, ctx.db.patch and ctx.db.delete")
        return self._runner.write(body, name)  # type: ignore[no-any-return]

    @contextlib.contextmanager
    def transaction(self, name: str = "transaction") -> Iterator[MutationContext]:
        """Return a block whose reads and writes are one transaction, committed at its end.

        A block cannot run again by itself: a conflict raises. A function called inside it is part of it when it is
        given the block, `send(tx, ...)`; without, it runs and commits by itself.

        Args:
            name: What conflicts, `why()` and `db.commits()` call it.

        Raises:
            ConflictError: Another commit touched what the block had read.

        Example:
            >>> with db.transaction() as tx:
            ...     tx.db.patch(message_id, {"body": "hello, world"})
        """
        self._require_open()
        began_s = time.perf_counter()
        tx = self._runner.begin()
        try:
            yield MutationContext(tx, self)
        except BaseException as error:
            self.files.release(tx)
            self._runner.attempts.ended(name, 1, self._runner.origin(), tx.snapshot.ts, began_s, error)
            raise
        finally:
            tx.close()
        refused = self._runner.commit(tx, name, 1, began_s)
        if refused is not None:
            block = "the transaction block" if name == "transaction" else f"the transaction block {name!r}"
            raise conflict(block, refused, 1, self._committer.head)

    def at(self, ts: int) -> Past:
        """Return the database as of a commit, for reading.

        Raises:
            SnapshotGone: The commit is in the future, or older than the history kept in memory.
        """
        self._require_open()
        with self._state:
            snapshot = self._committer.recent.snapshot_at(ts) if isinstance(ts, int) else None
            oldest, newest = self._committer.recent.base.ts, self._committer.head.ts
        if snapshot is None:
            raise SnapshotGone(
                f"Cannot go to commit {ts!r}",
                thing=f"the history in memory reaches from commit {oldest} to commit {newest}",
                expected="a commit of that history",
                hint="Keep more of it with rnb.connect(..., history=...); it starts anew when a file is opened",
            )
        return Past(snapshot, self._runner, self)

    def settle(self) -> None:
        """Return when everything that is due is done: jobs, and then live results.

        Jobs are those whose time is now or before. Then every live result shows the newest commit, and its listeners
        have been called.

        Raises:
            NestedCallError: Called by a listener or a job.
        """
        self._require_open()
        self._worker.settle()
        self._refresher.settle()

    def __repr__(self) -> str:
        place = "in memory" if self.path is None else str(self.path)
        return f"<reactive_nb database {place}, {'closed' if self._closed else f'commit {self.ts}'}>"

    # ------------------------------------------------------------------ the file

    def fold(self) -> None:
        """Bring the DuckDB tables of the file up to the newest commit; done by itself often enough, and at close.

        Raises:
            DatabaseFileError: DuckDB could not write. Nothing is lost: the log keeps what the tables lack.
        """
        self._require_open()
        if self._folder is not None:
            self._folder.fold(self._committer, self._queue, self._log)

    def close(self) -> None:
        """Write everything into the file, end the threads, let go of the file.

        Closing again does nothing, or waits while another thread closes. A close that Ctrl-C has interrupted while a
        function still ran goes on when it is called again.

        Raises:
            DatabaseFileError: The tables could not be brought up to date; the log beside the file keeps the rest.
        """
        if (
            self._refresher.is_own_thread
            or threading.get_ident() in self._workers
            or self._runs.is_inside
            or self._worker.is_inside
        ):
            raise NestedCallError(
                "Cannot close the database",
                thing="it is called by a listener of a live result, by an action, or by a function that was submitted",
                expected="a call from a cell or another thread",
                hint="Close it from the code that opened it",
            )
        with self._closing:
            if self not in ROSTER.engines():
                return
            with self._state:
                self._draining = True
            self._worker.stop()  # first, or what it begins now would be cancelled at once, and never run
            self._runs.cancel()
            if self._pool is not None:
                self._pool.shutdown(wait=True, cancel_futures=True)  # what runs there may still commit
            self._worker.close()
            self._runs.close()
            self._closed = True
            for part in self._parts.values():
                part.close()
            # Whoever is past the door already commits before this, and nobody after: what is folded below is everything.
            self._queue.close()
            self._refresher.end()
            self._sql.close()  # before the wait, for what a live result reads may take for ever
            self._refresher.join()
            try:
                with Uninterrupted():
                    self._close_file()
            finally:
                for holder in self._refresher.holders():
                    tell(holder.close, holder)

    def _close_file(self) -> None:
        try:
            self.files.close()
            if self._folder is not None:
                self._folder.stop()
                self._folder.fold_tables(self._committer)
                if isinstance(self._log, FileLog):
                    # Alone, for a thread that has just folded may be about to shorten the log, and then finds it closed.
                    with self._queue.alone():
                        self._log.remove(self._folder.folded)
        finally:
            self._log.close()
            if self._folder is not None:
                self._folder.close()
            ROSTER.discard(self)

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------------ inside

    def _commit(self, proposal: Proposal) -> Commit | Overlap | None:
        self._require_open()
        outcome = self._queue.commit(proposal)
        # Where that raised, nobody knows whether the commit exists: its files are kept until the next opening.
        if isinstance(outcome, Commit):
            self.files.remove(gone(outcome))
        self.files.release(proposal.transaction)
        self._sql.fold_if_due(self._queue, self._log)
        return outcome

    def _threads(self) -> ThreadPoolExecutor:
        with self._state:
            if self._draining:
                raise closed()
            if self._pool is None:
                workers = self._workers  # and not the engine, which the pool's threads would keep
                self._pool = ThreadPoolExecutor(
                    _WORKERS, "reactive_nb pool", initializer=lambda: workers.add(threading.get_ident())
                )
            return self._pool

    def _on_commit(self, commit: Commit) -> None:
        """Take a commit that becomes visible; called under the state lock."""
        self._worker.on_commit(commit)
        self._manager.on_commit(commit)
        self._refresher.wake_if_due()
        if self._trims_log and self._committer.recent.base.ts - self._log.base >= _FORGOTTEN_AT_ONCE:
            # In memory nothing is ever replayed; the log keeps as much as the history does.
            self._log.drop(self._committer.recent.base.ts)


def _call_from(origin: str, call: Callable[..., T], function: Function, args: dict[str, Any]) -> T:
    with calling_from(origin):
        return call(function, args)


def absolute(path: str | os.PathLike[str]) -> Path:
    """Return the one spelling of a path by which open files are known."""
    return Path(path).expanduser().resolve()
