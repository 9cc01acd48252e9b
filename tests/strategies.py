"""Hypothesis strategies of values and documents, and what "the same value" means, for all property tests.

The pools are small on purpose: equal values, equal prefixes and the edges of the encodings must turn up often.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
from hypothesis import strategies as st

from reactive_nb.values.conversion import vector
from reactive_nb.values.value import MAX_INT, MIN_INT, UNSET

EDGES = [0, 1, 255, 256, 2**53, 2**62, 2**63]
FLOATS = [0.0, -0.0, 0.5, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan]


def ints() -> st.SearchStrategy[int]:
    """Ints of 64 bits, often near those where a double, a byte or the range ends."""
    near = st.builds(
        lambda edge, sign, by: min(MAX_INT, max(MIN_INT, sign * edge + by)),
        st.sampled_from(EDGES),
        st.sampled_from([1, -1]),
        st.integers(-3, 3),
    )
    return st.one_of(near, st.integers(MIN_INT, MAX_INT))


def numbers() -> st.SearchStrategy[int | float]:
    """Ints and floats that are often equal or nearly so."""
    return st.one_of(ints(), ints().map(float), st.sampled_from(FLOATS), st.floats())


def texts() -> st.SearchStrategy[str]:
    """Strings of valid Unicode, often prefixes of each other, with NULs and characters beyond 16 bits."""
    return st.one_of(st.text("\0\x01aé￿\U0001f600", max_size=4), st.text(max_size=8))


def datetimes() -> st.SearchStrategy[datetime]:
    """Moments in UTC."""
    return st.datetimes(timezones=st.just(UTC))


def vectors() -> st.SearchStrategy[Any]:
    """Read-only float32 arrays of up to 4 numbers."""
    return st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=4).map(vector)


def scalars() -> st.SearchStrategy[Any]:
    """Values without members."""
    blobs = st.one_of(st.sampled_from([b"", b"\0", b"\0\xff", b"a"]), st.binary(max_size=8))
    return st.one_of(st.none(), st.booleans(), numbers(), texts(), blobs, datetimes())


def field_names() -> st.SearchStrategy[str]:
    """Names that a nested object may have, among them the empty one."""
    return st.one_of(
        st.sampled_from(["", "a", "b", "ab", "a b"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=6).filter(lambda name: name[:1] != "$"),
    )


def values() -> st.SearchStrategy[Any]:
    """Any normalised value."""
    return st.recursive(
        st.one_of(scalars(), vectors()),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(field_names(), inner, max_size=4)),
        max_leaves=8,
    )


def keyable_values() -> st.SearchStrategy[Any]:
    """What one field contributes to an index key: any value, or `UNSET` where it is missing."""
    return st.one_of(st.just(UNSET), values())


def documents() -> st.SearchStrategy[dict[str, Any]]:
    """Documents as a user inserts them, without system fields."""
    names = st.one_of(
        st.sampled_from(["a", "b", "c", "likes"]), st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
    )
    return st.dictionaries(names, values(), max_size=6)


def identical(a: Any, b: Any) -> bool:
    """Whether two values are the same in every respect: type, field order, sign of zero; NaN is NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, dict):
        return all(map(identical, [list(a), *a.values()], [list(b), *b.values()])) and len(a) == len(b)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.tobytes() == b.tobytes() and not a.flags.writeable and not b.flags.writeable
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    return bool(a == b)
