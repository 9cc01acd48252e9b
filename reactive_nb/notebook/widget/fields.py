"""Fields: how a validator becomes an input on a page, and what an input gives becomes a value.

A validator and a name come in; a field goes out, as JSON that static/inputs.js makes an input of. What stands in the
input comes back as a *raw*, and goes out as a value. Whether the validator accepts that value is not asked here: the
function that gets it does so, and knows the tables that ids belong to.

A field: {"kind", "label", "optional", "nullable", "describe", "choices" (of a choice), "table" (of an id), "initial"}

A raw:   {"missing": true}           left out
         {"null": true}              None
         {"text": "…"}               of a text, number, integer, id, datetime (ISO 8601 with its offset), JSON
         {"flag": true}              of a boolean
         {"choice": 2}               of a choice or a constant, counted from 0
         {"bytes": "<base64>"}       of a file
"""

from __future__ import annotations

import binascii
import json
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from reactive_nb.errors import ArgumentValidationError, InvalidValue, ValidationError
from reactive_nb.values import wire
from reactive_nb.values.refusal import show
from reactive_nb.values.scalars import BOOLEAN, BYTES, DATETIME, INT64, NULL, NUMBER, STRING
from reactive_nb.values.validators import (
    IdValidator,
    LiteralValidator,
    OptionalValidator,
    UnionValidator,
    Validator,
    VectorValidator,
    v,
)
from reactive_nb.values.value import UNSET

Raw = dict[str, Any]

LONG_NAMES: Final = frozenset(("body", "comment", "content", "description", "message", "note", "notes", "text"))
"""Names of strings that are worth several lines."""

_KINDS: Final[dict[Validator, str]] = {
    STRING: "text",
    NUMBER: "number",
    INT64: "integer",
    BOOLEAN: "boolean",
    DATETIME: "datetime",
    BYTES: "file",
}
_MEMBER: Final = {"boolean": "flag", "choice": "choice", "constant": "choice", "file": "bytes"}
_INT: Final = re.compile(r"[+-]?[0-9]{1,400}")
_FLOAT: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?inf|nan", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A validator as an input sees it."""

    kind: str
    optional: bool
    nullable: bool
    inner: Validator
    """What it accepts beside None."""
    choices: tuple[Any, ...] = ()


def field_of(name: str, validator: Validator) -> dict[str, Any]:
    """Return the field for a named value, without its `initial`.

    Example:
        >>> field_of("minutes", v.optional(v.int64()))["kind"]
        'integer'
    """
    shape = _shape(validator)
    field = {
        "kind": "long" if shape.kind == "text" and name in LONG_NAMES else shape.kind,
        "label": name,
        "optional": shape.optional,
        "nullable": shape.nullable,
        "describe": validator.describe(),
        "initial": None,
    }
    if shape.kind in ("choice", "constant"):
        field["choices"] = labels_of(shape.choices)
    if isinstance(shape.inner, IdValidator):
        field["table"] = shape.inner.table
    return field


def value_of(validator: Validator, raw: object, what: str, path: str = "$") -> Any:
    """Return the value that an input gave, or `UNSET` when it is left out.

    Args:
        validator: What the input was made of.
        raw: From a page, so it may be anything.
        what: What cannot be done when this fails: `"Cannot call delay"`.
        path: Where the value stands: `"$.minutes"`.

    Raises:
        ArgumentValidationError: No value can be read from it.

    Example:
        >>> value_of(v.int64(), {"text": "9007199254740993"}, "Cannot call delay")
        9007199254740993
    """
    shape = _shape(validator)

    def refused(thing: str, hint: str, expected: str = validator.describe()) -> ArgumentValidationError:
        return ArgumentValidationError(what, thing=f"{path} {thing}", expected=expected, hint=hint, path=path)

    match raw:
        case {"missing": True}:
            if not shape.optional:
                raise refused("is missing", "Fill it in")
            return UNSET
        case {"null": True}:
            if shape.nullable or shape.kind == "json":
                return None
            raise refused("is None", "Fill it in")
    content = raw.get(_MEMBER.get(shape.kind, "text")) if isinstance(raw, dict) else None
    if content is None:
        raise refused(f"is {show(raw)}, which no input of this kind gives", "Run the cell again")
    return _read(shape, content, refused)


def raw_of(validator: Validator, value: Any) -> Raw:
    """Return what an input gives when it shows this value, so that `value_of` returns it again.

    Args:
        validator: What the input is made of; it accepts the value.
        value: A value, or `UNSET`.
    """
    shape = _shape(validator)
    if value is UNSET:
        return {"missing": True}
    if value is None and (shape.nullable or shape.kind == "json"):
        return {"null": True}
    match shape.kind:
        case "text" | "id":
            return {"text": value}
        case "number" | "integer":
            return {"text": repr(value)}
        case "boolean":
            return {"flag": value}
        case "datetime":
            return {"text": value.isoformat()}
        case "file":
            return {"bytes": b64encode(value).decode()}
        case "choice" | "constant":
            return {"choice": next(at for at, each in enumerate(shape.choices) if same(each, value))}
    if isinstance(shape.inner, VectorValidator):
        return {"text": json.dumps(_numbers(value))}
    return {"text": json.dumps(_plain(value), ensure_ascii=False)}


def like(value: object) -> Validator:
    """Return a validator for values of the kind of this one, for a field that nobody declared.

    Args:
        value: A value, or a cell as a page shows it.
    """
    match value:
        case bool():
            return BOOLEAN
        case int() | float() | {"$int": _} | {"$float": _}:
            return NUMBER
        case str() | {"$text": _}:
            return STRING
        case datetime() | {"$datetime": _}:
            return DATETIME
    return v.any()


def labels_of(choices: Sequence[Any]) -> list[str]:
    """Return what choices read as: strings as they are, unless that makes two of them look the same."""
    labels = [each if isinstance(each, str) else repr(each) for each in choices]
    return labels if len(set(labels)) == len(labels) else [repr(each) for each in choices]


def present(validator: Validator) -> Validator:
    """Return what a value must be when it is not left out."""
    return validator.inner if isinstance(validator, OptionalValidator) else validator


def same(a: object, b: object) -> bool:
    """Whether two values are equal to people, to whom True is not 1."""
    return bool(a == b) and (type(a) is bool) is (type(b) is bool)


def _shape(validator: Validator) -> _Shape:
    inner = present(validator)
    members = inner.members if isinstance(inner, UnionValidator) else (inner,)
    rest = tuple(member for member in members if member != NULL)
    nullable = len(rest) < len(members)
    if not rest:
        return _Shape("constant", validator.optional, False, inner, (None,))
    literals = [member.value for member in rest if isinstance(member, LiteralValidator)]
    if len(literals) == len(rest):
        sole = len(rest) == 1 and not nullable and not validator.optional
        return _Shape("constant" if sole else "choice", validator.optional, nullable, inner, tuple(literals))
    if len(rest) > 1:
        return _Shape("json", validator.optional, nullable, inner)
    kind = "id" if isinstance(rest[0], IdValidator) else _KINDS.get(rest[0], "json")
    return _Shape(kind, validator.optional, nullable, rest[0])


def _read(shape: _Shape, content: Any, refused: Callable[..., ArgumentValidationError]) -> Any:
    """Return the value that the content of a raw says."""
    if shape.kind == "boolean":
        if type(content) is bool:
            return content
    elif shape.kind in ("choice", "constant"):
        if type(content) is int and 0 <= content < len(shape.choices):
            return shape.choices[content]
    elif isinstance(content, str):
        return _read_text(shape, content, refused)
    raise refused(f"is {show(content)}, which this input never gives", "Run the cell again")


def _read_text(shape: _Shape, text: str, refused: Callable[..., ArgumentValidationError]) -> Any:
    if shape.kind == "text":
        return text
    if shape.kind == "file":
        try:
            return b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise refused("is damaged on its way", "Choose the file again") from None
    text = text.strip()
    if not text:
        raise refused("is empty", "Fill it in")
    match shape.kind:
        case "id":
            return text
        case "integer" | "number":
            return _read_number(text, shape.kind == "integer", refused)
        case "datetime":
            return _read_datetime(text, refused)
    return _read_json(shape.inner, text, refused)


def _read_number(text: str, whole: bool, refused: Callable[..., ArgumentValidationError]) -> int | float:
    if _INT.fullmatch(text):
        return int(text)
    if whole:
        raise refused(f"is {show(text)}", "Write a whole number in digits, such as 12")
    number = float(text) if _FLOAT.fullmatch(text) else math.nan
    if math.isfinite(number) or text.lower().lstrip("+-") in ("inf", "nan"):
        return number
    hint = "Write a number with a point, such as 12 or 1.5" + (", without commas" if "," in text else "")
    raise refused(f"is {show(text)}", hint)


def _read_datetime(text: str, refused: Callable[..., ArgumentValidationError]) -> Any:
    try:
        return DATETIME.check(datetime.fromisoformat(text))
    except (ValueError, InvalidValue, ValidationError):
        raise refused(f"is {show(text)}", "Give day and time, such as 2026-11-20T12:00+00:00") from None


def _read_json(inner: Validator, text: str, refused: Callable[..., ArgumentValidationError]) -> Any:
    expected = f"{inner.describe()}, written as JSON"
    try:
        value = wire.from_json(json.loads(text))
        return inner.check(value) if isinstance(inner, VectorValidator) else value
    except (InvalidValue, ValidationError) as error:
        raise refused(f"cannot be taken: {error.thing}", error.hint, error.expected) from None
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "too large to be read"
        hint = (
            f"Write text in quotes, {json.dumps(text)}" if text[0].isalpha() and len(text) < 40 else "Write it as JSON"
        )
        raise refused(f"is {show(text)} ({reason})", hint, expected) from None


def _plain(value: Any) -> Any:
    """Return what `json.dumps` writes of a value: as `wire.to_json`, but numbers in digits, as people write them."""
    match value:
        case bool() | int() | float() | str() | None:
            return value
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case bytes() | datetime():
            return wire.to_json(value)
    return {"$vector": _numbers(value)}


def _numbers(vector: Any) -> list[float]:
    """Return a vector's numbers with as few digits as tell one float32 from the next."""
    return [float(str(number)) for number in vector]
