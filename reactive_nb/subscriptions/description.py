"""Causes in words: which mutation did what to which document, and in which range of which index that was seen.

Comes in: a cause. Goes out: the middle of the sentence that `Run.why` makes.
"""

from __future__ import annotations

from reactive_nb.documents.range_words import describe_read
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.subscriptions.cause import Cause


def describe_cause(cause: Cause, snapshot: Snapshot) -> str:
    """Return what a commit did that made a result stale.

    Args:
        cause: The commit, and where it met what the query had read.
        snapshot: Any recent one; it tells the fields of the index.
    """
    met = cause.met
    who = f"{met.commit.function} (commit {met.commit.ts})"
    if met.key is None:
        return f"{who} declared the table {met.table} anew"
    (change,) = met.commit.changes
    verb = "inserted" if change.old is None else "deleted" if change.new is None else "changed"
    more = f" (and {cause.others} more of the table)" if cause.others else ""
    seen = describe_read(met.table, met.index, met.read, snapshot)
    read = f"the range {seen} that it had read" if met.search is None else f"the search {seen} that it had made"
    return f"{who} {verb} {change.id}{more}, within {read}"
