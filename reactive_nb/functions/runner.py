"""Running functions: a query once on a snapshot, a mutation until it commits.

Comes in: a function and its arguments. Goes out: a result with what was read, or a commit. A mutation that meets a
conflict runs again whole, on a newer snapshot; what it did before is gone. It is tried as often as in Convex, five
times; before its third it asks for the turn that the engine hands in.
"""

from __future__ import annotations

import contextvars
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from reactive_nb.clock import Clock
from reactive_nb.documents.range_words import describe_read
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.errors import ConflictError, NestedCallError
from reactive_nb.functions.attempts import Attempts
from reactive_nb.functions.context import MutationContext, QueryContext, Services, invoke, read_whole, run_checked
from reactive_nb.functions.function import Function
from reactive_nb.functions.guard import RUNNING, Running
from reactive_nb.functions.origin import stated_origin
from reactive_nb.functions.page import Journal
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.committer import Committer, Proposal
from reactive_nb.transaction.read_set import Overlap, ReadSet
from reactive_nb.transaction.transaction import Transaction

ATTEMPTS = 5

_own_commits: contextvars.ContextVar[list[int] | None] = contextvars.ContextVar("reactive_nb_own_commits", default=None)


@contextmanager
def own_commits() -> Iterator[list[int]]:
    """Collect the numbers of the commits that this thread makes inside, whatever others commit meanwhile.

    Example:
        >>> with own_commits() as own:
        ...     send(body="hello")
        >>> own
        [7]
    """
    own: list[int] = []
    before = _own_commits.set(own)
    try:
        yield own
    finally:
        _own_commits.reset(before)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One execution of a query: its result or its exception, and what it looked at."""

    ts: int
    result: Any
    error: BaseException | None
    reads: ReadSet
    uses_chance: bool

    def value(self) -> Any:
        """Return the result, or raise what the query raised."""
        if self.error is not None:
            raise self.error
        return self.result


class Runner:
    """Runs functions against the head of a committer.

    Args:
        committer: Where snapshots come from.
        commit: Commits one proposal; the engine's queue, or the committer alone where there is no other thread.
        services: What contexts share.
        clock: The time.
        turn: Returns what a mutation enters before its third and later attempts: while it is inside, other commits
            wait for it, so a mutation that keeps losing is not overtaken for ever.
        origin: Returns from where a call comes that does not say so itself; an empty text where nobody knows.
        lane: Returns the name of the calling thread.

    Attributes:
        attempts: The latest transactions that meant to write.
    """

    def __init__(
        self,
        committer: Committer,
        commit: Callable[[Proposal], Commit | Overlap | None],
        services: Services,
        clock: Clock,
        turn: Callable[[], AbstractContextManager[None]],
        origin: Callable[[], str] = str,
        lane: Callable[[], str] = str,
    ) -> None:
        self._committer = committer
        self._commit = commit
        self._services = services
        self._clock = clock
        self._turn = turn
        self._origin = origin
        self.attempts = Attempts(lane)

    def begin(self, snapshot: Snapshot | None = None) -> Transaction:
        """Return a new transaction on the head, or on a given snapshot."""
        if snapshot is None:
            snapshot = self._committer.head  # before the time: what it sees was created before it
        # Never before a creation time that is already committed, so documents stand in the order of their commits.
        now_ms = max(self._clock.now_ms(), math.nextafter(self._committer.last_creation_ms, math.inf))
        return Transaction(snapshot, now_ms)

    def query(
        self, function: Function, args: dict[str, Any], snapshot: Snapshot | None = None, journal: Journal | None = None
    ) -> Outcome:
        """Run a query once; its own exception becomes part of the outcome.

        Args:
            function: The query.
            args: As `checked_args` returned them.
            snapshot: What it shall see; the head by default.
            journal: Where its pages ended the last time.
        """
        return self.read(lambda context: invoke(function, context, args), function.path, snapshot, journal)

    def read(
        self,
        body: Callable[[QueryContext], Any],
        path: str,
        snapshot: Snapshot | None = None,
        journal: Journal | None = None,
    ) -> Outcome:
        """Run any reading code once, as `query` does."""
        refuse_nested(path)
        tx = self.begin(snapshot)
        context = QueryContext(tx, self._services, journal)
        running = Running(path)
        try:
            RUNNING.set(running)
            result = read_whole(body(context))
            if running.violation is not None:
                raise running.violation
            return Outcome(tx.snapshot.ts, result, None, tx.reads, context.uses_chance)
        except BaseException as error:  # noqa: BLE001 - delivered to whoever asked, who raises it again
            return Outcome(tx.snapshot.ts, None, running.blamed(error), tx.reads, context.uses_chance)
        finally:
            # First of all: a Ctrl-C that came before it would make all later calls on this thread look nested.
            RUNNING.set(None)
            running.is_over = True
            tx.close()

    def mutation(self, function: Function, args: dict[str, Any]) -> Any:
        """Run a mutation until it commits, and return its result.

        Its arguments are checked at each attempt, so each gets copies of its own to do with as it likes.

        Raises:
            ConflictError: Each of its attempts met a commit that touched what it had read.
        """
        return self.write(lambda context: run_checked(function, context, args), function.path)

    def write(self, body: Callable[[MutationContext], Any], path: str) -> Any:
        """Run any writing code until it commits, as `mutation` does."""
        refuse_nested(path)
        result, refused = self._attempt(body, path, 1)
        if refused is None:
            return result
        # Once more at once: most conflicts are a single overtaking, and the newer snapshot settles it.
        result, refused = self._attempt(body, path, 2)
        if refused is None:
            return result
        with self._turn():
            for number in range(3, ATTEMPTS + 1):
                result, refused = self._attempt(body, path, number)
                if refused is None:
                    return result
        raise conflict(path, refused, ATTEMPTS, self._committer.head)

    def origin(self) -> str:
        """Return from where this thread calls."""
        stated = stated_origin()
        return self._origin() if stated is None else stated

    def _attempt(self, body: Callable[[MutationContext], Any], path: str, number: int) -> tuple[Any, Overlap | None]:
        began_s = time.perf_counter()
        tx = self.begin()
        running = Running(path)
        try:
            RUNNING.set(running)
            result = body(MutationContext(tx, self._services))
            if running.violation is not None:
                raise running.violation
        except BaseException as error:
            self._services.files.release(tx)
            blamed = running.blamed(error)
            self.attempts.ended(path, number, self.origin(), tx.snapshot.ts, began_s, blamed)
            if blamed is error:
                raise
            raise blamed from error
        finally:
            RUNNING.set(None)
            running.is_over = True
            tx.close()
        return result, self.commit(tx, path, number, began_s)

    def commit(self, tx: Transaction, path: str, number: int, began_s: float) -> Overlap | None:
        """Commit a closed transaction; return what refused it, or None.

        Args:
            tx: The transaction.
            path: Who asks.
            number: Which try it is, from 1.
            began_s: When it began, in seconds of `time.perf_counter`.
        """
        origin = self.origin()
        try:
            outcome = self._commit(Proposal(tx, path, origin))
        except BaseException as error:
            # A Ctrl-C that was held back until the commit was whole comes with it.
            self._note(tx, path, number, origin, began_s, error if tx.commit is None else tx.commit)
            raise
        self._note(tx, path, number, origin, began_s, outcome)
        return outcome if isinstance(outcome, Overlap) else None

    def _note(
        self,
        tx: Transaction,
        path: str,
        number: int,
        origin: str,
        began_s: float,
        fate: Commit | Overlap | BaseException | None,
    ) -> None:
        self.attempts.ended(path, number, origin, tx.snapshot.ts, began_s, fate)
        own = _own_commits.get()
        if own is not None and isinstance(fate, Commit):
            own.append(fate.ts)


def refuse_nested(path: str, is_action: bool = False, instead: str | None = None) -> None:
    """Raise `NestedCallError` when a query or mutation is running on this thread.

    Args:
        path: What is called.
        is_action: Whether it is an action.
        instead: What to do instead, of what is no function.
    """
    outer = RUNNING.get()
    if outer is not None and not outer.is_over:
        name = path.rpartition(":")[2]
        if is_action:
            raise NestedCallError(
                f"Cannot run {path}",
                thing=f"it is an action, called inside {outer.path}, which is a transaction",
                expected="a call from a cell or from another action",
                hint=f"In a mutation, schedule it: ctx.scheduler.run_after(0, {name}, ...)",
            )
        raise NestedCallError(
            f"Cannot run {path}",
            thing=f"it is called inside {outer.path} without its context, so it would run in another transaction",
            expected="a call within the same transaction",
            hint=instead or f"Write {name}(ctx, ...), or ctx.run_query or ctx.run_mutation",
        )


def conflict(path: str, refused: Overlap, attempts: int, snapshot: Snapshot) -> ConflictError:
    """Return the error for a transaction that lost to another commit; any recent snapshot tells the index's fields."""
    commit = refused.commit
    place = describe_read(refused.table, refused.index, refused.read, snapshot)
    kind, read = ("range", "read") if refused.search is None else ("search", "made")
    each = f", at each of {attempts} attempts" if attempts > 1 else ""
    if refused.outlived:
        return ConflictError(
            f"Cannot commit {path}",
            thing=f"more commits came while it ran than the history holds, so nobody knows whether it missed one{each}",
            expected="fewer commits between its start and its end",
            hint="Run it again; or keep more commits with rnb.connect(..., history=...)",
            table=refused.table,
            index=refused.index,
            interval=refused.interval,
            other=commit,
        )
    return ConflictError(
        f"Cannot commit {path}",
        thing=(
            f"{commit.function} (commit {commit.ts}) changed {refused.table} in the {kind} {place} that this "
            f"transaction had {read}{each}"
        ),
        expected="no other commit to what it read between its start and its end",
        hint="Run it again; if it happens often, read less, or write to the same document from fewer places",
        table=refused.table,
        index=refused.index,
        interval=refused.interval,
        other=commit,
    )
