"""A range of one index in the making: equalities in index order, then at most one lower and one upper bound.

Comes in: `q.eq("channel", "general").gt("likes", 3)`. Goes out: a half-open interval of index keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactive_nb.documents.document import CREATION_TIME, ID
from reactive_nb.documents.interval import ALL, Interval
from reactive_nb.documents.snapshot import TableState
from reactive_nb.errors import IndexRangeError
from reactive_nb.schema.declaration import BY_CREATION_TIME, BY_ID
from reactive_nb.values.order import encode_value
from reactive_nb.values.value import Unset, normalize

_AFTER = b"\xff"  # above every byte that can follow an encoded value in a key


class IndexRange:
    """What a range function gets; each method narrows the range and returns it.

    Values may be anything a field can hold, or `UNSET` for a missing field.
    """

    __slots__ = ("_after", "_equal", "_fields", "_lower", "_place", "_raw", "_upper")

    def __init__(self, state: TableState, index: str) -> None:
        self._place = f"{state.name}.{index}"
        self._raw = index == BY_ID
        # What follows an id in the keys that begin with it: nothing, while a declared index goes on.
        self._after = b"\0" if self._raw else _AFTER
        declared = state.stored.table.find(index)
        if declared is not None:
            self._fields: tuple[str, ...] = (*declared.fields, CREATION_TIME)
        else:
            self._fields = (CREATION_TIME,) if index == BY_CREATION_TIME else (ID,)
        self._equal: dict[str, bytes] = {}
        self._lower: tuple[str, bytes] | None = None
        self._upper: tuple[str, bytes] | None = None

    def eq(self, field: str, value: Any) -> IndexRange:
        """Keep documents whose field equals `value`."""
        key = self._key(field, value)
        if field in self._equal:
            self._refuse(f"{field!r} has an equality bound already", "one eq per field")
        if self._bound_fields():
            self._refuse(f"eq({field!r}) follows a gt, gte, lt or lte", "every eq before the bounds")
        self._equal[field] = key
        return self

    def gt(self, field: str, value: Any) -> IndexRange:
        """Keep documents whose field is above `value`."""
        return self._set_lower(field, self._key(field, value) + self._after)

    def gte(self, field: str, value: Any) -> IndexRange:
        """Keep documents whose field is `value` or above."""
        return self._set_lower(field, self._key(field, value))

    def lt(self, field: str, value: Any) -> IndexRange:
        """Keep documents whose field is below `value`."""
        return self._set_upper(field, self._key(field, value))

    def lte(self, field: str, value: Any) -> IndexRange:
        """Keep documents whose field is `value` or below."""
        return self._set_upper(field, self._key(field, value) + self._after)

    def interval(self) -> Interval:
        """Return the range of keys.

        Raises:
            IndexRangeError: The fields do not follow the index from its first one on.
        """
        equal = self._equal
        bounds = self._bound_fields()
        if not equal and not bounds:
            return ALL
        in_order = self._fields[: len(equal)]
        if any(field not in equal for field in in_order):
            self._refuse(f"eq is given for {sorted(equal)}", f"the fields in index order: {list(self._fields)}")
        prefix = b"".join([equal[field] for field in in_order])
        if not bounds:
            return Interval(prefix, prefix + self._after)
        following = self._fields[len(equal)] if len(equal) < len(self._fields) else None
        if bounds != {following}:
            self._refuse(
                f"the bounds are on {sorted(bounds)}",
                f"bounds on {following!r} only, the field after the equal ones"
                if following
                else "no bounds after the last field of the index",
            )
        start = prefix + self._lower[1] if self._lower else prefix
        end = prefix + self._upper[1] if self._upper else prefix + _AFTER
        return Interval(start, max(start, end))

    def bound(self) -> int:
        """Return how many fields of the index are bound by eq."""
        return len(self._equal)

    def following(self) -> tuple[str, ...]:
        """Return the fields of the index after those that are bound by eq, the implicit `_creationTime` included."""
        return self._fields[len(self._equal) :]

    def interval_of(self, values: Mapping[str, Any]) -> Interval:
        """Return the keys within the equalities that have these values in the fields that follow.

        Raises:
            IndexRangeError: These are not the next fields of the index.
        """
        following = self.following()
        keys = {field: self._key(field, value) for field, value in values.items()}
        if set(keys) != set(following[: len(keys)]):
            self._refuse(f"values are given for {list(keys)}", f"the next fields in index order: {list(following)}")
        prefix = b"".join([self._equal[field] for field in self._fields[: len(self._equal)]])
        prefix += b"".join([keys[field] for field in following[: len(keys)]])
        return Interval(prefix, prefix + self._after)

    def is_equality(self) -> bool:
        """Whether the first field is bound to one value, so a `multi` index yields each document once."""
        return self._fields[0] in self._equal

    def _set_lower(self, field: str, key: bytes) -> IndexRange:
        if self._lower is not None:
            self._refuse(f"{self._lower[0]!r} has a lower bound already", "at most one of gt and gte")
        self._refuse_bound_on_equal(field)
        self._lower = (field, key)
        return self

    def _set_upper(self, field: str, key: bytes) -> IndexRange:
        if self._upper is not None:
            self._refuse(f"{self._upper[0]!r} has an upper bound already", "at most one of lt and lte")
        self._refuse_bound_on_equal(field)
        self._upper = (field, key)
        return self

    def _refuse_bound_on_equal(self, field: str) -> None:
        if field in self._equal:
            self._refuse(f"{field!r} has an equality bound already", "either eq or bounds for a field")

    def _bound_fields(self) -> set[str]:
        return {bound[0] for bound in (self._lower, self._upper) if bound is not None}

    def _key(self, field: str, value: Any) -> bytes:
        if field not in self._fields:
            self._refuse(f"it does not index the field {field!r}", f"one of its fields {list(self._fields)}")
        if self._raw:
            if not isinstance(value, str):
                self._refuse(f"the _id is compared with {value!r}", "a document id")
            return str(value).encode()
        return encode_value(value if isinstance(value, Unset) else normalize(value))

    def _refuse(self, thing: str, expected: str) -> None:
        raise IndexRangeError(
            f"Cannot read a range of the index {self._place}",
            thing=thing,
            expected=expected,
            hint="Bind the first fields with eq, then bound the next one; use .filter(...) for the rest",
        )
