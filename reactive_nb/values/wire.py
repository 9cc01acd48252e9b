"""The wire forms of a value: MessagePack for the log and the maps, Convex's JSON for clients and exports.

Comes in: a normalised value. Goes out: bytes, or what `json.dumps` takes; and back, to an equal normalised value.

1. MessagePack is used as it is, by msgspec: a datetime is the timestamp extension, a vector is extension type 1 with
   its float32 numbers in little-endian order. The order of fields is kept.
2. JSON is Convex's: an int beyond ±2**53 is {"$integer": base64 of 8 little-endian bytes}; NaN, ±inf and -0.0 are
   {"$float": the same of the double}; bytes are {"$bytes": base64}. Two forms are our own: {"$datetime": ISO 8601}
   and {"$vector": [numbers]}. A field name cannot start with "$", so these cannot be mistaken for an object.
"""

from __future__ import annotations

import binascii
import math
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar, cast

import msgspec

from reactive_nb.errors import InvalidValue
from reactive_nb.values.conversion import vector, vector_of_bytes
from reactive_nb.values.refusal import Refusal, show
from reactive_nb.values.value import (
    ANYWHERE,
    ONE_SCALAR,
    Nesting,
    Value,
    check_container,
    check_field_names,
    normalized,
)

T = TypeVar("T")

_VECTOR: Final = 1
_EXACT: Final = 2**53


def encode(value: Value) -> bytes:
    """Return the bytes of a value that `normalize` or a validator returned."""
    return _encoder.encode(value)


def decode(data: bytes) -> Value:
    """Return the value whose bytes are `data`; containers are new, vectors are read-only.

    Raises:
        InvalidValue: `data` is damaged.
    """
    try:
        return cast("Value", _decoder.decode(data))
    except msgspec.DecodeError as error:
        raise _damaged(error, len(data)) from None


def decode_many(documents: list[bytes]) -> list[dict[str, Value]]:
    """Return the documents whose bytes are given, decoded in one call (a third of the time of one call each).

    Raises:
        InvalidValue: One of them is damaged.
    """
    count = len(documents)
    # The header of a MessagePack array makes one value of the concatenation.
    if count < 16:
        header = (0x90 | count).to_bytes(1, "big")
    elif count < 1 << 16:
        header = b"\xdc" + count.to_bytes(2, "big")
    else:
        header = b"\xdd" + count.to_bytes(4, "big")
    data = header + b"".join(documents)
    try:
        return cast("list[dict[str, Value]]", _decoder.decode(data))
    except msgspec.DecodeError as error:
        raise _damaged(error, len(data)) from None


def decoder_of(kind: type[T]) -> Callable[[bytes], T]:
    """Return a function that decodes the bytes of a dict into a msgspec struct; what the struct lacks is skipped."""
    return msgspec.msgpack.Decoder(kind, ext_hook=_to_stranger).decode


def to_json(value: Value) -> Any:
    """Return what `json.dumps` writes as the JSON of a value.

    Example:
        >>> to_json({"n": 2**60, "x": float("inf")})
        {'n': {'$integer': 'AAAAAAAAABA='}, 'x': {'$float': 'AAAAAAAA8H8='}}
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if -_EXACT <= value <= _EXACT else {"$integer": _base64(struct.pack("<q", value))}
    if isinstance(value, float):
        if math.isfinite(value) and (value or math.copysign(1, value) > 0):
            return value
        return {"$float": _base64(struct.pack("<d", value))}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {name: to_json(item) for name, item in value.items()}
    if isinstance(value, bytes):
        return {"$bytes": _base64(value)}
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    return {"$vector": value.tolist()}


def from_json(json: Any, path: str = "$", nesting: Nesting = ANYWHERE) -> Value:
    """Return the value that `to_json` wrote.

    Args:
        json: What `json.loads` returned; it may come from a stranger.
        path: Where it stands, for the error.
        nesting: Which limits it has: `ANYWHERE`, or `IN_DOCUMENT` for a document or a part of one.

    Raises:
        InvalidValue: It is not the JSON of a value; `path` leads to the culprit.
    """
    try:
        return _from_json(json, nesting)
    except Refusal as refusal:
        raise refusal.at(path) from None


def _from_json(json: Any, nesting: Nesting) -> Value:
    if not isinstance(json, list | dict):
        return normalized(json, nesting)
    if isinstance(json, dict) and len(json) == 1:
        (key,) = json
        if isinstance(key, str) and key in _TAGGED:
            return _untagged(key, json[key])
    check_container(json, nesting)
    return _array_from_json(json, nesting) if isinstance(json, list) else _object_from_json(json, nesting)


def _array_from_json(json: list[Any], nesting: Nesting) -> Value:
    items: list[Value] = []
    try:
        for item in json:
            items.append(_from_json(item, nesting.inner))
    except Refusal as refusal:
        refusal.steps.append(len(items))
        raise
    return items


def _object_from_json(json: dict[str, Any], nesting: Nesting) -> Value:
    check_field_names(json, nesting)
    fields: dict[str, Value] = {}
    name = ""
    try:
        for name, item in json.items():
            fields[name] = _from_json(item, nesting.inner)
    except Refusal as refusal:
        refusal.steps.append(name)
        raise
    return fields


_TAGGED = {
    "$integer": "base64 of 8 bytes",
    "$float": "base64 of 8 bytes",
    "$bytes": "base64",
    "$datetime": "a time in ISO 8601 with its zone",
    "$vector": "a list of finite numbers",
}


def _untagged(tag: str, content: Any) -> Value:
    """Return the value of `{tag: content}`."""
    try:
        match tag:
            case "$integer":
                return cast("int", struct.unpack("<q", b64decode(content, validate=True))[0])
            case "$float":
                return cast("float", struct.unpack("<d", b64decode(content, validate=True))[0])
            case "$bytes":
                return b64decode(content, validate=True)
            case "$datetime":
                return normalized(datetime.fromisoformat(content), ONE_SCALAR)
            case _:
                if not isinstance(content, list) or any(type(number) not in (int, float) for number in content):
                    raise TypeError
                return vector(content)
    except (TypeError, ValueError, OverflowError, binascii.Error, struct.error, Refusal):
        raise Refusal(
            f"is {show({tag: content})}",
            f"{_TAGGED[tag]} after {tag!r}",
            "Write it with wire.to_json or Convex's client",
        ) from None


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _from_stranger(value: Any) -> msgspec.msgpack.Ext:
    if type(value).__name__ == "ndarray":
        return msgspec.msgpack.Ext(_VECTOR, value.tobytes())
    raise InvalidValue(
        "Cannot encode the value",
        thing=show(value),
        expected="a normalised value",
        hint="Pass it through normalize first",
        path="$",
    )


def _to_stranger(code: int, data: memoryview) -> Any:
    if code != _VECTOR or len(data) % 4:
        raise msgspec.DecodeError(f"unknown extension {code} of {len(data)} bytes")
    return vector_of_bytes(bytes(data))


def _damaged(error: Exception, size: int) -> InvalidValue:
    return InvalidValue(
        "Cannot decode the value",
        thing=f"its {size:,} bytes are damaged ({error})",
        expected="bytes that wire.encode has made",
        hint="Restore the file they came from",
        path="$",
    )


_encoder = msgspec.msgpack.Encoder(enc_hook=_from_stranger)
_decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(ext_hook=_to_stranger)
