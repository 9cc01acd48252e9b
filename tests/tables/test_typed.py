"""Rows of a typed table, put in and taken out within a transaction."""

from __future__ import annotations

from reactive_nb.tables.columns import columns_of
from reactive_nb.tables.store import Store
from reactive_nb.tables.typed import TypedTable
from tests.tables.flights import FLIGHTS, flight


def test_rows_go_in_and_out() -> None:
    store = Store.in_memory()
    cursor = store.cursor()
    cursor.begin()
    table = TypedTable(cursor, store.name("main", "flights"), columns_of(FLIGHTS.table))

    table.create()
    table.insert([flight(1), flight(2, "EWR", None, ["a"])])
    table.delete([flight(1)["_id"], "unknown"])
    seen = cursor.execute("SELECT origin, delay, tags FROM flights").fetchall()
    cursor.rollback()

    assert seen == [("EWR", None, ["a"])]
    assert store.relations("main") == set()
    store.close()
