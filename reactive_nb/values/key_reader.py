"""Index keys taken apart: the inverse of `order.encode_key`, as far as a key goes.

Comes in: a key, or the bound of a range. Goes out: the values it begins with and the bytes after them, for people, in
`why()` and errors; or only where those values end, by which documents are grouped.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

from reactive_nb.values.value import UNSET

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIGN = 1 << 63


def read_values(key: bytes, limit: int) -> tuple[list[Any], bytes]:
    r"""Return up to `limit` values that a key begins with, and what follows them.

    Example:
        >>> read_values(encode_key(["general", 3]) + b"\xff", 5)
        (['general', 3], b'\xff')
    """
    values: list[Any] = []
    at = 0
    while len(values) < limit and at < len(key) and 0x01 <= key[at] <= 0x0A:
        value, at = _value(key, at)
        values.append(value)
    return values, key[at:]


def end_of(key: bytes, count: int) -> int:
    r"""Return where the first `count` values of a whole key end; none of them is decoded.

    Example:
        >>> end_of(encode_key(["a", None, 3]), 2)
        4
    """
    at = 0
    for _ in range(count):
        at = _end(key, at)
    return at


def _end(key: bytes, at: int) -> int:
    tag = key[at]
    if tag in _SIZES:
        return at + _SIZES[tag]
    at += 1
    if tag in _TEXTS:
        at = key.index(b"\0", at) + 1
        while key[at : at + 1] == b"\xff":  # after an escaped zero byte the text goes on
            at = key.index(b"\0", at) + 1
        return at
    while key[at] != 0:
        at = _end(key, at)  # of an object, names and values in turn
    return at + 1


_SIZES = {0x01: 1, 0x02: 1, 0x03: 11, 0x04: 9, 0x05: 1, 0x06: 1}
_TEXTS = (0x07, 0x08)


def _value(key: bytes, at: int) -> tuple[Any, int]:
    tag, at = key[at], at + 1
    match tag:
        case 0x01:
            return UNSET, at
        case 0x02:
            return None, at
        case 0x03:
            return _number(key[at : at + 10]), at + 10
        case 0x04:
            micros = int.from_bytes(key[at : at + 8], "big") - _SIGN
            return _EPOCH + timedelta(microseconds=micros), at + 8
        case 0x05 | 0x06:
            return tag == 0x06, at
        case 0x07:
            text, at = _escaped(key, at)
            return text.decode(), at
        case 0x08:
            return _escaped(key, at)
        case 0x09:
            items = []
            while key[at] != 0:
                item, at = _value(key, at)
                items.append(item)
            return items, at + 1
        case _:
            fields = {}
            while key[at] != 0:
                name, at = _escaped(key, at + 1)
                fields[name.decode()], at = _value(key, at)
            return fields, at + 1


def _number(body: bytes) -> int | float:
    bits = int.from_bytes(body[:8], "big")
    bits = bits ^ _SIGN if bits & _SIGN else bits ^ ((1 << 64) - 1)
    (double,) = struct.unpack(">d", bits.to_bytes(8, "big"))
    residual = int.from_bytes(body[8:], "big")
    return int(double) + residual if residual or double.is_integer() else double


def _escaped(key: bytes, at: int) -> tuple[bytes, int]:
    end = key.index(b"\0", at)
    # 0x00 0xFF is a zero byte of the text, which goes on; at the very end it is the terminator and a range's bound.
    while key[end + 1 : end + 2] == b"\xff" and end + 2 < len(key):
        end = key.index(b"\0", end + 1)
    return key[at:end].replace(b"\0\xff", b"\0"), end + 1
