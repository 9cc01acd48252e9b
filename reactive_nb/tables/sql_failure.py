"""What DuckDB says of SQL that it refuses or fails at, as an error of four facts.

Comes in: the text, and DuckDB's error. Goes out: a `SqlError`, whose hint says what DuckDB does not know: which tables
there are, how a frame gets a name, which word has to be quoted.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

import duckdb

from reactive_nb.errors import SqlError

_NO_TABLE = re.compile(r"Table with name (.+) does not exist")
_IN_PARENTHESES = re.compile(r"\bIN\s*\(\s*(\$\w+)\s*\)", re.IGNORECASE)
_SYNTAX = "syntax error at or near"
_EXPECTED = "SQL of DuckDB over the tables of this database"
_MAX_CANDIDATES = 3
_MAX_NAMES = 12


def failed(text: str, error: duckdb.Error, tables: Iterable[str] = ()) -> SqlError:
    """Return the error of SQL that DuckDB refuses or fails at.

    Args:
        text: The SQL.
        error: What DuckDB raised.
        tables: The tables that may be named, where that is known.
    """
    lines = [line.strip() for line in str(error).strip().splitlines()]
    # DuckDB repeats the statement with a caret below, behind which our own EXPLAIN may stand.
    said = [line for line in lines if line and not line.startswith(("LINE ", "^"))]
    first = (said or ["nothing"])[0].rstrip(".!")
    thing, expected, hint = f"DuckDB says {first!r}", _EXPECTED, _advice(said)
    if found := _NO_TABLE.search(first):
        expected, hint = _of_tables(found[1], tables)
    elif "required extension" in first:
        name = first.rpartition("'")[2].strip(": ")
        thing = f"it needs DuckDB's extension {name}, which is not installed and could not be fetched"
        hint = "Fetch the file first and read it by its path, or install the extension with a network"
    elif _SYNTAX in first and (word := _unquoted_name(text)) is not None:
        hint = f'Correct the statement; where {word} is a name, write "{word}", for it is a word of SQL'
    elif "Qualified column names in UPDATE" in first:
        hint = "Write the column alone after SET; a part of a struct is changed by o = struct_update(o, a := 1)"
    elif "[]" in first and (given := _IN_PARENTHESES.search(text)) is not None:
        hint = f"Write IN {given[1]}, without parentheses, for a list"
    return SqlError("Cannot run the SQL", thing=thing, expected=expected, hint=hint, sql=text)


def _advice(said: list[str]) -> str:
    """Return the hint that DuckDB gives itself."""
    for place, line in enumerate(said[1:], 2):
        if line.startswith("Candidate functions"):
            return f"Correct the statement: DuckDB has {', '.join(said[place : place + _MAX_CANDIDATES])}"
        if line.startswith(("Did you mean", "Candidate")):
            return f"Correct the statement: {line.rstrip('.?')}"
    return "Correct the statement"


def _of_tables(name: str, tables: Iterable[str]) -> tuple[str, str]:
    """Return what is expected and what to do where there is no table of a name."""
    mine = sorted(each for each in tables if not each.startswith("_"))
    listed = ", ".join([*mine[:_MAX_NAMES], *(["…"] if len(mine) > _MAX_NAMES else [])])
    expected = f"a table of this database ({listed or 'there is none yet'}), or a frame that is given by its name"
    if name.startswith("_"):
        return expected, f"Correct the name; a system table is there as soon as {name} would hold something"
    if not name.isidentifier():
        return expected, "Correct the name"
    suggested = difflib.get_close_matches(name, mine, 1)
    correct = f"Write {suggested[0]}" if suggested else "Correct the name"
    return expected, f"{correct}, or pass a data frame as {name}=frame (%rsql takes a variable {name})"


def _unquoted_name(text: str) -> str | None:
    """Return the word of SQL that, taken for a name, makes a text right; None where there is none."""
    data = text.encode()
    places: dict[str, list[int]] = {}
    for start, kind in duckdb.tokenize(text):  # with places in bytes
        if kind == duckdb.token_type.keyword:
            found = re.match(rb"\w+", data[start:])
            if found is not None:
                places.setdefault(found[0].decode().lower(), []).append(start)
    for word, starts in places.items():
        # Each use by itself, for `ORDER BY order` has one of either; then all together.
        for chosen in (*([start] for start in reversed(starts)), starts):
            if _parses(_with_quotes(data, chosen, len(word))):
                return word
    return None


def _with_quotes(data: bytes, starts: list[int], length: int) -> str:
    for start in reversed(starts):
        data = b'%b"%b"%b' % (data[:start], data[start : start + length], data[start + length :])
    return data.decode()


def _parses(text: str) -> bool:
    try:
        duckdb.extract_statements(text)
    except duckdb.Error:
        return False
    return True
