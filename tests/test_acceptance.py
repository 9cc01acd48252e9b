"""The acceptance programs, run as they stand, where the folder with such programs is beside the project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PROGRAMS = PROJECT / ".." / "shared" / "acceptance"


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAMS.is_dir(), reason="the acceptance programs are not beside this clone")
@pytest.mark.parametrize("name", ["engine", "jobs", "search", "sql"])
def test_the_program_runs_as_it_stands(tmp_path: Path, name: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, str(PROGRAMS / f"{name}.py")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(f"{name}: everything holds\n")
