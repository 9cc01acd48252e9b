"""The acceptance program of the engine, run as it stands, where the folder with such programs is beside the project."""

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
def test_the_program_of_the_engine_runs_as_it_stands(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, str(PROGRAMS / "engine.py")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("engine: everything holds\n")
