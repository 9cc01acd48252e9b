"""What every comm of ours needs of the kernel, whether a widget's or the panel's."""

from __future__ import annotations

from typing import Any


def deliver_at_once(comm: Any) -> None:
    """Have ipykernel 7.4 deliver a page's messages as 7.3 does: at once, also while a cell runs.

    7.4.0 sends them to whichever thread last published on the comm, often the one that runs cells. The method is
    private, so only an existing one is switched off; the kernel asks for it with `getattr(comm, …, None)`.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = None
