"""A model and a table for it."""

from __future__ import annotations

import pytest

from reactive_nb.engine import Engine
from tests.embedding.models import FakeModel, define


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def papers(db: Engine) -> Engine:
    """A database with a table of papers."""
    define(db)
    return db
