"""Reads and writes as plain data, how the engine is asked for them, and the strategies that make them.

A script made of these prints as what it is, so a failing example that Hypothesis has shrunk can be read, and pasted
into a test. `plain.py` answers the same scripts without the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hypothesis import strategies as st

from reactive_nb.errors import ReactiveError
from reactive_nb.functions.database import DatabaseReader, DatabaseWriter
from reactive_nb.functions.filter import Expr, col
from reactive_nb.functions.index_range import IndexRange
from reactive_nb.schema.declaration import BY_CREATION_TIME, BY_ID, Index
from reactive_nb.values import wire
from reactive_nb.values.value import UNSET

Fields = dict[str, Any]
Bound = tuple[str, str, Any]
"""`("gte", "a", 1)`"""

PAGES = 3
"""How many pages a paginating read asks for at most."""


class Filter(NamedTuple):
    """A condition for the engine, and the same one for documents as dicts, without the engine's order of values."""

    condition: Expr | Callable[[Fields], Any]
    keeps: Callable[[Fields], bool]


def _number_above(document: Fields, limit: int) -> bool:
    """What `col("n") + 1 > limit` means: it refuses what is no number."""
    number = document.get("n")
    if type(number) not in (int, float):
        raise _REFUSES
    return number + 1 > limit


_REFUSES = ReactiveError("Cannot evaluate", thing="no number", expected="numbers", hint="none")
FILTERS: Mapping[str, Filter] = {
    "n above 0": Filter(col("n") > 0, lambda document: type(document.get("n")) in (int, float) and document["n"] > 0),
    "n below 2": Filter(lambda document: document.get("n") in (-1, 0, 1), lambda document: document.get("n") in (-1, 0, 1)),
    "has m": Filter(~(col("m.x") == UNSET), lambda document: "x" in document.get("m", {})),
    # These two raise at a document whose n is missing, or of the wrong kind.
    "n + 1 above 1": Filter((col("n") + 1 > 1) & (col("n") != 7), lambda document: _number_above(document, 1)),
    "n is odd": Filter(lambda document: document["n"] % 2 == 1, lambda document: document["n"] % 2 == 1),
}
