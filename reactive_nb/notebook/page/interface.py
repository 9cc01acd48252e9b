"""What the notebook side relies on in an engine and its live results, as protocols.

`reactive_nb.engine.Engine` and `reactive_nb.notebook.live.Live` satisfy them; tests satisfy them with small fakes. All
attributes may be read from any thread. The values a `LiveResult` hands out are never changed in place by the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from reactive_nb.values.validators import Validator


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
        """`loading` until the first run, then `fresh` or `failed` after each, `closed` at the end.

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


class FunctionInfo(Protocol):
    """A registered function, as `%reactive` lists it."""

    @property
    def path(self) -> str:
        """Such as `"latest"` or `"messages:list"`."""

    @property
    def kind(self) -> str:
        """Such as `"query"`."""

    @property
    def internal(self) -> bool:
        """Not offered to clients outside the process."""

    @property
    def args(self) -> Mapping[str, Validator]:
        """A validator per argument."""


class OpenEngine(TransitionSource, Protocol):
    """The part of an engine that `%reactive` shows."""

    @property
    def path(self) -> object:
        """The file, or None for a database in memory."""

    @property
    def ts(self) -> int:
        """The latest commit."""

    def table_counts(self) -> Mapping[str, int]:
        """Return the number of documents of each user table, by name."""

    def functions(self) -> Iterable[FunctionInfo]:
        """Return the registered functions, oldest first."""

    def lives(self) -> Iterable[LiveResult]:
        """Return the live results that are not closed, oldest first."""
