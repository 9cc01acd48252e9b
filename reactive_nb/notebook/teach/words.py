"""The words of the teaching views: values, counts, times and threads as people read them."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from typing import Any

from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.result.encoding import Cell

MAX_VALUE = 48


def snapshot_of(engine: Engine) -> Snapshot:
    """Return the database as it is, by which index ranges get their words; an empty one once it is closed."""
    return Snapshot.empty() if engine.closed else engine.at(engine.ts).read(lambda ctx: ctx.transaction.snapshot)


def value_text(cell: Cell) -> str:
    """Return a cell's JSON form (result/encoding.py) as short text of one line, text in quotes."""
    text = _whole_text(cell)
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"


def _whole_text(cell: Cell) -> str:
    match cell:
        case {"$datetime": str(text)}:
            return text.replace("T", " ").replace(".000000", "").replace("+00:00", "Z")
        case {"$int": str(text)} | {"$float": str(text)} | {"$repr": str(text)}:
            return " ".join(text.split())
        case {"$text": str(text)}:
            return repr(text)
        case {"$bytes": str(digits), "size": size}:
            return f"{count(size, 'byte')} {digits}"
        case {"$vector": list(items), "size": size} | {"$list": list(items), "size": size}:
            return f"[{', '.join(map(_whole_text, items))}, … {count(size, 'item')}]"
        case _:
            return repr(cell)


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 row`, `1,200 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def ordinal(number: int) -> str:
    """Return `1st`, `2nd`, `3rd`, `4th`."""
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def time_text(time_ms: float) -> str:
    """Return a moment as the clock on the wall shows it: `2026-11-20 14:03:22`."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def duration_text(seconds: float) -> str:
    """Return a span in the unit in which it is a small number: `230 µs`, `1.5 ms`, `12 s`, `3 min`."""
    for size, unit in ((60.0, "min"), (1.0, "s"), (1e-3, "ms")):
        if seconds >= size * 0.9995:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{seconds * 1e6:.0f} µs" if seconds else "0"


def _three_digits(number: float) -> str:
    places = 0 if number >= 99.5 else 1 if number >= 9.95 else 2
    text = f"{number:.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text


def thread_text(name: str) -> str:
    """Return the name of a thread for people."""
    if name == "MainThread":
        return "main thread"
    if pool := re.fullmatch(r"reactive_nb pool_(\d+)", name):
        return f"pool thread {int(pool[1]) + 1}"
    if own := re.fullmatch(r"Thread-(\d+)(?: \((.+)\))?", name):
        return f"thread {own[1]}" + (f", {own[2]}" if own[2] else "")
    return name


def variables() -> dict[int, str]:
    """Return the names of the notebook's variables by the `id()` of what they hold, without IPython's own."""
    shells = sys.modules.get("IPython.core.getipython")
    shell: Any = None if shells is None else shells.get_ipython()
    # As a list, in one step: a cell may add a variable meanwhile.
    return {} if shell is None else {id(value): name for name, value in list(shell.user_ns.items()) if name[:1] != "_"}
