"""Tables brought to a moment other than the one that the store stands at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactive_nb.documents.ordered_map import OrderedMap
from reactive_nb.documents.snapshot import Change, TableState
from reactive_nb.documents.tree import Shape
from reactive_nb.schema.declaration import StoredTable, table
from reactive_nb.schema.system_tables import ENVIRONMENT, SYSTEM_TABLES
from reactive_nb.tables.fold import FoldRow, TableFold, fold
from reactive_nb.tables.moment import Moment, differences, prepare
from reactive_nb.tables.store import Store
from reactive_nb.values import wire
from reactive_nb.values.validators import v
from tests.tables.flights import FLIGHTS, NUMBER, document, flight


def state(stored: StoredTable, *documents: dict[str, Any]) -> TableState:
    return TableState.empty(stored).apply([change(stored, each) for each in documents])[0]


def change(stored: StoredTable, new: dict[str, Any]) -> Change:
    maker = TableState.empty(stored).maker
    return Change(stored.name, new["_id"], None, wire.encode(new), None, maker.keys(new))


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store.in_memory()
    yield store
    store.close()


def stand(store: Store, *states: TableState) -> dict[str, TableState]:
    """Fold tables into an empty store."""
    folds = [
        TableFold(
            each.stored.number, each.stored, [FoldRow(document["_id"], data, ()) for data, document in each.documents()]
        )
        for each in states
    ]
    fold(store, 1, folds)
    return {each.name: each for each in states}


@contextmanager
def moment(store: Store, ground: Mapping[str, TableState], *wanted: TableState) -> Iterator[tuple[Moment, Any]]:
    cursor = store.cursor()
    prepare(cursor, store.catalog)
    cursor.begin()
    try:
        made = Moment(cursor, store, ground, store.placements, {each.name: each for each in wanted})
        yield made, lambda sql: cursor.execute(sql).fetchall()
    finally:
        cursor.rollback()
        cursor.close()


def test_what_stands_already_is_left_alone(store: Store) -> None:
    flights = state(FLIGHTS, flight(1), flight(2))
    ground = stand(store, flights)

    with moment(store, ground, flights) as (made, _):
        assert made.misshapen() == []
        assert made.differing(["flights"]) == []


def test_rows_that_differ_are_brought_over_and_only_for_this_transaction(store: Store) -> None:
    ground = stand(store, state(FLIGHTS, flight(1), flight(2), flight(3)))
    wanted = state(FLIGHTS, flight(1), flight(2, "EWR", 9.0), flight(4, tags=["a"]))

    with moment(store, ground, wanted) as (made, select):
        assert made.differing(["flights"]) == ["flights"]
        made.fill(["flights"])
        seen = select("SELECT _creationTime - 1.7e12, origin, delay, tags FROM flights ORDER BY 1")

    assert seen == [(1.0, "JFK", 1.5, []), (2.0, "EWR", 9.0, []), (4.0, "JFK", 1.5, ["a"])]
    assert store.cursor().execute("SELECT _creationTime - 1.7e12 FROM flights").fetchall() == [(1.0,), (2.0,), (3.0,)]


def test_views_and_full_names_read_the_same_moment(store: Store) -> None:
    ground = stand(store, state(FLIGHTS, flight(1)))
    store.cursor().execute("CREATE VIEW mine AS SELECT * FROM flights")
    wanted = state(FLIGHTS, flight(1), flight(2))

    with moment(store, ground, wanted) as (made, select):
        made.fill(["flights"])
        counts = select(
            f"SELECT (SELECT count(*) FROM mine), (SELECT count(*) FROM main.flights), "
            f"(SELECT count(*) FROM {store.catalog}.main.flights)"
        )

    assert counts == [(2, 2, 2)]


def test_a_table_of_other_columns_is_made_anew(store: Store) -> None:
    ground = stand(store, state(FLIGHTS, flight(1)))
    stored = StoredTable("flights", NUMBER, table(origin=v.string(), seats=v.vector(2)))
    wanted = state(stored, document(1, origin="JFK", seats=wire.decode(wire.encode(vector([1, 2])))))

    with moment(store, ground, wanted) as (made, select):
        assert made.misshapen() == ["flights"]
        made.reshape()
        assert made.differing(["flights"]) == ["flights"]
        made.fill(["flights"])
        seen = select("SELECT origin, seats FROM flights")

    assert seen == [("JFK", (1.0, 2.0))]


def vector(numbers: list[float]) -> Any:
    from reactive_nb.values.conversion import vector

    return vector(numbers)


def test_other_indexes_do_not_matter(store: Store) -> None:
    flights = state(FLIGHTS, flight(1))
    ground = stand(store, flights)
    wanted = flights.redeclared(StoredTable("flights", NUMBER, table(**DECLARED).index("by_delay", "delay")))

    with moment(store, ground, wanted) as (made, _):
        assert made.misshapen() == []
        assert made.differing(["flights"]) == []


DECLARED = {"origin": v.string(), "delay": v.optional(v.number()), "tags": v.array(v.string())}


def test_tables_come_and_go(store: Store) -> None:
    gone = StoredTable("gone", 10002, table(n=v.number()))
    new = StoredTable("new", 10003, table(n=v.number()))
    ground = stand(store, state(FLIGHTS, flight(1)), state(gone, document(1, 10002, n=1)))
    store.cursor().execute("CREATE TABLE new (mine INTEGER)")

    with moment(store, ground, ground["flights"], state(new, document(1, 10003, n=7))) as (made, select):
        assert sorted(made.misshapen()) == ["gone", "new"]
        made.reshape()
        made.fill(["flights", "new"])
        names = select("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY 1")
        rows = select("SELECT n FROM new_2")
        placed = {each.name: each.typed for each in made.placements.values()}

    assert names == [("flights",), ("new",), ("new_2",)]
    assert rows == [(7.0,)]
    assert placed == {"flights": "flights", "new": "new_2"}


def test_private_tables_are_not_touched(store: Store) -> None:
    number, declared = SYSTEM_TABLES[ENVIRONMENT]
    stored = StoredTable(ENVIRONMENT, number, declared)
    ground = stand(store, TableState.empty(stored))

    with moment(store, ground, state(stored, document(1, number, name="A", validator="x"))) as (made, _):
        assert made.misshapen() == []
        assert made.placements == {}


class SmallMap(OrderedMap[bytes]):
    """A map of which few entries make a deep tree."""

    shape = Shape(leaf=4, branch=4)


KEYS = st.integers(0, 99).map(lambda n: b"%02d" % n)
EDITS = st.dictionaries(KEYS, st.sampled_from([None, b"a", b"b"]), max_size=12)


@pytest.mark.slow
@given(EDITS, st.lists(EDITS, max_size=4), st.lists(EDITS, max_size=4))
def test_differences_are_those_of_the_entries(first: Any, left: list[Any], right: list[Any]) -> None:
    def after(map: OrderedMap[bytes], batches: list[Any]) -> OrderedMap[bytes]:
        for batch in batches:
            map = map.apply(sorted(batch.items()))
        return map

    base = after(SmallMap(), [first])
    before, now = after(base, left), after(base, right)
    old, new = dict(before.items()), dict(now.items())

    gone, put = differences(before, now)

    assert sorted(gone) == sorted(key.decode() for key in old if new.get(key) != old[key])
    assert sorted(put) == sorted(new[key] for key in new if new[key] != old.get(key))


def test_what_two_maps_share_is_not_looked_at() -> None:
    keys = [b"%06d" % n for n in range(10_000)]
    before = OrderedMap.from_sorted(keys, [b"a"] * len(keys))
    after = before.with_change(b"005000", b"b").with_change(b"999999", b"c").with_change(b"000007", None)

    assert differences(before, after) == (["000007", "005000"], [b"b", b"c"])
    old, new = before.unshared(after)
    assert len(old) < 300
    assert len(new) < 300
