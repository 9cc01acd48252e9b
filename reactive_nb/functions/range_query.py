"""A range of one table's index, and what can be said of it as a whole: counts, sums, groups, positions.

Comes in: table, index, range, order and filters, as `query_builder.py` shapes them. Goes out: the answer, with the
part of the range that it depends on recorded as read. Without a filter nothing but what the index's map remembers is
looked at: after one write, a hundred groups of a million documents cost one path through the tree.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NoReturn, TypeVar

from reactive_nb.documents.aggregate import ExtremeOf, SumOf
from reactive_nb.documents.document import ID, decode_document, decode_documents
from reactive_nb.documents.field_reader import field_reader
from reactive_nb.documents.groups import WHOLE, Groups, Run
from reactive_nb.documents.index_key import each_key
from reactive_nb.documents.interval import ALL, Interval
from reactive_nb.documents.monoid import Monoid
from reactive_nb.documents.snapshot import TableState
from reactive_nb.errors import InvalidId, QueryUsageError
from reactive_nb.functions.aggregates import Aggregate, Columns, checked_field
from reactive_nb.functions.index_range import IndexRange
from reactive_nb.schema.declaration import BY_CREATION_TIME, BY_ID, StoredTable, Table
from reactive_nb.schema.system_tables import SYSTEM_TABLES
from reactive_nb.transaction.read_set import Scan
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.key_reader import end_of
from reactive_nb.values.order import encode_value
from reactive_nb.values.refusal import show
from reactive_nb.values.value import UNSET

Document = dict[str, Any]
Order = Literal["asc", "desc"]
Blocks = Iterator[tuple[list[bytes], list[bytes]]]
P = TypeVar("P")

_FIRST_BATCH = 8
_LAST_BATCH = 256


class RangeQuery:
    """What a query of one table answers without handing out its documents; may be asked as often as one likes."""

    __slots__ = ("_bounds", "_filters", "_index", "_interval", "_once_each", "_order", "_state", "_table", "_tx")

    def __init__(self, tx: Transaction, table: str) -> None:
        self._tx = tx
        self._table = table
        state = tx.table(table)
        self._state: TableState | None = _not_yet_written(table) if state is None else state
        self._index = BY_CREATION_TIME
        self._bounds: IndexRange | None = None
        self._interval: Interval = ALL
        self._once_each = True
        self._order: Order | None = None
        self._filters: list[tuple[Callable[[Document], bool], str | None]] = []

    # ------------------------------------------------------------------ one answer for all

    def count(self) -> int:
        """Return how many documents there are; without a filter none of them is read."""
        if self._reads_each():
            return sum(1 for _ in self._each())
        state = self._aggregated(self._interval)
        return 0 if state is None else state.map(self._index).count(*self._interval)

    def sum(self, field: str) -> int | float:
        """Return the exact sum of a field over the documents where it is a number, rounded once at the end.

        An int when all the numbers are ints; 0 when there are none. Independent of the order of the documents, as
        `math.fsum` is.
        """
        sums = SumOf(self._field(field, "sum"))
        return sums.result(self._partial(sums))

    def avg(self, field: str) -> float | None:
        """Return the mean of a field over the documents where it is a number, or None when there are none."""
        sums = SumOf(self._field(field, "avg"))
        return sums.average(self._partial(sums))

    def min(self, field: str) -> Any:
        """Return the smallest value of a field, in the order of values; None where no document has one."""
        extreme = ExtremeOf(self._field(field, "min"), largest=False)
        return extreme.result(self._partial(extreme))

    def max(self, field: str) -> Any:
        """Return the largest value of a field, in the order of values; None where no document has one."""
        extreme = ExtremeOf(self._field(field, "max"), largest=True)
        return extreme.result(self._partial(extreme))

    def _partial(self, monoid: Monoid[bytes, P]) -> P:
        if self._reads_each():
            return monoid.of([data for _, data, _ in self._each()])
        state = self._aggregated(self._interval)
        return monoid.of([]) if state is None else state.map(self._index).aggregate(*self._interval, monoid)

    def _field(self, field: object, verb: str) -> str:
        return checked_field(field, verb, f"Cannot return the {verb} of {self._table}")

    # ------------------------------------------------------------------ one answer per group

    def group_by(self, /, *fields: str, **aggregates: Aggregate) -> list[dict[str, Any]]:
        """Return one row for each different combination of values in the next fields of the index, in its order.

        Args:
            fields: The fields of the index that follow those bound by eq: the first of them, the first two, ...
            aggregates: What to compute, by the name it has in a row: `rnb.count()`, `rnb.sum(field)`,
                `rnb.avg(field)`, `rnb.min(field)` or `rnb.max(field)`.

        Returns:
            Dicts of the fields and the aggregates. As in a document, a missing field is not in the row, whereas null
            is None; they are two groups. Numbers that are equal are one group, with the value of its first document.
            Through a multi index a document counts under each of its elements.

        Raises:
            QueryUsageError: Other fields, or what is not an aggregate.

        Example:
            >>> papers = ctx.db.query("papers").with_index("by_field", field="db")
            >>> papers.group_by("year", n=rnb.count(), cites=rnb.sum("cites"))
            [{'year': 2024, 'n': 1, 'cites': 3.0}, {'year': 2025, 'n': 2, 'cites': 14.0}]
        """
        what = f"Cannot group {self._table}"
        self._check_fields(fields, what)
        for name, aggregate in aggregates.items():
            if not isinstance(aggregate, Aggregate):
                self._refuse_group(
                    what,
                    f"{name} is {show(aggregate)}",
                    "rnb.count(), rnb.sum(field), rnb.avg(field), rnb.min(field) or rnb.max(field)",
                    f"Write {name}=rnb.count()",
                )
            if name in fields:
                self._refuse_group(
                    what,
                    f"{name!r} is both a field and an aggregate",
                    "a name of its own for each",
                    f"Write {name}_={aggregate}",
                )
        columns = Columns(aggregates)
        groups = self._groups(self._grouping(len(fields), columns.monoids))
        heads = [(group.key, group.document) for group in groups]
        rows: list[dict[str, Any]] = [{} for _ in groups]
        # Column by column, which takes a third of the time of making each row at once.
        for place, field in enumerate(fields):
            for row, value in zip(rows, self._values(field, place, heads), strict=True):
                if value is not UNSET:
                    row[field] = value
        for name, results in columns.of(groups):
            for row, result in zip(rows, results, strict=True):
                row[name] = result
        return rows[::-1] if self._order == "desc" else rows

    def distinct(self, field: str) -> list[Any]:
        """Return the different values of the next field of the index, in its order.

        Looks at one document per value, however many there are, unless there is a filter. Null is among the values
        where a document has it; of a missing field there is no value. Otherwise as `group_by`.

        Args:
            field: The field of the index that follows those bound by eq.

        Raises:
            QueryUsageError: Another field.

        Example:
            >>> ctx.db.query("papers").with_index("by_field").distinct("field")
            ['db', 'food']
        """
        self._check_fields((field,), f"Cannot return the distinct values of {self._table}")
        grouping = self._grouping(1, ())
        heads: list[tuple[bytes, bytes]] = []
        if self._filters:
            heads = [(group.key, group.document) for group in self._groups(grouping)]
        else:
            state = self._aggregated(self._interval)
            if state is not None:
                heads = list(state.map(self._index).heads(*self._interval, grouping.after))
        values = [value for value in self._values(field, 0, heads) if value is not UNSET]
        return values[::-1] if self._order == "desc" else values

    def _check_fields(self, fields: tuple[object, ...], what: str) -> None:
        """Refuse fields that are not the next ones of the index."""
        following = self._range().following()
        if not fields or fields != following[: len(fields)]:
            self._refuse_group(
                what,
                f"the fields are {list(fields)}" if fields else "there are no fields to group by",
                f"the next of the index {self._index}, in its order: {list(following)}",
                "Declare an index with these fields after those bound by eq, and name it in with_index",
            )

    def _refuse_group(self, what: str, thing: str, expected: str, hint: str) -> NoReturn:
        raise QueryUsageError(what, thing=thing, expected=expected, hint=hint)

    def _grouping(self, fields: int, monoids: tuple[Monoid[bytes, Any], ...]) -> Groups:
        bound = self._range().bound()
        return Groups(WHOLE if self._index == BY_ID else bound + fields, monoids)

    def _groups(self, grouping: Groups) -> Run:
        """Return the groups of the range, in the order of the index."""
        if not self._filters:
            state = self._aggregated(self._interval)
            return () if state is None else state.map(self._index).aggregate(*self._interval, grouping)
        # Through a multi index a document stands in several groups: in each of them once, as it stands in the index.
        kept = [(key, data) for key, data, _ in self._each(repeated=True)]
        if self._order == "desc":
            kept.reverse()
        return grouping.of_entries([key for key, _ in kept], [data for _, data in kept])

    def _values(self, field: str, place: int, heads: Sequence[tuple[bytes, bytes]]) -> list[Any]:
        """Return what a field is in each group, of which the key and the first document are given; or UNSET.

        Args:
            field: The field.
            place: How many fields that make up a group stand before it.
            heads: Of each group some key and the first document.
        """
        found = field_reader(field)([data for _, data in heads])
        declared = None if self._state is None else self._state.stored.table.find(self._index)
        bound = self._range().bound()
        if declared is None or not declared.multi or bound + place:
            return found
        # The field is an array, and the group's value that one of its elements by which the document stands here.
        return [
            next(element for element in elements if encode_value(element) == key[: end_of(key, 1)])
            for (key, _), elements in zip(heads, found, strict=True)
        ]

    # ------------------------------------------------------------------ positions

    def at(self, position: int) -> Document | None:
        """Return the document at a position of the range, or None when there are not so many.

        Args:
            position: How many documents stand before it, in the order of the query; -1 is the last one.

        Example:
            >>> scores = ctx.db.query("scores").with_index("by_points").order("desc")
            >>> winner, last = scores.at(0), scores.at(-1)
        """
        if not isinstance(position, int) or isinstance(position, bool):
            raise QueryUsageError(
                f"Cannot return a document of {self._table}",
                thing=f"its position is {show(position)}",
                expected="a whole number: 0 is the first document, -1 the last one",
                hint="Write at(0)",
            )
        from_end = position < 0
        reverse = (self._order == "desc") != from_end
        steps = -position - 1 if from_end else position
        if self._reads_each():
            if from_end and not self._once_each:  # which of its places is a document's first, is known from the front
                documents = [document for _, _, document in self._each()]
                return documents[position] if steps < len(documents) else None
            found = (document for _, _, document in self._each(reverse=reverse))
            return next((document for place, document in enumerate(found) if place == steps), None)
        state = self._tx.table(self._table)
        entry = None
        if state is not None:
            entry = state.map(self._index).nth(-steps - 1 if reverse else steps, *self._interval)
        if entry is None:
            self._aggregated(self._interval)
            return None
        # As if read up to here: what comes or goes on the other side of the document does not move it.
        self._aggregated(self._part(entry[0], reverse))
        return decode_document(entry[1])

    def rank(self, document: Document | str | None = None, /, **values: Any) -> int | None:
        """Return how many documents of the range stand before one, or before some values, in the order of the query.

        Args:
            document: A document, as it is now, or its id; it need not be at the position where it was read.
            values: Instead of a document, values of the next fields of the index. Documents that have these values
                do not count.

        Returns:
            None for a document that is not in the range, or not there.

        Raises:
            QueryUsageError: Neither a document nor values, or both.
            InvalidId: An id of another table, or no id.
            IndexRangeError: Values of other fields.

        Example:
            >>> scores = ctx.db.query("scores").with_index("by_points").order("desc")
            >>> place = 1 + scores.rank(mine)
            >>> better = scores.rank(points=120)
        """
        id = document.get(ID) if isinstance(document, Mapping) else document
        if (document is None) == (not values) or not isinstance(id, str | None) or (id is None and not values):
            raise QueryUsageError(
                f"Cannot return a rank in {self._table}",
                thing="both a document and values are given" if id and values else f"the document is {show(document)}",
                expected="a document with its _id, an id, or values of the next fields of the index",
                hint="Write rank(document) or rank(likes=3)",
            )
        return self._rank_of_values(values) if id is None else self._rank_of_document(id)

    def _rank_of_values(self, values: Mapping[str, Any]) -> int:
        start, end = self._interval
        low, high = self._range().interval_of(values)
        if self._order == "desc":
            before = Interval(min(max(start, high), end), end)
        else:
            before = Interval(start, max(min(end, low), start))
        if self._reads_each():
            return sum(1 for _ in self._each(before))
        state = self._aggregated(before)
        return 0 if state is None else state.map(self._index).count(*before)

    def _rank_of_document(self, id: str) -> int | None:
        tx = self._tx
        owner = tx.table_of(id)
        state = tx.table(self._table)
        if owner is None:
            tx.read_all_tables()  # its table may come into being
            return None
        if state is None or owner.name != self._table:
            tx.read_declaration(owner)
            raise InvalidId(
                f"Cannot return the rank of the document {id} in {self._table}",
                thing=f"it belongs to the table {owner.name}",
                expected=f"an id of the table {self._table}",
                hint="Pass a document of that table",
            )
        data = tx.get(state, id)
        if data is None:
            return None
        keys = each_key(state.maker.keys(decode_document(data))[state.maker.position[self._index]])
        inside = [key for key in keys if self._interval.contains(key)]
        if not inside:
            return None  # and this can change by a write to the document only, which is recorded as read
        reverse = self._order == "desc"
        part = self._part(max(inside) if reverse else min(inside), reverse)
        if self._reads_each():
            ids = [each[ID] for _, _, each in self._each(part)]
            return len(ids) - 1 if id in ids[-1:] else None
        self._aggregated(part)
        return state.map(self._index).count(*part) - 1

    # ------------------------------------------------------------------ the machinery

    def _part(self, key: bytes, reverse: bool) -> Interval:
        """Return the range from where reading starts up to and with a key in it."""
        start, end = self._interval
        return Interval(key, end) if reverse else Interval(start, key + b"\0")

    def _range(self) -> IndexRange:
        """Return the bounds of the range; of an index that nobody chose, without any."""
        if self._bounds is None:
            nothing = StoredTable(self._table, 0, Table(None))  # where there is no table
            self._bounds = IndexRange(self._state or TableState.empty(nothing), BY_CREATION_TIME)
        return self._bounds

    def _reads_each(self) -> bool:
        """Whether an aggregate must look at each document, because of a filter or of documents filed twice."""
        return bool(self._filters) or not self._once_each

    def _aggregated(self, interval: Interval) -> TableState | None:
        """Record a range as read and return the table."""
        self._tx.reads.add(self._table, self._index, interval)
        return self._tx.table(self._table)

    def _each(
        self, interval: Interval | None = None, reverse: bool | None = None, repeated: bool = False
    ) -> Iterator[tuple[bytes, bytes, Document]]:
        """Yield key, encoding and document of all that the filters keep.

        Args:
            interval: The part of the range to read; all of it if None.
            reverse: Whether to read against the order of the index; as the query says if None.
            repeated: Whether a document that stands there several times is yielded as often.
        """
        started = self._started(self._interval if interval is None else interval, reverse)
        return iter(()) if started is None else self._matching(*started, repeated)

    def _started(self, interval: Interval, reverse: bool | None = None) -> tuple[Scan, Blocks] | None:
        # Asked for again: the function may have written between building the query and reading it.
        state = self._tx.table(self._table)
        if state is None:
            # A table that does not exist is empty, until it is created: that touches whatever was read of it.
            self._tx.reads.add(self._table, self._index, interval)
            return None
        return self._tx.scan(state, self._index, interval, self._order == "desc" if reverse is None else reverse)

    def _matching(self, scan: Scan, blocks: Blocks, repeated: bool = False) -> Iterator[tuple[bytes, bytes, Document]]:
        """Yield key, encoding and document of what the filters keep, and note in the scan how far it went."""
        predicates = [predicate for predicate, _ in self._filters]
        seen: set[str] | None = None if self._once_each or repeated else set()
        for key, data, document in decoded(blocks):
            # Before the filters are asked: one that raises has looked too, and the result depends on this document.
            scan.last = key
            if seen is not None:
                if document[ID] in seen:
                    continue
                seen.add(document[ID])
            if all(predicate(document) for predicate in predicates):
                yield key, data, document
        scan.exhausted = True


def decoded(blocks: Iterable[tuple[list[bytes], list[bytes]]]) -> Iterator[tuple[bytes, bytes, Document]]:
    """Yield key, encoding and document, decoding few at first and more later, as the reader may stop soon."""
    batch = _FIRST_BATCH
    for keys, values in blocks:
        position = 0
        while position < len(values):
            part = values[position : position + batch]
            yield from zip(keys[position : position + batch], part, decode_documents(part), strict=True)
            position += batch
            batch = min(batch * 4, _LAST_BATCH)


@functools.cache
def _not_yet_written(table: str) -> TableState | None:
    """Return one of the engine's own tables as it is before its first document; None of any other name."""
    if table not in SYSTEM_TABLES:
        return None
    number, declaration = SYSTEM_TABLES[table]
    return TableState.empty(StoredTable(table, number, declaration))
