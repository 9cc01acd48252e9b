"""The bar of an action: when it is made, what it says, how often it changes, and where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from reactive_nb.notebook.widget import progress
from reactive_nb.notebook.widget.progress import Bar, Bars, PageBar
from tests.notebook.fakes import ManualPace

if TYPE_CHECKING:
    import ipywidgets


class Desk:
    """Bars whose drawing a test decides on, and what they show."""

    def __init__(self) -> None:
        self.paces: list[ManualPace] = []
        self.shown: list[ipywidgets.HBox] = []
        self.bars = Bars(self._pace)
        self.bar = Bar("fetch", self.shown.append)

    def _pace(self, flush: Callable[[], None]) -> ManualPace:
        self.paces.append(ManualPace(flush))
        return self.paces[-1]

    def report(self, done: float, total: float | None = None, text: str = "") -> None:
        self.bars.show(self.bar, (done, total, text))

    def draw(self) -> tuple[float, float, str, str]:
        """Let it be drawn; return the value, the maximum, the style and the words."""
        self.paces[0].flush()
        bar, label = self.shown[0].children
        return bar.value, bar.max, bar.bar_style, label.value


def test_it_is_made_with_the_first_report() -> None:
    desk = Desk()
    before = list(desk.shown)

    desk.report(3, 20, "page 3")
    state = desk.draw()

    assert (before, len(desk.shown)) == ([], 1)
    assert state == (3, 20, "", "fetch · 3 of 20 · page 3")


def test_between_two_drawings_only_the_newest_report_counts() -> None:
    desk = Desk()
    for done in range(1, 1001):
        desk.report(done, 1000)

    first = desk.draw()
    desk.report(5, 1000)
    second = desk.draw()

    assert (first[0], second[0], len(desk.shown)) == (1000, 5, 1)
    assert first[2:] == ("success", "fetch · 1,000 of 1,000")


def test_without_an_end_it_says_how_much_is_done() -> None:
    desk = Desk()
    desk.report(1200)

    assert desk.draw() == (0, 1, "", "fetch · 1,200")


@pytest.mark.parametrize(("done", "total", "value"), [(-1, 10, 0), (11, 10, 10), (0, 0, 0)])
def test_what_is_out_of_range_is_shown_at_the_end_of_the_bar(done: float, total: float, value: float) -> None:
    desk = Desk()
    desk.report(done, total)

    assert desk.draw()[0] == value


def test_its_words_are_text() -> None:
    desk = Desk()
    desk.report(1, 2, "<b>")

    assert desk.draw()[3] == "fetch · 1 of 2 · &lt;b&gt;"


@pytest.mark.parametrize(
    ("report", "told"),
    [
        pytest.param((3, 20, "page 3"), (3, 20, "3 of 20 · page 3"), id="known end"),
        pytest.param((1200, None, ""), (1200, None, "1,200"), id="unknown end"),
        pytest.param((30, 20, ""), (20, 20, "30 of 20"), id="beyond its end"),
        pytest.param((float("nan"), 20, ""), (0, 20, "nan of 20"), id="no number"),
        pytest.param((3, float("inf"), ""), (3, None, "3 of inf"), id="no end"),
    ],
)
def test_a_page_is_told_what_its_own_bar_shows(
    report: tuple[float, float | None, str], told: tuple[float, float | None, str]
) -> None:
    desk = Desk()
    heard: list[tuple[float, float | None, str]] = []
    bar = PageBar(lambda *state: heard.append(state))

    desk.bars.show(bar, (0, 20, "begins"))
    desk.bars.show(bar, report)
    before = list(heard)
    desk.paces[0].flush()

    assert (before, heard) == ([], [told])


def test_a_bar_that_cannot_be_shown_keeps_no_other_from_it(caplog: pytest.LogCaptureFixture) -> None:
    def gone(*_: object) -> None:
        raise OSError("the page is gone")

    desk = Desk()
    desk.bars.show(PageBar(gone), (1, 2, ""))
    desk.report(1, 2)

    assert desk.draw()[0] == 1
    assert "the page is gone" in caplog.text


def test_bars_are_drawn_at_most_ten_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    intervals: list[float] = []

    def pacer(draw: Callable[[], None], interval_s: float) -> ManualPace:
        intervals.append(interval_s)
        return ManualPace(draw)

    monkeypatch.setattr(progress, "_shared", None)
    monkeypatch.setattr(progress, "Pacer", pacer)
    progress._bars()

    assert intervals == [0.1]
