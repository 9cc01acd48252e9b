r"""The byte format of a log file, and how a torn tail is told from a damaged middle.

All numbers are little endian, all checksums are CRC-32 (zlib's).

1. The file starts with 40 bytes, whose layout is the same in every version: the magic `rnb.log\n`, the format's
   version (u32), the database id (16 bytes), the base ts (u64), the checksum of these 36 bytes (u32).
2. Frames follow without space between, one per record. A frame is 28 bytes of header, then the payload. The header
   is: the mark (u32), the payload's length (u32), the ts (u64), the position (u32), the payload's checksum (u32),
   the checksum of these 24 bytes (u32).
3. The *mark* is the checksum of the database id. It makes frames easy to find behind damage, and keeps the frames of
   another log, which may well be somebody's payload, from being taken for ours.
4. The *position* is the number of records of the same append that stand before this one.
5. The first frame's ts is the base ts plus one, and every next one is larger by one.
6. Zeros may follow up to the end of the file: room reserved for the next appends. No frame begins with a header of
   zeros, because its ts is at least 1, so zeros alone behind a frame are the clean end of the log.

**Torn or damaged?** An append is one write and one sync, and the next append starts after that sync has returned. So
only the last append can be incomplete after a crash. It need not be a prefix: after a loss of power its pages may be
there in any selection. When record `t` is not whole, we look for headers further on. One that was written by an append
which began after `t` (`ts - position > t`) proves that `t` was once synced: the log is damaged, and the records behind
the damage must not be cut away in silence. Without such a proof the rest is the torn last append, and is cut off.
The position is there for this one question; with the ts alone a group commit torn by a loss of power would look like
damage. What no format of this kind can tell is damage inside the last append from tearing: it is cut off, too.
What stands behind a torn record in reserved room is zeros or a part of that same append, never older bytes of the
file: room is reserved behind everything that was ever written there, and what is cut off is given back first.

In: bytes of a file. Out: payloads, or the flaw found instead of one. The invariant: no payload comes out whose
checksums and ts do not agree with what was appended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct
from typing import BinaryIO
from zlib import crc32

MAGIC = b"rnb.log\n"
FORMAT_VERSION = 1
DATABASE_ID_SIZE = 16
MAX_PAYLOAD = 1 << 30  # bytes; far above any transaction, and small enough to be read whole when a frame is checked

_FILE_FIELDS = Struct(f"<{len(MAGIC)}sI{DATABASE_ID_SIZE}sQ")  # magic, version, database id, base
_FRAME_FIELDS = Struct("<IIQII")  # mark, length, ts, position, checksum of the payload
_U32 = Struct("<I")

FILE_HEADER_SIZE = _FILE_FIELDS.size + _U32.size
FRAME_HEADER_SIZE = _FRAME_FIELDS.size + _U32.size

_WINDOW = 1 << 20  # bytes read at a time when looking for frames behind damage


@dataclass(frozen=True, slots=True)
class FileHeader:
    """What the first 40 bytes of a log file say."""

    version: int
    database_id: bytes
    base: int

    def encode(self) -> bytes:
        """Return the 40 bytes."""
        fields = _FILE_FIELDS.pack(MAGIC, self.version, self.database_id, self.base)
        return fields + _U32.pack(crc32(fields))


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why there is no whole record where one was looked for.

    Attributes:
        reason: A clause for an error: "its payload does not match its checksum".
        may_be_torn: Whether an interrupted append can leave this behind.
    """

    reason: str
    may_be_torn: bool


def decode_file_header(data: bytes) -> FileHeader | Flaw:
    """Return what the header at the start of a file says, or what is wrong with it (which tearing never is)."""
    if len(data) < FILE_HEADER_SIZE:
        return Flaw(f"it ends inside its header of {FILE_HEADER_SIZE} bytes", may_be_torn=False)
    magic, version, database_id, base = _FILE_FIELDS.unpack_from(data)
    if magic != MAGIC:
        return Flaw(f"it starts with {magic!r} instead of {MAGIC!r}", may_be_torn=False)
    if _U32.unpack_from(data, _FILE_FIELDS.size) != (crc32(data[: _FILE_FIELDS.size]),):
        return Flaw("its header does not match its checksum", may_be_torn=False)
    return FileHeader(version, database_id, base)


def mark_of(database_id: bytes) -> int:
    """Return the mark that every frame of this database's log carries."""
    return crc32(database_id)


def encode_frames(mark: int, first_ts: int, payloads: Sequence[bytes]) -> bytes:
    """Return the frames of one append, joined, so that it is one write."""
    pack, pack_u32 = _FRAME_FIELDS.pack, _U32.pack
    parts: list[bytes] = []
    for position, payload in enumerate(payloads):
        fields = pack(mark, len(payload), first_ts + position, position, crc32(payload))
        parts += (fields, pack_u32(crc32(fields)), payload)
    return b"".join(parts)


def read_payload(source: BinaryIO, mark: int, ts: int) -> bytes | Flaw | None:
    """Read the frame of record `ts` where `source` stands.

    Returns:
        The payload, checked; or the `Flaw` found instead; or None at the exact end of the file.
    """
    header = source.read(FRAME_HEADER_SIZE)
    if not header:
        return None
    if len(header) < FRAME_HEADER_SIZE:
        return Flaw("the file ends inside its header", may_be_torn=True)
    if _U32.unpack_from(header, _FRAME_FIELDS.size) != (crc32(header[: _FRAME_FIELDS.size]),):
        return Flaw("its header does not match its checksum", may_be_torn=True)
    found_mark, length, found_ts, _position, payload_checksum = _FRAME_FIELDS.unpack_from(header)
    if found_mark != mark:
        return Flaw("a record of another database stands in its place", may_be_torn=False)
    if found_ts != ts:
        return Flaw(f"record {found_ts} stands in its place", may_be_torn=False)
    payload = source.read(length)
    if len(payload) < length:
        return Flaw("the file ends inside its payload", may_be_torn=True)
    if crc32(payload) != payload_checksum:
        return Flaw("its payload does not match its checksum", may_be_torn=True)
    return payload


def end_of_contents(source: BinaryIO, offset: int) -> int:
    """Return the offset behind the last byte, from `offset` on, that is not zero; `offset` when there is none."""
    end = offset
    source.seek(offset)
    while chunk := source.read(_WINDOW):
        if length := len(chunk.rstrip(b"\0")):
            end = offset + length
        offset += len(chunk)
    return end


def later_append(source: BinaryIO, mark: int, offset: int, ts: int) -> int | None:
    """Look for proof that record `ts`, which is not whole, had been synced.

    Args:
        source: The log file.
        mark: The mark of its frames.
        offset: Where to begin, in bytes: behind the first byte of the frame of record `ts`.
        ts: The record that is not whole.

    Returns:
        The ts of the first record that an append wrote after the one with `ts`, or None. A header with a `ts` below
        proves nothing: it is a copy of an older part of this log inside a payload.
    """
    needle = _U32.pack(mark)
    source.seek(offset)
    window = b""
    while chunk := source.read(_WINDOW):
        window += chunk
        at = window.find(needle)
        while 0 <= at <= len(window) - FRAME_HEADER_SIZE:
            fields = window[at : at + _FRAME_FIELDS.size]
            if _U32.unpack_from(window, at + _FRAME_FIELDS.size) == (crc32(fields),):
                _mark, _length, found_ts, position, _payload_checksum = _FRAME_FIELDS.unpack(fields)
                if found_ts == ts or found_ts - position > ts:
                    return int(found_ts)
            at = window.find(needle, at + 1)
        window = window[-(FRAME_HEADER_SIZE - 1) :]  # a header that lies across the border is seen with the next chunk
    return None
