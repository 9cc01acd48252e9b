"""The IPython extension: `%load_ext reactive_nb` registers what a notebook gets, `%unload_ext reactive_nb` takes it away.

That is the magics with their completion, and errors on one screen; taken away, the reactive cells end too, and the
jobs of cells wait for them. Live results do not need it: they display by themselves. The Lab panel finds the kernel by
the link, which stays.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from reactive_nb.engine import open_engines
from reactive_nb.notebook.cell.job_magics import JobMagics
from reactive_nb.notebook.cell.magics import CellMagics, close_live_cells, live_cells
from reactive_nb.notebook.completion import Completion
from reactive_nb.notebook.magics import ReactiveMagics
from reactive_nb.notebook.panel.link import open_link
from reactive_nb.notebook.sql_completion import SqlCompletion
from reactive_nb.notebook.sql_magics import SqlMagics
from reactive_nb.notebook.trace import ErrorDisplay
from reactive_nb.notebook.turns import close_turns

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.core.magic import Magics

# What takes everything away again, by shell.
_loaded: dict[InteractiveShell, ExitStack] = {}


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register everything in `shell`. Loading again, as `%reload_ext` does, replaces it."""
    unload_ipython_extension(shell)
    with ExitStack() as undo:
        errors = ErrorDisplay(shell)
        undo.callback(errors.remove)
        job_magics = JobMagics(shell, open_engines)
        magics = ReactiveMagics(shell, open_engines, live_cells, errors, job_magics.restore)
        undo.callback(close_turns, shell)
        undo.callback(close_live_cells, shell)
        _register(shell, CellMagics(shell), undo)
        _register(shell, job_magics, undo)
        _register(shell, magics, undo)
        _register(shell, SqlMagics(shell, open_engines), undo)
        sql = SqlCompletion(shell, open_engines)
        undo.callback(Completion(shell, magics.suggestions, sql).remove)
        open_link()
        _loaded[shell] = undo.pop_all()


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take everything away from `shell`."""
    undo = _loaded.pop(shell, None)
    if undo is not None:
        undo.close()


def _register(shell: InteractiveShell, magics: Magics, undo: ExitStack) -> None:
    shell.register_magics(magics)
    undo.callback(_unregister, shell, magics)


def _unregister(shell: InteractiveShell, magics: Magics) -> None:
    """Take away the magics of an object, but none of the same name that somebody else has registered since."""
    manager = shell.magics_manager
    for kind, functions in magics.magics.items():
        for name, function in functions.items():
            if manager.magics[kind].get(name) == function:
                del manager.magics[kind][name]
    if manager.registry.get(type(magics).__name__) is magics:
        del manager.registry[type(magics).__name__]
