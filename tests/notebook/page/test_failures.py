"""Failures of one: a view that cannot be drawn, sent or built says so, and everything beside it goes on."""

from __future__ import annotations

import gc
import json
import logging
from typing import Any

import pytest

from reactive_nb.notebook.page.panel import Panel
from reactive_nb.notebook.page.session import Session
from reactive_nb.notebook.page.view import DrawnView
from tests.notebook.page.desk import Desk, document, values
from tests.notebook.result.test_rows import apply

Outputs = list[dict[str, Any]]


def display(part: Any) -> Outputs:
    return [{"output_type": "display_data", "data": {"application/x+json": part}, "metadata": {}}]


class StrictDesk(Desk):
    """A desk whose wire takes nothing but JSON."""

    def __init__(self) -> None:
        super().__init__()
        self.hub.send = lambda message: self.sent.append(json.loads(json.dumps(message, ensure_ascii=False).encode()))


@pytest.fixture
def desk() -> Desk:
    return StrictDesk()


@pytest.mark.slow
def test_results_that_are_dropped_while_a_frame_is_made_do_not_stop_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = [desk.count(n) for n in range(3)]
    for live in lives:
        desk.hub.open_drawn(live, lambda value: [], awaited=False)
    is_for_hub = DrawnView.is_for_hub.fget
    done: list[int] = []

    def dropping(view: DrawnView) -> bool:
        lives.clear()  # as another thread may at any moment
        gc.collect()
        return bool(is_for_hub and is_for_hub(view))

    monkeypatch.setattr(DrawnView, "is_for_hub", property(dropping))
    desk.hub.after_frame(lambda: done.append(1))
    desk.hub.flush()

    assert (lives, done) == ([], [1])


def test_what_follows_a_frame_is_done_also_when_there_is_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    def broken(_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(desk.hub, "_mark_stale", broken)
    desk.hub.after_frame(lambda: done.append(1))
    with pytest.raises(SystemExit):
        desk.hub.flush()

    assert done == [1]


def test_what_follows_a_frame_and_wants_to_end_the_program_keeps_nothing_from_being_done(desk: Desk) -> None:
    done: list[int] = []

    def leave() -> None:
        raise SystemExit

    desk.hub.after_frame(leave)
    desk.hub.after_frame(lambda: done.append(1))
    desk.hub.flush()

    assert done == [1]


def test_a_function_that_wants_to_end_the_program_is_a_failure_of_its_view(desk: Desk) -> None:
    def draw(value: int) -> Outputs:
        if value == 2:
            raise SystemExit("enough")
        return display(value)

    live = desk.count(1)
    view = desk.hub.open_drawn(live, draw)
    desk.shown(live)
    desk.show(view)

    desk.commit(count=2)

    (frame,) = desk.take()
    assert frame["entries"]["x"] == {"state": "failed", "error": {"name": "SystemExit", "message": "enough"}}
    assert values(frame["entries"]["x0"]) == [2]


@pytest.mark.parametrize("bad", [object(), {("a", 1): 2}, {1, 2}, "\ud800"], ids=["object", "key", "set", "surrogate"])
def test_drawn_outputs_that_are_not_json_are_a_failure_of_their_view(desk: Desk, bad: Any) -> None:
    live = desk.count(1)
    view = desk.hub.open_drawn(live, lambda value: display(bad if value == 2 else value))
    desk.shown(live)
    desk.show(view)

    desk.commit(count=2)
    desk.commit(count=3)

    failed, good = desk.take()
    assert values(failed["entries"]["x0"]) == [2]
    assert (failed["entries"]["x"]["state"], failed["entries"]["x"]["error"]["name"]) == ("failed", "QueryUsageError")
    assert "not JSON" in failed["entries"]["x"]["error"]["message"]
    assert good["entries"]["x"] == {"outputs": display(3), "state": "live", "error": None}


def test_outputs_drawn_elsewhere_that_are_not_json_are_a_failure_of_their_view(desk: Desk) -> None:
    live = desk.count(1)
    view = desk.hub.open_drawn(live, display, lambda: None)
    desk.show(view)

    desk.hub.drawn(view, view.seen, display(object()), None)
    desk.hub.flush()

    (entry,) = desk.entries("x")
    assert (entry["state"], entry["error"]["name"]) == ("failed", "QueryUsageError")


def test_an_output_of_a_cell_that_is_not_json_is_an_error_in_its_place(desk: Desk) -> None:
    panel = Panel(desk.hub, desk.count(), "a cell")

    panel.show([*display(1), *display(object()), *display(3)])
    first, bad, last = desk.show(panel.view)["outputs"]

    assert [first, last] == [*display(1), *display(3)]
    assert (bad["output_type"], bad["ename"]) == ("error", "QueryUsageError")
    assert "Object of type object is not JSON serializable" in bad["evalue"]
    assert bad["traceback"] == [f"{bad['ename']}: {bad['evalue']}"]


def test_rows_that_cannot_be_told_are_a_failure_of_their_view_until_they_can(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[int] = []

    def inputs(row: Any) -> dict[str, Any]:
        asked.append(row["n"])
        if row["n"] == 2:
            raise AttributeError("no such column")
        return {}

    live = desk.engine.live("latest", [document(1)])
    view = desk.hub.open_rows(live, inputs=inputs)
    desk.shown(desk.count(1))
    desk.show(view)

    with caplog.at_level(logging.ERROR, "reactive_nb"):
        desk.commit(latest=[document(2)], count=2)
    desk.hub.flush()
    desk.commit(count=3)
    desk.commit(latest=[document(3)])

    failed, other, good = desk.take()
    assert values(failed["entries"]["x0"]) == [2]
    assert (failed["entries"]["x"]["state"], failed["entries"]["x"]["error"]["message"]) == ("failed", "no such column")
    assert (set(other["entries"]), other["whole"]) == ({"x0"}, False)
    assert failed["entries"]["x"]["rows"] == []
    assert apply({}, good["entries"]["x"]["ops"]) == [("id3", document(3))]
    assert (good["entries"]["x"]["state"], good["entries"]["x"]["error"]) == ("live", None)
    assert asked == [1, 2, 3]
    assert "no such column" in caplog.text


def test_rows_that_cannot_be_told_at_first_are_a_failure_of_their_view(desk: Desk) -> None:
    def inputs(row: Any) -> dict[str, Any]:
        raise AttributeError("no such column")

    view = desk.hub.open_rows(desk.engine.live("latest", [document(1)]), inputs=inputs)

    assert desk.hub.snapshot(view)["state"] == "failed"
    assert (desk.show(view)["error"]["message"], desk.hub.snapshot(view)["rows"]) == ("no such column", [])


def test_a_page_that_cannot_be_served_gets_everything_with_its_next_frame(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = desk.count(1)
    view = desk.hub.open_rows(live)
    desk.show(view)
    desk.show(view, "q")
    frame = Session.frame

    def broken(session: Session, *more: Any) -> Any:
        made = frame(session, *more)  # the page is taken to know it
        if session.page == "p":
            raise MemoryError
        return made

    monkeypatch.setattr(Session, "frame", broken)
    desk.wakes.clear()
    desk.commit(count=2)
    assert (desk.take("p"), values(desk.take("q")[0]["entries"]["x"])) == ([], [2])
    assert all(wake > 0 for wake in desk.wakes[1:])
    monkeypatch.undo()
    desk.commit(other=1)

    (mended,) = desk.take("p")
    assert (mended["whole"], mended["entries"]["x"]["rows"]) == (True, [["value", {"value": 2}]])


def test_a_moment_that_a_view_cannot_take_is_told_by_the_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    live = desk.count(1)
    views = desk.shown(live, live)

    def broken(_: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr(views[0], "see", broken)
    desk.commit(count=2)

    assert values(desk.entries("x1")[0]) == [2]
