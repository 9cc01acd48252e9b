"""The cells of a notebook that run by themselves, each once: one that is run again takes the place of what it was."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reactive_nb.engine.engine import Engine
from reactive_nb.errors import QueryUsageError
from reactive_nb.notebook.cell.cell_job import CellJob
from reactive_nb.notebook.cell.job_cell import JobCell
from reactive_nb.notebook.cell.on_cell import OnCell
from reactive_nb.notebook.cell.plan import Plan
from reactive_nb.notebook.cell.reactive_cell import ReactiveCell
from reactive_nb.notebook.cell.routes import is_routed, uninstall
from reactive_nb.notebook.turns import Turns, turns_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

CellKey = tuple[str, str]
"""By what a cell is known again, and that: the front end's id, a name, or the source; or that it was resumed."""

RESUMED = "resumed"


class Cells:
    """The reactive and the scheduled cells of one shell.

    Args:
        shell: The shell.
        turns: Gives them turns.
    """

    def __init__(self, shell: InteractiveShell, turns: Turns) -> None:
        self._shell = shell
        self.turns = turns
        self._cells: dict[CellKey, ReactiveCell | JobCell] = {}
        shell.events.register("pre_run_cell", self._on_cell)

    def add(self, key: CellKey, cell: ReactiveCell | JobCell) -> None:
        """Enter a cell in place of the one that has its key."""
        before = self._cells.pop(key, None)
        self._cells[key] = cell
        if before is not None:
            before.replace()

    def take_name(self, key: CellKey, engine: Engine, plan: Plan) -> None:
        """Let a cell have a name for its job; one that was resumed under it, or whose job was deleted, makes room.

        Raises:
            QueryUsageError: Another cell has the name.
        """
        for other, cell in list(self._cells.items()):
            job = _job_of(cell)
            if other == key or job is None or (job.engine, job.plan.name) != (engine, plan.name):
                continue
            if not job.is_stored:
                del self._cells[other]
                cell.close("its job was deleted, and another cell has its name now")
                continue
            if other[0] != RESUMED:
                raise QueryUsageError(
                    f"Cannot call the cell {plan.place} {plan.name!r}",
                    thing=f"the cell {job.plan.place} has this name",
                    expected="one cell for each name",
                    hint="Choose another name with --name, or end the job of the other one with "
                    f"%reactive jobs delete {plan.name}",
                )
            del self._cells[other]
            cell.replace()

    def all(self) -> list[ReactiveCell]:
        """Return the reactive cells that are not closed, oldest first."""
        return [cell for cell in self._cells.values() if isinstance(cell, ReactiveCell) and cell.state != "closed"]

    def jobs(self) -> list[CellJob]:
        """Return the jobs of cells that are not closed, oldest first."""
        found = (_job_of(cell) for cell in self._cells.values())
        return [job for job in found if job is not None]

    def key_of(self, name: str | None, source: str) -> CellKey:
        """Return the key of the cell that is running now."""
        if (id := cell_id(self._shell)) is not None:
            return "id", id
        return ("source", source) if name is None else ("name", name)

    def close(self) -> None:
        """End all cells, and hear of no other cell any more. Jobs wait for their cells."""
        self._shell.events.unregister("pre_run_cell", self._on_cell)
        cells, self._cells = self._cells, {}
        for cell in cells.values():
            cell.close()
        uninstall(self._shell)

    def _on_cell(self, info: Any) -> None:
        # It may have become an ordinary cell, or one that does not compile.
        before = self._cells.pop(("id", str(getattr(info, "cell_id", None))), None)
        if before is not None:
            before.replace()


def _job_of(cell: ReactiveCell | JobCell) -> CellJob | None:
    """Return the job of a cell that is not closed."""
    match cell:
        case JobCell():
            return None if cell.is_closed else cell.job
        case OnCell():
            return None if cell.state == "closed" else cell.job
    return None


def cell_id(shell: InteractiveShell) -> str | None:
    """Return the id that the front end gave the cell that is running, if it gives ids."""
    if is_routed() or getattr(shell.display_pub, "is_captured", False):
        return None  # a cell that runs by itself, or what it runs: the front end has asked for another one
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
    """Return the cells of a shell that run by themselves."""
    cells = _cells.get(shell)
    if cells is None:
        cells = _cells[shell] = Cells(shell, turns(shell))
    return cells


def live_cells() -> list[ReactiveCell]:
    """Return the reactive cells that are open, oldest first; each has `name`, `state`, `note`, `close()` and more."""
    return [cell for cells in list(_cells.values()) for cell in cells.all()]


def cell_jobs() -> list[CellJob]:
    """Return the jobs of the cells that are open, oldest first."""
    return [job for cells in list(_cells.values()) for job in cells.jobs()]


def close_live_cells(shell: InteractiveShell) -> None:
    """End all reactive and scheduled cells of a shell; what `%unload_ext` does."""
    cells = _cells.pop(shell, None)
    if cells is not None:
        cells.close()
