"""The list of databases that are open in this kernel."""

from __future__ import annotations

from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.panel.panel import Databases
from reactive_nb.notebook.result.shape import KeyedRows
from reactive_nb.notebook.teach.words import variables


def items(databases: Databases) -> KeyedRows:
    """Return an item for each database, by its name in messages."""
    names = variables()
    return {
        name: {
            "name": names.get(id(engine), "db"),
            "variable": names.get(id(engine)),
            "place": "in memory" if engine.path is None else engine.path.name,
            "path": None if engine.path is None else str(engine.path),
            "ts": engine.ts,
            "oldest": engine.oldest,
            "documents": sum(engine.table_counts().values()),
        }
        for name, engine in sorted(databases.all().items(), key=_number)
    }


def _number(named: tuple[str, Engine]) -> int:
    """Return the number in an engine's name in messages: one that is opened later comes later."""
    return int(named[0].lstrip("e"))
