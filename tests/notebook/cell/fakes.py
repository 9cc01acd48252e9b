"""A screen that notes what it is told, and a main thread whose turns a test gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reactive_nb.notebook.cell.reactive_cell import Screen


@dataclass
class FakeScreen:
    """Shows the outputs of a cell to a test."""

    is_shown: bool = True
    outputs: list[dict[str, Any]] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    errors: list[BaseException | None] = field(default_factory=list)
    commits: list[tuple[str, int | None]] = field(default_factory=list)
    engines: list[Any] = field(default_factory=list)
    note: str = ""
    ts: int | None = None
    closed: bool = False
    callback: Callable[[], None] = lambda: None

    def on_shown(self, callback: Callable[[], None]) -> None:
        self.callback = callback

    def follow(self, engine: Any) -> None:
        self.engines.append(engine)

    def appear(self) -> None:
        """Be shown by a page from now on."""
        self.is_shown = True
        self.callback()

    def show(
        self,
        outputs: list[dict[str, Any]] | None = None,
        *,
        state: str = "live",
        error: BaseException | None = None,
        note: str = "",
        ts: int | None = None,
    ) -> None:
        if outputs is not None:
            self.outputs = outputs
        if not self.states or self.states[-1] != state:
            self.states.append(state)
            self.commits.append((state, ts))
        self.errors.append(error)
        self.note = note
        self.ts = ts

    def close(self) -> None:
        self.closed = True

    @property
    def text(self) -> str:
        """What stands there, streams and values."""
        texts = (output.get("text") or output.get("data", {}).get("text/plain", "") for output in self.outputs)
        return "".join(texts)


class FakeLoop:
    """Stands for the event loop of a kernel: a test decides when the main thread gets to what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Callable[[], object]] = []

    def call(self, act: Callable[[], object]) -> None:
        self.asked.append(act)

    def turn(self) -> None:
        """Do what has been asked of the main thread so far."""
        asked, self.asked = self.asked, []
        for act in asked:
            act()

    def turns(self) -> int:
        """Do what is asked until nothing is; return how often that was."""
        count = 0
        while self.asked:
            self.turn()
            count += 1
            assert count < 100, "there is no end to it"
        return count


def conforms(screen: FakeScreen) -> Screen:
    """Have mypy compare the fake with the protocol."""
    return screen
