"""A value: anything that a field of a document, an argument or a result may hold.

Comes in: whatever a cell hands over. Goes out: plain Python objects that share no mutable part with what came in, or
`InvalidValue` with the path to the culprit. After `normalize` the rest of the package relies on exact types: None,
bool, int (64 bits), float, str (valid Unicode), bytes, list, dict with str keys, datetime in UTC, and vectors, which
are one-dimensional read-only float32 arrays of finite numbers.

Every value has at most 64 levels of lists and dicts, and no key that starts with "$", which the JSON form needs. What
goes into a document has the limits of Convex's documents as well, except that a vector is one item; arguments and
results may be larger, since they are computed from any number of documents:

1. 16 levels (the document itself is the first);
2. a dict has at most 1024 fields; a field name is up to 1024 printable ASCII characters;
3. a list has at most 8192 items.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from reactive_nb.values.conversion import ANY_VALUE, plain
from reactive_nb.values.refusal import Refusal, show

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Value: TypeAlias = (
    "bool | int | float | str | bytes | datetime | NDArray[np.float32] | list[Value] | dict[str, Value] | None"
)

MAX_NESTING: Final = 64
MAX_DOCUMENT_NESTING: Final = 16
MAX_FIELDS: Final = 1024
MAX_FIELD_NAME: Final = 1024
MAX_ITEMS: Final = 8192
MIN_INT: Final = -(2**63)
MAX_INT: Final = 2**63 - 1


class Nesting:
    """How many levels of lists and dicts may follow, and whether they go into a document, which has further limits.

    Each level leads to the next, so going one deeper costs a look at an attribute and no more than counting down.
    """

    __slots__ = ("in_document", "inner", "left")

    def __init__(self, left: int, *, in_document: bool = False) -> None:
        self.left = left
        self.in_document = in_document
        self.inner: Nesting = Nesting(left - 1, in_document=in_document) if left else self
        """What holds inside a list or dict at this level."""


ANYWHERE: Final = Nesting(MAX_NESTING)
"""An argument, a result, or a part of one."""
IN_DOCUMENT: Final = Nesting(MAX_DOCUMENT_NESTING, in_document=True)
ONE_SCALAR: Final = Nesting(0)


class Unset:
    """The type of `UNSET`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "UNSET"  # a copy or a pickle of it is it


UNSET: Final = Unset()
"""Says "missing": removes a field in a patch, matches documents without the field in an index range.

It is not a value and is never stored.
"""

_AS_IT_IS = frozenset((type(None), bool, float, bytes))


def normalize(value: object, path: str = "$", nesting: Nesting = ANYWHERE) -> Value:
    """Return `value` as plain Python objects of its own.

    Args:
        value: Anything.
        path: Where it stands, for the error.
        nesting: Which limits it has: `ANYWHERE`, or `IN_DOCUMENT` for a document or a part of one.

    Raises:
        InvalidValue: Some part of it is not a value or is past a limit; `path` leads to that part.

    Example:
        >>> normalize({"n": numpy.int64(3), "when": pandas.NaT})
        {'n': 3, 'when': None}
    """
    try:
        return normalized(value, nesting)
    except Refusal as refusal:
        raise refusal.at(path) from None


def normalized(value: Any, nesting: Nesting) -> Value:
    """Do the work of `normalize`; raises `Refusal`, so that the caller can add its own steps to the path."""
    same: Value = value
    kind = type(value)
    if kind is str:
        if not value.isascii():
            _check_unicode(value)
        return same
    if kind in _AS_IT_IS:
        return same
    if kind is int:
        if not MIN_INT <= value <= MAX_INT:
            raise Refusal(
                f"is an int of {value.bit_length()} bits",
                "an int of 64 bits, -2**63 to 2**63 - 1",
                "Pass a float, or the digits as a string",
            )
        return same
    if kind is dict:
        return _normalized_object(value, nesting)
    if kind is list:
        return _normalized_array(value, nesting)
    if kind is datetime and value.tzinfo is UTC:
        return same
    if value is UNSET:
        raise Refusal("is UNSET", ANY_VALUE, "Leave the key out; UNSET has a meaning in patches and index ranges only")
    value = plain(value)
    # A vector and a datetime are finished; everything else is now of a plain type and has limits to be checked.
    return value if type(value).__name__ == "ndarray" else normalized(value, nesting)


def _normalized_object(value: dict[str, Any], nesting: Nesting) -> Value:
    check_container(value, nesting)
    check_field_names(value, nesting)
    result = value.copy()
    name = ""
    foreign_names = False
    try:
        for name, item in value.items():
            if type(name) is not str:
                foreign_names = True
            kind = type(item)
            if kind is str:
                if item.isascii():
                    continue
            elif kind in _AS_IT_IS:
                continue
            result[name] = normalized(item, nesting.inner)
    except Refusal as refusal:
        refusal.steps.append(name)
        raise
    return plain_names(result) if foreign_names else result


def _normalized_array(value: list[Any], nesting: Nesting) -> Value:
    check_container(value, nesting)
    result: list[Value] = []
    try:
        for item in value:
            result.append(normalized(item, nesting.inner))  # its length is the position
    except Refusal as refusal:
        refusal.steps.append(len(result))
        raise
    return result


def check_container(value: dict[Any, Any] | list[Any], nesting: Nesting) -> None:
    """Raise `Refusal` if no level is left for this dict or list, or it has too many members for a document."""
    if not nesting.left:
        raise Refusal(
            "is nested too deeply",
            f"at most {MAX_DOCUMENT_NESTING} levels of lists and dicts in a document, {MAX_NESTING} in an argument",
            "Flatten it, or keep the inner part in a document of its own",
        )
    if not nesting.in_document:
        return
    if type(value) is dict:
        if len(value) > MAX_FIELDS:
            raise Refusal(
                f"has {len(value)} fields",
                f"at most {MAX_FIELDS} in a document",
                "Use a list, or one document for each entry",
            )
    elif len(value) > MAX_ITEMS:
        raise Refusal(
            f"has {len(value)} items",
            f"at most {MAX_ITEMS} in a document",
            "Use one document for each item, or a vector for numbers",
        )


def check_field_names(value: dict[str, Any], nesting: Nesting) -> None:
    """Raise `Refusal` unless every key is a string that a dict may have here."""
    try:
        joined = "".join(value)
    except TypeError:
        joined = "$"
    # All names together in four operations; only if that fails, each by itself to find the culprit.
    short_and_plain = not nesting.in_document or (joined.isprintable() and len(joined) <= MAX_FIELD_NAME)
    if joined.isascii() and "$" not in joined and short_and_plain:
        return
    for name in value:
        if not isinstance(name, str):
            raise Refusal(f"has the key {show(name)}", "keys that are strings", "Convert the keys with str()")
        if nesting.in_document:
            bad = not name.isascii() or not name.isprintable() or len(name) > MAX_FIELD_NAME
            expected = f"keys of at most {MAX_FIELD_NAME} printable ASCII characters that do not start with '$'"
        else:
            bad = not _is_unicode(name)
            expected = "keys of valid Unicode that do not start with '$'"
        if bad or name.startswith("$"):
            hint = "Rename the key, or keep a list of dicts with a key and a value each"
            raise Refusal(f"has the key {show(name)}", expected, hint)


def plain_names(value: dict[str, Any]) -> dict[str, Any]:
    """Return the dict with keys of a subclass of str, such as `numpy.str_`, turned into plain ones."""
    return {str.__str__(name): item for name, item in value.items()}


def value_size(value: Value) -> int:
    """Return the size of a normalised value in bytes, as Convex counts it.

    Null and booleans take 1; numbers and datetimes 9; strings and bytes 2 and their UTF-8 length; arrays 2 and their
    items; objects 2 and, for each field, the length of its name, 1 and its value. A vector takes 2 and 4 for each
    number.

    Example:
        >>> value_size({"a": [1, "xy"]})
        19
    """
    kind = type(value)
    if value is None or kind is bool:
        return 1
    if isinstance(value, str):
        return 2 + (len(value) if value.isascii() else len(value.encode()))
    if isinstance(value, bytes):
        return 2 + len(value)
    if isinstance(value, list):
        return 2 + sum(map(value_size, value))
    if isinstance(value, dict):
        return 2 + sum(len(name) + 1 + value_size(item) for name, item in value.items())
    if isinstance(value, int | float | datetime):
        return 9
    return 2 + value.nbytes


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Refusal(
            f"is {show(text)}, which has a lone surrogate at position {error.start}",
            "a string of valid Unicode",
            "Decode the bytes it came from with their own encoding, or with errors='replace'",
        ) from None
