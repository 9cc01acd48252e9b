"""The link: the comm on which the panel's pages reach this kernel.

It is opened by the kernel as soon as a database is opened in it, or the extension is loaded. A page says Hello and is
told whom to ask; everything after that is the hub's protocol. Front ends without the panel close the comm again; a page
that comes later opens one itself. What is behind the link is made when the first page says Hello.
"""

from __future__ import annotations

import threading
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from comm import create_comm, get_comm_manager
from IPython.core.getipython import get_ipython

from reactive_nb.notebook.page.comms import deliver_at_once

if TYPE_CHECKING:
    from comm.base_comm import BaseComm

TARGET = "reactive_nb"
"""The name under which a page knows the comm."""


class Link:
    """Carries what the panel's pages say to the hub, and what it says to them."""

    def __init__(self) -> None:
        self._comms: dict[str, BaseComm] = {}
        self._making = threading.Lock()
        self._panel: Any = None

    def open(self) -> None:
        """Tell the front ends that there is a kernel to look into."""
        get_comm_manager().register_target(TARGET, lambda comm, _: self._take(comm))
        self._take(create_comm(target_name=TARGET))

    def _take(self, comm: BaseComm) -> None:
        self._comms[comm.comm_id] = comm
        deliver_at_once(comm)
        comm.on_close(lambda _: self._forget(comm))
        comm.on_msg(lambda message: self._hear(comm, message["content"]["data"]))

    def _forget(self, comm: BaseComm) -> None:
        self._comms.pop(comm.comm_id, None)

    def _hear(self, comm: BaseComm, message: Any) -> None:
        panel = self._opened()
        match message:
            case {"type": "Hello", "page": str(page)}:
                comm.send({"type": "Welcome", "page": page, "target": panel.name, "version": version("reactive_nb")})
            case _:
                panel.hub.on_message(message, comm.send)

    def _opened(self) -> Any:
        with self._making:
            if self._panel is None:
                # Imported when a page is there to look: a kernel without one pays nothing for it.
                from reactive_nb.notebook.panel.opened import OpenPanel

                self._panel = OpenPanel()
            return self._panel


_link: Link | None = None
_opening = threading.Lock()


def open_link() -> None:
    """Open the link of this kernel, once; where there is no kernel do nothing."""
    global _link
    if getattr(get_ipython(), "kernel", None) is None:
        return
    with _opening:
        if _link is None:
            _link = Link()
            _link.open()
