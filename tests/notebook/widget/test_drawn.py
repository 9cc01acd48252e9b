"""`live.view` and `live.plot` with a real engine: when a function is called, and what pages are told meanwhile."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import QueryUsageError
from reactive_nb.notebook.live import Live
from reactive_nb.notebook.page.channel import channel
from reactive_nb.notebook.widget.content import ContentWidget
from reactive_nb.notebook.widget.drawn import open_plot, open_view


@pytest.fixture
def db() -> Iterator[Engine]:
    with rnb.connect() as engine:
        engine.define(flights=rnb.table(delay=v.number()))
        yield engine


@pytest.fixture
def delays(db: Engine) -> Any:
    @db.query
    def delays(ctx: Any) -> Any:
        found = [flight["delay"] for flight in ctx.db.query("flights").collect()]
        if 99 in found:
            raise ValueError("a delay of 99 minutes")
        return [{"delay": delay} for delay in found]

    return delays


@pytest.fixture
def live(delays: Any) -> Live:
    return delays.live()  # type: ignore[no-any-return]


class Turns:
    """The main thread's queue, as a test decides when it is its turn."""

    def __init__(self) -> None:
        self.jobs: dict[Callable[[], object], None] = {}

    def soon(self, job: Callable[[], object]) -> None:
        self.jobs[job] = None

    def run(self) -> int:
        jobs, self.jobs = self.jobs, {}
        for job in jobs:
            job()
        return len(jobs)


def add(db: Engine, delay: int) -> None:
    """Commit, and let the views move on."""
    db.write(lambda ctx: ctx.db.insert("flights", {"delay": delay}), "add")
    db.settle()
    channel().hub.flush()


def page_says(kind: str, widget: ContentWidget) -> None:
    hub = channel().hub
    hub.on_message({"type": kind, "page": "p", "viewer": widget.view.id, "view": widget.view.id})
    hub.flush()
    hub.on_message({"type": "Ack", "page": "p", "seq": 1_000_000})  # it has drawn all that it got


@pytest.fixture
def show() -> Iterator[Callable[[ContentWidget], None]]:
    """Have a page show a widget until the end of the test."""
    shown: list[ContentWidget] = []

    def show(widget: ContentWidget) -> None:
        shown.append(widget)
        page_says("Show", widget)

    yield show
    for widget in shown:
        page_says("Hide", widget)


def text_of(widget: ContentWidget) -> str:
    return "".join(output["data"]["text/plain"] for output in widget.current()["outputs"])


def facts_of(widget: ContentWidget) -> tuple[str, str | None]:
    current = widget.current()
    return current["state"], current["error"] and current["error"]["message"]


def count(rows: list[Any]) -> str:
    if len(rows) == 2:
        raise ValueError("two is too many")
    return f"{len(rows)} flights"


def test_a_view_shows_what_its_function_makes_of_the_value(db: Engine, live: Live, show: Any) -> None:
    widget = open_view(live, lambda rows: f"<b>{len(rows)}</b> flights")
    show(widget)
    before = text_of(widget)

    add(db, 3)

    assert (before, text_of(widget)) == ("<b>0</b> flights", "<b>1</b> flights")
    assert widget.current()["title"] == repr(widget)[1:-1] == "delays()"


def test_a_view_that_fails_keeps_its_last_outputs_and_goes_on(db: Engine, live: Live, show: Any) -> None:
    widget = open_view(live, count)
    show(widget)

    add(db, 1)
    add(db, 2)
    failed = facts_of(widget), text_of(widget)
    add(db, 3)

    assert failed == (("failed", "two is too many"), "1 flights")
    assert (facts_of(widget), text_of(widget)) == (("live", None), "3 flights")


def test_a_view_of_a_failed_result_keeps_its_last_outputs(db: Engine, live: Live, show: Any) -> None:
    widget = open_view(live, count)
    show(widget)

    add(db, 99)

    assert (facts_of(widget), text_of(widget)) == (("failed", "a delay of 99 minutes"), "0 flights")


def test_a_view_that_nobody_sees_calls_nothing_until_it_is_seen(db: Engine, live: Live) -> None:
    called: list[int] = []
    widget = open_view(live, lambda rows: called.append(len(rows)) or "")
    page_says("Show", widget)
    page_says("Hide", widget)

    add(db, 1)
    add(db, 2)
    assert called == [0]
    page_says("Show", widget)
    page_says("Hide", widget)

    assert called == [0, 2]


def plot_of(live: Live, turns: Turns, plot: Callable[[Any], Any]) -> ContentWidget:
    return open_plot(live, plot, live._frame_of, turns.soon)


def plot_at_once(live: Live, plot: Callable[[Any], Any]) -> ContentWidget:
    return plot_of(live, Turns(), plot)


def height(frame: Any) -> str:
    if len(frame) == 2:
        raise ValueError("two is too many")
    return f"{len(frame)} bars"


def test_a_plot_is_drawn_at_once_and_then_when_it_is_its_turn(db: Engine, live: Live, show: Any) -> None:
    turns = Turns()
    widget = plot_of(live, turns, height)
    show(widget)
    first, ts = text_of(widget), db.ts

    add(db, 1)
    waiting = facts_of(widget), text_of(widget), widget.current()["ts"]
    ran = turns.run()
    done = facts_of(widget), text_of(widget), widget.current()["ts"]

    assert first == "'0 bars'"
    assert waiting == (("stale", None), "'0 bars'", ts)
    assert (ran, done) == (1, (("live", None), "'1 bars'", db.ts))


def test_many_commits_before_its_turn_are_one_drawing(db: Engine, live: Live, show: Any) -> None:
    turns, drawn = Turns(), []
    widget = plot_of(live, turns, lambda frame: drawn.append(len(frame)) or "")
    show(widget)

    for delay in range(5):
        add(db, delay)
    turns.run()

    assert drawn == [0, 5]
    assert turns.run() == 0


def test_a_mistake_in_a_plot_shows_in_the_cell_that_made_it(live: Live) -> None:
    def wrong(frame: Any) -> Any:
        return frame.plto

    with pytest.raises(AttributeError, match="plto"):
        plot_of(live, Turns(), wrong)


def test_a_plot_that_fails_later_keeps_its_last_outputs_and_goes_on(db: Engine, live: Live, show: Any) -> None:
    turns = Turns()
    widget = plot_of(live, turns, height)
    show(widget)
    add(db, 1)
    turns.run()

    add(db, 2)
    turns.run()
    failed = facts_of(widget), text_of(widget)
    add(db, 3)
    turns.run()

    assert failed == (("failed", "two is too many"), "'1 bars'")
    assert (facts_of(widget), text_of(widget)) == (("live", None), "'3 bars'")


def test_an_interrupted_plot_says_so_and_goes_on(db: Engine, live: Live, show: Any) -> None:
    turns = Turns()

    def slow(frame: Any) -> str:
        if len(frame) == 1:
            raise KeyboardInterrupt
        return height(frame)

    widget = plot_of(live, turns, slow)
    show(widget)

    add(db, 1)
    turns.run()

    assert (facts_of(widget)[0], widget.current()["error"]["name"]) == ("failed", "KeyboardInterrupt")
    assert text_of(widget) == "'0 bars'"


def test_a_plot_that_nobody_sees_is_drawn_when_somebody_does(db: Engine, live: Live) -> None:
    turns = Turns()
    widget = plot_of(live, turns, height)
    page_says("Show", widget)
    add(db, 1)
    page_says("Hide", widget)

    assert turns.run() == 1, "it was asked for while it was shown"
    assert text_of(widget) == "'0 bars'"
    add(db, 1)
    add(db, 1)
    assert turns.run() == 0
    page_says("Show", widget)
    turns.run()
    shown = text_of(widget)
    page_says("Hide", widget)

    assert shown == "'3 bars'"


@pytest.mark.slow
def test_a_dropped_result_takes_its_plot_with_it(delays: Any) -> None:
    live = delays.live()
    widget = plot_of(live, Turns(), height)
    gone = weakref.ref(live)

    del live
    gc.collect()

    assert gone() is None
    assert widget.comm is None


def test_a_closed_result_s_view_stays(db: Engine, live: Live, show: Any) -> None:
    widget = open_view(live, count)
    show(widget)
    add(db, 1)
    ts = db.ts

    live.close()
    channel().hub.flush()
    add(db, 1)
    current = widget.current()

    assert (current["state"], current["ts"], text_of(widget)) == ("closed", ts, "1 flights")


@pytest.mark.slow
@pytest.mark.parametrize("opening", [open_view, plot_at_once])
def test_a_cell_that_runs_again_leaves_no_result_behind_also_when_its_function_names_it(
    db: Engine, delays: Any, opening: Any
) -> None:
    def run_cell() -> weakref.ref[Live]:
        live = delays.live()
        opening(live, lambda rows: f"{live.path} {len(rows)}")
        return weakref.ref(live)

    gone = [run_cell() for _ in range(5)]
    add(db, 1)
    gc.collect()

    assert [each() for each in gone] == [None] * 5


def test_a_plot_that_wants_to_end_the_program_says_so_and_goes_on(db: Engine, live: Live, show: Any) -> None:
    turns = Turns()

    def leave(frame: Any) -> str:
        if len(frame) == 1:
            raise SystemExit("enough")
        return height(frame)

    widget = plot_of(live, turns, leave)
    show(widget)
    add(db, 1)
    turns.run()

    assert facts_of(widget) == ("failed", "enough")


class Unsendable:
    def _repr_mimebundle_(self, **_: Any) -> Any:
        return {"application/x+json": {"n": object()}}


@pytest.mark.parametrize("opening", [open_view, plot_at_once])
def test_an_object_that_cannot_be_sent_shows_in_the_cell_that_made_it(live: Live, opening: Any) -> None:
    with pytest.raises(QueryUsageError, match="Object of type object is not JSON serializable"):
        opening(live, lambda _: Unsendable())


@pytest.mark.slow
def test_a_widget_of_a_dropped_result_can_still_be_named_and_asked(delays: Any) -> None:
    widget = open_view(delays.live(), count)
    gc.collect()

    assert repr(widget) == "<a widget of a dropped result>"
    assert widget.current() == {"gone": True, "view": "", "engine": "", "ts": 0}
    with pytest.raises(QueryUsageError, match="its live result was dropped"):
        _ = widget.view
    widget.close()
