"""The panel's lists: looked at while a page shows them, told by differences, and never twice for two pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ReactiveError
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.panel.lists import LOOK_S, SHARE, Lists
from reactive_nb.notebook.panel.panel import Databases, LabPanel
from reactive_nb.notebook.result.shape import KeyedRows
from tests.notebook.panel.page import FakePace, Page


class Desk:
    """A hub with one page, and lists whose items a test sets."""

    def __init__(self, db: Engine) -> None:
        self.sent: list[dict[str, Any]] = []
        self.paces: list[FakePace] = []
        self.now = 0.0
        self.hub = Hub(self.sent.append, self.pace, lambda act: act(), lambda: self.now)
        self.page = Page(self.hub, self.sent, lambda: self.paces[0].flush())
        self.items: KeyedRows = {"a": {"n": 1}}
        self.asked: list[int | None] = []
        self.takes_s = 0.0
        self.failure: Exception | None = None
        self.lists = Lists(self.hub, dict, {"things": self.things}, self.pace, lambda: self.now)
        self.databases = Databases(self.hub, lambda: [db])
        self.panel = LabPanel(self.databases, self.lists, {"echo": Echo()})
        (self.db,) = self.databases.all()

    def pace(self, flush: Callable[[], None]) -> FakePace:
        self.paces.append(FakePace(flush))
        return self.paces[-1]

    def things(self, engine: Engine, at: int | None) -> KeyedRows:
        self.asked.append(at)
        self.now += self.takes_s
        if self.failure is not None:
            raise self.failure
        return self.items

    def open(self, at: int | None = None, viewer: str = "place") -> str:
        view: str = self.panel.answer("open", {"what": "things", "db": self.db, "at": at})["view"]
        self.page.show(viewer, view)
        return view

    def look(self) -> None:
        self.paces[1].flush()


class Echo:
    def answer(self, method: str, params: dict[str, Any], /) -> Any:
        return [method, params]


@pytest.fixture
def desk(db: Engine) -> Desk:
    return Desk(db)


def test_a_page_gets_the_items_with_its_first_frame_and_then_only_differences(desk: Desk) -> None:
    desk.open()
    (first,) = desk.page.entries("place")
    desk.items = {"a": {"n": 2}, "b": {"n": 3}}
    desk.look()
    (second,) = desk.page.entries("place")

    assert first["rows"] == [["a", {"n": 1}]]
    assert (first["state"], first["total"], first["engine"], first["title"]) == ("live", 1, desk.db, "things")
    assert second["ops"] == [
        {"op": "update", "key": "a", "cells": {"n": 2}},
        {"op": "insert", "key": "b", "after": "a", "row": {"n": 3}},
    ]


def test_equal_items_are_not_told(desk: Desk) -> None:
    desk.open()
    desk.page.entries("place")
    desk.items = {"a": {"n": 1}}
    desk.look()

    assert desk.page.entries("place") == []


def test_the_same_items_in_another_order_are_told(desk: Desk) -> None:
    desk.items = {"a": {"n": 1}, "b": {"n": 1}}
    desk.open()
    desk.page.entries("place")
    desk.items = {"b": {"n": 1}, "a": {"n": 1}}
    desk.look()

    (entry,) = desk.page.entries("place")
    assert [op["op"] for op in entry["ops"]] == ["move"]


def test_nothing_is_looked_at_for_a_list_that_no_page_shows(desk: Desk) -> None:
    desk.open()
    desk.page.hide("place")
    asked = len(desk.asked)
    desk.paces[1].wakes.clear()
    desk.look()

    assert len(desk.asked) == asked
    assert desk.paces[1].wakes == []


def test_a_list_that_is_slow_to_look_at_is_looked_at_less_often(desk: Desk) -> None:
    desk.open()
    desk.look()
    desk.takes_s = 1.0
    desk.look()

    assert desk.paces[1].wakes[-2:] == [LOOK_S, SHARE * 1.0]


def test_two_pages_that_want_the_same_share_a_view(desk: Desk) -> None:
    assert desk.open() == desk.open(viewer="other")
    assert desk.asked == [None]


def test_a_list_of_the_past_is_computed_once(desk: Desk) -> None:
    desk.open(at=3)
    (entry,) = desk.page.entries("place")
    desk.items = {}
    desk.look()

    assert (entry["state"], desk.asked) == ("closed", [3])
    assert desk.page.entries("place") == []


def test_a_list_that_cannot_be_computed_keeps_its_items_and_says_why(desk: Desk) -> None:
    desk.open()
    desk.page.entries("place")

    desk.failure = ValueError("no luck")
    desk.look()
    (entry,) = desk.page.entries("place")
    desk.failure = None
    desk.look()
    (after,) = desk.page.entries("place")

    assert (entry["error"], entry.get("ops")) == ({"name": "ValueError", "message": "no luck"}, [])
    assert after["error"] is None


@pytest.mark.parametrize(
    ("method", "params", "answer"),
    [
        ("open", {"what": "nothing", "db": "e1"}, "'nothing' was asked for"),
        ("open", {"what": "things", "db": None}, "'things' was asked for, of no database"),
        ("open", {"what": "things", "db": "e99"}, "'e99' is not open in this kernel"),
        ("other.do", {}, "there is nothing of this name"),
        ("echo", {}, "there is nothing of this name"),
    ],
)
def test_what_cannot_be_done_says_why(desk: Desk, method: str, params: dict[str, Any], answer: str) -> None:
    with pytest.raises(ReactiveError, match="Cannot") as refused:
        desk.panel.answer(method, params)

    assert answer in str(refused.value)


def test_an_area_answers_what_is_asked_of_it(desk: Desk) -> None:
    assert desk.panel.answer("echo.do", {"n": 1}) == ["do", {"n": 1}]
