"""`python -m benchmarks [part ...] [--quick]`: measure, and print the table line by line."""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
from collections.abc import Callable, Iterator

import duckdb

from benchmarks import aggregates, jobs, mutations, opening, pages, panel, reads, search, sql, subscriptions, writers
from benchmarks.stage import QUICK, Scale, Stage
from benchmarks.table import Entry, Line

PARTS: dict[str, Callable[[Stage], Iterator[Line]]] = {
    "reads": reads.lines,
    "mutations": mutations.lines,
    "writers": writers.lines,
    "subscriptions": subscriptions.lines,
    "aggregates": aggregates.lines,
    "opening": opening.lines,
    "jobs": jobs.lines,
    "panel": panel.lines,
}
# The first needs a browser; the second builds graphs of its peers for minutes, where these are installed; the third
# takes minutes too.
ON_REQUEST: dict[str, Callable[[Stage], Iterator[Line | Entry]]] = {
    "pages": pages.lines,
    "search": search.lines,
    "sql": sql.lines,
}
ALL = {**PARTS, **ON_REQUEST}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure reactive_nb beside its peers.")
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="part",
        help=f"any of {', '.join(ALL)}; without any, all but {', '.join(ON_REQUEST)}",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes and few repetitions, to see that it runs")
    options = parser.parse_args()
    for part in options.parts:
        if part not in ALL:
            parser.error(f"there is no part {part!r}; the parts are {', '.join(ALL)}")
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, DuckDB {duckdb.__version__}, "
        f"{os.cpu_count()} cores, load {_load()} at the start",
        flush=True,
    )
    head = None
    with Stage(QUICK if options.quick else Scale()) as stage:
        for part in options.parts or PARTS:
            for line in ALL[part](stage):
                if line.head != head:
                    head = line.head
                    print(f"\n{head}", flush=True)
                print(line, flush=True)
    print(f"\nLoad {_load()} at the end.")


def _load() -> str:
    """Return how many processes wanted to run in the last minute, on average."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


if __name__ == "__main__":
    main()
