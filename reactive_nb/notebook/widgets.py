"""The widgets: the channel that carries an engine's frames, and the table that shows one live result.

A live result comes in; a widget whose page follows it goes out. Python sends nothing through the table's own traits
after it is made: news come in the hub's frames. What the table holds for a page that is opened later, or for a saved
notebook, is computed when it is asked for, so it is never old.

The page's code is in static/, as ES modules that a browser or a test can load as they are. A widget's module is one
text, so `page_module` joins them: the imports among them and the word `export` fall away, nothing else changes.
"""

from __future__ import annotations

import re
import threading
import weakref
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets
from IPython.core.getipython import get_ipython

from reactive_nb.notebook.hub import Hub
from reactive_nb.notebook.interface import LiveResult, TransitionSource
from reactive_nb.notebook.pacer import Pacer

STATIC = Path(__file__).parent / "static"


@cache
def page_module(*names: str) -> str:
    """Return the ES modules `names` of static/ as one; each may import only those before it, the last one exports."""
    texts = [(STATIC / name).read_text("utf-8") for name in names]
    joined = [re.sub(r"^export (?!default)", "", text, flags=re.MULTILINE) for text in texts[:-1]] + texts[-1:]
    return "\n".join(re.sub(r'^import .* from "\./.*";\n', "", text, flags=re.MULTILINE) for text in joined)


class Channel(ipywidgets.Widget):  # type: ignore[misc]  # ipywidgets has no types
    """The hidden widget that carries frames to the pages and their requests back; it has no state of its own.

    Args:
        hub: The hub of the channel in whose place this one comes, because that was closed.
    """

    def __init__(self, hub: Hub | None = None) -> None:
        super().__init__()
        self.hub = Hub(self.send, Pacer) if hub is None else hub
        self.hub.send = self.send
        self.on_msg(self._on_page)
        answer_at_once(self)

    def close(self) -> None:
        """Reach the pages no more."""
        super().close()
        self.hub.rest()

    def _on_page(self, _: Any, content: object, __: Any) -> None:
        self.hub.on_message(content)


class LiveTable(anywidget.AnyWidget):
    """A live result as a table, a list, a record or a single value, whichever it is.

    Args:
        live: The result to show.

    Example:
        >>> LiveTable(latest.live(channel="general"))  # what a live result shows as by itself
    """

    _esm = page_module("cells.js", "store.js", "table.js", "widget.js")
    _css = (STATIC / "widget.css").read_text("utf-8")

    channel = traitlets.Instance(Channel).tag(sync=True, **ipywidgets.widget_serialization)
    snapshot = traitlets.Any().tag(sync=True, to_json=lambda _, table: table.current())

    def __init__(self, live: LiveResult) -> None:
        channel = channel_of(live.engine)
        self._view = channel.hub.view_of(live, shown=has_front_end())
        super().__init__(channel=channel)
        self._own_layout = self.layout  # a widget of its own, which nobody else would close
        answer_at_once(self)

    def close(self) -> None:
        """Take it from all pages."""
        # A page that lost it cannot say so. No lock: dropped results are finalized anywhere, also while one is held.
        self._view.shown = False
        super().close()
        self._own_layout.close()

    def __repr__(self) -> str:
        return f"<table of {self._view.seen.title}>"

    def current(self) -> dict[str, Any]:
        """Return what a page needs to show the result as it is now."""
        hub: Hub = self.channel.hub
        return hub.snapshot(self._view)


_channels: weakref.WeakKeyDictionary[TransitionSource, Channel] = weakref.WeakKeyDictionary()
_tables: weakref.WeakKeyDictionary[LiveResult, LiveTable] = weakref.WeakKeyDictionary()
_making = threading.RLock()


def channel_of(engine: TransitionSource) -> Channel:
    """Return the one channel of `engine`; made when it is first asked for, and when somebody has closed it."""
    with _making:
        channel = _channels.get(engine)
        if channel is None or channel.comm is None:
            channel = _channels[engine] = Channel(None if channel is None else channel.hub)
            weakref.finalize(engine, channel.close).atexit = False
        return channel


def table_of(live: LiveResult) -> LiveTable:
    """Return the one table of `live`: shown in two cells, it is sent once. It is closed when `live` is dropped."""
    with _making:
        table = _tables.get(live)
        if table is None or table.comm is None or table.channel.comm is None:
            table = _tables[live] = LiveTable(live)
            weakref.finalize(live, table.close).atexit = False
        return table


def has_front_end() -> bool:
    """Whether there is a kernel, so that a page may show what is made here."""
    return getattr(get_ipython(), "kernel", None) is not None


def answer_at_once(widget: ipywidgets.Widget) -> None:
    """Have ipykernel 7.4 deliver a page's messages as 7.3 does: at once, also while a cell runs.

    7.4.0 sends them to whichever thread last published on the comm, often the one that runs cells. The method is
    private, so only an existing one is switched off; the kernel asks for it with `getattr(comm, …, None)`.
    """
    if hasattr(widget.comm, "_reply_subshell_for"):
        widget.comm._reply_subshell_for = None
