"""Edits of documents themselves: any field of any table of the user's, without a mutation of the user's.

What the table declares says what an input takes, and its validator has the last word; where nothing is declared, the
documents on the page tell what a column holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reactive_nb.documents.document import SYSTEM_FIELDS
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ArgumentValidationError
from reactive_nb.functions.context import MutationContext
from reactive_nb.notebook.panel.changes import Changes
from reactive_nb.notebook.widget.edit import CellEdits
from reactive_nb.notebook.widget.fields import like
from reactive_nb.schema.declaration import Table
from reactive_nb.schema.field_path import alternatives
from reactive_nb.values.refusal import show
from reactive_nb.values.validators import AnyValidator, ObjectValidator, Validator, v

Rows = Sequence[Mapping[str, Any]]


class DocumentEdits(CellEdits):
    """Edits in a data browser.

    Args:
        engine: Has the documents.
        table: The table.
        rows: Returns the documents that the page shows now.
        changes: Makes the commits, so that they can be undone.
    """

    def __init__(self, engine: Engine, table: str, rows: Callable[[], Rows], changes: Changes) -> None:
        super().__init__(engine)
        self._table = table
        self._rows = rows
        self._changes = changes

    def columns_of(self, row: Mapping[str, Any]) -> Sequence[str]:
        """Return the declared fields; without a declaration those of the documents on the page."""
        declared = self._declaration()
        names = None if declared is None else declared.field_names()
        if names is None:
            names = list(dict.fromkeys(name for each in (row, *self._rows()) for name in each))
        return [name for name in names if name not in SYSTEM_FIELDS]

    def check_column(self, column: str, what: str) -> None:
        """Raise for the fields that the engine sets. What the table does not declare, its validator refuses."""
        if column in SYSTEM_FIELDS:
            raise ArgumentValidationError(
                what,
                thing=f"{show(column)} was given",
                expected="a field other than _id and _creationTime, which never change",
                hint="Edit another field",
                path=f"$.{column}",
            )

    def declared(self, id: str, column: str) -> Validator | None:
        """Return what the table declares, `v.optional` included: an edit may take such a field away."""
        del id  # of a document of the one table
        declared = self._declaration()
        document = None if declared is None else declared.document
        if isinstance(document, ObjectValidator):
            found = document.fields.get(column)
        else:
            kinds = [] if document is None else list(dict.fromkeys(alternatives(document, [column])))
            found = v.optional(kinds[0]) if len(kinds) == 1 else None
        is_any = found is None or any(isinstance(each, AnyValidator) for each in alternatives(found))
        return None if is_any else found

    def guess(self, row: Mapping[str, Any], column: str) -> Validator:
        """Return what all documents on the page have there; anything, written as JSON, where they differ."""
        values = [each[column] for each in (row, *self._rows()) if each.get(column) is not None]
        kinds = set(map(like, values))
        return v.optional(kinds.pop() if len(kinds) == 1 else v.any())

    def write(self, ctx: MutationContext, id: str, column: str, value: Any) -> None:
        """Patch the document; `UNSET` takes the field away."""
        ctx.db.patch(id, {column: value})

    def commit(self, body: Callable[[MutationContext], None], origin: str) -> int:
        """Run it so that it can be undone."""
        del origin
        _, ts = self._changes.make(self.engine, f"the data browser of {self._table}", "edit", body)
        return ts

    def _declaration(self) -> Table | None:
        return self.engine.tables().get(self._table)
