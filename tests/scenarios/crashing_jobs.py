"""A process that schedules jobs and runs them until all are over, for `test_job_crash.py` to kill.

It says each thing on a line: `opening`, `open`, `7` when job 7 is being run, `over` when nothing is left. What job n
does is a pure function of n (`nature`), and so is its child. What a mutation does stands in the database; what an
action does stands in the file `actions` beside it, where each begins and ends with a line of its own.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import sys
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import folder

PLANNED = 1000
AT_ONCE = 50  # jobs that one mutation plans
CHILD = 100_000  # the child of job n is job CHILD + n
FOLD_AFTER_CHANGES = 300  # in half of the processes
WATCHDOG_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Nature:
    """What a job does.

    Attributes:
        kind: "mutation", "plain" or "async"; the last two are actions.
        fails: Whether it raises, after everything else that it does.
        child: Whether it schedules another job.
        is_cancelled: Whether the mutation that comes after the one that planned it cancels it.
        delay_ms: How long after being planned it is due.
    """

    kind: str
    fails: bool
    child: bool
    is_cancelled: bool
    delay_ms: int


def nature(n: int) -> Nature:
    """Return what job `n` does; a child has no child."""
    chance = Random(f"job {n}")
    return Nature(
        kind=chance.choice(("mutation", "plain", "async")),
        fails=chance.random() < 0.1,
        child=chance.random() < 0.25 and n < CHILD,
        is_cancelled=chance.random() < 0.1 and n < CHILD,
        delay_ms=chance.choice((0, 0, 0, 20, 200)),
    )


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # one write, so lines of several threads never mix


def main(path: str, seed: int) -> None:
    faulthandler.dump_traceback_later(WATCHDOG_SECONDS, exit=True)  # a deadlock ends it, and says where
    if Random(seed).random() < 0.5:
        folder.FOLD_AFTER_CHANGES = FOLD_AFTER_CHANGES
    actions = os.open(Path(path).with_name("actions"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def log(line: str) -> None:
        os.write(actions, f"{line}\n".encode())

    say("opening")
    db = rnb.connect(path)
    say("open")
    if "effects" not in db.tables():
        db.define(
            effects=rnb.table(n=v.int64()).index("by_n", "n"),
            plans=rnb.table(first=v.int64(), jobs=v.array(v.string())),
            cancels=rnb.table(n=v.int64(), found=v.string()),
        )

    def schedule(ctx: Any, n: int, delay_ms: int) -> str:
        delay = timedelta(milliseconds=delay_ms)
        return ctx.scheduler.run_after(delay, functions[nature(n).kind], n=n)

    @db.mutation
    def effect(ctx: Any, n: int) -> None:
        say(str(n))
        ctx.db.insert("effects", {"n": n})
        if nature(n).child:
            schedule(ctx, CHILD + n, 0)
        if nature(n).fails:
            raise ValueError(f"job {n} fails")

    @db.action
    def act(ctx: Any, n: int) -> None:
        say(str(n))
        log(f"begin {n}")
        os.fsync(actions)  # takes its time
        if nature(n).child:
            schedule(ctx, CHILD + n, 0)
            log(f"child {n}")
        if nature(n).fails:
            raise ValueError(f"job {n} fails")
        log(f"end {n}")

    @db.action
    async def act_async(ctx: Any, n: int) -> None:
        say(str(n))
        log(f"begin {n}")
        await asyncio.to_thread(os.fsync, actions)
        if nature(n).child:
            schedule(ctx, CHILD + n, 0)
            log(f"child {n}")
        if nature(n).fails:
            raise ValueError(f"job {n} fails")
        log(f"end {n}")

    functions = {"mutation": effect, "plain": act, "async": act_async}

    @db.query
    def unfinished(ctx: Any) -> int:
        return sum(
            ctx.db.system.query("_scheduled_functions").with_index("by_function", **{"state.kind": kind}).count()
            for kind in ("pending", "inProgress")
        )

    def cancel(ctx: Any, plan: dict[str, Any]) -> None:
        """Cancel those of a plan that are to be cancelled, and note what state they were in."""
        for n, id in enumerate(plan["jobs"], plan["first"]):
            if nature(n).is_cancelled:
                ctx.db.insert("cancels", {"n": n, "found": ctx.db.system.get(id)["state"]["kind"]})
                ctx.scheduler.cancel(id)

    @db.mutation
    def plan_more(ctx: Any) -> bool:
        """Plan some jobs, and cancel some of those before; return whether there is more to plan."""
        last = ctx.db.query("plans").order("desc").first()
        first = 0 if last is None else last["first"] + AT_ONCE
        if first > PLANNED:  # the plan of no jobs is there
            return False
        if last is not None:
            cancel(ctx, last)
        jobs = [schedule(ctx, n, nature(n).delay_ms) for n in range(first, min(first + AT_ONCE, PLANNED))]
        ctx.db.insert("plans", {"first": first, "jobs": jobs})
        return True

    while plan_more():
        pass
    over = threading.Event()
    live = unfinished.live()
    live.observe(lambda change: over.set() if change["new"] == 0 else None, "value")
    if live.value != 0:
        over.wait()
    db.close()
    say("over")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
