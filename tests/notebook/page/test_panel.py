"""Panels: outputs that their owner replaces, shown, followed and closed."""

from __future__ import annotations

from typing import Any

from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.page.panel import Panel
from tests.notebook.fakes import ManualPace
from tests.notebook.page.desk import Desk


def test_a_panel_shows_outputs_and_closes() -> None:
    desk = Desk()
    owner = desk.count()
    panel = Panel(desk.hub, owner, "a cell", desk.engine)
    shown: list[str] = []
    panel.on_shown(lambda: shown.append(panel.id))
    assert panel.is_shown

    text = [{"output_type": "stream", "name": "stdout", "text": "hi\n"}]
    panel.show(text, note="In[3]", ts=4)
    first = desk.show(panel.view)
    panel.show(list(text), state="stale")
    desk.hub.flush()
    panel.show(state="failed", error=ValueError("no"))
    desk.hub.flush()
    panel.close()
    desk.hub.flush()

    assert first == {
        "outputs": text, "state": "live", "error": None, "title": "a cell", "engine": "e1", "note": "In[3]", "ts": 4,
    }  # fmt: skip
    assert desk.entries("x") == [
        {"state": "stale", "note": ""},
        {"state": "failed", "error": {"name": "ValueError", "message": "no"}},
        {"gone": True},
    ]
    assert shown == [panel.id]
    assert not panel.is_shown


def test_a_panel_hears_of_each_page_that_begins_to_show_it_and_not_of_one_that_looks_elsewhere() -> None:
    desk = Desk()
    owner = desk.count()
    panel = Panel(desk.hub, owner, "a cell", awaited=False)
    shown: list[int] = []
    panel.on_shown(lambda: shown.append(len(desk.sent)))
    assert not panel.is_shown

    desk.show(panel.view)
    desk.say("Show", viewer="x", view=panel.id, window=None)
    desk.show(panel.view, "q")

    assert shown == [1, 2]  # after the frame that shows it


def test_the_hub_of_a_channel_that_is_closed_rests() -> None:
    paces: list[ManualPace] = []

    def pace(flush: Any) -> ManualPace:
        paces.append(ManualPace(flush))
        return paces[-1]

    Hub([].append, pace, lambda act: act()).rest()

    assert paces[0].rests == 1
