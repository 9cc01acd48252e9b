"""Sums, averages and extremes of one field over encoded documents, as monoids that an ordered map keeps up to date.

Comes in: documents as bytes, of which only the field is decoded. Goes out: a partial, and from a partial the result.
A result depends on the documents alone, never on how they were grouped or on what was removed before:

1. Sums are exact. Every finite float is a whole multiple of 2**-1074, so a sum of floats is kept as an int of such
   units and rounded once, at the end, to the nearest float. It equals `math.fsum` of all values, can be taken back
   value by value, and a sum of ints alone stays an int of any size.
2. Extremes are kept with their bytes in the order of values, and of values that are equal there (1 and 1.0) the same
   one always wins.

Missing fields and null count in neither. Nor does a value that is no number in a sum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import add, sub
from typing import Any, ClassVar, NamedTuple, TypeAlias

from reactive_nb.documents.field_reader import NUMBERS, ORDERED, FieldReader, field_reader, scalar_reader
from reactive_nb.values import wire
from reactive_nb.values.order import encode_value
from reactive_nb.values.value import UNSET, Value

_UNIT_BITS = 1074
"""The smallest float above zero is 2**-1074."""


class Sums(NamedTuple):
    """The partial of a sum: counts and exact sums, all ints, so that partials are added and subtracted term by term."""

    numbers: int = 0
    """How many numbers there are."""
    floats: int = 0
    """How many of them are floats."""
    integers: int = 0
    """The sum of the ints."""
    fractions: int = 0
    """The sum of the finite floats in units of 2**-1074."""
    nans: int = 0
    positive_infinities: int = 0
    negative_infinities: int = 0

    def special(self) -> float | None:
        """Return what NaN and infinities make of the sum, or None when there are none."""
        if self.nans or (self.positive_infinities and self.negative_infinities):
            return math.nan
        if self.positive_infinities:
            return math.inf
        return -math.inf if self.negative_infinities else None

    def units(self) -> int:
        """Return the sum of all finite numbers in units of 2**-1074."""
        return (self.integers << _UNIT_BITS) + self.fractions


class SumOf:
    """The sum, and with it the average, of the numbers in one field; the same object for the same field.

    Args:
        field: A field name, or a path such as `"author.age"`.

    Example:
        >>> documents = [wire.encode({"n": n}) for n in (0.1, 0.2, 1)]
        >>> likes = SumOf("n")
        >>> partial = likes.of(documents)
        >>> likes.result(partial), likes.average(partial)
        (1.3, 0.43333333333333335)
    """

    # One object per field: a map looks partials up by it, and finds an identical key without calling any Python.
    _known: ClassVar[dict[str, SumOf]] = {}
    __slots__ = ("_read", "field")
    field: str
    _read: FieldReader

    def __new__(cls, field: str) -> SumOf:
        """Return the one object for this field."""
        known = cls._known.get(field)
        if known is None:
            made = super().__new__(cls)
            made.field = field
            made._read = scalar_reader(field)
            known = cls._known.setdefault(field, made)
        return known

    def of(self, values: Sequence[bytes], /) -> Sums:
        """Return the partial of some encoded documents."""
        found = self._read(values)
        ints = [number for number in found if type(number) is int]
        floats = [number for number in found if type(number) is float]
        if not floats:
            return Sums(len(ints), 0, sum(ints))
        finite = [number for number in floats if math.isfinite(number)]
        sums = Sums(len(ints) + len(floats), len(floats), sum(ints), _units(finite))
        if len(finite) == len(floats):
            return sums
        return sums._replace(
            nans=sum(map(math.isnan, floats)),
            positive_infinities=floats.count(math.inf),
            negative_infinities=floats.count(-math.inf),
        )

    def combine(self, partials: Sequence[Sums], /) -> Sums:
        """Return the partial of several runs of documents."""
        return Sums._make(map(sum, zip(*partials, strict=True))) if partials else Sums()

    def replace(self, partial: Sums, removed: Sums, added: Sums, /) -> Sums:
        """Return the partial after some documents gave way to others."""
        return Sums._make(map(add, map(sub, partial, removed), added))

    def result(self, partial: Sums) -> int | float:
        """Return the sum: an int if all numbers are ints (0 if there are none), else the nearest float."""
        if not partial.floats:
            return partial.integers
        special = partial.special()
        return _quotient(partial.units(), 1 << _UNIT_BITS) if special is None else special

    def average(self, partial: Sums) -> float | None:
        """Return the float nearest to the exact average, or None without any number."""
        if partial.numbers == 0:
            return None
        special = partial.special()
        return _quotient(partial.units(), partial.numbers << _UNIT_BITS) if special is None else special

    def __repr__(self) -> str:
        return f"SumOf({self.field!r})"


Extreme: TypeAlias = tuple[bytes, bytes] | tuple[()]
"""The partial of an extreme: a value as order key and as encoding; empty without values, and so before all others."""


class ExtremeOf:
    """The largest or smallest value in one field, in the order of values; the same object for the same arguments.

    Args:
        field: A field name, or a path such as `"author.age"`.
        largest: Whether the largest value is asked for, else the smallest.

    Example:
        >>> newest = ExtremeOf("n", largest=True)
        >>> newest.result(newest.of([wire.encode({"n": n}) for n in (3, 8.5, None)]))
        8.5
    """

    _known: ClassVar[dict[tuple[str, bool], ExtremeOf]] = {}
    __slots__ = ("_read", "field", "largest")
    field: str
    largest: bool
    _read: FieldReader

    def __new__(cls, field: str, largest: bool) -> ExtremeOf:
        """Return the one object for these arguments."""
        known = cls._known.get((field, largest))
        if known is None:
            made = super().__new__(cls)
            made.field = field
            made.largest = largest
            made._read = field_reader(field)
            known = cls._known.setdefault((field, largest), made)
        return known

    def of(self, values: Sequence[bytes], /) -> Extreme:
        """Return the partial of some encoded documents."""
        found = self._read(values)
        present = [value for value in found if value is not None and value is not UNSET]
        candidates = self._ties(present, set(map(type, present))) if present else []
        return self.combine([(encode_value(value), wire.encode(value)) for value in candidates])

    def combine(self, partials: Sequence[Extreme], /) -> Extreme:
        """Return the partial of several runs of documents."""
        if self.largest:
            return max(partials, default=())
        return min((partial for partial in partials if partial), default=())

    def replace(self, partial: Extreme, removed: Extreme, added: Extreme, /) -> Extreme | None:
        """Return the partial after some documents gave way to others; None if the extreme itself may be gone."""
        if added and self.combine((partial, added)) == added:
            return added
        return None if removed and removed == partial else partial

    def result(self, partial: Extreme) -> Value:
        """Return the extreme value, or None without any."""
        return wire.decode(partial[1]) if partial else None

    def _ties(self, present: list[Any], kinds: set[type]) -> list[Any]:
        """Return the values that Python finds to be the extreme, or all where its order is not the order of values."""
        if kinds <= NUMBERS:
            if float in kinds and any(number != number for number in present):
                return present
        elif len(kinds) > 1 or not kinds <= ORDERED:
            return present
        extreme = max(present) if self.largest else min(present)
        # Among numbers 1 ties with 1.0, and 0.0 with -0.0; otherwise equal values are the same value.
        return [value for value in present if value == extreme] if float in kinds else [extreme]

    def __repr__(self) -> str:
        return f"ExtremeOf({self.field!r}, largest={self.largest})"


def _units(floats: list[float]) -> int:
    """Return the exact sum of finite floats in units of 2**-1074.

    `math.fsum` rounds the exact sum to a float; the exact rest, summed with that float taken away, is smaller by
    2**-53 each time and soon zero. So a run of 64 floats costs about two calls instead of 64 conversions.
    """
    units = 0
    rest = floats.copy()
    try:
        while nearest := math.fsum(rest):
            units += _in_units(nearest)
            rest.append(-nearest)
    except OverflowError:  # the sum, or a step of fsum, is beyond the largest float
        return sum(map(_in_units, floats))
    return units


def _in_units(number: float) -> int:
    numerator, denominator = number.as_integer_ratio()
    return numerator << (_UNIT_BITS + 1 - denominator.bit_length())


def _quotient(dividend: int, divisor: int) -> float:
    """Return the float nearest to a quotient, infinite beyond the largest; Python's division of ints rounds once."""
    try:
        return dividend / divisor
    except OverflowError:
        return math.inf if dividend > 0 else -math.inf
