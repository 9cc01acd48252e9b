r"""The order of values, written as bytes: `memcmp` on the encodings is the order of the values.

Comes in: normalised values, or `UNSET` for a missing field. Goes out: bytes for index keys and ranges. The order is

    missing < null < numbers < datetime < false < true < strings < bytes < arrays < objects

where int and float are one kind, compared by their exact numeric value, with NaN (equal to itself) after all others;
strings compare by UTF-8, arrays (and vectors, which are arrays of numbers here) item by item, objects as their
sorted lists of (name, value). The format:

1. A value is one tag byte and a body. The tag gives the rank of the kind and is never 0x00 nor 0xFF.
2. missing 0x01, null 0x02, false 0x05, true 0x06: no body.
3. number 0x03: 10 bytes. First the greatest double that is not above the number, as 8 big-endian bytes with the sign
   bit flipped if it is positive and all bits flipped if it is negative; -0.0 is 0.0. Then the number minus that
   double, 2 bytes: above 2**53 an int can stand between two doubles, at most 1023 above the lower one.
   NaN is the quiet NaN, which comes after infinity.
4. datetime 0x04: microseconds since 1970 UTC plus 2**63, 8 bytes.
5. string 0x07 and bytes 0x08: the (UTF-8) bytes with 0x00 written as 0x00 0xFF, then 0x00.
6. array 0x09: the encoded items, then 0x00.
7. object 0x0A: for each field by name the name as in 5, then the value; then 0x00.
8. A tuple of values is the concatenation of their encodings.

What follows an encoding inside a tuple is a tag, the 0x00 of rule 6 or 7, or the ASCII of a document id, and so below
0xFF. Hence "begins with these values" is the half-open range [p, p + 0xFF), although an encoding may itself be
a prefix of another ("a" of "a\0"): the longer one goes on with 0xFF and stands outside.
The escape and the terminators are those of FoundationDB's tuple layer, the flipped bits of a double too:
https://github.com/apple/foundationdb/blob/main/design/tuple.md
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from reactive_nb.values.value import UNSET, Unset, Value, normalize

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MISSING: Final = b"\x01"
_NULL: Final = b"\x02"
_FALSE: Final = b"\x05"
_TRUE: Final = b"\x06"
_NAN: Final = b"\x03\xff\xf8" + bytes(8)
_END: Final = b"\x00"

# Every int up to here is a double; the next one is not.
_EXACT: Final = 2**53
_ALL_BITS: Final = 2**64 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_double = struct.Struct(">d").pack
_number = struct.Struct(">BdH").pack
_flipped_number = struct.Struct(">BQH").pack
_datetime = struct.Struct(">BQ").pack


def encode_key(values: Iterable[Value | Unset]) -> bytes:
    """Return the bytes that order tuples of values: first by the first value, then by the second, and so on.

    Example:
        >>> encode_key(["a", 1]) < encode_key(["a", 1.5]) < encode_key(["b", None])
        True
    """
    return b"".join(map(encode_value, values))


def encode_value(value: Value | Unset) -> bytes:
    """Return the bytes that order one value.

    Args:
        value: Normalised (see `normalize`), or `UNSET` for a missing field.

    Raises:
        InvalidValue: It is not of a plain type.
    """
    return _ENCODERS.get(type(value), _encode_other)(value)


def encode_values(values: Sequence[Value | Unset]) -> list[bytes]:
    """Return `encode_value` of each, for a whole column of a frame in a fraction of the time.

    Example:
        >>> encode_values(["a", UNSET]) == [encode_value("a"), encode_value(UNSET)]
        True
    """
    kinds = set(map(type, values))
    if kinds & _ABSENT:
        present = iter(encode_values([value for value in values if type(value) not in _ABSENT]))
        return [_MISSING if value is UNSET else _NULL if value is None else next(present) for value in values]
    if kinds == {str}:
        known = {text: _encode_text(text) for text in set(values)}  # type: ignore[arg-type]  # all are str
        return [known[text] for text in values]
    if kinds == {float} or (kinds == {int} and min(values) >= -_EXACT and max(values) <= _EXACT):  # type: ignore[type-var, operator]
        import numpy

        return encode_array(numpy.array(values, dtype=numpy.float64))
    return list(map(encode_value, values))


def encode_array(numbers: NDArray[Any]) -> list[bytes]:
    """Return `encode_value` of each number, or of each moment in UTC, of an array.

    Args:
        numbers: One-dimensional, of type float64, or of datetime64[us] without NaT.
    """
    import numpy

    encoded: NDArray[np.uint8]
    if numbers.dtype.kind == "M":
        encoded = numpy.empty((len(numbers), 9), dtype=numpy.uint8)
        encoded[:, 0] = 4
        body = numbers.view(numpy.int64).astype(numpy.uint64) ^ numpy.uint64(2**63)
    else:
        encoded = numpy.zeros((len(numbers), 11), dtype=numpy.uint8)
        encoded[:, 0] = 3
        bits = (numbers + 0.0).view(numpy.uint64)  # adding 0.0 makes 0.0 of -0.0
        body = numpy.where(bits >> numpy.uint64(63), ~bits, bits | numpy.uint64(2**63))
        body[numpy.isnan(numbers)] = int.from_bytes(_NAN[1:9], "big")
    encoded[:, 1:9] = body.astype(">u8").view(numpy.uint8).reshape(-1, 8)
    return bytes_of_rows(encoded)


def bytes_of_rows(rows: NDArray[np.uint8]) -> list[bytes]:
    """Return each row of a two-dimensional array of bytes."""
    import numpy

    whole: list[bytes] = numpy.ascontiguousarray(rows).view(f"V{rows.shape[1]}").ravel().tolist()
    return whole


def compare(a: Value | Unset, b: Value | Unset) -> int:
    """Return -1, 0 or 1 as `a` stands before, at or after `b` in the order of values.

    Example:
        >>> compare(2**53 + 1, 2.0**53)
        1
    """
    kind_a, kind_b = type(a), type(b)
    if (kind_a is kind_b and kind_a in _COMPARABLE) or (kind_a in _NUMBERS and kind_b in _NUMBERS):
        x: Any = a
        y: Any = b
        if x < y:
            return -1
        if x > y:
            return 1
        if x == y:
            return 0
    # Kinds differ, or one is NaN, or they are containers.
    left, right = encode_value(a), encode_value(b)
    return (left > right) - (left < right)


_NUMBERS = frozenset((int, float))
_ABSENT = frozenset((type(None), type(UNSET)))
# Python's own order of these is the order above: str by code point is str by UTF-8.
_COMPARABLE = frozenset((str, bytes, bool, datetime))


def _encode_text(value: str) -> bytes:
    if "\0" in value:
        return b"\x07" + value.encode().replace(b"\0", b"\0\xff") + b"\0"
    return b"\x07" + value.encode() + b"\0"


def _encode_float(value: float) -> bytes:
    if value >= 0:
        # The double with its sign bit set is that of the opposite number; adding 0.0 makes 0.0 of -0.0.
        return _number(3, -(value + 0.0), 0)
    if value < 0:
        return _flipped_number(3, int.from_bytes(_double(value), "big") ^ _ALL_BITS, 0)
    return _NAN


def _encode_int(value: int) -> bytes:
    if 0 <= value <= _EXACT:
        return _number(3, -(value + 0.0), 0)
    if -_EXACT <= value < 0:
        return _encode_float(value)
    floor = float(value)
    if floor > value:
        floor = math.nextafter(floor, -math.inf)
    return _encode_float(floor)[:9] + (value - int(floor)).to_bytes(2, "big")


def _encode_datetime(value: datetime) -> bytes:
    passed = value - _EPOCH
    microseconds = (passed.days * 86400 + passed.seconds) * 1_000_000 + passed.microseconds
    return _datetime(4, microseconds + 2**63)


def _encode_bytes(value: bytes) -> bytes:
    return b"\x08" + value.replace(b"\0", b"\0\xff") + _END


def _encode_array(value: list[Value]) -> bytes:
    return b"\x09" + encode_key(value) + _END


def _encode_object(value: dict[str, Value]) -> bytes:
    # Names are ASCII, so their order as str is their order as UTF-8.
    return b"\x0a" + encode_key(part for field in sorted(value.items(), key=_name) for part in field) + _END


def _name(field: tuple[str, Value]) -> str:
    return field[0]


def _encode_other(value: Any) -> bytes:
    if type(value).__name__ == "ndarray":
        return b"\x09" + b"".join(map(_encode_float, value.tolist())) + _END
    # Not normalised. Being asked to order it is a mistake of the caller, but the answer must never be a wrong key.
    return encode_value(normalize(value))


_ENCODERS: Final[dict[type, Callable[[Any], bytes]]] = {
    str: _encode_text,
    int: _encode_int,
    float: _encode_float,
    type(None): lambda _: _NULL,
    bool: lambda value: _TRUE if value else _FALSE,
    datetime: _encode_datetime,
    bytes: _encode_bytes,
    list: _encode_array,
    dict: _encode_object,
    type(UNSET): lambda _: _MISSING,
}
