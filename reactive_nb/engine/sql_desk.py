"""Where SQL is read: folds when it has to, opens a cursor at the moment that is asked for, and can be interrupted.

Comes in: a transaction, and a question about its tables. Goes out: what was wanted of the result; and in the read set of
the transaction every table of the plan, whole.

A database in memory gets a store in memory when SQL is first used; from then on it is folded like a file.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

import duckdb

from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import TableState
from reactive_nb.engine.commit_queue import CommitQueue, closed
from reactive_nb.engine.folder import Folder, Ground
from reactive_nb.engine.interrupts import Uninterrupted, UninterruptedLock
from reactive_nb.errors import ReactiveError, SqlError
from reactive_nb.functions.function import Function, Kind
from reactive_nb.log.interface import Log
from reactive_nb.schema.declaration import BY_CREATION_TIME
from reactive_nb.tables import refusals
from reactive_nb.tables.moment import Moment
from reactive_nb.tables.plan import Plan, read_plan
from reactive_nb.tables.sql_arguments import register
from reactive_nb.tables.sql_query import Question, Take, run
from reactive_nb.tables.steady import is_steady
from reactive_nb.tables.store import Store
from reactive_nb.transaction.committer import Committer
from reactive_nb.transaction.transaction import Transaction

T = TypeVar("T")

_MAX_PATH = 60
_HEAR_AGAIN_SECONDS = 0.5
_INTERRUPT_AGAIN_SECONDS = 0.01


class _Job(Generic[T]):
    """One piece of SQL being run.

    Attributes:
        cursor: Starts None; the cursor while there is one. Set and used under the desk's lock.
        thread: Who waits for the result.
        cancelled: Starts False; True when a Ctrl-C has ended the wait for the result.
        is_unwanted: Whether nobody wants the result any more; asked on the thread that runs the SQL.
        over: Starts locked; unlocked at the end.
        result: What came out; unset until then, and where `error` is set.
        error: What it raised.
    """

    __slots__ = ("cancelled", "cursor", "error", "is_unwanted", "over", "result", "thread")

    def __init__(self, is_unwanted: Callable[[], bool]) -> None:
        self.cursor: duckdb.DuckDBPyConnection | None = None
        self.thread = threading.get_ident()
        self.cancelled = False
        self.is_unwanted = is_unwanted
        self.over = threading.Lock()
        self.over.acquire()
        self.result: T
        self.error: BaseException | None = None


class SqlDesk:
    """Reads SQL for one engine.

    Threads: every method may be called from any thread. SQL runs without any lock of the engine, and with
    `Folder.rewriting` where rows have to be changed for its moment. On the main thread it runs on a thread of its own,
    for there DuckDB would not hear a Ctrl-C before it is done.
    """

    def __init__(self, committer: Committer, state: UninterruptedLock, folder: Folder | None) -> None:
        self._committer = committer
        self._state = state
        self._folder = folder
        self._is_memory = folder is None
        # Never held while DuckDB works, so waiting for it is short.
        self._lock = UninterruptedLock()
        self._making = threading.Lock()
        self._running: set[_Job[object]] = set()
        self._closed = False
        self._queries: WeakValueDictionary[str, Function] = WeakValueDictionary()
        self._paths: WeakValueDictionary[str, Function] = WeakValueDictionary()

    # ------------------------------------------------------------------ reading

    def read(
        self,
        tx: Transaction,
        question: Question,
        take: Take[T],
        note_chance: Callable[[], None] | None = None,
        is_unwanted: Callable[[], bool] = bool,
    ) -> T:
        """Run a question on the tables as a transaction sees them, with its own writes.

        Args:
            tx: The transaction; the tables of the plan are recorded as read, whole.
            question: What to run.
            take: Returns what is wanted of the result, while the tables still stand at this moment.
            note_chance: Called when the result does not follow from our tables alone; None where nobody wants to know.
            is_unwanted: Returns whether nobody wants the result any more, as when `interrupt_for` was called; asked on
                this thread.

        Raises:
            SqlError: DuckDB refuses it, or it reads what nobody may read.
            DatabaseFileError: The tables could not be brought up to date.
            DatabaseClosed: The database was closed meanwhile.
            TransactionClosed: The transaction has ended.
        """
        wanted = _tables_of(tx)

        def note(plan: Plan) -> None:
            for name in sorted(plan.tables):
                tx.reads.add(name, BY_CREATION_TIME, ALL)
            if plan.reads_catalog:
                tx.read_all_tables()

        def work(job: _Job[T]) -> T:
            folder = self._folder_at(tx)

            def attempt(ground: Ground, *, rewrites: bool) -> T | _Differs:
                tables = ground.snapshot.tables
                moment = Moment(ground.cursor, ground.store, tables, ground.placements, wanted)
                if moment.misshapen():
                    if not rewrites:
                        return _DIFFERS
                    moment.reshape()
                refuse_frames(question.frames, moment, question.statement.text)
                plan = read_plan(
                    ground.cursor,
                    question.statement,
                    question.parameters(),
                    ground.store.catalog,
                    moment.placements.values(),
                )
                note(plan)
                if note_chance is not None:
                    ours = [each.typed for each in moment.placements.values()]
                    # A frame or a table of others may have the name of a common table expression, too.
                    if question.frames or plan.strangers or not is_steady(ground.cursor, question.statement, ours):
                        note_chance()
                if differing := moment.differing(plan.tables):
                    if not rewrites:
                        return _DIFFERS
                    moment.fill(differing)
                if question.statement.planned == question.statement.text:
                    return run(question, ground.cursor, take)
                ground.cursor.execute("SET SESSION explain_output = 'physical_only'")
                explained = run(question, ground.cursor, take)
                ground.cursor.execute("SET SESSION explain_output = 'all'")
                return explained

            # A seed stays on its cursor, and chance would be none for whoever gets that next.
            is_kept = "setseed" not in question.statement.text.lower()
            with self._cursor(folder, question.frames, job, is_kept) as ground:
                outcome = attempt(ground, rewrites=False)
            if isinstance(outcome, _Differs):
                with folder.rewriting, self._cursor(folder, question.frames, job, is_kept) as ground:
                    outcome = attempt(ground, rewrites=True)
                assert not isinstance(outcome, _Differs)
            return outcome

        try:
            return self._interruptible(work, is_unwanted)
        except ReactiveError:
            # It may work as soon as a table is there, or has a column.
            tx.read_all_tables()
            raise

    def change(
        self,
        tx: Transaction,
        frames: Mapping[str, Any],
        capture: Callable[[duckdb.DuckDBPyConnection, Store, Moment], T],
    ) -> T:
        """Run what finds out the changes of a statement: SQL sees what a transaction sees, and may change rows there.

        Nothing of it lasts, and nobody else changes typed tables meanwhile. Ctrl-C ends the DuckDB statement that runs;
        for anything else it waits, so what takes long without DuckDB is to be done afterwards.

        Args:
            tx: The transaction.
            frames: Frames by the names under which SQL reads them.
            capture: It gets a cursor in a DuckDB transaction of its own, the store for its names, and a moment that has
                the shape of the transaction's tables; those that are read or changed are still to be filled.
        """
        wanted = _tables_of(tx)

        def work(job: _Job[T]) -> T:
            folder = self._folder_at(tx)
            with folder.rewriting, self._cursor(folder, frames, job, is_kept=False) as ground:
                moment = Moment(ground.cursor, ground.store, ground.snapshot.tables, ground.placements, wanted)
                moment.reshape()
                refuse_frames(frames, moment, "")
                return capture(ground.cursor, ground.store, moment)

        return self._interruptible(work)

    def _folder_at(self, tx: Transaction) -> Folder:
        """Return the folder, whose tables stand at the transaction's snapshot or later."""
        folder = self._folder_for_reading()
        if tx.snapshot.ts > folder.folded:
            folder.fold_tables(self._committer)
        return folder

    @contextlib.contextmanager
    def _cursor(
        self, folder: Folder, frames: Mapping[str, Any], job: _Job[T], is_kept: bool = True
    ) -> Iterator[Ground]:
        """Return a cursor that can be interrupted, in a transaction that is undone at the end.

        Args:
            folder: Where it comes from.
            frames: What is registered on it.
            job: Who uses it.
            is_kept: Whether it serves others afterwards, where nothing has gone wrong and no frame is registered on it.
        """
        ground = folder.begin()
        cursor = ground.cursor
        is_whole = False
        try:
            with self._lock:
                if self._closed:
                    raise closed()
                if job.cancelled or job.is_unwanted():
                    raise _ended(job)
                job.cursor = cursor
                self._running.add(job)  # type: ignore[arg-type]  # of any result
            for name, frame in frames.items():
                register(cursor, name, frame)
            yield ground
            is_whole = True
        except duckdb.InterruptException:
            raise _ended(job) from None
        except duckdb.Error as error:
            # Not of the question, whose own errors are SqlErrors: the tables could not be read or changed.
            raise refusals.unmoved(ground.store.path, error) from error
        finally:
            with self._lock:
                job.cursor = None
                self._running.discard(job)
            try:
                cursor.rollback()
            except duckdb.Error:  # an error has ended the transaction already
                is_whole = False
            if is_kept and is_whole and not frames:
                folder.give_back(cursor)
            else:
                cursor.close()

    def _interruptible(self, work: Callable[[_Job[T]], T], is_unwanted: Callable[[], bool] = bool) -> T:
        """Run work such that Ctrl-C, and what else a signal raises on the main thread, ends it at once."""
        job: _Job[T] = _Job(is_unwanted)
        if threading.current_thread() is not threading.main_thread():
            try:
                return work(job)
            finally:
                job.over.release()

        def serve() -> None:
            try:
                job.result = work(job)
            except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
                job.error = error
            finally:
                job.over.release()

        try:
            with Uninterrupted():  # or a Ctrl-C might leave the thread's own locks torn
                threading.Thread(target=serve, name="reactive_nb sql", daemon=True).start()
            # With an end, again and again: a signal that arrives just before the wait begins does not end it.
            while not job.over.acquire(timeout=_HEAR_AGAIN_SECONDS):
                pass
        except BaseException:
            job.cancelled = True
            # Where it has no cursor yet it may be waiting for other SQL: it then ends by itself, as soon as it has one.
            while self._interrupt(job) and not job.over.acquire(timeout=_INTERRUPT_AGAIN_SECONDS):
                pass
            raise
        if job.error is not None:
            try:
                raise job.error
            finally:
                job.error = None  # whose traceback holds this frame
        return job.result

    def _interrupt(self, job: _Job[T]) -> bool:
        """Interrupt the statement that runs, and return whether there is a cursor; between two statements nothing hears it."""
        with self._lock:
            if job.cursor is not None:
                job.cursor.interrupt()
            return job.cursor is not None

    def interrupt_for(self, thread: int | None) -> threading.Lock | None:
        """Interrupt the SQL that a thread waits for; return what is unlocked at its end, or None where none runs.

        Between two statements nothing hears it, so it is to be called again until then.
        """
        with self._lock:
            for job in self._running:
                if job.thread == thread and job.cursor is not None:
                    job.cursor.interrupt()
                    return job.over
            return None

    # ------------------------------------------------------------------ live

    def query_of(self, text: str, make: Callable[[str], Function], is_shared: bool) -> Function:
        """Return the private query of a text for its live results.

        Args:
            text: The text.
            make: Makes the query, of a path.
            is_shared: Whether the same text has the same query; False where one holds frames of its own, or values.
        """
        with self._lock:
            found = self._queries.get(text) if is_shared else None
            if found is None:
                words = " ".join(text.split())
                short = words if len(words) <= _MAX_PATH else f"{words[: _MAX_PATH - 1]}…"
                paths = (f"SQL {short}" if number == 1 else f"SQL {number} {short}" for number in itertools.count(1))
                found = make(next(path for path in paths if path not in self._paths))
                assert found.kind is Kind.QUERY
                self._paths[found.path] = found
                if is_shared:
                    self._queries[text] = found
            return found

    # ------------------------------------------------------------------ the store

    def fold_if_due(self, queue: CommitQueue, log: Log) -> None:
        """Start a fold by itself when enough has gathered."""
        folder = self._folder
        if folder is not None and folder.is_due:
            folder.start(self._committer, queue, None if self._is_memory else log)

    def close(self) -> None:
        """End the SQL that runs, and wait for that; from here on there is none. A store in memory goes."""
        with self._lock:
            self._closed = True
        while jobs := self._jobs():
            for job in jobs:
                self._interrupt(job)
            if jobs[0].over.acquire(timeout=_INTERRUPT_AGAIN_SECONDS):
                jobs[0].over.release()
        with Uninterrupted(), self._making:
            if self._is_memory and self._folder is not None:
                self._folder.stop()
                self._folder.close()

    def _jobs(self) -> list[_Job[object]]:
        with self._lock:
            return list(self._running)

    def _folder_for_reading(self) -> Folder:
        if self._folder is not None:
            return self._folder
        with self._making:
            if self._folder is None:
                if self._closed:
                    raise closed()
                folder = Folder(Store.in_memory(), self._state)
                folder.take_over(self._committer)
                self._folder = folder
            return self._folder


class _Differs:
    """Says that rows have to be changed for a moment, for which the cursor has come too early."""


_DIFFERS = _Differs()


def _ended(job: _Job[T]) -> BaseException:
    """Return what SQL raises that did not come to its end."""
    if job.cancelled:
        return KeyboardInterrupt()  # on a thread of ours, and nobody waits for it
    if job.is_unwanted():
        return SqlError(
            "Cannot run the SQL",
            thing="nobody waits for its result any more",
            expected="a live result that is open",
            hint="Make it live again where its result is wanted",
            sql="",
        )
    return closed()


def _tables_of(tx: Transaction) -> dict[str, TableState]:
    names = {**tx.snapshot.tables, **tx.writes.redeclared}
    return {name: state for name in names if (state := tx.table(name)) is not None}


def refuse_frames(frames: Iterable[str], moment: Moment, text: str) -> None:
    """Raise `SqlError` where a frame has the name of a table, which it would hide."""
    tables = {each.typed.lower() for each in moment.placements.values()}
    for name in frames:
        if name.lower() in tables:
            raise SqlError(
                "Cannot run the SQL",
                thing=f"the frame {name!r} has the name of a table",
                expected="a name that no table has",
                hint=f"Pass it by another name: new_{name}=...",
                sql=text,
            )
