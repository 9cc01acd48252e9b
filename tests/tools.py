"""What tests of functions say often: put these documents in, show them without system fields, what was looked at.

`Core` is an engine without threads, queue and file: two transactions can be held in one test and committed in any
order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any

from reactive_nb.clock import IdSource
from reactive_nb.documents.interval import Interval
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.engine import Engine
from reactive_nb.files.contents import Contents
from reactive_nb.functions import define
from reactive_nb.functions.context import MutationContext, QueryContext
from reactive_nb.functions.function import Function
from reactive_nb.functions.runner import Runner
from reactive_nb.log.memory import MemoryLog
from reactive_nb.schema.declaration import Table
from reactive_nb.schema.evolution import Evolution
from reactive_nb.testing import FakeClock
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.committer import Committer, Proposal
from reactive_nb.transaction.read_set import Overlap
from reactive_nb.transaction.transaction import Transaction

Document = dict[str, Any]


def insert(db: Engine, table: str, *documents: Mapping[str, Any]) -> list[str]:
    """Insert documents in one transaction and return their ids."""
    with db.transaction() as tx:
        return [tx.db.insert(table, document) for document in documents]


def fields(document: Document) -> Document:
    """Return a document without its system fields."""
    return {name: value for name, value in document.items() if not name.startswith("_")}


def bare(documents: Iterable[Document]) -> list[Document]:
    """Return documents without their system fields."""
    return [fields(document) for document in documents]


def stored(db: Engine, table: str) -> list[Document]:
    """Return all documents of a table without their system fields, oldest first."""
    return bare(db.read(lambda ctx: ctx.db.query(table).collect()))


def looked_at(db: Engine, body: Callable[[QueryContext], Any]) -> dict[tuple[str, str], list[Interval]]:
    """Run reading code and return the ranges that it recorded as read."""

    def run(ctx: QueryContext) -> dict[tuple[str, str], list[Interval]]:
        body(ctx)
        read = ctx.transaction.reads.intervals()
        return {place: list(intervals) for place, intervals in read.items() if intervals}

    return db.read(run)


class Core:
    """Committer and runner on one thread; commits at once, and never waits."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ids = IdSource(self.clock, seed=1)
        self.log = MemoryLog()
        self.files = Contents(None, lambda _: False)
        self.committer = Committer(self.log, Snapshot.empty())
        self.runner = Runner(self.committer, self.propose, self, self.clock, nullcontext, lane=lambda: "a lane")

    def find(self, function: Function | str) -> Function:
        assert isinstance(function, Function)
        return function

    def now_ms(self) -> float:
        return self.clock.now_ms()

    def propose(self, proposal: Proposal) -> Commit | Overlap | None:
        return self.committer.commit([proposal])[0]

    def begin(self) -> tuple[Transaction, MutationContext]:
        """Return a new transaction, and a context to use it with."""
        tx = self.runner.begin()
        return tx, MutationContext(tx, self)

    def commit(self, tx: Transaction, name: str = "test") -> Commit | Overlap | None:
        """Propose a transaction, without trying again."""
        return self.propose(Proposal(tx, name))

    def write(self, body: Callable[[MutationContext], Any], name: str = "rival") -> Any:
        """Commit something that must not conflict; may be called while a mutation runs."""
        tx, ctx = self.begin()
        result = body(ctx)
        assert not isinstance(self.commit(tx, name), Overlap)
        return result

    def define(self, **tables: Table) -> Evolution:
        """Declare tables."""
        return self.write(lambda ctx: define.define(ctx.transaction, self.ids, tables), "define")
