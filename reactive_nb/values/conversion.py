"""Conversion: an object that is not one of the plain types, as the plain object it stands for.

Comes in: what cells and data frames hand over, such as numpy scalars and arrays, pandas timestamps and missing
values, and subclasses of the built-in types. Goes out: an object of an exact built-in type, or a vector; or a
`Refusal`. Nothing is rounded or guessed on the way: a time without a zone and a nanosecond are refused.

numpy is imported only when a vector turns up and pandas never: whoever holds one of their objects has imported them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from reactive_nb.values.refusal import Refusal, show

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ANY_VALUE = "None, a bool, int, float, str, bytes, list, dict, datetime or vector"

_CONVERT = "Convert it to one of these"
_HINTS: dict[type, str] = {
    tuple: "Pass a list",
    set: "Pass a list",
    frozenset: "Pass a list",
    timedelta: "Pass the seconds as a number",
    date: "Pass a datetime with a time zone, or the day as a string",
}


def plain(value: Any) -> Any:
    """Return what `value` stands for, as an object of an exact built-in type or a vector.

    Raises:
        Refusal: No value says the same as this object.
    """
    # The conversions are spelled out because a subclass may have overridden what str() and int() call.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, list):
        return list(value)
    kind = type(value)
    if kind.__name__ in ("NAType", "NaTType") and kind.__module__.startswith("pandas"):
        return None
    if isinstance(value, datetime):
        return utc(value)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        if isinstance(value, numpy.ndarray):
            return vector(value)
        if isinstance(value, numpy.generic):
            return _numpy_scalar(value)
    hint = next((_HINTS[base] for base in kind.__mro__ if base in _HINTS), _CONVERT)
    raise Refusal(f"is {show(value)}", ANY_VALUE, hint)


def utc(value: datetime) -> datetime:
    """Return the same moment as a plain `datetime` in UTC.

    Raises:
        Refusal: It has no time zone, or is finer than a microsecond (pandas), or UTC cannot express it.
    """
    if value.utcoffset() is None:
        raise Refusal(
            f"is {show(value)}, which has no time zone",
            "a datetime with a time zone",
            "Say which with value.replace(tzinfo=...), or for a data frame's column with .dt.tz_localize(...)",
        )
    if getattr(value, "nanosecond", 0):
        raise Refusal(
            f"is {show(value)}, which has nanoseconds",
            "a datetime in whole microseconds",
            "Round it first, with value.floor('us') or .dt.floor('us')",
        )
    try:
        t = value.astimezone(UTC)
        return datetime(t.year, t.month, t.day, t.hour, t.minute, t.second, t.microsecond, UTC)
    except (OverflowError, ValueError):  # the second of a pandas timestamp, which knows further years
        raise Refusal(
            f"is {show(value)}, which is outside the years 1 to 9999 in UTC",
            "a datetime that UTC can express",
            "Choose a time further from the end of the calendar",
        ) from None


def vector(numbers: NDArray[Any] | Sequence[float]) -> NDArray[np.float32]:
    """Return a vector: a one-dimensional float32 array over bytes, which cannot be made writeable again.

    Raises:
        Refusal: `numbers` is not a one-dimensional array of floats, or float32 cannot hold one of them as a
            finite number.
    """
    import numpy

    if isinstance(numbers, numpy.ndarray) and (
        # A subclass means more than its numbers: a mask, a unit.
        type(numbers) is not numpy.ndarray or numbers.ndim != 1 or numbers.dtype.kind != "f"
    ):
        raise Refusal(
            f"is an array of shape {numbers.shape} and type {numbers.dtype}",
            "a vector, which is a one-dimensional numpy array of floats",
            "Pass array.tolist() to store it as a list, or array.astype('float32') as a vector",
        )
    with numpy.errstate(over="ignore"):
        floats = numpy.asarray(numbers).astype("<f4", copy=False)
    finite = numpy.isfinite(floats)
    if not finite.all():
        position = int(finite.argmin())
        refusal = Refusal(
            f"is {float(numbers[position])!r}, which a vector cannot hold",
            "finite numbers up to 3.4e38, the range of float32",
            "Replace what is missing or too large before it is stored",
        )
        refusal.steps.append(position)
        raise refusal
    if isinstance(cast("object", floats.base), bytes) and not floats.flags.writeable:
        return floats  # a vector already
    return vector_of_bytes(floats.tobytes())


def vector_of_bytes(data: bytes) -> NDArray[np.float32]:
    """Return the vector whose numbers are `data`, as little-endian float32."""
    import numpy

    return numpy.frombuffer(data, dtype="<f4")


def _numpy_scalar(value: Any) -> Any:
    kind, size = value.dtype.kind, value.dtype.itemsize
    if kind in "Mm" and value != value:  # NaT
        return None
    if kind == "M":
        raise Refusal(
            f"is {show(value)}, which has no time zone",
            "a datetime with a time zone",
            "Say which with pandas.Timestamp(value, tz=...)",
        )
    # longdouble has no plain twin, and the item() of a timedelta may be an int of any unit.
    if kind in "biuf" and size <= 8:
        return value.item()
    raise Refusal(f"is {show(value)}", ANY_VALUE, _HINTS[timedelta] if kind == "m" else _CONVERT)
