"""The place of an embedding: which field of which table has the text, and which one gets its vector.

Comes in: names, and the declaration of the table. Goes out: what documents have in both fields, without the rest of
them being decoded; or an error that says why these fields cannot be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from reactive_nb.documents.field_reader import scalar_reader
from reactive_nb.errors import SchemaError, UnknownTable
from reactive_nb.schema.declaration import Table
from reactive_nb.schema.field_path import alternatives, check_name, check_path, declared_at
from reactive_nb.schema.search_declaration import VectorIndex
from reactive_nb.values.validators import AnyValidator, LiteralValidator, Validator, VectorValidator, v
from reactive_nb.values.value import UNSET

_NOT_A_VECTOR = b""


class Place:
    """A text field and a vector field of one table.

    Args:
        table: The table.
        text: The path of the field with the text.
        into: The field for the vector.

    Attributes:
        name: As people read it: `"papers.embedding"`.
    """

    __slots__ = ("_texts", "_vectors", "into", "name", "table", "text")

    def __init__(self, table: str, text: str, into: str) -> None:
        self.table = table
        self.text = text
        self.into = into
        self.name = f"{table}.{into}"
        self._texts = scalar_reader(text)
        self._vectors = scalar_reader(into)

    def texts(self, documents: Sequence[bytes]) -> list[str | None]:
        """Return the texts of encoded documents; None where there is none, or something else."""
        return [text if isinstance(text, str) else None for text in self._texts(documents)]

    def vectors(self, documents: Sequence[bytes]) -> list[bytes | None]:
        """Return the numbers of the vectors of encoded documents; None where nothing is, and no bytes for no vector."""
        return [_numbers(value) for value in self._vectors(documents)]

    def differs(self, one: bytes, other: bytes) -> bool:
        """Whether two encodings of a document differ in either field."""
        pair = one, other
        (text, other_text), (vector, other_vector) = self.texts(pair), self.vectors(pair)
        return text != other_text or vector != other_vector


def _numbers(value: Any) -> bytes | None:
    if value is UNSET or value is None:
        return None
    return bytes(value.data) if isinstance(value, msgspec.msgpack.Ext) else _NOT_A_VECTOR


def check_place(place: Place, tables: Mapping[str, Table]) -> Table:
    """Return the declaration of a place's table, and refuse a place that cannot be.

    Args:
        place: The table and its fields.
        tables: The declarations of all tables by name.

    Raises:
        UnknownTable: There is no such table.
        SchemaError: It declares no such fields, or as something else.
    """
    wanted = f"Cannot keep {place.name} up to date"
    declared = tables.get(place.table)
    if declared is None:
        raise UnknownTable(
            wanted,
            thing=f"there is no table {place.table!r}",
            expected=f"one of {sorted(tables)}" if tables else "a table, and there is none yet",
            hint="Define it before, with db.define(...)",
        )
    check_path(place.text, wanted, "Pass text=, the path of the field with the text")
    check_name(place.into, wanted, "a name for a field")
    if place.text.split(".")[0] == place.into:
        raise SchemaError(
            wanted,
            thing=f"the text is in {place.text!r}, where the vector would go",
            expected="two fields",
            hint="Declare a field for the vector, such as embedding=v.optional(v.vector(384))",
        )
    if declared.document is None:
        return declared
    texts = declared_at(declared.document, place.text, wanted)
    if not any(map(_holds_text, texts)):
        raise SchemaError(
            wanted,
            thing=f"{place.text!r} is declared as {texts[0].describe()}",
            expected="a field that can hold a string",
            hint="Name the field that has the text",
        )
    vectors = declared_at(declared.document, place.into, wanted)
    if not any(isinstance(kind, VectorValidator | AnyValidator) for kind in vectors):
        raise SchemaError(
            wanted,
            thing=f"{place.into!r} is declared as {vectors[0].describe()}",
            expected="a field that can hold a vector",
            hint=f"Declare it as {place.into}=v.optional(v.vector(n)), where n is the length of the vectors",
        )
    return declared


def _holds_text(kind: Validator) -> bool:
    match kind:
        case AnyValidator():
            return True
        case LiteralValidator():
            return isinstance(kind.value, str)
        case _:
            return kind == v.string()


def dimensions_of(place: Place, declared: Table) -> int | None:
    """Return how many numbers the vector field wants, or None where its declaration leaves that open."""
    for search in declared.searches:
        if isinstance(search, VectorIndex) and search.field == place.into:
            return search.dimensions
    kinds = [] if declared.document is None else list(alternatives(declared.document, (place.into,)))
    if any(isinstance(kind, AnyValidator) for kind in kinds):
        return None
    lengths = {kind.dimensions for kind in kinds if isinstance(kind, VectorValidator)}
    return lengths.pop() if len(lengths) == 1 else None


def check_dimensions(place: Place, declared: Table, dimensions: int | None, name: str) -> None:
    """Refuse an embedding whose vectors the field does not take.

    Args:
        place: Where the vectors go.
        declared: The declaration of the table.
        dimensions: How many numbers the vectors have; None as long as nobody knows.
        name: Of the embedding.

    Raises:
        SchemaError: The field wants another number of them.
    """
    wanted = dimensions_of(place, declared)
    if None in (wanted, dimensions) or wanted == dimensions:
        return
    raise SchemaError(
        f"Cannot keep {place.name} up to date",
        thing=f"{place.into!r} is declared for {wanted} numbers, and {name} makes {dimensions}",
        expected=f"a field for {dimensions} numbers",
        hint=f"Declare it as {place.into}=v.optional(v.vector({dimensions})), its vector index too",
    )
