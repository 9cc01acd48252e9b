"""Nothing piles up: not with commits, not with cells that run again, not with what was dropped."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets
import pytest
from ipywidgets.widgets import widget

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import folder
from reactive_nb.engine.engine import Engine
from reactive_nb.subscriptions.subscription import HISTORY as RUNS_REMEMBERED

LIVES = 100
HISTORY = 50
PATIENCE_SECONDS = 60

Connect = Callable[..., Engine]

pytestmark = pytest.mark.slow


def resident_bytes() -> int:
    """Return how much memory this process has, counted by the system."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except FileNotFoundError:
        pytest.skip("the memory of a process is read from /proc")
    return pages * 4096


def grown(db: Engine, commits: int, warm_up: int) -> tuple[float, float]:
    """Return what so many commits add: to the number of Python's blocks of memory, and to the bytes of the process.

    Both as ratios of what there is after `warm_up` commits; 1.0 is no growth. Documents keep their number and size.
    """
    db.define(counters=rnb.table(n=v.int64(), place=v.int64()).index("by_place", "place"))
    with db.transaction() as tx:
        counters = [tx.db.insert("counters", {"n": 0, "place": place}) for place in range(LIVES)]

    @db.mutation
    def count(ctx: Any, counter: rnb.Id["counters"]) -> None:
        ctx.db.patch(counter, {"n": ctx.db.get(counter)["n"] + 1})

    @db.query
    def at(ctx: Any, place: int) -> int:
        return ctx.db.query("counters").with_index("by_place", place=place).unique()["n"]

    lives = [at.live(place=place) for place in range(LIVES)]

    def run(commits: int) -> None:
        for done in range(commits):
            count(counter=counters[done % LIVES])
            if done % LIVES == 0:
                db.settle()  # or all commits could be taken together, and no result would fill its history of runs

    def measured() -> tuple[int, int]:
        db.settle()
        if db.path is not None:
            db.fold()
        gc.collect()
        return sys.getallocatedblocks(), resident_bytes()

    run(warm_up)
    blocks, size = measured()
    run(commits - warm_up)
    blocks_after, size_after = measured()

    assert min(live.runs for live in lives) > 2 * RUNS_REMEMBERED
    assert sum(live.value for live in lives) == commits
    return blocks_after / blocks, size_after / size


def test_a_hundred_thousand_commits_under_a_hundred_live_results_take_no_more_memory(connect: Connect) -> None:
    blocks, size = grown(connect(history=HISTORY), commits=100_000, warm_up=30_000)

    assert blocks < 1.005
    assert size < 1.1


def test_commits_to_a_file_take_no_more_memory_or_log_because_they_are_folded(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "FOLD_AFTER_CHANGES", 1000)
    db = connect(tmp_path / "x.duckdb", history=HISTORY)

    blocks, size = grown(db, commits=20_000, warm_up=10_000)

    assert blocks < 1.005
    assert size < 1.15
    assert (tmp_path / "x.duckdb.log").stat().st_size < 10_000


# ------------------------------------------------------------------ what is dropped


class Notes:
    """A database with one table, and how often its query has run.

    Attributes:
        ran: The arguments of the runs, in order.
    """

    def __init__(self, db: Engine) -> None:
        self.db = db
        self.ran: list[int] = []
        self.write = db.mutation(lambda ctx, n: ctx.db.insert("notes", {"n": n}), name="write")
        self.notes = db.query(self._notes, name="notes")
        self.write(n=0)

    def _notes(self, ctx: Any, least: int = 0) -> list[int]:
        self.ran.append(least)
        return [each["n"] for each in ctx.db.query("notes") if each["n"] >= least]


@pytest.fixture
def notes(db: Engine) -> Notes:
    return Notes(db)


def test_a_cell_that_runs_a_thousand_times_leaves_one_result_and_nothing_else(notes: Notes) -> None:
    slider = ipywidgets.IntSlider()

    def cell() -> Any:
        notes.query = notes.db.query(notes._notes, name="notes")
        live = notes.notes.live(least=slider)
        live.observe(lambda change: live.unobserve_all(), "value")  # an observer that holds what it observes
        live._repr_mimebundle_()
        return live

    def left() -> tuple[int, int, int]:
        gc.collect()
        notes.db.settle()
        return threading.active_count(), len(widget._instances), sys.getallocatedblocks()

    shown = cell()
    threads, widgets, blocks = left()
    for _ in range(1000):
        shown = cell()
    threads_after, widgets_after, blocks_after = left()

    assert notes.db.lives() == [shown]
    assert (threads_after, widgets_after) == (threads, widgets)
    assert blocks_after < blocks * 1.02
    notes.db.check()


def test_abandoned_results_run_no_more(notes: Notes) -> None:
    kept = notes.notes.live(least=0)
    abandoned = [notes.notes.live(least=least) for least in range(1, 300)]
    closed = notes.notes.live(least=500)

    abandoned.clear()
    closed.close()
    gc.collect()
    notes.db.settle()
    notes.ran.clear()
    notes.write(n=1)
    notes.db.settle()

    assert notes.ran == [0]
    assert notes.db.lives() == [kept]
    notes.db.check()


def test_databases_in_memory_that_nobody_holds_go_with_their_threads() -> None:
    def cell() -> weakref.ref[Engine]:
        notes = Notes(rnb.connect())
        notes.notes.live()
        notes.db.submit(notes.write, {"n": 1}).result()
        return weakref.ref(notes.db)

    cell()
    gc.collect()
    before = set(threading.enumerate())
    gone = [cell() for _ in range(20)]
    left = set(threading.enumerate()) - before

    for _ in range(PATIENCE_SECONDS * 10):  # a thread that is at work holds its database until it is done
        gc.collect()
        for thread in left:
            thread.join(timeout=0.1 / len(left))
        left = {thread for thread in left if thread.is_alive()}
        if not left:
            break

    assert [each() for each in gone] == [None] * 20
    assert left == set()
