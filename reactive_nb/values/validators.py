"""The builders of validators, `v`, as Convex names them, and the reader of stored ones.

    v.string() number() float64() int64() boolean() null() bytes() datetime() vector(n) id(table) literal(x)
    v.array(x) object(**fields) record(key, value) union(*members) optional(x) nullable(x) any()

The classes are in `scalars.py`, `shapes.py` and `containers.py`; `annotations.py` makes validators of Python's annotations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reactive_nb.errors import InvalidValue, SchemaError
from reactive_nb.values import scalars, wire
from reactive_nb.values.containers import ArrayValidator, RecordValidator
from reactive_nb.values.refusal import show
from reactive_nb.values.scalars import (
    AnyValidator,
    IdValidator,
    LiteralValidator,
    TypeValidator,
    Validator,
    VectorValidator,
)
from reactive_nb.values.shapes import ObjectValidator, OptionalValidator, UnionValidator

__all__ = [
    "AnyValidator",
    "ArrayValidator",
    "IdValidator",
    "LiteralValidator",
    "ObjectValidator",
    "OptionalValidator",
    "RecordValidator",
    "TypeValidator",
    "UnionValidator",
    "Validator",
    "VectorValidator",
    "from_json",
    "v",
]


class v:  # noqa: N801 - a namespace, written as in Convex
    """The builders of validators.

    Each returns an immutable `Validator`. A declaration that cannot be raises `SchemaError`.

    Example:
        >>> v.object(name=v.string(), age=v.optional(v.number())).check({"name": "Ada"})
        {'name': 'Ada'}
    """

    @staticmethod
    def string() -> Validator:
        """Accept strings."""
        return scalars.STRING

    @staticmethod
    def number() -> Validator:
        """Accept ints and floats, and leave each as it is."""
        return scalars.NUMBER

    @staticmethod
    def float64() -> Validator:
        """Accept ints and floats; another name of `number`."""
        return scalars.NUMBER

    @staticmethod
    def int64() -> Validator:
        """Accept ints of 64 bits, and no float, not even a whole one."""
        return scalars.INT64

    @staticmethod
    def boolean() -> Validator:
        """Accept True and False."""
        return scalars.BOOLEAN

    @staticmethod
    def null() -> Validator:
        """Accept None."""
        return scalars.NULL

    @staticmethod
    def datetime() -> Validator:
        """Accept datetimes with a time zone, which are turned to UTC."""
        return scalars.DATETIME

    @staticmethod
    def vector(dimensions: int) -> Validator:
        """Accept lists and float arrays of this many finite numbers, which become read-only float32 arrays."""
        return VectorValidator(dimensions)

    @staticmethod
    def id(table: str) -> Validator:
        """Accept ids of documents of this table; whether the document exists is not asked."""
        return IdValidator(table)

    @staticmethod
    def literal(value: str | float | bool) -> Validator:
        """Accept this one string, number or boolean."""
        return LiteralValidator(value)

    @staticmethod
    def array(items: Validator) -> Validator:
        """Accept lists whose items are all accepted by `items`."""
        return ArrayValidator(items)

    @staticmethod
    def record(keys: Validator, values: Validator) -> Validator:
        """Accept dicts with any number of keys; `keys` is `v.string()`, `v.id(...)` or a union of these."""
        return RecordValidator(keys, values)

    @staticmethod
    def union(*members: Validator) -> UnionValidator:
        """Accept what at least one member accepts."""
        return UnionValidator(members)

    @staticmethod
    def optional(inner: Validator) -> OptionalValidator:
        """Declare a field that may be missing; None is something else, see `nullable`."""
        return OptionalValidator(inner)

    @staticmethod
    def nullable(inner: Validator) -> UnionValidator:
        """Accept None and what `inner` accepts."""
        return UnionValidator((inner, scalars.NULL))

    @staticmethod
    def any() -> Validator:
        """Accept every value."""
        return AnyValidator()

    # Below here the built-in names that these two take are not needed any more.

    @staticmethod
    def bytes() -> Validator:
        """Accept bytes."""
        return scalars.BYTES

    @staticmethod
    def object(fields: Mapping[str, Validator] | None = None, /, **more: Validator) -> ObjectValidator:
        """Accept dicts with exactly these fields, given as a mapping, as keywords or both."""
        return ObjectValidator({**(fields or {}), **more})


_BY_KIND: Final[Mapping[str, Validator]] = {
    validator.kind: validator
    for validator in (
        scalars.STRING,
        scalars.NUMBER,
        scalars.INT64,
        scalars.BOOLEAN,
        scalars.NULL,
        scalars.BYTES,
        scalars.DATETIME,
        AnyValidator(),
    )
}


def from_json(json: Any) -> Validator:
    """Return the validator that `to_json` wrote, or that Convex exported.

    Raises:
        SchemaError: It is not the JSON of a validator.

    Example:
        >>> from_json({"type": "array", "value": {"type": "string"}})
        v.array(v.string())
    """
    try:
        return _from_json(json)
    except (KeyError, TypeError, AttributeError, InvalidValue):
        raise SchemaError(
            "Cannot read the validator",
            thing=f"{show(json)} is not the JSON of one",
            expected="what Validator.to_json writes",
            hint="If it was stored by a newer version, update reactive_nb",
        ) from None


def _from_json(json: Any) -> Validator:
    match json["type"]:
        case "id":
            return IdValidator(json["tableName"])
        case "vector":
            return VectorValidator(json["dimensions"])
        case "literal":
            return LiteralValidator(wire.from_json(json["value"]))  # type: ignore[arg-type]  # it checks by itself
        case "array":
            return ArrayValidator(from_json(json["value"]))
        case "record":
            return RecordValidator(from_json(json["keys"]), from_json(json["values"]["fieldType"]))
        case "union":
            return UnionValidator(tuple(map(from_json, json["value"])))
        case "object":
            fields = {name: (from_json(item["fieldType"]), item["optional"]) for name, item in json["value"].items()}
            return ObjectValidator(
                {name: OptionalValidator(inner) if optional else inner for name, (inner, optional) in fields.items()}
            )
        case kind:
            return _BY_KIND[kind]
