"""A button that runs a function with arguments given when it was made, or held by widgets when it is pressed.

A function and its arguments come in; a widget goes out. An argument given as `...` is asked for beside the button.
What is run and answered is `submission.py`; the page's side is static/button.js.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ArgumentValidationError
from reactive_nb.functions.function import Function
from reactive_nb.notebook.page.module import page_module, page_style
from reactive_nb.notebook.widget.form import Runnable, spec_of
from reactive_nb.notebook.widget.submission import Submission, asked_for, checked_values, split_options


class Button(Runnable):
    """A button for a query or a mutation; made by `function.button(...)`.

    Example:
        >>> delay.button("Delay it", flight=flight_id, minutes=10)
    """

    _esm = page_module("button.js")
    _css = page_style("base.css", "form.css")


def button_of(engine: Engine, function: Function, label: str | None, args: Mapping[str, Any]) -> Button:
    """Return a button that runs a function.

    Args:
        engine: Runs the function.
        function: A query or a mutation.
        label: What stands on it; the function's name by default.
        args: The arguments: a value; a widget or a pair (widget, trait name), read when it is pressed; or `...`, which
            is asked for beside the button.

    Raises:
        ArgumentValidationError: A value does not fit, a name is not one of the arguments, or one is missing.
    """
    return Button(*button_parts(engine, function, label, args))


def button_parts(
    engine: Engine, function: Function, label: str | None, args: Mapping[str, Any]
) -> tuple[Submission, dict[str, Any]]:
    """Return what a button is made of: the kernel's side, and what the page shows."""
    what = f"Cannot make a button of {function.path}"
    widgets, plain = split_options(function, args, what)
    for name, validator in function.args.items():
        if name not in args and not validator.optional:
            raise ArgumentValidationError(
                what,
                thing=f"the argument {name!r} is missing",
                expected=validator.describe(),
                hint=f"Pass {name}=..., to be asked for it beside the button, or a value, or a widget",
                path=f"$.{name}",
            )
    asked = {name: asked_for(engine, function, name) for name in plain if plain[name] is ...}
    fixed = checked_values(engine, function, [(name, plain[name]) for name in plain if name not in asked], what)
    submission = Submission(engine, function, asked, widgets, dict(fixed), "button")
    texts = {"title": function.path, "label": function.__name__ if label is None else label}
    return submission, spec_of(submission, function, texts)
