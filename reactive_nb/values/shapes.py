"""Validators of objects with declared fields, of fields that may be missing, and unions of validators.

Comes in: any object. Goes out: the same value normalised in one pass, or a refusal whose steps lead to the culprit.
A dict that is accepted keeps the order of its fields.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, cast

from reactive_nb.errors import SchemaError, ValidationError
from reactive_nb.values.refusal import Refusal, show
from reactive_nb.values.scalars import LiteralValidator, Validator
from reactive_nb.values.value import (
    ANYWHERE,
    MAX_FIELDS,
    MAX_INT,
    MIN_INT,
    Nesting,
    Value,
    check_container,
    plain_names,
)

_FIELD_NAME: Final = re.compile(r"_?[A-Za-z][A-Za-z0-9_]{0,62}")
_DICT: Final[frozenset[type]] = frozenset((dict,))


@dataclass(frozen=True, slots=True, repr=False)
class ObjectValidator(Validator):
    """Accepts dicts with exactly the declared fields; optional ones may be missing."""

    fields: Mapping[str, Validator]
    # For each field the types that need no further look, computed once because accept() is on every write's way.
    _quick: dict[str, frozenset[type]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        fields = dict(self.fields)
        if len(fields) > MAX_FIELDS:
            raise SchemaError(
                "Cannot declare an object",
                thing=f"it has {len(fields)} fields",
                expected=f"at most {MAX_FIELDS}",
                hint="Group them into nested objects, or use v.record(v.string(), ...)",
            )
        for name, validator in fields.items():
            if not isinstance(cast("object", name), str) or not _FIELD_NAME.fullmatch(name):
                raise SchemaError(
                    "Cannot declare an object",
                    thing=f"{show(name)} is not a field name",
                    expected="at most 64 letters, digits and underscores, not starting with a digit",
                    hint="Rename the field, or use v.record(v.string(), ...) for dicts with arbitrary keys",
                )
            if not isinstance(validator, Validator):
                raise SchemaError(
                    "Cannot declare an object",
                    thing=f"the field {name} is declared as {show(validator)}",
                    expected="a validator",
                    hint="Use a builder of v, such as v.string()",
                )
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "_quick", {name: item._whole_types() for name, item in fields.items()})

    def _accept(self, value: Any, tables: Mapping[str, int], nesting: Nesting, /) -> Value:
        if type(value) is not dict:
            if not isinstance(value, dict):
                raise self._refusal(value)
            value = dict(value)
        result: dict[str, Value] = value.copy()
        if not nesting.left:
            check_container(value, nesting)
        quick = self._quick
        name: Any = None
        foreign_names = False
        try:
            for name, item in value.items():
                types = quick.get(name)
                if types is None:
                    raise self._unknown_field()
                if type(name) is not str:
                    foreign_names = True
                kind = type(item)
                if kind in types:
                    if kind is str:
                        if item.isascii():
                            continue
                    elif kind is not int or MIN_INT <= item <= MAX_INT:
                        continue
                result[name] = self.fields[name]._accept(item, tables, nesting.inner)
        except Refusal as refusal:
            refusal.steps.append(name)
            raise
        if len(result) != len(quick):
            self._check_required(result)
        return plain_names(result) if foreign_names else result

    def _unknown_field(self) -> Refusal:
        names = ", ".join(self.fields) or "no fields at all"
        return Refusal(
            "is not a declared field", f"only {names}", "Correct the name, leave it out, or declare it", ValidationError
        )

    def _check_required(self, value: Mapping[str, Value]) -> None:
        for name, validator in self.fields.items():
            if name not in value and not validator.optional:
                refusal = Refusal(
                    "is missing", validator._noun(), f"Pass {name}, or declare it v.optional(...)", ValidationError
                )
                refusal.steps.append(name)
                raise refusal

    def _types(self) -> frozenset[type]:
        return _DICT

    def _noun(self) -> str:
        names = [f"{name}?" if validator.optional else name for name, validator in self.fields.items()]
        shown = names if len(names) <= 8 else [*names[:7], f"{len(names) - 7} more"]
        return f"an object with the fields {', '.join(shown)}" if names else "an empty object"

    def _advice(self) -> str:
        return "Pass a dict"

    def _json(self) -> dict[str, Any]:
        return {
            "type": "object",
            "value": {
                name: {"fieldType": validator._json(), "optional": validator.optional}
                for name, validator in self.fields.items()
            },
        }

    def pick(self, *names: str) -> ObjectValidator:
        """Return the object that has only these fields.

        Raises:
            SchemaError: It has no such field.
        """
        self._check_names(names)
        return ObjectValidator({name: self.fields[name] for name in names})

    def omit(self, *names: str) -> ObjectValidator:
        """Return the object without these fields.

        Raises:
            SchemaError: It has no such field.
        """
        self._check_names(names)
        return ObjectValidator({name: item for name, item in self.fields.items() if name not in names})

    def extend(self, fields: Mapping[str, Validator] | None = None, /, **more: Validator) -> ObjectValidator:
        """Return the object with these fields added; a field that it already has is declared anew."""
        return ObjectValidator({**self.fields, **(fields or {}), **more})

    def partial(self) -> ObjectValidator:
        """Return the object in which every field may be missing."""
        fields = self.fields.items()
        return ObjectValidator({name: item if item.optional else OptionalValidator(item) for name, item in fields})

    def _check_names(self, names: tuple[str, ...]) -> None:
        for name in names:
            if name not in self.fields:
                raise SchemaError(
                    "Cannot pick or omit a field",
                    thing=f"the object has no field {name!r}",
                    expected=f"one of {', '.join(self.fields)}",
                    hint="Correct the name",
                )

    def __hash__(self) -> int:
        return hash(frozenset(self.fields.items()))

    def __repr__(self) -> str:
        if any(map(keyword.iskeyword, self.fields)):
            return f"v.object({dict(self.fields)!r})"
        return f"v.object({', '.join(f'{name}={item!r}' for name, item in self.fields.items())})"


@dataclass(frozen=True, slots=True, repr=False)
class OptionalValidator(Validator):
    """Declares a field that may be missing; a value that is there must be accepted by `inner`, so None often is not."""

    inner: Validator
    optional: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_member(self.inner, "an optional field")

    def _accept(self, value: Any, tables: Mapping[str, int], nesting: Nesting, /) -> Value:
        try:
            return self.inner._accept(value, tables, nesting)
        except Refusal as refusal:
            if value is None:
                refusal.hint = "Leave the field out, or declare it with v.nullable(...) to store None"
            raise

    def _types(self) -> frozenset[type]:
        return self.inner._types()

    def _whole_types(self) -> frozenset[type]:
        return self.inner._whole_types()

    def _noun(self) -> str:
        return self.inner._noun()

    def _advice(self) -> str:
        return self.inner._advice()

    def _json(self) -> dict[str, Any]:
        return self.inner._json()

    def __repr__(self) -> str:
        return f"v.optional({self.inner!r})"


@dataclass(frozen=True, slots=True, repr=False)
class UnionValidator(Validator):
    """Accepts what at least one of its members accepts. Unions among the members are dissolved into theirs."""

    members: tuple[Validator, ...]
    _by_type: dict[type, tuple[Validator, ...]] = field(init=False, compare=False)
    _texts: frozenset[str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        flat: dict[Validator, None] = {}  # a set that keeps the order
        for member in self.members:
            check_member(member, "a union")
            flat.update(dict.fromkeys(member.members if isinstance(member, UnionValidator) else [member]))
        if not flat:
            raise SchemaError(
                "Cannot declare a union",
                thing="it has no members",
                expected="at least one validator",
                hint='Write v.union(v.literal("admin"), v.literal("user"))',
            )
        by_type: dict[type, tuple[Validator, ...]] = {}
        for member in flat:
            for kind in member._types():
                by_type[kind] = (*by_type.get(kind, ()), member)
        texts = (member.value for member in flat if isinstance(member, LiteralValidator))
        object.__setattr__(self, "members", tuple(flat))
        object.__setattr__(self, "_by_type", by_type)
        object.__setattr__(self, "_texts", frozenset(text for text in texts if isinstance(text, str)))

    def _accept(self, value: Any, tables: Mapping[str, int], nesting: Nesting, /) -> Value:
        kind = type(value)
        if kind is str and value in self._texts:
            return cast("str", value)
        refusals: list[tuple[Validator, Refusal]] = []
        # An object of a foreign type may be converted to any: every member has a look at it.
        for member in self._by_type.get(kind, self.members):
            try:
                return member._accept(value, tables, nesting)
            except Refusal as refusal:
                refusals.append((member, refusal))
        raise self._nearest(value, tables, refusals)

    def _nearest(self, value: Any, tables: Mapping[str, int], refusals: list[tuple[Validator, Refusal]]) -> Refusal:
        """Return the refusal that says most: of the object that fits best, or where a member failed inside."""
        for _, refusal in refusals:
            if refusal.error is not ValidationError:
                return refusal  # no value at all: no member could help
        inside = [(member, refusal) for member, refusal in refusals if refusal.steps]
        if not inside:
            return self._refusal(value)
        if len(inside) == 1:
            return inside[0][1]
        member, nearest = max(inside, key=lambda pair: _likeness(pair[0], value, tables))
        nearest.hint += f"; of the {len(inside)} alternatives this one is nearest: {member._noun()}"
        return nearest

    def _types(self) -> frozenset[type]:
        return frozenset(self._by_type)

    def _whole_types(self) -> frozenset[type]:
        return frozenset().union(*(member._whole_types() for member in self.members))

    def _noun(self) -> str:
        described = [member._noun() for member in self.members]
        return " or ".join([", ".join(described[:-1]), described[-1]] if len(described) > 1 else described)

    def _advice(self) -> str:
        hints = dict.fromkeys(member._advice() for member in self.members)
        return next(iter(hints)) if len(hints) == 1 else "Pass one of these"

    def _json(self) -> dict[str, Any]:
        return {"type": "union", "value": [member._json() for member in self.members]}

    def pick(self, *names: str) -> UnionValidator:
        """Return the union of its objects with only these fields; a member keeps those of them that it has."""
        return UnionValidator(
            tuple(item.pick(*(name for name in names if name in item.fields)) for item in self._objects())
        )

    def omit(self, *names: str) -> UnionValidator:
        """Return the union of its objects without these fields."""
        return UnionValidator(
            tuple(item.omit(*(name for name in names if name in item.fields)) for item in self._objects())
        )

    def extend(self, fields: Mapping[str, Validator] | None = None, /, **more: Validator) -> UnionValidator:
        """Return the union of its objects, each with these fields added."""
        return UnionValidator(tuple(item.extend(fields, **more) for item in self._objects()))

    def partial(self) -> UnionValidator:
        """Return the union of its objects in which every field may be missing."""
        return UnionValidator(tuple(item.partial() for item in self._objects()))

    def _objects(self) -> list[ObjectValidator]:
        objects = [member for member in self.members if isinstance(member, ObjectValidator)]
        if len(objects) != len(self.members):
            raise SchemaError(
                "Cannot change the fields of a union",
                thing=f"it accepts {self._noun()}",
                expected="a union of objects only",
                hint="Change the objects before they are put into the union",
            )
        return objects

    def __repr__(self) -> str:
        return f"v.union({', '.join(map(repr, self.members))})"


def _likeness(member: Validator, value: Any, tables: Mapping[str, int]) -> tuple[int, int]:
    """How many fields of `value` an object validator accepts: literals, which tell shapes apart, then all."""
    if not isinstance(member, ObjectValidator) or not isinstance(value, dict):
        return (0, 0)
    literals = fields = 0
    for name, validator in member.fields.items():
        if name in value:
            try:
                validator._accept(value[name], tables, ANYWHERE)
            except Refusal:
                continue
            fields += 1
            literals += isinstance(validator, LiteralValidator)
    return (literals, fields)


def check_member(validator: object, whole: str) -> None:
    """Raise `SchemaError` unless this can be declared inside `whole` ("an array")."""
    if not isinstance(validator, Validator):
        raise SchemaError(
            f"Cannot declare {whole}",
            thing=f"it contains {show(validator)}",
            expected="a validator",
            hint="Use a builder of v, such as v.string()",
        )
    if validator.optional:
        raise SchemaError(
            f"Cannot declare {whole}",
            thing=f"it contains {validator!r}",
            expected="v.optional only around the whole of an object's field",
            hint="Use v.nullable(...) for a value that may be None",
        )
