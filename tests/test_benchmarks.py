"""The measurements, in small: every line is printed, with a number for each of its contestants."""

from __future__ import annotations

import functools
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
    "count and sum by channel of 500 documents, beside SQL that goes through all again": "ours SQLite DuckDB aim",
    "update → live count and sum by channel of 1,000 documents": "ours floor SQLite DuckDB",
    "count and sum by channel of 1,000 documents, run again after an update": "ours floor SQLite DuckDB aim",
    "count and sum by channel of 1,000 documents, beside SQL that goes through all again": "ours SQLite DuckDB aim",
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
    **{
        f"update → one of {number} live queries, the panel shows its {section}; floor: it is closed": "ours floor aim"
        for number in (5, 10, 20)
        for section in ("log", "lives")
    },
}

SQL = {
    "fold, 500 documents into a new file": "ours DuckDB",
    "fold, 500 documents at a time until there are 1,000": "ours DuckDB",
    "update → live SQL, count and sum by channel of 500 documents": "ours SQLite DuckDB",
    "update → live SQL, count and sum by channel of 1,000 documents": "ours SQLite DuckDB",
    "insert a frame of 500 rows of 5 fields into an empty table, two indexes": "ours DuckDB aim",
    "insert a frame of 500 rows of 5 fields into a table of 500, two indexes": "ours DuckDB aim",
    **{
        f"{what} 500 documents, {format}": "ours DuckDB"
        for format in ("zip", "jsonl", "csv", "parquet")
        for what in ("export", "load")
    },
}

VECTOR_PEERS = ["numpy, product and selection", "usearch", "hnswlib", "LanceDB", "LanceDB, IVF_HNSW_SQ"]
TEXT_PEERS = ["SQLite FTS5", "tantivy"]
LIVE_VECTORS = ["numpy, one product", "ours", VECTOR_PEERS[0]]
OUR_VECTORS = ["ours", "ours, approximate"]
VECTORS = ["numpy, one product", *OUR_VECTORS, *VECTOR_PEERS]
TEXTS = ["ours", *TEXT_PEERS]
# What is measured → who takes part.
SEARCH = {
    "take in 500 vectors of 384 numbers": [*OUR_VECTORS, *VECTOR_PEERS],
    "nearest 10 of 500 vectors": VECTORS,
    "nearest 10 in a group of 1 % of 500 vectors": VECTORS,
    "insert → found among the nearest 10 of 500 vectors": VECTORS,
    "delete → no longer found among the nearest 10 of 500 vectors": VECTORS,
    "live nearest 10 of 500 vectors, insert outside the ball → settled, not run again": LIVE_VECTORS,
    "live nearest 10 of 500 vectors, insert inside the ball → at the listener": LIVE_VECTORS,
    "take in 500 texts": TEXTS,
    "best 10 of 500 texts by 1 word": TEXTS,
    "best 10 of 500 texts by 2 words": TEXTS,
    "best 10 of 500 texts by 3 words": TEXTS,
    "best 10 of 500 texts by 4 letters a word begins with": TEXTS,
    "best 10 of 500 texts by 2 words, and 4 letters of a third": TEXTS,
    "best 10 of 500 texts by 2 words in a group of 1 %": TEXTS,
    "insert → found by a word of 500 texts": TEXTS,
    "delete → no longer found by a word of 500 texts": TEXTS,
    "live best 10 of 500 texts by 3 words, insert without its words → settled, not run again": TEXTS[:2],
    "live best 10 of 500 texts by 3 words, insert with its words → at the listener": TEXTS[:2],
}


@functools.cache
def rows(*arguments: str) -> list[list[str]]:
    """Run the benchmarks in small and return the cells of their tables, without the heads."""
    command = [sys.executable, "-m", "benchmarks", "--quick", *arguments]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines() if "|" in line]
    return [row for row in cells if row[0] not in ("what", "---")]


def printed(*arguments: str) -> dict[str, str]:
    """Run the benchmarks in small and return, by line of their table, which of its cells say something."""
    columns = ("ours", "floor", "SQLite", "DuckDB", "aim")
    return {
        what: " ".join(column for column, cell in zip(columns, cells, strict=False) if cell)
        for what, *cells in rows(*arguments)
    }


@pytest.mark.slow
def test_every_line_is_printed_with_all_its_contestants() -> None:
    assert printed() == READS | OTHERS


@pytest.mark.slow
def test_a_part_named_on_the_command_line_is_run_alone() -> None:
    assert printed("reads") == READS


@pytest.mark.slow
def test_sql_is_measured_beside_what_duckdb_does_itself() -> None:
    assert printed("sql") == SQL


@pytest.mark.slow
def test_search_names_its_peers_whether_they_are_installed_or_not() -> None:
    found: dict[str, list[str]] = {}
    for what, who, time, *_ in rows("search"):
        found.setdefault(what, []).append(who)
        assert time.endswith("s)") or (time == "not installed" and who in VECTOR_PEERS + TEXT_PEERS)

    assert found == SEARCH


@pytest.mark.slow
def test_search_that_is_exact_finds_all_of_the_nearest() -> None:
    recalls = {(what, who): recall for what, who, _, _, recall, _ in rows("search") if recall}

    assert {recall for (_, who), recall in recalls.items() if who in ("ours", "LanceDB", VECTOR_PEERS[0])} == {"1.000"}
    assert len([who for _, who in recalls if who == "ours"]) == 2
