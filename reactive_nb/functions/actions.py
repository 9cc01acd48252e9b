"""Actions: functions that may touch the outside world, and what they are handed as `ctx`.

An action is no transaction: each `ctx.run_query` and `ctx.run_mutation` is one of its own. It is never run again by
itself. A run can be cancelled, and then ends with an exception: an `async def` at its next await, a plain def at its
next use of `ctx`, for nothing can stop it in between.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, NoReturn, Protocol, TypeVar

from reactive_nb.clock import IdSource
from reactive_nb.errors import ActionCancelled, ActionTimeout, FunctionKindError, NestedCallError
from reactive_nb.functions.context import MAX_DEPTH
from reactive_nb.functions.environment import EnvironmentReader
from reactive_nb.functions.function import Caller, Function, Kind
from reactive_nb.functions.scheduler import EPOCH, DirectScheduler, Scheduler
from reactive_nb.functions.search_filter import FilterFunction
from reactive_nb.functions.storage import ActionStorage, FileContents
from reactive_nb.functions.vector_search import MAX_LIMIT, vector_search
from reactive_nb.transaction.transaction import Transaction

T = TypeVar("T")

Report = Callable[[float, float | None, str], None]
"""Shows how far an action is: done, total or None, a text."""


class ActionHost(Protocol):
    """What the context of an action needs of the engine."""

    ids: IdSource

    def find(self, function: Function | str) -> Function:
        """Return a function given as itself or by its path."""

    def call(self, function: Function, args: dict[str, Any]) -> Any:
        """Run a function."""

    def call_inside(self, function: Function, args: dict[str, Any], run: ActionRun) -> Any:
        """Run an action as a part of another one, on its thread; an `async def` returns an awaitable."""

    def write(self, body: Callable[[Any], T], name: str = ...) -> T:
        """Run writing code as one transaction."""

    @property
    def files(self) -> FileContents:
        """The bytes of stored files."""

    def read(self, body: Callable[[Any], T], /) -> T:
        """Run reading code once."""

    def reading(self) -> Transaction:
        """Return a transaction on the newest commit, for reading."""

    def now_ms(self) -> float:
        """Return the time."""


class ActionRun:
    """One execution of an action.

    Attributes:
        function: The action.
        depth: How many actions it is inside of.
        report: Shows its progress.
        holds_thread: Whether a thread waits for its end, its own or that of an action that it is inside of.
        stop: Ends it where it awaits something. Starts as doing nothing; the engine sets it for an `async def`.
    """

    def __init__(
        self, function: Function, report: Report, timeout: timedelta | None = None, outer: ActionRun | None = None
    ) -> None:
        self.function = function
        self.report = report
        self.timeout = timeout or function.timeout
        self.depth: int = 0 if outer is None else outer.depth + 1
        self.holds_thread: bool = not function.is_async or (outer is not None and outer.holds_thread)
        self.stop: Callable[[], None] = _nothing
        self._outer = outer
        self._inner: dict[ActionRun, None] = {}
        self._ends_s: float | None = None
        self._cancelled: str | None = None
        if self.depth > MAX_DEPTH:
            raise NestedCallError(
                f"Cannot run {function.path}",
                thing=f"it would be nested {self.depth} deep",
                expected=f"at most {MAX_DEPTH}",
                hint="An action that runs itself must come to an end; use a loop or a plain helper function",
            )

    def start(self) -> None:
        """Begin to count its time.

        Raises:
            ActionCancelled: It was cancelled before.
            ActionTimeout: The time of an action that it is inside of is over.
        """
        if self.timeout is not None:
            self._ends_s = time.monotonic() + self.timeout.total_seconds()
        if self._outer is not None:
            self._outer._inner[self] = None
        self.check()

    def end(self) -> None:
        """Let go of what only a run that lasts needs."""
        self.stop = _nothing
        if self._outer is not None:
            self._outer._inner.pop(self, None)

    @property
    def own_seconds_left(self) -> float | None:
        """How long it may still run by its own timeout, or None."""
        return None if self._ends_s is None else max(0.0, self._ends_s - time.monotonic())

    @property
    def seconds_left(self) -> float | None:
        """How long it and all that it is inside of may still run, or None."""
        first = self._first_to_end()
        return None if first is None else first.own_seconds_left

    def cancel(self, why: str) -> None:
        """Have it end at its next check, or where it awaits something, and what runs inside it too.

        Args:
            why: As the error says it: `"its future was cancelled"`.
        """
        if self._cancelled is None:  # once: a second time would also end what it does to clean up
            self._cancelled = why
            self.stop()
            for each in list(self._inner):
                each.cancel("the action that it is a part of was cancelled")

    @property
    def reason(self) -> str | None:
        """Why it shall end, or None."""
        return self._cancelled

    def check(self) -> None:
        """Go on, unless it was cancelled or its time is over.

        Raises:
            ActionCancelled: It was cancelled.
            ActionTimeout: Its time is over.
        """
        if self._cancelled is not None:
            raise self.cancelled()
        if self.seconds_left == 0.0:
            raise self.timed_out()
        if self._outer is not None:
            self._outer.check()

    def cancelled(self) -> ActionCancelled:
        """Return the error for a run that was cancelled."""
        return ActionCancelled(
            f"Cannot go on with {self.function.path}",
            thing=self._cancelled or "it was cancelled",
            expected="an action that nobody cancels",
            hint="What it has done until now is done; run it again if it shall be done whole",
        )

    def timed_out(self) -> ActionTimeout:
        """Return the error for a run whose time is over, or that of an action that it is inside of."""
        late = self._first_to_end()
        assert late is not None
        assert late.timeout is not None
        return ActionTimeout(
            f"Cannot go on with {late.function.path}",
            thing=f"it has run for longer than its timeout of {late.timeout.total_seconds():g} seconds",
            expected="an action that ends before",
            hint="Give it more time with @db.action(timeout=...), or let it do less",
        )

    def _first_to_end(self) -> ActionRun | None:
        """Return which of it and all that it is inside of has to end first, or None."""
        outer = None if self._outer is None else self._outer._first_to_end()
        if self._ends_s is None or (outer is not None and outer._ends_s is not None and outer._ends_s < self._ends_s):
            return outer
        return self


def _nothing() -> None:
    pass


class ActionContext(Caller):
    """`ctx` of an action that is a plain def.

    Attributes:
        run: The execution that it belongs to; for the engine.
    """

    def __init__(self, host: ActionHost, run: ActionRun) -> None:
        self._host = host
        self.run = run
        self._random: random.Random | None = None

    def run_query(self, function: Function | str, /, **args: Any) -> Any:
        """Run a query on the newest commit and return its result."""
        return self._host.call(self._found(function, Kind.QUERY), args)

    def run_mutation(self, function: Function | str, /, **args: Any) -> Any:
        """Run a mutation; when this returns, it is committed, whatever the action does later."""
        return self._host.call(self._found(function, Kind.MUTATION), args)

    def run_action(self, function: Function | str, /, **args: Any) -> Any:
        """Run another action and return its result; in an `async def`, await it."""
        return self._host.call_inside(self._found(function, Kind.ACTION), args, self.run)

    def vector_search(
        self,
        table: str,
        index: str,
        *,
        vector: Any,
        limit: int = 10,
        filter: FilterFunction | None = None,
        maximum: int = MAX_LIMIT,
    ) -> list[dict[str, Any]]:
        """Return the documents of the newest commit whose vectors are nearest to one; as in a query."""
        self.run.check()
        return vector_search(self._host.reading(), table, index, vector, limit, filter, maximum)

    @property
    def scheduler(self) -> Scheduler:
        """Runs functions later; each call takes effect at once, whatever the action does later."""
        self.run.check()
        return DirectScheduler(self._host)

    @property
    def env(self) -> EnvironmentReader:
        """The settings and secrets of the database, as they are now: `ctx.env["API_KEY"]`."""
        self.run.check()
        return EnvironmentReader(self._host.reading())

    @property
    def storage(self) -> ActionStorage:
        """Stored files; each call takes effect at once, whatever the action does later."""
        self.run.check()
        return ActionStorage(self._host, self._host.files, self._host.ids)

    def progress(self, done: float, total: float | None = None, text: str = "") -> None:
        """Show how far the action is, in the cell, form or button that has started it.

        Args:
            done: How much is done.
            total: How much there is to do; None when nobody knows.
            text: What it is doing.

        Raises:
            ActionCancelled: The action was cancelled, so this is also where a long loop can be stopped.

        Example:
            >>> for n, url in enumerate(urls):
            ...     ctx.progress(n, len(urls), url)
            ...     fetch(url)
        """
        self.run.check()
        self.run.report(done, total, text)

    def now(self) -> datetime:
        """Return the time, in UTC."""
        self.run.check()
        return EPOCH + timedelta(milliseconds=self._host.now_ms())

    @property
    def random(self) -> random.Random:
        """A random number generator of this run, with a seed from the database's source of ids."""
        self.run.check()
        if self._random is None:
            self._random = random.Random(self._host.ids.seed())
        return self._random

    def uuid(self) -> str:
        """Return a random UUID."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    @property
    def db(self) -> NoReturn:
        """Not in an action: raises `FunctionKindError`."""
        raise FunctionKindError(
            f"Cannot use ctx.db in {self.run.function.path}",
            thing="it is an action, which is no transaction",
            expected="a query or a mutation",
            hint="Read with ctx.run_query(function, ...) and write with ctx.run_mutation(function, ...)",
        )

    def _found(self, function: Function | str, kind: Kind) -> Function:
        self.run.check()
        found = self._host.find(function)
        if found.kind is not kind:
            raise FunctionKindError(
                f"Cannot run {found.path}",
                thing=f"it is {found.kind.with_article}",
                expected=kind.with_article,
                hint=f"Use ctx.run_{found.kind}",
            )
        return found


class AsyncActionContext(ActionContext):
    """`ctx` of an action that is an `async def`: `await ctx.run_action(...)`; queries and mutations need no await."""

    async def run_action(self, function: Function | str, /, **args: Any) -> Any:
        """Run another action and return its result."""
        result = self._host.call_inside(self._found(function, Kind.ACTION), args, self.run)
        return await result if isinstance(result, Awaitable) else result


def describe_error(error: BaseException) -> str:
    """Return an exception in one text, as the documents of jobs keep it.

    Never fails, whatever the exception's own `__str__` does or says.
    """
    try:
        said = str(error)
    except Exception as second:  # noqa: BLE001 - anybody may write an exception
        said = f"its text raised {type(second).__name__}"
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    text = text.encode("utf-8", "backslashreplace").decode()  # a document holds no half of a surrogate pair
    return text if len(text) <= 4000 else text[:4000] + "…"
