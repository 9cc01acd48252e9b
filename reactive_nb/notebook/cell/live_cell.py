"""`%%live`: source that runs at once, and again whenever something it has read changes."""

from __future__ import annotations

from reactive_nb.notebook.cell.capture import Ran, Shell, captured
from reactive_nb.notebook.cell.reactive_cell import ReactiveCell
from reactive_nb.notebook.cell.recorder import Reads


class LiveCell(ReactiveCell):
    """`%%live`: runs at once, and again whenever a query that it called, or a widget that it names, changes."""

    def start(self) -> None:
        """Run for the first time."""
        self._run("ran because its cell was run")

    def _act(self, _: Reads) -> Ran:
        return captured(self._shell, self.source, self.number)

    def _python(self) -> str:
        return python_of(self._shell, self.source)


def python_of(shell: Shell, source: str) -> str:
    """Return a cell's source as Python, its magics as calls; nothing if it cannot be read."""
    try:
        return str(shell.transform_cell(source))
    except SyntaxError:
        return ""
