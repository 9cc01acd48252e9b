"""An engine, its live results and a pace whose every step a test decides. They satisfy notebook/page/interface.py."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import traitlets

from reactive_nb.notebook.page.interface import LiveResult, TransitionSource


@dataclass(frozen=True)
class FakeRun:
    ts: int
    cause: str

    def why(self) -> str:
        return self.cause


@dataclass(frozen=True)
class FakeTransition:
    ts: int
    lives: list[FakeLive]


class FakeEngine:
    def __init__(self) -> None:
        self.ts = 0
        self.listeners: list[Callable[[FakeTransition], None]] = []
        self.watchers: list[Callable[[list[Any]], None]] = []
        self.made = 0
        self.opened: weakref.WeakSet[FakeLive] = weakref.WeakSet()

    def live(self, path: str, value: Any = None, **args: Any) -> FakeLive:
        made = FakeLive(self, path, args, value)
        self.opened.add(made)
        return made

    def commit(self, **values: Any) -> None:
        """Give the live results with these paths their new values, all at one moment."""
        self.announce(self.begin(**values))

    def begin(self, **values: Any) -> list[FakeLive]:
        """Move the live results as the engine does before it announces the moment; return them."""
        self.ts += 1
        lives = [live for live in self.lives() if live.path in values]
        for live in lives:
            live.move(values[live.path])
        return lives

    def announce(self, lives: list[FakeLive]) -> None:
        """Announce the moment."""
        for listener in self.listeners:
            listener(FakeTransition(self.ts, lives))

    def refresh(self, *lives: FakeLive) -> None:
        """Say that these run again; that it is over, without any."""
        for watcher in self.watchers:
            watcher(list(lives))

    def on_transition(self, listener: Callable[[FakeTransition], None], /) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def on_refresh(self, listener: Callable[[list[Any]], None], /) -> Callable[[], None]:
        self.watchers.append(listener)
        return lambda: self.watchers.remove(listener)

    def lives(self) -> list[FakeLive]:
        return sorted((live for live in self.opened if live.state != "closed"), key=lambda live: live.number)


class FakeLive(traitlets.HasTraits):
    value: Any = traitlets.Any()
    error: Any = traitlets.Any()
    state = traitlets.Unicode("fresh")

    def __init__(self, engine: FakeEngine, path: str, args: dict[str, Any], value: Any) -> None:
        super().__init__(value=value)
        self.engine = engine
        self.path = path
        self.args = args
        self.runs = 1
        self.history = [FakeRun(engine.ts, "It was opened")]
        self.number = engine.made
        engine.made += 1
        self.closed_ts: int | None = None

    @property
    def ts(self) -> int:
        return self.engine.ts if self.closed_ts is None else self.closed_ts

    def move(self, value: Any) -> None:
        """Take a new value, or an exception as the new error."""
        self.runs += 1
        self.history.append(FakeRun(self.engine.ts, f"commit {self.engine.ts} changed what it read"))
        if isinstance(value, Exception):
            self.value, self.error, self.state = None, value, "failed"
        else:
            self.value, self.error, self.state = value, None, "fresh"

    def close(self) -> None:
        self.closed_ts = self.engine.ts
        self.state = "closed"


@dataclass
class ManualPace:
    """Notes what was asked of it; the test calls `flush` itself."""

    flush: Callable[[], None]
    wakes: list[float] = field(default_factory=list)
    rests: int = 0

    def wake(self, delay_s: float = 0.0) -> None:
        self.wakes.append(delay_s)

    def rest(self) -> None:
        self.rests += 1


def conforms(engine: FakeEngine, live: FakeLive) -> tuple[TransitionSource, LiveResult]:
    """Have mypy compare the fakes with the protocols."""
    return engine, live
