"""Edits: cells of a table that a person may change, each change carried out by a mutation of the user.

The columns and the mutation come in, once; then, edit by edit, what an input gave. Out goes a commit, or a refusal that
has changed nothing. An edit that was begun on a value which somebody else has replaced since is such a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from reactive_nb.documents.document import SYSTEM_FIELDS
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import (
    ArgumentValidationError,
    DatabaseClosed,
    DocumentNotFound,
    EditConflict,
    FunctionKindError,
    InvalidValue,
    ValidationError,
)
from reactive_nb.functions.context import MutationContext, QueryContext
from reactive_nb.functions.function import Function, Kind
from reactive_nb.notebook.result.encoding import Cell, encode_cell
from reactive_nb.notebook.widget.fields import Raw, field_of, like, present, raw_of, same, value_of
from reactive_nb.notebook.widget.submission import run_for_page
from reactive_nb.subscriptions.subscription import Subscription
from reactive_nb.values.refusal import show
from reactive_nb.values.validators import AnyValidator, ObjectValidator, Validator


class Edits:
    """Which columns of a table can be edited, as what, and by which mutation. Any thread may call its methods.

    Args:
        engine: Has the documents.
        editable: The columns.
        on_edit: A mutation with three arguments, of any names: the id of a document, the column, the new value.

    Raises:
        FunctionKindError: `on_edit` is not a mutation with three arguments.
        ArgumentValidationError: A column cannot be edited.

    Example:
        >>> Edits(db, ["dep_delay"], set_delay)
    """

    def __init__(self, engine: Engine, editable: Sequence[str], on_edit: Function) -> None:
        self._engine = engine
        _check_mutation(on_edit)
        self._on_edit = on_edit
        self.columns = tuple(_checked_columns(editable, on_edit))
        # Starts empty; holds what a column without a declaration was last asked as, so that it is read as the same.
        self._guessed: dict[str, Validator] = {}

    def inputs(self, row: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
        """Return the field of each column that can be edited, for rows like this one; none of rows without an id.

        Args:
            row: A row of the result, as its query returned it; None when there is none.
        """
        if row is None or not isinstance(row.get("_id"), str):
            return {}
        fields = {}
        for column in self.columns:
            validator = self._declared(row["_id"], column)
            if validator is None:
                known = self._guessed.get(column)  # None tells nothing, and another row may have told already
                validator = like(row.get(column)) if known is None or row.get(column) is not None else known
                self._guessed[column] = validator
            fields[column] = field_of(column, validator)
        return fields

    def raw(self, id: str, column: str, value: Any) -> Raw:
        """Return what to begin an edit with, for a value that its cell on the page does not show whole."""
        return raw_of(self._validator(id, column, value), value)

    def apply(self, id: str, column: str, raw: Raw, base: Cell, shown_cell: Cell) -> int:
        """Carry out an edit, as one transaction, and return the commit.

        Args:
            id: The document of the row.
            column: Which of its cells.
            raw: What the input gave.
            base: The cell as it was when the edit began.
            shown_cell: The cell as the result has it now; counts where the document has no such field.

        Raises:
            EditConflict: The cell has changed since; `theirs` is what it is now.
            ArgumentValidationError: The input gave no value, or one that `on_edit` refuses.
            DocumentNotFound: The document is gone.
        """
        what = f"Cannot edit {column}"
        if column not in self.columns:
            raise _not_editable(column, what, f"one of {', '.join(self.columns)}")
        validator = self._validator(id, column, base)
        value = value_of(validator, raw, what, f"$.{column}")
        found = self._engine.table_of(id)
        table = "no table" if found is None else found[0]

        def body(ctx: MutationContext) -> None:
            document = ctx.db.get(id)
            if document is None:
                raise DocumentNotFound(
                    what,
                    thing=f"the document {id!r} of {table} has been deleted",
                    expected="a document that exists",
                    hint="Edit another row; ctx.db.insert(...) makes a new one",
                    id=id,
                )
            theirs = encode_cell(document[column]) if column in document else shown_cell
            if not same_cell(theirs, base):
                raise EditConflict(
                    what,
                    thing="somebody else has changed it since the edit began",
                    expected="the value that was shown then",
                    hint="Look at the new value, and edit again if yours is still right",
                    theirs=theirs,
                )
            current = self._engine.find(self._on_edit.path)  # a cell that ran again may have replaced it
            current(ctx, id, column, value)

        origin = f"an edit in the table of {table}"
        _, ts = run_for_page(self._engine, origin, lambda: self._engine.write(body, self._on_edit.path))
        return ts

    def wait_for_results(self) -> bool:
        """Return when all live results are of the newest commit, and whoever follows them knows; False without any.

        A slow query keeps the caller waiting, as it keeps its rows from being shown.
        """
        try:
            self._engine.let_go(self._engine.hold(_NOTHING, {}, _Nobody()))
        except DatabaseClosed:  # its results are closed as well, and pages wait for nothing there
            return False
        return True

    def _validator(self, id: str, column: str, current: object) -> Validator:
        return self._declared(id, column) or self._guessed.get(column) or like(current)

    def _declared(self, id: str, column: str) -> Validator | None:
        """Return what a column must be: as its table declares it, else as `on_edit` does; None where neither does."""
        found = self._engine.table_of(id)
        document = None if found is None else found[1].document
        declared = document.fields.get(column) if isinstance(document, ObjectValidator) else None
        for validator in (declared, self._on_edit.args[self._on_edit.parameters[2]]):
            # A field that may be missing is no less there: an edit gives it a value.
            if validator is not None and not isinstance(inner := present(validator), AnyValidator):
                return inner
        return None


class _Nobody:
    """Holds a query that reads nothing: the engine brings everything up to date before it hands that in.

    It is a `Holder` (engine/refresher.py).
    """

    is_live_result = False

    def take_news(self, subscription: Subscription) -> None:
        """Take nothing over."""

    def announce(self) -> None:
        """Tell nobody."""

    def close(self) -> None:
        """Keep nothing."""


def _nothing(ctx: QueryContext) -> None:
    del ctx


_NOTHING: Final = Function(_nothing, Kind.QUERY, path="_reactive_nb:nothing")


def same_cell(a: Cell, b: Cell) -> bool:
    """Whether two cells show the same, one of which has been on a page, where 3.0 becomes 3."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_cell(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same_cell, a, b))
    return same(a, b)


def _check_mutation(on_edit: Function) -> None:
    expected = "a mutation with three arguments: the id of a document, the column, the new value"
    if not isinstance(cast("object", on_edit), Function):
        thing = f"on_edit is {show(on_edit)}"
    elif on_edit.kind is not Kind.MUTATION:
        thing = f"on_edit is {on_edit.path}, a {on_edit.kind}"
    elif len(on_edit.parameters) != 3 or on_edit.takes_any:
        thing = f"on_edit is {on_edit.path}({on_edit.signature})"
    else:
        return
    raise FunctionKindError(
        "Cannot make the table editable",
        thing=thing,
        expected=expected,
        hint="Write @db.mutation above def set_field(ctx, id, field, value)",
    )


def _checked_columns(editable: Sequence[str], on_edit: Function) -> list[str]:
    what = "Cannot make the table editable"
    if isinstance(editable, str) or not all(isinstance(column, str) for column in editable):
        raise _not_editable(editable, what, "a list of column names")
    takes = on_edit.args[on_edit.parameters[1]]
    for column in editable:
        if column in SYSTEM_FIELDS:
            raise _not_editable(column, what, "columns other than _id and _creationTime, which never change")
        try:
            takes.check(column)
        except (ValidationError, InvalidValue) as error:
            raise _not_editable(column, what, f"columns that {on_edit.path} takes: {error.expected}") from None
    return list(editable)


def _not_editable(column: object, what: str, expected: str) -> ArgumentValidationError:
    return ArgumentValidationError(
        what, thing=f"{show(column)} was given", expected=expected, hint="Correct editable=[...]", path="$.editable"
    )
