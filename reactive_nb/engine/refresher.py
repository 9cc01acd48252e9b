"""The thread that brings results up to date: it runs what is stale, at one snapshot, and announces one moment.

Comes in: a wake-up after a commit that made something stale. Goes out: a `Moment`, delivered to every holder whose
result changed and then to every listener, always on this thread. Commits that arrive meanwhile are taken together by
the next round, so a burst costs one run of each query and a slow listener never builds a queue.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from weakref import finalize, ref

from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.engine.interrupts import UninterruptedLock
from reactive_nb.errors import NestedCallError
from reactive_nb.functions.function import Function
from reactive_nb.functions.page import Journal
from reactive_nb.functions.runner import Runner
from reactive_nb.subscriptions.manager import SubscriptionManager
from reactive_nb.subscriptions.subscription import State, Subscription, args_of
from reactive_nb.transaction.committer import Committer

logger = logging.getLogger("reactive_nb")

_INTERRUPT_AGAIN_SECONDS = 0.01


class Holder(Protocol):
    """Somebody who keeps a subscription and wants to hear of its changes, such as a live result.

    The engine refers to it weakly: dropping the last reference to a holder ends its subscription.

    Attributes:
        is_live_result: Whether people know it as a live result.
    """

    is_live_result: bool

    def take_news(self, subscription: Subscription) -> None:
        """Take over a subscription's result without telling anybody yet; others may still show the old moment."""

    def announce(self) -> None:
        """Tell whoever listens; everybody shows the new moment now."""

    def close(self) -> None:
        """Let go of the subscription; the engine calls it when it is closed itself."""


class Hold:
    """What ties a holder to its subscription.

    Attributes:
        subscription: Starts as what the holder asked for first; `Refresher.move` puts another in its place.
        holder: The holder, weakly.
        paused: Starts False; True between `Refresher.pause` and `resume`: the holder keeps what it has.
        closed: Starts False; True for good once the holder let go or was dropped.
    """

    __slots__ = ("__weakref__", "closed", "holder", "paused", "subscription")

    def __init__(self, subscription: Subscription, holder: Holder, abandoned: deque[Hold]) -> None:
        self.subscription = subscription
        self.paused = False
        self.closed = False
        self.holder: ref[Holder] = ref(holder, lambda _: abandoned.append(self))


@dataclass(frozen=True, slots=True)
class Moment:
    """What all results show from now on.

    Attributes:
        ts: The commit they are true for.
        lives: The holders whose result changed; each has it already.
    """

    ts: int
    lives: list[Any]


class Refresher:
    """Owns the refreshing thread, and under the engine's state lock all that it shares with other threads."""

    def __init__(
        self,
        name: str,
        state: UninterruptedLock,
        committer: Committer,
        runner: Runner,
        manager: SubscriptionManager,
        interrupt_sql: Callable[[int | None], threading.Lock | None],
    ) -> None:
        self._state = state
        self._own = state.bare  # for the thread itself, which Ctrl-C never reaches
        self._committer = committer
        self._runner = runner
        self._manager = manager
        self._interrupt_sql = interrupt_sql  # of a thread; `SqlDesk.interrupt_for`
        # Whose query runs just now, or None.
        self._current: Subscription | None = None
        self._shown_ts = committer.head.ts
        self._holds: dict[Subscription, list[Hold]] = {}
        self._arrivals: list[Hold] = []
        self._listeners: list[Callable[[Moment], None]] = []
        self._watchers: list[Callable[[list[Any]], None]] = []
        # Filled by weak references' callbacks, which may run anywhere and so must not take a lock.
        self._abandoned: deque[Hold] = deque()
        self._rounds_begun = 0
        self._settling: list[tuple[int, threading.Lock]] = []
        # Held while the thread sleeps; whoever finds it asleep says that it is not any more, and releases.
        self._signal = threading.Lock()
        self._signal.acquire()
        self._asleep = True
        self._closed = False
        self._thread = threading.Thread(
            target=_serve, args=(ref(self), self._signal), name=f"reactive_nb {name}", daemon=True
        )
        # A database in memory that nobody holds any more goes, and its thread with it.
        finalize(self, _wake, self._signal).atexit = False
        self._thread.start()

    # ------------------------------------------------------------------ for other threads

    def wake(self) -> None:
        """Start a round if none is running; the caller holds the state lock."""
        if self._asleep:
            self._asleep = False
            self._signal.release()

    def wake_if_due(self) -> None:
        """Start a round if a result is stale; the caller holds the state lock."""
        if self._manager.has_due:
            self.wake()

    def hold(self, function: Function, args: dict[str, Any], holder: Holder) -> Hold:
        """Tie a holder to a query call; it gets the result in the next round."""
        with self._state:
            hold = Hold(self._manager.hold(function, args), holder, self._abandoned)
            self._add(hold)
            return hold

    def move(self, hold: Hold, function: Function, args: dict[str, Any]) -> None:
        """Tie a holder to another query call instead; it gets that result in the next round."""
        with self._state:
            if not hold.closed:
                before = hold.subscription
                hold.subscription = self._manager.hold(function, args)
                self._remove(hold, before)
                if hold.paused:
                    self._manager.pause(hold.subscription)
                self._add(hold)
        self._end_unwanted()

    def pause(self, hold: Hold) -> int:
        """Let a holder keep what it has, whatever is committed; return the commit that this is true for."""
        with self._state:
            ts = self._ts()  # before what was due for it is not any more
            if not hold.closed and not hold.paused:
                hold.paused = True
                self._manager.pause(hold.subscription)
            return ts

    def resume(self, hold: Hold) -> None:
        """Take back `pause`; the holder gets the result of the newest commit in the next round."""
        with self._state:
            if not hold.closed and hold.paused:
                hold.paused = False
                self._manager.resume(hold.subscription)
                self._arrivals.append(hold)
                self.wake()

    def let_go(self, hold: Hold) -> None:
        """Untie a holder."""
        with self._state:
            self._let_go(hold)
        self._end_unwanted()

    def is_unwanted(self) -> bool:
        """Whether the caller is a query being refreshed for which nobody waits any more."""
        current = self._current
        return current is not None and current.state is State.CLOSED and self.is_own_thread

    def on_moment(self, listener: Callable[[Moment], None]) -> Callable[[], None]:
        """Call `listener(moment)` after each moment, on the refreshing thread; return what ends it."""
        return self._enlist(self._listeners, listener)

    def on_refresh(self, listener: Callable[[list[Any]], None]) -> Callable[[], None]:
        """Call `listener(holders)` when stale results begin to run again, and with none when that is over."""
        return self._enlist(self._watchers, listener)

    def _enlist(self, listeners: list[Any], listener: Callable[[Any], None]) -> Callable[[], None]:
        with self._state:
            listeners.append(listener)

        def end() -> None:
            with self._state:
                if listener in listeners:
                    listeners.remove(listener)

        return end

    @property
    def ts(self) -> int:
        """The commit that every held result is true for and shows."""
        with self._state:
            return self._ts()

    def _ts(self) -> int:
        return self._committer.head.ts if self._asleep and not self._manager.has_due else self._shown_ts

    @property
    def is_own_thread(self) -> bool:
        """Whether the caller is a listener, or a query being refreshed."""
        return threading.current_thread() is self._thread

    def holds(self) -> list[Hold]:
        """Return all holds, oldest first."""
        with self._state:
            return [hold for holds in self._holds.values() for hold in holds]

    def holders(self) -> list[Holder]:
        """Return all who hold something, oldest first."""
        return [holder for hold in self.holds() if (holder := hold.holder()) is not None]

    def settle(self) -> None:
        """Return when a whole round that began after this call is over.

        Raises:
            NestedCallError: Called by a listener, which the round itself is waiting for.
        """
        if self.is_own_thread:
            raise NestedCallError(
                "Cannot settle",
                thing="it is called by a listener of a live result, which settling would wait for",
                expected="a call from a cell or another thread",
                hint="Live results are brought up to date by themselves; leave the call out",
            )
        over = threading.Lock()
        over.acquire()
        with self._state:
            if self._closed:
                return
            self._settling.append((self._rounds_begun + 1, over))
            self._let_go_of_abandoned()
            self.wake()
        self._end_unwanted()
        over.acquire()

    def end(self) -> None:
        """Let the thread end after the query that runs; nobody hears of anything any more, nor of this round."""
        with self._state:
            self._closed = True
            self.wake()

    def join(self) -> None:
        """Return when the thread has ended."""
        self._thread.join()

    # ------------------------------------------------------------------ the thread

    def refresh(self) -> bool:
        """Run rounds until everything is fresh; return whether the thread shall sleep, or end."""
        while True:
            with self._own:
                # Asked under the lock: a close between the question and going to sleep would wake nobody.
                if self._closed:
                    self._release_settled(self._rounds_begun + 1)
                    return False
                if not (self._manager.has_due or self._arrivals or self._settling or self._abandoned):
                    self._asleep = True
                    return True
            try:
                self._round()
            except Exception:
                logger.exception("A refresh of live results failed; this is an error of reactive_nb")

    def _round(self) -> None:
        """Bring everything that is stale to one moment, and announce it."""
        with self._own:
            self._rounds_begun += 1
            number = self._rounds_begun
        try:
            self._bring_to_head()
        finally:
            with self._own:
                self._release_settled(number)

    def _bring_to_head(self) -> None:
        with self._own:
            self._let_go_of_abandoned()
            snapshot = self._committer.head
            due = deque(self._manager.due())
            # With what they ask for now: one that moves on meanwhile is for the next moment.
            arrivals = {hold: hold.subscription for hold in self._arrivals}
            self._arrivals = []
            watchers = list(self._watchers) if due else []
        # What a query raises refers to this frame, as the caller of its caller: no holder may stand in it.
        self._tell_waiting(watchers, due)
        changed: dict[Subscription, None] = {}
        try:
            while due and not self._closed:
                if self._run(due[0], snapshot):
                    changed[due[0]] = None
                due.popleft()
        finally:
            with self._own:
                self._manager.give_back(due)  # nothing, unless it ends, or something has gone wrong
            for watcher in watchers:
                tell(partial(watcher, []), watcher)
        self._announce(snapshot, changed, arrivals)

    def _tell_waiting(self, watchers: list[Callable[[list[Any]], None]], due: Iterable[Subscription]) -> None:
        """Tell the watchers who waits for what runs now."""
        if watchers:
            with self._own:
                waiting = self._holders_of(due)
            for watcher in watchers:
                tell(partial(watcher, waiting), watcher)

    def _announce(
        self, snapshot: Snapshot, changed: Iterable[Subscription], arrivals: Mapping[Hold, Subscription]
    ) -> None:
        """Hand the news of a moment to the holders, and then tell everybody."""
        with self._own:
            if self._closed:  # while queries ran, whose SQL that may have ended
                return
            moved = {hold: subscription for subscription in changed for hold in self._holds.get(subscription, ())}
            moved |= {hold: each for hold, each in arrivals.items() if each.state is not State.LOADING}
            news = [
                (holder, subscription)
                for hold, subscription in moved.items()
                if hold.subscription is subscription
                and not (hold.closed or hold.paused)
                and (holder := hold.holder()) is not None
            ]
            listeners = list(self._listeners)
            self._shown_ts = snapshot.ts
        for holder, subscription in news:
            holder.take_news(subscription)
        holders = [holder for holder, _ in news]
        for holder in holders:
            tell(holder.announce, holder)
        if holders:
            moment = Moment(snapshot.ts, holders)
            for listener in listeners:
                tell(partial(listener, moment), listener)

    def _holders_of(self, subscriptions: Iterable[Subscription]) -> list[Any]:
        holds = (hold for subscription in subscriptions for hold in self._holds.get(subscription, ()))
        return [holder for hold in holds if not hold.paused and (holder := hold.holder()) is not None]

    def _run(self, subscription: Subscription, snapshot: Snapshot) -> bool:
        """Run a subscription's query at a snapshot; return whether that changed its result or error."""
        journal = Journal(subscription.page_ends)
        with self._own:
            if subscription.state is State.CLOSED:  # its last holder let go while others ran
                self._manager.give_back((subscription,))
                return False
            self._current = subscription
        started = time.perf_counter()
        outcome = self._runner.query(subscription.function, args_of(subscription.key), snapshot, journal)
        duration_ms = (time.perf_counter() - started) * 1000
        with self._own:
            self._current = None
            if self._closed:  # which may have ended its SQL: that is no outcome
                self._manager.give_back((subscription,))
                return False
            subscription.page_ends = journal.ends
            return self._manager.record(subscription, outcome, duration_ms)

    def _release_settled(self, number: int) -> None:
        for _, over in (each for each in self._settling if each[0] <= number):
            over.release()
        self._settling = [each for each in self._settling if each[0] > number]

    def _add(self, hold: Hold) -> None:
        self._holds.setdefault(hold.subscription, []).append(hold)
        self._arrivals.append(hold)
        self.wake()

    def _let_go(self, hold: Hold) -> None:
        if not hold.closed:
            hold.closed = True
            self._remove(hold, hold.subscription)

    def _let_go_of_abandoned(self) -> None:
        while self._abandoned:
            self._let_go(self._abandoned.popleft())

    def _end_unwanted(self) -> None:
        """End the SQL of the query that runs if nobody waits for its result any more, for all others wait for it."""
        while True:
            with self._state:  # so that it is this query still that is interrupted, and none that comes after it
                current = self._current
                is_unwanted = current is not None and current.state is State.CLOSED and not self.is_own_thread
                over = self._interrupt_sql(self._thread.ident) if is_unwanted else None
            if over is None:
                return
            if over.acquire(timeout=_INTERRUPT_AGAIN_SECONDS):
                over.release()

    def _remove(self, hold: Hold, subscription: Subscription) -> None:
        holds = self._holds[subscription]
        holds.remove(hold)
        if not holds:
            del self._holds[subscription]
        if hold.paused:
            self._manager.resume(subscription)
        self._manager.release(subscription)


def _wake(signal: threading.Lock) -> None:
    """Let a thread whose engine is gone look once more, and end."""
    with suppress(RuntimeError):  # it has been woken already and is about to look
        signal.release()


def _serve(weakly: ref[Refresher], signal: threading.Lock) -> None:
    """What the thread does; between rounds it holds no reference that would keep the engine."""
    while True:
        signal.acquire()
        refresher = weakly()
        if refresher is None or not refresher.refresh():
            return
        del refresher


def tell(news: Callable[[], object], whom: object) -> None:
    """Call a listener; its failure is its own, and is logged with both ends.

    Even `sys.exit()` in a listener does not end the thread: everybody who settles would wait for ever.
    """
    try:
        news()
    except BaseException:
        logger.exception("A listener of reactive_nb failed: %r", whom)
