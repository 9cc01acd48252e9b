"""Searching by vector: the nearest documents, with the ball that was searched recorded as read.

Comes in: a transaction, a vector, a limit and a filter. Goes out: ids and scores. The answer of an exact search depends
on nothing that lies farther away than its last hit, so a commit out there concerns nobody.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reactive_nb.errors import InvalidValue, QueryUsageError, ValidationError
from reactive_nb.functions.search_filter import FilterFunction, compile_filter
from reactive_nb.functions.text_search import declared_search
from reactive_nb.schema.search_declaration import VectorIndex
from reactive_nb.search.ball import Ball
from reactive_nb.search.vector import Vectors
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.refusal import show
from reactive_nb.values.validators import v

MAX_LIMIT = 256


def vector_search(
    tx: Transaction,
    table: str,
    index: str,
    vector: Any,
    limit: int,
    filter: FilterFunction | None,
    maximum: int,
) -> list[dict[str, Any]]:
    """Return the nearest documents; see `QueryContext.vector_search`."""
    declared: VectorIndex = declared_search(tx, table, index, VectorIndex)
    what = f"Cannot search {table} by {index}"
    for name, number in (("limit", limit), ("maximum", maximum)):
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise QueryUsageError(
                what, thing=f"the {name} is {show(number)}", expected="a whole number, 1 or more", hint="Write limit=10"
            )
    if limit > maximum:
        raise QueryUsageError(
            what,
            thing=f"Vector queries can fetch at most {maximum} results, requested {limit}",
            expected=f"a limit of 1 to {maximum}",
            hint=f"If you mean it, write limit={limit}, maximum={limit}",
        )
    query = _checked(vector, declared, what)
    condition = compile_filter(filter, declared, what)
    state = tx.table(table)
    assert state is not None, "its declaration was just found"
    vectors: Vectors = state.search(index)
    hits = vectors.search(query, limit, condition)
    # How far a search of cells looks depends on how many pass the filter and where these lie: it has read them all.
    floor = hits[-1].score if len(hits) == limit and not vectors.scale else -math.inf
    tx.reads.add_search(table, index, Ball.around(declared.metric, query, floor, condition))
    return [{"_id": hit.id, "_score": hit.score} for hit in hits]


def _checked(vector: Any, declared: VectorIndex, what: str) -> Any:
    """Return what was given as a vector of the index's length."""
    if isinstance(vector, tuple):
        vector = list(vector)
    try:
        return np.asarray(v.vector(declared.dimensions).check(vector, "the vector"))
    except (ValidationError, InvalidValue) as error:
        raise QueryUsageError(what, thing=error.thing, expected=error.expected, hint=error.hint) from None
