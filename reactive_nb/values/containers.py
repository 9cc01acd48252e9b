"""Validators of lists and of dicts with arbitrary keys: any number of members, all declared alike.

Comes in: any object. Goes out: the same value normalised in one pass, or a refusal whose steps lead to the culprit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reactive_nb.errors import SchemaError, ValidationError
from reactive_nb.values.refusal import Refusal
from reactive_nb.values.scalars import STRING, IdValidator, Validator
from reactive_nb.values.shapes import UnionValidator, check_member
from reactive_nb.values.value import Nesting, Value, check_container, check_field_names, plain_names


@dataclass(frozen=True, slots=True, repr=False)
class ArrayValidator(Validator):
    """Accepts lists whose items are all accepted by `items`."""

    items: Validator

    def __post_init__(self) -> None:
        check_member(self.items, "an array")

    def _accept(self, value: Any, tables: Mapping[str, int], nesting: Nesting, /) -> Value:
        if type(value) is not list:
            if not isinstance(value, list):
                raise self._refusal(value)
            value = list(value)
        check_container(value, nesting)
        accept = self.items._accept
        result: list[Value] = []
        try:
            for item in value:
                result.append(accept(item, tables, nesting.inner))  # its length is the position
        except Refusal as refusal:
            refusal.steps.append(len(result))
            raise
        return result

    def _types(self) -> frozenset[type]:
        return frozenset((list,))

    def _noun(self) -> str:
        return f"a list, each item {self.items._noun()}"

    def _advice(self) -> str:
        return "Pass a list"

    def _json(self) -> dict[str, Any]:
        return {"type": "array", "value": self.items._json()}

    def __repr__(self) -> str:
        return f"v.array({self.items!r})"


@dataclass(frozen=True, slots=True, repr=False)
class RecordValidator(Validator):
    """Accepts dicts with any number of keys, each accepted by `keys`, and values, each accepted by `values`.

    In a document a key is not empty and has no leading underscore, as in Convex. Arguments and results are not so
    bound: a document, with its `_id`, is a record too.
    """

    keys: Validator
    values: Validator

    def __post_init__(self) -> None:
        check_member(self.values, "a record")
        members = self.keys.members if isinstance(self.keys, UnionValidator) else (self.keys,)
        for member in members:
            if member != STRING and not isinstance(member, IdValidator):
                raise SchemaError(
                    "Cannot declare a record",
                    thing=f"its keys are declared as {member!r}",
                    expected="v.string(), v.id(...), or a union of these",
                    hint="Use v.object(...) where the names are known",
                )

    def _accept(self, value: Any, tables: Mapping[str, int], nesting: Nesting, /) -> Value:
        if not isinstance(value, dict):
            raise self._refusal(value)
        check_field_names(value, nesting)
        value = plain_names(value)
        check_container(value, nesting)
        result: dict[str, Value] = {}
        name = ""
        try:
            for name, item in value.items():
                if nesting.in_document and (not name or name.startswith("_")):
                    raise Refusal(
                        "is under a key that no record in a document has",
                        "keys that are not empty and do not start with an underscore",
                        "Choose other keys",
                        ValidationError,
                    )
                self.keys._accept(name, tables, nesting)
                result[name] = self.values._accept(item, tables, nesting.inner)
        except Refusal as refusal:
            refusal.steps.append(name)
            raise
        return result

    def _types(self) -> frozenset[type]:
        return frozenset((dict,))

    def _noun(self) -> str:
        return f"a record, each key {self.keys._noun()} and each value {self.values._noun()}"

    def _advice(self) -> str:
        return "Pass a dict"

    def _json(self) -> dict[str, Any]:
        values = {"fieldType": self.values._json(), "optional": False}
        return {"type": "record", "keys": self.keys._json(), "values": values}

    def __repr__(self) -> str:
        return f"v.record({self.keys!r}, {self.values!r})"
