"""The bytes of a log file, and the search for proof that a record had been synced."""

from __future__ import annotations

from io import BytesIO

import pytest

from reactive_nb.log.frames import (
    FORMAT_VERSION,
    FRAME_HEADER_SIZE,
    FileHeader,
    Flaw,
    decode_file_header,
    encode_frames,
    end_of_contents,
    later_append,
    mark_of,
    read_payload,
)
from tests.log.disks import DATABASE_ID

MARK = mark_of(DATABASE_ID)


def test_the_format_of_version_1_never_changes() -> None:
    header = FileHeader(FORMAT_VERSION, DATABASE_ID, base=6).encode()
    frames = encode_frames(MARK, 7, [b"hello", b""])

    assert header == bytes.fromhex(
        # magic, version, database id, base, checksum
        "726e622e6c6f670a 01000000 000102030405060708090a0b0c0d0e0f 0600000000000000 6368b2cd"
    )
    assert frames == bytes.fromhex(
        # mark, length, ts, position, checksum of the payload, checksum of the header, payload
        "88e2cece 05000000 0700000000000000 00000000 86a61036 285218c0 68656c6c6f"
        "88e2cece 00000000 0800000000000000 01000000 00000000 6eaa6d39"
    )


def test_a_file_header_is_read_back_as_it_was_written() -> None:
    header = FileHeader(FORMAT_VERSION, DATABASE_ID, base=2**63)

    assert decode_file_header(header.encode()) == header


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it ends inside its header of 40 bytes"),
        (b"rnb.log\n" + bytes(31), "it ends inside its header of 40 bytes"),
        (b"SQLite format 3\0" + bytes(84), "it starts with b'SQLite f' instead of b'rnb.log\\n'"),
        (b"rnb.log\n" + bytes(32), "its header does not match its checksum"),
    ],
)
def test_what_is_no_file_header_is_a_flaw_that_says_why(data: bytes, reason: str) -> None:
    assert decode_file_header(data) == Flaw(reason, may_be_torn=False)


FRAME = encode_frames(MARK, 7, [b"hello"])


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", None),
        (FRAME, b"hello"),
        (FRAME + b"and more", b"hello"),
        (FRAME[:1], Flaw("the file ends inside its header", may_be_torn=True)),
        (FRAME[:27], Flaw("the file ends inside its header", may_be_torn=True)),
        (FRAME[:28], Flaw("the file ends inside its payload", may_be_torn=True)),
        (FRAME[:-1], Flaw("the file ends inside its payload", may_be_torn=True)),
        (FRAME[:-1] + b"O", Flaw("its payload does not match its checksum", may_be_torn=True)),
        (bytes(100), Flaw("its header does not match its checksum", may_be_torn=True)),
        (encode_frames(MARK, 8, [b"hello"]), Flaw("record 8 stands in its place", may_be_torn=False)),
        (encode_frames(MARK, 6, [b"hello"]), Flaw("record 6 stands in its place", may_be_torn=False)),
        (
            encode_frames(MARK + 1, 7, [b"hello"]),
            Flaw("a record of another database stands in its place", may_be_torn=False),
        ),
    ],
)
def test_reading_a_frame_gives_its_payload_or_the_flaw(data: bytes, found: bytes | Flaw | None) -> None:
    assert read_payload(BytesIO(data), MARK, ts=7) == found


@pytest.mark.parametrize(
    ("data", "end"),
    [
        (b"", 1),
        (bytes(100), 1),
        (b"\1", 2),
        (b"\0\1\0\1" + bytes(100), 5),
        (bytes(100) + b"\1", 102),
        (b"\1" + bytes(1 << 21), 2),
        (bytes((1 << 20) - 1) + b"\1\0\0", (1 << 20) + 1),
        (bytes(1 << 20) + b"\1" + bytes(1 << 21), (1 << 20) + 2),
    ],
)
def test_contents_end_behind_the_last_byte_that_is_not_zero(data: bytes, end: int) -> None:
    assert end_of_contents(BytesIO(b"\xff" + data), 1) == end


# Record 7 is not whole; what does the rest of the file prove?
BEHIND: list[tuple[str, bytes, int | None]] = [
    ("nothing", b"", None),
    ("zeros", bytes(200), None),
    ("a record of the same append", encode_frames(MARK, 7, [b"lost", b"found"])[FRAME_HEADER_SIZE + 4 :], None),
    ("a record of the next append", encode_frames(MARK, 8, [b"next"]), 8),
    ("only the header of the next append", encode_frames(MARK, 8, [b"next"])[:FRAME_HEADER_SIZE], 8),
    ("most of the header of the next append", encode_frames(MARK, 8, [b"next"])[: FRAME_HEADER_SIZE - 1], None),
    ("the second record of the next append", encode_frames(MARK, 8, [b"", b"x"])[FRAME_HEADER_SIZE:], 9),
    (
        "a record of the same append, then one of the next",
        encode_frames(MARK, 7, [b"lost", b"found"])[FRAME_HEADER_SIZE + 4 :] + encode_frames(MARK, 9, [b"next"]),
        9,
    ),
    ("record 7 itself, further back", encode_frames(MARK, 7, [b"here"]), 7),
    ("a copy of an earlier record", encode_frames(MARK, 6, [b"copy"]), None),
    ("a record of another database", encode_frames(MARK + 1, 8, [b"other"]), None),
    ("the mark alone, many times", encode_frames(MARK, 8, [b""])[:4] * 40, None),
]


@pytest.mark.parametrize(("behind", "proof"), [case[1:] for case in BEHIND], ids=[case[0] for case in BEHIND])
@pytest.mark.parametrize("distance", [1, 5])
def test_only_an_append_that_began_later_proves_that_a_record_was_synced(
    behind: bytes, proof: int | None, distance: int
) -> None:
    source = BytesIO(bytes(distance) + behind)

    assert later_append(source, MARK, 1, ts=7) == proof


@pytest.mark.parametrize("missing", range(FRAME_HEADER_SIZE + 2))
def test_proof_is_found_wherever_the_windows_of_the_search_meet(missing: int) -> None:
    source = BytesIO(bytes((1 << 20) + 1 - missing) + encode_frames(MARK, 8, [b"next"]))

    assert later_append(source, MARK, 1, ts=7) == 8
