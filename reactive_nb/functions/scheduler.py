"""`ctx.scheduler`: calls to run later, kept as documents of `_scheduled_functions`.

Comes in: a function and when to run it. Goes out: a document of the same transaction, so a mutation that fails schedules
nothing. The worker of the engine takes it from there. Fields, states and conditions are those of Convex.
"""

from __future__ import annotations

import contextvars
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from reactive_nb.clock import IdSource, is_datetime
from reactive_nb.errors import DocumentNotFound, FunctionKindError, InvalidId, ScheduleError
from reactive_nb.functions.database import SystemReader, SystemWriter
from reactive_nb.functions.function import Function, Kind
from reactive_nb.schema.system_tables import SCHEDULED
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.refusal import show

T = TypeVar("T")

HORIZON = timedelta(days=5 * 365)
"""How far from now a call may be scheduled, in either direction."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_job: contextvars.ContextVar[str | None] = contextvars.ContextVar("reactive_nb_job", default=None)


@contextmanager
def running_job(id: str) -> Iterator[None]:
    """Let what is scheduled inside belong to a job: when that is cancelled, it is too.

    Args:
        id: The job's document in `_scheduled_functions`, or another id, which has nothing to say here.
    """
    before = _job.set(id)
    try:
        yield
    finally:
        _job.reset(before)


class Finder(Protocol):
    """What a scheduler needs of the engine."""

    ids: IdSource

    def find(self, function: Function | str) -> Function:
        """Return a function given as itself or by its path."""

    def now_ms(self) -> float:
        """Return the time of the database's clock, in milliseconds since 1970 UTC."""


class Scheduler(ABC):
    """Runs functions later. See `run_after`, `run_at` and `cancel`."""

    def run_after(self, delay: timedelta | int, function: Function | str, /, *args: Any, **kwargs: Any) -> str:
        """Run a mutation or an action after a while.

        A mutation runs exactly once, even if the process is killed meanwhile and the file opened again. An action
        runs at most once. From a mutation, the call is scheduled if and when the mutation commits.

        Args:
            delay: How long from now on; `timedelta(0)`, or 0, runs it as soon as possible.
            function: A mutation or an action, or its path.
            args: Its arguments, checked now and again when it runs.
            kwargs: More of them, by name.

        Returns:
            The id of its document in `_scheduled_functions`, which says how far it is.

        Raises:
            ScheduleError: The delay is none, negative, or longer than five years.

        Example:
            >>> ctx.scheduler.run_after(timedelta(minutes=5), remind, user=user_id)
        """
        what = _what(function)
        if type(delay) is int and delay == 0:
            delay = timedelta(0)
        if not isinstance(delay, timedelta):
            raise ScheduleError(
                what,
                thing=f"the delay is {show(delay)}",
                expected="a timedelta",
                hint="Write timedelta(seconds=10)",
            )
        if delay < timedelta(0):
            raise ScheduleError(
                what,
                thing=f"the delay is {delay.total_seconds():g} seconds",
                expected="a delay that is not negative",
                hint="Use run_at for a time in the past; it runs at once",
            )
        _check_horizon(what, delay)
        return self._schedule(lambda now_ms: now_ms + delay / timedelta(milliseconds=1), function, args, kwargs)

    def run_at(self, when: datetime, function: Function | str, /, *args: Any, **kwargs: Any) -> str:
        """Run a mutation or an action at a time; a time in the past means as soon as possible. See `run_after`.

        Raises:
            ScheduleError: The time has no time zone, or is more than five years away.

        Example:
            >>> ctx.scheduler.run_at(datetime(2027, 1, 1, tzinfo=ZoneInfo("Europe/Zurich")), greet)
        """
        what = _what(function)
        if not is_datetime(when) or when.utcoffset() is None:
            raise ScheduleError(
                what,
                thing=f"the time is {show(when)}" + (", which has no time zone" if is_datetime(when) else ""),
                expected="a datetime with a time zone",
                hint='Write datetime(..., tzinfo=UTC), or tzinfo=ZoneInfo("Europe/Zurich")',
            )
        when_ms = (when - EPOCH) / timedelta(milliseconds=1)

        def at(now_ms: float) -> float:
            _check_horizon(what, timedelta(milliseconds=when_ms - now_ms))
            return when_ms

        return self._schedule(at, function, args, kwargs)

    @abstractmethod
    def cancel(self, id: str) -> None:
        """Cancel a call. One that has not begun never runs; of an action that runs, only what it schedules is cancelled.

        One that is over stays as it is.

        Raises:
            InvalidId: Not the id of a scheduled call.
            DocumentNotFound: There is none any more; results are kept for seven days.
        """

    @abstractmethod
    def _schedule(
        self,
        at: Callable[[float], float],
        function: Function | str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> str:
        """Store a call; `at` gives its time for the time of its transaction, both in milliseconds since 1970 UTC."""


class TransactionScheduler(Scheduler):
    """`ctx.scheduler` of a mutation: everything is part of its transaction."""

    def __init__(self, tx: Transaction, finder: Finder) -> None:
        self._tx = tx
        self._finder = finder

    def cancel(self, id: str) -> None:
        """Cancel a call, if and when the mutation commits; see `Scheduler.cancel`."""
        what = f"Cannot cancel the scheduled call {show(id)}"
        writer = SystemWriter(self._tx, self._finder.ids)
        state = None if not isinstance(id, str) else _table_or_none(self._tx, id)
        if state is None or state != SCHEDULED:
            raise InvalidId(
                what,
                thing="it is not the id of a scheduled call",
                expected="what run_after or run_at returned",
                hint="ctx.db.system.query('_scheduled_functions') lists them",
            )
        document = SystemReader(self._tx, None).get(id)
        if document is None:
            raise DocumentNotFound(
                what,
                thing="there is no such call any more",
                expected="a call that is scheduled, or was over less than seven days ago",
                hint="Nothing needs to be done: it is over",
                id=id,
            )
        if document["state"]["kind"] in ("pending", "inProgress"):
            writer.patch(id, {"state": {"kind": "canceled"}, "completedTime": self._tx.now_ms})

    def _schedule(
        self,
        at: Callable[[float], float],
        function: Function | str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> str:
        found = self._finder.find(function if isinstance(function, str) else self._finder.find(function).path)
        if found.kind is Kind.QUERY:
            raise FunctionKindError(
                _what(function),
                thing="it is a query, whose result nobody would get",
                expected="a mutation or an action",
                hint="Call the query in the function that needs its result",
            )
        checked = found.checked_args(found.named(args, kwargs), self._tx.numbers())
        writer = SystemWriter(self._tx, self._finder.ids)
        fields: dict[str, Any] = {
            "name": found.path,
            "args": [checked],
            # By the clock and not by the transaction, whose time may be moved on to keep creation times in order.
            "scheduledTime": at(self._finder.now_ms()),
            "state": {"kind": "pending"},
        }
        if self._is_of_a_cancelled_job():
            fields |= {"state": {"kind": "canceled"}, "completedTime": self._tx.now_ms}
        return writer.insert(SCHEDULED, fields)

    def _is_of_a_cancelled_job(self) -> bool:
        parent = _job.get()
        if parent is None or _table_or_none(self._tx, parent) != SCHEDULED:
            return False
        document = SystemReader(self._tx, None).get(parent)
        return document is not None and document["state"]["kind"] == "canceled"


class Writes(Protocol):
    """What a scheduler outside a transaction needs of the engine."""

    def write(self, body: Callable[[Any], T], name: str = ...) -> T:
        """Run writing code as one transaction."""


class DirectScheduler(Scheduler):
    """`ctx.scheduler` of an action, and `db.scheduler`: each call is a transaction of its own."""

    def __init__(self, engine: Writes) -> None:
        self._engine = engine

    def cancel(self, id: str) -> None:
        """Cancel a call now; see `Scheduler.cancel`."""
        self._engine.write(lambda ctx: ctx.scheduler.cancel(id), "cancel a scheduled call")

    def _schedule(
        self,
        at: Callable[[float], float],
        function: Function | str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> str:
        return str(self._engine.write(lambda ctx: ctx.scheduler._schedule(at, function, args, kwargs), "schedule"))


def _table_or_none(tx: Transaction, id: str) -> str | None:
    try:
        state = tx.table_of(id)
    except InvalidId:
        return None
    return None if state is None else state.name


def _what(function: Function | str) -> str:
    return f"Cannot schedule {function.path if isinstance(function, Function) else function}"


def _check_horizon(what: str, ahead: timedelta) -> None:
    if abs(ahead) > HORIZON:
        raise ScheduleError(
            what,
            thing=f"its time is {abs(ahead).days / 365:.1f} years {'ahead' if ahead > timedelta(0) else 'ago'}",
            expected="a time within five years of now",
            hint="Schedule a function that schedules it again, or a cron",
        )
