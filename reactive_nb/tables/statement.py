"""One SQL statement: what kind it is, whether it may run here, and what to do instead where it may not.

Comes in: text that a person wrote. Goes out: a `Statement` with its kind and the names of its parameters, or a
`SqlError`. Only DuckDB's parser looks at the text, so nothing runs and no table has to exist.

What may run is what leaves everything outside the log as it is: reading, and in time the three statements that become
mutations. Anything else could change the tables behind the engine's back, or a setting that other cursors share.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from reactive_nb.errors import SqlError
from reactive_nb.tables.sql_failure import failed
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
        hides_tables: Whether it may read tables that do not show in this plan.
    """

    text: str
    kind: Kind
    parameters: frozenset[str]
    planned: str
    hides_tables: bool = False


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a kind of statement does not run, and what does the same."""

    thing: str
    hint: str


_DEFINES = _Refusal("it changes how tables are declared", "Use db.define(name=rnb.table(...)) and db.drop(name)")
_UNKNOWN = "it makes what no log would know of"
_ELSEWHERE = "with a DuckDB connection of your own while the database is closed"
_CREATES = {
    "TABLE": _Refusal(
        _DEFINES.thing, "Use db.define(name=rnb.table(...)), and db.table(name).insert(db.sql(...)) for rows of a query"
    ),
    "INDEX": _Refusal(_DEFINES.thing, 'Use db.define(name=rnb.table(...).index("by_field", "field"))'),
    "VIEW": _Refusal(_UNKNOWN, f"Write it in the query, as WITH name AS (...); or make it {_ELSEWHERE}"),
    "TEMP": _Refusal(
        _UNKNOWN,
        "Write it in the query, as WITH name AS (...); or keep a frame, db.sql(...).df(), and pass it by a name",
    ),
}
_MAKES = _Refusal(_UNKNOWN, f"Make it {_ELSEWHERE}")
_WRITES_FILE = _Refusal("the engine writes the file", "Use db.fold()")
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
_PIVOTS = _Refusal(
    "DuckDB runs a PIVOT in several steps, which is no single change",
    "Take the PIVOT first, wide = db.sql(...).df(), and read it in the change as a frame, wide=wide",
)
_OTHER = _Refusal("it is neither a query nor a change of documents", "Use a connection of your own for it")
_CHANGES = {"INSERT": Kind.INSERT, "UPDATE": Kind.UPDATE, "DELETE": Kind.DELETE}

_SPACE = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)"
# How a query begins.
_QUERY = r"(?:SELECT|FROM|WITH|VALUES|TABLE|PIVOT|UNPIVOT|DESCRIBE|SUMMARIZE|SHOW)"
# In a PIVOT a query that says which columns it has. Anything else of this form makes it read too much, not too little.
_IN_QUERY = re.compile(
    rf"\bIN{_SPACE}*\({_SPACE}*(?:\(|{_QUERY}\b)",
    re.IGNORECASE | re.DOTALL,
)
_EXPLAIN = re.compile(
    # The options may stand in parentheses; so may the query, which begins with one of these words.
    rf"{_SPACE}*EXPLAIN\b{_SPACE}*(?:ANALYZE\b{_SPACE}*)?(?:\((?!{_SPACE}*(?:\(|{_QUERY})\b)[^)]*\))?",
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
    if kind == "MULTI":  # with a PIVOT, before which DuckDB looks up its columns; whatever else it may be
        kind = _kind_of_several(query)
        if kind in _CHANGES:
            raise refused(text, _PIVOTS, kind)
        if kind == "SELECT":
            return Statement(query, Kind.READ, parameters, query, _IN_QUERY.search(query) is not None)
    if kind == "SELECT":
        return Statement(query, Kind.READ, parameters, query)
    if kind in _CHANGES:
        return Statement(query, _CHANGES[kind], parameters, query)
    if kind == "EXPLAIN":
        head = _EXPLAIN.match(query)
        planned = query[head.end() :] if head is not None else ""
        explained = parse(planned) if planned else None
        if explained is None or explained.kind is not Kind.READ:
            raise refused(text, _Refusal("what it explains is no query", "Explain a SELECT"))
        return Statement(query, Kind.READ, parameters, planned, explained.hides_tables)
    words = _words(query)
    raise refused(text, _refusal(kind, words), kind if words[:1] == ["WITH"] else words[0])


def _kind_of_several(query: str) -> str:
    """Return the kind of what DuckDB's parser takes apart into several statements: "SELECT", or what it is instead."""
    words = _outer_words(query)
    if words[:1] == ["WITH"]:
        return next((word for word in words if word in _CHANGES), "SELECT")
    known = {"EXPLAIN", "CREATE", *_CHANGES, *_REFUSED}
    return words[0] if words and words[0] in known else "SELECT"


def _outer_words(query: str) -> list[str]:
    """Return the words of SQL that stand in no parentheses, without names in quotes and comments."""
    data, depth, words = query.encode(), 0, []
    tokens = duckdb.tokenize(query)  # with places in bytes
    ends = [*(start for start, _ in tokens[1:]), len(data)]
    for (start, kind), end in zip(tokens, ends, strict=True):
        token = data[start:end].decode().strip()
        if kind == duckdb.token_type.operator:
            depth += token.count("(") - token.count(")")
        elif depth == 0 and kind in (duckdb.token_type.keyword, duckdb.token_type.identifier):
            words.append(token.upper())
    return words


def _words(query: str) -> list[str]:
    """Return the first words of a statement, which say what it is."""
    return [word.upper() for word in re.findall(r"\w+", re.sub(_SPACE, " ", query, flags=re.DOTALL))[:5]]


def _refusal(kind: str, words: list[str]) -> _Refusal:
    """Return why a kind of statement does not run."""
    if kind in ("CREATE", "CREATE_FUNC"):
        made = next((word for word in words if word in ("TEMP", "TEMPORARY", *_CREATES)), "")
        return _CREATES.get(made.removesuffix("ORARY"), _MAKES)
    return _WRITES_FILE if "CHECKPOINT" in words[:2] else _REFUSED.get(kind, _OTHER)


def check_parameters(statement: Statement, given: Mapping[str, object]) -> None:
    """Raise `SqlError` unless exactly the statement's parameters are given."""
    if missing := sorted(statement.parameters - given.keys()):
        unnamed = missing[0].isdigit()
        raise SqlError(
            "Cannot run the SQL",
            thing=f"its parameter ${missing[0]} has no value" if not unnamed else "it has parameters without names",
            expected="a value for each parameter",
            hint="Write $name in the SQL, and pass name=value" if unnamed else f"Pass {missing[0]}=...",
            sql=statement.text,
        )
    if unknown := sorted(given.keys() - statement.parameters):
        is_plain = given[unknown[0]] is None or isinstance(given[unknown[0]], str | int | float | bytes)
        otherwise = ", or leave it out"
        if not is_plain:
            otherwise = "; to be read as a table it has to be a pandas, polars or Arrow frame"
        if hasattr(type(given[unknown[0]]), "df"):
            otherwise = "; pass what its df gives to read it as a table"
        raise SqlError(
            "Cannot run the SQL",
            thing=f"{unknown[0]!r} was given, and the SQL has no ${unknown[0]}",
            expected=f"values for {', '.join(f'${name}' for name in sorted(statement.parameters)) or 'no parameter'}",
            hint=f"Write ${unknown[0]} where its value shall stand{otherwise}",
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
