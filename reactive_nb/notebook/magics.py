"""The line magic `%reactive`: what is open, why a live result ran, what was committed, and how to end something.

A line typed in a cell comes in; what the cell shows goes out, or nothing when the line was a command. A line that
cannot be followed is answered in one sentence with what to type instead, never with a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from reactive_nb.engine import Engine
from reactive_nb.notebook import report
from reactive_nb.notebook.cell.plan import without_comment
from reactive_nb.notebook.cell.reactive_cell import ReactiveCell
from reactive_nb.notebook.job_commands import JobCommands, Restore
from reactive_nb.notebook.live import Live
from reactive_nb.notebook.page.view import title_of
from reactive_nb.notebook.report import Card, Report, Section
from reactive_nb.notebook.teach.card import why_report
from reactive_nb.notebook.trace import ErrorDisplay

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

COMMANDS = (
    ("%reactive", "what is open: databases, tables, functions, live results, jobs, reactive cells"),
    ("%reactive why NAME", "why the latest runs of a live result happened"),
    ("%reactive close NAME", "ends a live result or a reactive cell; what is shown of it stays"),
    ("%reactive tables", "the fields, indexes and number of documents of each table"),
    ("%reactive functions", "the arguments of each function, and the first line of its docstring"),
    ("%reactive live", "the live results that are open, each with its runs, its state and why it ran last"),
    ("%reactive cells", "the cells that began with %%live or %%on"),
    (
        "%reactive jobs",
        "what runs at its time: crons, scheduled cells, scheduled calls; next run and last outcome; and how far embeddings are",
    ),
    ("%reactive jobs pause NAME", "no further run of a job begins"),
    ("%reactive jobs resume NAME", "a job goes on; one of an earlier kernel also runs here from its stored source"),
    ("%reactive jobs run NAME", "a job runs now, besides its times"),
    ("%reactive jobs delete NAME", "a job is forgotten"),
    ("%reactive commits [N]", "the newest N commits, 20 by default: number, time, function, origin, changes"),
    ("%reactive timeline [DB] [N]", "draws the latest N transactions, 50 by default, as db.timeline() does"),
    ("%reactive graph [DB]", "draws tables, index ranges, queries and views, as db.graph() does"),
    ("%reactive traceback", "all frames of the last error of a cell"),
    ("%reactive help", "this list"),
)
NAME_NOTE = (
    "NAME is a variable that holds a live result, the path of its query, or its whole call; to close, also the name of "
    "a reactive cell. After jobs it is the name of a job."
)
DATABASE_NOTE = "DB is a variable that holds a database; it is needed when several are open."
EXAMPLES = ("%reactive why board", "%reactive close latest(channel='general')", "%reactive commits 5")

_WORDS = tuple(dict.fromkeys(command.split()[1] for command, _ in COMMANDS[1:]))
_RUNS, _COMMITS, _ATTEMPTS = 5, 20, 50


@magics_class
class ReactiveMagics(Magics):
    """`%reactive` and its commands.

    Args:
        shell: The IPython shell; its variables give databases and live results their names.
        engines: Returns the databases that are open now.
        cells: Returns the reactive cells.
        errors: Knows the last error of a cell.
        restore: Lets the job of a cell run again, whose document an earlier kernel has stored.
    """

    def __init__(
        self,
        shell: InteractiveShell,
        engines: Callable[[], Sequence[Engine]],
        cells: Callable[[], Sequence[ReactiveCell]],
        errors: ErrorDisplay,
        restore: Restore,
    ) -> None:
        super().__init__(shell)
        self._jobs = JobCommands(self._engines, restore)
        self._variables = shell.user_ns
        self._all_engines = engines
        self._cells = cells
        self._errors = errors

    @line_magic
    @no_var_expand
    def reactive(self, line: str) -> Any:
        """Show what is open in reactive_nb, or carry out a command."""
        command, _, rest = without_comment(line).partition(" ")
        rest = rest.strip()
        match command:
            case "why":
                return why_report(self._find(command, rest), _RUNS)
            case "close":
                self._close(rest)
                return None
            case "commits":
                number = self._number(rest, "%reactive commits [N]", _COMMITS)
                return report.commits(self._engines(), self._names(), number)
            case "timeline":
                return self._timeline(rest)
            case "jobs":
                return self._jobs.follow(rest) if rest else report.jobs(self._engines(), self._names())
            case "graph":
                return self._engine("%reactive graph", rest).graph()
            case _ if rest and command in _WORDS:
                raise UsageError(f"%reactive {command} takes nothing after it, and {rest!r} was given.")
        return self._show(command)

    def suggestions(self, typed: str) -> tuple[str, list[str]]:
        """Return what may follow what was typed after `%reactive `: the part it replaces, and what may stand there."""
        command, blank, rest = typed.lstrip().partition(" ")
        rest = rest.lstrip()
        if not blank:
            offered = list(_WORDS)
        elif command in ("why", "close"):
            names, lives = self._names(), self._lives()
            calls = dict.fromkeys(title_of(live) for live in lives)
            offered = [*(names[id(live)] for live in lives if id(live) in names), *calls]
            if command == "close":
                offered += [cell.name for cell in self._cells()]
        elif command == "jobs":
            return self._jobs.suggestions(rest)
        elif command in ("timeline", "graph"):
            names = self._names()
            offered = [name for engine in self._engines() if (name := report.name_of(engine, names))]
        else:
            offered = []
        fragment = rest if blank else command
        return fragment, [each for each in offered if each.startswith(fragment)]

    def _show(self, command: str) -> Any:
        engines, names = self._engines(), self._names()
        match command:
            case "":
                return report.overview(engines, names, self._cells())
            case "tables":
                return report.tables(engines, names)
            case "functions":
                return report.functions(engines, names)
            case "live":
                return report.lives(engines, names)
            case "cells":
                return report.cells_report(self._cells())
            case "traceback":
                print(self._errors.full())  # noqa: T201 - it has colours, which a cell's result would show as codes
                return None
            case "help":
                commands = Section("", ("command", "what it does"), COMMANDS)
                notes = [Section("", (), (), note) for note in (NAME_NOTE, DATABASE_NOTE)]
                return Report([Card("%reactive", [commands, *notes])])
        nearest = difflib.get_close_matches(command, _WORDS, n=1, cutoff=0.0)[0]
        raise UsageError(
            f"%reactive has no command {command!r}; the nearest is %reactive {nearest}, and %reactive help lists all."
        )

    def _close(self, name: str) -> None:
        held = self._variables.get(name)  # may as well be what a cell of this name has set
        is_live = any(live is held for live in self._lives())
        cells = [] if is_live else [cell for cell in self._cells() if cell.name == name]
        for cell in cells:
            cell.end()
        if not cells:
            self._find("close", name).close()

    def _timeline(self, rest: str) -> Any:
        name, _, number = rest.rpartition(" ")
        if not name and not number.isdecimal():
            name, number = number, ""
        count = self._number(number, "%reactive timeline [DB] [N]", _ATTEMPTS)
        return self._engine("%reactive timeline", name.strip()).timeline(count)

    @staticmethod
    def _number(text: str, usage: str, default: int) -> int:
        if not text:
            return default
        if not text.isdecimal() or int(text) == 0:
            raise UsageError(f"{text!r} is not a number from 1 on, as in {usage}.")
        return int(text)

    # ------------------------------------------------------------------ what names mean

    def _engines(self) -> list[Engine]:
        return [engine for engine in self._all_engines() if not engine.closed]

    def _lives(self) -> list[Live]:
        return [live for engine in self._engines() for live in engine.lives()]

    def _names(self) -> dict[int, str]:
        """Return the variables that hold databases and live results, by the `id()` of what they hold."""
        wanted = {id(each) for each in (*self._engines(), *self._lives())}
        found: dict[int, str] = {}
        for name, value in list(self._variables.items()):
            if id(value) in wanted and not name.startswith("_"):  # _, __ and _12 are IPython's own
                found.setdefault(id(value), name)
        return found

    def _find(self, command: str, name: str) -> Live:
        """Return the live result of a name, or say which there are."""
        if not name:
            raise UsageError(f"%reactive {command} needs a name: %reactive {command} NAME. {NAME_NOTE}")
        lives, held = self._lives(), self._variables.get(name)
        found: list[Live] = [live for live in lives if live is held]
        found = found or [live for live in lives if title_of(live) == name]
        found = found or [live for live in lives if live.path == name]
        if len(found) == 1:
            return found[0]
        calls = ", ".join(title_of(live) for live in found or lives) or "none"
        if found:
            raise UsageError(f"{name!r} names {len(found)} live results. Give a variable or the whole call: {calls}.")
        raise UsageError(f"No open live result is named {name!r}. Open are: {calls}. {NAME_NOTE}")

    def _engine(self, usage: str, name: str) -> Engine:
        """Return the database of a name, or the only one."""
        engines, names = self._engines(), self._names()
        if not engines:
            raise UsageError(report.NOTHING_OPEN)
        open_ones = ", ".join(report.name_of(each, names) or "one that no variable holds" for each in engines)
        if not name and len(engines) > 1:
            raise UsageError(f"{len(engines)} databases are open. Say which one, as in {usage} DB: {open_ones}.")
        held = self._variables.get(name)
        found = [each for each in engines if not name or each is held]
        found = found or [each for each in engines if report.name_of(each, names) == name]
        if not found:
            raise UsageError(f"No open database is named {name!r}. Open are: {open_ones}.")
        return found[0]


def _manual() -> str:
    width = max(len(command) for command, _ in COMMANDS)
    commands = "\n".join(f"    {command:{width}}  {what}" for command, what in COMMANDS)
    examples = "\n".join(f"    {example}" for example in EXAMPLES)
    return f"\n\nCommands:\n{commands}\n\n{NAME_NOTE}\n{DATABASE_NOTE}\n\nExamples:\n{examples}\n"


ReactiveMagics.reactive.__doc__ = f"{ReactiveMagics.reactive.__doc__}{_manual()}"  # what `%reactive?` shows
