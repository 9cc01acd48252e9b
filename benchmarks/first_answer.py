"""One fresh process that opens a file and reads the newest fifty messages of a channel: how long, how much memory.

`python -m benchmarks.first_answer ours|floor|sqlite|duckdb <file>` prints one line of JSON. Starting Python and
importing packages is not counted. The memory is that of a database ready to be written to, so ours has loaded the
indexes that the first answer did not need. The floor has DuckDB sort and hand over all rows, and keeps them as dicts.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import psutil

import reactive_nb as rnb
from benchmarks.duckdb_peer import DuckDB
from benchmarks.floors import Dicts
from benchmarks.sqlite_peer import SQLite
from benchmarks.workload import channel_of, message, newest

_CHANNEL = channel_of(7)


def main() -> None:
    name, file = sys.argv[1:]
    openers: dict[str, Callable[[Path], Callable[[], object]]] = {
        "ours": _ours,
        "floor": _floor,
        "sqlite": lambda path: _peer(SQLite(path)),
        "duckdb": lambda path: _peer(DuckDB(path)),
    }
    process = psutil.Process()
    before = process.memory_info().rss
    started = time.perf_counter()
    finish = openers[name](Path(file))
    seconds = time.perf_counter() - started
    finish()
    print(json.dumps({"seconds": seconds, "bytes": process.memory_info().rss - before}))


def _ours(path: Path) -> Callable[[], object]:
    db = rnb.connect(path)
    assert db.read(lambda ctx: newest(ctx, _CHANNEL))

    def write() -> None:
        with db.transaction() as tx:
            tx.db.delete(tx.db.insert("messages", message(7)))
            tx.db.query("messages").first()

    return write


def _floor(path: Path) -> Callable[[], object]:
    connection = duckdb.connect(path)
    dicts = Dicts()
    result = connection.execute("SELECT * FROM messages ORDER BY channel, _creationTime")
    names = [column[0] for column in result.description]
    while rows := result.fetchmany(20_000):
        for row in rows:
            dicts.insert(row[0], dict(zip(names, row, strict=True)))
    assert dicts.newest(_CHANNEL)
    return lambda: dicts


def _peer(peer: SQLite | DuckDB) -> Callable[[], object]:
    assert peer.newest(_CHANNEL)
    return peer.close


if __name__ == "__main__":
    main()
