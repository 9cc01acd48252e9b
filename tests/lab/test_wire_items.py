"""The golden items of the lists jobs, log and graph, as tests/wire/items.json has them.

Here the kernel's side is held to it; labextension/tests/items.test.mjs has the page draw the same. With
REACTIVE_NB_GOLDEN=1 the file is written anew.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.panel import graph, jobs, log
from reactive_nb.testing import FakeClock

GOLDEN = Path(__file__).parents[1] / "wire/items.json"


def listed(db: Engine, clock: FakeClock) -> dict[str, Any]:
    """Return the items of a small database in which a bit of everything has happened."""
    db.define(tasks=rnb.table(title=v.string(), points=v.optional(v.int64())).index("by_points", "points"))

    @db.mutation
    def add(ctx: Any, title: str, points: int) -> str:
        if points > 9:
            raise ValueError("too many points")
        return str(ctx.db.insert("tasks", {"title": title, "points": points}))

    @db.query
    def hard(ctx: Any, points: int) -> list[Any]:
        found: list[Any] = ctx.db.query("tasks").with_index("by_points", lambda q: q.gte("points", points)).collect()
        return found

    live = hard.live(points=5)
    add("write", 8)
    db.crons.interval("tidy", timedelta(minutes=1), add, title="from a cron", points=1)
    db.settle()
    db.scheduler.run_after(timedelta(seconds=20), add, title="to fail", points=10)
    later = db.scheduler.run_after(timedelta(minutes=9), add, title="later", points=2)
    for seconds in (20, 40):  # one after the other: what is due at the same moment runs side by side
        clock.advance(timedelta(seconds=seconds))
        db.settle()
    edit = db.write(lambda ctx: ctx.db.patch(ctx.db.query("tasks").first()["_id"], {"title": "edited"}), "edit")
    assert edit is None
    db.settle()
    found = {"jobs": jobs.items(db, None), "log": log.items(db, None), "graph": graph.items(db, None)}
    # Of attempts, and of how long anything took, a clock tells that no test moves.
    found["log"] = {key: item for key, item in found["log"].items() if item["kind"] == "commit"}
    lists = {what: [[key, item] for key, item in items.items()] for what, items in found.items()}
    told = {**lists, "detail": log.detail(db, f"c{db.ts}")}
    assert later in found["jobs"]
    for ran in told["detail"]["ran"]:
        ran["ms"] = 1.5
    for node in told["graph"]:
        node[1]["live"] = None if node[1]["live"] is None else "l1"  # they are counted through the whole process
    live.close()
    return json.loads(json.dumps(told))  # type: ignore[no-any-return]


@pytest.fixture
def items(db: Engine, clock: FakeClock) -> dict[str, Any]:
    return listed(db, clock)


def test_the_kernel_lists_what_the_golden_items_say(items: dict[str, Any]) -> None:
    if os.environ.get("REACTIVE_NB_GOLDEN") == "1":
        GOLDEN.write_text(json.dumps(items, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    assert items == json.loads(GOLDEN.read_text(encoding="utf-8"))
