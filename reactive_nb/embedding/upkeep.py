"""An upkeep: keeps the vectors of one field what the model makes of the texts of another one.

Comes in: commits, and a thread of the worker whenever something is to do. Goes out: patches of documents, and vectors
for the cache. A document is up to date when its vector is the one that the cache has for its text; so what is left to
do is known from the documents alone, after a restart too, by looking through the table once.

    | commit            notes the ids of documents whose text or vector it changed
    | a thread          takes some of them, reads their texts, asks the cache, asks the model for the rest
    | one mutation      patches those whose text is still the same; the others were noted again meanwhile

Threads: `run` is on one at a time, a job's; everything else may be called from any thread. The lock is held for looks
and changes of the account only, never while the model or the engine is asked. It comes after the state lock.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import Change, Snapshot, TableState
from reactive_nb.embedding import cache
from reactive_nb.embedding.place import Place, check_dimensions
from reactive_nb.embedding.to_do import ToDo
from reactive_nb.embedding.vectors import EmbeddingError, Vector
from reactive_nb.engine.engine import Engine
from reactive_nb.engine.interrupts import UninterruptedLock
from reactive_nb.errors import (
    ActionCancelled,
    DatabaseClosed,
    InvalidValue,
    NestedCallError,
    UniqueViolation,
    ValidationError,
)
from reactive_nb.functions.actions import ActionContext, describe_error
from reactive_nb.functions.context import MutationContext
from reactive_nb.functions.function import Function, Kind
from reactive_nb.functions.guard import RUNNING
from reactive_nb.schema.declaration import BY_ID
from reactive_nb.transaction.commit import Commit
from reactive_nb.values.conversion import vector_of_bytes
from reactive_nb.values.refusal import show
from reactive_nb.values.value import UNSET

if TYPE_CHECKING:
    from reactive_nb.embedding.keeper import Keeper

logger = logging.getLogger("reactive_nb")

_FORGOTTEN_AT_ONCE = 500
_LOOK_FOR_UNUSED_EVERY = 1_000
"""After how many new vectors it is asked whether too many are unused."""

Outcome = tuple[str | None, bytes | None]
"""A text, None for something else, and the vector that belongs to it."""


class Model(Protocol):
    """What an upkeep needs of an embedding."""

    name: str
    batch: int
    dimensions: int | None

    def compute(self, texts: Sequence[str]) -> list[Vector]:
        """Ask the model for the vectors of texts."""

    def probe(self) -> Vector:
        """Return what the model makes of the text by which models are told apart."""


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
        self._key: cache.Key | None = None  # starts None; known when the model has been asked once
        self._written = _LOOK_FOR_UNUSED_EVERY  # vectors since the last look at what is unused
        self._runner = threading.Lock()  # held by the one thread that is in `run`
        self._thread: int | None = None
        self._lock = UninterruptedLock()
        # Everything below is guarded by it.
        self._to_do = ToDo(model.batch, db.now_ms())
        self._error: BaseException | None = None
        self._told = ""  # the failure that was logged last
        self._ended: str | None = None  # why it does no more
        self._writing: dict[str, Outcome] = {}  # what our own mutation makes of documents, by id
        self._waiters: list[tuple[int, threading.Lock]] = []

    # ------------------------------------------------------------------ for people

    @property
    def pending(self) -> int:
        """How many documents are to do, as far as is known: 0 until the table was looked through."""
        with self._lock:
            return self._to_do.pending

    @property
    def error(self) -> BaseException | None:
        """Why the last attempt failed; None when nothing has failed since."""
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
            NestedCallError: Called by the model, or by a query or mutation, which it would wait for.
            Exception: What the model, or writing, failed with: nothing goes on until it is tried again.
        """
        if timeout is not None and not isinstance(timeout, timedelta):
            raise TypeError(
                f"Cannot wait: {show(timeout)} was given. Expected a timedelta. Write wait(timedelta(seconds=5))."
            )
        running = RUNNING.get()
        if self._thread == threading.get_ident() or (running is not None and not running.is_over):
            raise NestedCallError(
                f"Cannot wait for {self.place.name}",
                thing="it is called by the model, or by a query or mutation",
                expected="a call from a cell or another thread",
                hint="Leave the call out; it goes on by itself",
            )
        over = threading.Lock()
        over.acquire()
        with self._lock:
            waiter = self._to_do.number, over
            self._waiters.append(waiter)
            self._release()
        seconds = -1.0 if timeout is None else max(0.0, min(timeout.total_seconds(), threading.TIMEOUT_MAX))
        try:
            in_time = over.acquire(timeout=seconds)
        finally:
            with self._lock:
                self._waiters = [each for each in self._waiters if each is not waiter]
        with self._lock:
            if self._to_do.is_done(waiter[0]):
                return None
            if self._ended is not None:
                raise EmbeddingError(
                    f"Cannot wait for {self.place.name}",
                    thing=self._ended,
                    expected="an upkeep that goes on",
                    hint="Begin another one with embedding.keep(...)",
                )
            if in_time and self._error is not None:
                raise self._error
        if in_time:  # it has been tried again between the failure and now
            return self.wait(timeout)
        raise TimeoutError(f"{self!r}, after {seconds:g} seconds")

    def retry(self) -> None:
        """Try again now what has failed, without waiting for its time."""
        with self._lock:
            self._to_do.retry()
        self._keeper.wake()

    def close(self) -> None:
        """Keep the field up to date no more; the vectors stay. Closing again does nothing."""
        self._keeper.release(self)

    def __repr__(self) -> str:
        state = self._db.tables() and self._db.table_counts().get(self.place.table, 0)
        with self._lock:
            return f"{self.place.name} of {self.place.table}.{self.place.text}: {self._told_of(state or 0)}"

    def _told_of(self, size: int) -> str:
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
        """Note the documents whose text or vector a commit has changed; return whether there is something to do."""
        table = self.place.table
        if table in commit.redeclared:
            with self._lock:
                self._to_do.retry()  # it may have failed for the declaration
        if (table, BY_ID) not in commit.touched:
            return table in commit.redeclared
        with self._lock:
            now_ms = self._db.now_ms()
            for change in commit.changes:
                if change.table != table:
                    continue
                if change.new is None:
                    self._to_do.drop(change.id)
                elif self._concerns(change, change.new):
                    self._to_do.note(change.id, now_ms)
            return self._to_do.due_ms(now_ms) is not None

    def _concerns(self, change: Change, new: bytes) -> bool:
        if change.old is None:
            return True
        own = self._writing.get(change.id)
        if own is not None and own == (self.place.texts([new])[0], self.place.vectors([new])[0]):
            return False  # what we have just written, or as good
        return self.place.differs(change.old, new)

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
        """Yield which vectors the documents want."""
        if self._key is not None:
            for _, texts, _ in self._blocks(snapshot):
                for text in texts:
                    if text is not None:
                        yield self._key, cache.hash_of(text)

    def stop(self, why: str) -> None:
        """Do no more; a batch that the model is at is not written."""
        with self._lock:
            self._ended = self._ended or why
            self._release()

    def _release(self) -> None:
        """Let those go who wait for what is done, or will not be for now; the caller holds the lock."""
        is_over = self._ended is not None or (
            self._error is not None and self._thread is None and self._to_do.due_ms(self._db.now_ms()) is None
        )
        for waiter in self._waiters.copy():
            number, over = waiter
            if is_over or self._to_do.is_done(number):
                self._waiters.remove(waiter)
                over.release()

    # ------------------------------------------------------------------ the work

    def run(self, ctx: ActionContext) -> None:
        """Do what is to do by now, unless another thread is at it."""
        if not self._runner.acquire(blocking=False):
            return
        try:
            self._thread = threading.get_ident()
            self._run(ctx)
        except (ActionCancelled, DatabaseClosed, KeyboardInterrupt):
            with self._lock:
                self._to_do.give_back()
            raise
        except BaseException as error:  # noqa: BLE001 - anything may come out of a model, and is told to whoever looks
            self._fail(error)
        finally:
            self._thread = None
            self._runner.release()
            with self._lock:
                self._release()

    def _run(self, ctx: ActionContext) -> None:
        with self._lock:
            retry_ms = self._to_do.retry_ms
            if retry_ms is not None and retry_ms <= self._db.now_ms():
                self._to_do.retry()
        if self._key is None:
            probe = self._model.probe()
            self._key = self._write(lambda tx: cache.claim(tx, self._db.ids, self._model.name, probe))
        with self._lock:
            must_look = self._to_do.look_ms is not None
        if must_look:
            self._look(ctx)
        with self._lock:
            self._clear()
            number = self._to_do.number
            total = self._to_do.pending
        while ids := self._taken(number):
            ctx.progress(total - self.pending, total, self.place.name)
            self._bring(ids)
        if self._written >= _LOOK_FOR_UNUSED_EVERY:
            self._written = 0
            self._forget_unused(ctx)

    def _look(self, ctx: ActionContext) -> None:
        """Note all documents of the table that are out of date, as of one moment; later ones are noted by commits."""
        assert self._key is not None
        snapshot = self._db.reading().snapshot
        state = snapshot.tables.get(self.place.table)
        if state is not None:
            check_dimensions(self.place, state.stored.table, self._model.dimensions, self._model.name)
        for block, texts, vectors in self._blocks(snapshot):
            ctx.run.check()
            if self.closed:
                return
            hashes = [None if text is None else cache.hash_of(text) for text in texts]
            known = cache.cached(snapshot, self._key, (each for each in hashes if each is not None))
            with self._lock:
                for id, each, vector in zip(block, hashes, vectors, strict=True):
                    wanted = None if each is None else known.get(each, UNSET)
                    if wanted != vector:
                        self._to_do.note(id, self._db.now_ms())
        with self._lock:
            self._to_do.looked()

    def _blocks(self, snapshot: Snapshot) -> Iterator[tuple[list[str], list[str | None], list[bytes | None]]]:
        """Yield ids, texts and vectors of the table, some hundred documents at a time."""
        state = snapshot.tables.get(self.place.table)
        for keys, documents in () if state is None else state.map(BY_ID).blocks(*ALL):
            yield [key.decode() for key in keys], self.place.texts(documents), self.place.vectors(documents)

    def _taken(self, number: int) -> list[str]:
        with self._lock:
            return [] if self._ended is not None else self._to_do.take(number)

    def _bring(self, ids: list[str]) -> None:
        """Bring documents up to date that were taken."""
        assert self._key is not None
        snapshot = self._db.reading().snapshot
        state = snapshot.tables.get(self.place.table)
        documents = {} if state is None else _documents(state, ids)
        texts = self.place.texts(list(documents.values()))
        vectors = self.place.vectors(list(documents.values()))
        hashes = {text: cache.hash_of(text) for text in texts if text is not None}
        known = cache.cached(snapshot, self._key, hashes.values())
        missing = [text for text, each in hashes.items() if each not in known]
        computed: dict[cache.Hash, bytes] = {}
        if missing:
            found = self._model.compute(missing)
            computed = {hashes[text]: vector.tobytes() for text, vector in zip(missing, found, strict=True)}
            known |= computed
            if state is not None:
                check_dimensions(self.place, state.stored.table, self._model.dimensions, self._model.name)
        stale: dict[str, Outcome] = {}
        for id, text, vector in zip(documents, texts, vectors, strict=True):
            wanted = None if text is None else known[hashes[text]]
            if vector != wanted:
                stale[id] = text, wanted
        refused: dict[str, BaseException] = {}
        if (stale or computed) and not self.closed:
            refused = self._patch(stale, computed)
        self._finish(refused)

    def _patch(self, stale: Mapping[str, Outcome], computed: Mapping[cache.Hash, bytes]) -> dict[str, BaseException]:
        """Write vectors, into the documents and the cache; return why which documents do not take theirs."""
        key = self._key
        assert key is not None

        def body(ctx: MutationContext) -> dict[str, BaseException]:
            refused: dict[str, BaseException] = {}
            with self._lock:
                self._writing = dict(stale)
            cache.remember(ctx.transaction, self._db.ids, key, computed)
            for id, (text, numbers) in stale.items():
                state = ctx.transaction.declared(self.place.table)
                data = None if state is None else ctx.transaction.get(state, id)
                if data is None or self.place.texts([data])[0] != text:
                    continue  # changed meanwhile, and noted
                value = UNSET if numbers is None else vector_of_bytes(numbers)
                try:
                    ctx.db.patch(self.place.table, id, {self.place.into: value})
                except (ValidationError, InvalidValue, UniqueViolation) as error:
                    if numbers is not None:  # else the vector may not be missing, and stays
                        refused[id] = error
            return refused

        try:
            refused = self._db.write(body, self.function.path)
        finally:
            with self._lock:
                self._writing = {}
        self._written += len(computed)
        return refused

    def _forget_unused(self, ctx: ActionContext) -> None:
        snapshot = self._db.reading().snapshot
        if cache.size(snapshot) <= cache.SPARE:
            return
        unused = cache.superfluous(snapshot, self._keeper.used(snapshot), cache.SPARE)
        for start in range(0, len(unused), _FORGOTTEN_AT_ONCE):
            ctx.run.check()
            some = unused[start : start + _FORGOTTEN_AT_ONCE]
            self._write(lambda tx, some=some: cache.forget(tx, self._db.ids, some))  # type: ignore[misc]

    def _write(self, body: Any) -> Any:
        return self._db.write(lambda ctx: body(ctx.transaction), self.function.path)

    # ------------------------------------------------------------------ how it went

    def _finish(self, refused: Mapping[str, BaseException]) -> None:
        with self._lock:
            self._to_do.done(self._db.now_ms(), set(refused))
            self._clear()
            if refused:
                self._error = next(iter(refused.values()))
            self._release()
        if refused:
            self._tell()

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            self._to_do.fail(self._db.now_ms())
            self._error = error
        self._tell()

    def _clear(self) -> None:
        """Forget a failure of which nothing is left; the caller holds the lock."""
        if not self._to_do.failed:
            self._error, self._told = None, ""

    def _tell(self) -> None:
        """Log a failure: one kind of it once, however often it is tried again."""
        error = self._error
        if error is not None and describe_error(error) != self._told:
            self._told = describe_error(error)
            logger.warning("%r; it is tried again", self, exc_info=error)


def _documents(state: TableState, ids: Iterable[str]) -> dict[str, bytes]:
    found = ((id, state.get(id)) for id in ids)
    return {id: data for id, data in found if data is not None}
