"""Changes that people make in data browsers: each one commit, kept so that it can be undone.

Writing code comes in, or the number of a commit made here before; a commit goes out, or a refusal that has changed
nothing. Undoing is a change like any other: to undo it in turn is to redo the first.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final, TypeVar

from reactive_nb.documents.document import CREATION_TIME, ID, decode_document
from reactive_nb.documents.snapshot import Change
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import EditConflict, ReactiveError, UnknownTable
from reactive_nb.functions.context import MutationContext
from reactive_nb.functions.database import checked_fields
from reactive_nb.functions.origin import calling_from
from reactive_nb.functions.runner import own_commits
from reactive_nb.notebook.result.encoding import encode_cell
from reactive_nb.transaction.commit import Commit

T = TypeVar("T")

MAX_KEPT: Final = 500
"""How many changes of a database can be undone. They are kept apart from its history, which a busy notebook uses up."""


class Changes:
    """Makes changes and takes them back; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()  # guards what is kept; held for moments only
        self._kept: weakref.WeakKeyDictionary[Engine, OrderedDict[int, Commit]] = weakref.WeakKeyDictionary()

    def make(self, engine: Engine, origin: str, name: str, body: Callable[[MutationContext], T]) -> tuple[T, int]:
        """Run writing code as one transaction; return its result, and its commit, or the newest when it made none.

        Args:
            engine: Where it writes.
            origin: Which browser asks, in words.
            name: What the commit is called.
            body: What to run; perhaps several times, as `engine.write` says.
        """
        with calling_from(origin), own_commits() as own:
            result = engine.write(body, name)
        if not own:
            return result, engine.ts
        self._keep(engine, own[-1])
        return result, own[-1]

    def knows(self, engine: Engine, ts: int) -> bool:
        """Whether a commit was made here and can still be undone."""
        with self._lock:
            return ts in self._kept.get(engine, ())

    def undo(self, engine: Engine, origin: str, name: str, ts: int) -> int:
        """Take back what a commit changed, by a new one, and return that.

        Args:
            engine: The database.
            origin: Which browser asks, in words.
            name: "undo" or "redo".
            ts: A commit that was made here.

        Raises:
            EditConflict: One of its documents has been changed since; nothing was taken back.
            ReactiveError: The commit was not made here, or longer ago than is kept.
            DocumentValidationError: The table refuses what was there before; it has been declared anew since.
            UniqueViolation: Another document has its place in a unique index by now.
        """
        with self._lock:
            commit = self._kept.get(engine, OrderedDict()).get(ts)
        what = f"Cannot {name} commit {ts}"
        if commit is None:
            raise ReactiveError(
                what,
                thing="it was not made in a data browser, or too long ago",
                expected=f"one of the latest {MAX_KEPT} changes that were made in data browsers",
                hint="The document's history shows what it was; edit it again",
            )
        _, done = self.make(engine, origin, name, lambda ctx: _take_back(ctx, commit, what))
        return done

    def _keep(self, engine: Engine, ts: int) -> None:
        # Not the newest commit: others may have committed since.
        found = next((each for each in engine.commits(engine.ts - ts + 1) if each.ts == ts), None)
        if found is None:
            return  # the history is shorter than what was committed meanwhile
        with self._lock:
            kept = self._kept.setdefault(engine, OrderedDict())
            kept[ts] = found
            while len(kept) > MAX_KEPT:
                kept.popitem(last=False)


def _take_back(ctx: MutationContext, commit: Commit, what: str) -> None:
    for change in commit.changes:
        _restore(ctx, change, what)


def _restore(ctx: MutationContext, change: Change, what: str) -> None:
    tx = ctx.transaction
    state = tx.declared(change.table)
    if state is None:
        raise UnknownTable(
            what,
            thing=f"the table {change.table} has been dropped since",
            expected="a table that is there",
            hint="Declare it again first",
        )
    now = tx.get(state, change.id)
    if now != change.new:
        happened = "deleted" if now is None else "made again" if change.new is None else "changed"
        raise EditConflict(
            what,
            thing=f"the document {change.id} of {change.table} has been {happened} since",
            expected="the document as that commit left it",
            hint="Look at its history, and edit what is still wrong",
            theirs=None if now is None else encode_cell(decode_document(now)),
        )
    document = None if change.old is None else decode_document(change.old)
    if document is not None:
        system = {name: document.pop(name) for name in (ID, CREATION_TIME)}
        # It was accepted once, but the table may have been declared anew since.
        document = {**system, **checked_fields(tx, state, document, what)}
    tx.write(state, change.id, now, document, what)
