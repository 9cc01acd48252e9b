"""The notebook as the engine's surface: what `f.live(...)`, `f.form(...)`, `db.graph()` and the like return.

Widgets are imported when the first is made, so that a script that only stores and asks pays nothing for them.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from reactive_nb.engine.engine import Engine
from reactive_nb.functions.actions import Report
from reactive_nb.functions.function import Function
from reactive_nb.functions.origin import Place, know_cells_by
from reactive_nb.notebook.live import Live
from reactive_nb.notebook.page.answers import asking_page
from reactive_nb.notebook.running_cell import running_cell


def cell_of(function: Any, line: int) -> Place | None:
    """Return the cell that defines a function, which is the one that runs; None of a function from elsewhere.

    Args:
        function: A plain function, while it is being defined.
        line: Its first line in the cell.
    """
    shells = sys.modules.get("IPython.core.getipython")
    shell: Any = None if shells is None else shells.get_ipython()
    # What a cell imports is defined while it runs too, but not in the notebook's own variables.
    if shell is None or getattr(function, "__globals__", None) is not shell.user_global_ns:
        return None
    from reactive_nb.notebook.cell.cells import cell_id, cell_number

    if threading.current_thread() is not threading.main_thread():
        return Place("a cell")
    return Place(f"In[{cell_number(shell)}]", cell_id(shell), None, line)


know_cells_by(cell_of)


class NotebookSurface:
    """See `reactive_nb.engine.surface.Surface`."""

    def origin(self) -> str:
        """Return the cell that is running on the main thread, or the name of another thread; empty without IPython."""
        shells = sys.modules.get("IPython.core.getipython")
        shell = None if shells is None else shells.get_ipython()
        if shell is None:
            return ""
        if threading.current_thread() is not threading.main_thread():
            return threading.current_thread().name
        kernel = getattr(shell, "kernel", None)
        # Between cells the main thread of older kernels carries out what widgets send.
        asked = "execute_request" if kernel is None else kernel.get_parent().get("header", {}).get("msg_type")
        return f"In[{shell.displayhook.prompt_count}]" if asked == "execute_request" else "a widget"

    def live(self, engine: Engine, function: Function, args: dict[str, Any], /) -> Live:
        """Return a live result for a query call."""
        return Live(engine, function, args)

    def form(self, engine: Engine, function: Function, options: dict[str, Any], /) -> Any:
        """Return a form that runs a function."""
        from reactive_nb.notebook.widget.form import form_of

        return form_of(engine, function, options)

    def button(self, engine: Engine, function: Function, label: str | None, args: dict[str, Any], /) -> Any:
        """Return a button that runs a function."""
        from reactive_nb.notebook.widget.button import button_of

        return button_of(engine, function, label, args)

    def progress(self, title: str, /) -> Report:
        """Return what shows how far an action is, in the form or button that waits for it, or under the running cell."""
        tell, place = asking_page(), running_cell()  # now: when it first tells of itself, another cell may be running
        bars: list[Report] = []

        def report(done: float, total: float | None, text: str) -> None:
            if tell is None and place is None:
                return
            if not bars:
                from reactive_nb.notebook.widget.progress import page_bar, progress_bar

                if tell is not None:
                    bars.append(page_bar(tell))
                elif place is not None:
                    bars.append(progress_bar(title, place))
            bars[0](done, total, text)

        return report

    def timeline(self, engine: Engine, count: int, /) -> Any:
        """Return a drawing of the latest transactions."""
        from reactive_nb.notebook.teach.timeline import timeline_of
        from reactive_nb.notebook.teach.words import snapshot_of

        return timeline_of(engine.attempts(count), snapshot_of(engine))

    def graph(self, engine: Engine, /) -> Any:
        """Return a drawing of tables, index ranges, queries and views."""
        from reactive_nb.notebook.teach.graph import graph_of

        return graph_of(engine)
