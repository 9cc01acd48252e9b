"""Validators of single values, and what all validators have in common.

Comes in: any object. Goes out: the same value normalised, or an error with the path to the culprit; one pass does
both. A validator is an immutable record: equal declarations are equal objects.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sized
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, cast

from reactive_nb.errors import InvalidId, InvalidValue, SchemaError, ValidationError
from reactive_nb.values import wire
from reactive_nb.values.conversion import vector
from reactive_nb.values.ids import table_number_of
from reactive_nb.values.refusal import Refusal, show
from reactive_nb.values.value import (
    ANYWHERE,
    MAX_INT,
    MAX_ITEMS,
    MIN_INT,
    ONE_SCALAR,
    UNSET,
    Nesting,
    Value,
    normalized,
)

NO_TABLES: Final[Mapping[str, int]] = {}
SCALAR_TYPES: Final[frozenset[type]] = frozenset((type(None), bool, int, float, str, bytes, datetime))


class Validator(ABC):
    """A declared check of a value that can say where and why it fails. Built with `v`.

    A subclass says what it accepts in the six methods that begin with an underscore. `_accept` does the work of
    `check` but raises `Refusal`, to which each enclosing validator adds its step of the path.
    """

    __slots__ = ()

    optional: ClassVar[bool] = False
    """Whether a field so declared may be missing; only `v.optional(...)` says so."""

    def check(
        self, value: object, path: str = "$", tables: Mapping[str, int] = NO_TABLES, nesting: Nesting = ANYWHERE
    ) -> Value:
        """Return the value normalised if this validator accepts it.

        Args:
            value: Anything.
            path: Where it stands, for the error.
            tables: The number of each table by its name, against which ids are checked.
            nesting: Which limits it has: `ANYWHERE`, or `IN_DOCUMENT` for a document or a part of one.

        Raises:
            ValidationError: It is a value, or stands for one, but not one that this validator accepts.
            InvalidValue: Part of it is no value or past a limit, so that no validator could accept it.

        Example:
            >>> v.object(n=v.number()).check({"n": numpy.float32(0.5)})
            {'n': 0.5}
        """
        try:
            return self._accept(value, tables, nesting)
        except Refusal as refusal:
            raise refusal.at(path) from None

    def accepts(self, kind: type) -> bool:
        """Whether it accepts some value of this plain type."""
        return kind in self._types()

    def check_all(
        self, values: list[Any], tables: Mapping[str, int] = NO_TABLES, nesting: Nesting = ANYWHERE
    ) -> tuple[list[Any], dict[int, InvalidValue | ValidationError]]:
        """Check many values at once, such as a column of a frame; where their types say enough, at a glance.

        Args:
            values: The values; `UNSET` stands for none, and is passed on.
            tables: As in `check`.
            nesting: As in `check`.

        Returns:
            The values normalised, and by position the errors of those that are refused; their paths begin with `$`.
        """
        kinds = set(map(type, values)) - {type(UNSET)}
        if self._at_a_glance(kinds, values):
            return values, {}
        checked: list[Any] = []
        errors: dict[int, InvalidValue | ValidationError] = {}
        for value in values:
            try:
                checked.append(UNSET if value is UNSET else self._accept(value, tables, nesting))
            except Refusal as refusal:
                errors[len(checked)] = refusal.at("$")
                checked.append(UNSET)
        return checked, errors

    def _at_a_glance(self, kinds: set[type], values: list[Any]) -> bool:
        """Whether all values are surely accepted as they are."""
        whole = self._whole_types()
        if not all(kind in whole or (kind is datetime and self.accepts(datetime)) for kind in kinds):
            return False
        if int in kinds:
            ints = [value for value in values if type(value) is int]
            if min(ints) < MIN_INT or max(ints) > MAX_INT:
                return False
        if datetime in kinds and any(type(value) is datetime and value.tzinfo is not UTC for value in values):
            return False
        if str in kinds:
            try:
                "".join([value for value in values if type(value) is str]).encode()
            except UnicodeEncodeError:
                return False
        return True

    def describe(self) -> str:
        """Return a noun phrase for people: `"a number"`."""
        return self._noun()

    def to_json(self) -> dict[str, Any]:
        """Return the declaration in the form in which Convex exports validators; `from_json` reads it.

        Whether a field is optional stands in the JSON of its object, not in its own.
        """
        return self._json()

    @property
    def kind(self) -> str:
        """The `"type"` in its JSON, such as `"number"`, `"bigint"` (of `v.int64()`), `"object"` or `"union"`."""
        return str(self._json()["type"])

    @abstractmethod
    def _accept(self, value: Any, tables: Mapping[str, int], nesting: Nesting, /) -> Value: ...

    @abstractmethod
    def _types(self) -> frozenset[type]:
        """The plain types of which it accepts some value; objects of other types may still be converted to one."""

    def _whole_types(self) -> frozenset[type]:
        """The scalar types of which it accepts every value, so that a look at the type is enough."""
        return frozenset()

    @abstractmethod
    def _noun(self) -> str: ...

    @abstractmethod
    def _advice(self) -> str:
        """What to do about a value that it refuses, as a sentence without its full stop."""

    @abstractmethod
    def _json(self) -> dict[str, Any]: ...

    def _refusal(self, value: object) -> Refusal:
        """Why this whole value is not accepted."""
        return Refusal(f"is {show(value)}", self._noun(), self._advice(), ValidationError)

    def _converted(self, value: Any, nesting: Nesting) -> Value:
        """The plain value that an object stands for; what stands for none is refused as not of this kind."""
        try:
            return normalized(value, nesting)
        except Refusal:
            # A str that is not Unicode is told so; a set where a str should be is told about the str.
            if isinstance(value, tuple(self._types())):
                raise
            raise self._refusal(value) from None


@dataclass(frozen=True, slots=True, repr=False)
class TypeValidator(Validator):
    """Accepts every value of certain plain types."""

    name: str
    types: frozenset[type]
    noun: str
    advice: str
    builder: str

    def _accept(self, value: Any, _: Mapping[str, int], nesting: Nesting, /) -> Value:
        result = self._converted(value, nesting)
        if type(result) not in self.types:
            raise self._refusal(value)
        return result

    def _types(self) -> frozenset[type]:
        return self.types

    def _whole_types(self) -> frozenset[type]:
        return self.types - {datetime}  # one without a time zone has the same type

    def _noun(self) -> str:
        return self.noun

    def _advice(self) -> str:
        return self.advice

    def _json(self) -> dict[str, Any]:
        return {"type": self.name}

    def __repr__(self) -> str:
        return f"v.{self.builder}()"


def _scalar(name: str, types: tuple[type, ...], noun: str, advice: str, builder: str = "") -> TypeValidator:
    return TypeValidator(name, frozenset(types), noun, advice, builder or name)


STRING: Final = _scalar("string", (str,), "a string", "Pass a str")
NUMBER: Final = _scalar("number", (int, float), "a number", "Pass an int or a float")
# Convex's name for it on the wire is bigint. A float that happens to be whole is refused.
INT64: Final = _scalar("bigint", (int,), "an int", "Pass an int; v.number() takes floats too", "int64")
BOOLEAN: Final = _scalar("boolean", (bool,), "a boolean", "Pass True or False")
NULL: Final = _scalar("null", (type(None),), "null", "Pass None")
BYTES: Final = _scalar("bytes", (bytes,), "bytes", "Pass bytes; a str becomes bytes with .encode()")
DATETIME: Final = _scalar("datetime", (datetime,), "a datetime", "Pass a datetime with a time zone")


@dataclass(frozen=True, slots=True, repr=False)
class AnyValidator(Validator):
    """Accepts every value."""

    def _accept(self, value: Any, _: Mapping[str, int], nesting: Nesting, /) -> Value:
        return normalized(value, nesting)

    def _types(self) -> frozenset[type]:
        return SCALAR_TYPES | {list, dict}

    def _whole_types(self) -> frozenset[type]:
        return SCALAR_TYPES - {datetime}

    def _noun(self) -> str:
        return "any value"

    def _advice(self) -> str:
        return "Pass any value"

    def _json(self) -> dict[str, Any]:
        return {"type": "any"}

    def __repr__(self) -> str:
        return "v.any()"


@dataclass(frozen=True, slots=True, repr=False)
class VectorValidator(Validator):
    """Accepts lists of `dimensions` finite numbers, and float arrays of that length; returns read-only arrays."""

    dimensions: int

    def __post_init__(self) -> None:
        if type(self.dimensions) is not int or not 1 <= self.dimensions <= MAX_ITEMS:
            raise SchemaError(
                "Cannot declare a vector",
                thing=f"its number of dimensions is {show(self.dimensions)}",
                expected=f"an int from 1 to {MAX_ITEMS}",
                hint="Pass the length of your embeddings, such as v.vector(384)",
            )

    def _accept(self, value: Any, _: Mapping[str, int], __: Nesting, /) -> Value:
        if not isinstance(value, list) and type(value).__name__ != "ndarray":
            raise self._refusal(value)
        try:
            if isinstance(value, list):
                if len(value) > self.dimensions:
                    raise self._wrong_length(value)
                value = value if set(map(type, value)) == {float} else _numbers(value)
            result = vector(value)
        except Refusal as refusal:
            refusal.error = ValidationError  # another validator may take the same list
            raise
        if len(result) != self.dimensions:
            raise self._wrong_length(result)
        return result

    def _wrong_length(self, numbers: Sized) -> Refusal:
        return Refusal(f"has {len(numbers)} numbers", self._noun(), self._advice(), ValidationError)

    def _types(self) -> frozenset[type]:
        return frozenset((list,))

    def _noun(self) -> str:
        return f"a vector of {self.dimensions} numbers"

    def _advice(self) -> str:
        return f"Pass a list or a float array of {self.dimensions} numbers"

    def _json(self) -> dict[str, Any]:
        return {"type": "vector", "dimensions": self.dimensions}

    def __repr__(self) -> str:
        return f"v.vector({self.dimensions})"


@dataclass(frozen=True, slots=True, repr=False)
class IdValidator(Validator):
    """Accepts the ids of one table's documents. Whether the document exists is not asked, as in Convex."""

    table: str

    def __post_init__(self) -> None:
        if not isinstance(cast("object", self.table), str) or not self.table:
            raise SchemaError(
                "Cannot declare an id",
                thing=f"its table is {show(self.table)}",
                expected="the name of a table",
                hint='Write v.id("users")',
            )

    def _accept(self, value: Any, tables: Mapping[str, int], nesting: Nesting, /) -> Value:
        if type(value) is not str:
            value = self._converted(value, nesting)
        try:
            number = table_number_of(value)
        except InvalidId:
            raise self._refusal(value) from None
        if tables.get(self.table) != number:
            other = next((name for name, known in tables.items() if known == number), "an unknown table")
            problem = f"is {value!r}, the id of a document of {other}"
            raise Refusal(problem, self._noun(), self._advice(), ValidationError)
        return cast("str", value)

    def _types(self) -> frozenset[type]:
        return frozenset((str,))

    def _noun(self) -> str:
        return f"an id of {self.table}"

    def _advice(self) -> str:
        return f"Pass the _id of a document of {self.table}"

    def _json(self) -> dict[str, Any]:
        return {"type": "id", "tableName": self.table}

    def __repr__(self) -> str:
        return f"v.id({self.table!r})"


@dataclass(frozen=True, slots=True, repr=False)
class LiteralValidator(Validator):
    """Accepts one string, number or boolean; 1 and 1.0 are one number, True is not."""

    value: str | int | float | bool = field(compare=False)
    _identity: tuple[bool, str | int | float] = field(init=False)

    def __post_init__(self) -> None:
        if not _can_be_literal(self.value):
            raise SchemaError(
                "Cannot declare a literal",
                thing=f"it is {show(self.value)}",
                expected="a str, a finite number or a bool",
                hint="Use v.null() for None, and v.union(...) for several literals",
            )
        object.__setattr__(self, "_identity", (type(self.value) is bool, self.value))

    def _accept(self, value: Any, _: Mapping[str, int], nesting: Nesting, /) -> Value:
        result = self._converted(value, nesting)
        if type(result) not in self._types() or result != self.value:
            raise self._refusal(value)
        return result

    def _types(self) -> frozenset[type]:
        kind: type = type(self.value)
        return NUMBER.types if kind in NUMBER.types else frozenset((kind,))

    def _noun(self) -> str:
        return repr(self.value)

    def _advice(self) -> str:
        return f"Pass {self.value!r}"

    def _json(self) -> dict[str, Any]:
        return {"type": "literal", "value": wire.to_json(self.value)}

    def __repr__(self) -> str:
        return f"v.literal({self.value!r})"


def _can_be_literal(value: object) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    try:
        normalized(value, ONE_SCALAR)
    except Refusal:
        return False
    return type(value) in (str, int, bool)


def _numbers(items: list[Any]) -> list[Any]:
    """Return the items as plain numbers, or refuse the first that is none."""
    numbers: list[Any] = []
    try:
        for item in items:
            numbers.append(NUMBER._accept(item, NO_TABLES, ONE_SCALAR))
    except Refusal as refusal:
        refusal.steps.append(len(numbers))
        raise
    return numbers
