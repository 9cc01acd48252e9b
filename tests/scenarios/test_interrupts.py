"""Ctrl-C at every point of every operation: nothing is torn, nothing is lost, nobody waits for ever.

Each test runs in a process of its own, whose watchdog ends it with the stack of every thread.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SEED = 20250117
MANY_ROUNDS = 15

POINTS = {
    "commit": 400,
    "block": 400,
    "submit": 200,
    "change": 300,
    "query": 400,
    "live": 700,
    "define": 400,
    "fold": 700,
    "reopen": 60,
}
"""At how many points each operation is interrupted; where it has fewer, at each of them, else at random ones."""


def run(name: str, number: int) -> int:
    command = [sys.executable, "-m", "tests.scenarios.interrupting", name, str(number)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", POINTS)
def test_ctrl_c_at_any_point_of_an_operation_leaves_everything_whole_and_usable(name: str) -> None:
    assert run(name, POINTS[name]) >= 40


@pytest.mark.slow
def test_ctrl_c_from_another_thread_at_random_moments_leaves_everything_whole_and_usable() -> None:
    assert run("thread", SEED) >= 50, f"too few were interrupted (seed {SEED})"


@pytest.mark.slow
def test_ctrl_c_while_sql_changes_many_documents_leaves_all_of_them_changed_or_none() -> None:
    assert run("many", MANY_ROUNDS) >= MANY_ROUNDS // 3
