"""What a query computes for each of its groups: `group_by("year", n=rnb.count(), cites=rnb.sum("cites"))`.

Comes in: aggregates by the name that each has in a row. Goes out: the monoids that a map keeps, each once however
often it is used, and with them the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reactive_nb.documents.aggregate import ExtremeOf, SumOf
from reactive_nb.documents.groups import Group
from reactive_nb.documents.monoid import Monoid
from reactive_nb.errors import QueryUsageError
from reactive_nb.functions.filter import Expr
from reactive_nb.values.refusal import show


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What to compute for each group of `group_by`; made by `count`, `sum`, `avg`, `min` and `max`."""

    kind: Literal["count", "sum", "avg", "min", "max"]
    field: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}({'' if self.field is None else repr(self.field)})"


def count() -> Aggregate:
    """Return the aggregate that counts documents, for `group_by`.

    Example:
        >>> ctx.db.query("papers").with_index("by_field").group_by("field", n=rnb.count())
        [{'field': 'db', 'n': 2}, {'field': 'food', 'n': 1}]
    """
    return Aggregate("count")


def sum(field: str) -> Aggregate:
    """Return the aggregate that is the exact sum of a field's numbers, for `group_by`; see `TableQuery.sum`."""
    return Aggregate("sum", checked_field(field, "sum", "Cannot make an aggregate"))


def avg(field: str) -> Aggregate:
    """Return the aggregate that is the mean of a field's numbers, for `group_by`; see `TableQuery.avg`."""
    return Aggregate("avg", checked_field(field, "avg", "Cannot make an aggregate"))


def min(field: str) -> Aggregate:
    """Return the aggregate that is the smallest value of a field, for `group_by`; see `TableQuery.min`."""
    return Aggregate("min", checked_field(field, "min", "Cannot make an aggregate"))


def max(field: str) -> Aggregate:
    """Return the aggregate that is the largest value of a field, for `group_by`; see `TableQuery.max`."""
    return Aggregate("max", checked_field(field, "max", "Cannot make an aggregate"))


def checked_field(field: object, verb: str, what: str) -> str:
    """Return the field of an aggregate, if it can be one."""
    if isinstance(field, str) and field.partition(".")[0].isidentifier() and field.isascii():
        return field
    name = str(field) if isinstance(field, Expr) else "likes"
    raise QueryUsageError(
        what,
        thing=f"its field is {show(field)}",
        expected="the name of a field, or a path such as 'author.age'",
        hint=f"Write {verb}({name if name.isidentifier() else 'likes'!r})",
    )


class Columns:
    """The aggregates of a row by name, over what a map keeps.

    Attributes:
        monoids: What has to be kept of each group, each once: a sum serves an average too.
    """

    __slots__ = ("_columns", "monoids")

    def __init__(self, aggregates: Mapping[str, Aggregate]) -> None:
        needed: dict[Monoid[bytes, Any], None] = {}
        finishing: list[tuple[str, Monoid[bytes, Any] | None, Callable[[Any], Any]]] = []
        for name, aggregate in aggregates.items():
            monoid, finish = _monoid_of(aggregate)
            finishing.append((name, monoid, finish))
            if monoid is not None:
                needed[monoid] = None
        # In an order that does not depend on the names, so that rows with other names share what is kept.
        self.monoids = tuple(sorted(needed, key=repr))
        self._columns = [
            (name, None if monoid is None else self.monoids.index(monoid), finish) for name, monoid, finish in finishing
        ]

    def of(self, groups: Sequence[Group]) -> Iterator[tuple[str, list[Any]]]:
        """Yield the name of each aggregate with what it is in each group."""
        for name, place, finish in self._columns:
            if place is None:
                yield name, [group.number for group in groups]
            else:
                yield name, [finish(group.partials[place]) for group in groups]


def _monoid_of(aggregate: Aggregate) -> tuple[Monoid[bytes, Any] | None, Callable[[Any], Any]]:
    """Return what has to be kept for an aggregate, and what makes its result of that."""
    field = aggregate.field
    if field is None:
        return None, int
    if aggregate.kind in ("sum", "avg"):
        sums = SumOf(field)
        return sums, sums.result if aggregate.kind == "sum" else sums.average
    extreme = ExtremeOf(field, largest=aggregate.kind == "max")
    return extreme, extreme.result
