"""One page's session without a hub: numbers of frames, words of the page, pace, and when the page is taken to be gone."""

from __future__ import annotations

from typing import Any

import pytest

from reactive_nb.notebook.page.session import AHEAD, NUDGE_S, SILENT_S, SLOW_S, Session
from reactive_nb.notebook.page.view import ContentView
from reactive_nb.notebook.result.arrangement import Window


class Shown:
    """A session that shows one view of outputs."""

    def __init__(self) -> None:
        self.session = Session("p")
        self.view = ContentView("v1", "e1", False, "a view")
        self.session.show("x", self.view, Window(), 0.0)

    def frame(self, now: float = 0.0, change: bool = True) -> Any:
        if change:
            self.view.outputs = [{"n": self.view.version}]
            self.view.changed()
        return self.session.frame({"e1": 7, "e2": 8}, now)


@pytest.fixture
def shown() -> Shown:
    return Shown()


def test_the_first_frame_has_everything_and_the_next_what_is_new(shown: Shown) -> None:
    first = shown.frame(change=False)
    second = shown.frame()

    assert first == {
        "type": "Frame",
        "page": "p",
        "seq": 1,
        "whole": False,
        "ts": {"e1": 7},
        "entries": {
            "x": {"outputs": [], "state": "loading", "error": None, "title": "a view", "engine": "e1", "note": ""}
        },
    }
    assert (second["seq"], second["entries"]) == (2, {"x": {"outputs": [{"n": 0}]}})


def test_without_news_there_is_no_frame_and_no_number_is_lost(shown: Shown) -> None:
    shown.frame()

    assert not shown.session.has_news
    assert shown.frame(change=False) is None
    assert shown.frame()["seq"] == 2


def test_a_page_that_missed_a_frame_gets_everything_also_when_it_shows_nothing(shown: Shown) -> None:
    shown.frame()
    shown.session.resync()
    whole = shown.frame(change=False)
    shown.session.hide("x", 0.0)
    shown.session.resync()
    empty = shown.frame(change=False)

    assert (whole["seq"], whole["whole"], set(whole["entries"]["x"])) == (
        2, True, {"outputs", "state", "error", "title", "engine", "note"},
    )  # fmt: skip
    assert (empty["seq"], empty["whole"], empty["entries"]) == (3, True, {})
    assert shown.frame(change=False) is None


def test_a_page_that_keeps_up_waits_for_nothing_and_one_that_does_not_gets_frames_slowly(shown: Shown) -> None:
    for _ in range(AHEAD):
        assert shown.session.wait_s(5.0) == 0
        shown.frame(5.0)

    assert shown.session.wait_s(5.0) == pytest.approx(SLOW_S)
    assert shown.session.wait_s(5.0 + SLOW_S / 2) == pytest.approx(SLOW_S / 2)
    assert shown.session.wait_s(5.0 + SLOW_S) == 0
    shown.session.acknowledge(1, 5.0)
    assert shown.session.wait_s(5.0) == 0


def test_words_about_frames_that_were_never_sent_count_for_nothing(shown: Shown) -> None:
    for _ in range(AHEAD):
        shown.frame()
    shown.session.acknowledge(99, 0.0)
    shown.session.acknowledge(-5, 0.0)
    for _ in range(AHEAD - 1):
        shown.frame()

    assert shown.session.wait_s(0.0) == 0
    shown.frame()
    assert shown.session.wait_s(0.0) == SLOW_S


def test_a_page_that_asks_for_everything_gets_it_without_a_wait(shown: Shown) -> None:
    for _ in range(AHEAD):
        shown.frame(5.0)

    shown.session.resync()

    assert shown.session.wait_s(5.0) == 0


def test_a_page_is_gone_when_it_says_nothing_about_a_frame_for_long(shown: Shown) -> None:
    assert shown.session.over_s(10 * SILENT_S) is None
    shown.frame(100.0)
    shown.frame(150.0)
    assert shown.session.over_s(100.0 + SILENT_S - 1) == 1

    shown.session.acknowledge(1, 160.0)
    assert shown.session.over_s(100.0 + SILENT_S) == 60
    assert shown.session.over_s(160.0 + SILENT_S) == 0

    shown.session.acknowledge(2, 170.0)
    assert shown.session.over_s(10 * SILENT_S) is None


def test_a_page_is_gone_when_it_shows_nothing_for_long(shown: Shown) -> None:
    shown.session.hide("x", 50.0)

    assert shown.session.over_s(51.0) == SILENT_S - 1
    assert shown.session.over_s(50.0 + SILENT_S) == 0


def test_a_page_that_is_silent_is_asked_after_a_while_then_after_twice_as_long(shown: Shown) -> None:
    assert shown.session.nudge_s(0.0) is None
    shown.frame(10.0)
    assert shown.session.nudge_s(10.0) == NUDGE_S

    nudge = shown.session.nudge({"e1": 7}, 10.0 + NUDGE_S)
    assert (nudge["seq"], nudge["whole"], nudge["entries"]) == (2, False, {})
    assert shown.session.nudge_s(10.0 + NUDGE_S) == 2 * NUDGE_S

    shown.frame(20.0)
    assert shown.session.nudge_s(20.0) == NUDGE_S
    shown.session.acknowledge(3, 20.0)
    assert shown.session.nudge_s(20.0) is None


def test_views_know_how_many_places_show_them(shown: Shown) -> None:
    other = ContentView("v2", "e1", True, "another")
    is_new = shown.session.show("y", shown.view, Window(), 0.0)
    again = shown.session.show("y", shown.view, Window(3), 0.0)
    assert (shown.view.viewers, is_new, again) == (2, True, False)

    shown.session.show("y", other, Window(), 0.0)
    assert (shown.view.viewers, other.viewers, other.awaited) == (1, 1, False)

    shown.session.hide("nowhere", 0.0)
    shown.session.close()
    assert (shown.view.viewers, other.viewers, shown.session.viewers) == (0, 0, {})


def test_a_place_whose_view_is_unknown_is_told_so_once_and_again_when_all_is_asked_for(shown: Shown) -> None:
    session = Session("p")
    session.show("x", None, Window(), 0.0)
    frames = [session.frame({}, 0.0), session.frame({}, 0.0)]
    session.resync()
    frames.append(session.frame({}, 0.0))

    assert [frame and frame["entries"] for frame in frames] == [{"x": {"gone": True}}, None, {"x": {"gone": True}}]


def test_a_view_with_a_commit_of_its_own_says_it_in_each_entry(shown: Shown) -> None:
    shown.view.ts = 3
    entries = [shown.frame()["entries"]["x"], shown.frame()["entries"]["x"]]
    shown.view.ts = None
    entries.append(shown.frame()["entries"]["x"])

    assert [entry.get("ts") for entry in entries] == [3, 3, None]
