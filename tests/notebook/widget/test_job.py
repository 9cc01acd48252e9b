"""The widget of a scheduled cell without a page: its view, its code, what a saved notebook has of it, and presses."""

from __future__ import annotations

from typing import Any

import pytest

from reactive_nb.notebook.cell.job_status import status_text
from reactive_nb.notebook.page.channel import channel
from reactive_nb.notebook.page.panel import JobPanel
from reactive_nb.notebook.widget.job import JobWidget
from tests.notebook.page.desk import Desk

JOB = {"name": "feed", "schedule": "every 10 seconds", "state": "waiting", "next": None, "runs": []}
STREAM = {"output_type": "stream", "name": "stdout", "text": "hello\n"}


class Owner:
    """Whose outputs they are; it notes what is pressed."""

    def __init__(self) -> None:
        self.pressed: list[str] = []

    def answer(self, method: str, params: dict[str, Any], /) -> None:
        self.pressed.append(method)


@pytest.fixture
def owner() -> Owner:
    return Owner()


def test_a_saved_notebook_has_the_outputs_and_a_line(owner: Owner) -> None:
    panel = JobPanel(channel().hub, owner, "%%every feed", None)
    widget = JobWidget(panel.view, status_text)
    empty, _ = widget._repr_mimebundle_()
    panel.show_job(JOB)
    line, _ = widget._repr_mimebundle_()
    panel.show([STREAM])
    data, _ = widget._repr_mimebundle_()

    assert empty["text/plain"] == "<%%every feed>"
    assert line["text/plain"] == "feed; every 10 seconds; waiting; no run yet"
    assert data["text/plain"] == "hello\nfeed; every 10 seconds; waiting; no run yet"
    assert widget.get_state()["snapshot"]["job"] == JOB
    widget.close()


def test_its_code_is_one_module_with_the_styles_of_outputs(owner: Owner) -> None:
    panel = JobPanel(channel().hub, owner, "%%every feed", None)
    widget = JobWidget(panel.view, status_text)

    assert widget._esm.count("export default") == 1
    assert ".rnb-content" in widget._css
    assert ".rnb-job" in widget._css
    widget.close()


def test_a_page_is_told_of_the_job_and_of_outputs_each_for_itself(owner: Owner) -> None:
    desk = Desk()
    panel = JobPanel(desk.hub, owner, "%%every feed", desk.engine)
    panel.show_job(JOB)
    first = desk.show(panel.view)

    panel.show([STREAM])
    desk.hub.flush()
    desk.say("Ack", seq=2)
    panel.show_job({**JOB, "state": "paused"})
    desk.hub.flush()

    assert (first["job"], first["outputs"]) == (JOB, [])
    assert desk.entries("x") == [{"outputs": [STREAM], "state": "live"}, {"job": {**JOB, "state": "paused"}}]


def test_what_is_pressed_goes_to_its_owner(owner: Owner) -> None:
    desk = Desk()
    panel = JobPanel(desk.hub, owner, "%%every feed", desk.engine)
    desk.show(panel.view)

    desk.say("Request", id=1, target=panel.id, method="pause", params={})
    for act in desk.asked:
        act()

    assert owner.pressed == ["pause"]
    assert desk.sent[-1] == {"type": "Response", "page": "p", "id": 1, "ok": True, "result": None}
