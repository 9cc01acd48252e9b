"""From a stored declaration to a new one: the steps, in words a user reads after `db.define(...)`.

Comes in: what a table was and what it shall be. Goes out: what must be checked, filled or dropped. Pure: carrying the
steps out, all or none, is `functions/define.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from reactive_nb.schema.declaration import Index, Table
from reactive_nb.schema.search_declaration import SearchIndex, VectorIndex

AnyIndex = Index | SearchIndex | VectorIndex


@dataclass(frozen=True, slots=True)
class TableChange:
    """How one table's declaration changed.

    Attributes:
        name: The table.
        created: It did not exist before.
        checked: Its documents had to be checked, because what they may be has changed.
        filled: Indexes, search indexes after the others, that were added or declared otherwise, and filled from the
            documents.
        dropped: Indexes that are gone, in the same order.
    """

    name: str
    created: bool
    checked: bool
    filled: tuple[AnyIndex, ...]
    dropped: tuple[AnyIndex, ...]

    def __str__(self) -> str:
        if self.created:
            names = [index.name for index in self.filled]
            return f"{self.name}: created" + (f", with {', '.join(names)}" if names else "")
        parts = ["documents checked"] if self.checked else []
        parts += [f"index {index.name} filled" for index in self.filled]
        parts += [f"index {index.name} dropped" for index in self.dropped]
        return f"{self.name}: {', '.join(parts) or 'unchanged'}"


@dataclass(frozen=True, slots=True)
class Evolution:
    """What `db.define` did, table by table; empty when everything was declared so already."""

    changes: tuple[TableChange, ...]

    def __repr__(self) -> str:
        return "\n".join(map(str, self.changes)) or "nothing changed"


def table_change(name: str, before: Table | None, after: Table) -> TableChange | None:
    """Return how a declaration changes, or None when it does not.

    Example:
        >>> str(table_change("users", None, Table()))
        'users: created'
    """
    declared: tuple[AnyIndex, ...] = (*after.indexes, *after.searches)
    if before is None:
        return TableChange(name, True, False, declared, ())
    if before == after:
        return None
    former: tuple[AnyIndex, ...] = (*before.indexes, *before.searches)
    names = {index.name for index in declared}
    return TableChange(
        name,
        created=False,
        checked=after.document is not None and after.document != before.document,
        filled=tuple(index for index in declared if index not in former),
        dropped=tuple(index for index in former if index.name not in names),
    )
