"""Many threads on one database: no update is lost, no moment is mixed, nobody waits for ever."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.engine.roster import open_engines
from reactive_nb.errors import ConflictError, DatabaseClosed, TransactionClosed
from tests.scenarios.races import together

SEED = 20250117
THREADS = 16

pytestmark = pytest.mark.slow

Connect = Callable[..., Engine]


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """Threads take turns every ten microseconds instead of every five milliseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(params=["memory", "file"])
def db(request: pytest.FixtureRequest, connect: Connect, tmp_path: Path) -> Engine:
    return connect(tmp_path / "x.duckdb" if request.param == "file" else None)


# ------------------------------------------------------------------ read, modify, write


def test_sixteen_threads_that_count_in_ten_documents_lose_no_update(db: Engine) -> None:
    steps = 400
    db.define(counters=rnb.table(n=v.int64()))

    @db.mutation
    def create(ctx: Any) -> list[str]:
        return [ctx.db.insert("counters", {"n": 0}) for _ in range(10)]

    @db.mutation
    def count(ctx: Any, counter: rnb.Id["counters"]) -> None:
        ctx.db.patch(counter, {"n": ctx.db.get(counter)["n"] + 1})

    counters = create()
    succeeded, conflicts = [0] * THREADS, [0] * THREADS

    def work(me: int) -> None:
        chance = Random(f"{SEED} {me}")
        for _ in range(steps):
            counter = chance.choice(counters)
            try:
                if chance.random() < 0.7:
                    count(counter=counter)
                else:
                    with db.transaction() as tx:
                        tx.db.patch(counter, {"n": tx.db.get(counter)["n"] + 1})
            except ConflictError:
                conflicts[me] += 1
            else:
                succeeded[me] += 1

    together([partial(work, me) for me in range(THREADS)])

    assert sum(succeeded) + sum(conflicts) == THREADS * steps
    found = db.read(lambda ctx: [each["n"] for each in ctx.db.query("counters")])
    assert sum(found) == sum(succeeded)
    assert sum(conflicts) < sum(succeeded)
    db.check()


def test_a_mutation_comes_through_however_many_compete_for_one_document(db: Engine) -> None:
    with db.transaction() as tx:
        counter = tx.db.insert("counters", {"n": 0})

    @db.mutation
    def count(ctx: Any) -> None:
        ctx.db.patch(counter, {"n": ctx.db.get(counter)["n"] + 1})

    together([lambda: [count() for _ in range(40)]] * THREADS)

    assert db.read(lambda ctx: ctx.db.get(counter))["n"] == 40 * THREADS


# ------------------------------------------------------------------ models


def test_threads_that_claim_names_never_share_one(db: Engine) -> None:
    """State: no names. Step: claim a free one, seen by a scan of the index. Invariant: each name once."""
    db.define(claims=rnb.table(name=v.int64(), owner=v.int64()).index("by_name", "name"))

    @db.mutation
    def claim(ctx: Any, owner: int) -> int:
        name = 0
        for taken in ctx.db.query("claims").with_index("by_name"):
            if taken["name"] != name:
                break
            name += 1
        ctx.db.insert("claims", {"name": name, "owner": owner})
        return name

    @db.mutation
    def give_back(ctx: Any, name: int, owner: int) -> None:
        found = ctx.db.query("claims").with_index("by_name", name=name).unique()
        assert found["owner"] == owner
        ctx.db.delete(found["_id"])

    def work(owner: int) -> None:
        chance = Random(f"{SEED} {owner}")
        mine: list[int] = []
        for _ in range(40):
            if mine and chance.random() < 0.6:
                give_back(name=mine.pop(), owner=owner)
            else:
                mine.append(claim(owner=owner))

    together([partial(work, owner) for owner in range(6)])

    names = db.read(lambda ctx: [each["name"] for each in ctx.db.query("claims")])
    assert len(names) == len(set(names))
    db.check()


def test_two_who_each_look_at_both_never_both_leave(db: Engine) -> None:
    """State: both on call. Step: leave if the other stays, or come back. Invariant: somebody is on call (write skew)."""
    with db.transaction() as tx:
        doctors = [tx.db.insert("doctors", {"on_call": True}) for _ in range(2)]

    @db.mutation
    def step(ctx: Any, me: int) -> None:
        others = [ctx.db.get(doctor)["on_call"] for place, doctor in enumerate(doctors) if place != me]
        ctx.db.patch(doctors[me], {"on_call": not (ctx.db.get(doctors[me])["on_call"] and any(others))})

    def look() -> None:
        for _ in range(300):
            assert any(db.read(lambda ctx: [each["on_call"] for each in ctx.db.query("doctors")]))

    together([lambda: [step(me=0) for _ in range(150)], lambda: [step(me=1) for _ in range(150)], look])


# ------------------------------------------------------------------ live results meanwhile


def test_while_threads_transfer_every_moment_shows_one_total_and_moments_only_go_forward(db: Engine) -> None:
    """State: accounts on two sides. Step: move money. Invariant: the results shown together add up (invariant 4)."""
    db.define(accounts=rnb.table(side=v.string(), money=v.int64()).index("by_side", "side"))
    with db.transaction() as tx:
        accounts = [tx.db.insert("accounts", {"side": side, "money": 100}) for side in "ab" for _ in range(5)]

    @db.mutation
    def transfer(ctx: Any, source: rnb.Id["accounts"], target: rnb.Id["accounts"], money: int) -> None:
        ctx.db.patch(source, {"money": ctx.db.get(source)["money"] - money})
        ctx.db.patch(target, {"money": ctx.db.get(target)["money"] + money})

    @db.query
    def side_sum(ctx: Any, side: str) -> int:
        return ctx.db.query("accounts").with_index("by_side", side=side).sum("money")

    @db.query
    def balance(ctx: Any, account: rnb.Id["accounts"]) -> int:
        return ctx.db.get(account)["money"]

    sides = [side_sum.live(side=side) for side in "ab"]
    balances = [balance.live(account=account) for account in accounts]
    moments: list[tuple[int, bool, int, int]] = []
    observed: list[int] = []

    def note(moment: Any) -> None:
        changed = any(live in sides or live in balances for live in moment.lives)
        totals = sum(side.value for side in sides), sum(each.value for each in balances)
        moments.append((moment.ts, changed, *totals))

    db.on_transition(note)
    sides[0].observe(lambda _: observed.append(sides[0].value + sides[1].value), "value")

    def work(me: int) -> None:
        chance = Random(f"{SEED} {me}")
        for _ in range(200):
            source, target = chance.sample(accounts, 2)
            transfer(source=source, target=target, money=chance.randint(1, 50))

    def come_and_go() -> None:
        for side in "abab" * 15:
            with side_sum.live(side=side) as shown:
                db.settle()
                assert shown.error is None

    together([*(partial(work, me) for me in range(6)), come_and_go])
    db.settle()

    assert {total for *_, total, _ in moments} == {total for *_, total in moments} == set(observed) == {1000}
    stamps = [ts for ts, *_ in moments]
    assert stamps == sorted(stamps)
    changed = [ts for ts, changed, *_ in moments if changed]  # the other moments only brought newcomers their results
    assert len(changed) > 1
    assert changed == sorted(set(changed))
    assert [each.value for each in balances] == [db.run("balance", account=account) for account in accounts]
    db.check()


def test_a_result_pushed_at_a_moment_is_what_the_query_gives_at_that_commit(db: Engine) -> None:
    """Invariant 2, with writers that do not wait."""

    @db.query
    def newest(ctx: Any) -> list[int]:
        return [each["n"] for each in ctx.db.query("log").order("desc").take(3)]

    @db.mutation
    def write(ctx: Any, n: int) -> None:
        ctx.db.insert("log", {"n": n})

    pushed: list[tuple[int, list[int]]] = []
    live = newest.live()
    db.on_transition(lambda moment: pushed.append((moment.ts, live.value)))

    together([lambda me=me: [write(n=me * 1000 + i) for i in range(200)] for me in range(4)])  # type: ignore[misc]
    db.settle()

    # The last commit may have changed nothing here: its document is older than three that were committed before it.
    assert live.value == newest()
    assert all(db.at(ts).run(newest) == value for ts, value in pushed)


# ------------------------------------------------------------------ declaring, folding, closing meanwhile


def declaration(number: int) -> rnb.Table:
    return rnb.table(owner=v.int64(), n=v.int64()).index("by_owner", "owner").index(f"by_n_{number % 2}", "n")


def test_commits_go_on_while_others_declare_fold_and_look(connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    db = connect(path)
    db.define(items=declaration(0))
    conflicts = [0]

    @db.mutation
    def replace_own(ctx: Any, owner: int, n: int) -> None:
        for each in ctx.db.query("items").with_index("by_owner", owner=owner):
            ctx.db.delete(each["_id"])
        for _ in range(3):
            ctx.db.insert("items", {"owner": owner, "n": n})

    @db.query
    def own(ctx: Any, owner: int) -> list[int]:
        return [each["n"] for each in ctx.db.query("items").with_index("by_owner", owner=owner)]

    lives = [own.live(owner=owner) for owner in range(4)]

    def write(owner: int) -> None:
        for n in range(60):
            replace_own(owner=owner, n=n)
            assert own(owner=owner) == [n] * 3

    def declare() -> None:
        for number in range(30):
            try:
                db.define(items=declaration(number))
            except ConflictError:
                conflicts[0] += 1

    def fold() -> None:
        for _ in range(10):
            db.fold()

    together([*(partial(write, owner) for owner in range(4)), declare, fold, fold])
    db.settle()

    assert [live.value for live in lives] == [[59] * 3] * 4
    assert conflicts[0] < 30
    db.check()
    db.close()
    with duckdb.connect(path, read_only=True) as plain:
        assert plain.execute("SELECT owner, n, count(*) FROM items GROUP BY ALL ORDER BY ALL").fetchall() == [
            (owner, 59, 3) for owner in range(4)
        ]


@pytest.mark.parametrize("round_number", range(8))
def test_a_close_keeps_what_was_acknowledged_and_refuses_the_rest(
    connect: Connect, tmp_path: Path, round_number: int
) -> None:
    path = tmp_path / "x.duckdb"
    db = connect(path)

    @db.mutation
    def write(ctx: Any, n: int) -> None:
        ctx.db.insert("items", {"n": n})

    @db.query
    def count(ctx: Any) -> int:
        return ctx.db.query("items").count()

    shown = count.live()
    acknowledged: list[int] = []
    enough = threading.Semaphore(0)

    def work(me: int) -> None:
        n = me
        while True:
            try:
                write(n=n)
            except (DatabaseClosed, TransactionClosed):
                return
            acknowledged.append(n)
            enough.release()
            n += THREADS

    def close() -> None:
        for _ in range(20 * round_number):
            enough.acquire()
        db.close()

    def open_again() -> None:
        # Whoever opens the file while it is being closed waits, and finds everything.
        while not db.closed:
            enough.acquire(timeout=0.001)
        before = set(acknowledged)
        again = connect(path)
        assert again is not db
        assert before <= set(again.read(lambda ctx: [each["n"] for each in ctx.db.query("items")]))

    def fold() -> None:
        with contextlib.suppress(DatabaseClosed):
            db.fold()

    together([*(partial(work, me) for me in range(6)), close, fold, open_again])

    again = connect(path)
    found = again.read(lambda ctx: [each["n"] for each in ctx.db.query("items")])
    assert sorted(found) == sorted(acknowledged)
    assert shown.state == "closed"
    again.check()


def test_a_fold_and_the_first_use_of_a_table_do_not_wait_for_each_other(connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    with rnb.connect(path) as db, db.transaction() as tx:
        for n in range(2000):
            tx.db.insert("large", {"n": n})

    for _ in range(10):
        with rnb.connect(path) as db:
            with db.transaction() as tx:
                tx.db.insert("small", {})

            def use(db: Engine = db) -> None:
                with db.transaction() as tx:
                    tx.db.insert("large", {"n": -1})

            together([use, db.fold])

    with rnb.connect(path) as db:
        assert db.table_counts() == {"large": 2010, "small": 10}


def test_databases_that_are_opened_and_closed_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    in_memory = [rnb.connect() for _ in range(300)]

    def open_and_close(me: int) -> None:
        for n in range(5):
            with rnb.connect(tmp_path / f"{me}.duckdb") as db, db.transaction() as tx:
                tx.db.insert("items", {"n": n})

    def look() -> None:
        while any(not each.closed for each in in_memory):
            open_engines()

    together([lambda: [each.close() for each in in_memory], look, *(partial(open_and_close, me) for me in range(3))])

    for me in range(3):
        with rnb.connect(tmp_path / f"{me}.duckdb") as db:
            assert db.read(lambda ctx: [each["n"] for each in ctx.db.query("items")]) == list(range(5))
