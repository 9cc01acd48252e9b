"""Looking around in an open database: what is there, what is open, what happened last; and drawings of that.

The part of `Engine` that only looks. Nothing here changes anything or waits for anybody, `check` excepted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from reactive_nb.documents.snapshot import TableState
from reactive_nb.engine.commit_queue import closed
from reactive_nb.engine.interrupts import UninterruptedLock
from reactive_nb.engine.refresher import Moment, Refresher
from reactive_nb.engine.surface import Surface
from reactive_nb.errors import InvalidId
from reactive_nb.functions.attempts import Attempt
from reactive_nb.functions.function import Function
from reactive_nb.functions.registry import Registry
from reactive_nb.functions.runner import Runner
from reactive_nb.schema.declaration import Table
from reactive_nb.subscriptions.manager import SubscriptionManager
from reactive_nb.subscriptions.subscription import Subscription
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.committer import Committer
from reactive_nb.values.ids import table_number_of

if TYPE_CHECKING:
    from reactive_nb.engine.engine import Engine


class Inspection:
    """What an engine lets people look at; `Engine` fills the attributes."""

    _committer: Committer
    _manager: SubscriptionManager
    _refresher: Refresher
    _registry: Registry
    _runner: Runner
    _state: UninterruptedLock
    _surface: Surface
    _closed: bool

    @property
    def ts(self) -> int:
        """The number of the newest commit."""
        return self._committer.head.ts

    @property
    def oldest(self) -> int:
        """The oldest commit that `at` can go back to."""
        with self._state:
            return self._committer.recent.base.ts

    @property
    def shown_ts(self) -> int:
        """The commit that all live results show."""
        return self._refresher.ts

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def find(self, function: Function | str) -> Function:
        """Return a function given as itself or by its path.

        Raises:
            UnknownFunction: Nothing is registered under the path.
        """
        return function if isinstance(function, Function) else self._registry.find(function)

    def functions(self) -> list[Function]:
        """Return the registered functions."""
        return list(self._registry)

    def tables(self) -> Mapping[str, Table]:
        """Return the declarations of all tables by name."""
        return {name: each.stored.table for name, each in self._mine()}

    def table_counts(self) -> dict[str, int]:
        """Return the number of documents of each table by name."""
        return {name: each.size for name, each in self._mine()}

    def table_of(self, id: str) -> tuple[str, Table] | None:
        """Return the name and the declaration of the table that a document id belongs to; None of anything else."""
        try:
            number = table_number_of(id)
        except InvalidId:
            return None
        found = (name for name, each in self._mine() if each.stored.number == number)
        name = next(found, None)
        return None if name is None else (name, self.tables()[name])

    def lives(self) -> list[Any]:
        """Return the live results that are open, oldest first."""
        return [holder for holder in self._refresher.holders() if holder.is_live_result]

    def subscriptions(self) -> list[Subscription]:
        """Return the query calls that are kept true, each once, oldest first; to be looked at only.

        Those of the panel's data browsers are not among them: they serve somebody who looks, and no code.
        """
        held = dict.fromkeys(hold.subscription for hold in self._refresher.holds())
        return [subscription for subscription in held if not subscription.function.is_own]

    def commits(self, count: int = 20) -> list[Commit]:
        """Return the newest commits, newest last."""
        with self._state:
            return self._committer.recent.newest(count)

    def attempts(self, count: int = 50) -> list[Attempt]:
        """Return the latest transactions that meant to write, refused ones and repetitions among them, newest last."""
        return self._runner.attempts.latest(count)

    def timeline(self: Engine, count: int = 50) -> Any:  # type: ignore[misc]  # Engine is the only one
        """Return a drawing of the latest transactions: a lane per thread, conflicts and repetitions marked.

        Args:
            count: How many transactions; at most 256 are remembered.
        """
        return self._surface.timeline(self, count)

    def graph(self: Engine) -> Any:  # type: ignore[misc]  # Engine is the only one
        """Return a drawing of tables, the index ranges that live queries read, the queries, and what shows them."""
        return self._surface.graph(self)

    def on_transition(self, listener: Callable[[Moment], None]) -> Callable[[], None]:
        """Call `listener(moment)` once for each moment at which live results changed.

        Returns:
            A function that ends it.
        """
        self._require_open()
        return self._refresher.on_moment(listener)

    def on_refresh(self, listener: Callable[[list[Any]], None]) -> Callable[[], None]:
        """Call `listener(lives)` when stale results begin to run again, and with an empty list when that is over.

        Returns:
            A function that ends it.
        """
        self._require_open()
        return self._refresher.on_refresh(listener)

    def check(self) -> None:
        """Assert the invariants that can be looked up: indexes are their documents, subscriptions are in order."""
        self._require_open()
        self._refresher.settle()  # between a commit and its refresh the subscriptions are not at rest
        with self._state:
            self._committer.recent.check()
            self._manager.check()
        self._committer.head.check()

    def _require_open(self) -> None:
        if self._closed:
            raise closed()

    def _mine(self) -> Iterator[tuple[str, TableState]]:
        for name, state in self._committer.head.tables.items():
            if not name.startswith("_"):
                yield name, state
