"""Which lists and areas the panel has: one module each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reactive_nb.notebook.page.answers import Target
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.panel import data, functions, graph, jobs, lives, log, tables
from reactive_nb.notebook.panel.interface import Items
from reactive_nb.notebook.panel.panel import Databases

LISTS: Mapping[str, Items] = {
    "tables": tables.items,
    "functions": functions.items,
    "lives": lives.items,
    "graph": graph.items,
    "jobs": jobs.items,
    "log": log.items,
}
"""By name; `databases` is in lists.py, for it is of no database."""

AREAS: Mapping[str, Callable[[Hub, Databases], Target]] = {
    "data": data.Data,
    "functions": functions.FunctionsArea,
    "lives": lives.LivesArea,
    "jobs": jobs.JobActs,
    "log": log.Log,
}
"""What makes the area of each name; made once for a kernel."""
