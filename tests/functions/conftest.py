"""The database of these tests has its invariants asserted at the end of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reactive_nb.engine import Engine
from tests.conftest import Connect


@pytest.fixture
def db(connect: Connect) -> Iterator[Engine]:
    """A database in memory, checked at the end."""
    db = connect()
    yield db
    db.check()
