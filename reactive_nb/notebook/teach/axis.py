"""The axis of a timeline: seconds become pixels, and long stretches in which nothing happened become short breaks.

Spans come in; a place for each moment of them goes out. Inside a stretch pixels are proportional to time, and every
stretch has the same scale, unless it would be too narrow to be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reactive_nb.notebook.teach.words import duration_text

BREAK = 30.0
"""How wide a break is, in pixels."""
IDLE_SHARE = 0.12
"""A stretch without any span is broken out when it is longer than this part of all the time in which there is one."""
MIN_STRETCH = 14.0
TICK_ROOM = 78.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of time without a break, and where it stands."""

    began_s: float
    ended_s: float
    x: float
    width: float

    @property
    def end(self) -> float:
        """Where it ends, in pixels."""
        return self.x + self.width

    def place(self, moment_s: float) -> float:
        """Return where a moment stands."""
        length = self.ended_s - self.began_s
        return self.x + (self.width * (moment_s - self.began_s) / length if length else 0.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """Stretches from left to right, with breaks between them."""

    stretches: Sequence[Stretch]

    @property
    def end(self) -> float:
        """Where it ends, in pixels."""
        return self.stretches[-1].end

    def place(self, moment_s: float) -> float:
        """Return where a moment stands; one outside all stretches is at the end of the one before it."""
        found = self.stretches[0]
        for stretch in self.stretches:
            if stretch.began_s <= moment_s:
                found = stretch
        return found.place(min(max(moment_s, found.began_s), found.ended_s))

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Yield where to write what: how long after the first moment a stretch began, and steps inside long ones."""
        origin = self.stretches[0].began_s
        free = -TICK_ROOM
        for stretch in self.stretches:
            if stretch.x < free:
                continue  # steps that count from a moment without a label would say nothing
            yield stretch.x, duration_text(stretch.began_s - origin)
            free = stretch.x + TICK_ROOM
            step = _step((stretch.ended_s - stretch.began_s) * TICK_ROOM / stretch.width)
            at = 1
            while step and (x := stretch.place(stretch.began_s + at * step)) <= stretch.end - 1:
                yield x, ("" if stretch is self.stretches[0] else "+") + duration_text(at * step)
                free = x + TICK_ROOM
                at += 1


def axis_of(spans: Iterable[tuple[float, float]], x: float, width: float) -> Axis:
    """Return an axis that begins at `x` and is `width` wide, or wider where breaks need more room."""
    busy = _merged(spans)
    longest_idle = IDLE_SHARE * (sum(end - begin for begin, end in busy) or 1.0)
    pieces = [list(busy[0])]
    for (_, end), (begin, after) in pairwise(busy):
        if begin - end > longest_idle:
            pieces.append([begin, after])
        else:
            pieces[-1][1] = after
    room = max(width - BREAK * (len(pieces) - 1), MIN_STRETCH * len(pieces))
    widths = _widths([end - begin for begin, end in pieces], room)
    stretches = []
    for (begin, end), wide in zip(pieces, widths, strict=True):
        stretches.append(Stretch(begin, end, x, wide))
        x += wide + BREAK
    return Axis(stretches)


def _widths(lengths: Sequence[float], room: float) -> list[float]:
    """Share out `room` by length, but give everyone the least."""
    spare = room - MIN_STRETCH * len(lengths)
    total = sum(lengths)
    return [MIN_STRETCH + (spare * length / total if total else spare / len(lengths)) for length in lengths]


def _merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _step(least: float) -> float:
    """Return the smallest of 1, 2, 5, 10, … times a power of ten that is not below `least`."""
    if least <= 0:
        return 0.0
    power = 10.0 ** (len(f"{least:.0f}") - 1) if least >= 1 else 10.0 ** float(f"{least:e}".split("e")[1])
    return next(power * factor for factor in (1, 2, 5, 10, 20) if power * factor >= least)
