"""Declarations of search indexes: by which field a table's documents are searched, and by which they are filtered.

Comes in: the arguments of `Table.search_index` and `Table.vector_index`. Goes out: frozen records, or a `SchemaError`;
and the way to the table's document in `_tables` and back. Whether the name is free is known to the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, assert_never, get_args

from reactive_nb.errors import SchemaError
from reactive_nb.schema.field_path import alternatives, check_name, check_path, declared_at
from reactive_nb.values.refusal import show
from reactive_nb.values.validators import (
    AnyValidator,
    ArrayValidator,
    IdValidator,
    LiteralValidator,
    Validator,
    VectorValidator,
    v,
)

Metric = Literal["cosine", "dot", "l2"]
"""How close two vectors are: the cosine of their angle, their product, or the distance between them."""
METRICS: Final[tuple[Metric, ...]] = get_args(Metric)

MAX_FILTER_FIELDS: Final = 16
MIN_DIMENSIONS: Final = 2
MAX_DIMENSIONS: Final = 4096
MAX_SEARCHES: Final = 16
"""How many search indexes of one kind a table may have."""


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """Keeps the words of one field, so that documents are found by text and ranked.

    Attributes:
        name: How searches name it.
        field: The path of the field whose text is searched.
        filter_fields: The paths by which a search may filter, in the order in which they were declared.
    """

    name: str
    field: str
    filter_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """Keeps the vectors of one field, so that the documents nearest to a vector are found.

    A document without `dimensions` numbers there is not in it.

    Attributes:
        name: How searches name it.
        field: The path of the field that holds the vectors.
        dimensions: How many numbers a vector has.
        filter_fields: The paths by which a search may filter, in the order in which they were declared.
        metric: What "near" means.
        approximate: Whether searches may miss some of the nearest, once there are many vectors.
    """

    name: str
    field: str
    dimensions: int
    filter_fields: tuple[str, ...] = ()
    metric: Metric = "cosine"
    approximate: bool = False


AnySearch = SearchIndex | VectorIndex


def text_search(document: Validator | None, name: str, field: str, filter_fields: Sequence[str]) -> SearchIndex:
    """Return the declaration of a search by text.

    Args:
        document: What the table's documents must be; None when they may be anything.
        name: The name of the index.
        field: The path of the field to search.
        filter_fields: The paths to filter by.

    Raises:
        SchemaError: It cannot be.
    """
    wanted = f"Cannot declare the search index {name!r}"
    filters = _checked(document, wanted, name, field, filter_fields)
    kinds = [] if document is None else declared_at(document, field, wanted)
    if kinds and not any(map(_holds_text, kinds)):
        raise SchemaError(
            wanted,
            thing=f"{field!r} is declared as {_described(kinds)}, which has no text",
            expected="a field that can hold a string",
            hint="Declare the field with v.string(), or name the field that has the text",
        )
    return SearchIndex(name, field, filters)


def vector_search(
    document: Validator | None,
    name: str,
    field: str,
    dimensions: int,
    filter_fields: Sequence[str],
    metric: Metric,
    approximate: bool,
) -> VectorIndex:
    """Return the declaration of a search by vector; as `text_search`.

    Raises:
        SchemaError: It cannot be.
    """
    wanted = f"Cannot declare the vector index {name!r}"
    filters = _checked(document, wanted, name, field, filter_fields)
    if type(dimensions) is not int or not MIN_DIMENSIONS <= dimensions <= MAX_DIMENSIONS:
        raise SchemaError(
            wanted,
            thing=f"its number of dimensions is {show(dimensions)}",
            expected=f"an int from {MIN_DIMENSIONS} to {MAX_DIMENSIONS}",
            hint="Pass the length of your embeddings, such as dimensions=384",
        )
    if metric not in METRICS:
        raise SchemaError(
            wanted,
            thing=f"its metric is {show(metric)}",
            expected=f"one of {', '.join(map(repr, METRICS))}",
            hint="Leave it out for 'cosine', which suits most embeddings",
        )
    if not isinstance(approximate, bool):
        raise SchemaError(
            wanted,
            thing=f"approximate is {show(approximate)}",
            expected="True or False",
            hint="Leave it out for exact searches",
        )
    kinds = [] if document is None else declared_at(document, field, wanted)
    if kinds and not any(_holds_vectors(kind, dimensions) for kind in kinds):
        raise SchemaError(
            wanted,
            thing=f"{field!r} is declared as {_described(kinds)}",
            expected=f"a field that can hold {dimensions} numbers",
            hint=f"Declare the field with v.vector({dimensions}), or correct the field or the number of dimensions",
        )
    return VectorIndex(name, field, dimensions, filters, metric, approximate)


def noun(search: AnySearch) -> str:
    """Return what messages call it: `"search index"` or `"vector index"`."""
    return "vector index" if isinstance(search, VectorIndex) else "search index"


def to_json(search: AnySearch) -> dict[str, Any]:
    """Return a search index as it stands in its table's document in `_tables`."""
    match search:
        case SearchIndex():
            return {
                "kind": "text",
                "name": search.name,
                "field": search.field,
                "filter_fields": list(search.filter_fields),
            }
        case VectorIndex():
            return {
                "kind": "vector",
                "name": search.name,
                "field": search.field,
                "dimensions": search.dimensions,
                "filter_fields": list(search.filter_fields),
                "metric": search.metric,
                "approximate": search.approximate,
            }
        case _:
            assert_never(search)


def from_json(stored: Mapping[str, Any]) -> AnySearch:
    """Return the search index that `to_json` wrote."""
    filters = tuple(stored["filter_fields"])
    if stored["kind"] == "text":
        return SearchIndex(stored["name"], stored["field"], filters)
    return VectorIndex(
        stored["name"], stored["field"], stored["dimensions"], filters, stored["metric"], stored["approximate"]
    )


def _checked(
    document: Validator | None, wanted: str, name: object, field: object, filter_fields: object
) -> tuple[str, ...]:
    """Return the filter fields; refuse what no kind of search can have."""
    check_name(name, wanted, "an index name")
    check_path(field, wanted, "Name the one field that is searched; _creationTime and _id cannot be")
    if not isinstance(filter_fields, list | tuple):
        raise SchemaError(
            wanted,
            thing=f"its filter fields are {show(filter_fields)}",
            expected="a list of field paths",
            hint='Write filter_fields=["channel"], also for a single one',
        )
    for each in filter_fields:
        check_path(each, wanted, "Filter by declared fields of the documents; _creationTime and _id cannot be")
    if len(filter_fields) > MAX_FILTER_FIELDS:
        raise SchemaError(
            wanted,
            thing=f"it has {len(filter_fields)} filter fields",
            expected=f"at most {MAX_FILTER_FIELDS}",
            hint="Keep those by which searches are narrowed, or declare a second index for the others",
        )
    if field in filter_fields or len(set(filter_fields)) != len(filter_fields):
        raise SchemaError(
            wanted,
            thing=f"it searches {field!r} and its filter fields are {list(filter_fields)}",
            expected="different field paths",
            hint="Name each field once, and the searched one not among the filter fields",
        )
    if document is not None:
        for each in filter_fields:
            declared_at(document, each, wanted)
    return tuple(filter_fields)


def _holds_text(kind: Validator) -> bool:
    match kind:
        case AnyValidator() | IdValidator():
            return True
        case LiteralValidator():
            return isinstance(kind.value, str)
        case _:
            return kind == v.string()


def _holds_vectors(kind: Validator, dimensions: int) -> bool:
    match kind:
        case AnyValidator():
            return True
        case VectorValidator():
            return kind.dimensions == dimensions
        case ArrayValidator():
            return any(map(_holds_numbers, alternatives(kind.items)))
        case _:
            return False


def _holds_numbers(kind: Validator) -> bool:
    match kind:
        case AnyValidator():
            return True
        case LiteralValidator():
            return type(kind.value) in (int, float)
        case _:
            return kind in (v.number(), v.int64())


def _described(kinds: Sequence[Validator]) -> str:
    return " or ".join(dict.fromkeys(kind.describe() for kind in kinds))
