"""One live result as the pages know it: the kernel's record of what was sent, and the entries that tell what is new.

A moment of the result (`Seen`) comes in, an entry for the next frame goes out, or nothing when no page would change.
There are no threads, widgets or clocks here; the hub calls every method under its lock. An entry is JSON of two forms:

    whole    {"rows": [[key, row], ...], "kind", "columns", "total", "state", "error", "title"}
    change   {"since": n, "ops": [...]} and those of kind, columns, total, state, error, title that changed

A change applies to a page that has missed no frame about this view up to frame `since`; any other page asks for the
whole. `state` is a live result's state, `error` is null or {"name", "message"}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reactive_nb.errors import error_text
from reactive_nb.notebook.interface import LiveResult
from reactive_nb.notebook.rows import diff
from reactive_nb.notebook.shape import NOTHING, Shape, columns_of, shape_of

Entry = dict[str, Any]

MAX_ARGUMENT = 40


@dataclass(frozen=True, slots=True)
class Seen:
    """A live result as it was at one moment. The value is the engine's own and is only read."""

    value: Any
    state: str
    error: BaseException | None
    title: str

    @classmethod
    def of(cls, live: LiveResult) -> Seen:
        """Return what `live` shows now."""
        return cls(live.value, live.state, live.error, title_of(live))

    def shape(self, before: Shape = NOTHING) -> Shape:
        """Return the shape of the value, or `before` while there is none: before the first run, and after one that raised."""
        no_value = self.state == "loading" or (self.error is not None and self.value is None)
        return before if no_value else shape_of(self.value)


class View:
    """One displayed live result.

    Attributes:
        id: Its name in frames.
        seq: The latest frame that had news of it; starts as the latest frame there was, grows in `change`.
        shown: Becomes False when a page shows the view no more, and True again when a page asks for it.
        seen: The latest moment of the result. While the view is shown, pages know it, or will by the next frame.
        ts: The commit that `seen` is true for: of the latest frame or, once the result is closed, its last.
        held: The result, which is to live while a page shows it; None when only others decide how long it lives.
        held_until: When to let go of it, in the hub's seconds; None while the view is shown.
    """

    __slots__ = ("_facts", "_shape", "held", "held_until", "id", "seen", "seq", "shown", "ts")

    _facts: dict[str, Any]
    _shape: Shape
    seen: Seen
    ts: int

    def __init__(self, id: str, seq: int, shown: bool) -> None:
        self.id = id
        self.seq = seq
        self.shown = shown
        self.held: LiveResult | None = None
        self.held_until: float | None = None

    def look(self, live: LiveResult) -> None:
        """Begin with `live` as it is now; comes before everything else, and after the hub began to watch it."""
        self.held = live if self.shown else None
        self.ts = live.ts
        self.seen = Seen.of(live)
        self._shape = self.seen.shape()
        self._facts = _facts(self._shape, self.seen, ())

    @property
    def is_over(self) -> bool:
        """Whether the result is closed and will never change again."""
        return self.seen.state == "closed"

    def whole(self) -> Entry:
        """Return the entry that a page without any knowledge needs, of the latest moment also when it is hidden."""
        shape, facts = self._latest(self.seen)
        return {**facts, "rows": [[key, row] for key, row in shape.rows.items()]}

    def change(self, seen: Seen, seq: int) -> Entry | None:
        """Move on to `seen`, which frame `seq` will tell; return its entry, or None when a page would show the same."""
        shape, facts = self._latest(seen)
        ops = diff(self._shape.rows, shape.rows)
        news = {name: fact for name, fact in facts.items() if fact != self._facts[name]}
        self.seen, self._shape, self._facts = seen, shape, facts
        if not ops and not news:
            return None
        since, self.seq = self.seq, seq
        if len(ops) > len(shape.rows) or "kind" in news:
            return self.whole()  # more operations than rows: the rows are the shorter message
        return {"since": since, "ops": ops, **news}

    def _latest(self, seen: Seen) -> tuple[Shape, dict[str, Any]]:
        """Return what a page shows of `seen`, coming from what was told last."""
        if seen is self.seen and self.shown:
            return self._shape, self._facts
        shape = seen.shape(self._shape)
        return shape, _facts(shape, seen, self._facts["columns"] if shape.kind == self._shape.kind else ())


def title_of(live: LiveResult) -> str:
    """Return a live result's call as a person would write it: `latest(channel='general')`."""
    return f"{live.path}({arguments_text(live.args)})"


def arguments_text(args: Mapping[str, Any]) -> str:
    """Return arguments as in a call, each cut to `MAX_ARGUMENT` characters."""
    texts = ((name, repr(value)) for name, value in args.items())
    return ", ".join(
        f"{name}={text if len(text) <= MAX_ARGUMENT else text[: MAX_ARGUMENT - 1] + '…'}" for name, text in texts
    )


def error_facts(error: BaseException | None) -> dict[str, str] | None:
    """Return what a page says about an error: the name of its class and its message."""
    return None if error is None else {"name": type(error).__name__, "message": error_text(error)}


def _facts(shape: Shape, seen: Seen, columns_before: Sequence[str]) -> dict[str, Any]:
    return {
        "kind": shape.kind,
        "columns": columns_of(shape.rows.values(), columns_before),
        "total": shape.total,
        "state": seen.state,
        "error": error_facts(seen.error),
        "title": seen.title,
    }
