"""A process that has the database named on its command line open, for tests to be refused by or to kill.

`hold` keeps it open. `inside` folds the documents 0 to 9 at ts 1, then stands still in the middle of the fold of ts 2.
`after` does the same, but finishes the fold of ts 2. Each says "ready" when it is there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

from reactive_nb.tables.fold import FoldRow, TableFold, fold
from reactive_nb.tables.store import Store
from tests.tables.flights import FLIGHTS, changed, flight

OTHER = replace(FLIGHTS, name="other", number=10002)


def wait() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()


def waiting_rows() -> Iterator[FoldRow]:
    wait()
    yield from ()


def main(path: str, moment: str) -> None:
    store = Store.open(path)
    if moment != "hold":
        fold(store, 1, [changed(*map(flight, range(10)))])
        second = changed(*map(flight, range(5, 20)), deleted=[flight(0)["_id"]])
        fold(store, 2, [second, TableFold(OTHER.number, OTHER, waiting_rows())] if moment == "inside" else [second])
    wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
