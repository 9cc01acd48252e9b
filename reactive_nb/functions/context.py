"""`ctx`: what a function is handed, carrying only what its kind may use.

A nested `run_query` shares its caller's transaction; a nested `run_mutation` is a sub-transaction, whose writes alone
vanish when it raises and its caller goes on.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import IOBase
from typing import Any, Protocol

from reactive_nb.clock import IdSource
from reactive_nb.errors import FunctionKindError, NestedCallError
from reactive_nb.functions.database import DatabaseReader, DatabaseWriter
from reactive_nb.functions.environment import EnvironmentReader
from reactive_nb.functions.function import Caller, Function, Kind
from reactive_nb.functions.page import Journal
from reactive_nb.functions.query_builder import TableQuery
from reactive_nb.functions.scheduler import Scheduler, TransactionScheduler
from reactive_nb.functions.search_filter import FilterFunction
from reactive_nb.functions.storage import FileContents, StorageReader, StorageWriter
from reactive_nb.functions.text_search import TextSearch
from reactive_nb.functions.unread import Unread
from reactive_nb.functions.vector_search import MAX_LIMIT, vector_search
from reactive_nb.transaction.transaction import Transaction

MAX_DEPTH = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Services(Protocol):
    """What contexts share in one engine."""

    ids: IdSource

    @property
    def files(self) -> FileContents:
        """The bytes of stored files."""

    def find(self, function: Function | str) -> Function:
        """Return a function given as itself or by its path."""

    def now_ms(self) -> float:
        """Return the time of the database's clock, in milliseconds since 1970 UTC."""

    def sql_in(self, tx: Transaction, note_chance: Callable[[], None], text: str, arguments: dict[str, Any]) -> Any:
        """Return a query in SQL that reads what a transaction sees."""


class QueryContext(Caller):
    """`ctx` of a query.

    Attributes:
        db: Reads documents.
        transaction: What it runs in; for the engine's own functions.
        uses_chance: Whether the function asked for the time or for randomness, or its SQL for what is no table of ours,
            so that its result must not be reused.
    """

    def __init__(self, tx: Transaction, services: Services, journal: Journal | None = None, depth: int = 0) -> None:
        self.transaction = tx
        self._services = services
        self._journal = journal
        self._depth = depth
        self._random: random.Random | None = None
        self.uses_chance = False
        self.db: DatabaseReader = DatabaseReader(tx, journal)

    def run_query(self, function: Function | str, /, **args: Any) -> Any:
        """Run a query in this transaction: it sees what this function sees, and counts as read by it."""
        found = self._nested(function, Kind.QUERY)
        inner = QueryContext(self.transaction, self._services, self._journal, self._depth + 1)
        try:
            return run_checked(found, inner, args)
        finally:
            self.uses_chance |= inner.uses_chance

    def run_mutation(self, function: Function | str, /, **_: Any) -> Any:
        """Not in a query: raises `FunctionKindError`."""
        path = self._services.find(function).path
        raise FunctionKindError(
            f"Cannot run {path}",
            thing="it is a mutation, called from a query",
            expected="a query",
            hint="Only mutations may run mutations; call it from a cell or from a mutation",
        )

    def run_action(self, function: Function | str, /, **_: Any) -> Any:
        """Not in a query or a mutation: raises `FunctionKindError`."""
        path = self._services.find(function).path
        raise FunctionKindError(
            f"Cannot run {path}",
            thing="it is an action, called from a query or a mutation",
            expected="a query or a mutation",
            hint=f"In a mutation, schedule it: ctx.scheduler.run_after(0, {path.rpartition(':')[2]}, ...)",
        )

    @property
    def scheduler(self) -> Scheduler:
        """Not in a query: raises `FunctionKindError`."""
        raise FunctionKindError(
            "Cannot schedule anything",
            thing="this is a query, which only reads",
            expected="a mutation or an action",
            hint="Declare the function with @db.mutation; from a cell, use db.scheduler",
        )

    @property
    def env(self) -> EnvironmentReader:
        """The variables that `db.env` holds; a query that reads one runs again when it changes."""
        return EnvironmentReader(self.transaction)

    @property
    def storage(self) -> StorageReader:
        """Stored files: their URLs and metadata."""
        return StorageReader(self.transaction, self._services.files)

    def vector_search(
        self,
        table: str,
        index: str,
        *,
        vector: Any,
        limit: int = 10,
        filter: FilterFunction | None = None,
        maximum: int = MAX_LIMIT,
    ) -> list[dict[str, Any]]:
        """Return the documents whose vectors are nearest to one, with this function's own writes among them.

        Args:
            table: The table.
            index: Its vector index.
            vector: What to look for: as many finite numbers as the index has dimensions, as a list or an array.
            limit: How many documents at most.
            filter: What their filter fields must be: `lambda q: q.eq("field", "db") & q.gte("year", 2020)`, with
                `eq`, `gt`, `gte`, `lt`, `lte`, `is_in`, `and_`, `or_`, and `&` and `|` between conditions.
            maximum: As many as `limit` may ask for; raise it to get more than 256.

        Returns:
            `{"_id": ..., "_score": ...}` of each, nearest first; of equally near ones the oldest first. The score is
            the cosine, the dot product, or minus the distance, whichever metric the index has: larger is nearer.
            It is exact, unless the index was declared as approximate. A live query that does this runs again when a
            vector comes, goes or moves within the distance of its last hit and passes the filter; on an approximate
            index, at whatever distance.

        Raises:
            UnknownIndex: The table has no such vector index.
            QueryUsageError: A vector of another length, a limit above the maximum, or a filter that is none.

        Example:
            >>> hits = ctx.vector_search("papers", "by_embedding", vector=embedding, limit=5)
            >>> [ctx.db.get(hit["_id"])["title"] for hit in hits]
        """
        return vector_search(self.transaction, table, index, vector, limit, filter, maximum)

    def sql(self, text: str, /, **arguments: Any) -> Any:
        """Return a query in SQL over what this function sees, with its own writes; it only reads.

        The tables that it reads count as read, whole: a live query runs again when one of them changes. Files, frames
        and other tables of the DuckDB file are read as they are at each run, and nobody hears when they change.

        Args:
            text: One query in DuckDB's SQL.
            arguments: The values of its `$name` parameters, and data frames to be read as tables by these names.

        Returns:
            What gives `.rows()`, `.df()`, `.arrow()` and `.pl()`. A function may return it as it is: then its rows.

        Raises:
            SqlError: It is not one query in SQL.

        Example:
            >>> ctx.sql("SELECT carrier, max(delay) AS delay FROM flights WHERE origin = $o GROUP BY 1", o="EWR").rows()
        """
        return self._services.sql_in(self.transaction, self.note_chance, text, arguments)

    def note_chance(self) -> None:
        """Note that the result does not follow from the documents alone, so that it is not used again."""
        self.uses_chance = True

    def now(self) -> datetime:
        """Return the time at which this function started, in UTC; the same at each call."""
        self.uses_chance = True
        return _EPOCH + timedelta(milliseconds=self.transaction.now_ms)

    @property
    def random(self) -> random.Random:
        """A random number generator with a seed of its own for each run."""
        self.uses_chance = True
        if self._random is None:
            self._random = random.Random(self._services.ids.seed())
        return self._random

    def uuid(self) -> str:
        """Return a random UUID."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _nested(self, function: Function | str, kind: Kind) -> Function:
        found = self._services.find(function)
        if found.kind is not kind:
            raise FunctionKindError(
                f"Cannot run {found.path}",
                thing=f"it is {found.kind.with_article}",
                expected=kind.with_article,
                hint=f"Use ctx.run_{found.kind}",
            )
        if self._depth + 1 > MAX_DEPTH:
            raise NestedCallError(
                f"Cannot run {found.path}",
                thing=f"it would be nested {self._depth + 1} deep",
                expected=f"at most {MAX_DEPTH}",
                hint="A function that runs itself must come to an end; use a loop or a plain helper function",
            )
        return found


class MutationContext(QueryContext):
    """`ctx` of a mutation: reads, writes, calls for later, and sub-transactions."""

    def __init__(self, tx: Transaction, services: Services, depth: int = 0) -> None:
        super().__init__(tx, services, None, depth)
        self.db: DatabaseWriter = DatabaseWriter(tx, services.ids)

    def run_mutation(self, function: Function | str, /, **args: Any) -> Any:
        """Run a mutation as part of this one; if it raises, its writes are undone and the exception goes on."""
        found = self._nested(function, Kind.MUTATION)
        checked = found.checked_args(args, self.transaction.numbers())
        savepoint = self.transaction.savepoint()
        try:
            return invoke(found, MutationContext(self.transaction, self._services, self._depth + 1), checked)
        except BaseException:
            self.transaction.rollback(savepoint)
            raise

    @property
    def scheduler(self) -> Scheduler:
        """Runs functions later, if and when this mutation commits."""
        return TransactionScheduler(self.transaction, self._services)

    @property
    def storage(self) -> StorageWriter:
        """Stored files; what is stored and deleted is committed with this mutation."""
        return StorageWriter(self.transaction, self._services.files, self._services.ids)

    def run_stale_query(self, function: Function | str, /, **args: Any) -> Any:
        """Run a query on the committed data this mutation started from, without counting it as read.

        It does not see this mutation's own writes, and a later commit to what it read is no conflict: for reading
        what need not be exact, such as the size of a table that everybody appends to.
        """
        found = self._nested(function, Kind.QUERY)
        tx = Transaction(self.transaction.snapshot, self.transaction.now_ms)
        try:
            return invoke(
                found, QueryContext(tx, self._services, None, self._depth + 1), found.checked_args(args, tx.numbers())
            )
        finally:
            tx.close()


def invoke(function: Function, context: QueryContext, args: dict[str, Any]) -> Any:
    """Run a function's own code with checked arguments and check what it returns."""
    return function.checked_result(read_whole(function.function(context, **args)), context.transaction.numbers())


def read_whole(result: Any) -> Any:
    """Return a result that reads nothing any more: a generator, or a query, becomes the list of what it yields."""
    if isinstance(result, TextSearch):
        return result.collect()
    if isinstance(result, Unread):
        return result.whole()
    is_read_later = (hasattr(result, "__next__") and not isinstance(result, IOBase)) or isinstance(result, TableQuery)
    return list(result) if is_read_later else result


def run_checked(function: Function, context: QueryContext, args: dict[str, Any]) -> Any:
    """Check arguments and what is returned, around a function's own code."""
    return invoke(function, context, function.checked_args(args, context.transaction.numbers()))
