"""A function as the engine knows it: a path, a kind, what it accepts and what it returns.

Made of a plain `def` whose first parameter is its context; validators come from `args=`/`returns=` or from the
annotations. Calling it checks the arguments and hands them to its engine, or to the context it is called in.
"""

from __future__ import annotations

import enum
import inspect
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import timedelta
from typing import Any, Protocol

from reactive_nb.errors import (
    ArgumentValidationError,
    FunctionKindError,
    InvalidValue,
    ReturnsValidationError,
    SchemaError,
    UnknownFunction,
    ValidationError,
)
from reactive_nb.functions.free_names import FreeNames
from reactive_nb.functions.origin import place_of
from reactive_nb.values.annotations import from_annotation
from reactive_nb.values.refusal import show
from reactive_nb.values.validators import Validator, v
from reactive_nb.values.value import normalize


class Kind(enum.StrEnum):
    """What a function may do."""

    QUERY = "query"
    MUTATION = "mutation"
    ACTION = "action"

    @property
    def with_article(self) -> str:
        """The kind as sentences have it: `"a query"`, `"an action"`."""
        return f"an {self}" if self is Kind.ACTION else f"a {self}"


class Calls(Protocol):
    """What a registered function needs of its engine to be called."""

    def call(self, function: Function, args: dict[str, Any]) -> Any:
        """Run it on this thread and return its result."""

    def submit(self, function: Function, args: dict[str, Any]) -> Future[Any]:
        """Run it on another thread."""

    def live(self, function: Function, args: dict[str, Any]) -> Any:
        """Return the query's result as a live one."""

    def form(self, function: Function, options: dict[str, Any]) -> Any:
        """Return a form that runs it."""

    def button(self, function: Function, label: str | None, args: dict[str, Any]) -> Any:
        """Return a button that runs it."""


class Included(Protocol):
    """What a function of a module needs of it."""

    def engine_of(self, function: Function) -> Calls | None:
        """Return the one open engine that includes the module, or None."""


class Caller(ABC):
    """A context: what can run functions inside its own transaction."""

    @abstractmethod
    def run_query(self, function: Function | str, /, **args: Any) -> Any:
        """Run a query in this transaction."""

    @abstractmethod
    def run_mutation(self, function: Function | str, /, **args: Any) -> Any:
        """Run a mutation as a sub-transaction of this one."""

    @abstractmethod
    def run_action(self, function: Function | str, /, **args: Any) -> Any:
        """Run an action."""


OWN = "_reactive_nb:"
"""How the paths of the package's own queries begin: they serve what people look at, and are not shown to them."""


class Function:
    """A registered function; calling it runs it.

    Attributes:
        path: Its name for clients and in errors: `"send"`, or `"messages:send"` in a module.
        kind: Query, mutation or action.
        internal: Not to be offered to clients outside the process.
        parameters: The names of its parameters after `ctx`, in order.
        args: A validator per parameter; one with a default is optional.
        returns: A validator of the result, or None.
        is_async: Whether it is an `async def`, which only actions can be.
        timeout: How long an action may run, or None.
        place: Where it is defined.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        kind: Kind,
        *,
        path: str | None = None,
        args: Mapping[str, Validator] | None = None,
        returns: Validator | None = None,
        internal: bool = False,
        timeout: timedelta | None = None,
    ) -> None:
        self.function = function
        self.kind = kind
        self.timeout = timeout
        name = getattr(function, "__name__", path)
        if not callable(function) or name is None:
            raise FunctionKindError(
                f"Cannot register {kind.with_article}",
                thing=f"{show(function)} was given" + (", which has no name" if callable(function) else ""),
                expected="a function",
                hint=f'Write @db.{kind}(name="...") to choose a path, above the def',
            )
        self.path = path if path is not None else name
        self.internal = internal
        self.waits_for_cells = False
        """Whether it waits until no cell runs, so that nobody in a cell may wait for it."""
        self.shows_its_errors = False
        """Whether people see what it raises where it stands, so that nothing has to be logged of it."""
        self.engine: Calls | None = None
        """The engine that runs it; set when it is registered there, unless it is of a module."""
        self.module: Included | None = None
        """The module that it is of, which knows the engines that include it."""
        self.__doc__ = function.__doc__
        self.__name__ = name
        self.__wrapped__ = function
        self.place = place_of(function)
        self._free_names = FreeNames(function, (Function,))
        what = f"Cannot register {self.path}"
        self.is_async = inspect.iscoroutinefunction(function)
        if self.is_async and kind is not Kind.ACTION:
            raise FunctionKindError(
                what,
                thing=f"it is an async {kind}",
                expected="a plain def",
                hint="Queries and mutations do not wait for anything; write def",
            )
        if timeout is not None and (not isinstance(timeout, timedelta) or timeout <= timedelta(0)):
            raise FunctionKindError(
                what,
                thing=f"its timeout is {show(timeout)}",
                expected="a timedelta above zero",
                hint="Write timeout=timedelta(seconds=30)",
            )
        parameters = list(inspect.signature(function).parameters.values())
        if not parameters or parameters[0].kind not in (
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
        ):
            raise FunctionKindError(
                what,
                thing="it has no first parameter for its context",
                expected="def name(ctx, ...)",
                hint="Add ctx as the first parameter",
            )
        if parameters[0].name in ("self", "cls"):
            raise FunctionKindError(
                what,
                thing=f"its first parameter is {parameters[0].name}, as if it were a method",
                expected="def name(ctx, ...)",
                hint="Write it outside the class, with ctx as the first parameter",
            )
        self.takes_any = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
        named = [each for each in parameters[1:] if each.kind is not inspect.Parameter.VAR_KEYWORD]
        if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in named):
            raise FunctionKindError(
                what,
                thing="it takes *args",
                expected="arguments with names",
                hint="Name the parameters, or pass a list",
            )
        if any(each.kind is inspect.Parameter.POSITIONAL_ONLY for each in named):
            raise FunctionKindError(
                what,
                thing="it has a parameter that cannot be passed by name",
                expected="parameters with names",
                hint="Remove the / from its parameters",
            )
        self.parameters = tuple(each.name for each in named)
        self.args = _validators(function, named, args, what)
        self.returns = returns if returns is not None else _returns(function, what)
        self._object = v.object(self.args)

    # ------------------------------------------------------------------ calling

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Run it and return its result; with a context as the first argument, as a part of what that runs."""
        if args and isinstance(args[0], Caller):
            match self.kind:
                case Kind.QUERY:
                    run = args[0].run_query
                case Kind.MUTATION:
                    run = args[0].run_mutation
                case Kind.ACTION:
                    run = args[0].run_action
            return run(self, **self.named(args[1:], kwargs))
        return self._engine().call(self, self.named(args, kwargs))

    def submit(self, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it on another thread; return a `concurrent.futures.Future` of its result.

        Cancelling the future of an action ends an `async def` at its next await, and a plain def at its next use of
        its context. Queries and mutations that have begun come to their end.
        """
        return self._engine().submit(self, self.named(args, kwargs))

    async def call(self, /, *args: Any, **kwargs: Any) -> Any:
        """Run it on another thread and await its result: `await send.call(body="hi")`."""
        import asyncio

        return await asyncio.wrap_future(self.submit(*args, **kwargs))

    def live(self, /, *args: Any, **kwargs: Any) -> Any:
        """Return the query's result as a live one, kept true; arguments may be widgets or `(widget, "trait")`."""
        if self.kind is not Kind.QUERY:
            raise FunctionKindError(
                f"Cannot make {self.path} live",
                thing=f"it is {self.kind.with_article}",
                expected="a query",
                hint="Only queries can be run again at will",
            )
        return self._engine().live(self, self.named(args, kwargs))

    def form(self, /, **options: Any) -> Any:
        """Return a form with an input per argument, made from the validators; submitting it runs the function.

        Args:
            options: By argument: a list of choices, a first value, or a widget (or `(widget, "trait")`) whose value
                is taken at each submission.

        Example:
            >>> delay.form(carrier=["UA", "AA"])
        """
        return self._engine().form(self, options)

    def button(self, label: str | None = None, /, **args: Any) -> Any:
        """Return a button that runs the function.

        Args:
            label: What stands on it; the function's name by default.
            args: The arguments; a widget, or `(widget, "trait")`, gives its value of the moment it is pressed.

        Example:
            >>> delay.button("Delay it", flight=flight_id, minutes=10)
        """
        return self._engine().button(self, label, args)

    def named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return all arguments by name."""
        if not args:
            return kwargs
        if len(args) > len(self.parameters):
            raise ArgumentValidationError(
                f"Cannot call {self.path}",
                thing=f"{len(args)} positional arguments were given",
                expected=f"at most {len(self.parameters)}: {self.signature}",
                hint="Pass arguments by name",
                path="$",
            )
        by_position = dict(zip(self.parameters, args, strict=False))
        for name in by_position.keys() & kwargs.keys():
            raise ArgumentValidationError(
                f"Cannot call {self.path}",
                thing=f"{name!r} was given twice",
                expected=self.signature,
                hint="Pass it once",
                path=f"$.{name}",
            )
        return {**by_position, **kwargs}

    @property
    def is_own(self) -> bool:
        """Whether it is the package's own, and nobody's in particular."""
        return self.path.startswith(OWN)

    @property
    def depends_on_variables(self) -> bool:
        """Whether its result may change without a commit, because another cell sets something that it uses."""
        return self._free_names.may_change()

    # ------------------------------------------------------------------ checking

    def checked_args(self, args: dict[str, Any], numbers: Mapping[str, int]) -> dict[str, Any]:
        """Return the arguments, normalised.

        Raises:
            ArgumentValidationError: A validator refuses one, one is missing, or one is not known.
        """
        try:
            if self.takes_any:
                extra = {name: normalize(value, f"$.{name}") for name, value in args.items() if name not in self.args}
                known = {name: value for name, value in args.items() if name in self.args}
                return {**self._object.check(known, "$", numbers), **extra}  # type: ignore[dict-item]
            return self._object.check(args, "$", numbers)  # type: ignore[return-value]
        except (ValidationError, InvalidValue) as error:
            raise self._refused(args, error) from None

    def _refused(self, args: dict[str, Any], error: ValidationError | InvalidValue) -> ArgumentValidationError:
        """Return what the validators said, in words for arguments where it is about which of them there are."""
        unknown = [] if self.takes_any else [name for name in args if name not in self.args]
        missing = [name for name, each in self.args.items() if name not in args and not each.optional]
        thing, expected, hint, path = error.thing, error.expected, error.hint, error.path
        if unknown:
            thing = f"{unknown[0]!r} is not one of its arguments"
            expected = f"only {', '.join(self.args)}" if self.args else "no arguments"
            hint, path = "Correct the name, or leave it out", f"$.{unknown[0]}"
        elif missing:
            thing, expected = f"the argument {missing[0]!r} is missing", self.args[missing[0]].describe()
            hint, path = f"Pass {missing[0]}, or give the parameter a default", f"$.{missing[0]}"
        return ArgumentValidationError(f"Cannot call {self.path}", thing=thing, expected=expected, hint=hint, path=path)

    def checked_result(self, result: Any, numbers: Mapping[str, int]) -> Any:
        """Return the result, if `returns` accepts it.

        Raises:
            ReturnsValidationError: It does not.
        """
        if self.returns is None:
            return result
        try:
            return self.returns.check(result, "$", numbers)
        except (ValidationError, InvalidValue) as error:
            raise ReturnsValidationError(
                f"Cannot return from {self.path}",
                thing=error.thing,
                expected=error.expected,
                hint="Return what the function declares, or correct the declaration",
                path=error.path,
            ) from None

    @property
    def signature(self) -> str:
        """The arguments as a person reads them: `channel: a string, limit: an int`."""
        return ", ".join(f"{name}: {validator.describe()}" for name, validator in self.args.items()) or "no arguments"

    def _engine(self) -> Calls:
        engine = self.engine if self.module is None else self.module.engine_of(self)
        if engine is None:
            raise UnknownFunction(
                f"Cannot run {self.path}",
                thing="no open database includes its module",
                expected="a module given to db.include(...)",
                hint="Call db.include(module) first",
            )
        return engine

    def __repr__(self) -> str:
        return f"<{self.kind} {self.path}({self.signature})>"


def _validators(
    function: Callable[..., Any],
    parameters: list[inspect.Parameter],
    declared: Mapping[str, Validator] | None,
    what: str,
) -> dict[str, Validator]:
    names = {each.name for each in parameters}
    if declared is not None:
        if unknown := set(declared) - names:
            raise SchemaError(
                what,
                thing=f"args declares {sorted(unknown)}, which are not parameters",
                expected=f"validators for {sorted(names)}",
                hint="Name the parameters of the function",
            )
        hints: Mapping[str, Any] = declared
    else:
        hints = _hints(function, what)
    validators = {}
    for each in parameters:
        hint = hints.get(each.name, inspect.Parameter.empty)
        try:
            validator = from_annotation(hint)
        except SchemaError as error:
            raise SchemaError(
                what, thing=f"at the parameter {each.name!r}, {error.thing}", expected=error.expected, hint=error.hint
            ) from None
        if each.default is inspect.Parameter.empty:
            if validator.optional:
                raise SchemaError(
                    what,
                    thing=f"the argument {each.name!r} is optional, and its parameter has no default",
                    expected="a default, for when the argument is missing",
                    hint=f"Write {each.name}=None, or any other default, in the def",
                )
        elif not validator.optional:
            validator = v.optional(validator)
        validators[each.name] = validator
    return validators


def _returns(function: Callable[..., Any], what: str) -> Validator | None:
    hint = _hints(function, what).get("return")
    if hint is None or hint is type(None):
        return None
    try:
        return from_annotation(hint)
    except SchemaError:
        return None  # such as pandas.DataFrame: said for readers and type checkers, and not a kind of value


def _hints(function: Callable[..., Any], what: str) -> dict[str, Any]:
    """Return the annotations, evaluated where they are strings."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise SchemaError(
            what,
            thing=f"an annotation names {error.name!r}, which is not defined",
            expected="annotations that can be evaluated",
            hint="Define or import it before the function, or give args={...}",
        ) from None
    except (AttributeError, SyntaxError) as error:
        raise SchemaError(
            what,
            thing=f"an annotation cannot be evaluated ({error})",
            expected="annotations that can be evaluated",
            hint="Correct it, or give args={...}",
        ) from None
    except TypeError:
        # Annotations that are objects rather than types (validators) are taken as they stand.
        return dict(inspect.get_annotations(function))
