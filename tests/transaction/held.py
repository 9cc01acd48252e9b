"""A database without an engine: transactions that a test opens, holds, and commits in the order it likes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from reactive_nb.clock import IdSource
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.functions.database import DatabaseWriter
from reactive_nb.log.interface import Log
from reactive_nb.log.memory import MemoryLog
from reactive_nb.schema.declaration import Table
from reactive_nb.testing import FakeClock
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.committer import Committer, Proposal
from reactive_nb.transaction.read_set import Overlap
from reactive_nb.transaction.transaction import Transaction


class Held(DatabaseWriter):
    """One open transaction, read and written as in a mutation."""

    __slots__ = ("transaction",)

    def __init__(self, transaction: Transaction, ids: IdSource) -> None:
        super().__init__(transaction, ids)
        self.transaction = transaction


class Database:
    """A committer over a log; each `begin` is a transaction on its head."""

    def __init__(self, log: Log | None = None, history: int = 100, seed: int = 1) -> None:
        self.log = log if log is not None else MemoryLog()
        self.committer = Committer(self.log, Snapshot.empty(), history)
        self.committer.pull()
        self.clock = FakeClock()
        self.ids = IdSource(self.clock, seed=seed)

    @property
    def head(self) -> Snapshot:
        return self.committer.head

    def begin(self) -> Held:
        """Open a transaction on the head, a millisecond after the one before."""
        self.clock.advance(timedelta(milliseconds=1))
        return Held(Transaction(self.head, self.clock.now_ms()), self.ids)

    def commit(self, *held: Held) -> list[Commit | Overlap | None]:
        """Commit as one batch; the functions are called f1, f2, …"""
        return self.committer.commit(
            [Proposal(each.transaction, f"f{place}") for place, each in enumerate(held, start=1)]
        )

    def committed(self, held: Held) -> Commit:
        (outcome,) = self.commit(held)
        assert isinstance(outcome, Commit), outcome
        return outcome

    def refused(self, held: Held) -> Overlap:
        (outcome,) = self.commit(held)
        assert isinstance(outcome, Overlap), outcome
        return outcome

    def define(self, **tables: Table) -> Commit:
        held = self.begin()
        for name, table in tables.items():
            held.transaction.declare(name, table, self.ids.next())
        return self.committed(held)

    def drop(self, name: str) -> Commit:
        held = self.begin()
        held.transaction.drop(name)
        return self.committed(held)

    def insert(self, table: str, *documents: dict[str, Any]) -> list[str]:
        held = self.begin()
        ids = [held.insert(table, each) for each in documents]
        self.committed(held)
        return ids

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All documents as they were inserted, without system fields."""
        found = self.begin().query(table).collect()
        return [{name: value for name, value in each.items() if name[0] != "_"} for each in found]
