"""Dependencies: what a reactive cell follows. Query calls, held at their engines; widgets and live results, observed.

Comes in: what a run has read. Goes out: each later change, told on the thread that made it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from reactive_nb.engine.refresher import Hold
from reactive_nb.errors import SnapshotGone, error_text
from reactive_nb.notebook.cell.recorder import CallKey, Read
from reactive_nb.notebook.live import Live
from reactive_nb.subscriptions.subscription import Subscription
from reactive_nb.values import wire

if TYPE_CHECKING:
    import traitlets

Outcome = tuple[bytes | None, tuple[type[BaseException], str] | None]
"""What a query answered: the encoded result, or the class and the text of what it raised."""

Changed = Callable[[str, str, str], object]
"""Told of a change: of what, in words how, and from where the commit came that made it; empty when nobody knows."""


class QueryDependency:
    """One query call, kept true; a `Holder` (engine/refresher.py).

    Args:
        read: The call.
        changed: Told of each change after the first result.
        closed: Called when the engine is closed.

    Attributes:
        changed_ts: The commit of which its latest result is.
    """

    is_live_result = False

    def __init__(self, read: Read, changed: Changed, closed: Callable[[], object]) -> None:
        self._call = read.call
        self._changed = changed
        self._closed = closed
        self._outcome: Outcome = (None, None)
        self._news: tuple[str, str, str] | None = None
        self._has_begun = False
        self._is_over = False
        self.changed_ts = 0
        self._hold: Hold = read.call.engine.hold(read.call.function, read.call.args, self)

    @property
    def engine(self) -> Any:
        """The engine that keeps it true."""
        return self._call.engine

    @property
    def call(self) -> str:
        """The call as text."""
        return self._hold.subscription.call

    def take_news(self, subscription: Subscription) -> None:
        """Take over the result; called by the engine."""
        self._outcome = subscription.encoded, _facts(subscription.error)
        self.changed_ts = subscription.ts
        if self._has_begun:
            commit = subscription.history[-1].commit
            origin = "" if commit is None else commit.origin
            self._news = subscription.call, f"changed, commit {subscription.ts}", origin
        self._has_begun = True

    def announce(self) -> None:
        """Tell of the change; called by the engine."""
        news, self._news = self._news, None
        if news is not None and not self._is_over:
            self._changed(*news)

    def close(self) -> None:
        """Say that the engine is closed; called by the engine."""
        if not self._is_over:
            self._closed()

    def let_go(self) -> None:
        """End it."""
        self._is_over = True
        self.engine.let_go(self._hold)

    def missed(self, head: int) -> str:
        """Return in words how it has changed for somebody who called it when `head` was the newest commit, or "".

        Its result may have changed afterwards, and back again, or with a commit that he has seen already: when the
        numbers leave that open, the query is asked as of that commit.
        """
        if self.changed_ts <= head or self._outcome == self._outcome_at(head):
            return ""
        return f"changed while it ran, commit {self.changed_ts}"

    def _outcome_at(self, ts: int) -> Outcome | None:
        """Return what the query answered at a commit; None when nobody knows any more."""
        try:
            return wire.encode(self.engine.at(ts).run(self._call.function, **self._call.args)), None
        except SnapshotGone:
            return None
        except Exception as error:  # noqa: BLE001 - the query's own, and one of the answers that it gives
            return None, _facts(error)


class TraitDependency:
    """A widget's value, or a live result's.

    Args:
        owner: The widget or the live result.
        name: The variable that holds it.
        changed: Told of each change, except those made on a thread for which `is_own` says so.
        is_own: Whether the caller is the run itself.
    """

    def __init__(
        self, owner: traitlets.HasTraits, name: str, changed: Changed, is_own: Callable[[], bool] = lambda: False
    ) -> None:
        self.owner = owner
        self._name = name
        self._changed = changed
        self._is_own = is_own
        self._traits = ["value", "error"] if isinstance(owner, Live) else ["value"]
        owner.observe(self._on_change, self._traits)

    def let_go(self) -> None:
        """End it."""
        self.owner.unobserve(self._on_change, self._traits)

    def _on_change(self, change: Any) -> None:
        if self._is_own():
            return
        if isinstance(self.owner, Live):
            commit = self.owner.commit
            origin = "" if commit is None else commit.origin
            self._changed(self._name, f"changed, commit {self.owner.ts}", origin)
        else:
            self._changed(f"{self._name}.value", f"is {_short(change['new'])}", "")


def _facts(error: BaseException | None) -> tuple[type[BaseException], str] | None:
    return None if error is None else (type(error), error_text(error))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"


class Dependencies:
    """All that one cell follows.

    Args:
        on_query: Told of changes of queries.
        on_trait: Told of changes of widgets and live results, except those made on a thread for which `is_own` says so.
        on_closed: Called when an engine of a query is closed.
        is_own: Whether the caller is the run itself.
    """

    def __init__(
        self, on_query: Changed, on_trait: Changed, on_closed: Callable[[], object], is_own: Callable[[], bool]
    ) -> None:
        self._on_query = on_query
        self._on_trait = on_trait
        self._on_closed = on_closed
        self._is_own = is_own
        self._queries: dict[CallKey, QueryDependency] = {}
        self._traits: dict[str, TraitDependency] = {}

    @property
    def engines(self) -> set[Any]:
        """The engines of the queries."""
        return {query.engine for query in self._queries.values()}

    def names(self) -> list[str]:
        """Return what is followed in words: variables, then query calls."""
        return [*self._traits, *(query.call for query in self._queries.values())]

    def observe(self, found: Mapping[str, traitlets.HasTraits]) -> None:
        """Observe these variables from now on, and no others."""
        for name, trait in list(self._traits.items()):
            if found.get(name) is not trait.owner:
                self._traits.pop(name).let_go()
        for name, owner in found.items():
            if name not in self._traits:
                self._traits[name] = TraitDependency(owner, name, self._on_trait, self._is_own)

    def hold(self, reads: Mapping[CallKey, Read]) -> None:
        """Hold these queries from now on, and then let go of all others; return when their results are known."""
        before = self._queries
        # An interrupt while they are made leaves those from before.
        held = {
            key: before.get(key) or QueryDependency(read, self._on_query, self._on_closed)
            for key, read in reads.items()
            if not read.call.engine.closed
        }
        self._queries = held
        for key, query in before.items():
            if key not in held:
                query.let_go()
        # What came of commits during the run, its own among them, is known after this.
        for engine in {read.call.engine for read in reads.values() if read.head != read.call.engine.ts}:
            if not engine.closed:
                engine.catch_up()

    def missed(self, reads: Mapping[CallKey, Read]) -> list[tuple[str, str, Read]]:
        """Return what a run has not seen of its queries, because it came after the run had called them: what, and how."""
        found = [(self._queries[key], read) for key, read in reads.items() if key in self._queries]
        return [(query.call, how, read) for query, read in found if (how := query.missed(read.head))]

    def let_go(self) -> None:
        """Follow nothing any more."""
        queries, self._queries = self._queries, {}
        traits, self._traits = self._traits, {}
        for query in queries.values():
            query.let_go()
        for trait in traits.values():
            trait.let_go()
