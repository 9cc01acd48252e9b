"""What may stand next in SQL that is being typed: tables, columns, data frames, and Python variables after `$`.

Comes in: the text of a magic up to the cursor, and after it. Goes out: the part that is replaced, and what may stand in
its place. Nothing is read from a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
from IPython.core.error import UsageError

from reactive_nb.engine import Engine
from reactive_nb.errors import QueryUsageError
from reactive_nb.notebook.databases import database_of
from reactive_nb.notebook.sql_options import OPTIONS, SqlOptions, split_sql
from reactive_nb.notebook.sql_words import Mention, read_words
from reactive_nb.schema.declaration import Table
from reactive_nb.tables.columns import columns_of
from reactive_nb.tables.names import quoted
from reactive_nb.tables.sql_arguments import is_frame

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_PLAIN = re.compile(r"[^\W\d]\w*")
_PARAMETER = re.compile(r"\$(\w*)\Z")
_PART = re.compile(r'(?:([^\W\d]\w*|"(?:[^"]|"")*")\s*\.\s*)?("[^"]*|\w*)\Z')


class Suggestion(NamedTuple):
    """What may stand next, and what kind of thing it is."""

    text: str
    kind: str


class SqlCompletion:
    """Completes `%rsql` and `%%rsql`.

    Args:
        shell: The IPython shell; its variables are offered.
        engines: Returns the databases that are open now.
    """

    def __init__(self, shell: InteractiveShell, engines: Callable[[], Sequence[Engine]]) -> None:
        self._shell = shell
        self._engines = engines

    def in_line(self, before: str, after: str = "") -> tuple[str, list[Suggestion]]:
        """Return what may follow `%rsql `: the part it replaces, and what may stand there.

        Args:
            before: What was typed before the cursor.
            after: What stands after it.
        """
        try:
            options, sql = split_sql("%rsql", before)
        except UsageError:
            return self._in_options(before)
        if sql == "--" or (not sql and _last_word(before)):
            return self._in_options(before)
        return self._in_sql(options, sql if before[-1:].strip() else f"{sql} ", after)

    def in_cell(self, line: str, before: str | None, after: str = "") -> tuple[str, list[Suggestion]]:
        """Return what may stand at a place of a cell that begins with `%%rsql`.

        Args:
            line: What follows `%%rsql` in the first line; up to the cursor, where it is there.
            before: What stands below the first line and before the cursor; None where that is in the first line.
            after: What stands after it.
        """
        if before is None:
            return self._in_options(line)
        try:
            options, _ = split_sql("%%rsql", line)
        except UsageError:
            options = SqlOptions()
        return self._in_sql(options, before, after)

    def _in_options(self, typed: str) -> tuple[str, list[Suggestion]]:
        fragment = _last_word(typed)
        given = typed.split() if not fragment else typed.split()[:-1]
        if given[-1:] == ["--db"]:
            held = self._variables()
            offered = [Suggestion(name, "instance") for name, value in held.items() if isinstance(value, Engine)]
        elif given[-1:] == ["-o"]:
            offered = []
        else:
            offered = [Suggestion(option, "magic") for option in OPTIONS if option not in given]
        return fragment, _starting(fragment, offered)

    def _in_sql(self, options: SqlOptions, before: str, after: str) -> tuple[str, list[Suggestion]]:
        if parameter := _PARAMETER.search(before):
            values = {name: value for name, value in self._variables().items() if _is_value(value)}
            return parameter[1], _starting(parameter[1], [Suggestion(name, "instance") for name in values])
        part = _PART.search(before)
        assert part is not None, "it may be empty"
        owner, fragment = part[1], part[2]
        words = read_words(before[: part.start()])
        if words.is_open:
            return "", []
        tables = self._tables(options)
        frames = {name: value for name, value in self._variables().items() if is_frame(value)}
        named = [each for each in read_words(f"{before} {after}").tables if each.name in tables or each.name in frames]

        def columns(mentions: Iterable[Mention]) -> Iterator[Suggestion]:
            for each in mentions:
                of = columns_of(tables[each.name]).names if each.name in tables else frames[each.name].columns
                yield from (Suggestion(_as_typed(str(column)), "column") for column in of)

        if owner is not None:
            owner = owner.strip('"').lower()
            offered = [*columns(each for each in named if owner in (each.alias.lower(), each.name.lower()))]
        else:
            offered = [Suggestion(_as_typed(name), "table") for name in tables]
            offered += [Suggestion(_as_typed(name), "frame") for name in frames if name not in tables]
            if not words.expects_table:
                every = [Mention(name, name) for name in tables]
                offered = [*columns(named or every), *offered]
        return fragment, _starting(fragment, offered)

    def _tables(self, options: SqlOptions) -> Mapping[str, Table]:
        try:
            return database_of(self._engines(), self._shell.user_ns, options.db).tables()
        except QueryUsageError:
            return {}

    def _variables(self) -> dict[str, Any]:
        hidden = self._shell.user_ns_hidden
        return {
            name: value
            for name, value in list(self._shell.user_ns.items())
            if not name.startswith("_") and name not in hidden
        }


def _is_value(value: object) -> bool:
    """Whether a variable may be meant as a parameter."""
    return not (callable(value) or isinstance(value, ModuleType | Engine) or is_frame(value))


def _last_word(text: str) -> str:
    found = re.search(r"\S*\Z", text)
    assert found is not None, "it may be empty"
    return found[0]


def _starting(fragment: str, offered: list[Suggestion]) -> list[Suggestion]:
    """Return each text once, of those that begin like the fragment, whatever their case, quoted or not."""
    wanted = fragment.lstrip('"').lower()
    found = {each.text: each for each in reversed(offered) if each.text.strip('"').lower().startswith(wanted)}
    return list(reversed(found.values()))


def _as_typed(name: str) -> str:
    """Return a name as one writes it in SQL: quoted only where that is necessary."""
    return name if _PLAIN.fullmatch(name) and name.lower() not in _reserved() else quoted(name)


@cache
def _reserved() -> frozenset[str]:
    """Return the words that are no names of columns unless they are quoted."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'type_function')"
        ).fetchall()
    return frozenset(name for (name,) in rows)
