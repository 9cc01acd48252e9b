"""The options before SQL in the magics `%rsql` and `%%rsql`: `-o NAME`, `--live` and `--db VARIABLE`.

Comes in: what stands after the magic's name. Goes out: the options, and the SQL that follows them. What cannot be
followed is answered in one sentence.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass, replace

from IPython.core.error import UsageError

OPTIONS = ("-o", "--live", "--db")
USAGE = "Its options are -o NAME, --live and --db VARIABLE"


@dataclass(frozen=True, slots=True)
class SqlOptions:
    """What the options say.

    Attributes:
        into: The variable that takes the result.
        live: Whether the result is kept true.
        db: The variable that holds the database.
    """

    into: str | None = None
    live: bool = False
    db: str | None = None


def split_sql(magic: str, text: str) -> tuple[SqlOptions, str]:
    """Return the options at the beginning of a text, and the SQL that follows them.

    Args:
        magic: `"%rsql"` or `"%%rsql"`.
        text: What stands after it.

    Raises:
        UsageError: The options cannot be followed.

    Example:
        >>> split_sql("%rsql", "-o total select count(*) from flights")
        (SqlOptions(into='total', live=False, db=None), 'select count(*) from flights')
    """
    options, rest = SqlOptions(), text.strip()
    while rest.startswith("-"):
        word, after = _word(rest)
        option, has_value, value = word.partition("=")
        if option == "--":
            break  # a comment in SQL
        if option not in OPTIONS:
            raise UsageError(f"{magic} does not know {word!r}. {USAGE}.")
        if option == "--live":
            if has_value:
                raise UsageError(f"{magic} --live takes no value, and {value!r} was given.")
            options, rest = replace(options, live=True), after
            continue
        if not has_value:
            value, after = _word(after)
        if not value.isidentifier() or keyword.iskeyword(value):
            given = f", and {value!r} was given" if value else ""
            raise UsageError(f"{magic} {option} needs the name of a variable{given}. {USAGE}.")
        options = replace(options, into=value) if option == "-o" else replace(options, db=value)
        rest = after
    return options, rest


def _word(text: str) -> tuple[str, str]:
    word, *rest = text.split(maxsplit=1) or [""]
    return word, rest[0] if rest else ""
