"""The log in a real file whose process is killed, again and again, at moments it does not choose."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from reactive_nb.log import FileLog
from tests.log.disks import DATABASE_ID
from tests.log.writer import KEPT, payload

PROJECT = Path(__file__).parents[2]
ROUNDS = 10
SEED = 20250117


@pytest.mark.slow
def test_every_acknowledged_record_is_there_and_intact_after_each_kill(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb.log"
    command = [sys.executable, "-m", "tests.log.writer", str(path)]
    chance = Random(SEED)
    acknowledged = 0

    for round_number in range(ROUNDS):
        with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            for _ in range(chance.randint(1, 60)):
                acknowledged = int(writer.stdout.readline())
            writer.kill()
            for line in writer.stdout:  # what it said before its death, and we had not read yet
                acknowledged = int(line)

        log = FileLog(path, DATABASE_ID)
        records = list(log.read(log.base))
        assert log.head >= acknowledged, f"round {round_number}"
        assert log.base <= max(0, acknowledged - KEPT), f"round {round_number}"
        assert [record.ts for record in records] == list(range(log.base + 1, log.head + 1))
        assert [record.payload for record in records] == [payload(record.ts) for record in records]
        log.close()
