"""A part of a table, as a data browser shows it: an index, a range of it, an order; and what can be read of it.

What a page asked for comes in, as raws of inputs (widget/fields.py); rows at a position, their number and the place of
a document go out. Positions come from what the index's map remembers, so the last page opens as quickly as the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from reactive_nb.documents.document import CREATION_TIME, ID
from reactive_nb.documents.index_key import value_at
from reactive_nb.errors import ArgumentValidationError, UnknownIndex, UnknownTable
from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.index_range import IndexRange
from reactive_nb.functions.query_builder import TableQuery
from reactive_nb.functions.range_query import Document, Order
from reactive_nb.notebook.widget.fields import field_of, like, value_of
from reactive_nb.schema.declaration import BY_CREATION_TIME, BY_ID, Table
from reactive_nb.schema.field_path import alternatives
from reactive_nb.schema.system_tables import SYSTEM_TABLES
from reactive_nb.values.scalars import DATETIME, STRING
from reactive_nb.values.validators import AnyValidator, ArrayValidator, Validator, v
from reactive_nb.values.value import UNSET


@dataclass(frozen=True, slots=True)
class Part:
    """Some documents of a table in an order. A list that may hold one value or none stands for an optional one.

    Attributes:
        table: The table.
        index: By which it is read.
        order: Along the index or against it.
        equal: Values of the index's first fields.
        low: The least value of the field that follows those.
        high: The greatest.
    """

    table: str
    index: str = BY_CREATION_TIME
    order: Order = "asc"
    equal: Sequence[Any] = ()
    low: Sequence[Any] = ()
    high: Sequence[Any] = ()

    def as_value(self) -> dict[str, Any]:
        """Return it as a value that a query may take as an argument."""
        return {name: list(each) if isinstance(each, list | tuple) else each for name, each in asdict(self).items()}

    def query(self, ctx: QueryContext) -> TableQuery:
        """Return the query that reads it."""
        fields = fields_of(declaration(ctx, self.table), self.table, self.index)

        def bounds(range: IndexRange) -> IndexRange:
            for field, value in zip(fields, self.equal, strict=False):
                range.eq(field, value)
            for value in self.low:
                range.gte(fields[len(self.equal)], value)
            for value in self.high:
                range.lte(fields[len(self.equal)], value)
            return range

        return query_of(ctx, self.table).with_index(self.index, bounds).order(self.order)

    def rows(self, ctx: QueryContext, offset: int, limit: int) -> list[Document]:
        """Return the documents from a position on, up to so many."""
        query = self.query(ctx)
        index = declaration(ctx, self.table).find(self.index)
        if index is not None and index.multi and not self.equal:
            # A document stands there once for each element: which of its places counts is known from the front only.
            return list(islice(query, offset, offset + limit))
        return list(_while_there(query, offset, limit))

    def count(self, ctx: QueryContext) -> int:
        """Return how many documents there are."""
        return self.query(ctx).count()

    def place_of(self, ctx: QueryContext, id: str) -> int | None:
        """Return the position of a document; None when it is not in this part."""
        return self.query(ctx).rank(id)


def _while_there(query: TableQuery, offset: int, limit: int) -> Iterator[Document]:
    for position in range(offset, offset + limit):
        document = query.at(position)
        if document is None:
            return
        yield document


def part_of(ctx: QueryContext, params: Mapping[str, Any]) -> Part:
    """Return the part that a page asks for: `table`, `index`, `order`, `equal` {field: raw}, `from`, `to`.

    Raises:
        ArgumentValidationError: An input gave no value; `field` says which: "from", "to" or "=" and the index's field.
        UnknownTable, UnknownIndex: There is none of this name.
    """
    table, index = str(params.get("table")), str(params.get("index") or BY_CREATION_TIME)
    order: Order = "desc" if params.get("order") == "desc" else "asc"
    raws = params.get("equal") or {}
    what = f"Cannot read a part of {table}"
    fields = inputs_of(ctx, table, index)
    equal: list[Any] = []
    for name, validator in fields.items():
        value = _given(validator, raws.get(name), what, name, f"={name}")
        if value is UNSET:
            break
        equal.append(value)
    names = list(fields)
    for name in names[len(equal) + 1 :]:
        if not _is_missing(raws.get(name)):
            before = names[len(equal)]
            raise ArgumentValidationError(
                what,
                thing=f"{name} is given without {before}",
                expected=f"values of the first fields of {index}, in its order",
                hint=f"Give {before} too, or choose an index that begins with {name}",
                field=f"={before}",
            )
    bounds: dict[str, list[Any]] = {"from": [], "to": []}
    for end, found in bounds.items():
        if _is_missing(params.get(end)):
            continue
        if len(equal) == len(names):
            raise ArgumentValidationError(
                what,
                thing=f"every field of {index} has its value already",
                expected="no range after the last field",
                hint=f"Leave {end} empty",
                field=end,
            )
        name = names[len(equal)]
        found.append(_given(fields[name], params[end], what, name, end))
    return Part(table, index, order, equal, bounds["from"], bounds["to"])


def _given(validator: Validator, raw: Any, what: str, name: str, field: str) -> Any:
    try:
        value = value_of(validator, {"missing": True} if raw is None else raw, what, f"$.{name}")
    except ArgumentValidationError as error:
        error.field = field  # type: ignore[attr-defined]  # which of the inputs it is, for the page
        raise
    if name == CREATION_TIME and isinstance(value, datetime):
        return value.timestamp() * 1000
    return value


def _is_missing(raw: Any) -> bool:
    return raw is None or (isinstance(raw, dict) and raw.get("missing") is True)


def inputs_of(ctx: QueryContext, table: str, index: str) -> dict[str, Validator]:
    """Return what an input of each field of an index takes, by its path; each may be left out."""
    declared = declaration(ctx, table)
    found = declared.find(index)
    sample: Document | None = None
    validators: dict[str, Validator] = {}
    for place, field in enumerate(fields_of(declared, table, index)):
        is_element = found is not None and found.multi and place == 0
        validator = _declared_at(declared, field, is_element)
        if isinstance(validator, AnyValidator):
            # Nobody has said what it is: a document tells, so that a text need not be written as JSON.
            sample = query_of(ctx, table).with_index(index).first() if sample is None else sample
            validator = _like_sample(sample, field, is_element)
        validators[field] = v.optional(validator)
    return validators


def fields_json(inputs: Mapping[str, Validator]) -> list[dict[str, Any]]:
    """Return inputs as JSON for the page."""
    return [{"name": name, **field_of(name, validator)} for name, validator in inputs.items()]


def _declared_at(declared: Table, field: str, is_element: bool) -> Validator:
    if field == CREATION_TIME:
        return DATETIME
    if field == ID:
        return STRING
    kinds = list(alternatives(declared.document or v.any(), field.split(".")))
    if is_element:
        arrays = [kind.items for kind in kinds if isinstance(kind, ArrayValidator)]
        kinds = [each for items in arrays for each in alternatives(items)] or [v.any()]
    unique = list(dict.fromkeys(kinds))
    return unique[0] if len(unique) == 1 else v.union(*unique) if unique else v.any()


def _like_sample(sample: Document | None, field: str, is_element: bool) -> Validator:
    value = UNSET if sample is None else value_at(sample, tuple(field.split(".")))
    if is_element:
        value = value[0] if isinstance(value, list) and value else UNSET
    return v.any() if value is UNSET or value is None else like(value)


def declaration(ctx: QueryContext, table: str) -> Table:
    """Return the declaration of a table, also of one of the engine's own that was never written.

    Raises:
        UnknownTable: There is none of this name.
    """
    state = ctx.transaction.declared(table)
    if state is not None:
        ctx.transaction.read_declaration(state)
        return state.stored.table
    if table in SYSTEM_TABLES:
        return SYSTEM_TABLES[table][1]
    ctx.transaction.read_all_tables()
    raise UnknownTable(
        f"Cannot read the table {table}",
        thing="there is none of this name at this commit",
        expected="a declared table",
        hint="Choose another table, or another commit",
    )


def fields_of(declared: Table, table: str, index: str) -> tuple[str, ...]:
    """Return the fields of an index, the implicit `_creationTime` included."""
    found = declared.find(index)
    if found is not None:
        return (*found.fields, CREATION_TIME)
    if index == BY_CREATION_TIME:
        return (CREATION_TIME,)
    if index == BY_ID:
        return (ID,)
    names = [BY_CREATION_TIME, BY_ID, *(each.name for each in declared.indexes)]
    raise UnknownIndex(
        f"Cannot read {table} by index {index!r}",
        thing=f"the table {table} has no such index",
        expected=f"one of {', '.join(names)}",
        hint="Choose one of its indexes",
    )


def indexes_of(declared: Table) -> list[dict[str, Any]]:
    """Return the indexes by which a table can be read, as JSON."""
    own = [{"name": each.name, "fields": list(each.fields), "unique": each.unique} for each in declared.indexes]
    built_in = {BY_CREATION_TIME: CREATION_TIME, BY_ID: ID}
    return [{"name": name, "fields": [field], "unique": name == BY_ID} for name, field in built_in.items()] + own


def query_of(ctx: QueryContext, table: str) -> TableQuery:
    """Return a query of any table."""
    return ctx.db.system.query(table) if table.startswith("_") else ctx.db.query(table)
