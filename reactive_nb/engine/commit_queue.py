"""Where transactions of many threads wait for their commit: one thread leads, and commits all that wait at once.

A thread that finds nobody leading commits on its own, without a hand-over. One that comes while the disk is being
flushed waits, and the next leader takes all of those in one append: sixteen writers share a flush. (Group commit
after DeWitt et al., "Implementation techniques for main memory database systems", 1984.)

The queue also gives *turns*. A mutation that has lost twice runs with all other commits waiting, for at most
`TURN_SECONDS`, so one that takes less comes through under any contention; sleeping for a random time instead, as usual,
costs more than the whole mutation and promises nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from reactive_nb.engine.interrupts import Uninterrupted
from reactive_nb.errors import DatabaseClosed
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.committer import Committer, Proposal
from reactive_nb.transaction.read_set import Overlap

TURN_SECONDS = 1.0
"""How long others wait for a turn. It ends, for its holder may be waiting for one of them."""


class _Ticket:
    """One proposal in the queue.

    `proposal` is None for a thread that wants the lead and nothing committed. `woken` starts locked; the leader
    unlocks it when the outcome is there, or to hand over the lead.
    """

    __slots__ = ("done", "error", "outcome", "proposal", "woken")

    def __init__(self, proposal: Proposal | None) -> None:
        self.proposal = proposal
        self.done = False
        self.outcome: Commit | Overlap | None = None
        self.error: BaseException | None = None
        self.woken = threading.Lock()
        self.woken.acquire()


class _Turn:
    """The right of one thread to commit before others.

    It runs out by itself, so one whose end was lost holds nobody up: Python can raise KeyboardInterrupt between two
    steps of any `with`.
    """

    __slots__ = ("_ends", "over", "thread")

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self._ends = time.monotonic() + TURN_SECONDS
        # Starts locked; unlocked at the end. No Event, whose own lock a KeyboardInterrupt can leave locked.
        self.over = threading.Lock()
        self.over.acquire()

    @property
    def seconds_left(self) -> float:
        return self._ends - time.monotonic()

    def wait(self, seconds: float) -> None:
        if self.over.acquire(timeout=max(0.0, seconds)):
            self.over.release()


class CommitQueue:
    """Lets one thread at a time into a committer. All methods may be called from any thread."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self._mutex = threading.Lock()
        self._waiting: list[_Ticket] = []
        self._led = False
        self._closed = False
        self._turn: _Turn | None = None

    def commit(self, proposal: Proposal) -> Commit | Overlap | None:
        """Commit a transaction; return the commit, the overlap that refuses it, or None when it wrote nothing.

        Raises:
            LogWriteError: The log could not be written; nothing happened.
        """
        if not proposal.transaction.writes:
            return None
        ticket = _Ticket(proposal)
        with Uninterrupted():
            turn = self._turn
            if turn is not None and turn.thread != threading.get_ident() and turn.seconds_left > 0:
                turn.wait(turn.seconds_left)
            self._enter(ticket)
            if not ticket.done:
                self._lead(ticket)
        if ticket.error is not None:
            raise ticket.error
        return ticket.outcome

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep all commits out, for work on the log itself."""
        ticket = _Ticket(None)
        with Uninterrupted():
            self._enter(ticket)
            try:
                with self._mutex:
                    self._waiting.remove(ticket)
                yield
            finally:
                self._hand_over()

    def close(self) -> None:
        """Refuse all later commits, when those that wait are done."""
        with self.alone():
            self._closed = True

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Make other threads' commits wait for this thread's next ones; after `TURN_SECONDS` another may take it."""
        with Uninterrupted():
            mine = self._take_turn()
        try:
            yield
        finally:
            with self._mutex:
                if self._turn is mine:
                    self._turn = None
            mine.over.release()

    def _take_turn(self) -> _Turn:
        while True:
            with self._mutex:
                other = self._turn
                if other is None or other.seconds_left <= 0:
                    self._turn = mine = _Turn()
                    return mine
            other.wait(other.seconds_left)

    def _enter(self, ticket: _Ticket) -> None:
        """Return when the ticket is done, or when its thread leads."""
        with self._mutex:
            self._waiting.append(ticket)
            leads, self._led = not self._led, True
        if not leads:
            ticket.woken.acquire()

    def _lead(self, own: _Ticket) -> None:
        with self._mutex:
            batch = [ticket for ticket in self._waiting if ticket.proposal is not None]
            self._waiting = [ticket for ticket in self._waiting if ticket.proposal is None]
        try:
            if self._closed:
                raise closed()
            outcomes = self._committer.commit([ticket.proposal for ticket in batch if ticket.proposal is not None])
        except BaseException as error:  # noqa: BLE001 - raised again by each of the threads it concerns
            for ticket in batch:
                ticket.error = error
        else:
            for ticket, outcome in zip(batch, outcomes, strict=True):
                ticket.outcome = outcome
        for ticket in batch:
            ticket.done = True
            if ticket is not own:
                ticket.woken.release()
        self._hand_over()

    def _hand_over(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting[0].woken.release()
            else:
                self._led = False


def closed() -> DatabaseClosed:
    """Return the error for a use after the end."""
    return DatabaseClosed(
        "Cannot use the database",
        thing="it was closed",
        expected="an open database",
        hint="Open it again with rnb.connect(...)",
    )
