"""Timelines: what the latest transactions did, as lanes of bars; who was refused, by whom, and who tried again.

Attempts come in, a drawing goes out: a lane per thread, a bar per attempt. A refused one points at the commit that
got there first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reactive_nb.documents.range_words import describe_read
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.functions.attempts import Attempt, Refusal
from reactive_nb.notebook.teach.axis import BREAK, Axis, axis_of
from reactive_nb.notebook.teach.drawing import (
    BAD,
    GOOD,
    LINE,
    QUIET,
    TINT,
    WAIT,
    Drawing,
    box,
    empty,
    group,
    label,
    path,
    width_of,
)
from reactive_nb.notebook.teach.words import count, duration_text, ordinal, thread_text

WIDTH = 810.0
MAX_LANES = 12
MAX_ROWS = 6
"""Rows of bars in one lane; where more would be needed, labels are made short, and then left out."""
MIN_BAR = 5.0
ROW = 20.0
BAR = 14.0
LEFT = 10.0
TOP = 34.0
OTHERS = "other threads"


@dataclass(frozen=True, slots=True)
class Bar:
    """An attempt and where it is drawn; `y` is its middle."""

    attempt: Attempt
    x: float
    width: float
    y: float
    label: str

    @property
    def end(self) -> float:
        """Where it ends, in pixels."""
        return self.x + self.width

    @property
    def holds_label(self) -> bool:
        """Whether its label stands inside it; otherwise it stands behind it."""
        return width_of(self.label) + 14 <= self.width

    @property
    def right(self) -> float:
        """Where it ends together with its label."""
        return self.end + (width_of(self.label) + 12 if self.label and not self.holds_label else 2)


def timeline_of(attempts: Sequence[Attempt], snapshot: Snapshot | None = None) -> Drawing:
    """Return a drawing of attempts.

    Args:
        attempts: As `engine.attempts()` returns them.
        snapshot: Any recent one; it gives index ranges their words, which are without values otherwise.
    """
    if not attempts:
        return empty("Timeline of transactions", "No transaction has written yet.")
    lanes = _lanes(attempts)
    names = {lane: OTHERS if lane == OTHERS else thread_text(lane) for lane in lanes}
    left = LEFT + max(width_of(name) for name in names.values()) + 14
    axis = axis_of([(each.began_s, each.ended_s) for each in attempts], left, WIDTH - left - 90)
    placed = {lane: _placed(inside, axis) for lane, inside in lanes.items()}
    right = max(WIDTH, axis.end, *(bar.right for bars in placed.values() for bar in bars))
    marks: list[str] = []
    bars: list[Bar] = []
    y = TOP
    for at, (lane, inside) in enumerate(placed.items()):
        bars += [replace(bar, y=y + 4 + bar.y) for bar in inside]
        height = max(bar.y for bar in inside) + ROW / 2 + 8
        marks.append(_lane(names[lane], y, height, right, is_tinted=at % 2 == 0))
        y += height
    snapshot = Snapshot.empty() if snapshot is None else snapshot
    marks += [*_scale(axis, y), *(_drawn(bar, snapshot) for bar in bars), *_arrows(bars), _legend(y + 22)]
    return Drawing("Timeline of transactions", _text(attempts, snapshot), right, y + 34, marks)


# ---------------------------------------------------------------------- where things are


def _lanes(attempts: Sequence[Attempt]) -> dict[str, list[Attempt]]:
    """Return the attempts by thread: the main thread first, the others in order of appearance, the last ones together."""
    names = list(dict.fromkeys(each.lane for each in sorted(attempts, key=lambda each: each.began_s)))
    names.sort(key=lambda name: name != "MainThread")
    own = names if len(names) <= MAX_LANES else names[: MAX_LANES - 1]
    lanes: dict[str, list[Attempt]] = {name: [] for name in own}
    for attempt in sorted(attempts, key=lambda each: each.began_s):
        lanes.setdefault(attempt.lane if attempt.lane in lanes else OTHERS, []).append(attempt)
    return lanes


def _placed(attempts: Sequence[Attempt], axis: Axis) -> list[Bar]:
    """Return the bars of a lane, counted from its top, none over another or its label."""
    for named in (_label, _short_label):
        bars = _in_rows([_bar(attempt, axis, named(attempt)) for attempt in attempts])
        if max(bar.y for bar in bars) < MAX_ROWS * ROW:
            return bars
    return _in_rows([_bar(attempt, axis, "") for attempt in attempts])


def _bar(attempt: Attempt, axis: Axis, text: str) -> Bar:
    x = axis.place(attempt.began_s)
    return Bar(attempt, x, max(MIN_BAR, axis.place(attempt.ended_s) - x), 0.0, text)


def _in_rows(bars: Sequence[Bar]) -> list[Bar]:
    """Return bars, given by where they begin, each in the first row that is free there."""
    free: list[float] = []
    placed = []
    for bar in bars:
        row = next((row for row, taken in enumerate(free) if taken <= bar.x + 0.5), len(free))
        free[row : row + 1] = [bar.right]
        placed.append(replace(bar, y=(row + 0.5) * ROW))
    return placed


# ---------------------------------------------------------------------- marks


def _lane(name: str, y: float, height: float, right: float, *, is_tinted: bool) -> str:
    ground = [box(0, y, right, height, fill=TINT)] if is_tinted else []
    return group([*ground, label(LEFT, y + 4 + ROW / 2 + 4, name, color=QUIET)], kind="lane")


def _scale(axis: Axis, bottom: float) -> list[str]:
    marks = [path(f"M{axis.stretches[0].x:.1f} {TOP - 6} H{axis.end:.1f}", line=LINE)]
    for x, text in axis.ticks():
        marks.append(path(f"M{x:.1f} {TOP - 10} V{bottom:.1f}", line=LINE, style="stroke-dasharray:1 4"))
        marks.append(label(x + 3, TOP - 13, text, color=QUIET))
    for before, after in zip(axis.stretches, axis.stretches[1:], strict=False):
        middle = before.end + BREAK / 2
        waves = "".join(f"M{middle + shift:.1f} {TOP - 1:.1f} l5 -10 " for shift in (-5, 0))
        idle = f"Nothing happened for {duration_text(after.began_s - before.ended_s)}."
        fold = path(f"M{middle:.1f} {TOP:.1f} V{bottom:.1f}", line=LINE, style="stroke-width:5;stroke-opacity:.25")
        marks.append(group([path(waves, line=QUIET), fold], title=idle, kind="break"))
    return marks


def _drawn(bar: Bar, snapshot: Snapshot) -> str:
    text = [label(bar.x + 6 if bar.holds_label else bar.end + 6, bar.y + 4, bar.label)] if bar.label else []
    return group([*_shape(bar), *text], title=_facts(bar.attempt, snapshot), kind=bar.attempt.outcome)


def _shape(bar: Bar) -> list[str]:
    """Return the bar itself: outcomes differ in shape as well as in colour."""
    attempt, y = bar.attempt, bar.y - BAR / 2
    match attempt.outcome:
        case "committed":
            shape = [box(bar.x, y, bar.width, BAR, fill=GOOD, line=GOOD, style="fill-opacity:.4;stroke-width:1.5")]
        case "refused":
            shape = [box(bar.x, y, bar.width, BAR, line=BAD, style="stroke-width:1.5;stroke-dasharray:3 2")]
            shape.append(_cross(bar.end, bar.y))
        case "raised":
            shape = [box(bar.x, y, bar.width, BAR, line=WAIT, style="stroke-width:1.5")]
            shape.append(path(f"M{bar.end:.1f} {y - 1:.1f} v8 m0 3 v3", line=WAIT, style="stroke-width:2.5"))
        case _:
            shape = [box(bar.x, y + BAR / 2 - 2, bar.width, 4, line=QUIET)]
    return shape


def _cross(x: float, y: float) -> str:
    return path(f"M{x - 3.5:.1f} {y - 3.5:.1f} l7 7 m0 -7 l-7 7", line=BAD, style="stroke-width:2")


def _arrows(bars: Sequence[Bar]) -> list[str]:
    """Return an arrow from each refused bar to the bar of the commit that got there first, where that is drawn."""
    commits = {bar.attempt.ts: bar for bar in bars if bar.attempt.ts is not None}
    marks = []
    for bar in bars:
        winner = commits.get(bar.attempt.refusal.ts) if bar.attempt.refusal else None
        if winner is not None:
            marks.append(_arrow(bar.end, bar.y, winner.end, winner.y, f"commit {winner.attempt.ts} got there first"))
    return marks


def _arrow(x: float, y: float, to_x: float, to_y: float, title: str) -> str:
    side = 1 if to_y >= y else -1
    start, end = y + side * BAR / 2, to_y - side * (BAR / 2 + 1)
    if abs(to_y - y) < ROW / 2:  # beside one another: over the row
        start, end, side = y - BAR / 2, to_y - BAR / 2 - 1, 1
        bend = start - 12
        route = f"M{x:.1f} {start:.1f} C{x:.1f} {bend:.1f} {to_x:.1f} {bend:.1f} {to_x:.1f} {end:.1f}"
    else:
        middle = (start + end) / 2
        route = f"M{x:.1f} {start:.1f} C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {end:.1f}"
    head = f"M{to_x:.1f} {end:.1f} l-3.5 {-6 * side} h7 z"
    return group(
        [path(route, line=BAD, style="stroke-width:1.2"), path(head, line="none", fill=BAD)], title=title, kind="arrow"
    )


def _legend(y: float) -> str:
    marks = []
    x = LEFT
    for kind, text in (
        ("committed", "committed, → its number"),
        ("refused", "refused: another commit was first"),
        ("raised", "raised"),
        ("nothing to write", "nothing to write"),
    ):
        sample = Attempt("", 1, "", "", 0, 0.0, 0.0, kind)  # type: ignore[arg-type]  # one of its outcomes
        marks += _shape(Bar(sample, x, 16, y - 4, ""))
        marks.append(label(x + 24, y, text, color=QUIET))
        x += 24 + width_of(text) + 22
    return group(marks, kind="legend")


# ---------------------------------------------------------------------- words


def _label(attempt: Attempt) -> str:
    again = f", {ordinal(attempt.number)} try" if attempt.number > 1 else ""
    return f"{attempt.function}{again}" + (f" → {attempt.ts}" if attempt.ts is not None else "")


def _short_label(attempt: Attempt) -> str:
    return f"→ {attempt.ts}" if attempt.ts is not None else ordinal(attempt.number) if attempt.number > 1 else ""


def _facts(attempt: Attempt, snapshot: Snapshot) -> str:
    """Return all that is known of an attempt, as lines."""
    lines = [
        f"{attempt.function}, {ordinal(attempt.number)} try",
        f"read the database as of commit {attempt.snapshot_ts}",
    ]
    if attempt.origin:
        lines.append(f"called from {attempt.origin}")
    lines.append(f"on {thread_text(attempt.lane)}, for {duration_text(attempt.ended_s - attempt.began_s)}")
    lines.append(_fate(attempt, snapshot))
    return "\n".join(lines)


def _fate(attempt: Attempt, snapshot: Snapshot) -> str:
    match attempt.outcome:
        case "committed":
            return f"became commit {attempt.ts}, {count(attempt.changes, 'document')} changed"
        case "raised":
            return f"raised {attempt.error}"
        case "refused" if attempt.refusal is not None:
            return f"refused: {_refusal(attempt.refusal, snapshot)}"
        case outcome:
            return f"{outcome}"


def _refusal(refusal: Refusal, snapshot: Snapshot) -> str:
    seen = describe_read(refusal.table, refusal.index, refusal.read, snapshot)
    if refusal.outlived:
        return "refused because more commits came while it ran than the history holds"
    return f"{refusal.function} (commit {refusal.ts}) was first, in {seen}, which it had read"


def _text(attempts: Sequence[Attempt], snapshot: Snapshot) -> str:
    began = min(each.began_s for each in attempts)
    lines = []
    for each in sorted(attempts, key=lambda each: each.began_s):
        again = f", {ordinal(each.number)} try" if each.number > 1 else ""
        origin = f" from {each.origin}" if each.origin else ""
        span = f"{duration_text(each.began_s - began):>8}  {thread_text(each.lane)}: "
        lines.append(f"{span}{each.function}{again}{origin} {_fate(each, snapshot)}")
    return "\n".join(lines)
