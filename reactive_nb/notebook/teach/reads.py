"""What a live query has read: the index ranges and searches of its last run, one by one and in words.

A subscription comes in, which another thread may run again meanwhile; what the teaching views and the panel say of it
goes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from reactive_nb.documents.interval import Interval
from reactive_nb.documents.range_words import describe_read
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.search.edits import SearchRead
from reactive_nb.subscriptions.subscription import Subscription

Read = tuple[str, str, Interval | SearchRead | None]  # type: ignore[type-arg]  # of any kind
"""A table, an index of it, and what was read there; None where it was no document at all."""


def reads_of(subscription: Subscription) -> Iterator[Read]:
    """Yield what the last run of a query looked at."""
    # Another thread may put in the next run's ranges meanwhile, as a new dictionary.
    for (table, index), intervals in subscription.intervals.items():
        for interval in intervals if len(intervals) else [None]:
            yield table, index, interval
    for (table, index), searches in subscription.searches.items():
        for search in searches:
            yield table, index, search


def words_of(read: Read, snapshot: Snapshot) -> str:
    """Return what was read in words: `messages.by_channel[channel = 'general']`."""
    table, index, what = read
    return f"{table}[its declaration]" if what is None else describe_read(table, index, what, snapshot)


def read_words(subscription: Subscription, snapshot: Snapshot, most: int) -> tuple[list[str], int]:
    """Return what the last run looked at in words, at most so many, and how many more there are."""
    reads = reads_of(subscription)
    words = [words_of(each, snapshot) for each in islice(reads, most)]
    return words, sum(1 for _ in reads)
