"""Which results are true: finds the ones a commit made stale, and records what their next runs looked at.

Comes in: commits, and outcomes of runs. Goes out: the subscriptions to run again, and which of them have changed.
A result without a holder stays as a cached answer until a commit touches what it read or room is needed.

Mutable, and not for two threads at once: the engine holds its state lock around every call. Running functions is not
done here, so no user code runs under that lock.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from reactive_nb.documents.interval import ALL, Interval, IntervalSet
from reactive_nb.documents.snapshot import Place
from reactive_nb.errors import error_text
from reactive_nb.functions.function import Function
from reactive_nb.functions.runner import Outcome
from reactive_nb.search.edits import SearchChange, SearchRead
from reactive_nb.search.readers import Readers
from reactive_nb.subscriptions.cause import Cause, Causes
from reactive_nb.subscriptions.interval_index import IntervalIndex
from reactive_nb.subscriptions.subscription import Key, Run, State, Subscription, key_of, without_frames
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.read_set import Overlap, overlap, searched_overlap
from reactive_nb.values import wire

CACHED_RESULTS = 256
_FRAMES = frozenset(("pandas", "polars", "pyarrow"))
_SCALARS = frozenset((type(None), bool, int, float, str, bytes))

CACHED_BYTES = 16 << 20


class SubscriptionManager:
    """All subscriptions of one engine.

    Args:
        since: Returns the commits after a ts, or None when some of them are no longer held.
        describe: Says in words what a cause was, for `Run.why`.
    """

    def __init__(self, since: Callable[[int], list[Commit] | None], describe: Callable[[Cause], str]) -> None:
        self._since = since
        self._describe = describe
        self._causes = Causes()
        self._by_key: dict[Key, Subscription] = {}
        self._readers: dict[Place, IntervalIndex[Subscription]] = {}
        self._searchers: dict[Place, Readers[Subscription]] = {}
        # Fresh ones whose searches are among those. Others run again whatever comes; and what was searched under a
        # former declaration, with other filter fields, cannot even be asked about the entries of a later commit.
        self._searching: set[Subscription] = set()
        # In the order in which they became due, so that a refresh runs them in that order.
        self._due: dict[Subscription, None] = {}
        # Taken by `due`, until `record`; one may be due again meanwhile, when its function is replaced.
        self._running: set[Subscription] = set()
        # Held by nobody, least recently used first.
        self._cached: dict[Subscription, int] = {}
        self._cached_bytes = 0

    # ------------------------------------------------------------------ who asks for what

    def hold(self, function: Function, args: dict[str, Any]) -> Subscription:
        """Return the subscription for a query call, for the caller to keep until `release`; a new one is due."""
        key = key_of(function, args)
        subscription = self._by_key.get(key)
        if subscription is None:
            subscription = self._by_key[key] = Subscription(function, key)
        self._uncache(subscription)
        subscription.holders += 1
        if subscription.state is not State.FRESH and subscription not in self._running:
            self._due[subscription] = None
        return subscription

    def release(self, subscription: Subscription) -> None:
        """Give up one hold that is not paused; without any, a true result stays as a cached answer."""
        subscription.holders -= 1
        self._rest(subscription)
        if subscription.holders == 0:
            self._due.pop(subscription, None)
            self._cache(subscription)

    def pause(self, subscription: Subscription) -> None:
        """Let one hold be without news; while all are, a commit makes it stale and nothing runs it."""
        subscription.paused += 1
        self._rest(subscription)

    def resume(self, subscription: Subscription) -> None:
        """Take back one `pause`; what became stale meanwhile is due."""
        subscription.paused -= 1
        if subscription.state is not State.FRESH and subscription not in self._running:
            self._due[subscription] = None

    def _rest(self, subscription: Subscription) -> None:
        # One that runs now may be noted as due again, of which `record` makes that it is stale.
        if not subscription.is_wanted and subscription not in self._running:
            self._due.pop(subscription, None)

    def cached(self, key: Key) -> bytes | None:
        """Return the encoded result of a query call if it is known and still true."""
        subscription = self._by_key.get(key)
        if subscription is None or not self._answers(subscription):
            return None
        if subscription in self._cached:
            self._cached[subscription] = self._cached.pop(subscription)  # most recently used
        return subscription.encoded

    def keep(self, function: Function, key: Key, outcome: Outcome) -> None:
        """Keep the outcome of a call that nobody holds as a cached answer, if it can be one."""
        if key not in self._by_key and outcome.error is None and not outcome.uses_chance:
            subscription = self._by_key[key] = Subscription(function, key)
            self.record(subscription, outcome, 0.0)
            self._cache(subscription)

    def replaced(self, function: Function) -> None:
        """Take a function that was registered again: its results are due, whatever they read."""
        for subscription in [each for each in self._by_key.values() if each.key[0] == function.path]:
            subscription.function = function
            self._stale(subscription, None)

    # ------------------------------------------------------------------ what is true

    def on_commit(self, commit: Commit) -> None:
        """Mark as stale whatever the commit touches; the cost depends on how many that are, not on all there are."""
        self._causes = Causes()  # what the ones before had changed is not looked up again
        if commit.redeclared:
            # First, because what was searched under the former declaration cannot be asked about entries of this one.
            for subscription in list(self._by_key.values()):
                for table, index in subscription.intervals:
                    if table in commit.redeclared and subscription.state is State.FRESH:
                        self._stale(subscription, Overlap(commit, table, index, ALL, None))
        for place, keys in commit.touched.items():
            readers = self._readers.get(place)
            if readers is not None:
                for subscription, key in readers.stab_many(keys).items():
                    if subscription.state is State.FRESH:
                        read = subscription.intervals[place].around(key)
                        self._stale(subscription, Overlap(commit, *place, read, key))
        for place, change in commit.searched.items():
            searchers = self._searchers.get(place)
            for subscription, edit in searchers.met_by(change).items() if searchers else ():
                # Asked about one edit only: a large commit has a thousand, and may concern a thousand searches.
                met = SearchChange([edit], change.concerns_all)
                self._stale(subscription, searched_overlap(commit, place, subscription.searches[place], met))

    @property
    def has_due(self) -> bool:
        """Whether a held subscription must run."""
        return bool(self._due)

    def due(self) -> list[Subscription]:
        """Return the held subscriptions that must run; each is running from now on, until `record`."""
        due = list(self._due)
        self._due.clear()
        self._running.update(due)
        return due

    def give_back(self, subscriptions: Iterable[Subscription]) -> None:
        """Make due again what was taken and could not be run."""
        for subscription in subscriptions:
            self._running.discard(subscription)
            if subscription.is_wanted:
                self._due[subscription] = None

    def record(self, subscription: Subscription, outcome: Outcome, duration_ms: float) -> bool:
        """Take the outcome of a run; it is stale again at once if a later commit touched what it read.

        Returns:
            Whether result or error differ from what they were.
        """
        self._running.discard(subscription)
        if subscription.state is State.CLOSED:
            return False
        encoded = _encoded(outcome.result) if outcome.error is None else None
        first = subscription.state is State.LOADING
        changed = first or not _same(subscription, outcome, encoded)
        subscription.history.append(
            Run(
                subscription.key,
                outcome.ts,
                duration_ms,
                changed,
                None if outcome.error is None else without_frames(outcome.error),
                subscription.cause,
                subscription.runs == 0,
                self._describe,
            )
        )
        subscription.runs += 1
        subscription.ts = outcome.ts
        if changed:
            subscription.result, subscription.error, subscription.encoded = outcome.result, outcome.error, encoded
            subscription.plain = None
        subscription.uses_chance = outcome.uses_chance
        subscription.state = State.STALE if subscription in self._due else State.FRESH
        self._rest(subscription)
        subscription.cause = None
        self._read(subscription, outcome.reads.intervals(), outcome.reads.searches())
        later = self._since(outcome.ts)
        if later is None:
            self._stale(subscription, None)
        else:
            for commit in later:
                found = overlap(subscription.intervals, subscription.searches, commit)
                if found is not None:
                    self._stale(subscription, found)
                    break
        return changed

    def _stale(self, subscription: Subscription, met: Overlap | None) -> None:
        if subscription.holders == 0:
            self._drop(subscription)
            return
        if subscription.state is not State.LOADING:
            subscription.state = State.STALE
            subscription.cause = None if met is None else self._causes.of(met)
        self._forget_searches(subscription)
        if subscription.is_wanted or subscription in self._running:
            self._due[subscription] = None

    def _read(
        self,
        subscription: Subscription,
        intervals: dict[Place, IntervalSet],
        searches: dict[Place, tuple[SearchRead[Any], ...]],
    ) -> None:
        """Register what a subscription now depends on, touching only what differs from before."""
        before = subscription.intervals
        for place in before.keys() | intervals.keys():
            old, new = before.get(place), intervals.get(place)
            if old == new:
                continue
            readers = self._readers.get(place)
            if readers is None:
                readers = self._readers[place] = IntervalIndex()
            old_ones: set[Interval] = set() if old is None else set(old)
            new_ones: set[Interval] = set() if new is None else set(new)
            for interval in old_ones - new_ones:
                readers.remove(interval, subscription)
            for interval in new_ones - old_ones:
                readers.add(interval, subscription)
            if not len(readers):
                del self._readers[place]
        subscription.intervals = intervals
        self._forget_searches(subscription)
        subscription.searches = searches
        if searches and subscription.state is State.FRESH:
            self._searching.add(subscription)
            for place, reads in searches.items():
                searchers = self._searchers.setdefault(place, Readers())
                for read in reads:
                    searchers.add(read, subscription)

    def _forget_searches(self, subscription: Subscription) -> None:
        if subscription not in self._searching:
            return
        self._searching.remove(subscription)
        for place, reads in subscription.searches.items():
            searchers = self._searchers[place]
            for read in reads:
                searchers.remove(read, subscription)
            if not len(searchers):
                del self._searchers[place]

    # ------------------------------------------------------------------ what is kept

    def _cache(self, subscription: Subscription) -> None:
        size = 0 if subscription.encoded is None else len(subscription.encoded)
        if not self._answers(subscription) or size > CACHED_BYTES:
            self._drop(subscription)
            return
        subscription.result = None  # the encoding answers; keeping both would double the memory
        self._cached[subscription] = size
        self._cached_bytes += size
        while len(self._cached) > CACHED_RESULTS or self._cached_bytes > CACHED_BYTES:
            self._drop(next(iter(self._cached)))

    def _uncache(self, subscription: Subscription) -> None:
        size = self._cached.pop(subscription, None)
        if size is not None:
            self._cached_bytes -= size
            assert subscription.encoded is not None
            subscription.result = wire.decode(subscription.encoded)

    def _drop(self, subscription: Subscription) -> None:
        size = self._cached.pop(subscription, None)
        if size is not None:
            self._cached_bytes -= size
        self._read(subscription, {}, {})
        self._by_key.pop(subscription.key, None)
        self._due.pop(subscription, None)
        subscription.state = State.CLOSED

    def _answers(self, subscription: Subscription) -> bool:
        """Whether the encoded result may answer another call."""
        encoded = subscription.encoded
        if subscription.state is not State.FRESH or subscription.uses_chance or encoded is None:
            return False
        if subscription.plain is None:
            subscription.plain = _is_plain(subscription.result)
        return subscription.plain

    def subscriptions(self) -> Iterable[Subscription]:
        """Return all that are held."""
        return [subscription for subscription in self._by_key.values() if subscription.holders]

    def check(self) -> None:
        """Assert that indexes, cache and states agree."""
        expected: dict[Place, list[tuple[Interval, int]]] = {}
        searched: dict[Place, int] = {}
        for key, subscription in self._by_key.items():
            assert subscription.key == key
            assert subscription.state is not State.CLOSED
            assert (subscription.holders == 0) == (subscription in self._cached)
            assert 0 <= subscription.paused <= subscription.holders
            if subscription.is_wanted:
                to_run = subscription in self._due or subscription in self._running
                assert (subscription.state is not State.FRESH) == to_run
            elif subscription.holders:
                assert subscription not in self._due or subscription in self._running
            for place, intervals in subscription.intervals.items():
                for interval in intervals:
                    expected.setdefault(place, []).append((interval, id(subscription)))
            is_searching = bool(subscription.searches) and subscription.state is State.FRESH
            assert is_searching == (subscription in self._searching)
            for place, reads in subscription.searches.items() if is_searching else ():
                searched[place] = searched.get(place, 0) + len(reads)
        assert searched == {place: len(searchers) for place, searchers in self._searchers.items()}
        assert expected.keys() == self._readers.keys()
        for place, entries in expected.items():
            self._readers[place].check()
            assert len(self._readers[place]) == len(entries)
        for searchers in self._searchers.values():
            searchers.check()
        assert self._cached_bytes == sum(self._cached.values())


def _encoded(result: Any) -> bytes | None:
    """Return the encoding by which a result is compared; None when it holds more than values and is no data frame."""
    try:
        if type(result).__module__.partition(".")[0] in _FRAMES:
            # Frames made alike of the same cells have the same pickle; and the same pickle is the same frame. Its hash
            # is enough, for nobody reads it back: only plain values answer other calls.
            return hashlib.blake2b(pickle.dumps(result, pickle.HIGHEST_PROTOCOL)).digest()
        return wire.encode(result)
    except Exception:  # noqa: BLE001 - whatever a user's object raises, it cannot be compared
        return None


def _is_plain(value: Any) -> bool:
    """Whether decoding its encoding gives the same again; a tuple, a subclass or another time zone would come back as less."""
    kind = type(value)
    if kind is dict:
        return all(_is_plain(each) for each in value.values())
    if kind is list:
        return all(map(_is_plain, value))
    return kind in _SCALARS or (kind is datetime and value.tzinfo is UTC)


def _same(subscription: Subscription, outcome: Outcome, encoded: bytes | None) -> bool:
    new, old = outcome.error, subscription.error
    if new is not None and old is not None:
        return type(new) is type(old) and error_text(new) == error_text(old)
    if new is not None or old is not None:
        return False
    return encoded is not None and encoded == subscription.encoded
