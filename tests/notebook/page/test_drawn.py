"""What a user's function makes of a result: in the same frame as the rows, or later and said to be stale until then."""

from __future__ import annotations

from typing import Any

from tests.notebook.fakes import FakeLive
from tests.notebook.page.desk import Desk

Outputs = list[dict[str, Any]]


class Drawing:
    """A view of a count, drawn by a function that notes what it is given; 0 it cannot draw."""

    def __init__(self, later: bool = False) -> None:
        self.desk = Desk()
        self.live: FakeLive = self.desk.count(1)
        self.drawn: list[Any] = []
        self.jobs: list[Any] = []
        self.view = self.desk.hub.open_drawn(
            self.live, self.draw, (lambda: self.jobs.append(self.job)) if later else None, awaited=not later
        )

    def draw(self, value: Any) -> Outputs:
        self.drawn.append(value)
        return [{"n": 1 // value * value}]

    def job(self) -> None:
        seen = self.view.seen
        self.desk.hub.drawn(self.view, seen, self.draw(seen.value), None)
        self.desk.hub.flush()


def test_a_view_is_drawn_in_the_frame_of_its_rows_and_once() -> None:
    drawing = Drawing()
    desk = drawing.desk
    desk.shown(drawing.live)
    first = desk.show(drawing.view)
    desk.show(drawing.view, "q")

    desk.commit(count=5)
    desk.hub.flush()

    assert (first["outputs"], first["state"], first["title"]) == ([{"n": 1}], "live", "count()")
    (frame,) = desk.take()
    assert (set(frame["entries"]), frame["entries"]["x"]) == ({"x0", "x"}, {"outputs": [{"n": 0}]})
    assert len(desk.take("q")) == 1
    assert drawing.drawn == [1, 5]


def test_a_view_that_nobody_looks_at_is_not_drawn_until_somebody_does() -> None:
    drawing = Drawing()
    desk = drawing.desk
    desk.show(drawing.view)
    desk.say("Hide", viewer="x")
    for count in (5, 6, 7):
        desk.commit(count=count)
    assert drawing.drawn == [1]

    assert desk.show(drawing.view)["outputs"] == [{"n": 0}]
    assert drawing.drawn == [1, 7]


def test_a_function_that_fails_says_why_above_the_last_good_outputs_until_it_succeeds() -> None:
    drawing = Drawing()
    desk = drawing.desk
    desk.show(drawing.view)

    desk.commit(count=0)
    desk.commit(count=1)

    error = {"name": "ZeroDivisionError", "message": "integer division or modulo by zero"}
    assert desk.entries("x") == [{"state": "failed", "error": error}, {"state": "live", "error": None}]


def test_a_query_that_fails_says_why_and_nothing_is_drawn() -> None:
    drawing = Drawing()
    desk = drawing.desk
    desk.show(drawing.view)

    desk.commit(count=ValueError("no"))
    desk.commit(count=1)

    assert [(entry["state"], entry["error"]) for entry in desk.entries("x")] == [
        ("failed", {"name": "ValueError", "message": "no"}),
        ("live", None),
    ]


def test_a_closed_view_keeps_its_outputs_and_its_commit() -> None:
    drawing = Drawing()
    desk = drawing.desk
    desk.show(drawing.view)
    desk.commit(count=5)
    desk.take()

    drawing.live.close()
    desk.hub.flush()

    assert desk.entries("x") == [{"state": "closed", "ts": 1}]


def test_a_view_whose_function_failed_says_that_it_is_closed() -> None:
    drawing = Drawing()
    desk = drawing.desk
    desk.show(drawing.view)
    desk.commit(count=0)
    desk.take()

    drawing.live.close()
    desk.hub.flush()

    assert desk.entries("x") == [{"state": "closed", "ts": 1}]


def test_a_plot_is_stale_at_its_own_commit_until_it_is_drawn() -> None:
    drawing = Drawing(later=True)
    desk = drawing.desk
    drawing.job()
    desk.show(drawing.view)

    desk.commit(count=5)
    assert desk.entries("x") == [{"state": "stale", "ts": 0}]
    drawing.jobs.pop()()

    (frame,) = desk.take()
    assert (frame["ts"], frame["entries"]["x"]) == ({"e1": 1}, {"outputs": [{"n": 0}], "state": "live"})
    assert drawing.jobs == []


def test_a_plot_of_a_moment_that_is_over_when_it_is_drawn_is_stale() -> None:
    drawing = Drawing(later=True)
    desk = drawing.desk
    desk.show(drawing.view)
    desk.commit(count=4)
    seen = drawing.view.seen
    desk.commit(count=5)
    desk.say("Ack", seq=desk.take()[-1]["seq"])

    desk.hub.drawn(drawing.view, seen, [{"n": 1}], None)
    desk.hub.flush()
    desk.hub.drawn(drawing.view, drawing.view.seen, None, ValueError("no"))
    desk.hub.flush()

    assert desk.entries("x") == [
        {"outputs": [{"n": 1}], "state": "stale", "ts": 1},
        {"state": "failed", "error": {"name": "ValueError", "message": "no"}},
    ]


def test_a_plot_that_is_drawn_after_its_result_was_closed_is_closed_at_that_commit() -> None:
    drawing = Drawing(later=True)
    desk = drawing.desk
    desk.show(drawing.view)
    desk.commit(count=5)
    drawing.live.close()
    desk.commit(other=1)
    desk.take()

    drawing.jobs.pop()()

    (entry,) = desk.entries("x")
    assert (entry["state"], entry["ts"], entry["outputs"]) == ("closed", 1, [{"n": 0}])


def test_a_plot_that_is_back_at_an_earlier_value_when_another_one_is_drawn_is_drawn_again() -> None:
    drawing = Drawing(later=True)
    desk = drawing.desk
    first, second = [1], [2]
    desk.commit(count=first)
    drawing.view.drawn(drawing.view.seen, [{"n": 1}], None)
    desk.show(drawing.view)
    desk.commit(count=second)
    drawing.jobs.clear()
    seen = drawing.view.seen  # its drawing begins

    desk.commit(count=first)
    assert drawing.jobs == []
    desk.hub.drawn(drawing.view, seen, [{"n": 2}], None)

    assert (drawing.view.state, len(drawing.jobs)) == ("stale", 1)


def test_a_plot_that_nobody_looks_at_any_more_is_not_asked_for_again() -> None:
    drawing = Drawing(later=True)
    desk = drawing.desk
    drawing.job()
    desk.show(drawing.view)
    desk.commit(count=4)
    seen = drawing.view.seen
    desk.commit(count=5)
    drawing.jobs.clear()
    desk.say("Hide", viewer="x")

    desk.hub.drawn(drawing.view, seen, [{"n": 4}], None)

    assert drawing.jobs == []
