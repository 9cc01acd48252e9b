"""Reactive cells: source that runs again, between other cells, when something it has read changes.

The part that `%%live` and `%%on` have in common. Comes in: a cell's source, then changes of what its last run read.
Goes out: the run's outputs, in place of those of the run before. A run follows what it read itself; what an earlier run read is let go of when the new is held.

It keeps: what is shown is what the source gives now, or a run is queued, or the cell says why not.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol

from reactive_nb.functions.origin import calling_from
from reactive_nb.notebook.cell.capture import Ran, Shell, error_output
from reactive_nb.notebook.cell.dependency import Dependencies
from reactive_nb.notebook.cell.outputs import Output
from reactive_nb.notebook.cell.recorder import CallKey, Read, Reads, followed, recorded
from reactive_nb.notebook.turns import Turns

OWN_RUNS = 3
"""How often in a row a cell may run again because of what it wrote itself."""

CAUSES = 3
"""How many causes of a run are named."""


class Screen(Protocol):
    """Where a cell shows its outputs: `page.panel.Panel`, or a test."""

    @property
    def is_shown(self) -> bool:
        """Whether some page shows it; True where nobody knows."""

    def on_shown(self, callback: Callable[[], None]) -> None:
        """Call `callback` whenever a page has begun to show it."""

    def follow(self, engine: Any) -> None:
        """Have pages name the commits of an engine, or of none, from the next `show` on."""

    def show(
        self,
        outputs: list[Output] | None = None,
        *,
        state: str = "live",
        error: BaseException | None = None,
        note: str = "",
        ts: int | None = None,
    ) -> None:
        """Have pages show outputs, or without any those that are there."""

    def close(self) -> None:
        """Have pages keep what they show, as closed."""


class ReactiveCell(ABC):
    """What `%%live` and `%%on` have in common.

    Thread rule: changes come from any thread; the source runs on the thread of cells. `_lock` guards what both touch
    and is held for moments; `_showing` keeps what is sent to the screen in order.

    Args:
        shell: Where the source runs.
        turns: Gives it turns between cells.
        source: The body of the cell.
        name: What it is called, such as `In[5]`.
        number: The number of the cell in tracebacks.

    Attributes:
        state: Starts as `waiting`; `running` in a run; then `live` or `failed`; `stale` while a run is queued; `closed`
            in the end.
        runs: How often the source ran.
        error: What the last run raised, or None.
        note: A line about the last run.
    """

    kind = "%%live"

    def __init__(self, shell: Shell, turns: Turns, source: str, name: str, number: int | None = None) -> None:
        self.source = source
        self.name = name
        self.number = number
        self.runs = 0
        self.error: BaseException | None = None
        self.note = ""
        self.origin = f"the {self.kind} cell {name}"
        self._shell = shell
        self._turns = turns
        self._outputs: list[Output] = []
        self._ts: int | None = None  # the commit of which they are, if they are of one engine
        self._screen: Screen | None = None
        self._dispose: Callable[[], object] = lambda: None
        self._following = Dependencies(self._on_news, self._queue, self.on_engine_closed, self._is_own_thread)
        self._own_runs = 0  # those in a row that nothing but the cell itself has caused
        self._lock = threading.Lock()
        self._causes: dict[str, str] = {}  # how, by what has changed
        self._caused_by_others = False
        self._thread: int | None = None  # that of the run, while there is one
        self._is_closed = False
        self._showing = threading.RLock()

    # ------------------------------------------------------------------ for people

    @property
    def first_line(self) -> str:
        """The first line of the source."""
        return next(iter(self.source.strip().splitlines()), "")

    @property
    def state(self) -> str:
        """What comes next; see the class."""
        with self._lock:
            if self._is_closed:
                return "closed"
            if self._thread is not None:
                return "running"
            if self._causes:
                return "stale"
        if not self.runs and self.error is None:
            return "waiting"
        return "live" if self.error is None else "failed"

    @property
    def outputs(self) -> list[Output]:
        """What the last run showed."""
        return self._outputs

    @property
    def engine(self) -> Any:
        """The engine of all queries that it reads, or None when they are of none or of several."""
        engines = self._following.engines
        return engines.pop() if len(engines) == 1 else None

    def reads(self) -> list[str]:
        """Return what it follows: variables, then query calls."""
        return self._following.names()

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}: {self.first_line!r}, {self.state}>"

    # ------------------------------------------------------------------ its life

    @abstractmethod
    def start(self) -> None:
        """Do what is to be done when the cell itself is run; what that reads is followed from then on."""

    def show_on(self, screen: Screen, dispose: Callable[[], object] = lambda: None) -> None:
        """Show the outputs there from now on.

        Args:
            screen: Where.
            dispose: Called when another cell has taken this one's place, so that nobody looks at it any more.
        """
        self._screen, self._dispose = screen, dispose
        screen.on_shown(self._on_shown)
        screen.follow(self.engine)
        self._show(with_outputs=True)

    def close(self, note: str = "") -> None:
        """End it; its outputs stay where they are shown."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        self._turns.forget(self)
        self._following.let_go()
        self.note = note
        self._show()
        if self._screen is not None:
            self._screen.close()

    def end(self) -> None:
        """End it because somebody wants no more of it; what `%reactive close` does."""
        self.close()

    def replace(self) -> None:
        """End it because its cell is run again, which takes its outputs away."""
        self.close()
        self._dispose()

    # ------------------------------------------------------------------ changes, on any thread

    def _on_news(self, what: str, how: str, origin: str) -> None:
        """Take a change of a query's result."""
        with self._lock:
            is_running = self._thread is not None
        if not is_running:  # else the run may have seen it already, which is found out at its end
            self._queue(what, how, origin)

    def _queue(self, what: str, how: str, origin: str = "") -> None:
        is_own = origin == self.origin
        with self._lock:
            if self._is_closed:
                return
            has_spun = is_own and not self._caused_by_others and self._own_runs >= OWN_RUNS
            if not has_spun:
                self._causes[what] = how
                self._caused_by_others |= not is_own
        if has_spun:
            self.note = (
                f"stopped after {OWN_RUNS} runs of its own making: this cell writes what it reads. "
                "It runs again when something else changes"
            )
        else:
            self._turns.soon(self._turn, self, self._on_broken_turn)
        self._show()

    def _on_shown(self) -> None:
        with self._lock:
            is_waiting = bool(self._causes) and not self._is_closed
        if is_waiting:
            self._turns.soon(self._turn, self, self._on_broken_turn)

    def on_engine_closed(self) -> None:
        """End it because what it reads is there no more."""
        self.close("its database was closed; run the cell again when it is open")

    # ------------------------------------------------------------------ runs

    runs_unseen = False
    """Whether it also runs while no page shows it."""

    def _turn(self) -> None:
        """Run, if there is still a cause and somebody looks; called between cells."""
        if not self.runs_unseen and self._screen is not None and not self._screen.is_shown:
            return  # the causes stay, and `_on_shown` comes back to them
        with self._lock:
            if self._is_closed or not self._causes:
                return
            causes, self._causes = [f"{what} {how}" for what, how in self._causes.items()], {}
            self._own_runs = 0 if self._caused_by_others else self._own_runs + 1
            self._caused_by_others = False
        more = f" and {len(causes) - CAUSES} more" if len(causes) > CAUSES else ""
        self._run(f"ran again because {'; '.join(causes[:CAUSES])}{more}")

    def _on_broken_turn(self, error: BaseException) -> None:
        """Show what went wrong outside the source, such as an interrupt between two steps."""
        with self._lock:
            self._thread = None
        self.error = error
        self._outputs = [error_output(self._shell, error)]
        self._show(with_outputs=True)

    def _run(self, why: str) -> None:
        """Run once, follow what that read, and show what came of it."""
        with self._lock:
            self._thread = threading.get_ident()
        self._show()
        began_s = time.perf_counter()
        reads: dict[CallKey, Read] = {}
        try:
            # Before the run too: what others change during it makes another run necessary.
            self._following.observe(followed(self._python(), self._shell.user_ns))
            with calling_from(self.origin), recorded() as recording:
                ran = self._act(recording)
            reads = recording.by_key()
            self._following.observe(followed(self._python(), self._shell.user_ns))
            self._following.hold(reads)
        finally:
            with self._lock:
                self._thread = None
                is_closed = self._is_closed
            if is_closed:
                self._following.let_go()
        if ran is not None:
            self.runs += 1
            self.error, self._outputs = ran.error, ran.outputs
            heads = [read.head for read in reads.values()]
            # The first of them is the one of which everything that it has read was true.
            self._ts = min(heads) if heads and self.engine is not None else None
            runs = "1 run" if self.runs == 1 else f"{self.runs:,} runs"
            self.note = f"{why}; {(time.perf_counter() - began_s) * 1000:,.0f} ms; {runs}"
        for what, how, read in self._following.missed(reads):
            self._queue(what, how, self._origin_since(read))
        if self._screen is not None:
            self._screen.follow(self.engine)
        self._show(with_outputs=True)

    @abstractmethod
    def _act(self, reads: Reads) -> Ran | None:
        """Do what a run consists of; called while `reads` are being recorded; None when there was nothing to run."""

    @abstractmethod
    def _python(self) -> str:
        """Return the source whose names are looked at for widgets and live results."""

    def _is_own_thread(self) -> bool:
        return threading.get_ident() == self._thread

    def _origin_since(self, read: Read) -> str:
        """Return from where all commits since a call came; empty if they are of several origins."""
        engine = read.call.engine
        later = [commit for commit in engine.commits(engine.ts - read.head) if commit.ts > read.head]
        return self.origin if all(commit.origin == self.origin for commit in later) else ""

    # ------------------------------------------------------------------ what pages show

    def _show(self, with_outputs: bool = False) -> None:
        with self._showing:
            if self._screen is not None:
                state = self.state
                error = self.error if state == "failed" else None
                outputs = self._outputs if with_outputs else None
                # What is up to date, an error among it, is of the newest commit.
                ts = None if state in ("live", "failed") else self._ts
                self._screen.show(outputs, state=state, error=error, note=self.note, ts=ts)
