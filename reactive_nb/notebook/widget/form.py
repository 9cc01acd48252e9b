"""A form: an input for each argument of a function, and a button that runs it.

A function and what the user says of its arguments come in; a widget goes out. What is asked, run and answered is
`submission.py`; the page's side is static/form.js.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from html import escape
from typing import Any

import anywidget
import ipywidgets
import traitlets

from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ArgumentValidationError
from reactive_nb.functions.function import Function
from reactive_nb.notebook.page.channel import Channel, answer_at_once, channel
from reactive_nb.notebook.page.module import page_module, page_style
from reactive_nb.notebook.widget.submission import (
    Asked,
    Submission,
    asked_for,
    checked_values,
    split_options,
    validator_of,
)
from reactive_nb.values.refusal import show
from reactive_nb.values.validators import ArrayValidator, UnionValidator, Validator, VectorValidator

TEXTS = ("title", "label")
"""Options that are about the form, unless an argument has the name: what stands above it, and on its button."""


class Runnable(anywidget.AnyWidget):
    """A widget that runs a function when a page says so: a form or a button.

    Attributes:
        spec: What the page shows: {"title", "label", "about", "kind", "fields"}.
        target: The name under which pages reach its submission.
    """

    channel = traitlets.Instance(Channel).tag(sync=True, **ipywidgets.widget_serialization)
    target = traitlets.Unicode().tag(sync=True)
    spec = traitlets.Dict().tag(sync=True)

    def __init__(self, submission: Submission, spec: dict[str, Any]) -> None:
        wire = channel()
        self._submission: Submission | None = submission  # the hub holds it weakly
        super().__init__(channel=wire, target=wire.hub.register(submission), spec=spec)
        self._own_layout = self.layout  # a widget of its own, which nobody else would close
        answer_at_once(self)

    def close(self) -> None:
        """Take it from all pages; it runs nothing any more."""
        self._submission = None
        super().close()
        self._own_layout.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} of {self.spec['title']}>"

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the widget, and beside it words for places without a kernel."""
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        note = f"{self.spec['label']}: {self.spec['title']}"
        words = {"text/plain": repr(self), "text/html": f"<div><code>{escape(note)}</code> (needs its kernel)</div>"}
        return {**data, **words}, metadata


class Form(Runnable):
    """A form for a query or a mutation; made by `function.form(...)`.

    Example:
        >>> delay.form(carrier=["UA", "AA"])
    """

    _esm = page_module("form.js")
    _css = page_style("base.css", "form.css")


def form_of(engine: Engine, function: Function, options: Mapping[str, Any]) -> Form:
    """Return a form that runs a function.

    Args:
        engine: Runs the function.
        function: A query or a mutation.
        options: By argument: a list or a tuple of choices (of an argument that is an array: its first value); a widget
            or a pair (widget, trait name), whose value is taken at each submission and which therefore has no input;
            anything else is what the input shows at first. And `title` and `label`.

    Raises:
        ArgumentValidationError: A name is not one of the arguments, or one of them cannot have a value given for it.
    """
    return Form(*form_parts(engine, function, options))


def form_parts(engine: Engine, function: Function, options: Mapping[str, Any]) -> tuple[Submission, dict[str, Any]]:
    """Return what a form is made of: the kernel's side, and what the page shows."""
    what = f"Cannot make a form of {function.path}"
    texts = {name: options[name] for name in TEXTS if name in options and name not in function.args}
    rest = {name: option for name, option in options.items() if name not in texts}
    widgets, plain = split_options(function, rest, what, "; and title and label for the form itself")
    names = [name for name in dict.fromkeys((*function.parameters, *plain)) if name not in widgets]
    asked = {name: _asked(engine, function, name, plain, what) for name in names}
    submission = Submission(engine, function, asked, widgets, {})
    return submission, spec_of(submission, function, {"title": function.path, "label": "Run", **texts})


def spec_of(submission: Submission, function: Function, texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows.

    Raises:
        ArgumentValidationError: A text is something else.
    """
    for name, text in texts.items():
        if not isinstance(text, str):
            raise ArgumentValidationError(
                f"Cannot show {function.path}",
                thing=f"{name} is {show(text)}",
                expected="a string",
                hint=f"Pass {name} as a str",
                path=f"$.{name}",
            )
    about = (inspect.getdoc(function.function) or "").partition("\n")[0]
    return {**texts, "about": about, "kind": str(function.kind), "fields": submission.fields}


def _asked(engine: Engine, function: Function, name: str, plain: Mapping[str, Any], what: str) -> Asked:
    asked = asked_for(engine, function, name)
    if name not in plain:
        return asked
    given = plain[name]
    if isinstance(given, list | tuple) and not _takes_lists(validator_of(function, name)):
        return _chosen(engine, function, name, list(given), asked, what)
    [(_, initial)] = checked_values(engine, function, [(name, given)], what)
    return Asked(asked.validator, initial=initial, optional=asked.optional)


def _chosen(engine: Engine, function: Function, name: str, given: list[Any], asked: Asked, what: str) -> Asked:
    if not given:
        raise ArgumentValidationError(
            what,
            thing=f"{name} is an empty list",
            expected="at least one choice",
            hint="Pass the choices, or leave the argument out",
            path=f"$.{name}",
        )
    choices = tuple(value for _, value in checked_values(engine, function, [(name, each) for each in given], what))
    default = asked.initial
    initial = next((each for each in choices if type(each) is type(default) and each == default), choices[0])
    return Asked(asked.validator, choices, initial)


def _takes_lists(validator: Validator) -> bool:
    members = validator.members if isinstance(validator, UnionValidator) else (validator,)
    return any(isinstance(member, ArrayValidator | VectorValidator) for member in members)
