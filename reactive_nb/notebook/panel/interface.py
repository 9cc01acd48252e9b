"""What the panel's lists and areas are, as types; each is a module of its own beside this one.

A list is a function of a database, and perhaps of one of its commits. An area answers what a page asks of it.
"""

from __future__ import annotations

from collections.abc import Callable

from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.result.shape import KeyedRows

Items = Callable[[Engine, int | None], KeyedRows]
"""Returns items in their order, of now or as of a commit; called on any thread, and only reads."""
