"""A subscription: one query call whose result is kept, shared by all who asked for the same.

It remembers what it read, so that a commit can find it; what it answered, so that an equal answer is not announced;
and why each of its runs happened.
"""

from __future__ import annotations

import copy
import enum
import reprlib
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from reactive_nb.documents.interval import IntervalSet
from reactive_nb.documents.snapshot import Place
from reactive_nb.functions.function import Function
from reactive_nb.search.edits import SearchRead
from reactive_nb.subscriptions.cause import Cause
from reactive_nb.transaction.commit import Commit
from reactive_nb.values import wire

Key = tuple[str, bytes]
"""What makes two query calls the same one: path and encoded arguments."""

HISTORY = 20
"""How many runs a subscription remembers."""

_repr = reprlib.Repr()
_repr.maxstring = 60
_repr.maxother = 80  # a datetime has its whole repr

E = TypeVar("E", bound=BaseException)


def key_of(function: Function, args: dict[str, Any]) -> Key:
    """Return the key of a call with checked arguments."""
    return function.path, wire.encode({name: args[name] for name in sorted(args)})


def args_of(key: Key) -> dict[str, Any]:
    """Return the arguments of a call, as new objects: a function may change its arguments and harms nobody."""
    return cast("dict[str, Any]", wire.decode(key[1]))


def call_of(key: Key) -> str:
    """Return a call as text, long arguments shortened: `latest(channel='general')`."""
    return f"{key[0]}({', '.join(f'{name}={_repr.repr(value)}' for name, value in args_of(key).items())})"


def without_frames(error: E) -> E:
    """Return a copy of an exception without its traceback, whose frames would keep all in memory that a run held."""
    for copied in (copy.copy, _copy_without_init):
        with suppress(Exception):  # of a class of users, which may want more to be made than it hands on
            return copied(error).with_traceback(None)
    return error


def _copy_without_init(error: E) -> E:
    made = type(error).__new__(type(error), *error.args)
    vars(made).update(vars(error))
    return made


class State(enum.Enum):
    """What comes next for a subscription."""

    LOADING = "loading"
    """It has not run yet; the next refresh runs it. Every subscription starts here."""
    FRESH = "fresh"
    """Its result is true; nothing to do until a commit touches what it read."""
    STALE = "stale"
    """A commit touched what it read, or its function was replaced; the next refresh runs it, unless all holders pause."""
    CLOSED = "closed"
    """Nobody holds it; it is out of the manager and stays as it is."""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a subscription's query.

    Attributes:
        key: What was called: the path and the encoded arguments.
        ts: The moment it ran at.
        duration_ms: How long the function took.
        changed: Whether its result or error was another one than before.
        error: What it raised, without its traceback, or None.
        cause: The commit that made it necessary; None for the first run, after the function was replaced, and where
            that commit is no longer known.
        first: Whether it was the first run.
    """

    key: Key
    ts: int
    duration_ms: float
    changed: bool
    error: BaseException | None
    cause: Cause | None
    first: bool
    described: Callable[[Cause], str]

    @property
    def call(self) -> str:
        """The function with its arguments, as text."""
        return call_of(self.key)

    @property
    def commit(self) -> Commit | None:
        """The commit that made it necessary, with the change that the query met and no other."""
        return None if self.cause is None else self.cause.met.commit

    @property
    def table(self) -> str | None:
        """The table that this commit changed."""
        return None if self.cause is None else self.cause.met.table

    @property
    def index(self) -> str | None:
        """The index in which it met what the query had read."""
        return None if self.cause is None else self.cause.met.index

    @property
    def documents(self) -> list[str]:
        """The ids of the documents through which it met it."""
        return [] if self.commit is None else [change.id for change in self.commit.changes]

    def why(self) -> str:
        """Return in one sentence why this run happened: mutation, commit, document, table, index range, outcome."""
        if self.first:
            return f"{self.call} ran at commit {self.ts} because it was asked for the first time."
        if self.cause is None:
            return (
                f"{self.call} ran at commit {self.ts} because its function was defined again, or because more commits "
                "came while it ran than the history holds."
            )
        if self.error is not None:
            outcome = f"it raised {type(self.error).__name__}"
        else:
            outcome = "the result changed" if self.changed else "the result stayed the same"
        return f"{self.call} ran at commit {self.ts} because {self.described(self.cause)}; {outcome}."


class Subscription:
    """One query call kept true; changed only by its manager.

    Attributes:
        function: What runs; replaced when its path is registered again.
        key: What makes two requests the same: the path and the encoded arguments.
        state: See `State`.
        cause: Starts None; set when a commit makes it stale, until the run that this leads to.
        ts: The moment of its last run.
        result: What the last run returned; None before the first and when it raised.
        error: What the last run raised, or None.
        encoded: The result's encoding, by which results are compared; None when it is not made of values.
        plain: Whether the encoding gives the same result back; None until somebody needs to know.
        uses_chance: Whether the last run depended on more than the tables, so that it answers no other call.
        intervals: The ranges that the last run looked at.
        searches: The searches that it made.
        page_ends: Where its pages ended, so that they keep their intervals.
        holders: How many ask for it to be kept; at none it is only a cached result.
        paused: How many of them do not want it to run now; while all of them do not, it stays stale.
        runs: How often it ran.
        history: Its last runs, oldest first.
    """

    __slots__ = (
        "cause",
        "encoded",
        "error",
        "function",
        "history",
        "holders",
        "intervals",
        "key",
        "page_ends",
        "paused",
        "plain",
        "result",
        "runs",
        "searches",
        "state",
        "ts",
        "uses_chance",
    )

    def __init__(self, function: Function, key: Key) -> None:
        self.function = function
        self.key = key
        self.state = State.LOADING
        self.cause: Cause | None = None
        self.ts = 0
        self.result: Any = None
        self.error: BaseException | None = None
        self.encoded: bytes | None = None
        self.plain: bool | None = None
        self.uses_chance = False
        self.intervals: dict[Place, IntervalSet] = {}
        self.searches: dict[Place, tuple[SearchRead[Any], ...]] = {}
        self.page_ends: list[tuple[str, str | None, str]] = []
        self.holders = 0
        self.paused = 0
        self.runs = 0
        self.history: deque[Run] = deque(maxlen=HISTORY)

    @property
    def call(self) -> str:
        """The call as text: `latest(channel='general')`."""
        return call_of(self.key)

    @property
    def is_wanted(self) -> bool:
        """Whether somebody who is not paused holds it, so that it is to run when it is not fresh."""
        return self.holders > self.paused

    def __repr__(self) -> str:
        return f"<Subscription {self.call} {self.state.value}>"
