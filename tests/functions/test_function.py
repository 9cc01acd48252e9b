"""A function by itself: how arguments get their names, which validators it has, and what cannot be one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

import numpy as np
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import (
    ArgumentValidationError,
    FunctionKindError,
    ReactiveError,
    ReturnsValidationError,
    SchemaError,
    UnknownFunction,
)
from reactive_nb.functions.function import Function, Kind
from reactive_nb.values.validators import Validator
from tests.tools import insert

UserId = rnb.Id["users"]


class Options(TypedDict):
    size: int
    note: NotRequired[str]


def echo(ctx: Any, a: str, b: int = 2, c: list[str] = ["x"]) -> Any:  # noqa: B006
    return [a, b, c]


def loose(ctx: Any, a: str, **rest: Any) -> Any:
    return [a, rest]


def nothing(ctx: Any) -> None: ...


def nested(ctx: Any, options: Options) -> None: ...


def untyped(ctx, a, b=None):  # type: ignore[no-untyped-def]
    return [a, b]


# ------------------------------------------------------------------ arguments


@dataclass(frozen=True, slots=True)
class Bound:
    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any


BOUND = [
    Bound("by name", echo, (), {"a": "x", "b": 3, "c": []}, ["x", 3, []]),
    Bound("by position", echo, ("x", 3), {}, ["x", 3, ["x"]]),
    Bound("mixed", echo, ("x",), {"c": ["y"]}, ["x", 2, ["y"]]),
    Bound("defaults", echo, (), {"a": "x"}, ["x", 2, ["x"]]),
    Bound("extra ones for **rest", loose, (), {"a": "x", "n": 3, "m": [1]}, ["x", {"n": 3, "m": [1]}]),
    Bound("no extra ones for **rest", loose, ("x",), {}, ["x", {}]),
    Bound("without annotations", untyped, (3,), {"b": "y"}, [3, "y"]),
    Bound("numpy's scalars become plain", echo, (), {"a": np.str_("x"), "b": np.int64(4)}, ["x", 4, ["x"]]),
]


@pytest.mark.parametrize("kind", ["query", "mutation"])
@pytest.mark.parametrize("case", BOUND, ids=lambda case: case.name)
def test_arguments_arrive(case: Bound, kind: str, db: Engine) -> None:
    function = getattr(db, kind)(case.function)

    assert function(*case.args, **case.kwargs) == case.result


@dataclass(frozen=True, slots=True)
class Refused:
    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    path: str
    says: str


SIGNATURE = "a: a string, b: an int, c: a list, each item a string"
REFUSED = [
    Refused(
        "a wrong type",
        echo,
        (),
        {"a": 3},
        "$.a",
        "Cannot call echo: $.a is 3 (int). Expected a string. Pass a str.",
    ),
    Refused(
        "missing",
        echo,
        (),
        {},
        "$.a",
        "Cannot call echo: the argument 'a' is missing. Expected a string. Pass a, or give the parameter a default.",
    ),
    Refused(
        "extra",
        echo,
        (),
        {"a": "x", "d": 1},
        "$.d",
        "Cannot call echo: 'd' is not one of its arguments. Expected only a, b, c. Correct the name, or leave it out.",
    ),
    Refused(
        "too many by position",
        echo,
        ("x", 1, [], 4),
        {},
        "$",
        f"Cannot call echo: 4 positional arguments were given. Expected at most 3: {SIGNATURE}. Pass arguments by name.",
    ),
    Refused(
        "twice",
        echo,
        ("x",),
        {"a": "y"},
        "$.a",
        f"Cannot call echo: 'a' was given twice. Expected {SIGNATURE}. Pass it once.",
    ),
    Refused(
        "extra, of none",
        nothing,
        (),
        {"d": 1},
        "$.d",
        "Cannot call nothing: 'd' is not one of its arguments. Expected no arguments. Correct the name, or leave it out.",
    ),
    Refused("missing, with **rest", loose, (), {"b": 1}, "$.a", "Cannot call loose: the argument 'a' is missing."),
    Refused(
        "missing inside an argument", nested, ({},), {}, "$.options.size", "$.options.size is missing. Expected an"
    ),
    Refused("inside a list", echo, ("x",), {"c": ["a", 3]}, "$.c[1]", "$.c[1] is 3 (int). Expected a string"),
    Refused("None for a default", echo, ("x",), {"b": None}, "$.b", "$.b is None. Expected an int"),
    Refused("no value, without annotations", untyped, (object,), {}, "$.a", "$.a is <class 'object'>"),
    Refused("no value, for **rest", loose, ("x",), {"n": {1}}, "$.n", "Cannot call loose: $.n is {1} (set)"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_arguments_are_refused(case: Refused, db: Engine) -> None:
    function = db.query(case.function)

    with pytest.raises(ArgumentValidationError) as caught:
        function(*case.args, **case.kwargs)

    assert case.says in str(caught.value)
    assert caught.value.path == case.path


def test_an_id_is_checked_against_its_table(db: Engine) -> None:
    (user,), (other,) = insert(db, "users", {}), insert(db, "others", {})

    @db.query
    def who(ctx: Any, user: UserId) -> str:
        return str(user)

    assert who(user) == user
    with pytest.raises(ArgumentValidationError, match="users"):
        who(other)


def test_what_a_function_does_to_its_arguments_stays_with_it(db: Engine) -> None:
    @db.mutation
    def spoil(ctx: Any, tags: list[str]) -> None:
        tags.append("spoiled")

    tags = ["a"]
    spoil(tags=tags)

    assert tags == ["a"]


# ------------------------------------------------------------------ validators


def annotated(ctx: Any, a: str, b: int | None, c: Literal["x", "y"], d: Options, e: float = 1.0) -> list[int]:
    return []


@pytest.mark.parametrize(
    ("name", "validator"),
    [
        ("a", v.string()),
        ("b", v.union(v.int64(), v.null())),
        ("c", v.union(v.literal("x"), v.literal("y"))),
        ("d", v.object(size=v.int64(), note=v.optional(v.string()))),
        ("e", v.optional(v.number())),
    ],
)
def test_annotations_are_validators(name: str, validator: Validator) -> None:
    function = Function(annotated, Kind.QUERY)

    assert function.args[name] == validator
    assert function.returns == v.array(v.int64())
    assert function.parameters == ("a", "b", "c", "d", "e")


def test_given_validators_stand_instead_of_annotations() -> None:
    function = Function(echo, Kind.QUERY, args={"a": v.number()}, returns=v.string())

    assert function.args == {"a": v.number(), "b": v.optional(v.any()), "c": v.optional(v.any())}
    assert function.returns == v.string()


def test_an_optional_validator_goes_with_a_default(db: Engine) -> None:
    @db.query(args={"a": v.optional(v.string())})
    def maybe(ctx: Any, a: str | None = None) -> str | None:
        return a

    assert (maybe(), maybe(a="x")) == (None, "x")


@pytest.mark.parametrize("kind", ["query", "mutation"])
def test_a_result_that_does_not_fit_is_refused_and_undone(kind: str, db: Engine) -> None:
    def wrong(ctx: Any) -> list[int]:
        if kind == "mutation":
            ctx.db.insert("t", {})
        return ["x"]  # type: ignore[list-item]

    function = getattr(db, kind)(wrong)

    with pytest.raises(ReturnsValidationError) as caught:
        function()

    assert str(caught.value) == (
        "Cannot return from wrong: $[0] is 'x' (str). Expected an int. "
        "Return what the function declares, or correct the declaration."
    )
    assert db.ts == 0


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (list[dict], [{"_id": "x", "_creationTime": 1.0, "n": 2}]),
        (dict, {"_id": "x"}),
        (dict[str, Any], {"_id": "x"}),
        (list[float], [0.5] * 10_000),
        (dict[str, int], {f"k{n}": n for n in range(2000)}),
        (dict[str, int], {"Zürich": 3, "": 1}),
        (Any, [{"Zürich": [0] * 10_000}]),
    ],
    ids=["documents", "a document", "a dict by str", "10 000 items", "2000 keys", "Unicode keys", "anything"],
)
def test_an_argument_and_a_result_are_not_bound_by_the_limits_of_documents(hint: Any, value: Any, db: Engine) -> None:
    def echo(ctx: Any, given: Any) -> Any:
        return given

    echo.__annotations__.update({"given": hint, "return": hint})
    echo_back = db.query(echo)

    assert echo_back(value) == value
    assert echo_back(given=value) == value  # now from the cache
    with echo_back.live(value) as live:
        assert live.value == value


@pytest.mark.parametrize("hint", [None, complex], ids=["None", "a type that no value has"])
def test_an_annotation_of_the_result_that_is_no_kind_of_value_checks_nothing(hint: Any, db: Engine) -> None:
    def pair(ctx: Any) -> Any:
        return (1, 2)

    pair.__annotations__["return"] = hint

    assert db.query(pair)() == (1, 2)


# ------------------------------------------------------------------ what cannot be a function


async def waiting(ctx: Any) -> None: ...


def with_a_set(ctx: Any, tags: set[str]) -> None: ...


def with_no_such_type(ctx: Any, a: str) -> None: ...


with_no_such_type.__annotations__["a"] = "Any.Nope"


def with_half_a_type(ctx: Any, a: str) -> None: ...


with_half_a_type.__annotations__["a"] = "list["


class Board:
    def latest(self, ctx: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class NoFunction:
    name: str
    make: Callable[[], Function]
    error: type[ReactiveError]
    says: str


NO_FUNCTION = [
    NoFunction(
        "async",
        lambda: Function(waiting, Kind.MUTATION),
        FunctionKindError,
        "Cannot register waiting: it is an async mutation. Expected a plain def. "
        "Queries and mutations do not wait for anything; write def.",
    ),
    NoFunction(
        "no ctx",
        lambda: Function(lambda: 1, Kind.QUERY, path="f"),
        FunctionKindError,
        "Cannot register f: it has no first parameter for its context. Expected def name(ctx, ...). "
        "Add ctx as the first parameter.",
    ),
    NoFunction(
        "ctx by name only", lambda: Function(lambda *, ctx: 1, Kind.QUERY), FunctionKindError, "no first parameter"
    ),
    NoFunction("only *args", lambda: Function(lambda *args: 1, Kind.QUERY), FunctionKindError, "no first parameter"),
    NoFunction(
        "*args",
        lambda: Function(lambda ctx, *rest: 1, Kind.QUERY, path="f"),
        FunctionKindError,
        "Cannot register f: it takes *args. Expected arguments with names. Name the parameters, or pass a list.",
    ),
    NoFunction(
        "parameters by position only",
        lambda: Function(lambda ctx, a, /: 1, Kind.QUERY, path="f"),
        FunctionKindError,
        "Cannot register f: it has a parameter that cannot be passed by name. Expected parameters with names. "
        "Remove the / from its parameters.",
    ),
    NoFunction(
        "a method",
        lambda: Function(Board.latest, Kind.QUERY),
        FunctionKindError,
        "Cannot register latest: its first parameter is self, as if it were a method. Expected def name(ctx, ...). "
        "Write it outside the class, with ctx as the first parameter.",
    ),
    NoFunction(
        "a path instead of a function",
        lambda: Function("latest", Kind.QUERY),  # type: ignore[arg-type]
        FunctionKindError,
        "Cannot register a query: 'latest' (str) was given. Expected a function. "
        'Write @db.query(name="...") to choose a path, above the def.',
    ),
    NoFunction(
        "a function without a name",
        lambda: Function(functools.partial(echo, a="x"), Kind.QUERY),
        FunctionKindError,
        "(partial) was given, which has no name. Expected a function.",
    ),
    NoFunction(
        "an annotation that is no type of a value",
        lambda: Function(with_a_set, Kind.QUERY),
        SchemaError,
        "Cannot register with_a_set: at the parameter 'tags', set[str] (GenericAlias) is not a type that values have.",
    ),
    NoFunction(
        "an annotation that names what a module does not have",
        lambda: Function(with_no_such_type, Kind.QUERY),
        SchemaError,
        "Cannot register with_no_such_type: an annotation cannot be evaluated (",
    ),
    NoFunction(
        "an annotation that is no Python",
        lambda: Function(with_half_a_type, Kind.QUERY),
        SchemaError,
        "Expected annotations that can be evaluated. Correct it, or give args={...}.",
    ),
    NoFunction(
        "validators of other names",
        lambda: Function(echo, Kind.QUERY, args={"z": v.string()}),
        SchemaError,
        "Cannot register echo: args declares ['z'], which are not parameters. Expected validators for "
        "['a', 'b', 'c']. Name the parameters of the function.",
    ),
    NoFunction(
        "an optional argument without a default",
        lambda: Function(lambda ctx, a: 1, Kind.QUERY, path="f", args={"a": v.optional(v.string())}),
        SchemaError,
        "Cannot register f: the argument 'a' is optional, and its parameter has no default. Expected a default, for "
        "when the argument is missing. Write a=None, or any other default, in the def.",
    ),
]


@pytest.mark.parametrize("case", NO_FUNCTION, ids=lambda case: case.name)
def test_this_cannot_be_a_function(case: NoFunction) -> None:
    with pytest.raises(case.error) as caught:
        case.make()

    assert case.says in str(caught.value)


def test_a_bound_method_and_a_callable_with_a_path_are_functions(db: Engine) -> None:
    class Greeter:
        def greet(self, ctx: Any, name: str) -> str:
            return f"hello {name}"

    bound = db.query(Greeter().greet)
    partial = db.query(name="x_only")(functools.partial(echo, b=5))

    assert bound(name="Ada") == "hello Ada"
    assert partial(a="x") == ["x", 5, ["x"]]


def test_an_annotation_that_names_nothing_is_refused() -> None:
    def broken(ctx: Any, a: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(SchemaError) as caught:
        Function(broken, Kind.QUERY)

    assert str(caught.value) == (
        "Cannot register broken: an annotation names 'Nowhere', which is not defined. Expected annotations that can "
        "be evaluated. Define or import it before the function, or give args={...}."
    )


def test_a_function_of_no_database_cannot_be_called() -> None:
    with pytest.raises(UnknownFunction) as caught:
        Function(echo, Kind.QUERY)(a="x")

    assert str(caught.value) == (
        "Cannot run echo: no open database includes its module. Expected a module given to db.include(...). "
        "Call db.include(module) first."
    )


def test_only_a_query_can_be_live(db: Engine) -> None:
    @db.mutation
    def send(ctx: Any) -> None: ...

    with pytest.raises(FunctionKindError) as caught:
        send.live()

    assert str(caught.value) == (
        "Cannot make send live: it is a mutation. Expected a query. Only queries can be run again at will."
    )


# ------------------------------------------------------------------ other ways to call


def test_a_function_can_be_submitted_and_awaited(db: Engine) -> None:
    import asyncio

    function = db.mutation(echo)

    assert function.submit("x").result() == ["x", 2, ["x"]]
    assert asyncio.run(function.call("x", b=5)) == ["x", 5, ["x"]]


def test_a_function_shows_its_signature_and_keeps_its_docstring(db: Engine) -> None:
    @db.query
    def documented(ctx: Any, channel: str, limit: int = 50) -> list[Any]:
        """Return the newest."""
        return []

    assert repr(documented) == "<query documented(channel: a string, limit: an int)>"
    assert documented.__doc__ == "Return the newest."
    assert documented.__name__ == "documented"


def test_a_function_without_arguments_says_so(db: Engine) -> None:
    assert db.query(lambda ctx: 1).signature == "no arguments"
