"""One SQL statement: what kind it is, whether it may run here, and what to do instead where it may not.

Comes in: text that a person wrote. Goes out: a `Statement` with its kind and the names of its parameters, or a
`SqlError`. Only DuckDB's parser looks at the text, so nothing runs and no table has to exist.

What may run is what leaves everything outside the log as it is: reading, and in time the three statements that become
mutations. Anything else could change the tables behind the engine's back, or a setting that other cursors share.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from reactive_nb.errors import SqlError
from reactive_nb.values.refusal import show


class Kind(enum.StrEnum):
    """What a statement does to documents."""

    READ = "read"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that may run.

    Attributes:
        text: As it was written, without a semicolon at the end.
        kind: What it does.
        parameters: The names of its `$name` parameters.
        planned: The statement whose plan says what it reads: itself, or what an `EXPLAIN` explains.
    """

    text: str
    kind: Kind
    parameters: frozenset[str]
    planned: str


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a kind of statement does not run, and what does the same."""

    thing: str
    hint: str


_DEFINES = _Refusal("it changes how tables are declared", "Use db.define(name=rnb.table(...)) and db.drop(name)")
_CONNECTION = _Refusal(
    "it changes the connection, which is the engine's own",
    "Leave it out; open a connection of your own with duckdb.connect for it",
)
_TRANSACTION = _Refusal(
    "every statement is a transaction of its own",
    "Use with db.transaction() as tx: for several writes together",
)
_PREPARES = _Refusal("statements are not prepared here", "Write the statement itself, with $name for its parameters")
_REFUSED = {
    "CREATE": _DEFINES,
    "CREATE_FUNC": _DEFINES,
    "DROP": _DEFINES,
    "ALTER": _DEFINES,
    "COPY": _Refusal(
        "it reads or writes a file as a side effect",
        "Read a file with SELECT ... FROM 'data.parquet'; write one from .df() or .arrow()",
    ),
    "COPY_DATABASE": _Refusal("it writes tables that no log knows of", "Copy the database file while it is closed"),
    "EXPORT": _Refusal("it writes files", "Write files from .df() or .arrow()"),
    "MERGE_INTO": _Refusal(
        "it inserts and updates in one statement", "Write an update and an insert, or a mutation with ctx.db"
    ),
    "SET": _CONNECTION,
    "VARIABLE_SET": _CONNECTION,
    "PRAGMA": _CONNECTION,
    "LOAD": _CONNECTION,
    "ATTACH": _CONNECTION,
    "DETACH": _CONNECTION,
    "CALL": _CONNECTION,
    "VACUUM": _Refusal("the tables are kept in order by the engine", "Leave it out"),
    "TRANSACTION": _TRANSACTION,
    "PREPARE": _PREPARES,
    "EXECUTE": _PREPARES,
}
_OTHER = _Refusal("it is neither a query nor a change of documents", "Use a connection of your own for it")
_CHANGES = {"INSERT": Kind.INSERT, "UPDATE": Kind.UPDATE, "DELETE": Kind.DELETE}

_SPACE = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)"
_EXPLAIN = re.compile(
    # The options may stand in parentheses; so may the query, which begins with one of these words.
    rf"{_SPACE}*EXPLAIN\b{_SPACE}*(?:ANALYZE\b{_SPACE}*)?(?:\((?!{_SPACE}*(?:\(|SELECT|FROM|WITH|VALUES|TABLE)\b)[^)]*\))?",
    re.IGNORECASE | re.DOTALL,
)


def parse(text: str) -> Statement:
    """Return the one statement of a text.

    Raises:
        SqlError: It is not SQL, there is not exactly one statement, or it is of a kind that does not run here.

    Example:
        >>> parse("SELECT * FROM flights WHERE origin = $origin").parameters
        frozenset({'origin'})
    """
    found = _only(text)
    kind = found.type.name
    parameters = frozenset(found.named_parameters)
    query = found.query.strip().removesuffix(";").rstrip()
    if kind in ("SELECT", "MULTI"):  # a PIVOT is several; what else may be in there shows in the plan
        return Statement(query, Kind.READ, parameters, query)
    if kind in _CHANGES:
        return Statement(query, _CHANGES[kind], parameters, query)
    if kind == "EXPLAIN":
        head = _EXPLAIN.match(query)
        planned = query[head.end() :] if head is not None else ""
        if not planned or parse(planned).kind is not Kind.READ:
            raise refused(text, _Refusal("what it explains is no query", "Explain a SELECT"))
        return Statement(query, Kind.READ, parameters, planned)
    raise refused(text, _REFUSED.get(kind, _OTHER), kind)


def check_parameters(statement: Statement, given: Iterable[str]) -> None:
    """Raise `SqlError` unless exactly the statement's parameters are given."""
    names = set(given)
    if missing := sorted(statement.parameters - names):
        unnamed = missing[0].isdigit()
        raise SqlError(
            "Cannot run the SQL",
            thing=f"its parameter ${missing[0]} has no value" if not unnamed else "it has parameters without names",
            expected="a value for each parameter",
            hint="Write $name in the SQL, and pass name=value" if unnamed else f"Pass {missing[0]}=...",
            sql=statement.text,
        )
    if unknown := sorted(names - statement.parameters):
        raise SqlError(
            "Cannot run the SQL",
            thing=f"{unknown[0]!r} was given, and the SQL has no ${unknown[0]}",
            expected=f"values for {', '.join(f'${name}' for name in sorted(statement.parameters)) or 'no parameter'}",
            hint=f"Write ${unknown[0]} where its value shall stand, or leave it out",
            sql=statement.text,
        )


def refused(text: str, refusal: _Refusal, kind: str | None = None) -> SqlError:
    """Return the error of a statement that does not run here."""
    name = "the SQL" if kind is None else f"the {kind.replace('_', ' ')} statement"
    return SqlError(
        f"Cannot run {name}",
        thing=refusal.thing,
        expected="a query, or an insert, update or delete of documents",
        hint=refusal.hint,
        sql=text,
    )


def only_reads(statement: Statement, where: str, hint: str) -> None:
    """Raise `SqlError` when a statement changes documents where only reading is possible.

    Args:
        statement: A statement.
        where: What reads only, as the subject of a sentence: `"ctx.sql"`.
        hint: What to do instead.
    """
    if statement.kind is not Kind.READ:
        raise SqlError(
            f"Cannot run the {statement.kind.value.upper()} statement",
            thing=f"{where} only reads",
            expected="a query",
            hint=hint,
            sql=statement.text,
        )


def failed(text: str, error: duckdb.Error) -> SqlError:
    """Return the error of SQL that DuckDB refuses or fails at."""
    lines = [line.strip() for line in str(error).strip().splitlines()]
    # DuckDB repeats the statement with a caret below, behind which our own EXPLAIN may stand.
    said = [line for line in lines if line and not line.startswith(("LINE ", "^"))]
    advice = next((line for line in said[1:] if line.startswith(("Did you mean", "Candidate"))), None)
    return SqlError(
        "Cannot run the SQL",
        thing=f"DuckDB says {(said or ['nothing'])[0].rstrip('.!')!r}",
        expected="SQL of DuckDB over the tables of this database",
        hint="Correct the statement" if advice is None else f"Correct the statement: {advice.rstrip('.?')}",
        sql=text,
    )


def _only(text: str) -> duckdb.Statement:
    if not isinstance(text, str):
        raise SqlError(
            "Cannot run the SQL",
            thing=f"{show(text)} was given",
            expected="a string",
            hint='Write sql("SELECT ...")',
            sql=repr(text),
        )
    try:
        found = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise failed(text, error) from None
    if len(found) != 1:
        raise SqlError(
            "Cannot run the SQL",
            thing=f"there are {len(found)} statements" if found else "there is no statement",
            expected="one statement",
            hint="Run them one by one" if found else "Write a SELECT",
            sql=text,
        )
    return found[0]
