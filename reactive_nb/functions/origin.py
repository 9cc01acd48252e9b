"""Origins: from where a function was called, and where one is defined: a cell, a file, a form, a thread.

A commit keeps its origin as long as it is in memory, so that a card about it can say which cell wrote it. Whoever
calls on behalf of somebody else, such as a form, says so with `calling_from`; otherwise the runner asks the surface.
A function keeps its place, so that people find it again; only a notebook's side knows of cells (`know_cells_by`).
"""

from __future__ import annotations

import contextvars
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a function is defined.

    Attributes:
        words: As people say it: `"In[3]"` or `"flights.py:12"`; empty where nobody knows.
        cell: The id that the front end gave the cell; None for a file, and where the front end gives no ids.
        file: The whole path of the file; None for a cell.
        line: The line of the file, or of the cell, from 1; 0 where nobody knows.
    """

    words: str = ""
    cell: str | None = None
    file: str | None = None
    line: int = 0


def _no_cell(_function: Any, _line: int) -> Place | None:
    return None


_cell_of: Callable[[Any, int], Place | None] = _no_cell


def know_cells_by(cell_of: Callable[[Any, int], Place | None]) -> None:
    """Have this asked for the cell that defines a function, given with its first line; it returns None of a file's."""
    global _cell_of
    _cell_of = cell_of


def place_of(function: Callable[..., Any]) -> Place:
    """Return where a function is defined; to be asked while it is being defined."""
    plain = inspect.unwrap(function)
    code = getattr(plain, "__code__", None)
    if code is None:
        return Place()
    cell = _cell_of(plain, code.co_firstlineno)
    if cell is not None:
        return cell
    file = Path(code.co_filename)
    if not file.is_file():  # such as "<string>"
        return Place()
    return Place(f"{file.name}:{code.co_firstlineno}", None, str(file.resolve()), code.co_firstlineno)
