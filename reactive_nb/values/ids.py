"""A document id: an opaque string that names one document and says its table; the same as Convex's ids.

Comes in: the number of a table and 16 bytes that no other document has. Goes out: 31 to 37 characters, and back.

1. bytes = VInt(table number: 7 bits per byte, lowest first, the high bit says that more follow), the 16 bytes,
   a checksum of these (Fletcher-16 modulo 256, RFC 1145, low byte first).
2. id = these bytes in Crockford's base 32, lower case, 5 bits per character, zero bits at the end.

A document has one spelling: unlike Convex's decoder this one refuses bits behind the end and a VInt with empty bytes,
because the spelling is the document's key. One wrong character is always noticed; of other damage one in 2**16
passes for an id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Annotated, Any, Final

from reactive_nb.errors import InvalidId

MAX_TABLE_NUMBER: Final = 2**32 - 1

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = [a + b for a in _ALPHABET for b in _ALPHABET]
# Python's int() reads base 32 in digits 0-9a-v; "!" is no digit, and so stands for every character that is not ours.
_TO_INT_DIGITS: Final = bytes(
    b"0123456789abcdefghijklmnopqrstuv"[_ALPHABET.index(chr(code))] if chr(code) in _ALPHABET else ord("!")
    for code in range(256)
)
_TO_DIGITS: Final = bytes(max(_ALPHABET.find(chr(code)), 0) for code in range(256))
# Characters of an id -> bytes in it, for VInts of 1 to 5 bytes.
_SIZES: Final = {31: 19, 32: 20, 34: 21, 36: 22, 37: 23}


@dataclass(frozen=True, slots=True)
class IdOf:
    """The mark that `Id["users"]` leaves in an annotation."""

    table: str


class Id:
    """Annotates a document id of one table: `def rename(ctx, user: rnb.Id["users"], name: str)`."""

    def __class_getitem__(cls, table: str) -> Any:
        return Annotated[str, IdOf(table)]


def encode_id(table_number: int, entropy: bytes) -> str:
    """Return the id of the document that has these 16 bytes in this table.

    Args:
        table_number: 1 to 2**32 - 1.
        entropy: 16 bytes that no other document of the table has (`IdSource.next`).

    Example:
        >>> encode_id(1017, bytes(16))
        'z43g000000000000000000000000007s'
    """
    body = _vint(table_number) + entropy
    data = body + _checksum(body)
    # Two characters at a time, from the left; an odd last one is cut off again.
    bits = len(data) * 8
    width = -(-bits // 10) * 10
    digits = int.from_bytes(data, "big") << (width - bits)
    text = "".join([_PAIRS[digits >> shift & 0x3FF] for shift in range(width - 10, -1, -10)])
    return text[: -(-bits // 5)]


def encode_ids(table_number: int, entropies: Sequence[bytes]) -> list[str]:
    """Return `encode_id` of each, for many in a fifth of the time.

    Example:
        >>> encode_ids(1017, [bytes(16)]) == [encode_id(1017, bytes(16))]
        True
    """
    import numpy

    vint = _vint(table_number)
    size = len(vint) + 18
    data = numpy.empty((len(entropies), size), dtype=numpy.uint8)
    data[:, : len(vint)] = numpy.frombuffer(vint, dtype=numpy.uint8)
    data[:, len(vint) : -2] = numpy.frombuffer(b"".join(entropies), dtype=numpy.uint8).reshape(-1, 16)
    sums = numpy.cumsum(data[:, :-2], axis=1, dtype=numpy.uint64)
    data[:, -2] = sums[:, -1]  # the low byte of each, as in `_checksum`
    data[:, -1] = sums.sum(axis=1)
    length = -(-size * 8 // 5)
    alphabet = numpy.frombuffer(_ALPHABET.encode(), dtype=numpy.uint8)
    padded = numpy.zeros((len(entropies), size + 2), dtype=numpy.uint16)
    padded[:, :size] = data
    text = numpy.empty((len(entropies), length), dtype=numpy.uint8)
    for position in range(length):
        byte, bit = divmod(position * 5, 8)
        two = padded[:, byte] << 8 | padded[:, byte + 1]
        text[:, position] = alphabet[two >> (11 - bit) & 31]
    joined = text.tobytes().decode("ascii")
    return [joined[start : start + length] for start in range(0, len(joined), length)]


def are_ids_of(table_number: int, ids: Sequence[str]) -> bool:
    """Return whether each of these is the id of a document of one table; for many in a fifth of the time.

    Example:
        >>> are_ids_of(1017, ["z43g000000000000000000000000007s"])
        True
    """
    import numpy

    length = len(encode_id(table_number, bytes(16)))
    if {*map(len, ids)} != {length}:
        return not ids
    # What is read from characters that no id has is spelled otherwise, and so is noticed below.
    digits = "".join(ids).encode("ascii", "replace").translate(_TO_DIGITS)
    bits = numpy.unpackbits(numpy.frombuffer(digits, dtype=numpy.uint8)[:, None], axis=1)[:, 3:]
    data = numpy.packbits(bits.reshape(len(ids), -1), axis=1)
    start = len(_vint(table_number))
    entropies = data[:, start : start + 16].tobytes()
    return encode_ids(table_number, [entropies[at : at + 16] for at in range(0, len(entropies), 16)]) == [*ids]


def decode_id(id: str) -> tuple[int, bytes]:
    """Return the number of the table and the 16 bytes that `encode_id` was given.

    Raises:
        InvalidId: It is not an id, or a damaged one.
    """
    try:
        return _decode(id)
    except TypeError:  # what the cache says to an unhashable object
        raise _invalid(id, f"it is a {type(id).__name__}") from None


def table_number_of(id: str) -> int:
    """Return the number of the table that the document with this id belongs to.

    Raises:
        InvalidId: It is not an id, or a damaged one.
    """
    return decode_id(id)[0]


# The same ids are read again and again by the functions of one notebook; an entry takes about 400 bytes.
@lru_cache(maxsize=16384)
def _decode(id: str) -> tuple[int, bytes]:
    if not isinstance(id, str):
        raise _invalid(id, f"it is a {type(id).__name__}")
    size = _SIZES.get(len(id))
    if size is None:
        raise _invalid(id, f"it has {len(id)} characters")
    try:
        digits = int(id.encode("ascii").translate(_TO_INT_DIGITS), 32)
    except ValueError:
        raise _invalid(id, f"it contains other characters than {_ALPHABET}") from None
    spare = len(id) * 5 - size * 8
    data = (digits >> spare).to_bytes(size, "big")
    body, entropy = data[:-2], data[-18:-2]
    vint = data[:-18]
    number = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(vint))
    more = [byte > 0x7F for byte in vint]
    if (
        data[-2:] != _checksum(body)
        or digits & ((1 << spare) - 1)
        or more != [True] * (len(vint) - 1) + [False]
        or not vint[-1]
        or number > MAX_TABLE_NUMBER
    ):
        raise _invalid(id, "its check digits do not fit")
    return number, entropy


@lru_cache(maxsize=1024)
def _vint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _checksum(body: bytes) -> bytes:
    sums = list(accumulate(body))
    return bytes((sums[-1] & 0xFF, sum(sums) & 0xFF))


def _invalid(id: object, reason: str) -> InvalidId:
    shown = repr(id) if isinstance(id, str) and len(id) <= 40 else f"a {type(id).__name__}"
    return InvalidId(
        "Cannot read the document id",
        thing=f"{shown} is not one ({reason})",
        expected="the 31 to 37 characters of a document's _id",
        hint="Pass the _id of a document, or what insert returned, unchanged",
    )
