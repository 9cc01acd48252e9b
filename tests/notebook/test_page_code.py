"""The page's own code, run by Node on the golden cells and on frames of the hub. Skipped where there is no Node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from reactive_nb.notebook.hub import Hub
from tests.notebook.fakes import FakeEngine, ManualPace

HERE = Path(__file__).parent
GOLDEN: dict[str, Any] = json.loads((HERE.parent / "wire/cells.json").read_text("utf-8"))
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="no Node: the page's code is tested in the browser only")


def on_a_page(cells: list[Any] = (), stories: list[Any] = (), column: str = "") -> Any:  # type: ignore[assignment]
    question = json.dumps({"cells": list(cells), "stories": list(stories), "column": column})
    command = [str(NODE), str(HERE / "page_code.mjs")]
    environment = os.environ | {"TZ": "UTC"}
    done = subprocess.run(command, input=question, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_page_shows_each_cell_as_the_golden_file_says() -> None:
    shown = on_a_page(cells=[case["cell"] for case in GOLDEN.values()])["shown"]

    assert dict(zip(GOLDEN, shown, strict=True)) == {name: case["shown"] for name, case in GOLDEN.items()}


def test_a_creation_time_is_shown_as_a_time_and_what_cannot_be_one_as_it_is() -> None:
    shown = on_a_page(cells=[1_700_000_000_123.5, 8.64e15, 1.7e18, "noon"], column="_creationTime")["shown"]

    assert shown == ["2023-11-14 22:13:20.123", "275760-09-13 00:00:00", "1700000000000000000", "noon"]


def frame(seq: int, **entry: Any) -> dict[str, Any]:
    return {"type": "Frame", "seq": seq, "ts": 10 * seq, "views": {"v1": entry}}


def test_the_rows_of_a_closed_or_lost_result_keep_their_commit() -> None:
    snapshot = story(1)[0]["snapshot"] | {"ts": 4}
    closing = frame(1, since=0, ops=[], state="closed", ts=5)
    stories = [[closing], [closing, frame(2, since=1, ops=[])], [frame(1, gone=True)], [frame(1, gone=True), frame(2)]]

    pages = on_a_page(stories=[{"snapshot": snapshot, "frames": frames} for frames in stories])["stories"]

    assert [(page["state"], page["ts"]) for page in pages] == [("closed", 5)] * 2 + [("closed", 4)] * 2
    assert all(page["rows"] == snapshot["rows"] for page in pages)


def test_a_page_that_shows_a_closed_result_says_so_when_another_page_lets_go() -> None:
    snapshot = story(1)[0]["snapshot"] | {"state": "closed"}

    page = on_a_page(stories=[{"snapshot": snapshot, "frames": [frame(1, paused=True)]}])["stories"][0]

    assert page["outcomes"] == ["ask"]


def story(seed: int, lost: int | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a snapshot with 20 frames of random changes (one of them lost, if asked), and the snapshot after them."""
    random = Random(seed)
    engine = FakeEngine()
    frames: list[dict[str, Any]] = []
    hub = Hub(frames.append, ManualPace)

    def rows() -> list[dict[str, Any]]:
        ids = random.sample(range(12), random.randint(0, 12))
        return [{"_id": f"id{n}", random.choice("xyz"): random.randint(0, 1)} for n in ids]

    view = hub.view_of(engine.live("latest", rows()))
    snapshot = hub.snapshot(view)
    while len(frames) < 20:
        engine.commit(latest=rows())
        hub.flush()
    kept = [frame for at, frame in enumerate(frames) if at != lost]
    return {"snapshot": snapshot, "frames": kept}, hub.snapshot(view)


def test_a_page_that_gets_every_frame_shows_what_the_hub_has_sent() -> None:
    told, expected = zip(*[story(seed) for seed in range(30)], strict=True)

    for page, snapshot in zip(on_a_page(stories=list(told))["stories"], expected, strict=True):
        assert set(page["outcomes"]) == {"applied"}
        assert page["rows"] == snapshot["rows"]
        assert (page["size"], page["known"], page["ts"]) == (len(page["rows"]), snapshot["seq"], snapshot["ts"])


def test_a_page_that_missed_a_frame_asks_and_changes_nothing_until_it_has_the_whole() -> None:
    told, after = story(7, lost=3)
    stuck = on_a_page(stories=[told | {"frames": told["frames"][:3]}])["stories"][0]
    whole_after = next(at for at, frame in enumerate(told["frames"]) if at >= 3 and "rows" in frame["views"]["v1"])

    waiting = on_a_page(stories=[told | {"frames": told["frames"][:whole_after]}])["stories"][0]
    healed = on_a_page(stories=[told])["stories"][0]

    assert waiting["rows"] == stuck["rows"]
    assert set(waiting["outcomes"][3:]) <= {"ask"}
    assert healed["rows"] == after["rows"]
