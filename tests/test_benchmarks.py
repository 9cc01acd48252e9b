"""The measurements, in small: every line is printed, with a number for each of its contestants."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]

# What is measured → which of ours, floor, SQLite, DuckDB and aim it is given with.
READS = {
    "`get` by id, 200 documents": "ours floor SQLite DuckDB",
    "newest 50 of an index range, 200 documents": "ours floor SQLite DuckDB aim",
    "`get` by id, 500 documents": "ours floor SQLite DuckDB",
    "newest 50 of an index range, 500 documents": "ours floor SQLite DuckDB aim",
    "`get` by id, 1,000 documents": "ours floor SQLite DuckDB",
    "newest 50 of an index range, 1,000 documents": "ours floor SQLite DuckDB aim",
    "newest 50 called again, unchanged, 1,000 documents": "ours aim",
}
OTHERS = {
    "insert → live newest 50, in memory": "ours floor SQLite DuckDB aim",
    "insert → live newest 50, on disk": "ours floor SQLite DuckDB aim",
    "bulk insert, 200 documents a mutation, on disk": "ours floor SQLite DuckDB",
    "read-modify-write on disk, 16 writers": "ours floor SQLite DuckDB aim",
    "read-modify-write on disk, 1 writer": "ours floor SQLite DuckDB aim",
    "one affected among 5 live queries, in memory": "ours floor SQLite",
    "one affected among 10 live queries, in memory": "ours floor SQLite",
    "one affected among 20 live queries, in memory": "ours floor SQLite aim",
    "update → live count and sum by channel of 500 documents": "ours floor SQLite DuckDB",
    "count and sum by channel of 500 documents, run again after an update": "ours floor SQLite DuckDB aim",
    "update → live count and sum by channel of 1,000 documents": "ours floor SQLite DuckDB",
    "count and sum by channel of 1,000 documents, run again after an update": "ours floor SQLite DuckDB aim",
    "insert → live count and sum of an index range of 1,000 documents": "ours floor SQLite DuckDB aim",
    "insert, then count and sum of an index range of 1,000 documents": "ours floor SQLite DuckDB aim",
    "insert → live count and sum of all of 1,000 documents": "ours floor SQLite DuckDB aim",
    "insert, then count and sum of all of 1,000 documents": "ours floor SQLite DuckDB aim",
    "open 1,000 documents to the first newest 50": "ours floor SQLite DuckDB aim",
    "memory per document, 1,000 documents, all indexes loaded": "ours floor aim",
    "fold, 1,000 documents": "ours DuckDB",
    "a job's lag, mutation, in memory": "ours floor",
    "a job's lag, mutation, in memory, 99th percentile": "ours floor",
    "a job's lag, mutation, on disk": "ours floor",
    "a job's lag, mutation, on disk, 99th percentile": "ours floor",
    "a job's lag, action, on disk": "ours floor",
    "a job's lag, action, on disk, 99th percentile": "ours floor",
    "an interval cron's lag, mutation, in memory": "ours floor",
    "an interval cron's lag, mutation, in memory, 99th percentile": "ours floor",
    "jobs that end, 200 mutations due at once, in memory": "ours floor",
    "jobs that end, 200 mutations due at once, on disk": "ours floor",
}


def printed(*arguments: str) -> dict[str, str]:
    """Run the benchmarks in small and return, by line of their table, which of its cells say something."""
    command = [sys.executable, "-m", "benchmarks", "--quick", *arguments]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines() if "|" in line]
    columns = ("ours", "floor", "SQLite", "DuckDB", "aim")
    return {
        what: " ".join(column for column, cell in zip(columns, cells, strict=False) if cell)
        for what, *cells in rows[2:]
    }


@pytest.mark.slow
def test_every_line_is_printed_with_all_its_contestants() -> None:
    assert printed() == READS | OTHERS


@pytest.mark.slow
def test_a_part_named_on_the_command_line_is_run_alone() -> None:
    assert printed("reads") == READS
