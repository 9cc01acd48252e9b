"""Whether a query gives the same result for as long as our tables stay the same, so that the result may be used again.

Comes in: a query, and the names of our tables. Goes out: yes, or no where that is not certain. It looks at the query as
DuckDB's parser reads it, for a plan shows a column by its alias and not that it is `random()`. A view or a macro of a
person counts as uncertain, because its text is not looked at; so do files and frames.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Collection, Iterator
from typing import Any

import duckdb

from reactive_nb.tables.statement import Statement
from reactive_nb.tables.store import SCHEMA

_TABLE_FUNCTIONS = frozenset(("range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"))
_SCHEMAS = ("", "main", SCHEMA)
# They may look like columns; the parser cannot tell.
_CLOCK = re.compile(r"current_\w+|localtime\w*|get_current_\w+|today|now", re.IGNORECASE)


def is_steady(cursor: duckdb.DuckDBPyConnection, statement: Statement, tables: Collection[str]) -> bool:
    """Return whether the result of a query follows from our tables alone: no chance, no clock, no file, no frame.

    Args:
        cursor: A cursor.
        statement: A statement that DuckDB accepts.
        tables: The names of our tables in SQL.
    """
    ((text,),) = cursor.execute("SELECT json_serialize_sql($1)", [statement.text]).fetchall()
    query = json.loads(text)
    if query["error"]:  # PIVOT and EXPLAIN, whose parts cannot be looked at
        return False
    known = {name.lower() for name in tables}
    nodes = list(_nodes(query))
    for node in nodes:
        if isinstance(ctes := node.get("cte_map"), dict):
            known |= {each["key"].lower() for each in ctes.get("map", ())}
    return all(_node_is_steady(node, known) for node in nodes)


def _node_is_steady(node: dict[str, Any], known: set[str]) -> bool:
    if node.get("sample"):
        return False
    if node.get("type") == "BASE_TABLE":
        # In another schema it is a table of others, or a view that may hide anything.
        return node["schema_name"].lower() in _SCHEMAS and node["table_name"].lower() in known
    if "function_name" in node:
        name = node["function_name"].lower()
        # DuckDB calls `age(t)`, which is the time since then, and `current_localtime()` consistent.
        if _CLOCK.fullmatch(name) is not None or (name == "age" and len(node["arguments"]) == 1):
            return False
        return name in _TABLE_FUNCTIONS or name in _consistent_functions()
    if node.get("class") == "COLUMN_REF":
        return _CLOCK.fullmatch(node["column_names"][-1]) is None
    return True


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for each in tree.values():
            yield from _nodes(each)
    elif isinstance(tree, list):
        for each in tree:
            yield from _nodes(each)


@functools.cache
def _consistent_functions() -> frozenset[str]:
    """Return the functions that DuckDB itself says give the same for the same arguments."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT function_name FROM duckdb_functions() WHERE internal GROUP BY function_name "
            "HAVING bool_and(stability = 'CONSISTENT')"
        ).fetchall()
    return frozenset(name for (name,) in rows)
