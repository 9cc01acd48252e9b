"""A process that presses Ctrl-C on itself while it uses a database, for `test_interrupts.py` to run.

`points` presses it at each point of one operation in turn: Python looks for signals when a Python function begins and
when a C function returns, and a profile function is called at just these moments. `thread` presses it from another
thread, at moments that nobody chose. After each one everything must hold, and other threads must get through. `many`
does so while one statement of SQL changes many documents.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import duckdb

import reactive_nb as rnb
from reactive_nb import v

WATCHDOG_SECONDS = 100
NEVER = 1 << 60
ROUNDS = 500  # of `thread`
MANY = 20_000  # documents


@dataclass
class Pressed:
    """Presses Ctrl-C at the given point, while it is the profile function of the main thread."""

    at: int
    points: int = 0

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        if event in ("call", "c_return"):
            self.points += 1
            if self.points == self.at:
                signal.raise_signal(signal.SIGINT)


@dataclass
class Ledger:
    """A database, what was asked of it and what it acknowledged.

    Attributes:
        unsure: The numbers whose writing was interrupted: each is there or not.
        pending: What was submitted. It is waited for elsewhere: a `Future` cannot bear Ctrl-C while it waits.
    """

    db: Any
    path: Path
    number: int = 0
    acknowledged: set[int] = field(default_factory=set)
    unsure: set[int] = field(default_factory=set)
    pending: dict[int, Future[Any]] = field(default_factory=dict)

    def declare(self) -> None:
        self.db.mutation(write)
        self.db.query(count)

    def next(self) -> int:
        self.number += 1
        self.unsure.add(self.number)
        return self.number

    def acknowledge(self, number: int) -> None:
        self.acknowledged.add(number)
        self.unsure.discard(number)

    def check(self) -> None:
        """Assert that the database holds what it acknowledged, also for another thread, which can still write."""
        failures: list[BaseException] = []
        assert gc.isenabled()

        def elsewhere() -> None:
            try:
                for number, future in self.pending.items():
                    future.result()
                    self.acknowledge(number)
                self.pending.clear()
                number = self.next()
                self.db.run("write", n=number)
                self.acknowledge(number)
                self.db.settle()
                self.db.check()
                found = self.db.read(numbers)
                assert len(found) == len(set(found))
                assert self.acknowledged <= set(found) <= self.acknowledged | self.unsure
                self.acknowledged = set(found)  # what is there now must stay
                self.unsure -= self.acknowledged
            except BaseException as error:  # noqa: BLE001 - raised again below
                failures.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        if failures:
            raise failures[0]


def write(ctx: Any, n: int) -> None:
    ctx.db.insert("pairs", {"n": n})
    ctx.db.insert("pairs", {"n": n})


def numbers(ctx: Any) -> list[int]:
    """Return the numbers in the table, each of which must be there twice."""
    found = sorted([each["n"] for each in ctx.db.query("pairs").collect()])
    assert found[::2] == found[1::2]
    return found[::2]


def count(ctx: Any) -> int:
    """Return how many there are; in as many points however many, or a point would run away from who looks for it."""
    return len(numbers(ctx))


def table(index: str) -> rnb.Table:
    return rnb.table(n=v.int64()).index(index, "n")


# ------------------------------------------------------------------ what is interrupted


def commit(ledger: Ledger) -> None:
    number = ledger.next()
    ledger.db.run("write", n=number)
    ledger.acknowledge(number)


def block(ledger: Ledger) -> None:
    number = ledger.next()
    with ledger.db.transaction() as tx:
        write(tx, number)
    ledger.acknowledge(number)


def submit(ledger: Ledger) -> None:
    number = ledger.next()
    ledger.pending[number] = ledger.db.submit(ledger.db.find("write"), {"n": number})


def change(ledger: Ledger) -> None:
    number = ledger.next()
    ledger.db.sql("INSERT INTO pairs (n) SELECT $n FROM range(2)", n=number)
    ledger.acknowledge(number)


def query(ledger: Ledger) -> None:
    ledger.db.run("count")
    ledger.db.run("count")


def live(ledger: Ledger) -> None:
    with ledger.db.find("count").live() as shown:
        commit(ledger)
        ledger.db.settle()
        assert shown.value == ledger.db.run("count")


def define(ledger: Ledger) -> None:
    (index,) = ledger.db.tables()["pairs"].indexes
    ledger.db.define(pairs=table("by_n" if index.name == "by_number" else "by_number"))


def fold(ledger: Ledger) -> None:
    commit(ledger)
    ledger.db.fold()


def reopen(ledger: Ledger) -> None:
    commit(ledger)
    ledger.db.close()
    ledger.db = rnb.connect(ledger.path)


OPERATIONS: dict[str, Callable[[Ledger], None]] = {
    each.__name__: each for each in (commit, block, submit, change, query, live, define, fold, reopen)
}


def interrupted(operation: Callable[[Ledger], None], ledger: Ledger, at: int) -> Pressed:
    """Do an operation with Ctrl-C at one of its points."""
    pressed = Pressed(at)
    sys.setprofile(pressed)
    try:
        operation(ledger)
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(None)
    return pressed


def run_again(ledger: Ledger) -> None:
    """Do what a user would do after an interrupted close or opening: close it, and run the first cell again."""
    ledger.db.close()
    rnb.connect(ledger.path).close()
    assert [each.name for each in ledger.path.parent.iterdir()] == [ledger.path.name]
    # DuckDB refuses another mode while anything in this process holds the file.
    duckdb.connect(ledger.path, read_only=True).close()
    ledger.db = rnb.connect(ledger.path)
    ledger.declare()


def points(name: str, limit: int, ledger: Ledger) -> int:
    operation = OPERATIONS[name]
    for _ in range(2):  # the first time loads modules and fills caches
        count = interrupted(operation, ledger, NEVER).points
        ledger.declare()
    chosen = range(1, count + 1) if count <= limit else sorted(Random(name).sample(range(1, count + 1), limit))
    for at in chosen:
        try:
            interrupted(operation, ledger, at)
            if operation is reopen:
                run_again(ledger)
            ledger.check()
        except BaseException as error:
            error.add_note(f"{name} was interrupted at point {at} of {count}")
            raise
    return len(chosen)


def thread(seed: int, ledger: Ledger) -> int:
    """Do random operations while another thread presses Ctrl-C; return how often one was interrupted."""
    chance = Random(seed)
    pressed, armed, go = 0, False, threading.Semaphore(0)

    def press(number: int, frame: object) -> None:
        nonlocal armed
        if armed:  # only within the operation: the bookkeeping of this test is not what is tested
            armed = False
            raise KeyboardInterrupt

    def presser() -> None:
        chance = Random(seed + 1)
        while True:
            go.acquire()
            for _ in range(chance.randrange(1 << chance.randrange(8, 18))):
                pass
            os.kill(os.getpid(), signal.SIGINT)

    signal.signal(signal.SIGINT, press)
    threading.Thread(target=presser, daemon=True).start()
    for _ in range(ROUNDS):
        operation = OPERATIONS[
            chance.choice(["commit", "block", "submit", "change", "query", "live", "define", "fold"])
        ]
        go.release()
        try:
            armed = True
            operation(ledger)
            armed = False
        except KeyboardInterrupt:
            pressed += 1
        if chance.random() < 0.2:
            ledger.check()
    ledger.check()
    return pressed


def many(rounds: int, ledger: Ledger) -> int:
    """Change many documents by SQL while another thread presses Ctrl-C; return how often nothing came of it."""
    chance = Random(rounds)
    db, armed, undone = ledger.db, False, 0

    def press(number: int, frame: object) -> None:
        if armed:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, press)
    db.define(many=rnb.table(n=v.int64(), text=v.string()).index("by_n", "n"))
    db.table("many").insert([{"n": 0, "text": str(number)} for number in range(MANY)])
    last = 0
    for number in range(1, rounds + 1):
        ts = db.ts
        presser = threading.Timer(chance.uniform(0, 0.6), os.kill, (os.getpid(), signal.SIGINT))
        presser.start()
        try:
            armed = True
            db.sql("UPDATE many SET n = $n, text = text || 'x'", n=number)
            armed = False
        except KeyboardInterrupt:
            armed = False
            undone += db.ts == ts
        presser.join()
        last = expected = number if db.ts > ts else last
        ((found, fewest, most),) = db.sql("SELECT count(*), min(n), max(n) FROM many").df().to_numpy().tolist()
        assert (found, fewest, most) == (MANY, expected, expected)
        assert db.read(lambda ctx: ctx.db.query("many").with_index("by_n", n=expected).count()) == MANY  # noqa: B023
    db.check()
    return undone


def main(name: str, number: int) -> None:
    faulthandler.dump_traceback_later(WATCHDOG_SECONDS, exit=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.duckdb"
        ledger = Ledger(rnb.connect(path), path)
        ledger.declare()
        ledger.db.define(pairs=table("by_n"))
        match name:
            case "thread":
                done = thread(number, ledger)
            case "many":
                done = many(number, ledger)
            case _:
                done = points(name, number, ledger)
        ledger.db.close()
        assert [each.name for each in path.parent.iterdir()] == [path.name]
        ledger.db = rnb.connect(path)
        ledger.declare()
        ledger.check()
        ledger.db.close()
    sys.stdout.write(f"{done}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
