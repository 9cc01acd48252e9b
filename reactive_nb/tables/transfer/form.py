"""The JSON of documents in exported files: Convex's export encoding, and back, told by what is declared.

Comes in: a document, or what a JSON parser returned. Goes out: what msgspec encodes, or values that the declaration
still has to accept. The encoding is the one in which Convex exports and imports since its generated schemas say
"uniform":

1. A number with a point or an exponent is a float, another one an int of 64 bits. NaN and ±inf are
   `{"$float": base64}`, bytes are `{"$bytes": base64}`.
2. Convex's `v.number()` takes no ints, ours does. So where a float would be accepted an int is written as `5e0`: a
   float to everybody else, and the int 5 here. No float is ever written so.
3. Where a datetime is declared and no string, it is the text of ISO 8601; where a vector is declared and no list, it
   is a list. Elsewhere they are `{"$datetime": ...}` and `{"$vector": ...}`, which Convex refuses.
"""

from __future__ import annotations

import math
from base64 import b64decode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

import msgspec

from reactive_nb.schema.declaration import Table
from reactive_nb.values.containers import ArrayValidator, RecordValidator
from reactive_nb.values.scalars import AnyValidator, Validator, VectorValidator
from reactive_nb.values.shapes import ObjectValidator, OptionalValidator, UnionValidator
from reactive_nb.values.wire import from_json, to_json

_EXACT: Final = 2**53
_MARK: Final = "e0"
_SPECIAL_FLOATS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

encode_json = msgspec.json.Encoder().encode


def number(text: str) -> int | float:
    """Return what a number with a point or an exponent says; a JSON parser's hook."""
    if text.endswith(_MARK):
        digits = text[: -len(_MARK)]
        if digits.removeprefix("-").isdecimal():
            return int(digits)
    return float(text)


class Form:
    """How values in one place of a table's documents are written.

    Args:
        validators: What may stand there; nothing when everything may.
        marks_ints: Whether ints where floats may be are written as rule 2 says.

    Example:
        >>> encode_json(Form.of(table(n=v.number(), i=v.int64())).written({"n": 5, "i": 5}))
        b'{"n":5e0,"i":5}'
    """

    def __init__(self, validators: Iterable[Validator], marks_ints: bool = True) -> None:
        given = [*validators]
        self._marks_ints = marks_ints
        self.members: list[Validator] = [each for validator in given for each in _members(validator)]
        self.is_any = not given or any(isinstance(each, AnyValidator) for each in self.members)
        self.may_lack = not given or any(each.optional for each in given)
        """Whether a field in this place may be missing."""
        self.has_only_ints = not self.is_any and self.accepts(int) and not self.accepts(float)
        self.has_moments = not self.is_any and self.accepts(datetime) and not self.accepts(str)
        self.has_only_bytes = not self.is_any and self.accepts(bytes) and not self.accepts(str)
        kinds = {type(each) for each in self.members}
        self.has_vectors = not self.is_any and VectorValidator in kinds and ArrayValidator not in kinds

    @classmethod
    def of(cls, table: Table, marks_ints: bool = True) -> Form:
        """Return the form of a table's documents, `_id` and `_creationTime` among them."""
        return cls(() if table.document is None else (table.document,), marks_ints)

    def accepts(self, kind: type) -> bool:
        """Whether some value of a type may stand here."""
        return self.is_any or any(each.accepts(kind) for each in self.members)

    @cached_property
    def items(self) -> Form:
        """The form of the items of a list."""
        found = [each.items for each in self.members if isinstance(each, ArrayValidator)]
        return Form(() if self.is_any else found, self._marks_ints)

    @cached_property
    def fields(self) -> Mapping[str, Form]:
        """The forms of the declared fields of an object."""
        if self.is_any:
            return {}
        found: dict[str, list[Validator]] = {}
        for member in self.members:
            if isinstance(member, ObjectValidator):
                for name, field in member.fields.items():
                    found.setdefault(name, []).append(field)
        records = [each.values for each in self.members if isinstance(each, RecordValidator)]
        forms = {name: Form([*each, *records], self._marks_ints) for name, each in found.items()}
        for name, form in forms.items():
            form.may_lack |= len(found[name]) < len(self.members)
        return forms

    @cached_property
    def others(self) -> Form:
        """The form of all other fields of an object."""
        found = [each.values for each in self.members if isinstance(each, RecordValidator)]
        return Form(() if self.is_any else found, self._marks_ints)

    @cached_property
    def is_plain(self) -> bool:
        """Whether JSON without objects such as `{"$bytes": ...}` is read as it is."""
        if self.is_any:
            return True
        inner = [*self.fields.values()]
        if any(isinstance(each, ArrayValidator) for each in self.members):
            inner.append(self.items)
        if any(isinstance(each, RecordValidator) for each in self.members):
            inner.append(self.others)
        return not self.has_moments and all(each.is_plain for each in inner)

    def put_nothing(self, document: dict[str, Any], name: str) -> None:
        """Put into a document what an empty cell or NULL in the column of a field means."""
        form = self.fields.get(name, self.others)
        if not form.may_lack and form.accepts(type(None)):
            document[name] = None

    def written(self, value: Any) -> Any:
        """Return what `encode_json` writes for a value."""
        kind = type(value)
        if kind is str or kind is bool or value is None:
            return value
        if kind is float:
            return value if math.isfinite(value) else to_json(value)
        if kind is int:
            is_same = self.has_only_ints or not self._marks_ints or (self.is_any and not -_EXACT <= value <= _EXACT)
            return value if is_same else msgspec.Raw(f"{value}{_MARK}".encode())
        if kind is dict:
            fields, others = self.fields, self.others
            return {name: fields.get(name, others).written(item) for name, item in value.items()}
        if kind is list:
            items = self.items
            return [items.written(item) for item in value]
        if kind is datetime and self.has_moments:
            return value.isoformat()
        if kind is bytes or kind is datetime:
            return to_json(value)
        return value.tolist() if self.has_vectors else to_json(value)

    def read(self, json: Any, legacy: bool = False, tagged: bool = True) -> Any:
        """Return the value that JSON stands for; what fits nothing is left to the declaration, which refuses it.

        Args:
            json: What a parser returned whose hook for floats is `number`. It is used up.
            legacy: Whether Convex wrote it before its exports were uniform: ints as text, bytes as base64.
            tagged: Whether there may be objects such as `{"$bytes": ...}` in it; it is quicker without.

        Raises:
            InvalidValue: An object such as `{"$bytes": ...}` that stands for no value.
        """
        if type(json) is str:
            if self.has_moments:
                return _moment(json)
            return self._from_legacy_text(json) if legacy and not self.is_any else json
        is_quick = not (legacy or tagged)
        if is_quick and self.is_plain:
            return json
        if type(json) is dict:
            if len(json) == 1 and next(iter(json)).startswith("$"):
                return from_json(json)
            fields, others = self.fields, self.others
            if is_quick and others.is_plain:
                for name, form in self._read_fields:
                    if name in json:
                        json[name] = form.read(json[name], False, False)
                return json
            return {name: fields.get(name, others).read(item, legacy, tagged) for name, item in json.items()}
        if type(json) is list:
            items = self.items
            return [items.read(item, legacy, tagged) for item in json]
        return json

    @cached_property
    def _read_fields(self) -> list[tuple[str, Form]]:
        """The fields that are not read as they are."""
        return [(name, form) for name, form in self.fields.items() if not form.is_plain]

    def _from_legacy_text(self, text: str) -> Any:
        if self.accepts(str):
            return text
        try:
            if self.has_only_bytes:
                return b64decode(text, validate=True)
            if text in _SPECIAL_FLOATS and self.accepts(float):
                return _SPECIAL_FLOATS[text]
            if self.has_only_ints:
                return int(text)
        except ValueError:
            return text
        return text


def _members(validator: Validator) -> list[Validator]:
    """Return what a validator comes to, without optional and unions around it."""
    if isinstance(validator, OptionalValidator):
        return _members(validator.inner)
    if isinstance(validator, UnionValidator):
        return [each for member in validator.members for each in _members(member)]
    return [validator]


def _moment(text: str) -> datetime | str:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo is not None else text
    except (ValueError, OverflowError):
        return text
