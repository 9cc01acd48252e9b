"""`db.crons`: registering crons, and looking at them.

Comes in: what a cell says. Goes out: documents of `_crons`, which the worker follows, and tables for people.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from reactive_nb.clock import IdSource
from reactive_nb.errors import FunctionKindError, UnknownFunction
from reactive_nb.functions.context import MutationContext, QueryContext
from reactive_nb.functions.database import SystemWriter
from reactive_nb.functions.function import Function, Kind
from reactive_nb.functions.range_query import Document
from reactive_nb.jobs import crons, schedule
from reactive_nb.jobs.crons import IfMissed
from reactive_nb.values.refusal import show

_COLUMNS = ("Name", "Runs", "Function", "Next", "Last run")
_CELL = "padding:2px 16px 2px 0;text-align:left"


class CronHost(Protocol):
    """What `Crons` needs of its engine."""

    ids: IdSource

    def read(self, body: Callable[[QueryContext], Any]) -> Any:
        """Run reading code on one snapshot."""

    def write(self, body: Callable[[MutationContext], Any], name: str = ...) -> Any:
        """Run writing code as one transaction."""

    def find(self, function: Function | str) -> Function:
        """Return a function given as itself or by its path."""

    def checked(self, function: Function, args: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments, normalised."""

    def now_ms(self) -> float:
        """Return the time."""


@dataclass(frozen=True, slots=True)
class CronRun:
    """One run of a cron.

    Attributes:
        scheduled: The time that it was for.
        started: When it began.
        ended: When it ended, or None while it runs.
        state: "inProgress", "success", "failed" or "canceled".
        error: What went wrong, or None.
    """

    scheduled: datetime
    started: datetime
    ended: datetime | None
    state: str
    error: str | None

    @property
    def duration(self) -> timedelta | None:
        """How long it took, or None while it runs."""
        return None if self.ended is None else self.ended - self.started

    @staticmethod
    def of(run: dict[str, Any], zone: ZoneInfo) -> CronRun:
        """Return the run that a document describes, with times in a zone."""
        ended_ms = run.get("endTime")
        return CronRun(
            _moment(run["scheduledTime"], zone),
            _moment(run["startTime"], zone),
            None if ended_ms is None else _moment(ended_ms, zone),
            run["state"]["kind"],
            run["state"].get("error"),
        )

    def describe(self) -> str:
        """In a few words: `"success at 2026-03-08 03:00:00 EDT, took 0.12 s"`."""
        took = "" if self.duration is None else f", took {self.duration.total_seconds():.3g} s"
        error = "" if self.error is None else f": {self.error}"
        return f"{self.state} at {_time(self.started)}{took}{error}"


@dataclass(frozen=True, slots=True, repr=False)
class CronInfo:
    """A cron as it was when it was asked for.

    Attributes:
        name: Its name.
        function: The path of what it runs.
        args: The arguments.
        schedule: When it runs, in words.
        if_missed: What happens to times at which nobody could run it.
        is_paused: Whether no further run begins.
        is_requested: Whether it runs as soon as it can.
        is_defined: Whether its function is there as a mutation or an action, without which no run begins.
        next_time: When it is due, in the time zone of its schedule; None for never.
        current: The run in progress, or None.
        history: The last runs, newest last.
        place: Where its cell is, if it is one.
    """

    name: str
    function: str
    args: dict[str, Any]
    schedule: str
    if_missed: str
    is_paused: bool
    is_requested: bool
    is_defined: bool
    next_time: datetime | None
    current: CronRun | None
    history: tuple[CronRun, ...]
    place: str | None

    @property
    def last_run(self) -> CronRun | None:
        """The last run that has ended, or None."""
        return self.history[-1] if self.history else None

    @staticmethod
    def of(document: Document, now_ms: float, is_defined: bool) -> CronInfo:
        """Return what a document says at a time."""
        when = schedule.schedule_of(document["schedule"])
        zone = schedule.zone_of(when)
        next_ms = crons.coming_ms(document, now_ms)
        return CronInfo(
            name=document["name"],
            function=document["function"],
            args=document["args"],
            schedule=when.describe(),
            if_missed=document["ifMissed"],
            is_paused=document["paused"],
            is_requested=document["isRequested"],
            is_defined=is_defined,
            next_time=None if next_ms is None else _moment(next_ms, zone),
            current=None if document["current"] is None else CronRun.of(document["current"], zone),
            history=tuple(CronRun.of(run, zone) for run in document["history"]),
            place=document.get("place"),
        )

    def __repr__(self) -> str:
        return (
            f"<cron {self.name}: "
            + "; ".join(
                f"{column.lower()} {text}" for column, text in zip(_COLUMNS[1:], self.row()[1:], strict=True)
            ).removeprefix("runs ")
            + ">"
        )

    def _repr_html_(self) -> str:
        return CronList([self])._repr_html_()

    def row(self) -> tuple[str, ...]:
        """Its texts in a table of crons."""
        call = f"{self.function}({', '.join(f'{name}={_short(value)}' for name, value in self.args.items())})"
        if self.current is not None:
            coming = f"running since {_time(self.current.started)}"
        elif not self.is_defined and (self.is_requested or not self.is_paused):
            coming = f"when {self.function} is defined"
        elif self.is_requested:
            coming = "as soon as it can run"
        elif self.is_paused:
            coming = "paused"
        else:
            coming = "never" if self.next_time is None else _time(self.next_time)
        last = "none yet" if self.last_run is None else self.last_run.describe()
        return (self.name, self.schedule, call, coming, last)


class CronList(list[CronInfo]):
    """A list of crons that a cell shows as a table."""

    def __repr__(self) -> str:
        if not self:
            return "No crons"
        lines = [_COLUMNS, *(each.row() for each in self)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)

    def _repr_html_(self) -> str:
        if not self:
            return "<div>No crons</div>"
        head = "".join(f'<th style="{_CELL}">{column}</th>' for column in _COLUMNS)
        body = "".join(f"<tr>{_cells(each.row())}</tr>" for each in self)
        return f'<table style="border-collapse:collapse"><tr>{head}</tr>{body}</table>'


class Crons:
    """Functions that run again and again, each under a name; they are stored and go on when the database is opened again.

    A name that is registered again is changed, so a cell that registers it may be run twice. A function that takes an
    argument whose name means something here, such as `minute`, is registered with `cron`, or `interval`.

    Args:
        host: The engine.
    """

    def __init__(self, host: CronHost) -> None:
        self._host = host

    # ------------------------------------------------------------------ registering

    def interval(
        self, name: str, every: timedelta, fn: Function | str, /, if_missed: IfMissed = "skip", **args: Any
    ) -> None:
        """Run a function now, and then again and again after the same time; it does not drift.

        Args:
            name: Of the cron.
            every: The time between two runs.
            fn: A mutation or an action, or its path.
            if_missed: What happens to times at which nobody could run it, because the notebook was closed or the run
                before had not ended: "skip" leaves them out, "once" makes up for them with one run, "all" with one each.
            args: The function's arguments.

        Raises:
            ScheduleError: The time is too short or too long.
            FunctionKindError: The function is a query.
            ArgumentValidationError: The function does not take these arguments.

        Example:
            >>> db.crons.interval("tick", timedelta(minutes=1), write, text="tick")
        """
        self._register(name, schedule.interval(every), fn, if_missed, args)

    def hourly(
        self,
        name: str,
        fn: Function | str,
        /,
        minute: int = 0,
        tz: str = "UTC",
        if_missed: IfMissed = "skip",
        **args: Any,
    ) -> None:
        """Run a function every hour at a minute; see `interval` for what else there is to say.

        Example:
            >>> db.crons.hourly("fetch", fetch, minute=17)
        """
        self._register(name, schedule.hourly(minute, tz), fn, if_missed, args)

    def daily(
        self,
        name: str,
        fn: Function | str,
        /,
        hour: int,
        minute: int = 0,
        tz: str = "UTC",
        if_missed: IfMissed = "skip",
        **args: Any,
    ) -> None:
        """Run a function every day at a time; see `interval` for what else there is to say.

        Example:
            >>> db.crons.daily("report", report, hour=9, tz="Europe/Zurich", if_missed="once")
        """
        self._register(name, schedule.daily(hour, minute, tz), fn, if_missed, args)

    def weekly(
        self,
        name: str,
        fn: Function | str,
        /,
        day: str,
        hour: int,
        minute: int = 0,
        tz: str = "UTC",
        if_missed: IfMissed = "skip",
        **args: Any,
    ) -> None:
        """Run a function every week on a day; see `interval` for what else there is to say.

        Example:
            >>> db.crons.weekly("review", review, day="monday", hour=9)
        """
        self._register(name, schedule.weekly(day, hour, minute, tz), fn, if_missed, args)

    def monthly(
        self,
        name: str,
        fn: Function | str,
        /,
        day: int,
        hour: int,
        minute: int = 0,
        tz: str = "UTC",
        if_missed: IfMissed = "skip",
        **args: Any,
    ) -> None:
        """Run a function every month on a day, except in months without it; see `interval` for what else there is to say.

        Example:
            >>> db.crons.monthly("invoices", send_invoices, day=1, hour=6)
        """
        self._register(name, schedule.monthly(day, hour, minute, tz), fn, if_missed, args)

    def cron(
        self,
        name: str,
        expression: str,
        fn: Function | str,
        /,
        tz: str = "UTC",
        if_missed: IfMissed = "skip",
        **args: Any,
    ) -> None:
        """Run a function whenever a cron expression matches; see `interval` for what else there is to say.

        A time of day that daylight saving time jumps over happens just after the jump, and one that comes twice happens
        the first time.

        Args:
            name: Of the cron.
            expression: minute, hour, day of the month, month, day of the week; or `@daily` and the like.
            fn: A mutation or an action, or its path.
            tz: The time zone of the expression.
            if_missed: What happens to times at which nobody could run it.
            args: The function's arguments.

        Example:
            >>> db.crons.cron("report", "30 9 * * mon-fri", report, tz="Europe/Zurich")
        """
        self._register(name, schedule.cron(expression, tz), fn, if_missed, args)

    # ------------------------------------------------------------------ looking and changing

    def list(self) -> CronList:
        """Return all crons, in the order of their names."""
        documents = self._host.read(lambda ctx: crons.documents(ctx.db.system))
        return CronList(self._infos(documents))

    def get(self, name: str) -> CronInfo:
        """Return a cron.

        Raises:
            UnknownJob: There is none of this name.
        """
        document = self._host.read(lambda ctx: crons.existing(ctx.db.system, name, "get"))
        return self._infos([document])[0]

    def delete(self, name: str) -> None:
        """Forget a cron; a run in progress goes on to its end.

        Raises:
            UnknownJob: There is none of this name.
        """
        self._write(lambda writer: crons.delete(writer, name), "delete")

    def pause(self, name: str) -> None:
        """Let no further run begin, also after the database was opened again, until `resume`.

        Raises:
            UnknownJob: There is none of this name.
        """
        self._write(lambda writer: crons.pause(writer, name), "pause")

    def resume(self, name: str) -> None:
        """Go on after `pause`; times that have passed meanwhile are left out.

        Raises:
            UnknownJob: There is none of this name.
        """
        self._write(lambda writer: crons.resume(writer, name, self._host.now_ms()), "resume")

    def run_now(self, name: str) -> None:
        """Run it as soon as it can be run, besides its times, and also while it is paused.

        Raises:
            UnknownJob: There is none of this name.
        """
        self._write(lambda writer: crons.request(writer, name), "run_now")

    def __repr__(self) -> str:
        return repr(self.list())

    def _repr_html_(self) -> str:
        return self.list()._repr_html_()

    # ------------------------------------------------------------------ the machinery

    def _register(
        self, name: str, when: schedule.Schedule, fn: Function | str, if_missed: IfMissed, args: dict[str, Any]
    ) -> None:
        # By its path, as the worker finds it: what is handed over may belong to another database, or to none.
        function = self._host.find(self._host.find(fn).path)
        if function.kind is Kind.QUERY:
            raise FunctionKindError(
                f"Cannot register the cron {name!r}",
                thing=f"{function.path} is a query",
                expected="a mutation or an action",
                hint="A query changes nothing, so nobody would see that it ran; show it live instead",
            )
        checked = self._host.checked(function, args)
        self._write(
            lambda writer: crons.register(
                writer, name, function.path, checked, when, if_missed, now_ms=self._host.now_ms()
            ),
            "register",
        )

    def _write(self, body: Callable[[SystemWriter], Any], verb: str) -> None:
        self._host.write(lambda ctx: body(SystemWriter(ctx.transaction, self._host.ids)), f"crons.{verb}")

    def _infos(self, documents: Iterable[Document]) -> builtins.list[CronInfo]:
        now_ms = self._host.now_ms()
        return [CronInfo.of(document, now_ms, self._is_defined(document["function"])) for document in documents]

    def _is_defined(self, path: str) -> bool:
        try:
            return self._host.find(path).kind is not Kind.QUERY
        except UnknownFunction:
            return False


def _moment(ms: float, zone: ZoneInfo) -> datetime:
    return schedule.to_datetime(ms).astimezone(zone)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}"


def _short(value: Any) -> str:
    return show(value).rpartition(" (")[0] or show(value)


def _cells(texts: Iterable[str]) -> str:
    return "".join(f'<td style="{_CELL}">{escape(text)}</td>' for text in texts)
