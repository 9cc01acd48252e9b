"""What `%reactive` says, as text and as HTML: sections of small tables.

Open engines come in, a `Report` goes out; nothing here changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from reactive_nb.notebook.display import html_table
from reactive_nb.notebook.interface import FunctionInfo, LiveResult, OpenEngine
from reactive_nb.notebook.view import error_facts, title_of

MAX_RUNS = 5


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and below it a table; without rows the `empty` sentence stands in its place."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Sections that a cell can return: text in a terminal, HTML in a notebook."""

    sections: Sequence[Section]

    def __repr__(self) -> str:
        return "\n\n".join(map(_section_text, self.sections))

    def _repr_html_(self) -> str:
        return "".join(
            f'<div style="margin:8px 0 2px;font-weight:600">{escape(section.heading)}</div>'
            + (html_table(section.columns, section.rows) if section.rows else f"<div>{escape(section.empty)}</div>")
            for section in self.sections
        )


def overview(engines: Sequence[OpenEngine], names: Mapping[int, str]) -> Report:
    """Return what is open: of each engine its file, tables, functions and live results.

    Args:
        engines: The open engines.
        names: The name of a live result in the notebook, by its `id()`, where it has one.
    """
    if not engines:
        return Report([Section("reactive_nb", (), (), "No database is open. Open one: db = reactive_nb.connect()")])
    return Report([section for engine in engines for section in _of_engine(engine, names)])


def why(live: LiveResult) -> Report:
    """Return why the latest runs of `live` happened, newest first."""
    runs = [(str(run.ts), run.why()) for run in reversed(live.history[-MAX_RUNS:])]
    heading = f"{title_of(live)}: {_count(live.runs, 'run')}, {_state(live)}"
    return Report([Section(heading, ("commit", "why it ran"), runs, "It has not run.")])


def _of_engine(engine: OpenEngine, names: Mapping[int, str]) -> list[Section]:
    where = "in memory" if engine.path is None else str(engine.path)
    tables = [(name, f"{count:,}") for name, count in engine.table_counts().items()]
    functions = [
        (info.path, f"internal {info.kind}" if info.internal else str(info.kind), _signature(info))
        for info in engine.functions()
    ]
    lives = [
        (names.get(id(live), ""), title_of(live), str(live.runs), _state(live), _last_cause(live))
        for live in engine.lives()
    ]
    return [
        Section(f"Database {where}, commit {engine.ts}", ("table", "documents"), tables, "No tables yet."),
        Section("Functions", ("function", "kind", "arguments"), functions, "No functions yet."),
        Section("Live results", ("name", "call", "runs", "state", "last run"), lives, "None is open."),
    ]


def _signature(function: FunctionInfo) -> str:
    return ", ".join(f"{name}: {validator.describe()}" for name, validator in function.args.items())


def _state(live: LiveResult) -> str:
    error: Mapping[str, Any] | None = error_facts(live.error)
    return live.state if error is None else f"{live.state} ({error['name']}: {error['message']})"


def _last_cause(live: LiveResult) -> str:
    return live.history[-1].why() if live.history else ""


def _section_text(section: Section) -> str:
    if not section.rows:
        return "\n".join(filter(None, [section.heading, section.empty and f"  {section.empty}"]))
    lines = [section.columns, *section.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = ("  " + "  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    return "\n".join([section.heading, *texts])


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
