"""Edits: cells of a table that a person may change, each change one transaction.

What may be edited comes in, once; then, edit by edit, what an input gave. Out goes a commit, or a refusal that has
changed nothing. An edit that was begun on a value which somebody else has replaced since is such a refusal. `Edits` are
carried out by a mutation of the user's; the panel's data browser has its own (panel/document_edits.py).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
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
from reactive_nb.functions.function import OWN, Function, Kind
from reactive_nb.notebook.result.encoding import Cell, encode_cell
from reactive_nb.notebook.widget.fields import Raw, field_of, like, present, raw_of, same, value_of
from reactive_nb.notebook.widget.submission import documents_like, run_for_page
from reactive_nb.subscriptions.subscription import Subscription
from reactive_nb.values.refusal import show
from reactive_nb.values.validators import AnyValidator, ObjectValidator, Validator


class CellEdits(ABC):
    """What every kind of edit has in common: inputs, the look at what is there now, the commit.

    Any thread may call its methods.

    Args:
        engine: Has the documents.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # Starts empty; holds what a column without a declaration was last asked as, so that it is read as the same.
        self._guessed: dict[str, Validator] = {}

    @abstractmethod
    def columns_of(self, row: Mapping[str, Any]) -> Sequence[str]:
        """Return which columns of rows like this one can be edited."""

    @abstractmethod
    def check_column(self, column: str, what: str) -> None:
        """Raise unless the column may be edited.

        Raises:
            ArgumentValidationError: It may not.
        """

    @abstractmethod
    def declared(self, id: str, column: str) -> Validator | None:
        """Return what a column of a document must be, or None where nobody has said."""

    @abstractmethod
    def write(self, ctx: MutationContext, id: str, column: str, value: Any) -> None:
        """Give a field of a document its new value."""

    @abstractmethod
    def commit(self, body: Callable[[MutationContext], None], origin: str) -> int:
        """Run writing code as one transaction, and return its commit, or the newest when it made none."""

    def inputs(self, row: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
        """Return the field of each column that can be edited, for rows like this one; none of rows without an id.

        Args:
            row: A row of the result, as its query returned it; None when there is none.
        """
        if row is None or not isinstance(row.get("_id"), str):
            return {}
        fields = {}
        for column in self.columns_of(row):
            validator = self.declared(row["_id"], column)
            if validator is None:
                validator = self._guessed[column] = self.guess(row, column)
            fields[column] = field_of(column, validator)
        return fields

    def guess(self, row: Mapping[str, Any], column: str) -> Validator:
        """Return what a column that nobody declared is asked as, by a row that has it."""
        known = self._guessed.get(column)  # None tells nothing, and another row may have told already
        return like(row.get(column)) if known is None or row.get(column) is not None else known

    def pick(self, row: Mapping[str, Any] | None, column: str, text: str) -> dict[str, Any] | None:
        """Return the documents that a text finds for an editable column of ids; None of any other column."""
        table = self.inputs(row).get(column, {}).get("table")
        return None if table is None else documents_like(self.engine, table, text)

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
            ArgumentValidationError: The input gave no value, or one that the mutation refuses.
            DocumentNotFound: The document is gone.
        """
        what = f"Cannot edit {column}"
        self.check_column(column, what)
        validator = self._validator(id, column, base)
        value = value_of(validator, raw, what, f"$.{column}")
        found = self.engine.table_of(id)
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
            self.write(ctx, id, column, value)

        return self.commit(body, f"an edit in the table of {table}")

    def wait_for_results(self) -> bool:
        """Return when all live results are of the newest commit, and whoever follows them knows; False without any.

        A slow query keeps the caller waiting, as it keeps its rows from being shown.
        """
        try:
            self.engine.let_go(self.engine.hold(_NOTHING, {}, _Nobody()))
        except DatabaseClosed:  # its results are closed as well, and pages wait for nothing there
            return False
        return True

    def _validator(self, id: str, column: str, current: object) -> Validator:
        return self.declared(id, column) or self._guessed.get(column) or like(current)


class Edits(CellEdits):
    """Which columns of a table can be edited, as what, and by which mutation of the user's.

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
        super().__init__(engine)
        _check_mutation(on_edit)
        self._on_edit = on_edit
        self.columns = tuple(_checked_columns(editable, on_edit))

    def columns_of(self, row: Mapping[str, Any]) -> Sequence[str]:
        """Return those that the user named."""
        del row
        return self.columns

    def check_column(self, column: str, what: str) -> None:
        """Raise unless the user has named the column."""
        if column not in self.columns:
            raise _not_editable(column, what, f"one of {', '.join(self.columns)}")

    def declared(self, id: str, column: str) -> Validator | None:
        """Return what a column must be: as its table declares it, else as `on_edit` does; None where neither does."""
        found = self.engine.table_of(id)
        document = None if found is None else found[1].document
        declared = document.fields.get(column) if isinstance(document, ObjectValidator) else None
        for validator in (declared, self._on_edit.args[self._on_edit.parameters[2]]):
            # A field that may be missing is no less there: an edit gives it a value.
            if validator is not None and not isinstance(inner := present(validator), AnyValidator):
                return inner
        return None

    def write(self, ctx: MutationContext, id: str, column: str, value: Any) -> None:
        """Run the mutation as it is now: a cell that ran again may have replaced it."""
        self.engine.find(self._on_edit.path)(ctx, id, column, value)

    def commit(self, body: Callable[[MutationContext], None], origin: str) -> int:
        """Run it under the name of the mutation."""
        _, ts = run_for_page(self.engine, origin, lambda: self.engine.write(body, self._on_edit.path))
        return ts


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


_NOTHING: Final = Function(_nothing, Kind.QUERY, path=f"{OWN}nothing")


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
