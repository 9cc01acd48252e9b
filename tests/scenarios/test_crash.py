"""The whole database, killed again and again while it commits, declares, folds, opens and replays (invariant 5)."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

import reactive_nb as rnb
from tests.scenarios.crashing import DECLARATIONS, State, edits, text

PROJECT = Path(__file__).parents[2]
SERIES = 18  # ends with a look at the file
KILLS = 3  # in a row in each series, so that what one crash left is opened, and killed, again
BUSY = {"making": 20_000, "writing": 20_000, "folding": 200_000, "opening": 700_000}
"""Up to how many steps a kill waits in each phase; about as long as making a file, a commit, fold or opening takes."""
NEW_FILES = 12
SEED = 20250117


@dataclass
class Told:
    """What the processes said before they died.

    Attributes:
        steps: Each writer's last acknowledged step. One more may have been committed by each process that died.
        declared: The last acknowledged declaration, with the same uncertainty.
        where: In which moments the processes were killed.
    """

    steps: dict[int, int] = field(default_factory=dict)
    declared: int = -1
    where: dict[str, int] = field(default_factory=dict)

    def take(self, line: str) -> None:
        match line.split():
            case ["declared", number]:
                self.declared = int(number)
            case [writer, number]:
                # The first step of a process may show that its predecessor's last one had been committed in secret.
                assert int(number) - self.steps.get(int(writer), 0) in (1, 2), line
                self.steps[int(writer)] = int(number)


def run_and_kill(path: Path, told: Told, chance: Random) -> None:
    """Let a process write, and kill it at a random moment of a random phase."""
    writers = chance.choice([1, 2, 6])
    command = [sys.executable, "-m", "tests.scenarios.crashing", str(path), str(writers), str(chance.randrange(10**6))]
    phase = chance.choice(["writing", "writing", "folding", "opening"])
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            told.take(line)
            if line == ("open\n" if phase == "writing" else f"{phase}\n"):
                break
        if phase == "writing":
            for _ in range(chance.randint(0, 150)):
                told.take(writer.stdout.readline())
        for _ in range(chance.randrange(BUSY[phase])):
            pass
        writer.kill()
        where = phase
        for line in writer.stdout:  # what it said before its death, and we had not read yet
            told.take(line)
            where = {"opening\n": "opening", "folding\n": "folding"}.get(line, "writing")
    assert writer.returncode == -signal.SIGKILL, "it ended by itself; its output says why"
    told.where[where] = told.where.get(where, 0) + 1


def stored(db: Any) -> list[dict[str, Any]]:
    return db.read(lambda ctx: ctx.db.query("items").collect())


def expected(writer: int, steps: int) -> State:
    state: State = {}
    for step in range(1, steps + 1):
        for place, value in edits(writer, step, state).items():
            if value is None:
                del state[place]
            else:
                state[place] = value
    return state


def assert_whole(db: Any, told: Told, when: str) -> None:
    """Assert that everything acknowledged is there, and nothing is there by halves; take over what was found."""
    db.check()
    by_writer: dict[int, State] = {}
    for each in stored(db):
        assert each["text"] == text(each["value"])
        by_writer.setdefault(each["writer"], {})[each["place"]] = each["value"]
    for writer in told.steps.keys() | by_writer.keys():
        state, acknowledged = by_writer.get(writer, {}), told.steps.get(writer, 0)
        assert state.get(0, 0) - acknowledged in (0, 1), f"{when}: writer {writer} was told of step {acknowledged}"
        assert state == expected(writer, state.get(0, 0)), f"{when}: writer {writer}"
        told.steps[writer] = state.get(0, 0)
    if "items" in db.tables():
        _, by_value = (index.name for index in db.tables()["items"].indexes)
        found = int(by_value.rpartition("_")[2])
        assert (found - told.declared) % DECLARATIONS in (0, 1), when
        told.declared = found
    else:
        assert told.declared == -1


def assert_plain_duckdb(path: Path, documents: list[dict[str, Any]]) -> None:
    """Assert that the closed file stands alone, and that its typed table is the documents."""
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    columns = ["_id", "_creationTime", "writer", "place", "value", "text"]
    with duckdb.connect(path, read_only=True) as connection:
        rows = connection.execute(f"SELECT {', '.join(columns)} FROM items ORDER BY _id").fetchall()
    assert rows == sorted(tuple(each[name] for name in columns) for each in documents)


@pytest.mark.slow
def test_every_acknowledged_commit_is_there_and_whole_after_each_kill(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    chance = Random(SEED)
    told = Told()

    for series in range(SERIES):
        for _ in range(chance.randint(KILLS - 1, KILLS + 1)):
            run_and_kill(path, told, chance)
        with rnb.connect(path) as db:
            assert_whole(db, told, f"seed {SEED}, series {series}")
            documents = stored(db) if told.declared >= 0 else []
        if documents:
            assert_plain_duckdb(path, documents)

    assert sum(told.where.values()) >= 50
    assert min(told.where.get(phase, 0) for phase in ("opening", "folding", "writing")) >= 3, told.where


@pytest.mark.slow
def test_a_kill_while_the_file_is_made_leaves_none_or_a_whole_one(tmp_path: Path) -> None:
    chance = Random(SEED)
    for number in range(NEW_FILES):
        path = tmp_path / str(number) / "x.duckdb"
        path.parent.mkdir()
        command = [sys.executable, "-m", "tests.scenarios.crashing", str(path), "1", "0"]
        with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "opening\n"
            while not any(path.parent.iterdir()):  # now it begins
                pass
            for _ in range(chance.randrange(BUSY["making"])):
                pass
            writer.kill()

        with rnb.connect(path) as db:
            db.check()
        assert [each.name for each in path.parent.iterdir()] == [path.name], f"seed {SEED}, file {number}"
