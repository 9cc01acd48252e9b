"""Which database a cell means: the one that its `--db VARIABLE` names, or without that the only one that is open.

Comes in: the databases that are open, the variables of the notebook, and what the cell says. Goes out: one database, or
an error that lists the variables that hold one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reactive_nb.engine import Engine
from reactive_nb.errors import QueryUsageError


def database_of(
    engines: Iterable[Engine],
    variables: Mapping[str, Any],
    named: str | None,
    otherwise: Engine | None = None,
    what: str = "Cannot run the SQL",
) -> Engine:
    """Return the database that a cell means.

    Args:
        engines: The databases; those that are closed do not count.
        variables: The variables of the notebook.
        named: The variable that the cell names, if it does.
        otherwise: The one that it means without naming it; by default the only one that is open.
        what: What is being done, for errors.

    Raises:
        QueryUsageError: There is none, or there are several.
    """
    engines = [engine for engine in engines if not engine.closed]
    held = variables.get(named or "")
    if isinstance(held, Engine) and held in engines:
        return held
    if named is None and otherwise is not None:
        return otherwise
    if named is None and len(engines) == 1:
        return engines[0]
    holding = [name for name, value in list(variables.items()) if any(value is each for each in engines)]
    listed = ", ".join(name for name in holding if not name.startswith("_"))
    if named is not None:
        thing = f"{named} holds no open database"
    else:
        thing = f"{len(engines)} databases are open" if engines else "no database is open"
    raise QueryUsageError(
        what,
        thing=thing,
        expected="one open database, or a variable that holds the one to use",
        hint=f"Write --db with one of: {listed}" if listed else "Open one before: db = reactive_nb.connect(...)",
    )
