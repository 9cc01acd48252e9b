"""The one place where transactions become commits: check, number, persist, publish.

Comes in: a batch of transactions, all waiting at this moment. Goes out: for each a commit, nothing (it only read), or
the overlap that refuses it. The whole batch is one append of the log, so one disk flush. Nothing is visible before it
is durable.

Not for two threads at once: the engine lets one caller in at a time, and readers take `head`, which is replaced
whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from reactive_nb.documents.document import CREATION_TIME, decode_document
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.errors import HeadMoved
from reactive_nb.log.interface import Log
from reactive_nb.transaction.commit import Commit, encode_commit, replay
from reactive_nb.transaction.read_set import Overlap, Ranges, overlap
from reactive_nb.transaction.recent_commits import DEFAULT_COMMITS, RecentCommits
from reactive_nb.transaction.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Proposal:
    """A finished transaction, the path of the function that asks to commit it, and from where that was called."""

    transaction: Transaction
    function: str
    origin: str = ""


class Committer:
    """Owns the head: the newest snapshot, and the commits that led to it.

    Attributes:
        head: The newest published snapshot.
        recent: The newest commits, bounded.
        last_creation_ms: The newest `_creationTime` committed, below which no later transaction starts.
    """

    def __init__(
        self,
        log: Log,
        head: Snapshot,
        history: int = DEFAULT_COMMITS,
        last_creation_ms: float = 0.0,
        publishing: AbstractContextManager[Any] | None = None,
    ) -> None:
        """Take over a log.

        Args:
            log: Where commits go.
            head: The database as of some commit that the log can continue from; `pull` replays the rest.
            history: How many commits `recent` holds.
            last_creation_ms: The newest `_creationTime` in it.
            publishing: Entered while a commit becomes visible; the engine's lock over all that listeners maintain.
        """
        self._log = log
        self._publishing = nullcontext() if publishing is None else publishing
        self.head = head
        self.recent = RecentCommits(head, history)
        self.last_creation_ms = last_creation_ms
        self._listeners: list[Callable[[Commit], None]] = []

    def on_commit(self, listener: Callable[[Commit], None]) -> None:
        """Call `listener` with every commit, in order, when it has become the head; listeners must not raise."""
        self._listeners.append(listener)

    def commit(self, batch: Sequence[Proposal]) -> list[Commit | Overlap | None]:
        """Commit what does not conflict.

        Args:
            batch: In the order in which they shall be numbered.

        Returns:
            For each the commit, None when it wrote nothing, or the first overlap with a commit since its snapshot.

        Raises:
            LogWriteError: The log could not be written; nothing of the batch happened.
        """
        while True:
            outcomes, accepted, payloads = self._judge(batch)
            if not payloads:
                return outcomes
            try:
                self._log.append(payloads, self.head.ts)
            except HeadMoved:
                # Another engine shares the log and was first. What it wrote may conflict: look, then ask again.
                self.pull()
                continue
            for proposal, outcome in zip(batch, outcomes, strict=True):
                proposal.transaction.commit = outcome if isinstance(outcome, Commit) else None
                self.last_creation_ms = max(self.last_creation_ms, proposal.transaction.last_creation_ms)
            for commit, snapshot in accepted:
                self._publish(commit, snapshot)
            return outcomes

    def pull(self) -> None:
        """Take over what the log holds beyond the head: at opening, or written by another engine."""
        for record in self._log.read(self.head.ts):
            snapshot, commit = replay(self.head, record.ts, record.payload)
            for change in commit.changes:
                if change.new is not None:
                    created = decode_document(change.new)[CREATION_TIME]
                    self.last_creation_ms = max(self.last_creation_ms, created)
            self._publish(commit, snapshot)

    def _judge(
        self, batch: Sequence[Proposal]
    ) -> tuple[list[Commit | Overlap | None], list[tuple[Commit, Snapshot]], list[bytes]]:
        """Decide on each proposal as if those before it in the batch had been committed."""
        outcomes: list[Commit | Overlap | None] = []
        accepted: list[tuple[Commit, Snapshot]] = []
        payloads: list[bytes] = []
        snapshot = self.head
        for proposal in batch:
            transaction = proposal.transaction
            changes = transaction.writes.changes()
            if not changes:
                # Its reads were of one snapshot, so it is as good as having run at that moment.
                outcomes.append(None)
                continue
            conflict = self._conflict(transaction, accepted)
            if conflict is not None:
                outcomes.append(conflict)
                continue
            redeclared = transaction.writes.redeclared
            snapshot, touched, searched = snapshot.apply(snapshot.ts + 1, changes, redeclared)
            commit = Commit(
                snapshot.ts,
                transaction.now_ms,
                proposal.function,
                changes,
                touched,
                frozenset(redeclared),
                proposal.origin,
                searched,
            )
            outcomes.append(commit)
            accepted.append((commit, snapshot))
            payloads.append(encode_commit(transaction.now_ms, proposal.function, changes))
        return outcomes, accepted, payloads

    def _conflict(self, transaction: Transaction, accepted: list[tuple[Commit, Snapshot]]) -> Overlap | None:
        """Return the first commit since the transaction's snapshot that touches what it read."""
        if not accepted and transaction.snapshot is self.head:
            return None
        since = self.recent.since(transaction.snapshot.ts)
        if since is None:
            return self._outlived(transaction, accepted[-1][1] if accepted else self.head)
        ranges: Ranges | None = None
        for commit in (*since, *(commit for commit, _ in accepted)):
            if ranges is None:
                ranges, searches = transaction.reads.intervals(), transaction.reads.searches()
            found = overlap(ranges, searches, commit)
            if found is not None:
                return found
        return None

    def _outlived(self, transaction: Transaction, newest: Snapshot) -> Overlap | None:
        """Judge a transaction older than the commits that are held: it runs again, unless it has looked at no document."""
        searches = transaction.reads.searches()
        for (table, index), intervals in transaction.reads.intervals().items():
            before, now = transaction.snapshot.tables.get(table), newest.tables.get(table)
            if intervals or searches or (before and before.stored) is not (now and now.stored):
                oldest = self.recent.newest(self.head.ts)[0]
                return Overlap(oldest, table, index, next(iter(intervals), ALL), None, outlived=True)
        return None

    def _publish(self, commit: Commit, snapshot: Snapshot) -> None:
        with self._publishing:
            # Together and first: a listener that fails leaves a database that is whole.
            self.recent.append(commit, snapshot)
            self.head = snapshot
            for listener in self._listeners:
                listener(commit)
