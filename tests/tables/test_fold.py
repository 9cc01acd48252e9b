"""A fold brings the tables to a commit: whole, or not at all."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.errors import DatabaseFileError
from reactive_nb.schema.declaration import StoredTable, table
from reactive_nb.tables.fold import FoldRow, TableFold, fold
from reactive_nb.tables.store import Store
from reactive_nb.values.validators import v
from tests.tables.flights import FLIGHTS, INDEXES, NUMBER, changed, document, flight, loaded, rows, scanned, select

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "x.duckdb")
    yield store
    store.close()


def assert_holds(store: Store, documents: list[dict[str, Any]]) -> None:
    """Every index, and the typed table, hold exactly these documents."""
    for index in INDEXES:
        assert loaded(store, index) == scanned(documents, index)
    typed = select(store, "SELECT * FROM flights ORDER BY _id")
    by_id = sorted(documents, key=lambda each: each["_id"])
    assert typed == [tuple(each.values()) for each in by_id]


# ------------------------------------------------------------------ contents


places = st.integers(0, 6)
flights = st.builds(
    flight,
    places,
    st.sampled_from(["JFK", "LGA", "é\0"]),
    st.none() | st.floats(-1e9, 1e9),
    st.lists(st.sampled_from("abc"), unique=True),
)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(flights, unique_by=lambda each: each["_id"]), st.sets(places), st.booleans(), st.booleans()),
        max_size=6,
    )
)
def test_after_any_folds_the_tables_hold_what_a_dict_holds(
    steps: list[tuple[list[dict[str, Any]], set[int], bool, bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "x.duckdb")
        fold(store, 1, [changed()])
        model: dict[str, dict[str, Any]] = {}
        for ts, (upserted, deleted, rebuild, reopen) in enumerate(steps, 2):
            model.update({each["_id"]: each for each in upserted})
            kept = {each["_id"] for each in upserted}
            gone = [id_ for id_ in (flight(place)["_id"] for place in deleted) if id_ not in kept]
            for id_ in gone:
                model.pop(id_, None)
            if rebuild:
                fold(store, ts, [changed(*model.values(), rebuild=True)])
            else:
                fold(store, ts, [changed(*upserted, deleted=gone)])
            if reopen:
                store.close()
                store = Store.open(store.path)
            assert store.folded == ts
            assert_holds(store, [*model.values()])
        store.close()


@pytest.mark.slow
def test_more_rows_than_one_chunk_are_all_folded_and_can_all_be_changed(store: Store) -> None:
    many = StoredTable("many", NUMBER, table(n=v.int64()))
    count = 20_010

    fold(store, 1, [changed(*(document(place, n=place) for place in range(count)), stored=many)])
    fold(store, 2, [changed(*(document(place, n=-place) for place in range(count)), stored=many)])

    assert select(store, "SELECT count(*), sum(n) FROM many") == [(count, -sum(range(count)))]
    assert [each["n"] for _, each in loaded(store, "by_id")] == [-place for place in range(count)]


@pytest.mark.slow
def test_documents_too_large_for_one_chunk_are_all_folded(store: Store) -> None:
    large = StoredTable("large", NUMBER, table(data=v.bytes()))
    documents = [document(place, data=bytes([place]) * 1_000_000) for place in range(40)]

    fold(store, 1, [changed(*documents, stored=large)])

    assert loaded(store, "by_id") == scanned(documents, "by_id", large)


def test_a_rebuild_gives_the_tables_the_columns_and_indexes_of_the_new_declaration(store: Store) -> None:
    fold(store, 1, [changed(flight(1), flight(2))])
    narrow = StoredTable("flights", NUMBER, table(delay=v.int64()).index("by_delay", "delay"))
    documents = [document(place, delay=place) for place in (1, 3)]

    fold(store, 2, [changed(*documents, stored=narrow, rebuild=True)])

    assert loaded(store, "by_delay") == scanned(documents, "by_delay", narrow)
    assert select(store, "SELECT * FROM flights ORDER BY delay") == [tuple(each.values()) for each in documents]
    assert store.placements[NUMBER].typed == "flights"


def test_a_search_index_adds_no_column(store: Store) -> None:
    searched = FLIGHTS.table.search_index("search_origin", "origin", filter_fields=["tags"])
    documents = [flight(1), flight(2)]

    fold(store, 1, [changed(*documents, stored=replace(FLIGHTS, table=searched))])

    assert_holds(store, documents)
    assert [*store.placements[NUMBER].keys] == [*INDEXES[1:]]


def test_the_rows_of_a_rebuild_may_be_loaded_from_the_tables_that_it_replaces(store: Store) -> None:
    documents = [flight(place) for place in range(3)]
    fold(store, 1, [changed(*documents)])

    def stored_rows() -> Iterator[FoldRow]:
        yield from rows(each for _, each in loaded(store, "by_id"))

    fold(store, 2, [TableFold(NUMBER, FLIGHTS, stored_rows(), rebuild=True)])

    assert_holds(store, documents)


def test_a_typed_table_that_somebody_dropped_fails_the_fold_and_comes_back_with_a_rebuild(store: Store) -> None:
    fold(store, 1, [changed(flight(1))])
    store.cursor().execute("DROP TABLE flights")

    with pytest.raises(DatabaseFileError, match="undo changes that another program made"):
        fold(store, 2, [changed(flight(2))])
    fold(store, 2, [changed(flight(1), flight(2), rebuild=True)])

    assert_holds(store, [flight(1), flight(2)])


def test_a_dropped_table_is_gone_and_its_name_is_free_within_the_same_fold(store: Store) -> None:
    fold(store, 1, [changed(flight(1))])
    second = replace(FLIGHTS, number=10002)

    fold(store, 2, [changed(flight(2), stored=second), TableFold(NUMBER, None)])

    assert store.load(NUMBER, "by_id") == ([], [])
    assert loaded(store, "by_id", 10002) == scanned([flight(2)], "by_id")
    assert select(store, "SELECT _id FROM flights") == [(flight(2)["_id"],)]
    assert store.relations("reactive") == {"meta", "tables", "documents_10002"}


def test_dropping_a_table_that_was_never_folded_is_no_error(store: Store) -> None:
    fold(store, 1, [TableFold(NUMBER, None)])

    assert store.folded == 1


def test_index_names_that_differ_in_case_only_or_look_like_columns_are_kept_apart(store: Store) -> None:
    declared = table(a=v.string(), b=v.string()).index("document", "a").index("by_x", "b").index("BY_X", "a")
    stored = StoredTable("t", NUMBER, declared)
    documents = [document(1, a="x", b="z"), document(2, a="y", b="a")]

    fold(store, 1, [changed(*documents, stored=stored)])

    for index in ("document", "by_x", "BY_X"):
        assert loaded(store, index) == scanned(documents, index, stored)


def test_indexes_declared_in_another_order_are_not_mixed_up(store: Store) -> None:
    one = table(a=v.string(), b=v.string()).index("by_a", "a").index("by_b", "b")
    other = table(a=v.string(), b=v.string()).index("by_b", "b").index("by_a", "a")
    fold(store, 1, [changed(document(1, a="x", b="z"), stored=StoredTable("t", NUMBER, one))])

    fold(store, 2, [changed(document(2, a="y", b="a"), stored=StoredTable("t", NUMBER, other))])

    assert [each["a"] for _, each in loaded(store, "by_a")] == ["x", "y"]
    assert [each["b"] for _, each in loaded(store, "by_b")] == ["a", "z"]


# ------------------------------------------------------------------ names in main


def test_a_taken_name_gets_an_ending_and_keeps_it_through_a_rebuild(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE Flights AS SELECT 'mine' AS whose")
        connection.execute("CREATE VIEW flights_2 AS SELECT 'mine too' AS whose")
    store = Store.open(path)

    fold(store, 1, [changed(flight(1))])
    assert select(store, "FROM Flights") == [("mine",)]
    assert select(store, "SELECT origin FROM flights_3") == [("JFK",)]

    store.cursor().execute("DROP VIEW flights_2")
    fold(store, 2, [changed(flight(1, "LGA"), rebuild=True)])
    assert select(store, "SELECT origin FROM flights_3") == [("LGA",)]
    assert store.relations("main") == {"flights", "flights_3"}
    store.close()


def test_tables_that_differ_in_case_only_stand_beside_each_other(store: Store) -> None:
    fold(store, 1, [changed(flight(1)), changed(flight(2), stored=StoredTable("FLIGHTS", 10002, FLIGHTS.table))])

    assert select(store, "SELECT _id FROM flights") == [(flight(1)["_id"],)]
    assert select(store, 'SELECT _id FROM "FLIGHTS_2"') == [(flight(2)["_id"],)]


def test_system_tables_stand_in_the_schema_of_the_engine(store: Store) -> None:
    jobs = StoredTable("_jobs", 3, table(state=v.string()))

    fold(store, 1, [changed(document(1, 3, state="pending"), stored=jobs)])

    assert select(store, "SELECT state FROM reactive._jobs") == [("pending",)]
    assert store.relations("main") == set()


# ------------------------------------------------------------------ all or nothing


def test_rows_that_raise_undo_the_fold_and_pass_their_exception_on(store: Store) -> None:
    fold(store, 1, [changed(flight(1))])

    def failing() -> Iterator[FoldRow]:
        yield from rows([flight(2)])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fold(store, 2, [changed(flight(3)), TableFold(10002, replace(FLIGHTS, number=10002, name="b"), failing())])

    assert store.folded == 1
    assert_holds(store, [flight(1)])
    assert store.relations("main") == {"flights"}
    fold(store, 2, [changed(flight(2))])
    assert_holds(store, [flight(1), flight(2)])


@pytest.mark.slow
@pytest.mark.parametrize("room", [0, 5_000, 300_000])
def test_a_fold_that_the_disk_does_not_take_changes_nothing_and_can_be_repeated(store: Store, room: int) -> None:
    resource = pytest.importorskip("resource", reason="limits of file sizes are POSIX")
    fold(store, 1, [changed(flight(1))])
    more = [flight(place, "x" * 300) for place in range(2, 3000)]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    sizes = [each.stat().st_size for each in store.path.parent.iterdir()]

    resource.setrlimit(resource.RLIMIT_FSIZE, (min(sizes) + room, limits[1]))
    try:
        with pytest.raises(DatabaseFileError) as failed:
            fold(store, 2, [changed(*more, rebuild=True)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert failed.value.expected == "room on the disk"
    assert str(store.path) in failed.value.what
    assert store.folded == 1
    assert_holds(store, [flight(1)])
    fold(store, 2, [changed(*more)])
    assert_holds(store, [flight(1), *more])


def test_a_fold_that_meets_a_transaction_of_the_users_own_is_refused(store: Store) -> None:
    fold(store, 1, [changed(flight(1))])
    cursor = store.cursor()
    cursor.begin().execute("DELETE FROM flights")

    with pytest.raises(DatabaseFileError, match="only reactive_nb writes"):
        fold(store, 2, [changed(flight(1, "LGA"))])

    cursor.rollback()
    assert store.folded == 1
    fold(store, 2, [changed(flight(1, "LGA"))])
    assert_holds(store, [flight(1, "LGA")])


def test_rows_whose_number_cannot_be_written_are_not_written_either(store: Store) -> None:
    fold(store, 1, [changed(flight(1))])
    cursor = store.cursor()
    cursor.begin().execute("UPDATE reactive.meta SET value = '7' WHERE key = 'folded'")

    with pytest.raises(DatabaseFileError):
        fold(store, 2, [changed(flight(2))])

    cursor.rollback()
    assert store.folded == 1
    assert_holds(store, [flight(1)])


@pytest.mark.slow
@pytest.mark.parametrize(("moment", "folded"), [("inside", 1), ("after", 2)])
def test_a_killed_process_leaves_the_whole_fold_or_nothing_of_it(tmp_path: Path, moment: str, folded: int) -> None:
    path = tmp_path / "x.duckdb"
    command = [sys.executable, "-m", "tests.tables.child", str(path), moment]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.kill()

    store = Store.open(path)

    assert store.folded == folded
    assert_holds(store, [flight(place) for place in (range(10) if folded == 1 else range(1, 20))])
    assert store.relations("main") == {"flights"}
    store.close()
