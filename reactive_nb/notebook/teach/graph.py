"""Graphs: how data reaches what is shown, as four columns: tables, the index ranges read, queries, views.

An engine comes in, a drawing goes out. What the newest commit touched is marked from end to end, so one sees why a
view changed and its neighbour did not.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reactive_nb.documents.interval import Interval
from reactive_nb.documents.range_words import describe_read
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.page.channel import channel, has_front_end
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.page.view import RowsView
from reactive_nb.notebook.teach.drawing import (
    ACCENT,
    LINE,
    QUIET,
    TINT,
    Drawing,
    box,
    empty,
    group,
    label,
    path,
)
from reactive_nb.notebook.teach.reads import reads_of
from reactive_nb.notebook.teach.words import count, snapshot_of, variables
from reactive_nb.search.edits import SearchRead
from reactive_nb.subscriptions.subscription import Key, Subscription
from reactive_nb.transaction.commit import Commit

MAX_QUERIES = 40
MAX_RANGES = 8
COLUMNS = ("tables", "index ranges read", "queries", "shown by")
WIDTHS = (112.0, 222.0, 236.0, 112.0)
GAP = 38.0
TOP = 30.0
NODE = 34.0
SPACE = 8.0

_Place = tuple[str, str, Interval | SearchRead[Any]]
"""A table, an index, and what was read of it."""


@dataclass(eq=False, slots=True)
class Node:
    """A box of one column.

    Attributes:
        column: Its column, from 0.
        text: What stands in its first line.
        note: What stands in its second.
        words: The same in one line.
        table: The table it is about; empty for queries and views.
        index: The index it is about, of ranges; empty for searches.
        is_touched: Whether the newest commit reached it.
        before: The boxes that lead to it.
        live: The live result it is about: of a view, and of a query the oldest that asks for it.
        y: Its upper edge, once it is placed.
    """

    column: int
    text: str
    note: str = ""
    words: str = ""
    table: str = ""
    index: str = ""
    is_touched: bool = False
    before: list[Node] = field(default_factory=list)
    live: Any = None
    y: float = 0.0

    @property
    def height(self) -> float:
        """How high it is drawn."""
        return NODE if self.note else NODE - 12

    @property
    def middle(self) -> float:
        """Where its edges arrive."""
        return self.y + self.height / 2


def graph_of(engine: Engine) -> Drawing:
    """Return a drawing of an engine's tables, the ranges that live queries read, the queries, and what shows them."""
    title = "How data reaches what is shown"
    subscriptions = engine.subscriptions()
    nodes = nodes_of(engine, subscriptions[:MAX_QUERIES])
    if not nodes:
        return empty(title, "There are no tables yet, and no live queries.")
    notes = []
    if not subscriptions:
        notes.append("No live query yet: query.live(...) makes one.")
    if len(subscriptions) > MAX_QUERIES:
        notes.append(f"The first {MAX_QUERIES} queries are drawn; {len(subscriptions) - MAX_QUERIES} more are live.")
    newest = engine.commits(1)
    if newest and any(node.is_touched for node in nodes):
        notes.append(f"Marked: what {newest[0].function} (commit {newest[0].ts}) touched.")
    return Drawing(title, _text(nodes, notes), _left(3) + WIDTHS[3] + 8, *_marks(nodes, notes))


# ---------------------------------------------------------------------- what there is


class Phrases:
    """What calls and ranges are called, which takes longer than all the rest: made once for as long as they are drawn.

    Args:
        before: Those of the last time.
    """

    def __init__(self, before: Phrases | None = None) -> None:
        self._calls_before = {} if before is None else before._calls
        self._ranges_before = {} if before is None else before._ranges
        self._calls: dict[Key, str] = {}
        self._ranges: dict[_Place, tuple[object, str]] = {}

    def of_call(self, subscription: Subscription) -> str:
        """Return a call as text."""
        key = subscription.key
        found = self._calls[key] = self._calls_before.get(key) or subscription.call
        return found

    def of_range(self, table: str, index: str, read: Interval | SearchRead[Any], snapshot: Snapshot) -> str:
        """Return a range in words, which name the fields that the table is declared to have."""
        place, state = (table, index, read), snapshot.tables.get(table)
        declared = None if state is None else state.stored
        known = self._ranges_before.get(place)
        if known is None or known[0] is not declared:
            known = declared, describe_read(table, index, read, snapshot)
        self._ranges[place] = known
        return known[1]


def nodes_of(
    engine: Engine, subscriptions: Sequence[Subscription], at: int | None = None, phrases: Phrases | None = None
) -> list[Node]:
    """Return the boxes column by column, each column from top to bottom.

    Args:
        engine: The database.
        subscriptions: The query calls to show, with what they read the last time they ran.
        at: The commit whose tables are shown, and whose way is marked; the newest by default.
        phrases: What is called how, kept by those who ask again and again.

    Raises:
        SnapshotGone: The history does not reach back to this commit.
    """
    commit = next((each for each in reversed(engine.commits(engine.ts)) if at in (None, each.ts)), None)
    if at is None:
        snapshot, sizes = snapshot_of(engine), engine.table_counts()
    else:
        snapshot = engine.at(at).read(lambda ctx: ctx.transaction.snapshot)
        sizes = {name: state.size for name, state in snapshot.tables.items() if not name.startswith("_")}
    return _Nodes(engine, subscriptions, commit, snapshot, sizes, phrases or Phrases()).all()


class _Nodes:
    """Collects the boxes of the four columns, each once."""

    def __init__(
        self,
        engine: Engine,
        subscriptions: Sequence[Subscription],
        commit: Commit | None,
        snapshot: Snapshot,
        sizes: Mapping[str, int],
        phrases: Phrases,
    ) -> None:
        self._commit = commit
        self._snapshot = snapshot
        self._phrases = phrases
        self._tables: dict[str, Node] = {}
        self._ranges: dict[_Place, Node] = {}
        self._more: list[tuple[str, Node]] = []
        self._queries: list[Node] = []
        self._views: list[Node] = []
        shown = shown_by(engine)
        for name, size in sizes.items():
            self._table(name).note = count(size, "document")
        for subscription in subscriptions:
            query = self._query(subscription)
            for name, views, live in shown.get(subscription.key, ()):
                words = f"{name} as {views}" if views else name
                query.live = query.live or live
                self._views.append(Node(3, name, views, words, is_touched=query.is_touched, before=[query], live=live))

    def all(self) -> list[Node]:
        """Return the boxes column by column, each column from top to bottom."""
        order = {name: place for place, name in enumerate(self._tables)}
        ranges = [*((key[0], node) for key, node in self._ranges.items()), *self._more]
        ranges.sort(key=lambda each: order[each[0]])
        return [*self._tables.values(), *(node for _, node in ranges), *self._queries, *self._views]

    def _table(self, name: str) -> Node:
        if name not in self._tables:
            touched = self._commit is not None and (
                name in self._commit.redeclared or any(table == name for table, _ in self._commit.touched)
            )
            state = self._snapshot.tables.get(name)  # the engine's own tables are not among those with a size
            note = "not there yet" if state is None else count(state.size, "document")
            self._tables[name] = Node(0, name, note, table=name, is_touched=touched)
        return self._tables[name]

    def _query(self, subscription: Subscription) -> Node:
        state = "failed" if subscription.error is not None else subscription.state.value
        query = Node(2, self._phrases.of_call(subscription), f"{count(subscription.runs, 'run')}, {state}")
        left: dict[str, int] = {}
        for at, (table, index, interval) in enumerate(reads_of(subscription)):
            if at < MAX_RANGES:
                query.before.append(self._range(table, index, interval))
            else:
                left[table] = left.get(table, 0) + 1
        for table, number in left.items():
            words = f"and {count(number, 'more range')}"
            node = Node(1, words, f"of {table}", f"{words} of {table}", table, before=[self._table(table)])
            self._more.append((table, node))
            query.before.append(node)
        query.is_touched = any(node.is_touched for node in query.before) or self._has_made_run(subscription)
        self._queries.append(query)
        return query

    def _has_made_run(self, subscription: Subscription) -> bool:
        """Whether the commit is why a query ran, which may have read other ranges since then."""
        made = self._commit
        if made is None or subscription.ts < made.ts:
            return False
        return any(run.commit is not None and run.commit.ts == made.ts for run in list(subscription.history))

    def _range(self, table: str, index: str, read: Interval | SearchRead[Any] | None) -> Node:
        at = read or Interval(b"", b"")
        if (table, index, at) not in self._ranges:
            words, touched = f"{table}[its declaration]", False
            if read is not None:
                words = self._phrases.of_range(table, index, read, self._snapshot)
                touched = self._commit is not None and is_touched(table, index, read, self._commit)
            place, _, span = words.partition("[")
            by = index if isinstance(read, Interval) else ""
            self._ranges[table, index, at] = Node(1, place, span[:-1], words, table, by, touched, [self._table(table)])
        return self._ranges[table, index, at]


def is_touched(table: str, index: str, read: Interval | SearchRead[Any], commit: Commit) -> bool:
    """Whether a commit touched a range or a search."""
    if isinstance(read, Interval):
        keys = commit.touched.get((table, index), ())
        first = bisect_left(keys, read.start)  # they are sorted, and may be a hundred thousand
        return first < len(keys) and read.contains(keys[first])
    change = commit.searched.get((table, index))
    return change is not None and change.met_by(read) is not None


def shown_by(engine: Engine) -> Mapping[Key, list[tuple[str, str, Any]]]:
    """Return what shows each query call: variables that hold live results of it, their views on pages, and these."""
    names = variables()
    hub = channel().hub if has_front_end() else None
    shown: dict[Key, list[tuple[str, str, Any]]] = {}
    for live in engine.lives():
        run = live.last_run
        if run is not None:
            views = "" if hub is None else _views(hub, live)
            shown.setdefault(run.key, []).append((names.get(id(live), "a live result"), views, live))
    return shown


def _views(hub: Hub, live: Any) -> str:
    """Return in words how pages show a live result; empty when none does."""
    views = [view for view in hub.views_of(live) if view.shown]
    tables = sum(isinstance(view, RowsView) for view in views)
    kinds = [(tables, "table"), (len(views) - tables, "plot or text")]
    return ", ".join(noun if number == 1 else f"{number} × {noun}" for number, noun in kinds if number)


# ---------------------------------------------------------------------- marks


def _left(column: int) -> float:
    return 4 + sum(WIDTHS[:column]) + GAP * column


def _marks(nodes: Sequence[Node], notes: Sequence[str]) -> tuple[float, list[str]]:
    """Return the height of the drawing, and its marks: edges below boxes."""
    bottom = TOP
    for column in range(len(COLUMNS)):
        bottom = max(bottom, _place([node for node in nodes if node.column == column], column))
    edges = [(one, node) for node in nodes for one in node.before]
    edges.sort(key=lambda edge: edge[0].is_touched and edge[1].is_touched)  # marked ones over the others
    heads = [label(_left(at), 14, name, color=QUIET) for at, name in enumerate(COLUMNS)]
    marks = [*heads, *(_edge(*edge) for edge in edges), *map(_box, nodes)]
    for note in notes:
        bottom += 20
        marks.append(label(_left(0) + 18 * note.startswith("Marked"), bottom, note, color=QUIET))
        if note.startswith("Marked"):
            marks.append(box(_left(0), bottom - 10, 12, 12, fill=ACCENT, line=ACCENT, style=_TOUCHED))
    return bottom + 10, marks


_TOUCHED = "fill-opacity:.16;stroke-width:2"


def _place(nodes: Sequence[Node], column: int) -> float:
    """Give the boxes of a column their places, near the middle of what leads to them; return where they end."""
    if column:
        wanted = {id(node): sum(one.middle for one in node.before) / max(1, len(node.before)) for node in nodes}
        nodes = sorted(nodes, key=lambda node: wanted[id(node)])
    y = TOP
    for node in nodes:
        node.y = y if not column else max(y, wanted[id(node)] - node.height / 2)
        y = node.y + node.height + SPACE
    return y


def _edge(one: Node, other: Node) -> str:
    x, to_x = _left(one.column) + WIDTHS[one.column], _left(other.column)
    middle = (x + to_x) / 2
    route = f"M{x:.1f} {one.middle:.1f} C{middle:.1f} {one.middle:.1f} {middle:.1f} {other.middle:.1f} {to_x:.1f} {other.middle:.1f}"
    is_touched = one.is_touched and other.is_touched
    look = "stroke-width:2" if is_touched else "stroke-width:1"
    return group([path(route, line=ACCENT if is_touched else LINE, style=look)], kind="edge")


def _box(node: Node) -> str:
    x, room = _left(node.column), WIDTHS[node.column] - 14
    color, look = (ACCENT, _TOUCHED) if node.is_touched else (LINE, "")
    marks = [
        box(
            x,
            node.y,
            WIDTHS[node.column],
            node.height,
            fill=ACCENT if node.is_touched else TINT,
            line=color,
            style=look,
        )
    ]
    marks.append(label(x + 7, node.y + 15, node.text, room=room))
    if node.note:
        marks.append(label(x + 7, node.y + 28, node.note, color=QUIET, room=room))
    return group(
        marks, title=node.words or f"{node.text}\n{node.note}", kind=("table", "range", "query", "view")[node.column]
    )


# ---------------------------------------------------------------------- words


def _text(nodes: Sequence[Node], notes: Sequence[str]) -> str:
    lines = [f"table {node.text}, {node.note}{_mark(node)}" for node in nodes if node.column == 0]
    for query in (node for node in nodes if node.column == 2):
        lines.append(f"{query.text}: {query.note}{_mark(query)}")
        lines += [f"    reads {node.words}{_mark(node)}" for node in query.before]
        shows = [node for node in nodes if node.column == 3 and query in node.before]
        lines += [f"    shown by {node.words}" for node in shows]
    return "\n".join([*lines, *notes])


def _mark(node: Node) -> str:
    return " *" if node.is_touched else ""
