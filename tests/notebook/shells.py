"""IPython shells for tests: a real one without a file of history, whose output has no colours."""

from __future__ import annotations

import atexit

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


def new_shell() -> InteractiveShell:
    """Return a shell of its own; the history of the person who runs the tests stays as it is."""
    shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}), colors="nocolor")
    # Each would collect garbage when the process ends, and hundreds of them take longer for that than all their tests.
    atexit.unregister(shell.atexit_operations)
    return shell
