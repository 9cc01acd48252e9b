"""What pages say that no page of ours says: it is ignored, and the next sensible word is understood."""

from __future__ import annotations

from typing import Any

import pytest

from tests.notebook.page.desk import Desk, document, values

WRONG = [
    None,
    "Resync",
    7,
    [],
    {},
    {"type": "Resync"},
    {"type": "Resync", "page": 3},
    {"type": "Frame", "page": "p"},
    {"type": "Show", "viewer": "x", "view": "v2"},
    {"type": "Request", "page": "p", "id": "x", "target": "v2", "method": "cell"},
    {"type": "Request", "page": "p", "id": 1, "target": 2, "method": "cell"},
]
HALF_WRONG = [
    {"type": "Show", "page": "p"},
    {"type": "Show", "page": "p", "viewer": 1, "view": "v2"},
    {"type": "Show", "page": "p", "viewer": "x", "view": None},
    {"type": "Hide", "page": "p"},
    {"type": "Hide", "page": "p", "viewer": "nowhere"},
    {"type": "Ack", "page": "p", "seq": "x"},
    {"type": "Ack", "page": "p"},
]


@pytest.mark.parametrize("message", WRONG, ids=repr)
def test_messages_that_no_page_of_ours_sends_are_ignored(message: Any) -> None:
    desk = Desk()
    desk.hub.open_rows(desk.count(), awaited=False)

    desk.hub.on_message(message)
    desk.hub.flush()

    assert (desk.wakes, desk.sent, desk.asked) == ([], [], [])


@pytest.mark.parametrize("message", HALF_WRONG, ids=repr)
def test_messages_that_lack_something_change_nothing(message: dict[str, Any]) -> None:
    desk = Desk()
    desk.shown(desk.count())

    desk.hub.on_message(message)
    desk.hub.flush()
    assert desk.sent == []

    desk.commit(count=1)
    assert [values(entry) for entry in desk.entries()] == [[1]]


@pytest.mark.parametrize(
    "window",
    [
        "top", 3, [], {"first": -5, "count": 0}, {"first": "x", "count": None}, {"first": True, "count": 1.5},
        {"first": 10**40, "count": 10**40}, {"anchor": 3, "sort": "n", "filter": {"n": 1}},
        {"sort": [["n"], "n", ["n", 3], None], "filter": [["n", None], [1, 2]]}, {"anchor": "nobody"},
    ],
    ids=repr,
)  # fmt: skip
def test_a_window_that_makes_no_sense_is_some_window(window: Any) -> None:
    desk = Desk()
    view = desk.hub.open_rows(desk.engine.live("latest", [document(1), document(2)]))

    desk.say("Show", viewer="x", view=view.id, window=window)

    (entry,) = desk.entries("x")
    assert (entry["total"], entry["rows"][-1][0]) == (2, "id2" if entry["first"] or len(entry["rows"]) > 1 else "id1")
