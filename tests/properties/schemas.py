"""Declarations for property tests, each with what the documented mapping makes of it in DuckDB, written out by hand.

Comes in: a draw. Goes out: a declaration, documents that it accepts, and for each field the type of its column and the
cell of a value. Nothing of this asks the package: it is what `docs/reference.md` and `tables/columns.py` promise.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from hypothesis import strategies as st

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.values.conversion import vector
from reactive_nb.values.ids import encode_ids
from reactive_nb.values.validators import Validator
from tests.strategies import values as any_values

Document = dict[str, Any]
JSON = "JSON"
FIRST_TABLE = 10001  # the number of the table that is declared first; `v.id("anchor")` takes its ids


@dataclass(frozen=True)
class Kind:
    """What a field may hold.

    Attributes:
        validator: Its declaration.
        column: The DuckDB type of its column.
        values: Values that it accepts.
        cell: The cell of a value that is not null, as `fetchall` gives it.
        optional: Whether it may be missing.
        is_scalar: Whether a parameter of SQL can be such a value.
    """

    validator: Validator
    column: str
    values: st.SearchStrategy[Any]
    cell: Callable[[Any], Any] = lambda value: value
    optional: bool = False
    is_scalar: bool = False

    def shown(self, value: Any) -> Any:
        """Return the cell of any value."""
        return None if value is None else self.cell(value)


@dataclass(frozen=True)
class Json:
    """A cell of JSON, by its content: the text of one may be written in several ways."""

    value: Any


# ------------------------------------------------------------------ kinds


def json_of(value: Any) -> Any:
    """Return a value in Convex's wire form."""

    def tagged(name: str, data: bytes) -> dict[str, str]:
        return {name: base64.b64encode(data).decode()}

    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= 2**53 else tagged("$integer", value.to_bytes(8, "little", signed=True))
    if isinstance(value, float):
        is_plain = math.isfinite(value) and (value != 0 or math.copysign(1, value) > 0)
        return value if is_plain else tagged("$float", struct.pack("<d", value))
    if isinstance(value, bytes):
        return tagged("$bytes", value)
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, np.ndarray):
        return {"$vector": [float(item) for item in value]}
    if isinstance(value, list):
        return [json_of(item) for item in value]
    return {name: json_of(item) for name, item in value.items()}


def as_json(validator: Validator, values: st.SearchStrategy[Any]) -> Kind:
    return Kind(validator, JSON, values, lambda value: Json(json_of(value)))


def floats_of(value: Any) -> tuple[float, ...]:
    return tuple(float(item) for item in value)


def array(items: Kind) -> Kind:
    column = JSON if items.column == JSON else f"{items.column}[]"
    lists = st.lists(items.values, max_size=3)
    if column == JSON:
        return as_json(v.array(items.validator), lists)
    return Kind(v.array(items.validator), column, lists, lambda value: [items.shown(item) for item in value])


def struct_of(**fields: Kind) -> Kind:
    """An object whose fields all have a type of their own."""
    inner = ", ".join(f'"{name}" {kind.column}' for name, kind in fields.items())
    required = {name: kind.values for name, kind in fields.items() if not kind.optional}
    optional = {name: kind.values for name, kind in fields.items() if kind.optional}
    return Kind(
        v.object({name: kind.validator for name, kind in fields.items()}),
        f"STRUCT({inner})",
        st.fixed_dictionaries(required, optional=optional),
        lambda value: {name: kind.shown(value.get(name)) for name, kind in fields.items()},
    )


def optional(kind: Kind) -> Kind:
    return replace(kind, validator=v.optional(kind.validator), optional=True)


def nullable(kind: Kind) -> Kind:
    return replace(kind, validator=v.nullable(kind.validator), values=st.none() | kind.values)


def literal(value: Any, column: str) -> Kind:
    return Kind(v.literal(value), column, st.just(value), is_scalar=True)


FLOATS = [0, 1, 2.5, -3, 2**60 + 1, math.inf, -0.0, math.nan]
STRING = Kind(v.string(), "VARCHAR", st.sampled_from(["", "a", "é'", "null", "\0"]), is_scalar=True)
NUMBER = Kind(v.number(), "DOUBLE", st.sampled_from(FLOATS), float, is_scalar=True)
INT = Kind(v.int64(), "BIGINT", st.sampled_from([0, 1, -(2**63), 2**63 - 1, 2**53 + 1]), is_scalar=True)
BOOLEAN = Kind(v.boolean(), "BOOLEAN", st.booleans(), is_scalar=True)
BYTES = Kind(v.bytes(), "BLOB", st.sampled_from([b"", b"\0\xff", b"a"]), is_scalar=True)
DATETIME = Kind(
    v.datetime(),
    "TIMESTAMPTZ",
    st.sampled_from([datetime(1969, 7, 20, 20, 17, 40, 1, UTC), datetime(2024, 2, 29, tzinfo=UTC)]),
    is_scalar=True,
)
VECTOR = Kind(v.vector(2), "FLOAT[2]", st.sampled_from([(0.0, 1.0), (0.5, -2.25), (1e30, 0.1)]).map(vector), floats_of)
IDS = encode_ids(FIRST_TABLE, [bytes(16), bytes(range(16))])
ID = Kind(v.id("anchor"), "VARCHAR", st.sampled_from(IDS), is_scalar=True)
ANY = as_json(v.any(), any_values())
ITEM = struct_of(x=NUMBER, y=optional(nullable(STRING)))
TAGGED = [v.object(kind=v.literal(name), n=v.number()) for name in ("p", "q")]

SCALARS = [
    STRING,
    NUMBER,
    INT,
    BOOLEAN,
    BYTES,
    DATETIME,
    ID,
    literal("x", "VARCHAR"),
    literal(7, "BIGINT"),
    literal(2.5, "DOUBLE"),
    literal(True, "BOOLEAN"),
]
NESTED = [
    VECTOR,
    array(NUMBER),
    array(nullable(STRING)),
    array(array(INT)),
    array(DATETIME),
    array(VECTOR),
    ITEM,
    array(ITEM),
    struct_of(deep=ITEM, list=array(BYTES), v=optional(VECTOR), at=nullable(DATETIME)),
    Kind(
        v.union(*TAGGED),
        'STRUCT("kind" VARCHAR, "n" DOUBLE)',
        st.fixed_dictionaries({"kind": st.sampled_from(["p", "q"]), "n": NUMBER.values}),
        lambda value: {"kind": value["kind"], "n": float(value["n"])},
    ),
    replace(STRING, validator=v.union(v.string(), v.literal("more")), is_scalar=True),
]
UNTYPED = [
    ANY,
    as_json(v.null(), st.none()),
    as_json(v.union(v.string(), v.number()), STRING.values | NUMBER.values),
    as_json(v.union(v.vector(2), v.vector(3)), VECTOR.values | st.just(vector([1, 2, 3]))),
    as_json(v.record(v.string(), v.number()), st.dictionaries(st.sampled_from(["a", "b c"]), NUMBER.values)),
    as_json(v.object(), st.just({})),
    as_json(v.object(a=v.string(), A=v.string()), st.fixed_dictionaries({"a": STRING.values, "A": STRING.values})),
    as_json(v.object(a=v.any()), st.fixed_dictionaries({"a": ANY.values})),
    as_json(
        v.union(v.object(n=v.number()), v.object(s=v.string())),
        st.fixed_dictionaries({"n": NUMBER.values}) | st.fixed_dictionaries({"s": STRING.values}),
    ),
    array(ANY),
]
PLAIN = st.one_of(st.sampled_from(SCALARS), st.sampled_from(NESTED), st.sampled_from(UNTYPED))
KINDS = st.one_of(
    PLAIN,
    PLAIN.map(optional),
    PLAIN.filter(lambda kind: kind is not UNTYPED[1]).map(nullable),
    PLAIN.filter(lambda kind: kind is not UNTYPED[1]).map(nullable).map(optional),
)


# ------------------------------------------------------------------ declarations


@dataclass(frozen=True)
class Declared:
    """A declaration.

    Attributes:
        fields: Its fields; None where any document is taken, whose fields stand together in one column.
        indexes: Of each index its name and its fields, and whether it is a multi index.
        union: The documents of a union of objects instead; their fields are those of `fields`.
    """

    fields: dict[str, Kind] | None
    indexes: tuple[tuple[str, tuple[str, ...], bool], ...] = ()
    union: tuple[Validator, st.SearchStrategy[Document]] | None = None

    def table(self) -> rnb.Table:
        if self.union is not None:
            table = rnb.table(self.union[0])
        else:
            table = rnb.table(**{name: kind.validator for name, kind in (self.fields or {}).items()})
        for name, fields, multi in self.indexes:
            table = table.index(name, *fields, multi=multi)
        return table

    def documents(self) -> st.SearchStrategy[Document]:
        """Documents that it accepts, without system fields."""
        if self.union is not None:
            return self.union[1]
        if self.fields is None:
            return st.dictionaries(st.sampled_from(["a", "b", "c"]), ANY.values, max_size=3)
        required = {name: kind.values for name, kind in self.fields.items() if not kind.optional}
        return st.fixed_dictionaries(
            required, optional={name: kind.values for name, kind in self.fields.items() if kind.optional}
        )

    def columns(self) -> dict[str, tuple[str, str | None]]:
        """Return by name of each column its type, and the field whose values it holds; without the system fields."""
        if self.fields is None:
            return {"document": (JSON, None)}
        columns: dict[str, tuple[str, str | None]] = {}
        taken = {"_id", "_creationtime"}
        for name, kind in self.fields.items():
            column, number = name, 1
            while column.lower() in taken:  # SQL takes `a` and `A` for one name
                number += 1
                column = f"{name}_{number}"
            taken.add(column.lower())
            columns[column] = (kind.column, name)
        return columns

    def settable(self) -> list[tuple[str, Kind, str]]:
        """Return the fields, with kinds and columns, that a parameter of SQL can set to any of their values."""
        if self.fields is None or self.union is not None:
            return []
        columns = {field: column for column, (_, field) in self.columns().items()}
        return [
            (field, kind, columns[field])
            for field, kind in self.fields.items()
            if kind.is_scalar or kind.column == JSON
        ]

    def row(self, document: Document) -> tuple[Any, ...]:
        """Return the row of a document, system fields first."""
        own = {name: value for name, value in document.items() if name[0] != "_"}
        if self.fields is None:
            cells: list[Any] = [Json(json_of(own))]
        else:
            cells = [kind.shown(own.get(name)) for name, kind in self.fields.items()]
        return (document["_id"], document["_creationTime"], *cells)


NAMES = ["a", "b", "A", "a_2", "order"]
UNION = Declared(
    {
        "kind": STRING,
        "s": optional(STRING),
        "n": optional(as_json(v.any(), st.nothing())),  # a number in one of the objects, an int in the other
        "m": optional(nullable(NUMBER)),
    },
    union=(
        v.union(
            v.object(kind=v.literal("p"), s=v.string(), n=v.number(), m=v.nullable(v.number())),
            v.object(kind=v.literal("q"), n=v.int64(), m=v.optional(v.number())),
        ),
        st.one_of(
            st.fixed_dictionaries(
                {"kind": st.just("p"), "s": STRING.values, "n": NUMBER.values, "m": st.none() | NUMBER.values}
            ),
            st.fixed_dictionaries({"kind": st.just("q"), "n": INT.values}, optional={"m": NUMBER.values}),
        ),
    ),
)


@st.composite
def indexes(draw: st.DrawFn, fields: dict[str, Kind]) -> tuple[tuple[str, tuple[str, ...], bool], ...]:
    made = []
    for number in range(draw(st.integers(0, 2))):
        chosen = draw(st.lists(st.sampled_from([*fields]), min_size=1, max_size=2, unique=True))
        is_list = fields[chosen[0]].column.endswith("[]")
        made.append((f"by_{number}", tuple(chosen), is_list and draw(st.booleans())))
    return tuple(made)


@st.composite
def declarations(draw: st.DrawFn) -> Declared:
    shape = draw(st.sampled_from(["fields", "fields", "fields", "fields", "any", "union"]))
    if shape == "any":
        return Declared(None)
    if shape == "union":
        return UNION
    fields = draw(st.dictionaries(st.sampled_from(NAMES), KINDS, min_size=1, max_size=4))
    return Declared(fields, draw(indexes(fields)))


@st.composite
def successors(draw: st.DrawFn, before: Declared) -> Declared:
    """Declarations that documents of the one before often fit, and now and then do not."""
    if before.fields is None or before.union is not None or draw(st.integers(0, 3)) == 0:
        return draw(declarations())
    fields = dict(before.fields)
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True)):
        change = draw(st.sampled_from(["loosen", "any", "out"])) if name in fields else "new"
        if change == "new":
            fields[name] = optional(draw(PLAIN))
        elif change == "loosen" and fields[name].validator != UNTYPED[1].validator:
            fields[name] = replace(optional(nullable(_inner(fields[name]))))
        elif change == "any":
            fields[name] = optional(ANY)
        elif len(fields) > 1:
            del fields[name]
    return Declared(fields, draw(indexes(fields)))


def _inner(kind: Kind) -> Kind:
    validator: Any = kind.validator
    return replace(kind, validator=validator.inner) if kind.optional else kind
