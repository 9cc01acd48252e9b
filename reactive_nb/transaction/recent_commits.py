"""The write log: the last commits with the snapshot after each, newest last.

The committer asks it what happened since a transaction began, time travel asks it for a moment. It is bounded by
commits and by changed documents, so neither many small nor a few huge commits hold memory for ever.
"""

from __future__ import annotations

from collections import deque
from itertools import islice

from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.transaction.commit import Commit

DEFAULT_COMMITS = 1000
MAX_CHANGES = 200_000


class RecentCommits:
    """Holds the newest commits; only the committer appends.

    Attributes:
        base: The snapshot before the oldest commit held.
    """

    __slots__ = ("_changes", "_commits", "_limit", "_snapshots", "base")

    def __init__(self, base: Snapshot, limit: int = DEFAULT_COMMITS) -> None:
        self.base = base
        self._limit = limit
        self._commits: deque[Commit] = deque()
        self._snapshots: deque[Snapshot] = deque()
        self._changes = 0

    def append(self, commit: Commit, after: Snapshot) -> None:
        """Add the commit that leads from the newest snapshot to `after`."""
        self._commits.append(commit)
        self._snapshots.append(after)
        self._changes += len(commit.changes)
        while len(self._commits) > self._limit or (self._changes > MAX_CHANGES and len(self._commits) > 1):
            self._changes -= len(self._commits.popleft().changes)
            self.base = self._snapshots.popleft()

    def since(self, ts: int) -> list[Commit] | None:
        """Return the commits after `ts`, oldest first; None when some of them are no longer held."""
        if ts < self.base.ts:
            return None
        # From the right: a deque finds its ends at once and its middle by walking, and `ts` is nearly always recent.
        return [self._commits[-back] for back in range(self.base.ts + len(self._commits) - ts, 0, -1)]

    def snapshot_at(self, ts: int) -> Snapshot | None:
        """Return the database as of commit `ts`, or None when that is not held."""
        if ts == self.base.ts:
            return self.base
        position = ts - self.base.ts - 1
        return self._snapshots[position] if 0 <= position < len(self._snapshots) else None

    def newest(self, count: int) -> list[Commit]:
        """Return up to `count` commits, newest last."""
        return list(islice(self._commits, max(0, len(self._commits) - count), None))

    def check(self) -> None:
        """Assert that commits and snapshots follow one another without a gap."""
        expected = self.base.ts
        for commit, snapshot in zip(self._commits, self._snapshots, strict=True):
            expected += 1
            assert commit.ts == snapshot.ts == expected
        assert self._changes == sum(len(commit.changes) for commit in self._commits)
