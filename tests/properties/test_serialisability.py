"""Serialisability (invariant 1): several transactions open at once, committed in any order, against plain Python.

Each transaction is a script of operations with what came of them. A committed script, done again alone on the
database just before its commit, must see the same at every step and leave the same documents. Beyond that the
committer must refuse exactly the transactions whose looks a later commit has touched: one too few breaks the order,
one too many is work done twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from reactive_nb.clock import IdSource
from reactive_nb.documents.document import decode_document
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.functions import define
from reactive_nb.functions.database import DatabaseWriter
from reactive_nb.log.memory import MemoryLog
from reactive_nb.schema.declaration import Index, Table
from reactive_nb.testing import FakeClock
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.committer import Committer, Proposal
from reactive_nb.transaction.read_set import Overlap
from reactive_nb.transaction.transaction import Savepoint, Transaction
from tests.properties.explore import FIRST_SEED, explore
from tests.properties.plain import Look, Plain, Step
from tests.properties.scripts import (
    Fields,
    Get,
    Insert,
    Operation,
    Read,
    a_read,
    a_write,
    encoded,
    outcome,
    perform,
    resolved,
)
from tests.strategies import identical

SCRIPTS, STEPS = 40, 300
HISTORY = 6
"""How many commits a committer remembers; a transaction may well be older."""

ITEMS = "items"
NOTES = "notes"  # nobody declares it: it comes into being with its first insert
POOLS = {"a": [0, 1, 1.0, "a"], "k": [0, 1, 2, 3, None], "m.x": [0, "a", True], "n": [-1, 1, 2.5], "tags": [0, 1, "a"]}
OPTIONAL = ("k", "m", "n", "tags")
INDEXES = (
    Index("by_a", ("a",)),
    Index("by_x_and_a", ("m.x", "a")),
    Index("by_k", ("k",), unique=True),
    Index("by_tag_and_n", ("tags", "n"), multi=True),
)
OTHER_INDEXES = (Index("by_a", ("a", "n"), unique=True), Index("by_tag_and_n", ("tags",), unique=True, multi=True))


@dataclass(frozen=True)
class Begin:
    """Open a transaction with one of the committers, on its head or on an earlier commit."""

    home: int
    back: int


@dataclass(frozen=True)
class Do:
    """Do an operation in an open transaction."""

    transaction: int
    operation: Operation


@dataclass(frozen=True)
class Save:
    """Begin a sub-transaction of an open transaction."""

    transaction: int


@dataclass(frozen=True)
class Undo:
    """Undo what an open transaction has written since it last began a sub-transaction."""

    transaction: int


@dataclass(frozen=True)
class CommitBatch:
    """Ask to commit open transactions, at once."""

    transactions: list[int]


@dataclass(frozen=True)
class Abandon:
    """Forget an open transaction."""

    transaction: int


@dataclass(frozen=True)
class Define:
    """Declare the items anew; in a transaction of its own, as the engine does it."""

    home: int
    indexes: tuple[Index, ...]


@dataclass
class Open:
    """A transaction in flight.

    Attributes:
        tx: The real one.
        home: The number of its committer.
        view: What it must see, its own writes included.
        script: What it did, what came of it, and the whole document where one was inserted.
        looks: What it has looked at.
        savepoints: The real ones that it can go back to, with the view at each.
    """

    tx: Transaction
    home: int
    view: Plain
    script: list[tuple[Any, bytes, Fields | None]] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    savepoints: list[tuple[Savepoint, Plain]] = field(default_factory=list)


class OneCommitter:
    """Transactions, and the plain database after each commit."""

    committers = 1

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.log = MemoryLog()
        self.homes = [Committer(self.log, Snapshot.empty(), HISTORY) for _ in range(self.committers)]
        self.ids = [IdSource(self.clock, seed=number) for number in range(self.committers)]
        self.open: list[Open] = []
        self.inserted: dict[str, list[str]] = {}
        # By ts: the database, and what the commit that led to it did.
        self.states = [Plain()]
        self.steps = [Step([], set())]
        self.define(0, INDEXES)
        for committer in self.homes:
            committer.pull()

    def propose(self, rng: Random) -> Any:
        transaction = rng.randrange(4)
        kind = rng.random()
        if len(self.open) < 2 or (kind < 0.06 and len(self.open) < 4):
            return Begin(rng.randrange(self.committers), rng.choice([0, 0, 0, 0, 1, 2]))
        if kind < 0.14:
            return CommitBatch(rng.choices(range(4), k=rng.choice([1, 1, 1, 2, 3])))
        if kind < 0.15:
            return Abandon(transaction)
        if kind < 0.17:
            chosen = {index.name: index for index in rng.choices([*INDEXES * 3, *OTHER_INDEXES], k=8)}
            return Define(rng.randrange(self.committers), tuple(chosen.values()))
        if kind < 0.32:
            return rng.choice([Save, Undo])(transaction)
        if kind < 0.66:
            table, indexes = rng.choice([(ITEMS, INDEXES), (ITEMS, INDEXES), (NOTES, ())])
            read = a_read(rng, table, indexes, POOLS)
            return Do(transaction, rng.choice([read, read, read, Get(rng.randrange(-8, 0), table)]))
        return Do(transaction, a_write(rng, {ITEMS: POOLS, NOTES: POOLS}, OPTIONAL))

    def do(self, step: Any) -> None:
        match step:
            case Begin(home, back):
                self.begin(home, back)
            case Define(home, indexes):
                self.define(home, indexes)
            case CommitBatch(numbers) if self.open:
                self.commit(numbers)
            case Do() | Save() | Undo() | Abandon() if self.open:
                each = self.open[step.transaction % len(self.open)]
                match step:
                    case Do():
                        # A write means a document that is there, a get any that somebody has ever inserted.
                        there = {table: list(documents) for table, documents in each.view.tables.items()}
                        known = self.inserted if isinstance(step.operation, Get) else {**self.inserted, **there}
                        operation = resolved(step.operation, known)
                        if operation is not None:
                            self.operate(each, operation)
                    case Save():
                        each.savepoints.append((each.tx.savepoint(), each.view.copy()))
                        each.script.append((step, b"", None))
                    case Undo() if each.savepoints:
                        savepoint, each.view = each.savepoints.pop()
                        each.tx.rollback(savepoint)
                        each.script.append((step, b"", None))
                    case Abandon():
                        self.open.remove(each)
        self.check()

    def begin(self, home: int, back: int) -> Open:
        committer = self.homes[home]
        # Not before the items were declared: a table that two transactions create has the number of another in each.
        oldest = max(committer.recent.base.ts, min(committer.head.ts, 1))
        snapshot = committer.recent.snapshot_at(max(oldest, committer.head.ts - back))
        assert snapshot is not None
        self.clock.advance(timedelta(milliseconds=1))
        begun = Open(Transaction(snapshot, self.clock.now_ms()), home, self.states[snapshot.ts].copy())
        self.open.append(begun)
        return begun

    def define(self, home: int, indexes: tuple[Index, ...]) -> None:
        each = self.begin(home, 0)
        self.open.remove(each)
        if each.view.indexes.get(ITEMS) != indexes:
            each.looks += [Look(None), Look(ITEMS, lambda _: True)]
        ids = self.ids[home]
        real = outcome(lambda: define.define(each.tx, ids, {ITEMS: Table(None, indexes)}) and None)
        assert encoded(real) == on_plain(each.view, Define(home, indexes), [])
        if real[0] == "returned":
            each.script.append((Define(home, indexes), encoded(real), None))
            self._commit([each])

    def operate(self, each: Open, operation: Operation) -> None:
        """Do an operation in a transaction, and compare what comes of it with its view of the database."""
        real = outcome(lambda: perform(DatabaseWriter(each.tx, self.ids[each.home]), operation))
        inserted = None
        if isinstance(operation, Insert) and real[0] == "returned":
            change = each.tx.writes.get(real[1])
            assert change is not None
            assert change.new is not None
            inserted = decode_document(change.new)
            self.inserted.setdefault(operation.table, []).append(real[1])
        if isinstance(operation, Read) and operation.how == "paginate" and real[0] == "returned":
            del real[1]["cursors"]
        assert encoded(real) == on_plain(each.view, operation, each.looks, inserted)
        each.script.append((operation, encoded(real), inserted))

    def commit(self, numbers: list[int]) -> None:
        """Commit some transactions as one batch, those of another committer than the first one's left out."""
        batch: list[Open] = []
        for number in numbers:
            each = self.open[number % len(self.open)]
            if each not in batch and (not batch or each.home == batch[0].home):
                batch.append(each)
        self.open = [each for each in self.open if each not in batch]
        self._commit(batch)

    def _commit(self, batch: list[Open]) -> None:
        committer = self.homes[batch[0].home]
        expected = self._judge(batch, committer.head.ts)
        if Commit in expected:
            # It appends, and so it notices what another committer has appended.
            expected = self._judge(batch, self.log.head)

        outcomes = committer.commit([Proposal(each.tx, "script") for each in batch])

        assert [type(each) for each in outcomes] == expected
        for each, real in zip(batch, outcomes, strict=True):
            if isinstance(real, Commit):
                assert real.ts == len(self.states)
                state = self._replayed(each)
                self.steps.append(state.since(self.states[-1]))
                self.states.append(state)

    def _judge(self, batch: list[Open], head: int) -> list[type]:
        """Return what becomes of each transaction when the newest commit is `head`."""
        judged: list[type] = []
        accepted: list[Step] = []
        for each in batch:
            begun = each.tx.snapshot.ts
            own = each.view.since(self.states[begun])
            written = {table for table, _, _ in own.changes}
            since = [*self.steps[begun + 1 : head + 1], *accepted]
            if not own:
                judged.append(type(None))
            elif begun < head - HISTORY or any(step.touches(each.looks) or step.redeclared & written for step in since):
                judged.append(Overlap)
            else:
                judged.append(Commit)
                accepted.append(own)
        return judged

    def _replayed(self, each: Open) -> Plain:
        """Return the newest state with a script done again on it, which must see at every step what it saw before."""
        state = self.states[-1].copy()
        savepoints = []
        for step, seen, inserted in each.script:
            match step:
                case Save():
                    savepoints.append(state.copy())
                case Undo():
                    state = savepoints.pop()
                case _:
                    assert on_plain(state, step, [], inserted) == seen, f"alone, {step} does something else"
        return state

    def check(self) -> None:
        for committer in self.homes:
            committer.head.check()
            committer.recent.check()
            state = self.states[committer.head.ts]
            mine = {name: each for name, each in committer.head.tables.items() if not name.startswith("_")}
            assert {name: each.stored.table.indexes for name, each in mine.items()} == state.indexes
            for name, each in mine.items():
                stored = {document["_id"]: document for _, document in each.documents()}
                assert identical(stored, dict(sorted(state.tables[name].items())))

    def finish(self) -> None:
        """Every committer, and one that starts from the log alone, comes to the identical snapshot."""
        for committer in (*self.homes, Committer(self.log, Snapshot.empty(), HISTORY)):
            committer.pull()
            assert committer.head.ts == len(self.states) - 1
            assert list(contents(committer.head)) == list(contents(self.homes[0].head))

    def close(self) -> None:
        self.log.close()


class TwoCommitters(OneCommitter):
    """Two committers append to one log; each learns of the other's commits when its own append is refused."""

    committers = 2


def on_plain(state: Plain, step: Any, looks: list[Look], inserted: Fields | None = None) -> bytes:
    """Return what comes of a step on the plain database."""
    if isinstance(step, Define):
        return encoded(outcome(lambda: state.define(ITEMS, step.indexes)))
    return encoded(outcome(lambda: state.run(step, looks, inserted)))


def contents(snapshot: Snapshot) -> Iterator[tuple[Any, ...]]:
    """Yield everything a snapshot holds: each index of each table, as bytes."""
    for name, state in sorted(snapshot.tables.items()):
        yield name, state.stored
        for index in state.maker.names:
            yield name, index, list(state.map(index).items(*ALL))


@pytest.mark.slow
@pytest.mark.parametrize("make", [OneCommitter, TwoCommitters])
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SCRIPTS))
def test_committed_transactions_see_and_do_what_they_would_one_by_one(make: type[OneCommitter], seed: int) -> None:
    explore(make, seed, STEPS)
