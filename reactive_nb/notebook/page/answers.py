"""Answers to what pages ask: a target's result, or its refusal with all facts that a page can show.

A method and its parameters come in; the JSON of a response goes out, never an exception: a page waits for every answer.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Protocol

from reactive_nb.errors import ReactiveError, error_text

logger = logging.getLogger("reactive_nb")

FACTS = ("code", "what", "thing", "expected", "hint", "path", "field", "theirs")


class Target(Protocol):
    """What a page can ask: a table, a form, a button, a cell."""

    def answer(self, method: str, params: dict[str, Any], /) -> Any:
        """Return the result as JSON, or raise; called on a thread of the hub's pool."""


def answered(target: Target | None, method: str, params: object) -> dict[str, Any]:
    """Return the part of a response that says what came of it.

    Example:
        >>> answered(form, "submit", {"values": {}})
        {'ok': True, 'result': {'ts': 7}}
    """
    try:
        if target is None:
            raise ReactiveError(
                f"Cannot {method}",
                thing="the kernel does not know what this page shows any more",
                expected="something that a cell of this kernel has made",
                hint="Run its cell again",
            )
        return {"ok": True, "result": target.answer(method, params if isinstance(params, dict) else {})}
    except BaseException as error:
        if not isinstance(error, ReactiveError):
            # Of a user's own function, most likely: the page shows one line, the log has the rest.
            logger.info("A request of a page failed: %s", method, exc_info=error)
        return {"ok": False, "error": error_json(error)}


def error_json(error: BaseException) -> dict[str, Any]:
    """Return an error as a page shows it: its class, its message, and the facts that one of ours has."""
    told = {"name": type(error).__name__, "message": error_text(error)}
    if not isinstance(error, ReactiveError):
        return told  # what a stranger calls `path` or `code` may be anything
    facts = {name: getattr(error, name) for name in FACTS if hasattr(error, name)}
    return {**told, **{name: str(fact) if isinstance(fact, Path) else fact for name, fact in facts.items()}}
