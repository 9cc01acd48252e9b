"""The filter of a search in the making: comparisons of declared filter fields, joined by "and" and "or".

Comes in: a user's `lambda q: q.eq("field", "db") & q.gte("year", 2020)`. Goes out: a condition on the encoded values of
the filter fields. Comparisons follow the one total order of values, as everywhere: missing < null < numbers < ...
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NoReturn

from reactive_nb.documents.interval import ALL, Interval, point_interval
from reactive_nb.errors import QueryUsageError
from reactive_nb.schema.search_declaration import AnySearch
from reactive_nb.search.condition import ALWAYS, AllOf, AnyOf, Condition, Within
from reactive_nb.values.order import encode_value
from reactive_nb.values.refusal import show
from reactive_nb.values.value import Unset, normalize

MAX_COMPARISONS: Final = 64
"""How many comparisons a filter may have, each value of an `is_in` being one: it is asked of many documents."""

_JOIN: Final = 'Write q.eq("a", 1) & (q.eq("b", 2) | q.gt("c", 3)), or use q.and_(...) and q.or_(...)'


class SearchFilter:
    """What a filter function gets; each method returns a condition.

    Values may be anything a field can hold, or `UNSET` for a missing field.

    Args:
        declared: The search index; its filter fields are those that can be compared.
        what: What cannot be done with a bad filter, for errors: `"Cannot search papers by by_embedding"`.

    Example:
        >>> q = SearchFilter(VectorIndex("by_place", "place", 2, ("kind", "year")), "Cannot search")
        >>> q.eq("kind", "café") & q.gte("year", 2020)
        <SearchCondition and_(eq('kind', 'café'), gte('year', 2020))>
    """

    __slots__ = ("_fields", "_what")

    def __init__(self, declared: AnySearch, what: str) -> None:
        self._fields = declared.filter_fields
        self._what = what

    def eq(self, field: str, value: Any) -> SearchCondition:
        """Documents whose field equals `value`."""
        return self._compared("eq", field, value, point_interval)

    def gt(self, field: str, value: Any) -> SearchCondition:
        """Documents whose field is above `value`."""
        return self._compared("gt", field, value, lambda key: Interval(point_interval(key).end, ALL.end))

    def gte(self, field: str, value: Any) -> SearchCondition:
        """Documents whose field is `value` or above."""
        return self._compared("gte", field, value, lambda key: Interval(key, ALL.end))

    def lt(self, field: str, value: Any) -> SearchCondition:
        """Documents whose field is below `value`; one that is missing is below everything."""
        return self._compared("lt", field, value, lambda key: Interval(ALL.start, key))

    def lte(self, field: str, value: Any) -> SearchCondition:
        """Documents whose field is `value` or below."""
        return self._compared("lte", field, value, lambda key: Interval(ALL.start, point_interval(key).end))

    def is_in(self, field: str, values: Iterable[Any]) -> SearchCondition:
        """Documents whose field equals one of `values`; none where there are no values."""
        position = self._position(field)
        if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
            self._refuse(
                f"is_in({field!r}, ...) was given {show(values)}", "a list of values", "Put one value into a list"
            )
        keys: set[bytes] = set()
        for value in values:
            keys.add(_key(value))
            self._check_size(len(keys))
        # Sorted, so that the same set of values is the same condition in whatever order it comes.
        parts = [Within(position, point_interval(key)) for key in sorted(keys)]
        condition = parts[0] if len(parts) == 1 else AnyOf(tuple(parts))
        return SearchCondition(self, condition, f"is_in({field!r}, {reprlib.repr(values)})", len(keys))

    def and_(self, *conditions: SearchCondition) -> SearchCondition:
        """Documents that meet every condition; all of them where none is given."""
        return self._joined("and_", conditions)

    def or_(self, *conditions: SearchCondition) -> SearchCondition:
        """Documents that meet at least one condition; none where none is given."""
        return self._joined("or_", conditions)

    def _compared(self, verb: str, field: str, value: Any, interval: Callable[[bytes], Interval]) -> SearchCondition:
        condition = Within(self._position(field), interval(_key(value)))
        return SearchCondition(self, condition, f"{verb}({field!r}, {reprlib.repr(value)})", 1)

    def _joined(self, verb: str, conditions: Iterable[object]) -> SearchCondition:
        members = [self._member(each, f"{verb}(...) was given {show(each)}") for each in conditions]
        kind = AllOf if verb == "and_" else AnyOf
        parts: list[Condition] = []
        for member in members:
            # `a & b & c` is one list of three, as `and_(a, b, c)` is.
            if isinstance(member.condition, kind):
                parts.extend(member.condition.parts)
            else:
                parts.append(member.condition)
        size = sum(member.size for member in members)
        self._check_size(size)
        condition = parts[0] if len(parts) == 1 else kind(tuple(parts))
        return SearchCondition(self, condition, f"{verb}({', '.join(member.text for member in members)})", size)

    def _member(self, condition: object, thing: str) -> SearchCondition:
        """Return what is to be a condition of this filter; its positions would mean other fields in another."""
        if not isinstance(condition, SearchCondition):
            self._refuse(thing, "a condition such as q.eq('field', value)", _JOIN)
        if condition.of is not self:
            self._refuse(
                f"{condition.text} was made by the filter of another search",
                "conditions of the q that the filter function gets",
                "Make the condition inside the filter function",
            )
        return condition

    def _position(self, field: str) -> int:
        if field not in self._fields:
            self._refuse(
                f"{field!r} is not a filter field of the index",
                f"one of {list(self._fields)}" if self._fields else "no filter, for it has no filter fields",
                "Declare the field in filter_fields=[...] of the index",
            )
        return self._fields.index(field)

    def _check_size(self, size: int) -> None:
        if size > MAX_COMPARISONS:
            self._refuse(
                f"the filter has more than {MAX_COMPARISONS} conditions, counting each value of is_in",
                f"at most {MAX_COMPARISONS}",
                "Filter by a field that says the same in fewer values, or by a range with gte and lt",
            )

    def _refuse(self, thing: str, expected: str, hint: str) -> NoReturn:
        raise QueryUsageError(self._what, thing=thing, expected=expected, hint=hint)


class SearchCondition:
    """A condition of one search's filter, made by `SearchFilter` and joined with `&` and `|`.

    Attributes:
        of: The filter it belongs to.
        condition: What it says.
        text: How it was written, for errors.
        size: How many comparisons it has.
    """

    __slots__ = ("condition", "of", "size", "text")

    def __init__(self, of: SearchFilter, condition: Condition, text: str, size: int) -> None:
        self.of = of
        self.condition = condition
        self.text = text
        self.size = size

    def eq(self, field: str, value: Any) -> SearchCondition:
        """Return this condition and `q.eq(field, value)`, so that conditions can follow one another as in a range."""
        return self & self.of.eq(field, value)

    def gt(self, field: str, value: Any) -> SearchCondition:
        """Return this condition and `q.gt(field, value)`."""
        return self & self.of.gt(field, value)

    def gte(self, field: str, value: Any) -> SearchCondition:
        """Return this condition and `q.gte(field, value)`."""
        return self & self.of.gte(field, value)

    def lt(self, field: str, value: Any) -> SearchCondition:
        """Return this condition and `q.lt(field, value)`."""
        return self & self.of.lt(field, value)

    def lte(self, field: str, value: Any) -> SearchCondition:
        """Return this condition and `q.lte(field, value)`."""
        return self & self.of.lte(field, value)

    def is_in(self, field: str, values: Iterable[Any]) -> SearchCondition:
        """Return this condition and `q.is_in(field, values)`."""
        return self & self.of.is_in(field, values)

    def __and__(self, other: object) -> SearchCondition:
        return self.of._joined("and_", (self, other))

    def __rand__(self, other: object) -> SearchCondition:
        return self.of._joined("and_", (other, self))

    def __or__(self, other: object) -> SearchCondition:
        return self.of._joined("or_", (self, other))

    def __ror__(self, other: object) -> SearchCondition:
        return self.of._joined("or_", (other, self))

    def __bool__(self) -> bool:
        self.of._refuse(
            f"{self.text} was used with 'and', 'or', 'not' or 'if'", "the operators & and | between conditions", _JOIN
        )

    def __repr__(self) -> str:
        return f"<SearchCondition {self.text}>"


FilterFunction = Callable[[SearchFilter], SearchCondition]


def compile_filter(filter: FilterFunction | None, declared: AnySearch, what: str) -> Condition:
    """Return what a search's filter asks of documents.

    Args:
        filter: The user's function, or None for all documents.
        declared: The search index.
        what: What cannot be done with a bad filter, for errors: `"Cannot search papers by by_embedding"`.

    Raises:
        QueryUsageError: The filter names a field that is not a filter field, has too many conditions, or is or
            returns something else than it should.
        InvalidValue: It compares with something that no field can hold.

    Example:
        >>> compile_filter(lambda q: q.eq("kind", "café"), declared, "Cannot search places by by_place")
        Within(position=0, interval=...)
    """
    if filter is None:
        return ALWAYS
    builder = SearchFilter(declared, what)
    if not callable(filter):
        builder._refuse(f"the filter is {show(filter)}", "a function", 'Write filter=lambda q: q.eq("field", value)')
    given = filter(builder)
    return builder._member(given, f"the filter function returned {show(given)}").condition


def _key(value: Any) -> bytes:
    return encode_value(value if isinstance(value, Unset) else normalize(value))
