"""Names and field paths in a declaration: which can be, and what the validators say about the values at a path.

Comes in: a name or a path such as `"meta.device"`, and what is being declared. Goes out: nothing, or a `SchemaError`;
and the validators of all that may stand at the path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reactive_nb.errors import SchemaError
from reactive_nb.values.validators import (
    AnyValidator,
    ObjectValidator,
    OptionalValidator,
    RecordValidator,
    UnionValidator,
    Validator,
)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def check_name(name: object, wanted: str, kind: str) -> None:
    """Raise `SchemaError` unless a table, a field or an index of a user can have this name.

    Args:
        name: What was given.
        wanted: What cannot be done with a bad one: `"Cannot declare the index 'by name'"`.
        kind: What it is to be: `"an index name"`.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SchemaError(
            wanted,
            thing=f"{name!r} is not {kind}",
            expected="a letter followed by at most 63 letters, digits and underscores",
            hint="Names with a leading underscore are the engine's own; choose another name",
        )


def check_path(field: object, wanted: str, hint: str) -> None:
    """Raise `SchemaError` unless this is a path to a field of the user's."""
    if not isinstance(field, str) or not all(field.split(".")) or field.startswith("_"):
        raise SchemaError(
            wanted,
            thing=f"{field!r} is not a field it can use",
            expected="a path such as 'name' or 'meta.device' of fields without a leading underscore",
            hint=hint,
        )


def declared_at(document: Validator, field: str, wanted: str) -> list[Validator]:
    """Return what the values at a path may be, one validator for each way in which `document` accepts one there.

    Raises:
        SchemaError: It accepts none there.

    Example:
        >>> declared_at(v.object(name=v.optional(v.string())), "name", "Cannot declare the index 'by_name'")
        [v.string()]
    """
    kinds = list(alternatives(document, field.split(".")))
    if not kinds:
        raise SchemaError(
            wanted,
            thing=f"the table declares no field {field!r}",
            expected="a path to a declared field",
            hint="Declare the field in rnb.table(...) or correct the path",
        )
    return kinds


def alternatives(validator: Validator, path: Sequence[str] = ()) -> Iterator[Validator]:
    """Yield what the values at a path inside `validator` may be, unions taken apart; without a path, what it itself is."""
    match validator:
        case OptionalValidator():
            yield from alternatives(validator.inner, path)
        case UnionValidator():
            for member in validator.members:
                yield from alternatives(member, path)
        case _ if not path:
            yield validator
        case ObjectValidator():
            if path[0] in validator.fields:
                yield from alternatives(validator.fields[path[0]], path[1:])
        case RecordValidator():
            yield from alternatives(validator.values, path[1:])
        case AnyValidator():
            yield validator
        case _:
            return
