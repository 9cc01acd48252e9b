"""The panel's own code, run by Node's test runner on what TypeScript has compiled into labextension/lib.

`make lab` and `make check-lab` compile it. Where there is no Node, or nothing is compiled, this is skipped, and says so:
then only the browser tests look at the code, as it was built into labextension/dist.
"""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.lab.sources import PANEL, changed_since

NODE = shutil.which("node")
COMPILED = PANEL / "lib/sources.sha256"


@pytest.mark.skipif(NODE is None, reason="no Node: the panel's code is tested in the browser only")
@pytest.mark.skipif(not COMPILED.exists(), reason="the panel's code is not compiled; `make check-lab` does that")
@pytest.mark.slow
def test_the_panel_s_code_does_what_its_own_tests_say() -> None:
    changed = changed_since(COMPILED)
    assert not changed, f"compiled from older sources than {', '.join(changed)}: run `make lab`"
    tests = sorted(str(file) for file in (PANEL / "tests").glob("*.test.mjs"))

    command = [str(NODE), "--import", "./tests/resolve.mjs", "--test", *tests]
    done = subprocess.run(command, cwd=PANEL, capture_output=True, text=True, check=False, timeout=300)

    assert done.returncode == 0, done.stdout + done.stderr
