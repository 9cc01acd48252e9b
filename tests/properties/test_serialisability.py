"""Serialisability (invariant 1): several transactions open at once, committed in any order, against plain Python.

Each transaction is a script of operations with what they returned. A committed script, done again alone on the
database just before its commit, must return the same at every step and leave the same documents. Beyond that the
committer must refuse exactly those transactions whose looks a later commit has touched: one too few breaks the order,
one too many is work done twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reactive_nb.clock import IdSource
from reactive_nb.documents.document import decode_document
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.errors import SchemaMismatch
from reactive_nb.functions import define
from reactive_nb.functions.database import DatabaseWriter
from reactive_nb.log.memory import MemoryLog
from reactive_nb.schema.declaration import Index, Table, table
from reactive_nb.testing import FakeClock
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.committer import Committer, Proposal
from reactive_nb.transaction.read_set import Overlap
from reactive_nb.transaction.transaction import Savepoint, Transaction
from reactive_nb.values.validators import v
from tests.properties.plain import Look, Plain
from tests.properties.scripts import (
    Delete,
    Fields,
    Get,
    Insert,
    Operation,
    Patch,
    Read,
    Replace,
    encoded,
    fields,
    outcome,
    perform,
    reads,
)
from tests.strategies import identical

HISTORY = 6
"""How many commits the committers remember: a transaction may be older."""

POOLS = {"a": [0, 1, 1.0, "a"], "k": [0, 1, 2, 3, None], "m.x": [0, "a", True], "n": [-1, 0, 1, 2.5], "tags": [0, 1, "a"]}
OPTIONAL = ("k", "m", "n", "tags")
INDEXES = (
    Index("by_a", ("a",)),
    Index("by_x_and_a", ("m.x", "a")),
    Index("by_k", ("k",), unique=True),
    Index("by_tag", ("tags", "n"), multi=True),
)
ITEMS = Table(
    table(a=v.any(), k=v.optional(v.any()), m=v.optional(v.any()), n=v.optional(v.any()), tags=v.optional(v.any())).document
)
UNDECLARED = "notes"
"""A table that comes into being with its first insert."""

Rollback = type("Rollback", (), {"__repr__": lambda _: "Rollback()"})


@dataclass
class Open:
    """A transaction in flight.

    Attributes:
        tx: The real one.
        home: Which committer it belongs to.
        script: What it did and what came of it; None marks a savepoint, and a Rollback the return to the last one.
        view: The plain database as it sees it, its own writes included.
        looks: What it has looked at.
    """

    tx: Transaction
    home: int
    db: DatabaseWriter
    view: Plain
    script: list[tuple[Any, Any, Fields | None]] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    savepoints: list[tuple[Savepoint, Plain]] = field(default_factory=list)
