"""One field out of many encoded documents, without decoding the rest of them.

Comes in: a field name or path, then documents as bytes. Goes out: what each of them has there, UNSET where nothing.
msgspec skips the other fields of a document without making objects of them, in a quarter of the time of decoding it
whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

from reactive_nb.documents.index_key import value_at
from reactive_nb.values import wire
from reactive_nb.values.value import UNSET

FieldReader: TypeAlias = Callable[[Sequence[bytes]], list[Any]]

NUMBERS: frozenset[type] = frozenset((int, float))
ABSENT: frozenset[type] = frozenset((type(None), type(UNSET)))
ORDERED: frozenset[type] = frozenset((str, bytes, bool, datetime))
_PLAIN = NUMBERS | ABSENT | ORDERED


def scalar_reader(field: str) -> FieldReader:
    """Return a function from encoded documents to what each has in a field; what is or holds a vector is not restored.

    Args:
        field: A field name, or a path such as `"author.age"`.
    """
    name, *rest = field.split(".")
    row = msgspec.defstruct("Row", [("value", Any, UNSET)], rename={"value": name}, gc=False)
    decode = msgspec.msgpack.Decoder(row).decode
    if not rest:
        return lambda documents: [decode(document).value for document in documents]  # type: ignore[attr-defined]
    path = tuple(rest)
    return lambda documents: [value_at(decode(document).value, path) for document in documents]  # type: ignore[attr-defined]


@lru_cache(maxsize=256)
def field_reader(field: str) -> FieldReader:
    """Return a function from encoded documents to what each has in a field, whatever that is."""
    read = scalar_reader(field)
    path = tuple(field.split("."))

    def values(documents: Sequence[bytes]) -> list[Any]:
        found = read(documents)
        if set(map(type, found)) <= _PLAIN:
            return found
        # A list, an object or a vector, which only `wire` knows to read whole.
        return [value_at(wire.decode(document), path) for document in documents]

    return values


def fields_reader(fields: Sequence[str]) -> Callable[[bytes], list[Any]]:
    """Return a function from an encoded document to what it has in some fields, UNSET where nothing.

    Args:
        fields: Field names or paths, system fields included.
    """
    paths = [tuple(field.split(".")) for field in fields]
    names = {name: f"field_{place}" for place, name in enumerate(dict.fromkeys(path[0] for path in paths))}
    row = msgspec.defstruct(
        "Row",
        [(attribute, Any, UNSET) for attribute in names.values()],
        rename={attribute: name for name, attribute in names.items()},
        gc=False,
    )
    decode = wire.decoder_of(row)
    steps = [(names[path[0]], path[1:]) for path in paths]

    def read(document: bytes) -> list[Any]:
        found = decode(document)
        return [value_at(getattr(found, attribute), rest) for attribute, rest in steps]

    return read
