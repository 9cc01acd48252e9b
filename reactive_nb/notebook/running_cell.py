"""The cell that runs now, as a place where something can be displayed later, from any thread.

Nothing of IPython or of widgets is imported here: every action that is started asks, also in a program without either.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

Place = Callable[[Any], None]
"""Displays a widget under a cell."""


def running_cell() -> Place | None:
    """Return the place under the cell that runs on this thread, or None: without a kernel, and where no cell runs."""
    shells = sys.modules.get("IPython.core.getipython")
    shell: Any = None if shells is None else shells.get_ipython()
    kernel = getattr(shell, "kernel", None)
    if kernel is None or threading.current_thread() is not threading.main_thread():
        return None
    parent = kernel.get_parent()
    # Between cells, older kernels do what widgets ask, and cells run by themselves, whose outputs are shown at the end.
    is_cell = parent.get("header", {}).get("msg_type") == "execute_request"
    if not is_cell or getattr(shell.display_pub, "is_captured", False):
        return None

    def place(widget: Any) -> None:
        content = {"data": widget._repr_mimebundle_(), "metadata": {}, "transient": {}}
        # As the kernel itself displays: a display from another thread would stand under the cell that ran last.
        kernel.session.send(
            kernel.iopub_socket, "display_data", content, parent=parent, ident=kernel._topic("display_data")
        )

    return place
