"""What a run read: the queries it called, with the newest commit at the last call of each, and the widgets it names.

Comes in: code that runs inside `recorded()`, and a cell's source. Goes out: all whose change makes the run untrue.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets

from reactive_nb.engine.recording import Call, recording
from reactive_nb.notebook.live import Live
from reactive_nb.subscriptions.subscription import key_of

if TYPE_CHECKING:
    import traitlets

CallKey = tuple[Any, str, bytes]
"""The engine, the path and the encoded arguments."""

_MAGICS = ("run_line_magic", "run_cell_magic")


@dataclass(frozen=True, slots=True)
class Read:
    """A query that a run called.

    Attributes:
        call: The engine, the function and the arguments.
        head: The newest commit when it was called last; what the run saw of it is at least as new.
    """

    call: Call
    head: int


class Reads:
    """The queries that a run called, each call once."""

    def __init__(self, calls: _Calls) -> None:
        self._calls = calls

    def pause(self) -> None:
        """Take nothing that is called from now on."""
        self._calls.is_paused = True

    def by_key(self) -> dict[CallKey, Read]:
        """Return them in the order in which they were called first."""
        reads = {}
        for call, head in zip(self._calls, self._calls.heads, strict=True):
            reads[(call.engine, *key_of(call.function, call.args))] = Read(call, head)
        return reads


class _Calls(list[Call]):
    """Notes the newest commit beside every call."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: list[int] = []
        self.is_paused = False

    def append(self, call: Call) -> None:
        if self.is_paused:
            return
        self.heads.append(call.engine.ts)
        super().append(call)


@contextmanager
def recorded() -> Iterator[Reads]:
    """Collect the queries that this thread calls inside."""
    calls = _Calls()
    with recording(calls):
        yield Reads(calls)


def followed(source: str, names: Mapping[str, Any]) -> dict[str, traitlets.HasTraits]:
    """Return the widgets with a value, and the live results, that source reads by a name of its own.

    Args:
        source: Python, as `shell.transform_cell` returns it; one that does not parse reads nothing.
        names: The variables.

    Example:
        >>> followed("by_carrier(origin=dropdown.value)", {"dropdown": dropdown})
        {'dropdown': Dropdown(...)}
    """
    loaded: dict[str, None] = {}
    stored: set[str] = set()
    for node in _nodes(source):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                loaded[node.id] = None
            else:
                # What the run itself makes is another one each time.
                stored.add(node.id)
    found = {name: names[name] for name in loaded if name in names and name not in stored}
    return {name: value for name, value in found.items() if _has_value(value)}


def _has_value(value: object) -> bool:
    return isinstance(value, Live) or (isinstance(value, ipywidgets.Widget) and value.has_trait("value"))


def _nodes(source: str) -> Iterator[ast.AST]:
    with suppress(SyntaxError):
        for node in ast.walk(ast.parse(source)):
            yield node
            match node:
                # `%time board.value` is a call with a string, in which names are read all the same.
                case ast.Call(func=ast.Attribute(attr=magic), args=[_, *texts]) if magic in _MAGICS:
                    for text in texts:
                        if isinstance(text, ast.Constant) and isinstance(text.value, str):
                            yield from _nodes(text.value)
