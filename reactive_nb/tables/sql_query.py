"""A query in SQL as something that can be asked: `.df() .rows() .arrow() .pl()`, each time at the moment it stands for.

Comes in: a statement with its arguments, and who runs it. Goes out: results, made while the tables still stand at that
moment. Nothing runs before a result is asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import duckdb

from reactive_nb.errors import QueryUsageError, SqlError
from reactive_nb.functions.unread import Unread
from reactive_nb.tables.sql_arguments import is_frame, parameter
from reactive_nb.tables.sql_failure import failed
from reactive_nb.tables.sql_values import column_names, frame_of, rows_of
from reactive_nb.tables.statement import Statement, check_parameters

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
Take = Callable[[duckdb.DuckDBPyConnection, str, Mapping[str, Any]], T]
"""Runs a statement with its parameters on a cursor, and returns what is wanted of its result."""


class Reader(Protocol):
    """Runs what is read, at one moment."""

    def __call__(self, question: Question, take: Take[T], /) -> T:
        """Return what `take` makes of a question."""


class Question:
    """A statement with its arguments.

    Attributes:
        statement: The statement.
        given: The values of its `$name` parameters; one may be a widget, for a live result.
        frames: Data frames by the names under which the statement reads them.

    Raises:
        SqlError: The arguments are not those that the statement has.
    """

    __slots__ = ("frames", "given", "statement")

    def __init__(self, statement: Statement, arguments: Mapping[str, Any]) -> None:
        self.statement = statement
        self.frames = {name: value for name, value in arguments.items() if is_frame(value)}
        for name in sorted(statement.parameters & self.frames.keys()):
            raise SqlError(
                "Cannot run the SQL",
                thing=f"${name} is a frame",
                expected="a single value for a parameter",
                hint=f"Write FROM {name}, without the $, to read a frame as a table",
                sql=statement.text,
            )
        self.given = {name: value for name, value in arguments.items() if name not in self.frames}
        check_parameters(statement, self.given)

    def parameters(self) -> dict[str, Any]:
        """Return the values as DuckDB takes them.

        Raises:
            SqlError: One of them cannot be said in SQL.
        """
        return {name: parameter(name, value) for name, value in self.given.items()}


class SqlQuery(Unread):
    """A query in SQL; made by `db.sql(...)`, `ctx.sql(...)` and `db.at(ts).sql(...)`.

    Each result is read anew: of `db.sql` at the newest commit, of the others at the moment of their transaction.
    Displayed, or iterated over, it is its rows.

    Example:
        >>> db.sql("SELECT origin, count(*) AS n FROM flights GROUP BY origin").df()
    """

    def __init__(self, question: Question, read: Reader, live: Callable[[SqlQuery], Any] | None = None) -> None:
        self.question = question
        self._read = read
        self._live = live

    def df(self) -> pd.DataFrame:
        """Return the result as a pandas data frame.

        Columns have the types that DuckDB gives them: JSON is text, a NULL among integers makes them nullable, and
        two columns of one name get an ending.

        Raises:
            SqlError: DuckDB refuses the query, or fails.
        """
        return self._read(self.question, _frame)

    def rows(self) -> list[dict[str, Any]]:
        """Return the result as a list of dicts, of the kinds of values that documents have.

        Raises:
            SqlError: DuckDB refuses the query, or fails.
        """
        return self._read(self.question, _rows)

    def arrow(self) -> Any:
        """Return the result as a `pyarrow.Table`.

        Raises:
            QueryUsageError: pyarrow is not installed.
            SqlError: DuckDB refuses the query, or fails.
        """
        _require("pyarrow", "an Arrow table", "pyarrow")
        return self._read(self.question, _arrow)

    def pl(self) -> Any:
        """Return the result as a `polars.DataFrame`.

        Raises:
            QueryUsageError: polars or pyarrow is not installed.
            SqlError: DuckDB refuses the query, or fails.
        """
        _require("polars", "a polars frame", "polars pyarrow")
        _require("pyarrow", "a polars frame", "polars pyarrow")
        return importlib.import_module("polars").from_arrow(self._read(self.question, _arrow))

    def live(self) -> Any:
        """Return the result as a live one, a data frame that is kept true; parameters may be widgets.

        It runs again when a table that it reads changes. Other tables of the file, files and frames are read as they
        are at each run, and nobody hears when they change.

        Raises:
            QueryUsageError: It stands for a moment of its own, in a function or in the past.
        """
        if self._live is None:
            raise QueryUsageError(
                "Cannot make the SQL live",
                thing="it reads the moment of a transaction, or of the past",
                expected="SQL of the database itself",
                hint="Write db.sql(...).live(), or make the function live that uses ctx.sql",
            )
        return self._live(self)

    def whole(self) -> list[dict[str, Any]]:
        """Return the rows; what a function returns that returns this."""
        return self.rows()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows())

    def __repr__(self) -> str:
        return f"<SQL {' '.join(self.question.statement.text.split())!r:.100}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        # An exception here is shown by IPython as one of the cell.
        frame = self.df()
        return {"text/plain": repr(frame), "text/html": frame.to_html(max_rows=60, notebook=True)}


def _require(module: str, what: str, packages: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise QueryUsageError(
            f"Cannot return {what}",
            thing=f"{module} is not installed",
            expected=f"an environment with {module}",
            hint=f"Run %pip install {packages}, or use .df()",
        )


def run(question: Question, cursor: duckdb.DuckDBPyConnection, take: Take[T]) -> T:
    """Run a statement on a cursor whose tables stand as they shall, and return what is wanted of its result."""
    try:
        return take(cursor, question.statement.text, question.parameters())
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise failed(question.statement.text, error) from None


def _rows(cursor: duckdb.DuckDBPyConnection, text: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    result = cursor.execute(text, parameters)
    description = result.description or []
    return rows_of(description, result.fetchall())


def _frame(cursor: duckdb.DuckDBPyConnection, text: str, parameters: Mapping[str, Any]) -> pd.DataFrame:
    return frame_of(cursor.execute(text, parameters))


def _arrow(cursor: duckdb.DuckDBPyConnection, text: str, parameters: Mapping[str, Any]) -> Any:
    table = cursor.sql(text, params=parameters).to_arrow_table()
    return table.rename_columns(column_names(table.column_names))
