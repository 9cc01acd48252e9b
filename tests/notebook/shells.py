"""IPython shells for tests: a real one without a file of history, whose output has no colours."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


def new_shell() -> InteractiveShell:
    """Return a shell of its own; the history of the person who runs the tests stays as it is."""
    return InteractiveShell(config=Config(HistoryManager={"enabled": False}), colors="nocolor")
