"""Which tables a text in SQL names, and where in a statement its end stands; for text that may be unfinished or wrong.

Comes in: what a person has typed. Goes out: the names that stand where a table may, with their other names, and whether
one is expected next. DuckDB answers this only for a statement that is whole and whose tables exist, and for an update
not at all. It need not be exact: a name too many is a frame that is offered to DuckDB and not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
      (?P<unread> --[^\n]*\n | /\*.*?\*/ | '(?:[^']|'')*' | (?P<tag>\$[^\W\d]?\w*\$).*?(?P=tag) )
    | (?P<open> --[^\n]*\Z | /\*.*\Z | '.*\Z | \$[^\W\d]?\w*\$.*\Z )
    | "(?P<quoted>(?:[^"]|"")*)"
    | \$\w*
    | (?P<word>[^\W\d]\w*)
    | \d[\w.]*
    | (?P<mark>\S)
    """,
    re.VERBOSE | re.DOTALL,
)
_BEFORE_TABLES = frozenset(("from", "join", "using", "pivot", "unpivot", "summarize", "describe"))
_BEFORE_TARGETS = frozenset(("into", "update", "table"))
_PASSED_OVER = frozenset(("lateral", "only", "as"))
_AFTER_TABLES = frozenset(
    (
        *(
            "select",
            "where",
            "group",
            "order",
            "having",
            "limit",
            "offset",
            "qualify",
            "window",
            "sample",
            "tablesample",
        ),
        *("set", "values", "default", "returning", "union", "except", "intersect", "by", "on"),
        *("left", "right", "full", "inner", "outer", "cross", "natural", "asof", "semi", "anti", "positional", "at"),
    )
)
_BEGINS_QUERY = frozenset(("select", "from", "with", "values", "table", "summarize", "describe", "pivot", "unpivot"))


@dataclass(slots=True)
class Mention:
    """A table as a text names it.

    Attributes:
        name: The last part of its name.
        alias: What it is called in the statement; starts as `name`.
        is_qualified: Whether the name of a schema or database stands before it.
        is_read: Whether rows are read from it by this mention, as those of the table of an insert are not.
    """

    name: str
    alias: str
    is_qualified: bool = False
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class Words:
    """What a text says of tables.

    Attributes:
        tables: The tables that it names.
        expects_table: Whether a table's name stands next.
        is_open: Whether a string or a comment is open at the end.
    """

    tables: tuple[Mention, ...]
    expects_table: bool
    is_open: bool


class _Token(NamedTuple):
    kind: str
    text: str

    @property
    def word(self) -> str:
        """The word in lower case; empty for anything else, also for a quoted name."""
        return self.text.lower() if self.kind == "word" else ""


@dataclass(slots=True)
class _Level:
    """What stands between two parentheses.

    Attributes:
        is_query: Whether tables may be named there; None before its first token.
        expects: Whether a table's name stands next.
        lists: Whether one stands after a comma, too.
    """

    is_query: bool | None = None
    expects: bool = False
    lists: bool = False


@dataclass(slots=True)
class _Reading:
    """The state of reading, token by token."""

    levels: list[_Level] = field(default_factory=lambda: [_Level(is_query=True)])
    found: list[Mention] = field(default_factory=list)
    latest: Mention | None = None  # the table whose other name, or whose next part, may follow
    before: _Token = field(default_factory=lambda: _Token("", ""))

    def take(self, token: _Token) -> None:
        level = self.levels[-1]
        if level.is_query is None:
            level.is_query = token.word in _BEGINS_QUERY
        word, latest, self.latest = token.word, self.latest, None
        if token.text == "(" and token.kind == "mark":
            if latest is not None and latest.is_read and self.before.kind != "mark":
                self.found.remove(latest)  # a function
            opens_tables = level.expects and self.before.word != "using"
            level.expects = False
            self.levels.append(_Level(is_query=True, expects=True, lists=True) if opens_tables else _Level())
        elif token.text == ")" and token.kind == "mark":
            if len(self.levels) > 1:
                self.levels.pop()
        elif not level.is_query:
            pass
        elif word in _BEFORE_TABLES and (word, self.before.word) != ("from", "distinct"):
            level.expects = level.lists = True
        elif word in _BEFORE_TARGETS:
            level.expects, level.lists = True, False
        elif word in _AFTER_TABLES:
            level.expects = False
            level.lists = level.lists and word in ("on", "by")
        elif word in _PASSED_OVER:
            self.latest = latest
        elif token.text == "," and token.kind == "mark":
            level.expects = level.lists
        elif token.text == "." and latest is not None and self.before.kind != "mark":
            self.latest = latest
        elif token.kind in ("word", "quoted"):
            self._name(level, token.text, latest)
        self.before = token

    def _name(self, level: _Level, name: str, latest: Mention | None) -> None:
        if level.expects:
            level.expects = False
            self.latest = Mention(name, name, is_read=level.lists)
            self.found.append(self.latest)
        elif latest is not None and self.before.text == ".":
            latest.name = latest.alias = name
            latest.is_qualified = True
            self.latest = latest
        elif latest is not None:
            latest.alias = name


def read_words(text: str) -> Words:
    """Return what a text in SQL says of tables.

    Example:
        >>> [each.alias for each in read_words("FROM flights f JOIN carriers USING (carrier)").tables]
        ['f', 'carriers']
    """
    reading = _Reading()
    is_open = False
    for token in _tokens(text):
        if token.kind == "open":
            is_open = True
        else:
            reading.take(token)
    return Words(tuple(reading.found), reading.levels[-1].expects, is_open)


def _tokens(text: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or ""
        if found["unread"] is not None:
            if found[0].startswith(("'", "$")):
                yield _Token("value", "")
        elif found["quoted"] is not None:
            yield _Token("quoted", found["quoted"].replace('""', '"'))
        else:
            yield _Token(kind, found[0])
