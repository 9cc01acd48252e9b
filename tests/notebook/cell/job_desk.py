"""A desk for scheduled cells: the clock and the turns of the main thread are a test's, and it waits for what is told."""

from __future__ import annotations

import queue
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from reactive_nb.notebook.cell.job_cell import JobCell, JobScreen
from reactive_nb.notebook.cell.plan import Plan, joined_cell, options_of, schedule_from
from reactive_nb.notebook.turns import Turns
from reactive_nb.testing import FakeClock
from tests.notebook.cell.fakes import FakeScreen

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from reactive_nb.engine.engine import Engine

SECONDS = 30.0
START = datetime(2026, 1, 1, tzinfo=UTC)

Status = dict[str, Any]


class Line:
    """The line below a cell: what was told of the job, one after the other."""

    def __init__(self) -> None:
        self._told: queue.Queue[Status] = queue.Queue()
        self.status: Status = {}

    def tell(self, status: Status) -> None:
        self._told.put(status)

    def until(self, holds: Callable[[Status], bool]) -> Status:
        """Return the first status from the present one on for which something holds."""
        while not (self.status and holds(self.status)):
            self.status = self._told.get(timeout=SECONDS)
        return self.status

    def until_state(self, state: str) -> Status:
        return self.until(lambda status: status["state"] == state)

    def until_runs(self, *outcomes: str) -> Status:
        """Return the first status with these runs, newest first."""
        return self.until(lambda status: [run["outcome"] for run in status["runs"]] == list(outcomes))


class WaitedTurns:
    """Stands for the event loop of a kernel: the main thread waits until it is asked, and then does that."""

    def __init__(self) -> None:
        self._asked: queue.Queue[Callable[[], object]] = queue.Queue()

    def call(self, act: Callable[[], object]) -> None:
        self._asked.put(act)

    def turn(self) -> None:
        self._asked.get(timeout=SECONDS)()

    @property
    def is_asked(self) -> bool:
        return not self._asked.empty()


class JobDesk:
    """Scheduled cells on a database with a clock that a test moves."""

    def __init__(self, shell: InteractiveShell, engine: Engine, clock: FakeClock) -> None:
        self.shell = shell
        self.engine = engine
        self.clock = clock
        self.loop = WaitedTurns()
        self.turns = Turns(shell.events, self.loop.call)
        self.cells: list[JobCell] = []

    def plan(self, text: str, name: str = "feed") -> Plan:
        first, _, source = text.partition("\n")
        magic, _, line = first.removeprefix("%%").partition(" ")
        options, rest = options_of(magic, line)
        schedule = schedule_from(magic, rest, options, lambda: START)
        return Plan(f"%%{magic}", joined_cell(magic, line, source), source, name, schedule, options, "In[3]", 3)

    def begin(self, text: str, name: str = "feed") -> tuple[JobCell, FakeScreen, Line]:
        """Run a cell."""
        cell = JobCell(self.shell, self.turns, self.engine, self.plan(text, name))
        self.cells.append(cell)
        cell.start()
        screen, line = FakeScreen(), Line()
        cell.show_on(_as_screen(screen))
        cell.show_job_on(line.tell)
        return cell, screen, line

    def run_first(self, text: str, *outcomes: str) -> tuple[JobCell, FakeScreen, Line]:
        """Run a cell and let its first run happen."""
        cell, screen, line = self.begin(text)
        self.loop.turn()
        line.until_runs(*outcomes)
        return cell, screen, line

    def advance(self, **span: float) -> None:
        """Let time pass, without waiting for what falls due."""
        self.clock.advance(timedelta(**span), wait=False)

    def close(self) -> None:
        for cell in self.cells:
            cell.close()
        self.turns.close()


def _as_screen(screen: FakeScreen) -> JobScreen:
    return screen
