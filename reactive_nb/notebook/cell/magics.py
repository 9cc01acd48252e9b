"""The cell magic `%%live`: a cell's text comes in, a reactive cell with its outputs below it goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, magics_class, no_var_expand
from IPython.display import display

from reactive_nb.notebook.cell.capture import refuse_await
from reactive_nb.notebook.cell.cells import Cells, cell_number, cells_of, close_live_cells, live_cells
from reactive_nb.notebook.cell.live_cell import LiveCell
from reactive_nb.notebook.cell.options import split_leading_options
from reactive_nb.notebook.cell.plan import without_comment
from reactive_nb.notebook.cell.reactive_cell import ReactiveCell

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["CellMagics", "close_live_cells", "live_cells"]

LIVE_USAGE = "Write %%live, or %%live --name NAME, and the cell's source below"


@magics_class
class CellMagics(Magics):
    """`%%live`.

    Args:
        shell: The IPython shell.
        cells: Its reactive cells; by default those that `live_cells` lists.
    """

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell, cells: Cells | None = None) -> None:
        super().__init__(shell)
        self._cells = cells_of(shell) if cells is None else cells

    @no_var_expand
    @cell_magic
    def live(self, line: str, cell: str) -> None:
        """Run this cell now, and again whenever something it reads changes.

            %%live [--name NAME]
            worst = by_carrier(origin=origin.value)
            worst[:3]

        It follows every query that it calls, and every widget or live result that it reads through a variable. It runs
        between other cells, as if it were one of them; what it shows is replaced in place. NAME is what `%reactive`
        calls it. A cell that no page shows waits until it is shown again.

        An error is shown as under any cell, and gone after the next change that lets it succeed; it does not stop "run
        all". The interrupt button ends a run. Its source cannot `await`.
        """
        options, rest = split_leading_options("%%live", without_comment(line), ("name",))
        name = options.name
        if rest:
            raise UsageError(f"%%live does not know {rest!r}. {LIVE_USAGE}.")
        refuse_await(self.shell, cell, "%%live")
        number = cell_number(self.shell)
        self._begin(LiveCell(self.shell, self._cells.turns, cell, name or f"In[{number}]", number), name, line + cell)

    def _begin(self, cell: ReactiveCell, name: str | None, text: str) -> None:
        try:
            self._cells.add(self._cells.key_of(name, text), cell)
            cell.start()
            _display(cell)
        except BaseException:
            # Nobody sees it, and it would run on for ever.
            cell.close()
            raise
        if isinstance(cell.error, KeyboardInterrupt):
            raise cell.error  # so that the cells that are queued below do not run


def _display(cell: ReactiveCell) -> None:
    # Widgets are imported when the first is shown.
    from reactive_nb.notebook.page.channel import channel
    from reactive_nb.notebook.page.panel import Panel
    from reactive_nb.notebook.widget.content import ContentWidget

    panel = Panel(channel().hub, cell, f"{cell.kind} {cell.name}", cell.engine)
    widget = ContentWidget(panel.view)
    cell.show_on(panel, widget.close)
    display(widget)  # type: ignore[no-untyped-call]
