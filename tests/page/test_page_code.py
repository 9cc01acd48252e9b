"""The page's own code, run by Node's test runner. Skipped where there is no Node: then only the browser tests it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from reactive_nb.notebook.result.rows import diff

HERE = Path(__file__).parent
NODE = shutil.which("node")


def story(seed: int) -> dict[str, Any]:
    """Return a window of rows with ten random changes, each as the kernel says it and as it has to look after it."""
    random = Random(seed)

    def rows() -> dict[str, dict[str, Any]]:
        keys = random.sample(range(12), random.randint(0, 12))
        return {f"id{n}": {random.choice("xyz"): random.randint(0, 1)} for n in keys}

    windows = [rows() for _ in range(11)]
    steps = [{"ops": diff(old, new), "rows": list(new.items())} for old, new in pairwise(windows)]
    return {"start": list(windows[0].items()), "steps": steps}


@pytest.mark.skipif(NODE is None, reason="no Node: the page's code is tested in the browser only")
@pytest.mark.slow
def test_the_page_s_code_does_what_its_own_tests_say(tmp_path: Path) -> None:
    stories = tmp_path / "stories.json"
    stories.write_text(json.dumps([story(seed) for seed in range(60)]), encoding="utf-8")
    environment = os.environ | {"RNB_STORIES": str(stories)}

    tests = sorted(str(file) for file in HERE.glob("*.test.mjs"))
    command = [str(NODE), "--test", *tests]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert done.returncode == 0, done.stdout + done.stderr
