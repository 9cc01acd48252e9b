"""Origins: from where a function was called, in words for people: a cell, a form, a thread.

A commit keeps its origin as long as it is in memory, so that a card about it can say which cell wrote it. Whoever
calls on behalf of somebody else, such as a form, says so with `calling_from`; otherwise the runner asks the surface.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager

_origin: contextvars.ContextVar[str | None] = contextvars.ContextVar("reactive_nb_origin", default=None)


@contextmanager
def calling_from(origin: str) -> Iterator[None]:
    """Let everything that is called inside have this origin.

    Example:
        >>> with calling_from("the form of send"):
        ...     send(body="hello")
    """
    before = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(before)


def stated_origin() -> str | None:
    """Return the origin that `calling_from` gave on this thread, or None."""
    return _origin.get()
