"""How long a result, its views and its engine live: while a page shows them, a while longer, and then no more."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from reactive_nb.errors import DatabaseClosed
from reactive_nb.notebook.page.hub import KEEP_S
from reactive_nb.notebook.page.lifetimes import AWAIT_S
from reactive_nb.notebook.page.panel import Panel
from reactive_nb.notebook.page.session import SILENT_S
from reactive_nb.notebook.page.view import View
from tests.notebook.fakes import FakeEngine
from tests.notebook.page.desk import Desk

pytestmark = pytest.mark.slow  # each collects garbage, and that of a whole test run


class Kept:
    """A shown result that nothing else refers to."""

    def __init__(self, awaited: bool = True) -> None:
        self.desk = Desk()
        live = self.desk.count(1)
        view = self.desk.hub.open_rows(live, awaited)
        self.id = view.id
        self.live, self.view = weakref.ref(live), weakref.ref(view)

    def say(self, type: str) -> None:
        self.desk.say(type, viewer="x", view=self.id, window=None)
        for message in self.desk.take():
            if message["type"] == "Frame":
                self.desk.say("Ack", seq=message["seq"])

    @property
    def lives(self) -> bool:
        gc.collect()
        assert (self.live() is None) == (self.view() is None)
        return self.live() is not None


def test_a_result_lives_while_a_page_shows_it_and_a_while_longer() -> None:
    kept = Kept()
    kept.desk.at(100.0)
    assert kept.lives
    kept.say("Show")
    kept.desk.at(1000.0)
    assert kept.lives

    kept.say("Hide")
    assert kept.desk.wakes[-1] == KEEP_S
    kept.desk.at(1000.0 + KEEP_S - 1)
    assert kept.lives
    assert kept.desk.wakes[-1] == 1
    kept.desk.at(1000.0 + KEEP_S)
    assert not kept.lives

    kept.desk.engine.commit()
    kept.desk.say("Show", viewer="x", view=kept.id, window=None)
    assert kept.desk.entries("x") == [{"gone": True}]


def test_a_result_that_is_shown_again_in_time_lives_on() -> None:
    kept = Kept()
    kept.say("Show")
    kept.say("Hide")
    kept.desk.at(KEEP_S - 1)
    kept.say("Show")
    kept.desk.at(3 * KEEP_S)
    assert kept.lives

    kept.say("Hide")
    kept.desk.at(4 * KEEP_S)
    assert not kept.lives


def test_a_closed_result_stays_for_the_page_that_shows_it() -> None:
    kept = Kept()
    kept.say("Show")
    kept.desk.engine.lives()[0].close()
    kept.desk.at(1.0)
    kept.desk.at(1.0 + KEEP_S)
    assert kept.lives

    kept.say("Hide")
    kept.desk.at(1.0 + 2 * KEEP_S)
    assert not kept.lives


def test_a_result_that_no_page_is_about_to_show_is_not_held() -> None:
    kept = Kept(awaited=False)
    kept.desk.commit(count=2)

    assert not kept.lives


def test_a_result_that_a_page_shows_unasked_is_held_for_it() -> None:
    desk = Desk()
    live = desk.count(1)
    desk.show(desk.hub.open_rows(live, awaited=False))
    gone = weakref.ref(live)

    del live
    gc.collect()

    assert gone() is not None


def test_a_result_that_only_a_page_showed_which_is_gone_is_let_go() -> None:
    kept = Kept()
    kept.say("Show")
    kept.desk.commit(count=2)  # no word about this frame
    assert kept.lives

    kept.desk.at(SILENT_S)
    assert kept.desk.wakes[-1] == KEEP_S
    kept.desk.at(SILENT_S + KEEP_S)

    assert not kept.lives


def test_the_hub_looks_after_a_silent_page_without_other_news() -> None:
    kept = Kept()
    kept.say("Show")
    kept.desk.commit(count=2)
    for _ in range(20):  # what the pace would do
        kept.desk.now += kept.desk.wakes[-1]
        kept.desk.hub.flush()

    assert not kept.lives


def test_an_engine_that_nobody_holds_goes_with_its_results() -> None:
    desk = Desk()
    other = FakeEngine()
    live = other.live("count", 1)
    view = desk.hub.open_rows(live, awaited=False)
    Panel(desk.hub, live, "a cell", other, awaited=False).show([])
    desk.show(view)
    desk.say("Hide", viewer="x")
    other.refresh(live)
    other.commit(count=2)
    live.state = "failed"
    desk.hub.flush()
    desk.at(1.0)
    other.refresh()
    desk.at(2.0)
    desk.at(KEEP_S + 1)
    gone = [weakref.ref(each) for each in (other, live, view)]

    del other, live, view
    gc.collect()

    assert [each() for each in gone] == [None, None, None]


def test_a_closed_view_is_let_go_while_its_owner_lives_on() -> None:
    desk = Desk()
    live = desk.count(1)
    view: View = desk.hub.open_rows(live)
    desk.show(view)
    gone = weakref.ref(view)

    desk.hub.close_view(view)
    desk.hub.flush()
    del view
    gc.collect()

    assert gone() is None


def test_what_pages_can_ask_is_not_held() -> None:
    class Form:
        def answer(self, method: str, params: dict[str, Any], /) -> Any: ...

    desk = Desk()
    form = Form()
    desk.hub.register(form)
    gone = weakref.ref(form)

    del form
    gc.collect()

    assert gone() is None


@pytest.mark.parametrize("later", [False, True])
def test_a_drawn_view_goes_with_its_result(later: bool) -> None:
    desk = Desk()
    live = desk.count(1)
    view = desk.hub.open_drawn(live, lambda value: [{"v": value}], (lambda: None) if later else None, awaited=False)
    desk.show(view)
    desk.say("Hide", viewer="x")
    desk.at(KEEP_S)
    gone = weakref.ref(live), weakref.ref(view)

    del live, view
    gc.collect()

    assert [each() for each in gone] == [None, None]


def test_a_result_that_no_page_ever_shows_is_held_for_a_while_only() -> None:
    kept = Kept()
    assert kept.desk.wakes[-1] == AWAIT_S
    kept.desk.hub.flush()
    kept.desk.at(AWAIT_S - 1)
    assert kept.lives
    assert kept.desk.wakes[-1] == 1

    kept.desk.at(AWAIT_S)
    assert kept.lives, "it may be on its way"
    assert kept.desk.wakes[-1] == KEEP_S
    kept.desk.at(AWAIT_S + KEEP_S)
    assert not kept.lives


def test_a_result_waits_for_its_page_as_long_as_that_cannot_be_heard() -> None:
    kept = Kept()
    kept.desk.hub.can_hear = lambda: False
    for round in range(5):
        kept.desk.at(round * AWAIT_S)
    assert kept.lives

    kept.desk.hub.can_hear = lambda: True
    kept.say("Show")
    kept.desk.at(10 * AWAIT_S)
    assert kept.lives


def test_a_page_that_comes_late_finds_a_result_that_somebody_else_holds() -> None:
    desk = Desk()
    live = desk.count(1)
    view = desk.hub.open_rows(live)
    desk.hub.flush()
    desk.at(AWAIT_S)
    desk.at(AWAIT_S + KEEP_S)
    assert not view.shown
    desk.commit(count=2)

    assert desk.show(view)["rows"] == [["value", {"value": 2}]]


@pytest.mark.parametrize("later", [False, True])
def test_a_function_that_names_its_own_result_does_not_keep_it(later: bool) -> None:
    desk = Desk()

    def run_cell() -> weakref.ref[Any]:
        live = desk.count(1)
        view = desk.hub.open_drawn(live, lambda value: [{"of": live.path}], (lambda: None) if later else None)
        desk.show(view)
        desk.commit(count=2)
        desk.say("Hide", viewer="x")
        return weakref.ref(live)

    gone = [run_cell() for _ in range(5)]
    desk.at(1.0)
    desk.at(1.0 + KEEP_S)
    gc.collect()

    assert [each() for each in gone] == [None] * 5


def test_an_abandoned_view_is_forgotten_with_the_next_frame() -> None:
    desk = Desk()
    live = desk.count(1)
    view = desk.hub.open_rows(live)
    desk.show(view)

    view.abandoned = True
    assert not view.shown
    desk.commit(count=2)

    assert desk.entries("x") == [{"gone": True}]
    assert desk.hub.views_of(live) == []
    gone = weakref.ref(live)
    del live
    gc.collect()
    assert gone() is None


class ClosedEngine(FakeEngine):
    """An engine that announces nothing any more, or does not for now."""

    refusal: Exception | None = None
    asked = 0

    def on_transition(self, listener: Any, /) -> Any:
        if self.refusal is not None:
            raise self.refusal
        return super().on_transition(listener)

    def on_refresh(self, listener: Any, /) -> Any:
        self.asked += 1
        if self.asked == 1 and self.refusal is None:
            raise OSError("not now")
        return super().on_refresh(listener)


def test_a_result_whose_database_is_closed_is_shown() -> None:
    desk = Desk()
    engine = ClosedEngine()
    engine.refusal = DatabaseClosed("Cannot use it", thing="it was closed", expected="an open one", hint="Open it")
    live = engine.live("count", 3)
    live.close()

    entry = desk.show(desk.hub.open_rows(live))

    assert (entry["rows"], entry["state"]) == ([["value", {"value": 3}]], "closed")


def test_an_engine_that_could_not_be_listened_to_is_listened_to_the_next_time_and_once() -> None:
    desk = Desk()
    engine = ClosedEngine()
    live = engine.live("count", 3)
    with pytest.raises(OSError, match="not now"):
        desk.hub.open_rows(live)

    desk.shown(live)
    engine.commit(count=4)
    desk.hub.flush()

    assert (len(engine.listeners), len(engine.watchers)) == (1, 1)
    assert len(desk.entries()) == 1
