"""Writing one message until a live query of its channel's newest fifty holds the new result; and writing many at once.

The clock starts before the call of the mutation and stops in the listener, on the listener's thread. The peers insert
and select again on one thread, which is what a program without subscriptions would do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import reactive_nb as rnb
from benchmarks.duckdb_peer import DuckDB
from benchmarks.floors import Courier, Dicts, Disk
from benchmarks.sqlite_peer import SQLite
from benchmarks.stage import Stage
from benchmarks.table import Line, Unit, compared
from benchmarks.timing import Arrival, Attempt, timed
from benchmarks.workload import App, app, channel_of, message

_AIM_IN_MEMORY = 150e-6
_AIM_DURABLE = 300e-6
_CHANNEL = channel_of(0)
_PAYLOAD = 420
"""About the bytes that one of these commits takes in the log."""


def lines(stage: Stage) -> Iterator[Line]:
    documents, attempts = stage.scale.documents[0], stage.scale.attempts
    dicts = Dicts(map(message, range(documents)))
    arrival = Arrival()
    courier = Courier(dicts.newest, arrival)
    number = count(documents)

    def insert_in_dicts() -> None:
        place = next(number)
        dicts.insert(str(place), message(0))
        courier.ask(_CHANNEL)

    yield _insert_to_listener("insert to listener, in memory", None, stage, _AIM_IN_MEMORY, lambda: arrival.after(insert_in_dicts))
    courier.close()
    disk = Disk(stage.folder / "floor")
    data = os.urandom(_PAYLOAD)
    yield _insert_to_listener(
        "insert to listener, on disk", stage.folder, stage, _AIM_DURABLE, timed(lambda: disk.append(data))
    )
    disk.close()
