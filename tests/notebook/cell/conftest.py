"""A real shell without a kernel, whose variables are a test's own, and turns that the test gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import reactive_nb as rnb
from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.turns import Turns
from reactive_nb.values.validators import v
from tests.notebook.cell.fakes import FakeLoop


@pytest.fixture(scope="module")
def only_shell() -> Iterator[InteractiveShell]:
    # A file of history would belong to the person who runs the tests.
    yield InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(only_shell: InteractiveShell) -> Iterator[InteractiveShell]:
    before = dict(only_shell.user_ns)
    yield only_shell
    only_shell.user_ns.clear()
    only_shell.user_ns.update(before)


@pytest.fixture
def loop() -> FakeLoop:
    return FakeLoop()


@pytest.fixture
def turns(shell: InteractiveShell, loop: FakeLoop) -> Iterator[Turns]:
    turns = Turns(shell.events, loop.call)
    yield turns
    turns.close()


@pytest.fixture
def chat(db: Engine, shell: InteractiveShell) -> dict[str, Any]:
    """A database of messages, its functions as variables of the shell: send, latest, total."""
    db.define(messages=rnb.table(channel=v.string(), body=v.string()).index("by_channel", "channel"))

    @db.mutation
    def send(ctx: Any, body: str, channel: str = "general") -> Any:
        return ctx.db.insert("messages", {"channel": channel, "body": body})

    @db.query
    def latest(ctx: Any, channel: str = "general") -> Any:
        found = ctx.db.query("messages").with_index("by_channel", channel=channel).collect()
        if any(message["body"] == "bad" for message in found):
            raise ValueError("a bad message")
        return [message["body"] for message in found]

    @db.query
    def total(ctx: Any) -> Any:
        return ctx.db.query("messages").count()

    @db.mutation
    def clear(ctx: Any) -> None:
        for message in ctx.db.query("messages").collect():
            ctx.db.delete(message["_id"])

    names = {"db": db, "send": send, "latest": latest, "total": total, "clear": clear}
    shell.user_ns.update(names)
    return names


Settled = Callable[[], int]


@pytest.fixture
def settled(db: Engine, loop: FakeLoop) -> Settled:
    """Wait for the engine, then give turns until nobody wants one, and return how many there were."""

    def settle() -> int:
        db.settle()
        return loop.turns()

    return settle
