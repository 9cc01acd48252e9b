"""A result of the past: what a query returned as of a commit, which a page can show like a live result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reactive_nb.engine.engine import Engine


class FixedResult:
    """A `LiveResult` (page/interface.py) that never changes.

    Args:
        engine: The database.
        path: The path of the query.
        args: Its arguments.
        value: What it returned.
        error: What it raised, or None.
        ts: The commit of which that is true.

    Attributes:
        target: Answers what pages ask of its view; held here, because the hub holds it weakly.
    """

    is_live_result = False
    state = "closed"
    runs = 1
    history: Sequence[Any] = ()

    def __init__(
        self, engine: Engine, path: str, args: Mapping[str, Any], value: Any, error: BaseException | None, ts: int
    ) -> None:
        self.engine = engine
        self.path = path
        self.args = args
        self.value = value
        self.error = error
        self.ts = ts
        self.target: object = None

    def observe(self, handler: Callable[[Any], None], names: str) -> None:
        """Call nobody: there is never news."""

    def unobserve(self, handler: Callable[[Any], None], names: str) -> None:
        """Forget nobody."""

    def close(self) -> None:
        """Change nothing."""
