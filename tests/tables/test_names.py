"""SQL names are quoted and never differ in case only."""

from __future__ import annotations

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from reactive_nb.tables.names import distinct_names, free_name, quoted


def test_a_quoted_name_is_one_name_for_duckdb_whatever_it_contains() -> None:
    name = 'say "hi".; -- select'

    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE {quoted('memory', 'main', name)} (i INTEGER)")

    assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [(name,)]


def test_a_taken_name_gets_the_first_ending_that_is_free() -> None:
    assert free_name("Flights", {"flights", "flights_2"}) == "Flights_3"


@given(st.lists(st.sampled_from(["a", "A", "b", "a_2", "A_2", "a_2_2", "a_3"])))
def test_distinct_names_differ_without_regard_to_case_and_keep_the_first_of_each(wanted: list[str]) -> None:
    names = distinct_names(wanted)

    assert len({name.lower() for name in names}) == len(names) == len(wanted)
    for position, name in enumerate(names):
        assert name.startswith(wanted[position])
    assert names[:1] == wanted[:1]
