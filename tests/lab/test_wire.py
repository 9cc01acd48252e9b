"""The golden story of a page of the panel: what it says and hears, message by message, as tests/wire/panel.json has it.

Here the kernel's side is held to it; labextension/tests/link.test.mjs holds the page's. With REACTIVE_NB_GOLDEN=1 the
file is written anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.page.answers import asking_page
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.panel import databases, link, tables
from reactive_nb.notebook.panel.lists import Lists
from reactive_nb.notebook.panel.panel import Databases, LabPanel
from tests.notebook.panel.page import FakePace

GOLDEN = Path(__file__).parents[1] / "wire/panel.json"


class Slow:
    """An area that says how far it is."""

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        tell = asking_page()
        assert tell is not None
        tell(1, 2, "half of it")
        return {"method": method, **params}


class Comm:
    """A comm that keeps what is sent on it."""

    def __init__(self, sent: list[dict[str, Any]]) -> None:
        self.send = sent.append


def story(db: Engine) -> list[dict[str, Any]]:
    """Return what a page says and what it hears until it is answered, again and again."""
    heard: list[dict[str, Any]] = []
    paces: list[FakePace] = []

    def pace(flush: Any) -> FakePace:
        paces.append(FakePace(flush))
        return paces[-1]

    hub = Hub(heard.append, pace, lambda act: act(), lambda: 0.0)
    known = Databases(hub, lambda: [db])
    lists = Lists(hub, lambda: databases.items(known), {"tables": tables.items}, pace, lambda: 0.0)
    panel = LabPanel(known, lists, {"slow": Slow()})
    side = link.Link()
    side._panel = SimpleNamespace(hub=hub, name=hub.register(panel))
    steps: list[dict[str, Any]] = []

    def say(kind: str, **facts: Any) -> None:
        message = {"type": kind, "page": "page", **facts}
        side._hear(Comm(heard), json.loads(json.dumps(message)))  # type: ignore[arg-type]  # all that it uses
        listen(message)

    def listen(message: dict[str, Any] | None = None) -> None:
        lists.look()
        paces[0].flush()
        steps.append({"say": message, "hear": json.loads(json.dumps(heard))})
        heard.clear()

    say("Hello")
    target = steps[0]["hear"][0]["target"]
    say("Request", id=1, target=target, method="open", params={"what": "databases", "db": None, "at": None})
    (name,) = known.all()
    say("Request", id=2, target=target, method="open", params={"what": "tables", "db": name, "at": None})
    view = steps[-1]["hear"][0]["result"]["view"]
    say("Show", viewer="tables", view=view, window=None)
    say("Ack", seq=1)
    with db.transaction() as tx:
        tx.db.insert("tasks", {"title": "a"})
    listen()
    say("Ack", seq=2)
    db.define(notes=rnb.table())
    listen()
    say("Ack", seq=3)
    say("Resync")
    say("Ack", seq=4)
    say("Request", id=3, target=target, method="slow.work", params={"n": 1})
    say("Request", id=4, target=target, method="open", params={"what": "tables", "db": "nobody", "at": None})
    say("Hide", viewer="tables")
    side._hear(Comm(heard), {"type": "Ack", "page": "stranger", "seq": 9})  # type: ignore[arg-type]
    listen()
    return steps


@pytest.fixture
def steps(db: Engine, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    monkeypatch.setattr(link, "version", lambda _: "0.1.0")
    db.define(tasks=rnb.table(title=v.string(), done=v.optional(v.boolean())).index("by_title", "title", unique=True))
    return story(db)


def test_the_kernel_says_what_the_golden_story_says(steps: list[dict[str, Any]]) -> None:
    if os.environ.get("REACTIVE_NB_GOLDEN") == "1":
        GOLDEN.write_text(json.dumps(steps, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    assert steps == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_the_golden_story_has_every_message_that_a_page_may_hear_or_say(steps: list[dict[str, Any]]) -> None:
    heard = {message["type"] for step in steps for message in step["hear"]}
    said = {step["say"]["type"] for step in steps if step["say"] is not None}

    assert heard == {"Welcome", "Frame", "Unknown", "Progress", "Response"}
    assert said == {"Hello", "Show", "Hide", "Ack", "Resync", "Request"}
