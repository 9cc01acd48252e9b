"""The engine's own tables: their numbers, which stand in the ids of documents and never change."""

from __future__ import annotations

from reactive_nb.schema.declaration import FIRST_USER_TABLE_NUMBER, TABLES_NUMBER
from reactive_nb.schema.system_tables import SYSTEM_TABLES


def test_every_system_table_has_the_number_that_it_always_had() -> None:
    assert {name: number for name, (number, _) in SYSTEM_TABLES.items()} == {
        "_scheduled_functions": 2,
        "_crons": 3,
        "_storage": 4,
        "_environment": 5,
        "_embeddings": 6,
    }


def test_no_number_is_that_of_another_table() -> None:
    assert all(TABLES_NUMBER < number < FIRST_USER_TABLE_NUMBER for number, _ in SYSTEM_TABLES.values())
