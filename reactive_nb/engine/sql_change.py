"""Insert, update and delete of SQL as one mutation: captured in DuckDB, applied by a transaction, tried again on conflict.

Comes in: a statement with parameters and frames. Goes out: a commit like any other, named "sql", and a `SqlChange`.
What the statement reads counts as read by the mutation, every table whole: so another commit to one of them makes it
run again, from its capture on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from reactive_nb.clock import IdSource
from reactive_nb.documents.document import CREATION_TIME, ID, check_field_names
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import TableState
from reactive_nb.engine.garbage import without_garbage_collection
from reactive_nb.errors import DocumentValidationError, InvalidValue, SqlError, ValidationError
from reactive_nb.functions.context import MutationContext
from reactive_nb.functions.runner import Runner
from reactive_nb.schema.declaration import BY_CREATION_TIME
from reactive_nb.tables.change import Change, DocumentChange, capture, what_of
from reactive_nb.tables.change_plan import ChangePlan, plan_change
from reactive_nb.tables.change_text import Verb, take_apart
from reactive_nb.tables.change_values import completed
from reactive_nb.tables.moment import Moment
from reactive_nb.tables.sql_query import Question
from reactive_nb.tables.store import Store
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.ids import encode_ids
from reactive_nb.values.validators import Validator
from reactive_nb.values.value import IN_DOCUMENT, normalize

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

T = TypeVar("T")


class Desk(Protocol):
    """Where SQL runs; the engine's."""

    def change(
        self,
        tx: Transaction,
        frames: Mapping[str, Any],
        capture: Callable[[duckdb.DuckDBPyConnection, Store, Moment], T],
    ) -> T:
        """Run something for which SQL sees what a transaction sees, and frames by their names.

        It gets a cursor in a DuckDB transaction, which ends with it and leaves nothing; the cursor's store; and a moment
        that has the shape of the transaction's tables, and is to be filled. Nobody else changes rows meanwhile. It may
        run on another thread.
        """


class SqlChange:
    """What an insert, update or delete has done; what `db.sql` returns for it.

    Attributes:
        rowcount: How many rows it has inserted, updated or deleted, also those that had the new values already.
    """

    __slots__ = ("_change", "_plan", "rowcount")

    def __init__(self, plan: ChangePlan, change: Change) -> None:
        self._plan = plan
        self._change = change
        self.rowcount = change.rowcount

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of RETURNING, with values of documents.

        Raises:
            SqlError: The statement has no RETURNING.
        """
        return [*self._returned("rows").rows]

    def df(self) -> pd.DataFrame:
        """Return the rows of RETURNING as a data frame.

        Raises:
            SqlError: The statement has no RETURNING.
        """
        return self._returned("df").frame.copy()

    @property
    def has_rows(self) -> bool:
        """Whether there are rows of RETURNING."""
        return self._change.returned is not None

    def _returned(self, wanted: str) -> Any:
        if self._change.returned is None:
            raise SqlError(
                f"Cannot return {wanted}",
                thing="the statement has no RETURNING",
                expected="an insert, update or delete with RETURNING",
                hint="Add returning *, or read the table with a query",
                sql=self._plan.text.whole,
            )
        return self._change.returned

    def __repr__(self) -> str:
        words = {Verb.INSERT: "inserted into", Verb.UPDATE: "updated in", Verb.DELETE: "deleted from"}
        rows = "row" if self.rowcount == 1 else "rows"
        return f"<{self.rowcount} {rows} {words[self._plan.text.verb]} {self._plan.place.name}>"


def run_change(runner: Runner, desk: Desk, ids: IdSource, question: Question) -> SqlChange:
    """Run an insert, update or delete until it commits.

    Args:
        runner: Runs mutations.
        desk: Where SQL runs.
        ids: Where the ids of new documents come from.
        question: The statement with its parameters and frames.

    Raises:
        SqlError: DuckDB refuses the statement, or it is none that can become a mutation. Nothing is written.
        DocumentValidationError: The declaration of the table refuses a row, which is named. Nothing is written.
        UniqueViolation: A unique index holds a row's values already. Nothing is written.
        ConflictError: Each of its attempts met a commit to a table that it reads.
    """
    text = take_apart(question.statement)
    parameters = question.parameters()

    def body(context: MutationContext) -> SqlChange:
        tx = context.transaction

        def new_rows(state: TableState, count: int) -> list[tuple[str, float]]:
            new = encode_ids(state.stored.number, [ids.next() for _ in range(count)]) if count else []
            return [(id, tx.next_creation_ms()) for id in new]

        def find(cursor: duckdb.DuckDBPyConnection, store: Store, moment: Moment) -> tuple[ChangePlan, Change]:
            plan = plan_change(cursor, text, parameters, store.catalog, moment.placements.values())
            moment.fill(plan.reads)
            state = tx.table(plan.place.name)
            assert state is not None, "the moment has the tables of the transaction"
            return plan, capture(cursor, store, plan, state, parameters, new_rows)

        plan, change = desk.change(tx, question.frames, find)
        for name in plan.reads:
            tx.reads.add(name, BY_CREATION_TIME, ALL)
        if plan.reads_catalog:
            tx.read_all_tables()
        _apply(tx, plan, change.documents)
        return SqlChange(plan, change)

    with without_garbage_collection():
        return runner.write(body, "sql")  # type: ignore[no-any-return]  # what the body returns


def _apply(tx: Transaction, plan: ChangePlan, changes: Iterable[DocumentChange]) -> None:
    """Write what a statement does, as the same mutation written in Python would."""
    table, verb = plan.place.name, plan.text.verb
    state = tx.declared(table)
    assert state is not None
    tx.reads.add_declaration(table)
    numbers = tx.numbers()
    # Unique values are those after the whole statement: `set n = n + 1` meets on its way what it is about to move.
    moves_keys = verb is Verb.UPDATE and bool(state.maker.unique)
    if moves_keys:
        changes = [*changes]
        for change in changes:
            tx.write(state, change.id, change.old, None, what_of(verb, table, change.id))
    for number, change in enumerate(changes, 1):
        what = what_of(verb, table, str(number) if verb is Verb.INSERT else change.id)
        whole = None
        if change.fields is not None:
            whole = {
                ID: change.id,
                CREATION_TIME: change.created_ms,
                **_checked(state.stored.table.document, change, numbers, what),
            }
        tx.write(state, change.id, None if moves_keys else change.old, whole, what)


def _checked(
    declared: Validator | None, change: DocumentChange, numbers: Mapping[str, int], what: str
) -> dict[str, Any]:
    """Return a document's own fields, normalised, if its declaration accepts them."""
    assert change.fields is not None
    try:
        if declared is None:
            check_field_names(change.fields, what)
            return normalize(change.fields, "$", IN_DOCUMENT)  # type: ignore[return-value]  # a dict stays one
        if not change.nulls:
            return declared.check(change.fields, "$", numbers, IN_DOCUMENT)  # type: ignore[return-value]
        first: ValidationError | None = None
        for fields in completed(declared, change.fields, change.nulls):
            try:
                return declared.check(fields, "$", numbers, IN_DOCUMENT)  # type: ignore[return-value]
            except ValidationError as error:
                first = first or error
        assert first is not None, "a union has members"
        raise first
    except (ValidationError, InvalidValue) as error:
        kind = DocumentValidationError if isinstance(error, ValidationError) else InvalidValue
        raise kind(what, thing=error.thing, expected=error.expected, hint=error.hint, path=error.path) from None
