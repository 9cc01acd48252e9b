"""Changes by SQL and frames, killed again and again while they and folds are under way (invariant 5)."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

import reactive_nb as rnb
from reactive_nb.tables.check import check
from tests.scenarios.changing import FIELDS, State, after, document

PROJECT = Path(__file__).parents[2]
NAME = "x.duckdb"
KILLS = 10
BUSY = 400_000  # steps; about as long as a change and a fold
SEED = 20261121


def run_and_kill(path: Path, first: int, chance: Random) -> tuple[int, int]:
    """Let a process write on from a step and kill it; return its last acknowledged step, and how many folds were over."""
    command = [sys.executable, "-m", "tests.scenarios.changing", str(path), str(first)]
    last, folds = first, 0
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        lines = [writer.stdout.readline() for _ in range(chance.randint(0, 30))]
        for _ in range(chance.randrange(BUSY)):
            pass
        writer.kill()
        for line in [*lines, *writer.stdout]:
            if line == "folded\n":
                folds += 1
            else:
                last += 1
                assert line == f"{last}\n"
    assert writer.returncode == -signal.SIGKILL, "it ended by itself; its output says why"
    return last, folds


def assert_whole(folder: Path, last: int, state: State) -> tuple[int, State]:
    """Assert that a copy of the files holds every acknowledged step, or the next one too; return which, and what it holds."""
    report = check(folder / NAME)
    assert report.problems == ()
    with rnb.connect(folder / NAME) as db:
        db.check()
        found: list[dict[str, Any]] = db.read(lambda ctx: ctx.db.query("items").collect())
    for each in found:
        own = {name: value for name, value in each.items() if name[0] != "_"}
        assert own == document(each["place"], each["value"])
    holds = {each["place"]: each["value"] for each in found}
    assert len(holds) == len(found)
    if holds != state:
        last, state = last + 1, after(last + 1, state)
    assert holds == state, f"after step {last}"
    assert_plain_duckdb(folder, found)
    return last, state


def assert_plain_duckdb(folder: Path, documents: list[dict[str, Any]]) -> None:
    """Assert that the closed file stands alone, and that its typed table is the documents."""
    assert [each.name for each in folder.iterdir()] == [NAME]
    names = ["_id", "_creationTime", "place", *FIELDS]
    with duckdb.connect(folder / NAME, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = connection.execute("SELECT * REPLACE (rest->>'value' AS rest) FROM items ORDER BY _id").fetchall()
    shown = [
        {**each, "size": {"y": None, **each["size"]}, "rest": str(each["rest"]["value"])}
        for each in sorted(documents, key=lambda each: str(each["_id"]))
    ]
    assert rows == [tuple(each.get(name) for name in names) for each in shown]


@pytest.mark.slow
def test_every_acknowledged_change_by_sql_and_frames_is_there_and_whole_after_each_kill(tmp_path: Path) -> None:
    chance = Random(SEED)
    home = tmp_path / "home"
    home.mkdir()
    step, folds = 0, 0
    state: State = {}

    for number in range(KILLS):
        last, folded = run_and_kill(home / NAME, step, chance)
        folds += folded
        for done in range(step + 1, last + 1):
            state = after(done, state)
        # The next process gets the files as this one has left them; what is looked at is a copy.
        copy = tmp_path / str(number)
        shutil.copytree(home, copy)
        step, state = assert_whole(copy, last, state)

    assert step > 5 * KILLS
    assert folds > KILLS
