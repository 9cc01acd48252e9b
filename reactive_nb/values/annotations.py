"""Python's annotations read as validators: `def send(ctx, body: str, tags: list[str] = [])`.

Comes in: one annotation, already evaluated (`typing.get_type_hints(f, include_extras=True)`). Goes out: the
validator that accepts what a type checker would, or `SchemaError` for what no value can be.
"""

from __future__ import annotations

import datetime
import inspect
import types
import typing
from typing import Annotated, Any, Final, Literal, NotRequired, Required, Union, get_args, get_origin, is_typeddict

from reactive_nb.errors import SchemaError
from reactive_nb.values.ids import IdOf
from reactive_nb.values.refusal import show
from reactive_nb.values.validators import Validator, v

_BY_TYPE: Final[dict[Any, Validator]] = {
    str: v.string(),
    int: v.int64(),
    float: v.number(),
    bool: v.boolean(),
    bytes: v.bytes(),
    None: v.null(),
    type(None): v.null(),
    datetime.datetime: v.datetime(),
    list: v.array(v.any()),
    dict: v.record(v.string(), v.any()),
    Any: v.any(),
    object: v.any(),
    inspect.Parameter.empty: v.any(),
}


def from_annotation(annotation: Any) -> Validator:
    """Return the validator that an annotation stands for.

    `int` takes ints only, `float` takes ints too, as for type checkers. A parameter without annotation takes
    anything. A default value is not looked at: whether a parameter may be left out is its function's affair.

    Args:
        annotation: `str int float bool bytes datetime None list[T] dict[str, T] T | None Literal[...] Any
            Id["users"]`, a `TypedDict`, `Annotated[T, ...]`, a validator, or `inspect.Parameter.empty`.

    Raises:
        SchemaError: It is anything else.

    Example:
        >>> from_annotation(list[str | None])
        v.array(v.union(v.string(), v.null()))
    """
    if isinstance(annotation, Validator):
        return annotation
    try:
        known = _BY_TYPE.get(annotation)
    except TypeError:  # not hashable
        known = None
    if known is not None:
        return known
    if is_typeddict(annotation):
        return _from_typed_dict(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _from_annotated(arguments[0], arguments[1:])
    if origin is Literal:
        return _union(v.null() if item is None else v.literal(item) for item in arguments)
    if origin is Union or origin is types.UnionType:
        return _union(map(from_annotation, arguments))
    if origin is list:
        return v.array(from_annotation(arguments[0])) if arguments else _BY_TYPE[list]
    if origin is dict:
        return v.record(*map(from_annotation, arguments)) if arguments else _BY_TYPE[dict]
    raise SchemaError(
        "Cannot read the annotation",
        thing=f"{show(annotation)} is not a type that values have",
        expected="str, int, float, bool, bytes, datetime, None, list, dict, a union, Literal, TypedDict, Id[...] or Any",
        hint="Put a validator in its place, such as v.vector(3), or leave the annotation out",
    )


def _union(members: typing.Iterable[Validator]) -> Validator:
    validators = tuple(members)
    return validators[0] if len(validators) == 1 else v.union(*validators)


def _from_annotated(base: Any, marks: tuple[Any, ...]) -> Validator:
    for mark in marks:
        if isinstance(mark, IdOf):
            return v.id(mark.table)
        if isinstance(mark, Validator):
            return mark
    return from_annotation(base)


def _from_typed_dict(declared: Any) -> Validator:
    fields: dict[str, Validator] = {}
    # Required and NotRequired are looked for here because __required_keys__ misses them when they are strings.
    for name, hint in typing.get_type_hints(declared, include_extras=True).items():
        required = name in declared.__required_keys__
        if get_origin(hint) in (Required, NotRequired):
            required = get_origin(hint) is Required
            (hint,) = get_args(hint)
        inner = from_annotation(hint)
        fields[name] = inner if required else v.optional(inner)
    return v.object(fields)
