"""A document: the fields a user gave, with `_id` and `_creationTime` in front, as bytes that nobody can change.

Comes in: a mapping already checked by its table's validator. Goes out: its encoding, which is what maps and the log
hold. The limits are those of Convex: 1 MiB encoded, 1024 fields, nesting 16, 8192 items.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from reactive_nb.errors import InvalidValue, ReservedName
from reactive_nb.values import wire

ID = "_id"
CREATION_TIME = "_creationTime"
SYSTEM_FIELDS = frozenset((ID, CREATION_TIME))
MAX_BYTES = 1 << 20

# `wire` says "a value" where a stored document is always a mapping; the same functions under their narrower types.
decode_document = cast("Callable[[bytes], dict[str, Any]]", wire.decode)
decode_documents = cast("Callable[[list[bytes]], list[dict[str, Any]]]", wire.decode_many)

_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def encode_document(document: dict[str, Any], what: str) -> bytes:
    """Return the bytes of a whole document.

    Args:
        document: With its system fields first.
        what: What is being done, for the error: `"Cannot insert into messages"`.

    Raises:
        InvalidValue: The document is larger than 1 MiB.
    """
    data = wire.encode(document)
    if len(data) > MAX_BYTES:
        raise InvalidValue(
            what,
            thing=f"the document takes {len(data):,} bytes",
            expected=f"at most {MAX_BYTES:,} bytes",
            hint="Split it into several documents",
            path="$",
        )
    return data


def check_field_names(fields: Mapping[str, Any], what: str) -> None:
    """Raise unless every top-level field name is one a document may have; for tables without declared fields."""
    for name in fields:
        if not isinstance(name, str) or not _FIELD_NAME.fullmatch(name):
            if isinstance(name, str) and name.startswith("_"):
                raise ReservedName(
                    what,
                    thing=f"the field {name!r} is the engine's own",
                    expected="fields without a leading underscore",
                    hint=f"Leave {name!r} out; every document has _id and _creationTime by itself",
                )
            raise InvalidValue(
                what,
                thing=f"{name!r} is not a field name",
                expected="a letter followed by at most 63 letters, digits and underscores",
                hint="Rename the field, or nest the mapping in a field of its own",
                path=f"$.{name}",
            )
