"""What the notebook side relies on in an engine and its live results, as protocols.

`reactive_nb.engine.Engine` and `reactive_nb.notebook.live.Live` satisfy them; tests satisfy them with small fakes. All
attributes may be read from any thread. The values a `LiveResult` hands out are never changed in place by the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol


class Run(Protocol):
    """One execution of a live result's query."""

    @property
    def ts(self) -> int:
        """The commit at which it ran."""

    def why(self) -> str:
        """Return in one sentence what made it run."""


class LiveResult(Protocol):
    """A query's result that is kept true. It is a `traitlets.HasTraits` and hashes by identity."""

    @property
    def engine(self) -> TransitionSource:
        """The engine that keeps it true."""

    @property
    def path(self) -> str:
        """The path of the query function, such as `"latest"` or `"messages:list"`."""

    @property
    def args(self) -> Mapping[str, Any]:
        """The plain current arguments; a widget given as an argument shows here as its trait's value."""

    @property
    def value(self) -> Any:
        """The latest result; None before the first run and after an error."""

    @property
    def error(self) -> BaseException | None:
        """What the latest run raised, or None."""

    @property
    def state(self) -> str:
        """`loading` until the first run, then `fresh` or `failed` after each, or `paused`; `closed` at the end.

        Observing the trait `state` reports every change of it.
        """

    @property
    def ts(self) -> int:
        """The commit of which the value is true."""

    @property
    def runs(self) -> int:
        """How many times its query has run."""

    @property
    def history(self) -> Sequence[Run]:
        """The latest runs, oldest first."""

    def observe(self, handler: Callable[[Any], None], names: str) -> None:
        """As `traitlets.HasTraits.observe`."""

    def unobserve(self, handler: Callable[[Any], None], names: str) -> None:
        """As `traitlets.HasTraits.unobserve`."""

    def close(self) -> None:
        """Stop keeping it true; its state becomes closed."""


class Transition(Protocol):
    """All live results that changed at one moment; their traits are already set."""

    @property
    def ts(self) -> int:
        """The commit they all show."""

    @property
    def lives(self) -> Iterable[LiveResult]:
        """Those whose value or error changed."""


class TransitionSource(Protocol):
    """The part of an engine that announces its moments."""

    def on_transition(self, listener: Callable[[Any], None], /) -> Callable[[], None]:
        """Call `listener(transition)` once per moment, on one thread at a time; the result ends it."""

    def on_refresh(self, listener: Callable[[list[Any]], None], /) -> Callable[[], None]:
        """Call `listener(lives)` when stale results begin to run again, and with none when that is over."""
