"""What `%reactive` says, as text and as HTML: cards with small tables.

Open databases come in, a `Report` goes out; nothing here changes anything. The HTML has no style sheet and takes the
colours of the page, light or dark.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reactive_nb.documents.snapshot import Change
from reactive_nb.embedding.keeper import Keeper
from reactive_nb.engine import Engine
from reactive_nb.functions.function import Function
from reactive_nb.notebook.cell.plan import PREFIX
from reactive_nb.notebook.cell.reactive_cell import ReactiveCell
from reactive_nb.notebook.job_list import CALL_COLUMNS, JOB_COLUMNS, call_rows, job_rows
from reactive_nb.notebook.live import Live
from reactive_nb.notebook.page.view import error_facts, title_of
from reactive_nb.notebook.teach.drawing import BAD, CODE, LINE, PAGE, QUIET, WAIT, escaped
from reactive_nb.notebook.teach.words import count, time_text
from reactive_nb.schema.declaration import Index, Table
from reactive_nb.schema.search_declaration import AnySearch, VectorIndex, noun
from reactive_nb.transaction.commit import Commit
from reactive_nb.values.validators import ObjectValidator, OptionalValidator, Validator

Names = Mapping[int, str]
"""The variables of the notebook that hold databases and live results, by the `id()` of what they hold."""

NOTHING_OPEN = "No database is open. Open one: db = reactive_nb.connect()"

# How the cells of a column look, by its name.
_CODE = {"name", "table", "function", "call", "field", "index", "command", "arguments", "source", "reads", "from"}
_NUMBERS = {"documents", "runs", "commit"}
_STATES = {"failed": BAD, "error": BAD, "stale": WAIT, "loading": WAIT, "running": WAIT, "waits": WAIT}

_CARD = (
    f"border:1px solid {LINE};border-radius:4px;padding:6px 12px 8px;margin:2px 0 6px;width:fit-content;max-width:100%"
)
_CELL = f"text-align:left;vertical-align:top;padding:2px 16px 2px 0;border-bottom:1px solid {LINE};max-width:44em"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and below it a table; without rows the `empty` sentence stands in its place."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    empty: str = ""

    def html(self) -> str:
        """Return it as HTML."""
        heading = f'<div style="margin:6px 0 2px;font-weight:600">{escaped(self.heading)}</div>' if self.heading else ""
        if not self.rows:
            return heading + f'<div style="color:{QUIET}">{escaped(self.empty)}</div>'
        head = "".join(
            f'<th style="{_CELL};font-weight:400;color:{QUIET};{_align(name)}">{escaped(name)}</th>'
            for name in self.columns
        )
        body = "".join(f"<tr>{''.join(map(_cell_html, self.columns, row))}</tr>" for row in self.rows)
        style = "border-collapse:collapse;margin:0;font-size:13px;color:inherit"
        return f'{heading}<div style="overflow-x:auto"><table style="{style}"><tr>{head}</tr>{body}</table></div>'

    def text(self) -> str:
        """Return it as lines of text."""
        if not self.rows:
            return "\n".join(filter(None, [self.heading, self.empty and f"  {self.empty}"]))
        lines = [self.columns, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = ("  " + "  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
        return "\n".join(filter(None, [self.heading, *texts]))


@dataclass(frozen=True, slots=True)
class Card:
    """What is said about one thing, such as a database."""

    title: str
    sections: Sequence[Section]


@dataclass(frozen=True, slots=True)
class Report:
    """Cards that a cell can return: text in a terminal, HTML in a notebook."""

    cards: Sequence[Card]

    def __repr__(self) -> str:
        return "\n\n".join(
            "\n\n".join(filter(None, [card.title, *(section.text() for section in card.sections)]))
            for card in self.cards
        )

    def _repr_html_(self) -> str:
        cards = "".join(
            f'<div style="{_CARD}"><div style="font-weight:600">{escaped(card.title)}</div>'
            f"{''.join(section.html() for section in card.sections)}</div>"
            for card in self.cards
        )
        return f'<div style="{PAGE};font-size:13px;line-height:1.5">{cards}</div>'


# ---------------------------------------------------------------------- the reports


def overview(engines: Sequence[Engine], names: Names, cells: Sequence[ReactiveCell]) -> Report:
    """Return what is open: of each database its tables, functions, live results and jobs; then the reactive cells."""
    cards = [
        Card(
            _title(engine, names),
            [_table_counts(engine), _functions(engine), _lives(engine, names), *_jobs(engine)],
        )
        for engine in engines
    ]
    return Report([*(cards or [Card("reactive_nb", [Section("", (), (), NOTHING_OPEN)])]), *_cells(cells)])


def tables(engines: Sequence[Engine], names: Names) -> Report:
    """Return of each table its fields, indexes and number of documents."""
    return _of_each(
        engines,
        names,
        lambda engine: [_table(name, table, engine.table_counts()[name]) for name, table in engine.tables().items()],
        "No tables yet. Declare one: db.define(messages=reactive_nb.table(body=v.string()))",
    )


def functions(engines: Sequence[Engine], names: Names) -> Report:
    """Return of each function its kind, its arguments and the first line of its docstring."""
    return _of_each(engines, names, lambda engine: [_functions(engine, described=True)])


def lives(engines: Sequence[Engine], names: Names) -> Report:
    """Return the live results that are open."""
    return _of_each(engines, names, lambda engine: [_lives(engine, names)])


def jobs(engines: Sequence[Engine], names: Names) -> Report:
    """Return the jobs: crons, scheduled cells among them, and calls that were scheduled."""
    return _of_each(
        engines,
        names,
        _jobs,
        "No jobs. Begin a cell with %%every 10s, or write db.crons.interval(...)",
    )


def cells_report(cells: Sequence[ReactiveCell]) -> Report:
    """Return the reactive cells."""
    return Report(
        _cells(cells) or [Card("Reactive cells", [Section("", (), (), "No cell began with %%live or %%on.")])]
    )


def commits(engines: Sequence[Engine], names: Names, number: int) -> Report:
    """Return the newest commits of each database, newest first."""
    columns = ("commit", "time", "function", "from", "changes")
    return _of_each(
        engines,
        names,
        lambda engine: [
            Section("", columns, [_commit(each) for each in reversed(engine.commits(number))], "No commits yet.")
        ],
    )


def name_of(engine: Engine, names: Names) -> str:
    """Return how a database can be named: its variable, else its file."""
    return names.get(id(engine)) or ("" if engine.path is None else engine.path.name)


# ---------------------------------------------------------------------- their parts


def _of_each(
    engines: Sequence[Engine], names: Names, sections: Callable[[Engine], list[Section]], empty: str = ""
) -> Report:
    if not engines:
        return Report([Card("reactive_nb", [Section("", (), (), NOTHING_OPEN)])])
    nothing = [Section("", (), (), empty)]
    return Report([Card(_title(engine, names), sections(engine) or nothing) for engine in engines])


def _title(engine: Engine, names: Names) -> str:
    name = names.get(id(engine))
    where = "in memory" if engine.path is None else str(engine.path)
    return f"Database {f'{name}, ' if name else ''}{where}, commit {engine.ts}"


def _table_counts(engine: Engine) -> Section:
    rows = [(name, f"{number:,}") for name, number in engine.table_counts().items()]
    return Section("Tables", ("table", "documents"), rows, "No tables yet.")


def _table(name: str, table: Table, number: int) -> Section:
    fields = [("field", field, text) for field, text in _fields(table.document)]
    indexes = [("index", index.name, _index(index)) for index in table.indexes]
    searches = [(noun(search), search.name, _search(search)) for search in table.searches]
    rows = [*fields, *indexes, *searches]
    return Section(f"{name}: {count(number, 'document')}", ("part", "name", "what it is"), rows)


def _fields(document: Validator | None) -> list[tuple[str, str]]:
    match document:
        case None:
            return [("", "any document")]
        case ObjectValidator():
            return [(name, _described(each)) for name, each in document.fields.items()]
        case _:
            return [("", document.describe())]


def _described(validator: Validator) -> str:
    return validator.describe() + (", or missing" if isinstance(validator, OptionalValidator) else "")


def _index(index: Index) -> str:
    facts = ["unique"] * index.unique + ["one entry for each element of the first field"] * index.multi
    return ", ".join(index.fields) + "".join(f"; {fact}" for fact in facts)


def _search(search: AnySearch) -> str:
    facts = [search.field]
    if isinstance(search, VectorIndex):
        facts.append(f"{search.dimensions} dimensions, {search.metric}")
    if search.filter_fields:
        facts.append(f"filtered by {', '.join(search.filter_fields)}")
    return "; ".join(facts)


def _functions(engine: Engine, described: bool = False) -> Section:
    columns = ("function", "kind", "arguments", *(["what it does"] if described else []))
    rows = [
        (each.path, f"internal {each.kind}" if each.internal else str(each.kind), _arguments(each))
        + ((_first_line(each),) if described else ())
        for each in engine.functions()
        if not each.path.startswith(PREFIX)  # of cells, which are among the jobs
    ]
    return Section("Functions", columns, rows, "No functions yet.")


def _arguments(function: Function) -> str:
    return ", ".join(f"{name}: {_described(each)}" for name, each in function.args.items())


def _first_line(function: Function) -> str:
    return (function.__doc__ or "").strip().partition("\n")[0]


def _lives(engine: Engine, names: Names) -> Section:
    rows = [
        (names.get(id(live), ""), title_of(live), str(live.runs), _state(live), live.why()) for live in engine.lives()
    ]
    return Section("Live results", ("name", "call", "runs", "state", "last run"), rows, "None is open.")


def _jobs(engine: Engine) -> list[Section]:
    """Return sections of those jobs that there are."""
    found = [
        Section("Jobs", JOB_COLUMNS, job_rows(engine)),
        Section("Scheduled calls", CALL_COLUMNS, call_rows(engine)),
        Section(
            "Embeddings",
            ("field", "of", "state"),
            [
                (each.place.name, f"{each.place.table}.{each.place.text}", each.state())
                for each in Keeper.upkeeps_of(engine)
            ],
        ),
    ]
    return [section for section in found if section.rows]


def _state(live: Live) -> str:
    is_stale = live.is_stale and live.error is None and not live.paused
    return _with_error("stale" if is_stale else live.state, live.error)


def _cell_state(cell: ReactiveCell) -> str:
    return _with_error(cell.state, cell.error)


def _with_error(state: str, error: BaseException | None) -> str:
    facts = error_facts(error)
    return state if facts is None else f"{state} ({facts['name']}: {facts['message']})"


def _cells(cells: Sequence[ReactiveCell]) -> list[Card]:
    columns = ("name", "kind", "source", "reads", "runs", "state", "last run")
    rows = [
        (each.name, each.kind, each.first_line, ", ".join(each.reads()), str(each.runs), _cell_state(each), each.note)
        for each in cells
    ]
    return [Card("Reactive cells", [Section("", columns, rows)])] if rows else []


def _commit(commit: Commit) -> tuple[str, ...]:
    return str(commit.ts), time_text(commit.time_ms), commit.function, commit.origin, _changes(commit)


def _changes(commit: Commit) -> str:
    """Return what a commit did by table: `messages: 2 inserted, 1 deleted; users declared`."""
    kinds = Counter((change.table, _kind(change)) for change in commit.changes if not change.table.startswith("_"))
    by_table: dict[str, list[str]] = {}
    for (table, kind), number in kinds.items():
        by_table.setdefault(table, []).append(f"{number:,} {kind}")
    texts = [f"{table}: {', '.join(parts)}" for table, parts in by_table.items()]
    verb = "dropped" if commit.function == "drop" else "declared"
    return "; ".join([*texts, *(f"{table} {verb}" for table in sorted(commit.redeclared))])


def _kind(change: Change) -> str:
    return "inserted" if change.old is None else "deleted" if change.new is None else "changed"


def _cell_html(column: str, text: str) -> str:
    code = f";font-family:{CODE};font-size:12px" if column in _CODE else ""
    color = _STATES.get(text.partition(" ")[0]) if column == "state" else None
    look = f"{_CELL};{_align(column)}{code}" + (f";color:{color}" if color else "")
    return f'<td style="{look}">{escaped(text)}</td>'


def _align(column: str) -> str:
    return f"text-align:{'right' if column in _NUMBERS else 'left'}"
