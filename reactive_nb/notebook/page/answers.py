"""Answers to what pages ask: a target's result, or its refusal with all facts that a page can show.

A method and its parameters come in; the JSON of a response goes out, never an exception: a page waits for every answer.
What works on one may tell the page meanwhile how far it is (`asking_page`).
"""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from reactive_nb.errors import ReactiveError, error_text

logger = logging.getLogger("reactive_nb")

Tell = Callable[[float, float | None, str], None]
"""Tells a page how far an answer is: done, total or None, a text; each number finite."""

_asking: contextvars.ContextVar[Tell | None] = contextvars.ContextVar("reactive_nb_asking", default=None)

FACTS = ("code", "what", "thing", "expected", "hint", "path", "field", "theirs")


class Target(Protocol):
    """What a page can ask: a table, a form, a button, a cell."""

    def answer(self, method: str, params: dict[str, Any], /) -> Any:
        """Return the result as JSON, or raise; called on a thread of the hub's pool."""


def asking_page() -> Tell | None:
    """Return what tells a page how far the answer is that the caller is a part of; None when no page has asked."""
    return _asking.get()


def answered(target: Target | None, method: str, params: object, tell: Tell | None = None) -> dict[str, Any]:
    """Return the part of a response that says what came of it.

    Args:
        target: Answers; None when it is not known.
        method: What is asked.
        params: With what; anything else than a dict is none.
        tell: Tells the page how far the answer is.

    Example:
        >>> answered(form, "submit", {"values": {}})
        {'ok': True, 'result': {'ts': 7}}
    """
    before = _asking.set(tell)
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
    finally:
        _asking.reset(before)


def error_json(error: BaseException) -> dict[str, Any]:
    """Return an error as a page shows it: its class, its message, and the facts that one of ours has."""
    told = {"name": type(error).__name__, "message": error_text(error)}
    if not isinstance(error, ReactiveError):
        return told  # what a stranger calls `path` or `code` may be anything
    facts = {name: getattr(error, name) for name in FACTS if hasattr(error, name)}
    return {**told, **{name: str(fact) if isinstance(fact, Path) else fact for name, fact in facts.items()}}
