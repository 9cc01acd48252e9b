"""Outputs as pages can take them: JSON that the wire carries, checked where it enters.

What users' functions and cells show comes in, as in a notebook's file; the same goes out, or a refusal. One part that
is not JSON would stop the whole frame, and with it everything else that the page shows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from reactive_nb.errors import QueryUsageError

Outputs = list[dict[str, Any]]


def require_json(outputs: Outputs) -> Outputs:
    """Return the outputs as they are.

    Raises:
        QueryUsageError: They are not JSON.
    """
    try:
        json.dumps(outputs, ensure_ascii=False).encode()  # half a surrogate pair is found here, as on the wire
    except (TypeError, ValueError, RecursionError) as error:
        raise QueryUsageError(
            "Cannot show an output",
            thing=f"it is not JSON: {error}",
            expected="text, numbers, lists and dicts with string keys in each of its formats",
            hint="Correct what _repr_mimebundle_ or display was given",
        ) from error
    return outputs


def checked(outputs: Outputs, error: BaseException | None) -> tuple[Outputs | None, BaseException | None]:
    """Return outputs and error as they are; or none, and a refusal, when the outputs are not JSON."""
    try:
        return require_json(outputs), error
    except QueryUsageError as refusal:
        return None, refusal


def drawn(draw: Callable[[Any], Outputs], value: Any) -> tuple[Outputs | None, BaseException | None]:
    """Return the outputs that a user's function makes of a value, or what it raised."""
    try:
        return require_json(draw(value)), None
    except BaseException as error:  # noqa: BLE001 - of the user's, SystemExit among it; the page says so
        return None, error


def with_errors(outputs: Outputs) -> Outputs:
    """Return the outputs, with an error in the place of each that is not JSON."""
    try:
        return require_json(outputs)
    except QueryUsageError:
        return [_or_error(output) for output in outputs]


def _or_error(output: dict[str, Any]) -> dict[str, Any]:
    try:
        return require_json([output])[0]
    except QueryUsageError as error:
        name, message = type(error).__name__, str(error)
        return {"output_type": "error", "ename": name, "evalue": message, "traceback": [f"{name}: {message}"]}
