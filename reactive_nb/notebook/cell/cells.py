"""The reactive cells of a notebook, each once: a cell that is run again takes the place of what it was before."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reactive_nb.notebook.cell.reactive_cell import ReactiveCell
from reactive_nb.notebook.turns import Turns, turns_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

CellKey = tuple[str, str]
"""By what a cell is known again, and that: the front end's id, a name, or the source."""


class Cells:
    """The reactive cells of one shell.

    Args:
        shell: The shell.
        turns: Gives them turns.
    """

    def __init__(self, shell: InteractiveShell, turns: Turns) -> None:
        self._shell = shell
        self.turns = turns
        self._cells: dict[CellKey, ReactiveCell] = {}
        shell.events.register("pre_run_cell", self._on_cell)

    def add(self, key: CellKey, cell: ReactiveCell) -> None:
        """Enter a cell in place of the one that has its key."""
        before = self._cells.pop(key, None)
        self._cells[key] = cell
        if before is not None:
            before.replace()

    def all(self) -> list[ReactiveCell]:
        """Return those that are not closed, oldest first."""
        return [cell for cell in self._cells.values() if cell.state != "closed"]

    def key_of(self, name: str | None, source: str) -> CellKey:
        """Return the key of the cell that is running now."""
        if (id := cell_id(self._shell)) is not None:
            return "id", id
        return ("source", source) if name is None else ("name", name)

    def close(self) -> None:
        """End all cells, and hear of no other cell any more."""
        self._shell.events.unregister("pre_run_cell", self._on_cell)
        cells, self._cells = self._cells, {}
        for cell in cells.values():
            cell.close()

    def _on_cell(self, info: Any) -> None:
        # It may have become an ordinary cell, or one that does not compile.
        before = self._cells.pop(("id", str(getattr(info, "cell_id", None))), None)
        if before is not None:
            before.replace()


def cell_id(shell: InteractiveShell) -> str | None:
    """Return the id that the front end gave the cell that is running, if it gives ids."""
    parent: dict[str, Any] = getattr(shell, "parent_header", None) or {}
    id = (parent.get("metadata") or {}).get("cellId")
    return id if isinstance(id, str) else None


def cell_number(shell: InteractiveShell) -> int:
    """Return the number of the cell that is running; IPython 9 has counted on when it begins to run."""
    result = shell.displayhook.exec_result
    number = None if result is None else result.execution_count
    return shell.execution_count if number is None else int(number)


_cells: weakref.WeakKeyDictionary[InteractiveShell, Cells] = weakref.WeakKeyDictionary()


def cells_of(shell: InteractiveShell, turns: Callable[[InteractiveShell], Turns] = turns_of) -> Cells:
    """Return the reactive cells of a shell."""
    cells = _cells.get(shell)
    if cells is None:
        cells = _cells[shell] = Cells(shell, turns(shell))
    return cells


def live_cells() -> list[ReactiveCell]:
    """Return the reactive cells that are open, oldest first; each has `name`, `state`, `note`, `close()` and more."""
    return [cell for cells in list(_cells.values()) for cell in cells.all()]


def close_live_cells(shell: InteractiveShell) -> None:
    """End all reactive cells of a shell; what `%unload_ext` does."""
    cells = _cells.pop(shell, None)
    if cells is not None:
        cells.close()
