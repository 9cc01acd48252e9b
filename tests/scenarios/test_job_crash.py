"""Jobs in a process that is killed again and again: mutations take effect once, actions begin at most once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb.jobs.scheduled import ABANDONED
from tests.scenarios.crashing_jobs import CHILD, PLANNED, nature

PROJECT = Path(__file__).parents[2]
SEED = int(os.environ.get("REACTIVE_NB_SEED", "20250117"))
KILLS = 20
JOBS_BETWEEN = 40  # at most, so that there is work left for each of them
BUSY = {"opening": 2_000_000, "open": 500_000}
"""Up to how many steps a kill waits in each phase; about as long as opening, and a few jobs, take."""


def run(path: Path, chance: Random, *, to_the_end: bool) -> str:
    """Let a process work, and kill it at a random moment unless it shall come to its end; return where it was."""
    command = [sys.executable, "-m", "tests.scenarios.crashing_jobs", str(path), str(chance.randrange(10**6))]
    phase = chance.choice(("opening", "open", "open", "open"))
    said = []
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        if not to_the_end:
            for line in worker.stdout:
                said.append(line)
                if line == f"{phase}\n":
                    break
            if phase == "open":
                for _ in range(chance.randint(0, JOBS_BETWEEN)):
                    said.append(worker.stdout.readline())
            for _ in range(chance.randrange(BUSY[phase])):
                pass
            worker.kill()
        said += worker.stdout  # also what it said before its death, and we had not read yet
    if "over\n" in said:
        return "over"
    assert worker.returncode == -signal.SIGKILL, "it ended by itself; its output says why"
    return "working" if any(line.strip().isdigit() for line in said) else "opening"


def assert_reopens(path: Path, actions: dict[str, Counter[int]]) -> None:
    """Assert what holds after each kill: the dead process's actions are over, and what is pending has done nothing."""
    with rnb.connect(path) as db:
        db.check()
        if "_scheduled_functions" not in db.tables():
            return
        db.settle()  # no function is declared here, so all that is done is to give up what was in progress
        effects = {each["n"] for each in db.read(lambda ctx: ctx.db.query("effects").collect())}
        for job in db.read(lambda ctx: ctx.db.system.query("_scheduled_functions").collect()):
            n, kind = job["args"][0]["n"], job["state"]["kind"]
            assert kind in ("pending", "success", "failed", "canceled"), job
            if kind == "pending":
                assert n not in effects, job
                assert n not in actions["begin"], job


def lines_of(folder: Path) -> dict[str, Counter[int]]:
    """Return how often each action has written each of its lines."""
    counts: dict[str, Counter[int]] = {"begin": Counter(), "child": Counter(), "end": Counter()}
    file = folder / "actions"
    for line in file.read_text().splitlines() if file.exists() else ():
        word, n = line.split()
        counts[word][int(n)] += 1
    return counts


@pytest.mark.slow
def test_jobs_are_run_once_whatever_process_is_killed(tmp_path: Path) -> None:
    sys.stdout.write(f"seed {SEED}\n")  # shown when it fails; REACTIVE_NB_SEED repeats it
    path = tmp_path / "x.duckdb"
    chance = Random(SEED)
    where = Counter[str]()

    for _ in range(KILLS):
        where[run(path, chance, to_the_end=False)] += 1
        if where["over"]:
            break
        if chance.random() < 0.3:
            assert_reopens(path, lines_of(tmp_path))
    run(path, chance, to_the_end=True)

    assert where["working"] >= 8, where
    with rnb.connect(path) as db:
        db.check()
        documents = {
            table: db.read(lambda ctx, table=table: ctx.db.query(table).collect()) for table in ("effects", "cancels")
        }
        jobs = db.read(lambda ctx: ctx.db.system.query("_scheduled_functions").collect())
    by_number = {job["args"][0]["n"]: job for job in jobs}
    assert len(by_number) == len(jobs), "a job was scheduled twice"
    assert {n for n in by_number if n < CHILD} == set(range(PLANNED))
    assert_each_is_over(by_number, Counter(each["n"] for each in documents["effects"]), lines_of(tmp_path))
    assert_children(by_number, lines_of(tmp_path))
    assert_cancelled(by_number, {each["n"]: each["found"] for each in documents["cancels"]})
    given_up = [n for n, job in by_number.items() if job["state"].get("error") == ABANDONED]
    assert given_up, "no kill met an action, so nothing was tried"


def assert_each_is_over(
    jobs: dict[int, dict[str, Any]], effects: Counter[int], actions: dict[str, Counter[int]]
) -> None:
    """Assert that each job has ended, and has done what its state says, and that once."""
    for n, job in jobs.items():
        own, state = nature(n), job["state"]
        assert job["completedTime"] >= job["_creationTime"] - 1, job
        if own.kind == "mutation":
            failed = {"kind": "failed", "error": f"ValueError: job {n} fails"}
            assert state in ({"kind": "canceled"}, failed if own.fails else {"kind": "success"}), job
            assert effects[n] == (1 if state["kind"] == "success" else 0), job
            continue
        begun, ended = actions["begin"][n], actions["end"][n]
        match state:
            case {"kind": "success"}:
                assert (begun, ended, own.fails) == (1, 1, False), job
            case {"kind": "failed", "error": error} if error == ABANDONED:
                assert ended <= begun <= 1, job
            case {"kind": "failed", "error": error}:
                assert (begun, ended, error) == (1, 0, f"ValueError: job {n} fails"), job
                assert own.fails, job
            case {"kind": "canceled"}:
                assert ended <= begun <= 1, job
            case _:
                pytest.fail(f"{job} has not ended")


def assert_children(jobs: dict[int, dict[str, Any]], actions: dict[str, Counter[int]]) -> None:
    """Assert that there is a child exactly where its parent has committed its being scheduled."""
    for n, job in jobs.items():
        if n >= CHILD:
            assert nature(n - CHILD).child, job
            assert n - CHILD in jobs, job
            continue
        has_child = CHILD + n in jobs
        if not nature(n).child:
            assert not has_child, job
        elif nature(n).kind == "mutation":
            assert has_child == (job["state"]["kind"] == "success"), job
        elif actions["child"][n]:
            assert has_child, job
        elif has_child:  # the process was killed between the commit and the line
            assert actions["begin"][n] == 1, job
            assert job["state"]["kind"] in ("failed", "canceled"), job


def assert_cancelled(jobs: dict[int, dict[str, Any]], found: dict[int, str]) -> None:
    """Assert that what was cancelled is, unless it was over before, and that nothing else is."""
    assert found.keys() == {n for n in range(PLANNED) if nature(n).is_cancelled}
    for n, job in jobs.items():
        is_cancelled = job["state"]["kind"] == "canceled"
        if n >= CHILD:
            assert not is_cancelled or jobs[n - CHILD]["state"]["kind"] == "canceled", job
        else:
            assert is_cancelled == (found.get(n) in ("pending", "inProgress")), job
