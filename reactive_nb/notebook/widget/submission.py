"""A submission: the kernel's side of what a form or a button asks, runs and answers.

In comes a function and, for each of its arguments, where it comes from: an input on the page, a widget, or a fixed
value. Out goes what the page needs to show (`fields`), and an answer to each request of a page, with the commit that
the function made, or the newest when it made none:

    submit {"values": {name: raw}}          runs the function   → {"result": cell, "ts": commit}
    pick   {"field": name, "text": "…"}     finds documents     → {"options": [{"id", "label"}, …], "more": bool}

What is raised instead becomes the error beside a field or below the form. While an action runs, the page is told how far
it is, as `ctx.progress` says (progress.py). Nothing here knows of widgets on a page.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import traitlets

from reactive_nb.engine.engine import Engine
from reactive_nb.engine.recording import recording
from reactive_nb.errors import ArgumentValidationError, InvalidValue, ReactiveError, ValidationError
from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.function import Function
from reactive_nb.functions.origin import calling_from
from reactive_nb.functions.runner import own_commits
from reactive_nb.notebook.arguments import watch_arguments
from reactive_nb.notebook.result.encoding import encode_cell
from reactive_nb.notebook.widget.fields import field_of, labels_of, present, raw_of, value_of
from reactive_nb.values.refusal import show
from reactive_nb.values.validators import Validator, v
from reactive_nb.values.value import UNSET

MAX_OPTIONS: Final = 20
"""How many documents are offered for an id."""
MAX_LOOKED_AT: Final = 20_000
"""How many documents, newest first, are looked at to find them."""
MAX_LABEL_FIELDS: Final = 3
MAX_LABEL_TEXT: Final = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """An argument that the page asks for.

    Attributes:
        validator: What the argument must be.
        choices: The values to choose from, when they were given and do not follow from the validator.
        initial: What the input shows at first; `UNSET` when it is empty.
        optional: Whether it may be left out.
    """

    validator: Validator
    choices: tuple[Any, ...] | None = None
    initial: Any = UNSET
    optional: bool = False

    def field(self, name: str) -> dict[str, Any]:
        """Return it as JSON for the page."""
        field = {"name": name, **field_of(name, self.validator), "optional": self.optional}
        if self.choices is not None:
            at = next((at for at, each in enumerate(self.choices) if each is self.initial), 0)
            shown = {"kind": "choice", "choices": labels_of(self.choices), "initial": {"choice": at}}
            return {**field, **shown, "nullable": False}
        return field if self.initial is UNSET else {**field, "initial": raw_of(self.validator, self.initial)}

    def value(self, raw: object, what: str, path: str) -> Any:
        """Return the value that its input gave, or `UNSET`."""
        if self.choices is None:
            return value_of(self.validator, raw, what, path)
        match raw:
            case {"choice": int(at)} if 0 <= at < len(self.choices):
                return self.choices[at]
        raise ArgumentValidationError(
            what, thing=f"{path} is {show(raw)}", expected="one of the choices", hint="Choose one", path=path
        )


class Submission:
    """Runs a function for a page; see the module. Every method may be called from any thread.

    Args:
        engine: Runs the function.
        function: The function; when it is replaced, by a cell that runs again, its replacement runs.
        asked: The arguments that the page asks for, in their order.
        widgets: The arguments whose value is taken at each submission: a widget, or a pair (widget, trait name).
        fixed: The arguments that are always the same.
        kind: What submits, in the origin of its commits: "the form of send".
    """

    def __init__(
        self,
        engine: Engine,
        function: Function,
        asked: Mapping[str, Asked],
        widgets: Mapping[str, Any],
        fixed: Mapping[str, Any],
        kind: str = "form",
    ) -> None:
        self.engine = engine
        self.path = function.path
        self._asked = asked
        self._widgets = widgets
        self._fixed = fixed
        self._origin = f"the {kind} of {function.path}"
        current_values(widgets)  # a widget without the trait is an error of the cell, and not of every submission

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The inputs that a page shows."""
        return [asked.field(name) for name, asked in self._asked.items()]

    def answer(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request of a page."""
        match method, params:
            case "submit", {"values": dict(values)}:
                return self._submit(values)
            case "pick", {"field": str(name), "text": str(text)} if name in self._asked:
                return documents_like(self.engine, self._asked[name].field(name).get("table", ""), text)
        raise ReactiveError(
            f"Cannot answer the page about {self.path}",
            thing=f"it asks for {show(method)}",
            expected="submit or pick, for an argument that is asked for",
            hint="Run the cell again",
        )

    def given(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a call, without those that are left out.

        Args:
            values: What the inputs of a page gave, by argument.

        Raises:
            ArgumentValidationError: An input gave no value.
        """
        what = f"Cannot call {self.path}"
        asked = {name: each.value(values.get(name), what, f"$.{name}") for name, each in self._asked.items()}
        args = {**self._fixed, **current_values(self._widgets), **asked}
        return {name: value for name, value in args.items() if value is not UNSET}

    def _submit(self, values: Mapping[str, Any]) -> dict[str, Any]:
        given = self.given(values)
        result, ts = run_for_page(
            self.engine, self._origin, lambda: self.engine.call(self.engine.find(self.path), given)
        )
        return {"result": encode_cell(result), "ts": ts}


def documents_like(engine: Engine, table: str, text: str) -> dict[str, Any]:
    """Return the documents of a table to choose from when somebody has typed a text: an id, or part of their texts.

    Returns:
        `options`, each with `id` and `label`, newest first, and whether there are `more`.
    """
    wanted = text.strip()

    def find(ctx: QueryContext) -> tuple[list[dict[str, Any]], bool]:
        reader = ctx.db.system if table.startswith("_") else ctx.db
        exact = reader.get(wanted) if ctx.db.normalize_id(table, wanted) else None
        if exact is not None:
            return [exact], False
        newest = iter(reader.query(table).order("desc"))
        looked_at = islice(newest, MAX_LOOKED_AT)
        found = list(islice((each for each in looked_at if _contains(each, wanted)), MAX_OPTIONS))
        return found, next(newest, None) is not None

    documents, more = engine.read(find)
    options = [{"id": document["_id"], "label": _label_of(document)} for document in documents]
    return {"options": options, "more": more}


def run_for_page(engine: Engine, origin: str, act: Callable[[], Any]) -> tuple[Any, int]:
    """Do what a page asks for; return the result, and the commit that this made, or the newest when it made none.

    Args:
        engine: Where it commits.
        origin: What on the page asks.
        act: Calls the function.
    """
    with calling_from(origin), own_commits() as own:
        result = act()
    return result, own[-1] if own else engine.ts


def split_options(
    function: Function, options: Mapping[str, Any], what: str, also: str = ""
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a user gave for arguments: the widgets, and the plain values.

    Raises:
        ArgumentValidationError: A name is not one of the function's arguments.
    """
    for name in options:
        if name not in function.args and not function.takes_any:
            names = ", ".join(function.args) or "no arguments"
            raise ArgumentValidationError(
                what,
                thing=f"{name!r} is not one of its arguments",
                expected=f"only {names}{also}",
                hint="Correct the name, or leave it out",
                path=f"$.{name}",
            )
    widgets = {name: option for name, option in options.items() if is_widget(option)}
    return widgets, {name: option for name, option in options.items() if name not in widgets}


def is_widget(option: object) -> bool:
    """Whether an argument is to be taken from a widget."""
    match option:
        case traitlets.HasTraits() | (traitlets.HasTraits(), str()):
            return True
    return False


def current_values(widgets: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the widgets hold now."""
    values, unwatch = watch_arguments(widgets, lambda _: None)
    unwatch()
    return values


def validator_of(function: Function, name: str) -> Validator:
    """Return what an argument must be, when it is given."""
    return present(function.args.get(name, v.any()))


def checked_values(
    engine: Engine, function: Function, values: Iterable[tuple[str, Any]], what: str
) -> list[tuple[str, Any]]:
    """Return values for arguments, normalised.

    Args:
        engine: Knows the tables that ids belong to.
        function: Declares its arguments.
        values: Pairs of an argument's name and a value for it.
        what: What cannot be done when one is refused.

    Raises:
        ArgumentValidationError: A validator refuses one.
    """

    def check(ctx: QueryContext) -> list[tuple[str, Any]]:
        numbers = ctx.transaction.numbers()
        return [(name, validator_of(function, name).check(value, f"$.{name}", numbers)) for name, value in values]

    try:
        with recording():  # by itself: a reactive cell that makes a form does not follow how its values are checked
            return engine.read(check)
    except (ValidationError, InvalidValue) as error:
        raise ArgumentValidationError(
            what, thing=error.thing, expected=error.expected, hint=error.hint, path=error.path
        ) from None


def asked_for(engine: Engine, function: Function, name: str) -> Asked:
    """Return an argument to be asked for, of which the user said nothing: it starts with the parameter's default."""
    validator = function.args.get(name, v.any())
    if not validator.optional:
        return Asked(validator)
    default = inspect.signature(function.function).parameters[name].default
    try:
        [(_, initial)] = checked_values(engine, function, [(name, default)], "")
    except ArgumentValidationError:  # such as None for "an int": the function's own sign of a missing argument
        return Asked(validator, optional=True)
    return Asked(validator, initial=initial, optional=type(initial) is not bool)


def _contains(document: Mapping[str, Any], text: str) -> bool:
    wanted = text.casefold()
    return not wanted or any(wanted in text.casefold() for text in _texts(document))


def _texts(document: Mapping[str, Any]) -> list[str]:
    return [value for name, value in document.items() if isinstance(value, str) and name != "_id"]


def _label_of(document: Mapping[str, Any]) -> str:
    """Return what a document is called in a list: its first texts, or the id of one that has none."""
    texts = [" ".join(text.split()) for text in islice(_texts(document), MAX_LABEL_FIELDS)]
    cut = [text if len(text) <= MAX_LABEL_TEXT else text[: MAX_LABEL_TEXT - 1] + "…" for text in texts if text]
    return " · ".join(cut) or str(document["_id"])
