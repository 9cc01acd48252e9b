"""Recording: which queries a stretch of code calls, so that it can be run again when one of their results changes.

Comes in: queries called, and bodies read, on a thread that records. Goes out: the calls, each as a function with its
arguments, which can be held like any other. A reactive cell is what needs it.
"""

from __future__ import annotations

import contextvars
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reactive_nb.functions.function import Function, Kind

if TYPE_CHECKING:
    from reactive_nb.engine.engine import Engine


@dataclass(frozen=True, slots=True)
class Call:
    """A query that was called while recording, with checked arguments."""

    engine: Engine
    function: Function
    args: dict[str, Any]


_calls: contextvars.ContextVar[list[Call] | None] = contextvars.ContextVar("reactive_nb_calls", default=None)
_numbers = itertools.count(1)


@contextmanager
def recording(into: list[Call] | None = None) -> Iterator[list[Call]]:
    """Collect the queries that this thread calls inside; those inside functions belong to the functions.

    Args:
        into: The list to which they are appended; by default a new one.

    Example:
        >>> with recording() as calls:
        ...     latest(channel="general")
    """
    calls: list[Call] = [] if into is None else into
    before = _calls.set(calls)
    try:
        yield calls
    finally:
        _calls.reset(before)


def note_call(engine: Engine, function: Function, args: dict[str, Any]) -> None:
    """Note a call of a query, if this thread records."""
    calls = _calls.get()
    if calls is not None:
        calls.append(Call(engine, function, args))


def note_read(engine: Engine, body: Callable[[Any], Any]) -> None:
    """Note reading code that is not declared, if this thread records, under a name of its own."""
    calls = _calls.get()
    if calls is not None:
        # It has no arguments and no path, so nothing tells two of them apart: each is a query for itself.
        query = Function(lambda ctx: body(ctx), Kind.QUERY, path=f"read {next(_numbers)}")
        calls.append(Call(engine, query, {}))
