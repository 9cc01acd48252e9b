"""Which table a statement changes and which it reads, asked of DuckDB before it runs; and why it may not.

Comes in: the parts of an insert, update or delete, and where the tables of documents stand. Goes out: the place of its
table and the names of what it reads, or a `SqlError`. Only tables of documents may be changed: of any other change no
log would know.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from reactive_nb.errors import SqlError
from reactive_nb.tables.change_text import ChangeText
from reactive_nb.tables.plan import hides, hiding, operators, parts, reads_names
from reactive_nb.tables.sql_failure import failed
from reactive_nb.tables.store import SCHEMA, Placement

_WRITES = frozenset(("INSERT", "UPDATE", "DELETE", "MERGE_INTO"))


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """What a statement would do.

    Attributes:
        text: Its parts.
        place: Where the table stands that it changes.
        reads: The names of our tables that it reads; an update and a delete read their own.
        reads_catalog: Whether it looks at which tables there are, or at their columns.
    """

    text: ChangeText
    place: Placement
    reads: frozenset[str]
    reads_catalog: bool


def plan_change(
    cursor: duckdb.DuckDBPyConnection,
    text: ChangeText,
    parameters: Mapping[str, Any],
    catalog: str,
    placements: Iterable[Placement],
) -> ChangePlan:
    """Return what a statement would change and read.

    Args:
        cursor: Where it would run; frames are registered there.
        text: Its parts.
        parameters: Exactly its parameters.
        catalog: The name of the database in DuckDB.
        placements: Where our tables stand, without those that nobody may read.

    Raises:
        SqlError: DuckDB refuses the statement, or it changes what is not made of documents, or more than one table.
    """
    ours: dict[tuple[str, ...], Placement] = {(catalog, each.schema, each.typed): each for each in placements}
    cursor.execute("SET SESSION explain_output = 'all'")
    tables = [each.typed for each in ours.values()]
    steps = _explained(cursor, text, text.whole, parameters, tables)
    if hidden := [name for name, _ in steps if hides(name)]:
        raise hiding(text.whole, hidden[0])
    if sum(name in _WRITES for name, _ in steps) != 1:
        raise refused(
            text,
            "it changes rows in more than one place",
            "one insert, update or delete",
            "Run them one by one, or write a mutation in Python",
        )
    # The plan of an insert does not say into what. A view would have been refused by now, and so would a frame.
    targets = [
        parts(table) for _, table in _explained(cursor, text, f"FROM {text.target}", {}, tables) if table is not None
    ]
    assert len(targets) == 1, targets
    place = ours.get(targets[0])
    if place is None or place.schema == SCHEMA:
        raise _no_target(text, catalog, targets[0], ours.values())
    read = {parts(table) for _, table in steps if table is not None}
    for stranger in read - ours.keys():
        if stranger[:2] == (catalog, SCHEMA):
            raise refused(
                text,
                f"it reads {SCHEMA}.{stranger[-1]}, which is the engine's own",
                "your tables, and system tables such as _storage",
                "Read the documents in the table of their name",
            )
    reads_catalog = any(reads_names(name) for name, _ in steps)
    return ChangePlan(text, place, frozenset(ours[each].name for each in read & ours.keys()), reads_catalog)


def refused(text: ChangeText, thing: str, expected: str, hint: str) -> SqlError:
    """Return the error of a change that is not made."""
    return SqlError(
        f"Cannot run the {text.verb.upper()} statement", thing=thing, expected=expected, hint=hint, sql=text.whole
    )


def failed_change(text: ChangeText, error: duckdb.Error, tables: Iterable[str] = ()) -> SqlError:
    """Return the error of a change that DuckDB refuses or fails at.

    Args:
        text: Its parts.
        error: What DuckDB raised.
        tables: The tables that may be named, where that is known.
    """
    told = failed(text.whole, error, tables)
    message = str(error)
    if f"Table with name {parts(text.target)[-1]} does not exist" in message:
        hint = "Correct the name of the table, or declare it with db.define"
    elif "values were supplied" in message:
        hint = "Name the columns that you fill, without _id and _creationTime, or insert by name"
    elif "Unexpected prepared parameter" in message:
        hint = "Leave parameters out of RETURNING, where DuckDB takes none"
    elif "Malformed JSON" in message:
        hint = "Write text for JSON with its quotes, such as '\"text\"', or use to_json(...)"
    elif "is not an table" in message or "base table" in message:
        hint = "Write to the table itself; a view, or a frame that has the name of a table, only reads"
    else:
        hint = told.hint
    return refused(text, told.thing, told.expected, hint)


def _explained(
    cursor: duckdb.DuckDBPyConnection, text: ChangeText, sql: str, parameters: Mapping[str, Any], tables: list[str]
) -> list[tuple[str, str | None]]:
    """Return of each operator its name and the table it scans, of the plan before it is optimised."""
    try:
        rows = cursor.execute(f"EXPLAIN (FORMAT json) {sql}", parameters).fetchall()
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise failed_change(text, error, tables) from None
    return [*operators(json.loads(next(plan for kind, plan in rows if kind == "logical_plan")))]


def _no_target(text: ChangeText, catalog: str, target: tuple[str, ...], placements: Iterable[Placement]) -> SqlError:
    shown = ".".join(target[1:] if target[0] == catalog else target)
    if target[:2] == (catalog, SCHEMA):
        return refused(
            text,
            f"{shown} is the engine's own table",
            "one of your tables",
            "What the engine keeps is changed through ctx.scheduler, ctx.storage and db.env",
        )
    mine = {each.name: each.typed for each in placements if each.schema != SCHEMA}
    typed = mine.get(target[-1])
    if typed is not None and typed != target[-1]:
        return refused(
            text,
            f"{shown} is another table of the file, which is not made of documents",
            f"{typed}, where the documents of {target[-1]} stand",
            f"Write {typed}",
        )
    return refused(
        text,
        f"{shown} is not made of documents, so no log would know of the change",
        f"a table of this database ({', '.join(sorted(mine.values())) or 'there is none yet'})",
        "Change it with a DuckDB connection of your own",
    )
