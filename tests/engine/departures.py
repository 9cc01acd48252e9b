"""Three flights in a database, which the tests of SQL read: in functions, in the past, live."""

from __future__ import annotations

from typing import Any

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine

FLIGHTS = rnb.table(carrier=v.string(), origin=v.string(), delay=v.optional(v.number())).index("by_origin", "origin")
MEANS = "SELECT origin, count(*) AS n, avg(delay) AS delay FROM flights GROUP BY origin ORDER BY origin"


def declare(db: Engine) -> Engine:
    """Declare the flights, and insert them."""
    db.define(flights=FLIGHTS)
    with db.transaction() as tx:
        tx.db.insert("flights", {"carrier": "UA", "origin": "EWR", "delay": 2.0})
        tx.db.insert("flights", {"carrier": "AA", "origin": "JFK"})
        tx.db.insert("flights", {"carrier": "UA", "origin": "EWR", "delay": 33})
    return db


def insert(db: Engine, **fields: Any) -> str:
    with db.transaction() as tx:
        return str(tx.db.insert("flights", {"carrier": "UA", "origin": "LGA", **fields}))
