"""The hub with a pace that the test decides: what is in each frame, and that a page that follows the rules is right."""

from __future__ import annotations

import gc
import json
import weakref
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reactive_nb.notebook.hub import KEEP_S, STATE_DELAY_S, Hub
from reactive_nb.notebook.shape import shape_of
from tests.notebook.fakes import FakeEngine, FakeTransition, ManualPace
from tests.notebook.test_rows import apply


class Desk:
    """An engine, a hub and everything the hub has sent."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.sent: list[dict[str, Any]] = []
        self.paces: list[ManualPace] = []
        self.hub = Hub(self.sent.append, self._pace)

    def _pace(self, flush: Any) -> ManualPace:
        self.paces.append(ManualPace(flush))
        return self.paces[0]

    @property
    def pace(self) -> ManualPace:
        return self.paces[0]

    def commit(self, **values: Any) -> None:
        self.engine.commit(**values)
        self.hub.flush()


def document(n: int, **fields: Any) -> dict[str, Any]:
    return {"_id": f"id{n}", "n": n, **fields}


# ---------------------------------------------------------------- frames


def test_one_changed_cell_of_fifty_rows_is_one_message_below_a_kilobyte() -> None:
    desk = Desk()
    rows = [document(n, body="hello " * 20) for n in range(50)]
    view = desk.hub.view_of(desk.engine.live("latest", rows, channel="general"))

    desk.commit(latest=[row | {"n": -1} if row["n"] == 17 else row for row in rows])

    assert desk.sent == [
        {
            "type": "Frame",
            "seq": 1,
            "ts": 1,
            "views": {view.id: {"since": 0, "ops": [{"op": "update", "key": "id17", "cells": {"n": -1}}]}},
        }
    ]
    assert len(json.dumps(desk.sent[0])) < 1000


def test_all_views_that_changed_at_one_moment_are_in_one_frame() -> None:
    desk = Desk()
    one = desk.hub.view_of(desk.engine.live("one", 1))
    two = desk.hub.view_of(desk.engine.live("two", 2))
    three = desk.hub.view_of(desk.engine.live("three", 3))

    desk.commit(one=10, two=20)

    assert [set(frame["views"]) for frame in desk.sent] == [{one.id, two.id}]
    assert three.id not in desk.sent[0]["views"]


def test_moments_between_two_frames_become_one_frame_of_the_latest() -> None:
    desk = Desk()
    desk.hub.view_of(desk.engine.live("count", 0))

    for count in range(1, 1000):
        desk.engine.commit(count=count)
    desk.hub.flush()

    assert [frame["ts"] for frame in desk.sent] == [999]
    assert "999" in json.dumps(desk.sent)


def test_a_moment_that_changes_nothing_on_the_page_sends_nothing() -> None:
    desk = Desk()
    desk.hub.view_of(desk.engine.live("count", 1))
    desk.engine.live("not_displayed", 1)

    desk.commit(count=1)
    desk.commit(not_displayed=2)
    desk.commit()

    assert desk.sent == []


def test_a_frame_counts_from_the_one_before_it() -> None:
    desk = Desk()
    view = desk.hub.view_of(desk.engine.live("count", 0))
    desk.hub.view_of(desk.engine.live("other", 0))

    desk.commit(count=1)
    desk.commit(other=1)
    desk.commit(count=2)

    assert [frame["seq"] for frame in desk.sent] == [1, 2, 3]
    assert desk.sent[2]["views"][view.id]["since"] == 1  # frame 2 had no news of it


def test_more_operations_than_rows_are_sent_as_rows() -> None:
    desk = Desk()
    view = desk.hub.view_of(desk.engine.live("latest", [document(n) for n in range(9)]))

    desk.commit(latest=[document(42)])

    entry = desk.sent[0]["views"][view.id]
    assert entry["rows"] == [["id42", document(42)]]
    assert "ops" not in entry


def test_a_failed_run_tells_its_error_and_keeps_the_rows_and_a_good_one_takes_it_back() -> None:
    desk = Desk()
    view = desk.hub.view_of(desk.engine.live("latest", [document(1)]))

    desk.commit(latest=ValueError("no such channel"))
    desk.commit(latest=[document(1)])

    error = {"name": "ValueError", "message": "no such channel"}
    assert [frame["views"][view.id] for frame in desk.sent] == [
        {"since": 0, "ops": [], "state": "failed", "error": error},
        {"since": 1, "ops": [], "state": "fresh", "error": None},
    ]


def test_an_error_that_cannot_say_anything_is_told_by_its_class() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    desk = Desk()
    view = desk.hub.view_of(desk.engine.live("latest", [document(1)]))

    desk.commit(latest=Mute())

    assert desk.sent[0]["views"][view.id]["error"] == {"name": "Mute", "message": "Mute"}


def test_an_error_beside_a_value_keeps_no_new_rows_back() -> None:
    desk = Desk()
    live = desk.engine.live("count", 1)
    view = desk.hub.view_of(live)

    live.error = ValueError("a widget's value was refused")
    desk.engine.ts += 1
    live.value = 2  # a commit moved the result of the arguments that it kept
    for listener in desk.engine.listeners:
        listener(FakeTransition(1, [live]))
    desk.hub.flush()

    assert desk.hub.snapshot(view)["rows"] == [["value", {"value": 2}]]


def test_before_the_first_run_and_after_an_error_a_page_is_not_told_that_the_result_is_none() -> None:
    desk = Desk()
    live = desk.engine.live("count", None)
    live.state = "loading"
    view = desk.hub.view_of(live)
    before = desk.hub.snapshot(view)

    desk.commit(count=3)
    desk.commit(count=ValueError("no"))

    assert (before["kind"], before["rows"], before["state"]) == ("table", [], "loading")
    assert desk.hub.snapshot(view)["rows"] == [["value", {"value": 3}]]


# ---------------------------------------------------------------- states


def test_a_state_is_not_told_at_once_for_a_transition_may_follow() -> None:
    desk = Desk()
    live = desk.engine.live("latest", [document(1)])
    desk.hub.view_of(live)

    live.state = "failed"
    live.state = "fresh"
    desk.hub.flush()

    assert desk.pace.wakes == [STATE_DELAY_S, STATE_DELAY_S]
    assert desk.sent == []


def test_an_error_outside_a_transition_is_told() -> None:
    desk = Desk()
    live = desk.engine.live("latest", [document(1)])
    view = desk.hub.view_of(live)

    live.error, live.state = ValueError("channel is 3"), "failed"
    desk.hub.flush()
    live.error = ValueError("channel is 4")
    desk.hub.flush()

    assert [frame["views"][view.id]["error"]["message"] for frame in desk.sent] == ["channel is 3", "channel is 4"]


def test_a_value_that_is_set_while_its_transition_is_not_announced_yet_is_not_sent() -> None:
    desk = Desk()
    live = desk.engine.live("count", 1)
    view = desk.hub.view_of(live)

    live.value, live.state = 2, "failed"  # the engine is in the middle of a transition
    desk.hub.flush()

    assert desk.sent[0]["views"] == {view.id: {"since": 0, "ops": [], "state": "failed"}}


def test_a_closed_result_says_so_once_and_the_hub_rests() -> None:
    desk = Desk()
    live = desk.engine.live("count", 1)
    view = desk.hub.view_of(live)

    live.close()
    desk.hub.flush()
    desk.commit(count=2)

    assert [frame["views"] for frame in desk.sent] == [{view.id: {"since": 0, "ops": [], "state": "closed", "ts": 0}}]
    assert desk.pace.rests


def test_a_result_that_is_displayed_after_all_others_were_closed_is_followed() -> None:
    desk = Desk()
    first = desk.engine.live("count", 1)
    desk.hub.view_of(first)
    first.close()
    desk.hub.flush()
    desk.sent.clear()

    view = desk.hub.view_of(desk.engine.live("count", 1))
    desk.commit(count=2)

    assert set(desk.sent[0]["views"]) == {view.id}


def test_displaying_a_result_twice_is_one_view() -> None:
    desk = Desk()
    live = desk.engine.live("count", 1)

    assert desk.hub.view_of(live) is desk.hub.view_of(live)


# ---------------------------------------------------------------- requests of pages


def test_a_page_that_missed_a_frame_gets_the_whole() -> None:
    desk = Desk()
    view = desk.hub.view_of(desk.engine.live("latest", [document(n) for n in range(9)]))
    desk.commit(latest=[document(n) for n in range(10)])

    desk.hub.on_message({"type": "Resync", "view_id": view.id, "seq": 0})
    desk.hub.flush()

    assert len(desk.sent[-1]["views"][view.id]["rows"]) == 10


def test_a_page_that_missed_nothing_gets_a_word_and_no_rows() -> None:
    desk = Desk()
    view = desk.hub.view_of(desk.engine.live("latest", [document(n) for n in range(9)]))

    desk.hub.on_message({"type": "Resync", "view_id": view.id, "seq": 0})
    desk.hub.flush()

    assert desk.sent[-1]["views"] == {view.id: {"since": 0, "ops": []}}


def test_a_view_that_no_page_shows_costs_nothing_until_a_page_shows_it_again() -> None:
    desk = Desk()
    view = desk.hub.view_of(desk.engine.live("count", 1))

    desk.hub.on_message({"type": "Hide", "view_id": view.id})
    desk.hub.flush()
    desk.commit(count=2)
    desk.commit(count=3)
    hidden = [frame["views"] for frame in desk.sent]
    desk.hub.on_message({"type": "Resync", "view_id": view.id, "seq": 1})
    desk.hub.flush()

    assert hidden == [{view.id: {"paused": True}}]
    assert desk.sent[-1]["views"][view.id]["rows"] == [["value", {"value": 3}]]


def test_messages_that_no_page_of_ours_sends_are_ignored() -> None:
    desk = Desk()
    desk.hub.view_of(desk.engine.live("count", 1))

    for message in (None, "Resync", {}, {"type": "Resync"}, {"type": "Resync", "view_id": 1, "seq": "x"}):
        desk.hub.on_message(message)
    desk.hub.flush()

    assert desk.pace.wakes == []
    assert desk.sent == []


def test_a_page_that_asks_for_a_result_that_is_gone_hears_so() -> None:
    desk = Desk()

    desk.hub.on_message({"type": "Resync", "view_id": "v99", "seq": 0})
    desk.hub.flush()

    assert [frame["views"] for frame in desk.sent] == [{"v99": {"gone": True}}]


# ---------------------------------------------------------------- how long a result lives


class Shown:
    """A displayed result that nothing else refers to, on a desk with a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sent: list[dict[str, Any]] = []
        self.wakes: list[float] = []
        self.hub = Hub(self.sent.append, self._pace, lambda: self.now)
        self.engine = FakeEngine()
        live = self.engine.live("count", 1)
        self.view_id = self.hub.view_of(live).id
        self.live = weakref.ref(live)

    def _pace(self, flush: Any) -> ManualPace:
        return ManualPace(flush, self.wakes)

    def page(self, type: str) -> None:
        self.hub.on_message({"type": type, "view_id": self.view_id, "seq": 0})
        self.hub.flush()

    def at(self, seconds: float) -> None:
        self.now = seconds
        self.hub.flush()

    @property
    def lives(self) -> bool:
        gc.collect()
        return self.live() is not None


def test_a_result_lives_while_a_page_shows_it_and_a_while_longer() -> None:
    shown = Shown()
    shown.at(1000.0)
    assert shown.lives

    shown.page("Hide")
    assert shown.wakes[-1] == KEEP_S
    shown.at(1000.0 + KEEP_S - 1)
    assert shown.lives
    assert shown.wakes[-1] == 1
    shown.at(1000.0 + KEEP_S)
    assert not shown.lives

    shown.engine.commit()
    shown.page("Resync")
    assert shown.sent[-1]["views"] == {shown.view_id: {"gone": True}}


def test_a_result_that_is_shown_again_in_time_lives_on() -> None:
    shown = Shown()
    shown.page("Hide")
    shown.at(KEEP_S - 1)
    shown.page("Resync")
    shown.at(10 * KEEP_S)
    assert shown.lives

    shown.page("Hide")
    shown.at(11 * KEEP_S)
    assert not shown.lives


def test_a_closed_result_stays_for_the_page_that_shows_it() -> None:
    shown = Shown()
    shown.engine.lives()[0].close()
    shown.at(1.0)
    assert shown.lives

    shown.page("Hide")
    shown.at(1.0 + KEEP_S)
    assert not shown.lives


def test_a_result_that_no_page_is_about_to_show_is_not_held() -> None:
    desk = Desk()
    live = desk.engine.live("count", 1)
    desk.hub.view_of(live, shown=False)
    gone = weakref.ref(live)

    desk.commit(count=2)
    del live
    gc.collect()

    assert gone() is None


# ---------------------------------------------------------------- snapshots


def test_rows_and_commit_of_a_snapshot_belong_together_while_no_page_shows_the_view() -> None:
    desk = Desk()
    view = desk.hub.view_of(desk.engine.live("count", 1))
    desk.hub.on_message({"type": "Hide", "view_id": view.id})
    desk.hub.flush()

    desk.commit(count=2)
    snapshot = desk.hub.snapshot(view)

    assert (snapshot["rows"], snapshot["ts"]) == ([["value", {"value": 2}]], 1)


def test_rows_and_commit_of_a_snapshot_belong_together_before_the_frame() -> None:
    desk = Desk()
    view = desk.hub.view_of(desk.engine.live("count", 1))

    desk.engine.commit(count=2)
    before = desk.hub.snapshot(view)
    desk.hub.flush()
    after = desk.hub.snapshot(view)

    assert (before["rows"], before["ts"]) == ([["value", {"value": 1}]], 0)
    assert (after["rows"], after["ts"]) == ([["value", {"value": 2}]], 1)


def test_a_closed_result_keeps_its_commit_in_frames_and_snapshots() -> None:
    desk = Desk()
    live = desk.engine.live("count", 1)
    view = desk.hub.view_of(live)
    desk.hub.view_of(desk.engine.live("other", 1))

    live.close()
    desk.commit(other=2)
    frame = desk.sent[-1]
    desk.commit(other=3)

    assert (frame["ts"], frame["views"][view.id]["ts"]) == (1, 0)
    assert desk.hub.snapshot(view)["ts"] == 0


# ---------------------------------------------------------------- any order of everything


class Page:
    """What store.js and widget.js do, in the plainest way."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.id = snapshot["view_id"]
        self.known = snapshot["seq"]
        self.shown = True
        self.lines: list[tuple[str, Any]] = [(key, row) for key, row in snapshot["rows"]]

    def receive(self, frame: dict[str, Any]) -> dict[str, Any] | None:
        """Apply a frame and return the request it makes necessary."""
        entry = frame["views"].get(self.id)
        if frame["seq"] <= self.known:
            return None
        if entry and "rows" in entry:
            self.lines = [(key, row) for key, row in entry["rows"]]
        elif entry and entry.get("since", frame["seq"]) <= self.known:
            self.lines = apply(dict(self.lines), entry["ops"])
        elif entry or frame["seq"] > self.known + 1:
            return self.resync() if self.shown else None
        self.known = frame["seq"]
        return None

    def resync(self) -> dict[str, Any]:
        return {"type": "Resync", "view_id": self.id, "seq": self.known}


results = st.lists(st.integers(0, 6), unique=True).map(lambda ns: [document(n) for n in ns]) | st.integers(0, 2)


class PagesFollowTheEngine(RuleBasedStateMachine):
    """Two results, pages that come, hide, return and miss frames: at rest every page shows what the results hold."""

    @initialize()
    def open(self) -> None:
        self.desk = Desk()
        self.lives = [self.desk.engine.live(path, []) for path in ("one", "two")]
        self.pages: list[Page] = []
        self.delivered = 0

    @rule(which=st.sampled_from([0, 1]))
    def a_page_opens(self, which: int) -> None:
        page = Page(self.desk.hub.snapshot(self.desk.hub.view_of(self.lives[which])))
        self.pages.append(page)
        self.desk.hub.on_message(page.resync())

    @rule(values=st.dictionaries(st.sampled_from(["one", "two"]), results))
    def a_commit(self, values: dict[str, Any]) -> None:
        self.desk.engine.commit(**values)

    @rule(lost=st.booleans())
    def a_frame(self, lost: bool) -> None:
        self.desk.hub.flush()
        self.deliver(lost)

    @precondition(lambda self: self.pages)
    @rule(data=st.data())
    def a_page_hides_or_returns(self, data: st.DataObject) -> None:
        page = data.draw(st.sampled_from(self.pages))
        page.shown = not page.shown
        self.desk.hub.on_message(page.resync() if page.shown else {"type": "Hide", "view_id": page.id})

    def deliver(self, lost: bool) -> None:
        frames, self.delivered = self.desk.sent[self.delivered :], len(self.desk.sent)
        for frame in [] if lost else frames:
            for page in self.pages:
                request = page.receive(frame)
                if request is not None:
                    self.desk.hub.on_message(request)

    @invariant()
    def at_rest_every_page_is_right(self) -> None:
        if not hasattr(self, "desk") or not self.desk.engine.ts or self.desk.engine.ts % 3:
            return
        for page in self.pages:
            if page.shown:
                self.desk.hub.on_message(page.resync())
        for _ in range(4):
            self.desk.hub.flush()
            self.deliver(lost=False)
        for page in self.pages:
            if page.shown:
                live = self.lives[0] if self.desk.hub.view_of(self.lives[0]).id == page.id else self.lives[1]
                assert page.lines == list(shape_of(live.value).rows.items())


TestPagesFollowTheEngine = PagesFollowTheEngine.TestCase
TestPagesFollowTheEngine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
