"""The IPython extension: `%load_ext reactive_nb` registers the magics, `%unload_ext reactive_nb` takes them away.

Live results do not need it: they display by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactive_nb.engine import open_engines
from reactive_nb.notebook.magics import ReactiveMagics

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register `%reactive` in `shell`. Loading again, as `%reload_ext` does, replaces it."""
    shell.register_magics(ReactiveMagics(shell, open_engines))


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take `%reactive` away from `shell`."""
    shell.magics_manager.magics["line"].pop("reactive", None)
