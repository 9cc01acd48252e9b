"""`db.sql`, and what contexts need of the engine for `ctx.sql`: the part of `Engine` that hands out queries in SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from reactive_nb.engine.recording import note_read
from reactive_nb.engine.sql_change import SqlChange, run_change
from reactive_nb.engine.sql_desk import SqlDesk
from reactive_nb.functions.function import Function, Kind
from reactive_nb.functions.runner import refuse_nested
from reactive_nb.tables.sql_arguments import is_only_sql, listed
from reactive_nb.tables.sql_query import Question, SqlQuery, Take
from reactive_nb.tables.statement import Kind as StatementKind
from reactive_nb.tables.statement import only_reads, parse
from reactive_nb.transaction.transaction import Transaction

if TYPE_CHECKING:
    from reactive_nb.documents.snapshot import Snapshot
    from reactive_nb.engine.engine import Engine

T = TypeVar("T")

_IN_FUNCTION = "In a mutation use ctx.db.insert, ctx.db.patch and ctx.db.delete; from a cell, use db.sql"
_IN_THE_PAST = "The past can only be read; run it on the database itself, with db.sql"


class SqlAccess:
    """See the module; `Engine` fills the attribute."""

    _sql: SqlDesk

    def sql(self: Engine, text: str, /, **arguments: Any) -> Any:  # type: ignore[misc]  # Engine is the only one
        """Return a query in SQL, which runs on the newest commit each time that a result is asked for.

        An insert, an update or a delete runs at once instead, as a mutation like any other.

        Args:
            text: One statement in DuckDB's SQL. The tables have their own names; a file is read by its path,
                `FROM 'data.parquet'`.
            arguments: The values of its `$name` parameters, and data frames to be read as tables by these names.

        Returns:
            Of a query what gives `.df()`, `.rows()`, `.arrow()`, `.pl()` and `.live()`, and shows itself as a table. Of
            a change what has `.rowcount`, and `.df()` and `.rows()` of its RETURNING.

        Raises:
            SqlError: It is not one statement in SQL, or one that does not run here; the message says what does.
            DocumentValidationError: The declaration of the table refuses a row of a change; nothing is written.

        Example:
            >>> db.sql("SELECT carrier, avg(delay) FROM flights WHERE origin = $o GROUP BY 1", o="JFK").df()
        """
        self._require_open()
        question = Question(parse(text), arguments)
        if question.statement.kind is not StatementKind.READ:
            refuse_nested("sql", instead=_IN_FUNCTION)
            return self._change(question)

        def read(question: Question, take: Take[T]) -> T:
            self._require_open()
            refuse_nested("sql", instead="Write ctx.sql(...), which reads what the function reads")
            note_read(self, lambda ctx: self._sql.read(ctx.transaction, question, take))
            return self._read_at(None, question, take)

        return SqlQuery(question, read, self._live_sql)

    def _change(self: Engine, question: Question) -> SqlChange:  # type: ignore[misc]  # Engine is the only one
        return run_change(self._runner, self._sql, self.ids, question)

    def sql_in(  # type: ignore[misc]  # Engine is the only one
        self: Engine, tx: Transaction, note_chance: Callable[[], None], text: str, arguments: dict[str, Any]
    ) -> SqlQuery:
        """Return a query in SQL that reads what a transaction sees; what `ctx.sql` does.

        Args:
            tx: The transaction.
            note_chance: Called when a result does not follow from the tables alone.
            text: The statement.
            arguments: Its parameters, and frames.
        """
        question = Question(parse(text), arguments)
        only_reads(question.statement, "ctx.sql", _IN_FUNCTION)

        def read(question: Question, take: Take[T]) -> T:
            return self._sql.read(tx, question, take, note_chance, self._refresher.is_unwanted)

        return SqlQuery(question, read)

    def sql_at(self: Engine, snapshot: Snapshot, text: str, arguments: dict[str, Any]) -> SqlQuery:  # type: ignore[misc]  # Engine is the only one
        """Return a query in SQL that reads a snapshot; what `db.at(ts).sql` does."""
        question = Question(parse(text), arguments)
        only_reads(question.statement, "db.at(ts).sql", _IN_THE_PAST)

        def read(question: Question, take: Take[T]) -> T:
            return self._read_at(snapshot, question, take)

        return SqlQuery(question, read)

    def _read_at(self: Engine, snapshot: Snapshot | None, question: Question, take: Take[T]) -> T:  # type: ignore[misc]  # Engine is the only one
        outcome = self._runner.read(lambda ctx: self._sql.read(ctx.transaction, question, take), "sql", snapshot)
        return outcome.value()  # type: ignore[no-any-return]

    def _live_sql(self: Engine, query: SqlQuery) -> Any:  # type: ignore[misc]  # Engine is the only one
        self._require_open()
        text = query.question.statement.text
        given = {name: listed(value) for name, value in query.question.given.items()}
        # A date or a Decimal is no argument of a query, nor is a frame: such belong to this live result alone.
        held = {name: value for name, value in given.items() if is_only_sql(value)} | query.question.frames
        args = {name: value for name, value in given.items() if name not in held}

        def make(path: str) -> Function:
            # No annotation of the result: what it returns is a frame, which no validator knows.
            function = Function(
                lambda ctx, /, **parameters: ctx.sql(text, **parameters, **held).df(),
                Kind.QUERY,
                path=path,
                internal=True,
            )
            function.engine = self
            return function

        return self.live(self._sql.query_of(text, make, is_shared=not held), args)
