"""Reads and writes as plain data, how the engine is asked for them, and how random ones are made.

A script of these prints as what it is, so one that fails can be read, and pasted into a test. `plain.py` answers the same scripts without the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import reactive_nb as rnb
from reactive_nb.errors import ReactiveError
from reactive_nb.functions.aggregates import Aggregate
from reactive_nb.functions.database import DatabaseReader, DatabaseWriter
from reactive_nb.functions.filter import Expr, col
from reactive_nb.functions.index_range import IndexRange
from reactive_nb.functions.query_builder import TableQuery
from reactive_nb.schema.declaration import BY_CREATION_TIME, BY_ID, Index
from reactive_nb.values import wire
from reactive_nb.values.value import UNSET

Fields = dict[str, Any]
Pools = Mapping[str, Sequence[Any]]
"""Field path → the values that a field may hold and that bounds compare it with; few, so that they meet."""

PAGES = 3
"""How many pages a paginating read asks for at most."""

CONDITIONS: Mapping[str, Expr | Callable[[Fields], Any]] = {
    "n above 0": col("n") > 0,
    "n is 1": lambda document: document.get("n") == 1,
    "x is there": ~(col("m.x") == UNSET),
    # These two raise at a document whose n is missing or no number.
    "n + 1 above 1": col("n") + 1 > 1,
    "n is odd": lambda document: document["n"] % 2 == 1,
}
"""What a read filters with; `plain.KEEPS` says the same without the engine."""
RAISING = ("n + 1 above 1", "n is odd")
IN_GROUPS: Mapping[str, Callable[[str], Aggregate]] = {
    "how many": lambda _: rnb.count(),
    "sum": rnb.sum,
    "avg": rnb.avg,
    "min": rnb.min,
    "max": rnb.max,
}
"""The aggregates of each group."""


@dataclass(frozen=True)
class Read:
    """One query of one table."""

    table: str
    index: str = BY_CREATION_TIME
    equal: tuple[tuple[str, Any], ...] = ()
    lower: tuple[str, str, Any] | None = None
    """`("gte", "a", 1)`"""
    upper: tuple[str, str, Any] | None = None
    order: str = "asc"
    where: str | None = None
    how: str = "collect"
    size: int = 1
    """How many documents `take` and `iterate` ask for, and `paginate` per page."""
    field: str = "n"
    """What `sum`, `avg`, `min` and `max` look at, and the aggregates of `group_by`."""
    position: int = 0
    """Which document `at` asks for."""
    values: tuple[tuple[str, Any], ...] = ()
    """What `rank` looks for; by `rank_of` the document with this place among all that were ever inserted, or its id."""
    document: Any = 0
    fields: tuple[str, ...] = ()
    """What `group_by` and `distinct` group by."""


@dataclass(frozen=True)
class Get:
    """A look at one document: its id, or in a script its place among all that were ever inserted."""

    id: Any
    table: str = ""


@dataclass(frozen=True)
class Insert:
    table: str
    fields: Fields


@dataclass(frozen=True)
class Patch:
    id: Any
    fields: Fields
    table: str = ""


@dataclass(frozen=True)
class Replace:
    id: Any
    fields: Fields
    table: str = ""


@dataclass(frozen=True)
class Delete:
    id: Any
    table: str = ""


Operation = Read | Get | Insert | Patch | Replace | Delete


def resolved(operation: Operation, inserted: Mapping[str, Sequence[str]]) -> Operation | None:
    """Return an operation with the id that its number stands for, or None when there is no document yet."""
    if isinstance(operation, Insert) or (isinstance(operation, Read) and operation.how != "rank_of"):
        return operation
    if isinstance(operation, Read):
        own = inserted.get(operation.table)
        return replace(operation, document=own[operation.document % len(own)]) if own else None
    ids = inserted.get(operation.table)
    return replace(operation, id=ids[operation.id % len(ids)]) if ids else None


# ------------------------------------------------------------------ asking the engine


def perform(db: DatabaseReader, operation: Operation, ends: Sequence[str] = ()) -> Any:
    """Do one operation and return its result.

    Args:
        db: A writer if the operation writes.
        operation: What to do.
        ends: For a paginating read, where its pages end; without them after as many documents as a page has.
    """
    match operation:
        case Read():
            return _read(db, operation, ends)
        case Get():
            return db.get(operation.id)
    assert isinstance(db, DatabaseWriter)
    match operation:
        case Insert():
            return db.insert(operation.table, operation.fields)
        case Patch():
            return db.patch(operation.id, operation.fields)
        case Replace():
            return db.replace(operation.id, operation.fields)
        case Delete():
            return db.delete(operation.id)


def _read(db: DatabaseReader, read: Read, ends: Sequence[str]) -> Any:
    if read.how == "paginate":
        return _pages(db, read, ends)
    query = _shaped(db, read)
    match read.how:
        case "take":
            return query.take(read.size)
        case "iterate":
            # The documents come second: zip asks its first one first, and then not for one document too many.
            return [document for _, document in zip(range(read.size), query, strict=False)]
        case "sum" | "avg" | "min" | "max":
            return getattr(query, read.how)(read.field)
        case "group_by":
            return query.group_by(*read.fields, **{name: make(read.field) for name, make in IN_GROUPS.items()})
        case "distinct":
            return query.distinct(*read.fields)
        case "at":
            return query.at(read.position)
        case "rank":
            return query.rank(**dict(read.values))
        case "rank_of":
            return query.rank(read.document)
        case _:
            return getattr(query, read.how)()


def _shaped(db: DatabaseReader, read: Read) -> TableQuery:
    query = db.query(read.table)
    if read.index != BY_CREATION_TIME:
        query.with_index(read.index, lambda bounds: _narrowed(bounds, read))
    if read.order == "desc":
        query.order("desc")
    if read.where is not None:
        query.filter(CONDITIONS[read.where])
    return query


def _pages(db: DatabaseReader, read: Read, ends: Sequence[str]) -> Fields:
    pages: list[list[Fields]] = []
    cursors: list[str] = []
    is_done = False
    while not is_done and len(pages) < PAGES:
        cursor = cursors[-1] if cursors else None
        end = ends[len(pages)] if len(pages) < len(ends) else None
        page = _shaped(db, read).paginate(read.size, cursor, end_cursor=end)
        pages.append(page.page)
        cursors.append(page.continue_cursor)
        is_done = page.is_done
    return {"pages": pages, "is_done": is_done, "cursors": cursors}


def _narrowed(bounds: IndexRange, read: Read) -> IndexRange:
    for field, value in read.equal:
        bounds.eq(field, value)
    for bound in (read.lower, read.upper):
        if bound is not None:
            method, field, value = bound
            getattr(bounds, method)(field, value)
    return bounds


def outcome(run: Callable[[], Any]) -> tuple[str, Any]:
    """Return what a call returns or raises, as values that can be compared by their encoding."""
    try:
        return "returned", run()
    except (ReactiveError, KeyError, TypeError) as error:
        facts = [getattr(error, name) for name in ("existing", "ids") if hasattr(error, name)]
        return "raised", [type(error).__name__, *facts]


def encoded(outcome: Any) -> bytes:
    """Return the bytes by which outcomes are compared, so that 1, 1.0 and True are three different ones."""
    return wire.encode(list(outcome) if isinstance(outcome, tuple) else outcome)


# ------------------------------------------------------------------ making them


def a_read(rng: Random, table: str, indexes: Sequence[Index], pools: Pools, raising: bool = True) -> Read:
    """Return a read of a table through one of its indexes, or through one of those that every table has.

    Args:
        raising: Whether a paginating read may have a filter that raises.
    """
    index = rng.choice([Index(BY_CREATION_TIME, ()), Index(BY_ID, ()), *indexes, *indexes, *indexes])
    equal: tuple[tuple[str, Any], ...] = ()
    lower, upper = None, None
    if index.fields:
        count = rng.randint(0, len(index.fields))
        equal = tuple((name, rng.choice([*pools[name], UNSET])) for name in index.fields[:count])
        if count < len(index.fields):
            name = index.fields[count]
            if rng.random() < 0.6:
                lower = (rng.choice(["gt", "gte"]), name, rng.choice([*pools[name], UNSET, None]))
            if rng.random() < 0.6:
                upper = (rng.choice(["lt", "lte"]), name, rng.choice([*pools[name], UNSET, None]))
    hows = ["collect", "take", "take", "first", "unique", "iterate", "count", "sum", "avg", "min", "max"]
    hows += ["group_by", "group_by", "group_by", "distinct", "at", "at", "rank", "rank_of"]
    how = rng.choice([*hows, "paginate", "paginate"])
    names = {BY_ID: ["_id"], BY_CREATION_TIME: ["_creationTime"]}.get(index.name, [*index.fields, "_creationTime"])
    following = names[len(equal) :]
    fields = following[: 1 if how == "distinct" else rng.randint(1, len(following))]
    values = [(name, rng.choice([*pools[name], UNSET])) for name in following if name in pools]
    filters = [name for name in CONDITIONS if how != "paginate" or raising or name not in RAISING]
    return Read(
        table=table,
        index=index.name,
        equal=equal,
        lower=lower,
        upper=upper,
        order=rng.choice(["asc", "desc"]),
        where=rng.choice(filters) if rng.random() < 0.3 else None,
        how=how,
        size=rng.randint(0 if how == "take" else 1, 3),
        field=rng.choice(sorted(pools)),
        position=rng.randint(-4, 3),
        values=tuple(values[: rng.randint(1, len(values))])
        if values
        else ((following[0], 0 if index.fields else "x"),),
        document=-rng.randint(1, 8),
        fields=tuple(fields),
    )


def some_fields(rng: Random, pools: Pools, optional: Sequence[str] = (), partly: bool = False) -> Fields:
    """Return the fields of a document; `partly` leaves out some and removes some that may be missing."""
    drawn: Fields = {}
    for path, pool in pools.items():
        name, _, inner = path.partition(".")
        if partly and rng.random() < 0.6:
            continue
        if name in optional and rng.random() < 0.2:
            if partly:
                drawn[name] = UNSET
        elif name == "tags":
            drawn[name] = rng.choices(pool, k=rng.randint(0, 3))
        else:
            drawn[name] = {inner: rng.choice(pool)} if inner else rng.choice(pool)
    return drawn


def a_write(rng: Random, tables: Mapping[str, Pools], optional: Sequence[str] = ()) -> Operation:
    """Return a write to one of some tables; a number stands for a document, mostly one of the newest."""
    table = rng.choice(list(tables))
    pools = tables[table]
    number = -rng.randint(1, rng.choice([4, 30]))
    match rng.choice(["insert", "insert", "insert", "insert", "patch", "patch", "replace", "delete"]):
        case "insert":
            return Insert(table, some_fields(rng, pools, optional))
        case "patch":
            return Patch(number, some_fields(rng, pools, optional, partly=True), table)
        case "replace":
            return Replace(number, some_fields(rng, pools, optional), table)
        case _:
            return Delete(number, table)
