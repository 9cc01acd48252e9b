"""States beside values: told after a moment's delay, never with a value of the moment that is only being made."""

from __future__ import annotations

import pytest

from reactive_nb.notebook.page.hub import STALE_S, STATE_DELAY_S
from tests.notebook.page.desk import Desk, document, values


def test_a_failed_run_tells_its_error_and_keeps_the_rows_and_a_good_one_takes_it_back() -> None:
    desk = Desk()
    desk.shown(desk.engine.live("latest", [document(1)]))

    desk.commit(latest=ValueError("no such channel"))
    desk.commit(latest=[document(1)])

    error = {"name": "ValueError", "message": "no such channel"}
    assert desk.entries() == [
        {"ops": [], "state": "failed", "error": error},
        {"ops": [], "state": "live", "error": None},
    ]


def test_rows_that_no_frame_has_told_before_an_error_are_kept_too() -> None:
    desk = Desk()
    desk.shown(desk.count(1))

    desk.engine.commit(count=2)
    desk.engine.commit(count=ValueError("no"))
    desk.engine.commit(count=ValueError("no, really"))
    desk.hub.flush()

    (entry,) = desk.entries()
    assert (values(entry), entry["error"]["message"]) == ([2], "no, really")


def test_an_error_that_cannot_say_anything_is_told_by_its_class() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    desk = Desk()
    desk.shown(desk.engine.live("latest", [document(1)]))

    desk.commit(latest=Mute())

    assert desk.entries()[0]["error"] == {"name": "Mute", "message": "Mute"}


def test_an_error_beside_a_value_keeps_no_new_rows_back() -> None:
    desk = Desk()
    live = desk.count(1)
    desk.shown(live)

    live.error = ValueError("a widget's value was refused")
    desk.engine.ts += 1
    live.value = 2  # a commit moved the result of the arguments that it kept
    desk.engine.announce([live])
    desk.hub.flush()

    assert values(desk.entries()[0]) == [2]


def test_before_the_first_run_and_after_an_error_a_page_is_not_told_that_the_result_is_none() -> None:
    desk = Desk()
    live = desk.count(None)
    live.state = "loading"
    view = desk.hub.open_rows(live)
    before = desk.hub.snapshot(view)

    desk.commit(count=3)
    desk.commit(count=ValueError("no"))

    assert (before["kind"], before["rows"], before["state"]) == ("table", [], "loading")
    assert desk.hub.snapshot(view)["rows"] == [["value", {"value": 3}]]


@pytest.mark.parametrize("state", ["fresh", "closed"])
def test_a_state_that_comes_before_the_first_value_does_not_make_none_of_it(state: str) -> None:
    desk = Desk()
    live = desk.count(None)
    live.state = "loading"
    view = desk.hub.open_rows(live)

    live.state = state
    desk.hub.flush()

    assert (desk.hub.snapshot(view)["kind"], desk.hub.snapshot(view)["rows"]) == ("table", [])


def test_none_after_an_error_is_a_result() -> None:
    desk = Desk()
    desk.shown(desk.count(7))

    desk.commit(count=ValueError("no"))
    desk.commit(count=None)

    assert values(desk.entries()[-1]) == [None]


def test_a_state_is_not_told_at_once_for_a_transition_may_follow() -> None:
    desk = Desk()
    live = desk.count()
    desk.shown(live)
    desk.wakes.clear()

    live.state = "failed"
    live.error = ValueError("no")

    assert desk.wakes == [STATE_DELAY_S, STATE_DELAY_S]


def test_an_error_outside_a_transition_is_told() -> None:
    desk = Desk()
    live = desk.count()
    desk.shown(live)

    live.error, live.state = ValueError("channel is 3"), "failed"
    desk.hub.flush()
    live.error = ValueError("channel is 4")
    desk.hub.flush()

    assert [entry["error"]["message"] for entry in desk.entries()] == ["channel is 3", "channel is 4"]


def test_a_value_whose_moment_is_not_announced_yet_is_not_sent() -> None:
    desk = Desk()
    desk.shown(desk.count(1), desk.engine.live("other", 1))

    moving = desk.engine.begin(count=2, other=ValueError("no"))  # the engine is in the middle of a transition
    desk.hub.flush()
    (half,) = desk.take()
    desk.engine.announce(moving)
    desk.hub.flush()

    error = {"name": "ValueError", "message": "no"}
    assert (half["ts"], half["entries"]) == ({"e1": 0}, {"x1": {"ops": [], "state": "failed", "error": error}})
    (frame,) = desk.take()
    assert (frame["ts"], values(frame["entries"]["x0"])) == ({"e1": 1}, [2])


def test_a_closed_result_says_so_once_and_keeps_its_commit() -> None:
    desk = Desk()
    live = desk.count(1)
    view, _ = desk.shown(live, desk.engine.live("other", 1))
    desk.commit(other=2)
    desk.take()

    live.close()
    desk.hub.flush()
    desk.commit(count=5, other=3)
    desk.say("Resync")

    closed, other, whole = desk.take()
    assert closed["entries"] == {"x0": {"ops": [], "state": "closed", "ts": 1}}
    assert (other["ts"], set(other["entries"])) == ({"e1": 2}, {"x1"})
    assert (whole["entries"]["x0"]["ts"], whole["entries"]["x0"]["rows"]) == (1, [["value", {"value": 1}]])
    assert desk.hub.snapshot(view)["ts"] == 1


def test_a_result_that_was_closed_before_it_is_shown_keeps_its_commit_too() -> None:
    desk = Desk()
    live = desk.count(1)
    live.close()
    desk.shown(desk.engine.live("other", 1))
    desk.commit(other=2)

    entry = desk.show(desk.hub.open_rows(live))

    assert (entry["state"], entry["ts"], entry["rows"]) == ("closed", 0, [["value", {"value": 1}]])


def test_a_title_follows_the_arguments() -> None:
    desk = Desk()
    live = desk.engine.live("latest", [], channel="general")
    desk.shown(live)

    live.args = {"channel": "x" * 50}
    desk.commit(latest=[document(1)])

    assert desk.entries()[0]["title"] == f"latest(channel='{'x' * 38}…)"


# ---------------------------------------------------------------- stale


def test_a_query_that_runs_for_long_makes_its_views_stale_until_it_is_over() -> None:
    desk = Desk()
    live = desk.count(1)
    desk.shown(live, desk.engine.live("other", 1))
    desk.wakes.clear()

    desk.engine.refresh(live)
    desk.at(STALE_S / 2)
    assert (desk.wakes, desk.sent) == ([STALE_S], [])

    desk.at(STALE_S)
    assert desk.take()[0]["entries"] == {"x0": {"ops": [], "state": "stale"}}
    desk.at(2 * STALE_S)
    assert desk.sent == []

    desk.engine.refresh()
    assert desk.wakes[-1] == STATE_DELAY_S
    desk.commit(count=2)
    (entry,) = desk.entries()
    assert (entry["state"], values(entry)) == ("live", [2])


def test_a_query_whose_result_is_the_same_again_is_live_again() -> None:
    desk = Desk()
    live = desk.count(1)
    desk.shown(live)
    desk.engine.refresh(live)
    desk.at(STALE_S)
    desk.sent.clear()

    desk.engine.refresh()
    desk.hub.flush()

    assert desk.entries() == [{"ops": [], "state": "live"}]


def test_the_end_of_a_refresh_is_told_also_when_the_frame_that_says_stale_is_just_being_made() -> None:
    desk = Desk()
    live = desk.count(1)
    desk.shown(live)
    desk.engine.refresh(live)
    desk.now += STALE_S
    desk.wakes.clear()

    desk.engine.refresh()  # on the engine's thread, while another one has read that the refresh is due to be told

    assert desk.wakes == [STATE_DELAY_S]


def test_a_quick_refresh_is_not_told() -> None:
    desk = Desk()
    live = desk.count(1)
    desk.shown(live)

    desk.engine.refresh(live)
    desk.engine.refresh()
    desk.at(STALE_S)

    assert desk.sent == []


def test_a_refresh_of_what_no_page_shows_wakes_nobody() -> None:
    desk = Desk()
    desk.shown(desk.count(1))
    other = desk.engine.live("other", 1)
    desk.wakes.clear()

    desk.engine.refresh(other)

    assert desk.wakes == []


# ---------------------------------------------------------------- snapshots


def test_rows_and_commit_of_a_snapshot_belong_together() -> None:
    desk = Desk()
    view = desk.hub.open_rows(desk.count(1))

    desk.engine.commit(count=2)
    before = desk.hub.snapshot(view)
    desk.hub.flush()
    after = desk.hub.snapshot(view)

    assert (before["rows"], before["ts"]) == ([["value", {"value": 1}]], 0)
    assert (after["rows"], after["ts"]) == ([["value", {"value": 2}]], 1)
    assert (after["view"], after["engine"]) == (view.id, view.engine)


def test_a_snapshot_of_what_a_later_moment_left_as_it_was_is_of_that_moment() -> None:
    desk = Desk()
    view, _ = desk.shown(desk.count(1), desk.engine.live("other", 1))

    desk.commit(other=2)

    assert desk.hub.snapshot(view)["ts"] == 1


def test_a_snapshot_of_what_was_opened_after_a_moment_is_of_that_moment() -> None:
    desk = Desk()
    desk.shown(desk.engine.live("other", 1))
    desk.engine.commit(other=2)

    view = desk.hub.open_rows(desk.count(1))

    assert desk.hub.snapshot(view)["ts"] == 1
