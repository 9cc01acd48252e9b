"""The graph: how data reaches what is shown, as the boxes of four columns and what leads to each.

The boxes of `db.graph()` come in; they go out as items, which the page places and draws. What the last commit touched,
or the one that is looked at, is marked.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.panel.lives import key_of
from reactive_nb.notebook.result.shape import KeyedRows
from reactive_nb.notebook.teach.graph import Node, Phrases, nodes_of

MAX_QUERIES = 1000
"""More than are drawn in a cell: the page can scroll."""

_phrases: WeakKeyDictionary[Engine, Phrases] = WeakKeyDictionary()
"""What each database's ranges and calls are called, as of the last look."""


def items(engine: Engine, at: int | None) -> KeyedRows:
    """Return the boxes, column by column: tables, index ranges, queries, views."""
    phrases = Phrases(_phrases.get(engine))
    nodes = nodes_of(engine, engine.subscriptions()[:MAX_QUERIES], at, phrases)
    _phrases[engine] = phrases
    keys = _keys(nodes)
    return {
        keys[id(node)]: {
            "column": node.column,
            "text": node.text,
            "note": node.note,
            "words": node.words or node.text,
            "touched": node.is_touched,
            "before": [keys[id(each)] for each in node.before],
            "table": node.table,
            "index": node.index,
            "live": None if node.live is None else key_of(node.live),
        }
        for node in nodes
    }


def _keys(nodes: list[Node]) -> dict[int, str]:
    """Return a key of each box: the same box has the same one the next time, also when others came before it."""
    keys: dict[int, str] = {}
    numbers: dict[str, int] = {}
    for node in nodes:
        key = f"{node.column}:{node.words or node.text}"
        numbers[key] = numbers.get(key, 0) + 1
        keys[id(node)] = key if numbers[key] == 1 else f"{key} ({numbers[key]})"
    return keys
