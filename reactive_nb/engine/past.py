"""A moment of the past: the database as of one commit, to be read like the present."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.engine.table_handle import TableReader
from reactive_nb.errors import FunctionKindError
from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.function import Function, Kind
from reactive_nb.functions.runner import Runner
from reactive_nb.schema.declaration import check_table_name
from reactive_nb.tables.sql_query import SqlQuery

if TYPE_CHECKING:
    from reactive_nb.engine.engine import Engine

T = TypeVar("T")


class Past:
    """The database as of one commit; made by `db.at(ts)`. It stays readable for as long as it is held.

    Attributes:
        ts: The commit.

    Example:
        >>> db.at(3).run(latest, channel="general")
    """

    def __init__(self, snapshot: Snapshot, runner: Runner, engine: Engine) -> None:
        self.ts = snapshot.ts
        self._snapshot = snapshot
        self._runner = runner
        self._engine = engine

    def run(self, function: Function | str, /, **args: Any) -> Any:
        """Run a query as of this moment.

        Raises:
            FunctionKindError: It is a mutation; the past cannot be changed.
        """
        found = self._engine.find(function)
        if found.kind is not Kind.QUERY:
            raise FunctionKindError(
                f"Cannot run {found.path} at commit {self.ts}",
                thing=f"it is {found.kind.with_article}",
                expected="a query",
                hint="The past can only be read; run it on the database itself",
            )
        outcome = self._runner.query(found, found.checked_args(args, self._snapshot.numbers), self._snapshot)
        return outcome.value()

    def read(self, body: Callable[[QueryContext], T]) -> T:
        """Run reading code as of this moment: `db.at(3).read(lambda ctx: ctx.db.query("messages").count())`."""
        return self._runner.read(body, "read", self._snapshot).value()  # type: ignore[no-any-return]

    def sql(self, text: str, /, **arguments: Any) -> SqlQuery:
        """Return a query in SQL as of this moment: `db.at(3).sql("SELECT count(*) FROM messages").df()`.

        Raises:
            SqlError: It is not one query in SQL.
        """
        return self._engine.sql_at(self._snapshot, text, arguments)

    def table(self, name: str) -> TableReader:
        """Return a table as of this moment, to be read whole: `df`, `arrow`, `count`.

        Example:
            >>> db.at(3).table("messages").df()
        """
        check_table_name(name)
        return TableReader(name, self.read)

    def __repr__(self) -> str:
        return f"<the database at commit {self.ts}>"
