"""The line of a cell magic: options such as `--name feed`, and what stands beside them.

A line comes in; the options and the rest go out. A line that cannot be followed is answered in one sentence.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, get_args

from IPython.core.error import UsageError

from reactive_nb.jobs.crons import IfMissed
from reactive_nb.jobs.schedule_text import parse_span

WORDS = {"if-missed": get_args(IfMissed)}
"""The options whose value is one of a few words."""

MAX_TIMEOUT = timedelta(days=36_500)
"""Timers cannot wait much longer."""

_WORD = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+(?=\s|$)""")
_QUOTED = re.compile(r"""("[^"]*"|'[^']*')""")


@dataclass(frozen=True, slots=True)
class Options:
    """What the options of a line say.

    Attributes:
        name: What the job is called.
        tz: The time zone that its times are meant in.
        if_missed: What becomes of times at which nobody could run it.
        timeout: How long a run may take.
        thread: Whether it runs beside the cells, in a thread.
        db: The variable that holds its database.
    """

    name: str | None = None
    tz: str = "UTC"
    if_missed: IfMissed = "skip"
    timeout: timedelta | None = None
    thread: bool = False
    db: str | None = None


def split_options(magic: str, line: str, known: Collection[str]) -> tuple[Options, str]:
    """Return the options of a line, wherever they stand, and the rest of it without quotes.

    Args:
        magic: What the line belongs to, such as `%%every`.
        line: Without a comment.
        known: The options that it may have, without dashes.

    Raises:
        UsageError: The line cannot be followed.
        ScheduleError: The timeout is no span of time.

    Example:
        >>> split_options("%%every", "10s --name feed", {"name"})
        (Options(name='feed', ...), '10s')
    """
    try:
        words = shlex.split(line)
    except ValueError:
        raise _unclosed(magic, line) from None
    options, rest = Options(), []
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            options = _with_option(magic, options, word, words, known)
        else:
            rest.append(word)
    return options, " ".join(rest)


def split_leading_options(magic: str, line: str, known: Collection[str]) -> tuple[Options, str]:
    """Return the options at the beginning of a line, and the rest as it stands: Python, whose quotes are its own."""
    options, rest = Options(), line.strip()
    while rest.startswith("--"):
        word, rest = _first_word(magic, rest)
        has_value = "=" in word or not rest
        value, after = ("", rest) if has_value else _first_word(magic, rest)
        options = _with_option(magic, options, word, [value] if value else [], known)
        rest = after
    return options, rest


def _first_word(magic: str, line: str) -> tuple[str, str]:
    """Return the first word of a line without its quotes, and what stands after it."""
    found = _WORD.match(line)
    if found is None:
        raise _unclosed(magic, line)
    return _QUOTED.sub(lambda quoted: quoted[0][1:-1], found[0]), line[found.end() :].strip()


def _unclosed(magic: str, line: str) -> UsageError:
    return UsageError(f"{magic} cannot read {line!r}: a quotation mark is missing.")


def _timeout(magic: str, text: str) -> timedelta:
    span = parse_span(text)
    if not timedelta() < span <= MAX_TIMEOUT:
        raise UsageError(
            f"{magic} --timeout is more than nothing and at most {MAX_TIMEOUT.days}d, and {text!r} was given."
        )
    return span


def _with_option(magic: str, options: Options, word: str, words: list[str], known: Collection[str]) -> Options:
    """Return options with one more, whose value is taken from the front of `words`."""
    option, is_joined, joined = word[2:].partition("=")
    if is_joined:
        words.insert(0, joined)
    if option not in known:
        every = ", ".join(f"--{each}" for each in known)
        raise UsageError(f"{magic} does not know {word!r}. Its options are {every}.")
    if option == "thread":
        if is_joined:
            raise UsageError(f"{magic} --thread takes no value, and {joined!r} was given.")
        return replace(options, thread=True)
    if not words or words[0].startswith("--"):
        raise UsageError(f"{magic} --{option} needs a value: --{option} {option.upper()}.")
    text = words.pop(0)
    if option in WORDS and text not in WORDS[option]:
        raise UsageError(f"{magic} --{option} is one of {', '.join(WORDS[option])}, and {text!r} was given.")
    value: Any = _timeout(magic, text) if option == "timeout" else text
    return replace(options, **{option.replace("-", "_"): value})
