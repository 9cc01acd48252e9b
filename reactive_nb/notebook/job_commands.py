"""`%reactive jobs pause NAME` and its like: what a person asks of a job by its name.

The rest of the line comes in; the job is changed, or the line answered in one sentence. Of a job in a cell of an earlier
kernel only the document is there: `resume` lets it run again from its stored source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from IPython.core.error import UsageError

from reactive_nb.engine import Engine
from reactive_nb.notebook.cell.job_status import Document
from reactive_nb.notebook.job_list import is_cell, is_here, jobs_of

VERBS = ("pause", "resume", "run", "delete")

Restore = Callable[[Engine, Document], None]


class JobCommands:
    """See the module.

    Args:
        engines: Returns the databases that are open now.
        restore: Lets the job of a cell run again, whose document an earlier kernel has stored.
    """

    def __init__(self, engines: Callable[[], Sequence[Engine]], restore: Restore) -> None:
        self._engines = engines
        self._restore = restore

    def follow(self, line: str) -> None:
        """Do what a line says, such as `pause feed`."""
        verb, _, name = line.partition(" ")
        name = _without_quotes(name.strip())
        if verb not in VERBS:
            raise UsageError(f"%reactive jobs does not know {verb!r}. Write {', '.join(VERBS[:-1])} or {VERBS[-1]}.")
        engine, document = self._find(verb, name)
        name = document["name"]
        match verb:
            case "pause":
                engine.crons.pause(name)
            case "resume":
                self._resume(engine, document)
            case "run":
                self._require_here(engine, document)
                engine.crons.run_now(name)
            case "delete":
                engine.crons.delete(name)

    def suggestions(self, typed: str) -> tuple[str, list[str]]:
        """Return what may follow `%reactive jobs `: the part it replaces, and what may stand there."""
        verb, blank, rest = typed.partition(" ")
        fragment = rest.lstrip() if blank else verb
        if not blank:
            offered: Sequence[str] = VERBS
        else:
            offered = [document["name"] for _, document in self._all()] if verb in VERBS else []
        return fragment, [each for each in offered if each.startswith(fragment)]

    def _resume(self, engine: Engine, document: Document) -> None:
        engine.crons.resume(document["name"])
        if not is_here(engine, document):
            self._require_here(engine, document, but_cells=True)
            self._restore(engine, document)

    @staticmethod
    def _require_here(engine: Engine, document: Document, but_cells: bool = False) -> None:
        if is_here(engine, document) or (but_cells and is_cell(document)):
            return
        name = document["name"]
        if is_cell(document):
            hint = f"Run its cell, {document.get('place', '')}, or write %reactive jobs resume {name}"
        else:
            hint = f"Run the cell that declares {document['function']}"
        raise UsageError(f"The job {name!r} waits for what it runs, which this kernel does not have yet. {hint}.")

    def _all(self) -> list[tuple[Engine, Document]]:
        return [(engine, document) for engine in self._engines() for document in jobs_of(engine)]

    def _find(self, verb: str, name: str) -> tuple[Engine, Document]:
        """Return the job of a name, or say which there are."""
        known = self._all()
        found = [each for each in known if each[1]["name"] == name]
        if len(found) == 1:
            return found[0]
        names = ", ".join(document["name"] for _, document in known) or "none"
        if not name:
            raise UsageError(f"%reactive jobs {verb} needs a name: %reactive jobs {verb} NAME. There are: {names}.")
        if found:
            method = "run_now" if verb == "run" else verb
            raise UsageError(f"{len(found)} databases have a job {name!r}. Write VARIABLE.crons.{method}({name!r}).")
        raise UsageError(f"No job is named {name!r}. There are: {names}.")


def _without_quotes(name: str) -> str:
    """Return a name as it is; in the line of a cell, one with a blank stands in quotes."""
    is_quoted = len(name) > 1 and name[0] == name[-1] and name[0] in "\"'"
    return name[1:-1] if is_quoted else name
