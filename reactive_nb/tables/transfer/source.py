"""What a file to be loaded looks like, whatever its format: tables, each with documents that can be read again.

Comes in: what the readers of the formats make. Goes out: `Source`, whose tables give their documents one by one, each
with the place where it stands. A document that is no value comes as the error that says why; a file that is
damaged raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from reactive_nb.errors import DocumentValidationError, ReactiveError
from reactive_nb.schema.declaration import Table
from reactive_nb.tables.transfer.form import Form
from reactive_nb.values.refusal import show

Incoming: TypeAlias = tuple[str, int, dict[str, Any] | ReactiveError]
"""Where a document stands, in words; how far the table has been read by then, in `IncomingTable.size`; the document."""

Rows = Callable[[Form], Iterator[Incoming]]


class Content(NamedTuple):
    """The bytes of a stored file: how many, and what opens them."""

    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class IncomingTable:
    """One table of a file.

    Attributes:
        name: Its name.
        rows: Reads its documents, from the first on each time it is called.
        size: How much there is to read, for a bar; None where that is not known.
        declared: Its declaration, where the file says it.
        number: Its number where the file comes from, if the file says it.
        may_renumber: Whether ids of another number are surely those of this table, so that they may be given its own.
        needs_declaration: Whether it must be declared here, for the file does not say which texts are ints or bytes.
    """

    name: str
    rows: Rows
    size: int | None = None
    declared: Table | None = None
    number: int | None = None
    may_renumber: bool = False
    needs_declaration: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is open for loading.

    Attributes:
        file: Where it is.
        tables: What it holds.
        contents: By the id of a stored file, its bytes.
        skipped: What it holds and nobody can load, in words.
    """

    file: Path
    tables: tuple[IncomingTable, ...]
    contents: Mapping[str, Content] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()


def as_document(value: Any) -> dict[str, Any] | ReactiveError:
    """Return what a line holds as a document, or the error that it is none."""
    if isinstance(value, dict):
        return value
    return DocumentValidationError(
        "Cannot load the document",
        thing=f"it is {show(value)}",
        expected="an object with fields",
        hint="Write a JSON object",
        path="$",
    )
