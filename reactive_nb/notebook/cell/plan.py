"""Plans: what a cell magic asks for, such as `%%every 10s --name feed`: which source runs when, under which name.

The text of a cell comes in, as typed now or as stored by an earlier kernel; a plan goes out. The text is stored whole,
so a plan can be made of it again without the cell.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from IPython.core.error import UsageError

from reactive_nb.jobs.schedule import OnChange, Schedule, cron, interval, once
from reactive_nb.jobs.schedule_text import parse_span, parse_time
from reactive_nb.notebook.cell.options import Options, split_leading_options, split_options

SCHEDULED_OPTIONS = ("name", "tz", "if-missed", "timeout", "thread", "db")
ON_OPTIONS = ("name", "timeout", "db")

USAGE = {
    "every": "Write %%every SPAN, such as %%every 10s --name feed",
    "cron": 'Write %%cron "EXPRESSION", such as %%cron "0 9 * * mon-fri" --tz Europe/Zurich',
    "at": "Write %%at TIME, such as %%at 09:00 or %%at 2026-11-22 09:00 --tz Europe/Zurich",
}

# Anything but a comment, strings in quotes as a whole; then a comment, at the beginning or after a blank.
_COMMENTED = re.compile(r"""((?:"[^"]*"|'[^']*'|[^"'#]|(?<=\S)#)*)(?<!\S)#""")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to run, when, and what it is called.

    Attributes:
        kind: The magic, such as `%%every`.
        text: The whole cell.
        source: What runs: the cell without its first line.
        name: What the job is called.
        schedule: When it runs.
        options: What else its line says.
        place: Where the cell is, such as `In[5] of demo.ipynb`.
        number: The number of the cell in tracebacks.
    """

    kind: str
    text: str
    source: str
    name: str
    schedule: Schedule
    options: Options
    place: str
    number: int

    @property
    def path(self) -> str:
        """The path of the function that runs it."""
        return f"{PREFIX}{self.name}"


PREFIX = "cell:"
"""How the paths of the functions of cells begin."""


def without_comment(line: str) -> str:
    """Return the line of a magic without the comment at its end, which IPython hands over with it.

    Example:
        >>> without_comment("why board  # the last runs")
        'why board'
    """
    found = _COMMENTED.match(line)
    return (line if found is None else found[1]).strip()


def options_of(magic: str, line: str) -> tuple[Options, str]:
    """Return the options of a magic's line, and the rest.

    Args:
        magic: Its name without `%%`.
        line: As typed.

    Raises:
        UsageError: The line cannot be followed.
    """
    line = without_comment(line)
    if magic == "on":
        return split_leading_options("%%on", line, ON_OPTIONS)
    options, rest = split_options(f"%%{magic}", line, SCHEDULED_OPTIONS)
    if options.thread and options.timeout is not None:
        raise UsageError(
            f"%%{magic} takes --thread or --timeout: a run in a thread cannot be interrupted. Leave one of them out."
        )
    return options, rest


def schedule_from(magic: str, rest: str, options: Options, now: Callable[[], datetime]) -> Schedule:
    """Return the schedule that a magic's line says.

    Raises:
        UsageError: It says none.
        ScheduleError: It says one that cannot be.
    """
    if magic == "on":
        return OnChange(rest)
    if not rest:
        raise UsageError(f"%%{magic} needs to know when. {USAGE[magic]}.")
    if magic == "every":
        return interval(parse_span(rest))
    if magic == "cron":
        return cron(rest, options.tz)
    return once(parse_time(rest, options.tz, now()))


def split_cell(text: str) -> tuple[str, str, str]:
    r"""Return the magic of a stored cell without `%%`, its line, and the source below it.

    Example:
        >>> split_cell("%%every 10s\npush()")
        ('every', '10s', 'push()')
    """
    first, _, source = text.partition("\n")
    magic, _, line = first.removeprefix("%%").partition(" ")
    return magic, line.strip(), source


def joined_cell(magic: str, line: str, source: str) -> str:
    """Return a cell's text; `split_cell` takes it apart again."""
    return f"%%{magic} {line}\n{source}"


def stable_name(cell_id: str | None, text: str) -> str:
    """Return the name of a cell that gives itself none: the same one after every restart."""
    return cell_id if cell_id is not None else hashlib.sha256(text.encode()).hexdigest()[:8]


def place_of(number: int) -> str:
    """Return where the cell that runs is, in words."""
    notebook = os.environ.get("JPY_SESSION_NAME", "")
    return f"In[{number}]" + (f" of {Path(notebook).name}" if notebook else "")
