"""Reads and writes as plain data, how the engine is asked for them, and the strategies that make them.

A script made of these prints as what it is, so a failing example that Hypothesis has shrunk can be read, and pasted
into a test. `plain.py` answers the same scripts without the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from reactive_nb.errors import ReactiveError
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
    """What `sum`, `avg`, `min` and `max` look at."""


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


def resolved(operation: Operation, inserted: Sequence[tuple[str, str]]) -> Operation:
    """Return an operation with the table and the id that its number stands for."""
    if isinstance(operation, Read | Insert):
        return operation
    table, id = inserted[operation.id % len(inserted)]
    return replace(operation, table=table, id=id)


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


@st.composite
def reads(draw: st.DrawFn, table: str, indexes: Sequence[Index], pools: Pools, raising: bool = True) -> Read:
    """Draw a read of a table through one of its indexes, or through one of those that every table has."""
    index = draw(st.sampled_from([Index(BY_CREATION_TIME, ()), Index(BY_ID, ()), *indexes, *indexes]))
    equal, lower, upper = (), None, None
    if index.fields:
        count = draw(st.integers(0, len(index.fields)))
        equal = tuple((field, draw(st.sampled_from([*pools[field], UNSET]))) for field in index.fields[:count])
        if count < len(index.fields):
            field = index.fields[count]
            values = st.sampled_from([*pools[field], UNSET, None])
            lower = draw(st.none() | st.tuples(st.sampled_from(["gt", "gte"]), st.just(field), values))
            upper = draw(st.none() | st.tuples(st.sampled_from(["lt", "lte"]), st.just(field), values))
    once_each = not index.multi or bool(equal)
    hows = ["collect", "take", "first", "unique", "iterate", "count", "sum", "avg", "min", "max"]
    how = draw(st.sampled_from([*hows, *(["paginate"] * 3 if once_each else [])]))
    filters = [name for name in CONDITIONS if raising or name not in RAISING]
    return Read(
        table=table,
        index=index.name,
        equal=equal,
        lower=lower,
        upper=upper,
        order=draw(st.sampled_from(["asc", "desc"])),
        where=draw(st.none() | st.none() | st.sampled_from(filters)),
        how=how,
        size=draw(st.integers(0 if how == "take" else 1, 3)),
        field=draw(st.sampled_from(sorted(pools))),
    )


@st.composite
def fields(draw: st.DrawFn, pools: Pools, optional: Sequence[str] = (), partly: bool = False) -> Fields:
    """Draw the fields of a document; `partly` leaves out some and removes some that may be missing."""
    drawn: Fields = {}
    for path, pool in pools.items():
        name, _, inner = path.partition(".")
        if partly and draw(st.booleans()):
            continue
        if name in optional and draw(st.integers(0, 3)) == 0:
            if partly:
                drawn[name] = UNSET
            continue
        if name == "tags":
            drawn[name] = draw(st.lists(st.sampled_from(pool), max_size=3))
        else:
            value = draw(st.sampled_from(pool))
            drawn[name] = {inner: value} if inner else value
    return drawn


def writes(tables: Mapping[str, Pools], optional: Sequence[str] = ()) -> st.SearchStrategy[Operation]:
    """Draw a write to one of some tables; only inserts choose which."""
    inserts = [st.builds(Insert, st.just(table), fields(pools, optional)) for table, pools in tables.items()]
    pools = next(iter(tables.values()))
    number = st.integers(0, 15)
    return st.one_of(
        *inserts,
        st.builds(Patch, number, fields(pools, optional, partly=True)),
        st.builds(Replace, number, fields(pools, optional)),
        st.builds(Delete, number),
    )
