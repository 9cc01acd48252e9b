"""The line magic `%reactive`: what is open, why a live result ran, and how to end it.

A line typed in a cell comes in; a `Report` (report.py) goes out, or nothing when the line was a command. A line that
cannot be followed is answered in one sentence with what to type instead, never with a traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class

from reactive_nb.notebook.interface import LiveResult, OpenEngine
from reactive_nb.notebook.report import Report, Section, overview, why
from reactive_nb.notebook.view import title_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

COMMANDS = (
    ("%reactive", "what is open: databases, tables, functions, live results"),
    ("%reactive why NAME", "why the latest runs of a live result happened"),
    ("%reactive close NAME", "end a live result; its views keep their last rows"),
    ("%reactive help", "this list"),
)
NAME_NOTE = "NAME is a variable that holds a live result, the path of its query, or its whole call."


@magics_class
class ReactiveMagics(Magics):
    """`%reactive` and its commands.

    Args:
        shell: The IPython shell; its variables give live results their names.
        engines: Returns the engines that are open now.
    """

    def __init__(self, shell: InteractiveShell, engines: Callable[[], Sequence[OpenEngine]]) -> None:
        super().__init__(shell)
        self._names = shell.user_ns
        self._engines = engines

    @line_magic
    def reactive(self, line: str) -> Report | None:
        """Show what is open. `%reactive help` lists the commands."""
        match line.split(maxsplit=1):
            case []:
                return overview(self._engines(), self._names_of_lives())
            case ["why", name]:
                return why(self._find(name))
            case ["close", name]:
                self._find(name).close()
                return None
            case ["help"]:
                return Report([Section("%reactive", ("command", "what it does"), COMMANDS), Section(NAME_NOTE, (), ())])
            case ["why" | "close" as command]:
                raise UsageError(f"%reactive {command} needs a name: %reactive {command} NAME. {NAME_NOTE}")
            case [command, *_]:
                raise UsageError(f"%reactive has no command {command!r}. It has: why, close, help.")
        return None

    def _lives(self) -> list[LiveResult]:
        return [live for engine in self._engines() for live in engine.lives()]

    def _names_of_lives(self) -> dict[int, str]:
        ids = {id(live) for live in self._lives()}
        # Names with an underscore are IPython's own: _, __, _12.
        return {id(value): name for name, value in self._names.items() if id(value) in ids and name[0] != "_"}

    def _find(self, name: str) -> LiveResult:
        lives, name = self._lives(), name.strip()
        held = self._names.get(name)
        found: list[LiveResult] = [live for live in lives if live is held]
        found = found or [live for live in lives if title_of(live) == name]
        found = found or [live for live in lives if live.path == name]
        if len(found) == 1:
            return found[0]
        calls = ", ".join(title_of(live) for live in found or lives) or "none"
        if found:
            raise UsageError(f"{name!r} names {len(found)} live results. Give a variable or the whole call: {calls}.")
        raise UsageError(f"No open live result is named {name!r}. Open are: {calls}. {NAME_NOTE}")
