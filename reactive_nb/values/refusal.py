"""A refusal: why a value cannot be accepted, before anyone knows the whole path to it.

Raised deep inside a value by `normalized` and by validators; on its way out each enclosing object or array adds the
step that leads to the culprit, and the outermost caller turns it into an error of four facts. So a value that is
accepted never pays for writing a path.
"""

from __future__ import annotations

import re
import reprlib

from reactive_nb.errors import InvalidValue, ValidationError

_PLAIN_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 60
_repr.maxlevel = 2


class Refusal(Exception):
    """What is wrong with one value.

    Args:
        problem: What follows the path in the error: `"is 'x' (str)"`.
        expected: A noun phrase: `"a number"`.
        hint: What to do next, without its full stop.
        error: `ValidationError` when a validator says no, `InvalidValue` when no validator could say yes.
    """

    def __init__(
        self, problem: str, expected: str, hint: str, error: type[InvalidValue] | type[ValidationError] = InvalidValue
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.expected = expected
        self.hint = hint
        self.error = error
        self.steps: list[str | int] = []
        """Starts empty; each enclosing container appends the field name or position it was looking at."""

    def at(self, path: str) -> InvalidValue | ValidationError:
        """Return the error to raise, for a value that itself stands at `path`."""
        path += "".join(_written(step) for step in reversed(self.steps))
        return self.error(
            "Cannot accept the value",
            thing=f"{path} {self.problem}",
            expected=self.expected,
            hint=self.hint,
            path=path,
        )


def show(value: object) -> str:
    """Return a short picture of any object with its type, for an error: `"'x' (str)"`.

    Never fails, whatever the object's own `__repr__` does.
    """
    if value is None:
        return "None"
    text = _picture(value)
    name = type(value).__name__
    return text if text == name.upper() else f"{text} ({name})"


def _picture(value: object) -> str:
    try:
        return " ".join(_repr.repr(value).split("\n"))  # a data frame's row has one line per field
    except Exception:  # noqa: BLE001 - a stranger's __repr__, or an int with more digits than Python prints
        return "a value"


def _written(step: object) -> str:
    if isinstance(step, str) and _PLAIN_STEP.fullmatch(step):
        return f".{step}"
    return f"[{_picture(step)}]"
