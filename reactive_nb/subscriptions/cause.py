"""Causes: what is kept of the commits that made results stale.

Comes in: where a commit met what a query had read. Goes out: the same with as much of the commit as the question "why
did this run?" needs, which is the one document that was met. A subscription remembers the causes of many runs; whole
commits would stay in memory for them long after the history of the database has let go of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reactive_nb.documents.snapshot import Change
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.read_set import Overlap


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a subscription became stale: the first commit that touched it since its last run."""

    met: Overlap
    """Where; its commit holds no touched keys, and of its changes only the one that was met."""
    others: int
    """How many more documents of the table the commit changed."""


class Causes:
    """Makes causes; keeps the changes of the latest commit by id, because one commit often makes many results stale."""

    __slots__ = ("_changes", "_commit")

    def __init__(self) -> None:
        self._commit: Commit | None = None
        self._changes: dict[str, dict[bytes, Change]] = {}

    def of(self, met: Overlap) -> Cause:
        """Return what is kept of an overlap."""
        if met.key is None:
            return Cause(_shortened(met, ()), 0)
        changes = self._changes_of(met.commit, met.table)
        # Every index key ends with the id of its document, and the ids of one table are of one length.
        id = met.key[-len(next(iter(changes))) :]
        return Cause(_shortened(met, (changes[id],)), len(changes) - 1)

    def _changes_of(self, commit: Commit, table: str) -> dict[bytes, Change]:
        if commit is not self._commit:
            self._commit, self._changes = commit, {}
        changes = self._changes.get(table)
        if changes is None:
            changes = {change.id.encode(): change for change in commit.changes if change.table == table}
            self._changes[table] = changes
        return changes


def _shortened(met: Overlap, changes: tuple[Change, ...]) -> Overlap:
    return replace(met, commit=replace(met.commit, changes=changes, touched={}, searched={}))
