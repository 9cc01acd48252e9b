"""The channel: the one hidden widget of a kernel that carries the hub's messages to the pages and theirs back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ipywidgets
from IPython.core.getipython import get_ipython

from reactive_nb.notebook.page.comms import deliver_at_once
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.page.pacer import Pacer

_ANSWERING = 8  # threads: a request waits for a function of the user's, which may take long


class Channel(ipywidgets.Widget):  # type: ignore[misc]  # ipywidgets has no types
    """The widget behind all others; it has no state of its own.

    Args:
        hub: The hub of the channel in whose place this one comes, because that was closed.
    """

    def __init__(self, hub: Hub | None = None) -> None:
        super().__init__()
        if hub is None:
            pool = ThreadPoolExecutor(_ANSWERING, "reactive_nb request")
            hub = Hub(self.send, Pacer, pool.submit)
        self.hub = hub
        hub.send = self.send
        hub.can_hear = self._can_hear
        self._waits_for_cells = False
        self.on_msg(self._on_page)
        answer_at_once(self)

    def close(self) -> None:
        """Reach the pages no more."""
        super().close()
        self.hub.rest()

    def _on_page(self, _: Any, content: object, __: Any) -> None:
        # ipykernel 6 delivers messages on the thread that runs cells, 7 on another one.
        self._waits_for_cells = threading.current_thread() is threading.main_thread()
        self.hub.on_message(content)

    def _can_hear(self) -> bool:
        """Whether messages of pages come in now, and not only when the running cell has ended."""
        shell = get_ipython()
        return not (self._waits_for_cells and shell is not None and shell.display_trap.is_active)


_channel: Channel | None = None
_making = threading.RLock()


def channel() -> Channel:
    """Return the one channel of this kernel; made when it is first asked for, and when somebody has closed it."""
    global _channel
    with _making:
        if _channel is None or _channel.comm is None:
            _channel = Channel(None if _channel is None else _channel.hub)
        return _channel


def has_front_end() -> bool:
    """Whether there is a kernel, so that a page may show what is made here."""
    return getattr(get_ipython(), "kernel", None) is not None


def answer_at_once(widget: ipywidgets.Widget) -> None:
    """Have what a widget's pages say delivered at once, also while a cell runs; see `deliver_at_once`."""
    deliver_at_once(widget.comm)
