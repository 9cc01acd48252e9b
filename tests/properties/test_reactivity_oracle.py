"""The reactivity oracle (invariants 2, 3, 4): live results on a real engine, against fresh runs and plain Python.

Random tables, indexes and queries; after each step every live result equals a fresh run of its query and what plain
Python computes, and it has run again if and only if a commit touched a document that lies, before or after, in what
its last run had looked at. What listeners and observers saw in between is one moment each, never a mixture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event
from typing import Any, NamedTuple

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.clock import IdSource
from reactive_nb.documents.document import decode_document
from reactive_nb.functions.context import QueryContext
from reactive_nb.schema.declaration import Index, Table
from reactive_nb.testing import FakeClock
from reactive_nb.values.validators import Validator
from tests.properties.explore import FIRST_SEED, explore
from tests.properties.plain import Look, Pages, Plain, Step
from tests.properties.scripts import (
    Get,
    Insert,
    Operation,
    Pools,
    Read,
    a_read,
    a_write,
    encoded,
    outcome,
    perform,
    resolved,
)

SCRIPTS, STEPS = 40, 80
TABLES = ("red", "blue")
MOST_LIVES = 8


class Kind(NamedTuple):
    """What a field may hold, and the values it does hold."""

    validator: Validator
    pool: Sequence[Any]


KINDS = {
    "number": Kind(v.number(), [-1, 0, -0.0, 1, 1.0, 2.5, 2**53, 2**53 + 1]),
    "string": Kind(v.string(), ["", "a", "a\0", "ab", "é"]),
    "boolean": Kind(v.boolean(), [False, True]),
    "time": Kind(v.datetime(), [datetime(2026, 1, 1, tzinfo=UTC), datetime(1969, 1, 1, tzinfo=UTC)]),
    "bytes": Kind(v.bytes(), [b"", b"\0", b"\0\xff", b"a"]),
    "nullable": Kind(v.union(v.string(), v.number(), v.null()), [None, 0, 1, "a"]),
    "any": Kind(v.any(), [None, True, 1, 1.0, "a", [], [1], {"x": 1}]),
}
OPTIONAL = ("b", "m", "n", "tags")


# ------------------------------------------------------------------ steps


@dataclass(frozen=True)
class Declare:
    """Declare a table; `kinds` says what its fields hold, of `tags` what the elements are."""

    table: str
    kinds: dict[str, str]
    indexes: tuple[Index, ...]

    def pools(self) -> Pools:
        return {path: KINDS[kind].pool for path, kind in self.kinds.items()}

    def declaration(self) -> Table:
        of = {path: KINDS[kind].validator for path, kind in self.kinds.items()}
        document = v.object(
            a=of["a"],
            b=v.optional(of["b"]),
            m=v.optional(v.object({"x": of["m.x"]})),
            n=v.optional(of["n"]),
            tags=v.optional(v.array(of["tags"])),
        )
        return Table(document, self.indexes)


@dataclass(frozen=True)
class Both:
    """A query that reads, and runs another query inside it."""

    first: Read | Get
    second: Read | Get


@dataclass(frozen=True)
class Each:
    """A query that for each document it reads counts the documents with an equal value, in the same or another table."""

    read: Read
    table: str
    index: Index

    def counting(self, document: dict[str, Any]) -> Read:
        value = document.get("a")
        return Read(self.table, self.index.name, equal=((self.index.fields[0], value),), how="count")


Query = Read | Get | Both | Each


@dataclass(frozen=True)
class Hold:
    """Make a query live."""

    query: Query


@dataclass(frozen=True)
class Close:
    """Close a live result."""

    number: int


@dataclass(frozen=True)
class Reopen:
    """Make a query live again after its live result was closed."""

    number: int


@dataclass(frozen=True)
class Write:
    """Commit some mutations, each of some operations, without waiting in between.

    The mutations in `meanwhile` are committed while a live result that the others touch is being refreshed, if there
    is one; else right after them.
    """

    mutations: list[list[Operation]]
    meanwhile: list[list[Operation]] = field(default_factory=list)


# ------------------------------------------------------------------ the machine


@dataclass
class Held:
    """A query that is live, or was.

    Attributes:
        number: Its argument for `ask`.
        live: The live result, open or closed.
        runs: How often it must have run.
        expected: What it must show, encoded.
        looks: What its last run looked at.
        pages: Where its pages ended.
        cached: Whether it is closed and its result still true, so that opening it again runs nothing.
    """

    number: int
    live: Any = None
    runs: int = 0
    expected: bytes = b""
    looks: list[Look] = field(default_factory=list)
    pages: Pages = field(default_factory=Pages)
    cached: bool = False

    @property
    def is_open(self) -> bool:
        return self.live is not None and self.live.state != "closed"


class Gate:
    """Holds up the next refresh of a query, so that something else happens while it runs."""

    def __init__(self) -> None:
        self.entered = Event()
        self.opened = Event()


class Shown(NamedTuple):
    """What all live results showed at one moment."""

    ts: int
    results: dict[int, tuple[str, Any]]


class LiveQueries:
    """A database with live results, and its plain twin."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.db = rnb.connect(clock=self.clock, ids=IdSource(self.clock, seed=0))
        self.plain = Plain()
        self.declared: dict[str, Declare] = {}
        self.inserted: dict[str, list[str]] = {}
        self.queries: list[Query] = []
        self.held: list[Held] = []
        self.shown: list[Shown] = []
        self.gate: Gate | None = None
        self.db.on_transition(lambda moment: self.look_at_all(moment.ts))

        @self.db.query
        def ask(ctx: QueryContext, number: int) -> Any:
            gate, self.gate = self.gate, None
            if gate is not None:
                gate.entered.set()
                gate.opened.wait()
            return self.answer(ctx, number)

        self.ask = ask

    # ------------------------------------------------------------------ proposing

    def propose(self, rng: Random) -> Any:
        if len(self.declared) < len(TABLES):
            kinds = {path: rng.choice(list(KINDS)) for path in ("a", "b", "m.x", "tags")}
            return Declare(TABLES[len(self.declared)], {**kinds, "n": "number"}, some_indexes(rng))
        closed = [each.number for each in self.held if not each.is_open]
        opened = [each.number for each in self.held if each.is_open]
        kind = rng.random()
        if not opened or (kind < 0.2 and len(opened) < MOST_LIVES):
            return Hold(self._a_query(rng))
        if kind < 0.26:
            return Close(rng.choice(opened))
        if kind < 0.31 and closed:
            return Reopen(rng.choice(closed))
        if kind < 0.34:
            before = self.declared[rng.choice(TABLES)]
            return Declare(before.table, before.kinds, some_indexes(rng, before.indexes))
        pools = {table: each.pools() for table, each in self.declared.items()}

        def mutations(count: int) -> list[list[Operation]]:
            return [[a_write(rng, pools, OPTIONAL) for _ in range(rng.choice([1, 1, 2, 3]))] for _ in range(count)]

        return Write(mutations(rng.choice([1, 1, 1, 1, 2, 4])), mutations(rng.choice([0, 0, 0, 1, 2])))

    def _a_query(self, rng: Random) -> Query:
        def read() -> Read:
            each = self.declared[rng.choice(TABLES)]
            return a_read(rng, each.table, each.indexes, each.pools(), raising=False)

        def simple() -> Read | Get:
            one = read()
            while one.how == "paginate":  # only alone: the ends of pages are kept by the order in which they are read
                one = read()
            return rng.choice([one, one, Get(-rng.randint(1, 8), one.table)])

        kind = rng.random()
        if kind < 0.15:
            return Both(simple(), simple())
        if kind < 0.25:
            first = read()
            other = self.declared[rng.choice(TABLES)]
            return Each(
                Read(first.table, first.index, first.equal, how="take", size=3), other.table, rng.choice(other.indexes)
            )
        return rng.choice([read(), read(), read(), simple()])

    # ------------------------------------------------------------------ steps

    def do(self, step: Any) -> None:
        done: list[Step] = []
        match step:
            case Declare():
                done = self.declare(step)
            case _ if len(self.declared) < len(TABLES):
                return
            case Hold(query):
                self.hold(query)
            case Close(number) | Reopen(number):
                for each in self.held:
                    if each.number == number and each.is_open == isinstance(step, Close):
                        self.close_one(each) if each.is_open else self.open_one(each)
            case Write():
                done = self.write_all(step)
        self.settle(done)

    def declare(self, step: Declare) -> list[Step]:
        after = self.plain.copy()
        real = outcome(lambda: self.db.define(**{step.table: step.declaration()}) and None)
        assert encoded(real) == encoded(outcome(lambda: after.define(step.table, step.indexes)))
        return self._committed(after, step) if real[0] == "returned" else []

    def _committed(self, after: Plain, declared: Declare | None = None) -> list[Step]:
        commit = after.since(self.plain)
        if declared is not None:
            self.declared[declared.table] = declared
        self.plain = after
        return [commit] if commit else []

    def write_all(self, step: Write) -> list[Step]:
        gate = self.gate = Gate() if step.meanwhile else None
        try:
            done = [commit for operations in step.mutations for commit in self.write(operations)]
            if gate is not None and any(
                commit.touches(held.looks) for commit in done for held in self.held if held.is_open
            ):
                assert gate.entered.wait(timeout=20), "no query is refreshed, though a commit touches one"
            done += [commit for operations in step.meanwhile for commit in self.write(operations)]
        finally:
            self.gate = None
            if gate is not None:
                gate.opened.set()
        return done

    def write(self, operations: list[Operation]) -> list[Step]:
        """Run one mutation; an operation that fails undoes all of it."""
        self.clock.advance(timedelta(milliseconds=1))
        after = self.plain.copy()
        try:
            with self.db.transaction() as tx:
                for operation in operations:
                    known = resolved(operation, {table: list(documents) for table, documents in after.tables.items()})
                    if known is None:
                        continue
                    real = outcome(lambda known=known: perform(tx.db, known))
                    inserted = None
                    if isinstance(known, Insert) and real[0] == "returned":
                        change = tx.transaction.writes.get(real[1])
                        assert change is not None
                        assert change.new is not None
                        inserted = decode_document(change.new)
                        self.inserted.setdefault(known.table, []).append(real[1])
                    expected = outcome(lambda known=known, inserted=inserted: after.run(known, [], inserted))
                    assert encoded(real) == encoded(expected)
                    if real[0] == "raised":
                        raise Failed
        except Failed:
            return []
        return self._committed(after)

    def hold(self, query: Query) -> None:
        if isinstance(query, Get | Read):
            known = resolved(query, self.inserted)
            if known is None:
                return
            query = known  # type: ignore[assignment]  # a Get stays a Get, a Read a Read
        if isinstance(query, Both):
            # The inner one has the number before.
            parts = [resolved(each, self.inserted) for each in (query.first, query.second)]
            if None in parts:
                return
            query = Both(*parts)  # type: ignore[arg-type]  # reads and gets stay what they are
            self.queries.append(query.second)
        self.queries.append(query)
        held = Held(len(self.queries) - 1)
        self.held.append(held)
        self.open_one(held)

    def open_one(self, held: Held) -> None:
        live = self.ask.live(number=held.number)
        if not held.cached:
            held.pages, held.runs = Pages(), 1
            self.expect(held)
        live.observe(lambda _: self.look_at_all(self.db.shown_ts), "value")
        held.live, held.cached = live, False

    def close_one(self, held: Held) -> None:
        held.cached = held.live.error is None  # a failure is not kept for later
        held.live.close()

    # ------------------------------------------------------------------ what must hold

    def settle(self, done: list[Step]) -> None:
        self.db.settle()
        for held in self.held:
            touching = sum(commit.touches(held.looks) for commit in done)
            if not held.is_open:
                held.cached = held.cached and not touching
                continue
            ran = held.live.runs - held.runs
            held.runs = held.live.runs
            said = f"{self.queries[held.number]} ran {ran} times for {len(done)} commits, {touching} of which touch it"
            if touching:
                assert 1 <= ran <= len(done), said
                self.expect(held)
            else:
                assert ran == 0, said
            real, ends = seen(held.live)
            assert encoded(without_cursors(real)) == held.expected, f"{self.queries[held.number]} shows {real}"
            fresh = outcome(lambda held=held, ends=ends: self.db.read(lambda ctx: self.answer(ctx, held.number, ends)))
            assert encoded(real) == encoded(fresh), f"{self.queries[held.number]} shows {real} and not {fresh}"
        shown, self.shown = self.shown, []
        for ts, results in shown:
            past = self.db.at(ts)
            for number, real in results.items():
                ends = ends_of(real)
                then = outcome(
                    lambda number=number, ends=ends, past=past: past.read(lambda ctx: self.answer(ctx, number, ends))
                )
                assert encoded(real) == encoded(then), f"at {ts} {self.queries[number]} showed {real} and not {then}"
        self.db.check()

    def expect(self, held: Held) -> None:
        """Work out what a query answers now, and what it looks at."""
        held.looks = []
        held.expected = encoded(outcome(lambda: self.on_plain(self.queries[held.number], held.looks, held.pages)))

    def look_at_all(self, ts: int) -> None:
        """Note what all live results show; called by the engine's thread."""
        self.shown.append(Shown(ts, {held.number: seen(held.live)[0] for held in self.held if held.is_open}))

    def answer(self, ctx: QueryContext, number: int, ends: Sequence[str] = ()) -> Any:
        match self.queries[number]:
            case Both(first):
                return [perform(ctx.db, first), ctx.run_query("ask", number=number - 1)]
            case Each() as each:
                return [perform(ctx.db, each.counting(document)) for document in perform(ctx.db, each.read)]
            case query:
                return perform(ctx.db, query, ends)

    def on_plain(self, query: Query, looks: list[Look], pages: Pages) -> Any:
        match query:
            case Both(first, second):
                return [self.plain.run(each, looks) for each in (first, second)]
            case Each(read):
                return [self.plain.run(query.counting(each), looks) for each in self.plain.read(read, looks)]
            case Read():
                return self.plain.read(query, looks, pages)
            case Get():
                return self.plain.run(query, looks)

    def finish(self) -> None:
        """Nothing is left to be said."""

    def close(self) -> None:
        self.db.close()


class Failed(Exception):
    """An operation of a mutation failed."""


def seen(live: Any) -> tuple[tuple[str, Any], Sequence[str]]:
    """Return what a live result shows, as an outcome, and where its pages end."""

    def shown() -> Any:
        if live.error is not None:
            raise live.error
        return live.value

    real = outcome(shown)
    return real, ends_of(real)


def ends_of(real: tuple[str, Any]) -> Sequence[str]:
    result = real[1]
    return result["cursors"] if isinstance(result, dict) and "cursors" in result else ()


def without_cursors(real: tuple[str, Any]) -> tuple[str, Any]:
    """Return an outcome without what plain Python cannot know."""
    kind, result = real
    if isinstance(result, dict) and "cursors" in result:
        result = {name: value for name, value in result.items() if name != "cursors"}
    return kind, result


def some_indexes(rng: Random, before: Sequence[Index] = ()) -> tuple[Index, ...]:
    """Return one to four indexes; of those before, many stay."""
    chosen = {index.name: index for index in before if rng.random() < 0.6}
    for number in rng.sample(range(4), rng.randint(1, 4)):
        fields = rng.sample(["a", "b", "n", "m.x"], rng.choice([1, 1, 2]))
        multi = rng.random() < 0.25
        index = Index(f"i{number}", tuple(["tags", *fields[1:]] if multi else fields), rng.random() < 0.2, multi)
        chosen.setdefault(index.name, index)
    return tuple(chosen.values())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SCRIPTS))
def test_live_results_are_those_of_a_fresh_run_and_run_only_when_touched(seed: int) -> None:
    explore(LiveQueries, seed, STEPS)
