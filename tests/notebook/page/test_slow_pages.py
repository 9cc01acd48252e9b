"""Pages that draw slowly, say nothing, miss frames or cannot be reached: no queue grows, and no news is lost."""

from __future__ import annotations

from typing import Any

import pytest

from reactive_nb.notebook.page.hub import RETRY_S
from reactive_nb.notebook.page.session import AHEAD, NUDGE_S, SILENT_S, SLOW_S
from tests.notebook.page.desk import Desk, values


def test_a_page_that_draws_slowly_gets_the_latest_moment_when_it_can_take_it() -> None:
    desk = Desk()
    desk.shown(desk.count())
    for count in range(1, AHEAD + 3):
        desk.commit(count=count)
    assert [values(entry) for entry in desk.entries()] == [[count] for count in range(1, AHEAD + 1)]
    assert SLOW_S in [pytest.approx(wake) for wake in desk.wakes]

    desk.at(SLOW_S)
    assert [values(entry) for entry in desk.entries()] == [[AHEAD + 2]]
    desk.commit(count=99)
    assert desk.sent == []
    desk.say("Ack", seq=3 + AHEAD - 1)
    assert [values(entry) for entry in desk.entries()] == [[99]]


def test_a_silent_page_is_asked_whether_it_has_the_last_frame_and_then_asks_itself() -> None:
    desk = Desk()
    desk.shown(desk.count())
    desk.commit(count=1)
    assert desk.wakes[-1] == NUDGE_S
    desk.take()  # lost

    desk.at(NUDGE_S)

    (nudge,) = desk.take()
    assert (nudge["seq"], nudge["entries"]) == (3, {})
    desk.say("Resync")
    assert desk.entries()[0]["rows"] == [["value", {"value": 1}]]


def test_a_page_that_has_drawn_everything_is_not_asked() -> None:
    desk = Desk()
    desk.shown(desk.count())

    desk.at(10 * SILENT_S)

    assert desk.sent == []


def test_a_page_that_is_silent_for_long_is_dropped_and_begins_again_when_it_speaks() -> None:
    desk = Desk()
    (view,) = desk.shown(desk.count())
    desk.commit(count=1)
    desk.at(SILENT_S)
    assert view.viewers == 0
    desk.commit(count=2)
    desk.take()

    for word in ({"type": "Ack", "seq": 2}, {"type": "Resync"}):
        desk.say(**word)
        assert desk.take() == [{"type": "Unknown", "page": "p"}]
    assert desk.show(view)["rows"] == [["value", {"value": 2}]]


def test_no_page_is_dropped_for_its_silence_while_none_can_be_heard() -> None:
    desk = Desk()
    (view,) = desk.shown(desk.count())
    desk.hub.can_hear = lambda: False
    desk.commit(count=1)
    desk.at(SILENT_S)
    assert view.viewers == 1

    desk.hub.can_hear = lambda: True
    desk.at(2 * SILENT_S - 1)
    assert view.viewers == 1
    desk.at(2 * SILENT_S)
    assert view.viewers == 0


def test_a_page_that_was_dropped_and_scrolls_is_asked_for_all_that_it_shows() -> None:
    desk = Desk()
    (view, _) = desk.shown(desk.count(), desk.engine.live("other", 1))
    desk.commit(count=1)
    desk.at(SILENT_S)
    desk.take()

    desk.say("Show", viewer="x0", view=view.id, window=None)

    unknown, frame = desk.take()
    assert (unknown, frame["seq"], set(frame["entries"])) == ({"type": "Unknown", "page": "p"}, 1, {"x0"})
    desk.say("Show", viewer="x0", view=view.id, window=None)
    assert [message["type"] for message in desk.take()] == ["Frame"]


def test_a_page_that_shows_nothing_for_long_is_forgotten() -> None:
    desk = Desk()
    desk.shown(desk.count())
    desk.say("Hide", viewer="x0")
    desk.at(SILENT_S)

    desk.say("Resync")

    assert desk.take() == [{"type": "Unknown", "page": "p"}]


def test_a_frame_that_cannot_be_sent_is_made_again_and_other_pages_get_theirs() -> None:
    desk = Desk()
    (view,) = desk.shown(desk.count())
    desk.show(view, "q")
    send, broken = desk.hub.send, [True]

    def sometimes(message: dict[str, Any]) -> None:
        if message["page"] == "p" and broken:
            raise OSError("the socket is closed")
        send(message)

    desk.hub.send = sometimes
    done: list[int] = []
    desk.wakes.clear()
    desk.hub.after_frame(lambda: done.append(1))
    desk.commit(count=5)
    assert (desk.entries("x", "q"), done) == ([{"ops": [{"op": "update", "key": "value", "cells": {"value": 5}}]}], [1])
    assert desk.wakes[2:] == [RETRY_S, NUDGE_S]  # of the page that was not reached, and of the other

    broken.clear()
    desk.at(RETRY_S)

    (frame,) = desk.take()
    assert (frame["whole"], frame["entries"]["x0"]["rows"]) == (True, [["value", {"value": 5}]])
