"""Databases for tests: their time and ids are the test's, and they are closed at its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

import reactive_nb as rnb
from reactive_nb.engine.engine import Engine
from reactive_nb.testing import FakeClock, IdSource


class Connect(Protocol):
    """`rnb.connect` for a test: see the fixture `connect`."""

    def __call__(self, path: Path | None = None, **options: Any) -> Engine: ...


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def connect(clock: FakeClock) -> Iterator[Connect]:
    """Opens databases on one clock; those still open at the end of the test are closed."""
    opened: list[Engine] = []

    def open_one(path: Path | None = None, **options: Any) -> Engine:
        opened.append(rnb.connect(path, **{"clock": clock, "ids": IdSource(clock, seed=1), **options}))
        return opened[-1]

    yield open_one
    for engine in reversed(opened):
        engine.close()


@pytest.fixture
def db(connect: Connect) -> Engine:
    """A database in memory."""
    return connect()
