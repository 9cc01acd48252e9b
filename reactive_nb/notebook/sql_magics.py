"""The magics `%rsql` and `%%rsql`: SQL in a cell, over the tables of a database and the variables of the notebook.

Comes in: SQL with options, whose `$name` are Python variables, as are the data frames that it reads by name. Goes out: a
data frame or a live table; or, of an insert, update or delete, how many rows it changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import traitlets
from IPython.core.error import UsageError
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)

from reactive_nb.engine import Engine
from reactive_nb.engine.sql_change import SqlChange
from reactive_nb.errors import SqlError
from reactive_nb.notebook.cell.plan import without_comment
from reactive_nb.notebook.databases import database_of
from reactive_nb.notebook.sql_options import USAGE, SqlOptions, split_sql
from reactive_nb.notebook.sql_words import read_words
from reactive_nb.tables.sql_arguments import is_frame
from reactive_nb.tables.statement import Kind, Statement, only_reads, parse

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_LATE = re.compile(r"--(?:live|db)\b")
_DONE = {Kind.INSERT: "inserted", Kind.UPDATE: "updated", Kind.DELETE: "deleted"}


@magics_class
class SqlMagics(Magics):
    """`%rsql` and `%%rsql`.

    Args:
        shell: The IPython shell.
        engines: Returns the databases that are open now.
    """

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell, engines: Callable[[], Sequence[Engine]]) -> None:
        super().__init__(shell)
        self._engines = engines

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def rsql(self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        """Run SQL over the tables of a database: DuckDB's, on the newest commit.

            %rsql SELECT ...

            %%rsql [-o NAME] [--live] [--db VARIABLE]
            SELECT origin, count(*) AS n FROM flights WHERE carrier = $carrier GROUP BY origin

        `$carrier` is the value of the Python variable `carrier`; if that is a widget, its value, which a live table
        follows. A data frame in a variable is read as a table of its name, unless the database has one. The result is
        a data frame: `n = %rsql SELECT ...` keeps it, and so does `-o`.

        INSERT, UPDATE and DELETE are mutations: validated, reactive, all or nothing. They say how many rows they have
        changed; with RETURNING the result is a data frame of these rows.

        Options, before the SQL:
            -o NAME        puts the result into a variable, too: a data frame, or the live result
            --live         shows a table that follows every commit to what the SQL reads
            --db VARIABLE  the database; needed when several are open
        """
        magic, text = ("%rsql", line) if cell is None else ("%%rsql", without_comment(line))
        options, sql = split_sql(magic, text)
        if cell is not None:
            if sql:
                raise UsageError(f"{magic} does not know {sql!r}. {USAGE}; write the SQL below.")
            sql = cell
        elif late := _LATE.search(sql):
            raise UsageError(f"{magic} takes options before the SQL, and {late[0]!r} stands after it, as a comment.")
        if not sql.strip():
            raise UsageError(f"{magic} needs SQL{' after it' if cell is None else ' below'}, such as FROM flights.")
        names = self.shell.user_ns if local_ns is None else {**self.shell.user_ns, **local_ns}
        return self._run(magic, options, sql, names)

    def _run(self, magic: str, options: SqlOptions, sql: str, names: Mapping[str, Any]) -> Any:
        statement = parse(sql)
        if options.live:
            only_reads(statement, f"{magic} --live", "Leave --live out")
        db = database_of(self._engines(), self.shell.user_ns, options.db)
        arguments = arguments_of(statement, names, db.tables(), live=options.live)
        found = db.sql(statement.text, **arguments)
        result: Any
        if isinstance(found, SqlChange):
            rows = "row" if found.rowcount == 1 else "rows"
            print(f"{found.rowcount:,} {rows} {_DONE[statement.kind]}")  # noqa: T201 - what the cell shows
            result = found.df() if found.has_rows else None
        else:
            result = found.live() if options.live else found.df()
        if options.into is not None:
            self.shell.user_ns[options.into] = found if result is None else result
        return result


def arguments_of(
    statement: Statement, names: Mapping[str, Any], tables: Mapping[str, Any], *, live: bool
) -> dict[str, Any]:
    """Return what a statement takes from the variables of a notebook: its parameters, and the frames that it reads.

    Args:
        statement: The statement.
        names: The variables.
        tables: The tables of the database; a frame of such a name is not read.
        live: Whether a widget is followed; otherwise its value of now is taken.

    Raises:
        SqlError: There is no variable for a parameter.
    """
    arguments: dict[str, Any] = {}
    for name in sorted(statement.parameters):
        if name.isdigit():
            continue  # without a name; `db.sql` says what to write
        if name not in names:
            raise SqlError(
                "Cannot run the SQL",
                thing=f"${name} stands in it, and there is no Python variable {name}",
                expected="a variable for each $name",
                hint=f"Write {name} = ... in a cell before",
                sql=statement.text,
            )
        arguments[name] = names[name] if live else _value(names[name])
    taken = {name.lower() for name in tables}
    frames = {name.lower(): value for name, value in [*names.items()] if is_frame(value)}  # SQL knows no case
    for table in read_words(statement.text).tables:
        name = table.name.lower()
        if table.is_read and not table.is_qualified and name not in taken and name in frames:
            frame = names.get(table.name)
            arguments[table.name] = frame if is_frame(frame) else frames[name]
            taken.add(name)
    return arguments


def _value(variable: Any) -> Any:
    is_widget = isinstance(variable, traitlets.HasTraits) and variable.has_trait("value")
    return variable.value if is_widget else variable
