"""What is in each frame of the hub: the news of one moment, for each page what it shows of it, and nothing twice."""

from __future__ import annotations

import json

from tests.notebook.fakes import FakeEngine
from tests.notebook.page.desk import Desk, document, values


def test_one_changed_cell_of_fifty_rows_is_one_message_below_a_kilobyte() -> None:
    desk = Desk()
    rows = [document(n, body="hello " * 20) for n in range(50)]
    desk.shown(desk.engine.live("latest", rows, channel="general"))

    desk.commit(latest=[row | {"n": -1} if row["n"] == 17 else row for row in rows])

    assert desk.sent == [
        {
            "type": "Frame",
            "page": "p",
            "seq": 2,
            "whole": False,
            "ts": {"e1": 1},
            "entries": {"x0": {"ops": [{"op": "update", "key": "id17", "cells": {"n": -1}}]}},
        }
    ]
    assert len(json.dumps(desk.sent[0])) < 1000


def test_all_views_that_changed_at_one_moment_are_in_one_frame() -> None:
    desk = Desk()
    desk.shown(*(desk.engine.live(path, 0) for path in ("one", "two", "three")))

    desk.commit(one=10, two=20)

    assert [set(frame["entries"]) for frame in desk.take()] == [{"x0", "x1"}]


def test_moments_between_two_frames_become_one_frame_of_the_latest() -> None:
    desk = Desk()
    desk.shown(desk.count())

    for count in range(1, 1000):
        desk.engine.commit(count=count)
    desk.hub.flush()

    assert [(frame["ts"], values(frame["entries"]["x0"])) for frame in desk.take()] == [({"e1": 999}, [999])]


def test_a_moment_that_changes_nothing_on_a_page_sends_it_nothing() -> None:
    desk = Desk()
    desk.shown(desk.count())
    desk.engine.live("not_displayed", 1)
    desk.hub.open_rows(desk.engine.live("displayed_nowhere", 1))

    desk.commit(not_displayed=2)
    desk.commit(displayed_nowhere=2)
    desk.commit()

    assert desk.sent == []


def test_a_moment_that_a_page_waits_for_is_told_though_nothing_changes() -> None:
    desk = Desk()
    view, _ = desk.shown(desk.count(), desk.engine.live("other", 1))
    desk.engine.commit()
    desk.engine.commit()

    desk.hub.confirm(view, 1)
    assert desk.wakes[-1] == 0.0
    desk.hub.flush()
    desk.hub.flush()

    assert [(frame["ts"], frame["entries"]) for frame in desk.take()] == [({"e1": 1}, {"x0": {"ops": []}})]


def test_a_moment_that_is_over_is_not_told_again() -> None:
    desk = Desk()
    (view,) = desk.shown(desk.count())
    for count in (1, 2):
        desk.engine.commit(count=count)

    desk.hub.confirm(view, 1)
    desk.hub.flush()

    assert [(frame["ts"], values(frame["entries"]["x0"])) for frame in desk.take()] == [({"e1": 2}, [2])]


def test_two_pages_show_their_own_parts_of_one_view_and_count_their_own_frames() -> None:
    desk = Desk()
    rows = [document(n) for n in range(30)]
    view = desk.hub.open_rows(desk.engine.live("latest", rows))
    top = desk.show(view, "p", first=0, count=3)
    desk.show(view, "q", first=20, count=3)
    end = desk.show(view, "q", "y", first=28, count=3)

    desk.commit(latest=[row | {"n": -1} if row["n"] in (1, 21) else row for row in rows])

    assert [key for key, _ in top["rows"]] == ["id0", "id1", "id2"]
    assert [key for key, _ in end["rows"]] == ["id27", "id28", "id29"]
    (mine,), (yours,) = desk.take("p"), desk.take("q")
    assert (mine["seq"], yours["seq"]) == (2, 3)
    assert [op["key"] for op in mine["entries"]["x"]["ops"]] == ["id1"]
    assert [op["key"] for op in yours["entries"]["x"]["ops"]] == ["id21"]
    assert yours["entries"]["y"] == {"ops": []}


def test_two_engines_have_their_own_commits() -> None:
    desk = Desk()
    other = FakeEngine()
    desk.shown(desk.count(), other.live("other", 1))

    other.commit()
    other.commit(other=2)
    desk.hub.flush()

    (frame,) = desk.take()
    assert (frame["ts"], set(frame["entries"])) == ({"e1": 0, "e3": 2}, {"x1"})


def test_a_page_is_told_the_commits_of_what_it_shows_only() -> None:
    desk = Desk()
    other = FakeEngine()
    desk.show(desk.hub.open_rows(other.live("other", 1)), "q")
    desk.shown(desk.count())

    desk.commit(count=1)

    assert desk.take()[0]["ts"] == {"e3": 1}


def test_a_moment_between_opening_and_the_first_look_of_a_page_is_not_lost() -> None:
    desk = Desk()
    view = desk.hub.open_rows(desk.count(1))
    desk.engine.commit(count=2)

    assert desk.show(view)["rows"] == [["value", {"value": 2}]]
    assert desk.hub.snapshot(view)["ts"] == 1


def test_more_operations_than_rows_are_sent_as_rows() -> None:
    desk = Desk()
    desk.shown(desk.engine.live("latest", [document(n) for n in range(9)]))

    desk.commit(latest=[document(42)])

    (entry,) = desk.entries()
    assert entry["rows"] == [["id42", document(42)]]
    assert "ops" not in entry


def test_a_page_that_missed_a_frame_gets_the_whole() -> None:
    desk = Desk()
    desk.shown(desk.engine.live("latest", [document(n) for n in range(9)]), desk.count())
    desk.commit(latest=[document(n) for n in range(10)])
    desk.sent.clear()

    desk.say("Resync")

    (frame,) = desk.take()
    assert (frame["whole"], len(frame["entries"]["x0"]["rows"]), len(frame["entries"]["x1"]["rows"])) == (True, 10, 1)


def test_a_place_that_shows_nothing_any_more_costs_nothing_until_it_is_shown_again() -> None:
    desk = Desk()
    (view,) = desk.shown(desk.count(1))
    desk.say("Hide", viewer="x0")

    desk.commit(count=2)
    desk.commit(count=3)

    assert desk.sent == []
    assert desk.show(view)["rows"] == [["value", {"value": 3}]]


def test_a_place_that_shows_another_view_gets_all_of_that() -> None:
    desk = Desk()
    one, two = desk.engine.live("one", 1), desk.engine.live("two", [document(1)])
    desk.shown(one)

    entry = desk.show(desk.hub.open_rows(two), viewer="x0")

    assert (entry["rows"], entry["title"], entry["kind"]) == ([["id1", document(1)]], "two()", "table")


def test_a_page_that_asks_for_a_view_that_is_gone_hears_so_once() -> None:
    desk = Desk()
    desk.say("Show", viewer="x", view="v99", window=None)
    desk.hub.flush()

    assert desk.entries("x") == [{"gone": True}]


def test_a_view_that_is_closed_is_gone_on_all_pages_and_for_those_that_come_later() -> None:
    desk = Desk()
    live = desk.count()
    (view,) = desk.shown(live)
    desk.show(view, "q")

    desk.hub.close_view(view)
    desk.hub.flush()
    desk.commit(count=1)

    assert (desk.entries("x0"), desk.entries("x", "q")) == ([{"gone": True}], [{"gone": True}])
    assert desk.hub.views_of(live) == []
    assert desk.show(view, "r") == {"gone": True}


def test_what_follows_a_frame_is_done_once_after_it_also_when_one_fails() -> None:
    desk = Desk()
    desk.shown(desk.count())
    done: list[int] = []

    def follow() -> None:
        done.append(len(desk.sent))

    desk.hub.after_frame(lambda: 1 / 0)
    desk.hub.after_frame(follow)
    assert (done, desk.wakes[-1]) == ([], 0.0)
    desk.commit(count=1)
    desk.commit(count=2)

    assert done == [1]
