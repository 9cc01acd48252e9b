"""The database a user holds: running, declaring, transactions, and its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.engine.roster import open_engines
from reactive_nb.errors import (
    ArgumentValidationError,
    ConflictError,
    DatabaseClosed,
    NestedCallError,
    ReactiveError,
    SchemaMismatch,
    UnknownFunction,
    UnknownTable,
)
from reactive_nb.log.memory import MemoryLog
from reactive_nb.notebook.surface import NotebookSurface
from tests.conftest import Connect


class Counters:
    """A database with counters, and functions for them."""

    def __init__(self, db: Engine) -> None:
        db.define(counters=rnb.table(name=v.string(), n=v.number()).index("by_name", "name", unique=True))

        @db.mutation
        def create(ctx: Any, name: str) -> str:
            return str(ctx.db.insert("counters", {"name": name, "n": 0}))

        @db.mutation(args={"id": v.id("counters"), "by": v.number()})
        def add(ctx: Any, id: str, by: int = 1) -> Any:
            n = ctx.db.get(id)["n"] + by
            ctx.db.patch(id, {"n": n})
            return n

        @db.query
        def total(ctx: Any) -> Any:
            return ctx.db.query("counters").sum("n")

        self.db, self.create, self.add, self.total = db, create, add, total


@pytest.fixture
def counters(db: Engine) -> Counters:
    return Counters(db)


# ------------------------------------------------------------------ running


def test_calling_a_function_runs_it_and_so_does_its_path(counters: Counters) -> None:
    id = counters.create(name="a")

    assert counters.add(id, by=2) == 2
    assert counters.db.run("add", id=id) == 3
    assert counters.db.run(counters.total) == counters.total() == 3


def test_a_function_runs_on_another_thread_and_in_an_event_loop(counters: Counters) -> None:
    id = counters.create(name="a")

    async def main() -> list[Any]:
        return list(await asyncio.gather(*(counters.add.call(id) for _ in range(5))))

    assert counters.add.submit(id).result() == 1
    assert sorted(asyncio.run(main())) == [2, 3, 4, 5, 6]
    with pytest.raises(ArgumentValidationError):
        counters.add.submit(id, by="x").result()


def test_a_path_that_is_not_there_is_refused_with_those_like_it(counters: Counters) -> None:
    with pytest.raises(UnknownFunction) as refused:
        counters.db.run("totals")

    assert str(refused.value) == (
        "Cannot find the function 'totals': nothing is registered under this path. Expected one of ['total']. "
        "Run the cell that defines it."
    )


def test_the_functions_of_a_module_get_its_name_in_their_path(db: Engine) -> None:
    messages = rnb.module("messages")

    @messages.mutation
    def send(ctx: Any, body: str) -> None:
        ctx.db.insert("messages", {"body": body})

    @messages.query(name="list")
    def list_all(ctx: Any) -> list[str]:
        return [each["body"] for each in ctx.db.query("messages").collect()]

    with pytest.raises(UnknownFunction, match="no open database includes its module"):
        send(body="too early")
    db.include(messages)

    send(body="hello")
    assert db.run("messages:list") == list_all() == ["hello"]
    assert [function.path for function in db.functions()] == ["messages:send", "messages:list"]


def test_reading_code_runs_without_being_declared(counters: Counters) -> None:
    counters.create(name="a")

    assert counters.db.read(lambda ctx: ctx.db.query("counters").count()) == 1


def test_a_query_that_raises_raises_for_its_caller(db: Engine) -> None:
    @db.query
    def fail(ctx: Any) -> None:
        raise rnb.AppError({"code": "no"})

    for _ in range(2):
        with pytest.raises(rnb.AppError) as raised:
            fail()
        assert raised.value.data == {"code": "no"}


# ------------------------------------------------------------------ cached answers


def test_a_query_is_answered_without_running_while_nothing_it_read_has_changed(counters: Counters) -> None:
    runs: list[str] = []

    @counters.db.query
    def watched(ctx: Any) -> list[Any]:
        runs.append("ran")
        return [each["n"] for each in ctx.db.query("counters").collect()]

    id = counters.create(name="a")
    first = watched()
    first.append("the caller's own")
    assert watched() == [0]
    assert runs == ["ran"]

    counters.add(id)
    assert watched() == [1]
    assert runs == ["ran", "ran"]


def test_a_function_that_was_replaced_answers_for_itself_only(db: Engine) -> None:
    @db.query(name="answer")
    def old(ctx: Any) -> str:
        return "old"

    @db.query(name="answer")
    def new(ctx: Any) -> str:
        return "new"

    assert [old(), new(), old(), new(), db.run("answer")] == ["old", "new", "old", "new", "new"]
    assert old.live().value == "new"


# ------------------------------------------------------------------ declaring


def test_define_says_what_changed_and_nothing_when_run_again(db: Engine) -> None:
    declared = {"users": rnb.table(name=v.string()).index("by_name", "name")}

    assert repr(db.define(**declared)) == "users: created, with by_name"
    before = db.ts
    assert repr(db.define(**declared)) == "nothing changed"
    assert db.ts == before
    assert db.tables() == declared


def test_a_declaration_that_stored_documents_do_not_fit_changes_nothing(counters: Counters) -> None:
    counters.create(name="a")
    before = counters.db.ts

    with pytest.raises(SchemaMismatch, match="1 of 1 documents of counters do not fit"):
        counters.db.define(counters=rnb.table(name=v.number()), others=rnb.table())

    assert counters.db.ts == before
    assert list(counters.db.tables()) == ["counters"]


def test_a_dropped_table_is_gone_and_can_come_back(counters: Counters) -> None:
    counters.create(name="a")

    counters.db.drop("counters")

    assert counters.total() == 0
    assert counters.db.tables() == {}
    with pytest.raises(UnknownTable):
        counters.db.drop("counters")
    counters.db.define(counters=rnb.table())
    assert counters.db.table_counts() == {"counters": 0}


# ------------------------------------------------------------------ transactions


def test_a_block_is_one_transaction(counters: Counters) -> None:
    db = counters.db
    before = db.ts

    with db.transaction() as tx:
        id = counters.create(tx, name="a")
        counters.add(tx, id)
        tx.db.patch(id, {"n": 10 + tx.db.get(id)["n"]})
        assert counters.total() == 0

    assert (counters.total(), db.ts) == (11, before + 1)
    assert db.commits(1)[0].function == "transaction"


def test_a_block_that_raises_writes_nothing(counters: Counters) -> None:
    with pytest.raises(ZeroDivisionError), counters.db.transaction() as tx:  # noqa: PT012 - after its first write
        counters.create(tx, name="a")
        1 / 0  # noqa: B018

    assert counters.db.table_counts() == {"counters": 0}


def test_a_block_that_was_overtaken_says_by_whom(counters: Counters) -> None:
    db = counters.db
    id = counters.create(name="a")

    with pytest.raises(ConflictError) as refused, db.transaction() as tx:  # noqa: PT012 - it raises at its end
        tx.db.patch(id, {"n": tx.db.get(id)["n"] + 1})
        counters.add(id, by=5)

    error: Any = refused.value
    assert str(error) == (
        f"Cannot commit the transaction block: add (commit {db.ts}) changed counters in the range "
        f"counters.by_id[_id = {id!r}] that "
        "this transaction had read. Expected no other commit to what it read between its start and its end. "
        "Run it again; if it happens often, read less, or write to the same document from fewer places."
    )
    assert (error.table, error.index, error.other) == ("counters", "by_id", db.commits(1)[0])
    assert counters.total() == 5


def test_a_context_refuses_after_its_block(counters: Counters) -> None:
    with counters.db.transaction() as tx:
        pass

    with pytest.raises(ReactiveError, match="its function or block has ended"):
        tx.db.query("counters")


# ------------------------------------------------------------------ many threads


class CountingLog(MemoryLog):
    """A log that counts its appends, and holds the first one until the test lets it go on."""

    def __init__(self) -> None:
        super().__init__()
        self.appends = 0
        self.first_entered = threading.Event()
        self.first_may_go = threading.Event()

    def append(self, payloads: Sequence[bytes], expected_head: int) -> int:
        self.appends += 1
        if self.appends == 1:
            self.first_entered.set()
            self.first_may_go.wait()
        return super().append(payloads, expected_head)


def test_commits_that_wait_together_share_an_append() -> None:
    log = CountingLog()
    with Engine(None, NotebookSurface(), log=log) as db:
        log.first_may_go.set()
        db.define(notes=rnb.table())
        log.first_may_go.clear()
        log.appends = 0

        @db.mutation
        def note(ctx: Any, n: int) -> None:
            ctx.db.insert("notes", {"n": n})

        futures = [note.submit(n) for n in range(12)]
        log.first_entered.wait()
        while len(db._queue._waiting) < 11:
            pass
        log.first_may_go.set()
        for future in futures:
            future.result()

        assert db.table_counts() == {"notes": 12}
        assert log.appends == 2
        db.check()


def test_no_increment_is_lost_between_threads(counters: Counters) -> None:
    id = counters.create(name="a")

    futures = [counters.add.submit(id) for _ in range(60)]

    assert sorted(future.result() for future in futures) == list(range(1, 61))
    assert counters.total() == 60


def test_a_mutation_that_keeps_losing_gets_a_turn(counters: Counters) -> None:
    # Each of its first two attempts is overtaken on purpose; from the third on others wait for it.
    id = counters.create(name="a")
    attempts: list[int] = []

    @counters.db.mutation
    def slow(ctx: Any) -> None:
        n = ctx.db.get(id)["n"]
        attempts.append(n)
        if len(attempts) <= 2:
            counters.add.submit(id).result()
        ctx.db.patch(id, {"n": n + 100})

    slow()

    assert attempts == [0, 1, 2]
    assert counters.total() == 102


def test_a_mutation_overtaken_at_every_attempt_gives_up_and_says_so(
    counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reactive_nb.engine.commit_queue.TURN_SECONDS", 0.001)
    id = counters.create(name="a")

    @counters.db.mutation
    def hopeless(ctx: Any) -> None:
        n = ctx.db.get(id)["n"]
        counters.add.submit(id).result()
        ctx.db.patch(id, {"n": n + 100})

    with pytest.raises(
        ConflictError, match=r"Cannot commit hopeless: add \(commit \d+\) changed counters .* at each of 5 att"
    ):
        hopeless()

    assert counters.total() == 5


# ------------------------------------------------------------------ the end


def test_closing_again_does_nothing(db: Engine) -> None:
    db.close()
    db.close()

    assert db.closed
    assert repr(db) == "<reactive_nb database in memory, closed>"


USES: dict[str, Callable[[Counters], object]] = {
    "call": lambda c: c.total(),
    "mutate": lambda c: c.create(name="b"),
    "run": lambda c: c.db.run("total"),
    "submit": lambda c: c.total.submit(),
    "live": lambda c: c.total.live(),
    "read": lambda c: c.db.read(lambda ctx: None),
    "transaction": lambda c: c.db.transaction().__enter__(),
    "define": lambda c: c.db.define(t=rnb.table()),
    "drop": lambda c: c.db.drop("counters"),
    "register": lambda c: c.db.query(lambda ctx: None),
    "at": lambda c: c.db.at(0),
    "settle": lambda c: c.db.settle(),
    "fold": lambda c: c.db.fold(),
    "listen": lambda c: c.db.on_transition(print),
}


@pytest.mark.parametrize("use", USES.values(), ids=list(USES))
def test_after_its_end_every_use_is_refused_in_four_facts(
    counters: Counters, use: Callable[[Counters], object]
) -> None:
    counters.db.close()

    with pytest.raises(DatabaseClosed) as refused:
        use(counters)

    assert str(refused.value) == (
        "Cannot use the database: it was closed. Expected an open database. Open it again with rnb.connect(...)."
    )


def test_a_transaction_block_that_outlives_its_database_does_not_commit(counters: Counters) -> None:
    with pytest.raises(DatabaseClosed), counters.db.transaction() as tx:  # noqa: PT012 - it raises at its end
        counters.create(tx, name="a")
        counters.db.close()

    assert counters.db.table_counts() == {"counters": 0}


def test_closing_ends_the_thread_and_the_live_results(counters: Counters) -> None:
    live = counters.total.live()
    before = threading.active_count()

    counters.db.close()

    assert (live.state, live.value) == ("closed", 0)
    assert threading.active_count() == before - 1
    assert counters.db not in open_engines()


def test_a_listener_cannot_close_or_settle(counters: Counters) -> None:
    refused: list[str] = []

    def listen(_: object) -> None:
        for use in (counters.db.close, counters.db.settle):
            try:
                use()
            except NestedCallError as error:
                refused.append(str(error))

    live = counters.total.live()
    live.observe(listen, "value")
    counters.add(counters.create(name="a"))
    counters.db.settle()

    assert not counters.db.closed
    assert refused == [
        (
            "Cannot close the database: it is called by a listener of a live result, by an action, or by a function that was submitted. "
            "Expected a call from a cell or another thread. Close it from the code that opened it."
        ),
        (
            "Cannot settle: it is called by a listener of a live result, which settling would wait for. "
            "Expected a call from a cell or another thread. "
            "Live results are brought up to date by themselves; leave the call out."
        ),
    ]


def test_the_newest_commits_say_who_wrote(counters: Counters) -> None:
    counters.create(name="a")

    assert [(commit.ts, commit.function) for commit in counters.db.commits(2)] == [(1, "define"), (2, "create")]
    assert repr(counters.db) == "<reactive_nb database in memory, commit 2>"


def test_two_engines_on_one_log_see_each_other(connect: Connect) -> None:
    log = MemoryLog()
    with Engine(None, NotebookSurface(), log=log) as here:
        first = Counters(here)
        id = first.create(name="a")
        with Engine(None, NotebookSurface(), log=log) as there:
            second = Counters(there)

            assert (first.add(id), second.add(id), first.add(id)) == (1, 2, 3)
            here.check()
            there.check()
