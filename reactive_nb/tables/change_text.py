"""The text of one insert, update or delete, taken apart as far as its capture needs.

Comes in: what a user wrote. Goes out: its verb, the table it names, and the text in parts: without RETURNING, which is
computed afterwards, and with a place for one more assignment of an update. DuckDB's own tokens are used, so that
comments, strings and quoted names are none of our business. Whether the text is right otherwise DuckDB says.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

import duckdb

from reactive_nb.errors import SqlError
from reactive_nb.tables.statement import Statement

_MEMBERS: Final = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


class Verb(StrEnum):
    """What a statement does to its table."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class ChangeText:
    """One statement that changes a table.

    Attributes:
        verb: What it does.
        target: The table, as written.
        name: By what the statement calls the table's columns where it qualifies them.
        body: The statement without its RETURNING; a TRUNCATE has become a DELETE.
        returning: What follows RETURNING, or None.
    """

    verb: Verb
    target: str
    name: str
    body: str
    returning: str | None
    _set_end: int

    @property
    def whole(self) -> str:
        """The statement with its RETURNING."""
        return self.body if self.returning is None else f"{self.body} RETURNING {self.returning}"

    def with_assignment(self, assignment: str) -> str:
        """Return the body of an update with one more assignment, such as `"x" = 1`."""
        body = self.body.encode()
        return f"{body[: self._set_end].decode()} {assignment}, {body[self._set_end :].decode()}"


class _Token(NamedTuple):
    """A token of the text; places are in bytes."""

    start: int
    end: int
    text: str
    depth: int

    @property
    def word(self) -> str:
        return self.text.lower()


def take_apart(statement: Statement) -> ChangeText:
    """Return the parts of a statement that changes a table.

    Raises:
        SqlError: It is an insert that says what to do with rows that are there already.

    Example:
        >>> take_apart(parse("update flights f set delay = 0 returning f.delay")).name
        'f'
    """
    text = statement.text
    tokens = [token for token in _tokens(text) if token.text]
    end = next((token.start for token in tokens if token.depth == 0 and token.text == ";"), len(text.encode()))
    top = [token for token in tokens if token.depth == 0 and token.start < end]
    place = _verb(top)
    word = top[place].word
    verb = Verb.DELETE if word == "truncate" else Verb(word)
    _check_plain(top[place + 1 :], text)
    first = place + 1
    while top[first].word in ("or", "replace", "ignore", "into", "from", "table"):
        first += 1
    last = first
    while last + 2 < len(top) and top[last + 1].text == ".":
        last += 2
    target = _between(text, top[first].start, top[last].end)
    after = top[last + 1 :]
    returning = next((token for token in after if token.word == "returning"), None)
    set_ = next((token for token in after if token.word == "set"), None)
    if word == "truncate":
        body = f"{_between(text, 0, top[place].start)}DELETE FROM {target}"
    else:
        body = _between(text, 0, end if returning is None else returning.start)
    return ChangeText(
        verb,
        target,
        _alias(verb, after) or top[last].text,
        body,
        None if returning is None else _between(text, returning.end, end),
        0 if set_ is None else set_.end,
    )


def _check_plain(after: list[_Token], text: str) -> None:
    """Refuse an insert that updates or skips what is there already."""
    words = [token.word for token in after]
    pairs = {*itertools.pairwise(words)}
    # A column may be called conflict, by which a query joins: `from a join b on conflict = a.n`.
    on_conflict = ("on", "conflict") in pairs and not pairs.isdisjoint((("do", "nothing"), ("do", "update")))
    if words[:1] == ["or"] or on_conflict:
        raise SqlError(
            "Cannot run the INSERT statement",
            thing="it says what to do on a conflict of keys",
            expected="a plain insert",
            hint="Write an update ... from for what is there, then an insert ... select ... where not exists (...)",
            sql=text,
        )


def _tokens(text: str) -> list[_Token]:
    data = text.encode()
    found = duckdb.tokenize(text)  # with places in bytes
    tokens: list[_Token] = []
    depth = 0
    for position, (start, kind) in enumerate(found):
        end = found[position + 1][0] if position + 1 < len(found) else len(data)
        # Until the next token there is nothing but white space, for a comment is a token too.
        word = data[start:end].rstrip()
        if kind == duckdb.token_type.comment:
            continue
        content = word.decode()
        if kind == duckdb.token_type.operator:
            depth += sum(_MEMBERS.get(character, 0) for character in content)
        # A bracket that opens has the depth of what it holds: it stands for no token of the statement itself.
        tokens.append(_Token(start, start + len(word), content, depth))
    return tokens


def _verb(top: list[_Token]) -> int:
    for place, token in enumerate(top):
        following = top[place + 1].word if place + 1 < len(top) else ""
        # A common table expression may have such a name.
        if token.word in ("insert", "update", "delete", "truncate") and following not in ("as", ")"):
            return place
    raise AssertionError("DuckDB says that it is an insert, an update or a delete")


def _alias(verb: Verb, after: list[_Token]) -> str | None:
    """Return the other name that a statement gives to its table."""
    if verb is Verb.INSERT:
        return None  # it may give one, by which RETURNING cannot call it
    if after and after[0].word == "as":
        return after[1].text
    if after and after[0].word not in ("set", "using", "where", "returning"):
        return after[0].text
    return None


def _between(text: str, start: int, end: int) -> str:
    return text.encode()[start:end].decode()
