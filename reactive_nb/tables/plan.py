"""What a query reads, as DuckDB's own plan says it: through views, subqueries, CTEs and macros.

Comes in: a query on a cursor, and the tables of the database by their SQL names. Goes out: which of our tables it
reads, and what else; or a `SqlError` for what must not be read.

It is the plan before the optimiser that is asked. The optimiser leaves out tables that the data of the moment make
unnecessary, and a query does depend on those: the next commit may make them necessary.

This keeps mistakes from showing what is private; it does not hold a person who means to read it, for the file is
theirs, and any DuckDB opens it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from reactive_nb.errors import SqlError
from reactive_nb.schema.system_tables import PRIVATE
from reactive_nb.tables.sql_failure import failed
from reactive_nb.tables.statement import Statement
from reactive_nb.tables.store import SCHEMA, Placement

_WRITES = frozenset(
    ("INSERT", "UPDATE", "DELETE", "MERGE_INTO", "CREATE_TABLE", "CREATE_VIEW", "COPY_TO_FILE", "ALTER", "DROP")
)
# What these functions read shows in no plan: other statements, the file itself, values in samples and statistics.
_HIDING = frozenset(
    (
        "JSON_EXECUTE_SERIALIZED_SQL",
        "READ_DUCKDB",
        "DUCKDB_TABLE_SAMPLE",
        "PRAGMA_STORAGE_INFO",
        "CHECKPOINT",
        "FORCE_CHECKPOINT",
    )
)
# These change a setting, of the cursor or of the whole database.
_SETTING = re.compile(r"(?:ENABLE|DISABLE|CREATE|DESTROY|REGISTER|DEREGISTER|TRUNCATE)_")
_CATALOG = re.compile(r"DUCKDB_|PRAGMA_|CHUNK_GET$|SHOW")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a query reads.

    Attributes:
        tables: The names of our tables.
        strangers: Other tables, as DuckDB names them; nobody hears when they change.
        reads_catalog: Whether it looks at which tables there are, or at their columns.
    """

    tables: frozenset[str]
    strangers: frozenset[str]
    reads_catalog: bool


def read_plan(
    cursor: duckdb.DuckDBPyConnection,
    statement: Statement,
    parameters: Mapping[str, Any],
    catalog: str,
    placements: Iterable[Placement],
) -> Plan:
    """Return what a statement would read.

    Args:
        cursor: Where it would run; its setting `explain_output` is `all`.
        statement: The statement, of kind READ.
        parameters: Its parameters.
        catalog: The name of the database in DuckDB.
        placements: Where our tables stand.

    Raises:
        SqlError: DuckDB refuses the statement; or it would write, or read what is the engine's own.
    """
    ours = {(catalog, each.schema, each.typed): each.name for each in placements}
    try:
        rows = cursor.execute(f"EXPLAIN (FORMAT json) {statement.planned}", parameters).fetchall()
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise failed(statement.text, error, [typed for _, _, typed in ours]) from None
    plan = next(text for kind, text in rows if kind == "logical_plan")
    tables: set[str] = {*ours.values()} - PRIVATE if statement.hides_tables else set()
    strangers: set[str] = set()
    reads_catalog = False
    for name, table in operators(json.loads(plan)):
        if name in _WRITES:
            raise _writes(statement, name)
        if hides(name):
            raise hiding(statement.text, name)
        if table is not None:
            place = parts(table)
            if place in ours and ours[place] not in PRIVATE:
                tables.add(ours[place])
            elif place[:2] == (catalog, SCHEMA):
                raise _private(statement, place[-1])
            else:
                strangers.add(table)
        elif reads_names(name):
            reads_catalog = True
    return Plan(frozenset(tables), frozenset(strangers), reads_catalog)


def parts(name: str) -> tuple[str, ...]:
    """Return the parts of a name as DuckDB writes it, quoted where it has to be.

    Example:
        >>> parts('flights.main."two words"')
        ('flights', 'main', 'two words')
    """
    found = re.findall(r'"((?:[^"]|"")*)"(?:\.|$)|([^".]+)(?:\.|$)', name)
    return tuple(quoted.replace('""', '"') if quoted or not plain else plain for quoted, plain in found)


def operators(nodes: list[dict[str, Any]]) -> Iterator[tuple[str, str | None]]:
    """Yield of each operator of a plan, as DuckDB's JSON says it, its name and the table it scans."""
    for node in nodes:
        yield node["name"].strip(), node.get("extra_info", {}).get("Table")
        yield from operators(node["children"])


def hides(operator: str) -> bool:
    """Whether what an operator reads or does shows in no plan."""
    return operator in _HIDING or _SETTING.match(operator) is not None


def reads_names(operator: str) -> bool:
    """Whether an operator looks at which tables there are, or at their columns."""
    return _CATALOG.match(operator) is not None


def _writes(statement: Statement, operator: str) -> SqlError:
    return SqlError(
        "Cannot run the SQL",
        thing=f"it holds {operator.replace('_', ' ')} inside a query",
        expected="a query that only reads",
        hint="Write the change as a statement of its own",
        sql=statement.text,
    )


def hiding(sql: str, operator: str) -> SqlError:
    """Return the error of SQL with an operator that `hides`."""
    return SqlError(
        "Cannot run the SQL",
        thing=f"it calls {operator.lower()}, and what that reads or does shows in no plan",
        expected="tables and functions whose reads can be seen",
        hint="Name the tables in the query, or use a connection of your own",
        sql=sql,
    )


def _private(statement: Statement, table: str) -> SqlError:
    return SqlError(
        "Cannot run the SQL",
        thing=f"the table {SCHEMA}.{table} is the engine's own",
        expected="your tables, or system tables such as _storage and _scheduled_functions",
        hint="Use db.env for the environment" if table in PRIVATE else "Read the documents in the table of their name",
        sql=statement.text,
    )
