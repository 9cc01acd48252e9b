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
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

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
from tests.properties.plain import Look, Plain, Step
from tests.properties.scripts import (
    Fields,
    Get,
    Insert,
    Operation,
    Read,
    encoded,
    fields,
    outcome,
    perform,
    reads,
    resolved,
    writes,
)
from tests.strategies import identical

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

transactions = st.integers(0, 3)
some_reads = st.one_of(reads(ITEMS, INDEXES, POOLS), reads(NOTES, (), POOLS), st.builds(Get, st.integers(0, 15)))
operations = st.one_of(some_reads, writes({ITEMS: POOLS, NOTES: POOLS}, OPTIONAL))


@dataclass(frozen=True)
class Define:
    """Declare the items anew; alone in its transaction, as the engine does it."""

    indexes: tuple[Index, ...]


@dataclass(frozen=True)
class Savepoint_:
    """Begin a sub-transaction."""


@dataclass(frozen=True)
class Rollback:
    """Undo what was written since the last savepoint."""


@dataclass
class Open:
    """A transaction in flight.

    Attributes:
        tx: The real one.
        home: The number of its committer.
        view: What it must see, its own writes included.
        script: Its operations, what came of each, and the whole document where one was inserted.
        looks: What it has looked at.
        savepoints: The real ones that it can go back to, with the view at each.
    """

    tx: Transaction
    home: int
    view: Plain
    script: list[tuple[Any, bytes, Fields | None]] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    savepoints: list[tuple[Savepoint, Plain]] = field(default_factory=list)


class SerialisabilityMachine(RuleBasedStateMachine):
    """Transactions of one or more committers that share one log."""

    committers = 1

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.log = MemoryLog()
        self.homes = [Committer(self.log, Snapshot.empty(), HISTORY) for _ in range(self.committers)]
        self.ids = [IdSource(self.clock, seed=number) for number in range(self.committers)]
        self.open: list[Open] = []
        self.inserted: list[tuple[str, str]] = []
        # The plain database after each commit, and what the commit did, by ts.
        self.states = [Plain()]
        self.steps = [Step([], set())]

    @initialize(initial=st.lists(fields(POOLS, OPTIONAL), max_size=6))
    def declare_and_fill(self, initial: list[Fields]) -> None:
        self.define(0, INDEXES)
        self.begin(0, 0)
        for own in initial:
            self._do(self.open[0], Insert(ITEMS, own))
        self.commit([0])
        for committer in self.homes:
            committer.pull()

    # ------------------------------------------------------------------ steps

    @precondition(lambda self: len(self.open) < 4)
    @rule(home=st.integers(0, 1), back=st.sampled_from([0, 0, 0, 1, 2]))
    def begin(self, home: int, back: int) -> None:
        home %= self.committers
        recent = self.homes[home].recent
        snapshot = recent.snapshot_at(max(recent.base.ts, self.homes[home].head.ts - back))
        assert snapshot is not None
        self.clock.advance(timedelta(milliseconds=1))
        self.open.append(Open(Transaction(snapshot, self.clock.now_ms()), home, self.states[snapshot.ts].copy()))

    @rule(transaction=transactions, operations=st.lists(operations, min_size=1, max_size=6))
    def operate(self, transaction: int, operations: list[Operation]) -> None:
        if not self.open:
            self.begin(transaction, 0)
        for operation in operations:
            if self.inserted or isinstance(operation, Read | Insert):
                self._do(self._transaction(transaction), resolved(operation, self.inserted))

    @precondition(lambda self: self.open)
    @rule(transaction=transactions)
    def savepoint(self, transaction: int) -> None:
        each = self._transaction(transaction)
        each.savepoints.append((each.tx.savepoint(), each.view.copy()))
        each.script.append((Savepoint_(), b"", None))

    @precondition(lambda self: any(each.savepoints for each in self.open))
    @rule()
    def rollback(self) -> None:
        each = next(each for each in self.open if each.savepoints)
        savepoint, each.view = each.savepoints.pop()
        each.tx.rollback(savepoint)
        each.script.append((Rollback(), b"", None))

    @precondition(lambda self: self.open)
    @rule(batch=st.lists(transactions, min_size=1, max_size=3))
    def commit(self, batch: list[int]) -> None:
        chosen: list[Open] = []
        for number in batch:
            each = self._transaction(number)
            if each not in chosen and each.home == self._transaction(batch[0]).home:
                chosen.append(each)
        self.open = [each for each in self.open if each not in chosen]
        self._commit(chosen)

    @precondition(lambda self: self.open)
    @rule(transaction=transactions)
    def abandon(self, transaction: int) -> None:
        self.open.remove(self._transaction(transaction))

    @rule(
        home=st.integers(0, 1),
        indexes=st.lists(
            st.sampled_from([*INDEXES, *OTHER_INDEXES]), min_size=2, max_size=4, unique_by=lambda index: index.name
        ).map(tuple),
    )
    def define(self, home: int, indexes: tuple[Index, ...]) -> None:
        self.begin(home, 0)
        each = self.open.pop()
        declared = each.view.indexes.get(ITEMS)
        if declared != indexes:
            each.looks.append(Look(None))
            each.looks.append(Look(ITEMS, lambda _: True))
        operation = Define(indexes)
        ids = self.ids[each.home]
        real = outcome(lambda: define.define(each.tx, ids, {ITEMS: Table(None, indexes)}) and None)
        assert encoded(real) == self._on_plain(each.view, operation, [], None)
        if real[0] == "returned":
            each.script.append((operation, encoded(real), None))
            self._commit([each])

    # ------------------------------------------------------------------ what must hold

    @invariant()
    def every_committer_stands_at_a_state_of_the_log(self) -> None:
        for committer in self.homes:
            committer.head.check()
            committer.recent.check()
            state = self.states[committer.head.ts]
            mine = {name: each for name, each in committer.head.tables.items() if not name.startswith("_")}
            assert {name: each.stored.table.indexes for name, each in mine.items()} == state.indexes
            for name, each in mine.items():
                stored = {document["_id"]: document for _, document in each.documents()}
                assert identical(stored, dict(sorted(state.tables[name].items())))

    def teardown(self) -> None:
        reopened = Committer(self.log, Snapshot.empty(), HISTORY)
        for committer in (*self.homes, reopened):
            committer.pull()
            assert committer.head.ts == len(self.states) - 1
            assert list(contents(committer.head)) == list(contents(self.homes[0].head))

    # ------------------------------------------------------------------ machinery

    def _transaction(self, number: int) -> Open:
        return self.open[number % len(self.open)]

    def _do(self, each: Open, operation: Operation) -> None:
        """Do an operation in a transaction, and compare what comes of it with its view of the database."""
        real = outcome(lambda: perform(DatabaseWriter(each.tx, self.ids[each.home]), operation))
        inserted = None
        if isinstance(operation, Insert) and real[0] == "returned":
            change = each.tx.writes.get(real[1])
            assert change is not None
            assert change.new is not None
            inserted = decode_document(change.new)
            self.inserted.append((operation.table, real[1]))
        if isinstance(operation, Read) and operation.how == "paginate" and real[0] == "returned":
            del real[1]["cursors"]
        assert encoded(real) == self._on_plain(each.view, operation, each.looks, inserted)
        each.script.append((operation, encoded(real), inserted))

    def _on_plain(self, state: Plain, operation: Any, looks: list[Look], inserted: Fields | None) -> bytes:
        if isinstance(operation, Define):
            return encoded(outcome(lambda: state.define(ITEMS, operation.indexes)))
        return encoded(outcome(lambda: state.run(operation, looks, inserted)))

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
            elif begun < head - HISTORY or any(
                step.touches(each.looks) or step.redeclared & written for step in since
            ):
                judged.append(Overlap)
            else:
                judged.append(Commit)
                accepted.append(own)
        return judged

    def _replayed(self, each: Open) -> Plain:
        """Return the newest state with a script done again on it, which must see at every step what it saw before."""
        state = self.states[-1].copy()
        savepoints = []
        for operation, seen, inserted in each.script:
            match operation:
                case Savepoint_():
                    savepoints.append(state.copy())
                case Rollback():
                    state = savepoints.pop()
                case _:
                    assert self._on_plain(state, operation, [], inserted) == seen, f"{operation} sees something else"
        return state


class SharedLogMachine(SerialisabilityMachine):
    """Two committers append to one log, each learning of the other's commits only when its own append is refused."""

    committers = 2


def contents(snapshot: Snapshot) -> Iterator[tuple[Any, ...]]:
    """Yield everything a snapshot holds: each index of each table, as bytes."""
    for name, state in sorted(snapshot.tables.items()):
        yield name, state.stored
        for index in state.maker.names:
            yield name, index, list(state.map(index).items(*ALL))


def settled(steps: int, examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


TestOneCommitter = pytest.mark.slow(SerialisabilityMachine.TestCase)
TestOneCommitter.settings = settled(steps=40, examples=40)
TestTwoCommitters = pytest.mark.slow(SharedLogMachine.TestCase)
TestTwoCommitters.settings = settled(steps=40, examples=30)
