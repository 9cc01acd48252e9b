"""An upkeep: keeps the vectors of one field what the model makes of the texts of another one.

Comes in: commits, and a thread of the worker whenever something is to do. Goes out: patches of documents, and vectors
for the cache. What is left to do is known from the documents alone, after a restart too, by looking through the table.

    | commit            notes the ids of documents whose text or vector it changed
    | a thread          takes some of them, reads their texts, asks the cache, asks the model for the rest
    | one mutation      patches those whose text is still the same; the others were noted again meanwhile

Threads: `run` is on one at a time, a job's; everything else may be called from any thread. The lock is held for looks
and changes of the account only, never while the model or the engine is asked. It comes after the state lock.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from reactive_nb.documents.snapshot import Change, Snapshot
from reactive_nb.embedding import batch, cache
from reactive_nb.embedding.batch import Pair
from reactive_nb.embedding.place import Place, check_dimensions
from reactive_nb.embedding.to_do import ToDo
from reactive_nb.embedding.vectors import Vector
from reactive_nb.engine.engine import Engine
from reactive_nb.engine.interrupts import UninterruptedLock
from reactive_nb.errors import EmbeddingError, NestedCallError, ReactiveError
from reactive_nb.functions.actions import ActionContext, describe_error
from reactive_nb.functions.context import MutationContext
from reactive_nb.functions.function import Function, Kind
from reactive_nb.functions.guard import RUNNING
from reactive_nb.schema.declaration import BY_ID
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.refusal import show

if TYPE_CHECKING:
    from reactive_nb.embedding.keeper import Keeper

logger = logging.getLogger("reactive_nb")

_FORGOTTEN_AT_ONCE = 500
_LOOK_FOR_UNUSED_EVERY = 1_000
"""After how many new vectors it is asked whether too many are unused."""


class Model(Protocol):
    """What an upkeep needs of an embedding."""

    name: str
    batch: int
    dimensions: int | None

    def compute(self, texts: Sequence[str]) -> list[Vector]:
        """Ask the model for the vectors of texts."""

    def probe(self) -> Vector:
        """Return what the model makes of the text by which models are told apart."""


@dataclass(slots=True, eq=False)
class _Waiter:
    """Somebody who waits for all that was noted up to a number: let go when that is done, or with an error."""

    number: int
    over: threading.Lock
    error: BaseException | None = None


class Upkeep:
    """What `embedding.keep` returns: tells how far it is, waits, and ends.

    Attributes:
        place: The fields.
        function: The action in which it works.
    """

    def __init__(self, db: Engine, keeper: Keeper, model: Model, place: Place) -> None:
        def embed(ctx: ActionContext) -> None:
            """Bring the vectors of a field up to date; by `embedding.keep`."""
            self.run(ctx)

        self.place = place
        self.function = Function(embed, Kind.ACTION, path=f"embed:{place.name}", internal=True)
        self._db = db
        self._keeper = keeper
        self._model = model
        # Starts None; known when the model has been asked once.
        self._key: cache.Key | None = None
        self._added = _LOOK_FOR_UNUSED_EVERY  # vectors since it was last asked which are unused; at first, it is asked
        self._runner = threading.Lock()  # held by the one thread that is in `run`
        self._thread: int | None = None  # that thread
        self._lock = UninterruptedLock()
        # Everything below is guarded by it.
        self._to_do = ToDo(model.batch, db.now_ms())
        self._error: BaseException | None = None
        self._told = ""  # the failure that was logged last
        self._ended: str | None = None  # why it does no more
        self._writing: dict[str, Pair] = {}  # what our own mutation makes of documents, by id
        self._waiters: list[_Waiter] = []

    # ------------------------------------------------------------------ for people

    @property
    def pending(self) -> int:
        """How many documents are to do, as far as is known: 0 until the table was looked through."""
        with self._lock:
            return self._to_do.pending

    @property
    def error(self) -> BaseException | None:
        """Why the last attempt failed; None when nothing is left of that."""
        with self._lock:
            return self._error

    @property
    def closed(self) -> bool:
        """Whether it does no more."""
        return self._ended is not None

    def wait(self, timeout: timedelta | None = None) -> None:
        """Return when all documents are up to date that were committed before.

        Args:
            timeout: How long to wait at most.

        Raises:
            TimeoutError: It takes longer.
            EmbeddingError: It does no more.
            NestedCallError: Called by the model, or by a query or mutation, for which it would wait.
            Exception: What the model, or writing, has failed with: nothing goes on until it is tried again.

        Example:
            >>> upkeep.wait(timedelta(minutes=1))
        """
        if timeout is not None and not isinstance(timeout, timedelta):
            raise TypeError(
                f"Cannot wait: {show(timeout)} was given. Expected a timedelta. Write wait(timedelta(seconds=5))."
            )
        running = RUNNING.get()
        if self._thread == threading.get_ident() or (running is not None and not running.is_over):
            raise NestedCallError(
                f"Cannot wait for {self.place.name}",
                thing="it is called by the model, or by a query or mutation, for which it would wait",
                expected="a call from a cell or another thread",
                hint="Leave the call out; it goes on by itself",
            )
        # A lock and no event: a Ctrl-C during the wait leaves nothing behind.
        over = threading.Lock()
        over.acquire()
        with self._lock:
            waiter = _Waiter(self._to_do.number, over)
            self._waiters.append(waiter)
            self._release()
        seconds = -1.0 if timeout is None else max(0.0, min(timeout.total_seconds(), threading.TIMEOUT_MAX))
        try:
            if not over.acquire(timeout=seconds):
                raise TimeoutError(f"Waited for {seconds:g} seconds: {self!r}")
        finally:
            with self._lock:
                self._waiters = [each for each in self._waiters if each is not waiter]
        if waiter.error is not None:
            raise waiter.error

    def retry(self) -> None:
        """Try again now what has failed, without waiting for its time."""
        with self._lock:
            self._to_do.retry()
        self._keeper.wake()

    def close(self) -> None:
        """Keep the field up to date no more; the vectors stay. Closing again does nothing."""
        self._keeper.release(self)

    def __repr__(self) -> str:
        return f"{self.place.name} of {self.place.table}.{self.place.text}: {self.state()}"

    def state(self) -> str:
        """Return in words how far it is: `"12 of 2,000 to do, 3 failed (ValueError: ...)"`."""
        size = 0 if self.closed else self._db.table_counts().get(self.place.table, 0)
        with self._lock:
            return self._progress(size)

    def _progress(self, size: int) -> str:
        if self._ended is not None:
            return f"ended, {self._ended}"
        pending, failed = self._to_do.pending, len(self._to_do.failed)
        if self._to_do.look_ms is not None:
            told = f"{size:,} to look through"
        elif pending:
            told = f"{pending:,} of {size:,} to do"
        else:
            return f"all {size:,} up to date"
        if self._error is not None:
            told += f", {f'{failed:,} ' if failed else ''}failed ({describe_error(self._error)})"
        return told

    # ------------------------------------------------------------------ for the keeper

    def on_commit(self, commit: Commit) -> bool:
        """Note the documents whose text or vector a commit has changed; return whether there is more to do now."""
        table = self.place.table
        is_redeclared = table in commit.redeclared
        if not is_redeclared and (table, BY_ID) not in commit.touched:
            return False
        now_ms = self._db.now_ms()
        with self._lock:
            before = self._to_do.number
            if is_redeclared:
                self._to_do.retry()  # the declaration may be what it has failed for
            for change in commit.changes:
                if change.table != table:
                    continue
                if change.new is None:
                    self._to_do.drop(change.id)
                elif change.old is None or self._concerns(change, change.old, change.new):
                    self._to_do.note(change.id, now_ms)
            self._forgive()
            self._release()
            return is_redeclared or self._to_do.number > before

    def _concerns(self, change: Change, old: bytes, new: bytes) -> bool:
        own = self._writing.get(change.id)
        if own is not None and own == (self.place.texts([new])[0], self.place.vectors([new])[0]):
            return False  # what we have just written, or as good
        return self.place.differs(old, new)

    def due_ms(self, now_ms: float) -> float | None:
        """Return since when something is to do, or None."""
        with self._lock:
            return None if self._ended is not None else self._to_do.due_ms(now_ms)

    @property
    def retry_ms(self) -> float | None:
        """When it is tried again what has failed, or None."""
        with self._lock:
            return self._to_do.retry_ms

    def used(self, snapshot: Snapshot) -> Iterator[tuple[cache.Key, cache.Hash]]:
        """Return which vectors the documents want."""
        return iter(()) if self._key is None else batch.used(snapshot, self.place, self._key)

    def stop(self, why: str) -> None:
        """Do no more; a batch that the model is at is not written."""
        with self._lock:
            self._ended = self._ended or why
            self._release()

    def _release(self) -> None:
        """Let those go who wait for what is done, or will not be done for now; the caller holds the lock."""
        error: BaseException | None = None
        if self._ended is not None:
            error = EmbeddingError(
                f"Cannot wait for {self.place.name}",
                thing=self._ended,
                expected="an upkeep that goes on",
                hint="Begin another one with embedding.keep(...)",
            )
        elif self._thread is None and self._to_do.due_ms(self._db.now_ms()) is None:
            error = self._error
        left = []
        for waiter in self._waiters:
            if not self._to_do.is_done(waiter.number):
                if error is None:
                    left.append(waiter)
                    continue
                waiter.error = error
            waiter.over.release()
        self._waiters = left

    # ------------------------------------------------------------------ the work

    def run(self, ctx: ActionContext) -> None:
        """Do what is to do by now, unless another thread is at it."""
        if not self._runner.acquire(blocking=False):
            return
        try:
            self._thread = threading.get_ident()
            self._run(ctx)
        except BaseException as error:
            # Whatever comes out of a model on a job's thread is a failure, told to whoever looks and tried again: raised
            # from here it would be tried again at once, for ever.
            is_interrupt = isinstance(error, KeyboardInterrupt) and _is_main_thread()
            if is_interrupt or ctx.run.reason is not None or self._db.closed:
                with self._lock:
                    self._to_do.give_back()
                raise
            self._fail(error)
        finally:
            self._thread = None
            self._runner.release()
            with self._lock:
                self._release()

    def _run(self, ctx: ActionContext) -> None:
        with self._lock:
            if self._to_do.retry_ms is not None and self._to_do.retry_ms <= self._db.now_ms():
                self._to_do.retry()
        if self._key is None:
            probe = self._model.probe()
            self._key = self._write(lambda tx: cache.claim(tx, self._db.ids, self._model.name, probe))
        with self._lock:
            has_looked = self._to_do.look_ms is None
        if not has_looked:
            self._look(ctx, self._key)
        with self._lock:
            self._forgive()
            number, total = self._to_do.number, self._to_do.pending
        while ids := self._taken(number):
            ctx.progress(max(0, total - self.pending), total, self.place.name)
            self._bring(ids, self._key)
        if self._added >= _LOOK_FOR_UNUSED_EVERY:
            self._added = 0
            self._forget_unused(ctx)

    def _look(self, ctx: ActionContext, key: cache.Key) -> None:
        """Find all documents that are out of date, as of one moment; of later ones the commits tell."""
        snapshot = self._db.reading().snapshot
        for some in batch.read_all(snapshot, self.place, key):
            ctx.run.check()
            if self.closed:
                return
            with self._lock:
                for id in batch.out_of_date(some):
                    self._to_do.found(id)
        with self._lock:
            self._to_do.looked()

    def _taken(self, number: int) -> list[str]:
        with self._lock:
            return [] if self._ended is not None else self._to_do.take(number)

    def _bring(self, ids: list[str], key: cache.Key) -> None:
        """Bring documents up to date that were taken."""
        snapshot = self._db.reading().snapshot
        some = batch.read(snapshot, self.place, key, ids)
        computed: dict[cache.Hash, bytes] = {}
        if missing := some.missing:
            self._check_dimensions(snapshot)  # before the model is asked in vain
            vectors = self._model.compute(missing)
            computed = {some.hashes[text]: vector.tobytes() for text, vector in zip(missing, vectors, strict=True)}
        stale = some.stale(computed)
        refused: Mapping[str, ReactiveError] = {}
        if (stale or computed) and not self.closed:
            refused = self._patch(key, stale, computed)
        with self._lock:
            self._to_do.done(self._db.now_ms(), set(refused))
            self._forgive()
            self._error = next(iter(refused.values()), self._error)
            self._release()
        if refused:
            self._tell()

    def _patch(
        self, key: cache.Key, stale: Mapping[str, Pair], computed: Mapping[cache.Hash, bytes]
    ) -> dict[str, ReactiveError]:
        def body(ctx: MutationContext) -> dict[str, ReactiveError]:
            return batch.write(ctx, self._db.ids, self.place, key, stale, computed)

        with self._lock:
            self._writing = dict(stale)
        try:
            refused = self._db.write(body, self.function.path)
        finally:
            with self._lock:
                self._writing = {}
        self._added += len(computed)
        return refused

    def _check_dimensions(self, snapshot: Snapshot) -> None:
        state = snapshot.tables.get(self.place.table)
        if state is not None:
            check_dimensions(self.place, state.stored.table, self._model.dimensions, self._model.name)

    def _forget_unused(self, ctx: ActionContext) -> None:
        snapshot = self._db.reading().snapshot
        if cache.size(snapshot) <= cache.SPARE:
            return  # a usual one, and known without looking at any document
        unused = cache.superfluous(snapshot, self._keeper.used(snapshot), cache.SPARE)
        for start in range(0, len(unused), _FORGOTTEN_AT_ONCE):
            ctx.run.check()
            some = unused[start : start + _FORGOTTEN_AT_ONCE]
            self._write(partial(cache.forget, ids=self._db.ids, entries=some))

    def _write(self, body: Callable[[Transaction], Any]) -> Any:
        return self._db.write(lambda ctx: body(ctx.transaction), self.function.path)

    # ------------------------------------------------------------------ failures

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            self._to_do.fail(self._db.now_ms())
            self._error = error
        self._tell()

    def _forgive(self) -> None:
        """Forget a failure of which nothing is left; the caller holds the lock."""
        if not self._to_do.failed and self._to_do.look_ms is None:
            self._error, self._told = None, ""

    def _tell(self) -> None:
        """Log a failure: once, however often it is tried again."""
        error = self._error
        if error is not None and describe_error(error) != self._told:
            self._told = describe_error(error)
            logger.warning("%r; it is tried again", self, exc_info=error)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
