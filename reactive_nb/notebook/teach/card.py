"""Why cards: the sentence of `live.why()`, and in a notebook a card that shows what it says.

A live result comes in; the commit that made it run, the documents of that commit, the index range in which it met
what the query had read, and what that changed in the result go out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from reactive_nb.documents.document import decode_document
from reactive_nb.documents.range_words import describe_read
from reactive_nb.documents.snapshot import Change
from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.result.encoding import Cell
from reactive_nb.notebook.result.shape import Row
from reactive_nb.notebook.teach.drawing import BAD, CODE, GOOD, LINE, PAGE, QUIET, WAIT, escaped
from reactive_nb.notebook.teach.effect import MISSING, Effect, Fields, RowChange, changed_fields, effect_of, row_of
from reactive_nb.notebook.teach.words import count, snapshot_of, time_text, value_text
from reactive_nb.schema.system_tables import PRIVATE
from reactive_nb.subscriptions.subscription import Run
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.read_set import Overlap

MAX_ROWS = 8
MAX_ROWS_IN_REPORT = 3
MAX_FIELDS = 6
MAX_DOCUMENTS = 4


class Explained(Protocol):
    """What a card needs of a live result."""

    @property
    def engine(self) -> Engine:
        """Whose result it is."""

    @property
    def path(self) -> str:
        """The path of its query."""

    @property
    def state(self) -> str:
        """What it says of itself."""

    @property
    def runs(self) -> int:
        """How often it ran."""

    @property
    def history(self) -> Sequence[Run]:
        """Its latest runs, oldest first."""


class Why(str):
    """The sentence that says why a result ran; at the end of a cell, a card of it.

    Attributes:
        run: The run it is about, or None before the first.
    """

    __slots__ = ("_card", "_make", "run")

    run: Run | None
    _make: Callable[[], Card] | None
    _card: Card | None

    def __new__(cls, text: str, run: Run | None = None, make: Callable[[], Card] | None = None) -> Why:
        """Return a sentence that can make its card."""
        made = super().__new__(cls, text)
        made.run, made._make, made._card = run, make, None
        return made

    @property
    def card(self) -> Card | None:
        """What is known about the run; worked out when it is first asked for, None where there was no run."""
        if self._card is None and self._make is not None:
            self._card = self._make()
        return self._card

    @property
    def commit(self) -> Commit | None:
        """The commit that made the run necessary, with the change that the query met and no other."""
        return None if self.run is None else self.run.commit

    @property
    def table(self) -> str | None:
        """The table that this commit changed."""
        return None if self.run is None else self.run.table

    @property
    def documents(self) -> list[str]:
        """The ids of the documents through which it met it."""
        return [] if self.run is None else self.run.documents

    def _repr_html_(self) -> str:
        return f'<div style="{PAGE}">{escaped(self) if self.card is None else self.card.html()}</div>'

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self) if cycle or self.card is None else f"{self}\n{self.card.text()}")


class Code(str):
    """A part of a sentence that is a name or a value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Detail:
    """One document or row: `+`, `−` or `~`, what became of it, and its fields."""

    sign: str
    words: Sequence[str]
    fields: Fields

    def html(self) -> str:
        """Return it as HTML."""
        color = {"+": GOOD, "−": BAD, "~": WAIT}[self.sign]
        fields = "".join(
            f'<span style="white-space:nowrap"><span style="color:{QUIET}">{escaped(name)}</span> {escaped(old)}'
            f"{f'<b>{escaped(new)}</b>' if old else escaped(new)}</span>"
            for name, old, new in self._told()
        )
        return (
            f'<div style="display:flex;gap:8px"><span style="color:{color};font-weight:700;font-family:{CODE}">{self.sign}'
            f"</span><span>{_html_of(self.words, color)} "
            f'<span style="font-family:{CODE};font-size:12px;display:inline-flex;flex-wrap:wrap;gap:0 14px;'
            f'vertical-align:top;padding-left:6px">{fields}{self._left()}</span></span></div>'
        )

    def text(self) -> str:
        """Return it as a line of text."""
        fields = ", ".join(f"{name} {old or '= '}{new}" for name, old, new in self._told())
        return f"{self.sign} {''.join(self.words)}: {fields}{self._left()}".removesuffix(": ")

    def _told(self) -> list[tuple[str, str, str]]:
        return [(name, *_told(self.sign, old, new)) for name, old, new in self.fields[:MAX_FIELDS]]

    def _left(self) -> str:
        left = len(self.fields) - MAX_FIELDS
        return f" and {count(left, 'more field')}" if left > 0 else ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a card: a name, a sentence, and details below it."""

    name: str
    words: Sequence[str]
    details: Sequence[Detail] = ()
    more: str = ""

    def html(self) -> str:
        """Return it as two cells of a grid."""
        more = f'<div style="color:{QUIET}">{escaped(self.more)}</div>' if self.more else ""
        details = "".join(detail.html() for detail in self.details)
        return (
            f'<span style="color:{QUIET}">{self.name}</span>'
            f'<div style="min-width:0;overflow-wrap:anywhere">{_html_of(self.words)}{details}{more}</div>'
        )

    def text(self) -> str:
        """Return it as lines of text."""
        below = [detail.text() for detail in self.details] + [self.more] * bool(self.more)
        return "\n".join([f"  {self.name:9} {''.join(self.words)}", *(f"{'':12}{line}" for line in below)])


@dataclass(frozen=True, slots=True)
class Card:
    """All that is said about one run."""

    call: str
    ts: int
    outcome: str
    lines: Sequence[Line]

    def html(self) -> str:
        """Return it as HTML without style sheet."""
        color = {"result changed": GOOD, "failed": BAD}.get(self.outcome, QUIET)
        return (
            f'<div style="border:1px solid {LINE};border-radius:4px;padding:8px 12px;margin:2px 0 6px;max-width:62em;'
            f'font-size:13px;line-height:1.5">'
            f'<div style="display:flex;flex-wrap:wrap;gap:0 10px;align-items:baseline;margin-bottom:4px">'
            f'<span style="font-family:{CODE};font-weight:600;overflow-wrap:anywhere">{escaped(self.call)}</span>'
            f'<span style="color:{QUIET}">ran at commit {self.ts}</span>'
            f'<span style="border:1px solid {color};color:{color};border-radius:9px;padding:0 8px;font-size:11px">'
            f"{self.outcome}</span></div>"
            f'<div style="display:grid;grid-template-columns:max-content 1fr;gap:2px 14px">'
            f"{''.join(line.html() for line in self.lines)}</div></div>"
        )

    def text(self) -> str:
        """Return it as lines of text."""
        return "\n".join(line.text() for line in self.lines)


def _html_of(words: Sequence[str], color: str = "inherit") -> str:
    """Return a sentence as HTML, names and values in the font of code."""
    code, plain = f"font-family:{CODE};font-size:12px", f"color:{color}"
    return "".join(
        f'<span style="{code if isinstance(each, Code) else plain}">{escaped(each)}</span>' for each in words
    )


def _told(sign: str, before: Cell, after: Cell) -> tuple[str, str]:
    """Return what a field was, with an arrow, and what it is; one of them where the whole row came or went."""
    old, new = ("not set" if cell is MISSING else value_text(cell) for cell in (before, after))
    return {"+": ("", new), "−": ("", old)}.get(sign, (f"{old} → ", new))


def why_card(live: Explained) -> Why:
    """Return why the last run of a live result happened."""
    history = live.history
    if not history:
        return Why(f"{live.path} has not run yet.")
    return _why(live.engine, history, len(history) - 1, MAX_ROWS)


@dataclass(frozen=True, slots=True)
class WhyReport:
    """Why the latest runs of a live result happened, newest first."""

    heading: str
    runs: Sequence[Why]

    def __repr__(self) -> str:
        return "\n".join([self.heading, *(f"  {why}" for why in self.runs)])

    def _repr_html_(self) -> str:
        head = f'<div style="margin:8px 0 4px;font-weight:600">{escaped(self.heading)}</div>'
        return f'<div style="{PAGE}">{head}{"".join(why._repr_html_() for why in self.runs)}</div>'


def why_report(live: Explained, runs: int = 5) -> WhyReport:
    """Return why the latest runs of a live result happened, newest first, at most `runs` of them."""
    history = live.history
    if not history:
        return WhyReport(f"{live.path} has not run yet.", ())
    places = range(max(0, len(history) - runs), len(history))
    whys = [_why(live.engine, history, at, MAX_ROWS_IN_REPORT) for at in reversed(places)]
    return WhyReport(f"{history[-1].call}: {count(live.runs, 'run')}, {live.state}", whys)


def _why(engine: Engine, history: Sequence[Run], at: int, rows: int) -> Why:
    run = history[at]
    return Why(run.why(), run, lambda: _card_of(engine, history, at, rows))


# ---------------------------------------------------------------------- what a card says


def _card_of(engine: Engine, history: Sequence[Run], at: int, rows: int) -> Card:
    run = history[at]
    kept = next((each for each in engine.subscriptions() if each.key == run.key), None)
    changed = "result changed" if run.changed else "same result"
    outcome = "failed" if run.error is not None else "first run" if run.first else changed
    return Card(run.call, run.ts, outcome, [*_cause(engine, run), _result(effect_of(engine, kept, history, at), rows)])


def _cause(engine: Engine, run: Run) -> list[Line]:
    if run.first:
        return [Line("Because", ["It was asked for the first time."])]
    if run.cause is None:
        return [Line("Because", ["Its function was defined again, or more commits came while it ran than are kept."])]
    met = run.cause.met
    by = [" from ", Code(met.commit.origin)] if met.commit.origin else []
    when = f" at {time_text(met.commit.time_ms)} by "
    commit = Line("Commit", [Code(str(met.commit.ts)), when, Code(met.commit.function), *by])
    if met.key is None:
        return [commit, Line("Table", [Code(met.table), " was declared anew, which touches all that was read of it"])]
    changes = _changes_met(engine, met)
    left = run.cause.others + 1 - len(changes)
    more = f"and {count(left, 'more document')} of {met.table} in this commit" if left > 0 else ""
    name = "Document" if len(changes) == 1 else "Documents"
    met_in = describe_read(met.table, met.index, met.read, snapshot_of(engine))
    return [
        commit,
        Line(name, ["of ", Code(met.table)], list(map(_document, changes)), more),
        Line("Range", [Code(met_in), ", which the query had read"])
        if met.search is None
        else Line("Search", [Code(met_in), ", which the query had made"]),
    ]


def _changes_met(engine: Engine, met: Overlap) -> list[Change]:
    """Return the changes of a commit in the range that was read: the remembered one, others if the history has them."""
    (first,) = met.commit.changes
    whole = next(iter(engine.commits(engine.ts - met.commit.ts + 1)), met.commit)
    if whole.ts != met.commit.ts:
        return [first]
    if met.search is not None:
        searched = whole.searched.get((met.table, met.index))
        ids = dict.fromkeys([first.id, *(searched.ids_meeting(met.search) if searched else ())])
    else:
        # Every index key ends with the id of its document, and the ids of one table are of one length.
        keys = filter(met.interval.contains, whole.touched.get((met.table, met.index), ()))
        ids = dict.fromkeys([first.id, *(key[-len(first.id) :].decode() for key in keys)])
    changes = {change.id: change for change in whole.changes if change.table == met.table}
    return [changes[id] for id in islice(ids, MAX_DOCUMENTS)]


def _document(change: Change) -> Detail:
    # Of secrets it is said that they changed, and not what they are.
    old, new = ({}, {}) if change.table in PRIVATE else (_row(change.old), _row(change.new))
    sign, verb = ("+", "inserted") if change.old is None else ("−", "deleted") if change.new is None else _CHANGED
    return Detail(sign, [f"{verb} ", Code(change.id)], changed_fields(old, new))


_CHANGED = ("~", "changed")


def _row(document: bytes | None) -> Row:
    return {} if document is None else row_of(decode_document(document))


def _result(effect: Effect, shown: int) -> Line:
    left = len(effect.rows) - shown
    rows = list(map(_row_detail, effect.rows[:shown]))
    return Line("Result", [effect.sentence], rows, f"and {left:,} more" if left > 0 else "")


def _row_detail(row: RowChange) -> Detail:
    sign = {"added": "+", "removed": "−", "changed": "~"}[row.kind]
    return Detail(sign, [row.kind, *([" ", Code(row.key)] if row.kind == "changed" and row.key else [])], row.fields)
