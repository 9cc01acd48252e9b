"""The lines of the printed tables: what was measured, by whom, against which aim.

Comes in: measurements. Goes out: Markdown. In the first table a line is a measurement with all its contestants, and a
ratio is ours divided by the other's, so below 1 is better where the unit is time or memory, and above 1 where it is a
rate. Where contestants are many, each has a line of its own, and a ratio is theirs divided by that of one of them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from benchmarks.timing import TURNS, Attempt, Measured, interleaved

HEAD = """\
| what | ours: p50 (p95) | floor | SQLite | DuckDB | aim | ÷ floor | ÷ SQLite | ÷ DuckDB |
|---|---|---|---|---|---|---|---|---|"""


class Unit(enum.Enum):
    """What a number means."""

    SECONDS = enum.auto()
    BYTES = enum.auto()
    PER_SECOND = enum.auto()

    @property
    def more_is_better(self) -> bool:
        return self is Unit.PER_SECOND

    def shown(self, number: float) -> str:
        match self:
            case Unit.BYTES:
                return f"{number:,.0f} B"
            case Unit.PER_SECOND:
                return f"{_significant(number)}/s"
            case Unit.SECONDS:
                for factor, name in ((1, "s"), (1e3, "ms")):
                    if number * factor >= 1:
                        return f"{_significant(number * factor)} {name}"
                return f"{_significant(number * 1e6)} µs"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a measurement should come to, in words, and whether it does; None is to be known only."""

    text: str
    is_met: bool

    def __str__(self) -> str:
        return f"{self.text}: {'met' if self.is_met else 'missed'}"


@dataclass(frozen=True, slots=True)
class Line:
    """One measurement of ours with the others' of the same run."""

    what: str
    unit: Unit
    ours: Measured
    floor: Measured | None = None
    sqlite: Measured | None = None
    duckdb: Measured | None = None
    aim: Aim | None = None

    @property
    def head(self) -> str:
        return HEAD

    def __str__(self) -> str:
        others = (self.floor, self.sqlite, self.duckdb)
        cells = [
            self.what,
            _with_tail(self.ours, self.unit),
            *("" if other is None else self.unit.shown(other.median) for other in others),
            "" if self.aim is None else str(self.aim),
            *("" if other is None else f"{self.ours.median / other.median:.2g}" for other in others),
        ]
        return f"| {' | '.join(cells)} |"


@dataclass(frozen=True, slots=True)
class Entry:
    """What one contestant took, in seconds, with that of the one it is compared with.

    Attributes:
        what: What was measured.
        who: The contestant.
        measured: Its times; None where it is not installed.
        reference: The one compared with, and its times; None where nothing is to be compared.
        recall: Which part of the right answer it found, from 0 to 1; None where all find the same.
        aim: What it should come to.
    """

    what: str
    who: str
    measured: Measured | None
    reference: tuple[str, Measured | None]
    recall: float | None = None
    aim: Aim | None = None

    @property
    def head(self) -> str:
        return f"| what | who | p50 (p95) | ÷ {self.reference[0]} | recall | aim |\n|---|---|---|---|---|---|"

    def __str__(self) -> str:
        reference = self.reference[1]
        cells = [
            self.what,
            self.who,
            "not installed" if self.measured is None else _with_tail(self.measured, Unit.SECONDS),
            "" if self.measured is None or reference is None else f"{self.measured.median / reference.median:.2g}",
            "" if self.recall is None else f"{self.recall:.3f}",
            "" if self.aim is None else str(self.aim),
        ]
        return f"| {' | '.join(cells)} |"


def compared(
    what: str,
    attempts: int,
    turns: int = TURNS,
    *,
    aim: float | None = None,
    unit: Unit = Unit.SECONDS,
    **contestants: Attempt,
) -> Line:
    """Return the line of `ours` and others, measured in turns; `aim` is the most (of a rate: the least) of our median."""
    measured = interleaved(contestants, attempts, turns)
    ours = measured.pop("ours")
    verdict = None
    if aim is not None:
        verdict = Aim(unit.shown(aim), ours.median >= aim if unit.more_is_better else ours.median <= aim)
    return Line(what, unit, ours, aim=verdict, **measured)


def _with_tail(measured: Measured, unit: Unit) -> str:
    """Return the median with the 95th percentile of the slow side."""
    slow = measured.percentile(5 if unit.more_is_better else 95)
    return f"{unit.shown(measured.median)} ({unit.shown(slow)})"


def _significant(number: float) -> str:
    """Return a number of at least 1 with three digits, or all that stand before its point."""
    return f"{number:.3g}" if number < 1000 else f"{number:,.0f}"
