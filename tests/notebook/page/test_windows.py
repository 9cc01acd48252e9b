"""The part of a table that a page has: where it begins, what it counts, and that the reader's row stays where it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reactive_nb.notebook.result.shape import shape_of
from tests.notebook.page.desk import Desk, document
from tests.notebook.result.test_rows import apply

Rows = list[dict[str, Any]]


def numbered(*numbers: int) -> Rows:
    return [document(n) for n in numbers]


class Table:
    """A table of rows on one page, in a window."""

    def __init__(self, rows: Rows, **window: Any) -> None:
        self.desk = Desk()
        self.live = self.desk.engine.live("table", rows)
        self.view = self.desk.hub.open_rows(self.live)
        self.rows: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.look(**window)

    def look(self, **window: Any) -> list[str]:
        return self.take(self.desk.show(self.view, **window))

    def move(self, rows: Rows) -> list[str]:
        self.desk.commit(table=rows)
        (frame,) = self.desk.take()
        self.desk.say("Ack", seq=frame["seq"])
        return self.take(frame["entries"]["x"])

    def take(self, entry: dict[str, Any]) -> list[str]:
        """Return the keys that the page shows now."""
        lines = entry["rows"] if "rows" in entry else apply(self.rows, entry["ops"])
        self.rows = dict(lines)
        self.facts |= {name: fact for name, fact in entry.items() if name not in ("rows", "ops")}
        return list(self.rows)

    @property
    def counted(self) -> tuple[int, int, int]:
        return self.facts["first"], self.facts["total"], self.facts["size"]


def ids(*numbers: int) -> list[str]:
    return [f"id{n}" for n in numbers]


def test_a_window_has_its_rows_and_says_of_how_many() -> None:
    table = Table(numbered(*range(50)), first=10, count=3)
    assert (list(table.rows), table.counted) == (ids(10, 11, 12), (10, 50, 50))

    assert table.look(first=11, count=3) == ids(11, 12, 13)
    assert table.look(first=99, count=3) == ids(47, 48, 49)
    assert table.counted == (47, 50, 50)
    assert table.look(first=0, count=2, filter=[["n", "> 40"]]) == ids(41, 42)
    assert table.counted == (0, 9, 50)


def test_scrolling_a_little_sends_only_the_rows_that_come_in() -> None:
    table = Table(numbered(*range(50)), first=10, count=4)

    table.desk.say("Show", viewer="x", view=table.view.id, window={"first": 11, "count": 4})

    (entry,) = table.desk.entries("x")
    assert entry == {
        "first": 11,
        "ops": [{"op": "delete", "key": "id10"}, {"op": "insert", "key": "id14", "after": "id13", "row": document(14)}],
    }


def test_a_page_that_asks_hears_where_its_window_begins_also_when_that_is_where_it_was() -> None:
    table = Table(numbered(*range(50)), first=10, count=4)

    table.desk.say("Show", viewer="x", view=table.view.id, window={"first": 10, "count": 4})
    table.desk.commit(table=numbered(*range(50), 99))

    assert table.desk.entries("x") == [{"ops": [], "first": 10}, {"ops": [], "total": 51, "size": 51}]


def test_at_the_top_new_rows_come_into_sight() -> None:
    table = Table(numbered(1, 2, 3), first=0, count=2)

    assert table.move(numbered(0, 1, 2, 3)) == ids(0, 1)
    assert table.counted == (0, 4, 4)


def test_below_the_top_the_reader_s_row_stays_when_rows_come_and_go_above_it() -> None:
    table = Table(numbered(*range(20)), first=8, count=4, anchor="id9")

    assert table.move(numbered(-2, -1, *range(20))) == ids(8, 9, 10, 11)
    assert table.counted[0] == 10
    assert table.move(numbered(*range(5, 20))) == ids(8, 9, 10, 11)
    assert table.counted[0] == 3


def test_rows_that_come_and_go_above_the_window_send_facts_only() -> None:
    table = Table(numbered(*range(20)), first=8, count=4, anchor="id9")

    table.desk.commit(table=numbered(-1, *range(20)))

    assert table.desk.entries("x") == [{"ops": [], "first": 9, "total": 21, "size": 21}]


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        ([n for n in range(20) if n != 9], ids(7, 8, 10, 11)),  # the next one stays where it was
        ([*range(8), *range(11, 20)], ids(5, 6, 7, 11)),
        (range(9), ids(5, 6, 7, 8)),  # nothing below it is left: the row above it, and the end of the table
        ([8, *range(12, 20)], ids(8, 12, 13, 14)),
        (range(5), ids(1, 2, 3, 4)),  # nothing of the window is left
        ([], []),
    ],
    ids=repr,
)
def test_when_the_reader_s_row_goes_the_nearest_one_stays(left: Any, shown: list[str]) -> None:
    table = Table(numbered(*range(20)), first=8, count=4, anchor="id9")

    assert table.move(numbered(*left)) == shown


def test_the_row_that_stayed_in_place_of_a_deleted_one_stays_from_then_on() -> None:
    table = Table(numbered(*range(20)), first=8, count=4, anchor="id9")
    table.move(numbered(*[n for n in range(20) if n != 9]))

    assert table.move(numbered(-3, -2, -1, *[n for n in range(20) if n != 9])) == ids(7, 8, 10, 11)


def test_a_row_that_is_sorted_elsewhere_does_not_take_the_reader_with_it() -> None:
    rows = numbered(*range(20))
    table = Table(rows, first=8, count=4, anchor="id9", sort=[["n", "asc"]])

    assert table.move([row | {"n": 100} if row["n"] == 9 else row for row in rows]) == ids(7, 8, 10, 11)


def test_the_reader_s_row_stays_in_sight_when_they_sort_or_filter() -> None:
    table = Table(numbered(*range(20)), first=8, count=4, anchor="id9")

    assert table.look(first=8, count=4, anchor="id9", sort=[["n", "desc"]]) == ids(10, 9, 8, 7)
    assert table.counted[0] == 9
    assert table.look(first=9, count=4, anchor="id9", sort=[], filter=[["n", "> 5"]]) == ids(8, 9, 10, 11)
    assert table.counted == (2, 14, 20)


def test_a_reader_who_jumps_far_away_is_there() -> None:
    table = Table(numbered(*range(100)), first=8, count=4, anchor="id9")

    assert table.look(first=60, count=4, anchor="id61") == ids(60, 61, 62, 63)
    assert table.move(numbered(-1, *range(100))) == ids(60, 61, 62, 63)


def test_a_table_that_shrinks_fills_the_window() -> None:
    table = Table(numbered(*range(20)), first=16, count=4, anchor="id17")

    assert table.move(numbered(*range(3))) == ids(0, 1, 2)
    assert table.counted == (0, 3, 3)


@pytest.mark.slow
@pytest.mark.parametrize(("at", "ops"), [(500, 1), (90_000, 0)])
def test_one_changed_row_of_a_hundred_thousand_is_a_message_below_a_kilobyte(at: int, ops: int) -> None:
    rows = [document(n, origin="EWR", gate="A1", delay=n % 60) for n in range(100_000)]
    table = Table(rows, first=480, count=120, anchor="id490")

    table.desk.commit(table=[*rows[:at], rows[at] | {"delay": -1}, *rows[at + 1 :]])

    (frame,) = table.desk.take()
    assert len(json.dumps(frame)) < 1000
    assert len(frame["entries"]["x"]["ops"]) == ops
    assert list(frame["entries"]["x"]) == ["ops"]


# ---------------------------------------------------------------- kinds, columns, keys, inputs


def test_a_result_of_another_kind_is_sent_as_a_whole() -> None:
    desk = Desk()
    (view,) = desk.shown(desk.engine.live("it", {"n": 1}))
    for value in (["n"], [document(1)], 7, [], ["n"]):
        desk.commit(it=value)
        desk.say("Ack", seq=desk.sent[-1]["seq"])

    told = [(entry.get("kind"), entry.get("columns"), entry.get("rows")) for entry in desk.entries()]
    assert told == [
        ("list", ["value"], [["#0", {"value": "n"}]]),
        ("table", ["n", "_id"], [["id1", document(1)]]),
        ("scalar", ["value"], [["value", {"value": 7}]]),
        ("table", [], []),
        ("list", ["value"], [["#0", {"value": "n"}]]),
    ]
    assert view.shape.kind == "list"


def test_columns_keep_their_places_and_an_emptied_table_its_head() -> None:
    desk = Desk()
    desk.shown(desk.engine.live("it", [{"b": 1, "_id": "x"}]))

    desk.commit(it=[{"a": 1, "b": 2, "_id": "x"}])
    desk.commit(it=[])

    assert [entry.get("columns") for entry in desk.entries()] == [["b", "a", "_id"], None]


def test_the_columns_that_a_user_has_fixed_stay_and_other_kinds_have_their_own() -> None:
    desk = Desk()
    view = desk.hub.open_rows(desk.engine.live("it", [{"b": 1, "c": 3}]), columns=["c", "a"])
    assert desk.show(view)["columns"] == ["c", "a"]

    desk.commit(it=[{"a": 1}])
    assert "columns" not in desk.entries("x")[0]
    desk.commit(it={"n": 1})
    assert desk.entries("x")[0]["columns"] == ["field", "value"]


def test_rows_are_named_by_the_column_that_a_user_names() -> None:
    desk = Desk()
    view = desk.hub.open_rows(desk.engine.live("it", [{"no": 7}, {"no": 8}]), key="no")
    assert [key for key, _ in desk.show(view)["rows"]] == ["7", "8"]

    desk.commit(it=[{"no": 8}, {"no": 8}])
    assert [key for key, _ in desk.hub.snapshot(view)["rows"]] == ["#0", "#1"]


def test_editable_columns_are_told_when_there_is_a_row_and_stay_when_there_is_none() -> None:
    desk = Desk()
    asked: list[Any] = []

    def inputs(row: Any) -> dict[str, Any]:
        asked.append(row)
        return {"n": {"kind": "number"}}

    view = desk.hub.open_rows(desk.engine.live("it", []), inputs=inputs)
    assert desk.show(view)["inputs"] == {}

    desk.commit(it=[document(1), document(2)])
    desk.commit(it=[])
    assert [entry.get("inputs") for entry in desk.entries("x")] == [{"n": {"kind": "number"}}, None]
    assert asked == [document(1)]


def test_rows_that_nobody_looks_at_are_not_arranged(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    live = desk.engine.live("latest", [document(1)])
    hidden, shown = desk.hub.open_rows(live, awaited=False), desk.hub.open_rows(live)
    desk.show(shown)
    shaped: list[Any] = []

    def counting(value: Any, key: str) -> Any:
        shaped.append(value)
        return shape_of(value, key)

    monkeypatch.setattr("reactive_nb.notebook.page.view.shape_of", counting)
    for n in (2, 3):
        desk.commit(latest=[document(n)])
    assert shaped == [[document(2)], [document(3)]]

    assert desk.show(hidden, viewer="y")["rows"] == [["id3", document(3)]]
    assert len(shaped) == 3


def test_rows_that_nobody_has_looked_at_stay_when_the_query_fails() -> None:
    desk = Desk()
    live = desk.engine.live("latest", [document(1)])
    view = desk.hub.open_rows(live, awaited=False)

    desk.commit(latest=[document(2)])
    desk.commit(latest=ValueError("no"))

    entry = desk.show(view)
    assert (entry["rows"], entry["state"]) == ([["id2", document(2)]], "failed")
