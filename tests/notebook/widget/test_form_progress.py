"""How far an action is that a form or a button has started: told to the page that asked, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb.engine import Engine
from reactive_nb.functions.function import Function
from reactive_nb.notebook.widget import progress
from reactive_nb.notebook.widget.button import button_parts
from reactive_nb.notebook.widget.form import form_parts
from reactive_nb.notebook.widget.progress import Bars
from tests.notebook.fakes import ManualPace
from tests.notebook.page.desk import Desk


@pytest.fixture
def db() -> Iterator[Engine]:
    with rnb.connect() as engine:
        yield engine


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """What has the bars of this test drawn."""
    paces: list[ManualPace] = []

    def pace(flush: Callable[[], None]) -> ManualPace:
        paces.append(ManualPace(flush))
        return paces[-1]

    bars = Bars(pace)
    monkeypatch.setattr(progress, "_bars", lambda: bars)
    return paces[0].flush


def told(target: Any) -> list[Any]:
    """Submit as a page; return the progress and the result that the page is told."""
    desk = Desk()
    request = {"type": "Request", "page": "p", "id": 7, "target": desk.hub.register(target), "method": "submit"}
    desk.hub.on_message({**request, "params": {"values": {}}})
    desk.asked.pop()()
    return [
        message["result"]["result"] if message["type"] == "Response" else (message["done"], message["total"])
        for message in desk.take()
    ]


def fetch(db: Engine, draw: Callable[[], None]) -> Function:
    @db.action
    def fetch(ctx: Any) -> str:
        ctx.progress(1, 4)
        ctx.progress(2, 4)
        draw()
        return "fetched"

    return fetch  # type: ignore[no-any-return]


def test_a_form_shows_how_far_its_action_is(db: Engine, draw: Callable[[], None]) -> None:
    submission, _ = form_parts(db, fetch(db, draw), {})

    assert told(submission) == [(2, 4), "fetched"]


def test_a_button_shows_how_far_its_action_is_also_an_asynchronous_one(db: Engine, draw: Callable[[], None]) -> None:
    @db.action
    async def count(ctx: Any) -> int:
        ctx.progress(7)
        draw()
        return 7

    submission, _ = button_parts(db, count, None, {})

    assert told(submission) == [(7, None), 7]


def test_what_its_action_starts_is_shown_as_well(db: Engine, draw: Callable[[], None]) -> None:
    inner = fetch(db, draw)

    @db.action
    def outer(ctx: Any) -> Any:
        return [ctx.run_action(inner), inner.submit().result()]

    submission, _ = form_parts(db, outer, {})

    assert told(submission) == [(2, 4), (2, 4), ["fetched", "fetched"]]
